/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/migrate.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/primary.h"

int migration_get(struct ctx *ctx, const BucketInfo *bucket, BucketMigration **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_migration(&k, bucket->id), &bucket_migration__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, CODE_MIGRATION_NOT_FOUND, "bucket %s is not on its way to another provider",
                     bucket->bucket_name);
    return rc;
}

/* record_fn: counts entries. */
static int count(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(uint64_t *)arg;
    return CODE_OK;
}

static int check_room(struct ctx *ctx, uint32_t sp_id, struct err *err) {
    struct key k;
    uint64_t n = 0, most = ctx->params->storage->migrations_per_sp;
    int rc = record_each(ctx, key_sp_migrations(&k, sp_id), BYTES_NONE, (size_t)most + 1, NULL, count, &n, err);
    if (rc == CODE_OK && n >= most)
        rc = err_set(err, CODE_MIGRATION_LIMIT, "%llu buckets are on their way to provider %u, as many as allowed",
                     (unsigned long long)n, sp_id);
    return rc;
}

static void emit(struct ctx *ctx, const char *type, const BucketMigration *m, const char *reason) {
    ctx_event(ctx, type, "bucket", m->bucket_name, "bucket_id", ctx_u64_text(ctx, m->bucket_id), "from",
              ctx_u64_text(ctx, m->from_sp), "to", ctx_u64_text(ctx, m->to_sp), "deadline",
              ctx_u64_text(ctx, m->deadline), "reason", reason, NULL);
}

int migration_begin(struct ctx *ctx, BucketInfo *bucket, BucketMigration *m, struct err *err) {
    struct key k;
    int rc = check_room(ctx, m->to_sp, err);
    if (rc)
        return rc;
    m->bucket_id = bucket->id;
    m->bucket_name = bucket->bucket_name;
    m->from_sp = bucket->primary_sp;
    m->started_at = ctx->time;
    m->deadline = ctx->time + ctx->params->storage->migrate_time_ms;
    bucket->status = BUCKET_STATUS_MIGRATING;
    bucket->version++;
    bucket->updated_at = ctx->height;
    rc = record_put(ctx, key_migration(&k, m->bucket_id), m, err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_sp_migration(&k, m->to_sp, m->bucket_id), err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_migration_due(&k, m->deadline, m->bucket_id), err);
    if (rc == CODE_OK)
        emit(ctx, "storage.bucket_migrating", m, "");
    return rc;
}

/* Record, index, queue, status. */
static int remove(struct ctx *ctx, BucketInfo *bucket, const BucketMigration *m, struct err *err) {
    struct key k;
    bucket->status = BUCKET_STATUS_CREATED;
    int rc = record_del(ctx, key_migration(&k, m->bucket_id), err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_sp_migration(&k, m->to_sp, m->bucket_id), err);
    return rc ? rc : record_del(ctx, key_migration_due(&k, m->deadline, m->bucket_id), err);
}

/* --- the end --- */

struct look {
    uint32_t sp_id;
    bool others;
};

/* record_fn over the slots of a bucket: is one of them another primary's? */
static int is_others(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct look *look = arg;
    PlacementGroup *group = NULL;
    (void)rest, (void)value;
    int rc = placement_get(ctx, ((const BucketSlot *)msg)->group_id, &group, err);
    if (rc)
        return rc;
    look->others = group->members[0] != look->sp_id;
    return look->others ? RECORD_STOP : CODE_OK;
}

int migration_look(struct ctx *ctx, BucketInfo *bucket, struct err *err) {
    BucketMigration *m = NULL;
    struct key k;
    int rc = migration_get(ctx, bucket, &m, err);
    if (rc)
        return rc;
    struct look look = {.sp_id = m->to_sp};
    rc = record_each(ctx, key_slot_all(&k, bucket->id), BYTES_NONE, 0, &bucket_slot__descriptor, is_others, &look, err);
    if (rc || look.others)
        return rc;
    rc = remove(ctx, bucket, m, err);
    if (rc == CODE_OK)
        rc = primary_set(ctx, bucket, m->to_sp, m->read_price, err);
    if (rc == CODE_OK)
        emit(ctx, "storage.bucket_migrated", m, "");
    return rc ? rc : bucket_put(ctx, bucket, err);
}

struct leaving {
    uint64_t bucket_id;
    enum sp_leave how;
    const char *reason;
};

/* record_fn over the slots of a bucket. */
static int leave(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    const struct leaving *l = arg;
    (void)rest, (void)value;
    return sp_leave_slot(ctx, ((const BucketSlot *)msg)->group_id, l->bucket_id, l->how, l->reason, err);
}

int migration_end(struct ctx *ctx, BucketInfo *bucket, const BucketMigration *m, enum sp_leave how, const char *reason,
                  struct err *err) {
    struct leaving l = {bucket->id, how, reason};
    struct key k;
    int rc = record_each(ctx, key_slot_all(&k, bucket->id), BYTES_NONE, 0, &bucket_slot__descriptor, leave, &l, err);
    if (rc == CODE_OK)
        rc = remove(ctx, bucket, m, err);
    if (rc)
        return rc;
    bucket->version++;
    bucket->updated_at = ctx->height;
    emit(ctx, "storage.migration_ended", m, reason);
    return bucket_put(ctx, bucket, err);
}

int migration_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    BucketInfo *bucket = NULL;
    BucketMigration *m = NULL;
    (void)due_time, (void)value;
    if (rest.len != 8)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of migrations has %zu bytes", rest.len);
    int rc = bucket_by_id(ctx, load_be64(rest.data), &bucket, err);
    if (rc == CODE_OK)
        rc = migration_get(ctx, bucket, &m, err);
    return rc ? rc : migration_end(ctx, bucket, m, SP_LEAVE_LATE, "its deadline has passed", err);
}
