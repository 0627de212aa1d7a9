/* SPDX-License-Identifier: Apache-2.0 */
/* MsgRemoveGateway: out of the directory; the deposit goes back. */
#include "x/gateway/msgs.h"

#include "x/gateway/gateway.h"

int msg_remove_gateway_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgRemoveGateway *msg = message;
    Gateway *gateway;
    int rc = gateway_get_own(ctx, msg->gateway_id, &gateway, err);
    if (rc == CODE_OK)
        rc = gateway_remove(ctx, gateway, err);
    if (rc)
        return rc;
    ctx_event(ctx, "gateway.removed", "gateway", ctx_u64_text(ctx, gateway->id), NULL);
    return CODE_OK;
}
