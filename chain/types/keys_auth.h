/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_AUTH_H
#define CAIRN_CHAIN_TYPES_KEYS_AUTH_H
/* Keys of x/auth. */
#include "chain/types/key.h"

struct bytes key_account(struct key *k, const struct addr *addr); /* 'a' addr -> Account */
struct bytes key_accounts(struct key *k);                         /* prefix of all */

/* 'u' valid_until u64, first byte of the id -> UnorderedIds: spread by that byte, so that no record grows with the
 * block.
 */
struct bytes key_unordered(struct key *k, uint64_t valid_until, const struct hash *tx_id);
struct bytes key_unordered_all(struct key *k); /* prefix of all */

#endif
