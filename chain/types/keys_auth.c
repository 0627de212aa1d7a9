/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_auth.h"

struct bytes key_accounts(struct key *k) {
    key_begin(k, KEY_AUTH, 'a');
    return key_bytes(k);
}

struct bytes key_account(struct key *k, const struct addr *addr) {
    key_accounts(k);
    key_add_addr(k, addr);
    return key_bytes(k);
}
