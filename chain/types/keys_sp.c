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

struct bytes key_sp_totals(struct key *k) {
    key_begin(k, KEY_SP, 't');
    return key_bytes(k);
}

struct bytes key_handovers(struct key *k, uint64_t group) {
    key_begin(k, KEY_SP, 'h');
    key_add_u64(k, group);
    return key_bytes(k);
}

struct bytes key_handover(struct key *k, uint64_t group, uint64_t number) {
    key_handovers(k, group);
    key_add_u64(k, number);
    return key_bytes(k);
}

struct bytes key_reservations(struct key *k) {
    key_begin(k, KEY_SP, 'r');
    return key_bytes(k);
}

struct bytes key_group_reservations(struct key *k, uint64_t group) {
    key_reservations(k);
    key_add_u64(k, group);
    return key_bytes(k);
}

struct bytes key_reservation(struct key *k, uint64_t group, uint32_t position) {
    key_group_reservations(k, group);
    key_add_u32(k, position);
    return key_bytes(k);
}

struct bytes key_sp_reservations(struct key *k, uint32_t sp_id) {
    key_begin(k, KEY_SP, 'v');
    key_add_u32(k, sp_id);
    return key_bytes(k);
}

struct bytes key_sp_reservation(struct key *k, uint32_t sp_id, uint64_t group, uint32_t position) {
    key_sp_reservations(k, sp_id);
    key_add_u64(k, group);
    key_add_u32(k, position);
    return key_bytes(k);
}

/* --- queues --- */

struct bytes key_empty_group_due(struct key *k, uint64_t due, uint64_t group) {
    key_begin(k, KEY_SP, 'e');
    key_add_u64(k, due);
    key_add_u64(k, group);
    return key_bytes(k);
}

static struct bytes sp_due(struct key *k, char queue, uint64_t due, uint32_t sp_id) {
    key_begin(k, KEY_SP, queue);
    key_add_u64(k, due);
    key_add_u32(k, sp_id);
    return key_bytes(k);
}

struct bytes key_maintenance_due(struct key *k, uint64_t due, uint32_t sp_id) {
    return sp_due(k, 'u', due, sp_id);
}

struct bytes key_marking_due(struct key *k, uint64_t due, uint32_t sp_id) {
    return sp_due(k, 'x', due, sp_id);
}

static struct bytes position_due(struct key *k, char queue, uint64_t due, uint64_t group, uint32_t position) {
    key_begin(k, KEY_SP, queue);
    key_add_u64(k, due);
    key_add_u64(k, group);
    key_add_u32(k, position);
    return key_bytes(k);
}

struct bytes key_reservation_due(struct key *k, uint64_t due, uint64_t group, uint32_t position) {
    return position_due(k, 'q', due, group, position);
}

struct bytes key_takeover_due(struct key *k, uint64_t due, uint64_t group, uint32_t position) {
    return position_due(k, 'w', due, group, position);
}
