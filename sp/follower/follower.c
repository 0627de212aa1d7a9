/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/follower/follower.h"

#include "chain/base/num.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/os/log.h"
#include "sp/follower/reconcile.h"
#include "sp/follower/tasks.h"
#include "sp/spdb/notes.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/stages.h"

#include <inttypes.h>
#include <stdlib.h>

enum { RETRY_MS = 1000, STATUS_ARENA_MAX = 1 << 20, UPLOAD_ID_BYTES = 16 };

#define CURSOR_NAME "ledger"

/* --- attributes
 * --------------------------------------------------------------------------------------------------------- */

static const char *text_of(const Event *event, const char *key) {
    for (size_t i = 0; i < event->n_attributes; i++)
        if (!strcmp(event->attributes[i]->key, key))
            return event->attributes[i]->value;
    return NULL;
}

static bool number_of(const Event *event, const char *key, uint64_t *ret) {
    const char *text = text_of(event, key);
    return text && u64_parse(text, strlen(text), ret);
}

/* --- events
 * ------------------------------------------------------------------------------------------------------------- */

/* The id under which positions of it lie here if its client has staged them. */
static uint64_t stage_of(const Event *e) {
    const char *upload = text_of(e, "upload_id"), *name = text_of(e, "object");
    uint8_t id[UPLOAD_ID_BYTES];
    uint64_t bucket_id;
    if (!upload || !name || strlen(upload) != 2 * sizeof id || !hex_decode(upload, 2 * sizeof id, id, sizeof id) ||
        !number_of(e, "bucket_id", &bucket_id))
        return 0;
    return stage_id(bucket_id, bytes_of(id, sizeof id), name);
}

/* "0,2,5" as bits. */
static uint64_t positions_of(const char *text) {
    uint64_t bits = 0;
    while (text && *text) {
        char *end;
        unsigned long long position = strtoull(text, &end, 10);
        if (end != text && position < 64)
            bits |= (uint64_t)1 << position;
        text = *end ? end + 1 : end;
    }
    return bits;
}

static int object_sealed(struct follower *f, const Event *e, struct err *err) {
    struct sealed_object o = {
        .sps = text_of(e, "sps"), .stage = stage_of(e), .positions = positions_of(text_of(e, "sealed"))};
    if (!number_of(e, "object_id", &o.object_id) || !number_of(e, "version", &o.version) || !o.sps)
        return CODE_OK;
    return tasks_sealed(f, &o, err);
}

static int object_ended(struct follower *f, const Event *e, struct err *err) {
    uint64_t object_id, version = 0;
    if (!number_of(e, "object_id", &object_id))
        return CODE_OK;
    number_of(e, "version", &version);
    return tasks_gc(f, object_id, version, err);
}

/* With the bytes of another: its primary makes it. */
static int object_created(struct follower *f, const Event *e, struct err *err) {
    uint64_t object_id, version, primary, source;
    if (!number_of(e, "object_id", &object_id) || !number_of(e, "version", &version) ||
        !number_of(e, "primary_sp", &primary) || !number_of(e, "copy_of", &source) || primary != f->sp_id || !source)
        return CODE_OK;
    return tasks_copy(f, object_id, version, err);
}

static bool is_ours(const struct follower *f, const Event *e) {
    uint64_t sp;
    return number_of(e, "sp", &sp) && sp == f->sp_id;
}

static int challenge_opened(struct follower *f, const Event *e, struct err *err) {
    Task task = TASK__INIT;
    uint64_t position;
    if (!is_ours(f, e) || !number_of(e, "challenge", &task.challenge_id) ||
        !number_of(e, "object_id", &task.object_id) || !number_of(e, "position", &position) ||
        !number_of(e, "segment", &task.segment))
        return CODE_OK;
    task.position = (uint32_t)position;
    return tasks_challenge(f, &task, err);
}

static int repair_opened(struct follower *f, const Event *e, struct err *err) {
    Task task = TASK__INIT;
    uint64_t position;
    if (!is_ours(f, e) || !number_of(e, "object_id", &task.object_id) || !number_of(e, "position", &position) ||
        !number_of(e, "segment", &task.segment))
        return CODE_OK;
    task.position = (uint32_t)position;
    return tasks_repair(f, &task, err);
}

static int slot_reserved(struct follower *f, const Event *e, struct err *err) {
    uint64_t group, position;
    if (!is_ours(f, e) || !number_of(e, "group", &group) || !number_of(e, "position", &position))
        return CODE_OK;
    return tasks_take_over(f, group, (uint32_t)position, err);
}

static int bucket_migrating(struct follower *f, const Event *e, struct err *err) {
    uint64_t bucket, to;
    if (!number_of(e, "to", &to) || to != f->sp_id || !number_of(e, "bucket_id", &bucket))
        return CODE_OK;
    return tasks_migrate(f, bucket, err);
}

static const struct {
    const char *type;
    int (*take)(struct follower *f, const Event *event, struct err *err);
} table[] = {
    {"storage.object_sealed", object_sealed},
    {"storage.object_completed", object_sealed},
    {"storage.object_deleted", object_ended},
    {"storage.object_cancelled", object_ended},
    {"storage.object_rejected", object_ended},
    {"storage.object_unsealed_expired", object_ended},
    {"storage.object_expired", object_ended},
    {"storage.object_unpaid", object_ended},
    {"storage.object_dropped", object_ended},
    {"storage.object_replaced", object_ended},
    {"storage.object_created", object_created},
    {"storage.object_ended", object_ended},
    {"storage.bucket_migrating", bucket_migrating},
    {"sp.slot_reserved", slot_reserved},
    {"sp.slot_missed", slot_reserved}, /* a draw was missed: what is not here is fetched again */
    {"challenge.opened", challenge_opened},
    {"challenge.repair_opened", repair_opened},
};

int follower_event(struct follower *f, const EventNote *note, struct err *err) {
    if (!note->event)
        return CODE_OK;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(note->event->type, table[i].type))
            return table[i].take(f, note->event, err);
    return CODE_OK;
}

/* --- the cursor
 * ----------------------------------------------------------------------------------------------------------- */

static bool is_closing(struct follower *f) {
    mutex_lock(&f->lock);
    bool closing = f->closing;
    mutex_unlock(&f->lock);
    return closing;
}

static void set_height(struct follower *f, uint64_t height, bool synced) {
    mutex_lock(&f->lock);
    f->height = height;
    f->synced = f->synced || synced;
    mutex_unlock(&f->lock);
}

static int store_cursor(struct follower *f, uint64_t height, struct err *err) {
    if (f->stored_height == height)
        return CODE_OK;
    int rc = cursor_put(f->db, CURSOR_NAME, height, 0, err);
    if (!rc)
        f->stored_height = height;
    return rc;
}

/* Asks for everything that is open now; what happens meanwhile comes by the stream behind `from`. */
static int reconcile(struct follower *f, struct err *err) {
    int rc = reconcile_all(f, err);
    if (!rc)
        f->reconciled_at_ms = clock_mono_ms();
    return rc;
}

/* --- the thread
 * ----------------------------------------------------------------------------------------------------------- */

static int on_event(void *ctx, const EventNote *note, struct err *err) {
    struct follower *f = ctx;
    return is_closing(f) ? CODE_CANCELLED : follower_event(f, note, err);
}

static int on_height(void *ctx, uint64_t height, uint64_t ledger_time, struct err *err) {
    struct follower *f = ctx;
    (void)ledger_time;
    set_height(f, height, true);
    if (is_closing(f))
        return CODE_CANCELLED;
    /* the events behind the cursor may come again: it need not be written at every block */
    int rc = height - f->stored_height >= FOLLOWER_CURSOR_BLOCKS ? store_cursor(f, height, err) : CODE_OK;
    if (!rc && clock_mono_ms() - f->reconciled_at_ms > FOLLOWER_RECONCILE_MS)
        rc = reconcile(f, err);
    return rc;
}

/* One connection, from asking for all that is open to the stream's end. */
static int follow_once(struct follower *f, struct err *err) {
    struct arena arena;
    NodeStatus *status;
    uint64_t newest = 0;
    arena_init(&arena, STATUS_ARENA_MAX);
    int rc = ledger_status(f->ledger, &arena, &status, err);
    if (!rc)
        newest = status->height;
    arena_release(&arena);
    if (!rc)
        rc = reconcile(f, err);
    if (rc)
        return rc;
    uint64_t from = follower_height(f); /* 0: a provider that never ran holds nothing that older events are about */
    if (!from || from > newest)
        from = newest;
    set_height(f, from, true);
    struct ledger_follow follow = {.from_height = from + 1, .on_event = on_event, .on_height = on_height, .ctx = f};
    rc = ledger_follow(f->ledger, &follow, err);
    if (rc == CODE_PRUNED) { /* away for longer than events are kept: what is open was asked for */
        log_warn("follower", "events were missed", "from=%" PRIu64 " to=%" PRIu64, from + 1, newest);
        set_height(f, newest, true);
    }
    return rc;
}

static void pause_before_retry(struct follower *f) {
    uint64_t until = deadline_in_ms(RETRY_MS);
    mutex_lock(&f->lock);
    while (!f->closing && cond_wait_until(&f->changed, &f->lock, until))
        ;
    mutex_unlock(&f->lock);
}

static void run(void *arg) {
    struct follower *f = arg;
    struct err err;
    int before = CODE_OK;
    while (!is_closing(f)) {
        err_clear(&err);
        int rc = follow_once(f, &err);
        if (is_closing(f))
            break;
        if (rc != before) /* once for each kind of trouble */
            log_warn("follower", "the stream of events broke; trying again", "code=%s why=%s", code_name(rc),
                     log_quote(err_text(&err)).s);
        before = rc;
        pause_before_retry(f);
    }
}

/* --- life
 * ------------------------------------------------------------------------------------------------------------------ */

int follower_init(struct follower *f, struct ledger *ledger, struct spdb *db, struct manager *manager, uint32_t sp_id,
                  struct err *err) {
    uint32_t index;
    *f = (struct follower){.ledger = ledger, .db = db, .manager = manager, .sp_id = sp_id};
    int rc = cursor_get(db, CURSOR_NAME, &f->height, &index, err);
    if (rc)
        return rc;
    f->stored_height = f->height;
    mutex_init(&f->lock);
    cond_init(&f->changed);
    return CODE_OK;
}

int follower_start(struct follower *f, struct err *err) {
    return thread_start(&f->thread, "follower", run, f, err);
}

void follower_close(struct follower *f) {
    mutex_lock(&f->lock);
    f->closing = true;
    cond_broadcast(&f->changed);
    mutex_unlock(&f->lock);
}

void follower_stop(struct follower *f) {
    struct err err;
    follower_close(f);
    thread_join(&f->thread);
    err_clear(&err);
    if (store_cursor(f, f->height, &err))
        log_warn("follower", "the cursor was not written", "why=%s", log_quote(err_text(&err)).s);
}

void follower_release(struct follower *f) {
    cond_release(&f->changed);
    mutex_release(&f->lock);
}

uint64_t follower_height(struct follower *f) {
    mutex_lock(&f->lock);
    uint64_t height = f->height;
    mutex_unlock(&f->lock);
    return height;
}

bool follower_ready(struct follower *f) {
    mutex_lock(&f->lock);
    bool ready = f->synced;
    mutex_unlock(&f->lock);
    return ready;
}
