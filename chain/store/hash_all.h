/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_HASH_ALL_H
#define CAIRN_CHAIN_STORE_HASH_ALL_H
/* Many hashes of inputs of different lengths: equal lengths are hashed side by side. Private to chain/store. */
#include "chain/base/arena.h"
#include "chain/crypto/hash.h"

/* ret[i] = H(domain, inputs[i]). Uses arena as scratch and rewinds it; without room there, hashes one by one. */
void hash_all(enum domain domain, const struct bytes *inputs, size_t n, struct arena *arena, struct hash *ret);

#endif
