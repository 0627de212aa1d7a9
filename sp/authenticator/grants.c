/* SPDX-License-Identifier: Apache-2.0 */
/* Who acts in another account's name, by a grant of that account's. */
#include "cairn/auth.h"
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "sp/authenticator/authenticator.h"

#include <inttypes.h>
#include <stdio.h>

enum { GRANT_ARENA_MAX = 1 << 20, GRANT_PATH_MAX = 256 };

static bool names(const Grant *grant, const char *message) {
    for (size_t i = 0; i < grant->n_messages; i++)
        if (!strcmp(grant->messages[i], message) || !strcmp(grant->messages[i], "*"))
            return true;
    return false;
}

int acting_covered(const Grant *grant, const struct acting *what, uint64_t now, struct err *err) {
    if (grant->expires_at && grant->expires_at <= now)
        return err_set(err, CODE_DENIED, "the grant that the request is sent under is over");
    if (!names(grant, what->message))
        return err_set(err, CODE_DENIED, "the grant that the request is sent under does not name %s", what->message);
    if (*grant->bucket_name && strcmp(grant->bucket_name, what->bucket))
        return err_set(err, CODE_DENIED, "the grant that the request is sent under is for bucket %s only",
                       grant->bucket_name);
    if (*grant->object_prefix && strncmp(grant->object_prefix, what->object, strlen(grant->object_prefix)))
        return err_set(err, CODE_DENIED, "the grant that the request is sent under is for names that begin with %.100s",
                       grant->object_prefix);
    if (what->bytes > grant->bytes)
        return err_set(err, CODE_DENIED,
                       "the grant that the request is sent under has %" PRIu64 " bytes left, %" PRIu64 " are wanted",
                       grant->bytes, what->bytes);
    return CODE_OK;
}

int authenticator_acts_for(struct authenticator *auth, const struct caller *caller, struct bytes owner,
                           const struct acting *what, struct err *err) {
    char path[GRANT_PATH_MAX], granter[ADDR_TEXT_MAX], grantee[ADDR_TEXT_MAX];
    struct arena arena;
    struct addr account;
    uint64_t now;
    Grant *grant;
    if (caller->anonymous)
        return err_set(err, CODE_UNAUTHENTICATED, "only accounts store: sign the request");
    if (!addr_from(owner, &account))
        return err_set(err, CODE_INVALID_ARGUMENT, "the request names no account as creator");
    if (addr_eq(&account, &caller->address))
        return CODE_OK;
    addr_to_text(&account, granter);
    addr_to_text(&caller->address, grantee);
    arena_init(&arena, GRANT_ARENA_MAX);
    snprintf(path, sizeof path, "/auth/grant?granter=%s&grantee=%s", granter, grantee);
    int rc = ledger_time(auth->ledger, &now, err);
    if (!rc)
        rc = ledger_query_pb(auth->ledger, path, &grant__descriptor, &arena, &grant, err);
    if (!rc)
        rc = acting_covered(grant, what, now, err);
    else if (rc == CODE_NOT_FOUND || rc == CODE_GRANT_NOT_FOUND)
        rc =
            err_set(err, CODE_DENIED,
                    "%s has granted %s nothing: what is stored in an account's name is signed by it, or by whom it has "
                    "granted that (cairn account grant)",
                    granter, grantee);
    arena_release(&arena);
    return rc;
}
