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

struct bytes key_unordered_all(struct key *k) {
    key_begin(k, KEY_AUTH, 'u');
    return key_bytes(k);
}

struct bytes key_unordered(struct key *k, uint64_t valid_until, const struct hash *tx_id) {
    key_unordered_all(k);
    key_add_u64(k, valid_until);
    key_add_u8(k, tx_id->b[0]);
    return key_bytes(k);
}
