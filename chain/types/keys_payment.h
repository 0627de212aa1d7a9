/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_PAYMENT_H
#define CAIRN_CHAIN_TYPES_KEYS_PAYMENT_H
/* Keys of x/payment. Due times are ledger time, so that queues order by them. */
#include "chain/types/key.h"

struct bytes key_payment_account(struct key *k, const struct addr *addr); /* 'a' addr -> PaymentAccount */
struct bytes key_payment_accounts(struct key *k);
/* 'd' ledger time, addr -> empty: when the account must be looked at: it runs dry, or its frozen time ends */
struct bytes key_payment_due(struct key *k, uint64_t at, const struct addr *addr);
/* 'p' payer, bucket, slot -> empty: the slots that are charged to an account; slot 0 is the bucket's read quota */
struct bytes key_payer_slot(struct key *k, const struct addr *payer, uint64_t bucket_id, uint64_t slot);
struct bytes key_payer_slots(struct key *k, const struct addr *payer);
/* 's' ledger time, bucket, slot -> empty: when a slot is settled next, if nothing settles it before */
struct bytes key_slot_due(struct key *k, uint64_t at, uint64_t bucket_id, uint64_t slot);
struct bytes key_read_quota(struct key *k, uint64_t bucket_id); /* 'q' bucket -> ReadQuota */
struct bytes key_read_quotas(struct key *k);
struct bytes key_channel(struct key *k, uint64_t id); /* 'c' id -> Channel */
struct bytes key_channels(struct key *k);
struct bytes key_payer_channel(struct key *k, const struct addr *payer, uint64_t id); /* 'k' payer, id -> empty */
struct bytes key_payer_channels(struct key *k, const struct addr *payer);
struct bytes key_payee_channel(struct key *k, const struct addr *payee, uint64_t id); /* 'r' payee, id -> empty */
struct bytes key_payee_channels(struct key *k, const struct addr *payee);
struct bytes key_channel_count(struct key *k, const struct addr *payer); /* 'n' payer -> u64: channels that are open */
struct bytes key_channel_counts(struct key *k);
struct bytes key_channel_due(struct key *k, uint64_t at, uint64_t id); /* 'x' ledger time, id -> empty: when it ends */
struct bytes key_territory(struct key *k, uint64_t id);                /* 't' id -> Territory */
struct bytes key_territories(struct key *k);
/* 'o' owner, name -> id u64; all of an owner's when the name is "" */
struct bytes key_territory_name(struct key *k, const struct addr *owner, const char *name);
struct bytes key_territory_due(struct key *k, uint64_t at,
                               uint64_t id); /* 'e' ledger time, id -> empty: what it does next */
struct bytes key_territory_dues(struct key *k);
struct bytes key_territory_offer(struct key *k, uint64_t id); /* 'g' id -> empty: those for sale */
struct bytes key_territory_offers(struct key *k);
struct bytes key_territory_totals(struct key *k); /* 'T' -> TerritoryTotals */
/* 'w' ledger time, addr -> empty: large withdrawals on their way */
struct bytes key_withdrawal_due(struct key *k, uint64_t at, const struct addr *addr);

#endif
