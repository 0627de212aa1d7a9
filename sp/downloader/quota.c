/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/downloader/quota.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "chain/base/code.h"
#include "chain/base/limits.h"
#include "chain/base/num.h"
#include "chain/codec/pb.h"
#include "sp/spdb/reads.h"

/* Buckets whose counters are in memory; past that all are written down and forgotten. */
#define BUCKETS_MAX 16384
/* Read records in memory. */
#define READS_MAX    1024
#define READS_MEMORY (4 * MIB)

/* The month under which the bytes that a bucket gets once are counted. */
#define MONTH_ONCE 0

struct quota_entry {
    QuotaCounter month, once;
    bool dirty;
};

struct quota_read {
    uint64_t bucket_id;
    ReadRecord *record;
    struct quota_read *next;
};

void quota_init(struct quota *quota, struct spdb *db, uint64_t lag_bytes) {
    *quota = (struct quota){.db = db, .lag_bytes = lag_bytes};
    mutex_init(&quota->lock);
    map_init(&quota->buckets, BUCKETS_MAX, 0);
    arena_init(&quota->reads, READS_MEMORY);
}

static struct bytes key_of(const uint64_t *bucket_id) {
    return bytes_of(bucket_id, sizeof *bucket_id);
}

/* --- writing down (under the lock) --- */

static void put_entries(struct quota *quota, struct spdb_batch *batch) {
    struct bytes key;
    void *value;
    for (size_t i = 0; map_next(&quota->buckets, &i, &key, &value);) {
        struct quota_entry *entry = value;
        if (!entry->dirty)
            continue;
        quota_put_in(batch, &entry->month);
        quota_put_in(batch, &entry->once);
    }
}

static void mark_clean(struct quota *quota) {
    struct bytes key;
    void *value;
    for (size_t i = 0; map_next(&quota->buckets, &i, &key, &value);)
        ((struct quota_entry *)value)->dirty = false;
    quota->pending_bytes = 0;
    quota->pending_reads = 0;
    quota->newest = NULL;
    arena_reset(&quota->reads);
}

static int flush(struct quota *quota, struct err *err) {
    struct spdb_batch batch;
    int rc = spdb_begin(quota->db, &batch, err);
    if (rc)
        return rc;
    put_entries(quota, &batch);
    for (const struct quota_read *read = quota->newest; read; read = read->next)
        read_put_in(&batch, read->bucket_id, read->record);
    rc = spdb_commit(&batch, err);
    if (!rc)
        mark_clean(quota);
    return rc;
}

static void forget(struct quota *quota) {
    struct bytes key;
    void *value;
    for (size_t i = 0; map_next(&quota->buckets, &i, &key, &value);)
        free(value);
    map_clear(&quota->buckets);
}

int quota_flush(struct quota *quota, struct err *err) {
    mutex_lock(&quota->lock);
    int rc = flush(quota, err);
    mutex_unlock(&quota->lock);
    return rc;
}

void quota_release(struct quota *quota) {
    quota_flush(quota, NULL);
    forget(quota);
    map_release(&quota->buckets);
    arena_release(&quota->reads);
    mutex_release(&quota->lock);
}

/* --- counters (under the lock) --- */

static int load_counter(struct quota *quota, uint64_t bucket_id, uint64_t month, QuotaCounter *ret_counter,
                        struct err *err) {
    struct arena arena;
    QuotaCounter *counter;
    arena_init(&arena, 4 * KIB);
    int rc = quota_get_counter(quota->db, bucket_id, month, &arena, &counter, err);
    if (!rc)
        *ret_counter = *counter;
    arena_release(&arena);
    return rc;
}

static int new_entry(struct quota *quota, uint64_t bucket_id, uint64_t month, struct quota_entry **ret_entry,
                     struct err *err) {
    struct quota_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return err_set(err, CODE_NO_MEMORY, "no memory for a quota counter");
    int rc = load_counter(quota, bucket_id, month, &entry->month, err);
    if (!rc)
        rc = load_counter(quota, bucket_id, MONTH_ONCE, &entry->once, err);
    if (!rc && quota->buckets.len >= BUCKETS_MAX) {
        rc = flush(quota, err);
        if (!rc)
            forget(quota);
    }
    if (!rc && !map_put(&quota->buckets, key_of(&bucket_id), entry))
        rc = err_set(err, CODE_NO_MEMORY, "no memory for a quota counter");
    if (rc) {
        free(entry);
        return rc;
    }
    *ret_entry = entry;
    return CODE_OK;
}

/* The bucket's counters of this month. A counter of last month is written down before it makes room. */
static int find_entry(struct quota *quota, uint64_t bucket_id, uint64_t month, struct quota_entry **ret_entry,
                      struct err *err) {
    struct quota_entry *entry = map_get(&quota->buckets, key_of(&bucket_id));
    if (!entry)
        return new_entry(quota, bucket_id, month, ret_entry, err);
    if (entry->month.month != month) {
        QuotaCounter fresh;
        int rc = entry->dirty ? flush(quota, err) : CODE_OK;
        if (!rc)
            rc = load_counter(quota, bucket_id, month, &fresh, err);
        if (rc)
            return rc;
        entry->month = fresh;
    }
    *ret_entry = entry;
    return CODE_OK;
}

static uint64_t left(uint64_t limit, uint64_t used) {
    return limit > used ? limit - used : 0;
}

static int take(struct quota *quota, const struct quota_limits *limits, uint64_t bytes, struct quota_taken *taken,
                struct err *err) {
    struct quota_entry *entry;
    int rc = find_entry(quota, taken->bucket_id, taken->month, &entry, err);
    if (rc)
        return rc;
    uint64_t charged = left(limits->charged, entry->month.charged_used);
    uint64_t free_left = left(limits->free, entry->month.free_used);
    uint64_t once = left(limits->once, entry->once.once_used), all;
    if (!u64_add(charged, free_left, &all) || !u64_add(all, once, &all))
        all = UINT64_MAX;
    if (bytes > all)
        return err_set(err, CODE_QUOTA,
                       "the bucket has %" PRIu64 " bytes of read quota left this month, this read needs %" PRIu64
                       "; its owner can raise the quota",
                       all, bytes);
    taken->charged = u64_min(bytes, charged);
    taken->free = u64_min(bytes - taken->charged, free_left);
    taken->once = bytes - taken->charged - taken->free;
    entry->month.charged_used += taken->charged;
    entry->month.free_used += taken->free;
    entry->once.once_used += taken->once;
    entry->dirty = true;
    quota->pending_bytes += bytes;
    return quota->pending_bytes > quota->lag_bytes ? flush(quota, err) : CODE_OK;
}

int quota_take(struct quota *quota, uint64_t bucket_id, const struct quota_limits *limits, uint64_t bytes,
               uint64_t now_ms, struct quota_taken *ret_taken, struct err *err) {
    struct quota_taken taken = {.bucket_id = bucket_id, .month = month_of_ms(now_ms)};
    mutex_lock(&quota->lock);
    int rc = take(quota, limits, bytes, &taken, err);
    mutex_unlock(&quota->lock);
    if (!rc)
        *ret_taken = taken;
    return rc;
}

void quota_give_back(struct quota *quota, const struct quota_taken *taken, uint64_t bytes) {
    struct quota_entry *entry;
    assert(bytes <= taken->charged + taken->free + taken->once);
    uint64_t once = u64_min(bytes, taken->once), free_part = u64_min(bytes - once, taken->free);
    uint64_t charged = bytes - once - free_part;
    mutex_lock(&quota->lock);
    /* A month that is over needs nothing back. */
    if (find_entry(quota, taken->bucket_id, taken->month, &entry, NULL) == CODE_OK) {
        entry->once.once_used -= u64_min(once, entry->once.once_used);
        entry->month.free_used -= u64_min(free_part, entry->month.free_used);
        entry->month.charged_used -= u64_min(charged, entry->month.charged_used);
        entry->dirty = true;
    }
    mutex_unlock(&quota->lock);
}

int quota_get(struct quota *quota, uint64_t bucket_id, const struct quota_limits *limits, uint64_t now_ms,
              QuotaBody *ret_body, struct err *err) {
    struct quota_entry *entry;
    mutex_lock(&quota->lock);
    int rc = find_entry(quota, bucket_id, month_of_ms(now_ms), &entry, err);
    if (!rc) {
        quota_body__init(ret_body);
        ret_body->bucket_id = bucket_id;
        ret_body->charged_quota = limits->charged;
        ret_body->free_quota = limits->free;
        ret_body->charged_used = entry->month.charged_used;
        ret_body->free_used = entry->month.free_used;
        ret_body->month = entry->month.month;
        ret_body->once_free_left = left(limits->once, entry->once.once_used);
    }
    mutex_unlock(&quota->lock);
    return rc;
}

/* --- read records --- */

static int note(struct quota *quota, uint64_t bucket_id, const ReadRecord *record, struct err *err) {
    struct quota_read *read = ARENA_NEW(&quota->reads, struct quota_read);
    if (!read)
        return CODE_NO_MEMORY;
    int rc = pb_copy(record, &quota->reads, &read->record, err);
    if (rc)
        return rc;
    read->bucket_id = bucket_id;
    read->next = quota->newest;
    quota->newest = read;
    quota->pending_reads++;
    return CODE_OK;
}

int quota_note_read(struct quota *quota, uint64_t bucket_id, const ReadRecord *record, struct err *err) {
    mutex_lock(&quota->lock);
    int rc = note(quota, bucket_id, record, NULL);
    if (rc == CODE_NO_MEMORY) { /* the room for pending ones is full */
        rc = flush(quota, err);
        if (!rc)
            rc = note(quota, bucket_id, record, err);
    }
    if (!rc && quota->pending_reads >= READS_MAX)
        rc = flush(quota, err);
    mutex_unlock(&quota->lock);
    return rc;
}
