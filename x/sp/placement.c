/* SPDX-License-Identifier: Apache-2.0 */
/* Placement groups: an ordered set of providers with a profile, opened by its primary. */
#include "x/sp/sp.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_sp.h"
#include "chain/types/layout.h"
#include "x/auth/account.h"

#include <inttypes.h>

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
static int check_distinct(StorageProvider *const *sps, size_t n, struct err *err) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (same(sps[i]->operator_, sps[j]->operator_) || same(sps[i]->funding, sps[j]->funding))
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

/* The bond goes to the primary's funding account. */
static int close_group(struct ctx *ctx, const PlacementGroup *group, struct err *err) {
    struct key k;
    struct addr funding;
    StorageProvider *primary;
    int rc = uncount_members(ctx, group, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, group->members[0], &primary, err);
    if (rc == CODE_OK)
        rc = addr_need(primary->funding, "funding", &funding, err);
    if (rc == CODE_OK)
        rc = coins_from_module(ctx, MODULE_SP, &funding, group->bond, err);
    if (rc)
        return rc;
    ctx_event(ctx, "sp.group_closed", "group", ctx_u64_text(ctx, group->id), "bond", ctx_u64_text(ctx, group->bond),
              NULL);
    return record_del(ctx, key_placement_group(&k, group->id), err);
}

static int find_empty(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)value, (void)msg;
    PlacementGroup *group;
    int rc = placement_get(ctx, load_be64(rest.data), &group, err);
    if (rc || group->slots || group->bytes || group->opened_at >= ctx->time)
        return rc;
    *(PlacementGroup **)arg = group;
    return RECORD_STOP;
}

/* A primary at its bound gives up its oldest empty group, if it has one. */
static int make_room(struct ctx *ctx, const StorageProvider *primary, struct err *err) {
    const SpParams *p = ctx->params->sp;
    struct key k;
    PlacementGroup *empty = NULL;
    if (primary->counters->primary_groups < p->groups_per_primary)
        return CODE_OK;
    int rc = record_each(ctx, key_primary_groups(&k, primary->id), BYTES_NONE, 0, NULL, find_empty, &empty, err);
    if (rc == CODE_OK && !empty)
        rc = err_set(err, CODE_PLACEMENT_GROUP_LIMIT,
                     "storage provider %" PRIu32 " is primary of %" PRIu64
                     " placement groups, as many as allowed, and none is empty",
                     primary->id, primary->counters->primary_groups);
    return rc ? rc : close_group(ctx, empty, err);
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
    rc = placement_put(ctx, &group, err);
    if (rc == CODE_OK)
        rc = count_members(ctx, &group, sps, err);
    if (rc == CODE_OK)
        *ret_id = group.id;
    return rc;
}
