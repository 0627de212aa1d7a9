/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_payment.h"

struct bytes key_payment_accounts(struct key *k) {
    key_begin(k, KEY_PAYMENT, 'a');
    return key_bytes(k);
}

struct bytes key_payment_account(struct key *k, const struct addr *addr) {
    key_payment_accounts(k);
    key_add_addr(k, addr);
    return key_bytes(k);
}

struct bytes key_payment_due(struct key *k, uint64_t at, const struct addr *addr) {
    key_begin(k, KEY_PAYMENT, 'd');
    key_add_u64(k, at);
    key_add_addr(k, addr);
    return key_bytes(k);
}

struct bytes key_payer_slots(struct key *k, const struct addr *payer) {
    key_begin(k, KEY_PAYMENT, 'p');
    key_add_addr(k, payer);
    return key_bytes(k);
}

struct bytes key_payer_slot(struct key *k, const struct addr *payer, uint64_t bucket_id, uint64_t slot) {
    key_payer_slots(k, payer);
    key_add_u64(k, bucket_id);
    key_add_u64(k, slot);
    return key_bytes(k);
}

struct bytes key_slot_due(struct key *k, uint64_t at, uint64_t bucket_id, uint64_t slot) {
    key_begin(k, KEY_PAYMENT, 's');
    key_add_u64(k, at);
    key_add_u64(k, bucket_id);
    key_add_u64(k, slot);
    return key_bytes(k);
}

struct bytes key_withdrawal_due(struct key *k, uint64_t at, const struct addr *addr) {
    key_begin(k, KEY_PAYMENT, 'w');
    key_add_u64(k, at);
    key_add_addr(k, addr);
    return key_bytes(k);
}

struct bytes key_read_quotas(struct key *k) {
    key_begin(k, KEY_PAYMENT, 'q');
    return key_bytes(k);
}

struct bytes key_read_quota(struct key *k, uint64_t bucket_id) {
    key_read_quotas(k);
    key_add_u64(k, bucket_id);
    return key_bytes(k);
}

struct bytes key_channels(struct key *k) {
    key_begin(k, KEY_PAYMENT, 'c');
    return key_bytes(k);
}

struct bytes key_channel(struct key *k, uint64_t id) {
    key_channels(k);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_payer_channels(struct key *k, const struct addr *payer) {
    key_begin(k, KEY_PAYMENT, 'k');
    key_add_addr(k, payer);
    return key_bytes(k);
}

struct bytes key_payer_channel(struct key *k, const struct addr *payer, uint64_t id) {
    key_payer_channels(k, payer);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_payee_channels(struct key *k, const struct addr *payee) {
    key_begin(k, KEY_PAYMENT, 'r');
    key_add_addr(k, payee);
    return key_bytes(k);
}

struct bytes key_payee_channel(struct key *k, const struct addr *payee, uint64_t id) {
    key_payee_channels(k, payee);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_channel_counts(struct key *k) {
    key_begin(k, KEY_PAYMENT, 'n');
    return key_bytes(k);
}

struct bytes key_channel_count(struct key *k, const struct addr *payer) {
    key_channel_counts(k);
    key_add_addr(k, payer);
    return key_bytes(k);
}

struct bytes key_channel_due(struct key *k, uint64_t at, uint64_t id) {
    key_begin(k, KEY_PAYMENT, 'x');
    key_add_u64(k, at);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_territories(struct key *k) {
    key_begin(k, KEY_PAYMENT, 't');
    return key_bytes(k);
}

struct bytes key_territory(struct key *k, uint64_t id) {
    key_territories(k);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_territory_name(struct key *k, const struct addr *owner, const char *name) {
    key_begin(k, KEY_PAYMENT, 'o');
    key_add_addr(k, owner);
    key_add_name(k, name);
    return key_bytes(k);
}

struct bytes key_territory_dues(struct key *k) {
    key_begin(k, KEY_PAYMENT, 'e');
    return key_bytes(k);
}

struct bytes key_territory_due(struct key *k, uint64_t at, uint64_t id) {
    key_territory_dues(k);
    key_add_u64(k, at);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_territory_offers(struct key *k) {
    key_begin(k, KEY_PAYMENT, 'g');
    return key_bytes(k);
}

struct bytes key_territory_offer(struct key *k, uint64_t id) {
    key_territory_offers(k);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_territory_totals(struct key *k) {
    key_begin(k, KEY_PAYMENT, 'T');
    return key_bytes(k);
}
