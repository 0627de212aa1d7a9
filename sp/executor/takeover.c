/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/executor/takeover.h"

#include "chain/codec/pb.h"
#include "chain/os/log.h"
#include "chain/types/deal_state.h"
#include "client/lib/placement.h"
#include "sp/executor/repair.h"
#include "sp/spdb/pieces.h"

#include <inttypes.h>
#include <stdio.h>

enum { PAGE_ARENA_MAX = 8 << 20, OBJECT_ARENA_MAX = 8 << 20, PATH_LEN = 512, PAGE = 100 };

struct takeover {
    struct provider *p;
    uint64_t group;
    uint32_t position;
    uint64_t objects, failed;
    struct err why; /* of the first that failed */
};

/* As the operator's own node has it: the ledger checks what follows from it. */
static int find_reservation(struct provider *p, uint64_t group, uint32_t position, struct arena *arena,
                            SlotReservation **ret, struct err *err) {
    char path[PATH_LEN];
    snprintf(path, sizeof path, "/sp/reservation?group_id=%" PRIu64 "&position=%u", group, position);
    return ledger_query_pb(p->ledger, path, &slot_reservation__descriptor, arena, ret, err);
}

/* --- one object --------------------------------------------------------------------------------------------------- */

/* The position's record, so that the scrubber cares for it and challenges can be answered. */
static int note_held(struct takeover *t, const struct placement *place, struct arena *arena, HeldPosition **ret,
                     struct err *err) {
    const ObjectInfo *o = place->object;
    HeldPosition held = HELD_POSITION__INIT;
    int rc = held_get(t->p->db, o->id, o->version, t->position, arena, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    held.object_id = o->id;
    held.version = o->version;
    held.position = t->position;
    held.payload_size = o->payload_size;
    held.profile = o->profile;
    held.checksum = o->checksums[t->position];
    held.sealed = true;
    held.bucket_name = o->bucket_name;
    held.object_name = o->object_name;
    held.bucket_id = o->bucket_id;
    held.creator = o->creator;
    held.for_sp = t->position ? place->sps[0]->id : 0;
    held.price = t->position < o->n_prices ? o->prices[t->position] : 0;
    rc = held_put(t->p->db, &held, err);
    return rc ? rc : pb_copy(&held, arena, ret, err);
}

static int find_place(struct takeover *t, uint64_t object_id, struct arena *arena, struct placement *ret,
                      struct err *err) {
    char path[PATH_LEN];
    ObjectInfo *named;
    snprintf(path, sizeof path, "/storage/object_by_id?id=%" PRIu64, object_id);
    int rc = ledger_query_pb(t->p->ledger, path, &object_info__descriptor, arena, &named, err);
    if (!rc)
        rc = placement_find(t->p->ledger, named->bucket_name, named->object_name, 0, arena, ret, err);
    if (!rc && (ret->object->id != object_id || !ret->group || ret->group->id != t->group ||
                t->position >= ret->object->n_checksums))
        rc = err_set(err, CODE_NOT_FOUND, "object %" PRIu64 " does not lie there any more", object_id);
    if (!rc && !(deal_sealed_positions(ret->object) >> t->position & 1))
        rc = err_set(err, CODE_NOT_FOUND, "position %u of object %" PRIu64 " is not sealed", t->position, object_id);
    return rc;
}

/* An object that has ended meanwhile is nobody's loss, and one that is not sealed there nobody's yet. */
static int take_object(struct takeover *t, uint64_t object_id, struct err *err) {
    struct arena arena;
    struct placement place;
    HeldPosition *held;
    arena_init(&arena, OBJECT_ARENA_MAX);
    int rc = find_place(t, object_id, &arena, &place, err);
    if (!rc)
        rc = note_held(t, &place, &arena, &held, err);
    if (!rc)
        rc = repair_take(t->p, held, &place, err);
    arena_release(&arena);
    return rc == CODE_NOT_FOUND || rc == CODE_OBJECT_NOT_FOUND ? CODE_OK : rc;
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static void add_cursor(char path[PATH_LEN], ProtobufCBinaryData cursor) {
    size_t len = strlen(path);
    if (!cursor.len || len + 2 * cursor.len + 16 > PATH_LEN)
        return;
    len += (size_t)snprintf(path + len, PATH_LEN - len, "&cursor=");
    hex_encode(cursor.data, cursor.len, path + len);
}

static int take_slot(struct takeover *t, uint64_t bucket_id, uint64_t slot, struct err *err) {
    struct arena arena;
    SlotObjectsAnswer *page = NULL;
    ProtobufCBinaryData cursor = {0};
    int rc = CODE_OK;
    arena_init(&arena, PAGE_ARENA_MAX);
    do {
        char path[PATH_LEN];
        snprintf(path, sizeof path, "/storage/slot_objects?bucket_id=%" PRIu64 "&slot=%" PRIu64 "&limit=%d", bucket_id,
                 slot, PAGE);
        add_cursor(path, cursor);
        rc = ledger_query_pb(t->p->ledger, path, &slot_objects_answer__descriptor, &arena, &page, err);
        for (size_t i = 0; !rc && i < page->n_object_ids; i++) {
            struct err why;
            err_clear(&why);
            t->objects++;
            if (take_object(t, page->object_ids[i], &why) && !t->failed++)
                t->why = why;
        }
        if (!rc)
            cursor = page->next_cursor;
    } while (!rc && cursor.len);
    arena_release(&arena);
    return rc;
}

static int take_group(struct takeover *t, struct err *err) {
    struct arena arena;
    GroupSlotsAnswer *page = NULL;
    ProtobufCBinaryData cursor = {0};
    int rc = CODE_OK;
    arena_init(&arena, PAGE_ARENA_MAX);
    do {
        char path[PATH_LEN];
        snprintf(path, sizeof path, "/storage/group_slots?group_id=%" PRIu64 "&limit=%d", t->group, PAGE);
        add_cursor(path, cursor);
        rc = ledger_query_pb(t->p->ledger, path, &group_slots_answer__descriptor, &arena, &page, err);
        for (size_t i = 0; !rc && i < page->n_slots; i++)
            rc = take_slot(t, page->slots[i]->bucket_id, page->slots[i]->slot, err);
        if (!rc)
            cursor = page->next_cursor;
    } while (!rc && cursor.len);
    arena_release(&arena);
    if (!rc && t->failed)
        rc = err_set(err, t->why.code, "%" PRIu64 " of %" PRIu64 " objects could not be fetched, the first: %s",
                     t->failed, t->objects, err_text(&t->why));
    return rc;
}

static int tell_ledger(struct takeover *t, struct err *err) {
    MsgCompleteSlot complete = MSG_COMPLETE_SLOT__INIT;
    Msg msg = MSG__INIT, *msgs[] = {&msg};
    struct signer_result result;
    const struct addr *account = &t->p->signer->seal_account;
    complete.creator = (ProtobufCBinaryData){sizeof account->b, (uint8_t *)(uintptr_t)account->b};
    complete.group_id = t->group;
    complete.position = t->position;
    msg.body_case = MSG__BODY_COMPLETE_SLOT;
    msg.complete_slot = &complete;
    int rc = signer_send(t->p->signer, msgs, 1, false, &result, err);
    if (!rc)
        log_info("executor", "a position was fetched; the ledger draws",
                 "group=%" PRIu64 " position=%u objects=%" PRIu64, t->group, t->position, t->objects);
    return rc;
}

int takeover_task(struct provider *p, const Task *task, bool *ret_final, struct err *err) {
    struct arena arena;
    SlotReservation *r = NULL;
    struct takeover t = {.p = p, .group = task->object_id, .position = task->position};
    arena_init(&arena, PAGE_ARENA_MAX);
    int rc = find_reservation(p, t.group, t.position, &arena, &r, err);
    bool ours = !rc && r->sp_id == p->sp_id, copying = ours && r->status == RESERVATION_STATUS_COPYING;
    arena_release(&arena);
    *ret_final = rc == CODE_NOT_FOUND || rc == CODE_RESERVATION_NOT_FOUND || (!rc && !ours);
    if (rc || !copying)
        return *ret_final ? CODE_OK : rc;
    rc = take_group(&t, err);
    return rc ? rc : tell_ledger(&t, err);
}
