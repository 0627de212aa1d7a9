/* SPDX-License-Identifier: Apache-2.0 */
/* What parameters a chain can live with: judged once at genesis, and by every later change. */
#include "cairn/tx.h"
#include "chain/base/limits.h"
#include "chain/types/light.h"
#include "x/params/params.h"

#include <inttypes.h>
#include <string.h>

#define YEAR_MS ((uint64_t)366 * 24 * 3600 * 1000)
/* What a vote needs must stay within reach of those who would vote the other way again. */
#define CAIRN           ((uint64_t)PEBBLE_PER_CAIRN)
#define MESSAGE_FEE_MAX (1000 * CAIRN)
#define VOTE_FEE_MAX    (10 * CAIRN) /* of MsgPropose and MsgVote, and of whatever has no price of its own */
#define BYTE_FEE_MAX    (CAIRN / 100)
#define DEPOSIT_MAX     (100000 * CAIRN) /* of a proposal */
#define COINS_MAX       ((uint64_t)1 << 62)

struct range {
    const char *name;
    uint64_t value, lo, hi;
};

static int check_ranges(const struct range *r, size_t n, struct err *err) {
    for (size_t i = 0; i < n; i++)
        if (r[i].value < r[i].lo || r[i].value > r[i].hi)
            return err_set(err, CODE_INVALID_ARGUMENT,
                           "parameter %s is %" PRIu64 ", and must be from %" PRIu64 " to %" PRIu64, r[i].name,
                           r[i].value, r[i].lo, r[i].hi);
    return CODE_OK;
}

/* Rounds must grow longer until one is long enough (timeout_delta_ms), and clocks may differ: or no block is made, and
 * nothing can be voted on any more. */
static int check_consensus(const ConsensusParams *p, struct err *err) {
    const struct range r[] = {
        {"consensus.heartbeat_ms", p->heartbeat_ms, 10, 3600 * 1000},
        {"consensus.min_interval_ms", p->min_interval_ms, 0, p->heartbeat_ms},
        {"consensus.timeout_propose_ms", p->timeout_propose_ms, 1, 3600 * 1000},
        {"consensus.timeout_prevote_ms", p->timeout_prevote_ms, 1, 3600 * 1000},
        {"consensus.timeout_precommit_ms", p->timeout_precommit_ms, 1, 3600 * 1000},
        {"consensus.timeout_delta_ms", p->timeout_delta_ms, 1, 3600 * 1000},
        {"consensus.precision_ms", p->precision_ms, 10, 3600 * 1000},
        {"consensus.message_delay_ms", p->message_delay_ms, 10, 3600 * 1000},
        {"consensus.block_bytes_max", p->block_bytes_max, 64 * KIB, BLOCK_LEN_MAX},
        {"consensus.block_txs_max", p->block_txs_max, 1, BLOCK_TXS_MAX},
        {"consensus.block_signatures_max", p->block_signatures_max, 1, (uint64_t)1 << 20},
        {"consensus.time_scale", p->time_scale, 1, p->development ? 1000000 : 1},
        {"consensus.evidence_window_ms", p->evidence_window_ms, 2, 10 * YEAR_MS},
    };
    return check_ranges(r, COUNT_OF(r), err);
}

static bool is_message(const char *name) {
    for (unsigned i = 0; i < msg__descriptor.n_fields; i++)
        if (!strcmp(((const ProtobufCMessageDescriptor *)msg__descriptor.fields[i].descriptor)->short_name, name))
            return true;
    return false;
}

/* Of messages that there are, each once and at a price that can be paid: votes on prices are messages, too. */
static int check_prices(MessagePrice *const *prices, size_t n, struct err *err) {
    for (size_t i = 0; i < n; i++) {
        if (i && strcmp(prices[i - 1]->message, prices[i]->message) >= 0)
            return err_set(err, CODE_INVALID_ARGUMENT, "parameter auth.message_prices must ascend by message name");
        if (!is_message(prices[i]->message))
            return err_set(err, CODE_INVALID_ARGUMENT, "parameter auth.message_prices: there is no message %.60s",
                           prices[i]->message);
        bool votes = strcmp(prices[i]->message, "MsgPropose") == 0 || strcmp(prices[i]->message, "MsgVote") == 0;
        uint64_t most = votes ? VOTE_FEE_MAX : MESSAGE_FEE_MAX;
        if (prices[i]->price > most)
            return err_set(err, CODE_INVALID_ARGUMENT,
                           "parameter auth.message_prices.%.60s is %" PRIu64 ", and must be from 0 to %" PRIu64,
                           prices[i]->message, prices[i]->price, most);
    }
    return CODE_OK;
}

static int check_auth(const AuthParams *p, const ConsensusParams *consensus, struct err *err) {
    const struct range r[] = {
        {"auth.tx_bytes_max", p->tx_bytes_max, 1024, u64_min(TX_LEN_MAX, consensus->block_bytes_max / 2)},
        {"auth.tx_messages_max", p->tx_messages_max, 1, TX_MSGS_MAX},
        {"auth.memo_bytes_max", p->memo_bytes_max, 0, MEMO_LEN_MAX},
        {"auth.tx_window_blocks", p->tx_window_blocks, 1, 1000000},
        {"auth.fee_per_byte", p->fee_per_byte, 0, BYTE_FEE_MAX},
        {"auth.fee_per_message", p->fee_per_message, 0, VOTE_FEE_MAX},
        {"auth.grants_per_account", p->grants_per_account, 1, 100000},
        {"auth.grant_messages_max", p->grant_messages_max, 1, 64},
        {"auth.grant_expiries_per_block", p->grant_expiries_per_block, 1, 10000},
    };
    int rc = check_ranges(r, COUNT_OF(r), err);
    return rc ? rc : check_prices(p->message_prices, p->n_message_prices, err);
}

/* "unbonding >= evidence window > light clients' trust period": whom a light client trusts can still be punished. What
 * our own light clients take for the period is fixed (chain/types/light.h). */
static int check_validator(const ValidatorParams *p, const ConsensusParams *consensus, struct err *err) {
    uint64_t window = consensus->evidence_window_ms;
    const struct range r[] = {
        {"validator.bond_per_power", p->bond_per_power, 1, (uint64_t)1 << 60},
        {"validator.bond_min", p->bond_min, p->bond_per_power, COINS_MAX},
        {"validator.validators_max", p->validators_max, 1, VALIDATORS_MAX},
        {"validator.unbonding_ms", p->unbonding_ms, window, 10 * YEAR_MS},
        {"validator.trust_period_ms", p->trust_period_ms, consensus->development ? 1 : LIGHT_TRUST_PERIOD_MS,
         window - 1},
        {"validator.downtime_window", p->downtime_window, 1, DOWNTIME_WINDOW_MAX},
        /* who is late now and then need not be away: one block in twenty may be missed */
        {"validator.downtime_signed_min", p->downtime_signed_min, 0,
         p->downtime_window - u64_div_up(p->downtime_window, 20)},
        {"validator.downtime_jail_ms", p->downtime_jail_ms, 0, YEAR_MS},
        {"validator.downtime_slash_ppm", p->downtime_slash_ppm, 0, 1000000},
        {"validator.evidence_slash_ppm", p->evidence_slash_ppm, 0, 1000000},
        {"validator.evidence_reward_ppm", p->evidence_reward_ppm, 0, 1000000},
        {"validator.releases_per_block", p->releases_per_block, 1, 10000},
    };
    return check_ranges(r, COUNT_OF(r), err);
}

static int check_modules(const Params *p, struct err *err) {
    const struct range r[] = {
        {"sp.deposit_min", p->sp->deposit_min, 0, COINS_MAX},
        {"sp.stake_per_gib", p->sp->stake_per_gib, 0, (uint64_t)1 << 50},
        {"sp.group_bond", p->sp->group_bond, 0, (uint64_t)1 << 60},
        {"sp.groups_per_primary", p->sp->groups_per_primary, 1, 100000},
        {"sp.sps_max", p->sp->sps_max, 1, 100000},
        {"sp.maintenance_window_ms", p->sp->maintenance_window_ms, 1, YEAR_MS},
        {"sp.maintenance_quota_ms", p->sp->maintenance_quota_ms, 0, p->sp->maintenance_window_ms},
        {"sp.maintenance_gap_ms", p->sp->maintenance_gap_ms, 0, YEAR_MS},
        {"sp.jail_time_ms", p->sp->jail_time_ms, 0, YEAR_MS},
        {"sp.group_idle_ms", p->sp->group_idle_ms, 1, YEAR_MS},
        {"sp.closings_per_block", p->sp->closings_per_block, 1, 10000},
        {"sp.vacancies_per_block", p->sp->vacancies_per_block, 1, 10000},
        {"sp.exit_bytes_ppm", p->sp->exit_bytes_ppm, 1, 1000000},
        {"sp.forced_exit_slash_ppm", p->sp->forced_exit_slash_ppm, 0, 1000000},
        {"sp.reservations_per_sp", p->sp->reservations_per_sp, 1, 10000},
        {"sp.reserve_bond_min", p->sp->reserve_bond_min, 0, (uint64_t)1 << 60},
        {"sp.reserve_bond_per_gib", p->sp->reserve_bond_per_gib, 0, (uint64_t)1 << 50},
        {"sp.reserve_time_min_ms", p->sp->reserve_time_min_ms, 1, YEAR_MS},
        {"sp.reserve_time_max_ms", p->sp->reserve_time_max_ms, p->sp->reserve_time_min_ms, YEAR_MS},
        {"sp.reserve_time_base_ms", p->sp->reserve_time_base_ms, p->sp->reserve_time_min_ms,
         p->sp->reserve_time_max_ms},
        {"sp.reserve_ms_per_gib", p->sp->reserve_ms_per_gib, 0, YEAR_MS},
        {"sp.reserve_cancel_ppm", p->sp->reserve_cancel_ppm, 0, 1000000},
        {"sp.takeover_draws", p->sp->takeover_draws, TAKEOVER_DRAWS_MIN, TAKEOVER_DRAWS_MAX},
        {"sp.takeover_interval_ms", p->sp->takeover_interval_ms, 1, YEAR_MS},
        {"sp.takeover_misses_max", p->sp->takeover_misses_max, 1, 1000},
        {"sp.takeover_fee_ppm", p->sp->takeover_fee_ppm, 0, 1000000},
        {"storage.segment_size", p->storage->segment_size, SEGMENT_LEN_MIN, 32 * MIB},
        {"storage.object_size_max", p->storage->object_size_max, 1, (uint64_t)1 << 44},
        {"storage.buckets_per_account", p->storage->buckets_per_account, 1, 100000},
        {"storage.positions_max", p->storage->positions_max, 1, CODE_N_MAX + 1},
        {"storage.groups_per_account", p->storage->groups_per_account, 0, 100000},
        {"storage.slots_per_bucket", p->storage->slots_per_bucket, 1, 100000},
        {"storage.expiries_per_block", p->storage->expiries_per_block, 1, 10000},
        {"storage.warning_ms", p->storage->warning_ms, 0, YEAR_MS},
        {"storage.term_min_ms", p->storage->term_min_ms, 1, p->storage->term_max_ms},
        {"storage.term_max_ms", p->storage->term_max_ms, 1, 10 * YEAR_MS},
        {"storage.renewals_per_block", p->storage->renewals_per_block, 1, 10000},
        {"storage.discontinue_window_ms", p->storage->discontinue_window_ms, 1, YEAR_MS},
        {"storage.discontinues_per_window", p->storage->discontinues_per_window, 0, 100000},
        {"storage.ended_kept_ms", p->storage->ended_kept_ms, 0, YEAR_MS},
        {"storage.migrations_per_sp", p->storage->migrations_per_sp, 0, 10000},
        {"storage.migrate_slots_max", p->storage->migrate_slots_max, 1, MIGRATE_SLOTS_MAX},
        {"payment.reserve_time_ms", p->payment->reserve_time_ms, 1, 10 * YEAR_MS},
        {"payment.frozen_time_ms", p->payment->frozen_time_ms, 1, p->payment->reserve_time_ms},
        {"payment.settle_interval_ms", p->payment->settle_interval_ms, 1, YEAR_MS},
        {"payment.settlements_per_block", p->payment->settlements_per_block, 1, 10000},
        {"payment.accounts_per_owner", p->payment->accounts_per_owner, 1, 100000},
        {"payment.price_max", p->payment->price_max, 1, (uint64_t)1 << 56},
        {"payment.channels_per_payer", p->payment->channels_per_payer, 1, 100000},
        {"payment.channel_term_max_ms", p->payment->channel_term_max_ms, p->payment->channel_redeem_ms, 10 * YEAR_MS},
        {"payment.territory_price", p->payment->territory_price, 1, (uint64_t)1 << 56},
        {"payment.territory_bytes_min", p->payment->territory_bytes_min, 1, (uint64_t)1 << 60},
        {"payment.territory_bytes_max", p->payment->territory_bytes_max, p->payment->territory_bytes_min,
         (uint64_t)1 << 62}, /* the sum of all is counted in 64 bits */
        {"payment.territory_term_min_ms", p->payment->territory_term_min_ms, 1, YEAR_MS},
        {"payment.territory_term_max_ms", p->payment->territory_term_max_ms, p->payment->territory_term_min_ms,
         10 * YEAR_MS},
        {"payment.territory_kept_ms", p->payment->territory_kept_ms, 1, YEAR_MS},
        {"payment.territories_per_owner", p->payment->territories_per_owner, 0, 1000},
        {"payment.territory_consign_ms", p->payment->territory_consign_ms, 0, YEAR_MS},
        {"payment.quota_hold_ms", p->payment->quota_hold_ms, 0, YEAR_MS},
        {"payment.withdraw_delay_ms", p->payment->withdraw_delay_ms, 0, YEAR_MS},
        {"payment.withdraw_at_once", p->payment->withdraw_at_once, 0, COINS_MAX},
        {"storage.members_per_update", p->storage->members_per_update, 1, 1000},
        {"storage.metadata_bytes_max", p->storage->metadata_bytes_max, 0, 4096},
        {"storage.tags_max", p->storage->tags_max, 0, TAGS_MAX},
        {"permission.statements_max", p->permission->statements_max, 1, 256},
        {"permission.statement_resources_max", p->permission->statement_resources_max, 0, 256},
        {"permission.groups_per_resource", p->permission->groups_per_resource, 0, 64},
        {"permission.account_policies_per_resource", p->permission->account_policies_per_resource, 0, 100000},
        {"permission.expiries_per_block", p->permission->expiries_per_block, 1, 10000},
        {"sp.admission", p->sp->admission, 0, 1},
        {"gov.deposit", p->gov->deposit, 0, DEPOSIT_MAX},
        {"gov.open_max", p->gov->open_max, 1, 10000},
        {"gov.closings_per_block", p->gov->closings_per_block, 1, 1000},
        {"gov.closed_kept_ms", p->gov->closed_kept_ms, 0, 10 * YEAR_MS},
        {"gov.changes_max", p->gov->changes_max, 1, 100},
        {"gov.upgrade_notice_blocks", p->gov->upgrade_notice_blocks, 1, 1000000},
        {"challenge.bytes_per_draw", p->challenge->bytes_per_draw, 0, (uint64_t)1 << 60},
        {"challenge.slash_amount", p->challenge->slash_amount, 0, COINS_MAX},
        {"challenge.slash_window_max", p->challenge->slash_window_max, 0, COINS_MAX},
        {"challenge.submit_bond", p->challenge->submit_bond, 0, COINS_MAX},
        {"challenge.jail_misses", p->challenge->jail_misses, 0, 1000000},
        {"challenge.challenger_reward", p->challenge->challenger_reward, 0, COINS_MAX},
        {"challenge.open_per_submitter", p->challenge->open_per_submitter, 0, 100000},
        {"challenge.lost_penalty", p->challenge->lost_penalty, 0, COINS_MAX},
        {"gateway.deposit", p->gateway->deposit, 0, COINS_MAX},
        {"gateway.gateways_max", p->gateway->gateways_max, 0, 100000},
        {"gateway.per_operator", p->gateway->per_operator, 0, 1000},
        {"challenge.leaves", p->challenge->leaves, 1, 64},
        {"challenge.open_max", p->challenge->open_max, 1, 1000000},
        {"challenge.answers_per_block", p->challenge->answers_per_block, 1, 100000},
        {"challenge.draws_per_block", p->challenge->draws_per_block, 1, 10000},
        {"challenge.misses_per_block", p->challenge->misses_per_block, 1, 10000},
        {"challenge.prunes_per_block", p->challenge->prunes_per_block, 1, 10000},
        {"challenge.closed_kept_ms", p->challenge->closed_kept_ms, 0, 10 * YEAR_MS},
        {"challenge.cooling_off_ms", p->challenge->cooling_off_ms, 0, YEAR_MS},
        {"challenge.repair_interval_ms", p->challenge->repair_interval_ms, 1, YEAR_MS},
        {"challenge.floor_interval_ms", p->challenge->floor_interval_ms, 0, YEAR_MS},
        {"challenge.bytes_interval_ms", p->challenge->bytes_interval_ms, 0, YEAR_MS},
    };
    return check_ranges(r, COUNT_OF(r), err);
}

/* "genesis is refused unless [the cap] is at most a quarter of every deadline": otherwise one long block could expire
 * what its owner had no block to answer in. A fast network counts challenges in real time. */
static int check_deadlines(const Params *p, struct err *err) {
    uint64_t step = params_time_step_max(p->consensus);
    uint64_t real = p->consensus->development ? 2 * p->consensus->heartbeat_ms : step;
    const struct range r[] = {
        {"consensus.evidence_window_ms", p->consensus->evidence_window_ms, 4 * step, 10 * YEAR_MS},
        {"gov.voting_ms", p->gov->voting_ms, 4 * step, YEAR_MS},
        {"storage.create_ttl_ms", p->storage->create_ttl_ms, 4 * step, 10 * YEAR_MS},
        {"storage.approval_ttl_max_ms", p->storage->approval_ttl_max_ms, 4 * step, 10 * YEAR_MS},
        {"storage.receipt_ttl_max_ms", p->storage->receipt_ttl_max_ms, 4 * step, 10 * YEAR_MS},
        {"storage.grace_ms", p->storage->grace_ms, 4 * step, YEAR_MS},
        {"storage.discontinue_grace_ms", p->storage->discontinue_grace_ms, 4 * step, YEAR_MS},
        {"storage.migrate_time_ms", p->storage->migrate_time_ms, 4 * step, YEAR_MS},
        {"payment.frozen_time_ms", p->payment->frozen_time_ms, 4 * step, 10 * YEAR_MS},
        {"payment.territory_frozen_ms", p->payment->territory_frozen_ms, 4 * step, YEAR_MS},
        {"payment.channel_redeem_ms", p->payment->channel_redeem_ms, 4 * step, YEAR_MS},
        {"challenge.deadline_ms", p->challenge->deadline_ms, 4 * real, YEAR_MS},
        {"challenge.slash_window_ms", p->challenge->slash_window_ms, 4 * real, YEAR_MS},
    };
    return check_ranges(r, COUNT_OF(r), err);
}

int params_check(const Params *p, struct err *err) {
    if (!p || !p->consensus || !p->auth || !p->sp || !p->storage || !p->permission || !p->payment || !p->challenge ||
        !p->validator || !p->gov || !p->gateway)
        return err_set(err, CODE_INVALID_ARGUMENT, "every group of parameters must be given");
    int rc = check_consensus(p->consensus, err);
    if (rc == CODE_OK)
        rc = check_auth(p->auth, p->consensus, err);
    if (rc == CODE_OK)
        rc = check_validator(p->validator, p->consensus, err);
    if (rc == CODE_OK)
        rc = check_modules(p, err);
    return rc ? rc : check_deadlines(p, err);
}
