/* SPDX-License-Identifier: Apache-2.0 */
#include "x/sp/takeover.h"

#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_sp.h"
#include "x/auth/account.h"
#include "x/base/deps.h"
#include "x/sp/deps.h"
#include "x/sp/earning.h"
#include "x/sp/life.h"
#include "x/sp/placement.h"

#include <inttypes.h>

int takeover_get(struct ctx *ctx, uint64_t group_id, uint32_t position, SlotReservation **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_reservation(&k, group_id, position), &slot_reservation__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, CODE_RESERVATION_NOT_FOUND,
                     "position %" PRIu32 " of placement group %" PRIu64 " is not reserved", position, group_id);
    return rc;
}

int takeover_put(struct ctx *ctx, const SlotReservation *r, struct err *err) {
    struct key k;
    return record_put(ctx, key_reservation(&k, r->group_id, r->position), r, err);
}

bool takeover_is_open(const PlacementGroup *group, uint32_t position, const StorageProvider *holder) {
    return holder->status == SP_STATUS_JAILED || sp_is_leaving(holder) ||
           placement_listed(group->offered, group->n_offered, position);
}

uint64_t takeover_bond(const SpParams *p, uint64_t bytes) {
    u128 more = ((u128)bytes * p->reserve_bond_per_gib + GIB - 1) / GIB;
    u128 bond = more + p->reserve_bond_min;
    return bond > UINT64_MAX ? UINT64_MAX : (uint64_t)bond;
}

/* --- reserving --- */

/* Everybody else who is in the group or about to be. */
struct hands {
    const StorageProvider *successor;
    const SlotReservation *wanted;
};

static int check_hands(struct ctx *ctx, const struct hands *h, uint32_t sp_id, struct err *err) {
    StorageProvider *other = NULL;
    int rc = sp_get(ctx, sp_id, &other, err);
    if (rc == CODE_OK && placement_same_hands(h->successor, other))
        rc = err_set(err, CODE_SLOT_SUCCESSOR,
                     "storage provider %" PRIu32 " has the operator or funding account of %" PRIu32
                     ", which is in placement group %" PRIu64 " already",
                     h->successor->id, sp_id, h->wanted->group_id);
    return rc;
}

/* record_fn over the reservations of the group. */
static int check_reserved(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                          struct err *err) {
    const SlotReservation *other = msg;
    (void)rest, (void)value;
    return check_hands(ctx, arg, other->sp_id, err);
}

static int check_others(struct ctx *ctx, const PlacementGroup *group, const struct hands *h, struct err *err) {
    struct key k;
    for (uint32_t i = 0; i < group->n_members; i++) {
        int rc = i == h->wanted->position ? CODE_OK : check_hands(ctx, h, group->members[i], err);
        if (rc)
            return rc;
    }
    if (group->members[h->wanted->position] == h->successor->id)
        return err_set(err, CODE_SLOT_SUCCESSOR, "storage provider %" PRIu32 " holds that position itself",
                       h->successor->id);
    return record_each(ctx, key_group_reservations(&k, group->id), BYTES_NONE, 0, &slot_reservation__descriptor,
                       check_reserved, (void *)(uintptr_t)h, err);
}

static int check_room(struct ctx *ctx, const StorageProvider *sp, const SlotReservation *r, struct err *err) {
    const SpParams *p = ctx->params->sp;
    if (sp->counters->reservations >= p->reservations_per_sp)
        return err_set(err, CODE_RESERVATION_LIMIT,
                       "storage provider %" PRIu32 " is taking over %" PRIu64 " positions, as many as allowed", sp->id,
                       sp->counters->reservations);
    if (r->position == 0 && sp->counters->primary_groups + sp->counters->primary_reservations >= p->groups_per_primary)
        return err_set(err, CODE_PLACEMENT_GROUP_LIMIT,
                       "storage provider %" PRIu32 " is primary of %" PRIu64 " placement groups, as many as allowed",
                       sp->id, sp->counters->primary_groups);
    return sp_may_store(ctx, sp, r->bytes, err);
}

static int check_group(const PlacementGroup *group, const SlotReservation *r, struct err *err) {
    if (r->position >= group->n_members)
        return err_set(err, CODE_INVALID_ARGUMENT, "placement group %" PRIu64 " has positions 0 to %zu", group->id,
                       group->n_members - 1);
    if (group->slots == 0)
        return err_set(err, CODE_SLOT_NOT_OPEN, "placement group %" PRIu64 " is empty and will be closed", group->id);
    if (group->handovers >= HANDOVERS_MAX)
        return err_set(err, CODE_SLOT_NOT_OPEN,
                       "placement group %" PRIu64 " has changed %" PRIu64
                       " times since some of what lies there was paid for; try again later",
                       group->id, group->handovers);
    return CODE_OK;
}

uint64_t takeover_time(const SpParams *p, uint64_t bytes) {
    u128 ms = ((u128)bytes * p->reserve_ms_per_gib + GIB - 1) / GIB + p->reserve_time_base_ms;
    return ms > p->reserve_time_max_ms ? p->reserve_time_max_ms : (uint64_t)ms;
}

static int check_terms(struct ctx *ctx, const SlotReservation *r, struct err *err) {
    const SpParams *p = ctx->params->sp;
    uint64_t need = takeover_bond(p, r->bytes);
    uint64_t most = takeover_time(p, r->bytes);
    if (r->deadline < ctx->time + p->reserve_time_min_ms || r->deadline > ctx->time + most)
        return err_set(err, CODE_SLOT_DEADLINE,
                       "the deadline for %" PRIu64 " bytes must be %" PRIu64 " to %" PRIu64
                       " ms of ledger time from now (%" PRIu64 ")",
                       r->bytes, p->reserve_time_min_ms, most, ctx->time);
    if (r->bond < need)
        return err_set(err, CODE_SLOT_BOND, "the bond is %s; for the %" PRIu64 " bytes of that position %s are asked",
                       money_text(r->bond).s, r->bytes, money_text(need).s);
    return CODE_OK;
}

/* Checks and fills what the position says. */
static int look_up(struct ctx *ctx, SlotReservation *r, StorageProvider *successor, PlacementGroup *group,
                   struct err *err) {
    StorageProvider *holder = NULL;
    bool taken = false;
    struct key k;
    struct hands hands = {successor, r};
    int rc = check_group(group, r, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, group->members[r->position], &holder, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_reservation(&k, r->group_id, r->position), &taken, err);
    if (rc)
        return rc;
    if (taken)
        return err_set(err, CODE_RESERVATION_EXISTS,
                       "position %" PRIu32 " of placement group %" PRIu64 " is reserved already", r->position,
                       r->group_id);
    if (!r->bucket_id && !takeover_is_open(group, r->position, holder))
        return err_set(err, CODE_SLOT_NOT_OPEN,
                       "position %" PRIu32 " of placement group %" PRIu64 " is held by storage provider %" PRIu32
                       ", which is %s and does not offer it",
                       r->position, r->group_id, holder->id, sp_status_text(holder->status));
    r->from_sp = holder->id;
    rc = ctx->deps->sp->position_bytes(ctx, r->group_id, holder->id, &r->bytes, err);
    if (rc == CODE_OK)
        rc = check_others(ctx, group, &hands, err);
    if (rc == CODE_OK)
        rc = check_room(ctx, successor, r, err);
    return rc ? rc : check_terms(ctx, r, err);
}

/* Ids are never reused: a draw of a reservation that has ended means nothing to the next one. */
static int next_id(struct ctx *ctx, uint64_t *ret, struct err *err) {
    SpTotals *totals = NULL;
    int rc = sp_totals_get(ctx, &totals, err);
    if (rc)
        return rc;
    *ret = ++totals->reservations;
    return sp_totals_put(ctx, totals, err);
}

static int insert(struct ctx *ctx, const SlotReservation *r, struct err *err) {
    struct key k;
    int rc = takeover_put(ctx, r, err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_sp_reservation(&k, r->sp_id, r->group_id, r->position), err);
    return rc ? rc : record_put_mark(ctx, key_reservation_due(&k, r->deadline, r->group_id, r->position), err);
}

static void emit(struct ctx *ctx, const char *type, const SlotReservation *r, const char *reason) {
    ctx_event(ctx, type, "group", ctx_u64_text(ctx, r->group_id), "position", ctx_u64_text(ctx, r->position), "sp",
              ctx_u64_text(ctx, r->sp_id), "from", ctx_u64_text(ctx, r->from_sp), "bytes", ctx_u64_text(ctx, r->bytes),
              "deadline", ctx_u64_text(ctx, r->deadline), "reason", reason, NULL);
}

int takeover_reserve(struct ctx *ctx, SlotReservation *r, struct err *err) {
    StorageProvider *successor = NULL;
    PlacementGroup *group = NULL;
    struct addr payer;
    int rc = sp_get(ctx, r->sp_id, &successor, err);
    if (rc == CODE_OK)
        rc = placement_get(ctx, r->group_id, &group, err);
    if (rc == CODE_OK)
        rc = look_up(ctx, r, successor, group, err);
    if (rc == CODE_OK)
        rc = addr_need(r->payer, "payer", &payer, err);
    if (rc == CODE_OK)
        r->group_bond = r->position == 0 ? ctx->params->sp->group_bond : 0;
    if (rc == CODE_OK)
        rc = coins_to_module(ctx, &payer, MODULE_SP, r->bond, err);
    if (rc == CODE_OK)
        rc = coins_to_module(ctx, &payer, MODULE_SP, r->group_bond, err);
    if (rc == CODE_OK)
        rc = next_id(ctx, &r->id, err);
    if (rc)
        return rc;
    r->bond_posted = r->bond;
    r->reserved_at = ctx->time;
    r->status = RESERVATION_STATUS_COPYING;
    successor->counters->reservations++;
    successor->counters->primary_reservations += r->position == 0;
    successor->reserved_bytes += r->bytes;
    group->reservations++;
    group->status = GROUP_STATUS_RESERVED;
    rc = insert(ctx, r, err);
    if (rc == CODE_OK)
        rc = sp_put(ctx, successor, err);
    if (rc == CODE_OK)
        rc = placement_put(ctx, group, err);
    if (rc == CODE_OK)
        emit(ctx, "sp.slot_reserved", r, "");
    return rc;
}

/* --- ending --- */

/* Record, index and queues; what successor and group count. The caller puts the group. */
static int remove(struct ctx *ctx, const SlotReservation *r, PlacementGroup *group, struct err *err) {
    StorageProvider *successor = NULL;
    struct key k;
    int rc = record_del(ctx, key_reservation(&k, r->group_id, r->position), err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_sp_reservation(&k, r->sp_id, r->group_id, r->position), err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_reservation_due(&k, r->deadline, r->group_id, r->position), err);
    if (rc == CODE_OK && r->next_draw)
        rc = record_del(ctx, key_takeover_due(&k, r->next_draw, r->group_id, r->position), err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, r->sp_id, &successor, err);
    if (rc)
        return rc;
    if (group->reservations == 0 || successor->counters->reservations == 0 || successor->reserved_bytes < r->bytes)
        return ctx_fault(ctx, CODE_CORRUPT, "fewer reservations are counted than there are");
    successor->counters->reservations--;
    successor->counters->primary_reservations -= r->position == 0;
    successor->reserved_bytes -= r->bytes;
    group->reservations--;
    if (group->reservations == 0)
        group->status = GROUP_STATUS_OPEN;
    return sp_put(ctx, successor, err);
}

static int pay_back(struct ctx *ctx, const SlotReservation *r, uint64_t amount, struct err *err) {
    struct addr payer;
    int rc = addr_need(r->payer, "payer", &payer, err);
    return rc ? rc : coins_from_module(ctx, MODULE_SP, &payer, amount, err);
}

int takeover_end(struct ctx *ctx, SlotReservation *r, uint64_t loss, const char *reason, struct err *err) {
    PlacementGroup *group = NULL;
    loss = u64_min(loss, r->bond);
    int rc = placement_get(ctx, r->group_id, &group, err);
    if (rc == CODE_OK)
        rc = remove(ctx, r, group, err);
    if (rc == CODE_OK)
        rc = placement_put(ctx, group, err);
    if (rc == CODE_OK)
        rc = coins_between_modules(ctx, MODULE_SP, MODULE_SLASHED, loss, err);
    if (rc == CODE_OK)
        rc = pay_back(ctx, r, r->bond - loss + r->group_bond, err);
    if (rc == CODE_OK)
        emit(ctx, "sp.slot_released", r, reason);
    return rc;
}

/* From reserve_cancel_ppm at once to all at the deadline, in proportion to the time that the group was kept. */
uint64_t takeover_cancel_loss(const struct ctx *ctx, const SlotReservation *r) {
    uint64_t least = u64_min(ctx->params->sp->reserve_cancel_ppm, 1000000);
    uint64_t kept = ctx->time - u64_min(ctx->time, r->reserved_at), span = u64_max(r->deadline - r->reserved_at, 1);
    uint64_t ppm = least + (uint64_t)((u128)(1000000 - least) * u64_min(kept, span) / span);
    return life_share(r->bond, ppm);
}

int takeover_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    SlotReservation *r = NULL;
    (void)due_time, (void)value;
    if (rest.len != 12)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of reservations has %zu bytes", rest.len);
    int rc = takeover_get(ctx, load_be64(rest.data), load_be32(rest.data + 8), &r, err);
    return rc ? rc : takeover_end(ctx, r, r->bond, "its deadline has passed", err);
}

/* --- letting the successor in --- */

/* Who leaves pays who does the work; who offers a position owes nothing. */
static int pay_fee(struct ctx *ctx, const SlotReservation *r, uint64_t bytes, struct err *err) {
    const SpParams *p = ctx->params->sp;
    StorageProvider *holder = NULL;
    int rc = sp_get(ctx, r->from_sp, &holder, err);
    if (rc || (holder->status != SP_STATUS_JAILED && !sp_is_leaving(holder)))
        return rc;
    uint64_t fee = u64_min(holder->deposit, life_share(sp_stake_for(p, bytes), p->takeover_fee_ppm));
    holder->deposit -= fee;
    rc = sp_put(ctx, holder, err);
    if (rc == CODE_OK)
        rc = coins_between_modules(ctx, MODULE_SP, MODULE_PAYMENT, fee, err);
    return rc ? rc : sp_earn(ctx, r->sp_id, fee, err);
}

static int move_member(struct ctx *ctx, const SlotReservation *r, const PlacementGroup *group, uint64_t bytes,
                       struct err *err) {
    StorageProvider *from = NULL, *to = NULL;
    bool primary = r->position == 0;
    struct key k;
    int rc = sp_get(ctx, r->from_sp, &from, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, r->sp_id, &to, err);
    if (rc)
        return rc;
    if (from->counters->groups == 0 || (primary && from->counters->primary_groups == 0))
        return ctx_fault(ctx, CODE_CORRUPT, "a provider counts fewer placement groups than it is in");
    from->counters->groups--;
    from->counters->primary_groups -= primary;
    from->counters->handed_over++;
    to->counters->groups++;
    to->counters->primary_groups += primary;
    to->counters->takeovers++;
    rc = life_handed_over(ctx, from, bytes, err);
    if (rc == CODE_OK)
        rc = sp_put(ctx, from, err);
    if (rc == CODE_OK)
        rc = sp_put(ctx, to, err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_sp_group(&k, from->id, group->id), err);
    if (rc == CODE_OK)
        rc = record_put_u32(ctx, key_sp_group(&k, to->id, group->id), r->position, err);
    if (rc == CODE_OK && primary)
        rc = record_del(ctx, key_primary_group(&k, from->id, group->id), err);
    if (rc == CODE_OK && primary)
        rc = record_put_mark(ctx, key_primary_group(&k, to->id, group->id), err);
    return rc;
}

/* A new primary answers for the group with its own bond. */
static int swap_bond(struct ctx *ctx, const SlotReservation *r, PlacementGroup *group, struct err *err) {
    struct addr before;
    int rc = addr_need(group->bond_payer, "bond_payer", &before, err);
    if (rc == CODE_OK)
        rc = coins_from_module(ctx, MODULE_SP, &before, group->bond, err);
    group->bond = r->group_bond;
    group->bond_payer = r->payer;
    return rc;
}

static int let_in(struct ctx *ctx, SlotReservation *r, PlacementGroup *group, struct err *err) {
    uint64_t bytes = 0;
    int rc = ctx->deps->sp->position_bytes(ctx, r->group_id, r->from_sp, &bytes, err);
    if (rc == CODE_OK)
        rc = remove(ctx, r, group, err);
    if (rc == CODE_OK)
        rc = ctx->deps->sp->position_move(ctx, r->group_id, r->from_sp, r->sp_id, err);
    if (rc == CODE_OK)
        rc = earning_pass(ctx, group, r->position, r->sp_id, err);
    if (rc == CODE_OK)
        rc = move_member(ctx, r, group, bytes, err);
    if (rc == CODE_OK)
        rc = pay_fee(ctx, r, bytes, err);
    if (rc == CODE_OK && r->position == 0)
        rc = swap_bond(ctx, r, group, err);
    if (rc == CODE_OK)
        rc = pay_back(ctx, r, r->bond, err);
    if (rc)
        return rc;
    group->members[r->position] = r->sp_id;
    placement_unlist(group->offered, &group->n_offered, r->position);
    emit(ctx, "sp.slot_taken", r, "");
    rc = placement_put(ctx, group, err);
    return rc || r->position ? rc : ctx->deps->sp->primary_changed(ctx, group->id, err);
}

static bool has_shown(const SlotReservation *r) {
    return r->status == RESERVATION_STATUS_PROVING && r->passed >= r->draws;
}

static int queue_draw(struct ctx *ctx, SlotReservation *r, struct err *err) {
    struct key k;
    r->next_draw = ctx->time + ctx->params->sp->takeover_interval_ms;
    return record_put_mark(ctx, key_takeover_due(&k, r->next_draw, r->group_id, r->position), err);
}

int takeover_complete(struct ctx *ctx, SlotReservation *r, struct err *err) {
    PlacementGroup *group = NULL;
    StorageProvider *successor = NULL;
    uint64_t bytes = 0;
    int rc = placement_get(ctx, r->group_id, &group, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, r->sp_id, &successor, err);
    if (rc == CODE_OK)
        rc = sp_may_store(ctx, successor, 0, err);
    if (rc == CODE_OK)
        rc = ctx->deps->sp->position_bytes(ctx, r->group_id, r->from_sp, &bytes, err);
    if (rc)
        return rc;
    if (has_shown(r) || bytes == 0) /* of what is not sealed there nothing can be drawn */
        return let_in(ctx, r, group, err);
    if (r->status != RESERVATION_STATUS_COPYING)
        return err_set(err, CODE_RESERVATION_STATUS,
                       "the ledger draws already: %" PRIu64 " of %" PRIu64 " draws have passed", r->passed, r->draws);
    r->status = RESERVATION_STATUS_PROVING;
    r->round++;
    r->passed = r->drawn = 0;
    r->draws = ctx->params->sp->takeover_draws;
    rc = queue_draw(ctx, r, err);
    if (rc == CODE_OK)
        emit(ctx, "sp.slot_proving", r, "");
    return rc ? rc : takeover_put(ctx, r, err);
}

/* --- draws --- */

int takeover_drawn(struct ctx *ctx, SlotReservation *r, bool made, struct err *err) {
    r->next_draw = 0; /* the entry has been taken out */
    r->drawn += made;
    int rc = r->drawn < r->draws ? queue_draw(ctx, r, err) : CODE_OK;
    return rc ? rc : takeover_put(ctx, r, err);
}

/* A successor that may store nothing just now keeps what it has shown, and completes again when it may. */
static int passed_one(struct ctx *ctx, SlotReservation *r, struct err *err) {
    PlacementGroup *group = NULL;
    StorageProvider *successor = NULL;
    r->passed++;
    int rc = takeover_put(ctx, r, err);
    if (rc || !has_shown(r))
        return rc;
    rc = placement_get(ctx, r->group_id, &group, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, r->sp_id, &successor, err);
    if (rc || sp_may_store(ctx, successor, 0, NULL))
        return rc;
    return let_in(ctx, r, group, err);
}

/* The round is over; what else was drawn in it means nothing any more. */
static int missed_one(struct ctx *ctx, SlotReservation *r, struct err *err) {
    uint64_t most = ctx->params->sp->takeover_misses_max;
    uint64_t loss = u64_min(r->bond, u64_div_up(r->bond_posted, most));
    struct key k;
    r->misses++;
    if (r->misses >= most)
        return takeover_end(ctx, r, r->bond, "the successor missed too many draws", err);
    int rc = coins_between_modules(ctx, MODULE_SP, MODULE_SLASHED, loss, err);
    if (rc == CODE_OK && r->next_draw)
        rc = record_del(ctx, key_takeover_due(&k, r->next_draw, r->group_id, r->position), err);
    r->next_draw = 0;
    r->bond -= loss;
    r->status = RESERVATION_STATUS_COPYING;
    r->passed = r->drawn = 0;
    if (rc == CODE_OK)
        emit(ctx, "sp.slot_missed", r, "a draw was missed: part of the bond is lost");
    return rc ? rc : takeover_put(ctx, r, err);
}

int takeover_answered(struct ctx *ctx, uint64_t group_id, uint32_t position, uint64_t id, uint64_t round, bool passed,
                      struct err *err) {
    SlotReservation *r = NULL;
    struct err none = {0};
    int rc = takeover_get(ctx, group_id, position, &r, &none);
    if (rc == CODE_RESERVATION_NOT_FOUND ||
        (rc == CODE_OK && (r->id != id || r->round != round || r->status != RESERVATION_STATUS_PROVING)))
        return CODE_OK;
    if (rc)
        return err_set(err, rc, "%s", none.msg);
    return passed ? passed_one(ctx, r, err) : missed_one(ctx, r, err);
}
