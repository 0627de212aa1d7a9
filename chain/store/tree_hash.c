/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes of pages, many side by side. Levels are worked out by masks of 16 bits, a bit for each slot: at each level up,
 * the bit of the left of two stands for the node above both.
 */
#include "chain/crypto/hash_many.h"
#include "chain/store/tree_page.h"

#include <assert.h>
#include <stdlib.h>

enum { LEVELS = 5, CHUNK = 64 };

struct levels { /* of one page; [0]: its slots, [4]: its top */
    uint16_t subtree[LEVELS], leaf[LEVELS];
    uint16_t todo[LEVELS]; /* nodes to be worked out */
};

struct jobs { /* hashes of 64 bytes each, and where the results go */
    size_t n;
    const uint8_t **in;
    struct hash **out;
};

#define JOBS_MAX ((size_t)PAGES_BATCH * 2 * PAGE_SLOTS) /* of all levels */

struct page_hasher {
    struct jobs level[LEVELS]; /* [0]: leaves */
    const uint8_t *in[JOBS_MAX];
    struct hash *out[JOBS_MAX];
    struct hash narrow[PAGES_BATCH][2 * PAGE_SLOTS]; /* nodes of pages that keep none */
};

struct page_hasher *page_hasher_new(void) {
    struct page_hasher *h = (struct page_hasher *)malloc(sizeof *h);
    for (size_t k = 0, at = 0; h && k < LEVELS; at += (size_t)PAGES_BATCH * PAGE_SLOTS >> k, k++)
        h->level[k] = (struct jobs){.in = h->in + at, .out = h->out + at};
    return h;
}

void page_hasher_free(struct page_hasher *h) {
    free(h);
}

static void jobs_run(struct jobs *jobs, enum domain domain) {
    struct hash results[CHUNK];
    for (size_t i = 0; i < jobs->n; i += CHUNK) {
        size_t n = jobs->n - i < CHUNK ? jobs->n - i : CHUNK;
        hash_many(domain, jobs->in + i, 64, n, results);
        for (size_t k = 0; k < n; k++)
            *jobs->out[i + k] = results[k];
    }
    jobs->n = 0;
}

static inline void add_job(struct jobs *jobs, const uint8_t *in, struct hash *out) {
    jobs->in[jobs->n] = in;
    jobs->out[jobs->n++] = out;
}

static void hash_leaves(struct page_hasher *h, struct page *const *pages, size_t n) {
    for (size_t k = 0; k < n; k++) {
        struct page *p = pages[k];
        for (unsigned todo = (unsigned)(p->leaves & ~p->hashed); todo; todo &= todo - 1) {
            unsigned i = (unsigned)__builtin_ctz(todo);
            add_job(&h->level[0], page_slot(p, i)->leaf->hashes, page_hash(p, i));
        }
        p->hashed = p->leaves;
    }
    jobs_run(&h->level[0], DOMAIN_SLEAF);
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

/* The nodes of any page: those of two keys or more are jobs, the others are known by now. */
static void add_nodes(struct page_hasher *h, struct page *p, struct hash *nodes) {
    struct levels l;
    if (p->wide && !p->nodes_good)
        p->changed = 0xffff;
    levels_of(p, !p->wide, &l);
    if (!p->wide)
        spread(p, &l, nodes);
    for (unsigned k = 1; k < LEVELS; k++) {
        unsigned first = PAGE_SLOTS >> k, jobs = l.todo[k] & l.subtree[k], todo = l.todo[k] ^ jobs;
        for (; jobs; jobs &= jobs - 1) {
            unsigned i = first + ((unsigned)__builtin_ctz(jobs) >> k);
            add_job(&h->level[k], nodes[2 * i].b, &nodes[i]);
        }
        for (; todo; todo &= todo - 1) {
            unsigned at = (unsigned)__builtin_ctz(todo);
            nodes[first + (at >> k)] = l.leaf[k] >> at & 1 ? *alone_below(p, k, at) : (struct hash){{0}};
        }
    }
}

static inline void add_node(struct page_hasher *h, struct hash *nodes, unsigned i, unsigned k) {
    add_job(&h->level[k], nodes[2 * i].b, &nodes[i]);
}

/* The nodes above the one slot of a wide page that changed, as most have; its others are as they were. */
static inline void add_path(struct page_hasher *h, struct page *p, unsigned slot) {
    struct hash *nodes = page_nodes_of(p);
    unsigned k = 1;
    for (; k < LEVELS; k++) { /* while there is one key below, or none */
        unsigned mask = ((1u << (1u << k)) - 1) << (slot >> k << k), one = p->leaves & mask;
        if ((p->children & mask) || (one & (one - 1)))
            break;
        nodes[(PAGE_SLOTS + slot) >> k] = one ? nodes[PAGE_SLOTS + (unsigned)__builtin_ctz(one)] : (struct hash){{0}};
    }
    for (; k < LEVELS; k++)
        add_node(h, nodes, (PAGE_SLOTS + slot) >> k, k);
}

/* Those of a narrow page of two leaves, as most are: one above both, and it alone below each that is above it. */
static inline void add_pair(struct page_hasher *h, struct page *p, struct hash *nodes) {
    unsigned a = (unsigned)__builtin_ctz(p->leaves), b = (unsigned)__builtin_ctz(p->leaves & (p->leaves - 1u));
    unsigned k = 32 - (unsigned)__builtin_clz(a ^ b), i = (PAGE_SLOTS + a) >> k;
    add_job(&h->level[k], page_hash(p, a)->b, &nodes[i]); /* side by side, the left one first */
    while (i > 1) {
        nodes[i ^ 1] = (struct hash){{0}};
        i >>= 1;
        add_node(h, nodes, i, ++k);
    }
}

static inline bool one_bit(unsigned mask) {
    return mask && !(mask & (mask - 1));
}

void pages_rehash(struct page_hasher *h, struct page *const *pages, size_t n, const struct hash *ret_tops[]) {
    assert(n <= PAGES_BATCH);
    hash_leaves(h, pages, n);
    for (size_t k = 0; k < n; k++) {
        struct page *p = pages[k];
        struct hash *nodes = p->wide ? page_nodes_of(p) : h->narrow[k];
        ret_tops[k] = &nodes[1];
        if (p->wide && p->nodes_good && one_bit(p->changed))
            add_path(h, p, (unsigned)__builtin_ctz(p->changed));
        else if (!p->wide && !p->children && one_bit(p->leaves & (p->leaves - 1u)))
            add_pair(h, p, nodes);
        else
            add_nodes(h, p, nodes);
        p->changed = 0;
        p->nodes_good = p->wide;
    }
    for (unsigned level = 1; level < LEVELS; level++) /* a level's inputs are done before it begins */
        jobs_run(&h->level[level], DOMAIN_SNODE);
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
