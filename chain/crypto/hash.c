/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/hash.h"

#include <assert.h>
#include <string.h>

void hasher_init(struct hasher *hasher, enum domain domain) {
    blake2b_param param = {.digest_length = sizeof(struct hash), .fanout = 1, .depth = 1};
    memcpy(param.personal, domain_personal(domain), DOMAIN_BYTES);
    int rc = blake2b_init_param(&hasher->b2, &param);
    assert(rc == 0);
    (void)rc;
}

void hasher_add(struct hasher *hasher, const void *data, size_t len) {
    if (len > 0)
        blake2b_update(&hasher->b2, data, len);
}

void hasher_add_u32(struct hasher *hasher, uint32_t v) {
    uint8_t be[4];
    store_be32(be, v);
    hasher_add(hasher, be, sizeof be);
}

void hasher_add_u64(struct hasher *hasher, uint64_t v) {
    uint8_t be[8];
    store_be64(be, v);
    hasher_add(hasher, be, sizeof be);
}

struct hash hasher_done(struct hasher *hasher) {
    struct hash digest;
    int rc = blake2b_final(&hasher->b2, digest.b, sizeof digest.b);
    assert(rc == 0);
    (void)rc;
    return digest;
}

struct hash hash_of(enum domain domain, struct bytes data) {
    return hash_parts(domain, &data, 1);
}

struct hash hash_parts(enum domain domain, const struct bytes *parts, size_t count) {
    struct hasher hasher;
    hasher_init(&hasher, domain);
    for (size_t i = 0; i < count; i++)
        hasher_add(&hasher, parts[i].data, parts[i].len);
    return hasher_done(&hasher);
}

struct hash hash_pair(enum domain domain, const struct hash *left, const struct hash *right) {
    struct hasher hasher;
    hasher_init(&hasher, domain);
    hasher_add(&hasher, left->b, sizeof left->b);
    hasher_add(&hasher, right->b, sizeof right->b);
    return hasher_done(&hasher);
}

struct hash hash_signed(enum domain domain, const struct hash *chain_tag, struct bytes data) {
    struct hasher hasher;
    hasher_init(&hasher, domain);
    hasher_add(&hasher, chain_tag->b, sizeof chain_tag->b);
    hasher_add(&hasher, data.data, data.len);
    return hasher_done(&hasher);
}
