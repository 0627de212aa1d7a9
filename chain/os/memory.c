/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/memory.h"

#include <assert.h>
#include <stdint.h>
#include <sys/mman.h>

static void unmap(uint8_t *p, size_t len) {
    if (len)
        (void)munmap(p, len);
}

void *memory_large(size_t len) {
    assert(len && len % MEMORY_LARGE == 0);
    if (len > SIZE_MAX - MEMORY_LARGE)
        return NULL;
    /* Fresh from the system: what malloc hands out a second time may be small pages already, which stay so. */
    void *map = mmap(NULL, len + MEMORY_LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    uint8_t *from = (uint8_t *)map;
    size_t skip = (MEMORY_LARGE - (uintptr_t)from % MEMORY_LARGE) % MEMORY_LARGE;
    unmap(from, skip);
    unmap(from + skip + len, MEMORY_LARGE - skip);
    (void)madvise(from + skip, len, MADV_HUGEPAGE); /* without, it is only slower */
    return from + skip;
}

void memory_large_free(void *p, size_t len) {
    if (p)
        unmap((uint8_t *)p, len);
}
