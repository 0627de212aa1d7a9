/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many independent hashes of inputs of one length, side by side in SIMD lanes: 4 in AVX2, 8 in AVX-512, chosen at run
 * time, libb2 one by one where the machine has neither. The digests are those of hash_of(); only the speed differs (3
 * to 6 times). Used for the leaves of pieces and the nodes of trees, which are where Cairn spends its hashing.
 */
#ifndef CAIRN_CHAIN_CRYPTO_HASH_MANY_H
#define CAIRN_CHAIN_CRYPTO_HASH_MANY_H

#include "chain/base/limits.h"
#include "chain/crypto/hash.h"

#include <stdbool.h>

/* ret[i] = H(domain, inputs[i][0..len)) for i < count. ret may not overlap the inputs. */
void hash_many(enum domain domain, const uint8_t *const *inputs, size_t len, size_t count, struct hash *ret);

/* The same for inputs that lie at data, data + stride, ... `ret` may be `data` itself when stride >= 32: a digest is
 * written only when every input that it overlaps has been read (so a tree level can be folded in place). */
void hash_many_strided(enum domain domain, const uint8_t *data, size_t stride, size_t len, size_t count,
                       struct hash *ret);

/* H(cairn.leaf, leaf) for each 4 KiB leaf of data, the last one short: leaf_count(len) digests into ret_leaves. */
void leaf_hash_many(const uint8_t *data, size_t len, struct hash *ret_leaves);

/* ceil(len / 4 KiB). */
static inline uint64_t leaf_count(uint64_t len) {
    return len / LEAF_LEN + (len % LEAF_LEN != 0);
}

/* The lane engines, by name, so that tests and benchmarks can compare them. */
enum lanes { LANES_PLAIN, LANES_AVX2, LANES_AVX512, LANES_COUNT };

/* True when this machine runs them. LANES_PLAIN always. */
bool lanes_available(enum lanes lanes);

/* The one that hash_many uses here; and its name ("plain", "avx2", "avx512"). */
enum lanes lanes_best(void);
const char *lanes_name(enum lanes lanes);

/* hash_many on a given engine, which must be available. */
void hash_many_on(enum lanes lanes, enum domain domain, const uint8_t *const *inputs, size_t len, size_t count,
                  struct hash *ret);

#endif
