/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_OS_MEMORY_H
#define CAIRN_CHAIN_OS_MEMORY_H
/* Large pieces of memory. */
#include <stddef.h>

#define MEMORY_LARGE ((size_t)2 << 20) /* what a huge page covers */

/* len bytes, a multiple of MEMORY_LARGE, aligned to it, in huge pages where the machine grants them: what is reached
 * here and there is then found with fewer look-ups. Zeroed. NULL: no memory. */
void *memory_large(size_t len);
/* Back to the system, with the same len. NULL allowed. */
void memory_large_free(void *p, size_t len);

#endif
