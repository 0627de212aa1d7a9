/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/spdb/notes.h"

#include "chain/base/code.h"
#include "chain/base/limits.h"

int cursor_get(struct spdb *db, const char *name, uint64_t *ret_height, uint32_t *ret_index, struct err *err) {
    struct arena arena;
    Cursor *cursor;
    arena_init(&arena, 4 * KIB);
    int rc = spdb_get(db, SPDB_CURSOR, bytes_str(name), &cursor__descriptor, &arena, &cursor, err);
    if (rc == CODE_OK || rc == CODE_NOT_FOUND) {
        *ret_height = rc ? 0 : cursor->height;
        *ret_index = rc ? 0 : cursor->index;
        rc = CODE_OK;
    }
    arena_release(&arena);
    return rc;
}

void cursor_put_in(struct spdb_batch *batch, const char *name, uint64_t height, uint32_t index) {
    Cursor cursor = CURSOR__INIT;
    cursor.height = height;
    cursor.index = index;
    spdb_batch_put(batch, SPDB_CURSOR, bytes_str(name), &cursor);
}

int cursor_put(struct spdb *db, const char *name, uint64_t height, uint32_t index, struct err *err) {
    struct spdb_batch batch;
    int rc = spdb_begin(db, &batch, err);
    if (rc)
        return rc;
    cursor_put_in(&batch, name, height, index);
    return spdb_commit(&batch, err);
}

int approval_get(struct spdb *db, const struct hash *spec_hash, struct arena *arena, ApprovalRecord **ret_record,
                 struct err *err) {
    return spdb_get(db, SPDB_APPROVAL, hash_bytes(spec_hash), &approval_record__descriptor, arena, ret_record, err);
}

int approval_put(struct spdb *db, const struct hash *spec_hash, const ApprovalRecord *record, struct err *err) {
    return spdb_put(db, SPDB_APPROVAL, hash_bytes(spec_hash), record, err);
}

int approval_del(struct spdb *db, const struct hash *spec_hash, struct err *err) {
    return spdb_del(db, SPDB_APPROVAL, hash_bytes(spec_hash), err);
}

int approval_each(struct spdb *db, spdb_visit *visit, void *ctx, struct err *err) {
    return spdb_each(db, SPDB_APPROVAL, BYTES_NONE, BYTES_NONE, &approval_record__descriptor, visit, ctx, err);
}

int note_get(struct spdb *db, const char *name, const ProtobufCMessageDescriptor *desc, struct arena *arena,
             void *ret_msg, struct err *err) {
    return spdb_get(db, SPDB_META, bytes_str(name), desc, arena, ret_msg, err);
}

int note_put(struct spdb *db, const char *name, const void *msg, struct err *err) {
    return spdb_put(db, SPDB_META, bytes_str(name), msg, err);
}
