/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters that a new network begins with. */
#include "x/params/defaults.h"

#include "chain/base/limits.h"
#include "chain/base/num.h"
#include "chain/types/light.h"

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define CAIRN  ((uint64_t)PEBBLE_PER_CAIRN)

/* A development network: a block a second, a draw every few seconds, deadlines of 15 s. */
static void consensus_defaults(ConsensusParams *p, bool dev) {
    consensus_params__init(p);
    p->heartbeat_ms = dev ? SECOND : 5 * SECOND;
    p->min_interval_ms = dev ? 50 : 100;
    p->timeout_propose_ms = 1500;
    p->timeout_prevote_ms = 500;
    p->timeout_precommit_ms = 500;
    p->timeout_delta_ms = 500;
    p->precision_ms = 500;
    p->message_delay_ms = 5 * SECOND;
    p->block_bytes_max = 2 * MIB;
    p->block_txs_max = 4000;
    p->block_signatures_max = 16000;
    p->time_scale = 1;
    p->evidence_window_ms = 16 * DAY;
    p->development = dev;
}

static void auth_defaults(AuthParams *p) {
    auth_params__init(p);
    p->tx_bytes_max = 64 * KIB;
    p->tx_messages_max = TX_MSGS_MAX;
    p->memo_bytes_max = MEMO_LEN_MAX;
    p->fee_per_byte = 10;
    p->fee_per_message = 1000;
    p->tx_window_blocks = 600;
    p->grants_per_account = 1000;
    p->grant_messages_max = 32;
    p->grant_expiries_per_block = 64;
}

/* A validator as `cairnd init` describes it has a power of 10. */
static void validator_defaults(ValidatorParams *p, bool dev) {
    validator_params__init(p);
    p->bond_per_power = dev ? CAIRN : 100 * CAIRN;
    p->bond_min = dev ? CAIRN : 1000 * CAIRN;
    p->validators_max = 100;
    p->unbonding_ms = 21 * DAY;
    p->trust_period_ms = LIGHT_TRUST_PERIOD_MS;
    p->downtime_window = 10000; /* 14 hours of idle blocks, a quarter of an hour of busy ones */
    p->downtime_signed_min = 500;
    p->downtime_jail_ms = dev ? MINUTE : HOUR;
    p->downtime_slash_ppm = 0;
    p->evidence_slash_ppm = 50000;
    p->evidence_reward_ppm = 50000;
    p->releases_per_block = 100;
}

static void sp_defaults(SpParams *p, bool dev) {
    sp_params__init(p);
    p->deposit_min = dev ? 10 * CAIRN : 1000 * CAIRN;
    p->stake_per_gib = CAIRN / 10;
    p->group_bond = CAIRN;
    p->groups_per_primary = 1000;
    p->sps_max = 10000;
    p->maintenance_quota_ms = dev ? 10 * MINUTE : 6 * HOUR;
    p->maintenance_window_ms = dev ? HOUR : 30 * DAY;
    p->maintenance_gap_ms = dev ? 5 * SECOND : DAY;
    p->jail_time_ms = dev ? 10 * SECOND : DAY;
    p->group_idle_ms = dev ? 10 * MINUTE : 7 * DAY;
    p->closings_per_block = 100;
    p->vacancies_per_block = 100;
    p->exit_bytes_ppm = 100000;
    p->forced_exit_slash_ppm = 1000000;
    p->reservations_per_sp = 100;
    p->reserve_bond_min = CAIRN;
    p->reserve_bond_per_gib = CAIRN / 100;
    p->reserve_time_min_ms = dev ? 10 * SECOND : HOUR;
    p->reserve_time_max_ms = dev ? HOUR : 7 * DAY;
    p->reserve_time_base_ms = dev ? 15 * MINUTE : 6 * HOUR;
    p->reserve_ms_per_gib = 2 * MINUTE; /* 9 MB/s */
    p->reserve_cancel_ppm = 100000;
    p->takeover_draws = 30;
    p->takeover_interval_ms = dev ? 200 : MINUTE;
    p->takeover_misses_max = 3;
    p->takeover_fee_ppm = 100000;
}

static void storage_defaults(StorageParams *p, bool dev) {
    storage_params__init(p);
    p->segment_size = 16 * MIB;
    p->object_size_max = (uint64_t)1 << 40;
    p->buckets_per_account = 100;
    p->groups_per_account = 100;
    p->members_per_update = 20;
    p->metadata_bytes_max = 2048;
    p->tags_max = TAGS_MAX;
    p->create_ttl_ms = dev ? 10 * MINUTE : DAY;
    p->approval_ttl_max_ms = dev ? 10 * MINUTE : HOUR;
    p->receipt_ttl_max_ms = dev ? 10 * MINUTE : DAY;
    p->slots_per_bucket = 256;
    p->positions_max = CODE_N_MAX + 1;
    p->expiries_per_block = 100;
    p->warning_ms = dev ? MINUTE : 7 * DAY;
    p->grace_ms = dev ? MINUTE : 7 * DAY;
    p->term_min_ms = dev ? SECOND : DAY;
    p->term_max_ms = 5 * 366 * DAY;
    p->renewals_per_block = 100;
    p->discontinue_grace_ms = dev ? MINUTE : 7 * DAY;
    p->discontinue_window_ms = dev ? HOUR : DAY;
    p->discontinues_per_window = 100;
    p->ended_kept_ms = dev ? 10 * MINUTE : 7 * DAY;
    p->migrate_time_ms = dev ? HOUR : 7 * DAY;
    p->migrations_per_sp = 100;
    p->migrate_slots_max = 32;
}

static void permission_defaults(PermissionParams *p) {
    permission_params__init(p);
    p->statements_max = 10;
    p->statement_resources_max = 10;
    p->groups_per_resource = 10;
    p->account_policies_per_resource = 1000;
    p->expiries_per_block = 100;
}

static void payment_defaults(PaymentParams *p, bool dev) {
    payment_params__init(p);
    p->reserve_time_ms = dev ? HOUR : 7 * DAY;
    p->frozen_time_ms = dev ? 30 * MINUTE : 3 * DAY;
    p->accounts_per_owner = 100;
    p->settlements_per_block = 100;
    p->price_max = (uint64_t)1 << 56;
    p->settle_interval_ms = dev ? MINUTE : DAY;
    p->channels_per_payer = 100;
    p->channel_term_max_ms = 366 * DAY;
    p->channel_redeem_ms = dev ? MINUTE : DAY;
    p->territory_price = UINT64_C(13256071780); /* twice what a provider asks if its operator says nothing */
    p->territory_bytes_min = GIB;
    p->territory_bytes_max = (uint64_t)1 << 60;
    p->territory_term_min_ms = dev ? MINUTE : 30 * DAY;
    p->territory_term_max_ms = 5 * 366 * DAY;
    p->territory_frozen_ms = dev ? MINUTE : 7 * DAY;
    p->territory_kept_ms = dev ? HOUR : 30 * DAY;
    p->territories_per_owner = 100;
    p->territory_consign_ms = dev ? MINUTE : DAY;
    p->quota_hold_ms = dev ? MINUTE : 30 * DAY;
    p->withdraw_delay_ms = dev ? MINUTE : DAY;
    p->withdraw_at_once = 1000 * CAIRN;
}

static void challenge_defaults(ChallengeParams *p, bool dev) {
    challenge_params__init(p);
    p->floor_interval_ms = dev ? 10 * SECOND : HOUR;
    p->bytes_per_draw = (uint64_t)1 << 40;
    p->bytes_interval_ms = dev ? MINUTE : HOUR;
    p->leaves = dev ? 4 : 8;
    p->deadline_ms = dev ? 15 * SECOND : 10 * MINUTE;
    p->open_max = 1000;
    p->draws_per_block = 10;
    p->slash_amount = CAIRN / 10;
    p->slash_window_ms = dev ? HOUR : DAY;
    p->slash_window_max = 5 * CAIRN;
    p->repair_interval_ms = dev ? 20 * SECOND : HOUR;
    p->submit_bond = CAIRN;
    p->jail_misses = dev ? 0 : 5;
    p->misses_per_block = 100;
    p->challenger_reward = CAIRN / 100;
    p->open_per_submitter = 10;
    p->answers_per_block = 16; /* of 8 leaves each: a quarter of a block */
    p->closed_kept_ms = dev ? HOUR : 7 * DAY;
    p->prunes_per_block = 100;
    p->cooling_off_ms = dev ? 20 * SECOND : HOUR;
    p->lost_penalty = CAIRN / 2;
}

static void gov_defaults(GovParams *p, bool dev) {
    gov_params__init(p);
    p->voting_ms = dev ? 10 * MINUTE : 14 * DAY;
    p->deposit = dev ? 10 * CAIRN : 1000 * CAIRN;
    p->open_max = 64;
    p->closings_per_block = 8;
    p->closed_kept_ms = dev ? HOUR : 90 * DAY;
    p->changes_max = 32;
    p->upgrade_notice_blocks = dev ? 10 : 1000;
}

static void gateway_defaults(GatewayParams *p, bool dev) {
    gateway_params__init(p);
    p->deposit = dev ? CAIRN : 100 * CAIRN;
    p->gateways_max = 1000;
    p->per_operator = 16;
}

void params_defaults(struct default_params *ret, bool dev) {
    params__init(&ret->params);
    ret->params.version = 1;
    ret->params.consensus = &ret->consensus;
    ret->params.auth = &ret->auth;
    ret->params.sp = &ret->sp;
    ret->params.storage = &ret->storage;
    ret->params.permission = &ret->permission;
    ret->params.payment = &ret->payment;
    ret->params.challenge = &ret->challenge;
    ret->params.validator = &ret->validator;
    ret->params.gov = &ret->gov;
    ret->params.gateway = &ret->gateway;
    consensus_defaults(&ret->consensus, dev);
    auth_defaults(&ret->auth);
    validator_defaults(&ret->validator, dev);
    sp_defaults(&ret->sp, dev);
    storage_defaults(&ret->storage, dev);
    permission_defaults(&ret->permission);
    payment_defaults(&ret->payment, dev);
    challenge_defaults(&ret->challenge, dev);
    gov_defaults(&ret->gov, dev);
    gateway_defaults(&ret->gateway, dev);
}
