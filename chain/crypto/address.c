/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/address.h"
#include "chain/crypto/hash.h"

#include <string.h>

static struct addr addr_of_hash(const struct hash *hash) {
    struct addr addr;
    memcpy(addr.b, hash->b, sizeof addr.b);
    return addr;
}

struct addr addr_of_key(const struct pubkey *key) {
    struct hash hash = hash_of(DOMAIN_ADDR, pubkey_bytes(key));
    return addr_of_hash(&hash);
}

struct addr addr_of_module(const char *name) {
    struct hash hash = hash_of(DOMAIN_MODULE, bytes_str(name));
    return addr_of_hash(&hash);
}

struct addr addr_of_payment(const struct addr *owner, uint32_t index) {
    struct hasher hasher;
    hasher_init(&hasher, DOMAIN_PAYADDR);
    hasher_add(&hasher, owner->b, sizeof owner->b);
    hasher_add_u32(&hasher, index);
    struct hash hash = hasher_done(&hasher);
    return addr_of_hash(&hash);
}
