/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/regroup.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/payment/payment.h"
#include "x/sp/sp.h"
#include "x/storage/held.h"
#include "x/storage/slot.h"
#include "x/storage/weight.h"

#include <inttypes.h>

/* Settled across every change of who earns in the group that it leaves. One that nothing is paid for needs no settling:
 * no change concerns it. */
static int catch_up(struct ctx *ctx, const BucketInfo *bucket, BucketSlot *slot, PlacementGroup *from,
                    struct err *err) {
    struct addr payer = slot_payer(bucket, slot);
    if (!slot->settle_due)
        return CODE_OK;
    int rc = payment_slot_settle(ctx, &payer, slot, from, err);
    if (rc == CODE_OK && slot->epoch != from->epoch)
        rc = err_set(err, CODE_MIGRATION_SLOT,
                     "slot %" PRIu64 " of bucket %s is not paid for up to the last change of its placement group",
                     slot->slot, bucket->bucket_name);
    return rc;
}

/* The sets that challenges are drawn by. */
static int move_weights(struct ctx *ctx, const BucketSlot *slot, const PlacementGroup *from, const PlacementGroup *to,
                        struct err *err) {
    struct weight_id before = weight_slots(from->id), after = weight_slots(to->id);
    struct weight_item item = {slot->bucket_id, slot->slot};
    int rc = weight_sub(ctx, &before, item, slot->payload_bytes, err);
    if (rc == CODE_OK)
        rc = weight_add(ctx, &after, item, slot->payload_bytes, err);
    for (size_t i = 0; rc == CODE_OK && i < from->n_members; i++) {
        struct weight_id groups = weight_groups(from->members[i]);
        rc = weight_sub(ctx, &groups, (struct weight_item){0, from->id}, held_at(slot, i), err);
        if (rc == CODE_OK)
            rc = weight_add(ctx, &groups, (struct weight_item){0, to->id}, held_at(slot, i), err);
    }
    return rc;
}

static int move_index(struct ctx *ctx, const BucketSlot *slot, const PlacementGroup *from, const PlacementGroup *to,
                      struct err *err) {
    struct key k;
    int rc = record_del(ctx, key_slot_of_group(&k, slot->bucket_id, from->id, slot->prepaid), err);
    return rc ? rc
              : record_put_u64(ctx, key_slot_of_group(&k, slot->bucket_id, to->id, slot->prepaid), slot->slot, err);
}

static int move_counts(struct ctx *ctx, const BucketSlot *slot, PlacementGroup *from, PlacementGroup *to,
                       struct err *err) {
    uint64_t bytes = 0, flows = slot->settle_due != 0;
    for (size_t i = 0; i < from->n_members; i++)
        bytes += held_at(slot, i);
    if (from->slots == 0 || from->flowing < flows || from->objects < slot->objects || from->bytes < bytes)
        return ctx_fault(ctx, CODE_CORRUPT, "placement group %" PRIu64 " counts less than lies there", from->id);
    from->slots--;
    from->flowing -= flows;
    from->objects -= slot->objects;
    from->bytes -= bytes;
    to->slots++;
    to->flowing += flows;
    to->objects += slot->objects;
    to->bytes += bytes;
    return from->slots ? CODE_OK : placement_emptied(ctx, from, err);
}

int slot_regroup(struct ctx *ctx, const BucketInfo *bucket, BucketSlot *slot, PlacementGroup *from, PlacementGroup *to,
                 struct err *err) {
    struct key k;
    bool taken = false;
    int rc = record_has(ctx, key_slot_of_group(&k, bucket->id, to->id, slot->prepaid), &taken, err);
    if (rc == CODE_OK && taken)
        rc = err_set(err, CODE_MIGRATION_SLOT, "bucket %s has another slot in placement group %" PRIu64,
                     bucket->bucket_name, to->id);
    if (rc == CODE_OK)
        rc = catch_up(ctx, bucket, slot, from, err);
    if (rc == CODE_OK)
        rc = move_weights(ctx, slot, from, to, err);
    if (rc == CODE_OK)
        rc = move_index(ctx, slot, from, to, err);
    if (rc == CODE_OK)
        rc = move_counts(ctx, slot, from, to, err);
    if (rc)
        return rc;
    ctx_event(ctx, "storage.slot_regrouped", "bucket", bucket->bucket_name, "bucket_id", ctx_u64_text(ctx, bucket->id),
              "slot", ctx_u64_text(ctx, slot->slot), "from_group", ctx_u64_text(ctx, from->id), "group",
              ctx_u64_text(ctx, to->id), NULL);
    slot->group_id = to->id;
    slot->epoch = to->epoch;
    rc = slot_put(ctx, slot, err);
    if (rc == CODE_OK)
        rc = placement_put(ctx, from, err);
    return rc ? rc : placement_put(ctx, to, err);
}

int slot_set_apart(struct ctx *ctx, const BucketInfo *bucket, BucketSlot *slot, PlacementGroup **ret, struct err *err) {
    PlacementGroup *group = NULL, *part = NULL;
    int rc = placement_get(ctx, slot->group_id, &group, err);
    if (rc == CODE_OK && group->slots == 1) {
        *ret = group;
        return CODE_OK;
    }
    if (rc == CODE_OK)
        rc = placement_split(ctx, group, &part, err);
    if (rc == CODE_OK)
        rc = slot_regroup(ctx, bucket, slot, group, part, err);
    *ret = part;
    return rc;
}
