/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_TREE_PRIVATE_H
#define CAIRN_CHAIN_STORE_TREE_PRIVATE_H
/* The tree in memory and what an update notes: shared by tree.c (life, update), tree_work.c (the work on one subtree),
 * tree_write.c (bytes) and tree_cache.c (what stays in memory). */
#include "chain/base/arena.h"
#include "chain/base/vec.h"
#include "chain/store/tree_page.h"

struct saved { /* a slot as it was */
    struct saved *next;
    const struct leaf *leaf; /* NULL: a child */
    struct hash hash;        /* the leaf's value hash, or the child's */
    unsigned slot;
};

struct dirty { /* a page that the update touched */
    struct page *page;
    struct dirty *parent;             /* whose slot `at` it hangs in */
    struct saved *list;               /* slots that held something */
    uint16_t saved, leaves, children; /* slots that were looked at, and which were what */
    uint8_t at;
    const uint8_t *path; /* begins with the page's; borrowed from a change */
};

VEC_DEFINE(dirty_list, struct dirty *);

struct retired { /* a leaf that is not in the tree any more, though what was saved may point to it */
    struct retired *next;
    struct leaf *leaf;
};

/* A change, and the first 16 nibbles of its key hash. */
struct tree_ref {
    uint64_t head;
    const struct tree_change *change;
};

static inline unsigned ref_nibble(const struct tree_ref *r, size_t n) {
    return n < 16 ? (unsigned)(r->head >> (60 - 4 * n)) & 15u : nibble_at(r->change->key_hash.b, n);
}

/* A subtree of the root page, or (the last) the root page itself: what one thread works on. */
struct work {
    struct tree *tree;
    struct slab slab; /* its pages and leaves; none for the root page */
    union {           /* a page that has the subtree's slot of the root page while it is worked on, and no other */
        struct page page;
        uint64_t room[PAGE_WIDE / 8];
    } hand;
    struct dirty top;               /* the hand's */
    struct tree_ref *refs, *sorted; /* sorted: room for as many */
    size_t n_refs;
    struct arena arena; /* dirty, saved, retired */
    uint8_t *notes;     /* what is left of its newest piece */
    size_t notes_left;
    struct dirty_list dirty[PATH_MAX_N];
    size_t hashed[PATH_MAX_N]; /* of dirty, from the front */
    struct retired *retired;
    struct page_hasher *own, *hasher; /* hasher: own, or the root work's */
    int rc;
    struct err err;
};

enum { WORKS = PAGE_SLOTS + 1, ROOT_WORK = PAGE_SLOTS };

struct tree {
    struct tree_place place;
    struct tree_root committed;
    struct page *root; /* NULL until needed */
    size_t cache_bytes;
    struct pool *pool;
    struct work works[WORKS];
    struct buf now; /* bytes of one page */
    struct buf diff;
    uint64_t version; /* of the update under way */
    struct tree_root next;
    bool ahead; /* updated and not settled */
};

/* The slab of what hangs in slot i of the root page. */
static inline struct slab *tree_slab(struct tree *t, unsigned i) {
    return &t->works[i].slab;
}

/* The page at a path as the database has it; one that is not there is empty. */
int tree_load(const struct tree *t, struct slab *slab, const uint8_t *path, size_t n, struct page **ret,
              struct err *err);
/* Drops all pages in memory. No update may be noted. */
void tree_forget(struct tree *t);
/* Drops pages when those in memory are over the cap. Nothing may be dirty. */
void tree_trim(struct tree *t);

/* Notes that the update touches a page, which hangs in slot `at` of parent's; NULL: no memory. */
struct dirty *work_touch(struct work *w, struct page *p, struct dirty *parent, unsigned at, const uint8_t *path);
/* Keeps slot i of a touched page as it is, unless that was done. */
int work_save(struct work *w, struct dirty *d, unsigned i, struct err *err);
/* Applies w->refs to what is in its hand and hashes what changed. */
void work_run(struct work *w);
/* Forgets what the update noted; pages and leaves that are gone are freed. */
void work_clear(struct work *w);

#endif
