/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/counts.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"

#include "cairn/storage.h"

static int counts_get(struct ctx *ctx, const struct addr *owner, OwnerCounts *ret, struct err *err) {
    struct key k;
    OwnerCounts *record;
    owner_counts__init(ret);
    int rc = record_get(ctx, key_owner_counts(&k, owner), &owner_counts__descriptor, &record, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    *ret = *record;
    return CODE_OK;
}

static int counts_put(struct ctx *ctx, const struct addr *owner, const OwnerCounts *counts, struct err *err) {
    struct key k;
    struct bytes key = key_owner_counts(&k, owner);
    return counts->buckets || counts->groups ? record_put(ctx, key, counts, err) : record_del(ctx, key, err);
}

int counts_add_bucket(struct ctx *ctx, const struct addr *owner, struct err *err) {
    OwnerCounts counts;
    uint64_t cap = ctx->params->storage->buckets_per_account;
    int rc = counts_get(ctx, owner, &counts, err);
    if (rc)
        return rc;
    if (counts.buckets >= cap)
        return err_set(err, CODE_BUCKET_LIMIT, "the account has %llu buckets, as many as allowed; delete one first",
                       (unsigned long long)counts.buckets);
    counts.buckets++;
    return counts_put(ctx, owner, &counts, err);
}

int counts_sub_bucket(struct ctx *ctx, const struct addr *owner, struct err *err) {
    OwnerCounts counts;
    int rc = counts_get(ctx, owner, &counts, err);
    if (rc)
        return rc;
    if (counts.buckets == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "an account counts fewer buckets than it has");
    counts.buckets--;
    return counts_put(ctx, owner, &counts, err);
}

int counts_add_group(struct ctx *ctx, const struct addr *owner, struct err *err) {
    OwnerCounts counts;
    uint64_t cap = ctx->params->storage->groups_per_account;
    int rc = counts_get(ctx, owner, &counts, err);
    if (rc)
        return rc;
    if (counts.groups >= cap)
        return err_set(err, CODE_GROUP_LIMIT, "the account has %llu groups, as many as allowed",
                       (unsigned long long)counts.groups);
    counts.groups++;
    return counts_put(ctx, owner, &counts, err);
}

int counts_sub_group(struct ctx *ctx, const struct addr *owner, struct err *err) {
    OwnerCounts counts;
    int rc = counts_get(ctx, owner, &counts, err);
    if (rc)
        return rc;
    if (counts.groups == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "an account counts fewer groups than it has");
    counts.groups--;
    return counts_put(ctx, owner, &counts, err);
}
