/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_OS_RANDOM_H
#define CAIRN_CHAIN_OS_RANDOM_H
/* Random bytes from the kernel, good for keys. Aborts the process if the kernel has none to give. */
#include <stddef.h>
#include <stdint.h>

void random_bytes(void *ret_data, size_t len);
uint64_t random_u64(void);

#endif
