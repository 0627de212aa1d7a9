/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_BLOCK_H
#define CAIRN_CHAIN_NODE_BLOCK_H
/*
 * A block in memory, shared by core, executor and senders: counted, immutable once opened.
 *
 * It begins as bytes and a header (block_new). Whatever came from outside is bound to its header (block_bind) before
 * the core keeps it under the header's id, so that nobody can put other content under the id of a good block; the
 * executor opens it (block_open), which takes every transaction apart, before it judges it.
 */
#include "chain/types/certificate.h"
#include "chain/types/header.h"
#include "chain/types/tx.h"

#include <stdatomic.h>

struct block {
    atomic_uint refs;
    struct arena arena;
    struct hash chain_tag;
    struct bytes encoded; /* message Block, the very bytes */
    const Block *pb;
    struct header header;
    bool bound, opened;
    /* set by block_bind */
    struct certificate *last; /* NULL at height 1 */
    /* set by block_open */
    struct tx *txs;
    const struct tx **tx_list; /* pointers to them, as the app wants them */
    size_t txs_n;
};

/* Takes the bytes of a message Block (copied): decoding and header only. One reference is the caller's. CODE_MALFORMED,
 * CODE_TOO_LARGE, CODE_CHAIN_MISMATCH, CODE_NO_MEMORY. */
int block_new(struct bytes encoded, const struct hash *chain_tag, struct block **ret_block, struct err *err);

/* Checks that header and content belong together: the count and root of the transactions, the hash of the last
 * certificate (of a set of `last_validators`). One thread only, before the block is shared further. Any failure says
 * that these bytes are not the block of this header, and nothing about that block. CODE_MALFORMED, CODE_NO_MEMORY. */
int block_bind(struct block *b, uint16_t last_validators, struct err *err);

/* Binds, and parses the transactions. One thread only, before the block is shared further. CODE_MALFORMED,
 * CODE_TOO_LARGE and the codes of the parsers: the block is invalid. */
int block_open(struct block *b, uint16_t last_validators, struct err *err);

struct block *block_ref(struct block *b);
void block_unref(struct block *b); /* NULL is allowed */

/* What goes into a new block. */
struct block_parts {
    struct bytes header;
    const Certificate *last_certificate; /* NULL at height 1 */
    const struct bytes *txs;
    size_t txs_n;
};

/* Encodes the parts and makes the block. */
int block_build(const struct block_parts *parts, const struct hash *chain_tag, struct block **ret_block,
                struct err *err);

#endif
