/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cutting a state into chunks while its pairs go by. The present prefix is a chunk when it ends with at most
 * SNAPSHOT_PAIRS_LEN bytes; when it passes that, it is halved, and what was held goes on with the left half. The right
 * halves wait, each one bit longer than the one below it: one bit a length says which.
 */
#include "chain/store/snapshot.h"
#include "chain/store/tree.h"

#include "chain/base/vec.h"

#include <assert.h>
#include <stdlib.h>

struct held { /* a pair that is not given yet */
    struct hash key_hash;
    size_t end; /* of its bytes in pairs */
};

VEC_DEFINE(held_list, struct held);

#define PAIR_LEN_MIN 7
#define HELD_MAX     (2 * SNAPSHOT_PAIRS_LEN / PAIR_LEN_MIN)

struct snapshot_cutter {
    snapshot_cut_fn *fn;
    void *ctx;
    struct hash prefix; /* present one */
    unsigned bits;
    bool ended; /* the last prefix was given */
    struct buf pairs;
    struct held_list held;
};

int snapshot_cutter_new(snapshot_cut_fn *fn, void *ctx, struct snapshot_cutter **ret, struct err *err) {
    struct snapshot_cutter *c = (struct snapshot_cutter *)calloc(1, sizeof *c);
    if (!c)
        return err_set(err, CODE_NO_MEMORY, "no memory to cut a snapshot");
    c->fn = fn;
    c->ctx = ctx;
    buf_init(&c->pairs, SNAPSHOT_PAIRS_LEN + KEY_LEN_MAX + VALUE_LEN_MAX + PAIR_LEN_MIN);
    held_list_init(&c->held, HELD_MAX);
    *ret = c;
    return CODE_OK;
}

void snapshot_cutter_free(struct snapshot_cutter *c) {
    if (!c)
        return;
    buf_release(&c->pairs);
    held_list_release(&c->held);
    free(c);
}

static bool bit_of(const struct hash *h, unsigned i) {
    return h->b[i / 8] >> (7 - i % 8) & 1;
}

static bool under(const struct snapshot_cutter *c, const struct hash *key_hash) {
    unsigned whole = c->bits / 8, rest = c->bits % 8;
    if (memcmp(c->prefix.b, key_hash->b, whole) != 0)
        return false;
    return rest == 0 || (unsigned)(c->prefix.b[whole] ^ key_hash->b[whole]) >> (8 - rest) == 0;
}

/* From a prefix that is done to the next: the right half of the shortest that is not done whole. */
static void advance(struct snapshot_cutter *c) {
    while (c->bits > 0 && bit_of(&c->prefix, c->bits - 1)) {
        c->bits--;
        c->prefix.b[c->bits / 8] = (uint8_t)(c->prefix.b[c->bits / 8] & ~(0x80u >> c->bits % 8));
    }
    c->ended = c->bits == 0;
    if (!c->ended)
        c->prefix.b[(c->bits - 1) / 8] = (uint8_t)(c->prefix.b[(c->bits - 1) / 8] | 0x80u >> (c->bits - 1) % 8);
}

/* Gives the present prefix with those of the held pairs that lie under it (they come first). */
static int give(struct snapshot_cutter *c, struct err *err) {
    size_t n = 0, len = 0;
    while (n < c->held.len && under(c, &c->held.at[n].key_hash))
        len = c->held.at[n++].end;
    int rc = c->fn(c->ctx, &c->prefix, (uint8_t)c->bits, (uint32_t)n, bytes_of(c->pairs.data, len), err);
    if (rc)
        return rc;
    if (n) {
        buf_consume(&c->pairs, len);
        c->held.len -= n;
        memmove(c->held.at, c->held.at + n, c->held.len * sizeof *c->held.at);
    }
    for (size_t i = 0; i < c->held.len; i++)
        c->held.at[i].end -= len;
    advance(c);
    return CODE_OK;
}

/* The last held pair is new: goes on until all that is held lies under the present prefix and fits a chunk. */
static int settle(struct snapshot_cutter *c, struct err *err) {
    const struct hash last = c->held.at[c->held.len - 1].key_hash;
    int rc = CODE_OK;
    while (rc == CODE_OK) {
        assert(!c->ended);
        if (!under(c, &last))
            rc = give(c, err);
        else if (c->pairs.len <= SNAPSHOT_PAIRS_LEN)
            return CODE_OK;
        else if (c->bits == SNAPSHOT_BITS_MAX)
            rc = err_set(err, CODE_LIMIT,
                         "the state cannot be cut into chunks: too many keys share %d bits of their hash",
                         SNAPSHOT_BITS_MAX);
        else
            c->bits++; /* the left half: its last bit is 0 */
    }
    return rc;
}

int snapshot_cutter_add(struct snapshot_cutter *c, const struct hash *key_hash, struct bytes key, struct bytes value,
                        struct err *err) {
    assert(key.len > 0 && key.len <= KEY_LEN_MAX && value.len <= VALUE_LEN_MAX);
    buf_put_be16(&c->pairs, (uint16_t)key.len);
    buf_put_bytes(&c->pairs, key);
    buf_put_be32(&c->pairs, (uint32_t)value.len);
    buf_put_bytes(&c->pairs, value);
    int rc = buf_check(&c->pairs, err);
    if (rc)
        return rc;
    if (!held_list_push(&c->held, (struct held){*key_hash, c->pairs.len}))
        return err_set(err, CODE_NO_MEMORY, "no memory to cut a snapshot");
    return settle(c, err);
}

int snapshot_cutter_end(struct snapshot_cutter *c, struct err *err) {
    int rc = CODE_OK;
    while (rc == CODE_OK && !c->ended)
        rc = give(c, err);
    return rc;
}

void snapshot_chunk_encode(const struct tree_proof *path, uint8_t bits, uint32_t pairs, struct bytes encoded,
                           struct buf *ret) {
    uint8_t mask[SNAPSHOT_BITS_MAX / 8] = {0};
    size_t depth = path->depth < bits ? path->depth : bits;
    bool other = depth < bits && pairs == 0 && (path->present || path->other);
    for (size_t d = 0; d < depth; d++)
        if (!hash_is_zero(&path->siblings[d]))
            mask[d / 8] = (uint8_t)(mask[d / 8] | 0x80u >> d % 8);
    buf_put_u8(ret, 1);
    buf_put_be16(ret, (uint16_t)depth);
    buf_put(ret, mask, (depth + 7) / 8);
    for (size_t d = 0; d < depth; d++)
        if (!hash_is_zero(&path->siblings[d]))
            buf_put_bytes(ret, hash_bytes(&path->siblings[d]));
    buf_put_u8(ret, other);
    if (other) {
        buf_put_bytes(ret, hash_bytes(&path->leaf_key));
        buf_put_bytes(ret, hash_bytes(&path->leaf_value));
    }
    buf_put_be32(ret, pairs);
    buf_put_bytes(ret, encoded);
}
