/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/http/ring.h"

#include <stdlib.h>
#include <string.h>

void ring_init(struct ring *r, size_t cap) {
    *r = (struct ring){.cap = cap};
}

void ring_release(struct ring *r) {
    free(r->data);
    *r = (struct ring){.cap = r->cap};
}

static size_t min(size_t a, size_t b) {
    return a < b ? a : b;
}

size_t ring_put(struct ring *r, const void *data, size_t len) {
    if (!len)
        return 0;
    if (!r->data && !(r->data = (uint8_t *)malloc(r->cap)))
        return SIZE_MAX;
    const uint8_t *from = (const uint8_t *)data;
    size_t n = min(len, r->cap - r->len), tail = (r->head + r->len) % r->cap, first = min(n, r->cap - tail);
    memcpy(r->data + tail, from, first);
    memcpy(r->data, from + first, n - first);
    r->len += n;
    return n;
}

size_t ring_take(struct ring *r, void *ret_data, size_t cap) {
    uint8_t *to = (uint8_t *)ret_data;
    size_t n = min(cap, r->len), first = min(n, r->cap - r->head);
    if (!n)
        return 0;
    memcpy(to, r->data + r->head, first);
    memcpy(to + first, r->data, n - first);
    r->len -= n;
    r->head = r->len ? (r->head + n) % r->cap : 0;
    return n;
}
