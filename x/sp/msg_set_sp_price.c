/* SPDX-License-Identifier: Apache-2.0 */
/* MsgSetSpPrice: what a provider asks from now on. What is stored keeps the price that its receipts agreed. */
#include "x/sp/msgs.h"

#include <inttypes.h>

int msg_set_sp_price_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgSetSpPrice *msg = message;
    StorageProvider *sp;
    int rc = sp_get(ctx, msg->sp_id, &sp, err);
    if (rc == CODE_OK)
        rc = sp_need_operator(ctx, sp, err);
    if (rc)
        return rc;
    if (sp_is_leaving(sp))
        return err_set(err, CODE_SP_STATUS, "storage provider %" PRIu32 " is %s and asks no prices any more", sp->id,
                       sp_status_text(sp->status));
    if (sp->store_price == msg->store_price && sp->read_price == msg->read_price &&
        sp->free_read_quota == msg->free_read_quota && sp->free_read_once == msg->free_read_once)
        return err_set(err, CODE_SP_UNCHANGED, "these are the prices of storage provider %" PRIu32 " already", sp->id);
    rc = sp_check_price(ctx, msg->store_price, err);
    if (rc)
        return rc;
    sp->store_price = msg->store_price;
    sp->read_price = msg->read_price;
    sp->free_read_quota = msg->free_read_quota;
    sp->free_read_once = msg->free_read_once;
    ctx_event(ctx, "sp.price_set", "sp", ctx_u64_text(ctx, sp->id), "store_price", ctx_u64_text(ctx, sp->store_price),
              "read_price", ctx_u64_text(ctx, sp->read_price), "free_read_quota",
              ctx_u64_text(ctx, sp->free_read_quota), NULL);
    return sp_put(ctx, sp, err);
}
