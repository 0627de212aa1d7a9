/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/bucket.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/payment/payment.h"
#include "x/permission/permission.h"
#include "x/storage/counts.h"

int bucket_get(struct ctx *ctx, const char *bucket_name, BucketInfo **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_bucket(&k, bucket_name), &bucket_info__descriptor, ret, err);
    return rc == CODE_NOT_FOUND ? err_set(err, CODE_BUCKET_NOT_FOUND, "bucket %s does not exist", bucket_name) : rc;
}

int bucket_by_id(struct ctx *ctx, uint64_t bucket_id, BucketInfo **ret, struct err *err) {
    struct key k;
    BucketLocation *at;
    int rc = record_get(ctx, key_bucket_id(&k, bucket_id), &bucket_location__descriptor, &at, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_BUCKET_NOT_FOUND, "there is no bucket with id %llu", (unsigned long long)bucket_id);
    return rc ? rc : bucket_get(ctx, at->bucket_name, ret, err);
}

int bucket_writable(const BucketInfo *bucket, struct err *err) {
    if (bucket->status != BUCKET_STATUS_CREATED)
        return err_set(err, CODE_BUCKET_STATUS, "bucket %s is %s; nothing can be added to it", bucket->bucket_name,
                       bucket->status == BUCKET_STATUS_MIGRATING ? "migrating" : "discontinued");
    return CODE_OK;
}

int bucket_put(struct ctx *ctx, const BucketInfo *bucket, struct err *err) {
    struct key k;
    return record_put(ctx, key_bucket(&k, bucket->bucket_name), bucket, err);
}

struct addr bucket_owner(const BucketInfo *bucket) {
    struct addr a = {{0}};
    addr_of_field(bucket->owner, &a);
    return a;
}

struct addr bucket_payer(const BucketInfo *bucket) {
    struct addr a = {{0}};
    addr_of_field(bucket->payment_address, &a);
    return a;
}

int bucket_insert(struct ctx *ctx, const BucketInfo *bucket, struct err *err) {
    struct key k;
    struct addr owner = bucket_owner(bucket);
    BucketLocation at = BUCKET_LOCATION__INIT;
    bool there = false;
    int rc = record_has(ctx, key_bucket(&k, bucket->bucket_name), &there, err);
    if (rc)
        return rc;
    if (there)
        return err_set(err, CODE_BUCKET_EXISTS, "bucket %s exists already; names are unique on the whole network",
                       bucket->bucket_name);
    rc = counts_add_bucket(ctx, &owner, err);
    at.bucket_name = bucket->bucket_name;
    if (rc == CODE_OK)
        rc = record_put(ctx, key_bucket_id(&k, bucket->id), &at, err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_bucket_owner(&k, &owner, bucket->bucket_name), err);
    return rc ? rc : bucket_put(ctx, bucket, err);
}

int bucket_remove(struct ctx *ctx, const BucketInfo *bucket, struct err *err) {
    struct key k;
    struct addr owner = bucket_owner(bucket);
    struct addr payer = bucket_payer(bucket);
    int rc = payment_quota_set(ctx, &payer, bucket->id, bucket->primary_sp, 0, err);
    if (rc == CODE_OK)
        rc = permission_drop(ctx, RESOURCE_KIND_BUCKET, bucket->id, err);
    if (rc == CODE_OK && bucket->discontinue_at)
        rc = record_del(ctx, key_discontinued_bucket(&k, bucket->discontinue_at, bucket->id), err);
    if (rc == CODE_OK)
        rc = counts_sub_bucket(ctx, &owner, err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_bucket_id(&k, bucket->id), err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_bucket_owner(&k, &owner, bucket->bucket_name), err);
    return rc ? rc : record_del(ctx, key_bucket(&k, bucket->bucket_name), err);
}
