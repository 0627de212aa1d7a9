/* SPDX-License-Identifier: Apache-2.0 */
/* MsgAnswerChallenge: leaves and paths, checked here and now by the ledger itself. Free once for each open challenge.
 */
#include "x/challenge/msgs.h"

#include "chain/crypto/address.h"
#include "chain/crypto/list_tree.h"
#include "x/auth/account.h"
#include "x/challenge/answer.h"
#include "x/challenge/duty.h"
#include "x/challenge/record.h"
#include "x/challenge/successor.h"
#include "x/sp/sp.h"

int msg_answer_challenge_check(const void *msg, const Params *params, struct err *err) {
    const MsgAnswerChallenge *m = msg;
    (void)params;
    if (m->n_leaves == 0 || m->n_leaves > CHALLENGE_LEAVES_MAX)
        return err_set(err, CODE_CHALLENGE_LEAVES, "an answer has 1 to %d leaves, not %zu", CHALLENGE_LEAVES_MAX,
                       m->n_leaves);
    if (m->n_piece_path > LIST_PATH_MAX)
        return err_set(err, CODE_CHALLENGE_PATH, "no path has %zu hashes", m->n_piece_path);
    for (size_t i = 0; i < m->n_leaves; i++) {
        if (m->leaves[i]->data.len == 0 || m->leaves[i]->data.len > LEAF_LEN)
            return err_set(err, CODE_CHALLENGE_LEAF, "a leaf has 1 to %zu bytes, not %zu", LEAF_LEN,
                           m->leaves[i]->data.len);
        if (m->leaves[i]->n_path > LIST_PATH_MAX)
            return err_set(err, CODE_CHALLENGE_PATH, "no path has %zu hashes", m->leaves[i]->n_path);
    }
    return CODE_OK;
}

/* The open challenge that the signer, with the provider's seal key, may answer. */
static int find(struct ctx *ctx, uint64_t id, Challenge **ret, StorageProvider **ret_sp, struct err *err) {
    struct pubkey key;
    int rc = challenge_get(ctx, id, ret, err);
    if (rc)
        return rc;
    const Challenge *c = *ret;
    if (c->status != CHALLENGE_STATUS_OPEN)
        return err_set(err, CODE_CHALLENGE_CLOSED, "challenge %llu was %s at height %llu", (unsigned long long)id,
                       c->status == CHALLENGE_STATUS_PASSED ? "passed" : "missed",
                       (unsigned long long)c->closed_height);
    rc = sp_get(ctx, c->sp_id, ret_sp, err);
    if (rc)
        return rc;
    if (!pubkey_from(bytes_of((*ret_sp)->seal_key.data, (*ret_sp)->seal_key.len), &key))
        return ctx_fault(ctx, CODE_CORRUPT, "provider %u has no seal key", c->sp_id);
    struct addr account = addr_of_key(&key);
    if (!addr_eq(&account, &ctx->signer))
        return err_set(err, CODE_CHALLENGE_SP, "challenge %llu is for provider %u; its seal key answers",
                       (unsigned long long)id, c->sp_id);
    return CODE_OK;
}

static int check_time(const struct ctx *ctx, const Challenge *c, struct err *err) {
    if (ctx->time > c->deadline && ctx->height > c->deadline_height)
        return err_set(
            err, CODE_CHALLENGE_LATE, "challenge %llu had to be answered by ledger time %llu and height %llu",
            (unsigned long long)c->id, (unsigned long long)c->deadline, (unsigned long long)c->deadline_height);
    return CODE_OK;
}

int msg_answer_challenge_free_ante(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgAnswerChallenge *m = msg;
    Challenge *c = NULL;
    StorageProvider *sp = NULL;
    int rc = find(ctx, m->challenge_id, &c, &sp, err);
    if (rc)
        return rc;
    if (c->attempted)
        return err_set(err, CODE_CHALLENGE_ATTEMPT,
                       "the free attempt to answer challenge %llu has been made; pay a fee", (unsigned long long)c->id);
    c->attempted = true;
    return challenge_put(ctx, c, err);
}

/* The challenger was wrong: the bond pays the provider for the answer. */
static int pay_bond(struct ctx *ctx, const Challenge *c, const StorageProvider *sp, struct err *err) {
    struct addr funding = {{0}};
    if (c->bond == 0)
        return CODE_OK;
    if (!addr_of_field(sp->funding, &funding))
        return ctx_fault(ctx, CODE_CORRUPT, "provider %u has no funding account", sp->id);
    return coins_from_module(ctx, MODULE_CHALLENGE, &funding, c->bond, err);
}

int msg_answer_challenge_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgAnswerChallenge *m = msg;
    Challenge *c = NULL;
    StorageProvider *sp = NULL;
    int rc = find(ctx, m->challenge_id, &c, &sp, err);
    if (rc == CODE_OK)
        rc = check_time(ctx, c, err);
    if (rc == CODE_OK)
        rc = answer_verify(c, m, err);
    if (rc == CODE_OK)
        rc = pay_bond(ctx, c, sp, err);
    if (rc == CODE_OK)
        rc = challenge_close(ctx, c, CHALLENGE_STATUS_PASSED, err);
    if (rc == CODE_OK)
        rc = duty_after_pass(ctx, c, err);
    return rc ? rc : successor_passed(ctx, c, err);
}
