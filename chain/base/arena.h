/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BASE_ARENA_H
#define CAIRN_CHAIN_BASE_ARENA_H
/*
 * Memory that is given back all at once: one arena per request, block or message. Everything allocated is zeroed,
 * aligned to 16 bytes, and lives until the arena is reset, released, or rewound to an earlier mark. An arena never
 * holds more than its cap. Not thread-safe. Built with -DARENA_DEBUG every allocation is one malloc, so that sanitizers
 * see each bound.
 */
#include "chain/base/bytes.h"

struct arena_block;

/* Where an arena that has outgrown half of `len` bytes takes its blocks, of len bytes each; longer ones are malloc's.
 */
struct arena_source {
    size_t len;
    void *(*get)(size_t len); /* aligned to 16 bytes; NULL: no memory */
    void (*put)(void *p, size_t len);
};

struct arena {
    struct arena_block *head; /* the block in use; older ones behind it */
    size_t used;              /* bytes handed out, with their rounding */
    size_t cap;
    const struct arena_source *source; /* NULL: malloc alone */
};

struct arena_mark {
    struct arena_block *block;
    size_t block_used;
    size_t used;
};

void arena_init(struct arena *a, size_t cap_bytes);
void arena_init_from(struct arena *a, size_t cap_bytes, const struct arena_source *source); /* borrowed */
void arena_release(struct arena *a); /* frees everything; a may be used again */
void arena_reset(struct arena *a);   /* forgets everything, keeps one block for the next use */

/* len bytes, zeroed; NULL when over the cap or out of memory. len 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t len);
/* n * size, checked. */
void *arena_array(struct arena *a, size_t n, size_t size);
#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

void *arena_dup(struct arena *a, const void *data, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len); /* adds a NUL */
/* False, and *ret untouched, when there is no room. */
bool arena_dup_bytes(struct arena *a, struct bytes s, struct bytes *ret);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Back to the state at the mark: what was allocated since is gone. */
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark m);

#endif
