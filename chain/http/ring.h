/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_HTTP_RING_H
#define CAIRN_CHAIN_HTTP_RING_H
/* A byte ring of fixed size, allocated at the first put. Not thread-safe. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
    uint8_t *data; /* owned */
    size_t cap, head, len;
};

void ring_init(struct ring *r, size_t cap);
void ring_release(struct ring *r);
/* How many of the bytes it took; SIZE_MAX when there is no memory. */
size_t ring_put(struct ring *r, const void *data, size_t len);
size_t ring_take(struct ring *r, void *ret_data, size_t cap);

#endif
