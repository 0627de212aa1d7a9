/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/hash_many.h"
#include "chain/crypto/lanes.h"

#include <assert.h>
#include <string.h>

enum { LANES_MAX = 8 };

#if defined(__x86_64__)

bool lanes_available(enum lanes lanes) {
    switch (lanes) {
    case LANES_PLAIN:
        return true;
    case LANES_AVX2:
        return __builtin_cpu_supports("avx2");
    case LANES_AVX512:
        return __builtin_cpu_supports("avx512f");
    case LANES_COUNT:
        break;
    }
    return false;
}

static void run_kernel(enum lanes lanes, const uint64_t start[8], const uint8_t *const *inputs, size_t len,
                       struct hash *ret) {
    if (lanes == LANES_AVX512)
        lanes_hash8_avx512(start, inputs, len, ret);
    else
        lanes_hash4_avx2(start, inputs, len, ret);
}

#else

bool lanes_available(enum lanes lanes) {
    return lanes == LANES_PLAIN;
}

static void run_kernel(enum lanes lanes, const uint64_t start[8], const uint8_t *const *inputs, size_t len,
                       struct hash *ret) {
    (void)lanes, (void)start, (void)inputs, (void)len, (void)ret;
    assert(!"no lanes on this machine");
}

#endif

enum lanes lanes_best(void) {
    if (lanes_available(LANES_AVX512))
        return LANES_AVX512;
    return lanes_available(LANES_AVX2) ? LANES_AVX2 : LANES_PLAIN;
}

const char *lanes_name(enum lanes lanes) {
    static const char *const names[LANES_COUNT] = {"plain", "avx2", "avx512"};
    assert((unsigned)lanes < LANES_COUNT);
    return names[lanes];
}

/* The state after BLAKE2b's parameter block {digest 32, no key, fanout 1, depth 1, personal} (RFC 7693 §2.5, §2.8). */
static void start_state(enum domain domain, uint64_t ret_start[8]) {
    static const uint64_t iv[8] = BLAKE2B_IV;
    memcpy(ret_start, iv, sizeof iv);
    ret_start[0] ^= 0x01010000u ^ sizeof(struct hash);
    ret_start[6] ^= load_le64(domain_personal(domain));
    ret_start[7] ^= load_le64(domain_personal(domain) + 8);
}

static void hash_plain(enum domain domain, const uint8_t *const *inputs, size_t len, size_t count, struct hash *ret) {
    for (size_t i = 0; i < count; i++)
        ret[i] = hash_of(domain, bytes_of(inputs[i], len));
}

/* Runs full rounds of lanes, and one more for a rest of two or more, its idle lanes filled with the last input. */
void hash_many_on(enum lanes lanes, enum domain domain, const uint8_t *const *inputs, size_t len, size_t count,
                  struct hash *ret) {
    assert(lanes_available(lanes));
    size_t width = lanes == LANES_AVX512 ? 8 : lanes == LANES_AVX2 ? 4 : 1;
    if (width == 1 || count < 2) {
        hash_plain(domain, inputs, len, count, ret);
        return;
    }
    uint64_t start[8];
    start_state(domain, start);
    size_t done = 0;
    for (; count - done >= width; done += width)
        run_kernel(lanes, start, inputs + done, len, ret + done);
    if (count - done < 2) {
        hash_plain(domain, inputs + done, len, count - done, ret + done);
        return;
    }
    const uint8_t *rest[LANES_MAX];
    struct hash digests[LANES_MAX];
    for (size_t i = 0; i < width; i++)
        rest[i] = inputs[done + i < count ? done + i : count - 1];
    run_kernel(lanes, start, rest, len, digests);
    memcpy(ret + done, digests, (count - done) * sizeof *ret);
}

void hash_many(enum domain domain, const uint8_t *const *inputs, size_t len, size_t count, struct hash *ret) {
    hash_many_on(lanes_best(), domain, inputs, len, count, ret);
}

void hash_many_strided(enum domain domain, const uint8_t *data, size_t stride, size_t len, size_t count,
                       struct hash *ret) {
    enum lanes lanes = lanes_best();
    const uint8_t *inputs[LANES_MAX];
    for (size_t done = 0; done < count;) {
        size_t batch = count - done < LANES_MAX ? count - done : LANES_MAX;
        for (size_t i = 0; i < batch; i++)
            inputs[i] = data + (done + i) * stride;
        /* Through a copy: within a batch of two kernel runs the first may not overwrite what the second reads. */
        struct hash digests[LANES_MAX];
        hash_many_on(lanes, domain, inputs, len, batch, digests);
        memcpy(ret + done, digests, batch * sizeof *ret);
        done += batch;
    }
}

void leaf_hash_many(const uint8_t *data, size_t len, struct hash *ret_leaves) {
    size_t full = len / LEAF_LEN;
    hash_many_strided(DOMAIN_LEAF, data, LEAF_LEN, LEAF_LEN, full, ret_leaves);
    if (len % LEAF_LEN != 0)
        ret_leaves[full] = hash_of(DOMAIN_LEAF, bytes_of(data + full * LEAF_LEN, len % LEAF_LEN));
}
