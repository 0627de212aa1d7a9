/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/block.h"

#include "chain/codec/pb.h"

#include <stdlib.h>

enum { BLOCK_ARENA_MAX = 128 << 20 }; /* 4 MiB of the smallest messages, taken apart */

int block_new(struct bytes encoded, const struct hash *chain_tag, struct block **ret_block, struct err *err) {
    if (encoded.len > BLOCK_LEN_MAX)
        return err_set(err, CODE_TOO_LARGE, "a block of %zu bytes is over the cap of %zu", encoded.len,
                       (size_t)BLOCK_LEN_MAX);
    struct block *b = calloc(1, sizeof *b);
    if (b == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a block");
    atomic_init(&b->refs, 1);
    arena_init(&b->arena, BLOCK_ARENA_MAX);
    b->chain_tag = *chain_tag;
    Block *pb = NULL;
    int rc = arena_dup_bytes(&b->arena, encoded, &b->encoded) ? CODE_OK
                                                              : err_set(err, CODE_NO_MEMORY, "no memory for a block");
    if (rc == CODE_OK)
        rc = pb_decode(&block__descriptor, b->encoded, &b->arena, &pb, err);
    if (rc == CODE_OK)
        rc = header_parse(pb_bytes(pb->header), chain_tag, &b->arena, &b->header, err);
    if (rc != CODE_OK) {
        block_unref(b);
        return rc;
    }
    b->pb = pb;
    *ret_block = b;
    return CODE_OK;
}

static int open_certificate(struct block *b, uint16_t last_validators, struct err *err) {
    if (b->header.height == 1) {
        if (b->pb->last_certificate != NULL)
            return err_set(err, CODE_MALFORMED, "the first block has no last certificate");
        return CODE_OK;
    }
    if (b->pb->last_certificate == NULL)
        return err_set(err, CODE_MALFORMED, "the block has no last certificate");
    struct certificate *c = ARENA_NEW(&b->arena, struct certificate);
    if (c == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a certificate");
    int rc = certificate_from_pb(b->pb->last_certificate, last_validators, c, err);
    if (rc == CODE_OK)
        b->last = c;
    return rc;
}

static int bind_txs(struct block *b, struct err *err) {
    size_t n = b->pb->n_txs;
    if (n != b->header.txs_count)
        return err_set(err, CODE_MALFORMED, "%zu transactions, but the header says %llu", n,
                       (unsigned long long)b->header.txs_count);
    struct arena_mark mark = arena_mark(&b->arena);
    struct hash *hashes = arena_array(&b->arena, n, sizeof *hashes);
    int rc = hashes != NULL ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a block's transactions");
    for (size_t i = 0; rc == CODE_OK && i < n; i++)
        if (!tx_wire_hash(pb_bytes(b->pb->txs[i]), &hashes[i]))
            rc = err_set(err, CODE_MALFORMED, "a transaction's length does not fit its frame");
    struct hash root = rc == CODE_OK ? header_txs_root(hashes, n) : (struct hash){{0}};
    arena_rewind(&b->arena, mark);
    if (rc == CODE_OK && !hash_eq(&root, &b->header.txs_root))
        rc = err_set(err, CODE_MALFORMED, "the transactions are not those of the header");
    return rc;
}

int block_bind(struct block *b, uint16_t last_validators, struct err *err) {
    if (b->bound)
        return CODE_OK;
    int rc = open_certificate(b, last_validators, err);
    if (rc == CODE_OK) {
        struct hash h = certificate_hash(b->last);
        if (!hash_eq(&h, &b->header.last_certificate_hash))
            rc = err_set(err, CODE_MALFORMED, "the last certificate is not the one of the header");
    }
    if (rc == CODE_OK)
        rc = bind_txs(b, err);
    b->bound = rc == CODE_OK;
    return rc;
}

static int open_txs(struct block *b, struct err *err) {
    size_t n = b->pb->n_txs;
    b->txs = arena_array(&b->arena, n, sizeof *b->txs);
    b->tx_list = arena_array(&b->arena, n, sizeof *b->tx_list);
    if (b->txs == NULL || b->tx_list == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a block's transactions");
    for (size_t i = 0; i < n; i++) {
        int rc = tx_parse(pb_bytes(b->pb->txs[i]), &b->chain_tag, &b->arena, &b->txs[i], err);
        if (rc != CODE_OK)
            return err_wrap(err, rc, "transaction %zu", i);
        b->tx_list[i] = &b->txs[i];
    }
    b->txs_n = n;
    return CODE_OK;
}

int block_open(struct block *b, uint16_t last_validators, struct err *err) {
    if (b->opened)
        return CODE_OK;
    int rc = block_bind(b, last_validators, err);
    if (rc == CODE_OK)
        rc = open_txs(b, err);
    if (rc == CODE_NO_MEMORY) /* over the cap on every machine alike: a fault of the block, not of this node */
        rc = err_set(err, CODE_TOO_LARGE, "taken apart, the block is over the cap of %d MiB", BLOCK_ARENA_MAX >> 20);
    b->opened = rc == CODE_OK;
    return rc;
}

struct block *block_ref(struct block *b) {
    atomic_fetch_add(&b->refs, 1);
    return b;
}

void block_unref(struct block *b) {
    if (b == NULL || atomic_fetch_sub(&b->refs, 1) != 1)
        return;
    arena_release(&b->arena);
    free(b);
}

int block_build(const struct block_parts *parts, const struct hash *chain_tag, struct block **ret_block,
                struct err *err) {
    struct arena arena;
    arena_init(&arena, BLOCK_ARENA_MAX);
    Block pb = BLOCK__INIT;
    pb.header = pb_data(parts->header);
    pb.last_certificate = (Certificate *)(uintptr_t)parts->last_certificate;
    pb.n_txs = parts->txs_n;
    pb.txs = arena_array(&arena, parts->txs_n, sizeof *pb.txs);
    int rc = pb.txs != NULL ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a block");
    for (size_t i = 0; rc == CODE_OK && i < parts->txs_n; i++)
        pb.txs[i] = pb_data(parts->txs[i]);
    struct bytes encoded;
    if (rc == CODE_OK)
        rc = pb_encode(&pb, &arena, &encoded, err);
    if (rc == CODE_OK)
        rc = block_new(encoded, chain_tag, ret_block, err);
    arena_release(&arena);
    return rc;
}
