/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/executor/replicator.h"

#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/os/log.h"
#include "chain/types/deal_state.h"
#include "chain/types/layout.h"
#include "client/lib/placement.h"
#include "sp/executor/replication.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/uploads.h"
#include "sp/uploader/segments.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOOK_PATH = 96 };

void replicator_init(struct replicator *rep, struct provider *provider) {
    *rep = (struct replicator){.provider = provider};
    mutex_init(&rep->lock);
}

static void replication_free(struct replication *r) {
    for (uint32_t i = 0; i < r->positions; i++)
        free(r->picks[i].done);
    arena_release(&r->arena);
    cond_release(&r->settled);
    mutex_release(&r->lock);
    free(r);
}

void replicator_release(struct replicator *rep) {
    while (rep->list) {
        struct replication *r = rep->list;
        rep->list = r->next;
        replication_free(r);
    }
    mutex_release(&rep->lock);
}

/* --- objects under way -------------------------------------------------------------------------------------------- */

/* What the record says of an earlier run: who was chosen, what they hold, the receipts. */
static int restore_picks(struct replication *r, const UploadRecord *record, struct err *err) {
    int rc = CODE_OK;
    for (size_t i = 0; !rc && i < record->n_secondaries; i++) {
        const SecondaryPick *saved = record->secondaries[i];
        if (saved->failed && r->failed_count < REPLICATION_FAILED_MAX) {
            struct failed_pick *row = &r->failed[r->failed_count++];
            row->position = saved->position;
            row->sp_id = saved->sp_id;
            snprintf(row->reason, sizeof row->reason, "%s", saved->reason);
        }
        if (saved->position >= r->positions || saved->failed || !saved->approval)
            continue;
        struct pick *pick = &r->picks[saved->position];
        pick->who.sp_id = saved->sp_id;
        pick->who.price = saved->price;
        rc = pb_encode(saved->approval, &r->arena, &pick->who.approval, err);
        if (saved->segments_done.len == bitmap_len(r->segments))
            memcpy(pick->done, saved->segments_done.data, saved->segments_done.len);
    }
    return rc;
}

static int replication_new(struct replicator *rep, const ObjectInfo *object, struct replication **ret,
                           struct err *err) {
    struct replication *r = calloc(1, sizeof *r);
    UploadRecord *record;
    ObjectInfo *copy;
    if (!r)
        return err_set(err, CODE_NO_MEMORY, "no memory for a replication");
    mutex_init(&r->lock);
    cond_init(&r->settled);
    arena_init(&r->arena, REPLICATION_ARENA_MAX);
    int rc = pb_copy(object, &r->arena, &copy, err);
    if (!rc)
        rc = upload_get(rep->provider->db, object->id, &r->arena, &record, err);
    if (!rc && record->upload_id.len == sizeof r->upload_id)
        memcpy(r->upload_id, record->upload_id.data, sizeof r->upload_id);
    if (!rc) {
        r->object = copy;
        r->segments = layout_segments(copy->profile, copy->payload_size);
        r->positions = profile_positions(copy->profile);
        r->picks[0].who.sp_id = rep->provider->sp_id;
        for (uint32_t i = 0; !rc && i < r->positions; i++)
            if (!(r->picks[i].done = calloc(1, bitmap_len(r->segments) + 1)))
                rc = err_set(err, CODE_NO_MEMORY, "no memory for a replication");
    }
    if (!rc)
        rc = restore_picks(r, record, err);
    if (rc)
        replication_free(r);
    else
        *ret = r;
    return rc;
}

/* The object's replication, made at need; give it back with leave. */
static int enter(struct replicator *rep, const ObjectInfo *object, struct replication **ret, struct err *err) {
    struct replication *r;
    int rc = CODE_OK;
    mutex_lock(&rep->lock);
    for (r = rep->list; r && r->object->id != object->id; r = r->next)
        ;
    if (!r) {
        rc = replication_new(rep, object, &r, err);
        if (!rc) {
            r->next = rep->list;
            rep->list = r;
        }
    }
    if (!rc) {
        r->refs++;
        *ret = r;
    }
    mutex_unlock(&rep->lock);
    return rc;
}

static void leave(struct replicator *rep, struct replication *r, bool forget) {
    mutex_lock(&rep->lock);
    if (forget && !r->forgotten) {
        struct replication **at = &rep->list;
        while (*at != r)
            at = &(*at)->next;
        *at = r->next;
        r->forgotten = true;
    }
    if (!--r->refs && r->forgotten) /* whoever still sends goes on with it */
        replication_free(r);
    mutex_unlock(&rep->lock);
}

static void forget(struct replicator *rep, uint64_t object_id) {
    struct replication *r;
    mutex_lock(&rep->lock);
    for (r = rep->list; r && r->object->id != object_id; r = r->next)
        ;
    if (r)
        r->refs++;
    mutex_unlock(&rep->lock);
    if (r)
        leave(rep, r, true);
}

/* --- while the payload arrives ------------------------------------------------------------------------------------ */

/* Chooses the secondaries once an object; other segments' workers wait for it. False: nobody to send to yet. */
static bool chosen(struct replicator *rep, struct replication *r) {
    struct err err;
    err_clear(&err);
    mutex_lock(&r->lock);
    while (r->choosing)
        cond_wait(&r->settled, &r->lock);
    bool done = r->chosen;
    r->choosing = !done;
    mutex_unlock(&r->lock);
    if (done)
        return true;
    int rc = columns_choose(rep->provider, r, &err);
    mutex_lock(&r->lock);
    r->choosing = false;
    cond_broadcast(&r->settled);
    mutex_unlock(&r->lock);
    if (rc)
        log_info("executor", "no secondaries yet", "object=%" PRIu64 " why=%s", r->object->id,
                 log_quote(err_text(&err)).s);
    return !rc;
}

void replicator_segment(void *ctx, const ObjectInfo *object, uint64_t segment, const struct cut *cut) {
    struct replicator *rep = ctx;
    struct replication *r;
    struct err err;
    err_clear(&err);
    if (profile_positions(object->profile) < 2)
        return;
    if (enter(rep, object, &r, &err)) {
        log_warn("executor", "a segment waits for the slow path", "object=%" PRIu64 " why=%s", object->id,
                 log_quote(err_text(&err)).s);
        return;
    }
    if (chosen(rep, r))
        columns_send(rep->provider, r, segment, cut);
    leave(rep, r, false);
}

void replicator_ended(void *ctx, uint64_t object_id, const char *reason) {
    struct replicator *rep = ctx;
    Task task = TASK__INIT;
    struct err err;
    err_clear(&err);
    if (reason) {
        forget(rep, object_id);
        return;
    }
    task.kind = TASK_KIND_SEAL_OBJECT;
    task.object_id = object_id;
    task.priority = TASK_PRIORITY_SEAL;
    if (manager_add(rep->provider->manager, &task, NULL, &err))
        log_error("executor", "an upload waits for a restart", "object=%" PRIu64 " why=%s", object_id,
                  log_quote(err_text(&err)).s);
}

void replicator_progress(struct replicator *rep, uint64_t object_id, struct arena *arena, struct bytes *ret_bitmap,
                         uint32_t *ret_positions_done) {
    struct replication *r;
    *ret_bitmap = BYTES_NONE;
    *ret_positions_done = 0;
    mutex_lock(&rep->lock);
    for (r = rep->list; r && r->object->id != object_id; r = r->next)
        ;
    if (r) {
        mutex_lock(&r->lock);
        size_t len = bitmap_len(r->segments * r->positions);
        uint8_t *bits = arena_alloc(arena, len);
        for (uint32_t i = 1; bits && i < r->positions; i++) {
            uint64_t held = 0;
            for (uint64_t s = 0; s < r->segments; s++)
                if (r->picks[i].who.sp_id && bitmap_has(r->picks[i].done, s)) {
                    bitmap_set(bits, s * r->positions + i);
                    held++;
                }
            *ret_positions_done += held == r->segments;
        }
        if (bits)
            *ret_bitmap = bytes_of(bits, len);
        mutex_unlock(&r->lock);
    }
    mutex_unlock(&rep->lock);
}

/* --- from upload to seal ------------------------------------------------------------------------------------------ */

/* One run of the task: the record as it is in the database, and where it goes. */
struct sealing {
    struct replicator *rep;
    struct replication *r;
    struct arena arena;
    UploadRecord *record;
    uint64_t since_ms;     /* the task waits */
    ObjectInfo *on_ledger; /* NULL while it is not sealed */
};

static int save_picks(struct sealing *s, struct err *err) {
    struct replication *r = s->r;
    SecondaryPick **list = arena_array(&s->arena, r->positions + REPLICATION_FAILED_MAX, sizeof *list);
    int rc = list ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for an upload's record");
    size_t n = 0;
    mutex_lock(&r->lock);
    for (uint32_t i = 1; !rc && i < r->positions; i++) {
        const struct pick *pick = &r->picks[i];
        SecondaryPick *saved = ARENA_NEW(&s->arena, SecondaryPick);
        if (!pick->who.sp_id || !saved)
            continue;
        secondary_pick__init(saved);
        saved->position = i;
        saved->sp_id = pick->who.sp_id;
        saved->price = pick->who.price;
        saved->segments_done = (ProtobufCBinaryData){bitmap_len(r->segments), pick->done};
        saved->receipt = pick->receipt;
        saved->reason = arena_strdup(&s->arena, pick->reason);
        if (pick->who.approval.len)
            rc =
                pb_decode(&signed_secondary_approval__descriptor, pick->who.approval, &s->arena, &saved->approval, err);
        list[n++] = saved;
    }
    for (size_t i = 0; !rc && i < r->failed_count; i++) {
        SecondaryPick *row = ARENA_NEW(&s->arena, SecondaryPick);
        char *reason = arena_strdup(&s->arena, r->failed[i].reason);
        if (!row || !reason)
            break;
        secondary_pick__init(row);
        row->position = r->failed[i].position;
        row->sp_id = r->failed[i].sp_id;
        row->failed = true;
        row->reason = reason;
        list[n++] = row;
    }
    s->record->secondaries = list;
    s->record->n_secondaries = n;
    s->record->group_id = r->group_id;
    if (!rc)
        rc = upload_put(s->rep->provider->db, s->record, err);
    mutex_unlock(&r->lock);
    return rc;
}

static int move(struct sealing *s, UploadState to, const char *reason, struct err *err) {
    int rc = upload_move(s->record, to, reason, clock_real_ms(), err);
    return rc ? rc : save_picks(s, err);
}

/* A stage: enters it (from the stage before, or again from its error), works, leaves it done or in error. Stages that
 * were done before are passed over. */
static int stage(struct sealing *s, UploadState doing, UploadState done, UploadState error,
                 int (*work)(struct sealing *s, struct err *err), struct err *err) {
    if (s->record->state >= done && s->record->state != error)
        return CODE_OK;
    struct err why;
    err_clear(&why);
    int rc = move(s, doing, NULL, err);
    if (rc)
        return rc;
    rc = work(s, &why);
    if (rc) {
        move(s, error, err_text(&why), NULL);
        if (err)
            *err = why;
        return rc;
    }
    return move(s, done, NULL, err);
}

static int work_choose(struct sealing *s, struct err *err) {
    int rc = s->r->chosen ? CODE_OK : columns_choose(s->rep->provider, s->r, err);
    return rc == CODE_UNAVAILABLE && s->r->partial ? CODE_OK : rc;
}

/* Would the object be readable with what is placed? */
static bool enough_placed(const struct replication *r) {
    uint64_t placed = 1;
    for (uint32_t i = 1; i < r->positions; i++)
        if (r->picks[i].who.approval.len && columns_has_all(r, i))
            placed |= (uint64_t)1 << i;
    return r->partial && profile_readable(r->object->profile, placed);
}

static int work_replicate(struct sealing *s, struct err *err) {
    int rc = columns_complete(s->rep->provider, s->r, err);
    return rc == CODE_UNAVAILABLE && enough_placed(s->r) ? CODE_OK : rc;
}

static int work_sign(struct sealing *s, struct err *err) {
    return seal_receipts(s->rep->provider, s->r, err);
}

static uint64_t every_position(const struct replication *r) {
    return r->positions == 64 ? UINT64_MAX : ((uint64_t)1 << r->positions) - 1;
}

static int work_seal(struct sealing *s, struct err *err) {
    struct hash *tx_id = ARENA_NEW(&s->arena, struct hash);
    int rc = tx_id ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a transaction");
    if (!rc &&
        (s->r->partial || seal_gathered(s->r) != every_position(s->r))) /* also after a restart: asked for again */
        rc = seal_receipts(s->rep->provider, s->r, err);
    if (!rc)
        rc = seal_send(s->rep->provider, s->r, tx_id, err);
    if (!rc)
        s->record->seal_tx_id = (ProtobufCBinaryData){sizeof tx_id->b, tx_id->b};
    return rc;
}

static int run_stages(struct sealing *s, struct err *err) {
    int rc = stage(s, ALLOC_SECONDARY_DOING, ALLOC_SECONDARY_DONE, ALLOC_SECONDARY_ERROR, work_choose, err);
    if (!rc)
        rc = stage(s, REPLICATE_OBJECT_DOING, REPLICATE_OBJECT_DONE, REPLICATE_OBJECT_ERROR, work_replicate, err);
    if (!rc)
        rc = stage(s, SIGN_OBJECT_DOING, SIGN_OBJECT_DONE, SIGN_OBJECT_ERROR, work_sign, err);
    if (!rc)
        rc = stage(s, SEAL_OBJECT_TX_DOING, SEAL_OBJECT_DONE, SEAL_OBJECT_TX_ERROR, work_seal, err);
    return rc;
}

/* What lacks positions keeps its whole segments: the others' columns are cut from them. */
static int mark_sealed(struct sealing *s, struct err *err) {
    struct provider *p = s->rep->provider;
    const ObjectInfo *o = s->record->object;
    HeldPosition *held;
    int rc = held_get(p->db, o->id, o->version, 0, &s->arena, &held, err);
    if (!rc) {
        held->sealed = true;
        rc = held_put(p->db, held, err);
    }
    return rc || s->record->missing ? rc : segments_unstage(p->db, p->pieces, o, err);
}

/* How the ledger sees the object: CODE_OK while it waits for its seal. The operator's own node is asked, since what is
 * in the newest block cannot be proven yet; that the object is gone is believed only with a proof. */
static int look(struct sealing *s, struct err *err) {
    const ObjectInfo *o = s->record->object;
    struct ledger *ledger = s->rep->provider->ledger;
    struct placement found;
    ObjectInfo *now;
    char path[LOOK_PATH];
    snprintf(path, sizeof path, "/storage/object_by_id?id=%" PRIu64, o->id);
    int rc = ledger_query_pb(ledger, path, &object_info__descriptor, &s->arena, &now, err);
    if (rc == CODE_NOT_FOUND || rc == CODE_OBJECT_NOT_FOUND) {
        rc = placement_find(ledger, o->bucket_name, o->object_name, o->create_at, &s->arena, &found, err);
        now = rc ? NULL : (ObjectInfo *)(uintptr_t)found.object;
    }
    s->on_ledger = NULL;
    if (!rc && now->id == o->id && now->replacing == o->version)
        return CODE_OK; /* on its way to replace another version */
    if (!rc && (now->id != o->id || now->version != o->version))
        rc = err_set(err, CODE_NOT_FOUND, "the object was replaced by another");
    if (!rc && now->object_status == OBJECT_STATUS_SEALED)
        s->on_ledger = now;
    return rc;
}

static uint64_t patience_ms(const struct sealing *s) {
    return s->rep->provider->config->partial_seal_seconds * 1000;
}

/* Of one that is sealed in part. */
static int seal_rest(struct sealing *s, struct err *err) {
    struct hash *tx_id = ARENA_NEW(&s->arena, struct hash);
    bool others = clock_real_ms() >= s->record->updated_ms + patience_ms(s);
    s->r->sealed = deal_sealed_positions(s->on_ledger);
    if (s->r->sealed == every_position(s->r))
        return CODE_OK;
    return tx_id ? rest_seal(s->rep->provider, s->r, s->on_ledger, others, tx_id, err)
                 : err_set(err, CODE_NO_MEMORY, "no memory for a transaction");
}

/* What came of it goes into the record. */
static int note_sealed(struct sealing *s, struct err *err) {
    uint64_t sealed = s->r->sealed | (s->on_ledger ? deal_sealed_positions(s->on_ledger) : 0);
    s->record->missing = every_position(s->r) & ~sealed;
    s->record->state = SEAL_OBJECT_DONE;
    return save_picks(s, err);
}

static int run_task(struct sealing *s, bool *ret_final, struct err *err) {
    int rc = upload_get(s->rep->provider->db, s->record->object_id, &s->arena, &s->record, err);
    if (!rc && s->record->state == SEAL_OBJECT_DONE && !s->record->missing)
        return mark_sealed(s, err); /* the process ended between the two */
    if (!rc)
        rc = look(s, err);
    if (rc == CODE_NOT_FOUND) {
        *ret_final = true;
        forget(s->rep, s->record->object_id);
    }
    if (!rc && !s->on_ledger && s->record->state == SEAL_OBJECT_DONE)
        rc = err_set(err, CODE_CONFLICT, "the object takes nothing new: it is about to end");
    if (!rc)
        rc = enter(s->rep, s->record->object, &s->r, err);
    if (rc)
        return rc;
    bool more = s->on_ledger != NULL;
    s->r->partial = clock_real_ms() >= s->since_ms + patience_ms(s);
    rc = more ? seal_rest(s, err) : run_stages(s, err);
    if (rc && !more && !look(s, NULL) && s->on_ledger)
        rc = CODE_OK; /* the answer was lost, the seal was not */
    if (!rc)
        rc = note_sealed(s, err);
    leave(s->rep, s->r, !rc || more);
    if (!rc)
        rc = mark_sealed(s, err);
    if (!rc && s->record->missing)
        rc = err_set(err, CODE_UNAVAILABLE, "the object is sealed but for positions %" PRIx64 " (hex, as bits)",
                     s->record->missing);
    return rc;
}

int replicator_task(struct replicator *rep, const Task *task, bool *ret_final, struct err *err) {
    struct sealing s = {.rep = rep, .since_ms = task->created_ms};
    UploadRecord wanted = UPLOAD_RECORD__INIT;
    wanted.object_id = task->object_id;
    s.record = &wanted;
    arena_init(&s.arena, REPLICATION_ARENA_MAX);
    int rc = run_task(&s, ret_final, err);
    if (!rc)
        log_info("executor", "object sealed", "object=%" PRIu64, task->object_id);
    arena_release(&s.arena);
    return rc;
}

/* --- after a restart ---------------------------------------------------------------------------------------------- */

static int recover_upload(void *ctx, struct bytes key, const void *msg, struct err *err) {
    const UploadRecord *record = msg;
    (void)key;
    (void)err;
    if (record->state >= UPLOAD_OBJECT_DONE && record->state != UPLOAD_OBJECT_ERROR &&
        (record->state != SEAL_OBJECT_DONE || record->missing))
        replicator_ended(ctx, record->object_id, NULL);
    return CODE_OK;
}

int replicator_recover(struct replicator *rep, struct err *err) {
    return upload_each(rep->provider->db, recover_upload, rep, err);
}
