/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/crc.h"

#include <isa-l/crc.h>

uint32_t crc32c(uint32_t crc, const void *data, size_t len) {
    unsigned char *p = (unsigned char *)(uintptr_t)data;
    uint32_t c = ~crc;
    while (len > 0) { /* the library counts in int */
        int n = len > (1 << 30) ? 1 << 30 : (int)len;
        c = crc32_iscsi(p, n, c);
        p += n;
        len -= (size_t)n;
    }
    return ~c;
}
