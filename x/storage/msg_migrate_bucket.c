/* SPDX-License-Identifier: Apache-2.0 */
/* MsgMigrateBucket {spec, approval}: the bucket is to have another primary, which has approved exactly this; migrate.h
 * tells what follows. The old primary is not asked. */
#include "x/storage/msgs.h"

#include "chain/codec/pb.h"
#include "x/sp/sp.h"
#include "x/storage/access.h"
#include "x/storage/approval.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/migrate.h"

#include <inttypes.h>

int msg_migrate_bucket_check(const void *msg, const Params *params, struct err *err) {
    const MsgMigrateBucket *m = msg;
    (void)params;
    if (m->spec.len == 0 || m->spec.len > SPEC_LEN_MAX)
        return err_set(err, CODE_TOO_LARGE, "a migration's spec has 1 to %zu bytes, not %zu", SPEC_LEN_MAX,
                       m->spec.len);
    return CODE_OK;
}

static int find_bucket(struct ctx *ctx, const MigrateBucketSpec *spec, BucketInfo **ret, struct err *err) {
    BucketInfo *bucket = NULL;
    if (!bytes_eq(pb_bytes(spec->creator), addr_bytes(&ctx->signer)))
        return err_set(err, CODE_DENIED, "the spec names another creator than who sends it");
    int rc = fields_check_bucket_name(spec->bucket_name, err);
    if (rc == CODE_OK)
        rc = bucket_get(ctx, spec->bucket_name, &bucket, err);
    if (rc == CODE_OK && bucket->id != spec->bucket_id)
        rc = err_set(err, CODE_BUCKET_NOT_FOUND, "bucket %s has id %" PRIu64 ", the spec is about %" PRIu64,
                     bucket->bucket_name, bucket->id, spec->bucket_id);
    if (rc == CODE_OK)
        rc = bucket_writable(bucket, err);
    if (rc == CODE_OK)
        rc = access_bucket(ctx, ACTION_UPDATE_BUCKET, bucket, "migrate bucket", err);
    if (rc == CODE_OK && bucket->primary_sp == spec->to_sp)
        rc = err_set(err, CODE_MIGRATION_TARGET, "provider %u is the primary of bucket %s already", spec->to_sp,
                     bucket->bucket_name);
    if (rc == CODE_OK)
        *ret = bucket;
    return rc;
}

int msg_migrate_bucket_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgMigrateBucket *m = msg;
    MigrateBucketSpec *spec = NULL;
    BucketInfo *bucket = NULL;
    StorageProvider *sp = NULL;
    uint64_t price = 0; /* what lies there keeps the prices it was sealed at */
    int rc = pb_decode(&migrate_bucket_spec__descriptor, pb_bytes(m->spec), ctx->arena, &spec, err);
    if (rc)
        return err_wrap(err, rc, "migration spec");
    rc = find_bucket(ctx, spec, &bucket, err);
    if (rc == CODE_OK)
        rc = approval_use(ctx, m->approval, pb_bytes(m->spec), spec->to_sp, &price, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, spec->to_sp, &sp, err);
    if (rc)
        return rc;
    BucketMigration *migration = CTX_NEW(ctx, BucketMigration);
    bucket_migration__init(migration);
    migration->to_sp = spec->to_sp;
    migration->creator = ctx_addr(ctx, &ctx->signer);
    migration->read_price = sp->read_price;
    rc = migration_begin(ctx, bucket, migration, err);
    return rc ? rc : bucket_put(ctx, bucket, err);
}
