/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_OS_CRC_H
#define CAIRN_CHAIN_OS_CRC_H
/* CRC-32C (Castagnoli) by ISA-L, with the processor's instructions: what our own file formats carry against torn and
 * rotten bytes. Not a hash: it protects from accidents only. */
#include <stddef.h>
#include <stdint.h>

/* The CRC of `len` bytes behind those whose CRC is `crc`; 0 begins. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
