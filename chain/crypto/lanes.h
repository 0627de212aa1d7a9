/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels behind hash_many.h; private to chain/crypto.
 *
 * A kernel hashes exactly 4 (8) inputs of the same length with the same start state, one in each 64-bit lane of its
 * registers. Lanes are independent, so a kernel may be given the same pointer twice.
 */
#ifndef CAIRN_CHAIN_CRYPTO_LANES_H
#define CAIRN_CHAIN_CRYPTO_LANES_H

#include "chain/base/fixed.h"

enum { BLAKE2B_BLOCK = 128 };

/* BLAKE2b's initial values and its 12 rounds as a macro over the message schedule (RFC 7693 §2.6, §2.7). */
#define BLAKE2B_IV                                                                                                     \
    {                                                                                                                  \
        0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u, 0x510e527fade682d1u,       \
            0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u                                              \
    }

#define BLAKE2B_ROUNDS(ROUND)                                                                                          \
    ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)                                                        \
    ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3)                                                        \
    ROUND(11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4)                                                        \
    ROUND(7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8)                                                        \
    ROUND(9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13)                                                        \
    ROUND(2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9)                                                        \
    ROUND(12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11)                                                        \
    ROUND(13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10)                                                        \
    ROUND(6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5)                                                        \
    ROUND(10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0)                                                        \
    ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)                                                        \
    ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3)

/* Columns, then diagonals, over v[16] and m[16] with a kernel's own G(a, b, c, d, x, y). */
#define BLAKE2B_ROUND(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15)                            \
    G(v[0], v[4], v[8], v[12], m[s0], m[s1])                                                                           \
    G(v[1], v[5], v[9], v[13], m[s2], m[s3])                                                                           \
    G(v[2], v[6], v[10], v[14], m[s4], m[s5])                                                                          \
    G(v[3], v[7], v[11], v[15], m[s6], m[s7])                                                                          \
    G(v[0], v[5], v[10], v[15], m[s8], m[s9])                                                                          \
    G(v[1], v[6], v[11], v[12], m[s10], m[s11])                                                                        \
    G(v[2], v[7], v[8], v[13], m[s12], m[s13])                                                                         \
    G(v[3], v[4], v[9], v[14], m[s14], m[s15])

/* start: the eight words of state after the parameter block. Output: 32 bytes a lane, lane i at ret[i]. */
void lanes_hash4_avx2(const uint64_t start[8], const uint8_t *const inputs[4], size_t len, struct hash ret[4]);
void lanes_hash8_avx512(const uint64_t start[8], const uint8_t *const inputs[8], size_t len, struct hash ret[8]);

#endif
