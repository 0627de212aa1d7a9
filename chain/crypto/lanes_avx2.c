/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE2b-256 of four inputs at once: register i holds word i of all four. Runs only where lanes_available() says so.
 */
#include "chain/crypto/lanes.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define ON_AVX2 __attribute__((target("avx2")))

/* Four words of each of four inputs, turned so that register i holds word i of every input. */
static inline ON_AVX2 void load_words(const uint8_t *const inputs[4], size_t offset, __m256i m[4]) {
    __m256i row[4];
    for (int i = 0; i < 4; i++)
        row[i] = _mm256_loadu_si256((const __m256i *)(const void *)(inputs[i] + offset));
    __m256i even01 = _mm256_unpacklo_epi64(row[0], row[1]); /* words 0 2 of inputs 0 and 1 */
    __m256i odd01 = _mm256_unpackhi_epi64(row[0], row[1]);  /* words 1 3 */
    __m256i even23 = _mm256_unpacklo_epi64(row[2], row[3]);
    __m256i odd23 = _mm256_unpackhi_epi64(row[2], row[3]);
    m[0] = _mm256_permute2x128_si256(even01, even23, 0x20);
    m[1] = _mm256_permute2x128_si256(odd01, odd23, 0x20);
    m[2] = _mm256_permute2x128_si256(even01, even23, 0x31);
    m[3] = _mm256_permute2x128_si256(odd01, odd23, 0x31);
}

#define ROR32(x) _mm256_shuffle_epi32(x, _MM_SHUFFLE(2, 3, 0, 1))
#define ROR24(x) _mm256_shuffle_epi8(x, ror24)
#define ROR16(x) _mm256_shuffle_epi8(x, ror16)
#define ROR63(x) _mm256_or_si256(_mm256_srli_epi64(x, 63), _mm256_add_epi64(x, x))

#define G(a, b, c, d, x, y)                                                                                            \
    a = _mm256_add_epi64(_mm256_add_epi64(a, b), x);                                                                   \
    d = _mm256_xor_si256(d, a);                                                                                        \
    d = ROR32(d);                                                                                                      \
    c = _mm256_add_epi64(c, d);                                                                                        \
    b = _mm256_xor_si256(b, c);                                                                                        \
    b = ROR24(b);                                                                                                      \
    a = _mm256_add_epi64(_mm256_add_epi64(a, b), y);                                                                   \
    d = _mm256_xor_si256(d, a);                                                                                        \
    d = ROR16(d);                                                                                                      \
    c = _mm256_add_epi64(c, d);                                                                                        \
    b = _mm256_xor_si256(b, c);                                                                                        \
    b = ROR63(b);

static ON_AVX2 void compress(__m256i h[8], const uint8_t *const inputs[4], size_t offset, uint64_t counter,
                             uint64_t last) {
    static const uint64_t iv[8] = BLAKE2B_IV;
    const __m256i ror24 = _mm256_setr_epi8(3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10, 3, 4, 5, 6, 7, 0, 1, 2,
                                           11, 12, 13, 14, 15, 8, 9, 10);
    const __m256i ror16 = _mm256_setr_epi8(2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9, 2, 3, 4, 5, 6, 7, 0, 1,
                                           10, 11, 12, 13, 14, 15, 8, 9);
    __m256i m[16], v[16];
    for (size_t i = 0; i < 4; i++)
        load_words(inputs, offset + 32 * i, m + 4 * i);
    for (int i = 0; i < 8; i++) {
        v[i] = h[i];
        v[8 + i] = _mm256_set1_epi64x((long long)iv[i]);
    }
    v[12] = _mm256_xor_si256(v[12], _mm256_set1_epi64x((long long)counter));
    v[14] = _mm256_xor_si256(v[14], _mm256_set1_epi64x((long long)last));
    BLAKE2B_ROUNDS(BLAKE2B_ROUND)
    for (int i = 0; i < 8; i++)
        h[i] = _mm256_xor_si256(h[i], _mm256_xor_si256(v[i], v[8 + i]));
}

/* The last block when it is not a whole one, zero-padded. */
static ON_AVX2 void compress_tail(__m256i h[8], const uint8_t *const inputs[4], size_t offset, size_t len) {
    uint8_t tail[4][BLAKE2B_BLOCK] = {{0}};
    const uint8_t *tails[4];
    for (int i = 0; i < 4; i++) {
        memcpy(tail[i], inputs[i] + offset, len - offset);
        tails[i] = tail[i];
    }
    compress(h, tails, 0, len, UINT64_MAX);
}

ON_AVX2 void lanes_hash4_avx2(const uint64_t start[8], const uint8_t *const inputs[4], size_t len, struct hash ret[4]) {
    __m256i h[8];
    for (int i = 0; i < 8; i++)
        h[i] = _mm256_set1_epi64x((long long)start[i]);

    size_t offset = 0;
    for (; len - offset > BLAKE2B_BLOCK; offset += BLAKE2B_BLOCK)
        compress(h, inputs, offset, offset + BLAKE2B_BLOCK, 0);

    if (len - offset == BLAKE2B_BLOCK)
        compress(h, inputs, offset, len, UINT64_MAX);
    else
        compress_tail(h, inputs, offset, len);

    uint64_t words[4][4];
    for (int w = 0; w < 4; w++)
        _mm256_storeu_si256((__m256i *)(void *)words[w], h[w]);
    for (int i = 0; i < 4; i++)
        for (int w = 0; w < 4; w++)
            memcpy(ret[i].b + 8 * w, &words[w][i], 8);
}

#endif
