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

struct bytes key_grants_all(struct key *k) {
    key_begin(k, KEY_AUTH, 'g');
    return key_bytes(k);
}

struct bytes key_grants(struct key *k, const struct addr *granter) {
    key_grants_all(k);
    key_add_addr(k, granter);
    return key_bytes(k);
}

struct bytes key_grant(struct key *k, const struct addr *granter, const struct addr *grantee) {
    key_grants(k, granter);
    key_add_addr(k, grantee);
    return key_bytes(k);
}

struct bytes key_grantees_all(struct key *k) {
    key_begin(k, KEY_AUTH, 'h');
    return key_bytes(k);
}

struct bytes key_grantees(struct key *k, const struct addr *grantee) {
    key_grantees_all(k);
    key_add_addr(k, grantee);
    return key_bytes(k);
}

struct bytes key_grantee(struct key *k, const struct addr *grantee, const struct addr *granter) {
    key_grantees(k, grantee);
    key_add_addr(k, granter);
    return key_bytes(k);
}

struct bytes key_grant_expiries(struct key *k) {
    key_begin(k, KEY_AUTH, 'x');
    return key_bytes(k);
}

struct bytes key_grant_expiry(struct key *k, uint64_t time, const struct addr *granter, const struct addr *grantee) {
    key_grant_expiries(k);
    key_add_u64(k, time);
    key_add_addr(k, granter);
    key_add_addr(k, grantee);
    return key_bytes(k);
}
