/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_GATEWAY_H
#define CAIRN_CHAIN_TYPES_KEYS_GATEWAY_H
/* Keys of x/gateway. */
#include "chain/types/key.h"

struct bytes key_gateway(struct key *k, uint64_t id);                                        /* 'g' id u64 -> Gateway */
struct bytes key_gateways(struct key *k);                                                    /* prefix of all */
struct bytes key_operator_gateway(struct key *k, const struct addr *operator_, uint64_t id); /* 'o' address, id -> - */
struct bytes key_operator_gateways(struct key *k, const struct addr *operator_);             /* prefix of its */
struct bytes key_gateway_totals(struct key *k);                                              /* 'T' -> GatewayTotals */

#endif
