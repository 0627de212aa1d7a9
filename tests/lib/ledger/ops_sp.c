/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about providers and their groups of positions. */
#include "tests/lib/ledger/ops.h"
#include "tests/lib/ledger/providers.h"

static void op_register_sp(struct world *w) {
    MsgRegisterSp m;
    const char *name = arena_printf(&w->f.tx_arena, "new%u", (unsigned)below(w, 3));
    provider_registration(&w->f, name, &m);
    if (seldom(w, 6))
        m.gc_possession = m.seal_possession;
    w->new_sps++;
    m.deposit = (90 + below(w, 100)) * PEBBLE_PER_CAIRN;
    fixture_do(&w->f, name, &m.base);
}

static void op_deposit_sp(struct world *w) {
    MsgDepositSp m = MSG_DEPOSIT_SP__INIT;
    unsigned i = (unsigned)below(w, w->f.sps);
    m.sp_id = i + 1;
    m.amount = an_amount(w);
    fixture_do(&w->f, arena_printf(&w->f.tx_arena, seldom(w, 3) ? "sp%u.funding" : "sp%u", i), &m.base);
}

static void op_open_group(struct world *w) {
    MsgOpenGroup m = MSG_OPEN_GROUP__INIT;
    struct deal *d = a_deal(w);
    uint32_t members[DEAL_POSITIONS_MAX];
    m.profile = &d->profile;
    m.n_members = profile_positions(&d->profile) - seldom(w, 8);
    m.members = members;
    for (uint32_t i = 0; i < m.n_members; i++)
        members[i] = i + 1;
    if (seldom(w, 8) && m.n_members)
        members[m.n_members - 1] = (uint32_t)below(w, 10);
    look_up(w, d);
    if (d->group_id && !seldom(w, 6))
        return;
    fixture_do(&w->f, seldom(w, 6) ? anybody(w) : "sp0", &m.base);
}

static const struct world_op rows[] = {
    {"register_sp", 1, op_register_sp},
    {"deposit_sp", 1, op_deposit_sp},
    {"open_group", 4, op_open_group},
};
const struct world_ops ops_sp = WORLD_OPS(rows);
