/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/store/slab.h"

#include "chain/base/limits.h"
#include "chain/os/memory.h"

#include <assert.h>
#include <stdlib.h>

enum { LINE = 64 };

#define CHUNK_FIRST (16 * KIB)
#define CHUNK_SMALL (256 * KIB) /* the last before large ones */

struct slab_piece { /* one that is not in use */
    struct slab_piece *next;
};

struct slab_chunk { /* its first line */
    struct slab_chunk *next;
    size_t len;
};

#if defined(__SANITIZE_ADDRESS__) /* gcc */
enum { ALONE = 1 };
#elif defined(__has_feature) /* clang, as for the fuzzers */
enum { ALONE = __has_feature(address_sanitizer) };
#else
enum { ALONE = 0 };
#endif

static void *alone(size_t len) {
    void *p = NULL;
    return posix_memalign(&p, LINE, len) ? NULL : p;
}

static size_t class_of(size_t len) {
    return slab_room(len) / SLAB_STEP - 1;
}

static bool add_chunk(struct slab *s) {
    size_t len = s->next_chunk ? s->next_chunk : CHUNK_FIRST;
    struct slab_chunk *c = (struct slab_chunk *)(len < MEMORY_LARGE ? aligned_alloc(LINE, len) : memory_large(len));
    if (!c)
        return false;
    *c = (struct slab_chunk){s->chunks, len};
    s->chunks = c;
    s->held += len;
    s->at = (uint8_t *)c + LINE;
    s->left = len - LINE;
    s->next_chunk = len < CHUNK_SMALL ? 4 * len : MEMORY_LARGE;
    return true;
}

/* From the newest chunk. */
static void *cut(struct slab *s, size_t room) {
    size_t skip = room % LINE ? 0 : (uintptr_t)s->at % LINE;
    if (s->left < skip + room) {
        if (!add_chunk(s))
            return NULL;
        skip = 0;
    }
    void *p = s->at + skip;
    s->at += skip + room;
    s->left -= skip + room;
    return p;
}

void *slab_alloc(struct slab *s, size_t len) {
    assert(len > 0);
    if (!s)
        return alone(len);
    size_t room = slab_room(len);
    void *p;
    if (ALONE || len > SLAB_LEN_MAX) {
        p = alone(len);
        s->held += p ? room : 0;
    } else if (s->unused[class_of(len)]) {
        p = s->unused[class_of(len)];
        s->unused[class_of(len)] = s->unused[class_of(len)]->next;
    } else {
        p = cut(s, room);
    }
    s->used += p ? room : 0;
    return p;
}

void slab_free(struct slab *s, void *p, size_t len) {
    if (!p)
        return;
    if (s)
        s->used -= slab_room(len);
    if (!s || ALONE || len > SLAB_LEN_MAX) {
        if (s)
            s->held -= slab_room(len);
        free(p);
        return;
    }
    struct slab_piece *piece = (struct slab_piece *)p;
    piece->next = s->unused[class_of(len)];
    s->unused[class_of(len)] = piece;
}

void slab_release(struct slab *s) {
    assert(s->used == 0);
    while (s->chunks) {
        struct slab_chunk *c = s->chunks;
        s->chunks = c->next;
        if (c->len < MEMORY_LARGE)
            free(c);
        else
            memory_large_free(c, c->len);
    }
    *s = (struct slab){0};
}
