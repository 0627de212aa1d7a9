/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_permission.h"

/* enum PrincipalKind's numbers: this folder's keys need no generated code. */
enum { PRINCIPAL_ACCOUNT = 1, PRINCIPAL_GROUP = 2 };

struct bytes key_policies(struct key *k) {
    key_begin(k, KEY_PERMISSION, 'p');
    return key_bytes(k);
}

struct bytes key_policy_all(struct key *k, uint8_t resource_kind, uint64_t resource_id) {
    key_policies(k);
    key_add_u8(k, resource_kind);
    key_add_u64(k, resource_id);
    return key_bytes(k);
}

struct bytes key_policy_account(struct key *k, uint8_t resource_kind, uint64_t resource_id,
                                const struct addr *account) {
    key_policy_all(k, resource_kind, resource_id);
    key_add_u8(k, PRINCIPAL_ACCOUNT);
    key_add_addr(k, account);
    return key_bytes(k);
}

struct bytes key_policy_groups(struct key *k, uint8_t resource_kind, uint64_t resource_id) {
    key_policy_all(k, resource_kind, resource_id);
    key_add_u8(k, PRINCIPAL_GROUP);
    return key_bytes(k);
}

struct bytes key_policy_group(struct key *k, uint8_t resource_kind, uint64_t resource_id, uint64_t group_id) {
    key_policy_groups(k, resource_kind, resource_id);
    key_add_u64(k, group_id);
    return key_bytes(k);
}

struct bytes key_policy_counts_all(struct key *k) {
    key_begin(k, KEY_PERMISSION, 'c');
    return key_bytes(k);
}

struct bytes key_policy_counts(struct key *k, uint8_t resource_kind, uint64_t resource_id) {
    key_policy_counts_all(k);
    key_add_u8(k, resource_kind);
    key_add_u64(k, resource_id);
    return key_bytes(k);
}

struct bytes key_granted_all(struct key *k) {
    key_begin(k, KEY_PERMISSION, 'r');
    return key_bytes(k);
}

struct bytes key_granted_account(struct key *k, const struct addr *account) {
    key_granted_all(k);
    key_add_u8(k, PRINCIPAL_ACCOUNT);
    key_add_addr(k, account);
    return key_bytes(k);
}

struct bytes key_granted_group(struct key *k, uint64_t group_id) {
    key_granted_all(k);
    key_add_u8(k, PRINCIPAL_GROUP);
    key_add_u64(k, group_id);
    return key_bytes(k);
}

struct bytes key_granted_add(struct key *k, uint8_t resource_kind, uint64_t resource_id) {
    key_add_u8(k, resource_kind);
    key_add_u64(k, resource_id);
    return key_bytes(k);
}

struct bytes key_policy_expiry_all(struct key *k) {
    key_begin(k, KEY_PERMISSION, 'e');
    return key_bytes(k);
}

struct bytes key_policy_expiry(struct key *k, uint64_t time, struct bytes policy_key_rest) {
    key_policy_expiry_all(k);
    key_add_u64(k, time);
    key_add_bytes(k, policy_key_rest);
    return key_bytes(k);
}

struct bytes key_policy_leftover_all(struct key *k) {
    key_begin(k, KEY_PERMISSION, 'd');
    return key_bytes(k);
}

struct bytes key_policy_leftover(struct key *k, uint64_t time, uint8_t resource_kind, uint64_t id) {
    key_policy_leftover_all(k);
    key_add_u64(k, time);
    key_add_u8(k, resource_kind);
    key_add_u64(k, id);
    return key_bytes(k);
}
