/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about providers and their groups of positions. */
#include "tests/lib/ledger/ops.h"
#include "tests/lib/ledger/providers.h"

#include "chain/types/keys_sp.h"

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

/* A provider by number, and its operator's name. */
static uint32_t a_provider(struct world *w, const char **ret_operator) {
    uint32_t n = 1 + (uint32_t)below(w, w->f.sps + 2);
    *ret_operator = n <= w->f.sps ? arena_printf(&w->f.tx_arena, "sp%u", n - 1)
                                  : arena_printf(&w->f.tx_arena, "new%u", (unsigned)below(w, 3));
    if (seldom(w, 8))
        *ret_operator = anybody(w);
    return n;
}

static void edit_sp(struct world *w, uint32_t id, const char *operator_) {
    MsgEditSp m = MSG_EDIT_SP__INIT;
    m.sp_id = id;
    if (seldom(w, 2)) {
        const char *key = arena_printf(&w->f.tx_arena, "%s.gc%u", operator_, (unsigned)below(w, 3));
        m.gc_key = fixture_pubkey_data(&w->f, key);
        m.gc_possession = provider_possession(&w->f, operator_, key, seldom(w, 4) ? SP_KEY_SEAL : SP_KEY_GC);
    } else {
        m.new_capacity_case = MSG_EDIT_SP__NEW_CAPACITY_CAPACITY;
        m.capacity = seldom(w, 2) ? 1024 * GIB : below(w, 1 << 20);
    }
    fixture_do(&w->f, operator_, &m.base);
}

static void set_status(struct world *w, uint32_t id, const char *operator_) {
    MsgSetSpStatus m = MSG_SET_SP_STATUS__INIT;
    m.sp_id = id;
    m.status = seldom(w, 3) ? SP_STATUS_IN_MAINTENANCE : SP_STATUS_IN_SERVICE;
    if (m.status == SP_STATUS_IN_MAINTENANCE)
        m.duration_ms = 1 + below(w, 10 * unit_ms(w));
    fixture_do(&w->f, operator_, &m.base);
}

static void leave(struct world *w, uint32_t id, const char *operator_) {
    MsgExitSp out = MSG_EXIT_SP__INIT;
    MsgCompleteExitSp gone = MSG_COMPLETE_EXIT_SP__INIT;
    MsgReviveSp back = MSG_REVIVE_SP__INIT;
    out.sp_id = gone.sp_id = back.sp_id = id;
    if (seldom(w, 3))
        fixture_do(&w->f, operator_, &back.base);
    else if (seldom(w, 2))
        fixture_do(&w->f, anybody(w), &gone.base);
    else if (id > w->f.sps || seldom(w, 20)) /* the world goes on with those that it has */
        fixture_do(&w->f, operator_, &out.base);
}

/* The operator's key of a provider; NULL: somebody's whom this world does not know. */
static const char *operator_of(struct world *w, const StorageProvider *sp) {
    for (unsigned i = 0; i < w->f.sps + WORLD_NEWCOMERS; i++) {
        const char *name =
            arena_printf(&w->f.tx_arena, i < w->f.sps ? "sp%u" : "new%u", i < w->f.sps ? i : i - (unsigned)w->f.sps);
        struct addr a = fixture_addr(name);
        if (sp->operator_.len == sizeof a.b && memcmp(sp->operator_.data, a.b, sizeof a.b) == 0)
            return name;
    }
    return NULL;
}

/* What becomes of a provider next: out of jail, gone when it is leaving, leaving when it is a newcomer. Asked for when
 * it may be, mostly. */
static void op_sp_next(struct world *w) {
    const SpsAnswer *all = fixture_query(&w->f, "/sp/list", NULL);
    MsgCompleteExitSp gone = MSG_COMPLETE_EXIT_SP__INIT;
    MsgReviveSp back = MSG_REVIVE_SP__INIT;
    MsgExitSp out = MSG_EXIT_SP__INIT;
    for (size_t i = 0, at = below(w, all->n_sps ? all->n_sps : 1); i < all->n_sps; i++) {
        const StorageProvider *sp = all->sps[(at + i) % all->n_sps];
        const char *name = operator_of(w, sp);
        back.sp_id = gone.sp_id = out.sp_id = sp->id;
        if (!name || sp->status == SP_STATUS_GONE)
            continue;
        if (sp->status == SP_STATUS_JAILED && sp->id <= w->f.sps && sp->counters->open_repairs && !seldom(w, 4))
            ops_answer_of(w, sp->id); /* what it owes comes first */
        else if (sp->status == SP_STATUS_JAILED)
            fixture_do(&w->f, name, &back.base);
        else if (sp->status == SP_STATUS_GRACEFUL_EXITING || sp->status == SP_STATUS_FORCED_EXITING)
            fixture_do(&w->f, anybody(w), &gone.base);
        else if (sp->id > w->f.sps && seldom(w, 3))
            fixture_do(&w->f, name, &out.base);
        else
            continue;
        return;
    }
}

static void op_sp_life(struct world *w) {
    const char *operator_;
    uint32_t id = a_provider(w, &operator_);
    MsgWithdrawSp back = MSG_WITHDRAW_SP__INIT;
    MsgSetSpPrice price = MSG_SET_SP_PRICE__INIT;
    MsgCloseGroup close = MSG_CLOSE_GROUP__INIT;
    switch (below(w, 6)) {
    case 0:
        edit_sp(w, id, operator_);
        break;
    case 1:
        set_status(w, id, operator_);
        break;
    case 2:
        leave(w, id, operator_);
        break;
    case 3:
        back.sp_id = id;
        back.amount = an_amount(w);
        fixture_do(&w->f, operator_, &back.base);
        break;
    case 4:
        price.sp_id = id;
        price.store_price = w->f.sp_price + below(w, 2);
        price.read_price = w->f.sp_read_price + below(w, 2);
        price.free_read_once = below(w, 1000);
        fixture_do(&w->f, operator_, &price.base);
        break;
    default:
        close.group_id = 1 + below(w, 8);
        fixture_do(&w->f, operator_, &close.base);
    }
}

static const StorageProvider *provider_of(struct world *w, uint32_t id) {
    struct key k;
    return fixture_record(&w->f, key_sp(&k, id), &storage_provider__descriptor);
}

/* A position that its holder offers, by somebody who is not in the group. */
static bool reserve_offered(struct world *w, const PlacementGroup *g) {
    MsgReserveSlot m = MSG_RESERVE_SLOT__INIT;
    if (g->slots == 0 || g->n_offered == 0 || g->reservations)
        return false;
    for (uint32_t id = (uint32_t)w->f.sps; id > 0; id--) {
        const StorageProvider *sp = provider_of(w, id);
        bool inside = !sp || sp->status != SP_STATUS_IN_SERVICE;
        for (size_t i = 0; i < g->n_members; i++)
            inside = inside || g->members[i] == id;
        if (inside)
            continue;
        m.group_id = g->id;
        m.position = g->offered[below(w, g->n_offered)];
        m.bond = 2 * w->f.params.sp.reserve_bond_min;
        m.deadline = fixture_ledger_time(&w->f) + w->f.params.sp.reserve_time_min_ms + below(w, 190 * unit_ms(w));
        fixture_do(&w->f, arena_printf(&w->f.tx_arena, "sp%u", id - 1), &m.base);
        return true;
    }
    return false;
}

/* Offers, reservations, completions, cancellations: of a group that there is, mostly by who may. */
static void op_take_over(struct world *w) {
    MsgOfferSlot offer = MSG_OFFER_SLOT__INIT;
    MsgReserveSlot reserve = MSG_RESERVE_SLOT__INIT;
    MsgCompleteSlot complete = MSG_COMPLETE_SLOT__INIT;
    MsgCancelSlot cancel = MSG_CANCEL_SLOT__INIT;
    const PlacementGroupsAnswer *groups = fixture_query(&w->f, "/sp/groups", NULL);
    const SlotReservationsAnswer *open = fixture_query(&w->f, "/sp/reservations", NULL);
    const char *successor;
    a_provider(w, &successor);
    if (open->n_reservations && !seldom(w, 3)) {
        const SlotReservation *r = open->reservations[below(w, open->n_reservations)];
        complete.group_id = cancel.group_id = r->group_id;
        complete.position = cancel.position = r->position;
        if (r->sp_id <= w->f.sps && !seldom(w, 4))
            successor = arena_printf(&w->f.tx_arena, "sp%u", r->sp_id - 1);
        fixture_do(&w->f, successor, seldom(w, 5) ? &cancel.base : &complete.base);
        return;
    }
    if (!groups->n_groups)
        return;
    for (size_t i = 0; i < groups->n_groups && !seldom(w, 3); i++)
        if (reserve_offered(w, groups->groups[i]))
            return;
    const PlacementGroup *g = groups->groups[below(w, groups->n_groups)];
    offer.group_id = reserve.group_id = g->id;
    offer.position = reserve.position = (uint32_t)below(w, g->n_members + seldom(w, 10));
    if (seldom(w, 2) && offer.position < g->n_members && provider_of(w, g->members[offer.position])) {
        offer.withdraw = seldom(w, 4);
        fixture_do(&w->f, arena_printf(&w->f.tx_arena, "sp%u", g->members[offer.position] - 1), &offer.base);
        return;
    }
    reserve.bond = w->f.params.sp.reserve_bond_min + below(w, w->f.params.sp.reserve_bond_min);
    reserve.deadline = fixture_ledger_time(&w->f) + w->f.params.sp.reserve_time_min_ms + below(w, 200 * unit_ms(w));
    fixture_do(&w->f, successor, &reserve.base);
}

static const struct world_op rows[] = {
    {"register_sp", 1, op_register_sp}, {"deposit_sp", 1, op_deposit_sp}, {"open_group", 4, op_open_group},
    {"sp_life", 6, op_sp_life},         {"take_over", 8, op_take_over},   {"sp_next", 8, op_sp_next},
};
const struct world_ops ops_sp = WORLD_OPS(rows);
