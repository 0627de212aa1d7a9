/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_gateway.h"

struct bytes key_gateways(struct key *k) {
    key_begin(k, KEY_GATEWAY, 'g');
    return key_bytes(k);
}

struct bytes key_gateway(struct key *k, uint64_t id) {
    key_gateways(k);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_operator_gateways(struct key *k, const struct addr *operator_) {
    key_begin(k, KEY_GATEWAY, 'o');
    key_add_addr(k, operator_);
    return key_bytes(k);
}

struct bytes key_operator_gateway(struct key *k, const struct addr *operator_, uint64_t id) {
    key_operator_gateways(k, operator_);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_gateway_totals(struct key *k) {
    key_begin(k, KEY_GATEWAY, 'T');
    return key_bytes(k);
}
