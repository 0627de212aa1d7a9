/* SPDX-License-Identifier: Apache-2.0 */
/* Copies: the bytes of one object, read here as for a reader, go into the upload of another (or of the next version of
 * the same) as if its owner sent them; from there on the replicator does what it does with every upload. */
#include "chain/os/clock.h"
#include "chain/os/log.h"
#include "chain/os/random.h"
#include "chain/types/deal_state.h"
#include "sp/cmd/daemon.h"
#include "sp/gateway/parts.h"

#include <inttypes.h>
#include <stdio.h>

enum { COPY_ARENA_MAX = 8 << 20, COPY_PATH_MAX = 128 };

static int by_id(struct daemon *d, uint64_t object_id, struct arena *arena, ObjectInfo **ret, struct err *err) {
    char path[COPY_PATH_MAX];
    snprintf(path, sizeof path, "/storage/object_by_id?id=%" PRIu64, object_id);
    return ledger_query_pb(d->ledger, path, &object_info__descriptor, arena, ret, err);
}

/* The version that is to be made; NULL when it is there, or given up. */
static int find_target(struct daemon *d, const Task *task, struct arena *arena, ObjectInfo **ret, struct err *err) {
    ObjectInfo *o;
    *ret = NULL;
    int rc = lookup_version(&d->gateway, task->object_id, task->segment, arena, &o, err);
    if (rc)
        return rc == CODE_OBJECT_VERSION || rc == CODE_OBJECT_NOT_FOUND ? CODE_OK : rc;
    if (o->object_status == OBJECT_STATUS_CREATED && o->copy_of_id)
        *ret = o;
    return CODE_OK;
}

static int find_source(struct daemon *d, const ObjectInfo *target, struct arena *arena, ObjectInfo **ret,
                       bool *ret_final, struct err *err) {
    int rc = by_id(d, target->copy_of_id, arena, ret, err);
    bool gone = rc == CODE_NOT_FOUND || rc == CODE_OBJECT_NOT_FOUND ||
                (!rc && ((*ret)->version != target->copy_of_version || !deal_is_stored(*ret)));
    if (!gone)
        return rc;
    *ret_final = true; /* the ledger gives the copy up when its time is over */
    return err_set(err, CODE_OBJECT_NOT_FOUND, "what object %" PRIu64 " is to be a copy of is gone", target->id);
}

static int take(void *ctx, struct bytes data, struct err *err) {
    return part_write(ctx, data.data, data.len, err);
}

static int copy_bytes(struct daemon *d, const ObjectInfo *source, const ObjectInfo *target, struct err *err) {
    uint8_t upload_id[16];
    struct part *part;
    random_bytes(upload_id, sizeof upload_id);
    int rc = uploader_begin(d->uploader, target, upload_id, clock_real_ms(), err);
    if (rc == CODE_DONE_ALREADY)
        return CODE_OK; /* all bytes are here; what follows has its own task */
    if (!rc)
        rc = part_open(d->uploader, target, 0, target->payload_size, true, &part, err);
    if (rc)
        return rc;
    rc = downloader_read(&d->downloader, source, 0, source->payload_size, take, part, err);
    if (rc)
        part_abort(part);
    else
        rc = part_finish(part, NULL, err);
    return rc;
}

int copy_task(void *ctx, const Task *task, bool *ret_final, struct err *err) {
    struct daemon *d = ctx;
    struct arena arena;
    ObjectInfo *target, *source;
    arena_init(&arena, COPY_ARENA_MAX);
    int rc = find_target(d, task, &arena, &target, err);
    if (!rc && target) {
        rc = find_source(d, target, &arena, &source, ret_final, err);
        if (!rc)
            rc = copy_bytes(d, source, target, err);
        if (!rc)
            log_info("executor", "object copied", "object=%" PRIu64 " from=%" PRIu64, target->id, source->id);
    }
    arena_release(&arena);
    return rc;
}
