/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/head.h"

#include <stdlib.h>

struct head *head_new(void) {
    struct head *h = calloc(1, sizeof *h);
    if (h == NULL)
        return NULL;
    atomic_init(&h->refs, 1);
    arena_init(&h->arena, 1 << 20);
    return h;
}

static int parse_keys(const struct validator_set *set, struct verifier *ret, struct err *err) {
    for (uint16_t i = 0; i < set->n; i++) {
        int rc = verifier_init(&ret[i], &set->at[i].key, err);
        if (rc != CODE_OK)
            return err_wrap(err, rc, "key of validator %u", i);
    }
    return CODE_OK;
}

int head_parse_keys(struct head *h, struct err *err) {
    int rc = parse_keys(&h->info.validators, h->verifiers, err);
    return rc == CODE_OK ? parse_keys(&h->info.next_validators, h->next_verifiers, err) : rc;
}

struct head *head_ref(struct head *h) {
    atomic_fetch_add(&h->refs, 1);
    return h;
}

void head_unref(struct head *h) {
    if (h == NULL || atomic_fetch_sub(&h->refs, 1) != 1)
        return;
    arena_release(&h->arena);
    free(h);
}
