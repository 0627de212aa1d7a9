/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: the first 20 bytes of a hash. Shown as bech32 (chain/codec/bech32.h). */
#ifndef CAIRN_CHAIN_CRYPTO_ADDRESS_H
#define CAIRN_CHAIN_CRYPTO_ADDRESS_H

#include "chain/base/fixed.h"

/* The account of a key: H(cairn.addr, public key). */
struct addr addr_of_key(const struct pubkey *key);

/* A module's account, which no key controls: H(cairn.module, name). */
struct addr addr_of_module(const char *name);

/* The `index`-th payment account of an owner: H(cairn.payaddr, owner 20 | index u32be). */
struct addr addr_of_payment(const struct addr *owner, uint32_t index);

#endif
