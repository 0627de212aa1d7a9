/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_COMPARE_H
#define CAIRN_CHAIN_STORE_COMPARE_H
/*
 * Where two states differ: both trees are gone down from the root, and only where the hashes differ, so that the price
 * is the number of differences, not the size. A side may be a store here (compare_view) or anything that answers for
 * pages of its tree, as a node does over HTTP. Used by cairnd diff-state.
 */
#include "chain/store/store.h"
#include "chain/store/tree.h"

struct compare_side {
    void *ctx;
    /* The page at the first n nibbles of path, keys on arena; tree_read_page. */
    int (*page)(void *ctx, const uint8_t *path, size_t n, struct arena *arena, struct tree_page_view *ret,
                struct err *err);
};

/* One side: NULL = the key is not there; else the leaf's slot. fn answering other than CODE_OK stops with that. */
typedef int compare_fn(void *ctx, struct bytes key, const struct tree_slot *a, const struct tree_slot *b,
                       struct err *err);

/* Every key that differs, in the order of the key hashes. CODE_CORRUPT: a page of a side does not match what the page
 * above it says. */
int compare_states(const struct compare_side *a, const struct compare_side *b, compare_fn *fn, void *ctx,
                   struct err *err);

/* A side over a view, at a height that it can prove. Borrows both. */
struct compare_view {
    struct store_view *view;
    uint64_t height;
};
struct compare_side compare_side_of(struct compare_view *v);

#endif
