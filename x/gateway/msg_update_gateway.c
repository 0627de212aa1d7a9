/* SPDX-License-Identifier: Apache-2.0 */
/* MsgUpdateGateway: another address, region or version. */
#include "x/gateway/msgs.h"

#include "x/gateway/gateway.h"

int msg_update_gateway_check(const void *message, const Params *params, struct err *err) {
    const MsgUpdateGateway *msg = message;
    (void)params;
    if (!msg->url[0] && !msg->region[0] && !msg->version[0])
        return err_set(err, CODE_GATEWAY_TEXT, "the message changes nothing: give an address, a region or a version");
    int rc = msg->url[0] ? gateway_check_url(msg->url, err) : CODE_OK;
    if (rc == CODE_OK)
        rc = gateway_check_text("region", msg->region, err);
    return rc ? rc : gateway_check_text("version", msg->version, err);
}

int msg_update_gateway_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgUpdateGateway *msg = message;
    Gateway *gateway;
    int rc = gateway_get_own(ctx, msg->gateway_id, &gateway, err);
    if (rc)
        return rc;
    if (msg->url[0])
        gateway->url = msg->url;
    if (msg->region[0])
        gateway->region = msg->region;
    if (msg->version[0])
        gateway->version = msg->version;
    gateway->updated_at = ctx->time;
    rc = gateway_put(ctx, gateway, err);
    ctx_event(ctx, "gateway.updated", "gateway", ctx_u64_text(ctx, gateway->id), "url", gateway->url, "region",
              gateway->region, "version", gateway->version, NULL);
    return rc;
}
