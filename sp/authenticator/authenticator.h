/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_AUTHENTICATOR_AUTHENTICATOR_H
#define CAIRN_SP_AUTHENTICATOR_AUTHENTICATOR_H
/*
 * Who sent this request, and may they do this? A signed request is good for this provider, its method, path and time,
 * and once: nonces are remembered until they expire, and what was issued before this process started is refused, so
 * that a restart forgets nothing that matters. Permissions are the ledger's: the same evaluation, asked of a node that
 * the operator chose.
 *
 * Thread-safe.
 */
#include "cairn/auth.h"
#include "cairn/permission.h"
#include "chain/http/server.h"
#include "chain/os/thread.h"
#include "client/lib/ledger.h"

enum {
    AUTHENTICATOR_NONCES_MAX =
        1 << 18, /* requests in the longest lifetime (15 minutes); more are refused with CODE_BUSY */
    AUTHENTICATOR_SKEW_MS = 30000,
};

/* Who sent a request; http_user(r) after authorising. */
struct caller {
    bool anonymous;
    struct addr address;
    struct pubkey key;
    uint32_t sp_id;   /* the provider whose approval key signed; 0: none. Only on HTTP_AUTH_PEER routes */
    char content[65]; /* what the signature says of the body: a digest, or UNSIGNED-PAYLOAD */
};

struct nonce_set;

struct authenticator {
    struct ledger *ledger; /* borrowed */
    uint32_t sp_id;
    uint64_t started_ms;
    char operator_token[65]; /* hex; in HOME/operator.token */
    struct mutex lock;
    struct nonce_set *nonces;
};

/* Writes a fresh token for the operator's routes to token_path (0600). */
int authenticator_init(struct authenticator *auth, struct ledger *ledger, uint32_t sp_id, const char *token_path,
                       struct err *err);
void authenticator_release(struct authenticator *auth);

/* For http_server_config.authorise, with the authenticator as its ctx: judges the request and attaches a struct caller.
 */
int authenticator_authorise(void *ctx, enum http_auth route, struct http_request *r, struct err *err);

/* The caller of a request; anonymous on public routes. Borrowed. */
const struct caller *authenticator_caller(struct http_request *r);

/* Compares a body that was read whole with what the signature says of it. */
int authenticator_check_body(struct http_request *r, struct bytes body, struct err *err);

/* Is the caller a provider, that is, signed with the approval key of one? CODE_DENIED when not. */
int authenticator_peer(struct authenticator *auth, const struct caller *caller, uint32_t *ret_sp_id, struct err *err);

/* May the caller do this to bucket/object (object "" for the bucket)? CODE_OK, or CODE_DENIED with the ledger's reason;
 * CODE_UNAUTHENTICATED for an anonymous caller who might be let in if it signed. */
int authenticator_may(struct authenticator *auth, const struct caller *caller, Action action, const char *bucket,
                      const char *object, uint64_t size, struct err *err);

/* --- in another's name (grants.c) --- */

/* What a message would do of which somebody asks for a part at this provider. */
struct acting {
    const char *message;         /* "MsgCreateObject" */
    const char *bucket, *object; /* object "" where none is named */
    uint64_t bytes;              /* of payload that it will take of the grant; 0 once the ledger has taken them */
};

/* Is the caller `owner` (an address), or does a grant of the owner's, as the operator's own node knows it now, cover
 * this message of the caller's? The ledger judges the message again. CODE_UNAUTHENTICATED, CODE_DENIED with what the
 * grant lacks. */
int authenticator_acts_for(struct authenticator *auth, const struct caller *caller, struct bytes owner,
                           const struct acting *what, struct err *err);
/* The part of it that looks at the grant; now: ledger time, ms. */
int acting_covered(const Grant *grant, const struct acting *what, uint64_t now, struct err *err);

#endif
