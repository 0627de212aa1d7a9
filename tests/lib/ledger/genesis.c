/* SPDX-License-Identifier: Apache-2.0 */
/* The genesis of a fixture: parameters, keys, validators with their reveal chains, SPs. */
#include "tests/lib/ledger/fixture.h"

#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/os/file.h"
#include "chain/types/keys_app.h"

#include "cairn/state.h"

static void init_params(struct fixture_params *p) {
    p->consensus = (ConsensusParams)CONSENSUS_PARAMS__INIT;
    p->auth = (AuthParams)AUTH_PARAMS__INIT;
    p->sp = (SpParams)SP_PARAMS__INIT;
    p->storage = (StorageParams)STORAGE_PARAMS__INIT;
    p->permission = (PermissionParams)PERMISSION_PARAMS__INIT;
    p->payment = (PaymentParams)PAYMENT_PARAMS__INIT;
    p->challenge = (ChallengeParams)CHALLENGE_PARAMS__INIT;
    p->validator = (ValidatorParams)VALIDATOR_PARAMS__INIT;
    p->all = (Params)PARAMS__INIT;
    p->all.version = 1;
    p->all.consensus = &p->consensus;
    p->all.auth = &p->auth;
    p->all.sp = &p->sp;
    p->all.storage = &p->storage;
    p->all.permission = &p->permission;
    p->all.payment = &p->payment;
    p->all.challenge = &p->challenge;
    p->all.validator = &p->validator;
    p->gov = (GovParams)GOV_PARAMS__INIT;
    p->all.gov = &p->gov;
    p->gateway = (GatewayParams)GATEWAY_PARAMS__INIT;
    p->all.gateway = &p->gateway;
}

static void default_consensus(ConsensusParams *p) {
    p->heartbeat_ms = 1000;
    p->min_interval_ms = 50;
    p->timeout_propose_ms = 1000;
    p->timeout_prevote_ms = 500;
    p->timeout_precommit_ms = 500;
    p->timeout_delta_ms = 250;
    p->precision_ms = 500;
    p->message_delay_ms = 1000;
    p->block_bytes_max = 2 * MIB;
    p->block_txs_max = 4000;
    p->block_signatures_max = 16000;
    p->time_scale = 1;
    p->evidence_window_ms = 86400000;
    p->development = true;
}

static void default_auth(AuthParams *p) {
    p->tx_bytes_max = 64 * KIB;
    p->tx_messages_max = 64;
    p->memo_bytes_max = 256;
    p->fee_per_byte = 10;
    p->fee_per_message = 1000;
    p->tx_window_blocks = 600;
    p->grants_per_account = 1000;
    p->grant_messages_max = 32;
    p->grant_expiries_per_block = 64;
}

static void default_storage(StorageParams *p) {
    p->segment_size = 16 * MIB;
    p->object_size_max = (uint64_t)1 << 40;
    p->buckets_per_account = 100;
    p->groups_per_account = 100;
    p->members_per_update = 20;
    p->metadata_bytes_max = 4096;
    p->tags_max = 32;
    p->create_ttl_ms = 3600000;
    p->approval_ttl_max_ms = 3600000;
    p->receipt_ttl_max_ms = 3600000;
    p->slots_per_bucket = 64;
    p->positions_max = 16;
    p->expiries_per_block = 16;
    p->warning_ms = 600000;
    p->grace_ms = 600000;
    p->term_min_ms = 1000;
    p->term_max_ms = 366ull * 86400000;
    p->renewals_per_block = 16;
    p->discontinue_grace_ms = 600000;
    p->discontinue_window_ms = 3600000;
    p->discontinues_per_window = 4;
    p->ended_kept_ms = 3600000;
    p->migrate_time_ms = 3600000;
    p->migrations_per_sp = 2;
    p->migrate_slots_max = 4;
}

static void default_validator(ValidatorParams *p) {
    p->bond_per_power = PEBBLE_PER_CAIRN;
    p->bond_min = 5 * PEBBLE_PER_CAIRN;
    p->validators_max = 8;
    p->unbonding_ms = 2 * 86400000;
    p->trust_period_ms = 43200000;
    p->downtime_window = 20;
    p->downtime_signed_min = 5;
    p->downtime_jail_ms = 60000;
    p->downtime_slash_ppm = 1000;
    p->evidence_slash_ppm = 50000;
    p->evidence_reward_ppm = 100000;
    p->releases_per_block = 2;
}

static void default_challenge(ChallengeParams *p) {
    p->floor_interval_ms = 5000;
    p->bytes_per_draw = GIB;
    p->bytes_interval_ms = 60000;
    p->leaves = 2;
    p->deadline_ms = 15000;
    p->open_max = 256;
    p->draws_per_block = 8;
    p->slash_amount = PEBBLE_PER_CAIRN;
    p->slash_window_ms = 3600000;
    p->slash_window_max = 20 * PEBBLE_PER_CAIRN;
    p->repair_interval_ms = 10000;
    p->submit_bond = PEBBLE_PER_CAIRN / 10;
    p->jail_misses = 0;
    p->misses_per_block = 16;
    p->challenger_reward = PEBBLE_PER_CAIRN / 2;
    p->open_per_submitter = 8;
    p->answers_per_block = 256;
    p->closed_kept_ms = 3600000;
    p->prunes_per_block = 64;
    p->lost_penalty = 3 * PEBBLE_PER_CAIRN;
}

static void default_gov(GovParams *p) {
    p->voting_ms = 3600000;
    p->deposit = 10 * PEBBLE_PER_CAIRN;
    p->open_max = 4;
    p->closings_per_block = 2;
    p->closed_kept_ms = 3600000;
    p->changes_max = 4;
    p->upgrade_notice_blocks = 5;
}

static void default_gateway(GatewayParams *p) {
    p->deposit = 5 * PEBBLE_PER_CAIRN;
    p->gateways_max = 8;
    p->per_operator = 3;
}

static void default_sp_life(SpParams *p) {
    p->maintenance_quota_ms = 600000;
    p->maintenance_window_ms = 86400000;
    p->maintenance_gap_ms = 60000;
    p->jail_time_ms = 60000;
    p->group_idle_ms = 7 * 86400000;
    p->closings_per_block = 4;
    p->vacancies_per_block = 2;
    p->exit_bytes_ppm = 300000;
    p->forced_exit_slash_ppm = 1000000;
    p->reservations_per_sp = 4;
    p->reserve_bond_min = PEBBLE_PER_CAIRN;
    p->reserve_bond_per_gib = PEBBLE_PER_CAIRN / 10;
    p->reserve_time_min_ms = 60000;
    p->reserve_time_max_ms = 86400000;
    p->reserve_time_base_ms = 3600000;
    p->reserve_ms_per_gib = 60000;
    p->reserve_cancel_ppm = 100000;
    p->takeover_draws = 30;
    p->takeover_interval_ms = 1000;
    p->takeover_misses_max = 3;
    p->takeover_fee_ppm = 100000;
}

void fixture_params_default(struct fixture_params *p) {
    init_params(p);
    default_consensus(&p->consensus);
    default_auth(&p->auth);
    p->sp.deposit_min = 100 * PEBBLE_PER_CAIRN;
    p->sp.stake_per_gib = PEBBLE_PER_CAIRN;
    p->sp.group_bond = PEBBLE_PER_CAIRN;
    p->sp.groups_per_primary = 8;
    p->sp.sps_max = 1000;
    default_sp_life(&p->sp);
    default_storage(&p->storage);
    p->permission.statements_max = 16;
    p->permission.statement_resources_max = 16;
    p->permission.groups_per_resource = 10;
    p->permission.account_policies_per_resource = 100;
    p->permission.expiries_per_block = 16;
    p->payment.reserve_time_ms = 7ull * 86400000;
    p->payment.frozen_time_ms = 5ull * 86400000;
    p->payment.accounts_per_owner = 16;
    p->payment.settlements_per_block = 32;
    p->payment.price_max = (uint64_t)1 << 50;
    p->payment.settle_interval_ms = 3600000;
    p->payment.channels_per_payer = 4;
    p->payment.channel_term_max_ms = 30ull * 86400000;
    p->payment.channel_redeem_ms = 3600000;
    p->payment.territory_price = (uint64_t)1 << 34;
    p->payment.territory_bytes_min = MIB;
    p->payment.territory_bytes_max = (uint64_t)1 << 50;
    p->payment.territory_term_min_ms = 3600000;
    p->payment.territory_term_max_ms = 366ull * 86400000;
    p->payment.territory_frozen_ms = 7ull * 86400000;
    p->payment.territory_kept_ms = 86400000;
    p->payment.territories_per_owner = 4;
    p->payment.territory_consign_ms = 86400000;
    p->payment.quota_hold_ms = 30ull * 86400000;
    p->payment.withdraw_delay_ms = 3600000;
    p->payment.withdraw_at_once = 1000 * PEBBLE_PER_CAIRN;
    default_challenge(&p->challenge);
    default_gov(&p->gov);
    default_gateway(&p->gateway);
    default_validator(&p->validator);
}

void fixture_init(struct fixture *f) {
    *f = (struct fixture){.validators = 4, .sps = 7, .invariants = true, .chain_len = FIXTURE_CHAIN_LEN};
    arena_init(&f->setup, 256 * MIB);
    arena_init(&f->arena, 1024 * MIB);
    arena_init(&f->tx_arena, 1024 * MIB);
    fixture_params_default(&f->params);
    f->sp_deposit = 1000 * PEBBLE_PER_CAIRN;
    f->sp_price = (uint64_t)1 << 33; /* about 1.2 CAIRN a GiB and month */
    f->genesis = (Genesis)GENESIS__INIT;
    f->genesis.version = 1;
    f->genesis.chain_id = arena_strdup(&f->setup, "cairn-test");
    f->genesis.time = FIXTURE_GENESIS_TIME;
    f->genesis.params = &f->params.all;
    f->genesis.accounts =
        arena_array(&f->setup, FIXTURE_ACCOUNTS_MAX + 3 * FIXTURE_SPS_MAX, sizeof *f->genesis.accounts);
}

static ProtobufCBinaryData setup_data(struct fixture *f, struct bytes s) {
    return (ProtobufCBinaryData){s.len, arena_dup(&f->setup, s.data, s.len)};
}

static void add_account(struct fixture *f, const struct addr *addr, uint64_t balance) {
    GenesisAccount *a = ARENA_NEW(&f->setup, GenesisAccount);
    genesis_account__init(a);
    a->address = setup_data(f, addr_bytes(addr));
    a->balance = balance;
    f->genesis.accounts[f->genesis.n_accounts++] = a;
}

void fixture_account(struct fixture *f, const char *name, uint64_t balance) {
    struct addr addr = fixture_addr(name);
    assert_true(f->genesis.n_accounts < FIXTURE_ACCOUNTS_MAX);
    add_account(f, &addr, balance);
}

static ProtobufCBinaryData named_key(struct fixture *f, const char *name, const char *suffix) {
    struct pubkey key = fixture_pubkey(arena_printf(&f->setup, "%s%s", name, suffix));
    return setup_data(f, pubkey_bytes(&key));
}

/* x_0 from the name; reveals[i] is what the i-th turn reveals. Returns the tip. */
static struct hash make_chain(struct fixture *f, unsigned v) {
    struct hash *x = arena_array(&f->setup, f->chain_len, sizeof *x);
    struct hash h = hash_of(DOMAIN_REVEAL, bytes_of(&v, sizeof v));
    for (size_t i = 0; i < f->chain_len; i++) {
        x[f->chain_len - 1 - i] = h;
        h = hash_of(DOMAIN_REVEAL, hash_bytes(&h));
    }
    f->reveals[v] = x;
    return h;
}

static Validator *make_validator(struct fixture *f, unsigned i) {
    Validator *v = ARENA_NEW(&f->setup, Validator);
    validator__init(v);
    const char *name = arena_printf(&f->setup, "val%u", i);
    struct addr addr = fixture_addr(name);
    struct hash tip = make_chain(f, i);
    v->address = setup_data(f, addr_bytes(&addr));
    v->operator_ = v->address;
    v->pubkey = named_key(f, name, "");
    v->power = 10;
    v->name = arena_strdup(&f->setup, name);
    v->reveal = ARENA_NEW(&f->setup, RevealChain);
    reveal_chain__init(v->reveal);
    v->reveal->tip = setup_data(f, hash_bytes(&tip));
    v->reveal->remaining = f->chain_len;
    return v;
}

static StorageProvider *make_sp(struct fixture *f, unsigned i) {
    StorageProvider *sp = ARENA_NEW(&f->setup, StorageProvider);
    storage_provider__init(sp);
    const char *name = arena_printf(&f->setup, "sp%u", i);
    struct addr operator= fixture_addr(name);
    struct addr funding = fixture_addr(arena_printf(&f->setup, "%s.funding", name));
    struct addr seal = fixture_addr(arena_printf(&f->setup, "%s.seal", name));
    sp->id = i + 1;
    sp->operator_ = setup_data(f, addr_bytes(&operator));
    sp->funding = setup_data(f, addr_bytes(&funding));
    sp->seal_key = named_key(f, name, ".seal");
    sp->approval_key = named_key(f, name, ".approval");
    sp->gc_key = named_key(f, name, ".gc");
    sp->node_key = named_key(f, name, ".node");
    sp->endpoint = arena_printf(&f->setup, "http://127.0.0.1:%u", 20000 + i);
    sp->p2p_endpoint = arena_printf(&f->setup, "tcp://127.0.0.1:%u", 21000 + i);
    sp->deposit = f->sp_deposit;
    sp->store_price = f->sp_price;
    sp->read_price = f->sp_read_price;
    sp->free_read_once = f->sp_free_once;
    sp->capacity = 1024 * GIB;
    sp->status = SP_STATUS_IN_SERVICE;
    add_account(f, &operator, 100 * PEBBLE_PER_CAIRN);
    add_account(f, &seal, 100 * PEBBLE_PER_CAIRN);
    add_account(f, &funding, f->sp_deposit + 100 * PEBBLE_PER_CAIRN);
    return sp;
}

static void make_genesis(struct fixture *f) {
    f->genesis.validators = arena_array(&f->setup, FIXTURE_VALIDATORS_MAX, sizeof *f->genesis.validators);
    f->genesis.sps = arena_array(&f->setup, FIXTURE_SPS_MAX, sizeof *f->genesis.sps);
    for (unsigned i = 0; i < f->validators; i++)
        f->genesis.validators[f->genesis.n_validators++] = make_validator(f, i);
    for (unsigned i = 0; i < f->sps; i++)
        f->genesis.sps[f->genesis.n_sps++] = make_sp(f, i);
}

static int commit_genesis(struct fixture *f, struct err *err) {
    struct store_batch *batch;
    int rc = store_begin(f->store, 0, f->genesis.time, &batch, err);
    if (rc)
        return rc;
    rc = f->app.ops->init_chain(f->app.self, store_state(f->store), &f->genesis, &f->chain_tag, err);
    if (rc) {
        store_abort(batch);
        return rc;
    }
    rc = f->app.ops->commit(f->app.self, batch, &f->app_hash, err);
    return rc ? rc : store_commit(batch, err);
}

/* Where the ledger in the store stands. */
static int resume(struct fixture *f, struct err *err) {
    struct key k;
    if (!store_height(f->store, &f->height))
        return err_set(err, CODE_NOT_READY, "there is no ledger to go on with");
    const ChainState *chain = fixture_record(f, key_chain_state(&k), &chain_state__descriptor);
    if (!bytes_eq(pb_bytes(chain->chain_tag), hash_bytes(&f->chain_tag)))
        return err_set(err, CODE_CHAIN_MISMATCH, "the ledger there has another genesis");
    f->header_time = chain->header_time;
    f->app_hash = store_root(f->store);
    hash_from(pb_bytes(chain->results_hash), &f->results_hash);
    unsigned n = f->proposers ? f->proposers : f->validators;
    for (uint64_t h = 0; h < f->height; h++)
        f->revealed[h % n] += f->revealed[h % n] < f->chain_len;
    return CODE_OK;
}

int fixture_try_start(struct fixture *f, struct err *err) {
    struct bytes encoded;
    make_genesis(f);
    int rc = pb_encode(&f->genesis, &f->setup, &encoded, err);
    if (rc == CODE_OK)
        rc = f->dir ? store_open(f->dir, NULL, &f->store, err) : store_open_mem(&f->store, err);
    if (rc)
        return rc;
    f->chain_tag = chain_tag_of(encoded);
    ledger_init(&f->ledger, &(struct ledger_options){.invariants = f->invariants});
    if (f->modules) {
        f->ledger.modules = f->modules;
        f->ledger.modules_n = f->modules_n;
    }
    f->app = ledger_app(&f->ledger);
    f->header_time = f->genesis.time;
    if (!f->step_ms)
        f->step_ms = f->params.consensus.heartbeat_ms;
    return f->resume ? resume(f, err) : commit_genesis(f, err);
}

void fixture_start(struct fixture *f) {
    struct err err = {0};
    assert_ok(fixture_try_start(f, &err), &err);
}

void fixture_release(struct fixture *f) {
    store_close(f->store);
    arena_release(&f->setup);
    arena_release(&f->arena);
    arena_release(&f->tx_arena);
}
