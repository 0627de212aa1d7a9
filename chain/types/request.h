/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_REQUEST_H
#define CAIRN_CHAIN_TYPES_REQUEST_H
/*
 * Signed HTTP requests to providers (provider.md). A request carries its credentials as one text of URL-safe
 * characters, either in a header or, for links, as a query parameter:
 *
 *     Authorization: Cairn TEXT                    ?X-Cairn-Auth=TEXT
 *     TEXT = v1.KEY.ISSUED.EXPIRES.NONCE.CONTENT.HEADERS.SIGNATURE
 *
 *     KEY 66 hex digits      ISSUED, EXPIRES ms since 1970      NONCE 32 hex digits      SIGNATURE 128 hex digits
 *     CONTENT  H(cairn.body, body) as 64 hex digits, or UNSIGNED-PAYLOAD
 *     HEADERS  lower-case names of the signed headers, ascending, joined by ~ ; may be empty
 *
 * The signature is over H(cairn.request, chain tag | canonical request), lines that end with \n:
 *
 *     CAIRN-REQUEST-1
 *     method
 *     host, lower case, with its port as sent
 *     path, percent-encoded as sent
 *     query without X-Cairn-Auth: its parts between &, as sent, sorted by bytes, joined by &
 *     name:value                         one line a signed header, as in HEADERS; blanks round the value removed
 *     (an empty line)
 *     CONTENT
 *     sp_id
 *     KEY.ISSUED.EXPIRES.NONCE
 *
 * So a request is good for one SP, method, path and time, and once: the SP remembers nonces.
 */
#include "chain/crypto/key.h"

enum {
    REQUEST_HEADERS_MAX = 256, /* bytes of HEADERS */
    REQUEST_TEXT_MAX = 768,    /* of TEXT, with its NUL */
    REQUEST_QUERY_PARTS_MAX = 64,
};
#define REQUEST_LIFETIME_MAX_MS ((uint64_t)15 * 60 * 1000)
#define REQUEST_UNSIGNED        "UNSIGNED-PAYLOAD"
#define REQUEST_AUTH_SCHEME     "Cairn "
#define REQUEST_AUTH_PARAM      "X-Cairn-Auth"

/* The credentials: TEXT taken apart. */
struct request_auth {
    struct pubkey key;
    uint64_t issued_ms, expires_ms;
    uint8_t nonce[16];
    char content[65];
    char headers[REQUEST_HEADERS_MAX];
    struct sig sig;
};

/* The request as it goes over the wire. Strings are borrowed. */
struct request_http {
    const char *method;
    const char *host;
    const char *path;                                   /* raw, begins with / */
    const char *query;                                  /* raw, without ?, "" for none */
    const char *(*header)(void *ctx, const char *name); /* value by lower-case name, NULL when absent */
    void *ctx;
};

/* H(cairn.body, body) as CONTENT. */
void request_content_of(struct bytes body, char ret_content[65]);

/* TEXT -> credentials. CODE_UNAUTHENTICATED with what is malformed; *ret untouched. */
int request_auth_parse(const char *text, struct request_auth *ret, struct err *err);
void request_auth_print(const struct request_auth *auth, char ret_text[REQUEST_TEXT_MAX]);

/* Finds TEXT in an Authorization header's value (NULL: there is none) or else in the raw query, into ret_text.
 * CODE_UNAUTHENTICATED when there is neither, or both. */
int request_auth_find(const char *authorization, const char *query, char ret_text[REQUEST_TEXT_MAX], struct err *err);

/* Fills key and sig; everything else of auth is set by the caller. CODE_INVALID_ARGUMENT for what cannot be signed. */
int request_sign(struct request_auth *auth, const struct request_http *http, uint32_t sp_id, const struct seckey *key,
                 const struct hash *chain_tag, struct err *err);

/* Form and signature. CODE_UNAUTHENTICATED when a signed header is missing, CODE_BAD_SIGNATURE. */
int request_verify(const struct request_auth *auth, const struct request_http *http, uint32_t sp_id,
                   const struct hash *chain_tag, struct err *err);

/* Is it in time at `now_ms` for a provider that started (and remembers nonces since) `started_ms`: not issued before
 * that or in the future, each by more than `skew_ms`, lives at most 15 minutes, has not expired. CODE_UNAUTHENTICATED,
 * CODE_EXPIRED. */
int request_check_time(const struct request_auth *auth, uint64_t now_ms, uint64_t started_ms, uint64_t skew_ms,
                       struct err *err);

/* The canonical request, appended to out: what vectors publish. CODE_INVALID_ARGUMENT, CODE_TOO_LARGE. */
int request_canonical(const struct request_auth *auth, const struct request_http *http, uint32_t sp_id, struct buf *out,
                      struct err *err);

#endif
