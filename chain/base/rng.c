/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/rng.h"

#include <assert.h>
#include <string.h>

void rng_init(struct rng *r, uint64_t seed) {
    for (size_t i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        r->s[i] = z ^ (z >> 31);
    }
}

static uint64_t rotl(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

uint64_t rng_u64(struct rng *r) {
    uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *r, uint64_t n) {
    assert(n);
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, v;
    do
        v = rng_u64(r);
    while (v >= limit);
    return v % n;
}

uint64_t rng_range(struct rng *r, uint64_t lo, uint64_t hi) {
    assert(lo <= hi);
    if (lo == 0 && hi == UINT64_MAX)
        return rng_u64(r);
    return lo + rng_below(r, hi - lo + 1);
}

int rng_chance(struct rng *r, uint64_t num, uint64_t den) {
    return rng_below(r, den) < num;
}

void rng_fill(struct rng *r, void *ret_data, size_t len) {
    uint8_t *p = (uint8_t *)ret_data;
    while (len) {
        uint64_t v = rng_u64(r);
        size_t n = len < sizeof v ? len : sizeof v;
        memcpy(p, &v, n);
        p += n;
        len -= n;
    }
}
