/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a provider: keys, money, prices, maintenance, jail, the way out. */
#include "tests/lib/ledger/deal.h"
#include "tests/lib/ledger/providers.h"
#include "tests/lib/ledger/trigger.h"

#include "chain/types/keys_sp.h"
#include "x/auth/account.h"
#include "x/sp/sp.h"

#define CAIRN  PEBBLE_PER_CAIRN
#define MINUTE 60000ull

static struct fixture f;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "newsp", 1000 * CAIRN);
    f.params.challenge.floor_interval_ms = 0;
    f.params.challenge.bytes_per_draw = 0;
    f.params.sp.group_idle_ms = 10 * MINUTE;
    f.params.sp.maintenance_window_ms = 60 * MINUTE;
    f.params.payment.settle_interval_ms = MINUTE;
    trigger_install(&f);
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

/* The signer is the creator, also of a message that somebody else sent before. */
static void forget_creator(ProtobufCMessage *message) {
    ((ProtobufCBinaryData *)((char *)message + message->descriptor->fields[0].offset))->len = 0;
}

static int send(const char *who, ProtobufCMessage *message) {
    forget_creator(message);
    const TxResult *r = fixture_do(&f, who, message);
    if (r->code)
        print_message("%s\n", r->log);
    return (int)r->code;
}

/* What is judged before a transaction enters a block. */
static int judge(const char *who, ProtobufCMessage *message) {
    struct app_admission admission;
    forget_creator(message);
    Msg *wrapped = fixture_msg(&f, who, message);
    return fixture_check(&f, fixture_tx(&f, who, 0, &wrapped, 1), &admission, NULL);
}

struct resolve {
    const char *key;
    uint32_t id;
};

static void resolve_body(struct ctx *ctx, void *arg) {
    struct resolve *r = arg;
    struct addr addr = fixture_addr(r->key);
    StorageProvider *sp = NULL;
    int rc = sp_by_addr(ctx, &addr, &sp, NULL);
    assert_true(rc == CODE_OK || rc == CODE_SP_NOT_FOUND);
    r->id = rc ? 0 : sp->id;
}

/* The provider that a key's account leads to; 0: none. */
static uint32_t resolves(const char *key) {
    struct resolve r = {.key = key};
    fixture_with_ctx(&f, resolve_body, &r);
    return r.id;
}

static MsgEditSp edit(uint32_t id) {
    MsgEditSp m = MSG_EDIT_SP__INIT;
    m.sp_id = id;
    return m;
}

/* --- registering --- */

static void greenfield_11_3_8__a_key_is_registered_only_by_its_holder(void **state) {
    (void)state;
    MsgRegisterSp m;
    provider_registration(&f, "newsp", &m);
    m.seal_possession.len = 0;
    assert_code(send("newsp", &m.base), CODE_SP_POSSESSION);
    provider_registration(&f, "newsp", &m);
    m.approval_possession = provider_possession(&f, "alice", "newsp.approval", SP_KEY_APPROVAL); /* another operator */
    assert_code(send("newsp", &m.base), CODE_SP_POSSESSION);
    provider_registration(&f, "newsp", &m);
    m.gc_possession = provider_possession(&f, "newsp", "newsp.gc", SP_KEY_NODE); /* another use */
    assert_code(send("newsp", &m.base), CODE_SP_POSSESSION);
    provider_registration(&f, "newsp", &m);
    m.node_key = fixture_pubkey_data(&f, "sp3.node"); /* somebody else's key */
    assert_code(send("newsp", &m.base), CODE_SP_POSSESSION);
    provider_registration(&f, "newsp", &m);
    assert_code(send("newsp", &m.base), CODE_OK);
    assert_int_equal(resolves("newsp.gc"), 8);
}

static void cess_8_138__one_transaction_registers_all_keys(void **state) {
    (void)state;
    MsgRegisterSp m;
    provider_registration(&f, "newsp", &m);
    assert_code(send("newsp", &m.base), CODE_OK);
    static const char *const keys[] = {"newsp", "newsp.seal", "newsp.approval", "newsp.gc", "newsp.node"};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        assert_int_equal(resolves(keys[i]), 8);
    assert_int_equal(deal_sp(&f, 8)->created_at, fixture_ledger_time(&f)); /* cess_8_149 */
}

static int admit(struct ctx *ctx, void *arg, struct err *err) {
    struct addr addr = fixture_addr(arg);
    return sp_admit(ctx, &addr, err);
}

/* Where the parameters ask for it, a vote admits an account to register once. */
static void register__only_who_was_admitted(void **state) {
    (void)state;
    MsgRegisterSp m;
    MsgCompleteExitSp gone = MSG_COMPLETE_EXIT_SP__INIT;
    MsgExitSp out = MSG_EXIT_SP__INIT;
    static char newsp[] = "newsp", alice[] = "alice";
    fixture_release(&f);
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "newsp", 1000 * CAIRN);
    f.params.sp.admission = 1;
    trigger_install(&f);
    fixture_start(&f);
    provider_registration(&f, "newsp", &m);
    assert_code(send("newsp", &m.base), CODE_SP_ADMISSION);
    assert_code(trigger_run(&f, admit, alice), CODE_OK); /* somebody else */
    provider_registration(&f, "newsp", &m);
    assert_code(send("newsp", &m.base), CODE_SP_ADMISSION);
    assert_code(trigger_run(&f, admit, newsp), CODE_OK);
    assert_code(trigger_run(&f, admit, newsp), CODE_DONE_ALREADY);
    provider_registration(&f, "newsp", &m);
    m.deposit = 1; /* one that fails uses nothing up */
    assert_code(send("newsp", &m.base), CODE_SP_DEPOSIT);
    provider_registration(&f, "newsp", &m);
    assert_code(send("newsp", &m.base), CODE_OK);
    out.sp_id = gone.sp_id = 8;
    assert_code(send("newsp", &out.base), CODE_OK);
    assert_code(send("newsp", &gone.base), CODE_OK);
    provider_registration(&f, "newsp", &m); /* an admission is for once */
    assert_code(send("newsp", &m.base), CODE_SP_ADMISSION);
}

/* --- editing --- */

static void greenfield_11_3_8__a_rotated_out_key_leads_nowhere_at_once(void **state) {
    (void)state;
    MsgEditSp m = edit(1);
    m.seal_key = fixture_pubkey_data(&f, "sp0.seal2");
    m.seal_possession = provider_possession(&f, "sp0", "sp0.seal2", SP_KEY_SEAL);
    assert_code(send("sp0", &m.base), CODE_OK);
    assert_int_equal(resolves("sp0.seal"), 0);
    assert_int_equal(resolves("sp0.seal2"), 1);
    assert_non_null(fixture_event(&f, "sp.edited"));
    MsgEditSp theirs = edit(2); /* the key that was given up is free for whoever holds it */
    theirs.gc_key = fixture_pubkey_data(&f, "sp0.seal");
    theirs.gc_possession = provider_possession(&f, "sp1", "sp0.seal", SP_KEY_GC);
    assert_code(send("sp1", &theirs.base), CODE_OK);
    assert_int_equal(resolves("sp0.seal"), 2);
}

static void edit__keys_may_change_places(void **state) {
    (void)state;
    MsgEditSp m = edit(1);
    m.seal_key = fixture_pubkey_data(&f, "sp0.gc");
    m.seal_possession = provider_possession(&f, "sp0", "sp0.gc", SP_KEY_SEAL);
    assert_code(send("sp0", &m.base), CODE_SP_KEY); /* the same key twice */
    m = edit(1);
    m.seal_key = fixture_pubkey_data(&f, "sp0.gc");
    m.seal_possession = provider_possession(&f, "sp0", "sp0.gc", SP_KEY_SEAL);
    m.gc_key = fixture_pubkey_data(&f, "sp0.seal");
    m.gc_possession = provider_possession(&f, "sp0", "sp0.seal", SP_KEY_GC);
    assert_code(send("sp0", &m.base), CODE_OK);
    assert_int_equal(resolves("sp0.seal"), 1);
    assert_int_equal(resolves("sp0.gc"), 1);
}

static void edit__a_key_of_another_provider(void **state) {
    (void)state;
    MsgEditSp m = edit(1);
    m.seal_key = fixture_pubkey_data(&f, "sp1.seal");
    m.seal_possession = provider_possession(&f, "sp0", "sp1.seal", SP_KEY_SEAL);
    assert_code(send("sp0", &m.base), CODE_SP_EXISTS);
    assert_int_equal(resolves("sp0.seal"), 1);
    m.seal_key = fixture_pubkey_data(&f, "fresh");
    m.seal_possession = provider_possession(&f, "sp1", "fresh", SP_KEY_SEAL);
    assert_code(send("sp0", &m.base), CODE_SP_POSSESSION);
    m = edit(1);
    m.seal_key = fixture_pubkey_data(&f, "fresh");
    assert_code(judge("sp0", &m.base), CODE_SP_POSSESSION);
    m = edit(1);
    m.seal_possession = provider_possession(&f, "sp0", "fresh", SP_KEY_SEAL); /* without a key */
    assert_code(judge("sp0", &m.base), CODE_SP_POSSESSION);
}

static void edit__only_what_is_named(void **state) {
    (void)state;
    MsgEditSp m = edit(1);
    assert_code(judge("sp0", &m.base), CODE_SP_UNCHANGED);
    SpDescription d = SP_DESCRIPTION__INIT;
    static char moniker[] = "hello", url[] = "https://sp.example", tcp[] = "tls+tcp://sp.example:1", bad[] = "ftp://x";
    d.moniker = moniker;
    m.description = &d;
    assert_code(send("alice", &m.base), CODE_DENIED);
    assert_code(send("sp0.funding", &m.base), CODE_DENIED);
    assert_code(send("sp0", &m.base), CODE_OK);
    assert_string_equal(deal_sp(&f, 1)->description->moniker, "hello");
    m = edit(1);
    m.endpoint = bad;
    assert_code(send("sp0", &m.base), CODE_SP_ENDPOINT);
    m.endpoint = url;
    m.p2p_endpoint = tcp;
    assert_code(send("sp0", &m.base), CODE_OK);
    const StorageProvider *sp = deal_sp(&f, 1);
    assert_string_equal(sp->endpoint, url); /* cess_8_142 */
    assert_string_equal(sp->p2p_endpoint, tcp);
    assert_string_equal(sp->description->moniker, "hello");
    m.sp_id = 99;
    assert_code(send("sp0", &m.base), CODE_SP_NOT_FOUND);
}

static void cess_8_140__capacity_below_what_is_stored_is_refused(void **state) {
    (void)state;
    struct deal d;
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 900 * CAIRN);
    deal_must(&d);
    uint64_t stored = deal_sp(&f, 1)->stored_bytes;
    assert_int_equal(stored, 200000);
    MsgEditSp m = edit(1);
    m.new_capacity_case = MSG_EDIT_SP__NEW_CAPACITY_CAPACITY;
    m.capacity = stored - 1;
    assert_code(send("sp0", &m.base), CODE_SP_CAPACITY);
    m.capacity = stored;
    assert_code(send("sp0", &m.base), CODE_OK);
    m.capacity = 0; /* no limit */
    assert_code(send("sp0", &m.base), CODE_OK);
}

static void cess_8_141__income_goes_to_the_beneficiary(void **state) {
    (void)state;
    MsgEditSp m = edit(1);
    MsgWithdraw w = MSG_WITHDRAW__INIT;
    struct deal d;
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 900 * CAIRN);
    deal_must(&d);
    m.beneficiary = fixture_addr_data(&f, "bob");
    assert_code(send("sp0", &m.base), CODE_DENIED); /* the money's owner decides, not the operator */
    static char url[] = "http://x";
    m.endpoint = url;
    m.beneficiary = fixture_addr_data(&f, "bob");
    assert_code(send("sp0.funding", &m.base), CODE_DENIED); /* and no more than that */
    m.endpoint = (char *)protobuf_c_empty_string;
    struct addr module = module_account_addr(MODULE_GOV);
    m.beneficiary = fixture_data(&f, module.b, sizeof module.b);
    assert_code(send("sp0.funding", &m.base), CODE_RECIPIENT);
    m.beneficiary = fixture_addr_data(&f, "bob");
    assert_code(send("sp0.funding", &m.base), CODE_OK);
    fixture_skip(&f, 10 * MINUTE);
    const StorageProvider *sp = deal_sp(&f, 1);
    uint64_t income = sp->income;
    assert_true(income > 0);
    assert_int_equal(sp->earned, income);
    w.sp_id = 1;
    assert_code(send("sp0", &w.base), CODE_OK);
    assert_int_equal(fixture_balance(&f, "bob"), income); /* cess_8_143 */
    assert_int_equal(deal_sp(&f, 1)->income, 0);
    assert_int_equal(deal_sp(&f, 1)->earned, income); /* cess_8_150 */
}

/* --- money --- */

static void greenfield_11_3_2__a_withdrawal_lowers_the_deposit(void **state) {
    (void)state;
    MsgWithdrawSp m = MSG_WITHDRAW_SP__INIT;
    m.sp_id = 1;
    assert_code(judge("sp0", &m.base), CODE_AMOUNT);
    m.amount = 1;
    assert_code(send("alice", &m.base), CODE_DENIED);
    uint64_t before = fixture_balance(&f, "sp0.funding");
    m.amount = 900 * CAIRN + 1; /* a deposit of 1000, 100 at least */
    assert_code(send("sp0", &m.base), CODE_SP_DEPOSIT);
    m.amount = UINT64_MAX;
    assert_code(send("sp0", &m.base), CODE_SP_DEPOSIT);
    m.amount = 900 * CAIRN;
    assert_code(send("sp0", &m.base), CODE_OK);
    assert_int_equal(deal_sp(&f, 1)->deposit, 100 * CAIRN);
    assert_int_equal(fixture_balance(&f, "sp0.funding"), before + 900 * CAIRN); /* cess_8_137 */
    m.amount = 1;
    assert_code(send("sp0", &m.base), CODE_SP_DEPOSIT);
}

static void needed_body(struct ctx *ctx, void *arg) {
    StorageProvider sp = STORAGE_PROVIDER__INIT;
    (void)arg;
    sp.stored_bytes = 150 * GIB;
    sp.reserved_bytes = 1;
    assert_int_equal(sp_deposit_needed(ctx->params->sp, &sp), 150 * CAIRN + 1);
    sp.stored_bytes = 100 * GIB;
    sp.reserved_bytes = 0;
    assert_int_equal(sp_deposit_needed(ctx->params->sp, &sp), 100 * CAIRN);
    sp.stored_bytes = 1;
    assert_int_equal(sp_deposit_needed(ctx->params->sp, &sp), 100 * CAIRN);
}

static void withdraw__never_below_the_stake_for_what_is_stored(void **state) {
    (void)state;
    fixture_with_ctx(&f, needed_body, NULL);
}

static void price__bounds(void **state) {
    (void)state;
    MsgSetSpPrice m = MSG_SET_SP_PRICE__INIT;
    const StorageProvider *sp = deal_sp(&f, 1);
    m.sp_id = 1;
    m.store_price = sp->store_price;
    m.read_price = sp->read_price;
    m.free_read_quota = sp->free_read_quota;
    m.free_read_once = sp->free_read_once;
    assert_code(send("sp0", &m.base), CODE_SP_UNCHANGED);
    m.store_price = f.params.payment.price_max + 1;
    assert_code(send("sp0", &m.base), CODE_PRICE);
    m.store_price = f.params.payment.price_max;
    m.read_price = 7;
    m.free_read_quota = UINT64_MAX;
    assert_code(send("sp1", &m.base), CODE_DENIED);
    assert_code(send("sp0", &m.base), CODE_OK);
    sp = deal_sp(&f, 1);
    assert_int_equal(sp->store_price, f.params.payment.price_max);
    assert_int_equal(sp->read_price, 7);
    assert_int_equal(sp->free_read_quota, UINT64_MAX);
}

/* --- maintenance --- */

static int maintain(uint32_t id, const char *who, uint64_t ms) {
    MsgSetSpStatus m = MSG_SET_SP_STATUS__INIT;
    m.sp_id = id;
    m.status = ms ? SP_STATUS_IN_MAINTENANCE : SP_STATUS_IN_SERVICE;
    m.duration_ms = ms;
    return send(who, &m.base);
}

static void maintenance__within_its_quota(void **state) {
    (void)state;
    uint64_t quota = f.params.sp.maintenance_quota_ms;
    assert_code(maintain(1, "alice", MINUTE), CODE_DENIED);
    assert_code(maintain(1, "sp0", 0), CODE_SP_STATUS); /* in service already */
    assert_code(maintain(1, "sp0", quota + 1), CODE_SP_MAINTENANCE);
    assert_code(maintain(1, "sp0", quota), CODE_OK);
    assert_int_equal(deal_sp(&f, 1)->status, SP_STATUS_IN_MAINTENANCE);
    assert_code(maintain(1, "sp0", MINUTE), CODE_SP_STATUS); /* in maintenance already */
    assert_code(maintain(1, "sp0", 0), CODE_OK);
    const StorageProvider *sp = deal_sp(&f, 1); /* what was not used is given back */
    assert_int_equal(sp->status, SP_STATUS_IN_SERVICE);
    assert_true(sp->maintenance_used <= 4 * f.params.consensus.heartbeat_ms);
    assert_code(maintain(1, "sp0", MINUTE), CODE_SP_MAINTENANCE); /* the gap */
    fixture_skip(&f, f.params.sp.maintenance_gap_ms);
    uint64_t left = quota - deal_sp(&f, 1)->maintenance_used;
    assert_code(maintain(1, "sp0", left + 1), CODE_SP_MAINTENANCE);
    assert_code(maintain(1, "sp0", left), CODE_OK);
    fixture_skip(&f, left); /* it ends by itself */
    assert_int_equal(deal_sp(&f, 1)->status, SP_STATUS_IN_SERVICE);
    fixture_skip(&f, f.params.sp.maintenance_gap_ms);
    assert_code(maintain(1, "sp0", 1), CODE_SP_MAINTENANCE); /* nothing is left */
    fixture_skip(&f, f.params.sp.maintenance_window_ms);
    assert_code(maintain(1, "sp0", quota), CODE_OK);
    MsgSetSpStatus m = MSG_SET_SP_STATUS__INIT;
    m.sp_id = 1;
    m.status = SP_STATUS_JAILED;
    assert_code(judge("sp0", &m.base), CODE_SP_STATUS);
    m.status = SP_STATUS_IN_SERVICE;
    m.duration_ms = 1;
    assert_code(judge("sp0", &m.base), CODE_INVALID_ARGUMENT);
}

static int do_exit(const char *who, uint32_t id) {
    MsgExitSp m = MSG_EXIT_SP__INIT;
    m.sp_id = id;
    return send(who, &m.base);
}

static int complete_exit(uint32_t id) {
    MsgCompleteExitSp m = MSG_COMPLETE_EXIT_SP__INIT;
    m.sp_id = id;
    return send("alice", &m.base);
}

static void greenfield_11_3_27__the_end_of_a_maintenance_touches_no_other_status(void **state) {
    (void)state;
    assert_code(maintain(1, "sp0", MINUTE), CODE_OK);
    assert_code(do_exit("sp0", 1), CODE_OK);
    fixture_skip(&f, 2 * MINUTE);
    assert_int_equal(deal_sp(&f, 1)->status, SP_STATUS_GRACEFUL_EXITING);
}

static void maintenance__takes_nothing_new(void **state) {
    (void)state;
    struct deal d;
    struct seal_try t;
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 900 * CAIRN);
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_must_create(&d);
    assert_code(maintain(4, "sp3", MINUTE), CODE_OK);
    deal_seal_try(&d, &t);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_SP_STATUS);
    assert_code(maintain(4, "sp3", 0), CODE_OK);
    deal_seal_try(&d, &t);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_OK);
}

static const Challenge *newest(void) {
    const ChallengesAnswer *all = fixture_query(&f, "/challenge/challenges", NULL);
    assert_true(all->n_challenges > 0);
    return all->challenges[all->n_challenges - 1];
}

static void maintenance__what_falls_due_waits_for_its_end(void **state) {
    (void)state;
    struct deal d;
    MsgSubmitChallenge m = MSG_SUBMIT_CHALLENGE__INIT;
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 900 * CAIRN);
    deal_must(&d);
    m.bucket_name = (char *)(uintptr_t)d.bucket;
    m.object_name = (char *)(uintptr_t)d.object;
    m.position = 3;
    m.any_segment = true;
    assert_code(send("alice", &m.base), CODE_OK);
    assert_code(maintain(4, "sp3", 5 * MINUTE), CODE_OK);
    uint64_t until = deal_sp(&f, 4)->maintenance_until;
    fixture_skip(&f, 5 * MINUTE - 2 * f.params.challenge.deadline_ms);
    assert_int_equal(newest()->status, CHALLENGE_STATUS_OPEN); /* its own deadline is long over */
    assert_int_equal(newest()->deadline, until + f.params.challenge.deadline_ms);
    fixture_skip(&f, until - fixture_ledger_time(&f));
    assert_int_equal(deal_sp(&f, 4)->status, SP_STATUS_IN_SERVICE);
    assert_int_equal(newest()->status, CHALLENGE_STATUS_OPEN);
    fixture_skip(&f, f.params.challenge.deadline_ms + 5000); /* and the guilty is not saved */
    assert_int_equal(newest()->status, CHALLENGE_STATUS_MISSED);
    assert_int_equal(deal_sp(&f, 4)->counters->challenges_missed, 1);
}

/* --- jail --- */

static int jail(struct ctx *ctx, void *arg, struct err *err) {
    return sp_jail(ctx, *(uint32_t *)arg, "test", err);
}

static int take_deposit(struct ctx *ctx, void *arg, struct err *err) {
    uint64_t taken = 0;
    for (int i = 0; i < 100; i++) {
        ctx->time += ctx->params->challenge->slash_window_ms;
        int rc = sp_slash(ctx, *(uint32_t *)arg, 10 * CAIRN, NULL, 0, &taken, err);
        if (rc)
            return rc;
    }
    ctx->time -= 100 * ctx->params->challenge->slash_window_ms;
    return CODE_OK;
}

static int revive(const char *who, uint32_t id) {
    MsgReviveSp m = MSG_REVIVE_SP__INIT;
    m.sp_id = id;
    return send(who, &m.base);
}

static void cess_8_155__who_lost_the_deposit_comes_back_by_adding_to_it(void **state) {
    (void)state;
    uint32_t id = 1;
    MsgDepositSp more = MSG_DEPOSIT_SP__INIT;
    assert_code(revive("sp0", id), CODE_SP_STATUS);
    assert_code(trigger_run(&f, jail, &id), CODE_OK);
    assert_code(trigger_run(&f, take_deposit, &id), CODE_OK);
    assert_int_equal(deal_sp(&f, id)->status, SP_STATUS_JAILED);
    assert_int_equal(deal_sp(&f, id)->deposit, 0);
    assert_code(revive("alice", id), CODE_DENIED);
    assert_code(revive("sp0", id), CODE_SP_JAILED); /* its time */
    fixture_skip(&f, f.params.sp.jail_time_ms);
    assert_code(revive("sp0", id), CODE_SP_DEPOSIT);
    more.sp_id = id;
    more.amount = 50 * CAIRN;
    assert_code(send("sp0", &more.base), CODE_OK);
    more.amount = 50 * CAIRN - 1;
    assert_code(send("sp0.funding", &more.base), CODE_OK);
    assert_code(revive("sp0", id), CODE_SP_DEPOSIT);
    more.amount = 1;
    assert_code(send("sp0.funding", &more.base), CODE_OK);
    assert_code(revive("sp0", id), CODE_OK); /* cess_8_139: active in the next block */
    assert_int_equal(deal_sp(&f, id)->status, SP_STATUS_IN_SERVICE);
}

static void greenfield_11_3_19__who_is_jailed_stores_nothing_new(void **state) {
    (void)state;
    uint32_t id = 3;
    MsgWithdrawSp w = MSG_WITHDRAW_SP__INIT;
    struct deal d;
    struct seal_try t;
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 900 * CAIRN);
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_must_create(&d);
    assert_code(trigger_run(&f, jail, &id), CODE_OK);
    deal_seal_try(&d, &t);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_SP_STATUS);
    w.sp_id = id; /* nor does it take its deposit away */
    w.amount = 1;
    assert_code(send("sp2", &w.base), CODE_SP_STATUS);
}

/* --- the way out --- */

static void cess_8_145__the_deposit_is_back_when_nothing_is_left_and_not_before(void **state) {
    (void)state;
    struct deal d;
    MsgDeleteObject del = MSG_DELETE_OBJECT__INIT;
    MsgCloseGroup close = MSG_CLOSE_GROUP__INIT;
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 900 * CAIRN);
    deal_must(&d);
    assert_code(complete_exit(1), CODE_SP_STATUS); /* it is not leaving */
    assert_code(do_exit("alice", 1), CODE_DENIED);
    assert_code(do_exit("sp0", 1), CODE_OK);
    assert_code(do_exit("sp0", 1), CODE_SP_STATUS);
    assert_code(complete_exit(1), CODE_SP_EXIT);
    const OpenSlotsAnswer *left = fixture_query(&f, "/sp/open_slots", "sp_id", "1", NULL); /* cess_8_144, cess_8_154 */
    assert_int_equal(left->n_slots, 1);
    assert_int_equal(left->slots[0]->bytes, 200000);
    assert_int_equal(left->bytes, 200000);
    close.group_id = d.group_id;
    assert_code(send("sp0", &close.base), CODE_PLACEMENT_GROUP_USED);
    del.bucket_name = (char *)(uintptr_t)d.bucket;
    del.object_name = (char *)(uintptr_t)d.object;
    assert_code(send("alice", &del.base), CODE_OK);
    assert_code(complete_exit(1), CODE_SP_EXIT); /* still a member of the group */
    assert_code(send("sp1", &close.base), CODE_DENIED);
    assert_code(send("sp0", &close.base), CODE_OK);
    uint64_t before = fixture_balance(&f, "sp0.funding");
    assert_code(complete_exit(1), CODE_OK);
    assert_int_equal(fixture_balance(&f, "sp0.funding"), before + 1000 * CAIRN);
    const StorageProvider *sp = deal_sp(&f, 1);
    assert_int_equal(sp->status, SP_STATUS_GONE);
    assert_int_equal(sp->deposit, 0);
    assert_int_equal(resolves("sp0"), 0);
    assert_int_equal(resolves("sp0.seal"), 0);
    assert_code(complete_exit(1), CODE_SP_STATUS);
    const SpTotals *totals = fixture_query(&f, "/sp/totals", NULL); /* cess_8_148 */
    assert_int_equal(totals->sps, 6);
    assert_int_equal(totals->gone, 1);
    assert_int_equal(totals->exiting, 0);
    MsgDepositSp more = MSG_DEPOSIT_SP__INIT;
    more.sp_id = 1;
    more.amount = 1;
    assert_code(send("sp0", &more.base), CODE_SP_STATUS);
    MsgEditSp m = edit(1);
    static char url[] = "http://x";
    m.endpoint = url;
    assert_code(send("sp0", &m.base), CODE_SP_STATUS);
    fixture_skip(&f, 2 * f.params.payment.settle_interval_ms);
    MsgWithdraw income = MSG_WITHDRAW__INIT; /* what it earned stays its own */
    income.sp_id = 1;
    assert_code(send("sp0.funding", &income.base), CODE_OK);
    MsgSend coins = MSG_SEND__INIT;
    coins.to = fixture_addr_data(&f, "sp0");
    coins.amount = 100 * CAIRN;
    assert_code(send("sp0.funding", &coins.base), CODE_OK);
    MsgRegisterSp again; /* and its keys are free */
    provider_registration(&f, "sp0", &again);
    assert_code(send("sp0", &again.base), CODE_OK);
    assert_int_equal(resolves("sp0.seal"), 8);
}

static int force_out(struct ctx *ctx, void *arg, struct err *err) {
    return sp_force_exit(ctx, *(uint32_t *)arg, err);
}

static const SpTotals *deal_totals(void) {
    return fixture_query(&f, "/sp/totals", NULL);
}

/* What the leaving have to hand over is bounded, not how many they are: those that store nothing keep nobody in. */
static void exit__so_many_bytes_at_a_time(void **state) {
    (void)state;
    struct deal d;
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 900 * CAIRN);
    deal_must(&d); /* 200000 bytes at the first, 50000 at each of six others: 30 % are 150000 */
    MsgRegisterSp m;
    provider_registration(&f, "newsp", &m);
    assert_code(send("newsp", &m.base), CODE_OK);
    assert_code(do_exit("newsp", 8), CODE_OK); /* with nothing */
    assert_int_equal(deal_totals()->exiting_bytes, 0);
    assert_code(do_exit("sp1", 2), CODE_OK);
    assert_code(do_exit("sp2", 3), CODE_OK);
    assert_int_equal(deal_totals()->exiting_bytes, deal_sp(&f, 2)->stored_bytes + deal_sp(&f, 3)->stored_bytes);
    assert_code(do_exit("sp0", 1), CODE_OK); /* it may be more by one's bytes: who is large can leave, too */
    assert_code(do_exit("sp3", 4), CODE_SP_EXIT_LIMIT);
    uint32_t id = 1;
    assert_code(trigger_run(&f, force_out, &id), CODE_OK); /* nobody waits for one that is out */
    assert_code(do_exit("sp3", 4), CODE_OK);
    assert_code(do_exit("sp4", 5), CODE_SP_EXIT_LIMIT);
}

static void draws__none_for_who_is_away(void **state) {
    (void)state;
    struct deal d;
    uint32_t out = 5;
    fixture_release(&f);
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    trigger_install(&f);
    fixture_start(&f); /* a floor of draws every few seconds */
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 900 * CAIRN);
    deal_must(&d);
    assert_code(maintain(4, "sp3", 5 * MINUTE), CODE_OK);
    assert_code(trigger_run(&f, force_out, &out), CODE_OK);
    for (int i = 0; i < 30; i++) {
        fixture_skip(&f, 1000);
        for (size_t j = 0; j < f.outcome.results->n_begin_events; j++) {
            const Event *e = f.outcome.results->begin_events[j];
            if (strcmp(e->type, "challenge.opened") == 0) {
                assert_string_not_equal(fixture_attribute(e, "sp"), "4");
                assert_string_not_equal(fixture_attribute(e, "sp"), "5");
            }
        }
    }
    assert_true(deal_sp(&f, 1)->counters->open_challenges + deal_sp(&f, 1)->counters->challenges_missed > 0);
}

static void greenfield_1_7__who_stalls_in_a_graceful_exit_can_be_forced_out(void **state) {
    (void)state;
    uint32_t ids[] = {1, 2, 3, 4, 99};
    assert_code(do_exit("sp0", 1), CODE_OK);
    assert_code(do_exit("sp1", 2), CODE_OK);
    assert_code(do_exit("sp2", 3), CODE_OK);
    assert_code(trigger_run(&f, force_out, &ids[0]), CODE_OK);
    assert_code(trigger_run(&f, force_out, &ids[3]), CODE_OK); /* the bound is for graceful ones */
    assert_code(trigger_run(&f, force_out, &ids[0]), CODE_SP_STATUS);
    assert_code(trigger_run(&f, force_out, &ids[4]), CODE_SP_NOT_FOUND);
    assert_int_equal(deal_sp(&f, 1)->status, SP_STATUS_FORCED_EXITING);
    uint64_t before = fixture_balance(&f, "sp0.funding");
    assert_code(complete_exit(1), CODE_OK); /* the deposit is kept */
    assert_int_equal(fixture_balance(&f, "sp0.funding"), before);
    assert_int_equal(deal_sp(&f, 1)->counters->slashed, 1000 * CAIRN);
    assert_code(revive("sp3", 4), CODE_SP_STATUS);
    assert_code(do_exit("sp3", 4), CODE_SP_STATUS);
}

/* --- groups --- */

static void group__an_empty_one_ends_by_itself(void **state) {
    (void)state;
    struct deal d;
    struct key k;
    MsgDeleteObject del = MSG_DELETE_OBJECT__INIT;
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 900 * CAIRN);
    deal_must(&d);
    fixture_skip(&f, f.params.sp.group_idle_ms + MINUTE);
    assert_non_null(fixture_record(&f, key_placement_group(&k, d.group_id), &placement_group__descriptor));
    del.bucket_name = (char *)(uintptr_t)d.bucket;
    del.object_name = (char *)(uintptr_t)d.object;
    assert_code(send("alice", &del.base), CODE_OK);
    fixture_skip(&f, f.params.sp.group_idle_ms - 2 * MINUTE);
    assert_non_null(fixture_record(&f, key_placement_group(&k, d.group_id), &placement_group__descriptor));
    uint64_t before = fixture_balance(&f, "sp0");
    fixture_skip(&f, 4 * MINUTE);
    assert_null(fixture_record(&f, key_placement_group(&k, d.group_id), &placement_group__descriptor));
    assert_int_equal(fixture_balance(&f, "sp0"), before + f.params.sp.group_bond); /* greenfield_11_3_1: to who paid */
    assert_int_equal(deal_sp(&f, 1)->counters->primary_groups, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(greenfield_11_3_8__a_key_is_registered_only_by_its_holder),
          T(cess_8_138__one_transaction_registers_all_keys), T(register__only_who_was_admitted),
          T(greenfield_11_3_8__a_rotated_out_key_leads_nowhere_at_once), T(edit__keys_may_change_places),
          T(edit__a_key_of_another_provider), T(edit__only_what_is_named),
          T(cess_8_140__capacity_below_what_is_stored_is_refused), T(cess_8_141__income_goes_to_the_beneficiary),
          T(greenfield_11_3_2__a_withdrawal_lowers_the_deposit), T(withdraw__never_below_the_stake_for_what_is_stored),
          T(price__bounds), T(maintenance__within_its_quota),
          T(greenfield_11_3_27__the_end_of_a_maintenance_touches_no_other_status), T(maintenance__takes_nothing_new),
          T(maintenance__what_falls_due_waits_for_its_end), T(draws__none_for_who_is_away),
          T(cess_8_155__who_lost_the_deposit_comes_back_by_adding_to_it),
          T(greenfield_11_3_19__who_is_jailed_stores_nothing_new),
          T(cess_8_145__the_deposit_is_back_when_nothing_is_left_and_not_before), T(exit__so_many_bytes_at_a_time),
          T(greenfield_1_7__who_stalls_in_a_graceful_exit_can_be_forced_out), T(group__an_empty_one_ends_by_itself))
