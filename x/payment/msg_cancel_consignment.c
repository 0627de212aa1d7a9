/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCancelConsignment: not for sale any more. */
#include "x/payment/msgs.h"

#include <inttypes.h>

#include "x/payment/territory.h"

int msg_cancel_consignment_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgCancelConsignment *msg = message;
    Territory *t;
    int rc = territory_get(ctx, msg->territory_id, &t, err);
    if (rc == CODE_OK)
        rc = territory_need_owner(ctx, t, err);
    if (rc)
        return rc;
    if (!t->consigned)
        return err_set(err, CODE_TERRITORY_OFFER, "territory %" PRIu64 " is not for sale", t->id);
    t->consigned = false;
    t->asked = 0;
    t->buyer = ctx_data(ctx, BYTES_NONE);
    ctx_event(ctx, "payment.territory_kept", "territory", ctx_u64_text(ctx, t->id), NULL);
    return territory_put(ctx, t, err);
}
