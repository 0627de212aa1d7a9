/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/executor/migrate.h"

#include "chain/codec/pb.h"
#include "chain/os/log.h"

#include <inttypes.h>
#include <stdio.h>

enum { ARENA_MAX = 8 << 20, PATH_LEN = 256, PAGE = 100 };

struct moving {
    struct provider *p;
    const BucketInfo *bucket;
    uint64_t taken, begun; /* slots that are being taken over; of them, from now on */
    struct err why;        /* of the first that could not be */
};

/* As the operator's own node has it: the ledger checks what follows from it. *ret NULL: not on its way here. */
static int find(struct provider *p, uint64_t bucket_id, struct arena *arena, BucketInfo **ret, struct err *err) {
    char path[PATH_LEN];
    BucketMigration *m;
    *ret = NULL;
    snprintf(path, sizeof path, "/storage/bucket_by_id?id=%" PRIu64, bucket_id);
    int rc = ledger_query_pb(p->ledger, path, &bucket_info__descriptor, arena, ret, err);
    if (!rc) {
        snprintf(path, sizeof path, "/storage/migration?bucket_name=%s", (*ret)->bucket_name);
        rc = ledger_query_pb(p->ledger, path, &bucket_migration__descriptor, arena, &m, err);
    }
    bool gone = rc == CODE_NOT_FOUND || rc == CODE_BUCKET_NOT_FOUND || (!rc && m->to_sp != p->sp_id);
    if (gone)
        *ret = NULL;
    return gone ? CODE_OK : rc;
}

/* Names a slot, or none. One a transaction: what one of them lacks does not hold up the others. */
static int tell_ledger(struct moving *m, uint64_t slot, struct err *err) {
    MsgCompleteMigrateBucket complete = MSG_COMPLETE_MIGRATE_BUCKET__INIT;
    SlotMove move = SLOT_MOVE__INIT, *moves[] = {&move};
    Msg msg = MSG__INIT, *msgs[] = {&msg};
    struct signer_result result;
    const struct addr *account = &m->p->signer->seal_account;
    complete.creator = (ProtobufCBinaryData){sizeof account->b, (uint8_t *)(uintptr_t)account->b};
    complete.bucket_name = m->bucket->bucket_name;
    move.slot = slot;
    complete.slots = moves;
    complete.n_slots = slot ? 1 : 0;
    msg.body_case = MSG__BODY_COMPLETE_MIGRATE_BUCKET;
    msg.complete_migrate_bucket = &complete;
    return signer_send(m->p->signer, msgs, 1, false, &result, err);
}

/* Is the first position ours, or being taken over by us? */
static int look_at(struct moving *m, const BucketSlot *slot, bool *ret_ours, bool *ret_taken, struct err *err) {
    char path[PATH_LEN];
    struct arena arena;
    PlacementGroup *group;
    SlotReservation *r;
    arena_init(&arena, ARENA_MAX);
    snprintf(path, sizeof path, "/sp/group?id=%" PRIu64, slot->group_id);
    int rc = ledger_query_pb(m->p->ledger, path, &placement_group__descriptor, &arena, &group, err);
    *ret_ours = !rc && group->members[0] == m->p->sp_id;
    *ret_taken = false;
    if (!rc && !*ret_ours && group->reservations) {
        snprintf(path, sizeof path, "/sp/reservation?group_id=%" PRIu64 "&position=0", slot->group_id);
        rc = ledger_query_pb(m->p->ledger, path, &slot_reservation__descriptor, &arena, &r, err);
        *ret_taken = !rc && r->sp_id == m->p->sp_id;
        rc = rc == CODE_NOT_FOUND || rc == CODE_RESERVATION_NOT_FOUND ? CODE_OK : rc;
    }
    arena_release(&arena);
    return rc;
}

static int begin(struct moving *m, const BucketSlot *slot, struct err *err) {
    struct err why;
    bool ours, taken;
    int rc = look_at(m, slot, &ours, &taken, err);
    if (rc || ours)
        return rc;
    m->taken++;
    if (taken)
        return CODE_OK;
    err_clear(&why);
    if (!tell_ledger(m, slot->slot, &why))
        m->begun++;
    else if (!m->why.code)
        m->why = why;
    return CODE_OK;
}

static int begin_all(struct moving *m, struct err *err) {
    struct arena arena;
    BucketSlotsAnswer *page = NULL;
    uint64_t after = 0;
    int rc = CODE_OK;
    arena_init(&arena, ARENA_MAX);
    do {
        char path[PATH_LEN];
        arena_reset(&arena);
        snprintf(path, sizeof path, "/storage/bucket_slots?bucket_id=%" PRIu64 "&start_after=%" PRIu64 "&limit=%d",
                 m->bucket->id, after, PAGE);
        rc = ledger_query_pb(m->p->ledger, path, &bucket_slots_answer__descriptor, &arena, &page, err);
        for (size_t i = 0; !rc && i < page->n_slots; i++)
            rc = begin(m, page->slots[i], err);
        after = rc ? 0 : page->next;
    } while (!rc && after);
    arena_release(&arena);
    return rc;
}

static int move(struct moving *m, struct err *err) {
    int rc = begin_all(m, err);
    if (!rc && m->why.code) {
        *err = m->why;
        return m->why.code;
    }
    if (!rc && !m->taken)
        rc = tell_ledger(m, 0, err);
    if (!rc)
        log_info("executor", "a bucket is on its way here", "bucket=%s slots=%" PRIu64 " begun=%" PRIu64,
                 m->bucket->bucket_name, m->taken, m->begun);
    return rc;
}

int migrate_task(struct provider *p, const Task *task, bool *ret_final, struct err *err) {
    struct arena arena;
    BucketInfo *bucket;
    struct moving m = {.p = p};
    arena_init(&arena, ARENA_MAX);
    int rc = find(p, task->object_id, &arena, &bucket, err);
    *ret_final = !rc && !bucket;
    m.bucket = bucket;
    if (!rc && bucket)
        rc = move(&m, err);
    arena_release(&arena);
    return rc;
}
