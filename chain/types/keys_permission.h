/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_PERMISSION_H
#define CAIRN_CHAIN_TYPES_KEYS_PERMISSION_H
/*
 * State keys of module permission. The kinds are enum ResourceKind's numbers; a principal is the byte of enum
 * PrincipalKind and an address or a group's id.
 *
 *     'p' kind, resource id, principal -> Policy
 *     'c' kind, resource id -> PolicyCounts
 *     'r' principal, kind, resource id -> empty: what is said of a principal
 *     'e' time, kind, resource id, principal -> empty: a policy of which something expires then
 *     'd' time, kind, id -> empty: what is left of a resource that is gone; kind 0: of the group as a principal
 */
#include "chain/types/key.h"

struct bytes key_policy_account(struct key *k, uint8_t resource_kind, uint64_t resource_id, const struct addr *account);
struct bytes key_policy_group(struct key *k, uint8_t resource_kind, uint64_t resource_id, uint64_t group_id);
struct bytes key_policy_groups(struct key *k, uint8_t resource_kind, uint64_t resource_id); /* prefix: all for groups */
struct bytes key_policy_all(struct key *k, uint8_t resource_kind,
                            uint64_t resource_id);                           /* prefix: all of the resource */
struct bytes key_policies(struct key *k);                                    /* prefix: all there are */
struct bytes key_granted_account(struct key *k, const struct addr *account); /* prefix: all that is said of it */
struct bytes key_granted_group(struct key *k, uint64_t group_id);
/* What follows the principal in 'r', and the due time in 'e' and 'd'. */
struct bytes key_granted_add(struct key *k, uint8_t resource_kind, uint64_t resource_id);
struct bytes key_granted_all(struct key *k);
struct bytes key_policy_expiry(struct key *k, uint64_t time, struct bytes policy_key_rest); /* behind 'p' */
struct bytes key_policy_expiry_all(struct key *k);
struct bytes key_policy_leftover(struct key *k, uint64_t time, uint8_t resource_kind, uint64_t id);
struct bytes key_policy_leftover_all(struct key *k);
struct bytes key_policy_counts(struct key *k, uint8_t resource_kind, uint64_t resource_id);
struct bytes key_policy_counts_all(struct key *k);

#endif
