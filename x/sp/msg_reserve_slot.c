/* SPDX-License-Identifier: Apache-2.0 */
/* MsgReserveSlot: a provider begins to take over a position of a group; x/sp/takeover.h tells what follows. */
#include "x/sp/msgs.h"
#include "x/sp/takeover.h"

int msg_reserve_slot_check(const void *message, const Params *params, struct err *err) {
    const MsgReserveSlot *msg = message;
    if (msg->position >= params->storage->positions_max)
        return err_set(err, CODE_INVALID_ARGUMENT, "no placement group has a position %u", msg->position);
    return CODE_OK;
}

int msg_reserve_slot_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgReserveSlot *msg = message;
    StorageProvider *successor;
    int rc = sp_by_addr(ctx, &ctx->signer, &successor, err);
    if (rc)
        return rc;
    if (!sp_is_operator(ctx, successor) && !sp_is_sealer(ctx, successor))
        return err_set(err, CODE_DENIED,
                       "only the operator or the seal key of a storage provider takes over positions");
    SlotReservation *r = CTX_NEW(ctx, SlotReservation);
    slot_reservation__init(r);
    r->group_id = msg->group_id;
    r->position = msg->position;
    r->sp_id = successor->id;
    r->payer = ctx_addr(ctx, &ctx->signer);
    r->bond = msg->bond;
    r->deadline = msg->deadline;
    rc = takeover_reserve(ctx, r, err);
    if (rc == CODE_OK)
        ctx_id(ctx, r->id);
    return rc;
}
