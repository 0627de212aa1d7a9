/* SPDX-License-Identifier: Apache-2.0 */
/*
 * H(domain, bytes): BLAKE2b-256 with the domain as personal parameter. Hashing cannot fail: these return the digest.
 * Inputs of variable length inside one hash must be framed by the caller (fixed sizes, or lengths written out).
 */
#ifndef CAIRN_CHAIN_CRYPTO_HASH_H
#define CAIRN_CHAIN_CRYPTO_HASH_H

#include "chain/base/bytes.h"
#include "chain/base/fixed.h"
#include "chain/crypto/domain.h"

#include <blake2.h>
#include <stddef.h>

/* An unfinished hash. Plain data: may be copied to fork the state, needs no release. */
struct hasher {
    blake2b_state b2;
};

void hasher_init(struct hasher *hasher, enum domain domain);
void hasher_add(struct hasher *hasher, const void *data, size_t len);
void hasher_add_u32(struct hasher *hasher, uint32_t v); /* 4 bytes big-endian */
void hasher_add_u64(struct hasher *hasher, uint64_t v); /* 8 bytes big-endian */

/* The digest. The hasher is spent: init it again before another use. */
struct hash hasher_done(struct hasher *hasher);

/* H(domain, data). */
struct hash hash_of(enum domain domain, struct bytes data);

/* H(domain, parts[0] | parts[1] | ...). */
struct hash hash_parts(enum domain domain, const struct bytes *parts, size_t count);

/* H(domain, left | right): the node rule of every binary tree here. */
struct hash hash_pair(enum domain domain, const struct hash *left, const struct hash *right);

/* What a signature with `domain` covers: H(domain, chain tag | bytes). */
struct hash hash_signed(enum domain domain, const struct hash *chain_tag, struct bytes data);

#endif
