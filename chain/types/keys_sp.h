/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_SP_H
#define CAIRN_CHAIN_TYPES_KEYS_SP_H
/* Keys of x/sp: providers and placement groups. */
#include "chain/types/key.h"

struct bytes key_sp(struct key *k, uint32_t id); /* 's' id -> StorageProvider */
struct bytes key_sps(struct key *k);             /* prefix of all, ascending by id */
struct bytes key_sp_by_addr(struct key *k,
                            const struct addr *addr); /* 'a' operator or account of a key of it -> id u32be */
struct bytes key_sp_by_addrs(struct key *k);
struct bytes key_placement_group(struct key *k, uint64_t id); /* 'g' id -> PlacementGroup */
struct bytes key_placement_groups(struct key *k);
struct bytes key_sp_group(struct key *k, uint32_t sp_id, uint64_t group); /* 'm' member, group -> position u32be */
struct bytes key_sp_groups(struct key *k, uint32_t sp_id);
struct bytes key_primary_group(struct key *k, uint32_t sp_id,
                               uint64_t group); /* 'p' primary, group -> empty; open ones */
struct bytes key_primary_groups(struct key *k, uint32_t sp_id);
struct bytes key_sp_totals(struct key *k);                                 /* 't' -> SpTotals */
struct bytes key_handover(struct key *k, uint64_t group, uint64_t number); /* 'h' group, its epoch -> Handover */
struct bytes key_handovers(struct key *k, uint64_t group);
struct bytes key_reservation(struct key *k, uint64_t group, uint32_t position); /* 'r' -> SlotReservation */
struct bytes key_group_reservations(struct key *k, uint64_t group);
struct bytes key_reservations(struct key *k);
struct bytes key_sp_reservation(struct key *k, uint32_t sp_id, uint64_t group,
                                uint32_t position); /* 'v' successor, group, position -> empty */
struct bytes key_sp_reservations(struct key *k, uint32_t sp_id);

/* Queues. */
struct bytes key_empty_group_due(struct key *k, uint64_t due, uint64_t group); /* 'e' empty groups to close */
struct bytes key_maintenance_due(struct key *k, uint64_t due, uint32_t sp_id); /* 'u' ends of maintenances */
struct bytes key_marking_due(struct key *k, uint64_t due,
                             uint32_t sp_id); /* 'x' whose groups are marked -> the last group marked u64be */
struct bytes key_reservation_due(struct key *k, uint64_t due, uint64_t group,
                                 uint32_t position); /* 'q' deadlines of reservations */
struct bytes key_takeover_due(struct key *k, uint64_t due, uint64_t group,
                              uint32_t position); /* 'w' draws that successors face */

struct bytes key_sp_admission(struct key *k, const struct addr *operator); /* 'A' addr -> - */

#endif
