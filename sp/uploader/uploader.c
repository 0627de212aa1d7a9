/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/uploader/uploader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "chain/base/code.h"
#include "chain/base/map.h"
#include "chain/base/num.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/os/queue.h"
#include "chain/os/thread.h"
#include "chain/types/layout.h"
#include "sp/spdb/uploads.h"
#include "sp/uploader/segments.h"

#define UPLOADS_MAX 4096
#define THREADS_MAX 64

/* One segment in memory: idle, being filled by a part, or with a worker. */
struct slot {
    struct cut cut;
    struct upload *upload;
    struct part *part; /* whose segment it is, until that is durable */
    uint64_t segment;
    size_t filled;
    struct slot *next; /* while idle */
};

/* An object that is arriving. Everything below `lock` of the uploader, except coder and object, which never change. */
struct upload {
    struct coder coder;
    struct arena arena;
    ObjectInfo *object; /* on the arena */
    struct bytes upload_id;
    uint64_t segments;
    unsigned refs; /* open parts, and slots with workers */
    unsigned busy; /* slots with workers */
    struct slot *idle;
    unsigned slots;
    uint8_t *bitmap; /* durable segments; on the arena */
    uint64_t durable;
    bool closing, closed, told, stale;
    struct err failed; /* how closing ended */
};

struct part {
    struct uploader *uploader;
    struct upload *upload;
    uint64_t at, end; /* in the payload: the next byte, and where the part ends */
    bool whole;
    struct slot *filling;
    unsigned pending; /* slots with workers */
    struct err failed;
};

struct uploader {
    struct uploader_config config;
    struct mutex lock;
    struct cond changed;
    struct map uploads; /* object id -> struct upload */
    struct queue jobs;  /* struct slot */
    struct thread threads[THREADS_MAX];
    unsigned n_threads;
    size_t memory; /* of all slots */
};

/* --- uploads in memory (all under the lock) --- */

static struct bytes key_of(const uint64_t *object_id) {
    return bytes_of(object_id, sizeof *object_id);
}

static void upload_free(struct uploader *u, struct upload *upload) {
    assert(upload->refs == 0 && upload->busy == 0);
    while (upload->idle) {
        struct slot *slot = upload->idle;
        upload->idle = slot->next;
        cut_release(&slot->cut);
        free(slot);
        u->memory -= cut_memory(&upload->coder.profile);
    }
    arena_release(&upload->arena);
    free(upload);
}

static void upload_leave(struct uploader *u, struct upload *upload) {
    assert(upload->refs > 0);
    if (--upload->refs > 0)
        return;
    if (!upload->stale)
        map_remove(&u->uploads, key_of(&upload->object->id));
    upload_free(u, upload);
    cond_broadcast(&u->changed);
}

/* Other parts may go on with it, but it is not found any more. */
static void upload_retire(struct uploader *u, struct upload *upload) {
    if (!upload->stale)
        map_remove(&u->uploads, key_of(&upload->object->id));
    upload->stale = true;
}

static int load(struct uploader *u, struct upload *upload, const ObjectInfo *object, struct err *err) {
    UploadRecord *record;
    int rc = coder_init(&upload->coder, object->profile, err);
    if (!rc)
        rc = pb_copy(object, &upload->arena, &upload->object, err);
    if (!rc)
        rc = upload_get(u->config.db, object->id, &upload->arena, &record, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, rc, "no upload of this object was begun here");
    if (rc)
        return rc;
    if (record->state != UPLOAD_OBJECT_DOING)
        return err_set(err, CODE_DONE_ALREADY, "the object's upload is at %s", upload_state_name(record->state));
    upload->upload_id = pb_bytes(record->upload_id);
    upload->segments = layout_segments(object->profile, object->payload_size);
    upload->bitmap = arena_alloc(&upload->arena, bitmap_len(upload->segments));
    if (!upload->bitmap)
        return err_set(err, CODE_NO_MEMORY, "no memory for an upload");
    return segment_bitmap(u->config.db, object->id, object->version, upload->segments, upload->bitmap, &upload->durable,
                          err);
}

static int upload_new(struct uploader *u, const ObjectInfo *object, struct upload **ret_upload, struct err *err) {
    struct upload *upload = calloc(1, sizeof *upload);
    if (!upload)
        return err_set(err, CODE_NO_MEMORY, "no memory for an upload");
    arena_init(&upload->arena, 8 * MIB);
    err_clear(&upload->failed);
    int rc = load(u, upload, object, err);
    if (!rc && !map_put(&u->uploads, key_of(&upload->object->id), upload))
        rc = err_set(err, CODE_BUSY, "too many uploads are under way");
    if (rc) {
        arena_release(&upload->arena);
        free(upload);
        return rc;
    }
    *ret_upload = upload;
    return CODE_OK;
}

/* --- slots (under the lock) --- */

static struct slot *slot_new(struct uploader *u, struct upload *upload) {
    struct slot *slot = calloc(1, sizeof *slot);
    if (!slot)
        return NULL;
    if (cut_init(&slot->cut, &upload->coder, NULL)) {
        free(slot);
        return NULL;
    }
    slot->upload = upload;
    upload->slots++;
    u->memory += cut_memory(&upload->coder.profile);
    return slot;
}

/* One segment is always allowed, however little memory was configured. */
static bool room_for_slot(const struct uploader *u, const struct upload *upload) {
    size_t more = cut_memory(&upload->coder.profile);
    return upload->slots < UPLOAD_CUTS_MAX && (u->memory == 0 || u->memory + more <= u->config.memory_bytes);
}

static int slot_take(struct uploader *u, struct upload *upload, uint64_t deadline_ns, struct slot **ret_slot,
                     struct err *err) {
    for (;;) {
        struct slot *slot = upload->idle;
        if (slot)
            upload->idle = slot->next;
        else if (room_for_slot(u, upload))
            slot = slot_new(u, upload);
        if (slot) {
            slot->filled = 0;
            *ret_slot = slot;
            return CODE_OK;
        }
        if (!cond_wait_until(&u->changed, &u->lock, deadline_ns))
            return err_set(err, CODE_BUSY, "all memory for uploads is in use; send it again a little later");
    }
}

static void slot_give(struct uploader *u, struct slot *slot) {
    slot->part = NULL;
    slot->next = slot->upload->idle;
    slot->upload->idle = slot;
    cond_broadcast(&u->changed);
}

/* --- workers --- */

static int note_state(void *ctx, UploadRecord *record, struct arena *arena, struct err *err) {
    const struct upload *upload = ctx;
    bool ok = upload->failed.code == CODE_OK;
    (void)arena;
    return upload_move(record, ok ? UPLOAD_OBJECT_DONE : UPLOAD_OBJECT_ERROR, ok ? NULL : err_text(&upload->failed),
                       clock_real_ms(), err);
}

/* The object may end while the last of it comes: its records are gone then. */
static int not_collected(int rc, struct err *err) {
    return rc == CODE_NOT_FOUND
               ? err_set(err, CODE_CONFLICT, "the object has ended: what had arrived of it was removed")
               : rc;
}

/* The last segment is durable. Runs once, outside of the lock. */
static void close_upload(struct uploader *u, struct upload *upload) {
    struct err err;
    err_clear(&err);
    int rc = segments_close(u->config.db, upload->object, upload->upload_id.data, upload->upload_id.len, &err);
    rc = not_collected(rc, &err);
    if (rc)
        upload->failed = err;
    if (rc == CODE_INTEGRITY)
        segments_forget(u->config.db, u->config.store, upload->object, NULL);
    if (rc == CODE_OK || rc == CODE_INTEGRITY)
        rc = not_collected(upload_update(u->config.db, upload->object->id, note_state, upload, &err), &err);
    if (rc && rc != upload->failed.code)
        upload->failed = err;
    mutex_lock(&u->lock);
    upload->closed = true;
    if (upload->failed.code != CODE_OK)
        upload_retire(u, upload);
    mutex_unlock(&u->lock);
}

/* Takes note of a durable segment; true for the one call that has to close the upload. */
static bool note_durable(struct uploader *u, struct upload *upload, uint64_t segment) {
    mutex_lock(&u->lock);
    if (!bitmap_has(upload->bitmap, segment)) {
        bitmap_set(upload->bitmap, segment);
        upload->durable++;
    }
    bool close = upload->durable == upload->segments && !upload->closing;
    upload->closing = upload->closing || close;
    mutex_unlock(&u->lock);
    return close;
}

static bool is_durable(struct uploader *u, const struct upload *upload, uint64_t segment) {
    mutex_lock(&u->lock);
    bool durable = bitmap_has(upload->bitmap, segment);
    mutex_unlock(&u->lock);
    return durable;
}

/* Tells the part how its segment ended; the part may be gone right after. */
static void settle_part(struct uploader *u, struct slot *slot, const struct err *failed) {
    mutex_lock(&u->lock);
    struct part *part = slot->part;
    slot->part = NULL;
    if (failed->code != CODE_OK && part->failed.code == CODE_OK)
        part->failed = *failed;
    part->pending--;
    cond_broadcast(&u->changed);
    mutex_unlock(&u->lock);
}

static void finish_slot(struct uploader *u, struct slot *slot) {
    const struct uploader_env *env = &u->config.env;
    struct upload *upload = slot->upload;
    mutex_lock(&u->lock);
    upload->busy--;
    bool tell = upload->closed && upload->busy == 0 && !upload->told;
    upload->told = upload->told || tell;
    mutex_unlock(&u->lock);
    if (tell && env->upload_ended)
        env->upload_ended(env->ctx, upload->object->id,
                          upload->failed.code == CODE_OK ? NULL : err_text(&upload->failed));
    mutex_lock(&u->lock);
    slot_give(u, slot);
    upload_leave(u, upload);
    mutex_unlock(&u->lock);
}

static void process(struct uploader *u, struct slot *slot) {
    const struct uploader_env *env = &u->config.env;
    struct upload *upload = slot->upload;
    struct err err;
    int rc = CODE_OK;
    err_clear(&err);
    bool fresh = !is_durable(u, upload, slot->segment);
    if (fresh) {
        cut_run(&slot->cut, slot->filled);
        rc = segments_store(u->config.db, u->config.store, upload->object, slot->segment, &slot->cut, &err);
    }
    if (!rc && note_durable(u, upload, slot->segment))
        close_upload(u, upload);
    settle_part(u, slot, &err);
    if (!rc && fresh && env->segment_durable)
        env->segment_durable(env->ctx, upload->object, slot->segment, &slot->cut);
    finish_slot(u, slot);
}

static void work(void *arg) {
    struct uploader *u = arg;
    void *slot;
    while (queue_take(&u->jobs, DEADLINE_NEVER, &slot) == CODE_OK)
        process(u, slot);
}

int uploader_new(const struct uploader_config *config, struct uploader **ret_uploader, struct err *err) {
    struct uploader *u = calloc(1, sizeof *u);
    if (!u)
        return err_set(err, CODE_NO_MEMORY, "no memory for the uploader");
    u->config = *config;
    int rc = queue_init(&u->jobs, UPLOADS_MAX * UPLOAD_CUTS_MAX, err);
    if (rc) {
        free(u);
        return rc;
    }
    mutex_init(&u->lock);
    cond_init(&u->changed);
    map_init(&u->uploads, UPLOADS_MAX, 0);
    unsigned threads = config->threads ? config->threads : thread_cpus();
    threads = threads < THREADS_MAX ? threads : THREADS_MAX;
    for (; u->n_threads < threads && !rc; u->n_threads++)
        rc = thread_start(&u->threads[u->n_threads], "upload", work, u, err);
    if (rc) {
        uploader_free(u);
        return rc;
    }
    *ret_uploader = u;
    return CODE_OK;
}

void uploader_free(struct uploader *u) {
    if (!u)
        return;
    queue_close(&u->jobs);
    for (unsigned i = 0; i < u->n_threads; i++)
        thread_join(&u->threads[i]);
    assert(u->uploads.len == 0);
    map_release(&u->uploads);
    queue_release(&u->jobs);
    cond_release(&u->changed);
    mutex_release(&u->lock);
    free(u);
}

/* --- beginning --- */

static int check_object(const ObjectInfo *object, struct err *err) {
    struct coder *coder;
    if (!object->profile)
        return err_set(err, CODE_INVALID_ARGUMENT, "the object has no profile");
    if (object->payload_size == 0 || object->payload_size > PAYLOAD_LEN_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "an object of %" PRIu64 " bytes is not uploaded",
                       object->payload_size);
    coder = malloc(sizeof *coder);
    if (!coder)
        return err_set(err, CODE_NO_MEMORY, "no memory for an upload");
    int rc = coder_init(coder, object->profile, err);
    free(coder);
    return rc;
}

static int create_record(struct uploader *u, const ObjectInfo *object, const uint8_t upload_id[16], uint64_t now_ms,
                         struct err *err) {
    UploadRecord record = UPLOAD_RECORD__INIT;
    record.object_id = object->id;
    record.state = UPLOAD_OBJECT_DOING;
    record.upload_id = pb_data(bytes_of(upload_id, 16));
    record.object = (ObjectInfo *)(uintptr_t)object;
    record.created_ms = now_ms;
    record.updated_ms = now_ms;
    return upload_put(u->config.db, &record, err);
}

struct beginning {
    uint64_t now_ms, version;
};

/* Goes on with the upload that is there, if it can still take bytes; one of another version of the object is none. */
static int resume(void *ctx, UploadRecord *record, struct arena *arena, struct err *err) {
    const struct beginning *b = ctx;
    (void)arena;
    if (!record->object || record->object->version != b->version)
        return CODE_NOT_FOUND;
    if (record->state == UPLOAD_OBJECT_DOING)
        return CODE_OK;
    if (record->state == INIT_UNSPECIFIED || record->state == UPLOAD_OBJECT_ERROR)
        return upload_move(record, UPLOAD_OBJECT_DOING, NULL, b->now_ms, err);
    return err_set(err, CODE_DONE_ALREADY, "the object's bytes are here already; its upload is at %s",
                   upload_state_name(record->state));
}

int uploader_begin(struct uploader *u, const ObjectInfo *object, const uint8_t upload_id[16], uint64_t now_ms,
                   struct err *err) {
    int rc = check_object(object, err);
    if (rc)
        return rc;
    struct beginning b = {now_ms, object->version};
    rc = upload_update(u->config.db, object->id, resume, &b, err);
    return rc == CODE_NOT_FOUND ? create_record(u, object, upload_id, now_ms, err) : rc;
}

/* --- parts --- */

static int check_range(const ObjectInfo *object, uint64_t offset, uint64_t length, bool whole, struct err *err) {
    uint64_t size = object->payload_size, segment = object->profile->segment_size;
    if (whole && (offset != 0 || length != size))
        return err_set(err, CODE_INVALID_ARGUMENT, "the object was created with %" PRIu64 " bytes, not %" PRIu64, size,
                       length);
    if (offset % segment != 0)
        return err_set(err, CODE_INVALID_ARGUMENT, "a part begins at a multiple of %" PRIu64 " bytes, not at %" PRIu64,
                       segment, offset);
    if (offset >= size || length > size - offset || length == 0)
        return err_set(err, CODE_RANGE,
                       "a part of %" PRIu64 " bytes at %" PRIu64 " lies outside of the object's %" PRIu64, length,
                       offset, size);
    return CODE_OK;
}

/* Finds or loads the upload and joins it. Under the lock. */
static int join(struct uploader *u, const ObjectInfo *object, struct upload **ret_upload, struct err *err) {
    struct upload *upload = map_get(&u->uploads, key_of(&object->id));
    if (upload && upload->object->version != object->version)
        return err_set(err, CODE_CONFLICT, "another version of this object is arriving");
    if (!upload) {
        int rc = upload_new(u, object, &upload, err);
        if (rc)
            return rc;
    }
    upload->refs++;
    *ret_upload = upload;
    return CODE_OK;
}

int part_open(struct uploader *u, const ObjectInfo *object, uint64_t offset, uint64_t length, bool whole,
              struct part **ret_part, struct err *err) {
    int rc = check_object(object, err);
    if (!rc)
        rc = check_range(object, offset, length, whole, err);
    if (rc)
        return rc;
    struct part *part = calloc(1, sizeof *part);
    if (!part)
        return err_set(err, CODE_NO_MEMORY, "no memory for a part");
    *part = (struct part){.uploader = u, .at = offset, .end = offset + length, .whole = whole};
    err_clear(&part->failed);
    mutex_lock(&u->lock);
    rc = join(u, object, &part->upload, err);
    if (!rc) {
        rc = slot_take(u, part->upload, deadline_in_ms(u->config.wait_ms), &part->filling, err);
        if (rc)
            upload_leave(u, part->upload);
    }
    mutex_unlock(&u->lock);
    if (rc) {
        free(part);
        return rc;
    }
    *ret_part = part;
    return CODE_OK;
}

int uploader_resume(struct uploader *u, const ObjectInfo *object, struct err *err) {
    const struct uploader_env *env = &u->config.env;
    struct upload *upload;
    struct err failed;
    mutex_lock(&u->lock);
    int rc = join(u, object, &upload, err);
    bool close = !rc && upload->durable == upload->segments && !upload->closing;
    if (close)
        upload->closing = upload->told = true;
    mutex_unlock(&u->lock);
    if (rc)
        return rc;
    if (close)
        close_upload(u, upload);
    failed = upload->failed;
    if (close && env->upload_ended)
        env->upload_ended(env->ctx, object->id, failed.code == CODE_OK ? NULL : err_text(&failed));
    mutex_lock(&u->lock);
    upload_leave(u, upload);
    mutex_unlock(&u->lock);
    return failed.code != CODE_OK ? err_set(err, failed.code, "%s", err_text(&failed)) : CODE_OK;
}

static uint64_t segment_at(const struct part *part) {
    return part->at / part->upload->object->profile->segment_size;
}

static size_t segment_len(const struct part *part) {
    const ObjectInfo *object = part->upload->object;
    return (size_t)layout_segment_len(object->profile, object->payload_size, segment_at(part));
}

/* A full segment goes to a worker. */
static void submit(struct part *part, uint64_t segment) {
    struct uploader *u = part->uploader;
    struct slot *slot = part->filling;
    part->filling = NULL;
    slot->segment = segment;
    slot->part = part;
    mutex_lock(&u->lock);
    part->pending++;
    part->upload->refs++;
    part->upload->busy++;
    mutex_unlock(&u->lock);
    int rc = queue_put(&u->jobs, slot, DEADLINE_NEVER);
    assert(rc == CODE_OK); /* the queue holds every slot there can be, and closes only when no part is open */
    (void)rc;
}

/* A slot to fill, or the error that a segment of this part ended in. */
static int ready(struct part *part, struct err *err) {
    struct uploader *u = part->uploader;
    int rc = CODE_OK;
    mutex_lock(&u->lock);
    if (part->failed.code != CODE_OK)
        rc = err_set(err, part->failed.code, "%s", err_text(&part->failed));
    else if (!part->filling)
        rc = slot_take(u, part->upload, DEADLINE_NEVER, &part->filling, err);
    mutex_unlock(&u->lock);
    return rc;
}

int part_write(struct part *part, const void *data, size_t len, struct err *err) {
    const uint8_t *from = data;
    if (len > part->end - part->at)
        return err_set(err, CODE_TOO_LARGE, "the body is longer than announced");
    while (len > 0) {
        int rc = ready(part, err);
        if (rc)
            return rc;
        struct slot *slot = part->filling;
        uint64_t segment = segment_at(part);
        size_t now = size_min(len, segment_len(part) - slot->filled);
        bool full = slot->filled + now == segment_len(part);
        memcpy(slot->cut.segment + slot->filled, from, now);
        slot->filled += now;
        part->at += now;
        from += now;
        len -= now;
        if (full)
            submit(part, segment);
    }
    return CODE_OK;
}

static void fill_status(const struct upload *upload, struct upload_status *ret_status) {
    const ObjectInfo *object = upload->object;
    uint64_t last = upload->segments - 1, size = object->profile->segment_size;
    *ret_status = (struct upload_status){.segments = upload->segments, .durable = upload->durable};
    ret_status->received_bytes = upload->durable * size;
    if (upload->durable > 0 && bitmap_has(upload->bitmap, last))
        ret_status->received_bytes -= size - (object->payload_size - last * size);
    ret_status->complete = upload->closed && upload->failed.code == CODE_OK;
}

/* Waits for the workers and gives everything back. */
static int part_end(struct part *part, bool aborted, struct upload_status *ret_status, struct err *err) {
    struct uploader *u = part->uploader;
    struct upload *upload = part->upload;
    struct err failed = part->failed;
    mutex_lock(&u->lock);
    while (part->pending > 0)
        cond_wait(&u->changed, &u->lock);
    failed = part->failed;
    if (failed.code == CODE_OK && upload->failed.code != CODE_OK)
        failed = upload->failed;
    if (part->filling)
        slot_give(u, part->filling);
    if (ret_status)
        fill_status(upload, ret_status);
    upload_leave(u, upload);
    mutex_unlock(&u->lock);
    bool early = part->whole && part->at < part->end;
    uint64_t at = part->at, end = part->end;
    free(part);
    if (aborted)
        return CODE_OK;
    if (failed.code != CODE_OK)
        return err_set(err, failed.code, "%s", err_text(&failed));
    return early ? err_set(err, CODE_INVALID_ARGUMENT, "the body ended after %" PRIu64 " of %" PRIu64 " bytes", at, end)
                 : CODE_OK;
}

int part_finish(struct part *part, struct upload_status *ret_status, struct err *err) {
    struct upload_status status;
    int rc = part_end(part, false, &status, err);
    if (!rc && ret_status)
        *ret_status = status;
    return rc;
}

void part_abort(struct part *part) {
    part_end(part, true, NULL, NULL);
}

int uploader_status(struct uploader *u, const ObjectInfo *object, struct arena *arena, struct upload_status *ret_status,
                    struct bytes *ret_bitmap, struct err *err) {
    int rc = check_object(object, err);
    if (rc)
        return rc;
    struct upload view = {.object = (ObjectInfo *)(uintptr_t)object,
                          .segments = layout_segments(object->profile, object->payload_size)};
    UploadRecord *record;
    rc = upload_get(u->config.db, object->id, arena, &record, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, rc, "no upload of this object was begun here");
    if (rc)
        return rc;
    size_t len = bitmap_len(view.segments);
    view.bitmap = arena_alloc(arena, len);
    if (!view.bitmap)
        return err_set(err, CODE_NO_MEMORY, "no memory for a bitmap");
    rc = segment_bitmap(u->config.db, object->id, object->version, view.segments, view.bitmap, &view.durable, err);
    if (rc)
        return rc;
    view.closed = record->state != UPLOAD_OBJECT_DOING && record->state != UPLOAD_OBJECT_ERROR;
    fill_status(&view, ret_status);
    if (ret_bitmap)
        *ret_bitmap = bytes_of(view.bitmap, len);
    return CODE_OK;
}
