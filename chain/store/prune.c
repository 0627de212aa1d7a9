/* SPDX-License-Identifier: Apache-2.0 */
/* What a commit lets go: a few heights at a time, in the same batch, so that it keeps up and never stalls a block. */
#include "chain/store/store_private.h"
#include "chain/store/undo.h"

#define HEIGHTS_PER_COMMIT 3 /* more than one, so that a backlog shrinks */
#define UNDO_STRIDE                                                                                                    \
    16 /* heights of undo that go at once, by range: ranges are cheap to write and dear to read past                   \
        */

static int prune_proofs(struct store *s, struct head *h, struct kv_batch *batch, struct err *err) {
    for (int i = 0; i < HEIGHTS_PER_COMMIT; i++) {
        if (h->height - h->first_proof < s->options.keep_proofs)
            return CODE_OK;
        struct root_record oldest;
        int rc = root_record_get(s->kv, NULL, h->first_proof, &oldest, err);
        if (rc)
            return rc;
        if (h->time < s->options.keep_proofs_ms || oldest.time > h->time - s->options.keep_proofs_ms)
            return CODE_OK;
        struct height_key key = height_key('r', h->first_proof);
        kv_batch_del(batch, STORE_FAMILY_META, height_key_bytes(&key));
        h->first_proof++;
    }
    return CODE_OK;
}

/* The undo of height h leads from h to h - 1: that of first_proof and below serves nobody. The tree's version is height
 * + 1. */
static void prune_undo(struct head *h, struct kv_batch *batch) {
    if (h->first_proof + 1 < h->undo_from + UNDO_STRIDE)
        return;
    h->undo_from = h->first_proof + 1;
    undo_drop(batch, STORE_FAMILY_UNDO, UNDO_STATE, h->undo_from);
    undo_drop(batch, STORE_FAMILY_UNDO, UNDO_TREE, h->undo_from + 1);
}

/* The index keys of a height, and their list. */
static int drop_indexed(struct store *s, uint64_t height, struct kv_batch *batch, struct err *err) {
    struct height_key key = height_key('x', height);
    struct kv_value v;
    int rc = kv_get(s->kv, NULL, STORE_FAMILY_BLOCKS, height_key_bytes(&key), &v, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    struct bytes rest = v.bytes;
    while (rest.len >= 2 && rest.len - 2 >= load_be16(rest.data)) {
        size_t len = load_be16(rest.data);
        kv_batch_del(batch, STORE_FAMILY_INDEX, bytes_of(rest.data + 2, len));
        rest = bytes_of(rest.data + 2 + len, rest.len - 2 - len);
    }
    kv_value_release(&v);
    kv_batch_del(batch, STORE_FAMILY_BLOCKS, height_key_bytes(&key));
    return rest.len ? err_set(err, CODE_CORRUPT, "the list of index keys of height %llu is damaged",
                              (unsigned long long)height)
                    : CODE_OK;
}

static int prune_blocks(struct store *s, struct head *h, struct kv_batch *batch, struct err *err) {
    static const char kinds[] = {STORE_BLOCK, STORE_RESULTS, STORE_VALIDATORS, STORE_EXTRA};
    if (!s->options.keep_blocks)
        return CODE_OK;
    for (int i = 0; i < HEIGHTS_PER_COMMIT && h->height - h->first_block >= s->options.keep_blocks; i++) {
        for (size_t k = 0; k < sizeof kinds; k++) {
            struct height_key key = height_key(kinds[k], h->first_block);
            kv_batch_del(batch, STORE_FAMILY_BLOCKS, height_key_bytes(&key));
        }
        int rc = drop_indexed(s, h->first_block, batch, err);
        if (rc)
            return rc;
        h->first_block++;
    }
    return CODE_OK;
}

int store_prune(struct store *s, struct head *head, struct kv_batch *batch, struct err *err) {
    int rc = prune_proofs(s, head, batch, err);
    if (rc)
        return rc;
    prune_undo(head, batch);
    return prune_blocks(s, head, batch, err);
}
