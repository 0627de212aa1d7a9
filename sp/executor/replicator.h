/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_EXECUTOR_REPLICATOR_H
#define CAIRN_SP_EXECUTOR_REPLICATOR_H
/*
 * From the primary's disk to the seal.
 *
 * While a payload still arrives, each segment that is durable is sent to the secondaries from the memory in which it
 * was cut (replicator_segment, on the uploader's workers). When the upload has ended, a task goes on (replicator_task):
 * columns that are missing, because a secondary failed or this process was killed, are cut again from the disk; a
 * secondary that goes on failing is replaced alone; receipts are gathered; the seal is sent. States and reasons are
 * written to the upload's record, so that whoever asks sees where it stands, and a restart goes on there.
 *
 * Thread-safe.
 */
#include "chain/coding/cut.h"
#include "sp/executor/secondaries.h"

struct replication;

struct replicator {
    struct provider *provider; /* borrowed */
    struct mutex lock;
    struct replication *list; /* objects under way */
};

void replicator_init(struct replicator *replicator, struct provider *provider);
/* No callback and no task may be running. */
void replicator_release(struct replicator *replicator);

/* For uploader_env; ctx is the replicator. */
void replicator_segment(void *ctx, const ObjectInfo *object, uint64_t segment, const struct cut *cut);
void replicator_ended(void *ctx, uint64_t object_id, const char *reason);

/* Work of TASK_KIND_SEAL_OBJECT: everything from UPLOAD_OBJECT_DONE to SEAL_OBJECT_DONE. *ret_final: there is no use in
 * trying again (the object is gone or sealed otherwise). */
int replicator_task(struct replicator *replicator, const Task *task, bool *ret_final, struct err *err);

/* How far the columns are: one bit a segment and position (segment * positions + position), on the arena, and how many
 * positions are complete. Empty when nothing is under way in memory. */
void replicator_progress(struct replicator *replicator, uint64_t object_id, struct arena *arena,
                         struct bytes *ret_bitmap, uint32_t *ret_positions_done);

/* Makes tasks for uploads that an earlier run left between upload and seal. */
int replicator_recover(struct replicator *replicator, struct err *err);

#endif
