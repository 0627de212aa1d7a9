/* SPDX-License-Identifier: Apache-2.0 */
/* GET and HEAD /{bucket}/{key*}: an object's bytes, whole or a range, with ETag and conditions. */
#include "chain/codec/pb.h"
#include "chain/types/deal_state.h"
#include "sp/gateway/parts.h"
#include "sp/spdb/pieces.h"

#include <inttypes.h>
#include <stdio.h>

enum { ETAG_MAX = 160, NUMBER_MAX = 24 };

/* --- conditions
 * -------------------------------------------------------------------------------------------------------- */

static bool plain_etag(const char *text) {
    size_t len = strlen(text);
    if (!len || len > ETAG_MAX - 3)
        return false;
    for (; *text; text++)
        if (*text <= ' ' || *text > '~' || *text == '"')
            return false;
    return true;
}

/* The owner's, else the content root: both name the bytes. */
static void etag_of(const ObjectInfo *o, char ret[ETAG_MAX]) {
    char hex[2 * sizeof(struct hash) + 1] = "";
    if (o->content_root.len == sizeof(struct hash))
        hex_encode(o->content_root.data, o->content_root.len, hex);
    snprintf(ret, ETAG_MAX, "\"%s\"", plain_etag(o->etag) ? o->etag : hex);
}

/* Is etag in the list of an If-Match or If-None-Match header? */
static bool in_list(const char *list, const char *etag) {
    size_t n = strlen(etag);
    if (!strcmp(list, "*"))
        return true;
    for (const char *p = list; (p = strstr(p, etag)); p += n)
        if (p[n] == '\0' || p[n] == ',' || p[n] == ' ')
            return true;
    return false;
}

/* *ret_status: 200 to go on, 304, or 412. */
static void check_conditions(struct http_request *r, const char *etag, int *ret_status) {
    const char *match = http_header(r, "if-match"), *none = http_header(r, "if-none-match");
    *ret_status = match && !in_list(match, etag) ? 412 : none && in_list(none, etag) ? 304 : 200;
}

/* --- who and where
 * ------------------------------------------------------------------------------------------------------ */

static int check_here(struct gateway *g, const ObjectInfo *o, struct arena *arena, struct err *err) {
    HeldPosition *held;
    if (!o->payload_size || o->primary_sp == g->sp_id || !held_any(g->m.db, o->id, o->version, arena, &held, NULL))
        return CODE_OK;
    return err_set(err, CODE_NOT_FOUND, "this provider holds nothing of %s; its primary is provider %u", o->object_name,
                   o->primary_sp);
}

static int put_headers(struct http_request *r, const ObjectInfo *o, const char *etag, struct err *err) {
    char number[NUMBER_MAX];
    int rc = http_reply_header(r, "ETag", etag, err);
    snprintf(number, sizeof number, "%" PRIu64, o->id);
    if (!rc)
        rc = http_reply_header(r, "X-Cairn-Object", number, err);
    snprintf(number, sizeof number, "%" PRIu64, o->version);
    if (!rc)
        rc = http_reply_header(r, "X-Cairn-Version", number, err);
    /* bytes of strangers: no browser is to run them */
    if (!rc)
        rc = http_reply_header(r, "X-Content-Type-Options", "nosniff", err);
    return rc ? rc : http_reply_header(r, "Content-Security-Policy", "sandbox; default-src 'none'", err);
}

/* --- bytes
 * -------------------------------------------------------------------------------------------------------------- */

struct sending {
    struct http_request *r;
    uint64_t sent;
};

static int send_bytes(void *ctx, struct bytes data, struct err *err) {
    struct sending *s = ctx;
    int rc = http_write(s->r, data.data, data.len, err);
    if (!rc)
        s->sent += data.len;
    return rc;
}

static const char *content_type(const ObjectInfo *o) {
    for (const char *p = o->content_type; *p; p++)
        if (*p < ' ' || *p > '~')
            return "application/octet-stream";
    return *o->content_type ? o->content_type : "application/octet-stream";
}

static int send_range(struct gateway *g, struct http_request *r, const ObjectInfo *o, bool partial, uint64_t offset,
                      uint64_t len, struct err *err) {
    bool head = !strcmp(http_method(r), "HEAD");
    struct sending sending = {.r = r};
    struct meter meter = {.on = false};
    int rc = head ? CODE_OK : meter_begin(g, o, len, &meter, err);
    if (rc)
        return rc;
    rc = http_reply_start(r, partial ? 206 : 200, content_type(o), len, err);
    if (!rc && !head && len)
        rc = downloader_read(g->m.downloader, o, offset, len, send_bytes, &sending, err);
    meter_end(g, &meter, r, o, "get", offset, sending.sent);
    return rc; /* an error now cuts the connection */
}

static int serve(struct gateway *g, struct http_request *r, const ObjectInfo *o, struct err *err) {
    char etag[ETAG_MAX];
    int status;
    bool partial;
    uint64_t offset, len;
    etag_of(o, etag);
    check_conditions(r, etag, &status);
    if (status == 412)
        return err_set(err, CODE_STALE, "the object has another ETag, %s", etag);
    int rc = put_headers(r, o, etag, err);
    if (rc)
        return rc;
    if (status == 304)
        return http_reply(r, 304, NULL, BYTES_NONE, err);
    rc = http_range(r, o->payload_size, &partial, &offset, &len, err);
    return rc ? rc : send_range(g, r, o, partial, offset, len, err);
}

int gateway_get_object(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    ObjectInfo *o;
    bool peer;
    if (http_query(r, "upload"))
        return gateway_progress(g, r, err);
    int rc = lookup_object(g, http_param(r, "bucket"), http_param(r, "key"), false, http_arena(r), &o, err);
    if (!rc)
        rc = lookup_may_read(g, authenticator_caller(r), o, &peer, err);
    if (!rc && !deal_is_stored(o))
        rc = err_set(err, CODE_OBJECT_STATUS, "%s is not sealed yet: nothing can be read", o->object_name);
    if (!rc)
        lookup_settle(g, o);
    if (!rc)
        rc = check_here(g, o, http_arena(r), err);
    return rc ? rc : serve(g, r, o, err);
}
