/* SPDX-License-Identifier: Apache-2.0 */
/* MsgUnjail: a validator that was away is back. */
#include "x/validator/msgs.h"

#include "x/validator/downtime.h"
#include "x/validator/sets.h"
#include "x/validator/stake.h"
#include "x/validator/validator.h"

#include <inttypes.h>

int msg_unjail_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    struct addr addr;
    return addr_need(((const MsgUnjail *)message)->validator, "validator", &addr, err);
}

static int may(struct ctx *ctx, const struct addr *addr, const Validator *v, struct err *err) {
    uint64_t least = ctx->params->validator->bond_min;
    if (!addr_eq(&ctx->signer, addr) && !validator_governs(ctx, v))
        return err_set(err, CODE_DENIED, "only the validator or its operator may do this");
    if (v->tombstoned)
        return err_set(err, CODE_VALIDATOR_JAILED,
                       "the validator is jailed for good: it signed two contradicting "
                       "messages; make another one with a fresh key");
    if (!v->jailed)
        return err_set(err, CODE_VALIDATOR_FREE, "the validator is not in jail");
    if (ctx->time < v->jailed_until)
        return err_set(err, CODE_VALIDATOR_JAILED, "the validator is in jail for another %" PRIu64 " s of ledger time",
                       (v->jailed_until - ctx->time + 999) / 1000);
    if (v->bond < least)
        return err_set(err, CODE_VALIDATOR_BOND, "the bond is %s, a validator needs at least %s; add to it first",
                       money_text(v->bond).s, money_text(least).s);
    return CODE_OK;
}

/* It may have been let out before it left the set. */
static int count_again(struct ctx *ctx, const struct addr *addr, struct err *err) {
    struct validator_set *set = CTX_NEW(ctx, struct validator_set);
    int rc = set_at(ctx, ctx->height, set, err);
    return rc || validator_set_find(set, addr) == VALIDATOR_NONE ? rc : downtime_begin(ctx, addr, err);
}

int msg_unjail_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgUnjail *msg = message;
    struct addr addr;
    Validator *v;
    int rc = addr_need(msg->validator, "validator", &addr, err);
    if (rc == CODE_OK)
        rc = validator_get(ctx, &addr, &v, err);
    if (rc == CODE_OK)
        rc = may(ctx, &addr, v, err);
    if (rc)
        return rc;
    v->jailed = false;
    v->jailed_until = 0;
    rc = stake_put(ctx, &addr, v, err);
    if (rc == CODE_OK)
        rc = count_again(ctx, &addr, err);
    if (rc == CODE_OK)
        ctx_event(ctx, "validator.unjailed", "validator", ctx_addr_text(ctx, &addr), NULL);
    return rc;
}
