/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/bytes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t cap) {
    *b = (struct buf){.cap = cap};
}

void buf_release(struct buf *b) {
    free(b->data);
    *b = (struct buf){.cap = b->cap};
}

void buf_clear(struct buf *b) {
    b->len = 0;
    b->failed = false;
}

bool buf_reserve(struct buf *b, size_t more) {
    assert(b->len <= b->cap || b->cap == 0);
    if (b->failed)
        return false;
    if (more > b->cap - b->len) {
        b->failed = true;
        return false;
    }
    if (more <= b->room - b->len)
        return true;
    size_t room = b->room ? b->room : 64;
    while (room - b->len < more)
        room = room > b->cap / 2 ? b->cap : room * 2;
    uint8_t *data = (uint8_t *)realloc(b->data, room);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->room = room;
    return true;
}

void buf_put(struct buf *b, const void *data, size_t len) {
    if (!buf_reserve(b, len) || !len)
        return;
    memcpy(b->data + b->len, data, len);
    b->len += len;
}

void buf_put_bytes(struct buf *b, struct bytes s) {
    buf_put(b, s.data, s.len);
}

void buf_put_str(struct buf *b, const char *s) {
    buf_put(b, s, strlen(s));
}

void buf_put_u8(struct buf *b, uint8_t v) {
    buf_put(b, &v, 1);
}

void buf_put_be16(struct buf *b, uint16_t v) {
    uint8_t t[2];
    store_be16(t, v);
    buf_put(b, t, sizeof t);
}

void buf_put_be32(struct buf *b, uint32_t v) {
    uint8_t t[4];
    store_be32(t, v);
    buf_put(b, t, sizeof t);
}

void buf_put_be64(struct buf *b, uint64_t v) {
    uint8_t t[8];
    store_be64(t, v);
    buf_put(b, t, sizeof t);
}

void buf_printf(struct buf *b, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= b->cap - b->len || !buf_reserve(b, (size_t)n + 1)) {
        b->failed = true;
        return;
    }
    va_start(ap, fmt);
    (void)vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

void buf_consume(struct buf *b, size_t n) {
    assert(n <= b->len);
    if (n && n < b->len)
        memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

int buf_check(const struct buf *b, struct err *err) {
    if (!b->failed)
        return CODE_OK;
    return err_set(err, CODE_TOO_LARGE, "more than %zu bytes, or no memory for them", b->cap);
}

const char *buf_cstr(struct buf *b) {
    if (!buf_reserve(b, 1))
        return NULL;
    b->data[b->len] = 0;
    return (const char *)b->data;
}
