/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/ledger/model.h"

struct model {
    struct world *w;
};

struct model *model_new(struct world *w) {
    struct model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->w = w;
    return m;
}

void model_before(struct model *m) {
    (void)m;
}

void model_tx(struct model *m, const struct tx *tx, const TxResult *result) {
    (void)m, (void)tx, (void)result;
}

uint64_t model_after(struct model *m) {
    (void)m;
    return 0;
}
