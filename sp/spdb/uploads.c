/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/spdb/uploads.h"

#include "chain/base/code.h"
#include "chain/base/limits.h"
#include "chain/codec/pb.h"

#include <assert.h>

_Static_assert(sizeof((struct segment_roots *)0)->piece / sizeof(struct hash) == CODE_N_MAX, "one root a position");

static struct spdb_key upload_key(uint64_t object_id) {
    struct spdb_key key = {.len = 0};
    spdb_key_u64(&key, object_id);
    return key;
}

int upload_get(struct spdb *db, uint64_t object_id, struct arena *arena, UploadRecord **ret_upload, struct err *err) {
    struct spdb_key key = upload_key(object_id);
    return spdb_get(db, SPDB_UPLOAD, spdb_key_of(&key), &upload_record__descriptor, arena, ret_upload, err);
}

int upload_put(struct spdb *db, const UploadRecord *upload, struct err *err) {
    struct spdb_key key = upload_key(upload->object_id);
    return spdb_put(db, SPDB_UPLOAD, spdb_key_of(&key), upload, err);
}

void upload_put_in(struct spdb_batch *batch, const UploadRecord *upload) {
    struct spdb_key key = upload_key(upload->object_id);
    spdb_batch_put(batch, SPDB_UPLOAD, spdb_key_of(&key), upload);
}

int upload_del(struct spdb *db, uint64_t object_id, struct err *err) {
    struct spdb_key key = upload_key(object_id);
    return spdb_del(db, SPDB_UPLOAD, spdb_key_of(&key), err);
}

int upload_update(struct spdb *db, uint64_t object_id, upload_change *change, void *ctx, struct err *err) {
    struct arena arena;
    UploadRecord *upload;
    arena_init(&arena, 8 * MIB);
    mutex_lock(&db->updating);
    int rc = upload_get(db, object_id, &arena, &upload, err);
    if (!rc)
        rc = change(ctx, upload, &arena, err);
    if (!rc)
        rc = upload_put(db, upload, err);
    mutex_unlock(&db->updating);
    arena_release(&arena);
    return rc;
}

int upload_each(struct spdb *db, spdb_visit *visit, void *ctx, struct err *err) {
    return spdb_each(db, SPDB_UPLOAD, BYTES_NONE, BYTES_NONE, &upload_record__descriptor, visit, ctx, err);
}

/* --- states --- */

/* The order of the workflow: each stage's DOING, DONE, ERROR. */
static const struct {
    UploadState doing, done, error;
} stages[] = {
    {UPLOAD_OBJECT_DOING, UPLOAD_OBJECT_DONE, UPLOAD_OBJECT_ERROR},
    {ALLOC_SECONDARY_DOING, ALLOC_SECONDARY_DONE, ALLOC_SECONDARY_ERROR},
    {REPLICATE_OBJECT_DOING, REPLICATE_OBJECT_DONE, REPLICATE_OBJECT_ERROR},
    {SIGN_OBJECT_DOING, SIGN_OBJECT_DONE, SIGN_OBJECT_ERROR},
    {SEAL_OBJECT_TX_DOING, SEAL_OBJECT_DONE, SEAL_OBJECT_TX_ERROR},
};

#define STAGES (sizeof stages / sizeof stages[0])

static bool may_move(UploadState from, UploadState to) {
    if (from == INIT_UNSPECIFIED)
        return to == UPLOAD_OBJECT_DOING;
    for (size_t i = 0; i < STAGES; i++) {
        if (from == stages[i].doing)
            return to == stages[i].done || to == stages[i].error;
        if (from == stages[i].error)
            return to == stages[i].doing;
        if (from == stages[i].done)
            return i + 1 < STAGES && to == stages[i + 1].doing;
    }
    return false;
}

const char *upload_state_name(UploadState state) {
    const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value(&upload_state__descriptor, (int)state);
    return named ? named->name : "UNKNOWN";
}

bool upload_state_is_error(UploadState state) {
    for (size_t i = 0; i < STAGES; i++)
        if (state == stages[i].error)
            return true;
    return false;
}

int upload_move(UploadRecord *upload, UploadState to, const char *reason, uint64_t now_ms, struct err *err) {
    if (upload->state != to && !may_move(upload->state, to))
        return err_set(err, CODE_CONFLICT, "an upload does not go from %s to %s", upload_state_name(upload->state),
                       upload_state_name(to));
    if (upload_state_is_error(to))
        upload->attempts++;
    else if (!upload_state_is_error(upload->state) && upload->state != to)
        upload->attempts = 0;
    upload->state = to;
    upload->reason = pb_text(reason ? reason : "");
    upload->updated_ms = now_ms;
    return CODE_OK;
}

/* --- segments --- */

static struct spdb_key version_key(uint64_t object_id, uint64_t version) {
    struct spdb_key key = upload_key(object_id);
    spdb_key_u64(&key, version);
    return key;
}

static struct spdb_key segment_key(uint64_t object_id, uint64_t version, uint64_t segment) {
    struct spdb_key key = version_key(object_id, version);
    spdb_key_u64(&key, segment);
    return key;
}

static int roots_from(const SegmentRoots *msg, struct segment_roots *ret_roots, struct err *err) {
    struct segment_roots roots = {.positions = msg->n_piece_roots};
    bool fits = msg->n_piece_roots <= CODE_N_MAX && hash_from(pb_bytes(msg->whole_root), &roots.whole);
    for (size_t i = 0; fits && i < roots.positions; i++)
        fits = hash_from(pb_bytes(msg->piece_roots[i]), &roots.piece[i]);
    if (!fits)
        return err_set(err, CODE_CORRUPT, "a record of a segment's roots is damaged");
    *ret_roots = roots;
    return CODE_OK;
}

int segment_get(struct spdb *db, uint64_t object_id, uint64_t version, uint64_t segment,
                struct segment_roots *ret_roots, struct err *err) {
    struct spdb_key key = segment_key(object_id, version, segment);
    struct arena arena;
    SegmentRoots *msg;
    arena_init(&arena, 64 * KIB);
    int rc = spdb_get(db, SPDB_SEGMENT, spdb_key_of(&key), &segment_roots__descriptor, &arena, &msg, err);
    if (!rc)
        rc = roots_from(msg, ret_roots, err);
    arena_release(&arena);
    return rc;
}

void segment_put_in(struct spdb_batch *batch, uint64_t object_id, uint64_t version, uint64_t segment,
                    const struct segment_roots *roots) {
    struct spdb_key key = segment_key(object_id, version, segment);
    ProtobufCBinaryData pieces[CODE_N_MAX];
    SegmentRoots msg = SEGMENT_ROOTS__INIT;
    assert(roots->positions <= CODE_N_MAX);
    for (size_t i = 0; i < roots->positions; i++)
        pieces[i] = pb_data(hash_bytes(&roots->piece[i]));
    msg.whole_root = pb_data(hash_bytes(&roots->whole));
    msg.n_piece_roots = roots->positions;
    msg.piece_roots = pieces;
    spdb_batch_put(batch, SPDB_SEGMENT, spdb_key_of(&key), &msg);
}

void segment_del_in(struct spdb_batch *batch, uint64_t object_id, uint64_t version, uint64_t segment) {
    struct spdb_key key = segment_key(object_id, version, segment);
    spdb_batch_del(batch, SPDB_SEGMENT, spdb_key_of(&key));
}

struct marking {
    uint8_t *bitmap;
    uint64_t segments, count;
};

static int mark_segment(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct marking *marking = ctx;
    (void)msg;
    (void)err;
    uint64_t segment = key.len == 24 ? load_be64(key.data + 16) : UINT64_MAX;
    if (segment < marking->segments) {
        bitmap_set(marking->bitmap, segment);
        marking->count++;
    }
    return CODE_OK;
}

int segment_bitmap(struct spdb *db, uint64_t object_id, uint64_t version, uint64_t segments, uint8_t *ret_bitmap,
                   uint64_t *ret_count, struct err *err) {
    struct spdb_key prefix = version_key(object_id, version);
    struct marking marking = {ret_bitmap, segments, 0};
    memset(ret_bitmap, 0, bitmap_len(segments));
    int rc = spdb_each(db, SPDB_SEGMENT, spdb_key_of(&prefix), BYTES_NONE, NULL, mark_segment, &marking, err);
    if (!rc)
        *ret_count = marking.count;
    return rc;
}
