/* SPDX-License-Identifier: Apache-2.0 */
#include "x/auth/grant.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_auth.h"
#include "x/auth/account.h"

#include <inttypes.h>

static bool over(const Grant *g, uint64_t now) {
    return g->expires_at && g->expires_at <= now;
}

static int find(struct ctx *ctx, const struct addr *granter, const struct addr *grantee, Grant **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_grant(&k, granter, grantee), &grant__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, CODE_GRANT_NOT_FOUND, "%s has granted %s nothing", ctx_addr_text(ctx, granter),
                     ctx_addr_text(ctx, grantee));
    return rc;
}

int grant_get(struct ctx *ctx, const struct addr *granter, const struct addr *grantee, Grant **ret, struct err *err) {
    Grant *g;
    int rc = find(ctx, granter, grantee, &g, err);
    if (rc == CODE_OK && over(g, ctx->time))
        rc = err_set(err, CODE_GRANT_NOT_FOUND, "what %s had granted %s is over", ctx_addr_text(ctx, granter),
                     ctx_addr_text(ctx, grantee));
    if (rc == CODE_OK)
        *ret = g;
    return rc;
}

static int save(struct ctx *ctx, const Grant *g, const struct addr *granter, const struct addr *grantee,
                struct err *err) {
    struct key k;
    return record_put(ctx, key_grant(&k, granter, grantee), g, err);
}

/* One more or one less that the granter has given. */
static int count(struct ctx *ctx, const struct addr *granter, bool more, struct err *err) {
    Account *account;
    int rc = account_get(ctx, granter, &account, err);
    if (rc)
        return rc;
    if (more && account->grants >= ctx->params->auth->grants_per_account)
        return err_set(err, CODE_GRANT_LIMIT, "the account has given %" PRIu32 " grants, as many as allowed",
                       account->grants);
    if (!more && account->grants == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "an account has given fewer grants than there are");
    account->grants = more ? account->grants + 1 : account->grants - 1;
    return account_put(ctx, granter, account, err);
}

static int drop_expiry(struct ctx *ctx, const Grant *g, const struct addr *granter, const struct addr *grantee,
                       struct err *err) {
    struct key k;
    bool there = false;
    if (!g->expires_at)
        return CODE_OK;
    struct bytes key = key_grant_expiry(&k, g->expires_at, granter, grantee);
    int rc = record_has(ctx, key, &there, err); /* the queue takes an entry out before it ends the grant */
    return rc == CODE_OK && there ? record_del(ctx, key, err) : rc;
}

int grant_put(struct ctx *ctx, Grant *g, struct err *err) {
    struct addr granter, grantee;
    struct key k;
    Grant *before;
    if (!addr_of_field(g->granter, &granter) || !addr_of_field(g->grantee, &grantee))
        return ctx_fault(ctx, CODE_INTERNAL, "a grant without its accounts");
    int rc = find(ctx, &granter, &grantee, &before, NULL);
    if (rc == CODE_OK)
        rc = drop_expiry(ctx, before, &granter, &grantee, err);
    else if (rc == CODE_GRANT_NOT_FOUND)
        rc = count(ctx, &granter, true, err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_grantee(&k, &grantee, &granter), err);
    if (rc == CODE_OK && g->expires_at)
        rc = record_put_mark(ctx, key_grant_expiry(&k, g->expires_at, &granter, &grantee), err);
    return rc ? rc : save(ctx, g, &granter, &grantee, err);
}

int grant_delete(struct ctx *ctx, const struct addr *granter, const struct addr *grantee, struct err *err) {
    struct key k;
    Grant *g;
    int rc = find(ctx, granter, grantee, &g, err);
    if (rc == CODE_OK)
        rc = drop_expiry(ctx, g, granter, grantee, err);
    if (rc == CODE_OK)
        rc = count(ctx, granter, false, err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_grantee(&k, grantee, granter), err);
    return rc ? rc : record_del(ctx, key_grant(&k, granter, grantee), err);
}

/* --- acting --- */

int grant_begin(struct ctx *ctx, const struct msg_rule *rule, const void *msg, const struct addr *creator,
                struct err *err) {
    Grant *g;
    int rc = grant_get(ctx, creator, &ctx->actor, &g, NULL);
    if (rc == CODE_GRANT_NOT_FOUND)
        return err_set(err, CODE_TX_CREATOR, "the message is in the name of %s, who has granted the signer nothing",
                       ctx_addr_text(ctx, creator));
    if (rc == CODE_OK)
        rc = grant_covers(ctx, g, rule, msg, err);
    if (rc)
        return rc;
    ctx->signer = *creator;
    ctx->signer_key = (struct pubkey){{0}};
    return CODE_OK;
}

static int over_budget(uint64_t wants, const char *unit, uint64_t left, struct err *err) {
    return err_set(err, CODE_GRANT_BUDGET, "the message takes %" PRIu64 " %s, the grant has %" PRIu64 " left", wants,
                   unit, left);
}

int grant_end(struct ctx *ctx, const struct msg_rule *rule, struct err *err) {
    Grant *g;
    uint64_t bytes = ctx->spent_bytes, money = ctx->spent;
    ctx_event(ctx, "auth.acted", "granter", ctx_addr_text(ctx, &ctx->signer), "grantee",
              ctx_addr_text(ctx, &ctx->actor), "message", rule->desc->short_name, "bytes", ctx_u64_text(ctx, bytes),
              "money", ctx_u64_text(ctx, money), NULL);
    if (!bytes && !money)
        return CODE_OK;
    int rc = find(ctx, &ctx->signer, &ctx->actor, &g, err); /* anew: the message may have changed it */
    if (rc)
        return rc;
    if (g->bytes < bytes)
        return over_budget(bytes, "bytes", g->bytes, err);
    if (g->money < money)
        return over_budget(money, "pebble", g->money, err);
    g->bytes -= g->bytes == UINT64_MAX ? 0 : bytes; /* no limit stays none */
    g->money -= g->money == UINT64_MAX ? 0 : money;
    return save(ctx, g, &ctx->signer, &ctx->actor, err);
}

int grant_pay(struct ctx *ctx, const struct addr *granter, const struct addr *grantee, uint64_t money,
              struct err *err) {
    Grant *g;
    int rc = grant_get(ctx, granter, grantee, &g, err);
    if (rc == CODE_OK)
        rc = grant_covers(ctx, g, ctx->rule, ctx->msg, err);
    if (rc)
        return rc;
    if (g->money < u64_max(money, 1))
        return over_budget(money, "pebble", g->money, err);
    ctx_event(ctx, "auth.paid", "granter", ctx_addr_text(ctx, granter), "grantee", ctx_addr_text(ctx, grantee),
              "message", ctx->rule->desc->short_name, "money", ctx_u64_text(ctx, money), NULL);
    if (money == 0 || g->money == UINT64_MAX)
        return CODE_OK;
    g->money -= money;
    return save(ctx, g, granter, grantee, err);
}

bool grant_money_ends(struct ctx *ctx) {
    Grant *g;
    return !addr_eq(&ctx->signer, &ctx->actor) &&
           (grant_get(ctx, &ctx->signer, &ctx->actor, &g, NULL) != CODE_OK || g->money != UINT64_MAX);
}

/* --- sponsoring --- */

/* Takes fees from the grant, not from the account. */
static int take_granted(struct ctx *ctx, const struct addr *payer, const struct addr *sender, uint64_t fee,
                        uint64_t before, Grant **ret, struct err *err) {
    Grant *g;
    int rc = find(ctx, payer, sender, &g, NULL);
    if (rc == CODE_GRANT_NOT_FOUND || (rc == CODE_OK && over(g, before)))
        return err_set(err, CODE_TX_FEE_PAYER, "%s has not granted the signer that it pays fees",
                       ctx_addr_text(ctx, payer));
    if (rc)
        return rc;
    if (g->fees < fee)
        return err_set(err, CODE_TX_FEE_PAYER, "the fee is %" PRIu64 " pebble, the payer's grant has %" PRIu64 " left",
                       fee, g->fees);
    g->fees -= g->fees == UINT64_MAX ? 0 : fee;
    *ret = g;
    return CODE_OK;
}

int grant_take_fee(struct ctx *ctx, const struct addr *payer, const struct addr *sender, uint64_t fee, uint64_t before,
                   struct err *err) {
    Grant *g;
    int rc = take_granted(ctx, payer, sender, fee, before, &g, err);
    if (rc == CODE_OK)
        rc = account_take_fee(ctx, payer, fee, err);
    return rc || g->fees == UINT64_MAX ? rc : save(ctx, g, payer, sender, err);
}

int grant_assume_fees(struct ctx *ctx, const struct addr *payer, const struct addr *sender, uint64_t fees,
                      uint64_t before, struct err *err) {
    Grant *g;
    int rc = take_granted(ctx, payer, sender, fees, before, &g, err);
    return rc || g->fees == UINT64_MAX ? rc : save(ctx, g, payer, sender, err);
}

/* --- ends --- */

uint64_t grant_due_cap(const struct ctx *ctx) {
    return ctx->params->auth->grant_expiries_per_block;
}

int grant_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    struct addr granter, grantee;
    (void)due_time, (void)value;
    if (rest.len != 2 * sizeof granter.b)
        return ctx_fault(ctx, CODE_CORRUPT, "an entry in the queue of grants without its accounts");
    memcpy(granter.b, rest.data, sizeof granter.b);
    memcpy(grantee.b, rest.data + sizeof granter.b, sizeof grantee.b);
    int rc = grant_delete(ctx, &granter, &grantee, err);
    if (rc == CODE_OK)
        ctx_event(ctx, "auth.grant_expired", "granter", ctx_addr_text(ctx, &granter), "grantee",
                  ctx_addr_text(ctx, &grantee), NULL);
    return rc;
}
