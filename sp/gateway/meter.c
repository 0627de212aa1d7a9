/* SPDX-License-Identifier: Apache-2.0 */
/* Read quota: what a bucket may be read here, taken before the first byte. */
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/os/log.h"
#include "client/lib/placement.h"
#include "sp/gateway/parts.h"

#include <inttypes.h>
#include <stdio.h>

enum { METER_ARENA_MAX = 1 << 20, BUCKET_FRESH_MS = 5000, OWN_FRESH_MS = 60000, METER_PATH_MAX = 96 };

/* The monthly free quota of the own record, read now and then. */
static int free_quota(struct gateway *g, uint64_t *ret, struct err *err) {
    struct arena arena;
    StorageProvider *sp;
    uint64_t now = clock_mono_ms();
    mutex_lock(&g->lock);
    bool known = g->free_quota_at_ms && now - g->free_quota_at_ms < OWN_FRESH_MS;
    *ret = g->free_quota;
    mutex_unlock(&g->lock);
    if (known)
        return CODE_OK;
    arena_init(&arena, METER_ARENA_MAX);
    int rc = placement_sp(g->m.ledger, g->sp_id, &arena, &sp, err);
    if (!rc) {
        *ret = sp->free_read_quota;
        mutex_lock(&g->lock);
        g->free_quota = *ret;
        g->free_quota_at_ms = now;
        mutex_unlock(&g->lock);
    }
    arena_release(&arena);
    return rc;
}

/* What the bucket pays for, and what it was given once: its record, read now and then. */
static int bucket_quota(struct gateway *g, uint64_t bucket_id, struct quota_limits *ret, struct err *err) {
    struct arena arena;
    BucketInfo *bucket;
    char path[METER_PATH_MAX];
    size_t at = (size_t)(bucket_id % GATEWAY_BUCKETS_KNOWN);
    uint64_t now = clock_mono_ms();
    mutex_lock(&g->lock);
    bool known =
        g->buckets[at].bucket_id == bucket_id && g->buckets[at].at_ms && now - g->buckets[at].at_ms < BUCKET_FRESH_MS;
    ret->charged = g->buckets[at].read_quota;
    ret->once = g->buckets[at].free_once;
    mutex_unlock(&g->lock);
    if (known)
        return CODE_OK;
    arena_init(&arena, METER_ARENA_MAX);
    snprintf(path, sizeof path, "/storage/bucket_by_id?id=%" PRIu64, bucket_id);
    int rc = ledger_query_pb(g->m.ledger, path, &bucket_info__descriptor, &arena, &bucket, err);
    if (!rc) {
        ret->charged = bucket->read_quota;
        ret->once = bucket->free_read_once;
        mutex_lock(&g->lock);
        g->buckets[at].bucket_id = bucket_id;
        g->buckets[at].read_quota = ret->charged;
        g->buckets[at].free_once = ret->once;
        g->buckets[at].at_ms = now;
        mutex_unlock(&g->lock);
    }
    arena_release(&arena);
    return rc;
}

int meter_limits(struct gateway *g, uint64_t bucket_id, struct quota_limits *ret, struct err *err) {
    struct quota_limits limits = {0};
    int rc = bucket_quota(g, bucket_id, &limits, err);
    if (!rc)
        rc = free_quota(g, &limits.free, err);
    if (!rc)
        *ret = limits;
    return rc;
}

int meter_begin(struct gateway *g, const ObjectInfo *object, uint64_t bytes, struct meter *ret, struct err *err) {
    struct quota_limits limits;
    struct meter meter = {.on = true, .bytes = bytes};
    int rc = meter_limits(g, object->bucket_id, &limits, err);
    if (!rc)
        rc = quota_take(g->m.quota, object->bucket_id, &limits, bytes, clock_real_ms(), &meter.taken, err);
    if (!rc)
        *ret = meter;
    return rc;
}

void meter_end(struct gateway *g, struct meter *meter, struct http_request *r, const ObjectInfo *object,
               const char *kind, uint64_t offset, uint64_t sent) {
    const struct caller *caller = authenticator_caller(r);
    ReadRecord record = READ_RECORD__INIT;
    struct err err;
    if (!meter->on)
        return;
    if (sent < meter->bytes)
        quota_give_back(g->m.quota, &meter->taken, meter->bytes - sent);
    record.time_ms = clock_real_ms();
    record.object_id = object->id;
    record.object_name = object->object_name;
    record.account = caller->anonymous ? pb_data(BYTES_NONE) : pb_data(addr_bytes(&caller->address));
    record.offset = offset;
    record.length = sent;
    record.charged = sent < meter->taken.charged ? sent : meter->taken.charged;
    record.kind = pb_text(kind);
    err_clear(&err);
    if (quota_note_read(g->m.quota, object->bucket_id, &record, &err))
        log_warn("gateway", "a read was not recorded", "error=%s", log_quote(err_text(&err)).s);
}
