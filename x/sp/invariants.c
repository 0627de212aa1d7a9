/* SPDX-License-Identifier: Apache-2.0 */
/* Deposits and bonds against module sp's coins; counters, statuses, indexes and queues both ways. */
#include "x/sp/life.h"
#include "x/sp/msgs.h"
#include "x/sp/placement.h"
#include "x/sp/takeover.h"

#include "chain/types/keys_sp.h"
#include "x/auth/account.h"

#include <inttypes.h>

struct sums {
    uint64_t deposits, bonds;
    uint64_t sps, addrs; /* records; entries of the index by address */
    uint64_t memberships, primaries;
    uint64_t member_entries, primary_entries;
    uint64_t gone, exiting, exiting_bytes;
    uint64_t reserved, primary_reserved, reserved_bytes;  /* as providers count them */
    uint64_t reservations, primary_reservations, bytes;   /* as there are */
    uint64_t group_reservations;                          /* as groups count them */
    uint64_t maintenances, empty_groups, draws, markings; /* entries that there must be in queues */
};

static int check_status(struct ctx *ctx, struct sums *s, const StorageProvider *sp, struct err *err) {
    struct key k;
    bool queued = true;
    if ((sp->status == SP_STATUS_IN_MAINTENANCE) != (sp->maintenance_until != 0) ||
        sp_is_leaving(sp) != (sp->exit_since != 0) || (sp->jailed_until && sp->status != SP_STATUS_JAILED) ||
        (sp->unpaid && !sp_is_leaving(sp) && sp->status != SP_STATUS_JAILED) ||
        (!sp->unpaid && (sp->status == SP_STATUS_JAILED || sp->status == SP_STATUS_FORCED_EXITING)))
        return err_set(err, CODE_INTERNAL, "storage provider %" PRIu32 " is %s, and its record says otherwise", sp->id,
                       sp_status_text(sp->status));
    if (sp->status == SP_STATUS_GONE && (sp->deposit || sp->stored_bytes || sp->reserved_bytes))
        return err_set(err, CODE_INTERNAL, "storage provider %" PRIu32 " is gone and has bytes or coins", sp->id);
    if (sp->exit_bytes && sp->status != SP_STATUS_GRACEFUL_EXITING)
        return err_set(err, CODE_INTERNAL, "storage provider %" PRIu32 " has bytes to hand over and is not leaving",
                       sp->id);
    if (sp->earned < sp->income)
        return err_set(err, CODE_INTERNAL, "storage provider %" PRIu32 " has more income than it earned", sp->id);
    s->maintenances += sp->maintenance_until != 0;
    s->markings += sp->marking_at != 0;
    int rc = CODE_OK;
    if (sp->maintenance_until)
        rc = record_has(ctx, key_maintenance_due(&k, sp->maintenance_until, sp->id), &queued, err);
    if (rc == CODE_OK && queued && sp->marking_at)
        rc = record_has(ctx, key_marking_due(&k, sp->marking_at, sp->id), &queued, err);
    if (rc == CODE_OK && !queued)
        rc = err_set(err, CODE_INTERNAL,
                     "the maintenance of storage provider %" PRIu32 ", or the marking of its groups, never ends",
                     sp->id);
    return rc;
}

static int check_sp(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)value;
    struct sums *s = arg;
    const StorageProvider *sp = msg;
    struct addr operator;
    struct key k;
    uint32_t id = 0;
    bool gone = sp->status == SP_STATUS_GONE;
    s->sps += !gone;
    s->gone += gone;
    s->exiting += sp->status == SP_STATUS_GRACEFUL_EXITING;
    s->exiting_bytes += sp->exit_bytes;
    s->deposits += sp->deposit;
    s->reserved_bytes += sp->reserved_bytes;
    if (sp->counters) {
        s->memberships += sp->counters->groups;
        s->primaries += sp->counters->primary_groups;
        s->reserved += sp->counters->reservations;
        s->primary_reserved += sp->counters->primary_reservations;
    }
    if (load_be32(rest.data) != sp->id || !addr_of_field(sp->operator_, &operator))
        return err_set(err, CODE_INTERNAL, "storage provider %" PRIu32 " lies at the wrong key", sp->id);
    int rc = check_status(ctx, s, sp, err);
    if (rc || gone)
        return rc;
    rc = record_get_u32(ctx, key_sp_by_addr(&k, &operator), &id, err);
    if (rc == CODE_NOT_FOUND || (rc == CODE_OK && id != sp->id))
        rc = err_set(err, CODE_INTERNAL, "the operator of storage provider %" PRIu32 " does not lead to it", sp->id);
    if (sp->capacity && sp->stored_bytes + sp->reserved_bytes > sp->capacity)
        rc = err_set(err, CODE_INTERNAL, "storage provider %" PRIu32 " stores more than it offers", sp->id);
    return rc;
}

static int count_addr(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ((struct sums *)arg)->addrs++;
    return CODE_OK;
}

/* record_fn: counts entries. */
static int count_entry(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(uint64_t *)arg;
    return CODE_OK;
}

/* record_fn over all reservations. */
static int check_reservation(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                             struct err *err) {
    struct sums *s = arg;
    const SlotReservation *r = msg;
    PlacementGroup *g = NULL;
    struct key k;
    bool listed = false, due = false, drawn = true;
    (void)rest, (void)value;
    s->reservations++;
    s->primary_reservations += r->position == 0;
    s->bytes += r->bytes;
    s->bonds += r->bond + r->group_bond;
    s->draws += r->next_draw != 0;
    int rc = placement_get(ctx, r->group_id, &g, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_sp_reservation(&k, r->sp_id, r->group_id, r->position), &listed, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_reservation_due(&k, r->deadline, r->group_id, r->position), &due, err);
    if (rc == CODE_OK && r->next_draw)
        rc = record_has(ctx, key_takeover_due(&k, r->next_draw, r->group_id, r->position), &drawn, err);
    if (rc == CODE_OK && (!listed || !due || !drawn || r->position >= g->n_members ||
                          g->members[r->position] != r->from_sp || r->bond > r->bond_posted))
        rc = err_set(err, CODE_INTERNAL,
                     "the reservation of position %" PRIu32 " of placement group %" PRIu64
                     " is not where its indexes say, or of another holder",
                     r->position, r->group_id);
    return rc;
}

/* Vacant are the positions of those who are unpaid, and of nobody else; while somebody's are marked, not all need be.
 */
static int check_vacant(struct ctx *ctx, const PlacementGroup *g, struct err *err) {
    for (uint32_t i = 0; i < g->n_members; i++) {
        StorageProvider *sp = NULL;
        int rc = sp_get(ctx, g->members[i], &sp, err);
        if (rc)
            return rc;
        if (!sp->marking_at && sp->unpaid != placement_listed(g->vacant, g->n_vacant, i))
            return err_set(err, CODE_INTERNAL,
                           "position %" PRIu32 " of placement group %" PRIu64 " is %s, and its holder %s", i, g->id,
                           sp->unpaid ? "not vacant" : "vacant", sp->unpaid ? "is unpaid" : "is not");
    }
    for (size_t i = 0; i < g->n_vacant; i++)
        if (g->vacant[i] >= g->n_members || (i && g->vacant[i] <= g->vacant[i - 1]))
            return err_set(err, CODE_INTERNAL, "placement group %" PRIu64 " has vacant positions that are none", g->id);
    for (size_t i = 0; i < g->n_offered; i++)
        if (g->offered[i] >= g->n_members || (i && g->offered[i] <= g->offered[i - 1]))
            return err_set(err, CODE_INTERNAL, "placement group %" PRIu64 " offers positions that it does not have",
                           g->id);
    return CODE_OK;
}

static int check_group_state(struct ctx *ctx, struct sums *s, const PlacementGroup *g, struct err *err) {
    struct key k;
    uint64_t reservations = 0, handovers = 0;
    bool queued = true;
    s->group_reservations += g->reservations;
    s->empty_groups += g->close_due != 0;
    int rc = record_each(ctx, key_group_reservations(&k, g->id), BYTES_NONE, 0, NULL, count_entry, &reservations, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_handovers(&k, g->id), BYTES_NONE, 0, NULL, count_entry, &handovers, err);
    if (rc == CODE_OK && g->close_due)
        rc = record_has(ctx, key_empty_group_due(&k, g->close_due, g->id), &queued, err);
    if (rc)
        return rc;
    if (reservations != g->reservations || handovers != g->handovers || handovers > g->epoch ||
        (g->status == GROUP_STATUS_RESERVED) != (reservations != 0))
        return err_set(err, CODE_INTERNAL,
                       "placement group %" PRIu64 " counts other reservations or changes than it has", g->id);
    if (!queued || (g->slots == 0 && !g->close_due))
        return err_set(err, CODE_INTERNAL, "placement group %" PRIu64 " is empty and never ends", g->id);
    return check_vacant(ctx, g, err);
}

static int check_group(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)rest, (void)value;
    struct sums *s = arg;
    const PlacementGroup *g = msg;
    struct key k;
    s->bonds += g->bond;
    for (size_t i = 0; i < g->n_members; i++) {
        uint32_t position = 0;
        s->member_entries++;
        int rc = record_get_u32(ctx, key_sp_group(&k, g->members[i], g->id), &position, err);
        if (rc == CODE_NOT_FOUND || (rc == CODE_OK && position != i))
            rc = err_set(err, CODE_INTERNAL, "placement group %" PRIu64 " is not among those of member %zu", g->id, i);
        if (rc)
            return rc;
    }
    bool primary = false;
    s->primary_entries++;
    int rc = record_has(ctx, key_primary_group(&k, g->members[0], g->id), &primary, err);
    if (rc == CODE_OK && !primary)
        rc = err_set(err, CODE_INTERNAL, "placement group %" PRIu64 " is not among those of its primary", g->id);
    return rc ? rc : check_group_state(ctx, s, g, err);
}

static int count_queue(struct ctx *ctx, char queue, uint64_t *ret, struct err *err) {
    struct key k;
    key_begin(&k, KEY_SP, queue);
    return record_each(ctx, key_bytes(&k), BYTES_NONE, 0, NULL, count_entry, ret, err);
}

/* Nothing in the queues that nobody knows of. */
static int check_queues(struct ctx *ctx, const struct sums *s, struct err *err) {
    uint64_t maintenances = 0, reservations = 0, empty = 0, draws = 0, listed = 0, markings = 0;
    int rc = count_queue(ctx, 'u', &maintenances, err);
    if (rc == CODE_OK)
        rc = count_queue(ctx, 'q', &reservations, err);
    if (rc == CODE_OK)
        rc = count_queue(ctx, 'e', &empty, err);
    if (rc == CODE_OK)
        rc = count_queue(ctx, 'w', &draws, err);
    if (rc == CODE_OK)
        rc = count_queue(ctx, 'v', &listed, err);
    if (rc == CODE_OK)
        rc = count_queue(ctx, 'x', &markings, err);
    if (rc)
        return rc;
    if (maintenances != s->maintenances || reservations != s->reservations || listed != s->reservations ||
        empty != s->empty_groups || draws != s->draws || markings != s->markings)
        return err_set(err, CODE_INTERNAL, "queues of module sp have entries that no record knows");
    return CODE_OK;
}

static int check_counts(struct ctx *ctx, const struct sums *s, struct err *err) {
    SpTotals *totals = NULL;
    int rc = sp_totals_get(ctx, &totals, err);
    if (rc)
        return rc;
    if (totals->sps != s->sps || totals->gone != s->gone || totals->exiting != s->exiting ||
        totals->exiting_bytes != s->exiting_bytes)
        return err_set(err, CODE_INTERNAL, "other storage providers are counted than there are");
    if (s->reserved != s->reservations || s->primary_reserved != s->primary_reservations ||
        s->reserved_bytes != s->bytes || s->group_reservations != s->reservations)
        return err_set(err, CODE_INTERNAL, "providers or groups count other reservations than there are");
    return CODE_OK;
}

int sp_invariants(struct ctx *ctx, struct err *err) {
    struct sums s = {0};
    struct key k;
    uint64_t held;
    int rc = record_each(ctx, key_sps(&k), BYTES_NONE, 0, &storage_provider__descriptor, check_sp, &s, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_sp_by_addrs(&k), BYTES_NONE, 0, NULL, count_addr, &s, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_placement_groups(&k), BYTES_NONE, 0, &placement_group__descriptor, check_group, &s,
                         err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_reservations(&k), BYTES_NONE, 0, &slot_reservation__descriptor, check_reservation, &s,
                         err);
    if (rc == CODE_OK)
        rc = check_counts(ctx, &s, err);
    if (rc == CODE_OK)
        rc = check_queues(ctx, &s, err);
    if (rc == CODE_OK)
        rc = coins_of_module(ctx, MODULE_SP, &held, err);
    if (rc)
        return rc;
    if (held != s.deposits + s.bonds)
        return err_set(err, CODE_INTERNAL, "module sp holds %" PRIu64 " pebble, deposits and bonds are %" PRIu64, held,
                       s.deposits + s.bonds);
    if (s.addrs != 5 * s.sps)
        return err_set(err, CODE_INTERNAL, "%" PRIu64 " addresses lead to %" PRIu64 " storage providers", s.addrs,
                       s.sps);
    if (s.memberships != s.member_entries || s.primaries != s.primary_entries)
        return err_set(err, CODE_INTERNAL, "the providers count other placement groups than there are");
    return CODE_OK;
}
