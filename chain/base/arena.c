/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/arena.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define ALIGN       ((size_t)16)
#define BLOCK_FIRST ((size_t)4096)
#define BLOCK_MAX   ((size_t)1 << 20)

struct arena_block {
    struct arena_block *next;
    size_t room;
    size_t used;
    size_t sourced; /* from the arena's source, and so long */
    uint8_t data[];
};

void arena_init(struct arena *a, size_t cap_bytes) {
    *a = (struct arena){.cap = cap_bytes};
}

void arena_init_from(struct arena *a, size_t cap_bytes, const struct arena_source *source) {
    *a = (struct arena){.cap = cap_bytes, .source = source};
}

static void free_block(struct arena *a, struct arena_block *b) {
    if (b->sourced)
        a->source->put(b, b->sourced);
    else
        free(b);
}

static void free_until(struct arena *a, const struct arena_block *last) {
    while (a->head != last) {
        struct arena_block *b = a->head;
        assert(b);
        a->head = b->next;
        free_block(a, b);
    }
}

void arena_release(struct arena *a) {
    free_until(a, NULL);
    a->used = 0;
}

void arena_reset(struct arena *a) {
    a->used = 0;
    if (!a->head)
        return;
    struct arena_block *keep = a->head;
    a->head = keep->next;
    free_until(a, NULL);
    keep->next = NULL;
    keep->used = 0;
    if (keep->room > BLOCK_MAX && !keep->sourced)
        free(keep);
    else
        a->head = keep;
}

#ifndef ARENA_DEBUG
/* From the source, when the arena is large enough and it has enough. */
static struct arena_block *sourced_block(struct arena *a, size_t need) {
    const struct arena_source *s = a->source;
    if (!s || a->used < s->len / 2 || need > s->len - sizeof(struct arena_block))
        return NULL;
    struct arena_block *b = (struct arena_block *)s->get(s->len);
    if (b)
        *b = (struct arena_block){.next = a->head, .room = s->len - sizeof *b, .sourced = s->len};
    return b;
}
#endif

static bool add_block(struct arena *a, size_t need) {
#ifdef ARENA_DEBUG
    size_t room = need;
#else
    struct arena_block *sourced = sourced_block(a, need);
    if (sourced) {
        a->head = sourced;
        return true;
    }
    size_t room = a->head ? a->head->room * 2 : BLOCK_FIRST;
    room = room > BLOCK_MAX ? BLOCK_MAX : room;
    room = room < need ? need : room;
#endif
    struct arena_block *b = (struct arena_block *)malloc(sizeof *b + room);
    if (!b)
        return false;
    *b = (struct arena_block){.next = a->head, .room = room};
    a->head = b;
    return true;
}

void *arena_alloc(struct arena *a, size_t len) {
    assert(a->used <= a->cap);
    if (len > a->cap - a->used)
        return NULL;
    size_t need = (len + ALIGN - 1) & ~(ALIGN - 1);
    need = need ? need : ALIGN;
    if (need < len || need > a->cap - a->used)
        return NULL;
    if ((!a->head || a->head->room - a->head->used < need) && !add_block(a, need))
        return NULL;
    void *p = a->head->data + a->head->used;
    a->head->used += need;
    a->used += need;
    memset(p, 0, need);
    return p;
}

void *arena_array(struct arena *a, size_t n, size_t size) {
    if (size && n > SIZE_MAX / size)
        return NULL;
    return arena_alloc(a, n * size);
}

void *arena_dup(struct arena *a, const void *data, size_t len) {
    void *p = arena_alloc(a, len);
    if (p && len)
        memcpy(p, data, len);
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t len) {
    char *p = len < SIZE_MAX ? (char *)arena_alloc(a, len + 1) : NULL;
    if (p && len)
        memcpy(p, s, len);
    return p;
}

char *arena_strdup(struct arena *a, const char *s) {
    return arena_strndup(a, s, strlen(s));
}

bool arena_dup_bytes(struct arena *a, struct bytes s, struct bytes *ret) {
    void *p = arena_dup(a, s.data, s.len);
    if (!p)
        return false;
    *ret = bytes_of(p, s.len);
    return true;
}

char *arena_printf(struct arena *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : (char *)arena_alloc(a, (size_t)n + 1);
    if (!p)
        return NULL;
    va_start(ap, fmt);
    (void)vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

struct arena_mark arena_mark(const struct arena *a) {
    return (struct arena_mark){a->head, a->head ? a->head->used : 0, a->used};
}

void arena_rewind(struct arena *a, struct arena_mark m) {
    assert(m.used <= a->used);
    free_until(a, m.block);
    if (a->head)
        a->head->used = m.block_used;
    a->used = m.used;
}
