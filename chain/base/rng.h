/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BASE_RNG_H
#define CAIRN_CHAIN_BASE_RNG_H
/* A reproducible random number generator (xoshiro256**, seeded by splitmix64) for tests, the simulator and jitter.
 * Never for keys or nonces: those come from chain/os/random.h. */
#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

void rng_init(struct rng *r, uint64_t seed);
uint64_t rng_u64(struct rng *r);
/* Uniform in [0, n); n must not be 0. */
uint64_t rng_below(struct rng *r, uint64_t n);
/* Uniform in [lo, hi]. */
uint64_t rng_range(struct rng *r, uint64_t lo, uint64_t hi);
/* 1 with probability num / den. */
int rng_chance(struct rng *r, uint64_t num, uint64_t den);
void rng_fill(struct rng *r, void *ret_data, size_t len);

#endif
