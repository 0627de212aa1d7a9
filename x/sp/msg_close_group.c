/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCloseGroup: the primary ends a group that nothing lies in; the bond goes back to who paid it. */
#include "x/sp/msgs.h"
#include "x/sp/placement.h"

#include <inttypes.h>

int msg_close_group_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgCloseGroup *msg = message;
    PlacementGroup *group;
    StorageProvider *primary;
    int rc = placement_get(ctx, msg->group_id, &group, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, group->members[0], &primary, err);
    if (rc)
        return rc;
    if (!sp_is_operator(ctx, primary) && !sp_is_sealer(ctx, primary))
        return err_set(err, CODE_DENIED,
                       "only storage provider %" PRIu32 ", its primary, closes placement group %" PRIu64, primary->id,
                       group->id);
    if (!placement_is_empty(group))
        return err_set(err, CODE_PLACEMENT_GROUP_USED,
                       "placement group %" PRIu64 " has %" PRIu64 " objects in %" PRIu64 " slots and %" PRIu64
                       " reservations",
                       group->id, group->objects, group->slots, group->reservations);
    return placement_close(ctx, group, err);
}
