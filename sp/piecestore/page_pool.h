/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffers on 4 KiB boundaries for pieces, kept for the next one: fresh memory of that size costs a page fault for every
 * 4 KiB, a quarter of the time in which a provider takes a column.
 *
 * Threads: any.
 */
#ifndef CAIRN_SP_PIECESTORE_PAGE_POOL_H
#define CAIRN_SP_PIECESTORE_PAGE_POOL_H

#include "chain/os/thread.h"

#include <stddef.h>
#include <stdint.h>

/* Idle buffers, at most. */
#define PAGE_POOL_IDLE_MAX 8

struct page_pool {
    struct mutex lock;
    size_t idle_bytes_max; /* of idle buffers together */
    size_t idle_bytes;
    size_t count;
    struct page_buffer {
        uint8_t *data;
        size_t room;
    } idle[PAGE_POOL_IDLE_MAX];
};

void page_pool_init(struct page_pool *pool, size_t idle_bytes_max);
/* Every buffer must have been given back. */
void page_pool_release(struct page_pool *pool);

/* A buffer of at least `len` bytes, with what was in it before; its data is NULL when memory is out. Give it back. */
struct page_buffer page_pool_take(struct page_pool *pool, size_t len);
void page_pool_give(struct page_pool *pool, struct page_buffer buffer);

#endif
