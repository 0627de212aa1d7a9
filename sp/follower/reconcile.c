/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/follower/reconcile.h"

#include "cairn/challenge.h"
#include "cairn/sp.h"
#include "cairn/storage.h"
#include "chain/codec/pb.h"
#include "chain/http/uri.h"
#include "chain/types/deal_state.h"
#include "sp/follower/tasks.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/stages.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    ARENA_MAX = 16 << 20,
    PAGE = 100,
    PAGES_MAX = 1000,
    PATH_MAX_BYTES = 512,
    NAME_PATH_MAX = 8192,
    UNSEALED_MAX = 256,
    SPS_TEXT_MAX = 1024
};

/* --- challenges
 * ----------------------------------------------------------------------------------------------------------- */

static int challenges_page(struct follower *f, uint64_t *after, struct arena *arena, struct err *err) {
    char path[PATH_MAX_BYTES];
    ChallengesAnswer *answer;
    snprintf(path, sizeof path, "/challenge/challenges?sp_id=%u&start_after=%" PRIu64 "&limit=%d", f->sp_id, *after,
             PAGE);
    int rc = ledger_query_pb(f->ledger, path, &challenges_answer__descriptor, arena, &answer, err);
    for (size_t i = 0; !rc && i < answer->n_challenges; i++) {
        const Challenge *c = answer->challenges[i];
        Task task = TASK__INIT;
        if (c->status != CHALLENGE_STATUS_OPEN || c->sp_id != f->sp_id)
            continue;
        task.challenge_id = c->id;
        task.object_id = c->object_id;
        task.position = c->position;
        task.segment = c->segment;
        rc = tasks_challenge(f, &task, err);
    }
    if (!rc)
        *after = answer->next;
    return rc;
}

static int challenges(struct follower *f, struct arena *arena, struct err *err) {
    uint64_t after = 0;
    int rc, pages = 0;
    do {
        rc = challenges_page(f, &after, arena, err);
        arena_reset(arena);
    } while (!rc && after && ++pages < PAGES_MAX);
    return rc;
}

/* --- repair duties
 * -------------------------------------------------------------------------------------------------------- */

/* cursor: in hex, as the query takes bytes. */
static int repairs_page(struct follower *f, char cursor[PATH_MAX_BYTES / 2], struct arena *arena, struct err *err) {
    char path[PATH_MAX_BYTES];
    RepairDutiesAnswer *answer;
    snprintf(path, sizeof path, "/challenge/repairs?limit=%d%s%s", PAGE, *cursor ? "&cursor=" : "", cursor);
    int rc = ledger_query_pb(f->ledger, path, &repair_duties_answer__descriptor, arena, &answer, err);
    for (size_t i = 0; !rc && i < answer->n_duties; i++) {
        const RepairDuty *duty = answer->duties[i];
        Task task = TASK__INIT;
        if (duty->sp_id != f->sp_id)
            continue;
        task.object_id = duty->object_id;
        task.position = duty->position;
        task.segment = duty->segment;
        rc = tasks_repair(f, &task, err);
    }
    *cursor = '\0';
    if (!rc && answer->next_cursor.len && answer->next_cursor.len < PATH_MAX_BYTES / 8)
        hex_encode(answer->next_cursor.data, answer->next_cursor.len, cursor);
    return rc;
}

static int repairs(struct follower *f, struct arena *arena, struct err *err) {
    char cursor[PATH_MAX_BYTES / 2] = "";
    int rc, pages = 0;
    do {
        rc = repairs_page(f, cursor, arena, err);
        arena_reset(arena);
    } while (!rc && *cursor && ++pages < PAGES_MAX);
    return rc;
}

/* --- positions that we are taking over --- */

static int takeovers(struct follower *f, struct arena *arena, struct err *err) {
    char path[PATH_MAX_BYTES];
    SlotReservationsAnswer *page;
    uint64_t group = 0;
    uint32_t position = 0;
    int rc, pages = 0;
    do {
        snprintf(path, sizeof path, "/sp/reservations?sp_id=%u&group_id=%" PRIu64 "&position=%u&limit=%d", f->sp_id,
                 group, position, PAGE);
        rc = ledger_query_pb(f->ledger, path, &slot_reservations_answer__descriptor, arena, &page, err);
        bool more = !rc && page->more;
        for (size_t i = 0; !rc && i < page->n_reservations; i++) {
            const SlotReservation *r = page->reservations[i];
            group = r->group_id;
            position = r->position;
            if (r->status == RESERVATION_STATUS_COPYING)
                rc = tasks_take_over(f, group, position, err);
        }
        arena_reset(arena);
        if (!more)
            break;
    } while (!rc && ++pages < PAGES_MAX);
    return rc;
}

/* --- buckets that are on their way here --- */

static int migrations(struct follower *f, struct arena *arena, struct err *err) {
    char path[PATH_MAX_BYTES];
    MigrationsAnswer *page;
    uint64_t after = 0;
    int rc, pages = 0;
    do {
        snprintf(path, sizeof path, "/storage/migrations?sp_id=%u&start_after=%" PRIu64 "&limit=%d", f->sp_id, after,
                 PAGE);
        rc = ledger_query_pb(f->ledger, path, &migrations_answer__descriptor, arena, &page, err);
        for (size_t i = 0; !rc && i < page->n_migrations; i++)
            rc = tasks_migrate(f, page->migrations[i]->bucket_id, err);
        after = rc ? 0 : page->next;
        arena_reset(arena);
    } while (!rc && after && ++pages < PAGES_MAX);
    return rc;
}

/* --- positions that are not sealed here
 * ------------------------------------------------------------------------------------ */

struct unsealed {
    size_t count;
    struct {
        uint64_t object_id, version;
    } items[UNSEALED_MAX];
};

static int note_unsealed(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct unsealed *u = ctx;
    const HeldPosition *held = msg;
    (void)key, (void)err;
    if (!held->sealed && !stage_is(held->object_id) && u->count < UNSEALED_MAX) {
        u->items[u->count].object_id = held->object_id;
        u->items[u->count++].version = held->version;
    }
    return CODE_OK;
}

/* The members of the group that a sealed object lies in, as text. */
static int members_text(struct follower *f, const ObjectInfo *o, struct arena *arena, char ret[SPS_TEXT_MAX],
                        struct err *err) {
    char path[PATH_MAX_BYTES];
    BucketSlot *slot;
    PlacementGroup *group;
    size_t len = 0;
    snprintf(path, sizeof path, "/storage/slot?bucket_id=%" PRIu64 "&slot=%" PRIu64, o->bucket_id, o->slot);
    int rc = ledger_query_pb(f->ledger, path, &bucket_slot__descriptor, arena, &slot, err);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "/sp/group?id=%" PRIu64, slot->group_id);
    rc = ledger_query_pb(f->ledger, path, &placement_group__descriptor, arena, &group, err);
    for (size_t i = 0; !rc && i < group->n_members && len < SPS_TEXT_MAX - 12; i++)
        len += (size_t)snprintf(ret + len, SPS_TEXT_MAX - len, "%s%u", i ? "," : "", group->members[i]);
    return rc;
}

static int look_up(struct follower *f, uint64_t object_id, uint64_t version, struct arena *arena, struct err *err) {
    char path[PATH_MAX_BYTES], sps[SPS_TEXT_MAX] = "";
    ObjectInfo *o;
    snprintf(path, sizeof path, "/storage/object_by_id?id=%" PRIu64, object_id);
    int rc = ledger_query_pb(f->ledger, path, &object_info__descriptor, arena, &o, err);
    if (rc == CODE_NOT_FOUND || rc == CODE_OBJECT_NOT_FOUND)
        return tasks_gc(f, object_id, 0, err);
    if (rc || !deal_is_stored(o) || o->version != version || !o->slot)
        return rc;
    rc = members_text(f, o, arena, sps, err);
    struct sealed_object sealed = {
        .object_id = object_id, .version = version, .sps = sps, .positions = deal_sealed_positions(o)};
    return rc ? rc : tasks_sealed(f, &sealed, err);
}

static int unsealed(struct follower *f, struct arena *arena, struct err *err) {
    struct unsealed u = {.count = 0};
    int rc = held_each(f->db, 0, note_unsealed, &u, err);
    for (size_t i = 0; !rc && i < u.count; i++) {
        rc = look_up(f, u.items[i].object_id, u.items[i].version, arena, err);
        arena_reset(arena);
    }
    return rc;
}

/* --- what clients have staged
 * ------------------------------------------------------------------------------------------ */

struct staged {
    struct follower *f;
    struct arena *arena;
};

static int object_named(struct follower *f, const HeldPosition *held, struct arena *arena, ObjectInfo **ret,
                        struct err *err) {
    struct buf path;
    buf_init(&path, NAME_PATH_MAX);
    buf_put_str(&path, "/storage/object?bucket_name=");
    uri_encode(&path, bytes_str(held->bucket_name), false);
    buf_put_str(&path, "&object_name=");
    uri_encode(&path, bytes_str(held->object_name), false);
    const char *text = buf_failed(&path) ? NULL : buf_cstr(&path);
    int rc = text ? ledger_query_pb(f->ledger, text, &object_info__descriptor, arena, ret, err)
                  : err_set(err, CODE_TOO_LARGE, "the object's name is too long");
    buf_release(&path);
    return rc;
}

static bool holds_it(const HeldPosition *held, const ObjectInfo *o) {
    return deal_is_stored(o) && o->slot && o->bucket_id == held->bucket_id && held->position < o->n_checksums &&
           bytes_eq(pb_bytes(o->creator), pb_bytes(held->creator)) &&
           bytes_eq(pb_bytes(o->checksums[held->position]), pb_bytes(held->checksum));
}

/* Without a receipt nobody could have stored it. Whatever upload the object came by: the bytes are those that it has at
 * this position. */
static int look_up_stage(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct staged *s = ctx;
    const HeldPosition *held = msg;
    char sps[SPS_TEXT_MAX] = "";
    ObjectInfo *o;
    (void)key;
    if (!held->checksum.len)
        return CODE_OK;
    int rc = object_named(s->f, held, s->arena, &o, err);
    if (rc == CODE_NOT_FOUND || rc == CODE_OBJECT_NOT_FOUND || rc == CODE_BUCKET_NOT_FOUND)
        rc = CODE_OK;
    else if (!rc && holds_it(held, o)) {
        rc = members_text(s->f, o, s->arena, sps, err);
        struct sealed_object sealed = {o->id, o->version, sps, held->object_id, deal_sealed_positions(o)};
        rc = rc ? rc : tasks_sealed(s->f, &sealed, err);
    }
    arena_reset(s->arena);
    return rc;
}

static int staged(struct follower *f, struct arena *arena, struct err *err) {
    struct staged s = {f, arena};
    return stage_each(f->db, look_up_stage, &s, err);
}

int reconcile_all(struct follower *f, struct err *err) {
    struct arena arena;
    arena_init(&arena, ARENA_MAX);
    int rc = challenges(f, &arena, err);
    if (!rc)
        rc = repairs(f, &arena, err);
    if (!rc)
        rc = takeovers(f, &arena, err);
    if (!rc)
        rc = migrations(f, &arena, err);
    if (!rc)
        rc = unsealed(f, &arena, err);
    if (!rc)
        rc = staged(f, &arena, err);
    arena_release(&arena);
    return rc;
}
