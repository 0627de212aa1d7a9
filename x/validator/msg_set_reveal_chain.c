/* SPDX-License-Identifier: Apache-2.0 */
/* MsgSetRevealChain: registers the chain that follows a validator's present one. */
#include "x/validator/msgs.h"

#include "chain/codec/pb.h"
#include "x/validator/validator.h"

#include <inttypes.h>

int msg_set_reveal_chain_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    const MsgSetRevealChain *msg = message;
    struct hash tip;
    if (!hash_from(pb_bytes(msg->tip), &tip) || hash_is_zero(&tip))
        return err_set(err, CODE_INVALID_ARGUMENT, "tip must be 32 bytes, not all zero");
    if (msg->length == 0 || msg->length > REVEAL_LENGTH_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "length must be from 1 to %" PRIu64, REVEAL_LENGTH_MAX);
    return CODE_OK;
}

int msg_set_reveal_chain_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgSetRevealChain *msg = message;
    struct addr addr;
    Validator *v;
    int rc = addr_need(msg->validator, "validator", &addr, err);
    if (rc == CODE_OK)
        rc = validator_get(ctx, &addr, &v, err);
    if (rc)
        return rc;
    if (!addr_eq(&ctx->signer, &addr) && !validator_governs(ctx, v))
        return err_set(err, CODE_DENIED, "only the validator or its operator may register its reveal chain");
    if (!v->reveal) {
        v->reveal = CTX_NEW(ctx, RevealChain);
        reveal_chain__init(v->reveal);
    }
    if (v->reveal->next_remaining)
        return err_set(err, CODE_REVEAL_CHAIN,
                       "a next reveal chain is registered already; it is adopted from height %" PRIu64
                       ", when the present one is spent",
                       v->reveal->next_not_before);
    v->reveal->next_tip = msg->tip;
    v->reveal->next_remaining = msg->length;
    v->reveal->next_not_before = ctx->height + 2 * ctx->validators;
    ctx_event(ctx, "validator.reveal_chain_set", "validator", ctx_addr_text(ctx, &addr), "length",
              ctx_u64_text(ctx, msg->length), "not_before", ctx_u64_text(ctx, v->reveal->next_not_before), NULL);
    return validator_put(ctx, &addr, v, err);
}
