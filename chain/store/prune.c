/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is let go. A commit only moves the head's floors: what lies below them is not answered any more. Undo goes with
 * the commit, whole heights by range; records and index entries go in the background, a few at a time, once no view
 * looks at them: meta 'p' -> the height that this has come to.
 */
#include "chain/store/store_private.h"
#include "chain/store/undo.h"

#define HEIGHTS_PER_COMMIT 3 /* more than one, so that a backlog shrinks */
#define UNDO_STRIDE                                                                                                    \
    16 /* heights of undo that go at once, by range: ranges are cheap to write and dear to read past                   \
        */
#define STRIDE          256 /* heights of records that go at once, by range */
#define RECLAIM_HEIGHTS 256 /* after so many that went, files that hold nothing else go too */
#define LOOK_HEIGHTS    64  /* between two looks at the disk budget */

static void put_came_to(struct kv_batch *batch, uint64_t height) {
    uint8_t value[8];
    store_be64(value, height);
    kv_batch_put(batch, STORE_FAMILY_META, bytes_str("p"), bytes_of(value, sizeof value));
}

/* --- in a commit -------------------------------------------------------------------------------------------------- */

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

int prune_commit(struct store *s, struct head *head, struct kv_batch *batch, struct err *err) {
    int rc = prune_proofs(s, head, batch, err);
    if (rc)
        return rc;
    prune_undo(head, batch);
    uint64_t keep = s->options.keep_blocks, floor = atomic_load(&s->squeezed), snapshot = atomic_load(&s->oldest);
    if (keep && head->height >= keep && head->height - keep + 1 > floor)
        floor = head->height - keep + 1;
    floor = floor < snapshot ? floor : snapshot; /* who takes a snapshot in needs the blocks since */
    if (floor <= head->first_block || floor > head->height)
        return CODE_OK;
    if (!s->prune_noted)
        put_came_to(batch, head->first_block); /* a start before the first step must find where to begin */
    s->prune_noted = true;
    head->first_block = floor;
    return CODE_OK;
}

/* --- the disk budget ---------------------------------------------------------------------------------------------- */

/* Over it: all but one snapshot go, then an eighth of the blocks, once what went before is really gone. */
static int squeeze(struct store *s, const struct head *h, struct err *err) {
    struct keep *k = &s->keep;
    bool any = false;
    if (!s->options.disk_bytes || h->height < k->looked_at + LOOK_HEIGHTS)
        return CODE_OK;
    k->looked_at = h->height;
    if (k->pruned_to + STRIDE <= h->first_block || kv_disk_bytes(s->kv) <= s->options.disk_bytes)
        return CODE_OK;
    int rc = k->maker ? CODE_OK : snapshot_drop_to(s, 1, &any, err);
    if (rc == CODE_OK && any)
        return snapshot_look(s, err);
    uint64_t kept = h->height - h->first_block;
    if (rc == CODE_OK && kept > KEEP_BLOCKS_MIN)
        atomic_store(&s->squeezed, h->height - (kept - kept / 8 > KEEP_BLOCKS_MIN ? kept - kept / 8 : KEEP_BLOCKS_MIN));
    return rc;
}

/* --- in the background -------------------------------------------------------------------------------------------- */

int prune_open(struct store *s, struct err *err) {
    struct kv_value v;
    s->keep.pruned_to = s->head.first_block; /* all below is gone, or never was */
    int rc = kv_get(s->kv, NULL, STORE_FAMILY_META, bytes_str("p"), &v, err);
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    if (rc == CODE_OK) {
        s->keep.pruned_to = v.bytes.len == 8 ? load_be64(v.bytes.data) : 0;
        s->prune_noted = true;
        kv_value_release(&v);
    }
    s->keep.reclaimed_to = s->keep.pruned_to;
    s->keep.undo_reclaimed_to = s->head.undo_from;
    return snapshot_look(s, err);
}

/* The index keys of a height. */
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
    return rest.len ? err_set(err, CODE_CORRUPT, "the list of index keys of height %llu is damaged",
                              (unsigned long long)height)
                    : CODE_OK;
}

static const char kinds[] = {STORE_BLOCK, STORE_RESULTS, STORE_VALIDATORS, STORE_HEADER, 'x'};

static void drop_records(struct kv_batch *batch, uint64_t to) {
    for (size_t k = 0; k < sizeof kinds; k++) {
        struct height_key from = height_key(kinds[k], 0), end = height_key(kinds[k], to);
        kv_batch_del_range(batch, STORE_FAMILY_BLOCKS, height_key_bytes(&from), height_key_bytes(&end));
    }
    put_came_to(batch, to);
}

/* Heights from pruned_to on, until the budget is spent, a stride is full, or `end`. Records go by range with a whole
 * stride, or with what is left of one when the budget ends it. */
static int drop_heights(struct store *s, uint64_t end, size_t budget, struct err *err) {
    struct keep *k = &s->keep;
    struct kv_batch *batch = kv_batch_new(s->kv);
    uint64_t h = k->pruned_to;
    int rc = batch ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory to prune");
    while (rc == CODE_OK && h < end && h < k->pruned_to + STRIDE && kv_batch_len(batch) < budget)
        rc = drop_indexed(s, h++, batch, err);
    if (rc == CODE_OK) {
        drop_records(batch, h);
        rc = kv_write(s->kv, batch, false, err); /* lost in a crash, with the commit that let go or alone: done again */
    }
    kv_batch_free(batch);
    if (rc == CODE_OK)
        k->pruned_to = h;
    return rc;
}

/* Files that go do not come back with a power cut, but commits that were not synced go with it (store_commit_later),
 * and the floors that they brought: so first what was written up to here is made durable, by a write that changes
 * nothing. */
static int settle(struct store *s, struct err *err) {
    struct kv_batch *batch = kv_batch_new(s->kv);
    if (!batch)
        return err_set(err, CODE_NO_MEMORY, "no memory to prune");
    put_came_to(batch, s->keep.pruned_to);
    int rc = kv_write(s->kv, batch, true, err);
    kv_batch_free(batch);
    return rc;
}

static int reclaim_blocks(struct store *s, struct err *err) {
    int rc = settle(s, err);
    if (rc)
        return rc;
    for (size_t k = 0; k < sizeof kinds && rc == CODE_OK; k++) {
        struct height_key from = height_key(kinds[k], 0), to = height_key(kinds[k], s->keep.pruned_to);
        rc = kv_drop_files(s->kv, STORE_FAMILY_BLOCKS, height_key_bytes(&from), height_key_bytes(&to), err);
    }
    s->keep.reclaimed_to = s->keep.pruned_to;
    return rc;
}

static int reclaim_undo(struct store *s, uint64_t undo, struct err *err) {
    struct height_key values = height_key(UNDO_STATE, 0), values_end = height_key(UNDO_STATE, undo);
    struct height_key pages = height_key(UNDO_TREE, 0), pages_end = height_key(UNDO_TREE, undo + 1);
    int rc = settle(s, err);
    if (rc)
        return rc;
    s->keep.undo_reclaimed_to = undo;
    rc = kv_drop_files(s->kv, STORE_FAMILY_UNDO, height_key_bytes(&values), height_key_bytes(&values_end), err);
    return rc ? rc
              : kv_drop_files(s->kv, STORE_FAMILY_UNDO, height_key_bytes(&pages), height_key_bytes(&pages_end), err);
}

int prune_step(struct store *s, size_t budget, bool *ret_more, struct err *err) {
    struct keep *k = &s->keep;
    struct store_view *newest = view_newest(s);
    uint64_t block, undo;
    if (!newest || !views_need(s, &block, &undo)) {
        store_view_close(newest);
        return CODE_OK;
    }
    int rc = squeeze(s, &newest->head, err);
    bool most = block >= k->pruned_to + STRIDE; /* a range for each height would make reading dearer */
    if (rc == CODE_OK && most)
        rc = drop_heights(s, block, budget, err);
    if (rc == CODE_OK && k->pruned_to >= k->reclaimed_to + RECLAIM_HEIGHTS)
        rc = reclaim_blocks(s, err);
    if (rc == CODE_OK && undo >= k->undo_reclaimed_to + RECLAIM_HEIGHTS)
        rc = reclaim_undo(s, undo, err);
    *ret_more |= rc == CODE_OK && block >= k->pruned_to + STRIDE;
    store_view_close(newest);
    return rc;
}
