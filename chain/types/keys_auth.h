/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_AUTH_H
#define CAIRN_CHAIN_TYPES_KEYS_AUTH_H
/* Keys of x/auth. */
#include "chain/types/key.h"

struct bytes key_account(struct key *k, const struct addr *addr); /* 'a' addr -> Account */
struct bytes key_accounts(struct key *k);                         /* prefix of all */

#endif
