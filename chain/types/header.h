/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_HEADER_H
#define CAIRN_CHAIN_TYPES_HEADER_H
/*
 * Headers: their id (what validators vote on), the form that every one must have, and the root over a block's
 * transactions.
 *
 *     header id   H(cairn.header, encoded Header, the very bytes)
 *     txs_root    list tree (chain/crypto/list_tree.h) whose leaves' data are the transactions' wire hashes
 *     params_hash H(cairn.params, encoded Params)
 *
 * Hashes in a header are 32 bytes. previous_id and last_certificate_hash are empty and 32 zero bytes at height 1.
 */
#include "chain/base/arena.h"
#include "chain/base/fixed.h"

#include "cairn/block.h"

enum { HEADER_VERSION = 1 };

/* A header with its fields as values; `pb` is on the arena that it was parsed on. */
struct header {
    const Header *pb;
    struct hash id;
    uint64_t height;
    uint64_t time;
    struct hash previous_id; /* 32 zero bytes at height 1 */
    struct hash last_certificate_hash;
    struct hash txs_root;
    uint64_t txs_count;
    struct hash validators_hash, next_validators_hash, params_hash, app_hash, results_hash;
    struct addr proposer;
    struct hash reveal;
};

/* Decodes and checks form and chain. CODE_MALFORMED, CODE_VERSION, CODE_CHAIN_MISMATCH; *ret untouched then. */
int header_parse(struct bytes encoded, const struct hash *chain_tag, struct arena *arena, struct header *ret,
                 struct err *err);

struct hash header_id(struct bytes encoded);

/* The root over the wire hashes of a block's transactions, in order; destroys them. */
struct hash header_txs_root(struct hash *wire_hashes, size_t count);

#endif
