/* SPDX-License-Identifier: Apache-2.0 */
/* MsgRegisterSp: the operator registers a provider and posts its deposit. */
#include "x/sp/msgs.h"

static StorageProvider record_of(const MsgRegisterSp *msg) {
    StorageProvider sp = STORAGE_PROVIDER__INIT;
    sp.operator_ = msg->creator;
    sp.funding = msg->funding;
    sp.seal_key = msg->seal_key;
    sp.approval_key = msg->approval_key;
    sp.gc_key = msg->gc_key;
    sp.node_key = msg->node_key;
    sp.endpoint = msg->endpoint;
    sp.p2p_endpoint = msg->p2p_endpoint;
    sp.description = msg->description;
    sp.deposit = msg->deposit;
    sp.store_price = msg->store_price;
    sp.read_price = msg->read_price;
    sp.free_read_quota = msg->free_read_quota;
    sp.free_read_once = msg->free_read_once;
    sp.capacity = msg->capacity;
    return sp;
}

int msg_register_sp_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    StorageProvider sp = record_of(message);
    return sp_check_fields(&sp, err);
}

uint64_t msg_register_sp_signatures(const void *message) {
    (void)message;
    return SP_KEYS;
}

int msg_register_sp_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgRegisterSp *msg = message;
    const ProtobufCBinaryData possessions[SP_KEYS] = {msg->seal_possession, msg->approval_possession,
                                                      msg->gc_possession, msg->node_possession};
    StorageProvider sp = record_of(message);
    int rc = sp_take_admission(ctx, &ctx->signer, err);
    for (size_t i = 0; rc == CODE_OK && i < SP_KEYS; i++)
        rc = sp_check_possession(ctx, &ctx->signer, i, *sp_key_field(&sp, i), possessions[i], err);
    if (rc == CODE_OK)
        rc = sp_create(ctx, &sp, &ctx->signer, err);
    if (rc)
        return rc;
    ctx_id(ctx, sp.id);
    ctx_event(ctx, "sp.registered", "sp", ctx_u64_text(ctx, sp.id), "operator", ctx_addr_text(ctx, &ctx->signer),
              "deposit", ctx_u64_text(ctx, sp.deposit), "endpoint", sp.endpoint, NULL);
    return CODE_OK;
}
