/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_sp.h"

struct bytes key_sps(struct key *k) {
    key_begin(k, KEY_SP, 's');
    return key_bytes(k);
}

struct bytes key_sp(struct key *k, uint32_t id) {
    key_sps(k);
    key_add_u32(k, id);
    return key_bytes(k);
}

struct bytes key_sp_by_addrs(struct key *k) {
    key_begin(k, KEY_SP, 'a');
    return key_bytes(k);
}

struct bytes key_sp_by_addr(struct key *k, const struct addr *addr) {
    key_sp_by_addrs(k);
    key_add_addr(k, addr);
    return key_bytes(k);
}

struct bytes key_placement_groups(struct key *k) {
    key_begin(k, KEY_SP, 'g');
    return key_bytes(k);
}

struct bytes key_placement_group(struct key *k, uint64_t id) {
    key_placement_groups(k);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_sp_groups(struct key *k, uint32_t sp_id) {
    key_begin(k, KEY_SP, 'm');
    key_add_u32(k, sp_id);
    return key_bytes(k);
}

struct bytes key_sp_group(struct key *k, uint32_t sp_id, uint64_t group) {
    key_sp_groups(k, sp_id);
    key_add_u64(k, group);
    return key_bytes(k);
}

struct bytes key_primary_groups(struct key *k, uint32_t sp_id) {
    key_begin(k, KEY_SP, 'p');
    key_add_u32(k, sp_id);
    return key_bytes(k);
}

struct bytes key_primary_group(struct key *k, uint32_t sp_id, uint64_t group) {
    key_primary_groups(k, sp_id);
    key_add_u64(k, group);
    return key_bytes(k);
}

struct bytes key_sp_admission(struct key *k, const struct addr *operator) {
    key_begin(k, KEY_SP, 'A');
    key_add_addr(k, operator);
    return key_bytes(k);
}
