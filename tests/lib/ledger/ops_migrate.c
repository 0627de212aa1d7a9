/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that move buckets to other primaries. What a destination takes over is then
 * completed like any reservation (ops_sp.c). */
#include "tests/lib/ledger/ops.h"

/* "sp3": the operator of provider 4. */
static const char *operator_of(struct world *w, uint32_t sp_id) {
    return arena_printf(&w->f.tx_arena, "sp%u", sp_id - 1);
}

static void begin(struct world *w, struct deal *d) {
    struct migrate_try t;
    uint32_t to = 1 + (uint32_t)below(w, w->f.sps);
    deal_migrate_try(d, &t, to, operator_of(w, to));
    switch (below(w, 12)) {
    case 0:
        t.flip = true;
        break;
    case 1:
        t.approver = NULL;
        break;
    case 2:
        t.approval.nonce = 1 + below(w, 3);
        break;
    case 3:
        t.spec.bucket_id++;
        break;
    default:
        break;
    }
    deal_migrate_send(d, &t, seldom(w, 10) ? anybody(w) : d->owner);
}

static void step(struct world *w, struct deal *d, const char *destination) {
    MsgCompleteMigrateBucket m = MSG_COMPLETE_MIGRATE_BUCKET__INIT;
    SlotMove moves[5], *list[5];
    uint64_t slots = deal_bucket(d)->slots, at = 0;
    m.bucket_name = text(w, d->bucket);
    m.slots = list;
    while (m.n_slots < 5 && at < slots && !seldom(w, 4)) {
        slot_move__init(&moves[m.n_slots]);
        at += 1 + seldom(w, 4);
        moves[m.n_slots].slot = at;
        moves[m.n_slots].group_id = seldom(w, 8) ? 1 + below(w, 8) : 0;
        list[m.n_slots] = &moves[m.n_slots];
        m.n_slots++;
    }
    if (m.n_slots > w->f.params.storage.migrate_slots_max)
        m.n_slots = (size_t)w->f.params.storage.migrate_slots_max;
    fixture_do(&w->f, destination, &m.base);
}

static void op_migrate(struct world *w) {
    struct deal *d = a_deal(w);
    MsgCancelMigrateBucket cancel = MSG_CANCEL_MIGRATE_BUCKET__INIT;
    MsgRejectMigrateBucket reject = MSG_REJECT_MIGRATE_BUCKET__INIT;
    const BucketMigration *m = deal_migration(d);
    if (!deal_bucket(d))
        return;
    if (!m && !seldom(w, 8)) {
        if (!seldom(w, 3))
            begin(w, d);
        return;
    }
    const char *destination = m && !seldom(w, 8) ? operator_of(w, m->to_sp) : an_sp(w, "");
    switch (below(w, 12)) {
    case 0:
        cancel.bucket_name = text(w, d->bucket);
        fixture_do(&w->f, seldom(w, 4) ? anybody(w) : d->owner, &cancel.base);
        break;
    case 1:
        reject.bucket_name = text(w, d->bucket);
        reject.reason = text(w, "no room");
        fixture_do(&w->f, destination, &reject.base);
        break;
    default:
        step(w, d, destination);
    }
}

static const struct world_op rows[] = {
    {"migrate", 10, op_migrate},
};
const struct world_ops ops_migrate = WORLD_OPS(rows);
