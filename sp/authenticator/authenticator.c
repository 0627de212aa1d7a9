/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/authenticator/authenticator.h"

#include "cairn/sp.h"
#include "chain/codec/bech32.h"
#include "chain/crypto/address.h"
#include "chain/http/uri.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/os/random.h"
#include "chain/types/action.h"
#include "chain/types/keys_sp.h"
#include "chain/types/request.h"
#include "sp/authenticator/nonces.h"

#include <inttypes.h>
#include <stdio.h>

enum { ARENA_MAX = 1 << 20, QUERY_LEN_MAX = 8192 };

int authenticator_init(struct authenticator *auth, struct ledger *ledger, uint32_t sp_id, const char *token_path,
                       struct err *err) {
    uint8_t token[32];
    *auth = (struct authenticator){.ledger = ledger, .sp_id = sp_id, .started_ms = clock_real_ms()};
    random_bytes(token, sizeof token);
    hex_encode(token, sizeof token, auth->operator_token);
    int rc = file_write_atomic(token_path, bytes_str(auth->operator_token), 0600, err);
    if (rc)
        return rc;
    auth->nonces = nonce_set_new(AUTHENTICATOR_NONCES_MAX);
    if (!auth->nonces)
        return err_set(err, CODE_NO_MEMORY, "no memory to remember requests");
    mutex_init(&auth->lock);
    return CODE_OK;
}

void authenticator_release(struct authenticator *auth) {
    nonce_set_free(auth->nonces);
    mutex_release(&auth->lock);
}

/* --- signatures --------------------------------------------------------------------------------------------------- */

static const char *header_of(void *ctx, const char *name) {
    return http_header(ctx, name);
}

/* Form, time, signature; then the nonce, so that only good requests take room. */
static int judge_signature(struct authenticator *auth, struct http_request *r, struct caller *caller, struct err *err) {
    char text[REQUEST_TEXT_MAX];
    struct request_auth given;
    const char *host = http_header(r, "host");
    int rc = request_auth_find(http_header(r, "authorization"), http_query_string(r), text, err);
    if (!rc)
        rc = request_auth_parse(text, &given, err);
    uint64_t now = clock_real_ms();
    if (!rc)
        rc = request_check_time(&given, now, auth->started_ms, AUTHENTICATOR_SKEW_MS, err);
    struct request_http http = {.method = http_method(r),
                                .host = host ? host : "",
                                .path = http_path(r),
                                .query = http_query_string(r),
                                .header = header_of,
                                .ctx = r};
    if (!rc)
        rc = request_verify(&given, &http, auth->sp_id, ledger_chain_tag(auth->ledger), err);
    if (rc)
        return rc;
    mutex_lock(&auth->lock);
    rc = nonce_set_add(auth->nonces, given.nonce, given.expires_ms + AUTHENTICATOR_SKEW_MS, now, err);
    mutex_unlock(&auth->lock);
    if (rc)
        return rc == CODE_DONE_ALREADY
                   ? err_set(err, CODE_UNAUTHENTICATED, "this request was sent before: sign a new one")
                   : rc;
    caller->anonymous = false;
    caller->key = given.key;
    caller->address = addr_of_key(&given.key);
    memcpy(caller->content, given.content, sizeof caller->content);
    return CODE_OK;
}

int authenticator_peer(struct authenticator *auth, const struct caller *caller, uint32_t *ret_sp_id, struct err *err) {
    struct arena arena;
    StorageProvider *sp;
    char path[128], address[ADDR_TEXT_MAX];
    arena_init(&arena, ARENA_MAX);
    addr_to_text(&caller->address, address);
    snprintf(path, sizeof path, "/sp/by_address?address=%s", address);
    int rc = ledger_query_pb(auth->ledger, path, &storage_provider__descriptor, &arena, &sp, err);
    if (!rc && bytes_eq(bytes_of(sp->approval_key.data, sp->approval_key.len), pubkey_bytes(&caller->key)))
        *ret_sp_id = sp->id;
    else if (!rc || rc == CODE_NOT_FOUND || rc == CODE_SP_NOT_FOUND)
        rc = err_set(err, CODE_DENIED, "only storage providers may ask this, signed with their approval key");
    arena_release(&arena);
    return rc;
}

static int judge_operator(const struct authenticator *auth, struct http_request *r, struct err *err) {
    static const char scheme[] = "Bearer ";
    const char *given = http_header(r, "authorization");
    uint8_t differ = 0;
    size_t n = sizeof auth->operator_token - 1;
    if (!given || strncmp(given, scheme, sizeof scheme - 1) || strlen(given) != sizeof scheme - 1 + n)
        return err_set(err, CODE_UNAUTHENTICATED,
                       "this is for the operator: send the token that lies in operator.token");
    for (size_t i = 0; i < n; i++) /* as long for any wrong token */
        differ |= (uint8_t)(given[sizeof scheme - 1 + i] ^ auth->operator_token[i]);
    return differ ? err_set(err, CODE_UNAUTHENTICATED, "the operator's token is another one since the last start")
                  : CODE_OK;
}

int authenticator_authorise(void *ctx, enum http_auth route, struct http_request *r, struct err *err) {
    struct authenticator *auth = ctx;
    struct caller *caller = ARENA_NEW(http_arena(r), struct caller);
    if (!caller)
        return err_set(err, CODE_NO_MEMORY, "no memory for a request");
    caller->anonymous = true;
    http_set_user(r, caller);
    if (route == HTTP_AUTH_OPERATOR)
        return judge_operator(auth, r, err);
    bool given = http_header(r, "authorization") || http_query(r, REQUEST_AUTH_PARAM);
    if (route == HTTP_AUTH_OPTIONAL && !given)
        return CODE_OK;
    int rc = judge_signature(auth, r, caller, err);
    if (!rc && route == HTTP_AUTH_PEER)
        rc = authenticator_peer(auth, caller, &caller->sp_id, err);
    return rc;
}

const struct caller *authenticator_caller(struct http_request *r) {
    static const struct caller nobody = {.anonymous = true};
    const struct caller *caller = http_user(r);
    return caller ? caller : &nobody;
}

int authenticator_check_body(struct http_request *r, struct bytes body, struct err *err) {
    const struct caller *caller = authenticator_caller(r);
    char content[65];
    if (caller->anonymous || !strcmp(caller->content, REQUEST_UNSIGNED))
        return CODE_OK;
    request_content_of(body, content);
    return strcmp(content, caller->content)
               ? err_set(err, CODE_BAD_SIGNATURE, "the body is not the one that the request's signature covers")
               : CODE_OK;
}

/* --- permissions -------------------------------------------------------------------------------------------------- */

static const char *action_name(Action action) {
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&action__descriptor, (int)action);
    return value ? value->name : "";
}

int authenticator_may(struct authenticator *auth, const struct caller *caller, Action action, const char *bucket,
                      const char *object, uint64_t size, struct err *err) {
    struct arena arena;
    struct buf path;
    CheckAnswer *answer;
    char address[ADDR_TEXT_MAX] = "";
    arena_init(&arena, ARENA_MAX);
    buf_init(&path, QUERY_LEN_MAX);
    buf_printf(&path, "/permission/check?action=%s&size=%" PRIu64 "&bucket_name=", action_name(action), size);
    uri_encode(&path, bytes_str(bucket), false);
    buf_put_str(&path, "&object_name=");
    uri_encode(&path, bytes_str(object), false);
    if (!caller->anonymous) {
        addr_to_text(&caller->address, address);
        buf_printf(&path, "&account=%s", address);
    }
    const char *text = buf_cstr(&path);
    int rc = text && !buf_failed(&path)
                 ? ledger_query_pb(auth->ledger, text, &check_answer__descriptor, &arena, &answer, err)
                 : err_set(err, CODE_TOO_LARGE, "the object's name is too long");
    if (!rc && !answer->allowed && caller->anonymous)
        rc =
            err_set(err, CODE_UNAUTHENTICATED, "this is not public: sign the request with an account that may read it");
    else if (!rc && !answer->allowed)
        rc = err_set(err, CODE_DENIED, "%s may not %s %s/%s: %s", address, action_text(action), bucket, object,
                     action_denial_text(answer->reason));
    buf_release(&path);
    arena_release(&arena);
    return rc;
}
