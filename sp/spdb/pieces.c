/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/spdb/pieces.h"

#include "chain/base/code.h"
#include "chain/codec/pb.h"
#include "sp/spdb/uploads.h"

static struct spdb_key position_key(uint64_t object_id, uint64_t version, uint32_t position) {
    struct spdb_key key = {.len = 0};
    spdb_key_u64(&key, object_id);
    spdb_key_u64(&key, version);
    spdb_key_u32(&key, position);
    return key;
}

static struct spdb_key index_key(const struct piece_key *piece) {
    struct spdb_key key = position_key(piece->object_id, piece->version, piece->position);
    spdb_key_u64(&key, piece->segment);
    return key;
}

/* --- positions --- */

int held_get(struct spdb *db, uint64_t object_id, uint64_t version, uint32_t position, struct arena *arena,
             HeldPosition **ret_held, struct err *err) {
    struct spdb_key key = position_key(object_id, version, position);
    return spdb_get(db, SPDB_HELD, spdb_key_of(&key), &held_position__descriptor, arena, ret_held, err);
}

int held_put(struct spdb *db, const HeldPosition *held, struct err *err) {
    struct spdb_key key = position_key(held->object_id, held->version, held->position);
    return spdb_put(db, SPDB_HELD, spdb_key_of(&key), held, err);
}

void held_put_in(struct spdb_batch *batch, const HeldPosition *held) {
    struct spdb_key key = position_key(held->object_id, held->version, held->position);
    spdb_batch_put(batch, SPDB_HELD, spdb_key_of(&key), held);
}

void held_del_in(struct spdb_batch *batch, uint64_t object_id, uint64_t version, uint32_t position) {
    struct spdb_key key = position_key(object_id, version, position);
    spdb_batch_del(batch, SPDB_HELD, spdb_key_of(&key));
}

int held_each(struct spdb *db, uint64_t object_id, spdb_visit *visit, void *ctx, struct err *err) {
    struct spdb_key prefix = {.len = 0};
    if (object_id != 0)
        spdb_key_u64(&prefix, object_id);
    return spdb_each(db, SPDB_HELD, spdb_key_of(&prefix), BYTES_NONE, &held_position__descriptor, visit, ctx, err);
}

struct first_held {
    struct arena *arena;
    uint64_t version;
    HeldPosition *found;
};

/* Ends the iteration with CODE_DONE_ALREADY once one is found. */
static int take_first(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct first_held *first = ctx;
    const HeldPosition *held = msg;
    (void)key;
    if (held->version != first->version)
        return CODE_OK;
    int rc = pb_copy(held, first->arena, &first->found, err);
    return rc ? rc : CODE_DONE_ALREADY;
}

int held_any(struct spdb *db, uint64_t object_id, uint64_t version, struct arena *arena, HeldPosition **ret_held,
             struct err *err) {
    struct first_held first = {.arena = arena, .version = version};
    int rc = held_each(db, object_id, take_first, &first, err);
    if (rc == CODE_OK)
        return CODE_NOT_FOUND;
    if (rc != CODE_DONE_ALREADY)
        return rc;
    *ret_held = first.found;
    return CODE_OK;
}

/* --- pieces --- */

int piece_root_get(struct spdb *db, const struct piece_key *piece, struct hash *ret_root, struct err *err) {
    struct spdb_key key = index_key(piece);
    struct kv_value value;
    int rc = kv_get(db->kv, NULL, SPDB_PIECE, spdb_key_of(&key), &value, err);
    if (rc)
        return rc;
    if (!hash_from(value.bytes, ret_root))
        rc = err_set(err, CODE_CORRUPT, "a record of the piece index is damaged");
    kv_value_release(&value);
    return rc;
}

void piece_root_put_in(struct spdb_batch *batch, const struct piece_key *piece, const struct hash *root) {
    struct spdb_key key = index_key(piece);
    spdb_batch_put_raw(batch, SPDB_PIECE, spdb_key_of(&key), hash_bytes(root));
}

int piece_root_put(struct spdb *db, const struct piece_key *piece, const struct hash *root, struct err *err) {
    struct spdb_batch batch;
    int rc = spdb_begin(db, &batch, err);
    if (rc)
        return rc;
    piece_root_put_in(&batch, piece, root);
    return spdb_commit(&batch, err);
}

void piece_root_del_in(struct spdb_batch *batch, const struct piece_key *piece) {
    struct spdb_key key = index_key(piece);
    spdb_batch_del(batch, SPDB_PIECE, spdb_key_of(&key));
}

struct index_walk {
    piece_visit *visit;
    void *ctx;
};

static int visit_index(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct index_walk *walk = ctx;
    const struct bytes *value = msg;
    struct hash root;
    if (key.len != 28 || !hash_from(*value, &root))
        return err_set(err, CODE_CORRUPT, "a record of the piece index is damaged");
    struct piece_key piece = {.object_id = load_be64(key.data),
                              .version = load_be64(key.data + 8),
                              .position = load_be32(key.data + 16),
                              .segment = load_be64(key.data + 20)};
    return walk->visit(walk->ctx, &piece, &root, err);
}

int piece_each_of(struct spdb *db, uint64_t object_id, uint64_t version, uint32_t position, piece_visit *visit,
                  void *ctx, struct err *err) {
    struct spdb_key prefix = position_key(object_id, version, position);
    struct index_walk walk = {visit, ctx};
    return spdb_each(db, SPDB_PIECE, spdb_key_of(&prefix), BYTES_NONE, NULL, visit_index, &walk, err);
}

int piece_each(struct spdb *db, const struct piece_key *from, piece_visit *visit, void *ctx, struct err *err) {
    struct spdb_key first = {.len = 0};
    struct index_walk walk = {visit, ctx};
    if (from)
        first = index_key(from);
    return spdb_each(db, SPDB_PIECE, BYTES_NONE, spdb_key_of(&first), NULL, visit_index, &walk, err);
}

struct roots_read {
    uint64_t segments, have;
    struct hash *roots;
    uint8_t *bitmap;
};

static int take_root(void *ctx, const struct piece_key *key, const struct hash *root, struct err *err) {
    struct roots_read *read = ctx;
    (void)err;
    if (key->segment >= read->segments)
        return CODE_OK;
    read->roots[key->segment] = *root;
    read->have++;
    if (read->bitmap)
        bitmap_set(read->bitmap, key->segment);
    return CODE_OK;
}

int piece_roots_read(struct spdb *db, uint64_t object_id, uint64_t version, uint32_t position, uint64_t segments,
                     struct hash *ret_roots, uint8_t *ret_bitmap, uint64_t *ret_have, struct err *err) {
    struct roots_read read = {.segments = segments, .roots = ret_roots, .bitmap = ret_bitmap};
    memset(ret_roots, 0, (size_t)segments * sizeof *ret_roots);
    if (ret_bitmap)
        memset(ret_bitmap, 0, bitmap_len(segments));
    int rc = piece_each_of(db, object_id, version, position, take_root, &read, err);
    if (!rc)
        *ret_have = read.have;
    return rc;
}

/* --- bytes to be removed --- */

void gc_mark_in(struct spdb_batch *batch, uint64_t object_id, uint64_t version, uint32_t position, const char *reason,
                uint64_t now_ms) {
    struct spdb_key key = position_key(object_id, version, position);
    GcRecord msg = GC_RECORD__INIT;
    msg.object_id = object_id;
    msg.version = version;
    msg.position = position;
    msg.reason = pb_text(reason);
    msg.since_ms = now_ms;
    spdb_batch_put(batch, SPDB_GC, spdb_key_of(&key), &msg);
    held_del_in(batch, object_id, version, position);
}

int gc_mark(struct spdb *db, uint64_t object_id, uint64_t version, uint32_t position, const char *reason,
            uint64_t now_ms, struct err *err) {
    struct spdb_batch batch;
    int rc = spdb_begin(db, &batch, err);
    if (rc)
        return rc;
    gc_mark_in(&batch, object_id, version, position, reason, now_ms);
    return spdb_commit(&batch, err);
}

int gc_check(struct spdb *db, uint64_t object_id, uint64_t version, uint32_t position, struct err *err) {
    struct spdb_key key = position_key(object_id, version, position);
    struct arena arena;
    GcRecord *note;
    arena_init(&arena, 64 * KIB);
    int rc = spdb_get(db, SPDB_GC, spdb_key_of(&key), &gc_record__descriptor, &arena, &note, err);
    arena_release(&arena);
    if (rc == CODE_OK)
        return err_set(err, CODE_BUSY, "what lay at position %u before is still being removed: try again", position);
    return rc == CODE_NOT_FOUND ? CODE_OK : rc;
}

int gc_unmark(struct spdb *db, uint64_t object_id, uint64_t version, uint32_t position, struct err *err) {
    struct spdb_key key = position_key(object_id, version, position);
    return spdb_del(db, SPDB_GC, spdb_key_of(&key), err);
}

int gc_each(struct spdb *db, spdb_visit *visit, void *ctx, struct err *err) {
    return spdb_each(db, SPDB_GC, BYTES_NONE, BYTES_NONE, &gc_record__descriptor, visit, ctx, err);
}
