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

struct bytes key_grant(struct key *k, const struct addr *granter, const struct addr *grantee); /* 'g' both -> Grant */
struct bytes key_grants(struct key *k, const struct addr *granter); /* prefix of those that it gave */
struct bytes key_grants_all(struct key *k);
struct bytes key_grantee(struct key *k, const struct addr *grantee,
                         const struct addr *granter);                 /* 'h' both, the other way round -> - */
struct bytes key_grantees(struct key *k, const struct addr *grantee); /* prefix of those that it was given */
struct bytes key_grantees_all(struct key *k);
struct bytes key_grant_expiry(struct key *k, uint64_t time, const struct addr *granter,
                              const struct addr *grantee); /* 'x' time u64, both -> - */
struct bytes key_grant_expiries(struct key *k);

#endif
