/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was read and charged: quota counters per bucket and month, and one record a read.
 */
#ifndef CAIRN_SP_SPDB_READS_H
#define CAIRN_SP_SPDB_READS_H

#include "cairn/sp_db.h"
#include "cairn/sp_wire.h"
#include "sp/spdb/spdb.h"

/* Months are yyyymm (UTC). */
uint64_t month_of_ms(uint64_t real_ms);

/* The counter of a bucket and month; zeros when there is none yet. */
int quota_get_counter(struct spdb *db, uint64_t bucket_id, uint64_t month, struct arena *arena,
                      QuotaCounter **ret_counter, struct err *err);
void quota_put_in(struct spdb_batch *batch, const QuotaCounter *counter);

/* Puts a read record of a bucket; its key is its time and a number. */
void read_put_in(struct spdb_batch *batch, uint64_t bucket_id, const ReadRecord *record);
/* A bucket's records from `from_ms` on, in order of time; msg is a const ReadRecord *. Not 0 from visit ends it. */
int read_each(struct spdb *db, uint64_t bucket_id, uint64_t from_ms, spdb_visit *visit, void *ctx, struct err *err);

#endif
