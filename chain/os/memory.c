/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

void *memory_large(size_t len) {
    assert(len && len % MEMORY_LARGE == 0);
    void *p = aligned_alloc(MEMORY_LARGE, len);
    if (p)
        (void)madvise(p, len, MADV_HUGEPAGE); /* without, it is only slower */
    return p;
}
