/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/spdb/spdb.h"

#include <assert.h>
#include <string.h>

#include "chain/base/code.h"
#include "chain/base/limits.h"
#include "chain/codec/pb.h"

/* Memory for decoding one record: the largest is an upload with all its secondaries. */
#define RECORD_MEMORY (8 * MIB)

static const char *const families[SPDB_FAMILIES] = {
    [SPDB_UPLOAD] = "upload", [SPDB_SEGMENT] = "segment",   [SPDB_HELD] = "held", [SPDB_PIECE] = "piece",
    [SPDB_TASK] = "task",     [SPDB_QUOTA] = "quota",       [SPDB_READ] = "read", [SPDB_CURSOR] = "cursor",
    [SPDB_GC] = "gc",         [SPDB_APPROVAL] = "approval", [SPDB_META] = "meta",
};

static void init(struct spdb *db) {
    mutex_init(&db->writing);
    mutex_init(&db->counting);
    mutex_init(&db->updating);
    for (size_t i = 0; i < SPDB_PIECE_LOCKS; i++)
        mutex_init(&db->pieces[i]);
    cond_init(&db->written);
    db->writes = 0;
    db->next_task = 0;
    db->next_read = 0;
}

int spdb_open(struct spdb *db, const char *dir, size_t cache_bytes, struct err *err) {
    struct kv_rocks_options options = {.cache_bytes = cache_bytes};
    int rc = kv_open_rocks(dir, families, SPDB_FAMILIES, &options, &db->kv, err);
    if (!rc)
        init(db);
    return rc;
}

int spdb_open_mem(struct spdb *db, struct err *err) {
    int rc = kv_open_mem(SPDB_FAMILIES, &db->kv, err);
    if (!rc)
        init(db);
    return rc;
}

void spdb_close(struct spdb *db) {
    if (!db->kv)
        return;
    kv_close(db->kv);
    db->kv = NULL;
    mutex_release(&db->writing);
    mutex_release(&db->counting);
    mutex_release(&db->updating);
    for (size_t i = 0; i < SPDB_PIECE_LOCKS; i++)
        mutex_release(&db->pieces[i]);
    cond_release(&db->written);
}

/* --- keys --- */

void spdb_key_u64(struct spdb_key *key, uint64_t value) {
    assert(key->len + 8 <= sizeof key->data);
    store_be64(key->data + key->len, value);
    key->len += 8;
}

void spdb_key_u32(struct spdb_key *key, uint32_t value) {
    assert(key->len + 4 <= sizeof key->data);
    store_be32(key->data + key->len, value);
    key->len += 4;
}

void spdb_key_bytes(struct spdb_key *key, struct bytes value) {
    size_t room = sizeof key->data - key->len, len = value.len < room ? value.len : room;
    if (len > 0)
        memcpy(key->data + key->len, value.data, len);
    key->len += len;
}

/* --- reading --- */

static int decode(const ProtobufCMessageDescriptor *desc, struct bytes value, struct arena *arena, void *ret_msg,
                  struct err *err) {
    int rc = pb_decode(desc, value, arena, ret_msg, err);
    if (rc == CODE_OK || rc == CODE_NO_MEMORY)
        return rc;
    return err_wrap(err, CODE_CORRUPT, "a record in the provider's database is damaged");
}

int spdb_get(struct spdb *db, enum spdb_family family, struct bytes key, const ProtobufCMessageDescriptor *desc,
             struct arena *arena, void *ret_msg, struct err *err) {
    struct kv_value value;
    int rc = kv_get(db->kv, NULL, family, key, &value, err);
    if (rc)
        return rc;
    rc = decode(desc, value.bytes, arena, ret_msg, err);
    kv_value_release(&value);
    return rc;
}

static int visit_one(const ProtobufCMessageDescriptor *desc, struct bytes key, struct bytes value, struct arena *arena,
                     spdb_visit *visit, void *ctx, struct err *err) {
    if (!desc)
        return visit(ctx, key, &value, err);
    void *msg;
    int rc = decode(desc, value, arena, &msg, err);
    if (!rc)
        rc = visit(ctx, key, msg, err);
    arena_reset(arena);
    return rc;
}

int spdb_each(struct spdb *db, enum spdb_family family, struct bytes prefix, struct bytes from,
              const ProtobufCMessageDescriptor *desc, spdb_visit *visit, void *ctx, struct err *err) {
    uint8_t room[sizeof(struct spdb_key)];
    struct kv_range range = {.from = from.len > 0 ? from : prefix};
    struct kv_iter *iter;
    struct arena arena;
    struct bytes key, value;
    if (prefix.len > 0)
        range.to = kv_prefix_end(prefix, room);
    int rc = kv_iter_open(db->kv, NULL, family, &range, &iter, err);
    if (rc)
        return rc;
    arena_init(&arena, RECORD_MEMORY);
    while (!rc && kv_iter_next(iter, &key, &value))
        rc = visit_one(desc, key, value, &arena, visit, ctx, err);
    arena_release(&arena);
    int end = kv_iter_close(iter, rc ? NULL : err);
    return rc ? rc : end;
}

/* --- writing --- */

int spdb_begin(struct spdb *db, struct spdb_batch *batch, struct err *err) {
    *batch = (struct spdb_batch){.db = db, .writes = kv_batch_new(db->kv), .failed = CODE_OK};
    return batch->writes ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory to write to the provider's database");
}

void spdb_batch_put(struct spdb_batch *batch, enum spdb_family family, struct bytes key, const void *msg) {
    struct buf out;
    buf_init(&out, RECORD_MEMORY);
    int rc = pb_append(msg, &out, NULL);
    if (rc)
        batch->failed = rc;
    else
        kv_batch_put(batch->writes, family, key, buf_bytes(&out));
    buf_release(&out);
}

void spdb_batch_put_raw(struct spdb_batch *batch, enum spdb_family family, struct bytes key, struct bytes value) {
    kv_batch_put(batch->writes, family, key, value);
}

void spdb_batch_del(struct spdb_batch *batch, enum spdb_family family, struct bytes key) {
    kv_batch_del(batch->writes, family, key);
}

void spdb_abandon(struct spdb_batch *batch) {
    kv_batch_free(batch->writes);
    batch->writes = NULL;
}

static void tell_written(struct spdb *db) {
    mutex_lock(&db->counting);
    db->writes++;
    cond_broadcast(&db->written);
    mutex_unlock(&db->counting);
}

uint64_t spdb_writes(struct spdb *db) {
    mutex_lock(&db->counting);
    uint64_t writes = db->writes;
    mutex_unlock(&db->counting);
    return writes;
}

void spdb_wait_write(struct spdb *db, uint64_t seen, uint64_t deadline_ns) {
    mutex_lock(&db->counting);
    while (db->writes == seen && cond_wait_until(&db->written, &db->counting, deadline_ns))
        ;
    mutex_unlock(&db->counting);
}

int spdb_commit(struct spdb_batch *batch, struct err *err) {
    int rc = batch->failed ? err_set(err, batch->failed, "a record is too large for the provider's database") : CODE_OK;
    if (!rc) {
        mutex_lock(&batch->db->writing);
        rc = kv_write(batch->db->kv, batch->writes, true, err);
        mutex_unlock(&batch->db->writing);
    }
    if (!rc)
        tell_written(batch->db);
    spdb_abandon(batch);
    return rc;
}

int spdb_put(struct spdb *db, enum spdb_family family, struct bytes key, const void *msg, struct err *err) {
    struct spdb_batch batch;
    int rc = spdb_begin(db, &batch, err);
    if (rc)
        return rc;
    spdb_batch_put(&batch, family, key, msg);
    return spdb_commit(&batch, err);
}

int spdb_del(struct spdb *db, enum spdb_family family, struct bytes key, struct err *err) {
    struct spdb_batch batch;
    int rc = spdb_begin(db, &batch, err);
    if (rc)
        return rc;
    spdb_batch_del(&batch, family, key);
    return spdb_commit(&batch, err);
}
