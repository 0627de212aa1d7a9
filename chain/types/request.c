/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/request.h"
#include "chain/base/limits.h"
#include "chain/base/num.h"
#include "chain/crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>

#define CANONICAL_MAX (HTTP_URI_MAX + HTTP_HEADER_MAX + 4 * KIB)

void request_content_of(struct bytes body, char ret_content[65]) {
    struct hash digest = hash_of(DOMAIN_BODY, body);
    hex_encode(digest.b, sizeof digest.b, ret_content);
}

/* --- the text ----------------------------------------------------------------------------------------------------- */

static int refuse(struct err *err, const char *what) {
    return err_set(err, CODE_UNAUTHENTICATED, "the request's credentials are malformed: %s", what);
}

/* One part up to the next dot, which must be there unless it is the last. */
struct part {
    const char *at;
    size_t len;
};

static bool take_part(const char **at, bool last, struct part *ret) {
    size_t len = strcspn(*at, ".");
    if (last != ((*at)[len] == 0))
        return false;
    *ret = (struct part){*at, len};
    *at += len + (last ? 0 : 1);
    return true;
}

static bool is_hex(struct part part, size_t len) {
    for (size_t i = 0; i < part.len; i++)
        if (!strchr("0123456789abcdef", part.at[i]))
            return false;
    return part.len == len;
}

/* Lower-case names of letters, digits and hyphens, strictly ascending, joined by ~. */
static bool headers_ok(const char *headers) {
    const char *before = NULL;
    size_t before_len = 0;
    if (!*headers)
        return true;
    for (const char *name = headers;; name++) {
        size_t len = strcspn(name, "~");
        for (size_t i = 0; i < len; i++)
            if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", name[i]))
                return false;
        if (len == 0 || (before && bytes_cmp(bytes_of(before, before_len), bytes_of(name, len)) >= 0))
            return false;
        before = name;
        before_len = len;
        name += len;
        if (!*name)
            return true;
    }
}

static bool content_ok(const char *content) {
    return strcmp(content, REQUEST_UNSIGNED) == 0 || is_hex((struct part){content, strlen(content)}, 64);
}

static bool copy_part(struct part part, char *room, size_t size) {
    if (part.len >= size)
        return false;
    memcpy(room, part.at, part.len);
    room[part.len] = 0;
    return true;
}

int request_auth_parse(const char *text, struct request_auth *ret, struct err *err) {
    enum { VERSION, KEY, ISSUED, EXPIRES, NONCE, CONTENT, HEADERS, SIGNATURE, PARTS };
    struct part p[PARTS];
    struct request_auth auth;
    for (int i = 0; i < PARTS; i++)
        if (!take_part(&text, i == SIGNATURE, &p[i]))
            return refuse(err, "it does not have eight parts");
    if (p[VERSION].len != 2 || memcmp(p[VERSION].at, "v1", 2) != 0)
        return refuse(err, "its version is not v1");
    if (!is_hex(p[KEY], 66) || !hex_decode(p[KEY].at, 66, auth.key.b, sizeof auth.key.b))
        return refuse(err, "its key is not 66 lower-case hex digits");
    if (!u64_parse(p[ISSUED].at, p[ISSUED].len, &auth.issued_ms) ||
        !u64_parse(p[EXPIRES].at, p[EXPIRES].len, &auth.expires_ms))
        return refuse(err, "its times are not milliseconds");
    if (!is_hex(p[NONCE], 32) || !hex_decode(p[NONCE].at, 32, auth.nonce, sizeof auth.nonce))
        return refuse(err, "its nonce is not 32 lower-case hex digits");
    if (!copy_part(p[CONTENT], auth.content, sizeof auth.content) || !content_ok(auth.content))
        return refuse(err, "its content is neither a digest nor " REQUEST_UNSIGNED);
    if (!copy_part(p[HEADERS], auth.headers, sizeof auth.headers) || !headers_ok(auth.headers))
        return refuse(err, "its headers are not an ascending list of lower-case names");
    if (!is_hex(p[SIGNATURE], 128) || !hex_decode(p[SIGNATURE].at, 128, auth.sig.b, sizeof auth.sig.b))
        return refuse(err, "its signature is not 128 lower-case hex digits");
    *ret = auth;
    return CODE_OK;
}

/* KEY.ISSUED.EXPIRES.NONCE */
static void print_claims(const struct request_auth *auth, char room[160]) {
    char key[67], nonce[33];
    hex_encode(auth->key.b, sizeof auth->key.b, key);
    hex_encode(auth->nonce, sizeof auth->nonce, nonce);
    snprintf(room, 160, "%s.%llu.%llu.%s", key, (unsigned long long)auth->issued_ms,
             (unsigned long long)auth->expires_ms, nonce);
}

void request_auth_print(const struct request_auth *auth, char ret_text[REQUEST_TEXT_MAX]) {
    char claims[160], sig[129];
    print_claims(auth, claims);
    hex_encode(auth->sig.b, sizeof auth->sig.b, sig);
    snprintf(ret_text, REQUEST_TEXT_MAX, "v1.%s.%s.%s.%s", claims, auth->content, auth->headers, sig);
}

static bool is_auth_part(const char *part, size_t len) {
    size_t name = strlen(REQUEST_AUTH_PARAM);
    return len > name && memcmp(part, REQUEST_AUTH_PARAM "=", name + 1) == 0;
}

/* The first credentials among the query's parts. */
static struct part auth_in_query(const char *query) {
    for (const char *at = query; *at;) {
        size_t len = strcspn(at, "&");
        if (is_auth_part(at, len))
            return (struct part){at + strlen(REQUEST_AUTH_PARAM "="), len - strlen(REQUEST_AUTH_PARAM "=")};
        at += len + (at[len] == '&');
    }
    return (struct part){NULL, 0};
}

int request_auth_find(const char *authorization, const char *query, char ret_text[REQUEST_TEXT_MAX], struct err *err) {
    struct part in_query = auth_in_query(query);
    size_t scheme = strlen(REQUEST_AUTH_SCHEME);
    if (authorization && in_query.at)
        return refuse(err, "they are in a header and in the query");
    if (!authorization && !in_query.at)
        return err_set(err, CODE_UNAUTHENTICATED, "the request is not signed");
    if (authorization && strncmp(authorization, REQUEST_AUTH_SCHEME, scheme) != 0)
        return refuse(err, "the Authorization header does not begin with Cairn");
    struct part text = authorization ? (struct part){authorization + scheme, strlen(authorization + scheme)} : in_query;
    if (text.len >= REQUEST_TEXT_MAX)
        return refuse(err, "they are too long");
    memcpy(ret_text, text.at, text.len);
    ret_text[text.len] = 0;
    return CODE_OK;
}

/* --- the canonical request ---------------------------------------------------------------------------------------- */

static bool has_control(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

static int by_bytes(const void *a, const void *b) {
    const struct part *x = a, *y = b;
    return bytes_cmp(bytes_of(x->at, x->len), bytes_of(y->at, y->len));
}

static int put_query(const char *query, struct buf *out, struct err *err) {
    struct part parts[REQUEST_QUERY_PARTS_MAX];
    size_t n = 0;
    for (const char *at = query; *at;) {
        size_t len = strcspn(at, "&");
        if (len > 0 && !is_auth_part(at, len)) {
            if (n == REQUEST_QUERY_PARTS_MAX)
                return err_set(err, CODE_INVALID_ARGUMENT, "a signed request has at most %d query parameters",
                               REQUEST_QUERY_PARTS_MAX);
            parts[n++] = (struct part){at, len};
        }
        at += len + (at[len] == '&');
    }
    qsort(parts, n, sizeof *parts, by_bytes);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_put_u8(out, '&');
        buf_put(out, parts[i].at, parts[i].len);
    }
    buf_put_u8(out, '\n');
    return CODE_OK;
}

static int put_headers(const char *headers, const struct request_http *http, struct buf *out, struct err *err) {
    char name[REQUEST_HEADERS_MAX];
    for (const char *at = headers; *at;) {
        size_t len = strcspn(at, "~");
        memcpy(name, at, len);
        name[len] = 0;
        const char *value = http->header ? http->header(http->ctx, name) : NULL;
        if (!value || has_control(value))
            return err_set(err, CODE_UNAUTHENTICATED, "the signed header %s is missing or has control characters",
                           name);
        value += strspn(value, " ");
        size_t end = strlen(value);
        while (end > 0 && value[end - 1] == ' ')
            end--;
        buf_printf(out, "%s:", name);
        buf_put(out, value, end);
        buf_put_u8(out, '\n');
        at += len + (at[len] == '~');
    }
    return CODE_OK;
}

static void put_host(const char *host, struct buf *out) {
    for (; *host; host++)
        buf_put_u8(out, (uint8_t)(*host >= 'A' && *host <= 'Z' ? *host + 32 : *host));
    buf_put_u8(out, '\n');
}

int request_canonical(const struct request_auth *auth, const struct request_http *http, uint32_t sp_id, struct buf *out,
                      struct err *err) {
    if (has_control(http->method) || has_control(http->host) || has_control(http->path) || has_control(http->query) ||
        http->path[0] != '/')
        return err_set(err, CODE_INVALID_ARGUMENT, "a signed request's method, host, path and query are one line each");
    if (!content_ok(auth->content) || !headers_ok(auth->headers))
        return err_set(err, CODE_INVALID_ARGUMENT, "the content digest or the list of signed headers is malformed");
    buf_printf(out, "CAIRN-REQUEST-1\n%s\n", http->method);
    put_host(http->host, out);
    buf_put_str(out, http->path);
    buf_put_u8(out, '\n');
    int rc = put_query(http->query, out, err);
    if (rc == CODE_OK)
        rc = put_headers(auth->headers, http, out, err);
    if (rc != CODE_OK)
        return rc;
    char claims[160];
    print_claims(auth, claims);
    buf_printf(out, "\n%s\n%u\n%s\n", auth->content, (unsigned)sp_id, claims);
    return buf_check(out, err);
}

static int digest_of(const struct request_auth *auth, const struct request_http *http, uint32_t sp_id,
                     const struct hash *chain_tag, struct hash *ret, struct err *err) {
    struct buf out;
    buf_init(&out, CANONICAL_MAX);
    int rc = request_canonical(auth, http, sp_id, &out, err);
    if (rc == CODE_OK)
        *ret = hash_signed(DOMAIN_REQUEST, chain_tag, buf_bytes(&out));
    buf_release(&out);
    return rc;
}

int request_sign(struct request_auth *auth, const struct request_http *http, uint32_t sp_id, const struct seckey *key,
                 const struct hash *chain_tag, struct err *err) {
    struct hash digest;
    auth->key = seckey_pubkey(key);
    int rc = digest_of(auth, http, sp_id, chain_tag, &digest, err);
    if (rc == CODE_OK)
        auth->sig = seckey_sign(key, &digest);
    return rc;
}

int request_verify(const struct request_auth *auth, const struct request_http *http, uint32_t sp_id,
                   const struct hash *chain_tag, struct err *err) {
    struct hash digest;
    int rc = digest_of(auth, http, sp_id, chain_tag, &digest, err);
    if (rc != CODE_OK)
        return rc;
    if (!key_verify(&auth->key, &digest, &auth->sig))
        return err_set(err, CODE_BAD_SIGNATURE,
                       "the request's signature does not verify: was it made for this provider, path and content?");
    return CODE_OK;
}

int request_check_time(const struct request_auth *auth, uint64_t now_ms, uint64_t started_ms, uint64_t skew_ms,
                       struct err *err) {
    if (auth->issued_ms > now_ms && auth->issued_ms - now_ms > skew_ms)
        return err_set(err, CODE_UNAUTHENTICATED, "the request was issued in the future; set this machine's clock");
    if (auth->issued_ms < started_ms && started_ms - auth->issued_ms > skew_ms)
        return err_set(err, CODE_UNAUTHENTICATED, "the request was issued before this provider started; sign it again");
    if (auth->expires_ms < auth->issued_ms || auth->expires_ms - auth->issued_ms > REQUEST_LIFETIME_MAX_MS)
        return err_set(err, CODE_UNAUTHENTICATED, "a request may live for at most 15 minutes");
    if (auth->expires_ms < now_ms)
        return err_set(err, CODE_EXPIRED, "the request has expired; sign it again");
    return CODE_OK;
}
