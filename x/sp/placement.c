/* SPDX-License-Identifier: Apache-2.0 */
/* Placement groups: an ordered set of providers with a profile, opened by its primary, closed when it is empty. */
#include "x/sp/placement.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_sp.h"
#include "chain/types/layout.h"
#include "x/auth/account.h"

#include <inttypes.h>
#include <string.h>

int placement_get(struct ctx *ctx, uint64_t id, PlacementGroup **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_placement_group(&k, id), &placement_group__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, CODE_PLACEMENT_GROUP_NOT_FOUND, "there is no placement group %" PRIu64, id);
    return rc;
}

int placement_put(struct ctx *ctx, const PlacementGroup *group, struct err *err) {
    struct key k;
    return record_put(ctx, key_placement_group(&k, group->id), group, err);
}

static int check_shape(struct ctx *ctx, const Profile *profile, size_t n, struct err *err) {
    if (!profile)
        return err_set(err, CODE_PROFILE, "a placement group needs a profile");
    int rc = profile_check(profile, err);
    if (rc)
        return rc;
    uint32_t positions = profile_positions(profile);
    if (positions > ctx->params->storage->positions_max)
        return err_set(err, CODE_PROFILE, "the profile has %" PRIu32 " positions, at most %" PRIu64 " are allowed",
                       positions, ctx->params->storage->positions_max);
    if (n != positions)
        return err_set(err, CODE_PLACEMENT_GROUP_MEMBERS,
                       "%zu members are named, the profile has %" PRIu32 " positions", n, positions);
    return CODE_OK;
}

static bool same(ProtobufCBinaryData a, ProtobufCBinaryData b) {
    return bytes_eq(pb_bytes(a), pb_bytes(b));
}

/* "members of distinct operator and funding": one who falls must not take two positions down. */
bool placement_same_hands(const StorageProvider *a, const StorageProvider *b) {
    return same(a->operator_, b->operator_) || same(a->funding, b->funding);
}

static int check_distinct(StorageProvider *const *sps, size_t n, struct err *err) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (placement_same_hands(sps[i], sps[j]))
                return err_set(err, CODE_PLACEMENT_GROUP_MEMBERS,
                               "members %zu and %zu have the same operator or funding account", j, i);
    return CODE_OK;
}

static int load_members(struct ctx *ctx, const uint32_t *members, size_t n, StorageProvider **sps, struct err *err) {
    for (size_t i = 0; i < n; i++) {
        int rc = sp_get(ctx, members[i], &sps[i], err);
        if (rc)
            return rc;
        if (sps[i]->status != SP_STATUS_IN_SERVICE)
            return err_set(err, CODE_SP_STATUS, "storage provider %" PRIu32 " is not in service", members[i]);
    }
    return check_distinct(sps, n, err);
}

static int count_members(struct ctx *ctx, const PlacementGroup *group, StorageProvider **sps, struct err *err) {
    struct key k;
    int rc = CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < group->n_members; i++) {
        sps[i]->counters->groups++;
        sps[i]->counters->primary_groups += i == 0;
        rc = sp_put(ctx, sps[i], err);
        if (rc == CODE_OK)
            rc = record_put_u32(ctx, key_sp_group(&k, group->members[i], group->id), (uint32_t)i, err);
    }
    return rc ? rc : record_put_mark(ctx, key_primary_group(&k, group->members[0], group->id), err);
}

/* --- splitting --- */

static bool same_list(const uint32_t *a, size_t n, const uint32_t *b, size_t m) {
    for (size_t i = 0; n == m && i < n; i++)
        if (a[i] != b[i])
            return false;
    return n == m;
}

bool placement_alike(const PlacementGroup *a, const PlacementGroup *b) {
    return profile_eq(a->profile, b->profile) && same_list(a->members, a->n_members, b->members, b->n_members) &&
           same_list(a->vacant, a->n_vacant, b->vacant, b->n_vacant);
}

int placement_split(struct ctx *ctx, const PlacementGroup *group, PlacementGroup **ret, struct err *err) {
    StorageProvider **sps = ctx_array(ctx, group->n_members, sizeof *sps);
    PlacementGroup *part = CTX_NEW(ctx, PlacementGroup);
    placement_group__init(part);
    int rc = CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < group->n_members; i++)
        rc = sp_get(ctx, group->members[i], &sps[i], err);
    if (rc == CODE_OK)
        rc = ctx_next_id(ctx, SEQ_PLACEMENT_GROUP, &part->id, err);
    if (rc)
        return rc;
    part->profile = group->profile;
    part->members = ctx_array(ctx, group->n_members, sizeof *part->members);
    part->n_members = group->n_members;
    memcpy(part->members, group->members, group->n_members * sizeof *part->members);
    for (size_t i = 0; i < group->n_vacant; i++)
        placement_list(ctx, &part->vacant, &part->n_vacant, group->vacant[i]);
    part->status = GROUP_STATUS_OPEN;
    part->opened_at = ctx->time;
    part->bond_payer = group->bond_payer;
    *ret = part;
    return count_members(ctx, part, sps, err);
}

/* --- closing --- */

static int uncount_members(struct ctx *ctx, const PlacementGroup *group, struct err *err) {
    struct key k;
    for (size_t i = 0; i < group->n_members; i++) {
        StorageProvider *sp;
        int rc = sp_get(ctx, group->members[i], &sp, err);
        if (rc)
            return rc;
        if (sp->counters->groups == 0 || (i == 0 && sp->counters->primary_groups == 0))
            return ctx_fault(ctx, CODE_CORRUPT, "a provider counts fewer placement groups than it is in");
        sp->counters->groups--;
        sp->counters->primary_groups -= i == 0;
        rc = sp_put(ctx, sp, err);
        if (rc == CODE_OK)
            rc = record_del(ctx, key_sp_group(&k, sp->id, group->id), err);
        if (rc)
            return rc;
    }
    return record_del(ctx, key_primary_group(&k, group->members[0], group->id), err);
}

/* What waited for somebody who would take a position over has nobody to go to. */
static int drop_escrow(struct ctx *ctx, const PlacementGroup *group, struct err *err) {
    uint64_t sum = 0;
    for (size_t i = 0; i < group->n_escrow; i++)
        sum += group->escrow[i];
    return sum ? coins_between_modules(ctx, MODULE_PAYMENT, MODULE_SLASHED, sum, err) : CODE_OK;
}

int placement_close(struct ctx *ctx, const PlacementGroup *group, struct err *err) {
    struct key k;
    struct addr payer;
    if (group->slots || group->bytes || group->handovers || group->reservations)
        return ctx_fault(ctx, CODE_CORRUPT, "placement group %" PRIu64 " is closed and not empty", group->id);
    int rc = uncount_members(ctx, group, err);
    if (rc == CODE_OK)
        rc = addr_need(group->bond_payer, "bond_payer", &payer, err);
    if (rc == CODE_OK)
        rc = coins_from_module(ctx, MODULE_SP, &payer, group->bond, err);
    if (rc == CODE_OK)
        rc = drop_escrow(ctx, group, err);
    if (rc == CODE_OK && group->close_due)
        rc = record_del(ctx, key_empty_group_due(&k, group->close_due, group->id), err);
    if (rc)
        return rc;
    ctx_event(ctx, "sp.group_closed", "group", ctx_u64_text(ctx, group->id), "bond", ctx_u64_text(ctx, group->bond),
              NULL);
    return record_del(ctx, key_placement_group(&k, group->id), err);
}

bool placement_is_empty(const PlacementGroup *group) {
    return group->slots == 0 && group->bytes == 0 && group->reservations == 0;
}

bool placement_listed(const uint32_t *list, size_t n, uint32_t position) {
    for (size_t i = 0; i < n; i++)
        if (list[i] == position)
            return true;
    return false;
}

void placement_list(struct ctx *ctx, uint32_t **list, size_t *n, uint32_t position) {
    uint32_t *longer = ctx_array(ctx, *n + 1, sizeof *longer);
    size_t at = 0;
    while (at < *n && (*list)[at] < position) {
        longer[at] = (*list)[at];
        at++;
    }
    longer[at] = position;
    for (size_t i = at; i < *n; i++)
        longer[i + 1] = (*list)[i];
    *list = longer;
    ++*n;
}

void placement_unlist(uint32_t *list, size_t *n, uint32_t position) {
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++)
        if (list[i] != position)
            list[kept++] = list[i];
    *n = kept;
}

/* --- groups that nothing lies in --- */

static int queue_empty(struct ctx *ctx, PlacementGroup *group, uint64_t due, struct err *err) {
    struct key k;
    group->close_due = due;
    return record_put_mark(ctx, key_empty_group_due(&k, due, group->id), err);
}

int placement_emptied(struct ctx *ctx, PlacementGroup *group, struct err *err) {
    group->empty_since = ctx->time;
    return group->close_due ? CODE_OK : queue_empty(ctx, group, ctx->time + ctx->params->sp->group_idle_ms, err);
}

/* rest: group u64be. A group that was used meanwhile stays; it comes back here when it is empty again. */
int placement_empty_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    PlacementGroup *group = NULL;
    uint64_t idle = ctx->params->sp->group_idle_ms;
    (void)due_time, (void)value;
    if (rest.len != 8)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of empty groups has %zu bytes", rest.len);
    int rc = placement_get(ctx, load_be64(rest.data), &group, err);
    if (rc)
        return rc;
    group->close_due = 0;
    if (placement_is_empty(group) && ctx->time - group->empty_since >= idle)
        return placement_close(ctx, group, err);
    if (group->slots == 0)
        rc = queue_empty(ctx, group, u64_max(group->empty_since + idle, ctx->time + 1), err);
    return rc ? rc : placement_put(ctx, group, err);
}

static int find_empty(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)value, (void)msg;
    PlacementGroup *group;
    int rc = placement_get(ctx, load_be64(rest.data), &group, err);
    if (rc || !placement_is_empty(group) || group->opened_at >= ctx->time)
        return rc;
    *(PlacementGroup **)arg = group;
    return RECORD_STOP;
}

/* A primary at its bound gives up its oldest empty group, if it has one. */
static int make_room(struct ctx *ctx, const StorageProvider *primary, struct err *err) {
    const SpParams *p = ctx->params->sp;
    struct key k;
    PlacementGroup *empty = NULL;
    if (primary->counters->primary_groups + primary->counters->primary_reservations < p->groups_per_primary)
        return CODE_OK;
    int rc = record_each(ctx, key_primary_groups(&k, primary->id), BYTES_NONE, 0, NULL, find_empty, &empty, err);
    if (rc == CODE_OK && !empty)
        rc = err_set(err, CODE_PLACEMENT_GROUP_LIMIT,
                     "storage provider %" PRIu32 " is primary of %" PRIu64
                     " placement groups, as many as allowed, and none is empty",
                     primary->id, primary->counters->primary_groups);
    return rc ? rc : placement_close(ctx, empty, err);
}

int placement_open(struct ctx *ctx, const struct addr *payer, const Profile *profile, const uint32_t *members, size_t n,
                   uint64_t *ret_id, struct err *err) {
    int rc = check_shape(ctx, profile, n, err);
    if (rc)
        return rc;
    StorageProvider **sps = ctx_array(ctx, n, sizeof *sps);
    rc = load_members(ctx, members, n, sps, err);
    if (rc == CODE_OK)
        rc = make_room(ctx, sps[0], err);
    if (rc == CODE_OK)
        rc = load_members(ctx, members, n, sps, err); /* their counts may have changed */
    if (rc)
        return rc;
    const SpParams *p = ctx->params->sp;
    PlacementGroup group = PLACEMENT_GROUP__INIT;
    rc = ctx_next_id(ctx, SEQ_PLACEMENT_GROUP, &group.id, err);
    if (rc == CODE_OK)
        rc = coins_to_module(ctx, payer, MODULE_SP, p->group_bond, err);
    if (rc)
        return rc;
    group.profile = (Profile *)(uintptr_t)profile; /* the encoder only reads */
    group.members = (uint32_t *)(uintptr_t)members;
    group.n_members = n;
    group.bond = p->group_bond;
    group.status = GROUP_STATUS_OPEN;
    group.opened_at = ctx->time;
    group.bond_payer = ctx_addr(ctx, payer);
    rc = placement_emptied(ctx, &group, err);
    if (rc == CODE_OK)
        rc = placement_put(ctx, &group, err);
    if (rc == CODE_OK)
        rc = count_members(ctx, &group, sps, err);
    if (rc == CODE_OK)
        *ret_id = group.id;
    return rc;
}
