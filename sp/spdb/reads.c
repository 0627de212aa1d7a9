/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/spdb/reads.h"

#include <time.h>

#include "chain/base/code.h"
#include "chain/codec/reflect.h"
#include "chain/os/random.h"

uint64_t month_of_ms(uint64_t real_ms) {
    time_t seconds = (time_t)(real_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return (uint64_t)(tm.tm_year + 1900) * 100 + (uint64_t)tm.tm_mon + 1;
}

static struct spdb_key quota_key(uint64_t bucket_id, uint64_t month) {
    struct spdb_key key = {.len = 0};
    spdb_key_u64(&key, bucket_id);
    spdb_key_u64(&key, month);
    return key;
}

int quota_get_counter(struct spdb *db, uint64_t bucket_id, uint64_t month, struct arena *arena,
                      QuotaCounter **ret_counter, struct err *err) {
    struct spdb_key key = quota_key(bucket_id, month);
    int rc = spdb_get(db, SPDB_QUOTA, spdb_key_of(&key), &quota_counter__descriptor, arena, ret_counter, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    QuotaCounter *fresh = (QuotaCounter *)reflect_new(&quota_counter__descriptor, arena);
    if (!fresh)
        return err_set(err, CODE_NO_MEMORY, "no memory for a quota counter");
    fresh->bucket_id = bucket_id;
    fresh->month = month;
    *ret_counter = fresh;
    return CODE_OK;
}

void quota_put_in(struct spdb_batch *batch, const QuotaCounter *counter) {
    struct spdb_key key = quota_key(counter->bucket_id, counter->month);
    spdb_batch_put(batch, SPDB_QUOTA, spdb_key_of(&key), counter);
}

void read_put_in(struct spdb_batch *batch, uint64_t bucket_id, const ReadRecord *record) {
    struct spdb *db = batch->db;
    struct spdb_key key = quota_key(bucket_id, record->time_ms);
    mutex_lock(&db->counting);
    if (db->next_read == 0) /* differs from run to run, so that records of one millisecond never meet */
        db->next_read = random_u64() >> 1 | 1;
    spdb_key_u64(&key, db->next_read++);
    mutex_unlock(&db->counting);
    spdb_batch_put(batch, SPDB_READ, spdb_key_of(&key), record);
}

int read_each(struct spdb *db, uint64_t bucket_id, uint64_t from_ms, spdb_visit *visit, void *ctx, struct err *err) {
    struct spdb_key prefix = {.len = 0}, from = quota_key(bucket_id, from_ms);
    spdb_key_u64(&prefix, bucket_id);
    return spdb_each(db, SPDB_READ, spdb_key_of(&prefix), spdb_key_of(&from), &read_record__descriptor, visit, ctx,
                     err);
}
