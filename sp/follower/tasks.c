/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/follower/tasks.h"

#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/os/log.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/uploads.h"

#include <inttypes.h>
#include <stdlib.h>

enum { FOUND = -1, UPLOAD_ARENA_MAX = 8 << 20, PROVABLE_MS = 2000 };

/* The id at a position of "3,1,2"; 0 when there is none. */
static uint64_t sp_at(const char *sps, uint32_t position) {
    while (position-- && sps) {
        sps = strchr(sps, ',');
        sps = sps ? sps + 1 : NULL;
    }
    return sps ? strtoull(sps, NULL, 10) : 0;
}

struct sealing {
    struct follower *f;
    const struct sealed_object *object;
};

static int seal_position(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct sealing *s = ctx;
    HeldPosition held = *(const HeldPosition *)msg;
    (void)key;
    if (held.sealed || held.version != s->object->version || sp_at(s->object->sps, held.position) != s->f->sp_id ||
        !(s->object->positions >> (held.position & 63) & 1))
        return CODE_OK;
    held.sealed = true;
    held.expires_ms = 0;
    return held_put(s->f->db, &held, err);
}

/* A stage in which the object was stored in one step. */
static int adopt_position(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct sealing *s = ctx;
    const HeldPosition *held = msg;
    Task task = TASK__INIT;
    (void)key;
    if (sp_at(s->object->sps, held->position) != s->f->sp_id)
        return CODE_OK; /* another took its place; it goes when its time is over */
    task.kind = TASK_KIND_ADOPT_STAGE;
    task.object_id = s->object->object_id;
    task.segment = s->object->version;
    task.position = held->position;
    task.challenge_id = s->object->stage;
    task.priority = TASK_PRIORITY_SEAL;
    return manager_add(s->f->manager, &task, NULL, err);
}

int tasks_sealed(struct follower *f, const struct sealed_object *object, struct err *err) {
    struct sealing sealing = {.f = f, .object = object};
    int rc = held_each(f->db, object->object_id, seal_position, &sealing, err);
    if (!rc && object->stage)
        rc = held_each(f->db, object->stage, adopt_position, &sealing, err);
    return rc;
}

static int find_any(void *ctx, struct bytes key, const void *msg, struct err *err) {
    (void)ctx, (void)key, (void)msg, (void)err;
    return FOUND;
}

/* Is anything of the object here: a position, or an upload under way? */
static int is_here(struct follower *f, uint64_t object_id, bool *ret, struct err *err) {
    struct arena arena;
    UploadRecord *upload;
    int rc = held_each(f->db, object_id, find_any, NULL, err);
    *ret = rc == FOUND;
    if (rc)
        return *ret ? CODE_OK : rc;
    arena_init(&arena, UPLOAD_ARENA_MAX);
    rc = upload_get(f->db, object_id, &arena, &upload, err);
    arena_release(&arena);
    *ret = !rc;
    return rc == CODE_NOT_FOUND ? CODE_OK : rc;
}

int tasks_gc(struct follower *f, uint64_t object_id, uint64_t version, struct err *err) {
    Task task = TASK__INIT;
    bool here;
    int rc = is_here(f, object_id, &here, err);
    if (rc || !here)
        return rc;
    task.kind = TASK_KIND_GC_OBJECT;
    task.object_id = object_id;
    task.segment = version;
    task.priority = TASK_PRIORITY_GC;
    task.not_before_ms = clock_real_ms() + PROVABLE_MS; /* the end of an object is believed only with a proof */
    return manager_add(f->manager, &task, NULL, err);
}

int tasks_copy(struct follower *f, uint64_t object_id, uint64_t version, struct err *err) {
    Task task = TASK__INIT;
    task.kind = TASK_KIND_COPY_OBJECT;
    task.object_id = object_id;
    task.segment = version;
    task.priority = TASK_PRIORITY_REPLICATE;
    return manager_add(f->manager, &task, NULL, err);
}

int tasks_challenge(struct follower *f, Task *task, struct err *err) {
    bool known = false;
    task->kind = TASK_KIND_ANSWER_CHALLENGE;
    task->priority = TASK_PRIORITY_CHALLENGE; /* no deadline: the ledger says when it is over */
    int rc = manager_add(f->manager, task, &known, err);
    if (!rc && !known)
        log_info("follower", "challenged", "challenge=%" PRIu64 " object=%" PRIu64 " position=%u segment=%" PRIu64,
                 task->challenge_id, task->object_id, task->position, task->segment);
    return rc;
}

int tasks_repair(struct follower *f, Task *task, struct err *err) {
    task->kind = TASK_KIND_REPAIR_PIECE;
    task->priority = TASK_PRIORITY_REPAIR;
    return manager_add(f->manager, task, NULL, err);
}

int tasks_take_over(struct follower *f, uint64_t group_id, uint32_t position, struct err *err) {
    Task task = TASK__INIT;
    task.kind = TASK_KIND_TAKE_OVER;
    task.object_id = group_id;
    task.position = position;
    task.priority = TASK_PRIORITY_REPAIR;
    return manager_add(f->manager, &task, NULL, err);
}

int tasks_migrate(struct follower *f, uint64_t bucket_id, struct err *err) {
    Task task = TASK__INIT;
    task.kind = TASK_KIND_MIGRATE_BUCKET;
    task.object_id = bucket_id;
    task.priority = TASK_PRIORITY_REPAIR;
    return manager_add(f->manager, &task, NULL, err);
}
