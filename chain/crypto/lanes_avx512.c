/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE2b-256 of eight inputs at once: register i holds word i of all eight. Runs only where lanes_available() says so.
 */
#include "chain/crypto/lanes.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define ON_AVX512 __attribute__((target("avx512f")))

/* Eight words of each of eight inputs, turned so that register i holds word i of every input. */
static inline ON_AVX512 void load_words(const uint8_t *const inputs[8], size_t offset, __m512i m[8]) {
    __m512i row[8], pair[8], half[8];
    for (int i = 0; i < 8; i++)
        row[i] = _mm512_loadu_si512(inputs[i] + offset);
    for (int i = 0; i < 4; i++) {
        pair[i] = _mm512_unpacklo_epi64(row[2 * i], row[2 * i + 1]);     /* words 0 2 4 6 of two inputs */
        pair[4 + i] = _mm512_unpackhi_epi64(row[2 * i], row[2 * i + 1]); /* words 1 3 5 7 */
    }
    for (int odd = 0; odd < 2; odd++) {
        const __m512i *p = pair + 4 * odd;
        half[0] = _mm512_shuffle_i64x2(p[0], p[1], 0x88); /* words 0 4 of inputs 0-3 */
        half[1] = _mm512_shuffle_i64x2(p[0], p[1], 0xdd); /* words 2 6 */
        half[2] = _mm512_shuffle_i64x2(p[2], p[3], 0x88);
        half[3] = _mm512_shuffle_i64x2(p[2], p[3], 0xdd);
        m[0 + odd] = _mm512_shuffle_i64x2(half[0], half[2], 0x88);
        m[4 + odd] = _mm512_shuffle_i64x2(half[0], half[2], 0xdd);
        m[2 + odd] = _mm512_shuffle_i64x2(half[1], half[3], 0x88);
        m[6 + odd] = _mm512_shuffle_i64x2(half[1], half[3], 0xdd);
    }
}

#define G(a, b, c, d, x, y)                                                                                            \
    a = _mm512_add_epi64(_mm512_add_epi64(a, b), x);                                                                   \
    d = _mm512_ror_epi64(_mm512_xor_si512(d, a), 32);                                                                  \
    c = _mm512_add_epi64(c, d);                                                                                        \
    b = _mm512_ror_epi64(_mm512_xor_si512(b, c), 24);                                                                  \
    a = _mm512_add_epi64(_mm512_add_epi64(a, b), y);                                                                   \
    d = _mm512_ror_epi64(_mm512_xor_si512(d, a), 16);                                                                  \
    c = _mm512_add_epi64(c, d);                                                                                        \
    b = _mm512_ror_epi64(_mm512_xor_si512(b, c), 63);

static ON_AVX512 void compress(__m512i h[8], const uint8_t *const inputs[8], size_t offset, uint64_t counter,
                               uint64_t last) {
    static const uint64_t iv[8] = BLAKE2B_IV;
    __m512i m[16], v[16];
    load_words(inputs, offset, m);
    load_words(inputs, offset + 64, m + 8);
    for (int i = 0; i < 8; i++) {
        v[i] = h[i];
        v[8 + i] = _mm512_set1_epi64((long long)iv[i]);
    }
    v[12] = _mm512_xor_si512(v[12], _mm512_set1_epi64((long long)counter));
    v[14] = _mm512_xor_si512(v[14], _mm512_set1_epi64((long long)last));
    BLAKE2B_ROUNDS(BLAKE2B_ROUND)
    for (int i = 0; i < 8; i++)
        h[i] = _mm512_xor_si512(h[i], _mm512_xor_si512(v[i], v[8 + i]));
}

/* The last block when it is not a whole one, zero-padded. */
static ON_AVX512 void compress_tail(__m512i h[8], const uint8_t *const inputs[8], size_t offset, size_t len) {
    uint8_t tail[8][BLAKE2B_BLOCK] = {{0}};
    const uint8_t *tails[8];
    for (int i = 0; i < 8; i++) {
        memcpy(tail[i], inputs[i] + offset, len - offset);
        tails[i] = tail[i];
    }
    compress(h, tails, 0, len, UINT64_MAX);
}

ON_AVX512 void lanes_hash8_avx512(const uint64_t start[8], const uint8_t *const inputs[8], size_t len,
                                  struct hash ret[8]) {
    __m512i h[8];
    for (int i = 0; i < 8; i++)
        h[i] = _mm512_set1_epi64((long long)start[i]);

    size_t offset = 0;
    for (; len - offset > BLAKE2B_BLOCK; offset += BLAKE2B_BLOCK)
        compress(h, inputs, offset, offset + BLAKE2B_BLOCK, 0);

    if (len - offset == BLAKE2B_BLOCK)
        compress(h, inputs, offset, len, UINT64_MAX);
    else
        compress_tail(h, inputs, offset, len);

    uint64_t words[4][8];
    for (int w = 0; w < 4; w++)
        _mm512_storeu_si512(words[w], h[w]);
    for (int i = 0; i < 8; i++)
        for (int w = 0; w < 4; w++)
            memcpy(ret[i].b + 8 * w, &words[w][i], 8);
}

#endif
