/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/piecestore/page_pool.h"

#include <stdlib.h>

#define PAGE 4096u

void page_pool_init(struct page_pool *pool, size_t idle_bytes_max) {
    *pool = (struct page_pool){.idle_bytes_max = idle_bytes_max};
    mutex_init(&pool->lock);
}

void page_pool_release(struct page_pool *pool) {
    for (size_t i = 0; i < pool->count; i++)
        free(pool->idle[i].data);
    mutex_release(&pool->lock);
}

/* The smallest idle buffer that is large enough, taken out; under the lock. */
static struct page_buffer take_idle(struct page_pool *pool, size_t len) {
    size_t best = pool->count;
    for (size_t i = 0; i < pool->count; i++)
        if (pool->idle[i].room >= len && (best == pool->count || pool->idle[i].room < pool->idle[best].room))
            best = i;
    if (best == pool->count)
        return (struct page_buffer){NULL, 0};
    struct page_buffer found = pool->idle[best];
    pool->idle[best] = pool->idle[--pool->count];
    pool->idle_bytes -= found.room;
    return found;
}

struct page_buffer page_pool_take(struct page_pool *pool, size_t len) {
    mutex_lock(&pool->lock);
    struct page_buffer buffer = take_idle(pool, len);
    mutex_unlock(&pool->lock);
    if (!buffer.data) {
        buffer.room = (len / PAGE + 1) * PAGE;
        buffer.data = aligned_alloc(PAGE, buffer.room);
    }
    return buffer;
}

void page_pool_give(struct page_pool *pool, struct page_buffer buffer) {
    mutex_lock(&pool->lock);
    if (buffer.data && pool->count < PAGE_POOL_IDLE_MAX && pool->idle_bytes + buffer.room <= pool->idle_bytes_max) {
        pool->idle[pool->count++] = buffer;
        pool->idle_bytes += buffer.room;
        buffer.data = NULL;
    }
    mutex_unlock(&pool->lock);
    free(buffer.data);
}
