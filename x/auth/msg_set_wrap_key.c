/* SPDX-License-Identifier: Apache-2.0 */
/* MsgSetWrapKey: under which key others wrap object keys for this account. */
#include "x/auth/msgs.h"

#include "chain/crypto/key.h"
#include "x/auth/account.h"

int msg_set_wrap_key_check(const void *message, const Params *params, struct err *err) {
    const MsgSetWrapKey *msg = message;
    struct pubkey key;
    struct verifier point;
    (void)params;
    if (msg->wrap_pubkey.len == 0)
        return CODE_OK;
    if (!pubkey_from(bytes_of(msg->wrap_pubkey.data, msg->wrap_pubkey.len), &key) || verifier_init(&point, &key, NULL))
        return err_set(err, CODE_WRAP_KEY, "the wrap key must be the 33 bytes of a compressed public key, or absent");
    return CODE_OK;
}

int msg_set_wrap_key_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgSetWrapKey *msg = message;
    Account *account;
    int rc = account_get(ctx, &ctx->signer, &account, err);
    if (rc)
        return rc;
    account->wrap_pubkey = msg->wrap_pubkey;
    rc = account_put(ctx, &ctx->signer, account, err);
    if (rc == CODE_OK)
        ctx_event(ctx, "auth.wrap_key_set", "account", ctx_addr_text(ctx, &ctx->signer), "key",
                  ctx_hex_text(ctx, bytes_of(msg->wrap_pubkey.data, msg->wrap_pubkey.len)), NULL);
    return rc;
}
