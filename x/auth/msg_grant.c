/* SPDX-License-Identifier: Apache-2.0 */
/* MsgGrant: lets another account act in the creator's name, or spend what is its, within budgets. */
#include "x/auth/msgs.h"

#include "chain/types/name.h"
#include "x/auth/account.h"
#include "x/auth/grant.h"

#include <inttypes.h>
#include <string.h>

static int check_messages(const MsgGrant *msg, const AuthParams *params, struct err *err) {
    if (msg->n_messages > params->grant_messages_max)
        return err_set(err, CODE_GRANT_MESSAGES, "%zu message types are named, at most %" PRIu64 " may be",
                       msg->n_messages, params->grant_messages_max);
    for (size_t i = 0; i < msg->n_messages; i++) {
        const char *name = msg->messages[i];
        if (strcmp(name, "*") && !grant_message_known(name))
            return err_set(err, CODE_GRANT_MESSAGES, "there is no message %.60s", name);
        if (i && strcmp(msg->messages[i - 1], name) >= 0)
            return err_set(err, CODE_GRANT_MESSAGES, "message types ascend, each once: %.60s comes before %.60s", name,
                           msg->messages[i - 1]);
    }
    if (!msg->n_messages && !msg->fees)
        return err_set(err, CODE_GRANT_MESSAGES, "the grant allows nothing: name messages, or give fees");
    return CODE_OK;
}

static int check_where(const MsgGrant *msg, struct err *err) {
    if (!*msg->bucket_name)
        return *msg->object_prefix
                   ? err_set(err, CODE_INVALID_ARGUMENT, "a prefix of object names needs the name of its bucket")
                   : CODE_OK;
    if (strlen(msg->object_prefix) > OBJECT_NAME_MAX)
        return err_set(err, CODE_OBJECT_NAME, "the prefix has %zu bytes, a name has at most %d",
                       strlen(msg->object_prefix), OBJECT_NAME_MAX);
    return name_check_bucket(msg->bucket_name, err);
}

int msg_grant_check(const void *message, const Params *params, struct err *err) {
    const MsgGrant *msg = message;
    struct addr grantee;
    int rc = addr_need(msg->grantee, "grantee", &grantee, err);
    if (rc == CODE_OK && bytes_eq(addr_bytes(&grantee), bytes_of(msg->creator.data, msg->creator.len)))
        rc = err_set(err, CODE_GRANT_GRANTEE, "an account may act in its own name without a grant");
    if (rc == CODE_OK)
        rc = check_messages(msg, params->auth, err);
    return rc ? rc : check_where(msg, err);
}

static Grant build(struct ctx *ctx, const MsgGrant *msg) {
    Grant g = GRANT__INIT;
    g.granter = ctx_addr(ctx, &ctx->signer);
    g.grantee = msg->grantee;
    g.n_messages = msg->n_messages;
    g.messages = msg->messages;
    g.bucket_name = msg->bucket_name;
    g.object_prefix = msg->object_prefix;
    g.bytes = msg->bytes;
    g.money = msg->money;
    g.price_max = msg->price_max;
    g.fees = msg->fees;
    g.expires_at = msg->expires_at;
    g.created_at = ctx->height;
    return g;
}

int msg_grant_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgGrant *msg = message;
    struct addr grantee;
    Account *account;
    int rc = addr_need(msg->grantee, "grantee", &grantee, err);
    if (rc == CODE_OK)
        rc = account_get(ctx, &grantee, &account, err);
    if (rc)
        return rc;
    if (account->module[0])
        return err_set(err, CODE_GRANT_GRANTEE, "the account of module %s signs nothing", account->module);
    if (msg->expires_at && msg->expires_at <= ctx->time)
        return err_set(err, CODE_GRANT_EXPIRY, "the grant would be over at %" PRIu64 ", it is %" PRIu64,
                       msg->expires_at, ctx->time);
    Grant g = build(ctx, msg);
    rc = grant_put(ctx, &g, err);
    if (rc == CODE_OK)
        ctx_event(ctx, "auth.granted", "granter", ctx_addr_text(ctx, &ctx->signer), "grantee",
                  ctx_addr_text(ctx, &grantee), "expires_at", ctx_u64_text(ctx, msg->expires_at), NULL);
    return rc;
}
