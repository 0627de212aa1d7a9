/* SPDX-License-Identifier: Apache-2.0 */
/* Forgetting secrets: a memset that the compiler may not remove. */
#ifndef CAIRN_CHAIN_CRYPTO_WIPE_H
#define CAIRN_CHAIN_CRYPTO_WIPE_H

#include <stddef.h>

/* Overwrites `len` bytes at `data` with zeros. */
void wipe(void *data, size_t len);

#endif
