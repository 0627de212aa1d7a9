/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes of pages, many side by side. Levels are worked out by masks of 16 bits, a bit for each slot: at each level up,
 * the bit of the left of two stands for the node above both.
 */
#include "chain/crypto/hash_many.h"
#include "chain/store/tree_page.h"

#include <assert.h>
#include <stdlib.h>

enum { JOBS = 512, LEVELS = 5 };

struct levels { /* of one page; [0]: its slots, [4]: its top */
    uint16_t subtree[LEVELS], leaf[LEVELS];
    uint16_t todo[LEVELS]; /* nodes to be worked out */
};

struct page_hasher { /* hashes of 64 bytes each, and where the results go */
    enum domain domain;
    size_t n;
    const uint8_t *in[JOBS];
    struct hash *out[JOBS], results[JOBS];
    struct hash *nodes[PAGES_BATCH];
    struct levels levels[PAGES_BATCH];
    struct hash narrow[PAGES_BATCH][2 * PAGE_SLOTS]; /* nodes of pages that keep none */
};

struct page_hasher *page_hasher_new(void) {
    struct page_hasher *h = (struct page_hasher *)malloc(sizeof *h);
    if (h)
        h->n = 0;
    return h;
}

void page_hasher_free(struct page_hasher *h) {
    free(h);
}

static void jobs_run(struct page_hasher *h) {
    hash_many(h->domain, h->in, 64, h->n, h->results);
    for (size_t i = 0; i < h->n; i++)
        *h->out[i] = h->results[i];
    h->n = 0;
}

/* Room for the jobs of one level of a page. */
static inline void make_room(struct page_hasher *h) {
    if (h->n + PAGE_SLOTS > JOBS)
        jobs_run(h);
}

static inline void add_job(struct page_hasher *h, const uint8_t *in, struct hash *out) {
    h->in[h->n] = in;
    h->out[h->n++] = out;
}

static void hash_leaves(struct page_hasher *h, struct page *const *pages, size_t n) {
    h->domain = DOMAIN_SLEAF;
    for (size_t k = 0; k < n; k++) {
        struct page *p = pages[k];
        unsigned todo = (unsigned)(p->leaves & ~p->hashed);
        make_room(h);
        for (; todo; todo &= todo - 1) {
            unsigned i = (unsigned)__builtin_ctz(todo);
            add_job(h, page_slot(p, i)->leaf->hashes, page_hash(p, i));
        }
        p->hashed = p->leaves;
    }
    jobs_run(h);
}

/* What the nodes of each level are, and, all: which are asked for by those above them; else: which changed. */
static void levels_of(const struct page *p, bool all, struct levels *l) {
    static const uint16_t left[LEVELS] = {0xffff, 0x5555, 0x1111, 0x0101, 0x0001};
    unsigned s = p->children, one = p->leaves, changed = p->changed;
    *l = (struct levels){.subtree = {p->children}, .leaf = {p->leaves}, .todo = {p->changed}};
    for (unsigned k = 1; k < LEVELS; k++) {
        unsigned width = 1u << (k - 1), s2 = (s | s >> width | (one & one >> width)) & left[k];
        one = (one ^ one >> width) & left[k] & ~s2;
        changed = (changed | changed >> width) & left[k];
        s = s2;
        l->subtree[k] = (uint16_t)s;
        l->leaf[k] = (uint16_t)one;
        l->todo[k] = (uint16_t)changed;
    }
    for (unsigned k = LEVELS; all && k-- > 0;) {
        unsigned above = k + 1 < LEVELS ? l->subtree[k + 1] : 0;
        l->todo[k] = (uint16_t)(k + 1 < LEVELS ? above | above << (1u << k) : 1);
    }
}

/* The slots that are asked for, into the scratch of a page that keeps no nodes. */
static void spread(struct page *p, const struct levels *l, struct hash *nodes) {
    for (unsigned todo = l->todo[0]; todo; todo &= todo - 1) {
        unsigned i = (unsigned)__builtin_ctz(todo);
        if (page_kind(p, i) == SLOT_EMPTY)
            nodes[PAGE_SLOTS + i] = (struct hash){{0}};
        else
            nodes[PAGE_SLOTS + i] = *page_hash(p, i);
    }
}

/* A leaf that is alone below a node is that node; its slot is the only one of the page there. */
static const struct hash *alone_below(struct page *p, unsigned k, unsigned at) {
    unsigned mask = p->leaves & (((1u << (1u << k)) - 1) << at);
    return page_hash(p, (unsigned)__builtin_ctz(mask));
}

/* The nodes of level k of one page: those of two keys or more are jobs. */
static inline void add_level(struct page_hasher *h, struct page *p, const struct levels *l, unsigned k,
                             struct hash *nodes) {
    unsigned first = PAGE_SLOTS >> k, todo = l->todo[k], jobs = todo & l->subtree[k];
    if (!todo)
        return;
    make_room(h);
    for (todo ^= jobs; jobs; jobs &= jobs - 1) {
        unsigned i = first + ((unsigned)__builtin_ctz(jobs) >> k);
        add_job(h, nodes[2 * i].b, &nodes[i]);
    }
    for (; todo; todo &= todo - 1) {
        unsigned at = (unsigned)__builtin_ctz(todo);
        nodes[first + (at >> k)] = l->leaf[k] >> at & 1 ? *alone_below(p, k, at) : (struct hash){{0}};
    }
}

void pages_rehash(struct page_hasher *h, struct page *const *pages, size_t n, const struct hash *ret_tops[]) {
    assert(n <= PAGES_BATCH);
    hash_leaves(h, pages, n);
    for (size_t k = 0; k < n; k++) {
        struct page *p = pages[k];
        if (p->wide && !p->nodes_good)
            p->changed = 0xffff;
        h->nodes[k] = p->wide ? page_nodes_of(p) : h->narrow[k];
        levels_of(p, !p->wide, &h->levels[k]);
        if (!p->wide)
            spread(p, &h->levels[k], h->nodes[k]);
        p->changed = 0;
        p->nodes_good = p->wide;
        ret_tops[k] = &h->nodes[k][1];
    }
    h->domain = DOMAIN_SNODE;
    for (unsigned level = 1; level < LEVELS; level++) { /* a level's inputs are done before it begins */
        for (size_t k = 0; k < n; k++)
            add_level(h, pages[k], &h->levels[k], level, h->nodes[k]);
        jobs_run(h);
    }
}

void page_hash_all(struct page *p, struct page_nodes *ret) {
    struct levels l;
    levels_of(p, false, &l);
    for (unsigned i = 2 * PAGE_SLOTS - 1; i >= 1; i--) {
        unsigned k = 0;
        while (i < (unsigned)PAGE_SLOTS >> k)
            k++;
        unsigned at = (i - (PAGE_SLOTS >> k)) << k;
        ret->kind[i] = l.subtree[k] >> at & 1 ? SLOT_SUBTREE : l.leaf[k] >> at & 1 ? SLOT_LEAF : SLOT_EMPTY;
        ret->hash[i] = (struct hash){{0}};
        if (ret->kind[i] == SLOT_LEAF)
            ret->hash[i] = i >= PAGE_SLOTS ? hash_of(DOMAIN_SLEAF, bytes_of(page_slot(p, at)->leaf->hashes, 64))
                           : ret->kind[2 * i] == SLOT_LEAF ? ret->hash[2 * i]
                                                           : ret->hash[2 * i + 1];
        else if (ret->kind[i] == SLOT_SUBTREE)
            ret->hash[i] =
                i >= PAGE_SLOTS ? *page_hash(p, at) : hash_pair(DOMAIN_SNODE, &ret->hash[2 * i], &ret->hash[2 * i + 1]);
    }
}
