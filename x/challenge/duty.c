/* SPDX-License-Identifier: Apache-2.0 */
#include "x/challenge/duty.h"

#include "chain/types/deal_state.h"
#include "chain/types/keys_challenge.h"
#include "chain/types/layout.h"
#include "x/base/record.h"
#include "x/challenge/pick.h"
#include "x/challenge/record.h"
#include "x/sp/sp.h"
#include "x/storage/object.h"
#include "x/storage/slot.h"

int duty_get(struct ctx *ctx, uint64_t object_id, uint32_t position, RepairDuty **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_repair(&k, object_id, position), &repair_duty__descriptor, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    *ret = NULL;
    return CODE_OK;
}

static int duty_put(struct ctx *ctx, const RepairDuty *duty, struct err *err) {
    struct key k;
    return record_put(ctx, key_repair(&k, duty->object_id, duty->position), duty, err);
}

/* Queues the next draw; a duty with an open challenge waits for that instead. */
static int enqueue(struct ctx *ctx, RepairDuty *duty, struct err *err) {
    struct key k;
    duty->next_draw = ctx->time + u64_max(ctx->params->challenge->repair_interval_ms, 1);
    int rc = record_put_mark(ctx, key_repair_due(&k, duty->next_draw, duty->object_id, duty->position), err);
    return rc ? rc : duty_put(ctx, duty, err);
}

static void emit(struct ctx *ctx, const char *type, const RepairDuty *duty) {
    ctx_event(ctx, type, "object_id", ctx_u64_text(ctx, duty->object_id), "position", ctx_u64_text(ctx, duty->position),
              "sp", ctx_u64_text(ctx, duty->sp_id), "segment", ctx_u64_text(ctx, duty->segment), "misses",
              ctx_u64_text(ctx, duty->misses), NULL);
}

/* --- counts at object, provider and statistics --- */

enum change { DUTY_OPENED, DUTY_DONE, DUTY_DROPPED, DUTY_LOST };

static int count(struct ctx *ctx, const RepairDuty *duty, enum change change, struct err *err) {
    StorageProvider *sp = NULL;
    ChallengeStats *stats = NULL;
    ObjectInfo *object = NULL;
    uint64_t step = change == DUTY_OPENED ? 1 : (uint64_t)-1;
    int rc = object_by_id(ctx, duty->object_id, &object, err);
    if (rc == CODE_OK) {
        object->repair_duties += step;
        rc = object_put(ctx, object, err);
    }
    if (rc && rc != CODE_OBJECT_NOT_FOUND)
        return rc;
    rc = sp_get(ctx, duty->sp_id, &sp, err);
    if (rc)
        return rc;
    sp->counters->open_repairs += step;
    rc = sp_put(ctx, sp, err);
    if (rc == CODE_OK)
        rc = stats_get(ctx, &stats, err);
    if (rc)
        return rc;
    stats->repairs_open += step;
    stats->repairs_done += change == DUTY_DONE;
    return stats_put(ctx, stats, err);
}

static int end_duty(struct ctx *ctx, const RepairDuty *duty, enum change change, struct err *err) {
    struct key k;
    int rc = record_del(ctx, key_repair(&k, duty->object_id, duty->position), err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_repair_due(&k, duty->next_draw, duty->object_id, duty->position), err);
    if (rc == CODE_OK)
        rc = count(ctx, duty, change, err);
    if (rc == CODE_OK && change != DUTY_LOST)
        emit(ctx, change == DUTY_DONE ? "challenge.repair_done" : "challenge.repair_dropped", duty);
    return rc;
}

/* --- is there still something to repair --- */

/* Finds object and group; *ret_object is NULL when the object has ended, changed, or the position moved on. */
static int find(struct ctx *ctx, uint64_t object_id, uint64_t version, uint32_t position, uint32_t sp_id,
                ObjectInfo **ret_object, PlacementGroup **ret_group, struct err *err) {
    ObjectInfo *object = NULL;
    *ret_object = NULL;
    int rc = object_by_id(ctx, object_id, &object, err);
    if (rc == CODE_OBJECT_NOT_FOUND)
        return CODE_OK;
    if (rc)
        return rc;
    if (object->version != version || !object_is_stored(object) || object->slot == 0)
        return CODE_OK;
    rc = slot_group(ctx, object->bucket_id, object->slot, ret_group, err);
    if (rc)
        return rc;
    if (position < (*ret_group)->n_members && (*ret_group)->members[position] == sp_id &&
        deal_sealed_positions(object) >> position & 1) /* else it is vacant */
        *ret_object = object;
    return CODE_OK;
}

int duty_object(struct ctx *ctx, const RepairDuty *duty, ObjectInfo **ret, struct err *err) {
    PlacementGroup *group = NULL;
    return find(ctx, duty->object_id, duty->version, duty->position, duty->sp_id, ret, &group, err);
}

int duty_declared_lost(struct ctx *ctx, const RepairDuty *duty, uint64_t slashed, struct err *err) {
    int rc = end_duty(ctx, duty, DUTY_LOST, err);
    if (rc == CODE_OK)
        ctx_event(ctx, "challenge.declared_lost", "object_id", ctx_u64_text(ctx, duty->object_id), "position",
                  ctx_u64_text(ctx, duty->position), "sp", ctx_u64_text(ctx, duty->sp_id), "slashed",
                  ctx_u64_text(ctx, slashed), NULL);
    return rc;
}

int duty_after_miss(struct ctx *ctx, const Challenge *missed, struct err *err) {
    ObjectInfo *object = NULL;
    PlacementGroup *group = NULL;
    RepairDuty *duty = NULL;
    int rc = duty_get(ctx, missed->object_id, missed->position, &duty, err);
    if (rc == CODE_OK)
        rc = find(ctx, missed->object_id, missed->version, missed->position, missed->sp_id, &object, &group, err);
    if (rc)
        return rc;
    if (!object) /* nothing is left to repair; a duty that still waits in the queue finds out when it is due */
        return duty && duty->open_challenge == missed->id ? end_duty(ctx, duty, DUTY_DROPPED, err) : CODE_OK;
    if (duty && (duty->version != missed->version || duty->sp_id != missed->sp_id)) {
        rc = end_duty(ctx, duty, DUTY_DROPPED, err);
        duty = NULL;
        if (rc)
            return rc;
    }
    if (duty) {
        duty->misses += !missed->resting;
        duty->segment = missed->segment;
        if (duty->open_challenge != missed->id)
            return duty_put(ctx, duty, err);
        duty->open_challenge = 0;
        return enqueue(ctx, duty, err);
    }
    duty = CTX_NEW(ctx, RepairDuty);
    repair_duty__init(duty);
    duty->object_id = missed->object_id;
    duty->position = missed->position;
    duty->sp_id = missed->sp_id;
    duty->version = missed->version;
    duty->since = ctx->time;
    duty->misses = 1;
    duty->segment = missed->segment;
    rc = enqueue(ctx, duty, err);
    if (rc == CODE_OK)
        rc = count(ctx, duty, DUTY_OPENED, err);
    if (rc == CODE_OK)
        emit(ctx, "challenge.repair_opened", duty);
    return rc;
}

int duty_after_pass(struct ctx *ctx, const Challenge *passed, struct err *err) {
    RepairDuty *duty = NULL;
    int rc = duty_get(ctx, passed->object_id, passed->position, &duty, err);
    if (rc || !duty || duty->open_challenge != passed->id)
        return rc;
    return end_duty(ctx, duty, DUTY_DONE, err);
}

int duty_sound(struct ctx *ctx, const ObjectInfo *object, const PlacementGroup *group, uint64_t *ret, struct err *err) {
    uint64_t sound = deal_sealed_positions(object);
    for (uint32_t i = 0; i < group->n_members; i++) {
        RepairDuty *duty = NULL;
        StorageProvider *sp = NULL;
        if (!(sound >> i & 1))
            continue;
        int rc = duty_get(ctx, object->id, i, &duty, err);
        if (rc == CODE_OK)
            rc = sp_get(ctx, group->members[i], &sp, err);
        if (rc)
            return rc;
        bool owed = duty && duty->version == object->version; /* one of a version that was replaced says nothing */
        if (owed || sp->status == SP_STATUS_JAILED || sp->status == SP_STATUS_FORCED_EXITING ||
            sp->status == SP_STATUS_GONE)
            sound &= ~((uint64_t)1 << i);
    }
    *ret = sound;
    return CODE_OK;
}

/* A challenge where it missed. A resting one costs nothing when it is missed, but a duty must be able to end: after a
 * failure of many providers at once every duty of an object would wait for the others otherwise. */
static int draw_for(struct ctx *ctx, RepairDuty *duty, ObjectInfo *object, bool resting, struct err *err) {
    struct draw draw;
    struct pick pick = {object, duty->position, duty->sp_id};
    uint64_t id = 0;
    int rc = ctx_next_id(ctx, SEQ_CHALLENGE, &id, err);
    if (rc)
        return rc;
    draw_init(&draw, &ctx->seed, CHALLENGE_ORIGIN_REPAIR, id);
    duty->open_challenge = id;
    duty->next_draw = 0;
    Challenge *c = pick_challenge(ctx, &draw, id, &pick, duty->segment, CHALLENGE_ORIGIN_REPAIR);
    c->resting = resting;
    rc = challenge_open(ctx, c, err);
    return rc ? rc : duty_put(ctx, duty, err);
}

int duty_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    RepairDuty *duty = NULL;
    ObjectInfo *object = NULL;
    PlacementGroup *group = NULL;
    uint64_t sound = 0;
    bool deferred = false;
    (void)due_time, (void)value;
    if (rest.len != 12)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of repairs has %zu bytes", rest.len);
    int rc = duty_get(ctx, load_be64(rest.data), load_be32(rest.data + 8), &duty, err);
    if (rc || !duty)
        return rc;
    rc = find(ctx, duty->object_id, duty->version, duty->position, duty->sp_id, &object, &group, err);
    if (rc)
        return rc;
    if (!object)
        return end_duty(ctx, duty, DUTY_DROPPED, err);
    rc = duty_sound(ctx, object, group, &sound, err);
    if (rc == CODE_OK)
        rc = challenge_deferred(ctx, &deferred, err);
    if (rc)
        return rc;
    uint64_t others = sound & ~((uint64_t)1 << duty->position);
    bool resting = !profile_readable(object->profile, others);
    return deferred ? enqueue(ctx, duty, err) : draw_for(ctx, duty, object, resting, err);
}
