/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses how many inputs the rest is cut into (of one length). Property: every lane engine gives
 * libb2's digests, and writes nothing behind them. */
#include <stdlib.h>

#include "chain/crypto/hash_many.h"

enum { INPUTS_MAX = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(enum lanes lanes, const uint8_t *const *inputs, size_t len, size_t count) {
    struct hash *got = malloc((count > 0 ? count : 1) * sizeof *got); /* sanitizers see its end */
    if (!got)
        return;
    hash_many_on(lanes, DOMAIN_LEAF, inputs, len, count, got);
    for (size_t i = 0; i < count; i++) {
        struct hash want = hash_of(DOMAIN_LEAF, bytes_of(inputs[i], len));
        if (!hash_eq(&got[i], &want))
            abort();
    }
    free(got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    const uint8_t *inputs[INPUTS_MAX] = {NULL};
    if (len == 0)
        return 0;
    size_t count = 1 + data[0] % INPUTS_MAX, each = (len - 1) / count;
    for (size_t i = 0; i < count; i++) {
        uint8_t *copy = malloc(each > 0 ? each : 1);
        if (!copy)
            abort();
        memcpy(copy, data + 1 + i * each, each);
        inputs[i] = copy;
    }
    for (int lanes = 0; lanes < LANES_COUNT; lanes++)
        if (lanes_available((enum lanes)lanes))
            check((enum lanes)lanes, inputs, each, count);
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)inputs[i]);
    return 0;
}
