/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCompleteSlot: the successor of a position says that it has everything; the ledger draws. */
#include "x/sp/msgs.h"
#include "x/sp/takeover.h"

#include <inttypes.h>

int sp_need_successor(struct ctx *ctx, const SlotReservation *r, struct err *err) {
    StorageProvider *successor;
    int rc = sp_get(ctx, r->sp_id, &successor, err);
    if (rc == CODE_OK && !sp_is_operator(ctx, successor) && !sp_is_sealer(ctx, successor))
        rc = err_set(err, CODE_DENIED,
                     "position %" PRIu32 " of placement group %" PRIu64 " is reserved by storage provider %" PRIu32,
                     r->position, r->group_id, r->sp_id);
    return rc;
}

int msg_complete_slot_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgCompleteSlot *msg = message;
    SlotReservation *r = NULL;
    int rc = takeover_get(ctx, msg->group_id, msg->position, &r, err);
    if (rc == CODE_OK)
        rc = sp_need_successor(ctx, r, err);
    return rc ? rc : takeover_complete(ctx, r, err);
}
