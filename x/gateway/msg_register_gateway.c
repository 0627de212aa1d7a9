/* SPDX-License-Identifier: Apache-2.0 */
/* MsgRegisterGateway: a gateway in the directory, for a deposit. */
#include "x/gateway/msgs.h"

#include "x/gateway/gateway.h"

int msg_register_gateway_check(const void *message, const Params *params, struct err *err) {
    const MsgRegisterGateway *msg = message;
    (void)params;
    int rc = gateway_check_url(msg->url, err);
    if (rc == CODE_OK)
        rc = gateway_check_text("region", msg->region, err);
    return rc ? rc : gateway_check_text("version", msg->version, err);
}

int msg_register_gateway_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgRegisterGateway *msg = message;
    Gateway gateway = GATEWAY__INIT;
    gateway.operator_ = ctx_addr(ctx, &ctx->signer);
    gateway.url = msg->url;
    gateway.region = msg->region;
    gateway.version = msg->version;
    gateway.deposit = ctx->params->gateway->deposit;
    gateway.created_at = gateway.updated_at = ctx->time;
    int rc = gateway_add(ctx, &gateway, err);
    if (rc)
        return rc;
    ctx_id(ctx, gateway.id);
    ctx_event(ctx, "gateway.registered", "gateway", ctx_u64_text(ctx, gateway.id), "operator",
              ctx_addr_text(ctx, &ctx->signer), "url", gateway.url, "region", gateway.region, NULL);
    return CODE_OK;
}
