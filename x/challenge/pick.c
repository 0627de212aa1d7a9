/* SPDX-License-Identifier: Apache-2.0 */
#include "x/challenge/pick.h"

#include "chain/types/deal_state.h"
#include "chain/types/layout.h"
#include "x/challenge/answer.h"
#include "x/sp/sp.h"
#include "x/storage/object.h"
#include "x/storage/weight.h"

bool pick_position(const PlacementGroup *group, uint32_t sp_id, uint32_t *ret) {
    for (uint32_t i = 0; i < group->n_members; i++) {
        if (group->members[i] == sp_id) {
            *ret = i;
            return true;
        }
    }
    return false;
}

/* Slot and object of a group, by bytes. */
static int object_of_group(struct ctx *ctx, struct draw *draw, uint64_t group_id, ObjectInfo **ret, struct err *err) {
    struct weight_item slot, object;
    struct weight_id slots = weight_slots(group_id);
    int rc = weight_draw(ctx, &slots, draw, &slot, err);
    if (rc)
        return rc;
    struct weight_id objects = weight_objects(slot.a, slot.b);
    rc = weight_draw(ctx, &objects, draw, &object, err);
    return rc ? rc : object_by_id(ctx, object.b, ret, err);
}

/* What is not sealed there, or was declared lost, is not drawn for; another try then, some times. */
enum { VACANT_TRIES = 32 };

int pick_of_group(struct ctx *ctx, struct draw *draw, uint64_t group_id, uint32_t position, uint32_t sp_id,
                  struct pick *ret, struct err *err) {
    ret->position = position;
    ret->sp_id = sp_id;
    for (unsigned tries = 0; tries < VACANT_TRIES; tries++) {
        int rc = object_of_group(ctx, draw, group_id, &ret->object, err);
        if (rc || deal_sealed_positions(ret->object) >> position & 1)
            return rc;
    }
    return CODE_NOT_FOUND;
}

bool pick_may(const StorageProvider *sp) {
    return sp->status != SP_STATUS_IN_MAINTENANCE && !sp_is_out(sp);
}

static int pick_once(struct ctx *ctx, struct draw *draw, uint32_t sp_id, struct pick *ret, struct err *err) {
    struct weight_item group_item;
    struct weight_id groups = weight_groups(sp_id);
    PlacementGroup *group = NULL;
    int rc = weight_draw(ctx, &groups, draw, &group_item, err);
    if (rc)
        return rc;
    rc = object_of_group(ctx, draw, group_item.b, &ret->object, err);
    if (rc == CODE_OK)
        rc = placement_get(ctx, group_item.b, &group, err);
    if (rc)
        return rc;
    ret->sp_id = sp_id;
    if (!pick_position(group, sp_id, &ret->position))
        return ctx_fault(ctx, CODE_CORRUPT, "provider %u has bytes in a group that it is not a member of", sp_id);
    return CODE_OK;
}

int pick_of_sp(struct ctx *ctx, struct draw *draw, uint32_t sp_id, struct pick *ret, struct err *err) {
    for (unsigned tries = 0; tries < VACANT_TRIES; tries++) {
        int rc = pick_once(ctx, draw, sp_id, ret, err);
        if (rc || deal_sealed_positions(ret->object) >> ret->position & 1)
            return rc;
    }
    return CODE_NOT_FOUND;
}

int pick_of_all(struct ctx *ctx, struct draw *draw, struct pick *ret, struct err *err) {
    struct weight_item sp;
    struct weight_id sps = weight_sps();
    StorageProvider *record = NULL;
    int rc = weight_draw(ctx, &sps, draw, &sp, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, (uint32_t)sp.b, &record, err);
    if (rc == CODE_OK && !pick_may(record))
        rc = CODE_NOT_FOUND;
    return rc ? rc : pick_of_sp(ctx, draw, (uint32_t)sp.b, ret, err);
}

/* Floyd's way: step j takes one of 0..j that is not there yet, or j itself. */
void pick_distinct(struct draw *draw, uint64_t n, size_t count, uint64_t *ret) {
    for (size_t len = 0; len < count; len++) {
        uint64_t j = n - count + len, take = (uint64_t)draw_below(draw, (u128)j + 1);
        for (size_t i = 0; i < len; i++)
            if (ret[i] == take)
                take = j;
        size_t at = len;
        for (; at > 0 && ret[at - 1] > take; at--)
            ret[at] = ret[at - 1];
        ret[at] = take;
    }
}

Challenge *pick_challenge(struct ctx *ctx, struct draw *draw, uint64_t id, const struct pick *pick, uint64_t segment,
                          int origin) {
    const ObjectInfo *o = pick->object;
    Challenge *c = CTX_NEW(ctx, Challenge);
    challenge__init(c);
    if (segment == PICK_ANY_SEGMENT)
        segment = (uint64_t)draw_below(draw, o->payload_size) / o->profile->segment_size;
    c->id = id;
    c->object_id = o->id;
    c->version = o->version;
    c->position = pick->position;
    c->sp_id = pick->sp_id;
    c->checksum = o->checksums[pick->position];
    c->payload_size = o->payload_size;
    c->profile = o->profile;
    c->segment = segment;
    c->origin = (ChallengeOrigin)origin;
    c->bucket_name = o->bucket_name;
    c->object_name = o->object_name;
    c->leaf_count = layout_leaves(o->profile, o->payload_size, segment, pick->position);
    c->n_leaves =
        (size_t)u64_min(c->leaf_count, u64_min(u64_max(ctx->params->challenge->leaves, 1), CHALLENGE_LEAVES_MAX));
    c->leaves = ctx_alloc(ctx, c->n_leaves * sizeof *c->leaves);
    pick_distinct(draw, c->leaf_count, c->n_leaves, c->leaves);
    return c;
}
