/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/vec.h"
#include "chain/http/exchange.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#define REPLY_HEADERS_MAX 64

static bool plain(const char *s) {
    for (; *s; s++)
        if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
            return false;
    return true;
}

int http_reply_header(struct http_request *r, const char *name, const char *value, struct err *err) {
    if (!*name || !plain(name) || !plain(value) || strpbrk(name, " :\t"))
        return err_set(err, CODE_INVALID_ARGUMENT, "header %.32s holds characters that a header may not", name);
    void *at = r->reply_headers;
    char *n = strdup(name), *v = strdup(value);
    if (!n || !v ||
        !vec_grow(&at, r->n_reply_headers, &r->reply_headers_room, REPLY_HEADERS_MAX, sizeof *r->reply_headers)) {
        free(n);
        free(v);
        return err_set(err, CODE_NO_MEMORY, "too many headers, or no memory");
    }
    r->reply_headers = (struct header *)at;
    r->reply_headers[r->n_reply_headers++] = (struct header){n, v};
    return CODE_OK;
}

/* Under r->lock: gives the response its headers and hands it to the network side. Takes response over. */
static int reply_locked(struct http_request *r, int status, const char *content_type, struct MHD_Response *response,
                        struct err *err) {
    if (!response)
        return err_set(err, CODE_NO_MEMORY, "no memory for the answer");
    if (r->replied) {
        MHD_destroy_response(response);
        return err_set(err, CODE_INTERNAL, "this request has been answered already");
    }
    bool ok = MHD_add_response_header(response, "X-Request-Id", r->id) == MHD_YES;
    ok = ok && MHD_add_response_header(response, "Server", r->server->name) == MHD_YES;
    if (content_type)
        ok = ok && MHD_add_response_header(response, "Content-Type", content_type) == MHD_YES;
    for (size_t i = 0; i < r->n_reply_headers; i++)
        ok = ok && MHD_add_response_header(response, r->reply_headers[i].name, r->reply_headers[i].value) == MHD_YES;
    if (!ok) {
        MHD_destroy_response(response);
        return err_set(err, CODE_NO_MEMORY, "a header of the answer was refused");
    }
    r->response = response;
    r->replied = true;
    r->status = status;
    exchange_resume(r);
    return CODE_OK;
}

int http_reply(struct http_request *r, int status, const char *content_type, struct bytes data, struct err *err) {
    struct MHD_Response *m =
        MHD_create_response_from_buffer(data.len, (void *)(uintptr_t)data.data, MHD_RESPMEM_MUST_COPY);
    mutex_lock(&r->lock);
    int rc = reply_locked(r, status, content_type, m, err);
    if (!rc)
        r->written = data.len;
    mutex_unlock(&r->lock);
    return rc;
}

int http_reply_json(struct http_request *r, int status, const char *json, size_t len, struct err *err) {
    return http_reply(r, status, "application/json", bytes_of(json, len), err);
}

static void put_json_string(struct buf *b, const char *s) {
    buf_put_u8(b, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            buf_put_u8(b, '\\');
        buf_put_u8(b, (unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f ? '?' : (uint8_t)*s);
    }
    buf_put_u8(b, '"');
}

void reply_error_locked(struct http_request *r, int code, const char *message, bool close) {
    if (r->replied)
        return;
    struct buf b;
    buf_init(&b, 4096);
    buf_printf(&b, "{\"code\":%d,\"name\":\"%s\",\"message\":", code, code_name(code));
    put_json_string(&b, message && *message ? message : code_sentence(code));
    buf_printf(&b, ",\"request_id\":\"%s\",\"retryable\":%s}\n", r->id, code_retryable(code) ? "true" : "false");
    struct MHD_Response *m = MHD_create_response_from_buffer(b.len, b.data, MHD_RESPMEM_MUST_COPY);
    if (m && close)
        (void)MHD_add_response_header(m, "Connection", "close");
    if (m && code_retryable(code) && (code_http(code) == 429 || code_http(code) == 503))
        (void)MHD_add_response_header(m, "Retry-After", "1");
    r->written = b.len;
    buf_release(&b);
    (void)reply_locked(r, code_http(code), "application/json", m, NULL);
}

int http_reply_err(struct http_request *r, int code, const struct err *what, struct err *err) {
    mutex_lock(&r->lock);
    bool before = r->replied;
    reply_error_locked(r, code, what ? what->msg : NULL, false);
    bool ok = !before && r->replied;
    mutex_unlock(&r->lock);
    return ok ? CODE_OK : err_set(err, CODE_INTERNAL, "this request has been answered already");
}

int http_reply_file(struct http_request *r, int status, const char *content_type, int fd, uint64_t offset, uint64_t len,
                    struct err *err) {
    struct MHD_Response *m = MHD_create_response_from_fd_at_offset64(len, fd, offset);
    if (!m)
        (void)close(fd);
    mutex_lock(&r->lock);
    int rc = reply_locked(r, status, content_type, m, err);
    if (!rc)
        r->written = len;
    mutex_unlock(&r->lock);
    return rc;
}

/* Network thread: gives the next bytes of a streamed answer. */
static ssize_t read_out(void *cls, uint64_t pos, char *data, size_t max) {
    struct http_request *r = (struct http_request *)cls;
    ssize_t rc = 0;
    (void)pos;
    mutex_lock(&r->lock);
    size_t n = ring_take(&r->out, data, max);
    if (n) {
        r->sent += n;
        rc = (ssize_t)n;
        cond_broadcast(&r->changed);
    } else if (r->finished) {
        rc = r->cut ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    } else if (atomic_load(&r->server->hard)) {
        rc = MHD_CONTENT_READER_END_WITH_ERROR;
    } else {
        exchange_suspend(r);
    }
    mutex_unlock(&r->lock);
    return rc;
}

int http_reply_start(struct http_request *r, int status, const char *content_type, uint64_t len, struct err *err) {
    uint64_t size = len == HTTP_LENGTH_UNKNOWN ? MHD_SIZE_UNKNOWN : len;
    struct MHD_Response *m = MHD_create_response_from_callback(size, 64 * KIB, read_out, r, NULL);
    mutex_lock(&r->lock);
    int rc = reply_locked(r, status, content_type, m, err);
    if (!rc) {
        r->streaming = true;
        r->out_len = len;
    }
    mutex_unlock(&r->lock);
    return rc;
}

/* Under r->lock. */
static int write_locked(struct http_request *r, const uint8_t *data, size_t len, struct err *err) {
    if (!r->streaming || (r->out_len != HTTP_LENGTH_UNKNOWN && len > r->out_len - r->written))
        return err_set(err, CODE_INTERNAL, "more bytes written than the answer announced, or before its start");
    r->written += len;
    while (len) {
        if (r->gone)
            return err_set(err, CODE_CLOSED, "the client went away in the middle of the answer");
        if (r->closing)
            return err_set(err, CODE_CLOSED, "the server is stopping");
        size_t n = ring_put(&r->out, data, len);
        if (n == SIZE_MAX)
            return err_set(err, CODE_NO_MEMORY, "no memory for the answer");
        data += n;
        len -= n;
        if (r->queued)
            exchange_resume(r);
        if (len && !n && !cond_wait_until(&r->changed, &r->lock, r->deadline_ns) && r->out.len == r->out.cap)
            return err_set(err, CODE_TIMEOUT, "the client did not read the answer in time");
    }
    return CODE_OK;
}

int http_write(struct http_request *r, const void *data, size_t len, struct err *err) {
    if (r->head)
        return CODE_OK;
    mutex_lock(&r->lock);
    int rc = write_locked(r, (const uint8_t *)data, len, err);
    mutex_unlock(&r->lock);
    return rc;
}

int http_write_event(struct http_request *r, uint64_t id, const char *event, const char *data, struct err *err) {
    struct buf b;
    buf_init(&b, 2 * MIB);
    if (!data) {
        buf_put_str(&b, ": alive\n\n");
    } else {
        if (id)
            buf_printf(&b, "id: %llu\n", (unsigned long long)id);
        if (event)
            buf_printf(&b, "event: %s\n", event);
        for (size_t len; *data; data += len + (data[len] == '\n')) {
            len = strcspn(data, "\n");
            buf_put_str(&b, "data: ");
            buf_put(&b, data, len);
            buf_put_u8(&b, '\n');
        }
        buf_put_u8(&b, '\n');
    }
    int rc = buf_check(&b, err);
    rc = rc ? rc : http_write(r, b.data, b.len, err);
    buf_release(&b);
    return rc;
}

bool http_replied(const struct http_request *r) {
    return r->replied;
}
