/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_SLAB_H
#define CAIRN_CHAIN_STORE_SLAB_H
/*
 * Memory for the pages and leaves of one subtree of the state tree: pieces of the same size class go around in a free
 * list, and new ones are cut from chunks that grow up to a huge page, so that a large tree is dense and reached with
 * few look-ups of addresses. Not thread-safe: each subtree has its own. Private to chain/store.
 *
 * Built for the address sanitizer every piece is one malloc.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SLAB_STEP = 32, SLAB_CLASSES = 40, SLAB_LEN_MAX = SLAB_STEP * SLAB_CLASSES };

struct slab_piece;
struct slab_chunk;

struct slab { /* all zero: empty */
    struct slab_piece *unused[SLAB_CLASSES];
    struct slab_chunk *chunks;
    uint8_t *at; /* the newest chunk's rest */
    size_t left, next_chunk;
    size_t used; /* bytes handed out and not back, as slab_room counts them */
    size_t held; /* bytes taken from the system for it */
};

/* What a piece of len bytes takes. */
static inline size_t slab_room(size_t len) {
    return (len + SLAB_STEP - 1) / SLAB_STEP * SLAB_STEP;
}

/* len bytes, more than 0, not zeroed; aligned to 32 bytes, and to 64 when len is a multiple of 64. s NULL: a piece for
 * itself. NULL: no memory. */
void *slab_alloc(struct slab *s, size_t len);
/* Back, with the same len. p NULL allowed. */
void slab_free(struct slab *s, void *p, size_t len);
/* Gives the chunks back. Every piece must be back already. */
void slab_release(struct slab *s);

#endif
