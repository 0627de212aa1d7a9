/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/heap.h"
#include "chain/base/vec.h"

void heap_init(struct heap *h, size_t cap, bool (*less)(const void *a, const void *b)) {
    *h = (struct heap){.cap = cap, .less = less};
}

void heap_release(struct heap *h) {
    free(h->at);
    *h = (struct heap){.cap = h->cap, .less = h->less};
}

static void swap(struct heap *h, size_t i, size_t j) {
    void *t = h->at[i];
    h->at[i] = h->at[j];
    h->at[j] = t;
}

static void up(struct heap *h, size_t i) {
    while (i && h->less(h->at[i], h->at[(i - 1) / 2])) {
        swap(h, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static void down(struct heap *h, size_t i) {
    for (;;) {
        size_t best = i, left = 2 * i + 1;
        for (size_t c = left; c < left + 2 && c < h->len; c++)
            if (h->less(h->at[c], h->at[best]))
                best = c;
        if (best == i)
            return;
        swap(h, i, best);
        i = best;
    }
}

bool heap_push(struct heap *h, void *x) {
    void *at = h->at;
    if (!vec_grow(&at, h->len, &h->room, h->cap, sizeof *h->at))
        return false;
    h->at = (void **)at;
    h->at[h->len++] = x;
    up(h, h->len - 1);
    return true;
}

void *heap_top(const struct heap *h) {
    return h->len ? h->at[0] : NULL;
}

static void remove_at(struct heap *h, size_t i) {
    h->len--;
    if (i == h->len)
        return;
    h->at[i] = h->at[h->len];
    up(h, i);
    down(h, i);
}

void *heap_pop(struct heap *h) {
    if (!h->len)
        return NULL;
    void *x = h->at[0];
    remove_at(h, 0);
    return x;
}

bool heap_remove(struct heap *h, const void *x) {
    for (size_t i = 0; i < h->len; i++)
        if (h->at[i] == x) {
            remove_at(h, i);
            return true;
        }
    return false;
}
