/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/bft/proposer.h"

#include <assert.h>
#include <string.h>

#include "chain/base/bytes.h"
#include "chain/base/limits.h"
#include "chain/base/num.h"
#include "chain/crypto/hash.h"

/* A uniform number below `bound` from (height, draw): the first 16 bytes of the hash, modulo; the bias is below 2^-64.
 */
static uint64_t draw_below(uint64_t height, uint32_t draw, uint64_t bound) {
    uint8_t bytes[12];
    store_be64(bytes, height);
    store_be32(bytes + 8, draw);
    struct hash digest = hash_of(DOMAIN_PROPOSER, bytes_of(bytes, sizeof bytes));
    u128 wide = ((u128)load_be64(digest.b) << 64) | load_be64(digest.b + 8);
    return (uint64_t)(wide % bound);
}

uint16_t proposer_draw(uint64_t height, uint32_t round, const uint64_t *powers, uint16_t n) {
    assert(n > 0 && n <= VALIDATORS_MAX);
    if (n == 1)
        return 0;
    bool used[VALIDATORS_MAX];
    memset(used, 0, n);
    uint64_t left = 0;
    for (uint16_t v = 0; v < n; v++)
        left += powers[v];
    /* Every n draws use everyone up once; only those of this round's turn matter. */
    uint16_t drawn = 0;
    for (uint32_t draw = round - round % n;; draw++) {
        uint64_t at = draw_below(height, draw, left);
        for (drawn = 0; used[drawn] || at >= powers[drawn]; drawn++)
            if (!used[drawn])
                at -= powers[drawn];
        assert(drawn < n);
        if (draw == round)
            return drawn;
        used[drawn] = true;
        left -= powers[drawn];
    }
}
