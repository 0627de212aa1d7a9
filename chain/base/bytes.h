/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BASE_BYTES_H
#define CAIRN_CHAIN_BASE_BYTES_H
/* Byte strings: borrowed (struct bytes) and growing (struct buf), fixed-endian loads and stores, hex. */
#include "chain/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A borrowed view. data may be NULL when len is 0. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

#define BYTES_NONE ((struct bytes){NULL, 0})

static inline struct bytes bytes_of(const void *data, size_t len) {
    return (struct bytes){(const uint8_t *)data, len};
}

/* The bytes of a C string, without its NUL. */
static inline struct bytes bytes_str(const char *s) {
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static inline bool bytes_eq(struct bytes a, struct bytes b) {
    return a.len == b.len && (a.len == 0 || !memcmp(a.data, b.data, a.len));
}

/* Order of memcmp, a prefix first: <0, 0, >0. */
int bytes_cmp(struct bytes a, struct bytes b);
bool bytes_starts(struct bytes s, struct bytes prefix);

/* --- hex -------------------------------------------------------------------------------------------------------------
 */
/* Writes 2 * len lower-case digits and a NUL into ret_text (2 * len + 1 bytes). */
void hex_encode(const void *data, size_t len, char *ret_text);
/* text_len hex digits (either case) -> text_len / 2 bytes. False, and ret_data untouched, unless they are exactly
 * ret_len bytes. */
bool hex_decode(const char *text, size_t text_len, void *ret_data, size_t ret_len);

/* How many of the n bytes at s the first UTF-8 character has: 1 to 4 (a NUL is one); 0 when they do not begin with a
 * whole one in its only encoding. */
size_t utf8_len(const uint8_t *s, size_t n);

/* --- fixed-endian numbers
 * --------------------------------------------------------------------------------------------- */
static inline uint16_t load_be16(const void *p) {
    const uint8_t *b = (const uint8_t *)p;
    return (uint16_t)((unsigned)b[0] << 8 | b[1]);
}
static inline uint32_t load_be32(const void *p) {
    const uint8_t *b = (const uint8_t *)p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}
static inline uint64_t load_be64(const void *p) {
    return (uint64_t)load_be32(p) << 32 | load_be32((const uint8_t *)p + 4);
}
static inline uint16_t load_le16(const void *p) {
    const uint8_t *b = (const uint8_t *)p;
    return (uint16_t)((unsigned)b[1] << 8 | b[0]);
}
static inline uint32_t load_le32(const void *p) {
    const uint8_t *b = (const uint8_t *)p;
    return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}
static inline uint64_t load_le64(const void *p) {
    return (uint64_t)load_le32((const uint8_t *)p + 4) << 32 | load_le32(p);
}
static inline void store_be16(void *p, uint16_t v) {
    uint8_t *b = (uint8_t *)p;
    b[0] = (uint8_t)(v >> 8);
    b[1] = (uint8_t)v;
}
static inline void store_be32(void *p, uint32_t v) {
    uint8_t *b = (uint8_t *)p;
    b[0] = (uint8_t)(v >> 24);
    b[1] = (uint8_t)(v >> 16);
    b[2] = (uint8_t)(v >> 8);
    b[3] = (uint8_t)v;
}
static inline void store_be64(void *p, uint64_t v) {
    store_be32(p, (uint32_t)(v >> 32));
    store_be32((uint8_t *)p + 4, (uint32_t)v);
}
static inline void store_le16(void *p, uint16_t v) {
    uint8_t *b = (uint8_t *)p;
    b[0] = (uint8_t)v;
    b[1] = (uint8_t)(v >> 8);
}
static inline void store_le32(void *p, uint32_t v) {
    uint8_t *b = (uint8_t *)p;
    b[0] = (uint8_t)v;
    b[1] = (uint8_t)(v >> 8);
    b[2] = (uint8_t)(v >> 16);
    b[3] = (uint8_t)(v >> 24);
}
static inline void store_le64(void *p, uint64_t v) {
    store_le32(p, (uint32_t)v);
    store_le32((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

/* --- struct buf: a growing byte string with a cap
 * --------------------------------------------------------------------- */
/* A put that would pass cap, or finds no memory, sets failed and changes nothing; later puts do nothing. Check
 * buf_failed once at the end. */
struct buf {
    uint8_t *data; /* owned */
    size_t len;
    size_t room;
    size_t cap; /* never more than this many bytes */
    bool failed;
};

void buf_init(struct buf *b, size_t cap);
void buf_release(struct buf *b); /* frees; b may be used again after buf_init */
void buf_clear(struct buf *b);   /* empties, keeps the memory, forgets a failure */
bool buf_reserve(struct buf *b, size_t more);
void buf_put(struct buf *b, const void *data, size_t len);
void buf_put_bytes(struct buf *b, struct bytes s);
void buf_put_str(struct buf *b, const char *s);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_be16(struct buf *b, uint16_t v);
void buf_put_be32(struct buf *b, uint32_t v);
void buf_put_be64(struct buf *b, uint64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Removes the first n bytes. */
void buf_consume(struct buf *b, size_t n);
/* CODE_OK, or CODE_TOO_LARGE / CODE_NO_MEMORY when a put failed. */
int buf_check(const struct buf *b, struct err *err);

static inline bool buf_failed(const struct buf *b) {
    return b->failed;
}
static inline struct bytes buf_bytes(const struct buf *b) {
    return (struct bytes){b->data, b->len};
}
/* The content as a C string (a NUL is put behind it, not counted). NULL when that fails. Borrowed until the next put.
 */
const char *buf_cstr(struct buf *b);

#endif
