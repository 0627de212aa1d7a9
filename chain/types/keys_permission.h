/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_PERMISSION_H
#define CAIRN_CHAIN_TYPES_KEYS_PERMISSION_H
/* State keys of module permission: 'p' kind, resource id, principal -> Policy; 'c' kind, resource id -> PolicyCounts.
 * The kinds are enum ResourceKind's numbers; a principal is the byte of enum PrincipalKind and an address or a group's
 * id. */
#include "chain/types/key.h"

struct bytes key_policy_account(struct key *k, uint8_t resource_kind, uint64_t resource_id, const struct addr *account);
struct bytes key_policy_group(struct key *k, uint8_t resource_kind, uint64_t resource_id, uint64_t group_id);
struct bytes key_policy_groups(struct key *k, uint8_t resource_kind, uint64_t resource_id); /* prefix: all for groups */
struct bytes key_policy_all(struct key *k, uint8_t resource_kind,
                            uint64_t resource_id); /* prefix: all of the resource */
struct bytes key_policies(struct key *k);          /* prefix: all there are */
struct bytes key_policy_counts(struct key *k, uint8_t resource_kind, uint64_t resource_id);
struct bytes key_policy_counts_all(struct key *k);

#endif
