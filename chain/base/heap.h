/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BASE_HEAP_H
#define CAIRN_CHAIN_BASE_HEAP_H
/* A priority queue of pointers (binary heap): heap_top is the element that `less` puts before all others. Elements are
 * borrowed. */
#include <stdbool.h>
#include <stddef.h>

struct heap {
    void **at;
    size_t len, room, cap;
    bool (*less)(const void *a, const void *b);
};

void heap_init(struct heap *h, size_t cap, bool (*less)(const void *a, const void *b));
void heap_release(struct heap *h);
bool heap_push(struct heap *h, void *x); /* false at the cap or out of memory */
void *heap_top(const struct heap *h);    /* NULL when empty */
void *heap_pop(struct heap *h);          /* NULL when empty */
/* Takes x out wherever it is (linear search); false when it is not there. */
bool heap_remove(struct heap *h, const void *x);

#endif
