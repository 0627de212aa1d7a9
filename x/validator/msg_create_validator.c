/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCreateValidator: a consensus key becomes a validator of the signer's, with a bond. */
#include "x/validator/msgs.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/crypto/key.h"
#include "chain/types/signed.h"
#include "x/validator/stake.h"
#include "x/validator/validator.h"

#include <inttypes.h>

/* A chain may be left out: `cairnd` registers one by itself. */
static int check_chain(const MsgCreateValidator *msg, struct err *err) {
    struct hash tip;
    if (msg->tip.len == 0 && msg->length == 0)
        return CODE_OK;
    if (!hash_from(pb_bytes(msg->tip), &tip) || hash_is_zero(&tip))
        return err_set(err, CODE_INVALID_ARGUMENT, "tip must be 32 bytes, not all zero, or left out with length");
    if (msg->length == 0 || msg->length > REVEAL_LENGTH_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "length must be from 1 to %" PRIu64, REVEAL_LENGTH_MAX);
    return CODE_OK;
}

int msg_create_validator_check(const void *message, const Params *params, struct err *err) {
    const MsgCreateValidator *msg = message;
    struct pubkey key;
    struct sig sig;
    uint64_t least = params->validator->bond_min;
    if (!pubkey_from(pb_bytes(msg->pubkey), &key) || !sig_from(pb_bytes(msg->possession), &sig))
        return err_set(err, CODE_VALIDATOR_KEY, "a consensus key of 33 bytes and its signature of 64 are needed");
    if (msg->bond < least)
        return err_set(err, CODE_VALIDATOR_BOND, "the bond is %s, a validator needs at least %s",
                       money_text(msg->bond).s, money_text(least).s);
    int rc = validator_check_text(msg->name, msg->description, err);
    return rc ? rc : check_chain(msg, err);
}

uint64_t msg_create_validator_signatures(const void *message) {
    (void)message;
    return 1;
}

static int check_possession(const struct ctx *ctx, const MsgCreateValidator *msg, const struct pubkey *key,
                            struct err *err) {
    struct sig sig;
    struct hash digest = signed_possession(&ctx->signer, &ctx->chain_tag);
    if (!sig_from(pb_bytes(msg->possession), &sig) || !ctx_signed(ctx, key, &digest, &sig))
        return err_set(err, CODE_VALIDATOR_KEY,
                       "the consensus key did not sign for this operator on this chain; let `cairnd validator-proof` "
                       "make the signature anew");
    return CODE_OK;
}

static int check_new(struct ctx *ctx, const struct addr *addr, struct err *err) {
    Validator *there;
    int rc = validator_get(ctx, addr, &there, NULL);
    if (rc == CODE_OK)
        return err_set(err, CODE_VALIDATOR_EXISTS, "%s is a validator already; add to its bond by MsgBond",
                       ctx_addr_text(ctx, addr));
    return rc == CODE_VALIDATOR_NOT_FOUND ? CODE_OK : rc;
}

/* Its first chain is adopted like a next one, so that its turns cannot be planned when it is registered. */
static RevealChain *chain_of(struct ctx *ctx, const MsgCreateValidator *msg) {
    RevealChain *chain = CTX_NEW(ctx, RevealChain);
    reveal_chain__init(chain);
    chain->next_tip = msg->tip;
    chain->next_remaining = msg->length;
    chain->next_not_before = msg->length ? ctx->height + 2 * ctx->validators : 0;
    return chain;
}

int msg_create_validator_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgCreateValidator *msg = message;
    struct pubkey key;
    if (!pubkey_from(pb_bytes(msg->pubkey), &key))
        return err_set(err, CODE_VALIDATOR_KEY, "the consensus key must have 33 bytes");
    int rc = check_possession(ctx, msg, &key, err);
    struct addr addr = addr_of_key(&key);
    if (rc == CODE_OK)
        rc = check_new(ctx, &addr, err);
    if (rc)
        return rc;
    Validator v = VALIDATOR__INIT;
    v.address = ctx_addr(ctx, &addr);
    v.pubkey = msg->pubkey;
    v.operator_ = msg->creator;
    v.reveal = chain_of(ctx, msg);
    v.name = msg->name;
    v.description = msg->description;
    v.created_at = ctx->time;
    rc = stake_bond(ctx, &addr, &v, &ctx->signer, msg->bond, err);
    if (rc)
        return rc;
    ctx_event(ctx, "validator.created", "validator", ctx_addr_text(ctx, &addr), "operator",
              ctx_addr_text(ctx, &ctx->signer), "bond", ctx_u64_text(ctx, v.bond), "power", ctx_u64_text(ctx, v.power),
              NULL);
    return CODE_OK;
}
