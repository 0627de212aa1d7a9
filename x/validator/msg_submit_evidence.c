/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MsgSubmitEvidence: whoever shows two contradicting signatures of a validator has it slashed and jailed for good. What
 * is shown is proof in itself, so it does not matter who shows it; one offence of a validator is enough, and none after
 * that counts.
 */
#include "x/validator/msgs.h"

#include "chain/codec/pb.h"
#include "chain/types/evidence.h"
#include "chain/types/keys_validator.h"
#include "x/validator/downtime.h"
#include "x/validator/sets.h"
#include "x/validator/stake.h"
#include "x/validator/validator.h"

#include <inttypes.h>

int msg_submit_evidence_check(const void *message, const Params *params, struct err *err) {
    (void)params;
    const MsgSubmitEvidence *msg = message;
    struct evidence evidence;
    if (!msg->evidence)
        return err_set(err, CODE_EVIDENCE, "there is no evidence in the message");
    return evidence_from_pb(msg->evidence, &evidence, err);
}

uint64_t msg_submit_evidence_signatures(const void *message) {
    (void)message;
    return 2;
}

static int check_age(struct ctx *ctx, const struct evidence *e, struct err *err) {
    uint64_t time, window = ctx->params->consensus->evidence_window_ms;
    if (e->height > ctx->height)
        return err_set(err, CODE_EVIDENCE_FUTURE, "the evidence is about height %" PRIu64 ", this is %" PRIu64,
                       e->height, ctx->height);
    int rc = set_time_at(ctx, e->height, &time, err);
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    if (rc == CODE_NOT_FOUND || ctx->time - time > window)
        return err_set(err, CODE_EVIDENCE_EXPIRED,
                       "height %" PRIu64 " is longer ago than the evidence window of %" PRIu64 " ms of ledger time",
                       e->height, window);
    return CODE_OK;
}

/* Whose evidence it is, and that it stands. */
static int judge(struct ctx *ctx, const struct evidence *e, struct addr *ret_addr, Validator **ret, struct err *err) {
    struct validator_set *set = CTX_NEW(ctx, struct validator_set);
    int rc = set_at(ctx, e->height, set, err);
    if (rc == CODE_OK)
        rc = evidence_verify(e, &ctx->chain_tag, set, err);
    if (rc)
        return rc;
    *ret_addr = set->at[e->validator].addr;
    rc = validator_get(ctx, ret_addr, ret, err);
    if (rc == CODE_OK && (*ret)->tombstoned)
        rc = err_set(err, CODE_EVIDENCE_USED, "%s has been jailed for good already", ctx_addr_text(ctx, ret_addr));
    return rc;
}

static int note(struct ctx *ctx, const MsgSubmitEvidence *msg, const struct evidence *e, const struct addr *addr,
                uint64_t slashed, struct err *err) {
    struct key k;
    struct hash id = evidence_id(e, addr);
    UsedEvidence used = USED_EVIDENCE__INIT;
    used.kind = msg->evidence->kind;
    used.validator = ctx_addr(ctx, addr);
    used.height = e->height;
    used.used_at = ctx->time;
    used.slashed = slashed;
    used.submitter = msg->creator;
    ctx_event(ctx, "validator.jailed", "validator", ctx_addr_text(ctx, addr), "reason",
              e->type == VOTE_PROPOSAL ? "double proposal" : "double vote", "height", ctx_u64_text(ctx, e->height),
              "evidence", ctx_hex_text(ctx, hash_bytes(&id)), NULL);
    return record_put(ctx, key_used_evidence(&k, &id), &used, err);
}

int msg_submit_evidence_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgSubmitEvidence *msg = message;
    const ValidatorParams *p = ctx->params->validator;
    struct evidence e;
    struct addr addr;
    Validator *v;
    uint64_t slashed;
    int rc = evidence_from_pb(msg->evidence, &e, err);
    if (rc == CODE_OK)
        rc = check_age(ctx, &e, err);
    if (rc == CODE_OK)
        rc = judge(ctx, &e, &addr, &v, err);
    if (rc)
        return rc;
    v->jailed = true;
    v->tombstoned = true;
    rc = stake_slash(ctx, &addr, v, p->evidence_slash_ppm, &ctx->signer, p->evidence_reward_ppm, &slashed, err);
    if (rc == CODE_OK)
        rc = downtime_end(ctx, &addr, err);
    return rc ? rc : note(ctx, msg, &e, &addr, slashed, err);
}
