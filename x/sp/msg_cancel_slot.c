/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCancelSlot: the successor of a position gives up; part of the bond is lost. */
#include "x/sp/msgs.h"
#include "x/sp/takeover.h"

int msg_cancel_slot_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgCancelSlot *msg = message;
    SlotReservation *r = NULL;
    int rc = takeover_get(ctx, msg->group_id, msg->position, &r, err);
    if (rc == CODE_OK)
        rc = sp_need_successor(ctx, r, err);
    if (rc)
        return rc;
    return takeover_end(ctx, r, takeover_cancel_loss(ctx, r), "cancelled", err);
}
