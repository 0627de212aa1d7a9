/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/store/compare.h"

#include "chain/base/limits.h"

#include <assert.h>
#include <stdlib.h>

enum { SLOTS = 16, DEPTH_MAX = 63 };

struct compare {
    const struct compare_side *a, *b;
    compare_fn *fn;
    void *ctx;
    uint8_t path[32];
};

/* The page under a slot, n nibbles deep: read, or made of the leaf that is there instead, or empty. */
static int side_page(struct compare *c, const struct compare_side *side, const struct tree_slot *s, size_t n,
                     struct arena *arena, struct tree_page_view *ret, struct err *err) {
    *ret = (struct tree_page_view){.hash = {{0}}};
    if (s->kind == TREE_LEAF)
        ret->slot[n % 2 ? s->key_hash.b[n / 2] & 15u : s->key_hash.b[n / 2] >> 4] = *s;
    if (s->kind != TREE_SUBTREE)
        return CODE_OK;
    int rc = side->page(side->ctx, c->path, n, arena, ret, err);
    if (rc == CODE_OK && !hash_eq(&ret->hash, &s->hash))
        rc = err_set(err, CODE_CORRUPT, "a page of the state tree at depth %zu does not match its hash", n);
    return rc;
}

static int compare_pages(struct compare *c, const struct tree_page_view *a, const struct tree_page_view *b, size_t n,
                         struct err *err);

static int compare_below(struct compare *c, const struct tree_slot *a, const struct tree_slot *b, size_t n,
                         struct err *err) {
    struct arena arena;
    struct tree_page_view *pages = (struct tree_page_view *)calloc(2, sizeof *pages);
    if (!pages)
        return err_set(err, CODE_NO_MEMORY, "no memory to compare two states");
    if (n > DEPTH_MAX) {
        free(pages);
        return err_set(err, CODE_CORRUPT, "the state tree is deeper than its keys are long");
    }
    arena_init(&arena, 2 * SLOTS * (KEY_LEN_MAX + 64));
    int rc = side_page(c, c->a, a, n, &arena, &pages[0], err);
    if (rc == CODE_OK)
        rc = side_page(c, c->b, b, n, &arena, &pages[1], err);
    if (rc == CODE_OK)
        rc = compare_pages(c, &pages[0], &pages[1], n, err);
    arena_release(&arena);
    free(pages);
    return rc;
}

static int compare_slots(struct compare *c, const struct tree_slot *a, const struct tree_slot *b, size_t n,
                         struct err *err) {
    if (a->kind == TREE_SUBTREE && b->kind == TREE_SUBTREE && hash_eq(&a->hash, &b->hash))
        return CODE_OK;
    if (a->kind == TREE_SUBTREE || b->kind == TREE_SUBTREE)
        return compare_below(c, a, b, n, err);
    bool leaf_a = a->kind == TREE_LEAF, leaf_b = b->kind == TREE_LEAF;
    if (leaf_a && leaf_b && hash_eq(&a->key_hash, &b->key_hash))
        return hash_eq(&a->value_hash, &b->value_hash) ? CODE_OK : c->fn(c->ctx, a->key, a, b, err);
    bool b_first = leaf_a && leaf_b && hash_cmp(&a->key_hash, &b->key_hash) > 0;
    int rc = leaf_b && b_first ? c->fn(c->ctx, b->key, NULL, b, err) : CODE_OK;
    if (rc == CODE_OK && leaf_a)
        rc = c->fn(c->ctx, a->key, a, NULL, err);
    if (rc == CODE_OK && leaf_b && !b_first)
        rc = c->fn(c->ctx, b->key, NULL, b, err);
    return rc;
}

static int compare_pages(struct compare *c, const struct tree_page_view *a, const struct tree_page_view *b, size_t n,
                         struct err *err) {
    uint8_t before = c->path[n / 2];
    int rc = CODE_OK;
    for (unsigned i = 0; i < SLOTS && rc == CODE_OK; i++) {
        c->path[n / 2] = (uint8_t)(n % 2 ? (before & 0xf0u) | i : i << 4);
        rc = compare_slots(c, &a->slot[i], &b->slot[i], n + 1, err);
    }
    c->path[n / 2] = before;
    return rc;
}

int compare_states(const struct compare_side *a, const struct compare_side *b, compare_fn *fn, void *ctx,
                   struct err *err) {
    struct compare c = {.a = a, .b = b, .fn = fn, .ctx = ctx};
    struct tree_page_view *tops = (struct tree_page_view *)calloc(2, sizeof *tops);
    struct arena arena;
    arena_init(&arena, 2 * SLOTS * (KEY_LEN_MAX + 64));
    int rc = tops ? a->page(a->ctx, c.path, 0, &arena, &tops[0], err)
                  : err_set(err, CODE_NO_MEMORY, "no memory to compare two states");
    if (rc == CODE_OK)
        rc = b->page(b->ctx, c.path, 0, &arena, &tops[1], err);
    if (rc == CODE_OK && !hash_eq(&tops[0].hash, &tops[1].hash))
        rc = compare_pages(&c, &tops[0], &tops[1], 0, err);
    arena_release(&arena);
    free(tops);
    return rc;
}

static int view_page(void *ctx, const uint8_t *path, size_t n, struct arena *arena, struct tree_page_view *ret,
                     struct err *err) {
    struct compare_view *v = (struct compare_view *)ctx;
    return store_tree_page(v->view, v->height, path, n, arena, ret, err);
}

struct compare_side compare_side_of(struct compare_view *v) {
    return (struct compare_side){v, view_page};
}
