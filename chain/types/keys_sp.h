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

struct bytes key_sp_admission(struct key *k, const struct addr *operator); /* 'A' addr -> - */

#endif
