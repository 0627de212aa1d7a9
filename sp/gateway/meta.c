/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/meta/...: what the metadata module knows, as JSON. */
#include "chain/codec/bech32.h"
#include "chain/os/clock.h"
#include "sp/gateway/parts.h"

static const char *query_or(struct http_request *r, const char *name, const char *def) {
    const char *value = http_query(r, name);
    return value ? value : def;
}

int gateway_meta_buckets(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    struct addr owner;
    uint64_t limit;
    BucketsAnswer *answer;
    const char *text = http_query(r, "owner");
    int rc = text ? addr_from_text(text, &owner, err) : CODE_OK;
    const struct caller *caller = authenticator_caller(r);
    if (!text && caller->anonymous)
        return err_set(err, CODE_INVALID_ARGUMENT, "whose buckets? say ?owner=cairn1... or sign the request");
    if (!text)
        owner = caller->address;
    if (!rc)
        rc = http_query_u64(r, "limit", 0, 0, METADATA_PAGE_MAX, &limit, err);
    if (!rc)
        rc = metadata_buckets(g->m.metadata, &owner, query_or(r, "start_after", ""), (uint32_t)limit, http_arena(r),
                              &answer, err);
    return rc ? rc : reply_pb(r, 200, answer, err);
}

int gateway_meta_bucket(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    BucketInfo *bucket;
    int rc = metadata_bucket(g->m.metadata, http_param(r, "bucket"), http_arena(r), &bucket, err);
    return rc ? rc : reply_pb(r, 200, bucket, err);
}

int gateway_meta_object(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    ObjectInfo *object;
    int rc = metadata_object(g->m.metadata, authenticator_caller(r), http_param(r, "bucket"), http_param(r, "key"),
                             http_arena(r), &object, err);
    return rc ? rc : reply_pb(r, 200, object, err);
}

int gateway_meta_list(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    ObjectsAnswer *answer;
    uint64_t limit;
    int rc = http_query_u64(r, "limit", 0, 0, METADATA_PAGE_MAX, &limit, err);
    struct metadata_list list = {.bucket = http_param(r, "bucket"),
                                 .prefix = query_or(r, "prefix", ""),
                                 .delimiter = query_or(r, "delimiter", ""),
                                 .start_after = query_or(r, "start_after", ""),
                                 .limit = (uint32_t)limit};
    if (!rc)
        rc = metadata_objects(g->m.metadata, authenticator_caller(r), &list, http_arena(r), &answer, err);
    return rc ? rc : reply_pb(r, 200, answer, err);
}

int gateway_meta_quota(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    BucketInfo *bucket;
    struct quota_limits limits;
    QuotaBody body = QUOTA_BODY__INIT;
    int rc =
        metadata_owned(g->m.metadata, authenticator_caller(r), http_param(r, "bucket"), http_arena(r), &bucket, err);
    if (!rc)
        rc = meter_limits(g, bucket->id, &limits, err);
    if (!rc)
        rc = quota_get(g->m.quota, bucket->id, &limits, clock_real_ms(), &body, err);
    return rc ? rc : reply_pb(r, 200, &body, err);
}

int gateway_meta_reads(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    BucketInfo *bucket;
    ReadsBody *body;
    uint64_t from;
    int rc = http_query_u64(r, "from", 0, 0, UINT64_MAX, &from, err);
    if (!rc)
        rc = metadata_owned(g->m.metadata, authenticator_caller(r), http_param(r, "bucket"), http_arena(r), &bucket,
                            err);
    if (!rc)
        rc = quota_flush(g->m.quota, err);
    if (!rc)
        rc = metadata_reads(g->m.metadata, bucket->id, from, http_arena(r), &body, err);
    return rc ? rc : reply_pb(r, 200, body, err);
}
