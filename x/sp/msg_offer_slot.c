/* SPDX-License-Identifier: Apache-2.0 */
/* MsgOfferSlot: who holds a position lets others take it over, or does not any more. A reservation that was made
 * stands. */
#include "x/sp/msgs.h"
#include "x/sp/placement.h"

#include <inttypes.h>

static int find(struct ctx *ctx, const MsgOfferSlot *msg, PlacementGroup **ret, struct err *err) {
    StorageProvider *holder;
    PlacementGroup *group;
    int rc = placement_get(ctx, msg->group_id, &group, err);
    if (rc)
        return rc;
    if (msg->position >= group->n_members)
        return err_set(err, CODE_INVALID_ARGUMENT, "placement group %" PRIu64 " has positions 0 to %zu", group->id,
                       group->n_members - 1);
    rc = sp_get(ctx, group->members[msg->position], &holder, err);
    if (rc == CODE_OK)
        rc = sp_need_operator(ctx, holder, err);
    if (rc == CODE_OK && sp_is_leaving(holder))
        rc = err_set(err, CODE_SP_STATUS, "storage provider %" PRIu32 " is %s: its positions are open to others anyway",
                     holder->id, sp_status_text(holder->status));
    if (rc == CODE_OK)
        *ret = group;
    return rc;
}

int msg_offer_slot_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgOfferSlot *msg = message;
    PlacementGroup *group = NULL;
    int rc = find(ctx, msg, &group, err);
    if (rc)
        return rc;
    if (placement_listed(group->offered, group->n_offered, msg->position) != msg->withdraw)
        return err_set(err, CODE_SP_UNCHANGED, "position %" PRIu32 " of placement group %" PRIu64 " is %s",
                       msg->position, group->id, msg->withdraw ? "not on offer" : "on offer already");
    if (msg->withdraw)
        placement_unlist(group->offered, &group->n_offered, msg->position);
    else
        placement_list(ctx, &group->offered, &group->n_offered, msg->position);
    ctx_event(ctx, msg->withdraw ? "sp.slot_kept" : "sp.slot_offered", "group", ctx_u64_text(ctx, group->id),
              "position", ctx_u64_text(ctx, msg->position), "sp", ctx_u64_text(ctx, group->members[msg->position]),
              NULL);
    return placement_put(ctx, group, err);
}
