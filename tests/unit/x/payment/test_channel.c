/* SPDX-License-Identifier: Apache-2.0 */
/* Channels: open, top up, redeem by vouchers, close; each precondition violated alone. */
#include "tests/lib/ledger/fixture.h"

#include "chain/codec/bech32.h"
#include "chain/types/keys_payment.h"
#include "chain/types/signed.h"
#include "x/auth/account.h"
#include "x/payment/channel.h"
#include "x/payment/msgs.h"

#define HOUR  ((uint64_t)3600000)
#define DAY   (24 * HOUR)
#define CAIRN PEBBLE_PER_CAIRN

static struct fixture f;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "bob", 10 * CAIRN);
    fixture_account(&f, "carol", 10 * CAIRN);
    f.params.payment.channels_per_payer = 3;
    f.params.payment.channel_redeem_ms = HOUR;
    f.params.payment.channel_term_max_ms = 30 * DAY;
    f.step_ms = 10000;
    f.params.auth.fee_per_byte = f.params.auth.fee_per_message = 0; /* balances to the pebble */
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static uint64_t now(void) {
    return fixture_ledger_time(&f);
}

static int open_at(const char *payer, const char *payee, uint64_t amount, uint64_t expires_at) {
    MsgOpenChannel m = MSG_OPEN_CHANNEL__INIT;
    m.payee = fixture_addr_data(&f, payee);
    m.amount = amount;
    m.expires_at = expires_at;
    return (int)fixture_do(&f, payer, &m.base)->code;
}

static int open_channel(void) {
    return open_at("alice", "bob", 10 * CAIRN, now() + DAY);
}

static int top_up(const char *who, uint64_t id, uint64_t amount, uint64_t expires_at) {
    MsgTopUpChannel m = MSG_TOP_UP_CHANNEL__INIT;
    m.channel_id = id;
    m.amount = amount;
    m.expires_at = expires_at;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static SignedVoucher *sign(const char *who, const struct hash *tag, uint64_t id, uint64_t amount) {
    Voucher v = VOUCHER__INIT;
    SignedVoucher *out;
    struct err err = {0};
    struct seckey key = fixture_key(who);
    v.chain_tag = fixture_data(&f, tag->b, sizeof tag->b);
    v.channel_id = id;
    v.amount = amount;
    assert_ok(voucher_sign(&v, &key, tag, &f.tx_arena, &out, &err), &err);
    return out;
}

static int redeem_as(const char *who, SignedVoucher *voucher) {
    MsgRedeemChannel m = MSG_REDEEM_CHANNEL__INIT;
    m.voucher = voucher;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static int redeem(uint64_t id, uint64_t amount) {
    return redeem_as("bob", sign("alice", &f.chain_tag, id, amount));
}

static int close_channel(const char *who, uint64_t id) {
    MsgCloseChannel m = MSG_CLOSE_CHANNEL__INIT;
    m.channel_id = id;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static const Channel *record(uint64_t id) {
    struct key k;
    return fixture_record(&f, key_channel(&k, id), &channel__descriptor);
}

/* poss-point.md D2 row 14: the second payment finds the channel that the first one opened. */
static void point_d2_14__a_channel_is_opened_once_and_reused(void **state) {
    (void)state;
    char alice[ADDR_TEXT_MAX], bob[ADDR_TEXT_MAX];
    struct addr a = fixture_addr("alice"), b = fixture_addr("bob");
    addr_to_text(&a, alice);
    addr_to_text(&b, bob);
    assert_code(open_channel(), CODE_OK);
    assert_non_null(fixture_event(&f, "payment.channel_opened"));
    const ChannelsAnswer *of = fixture_query(&f, "/payment/channels", "payer", alice, NULL);
    assert_int_equal(of->n_channels, 1);
    assert_int_equal(of->channels[0]->id, 1);
    of = fixture_query(&f, "/payment/channels", "payee", bob, NULL);
    assert_int_equal(of->n_channels, 1);
    for (uint64_t i = 1; i <= 3; i++)
        assert_code(redeem(1, i * CAIRN), CODE_OK);
    assert_int_equal(fixture_balance(&f, "bob"), 13 * CAIRN);
    assert_int_equal(record(1)->redeemed, 3 * CAIRN);
    assert_int_equal(fixture_balance(&f, "alice"), 990 * CAIRN);
}

static void open__what_it_refuses(void **state) {
    (void)state;
    assert_code(open_at("alice", "alice", CAIRN, now() + DAY), CODE_CHANNEL_PAYEE);
    MsgOpenChannel m = MSG_OPEN_CHANNEL__INIT;
    struct addr module = module_account_addr(MODULE_FEES);
    m.payee = fixture_data(&f, module.b, sizeof module.b);
    m.amount = 1;
    m.expires_at = now() + DAY;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_CHANNEL_PAYEE);
    assert_code(open_at("bob", "alice", 10 * CAIRN + 1, now() + DAY), CODE_INSUFFICIENT_FUNDS);
    assert_code(open_at("bob", "alice", UINT64_MAX, now() + DAY), CODE_INSUFFICIENT_FUNDS);
    /* the block that carries it is a step later than the one we look at */
    assert_code(open_at("alice", "bob", 1, now() + HOUR), CODE_CHANNEL_EXPIRY);
    assert_code(open_at("alice", "bob", 1, now() + 31 * DAY), CODE_CHANNEL_EXPIRY);
    assert_code(open_at("alice", "bob", 1, UINT64_MAX), CODE_CHANNEL_EXPIRY);
    assert_code(open_at("alice", "bob", 1, 0), CODE_CHANNEL_EXPIRY);
    assert_null(record(1));
}

static int top_up_in(struct ctx *ctx, uint64_t amount, struct err *err) {
    MsgTopUpChannel m = MSG_TOP_UP_CHANNEL__INIT;
    m.channel_id = 1;
    m.amount = amount;
    return msg_top_up_channel_run(ctx, &m, err);
}

static void long_life_in(struct ctx *ctx, void *arg) {
    (void)arg;
    struct err err = {0};
    Channel *c;
    ctx->signer = fixture_addr("alice");
    assert_ok(channel_get(ctx, 1, &c, &err), &err);
    c->deposit = UINT64_MAX - 5;
    c->redeemed = c->deposit - 10 * CAIRN;
    assert_ok(channel_put(ctx, c, &err), &err);
    assert_code(top_up_in(ctx, 6, &err), CODE_AMOUNT);
    assert_ok(top_up_in(ctx, 5, &err), &err);
    assert_ok(channel_get(ctx, 1, &c, &err), &err);
    assert_true(c->deposit == UINT64_MAX);
}

/* Coins that come back to the payer can be put in again and again: what a channel has held in all is counted. */
static void top_up__counts_no_further_than_a_number_goes(void **state) {
    (void)state;
    assert_code(open_channel(), CODE_OK);
    fixture_with_ctx(&f, long_life_in, NULL);
}

static void open__without_coins_or_payee_never_enters_a_block(void **state) {
    (void)state;
    struct app_admission admission;
    MsgOpenChannel m = MSG_OPEN_CHANNEL__INIT;
    m.payee = fixture_addr_data(&f, "bob");
    Msg *none[] = {fixture_msg(&f, "alice", &m.base)};
    assert_code(fixture_check(&f, fixture_tx(&f, "alice", 0, none, 1), &admission, NULL), CODE_AMOUNT);
    m = (MsgOpenChannel)MSG_OPEN_CHANNEL__INIT;
    m.amount = 5;
    Msg *nobody[] = {fixture_msg(&f, "alice", &m.base)};
    assert_code(fixture_check(&f, fixture_tx(&f, "alice", 0, nobody, 1), &admission, NULL), CODE_INVALID_ARGUMENT);
    MsgRedeemChannel r = MSG_REDEEM_CHANNEL__INIT;
    Msg *empty[] = {fixture_msg(&f, "bob", &r.base)};
    assert_code(fixture_check(&f, fixture_tx(&f, "bob", 0, empty, 1), &admission, NULL), CODE_VOUCHER);
}

static void open__as_many_as_allowed_and_not_one_more(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_code(open_channel(), CODE_OK);
    assert_code(open_channel(), CODE_CHANNEL_LIMIT);
    assert_code(close_channel("bob", 2), CODE_OK);
    assert_code(open_channel(), CODE_OK);
    assert_non_null(record(4)); /* an id is never used again; the refused one took none */
    assert_null(record(2));
}

static void top_up__more_coins_and_more_time(void **state) {
    (void)state;
    assert_code(open_channel(), CODE_OK);
    uint64_t expires = record(1)->expires_at;
    assert_code(top_up("alice", 1, CAIRN, 0), CODE_OK);
    assert_int_equal(record(1)->deposit, 11 * CAIRN);
    assert_code(top_up("alice", 1, 0, expires + 1), CODE_OK);
    assert_int_equal(record(1)->close_at, expires + 1);
    assert_code(top_up("alice", 1, 0, expires + 1), CODE_CHANNEL_EXPIRY);
    assert_code(top_up("alice", 1, 0, now() + 31 * DAY), CODE_CHANNEL_EXPIRY);
    assert_code(top_up("bob", 1, CAIRN, 0), CODE_CHANNEL_PARTY);
    assert_code(top_up("alice", 2, CAIRN, 0), CODE_CHANNEL_NOT_FOUND);
    assert_code(top_up("alice", 1, 2000 * CAIRN, 0), CODE_INSUFFICIENT_FUNDS);
    assert_code(close_channel("alice", 1), CODE_OK);
    assert_code(top_up("alice", 1, CAIRN, 0), CODE_CHANNEL_CLOSING);
}

static void redeem__only_what_the_payer_signed_for_this_channel_and_chain(void **state) {
    (void)state;
    struct hash other = {{1}};
    assert_code(open_channel(), CODE_OK);
    assert_code(open_at("carol", "bob", CAIRN, now() + DAY), CODE_OK);
    assert_code(redeem_as("bob", sign("carol", &f.chain_tag, 1, CAIRN)), CODE_VOUCHER);
    assert_code(redeem_as("bob", sign("bob", &f.chain_tag, 1, CAIRN)), CODE_VOUCHER);
    assert_code(redeem_as("bob", sign("alice", &other, 1, CAIRN)), CODE_CHAIN_MISMATCH);
    assert_code(redeem_as("bob", sign("alice", &f.chain_tag, 2, CAIRN)), CODE_VOUCHER); /* carol's channel */
    assert_code(redeem_as("bob", sign("alice", &f.chain_tag, 3, CAIRN)), CODE_CHANNEL_NOT_FOUND);
    assert_code(redeem_as("carol", sign("alice", &f.chain_tag, 1, CAIRN)), CODE_CHANNEL_PARTY);
    assert_code(redeem_as("alice", sign("alice", &f.chain_tag, 1, CAIRN)), CODE_CHANNEL_PARTY);
    SignedVoucher *flipped = sign("alice", &f.chain_tag, 1, CAIRN);
    flipped->signature.data[40] ^= 1;
    assert_code(redeem_as("bob", flipped), CODE_VOUCHER);
    SignedVoucher *odd = sign("alice", &f.chain_tag, 1, CAIRN);
    odd->voucher.len--;
    assert_true(redeem_as("bob", odd) != CODE_OK);
    assert_int_equal(fixture_balance(&f, "bob"), 10 * CAIRN);
    assert_code(redeem(1, CAIRN), CODE_OK);
}

static void redeem__is_cumulative_and_bounded_by_the_deposit(void **state) {
    (void)state;
    assert_code(open_channel(), CODE_OK);
    assert_code(redeem(1, 0), CODE_VOUCHER_SPENT);
    assert_code(redeem(1, 4 * CAIRN), CODE_OK);
    assert_code(redeem(1, 4 * CAIRN), CODE_VOUCHER_SPENT); /* the same again */
    assert_code(redeem(1, 3 * CAIRN), CODE_VOUCHER_SPENT); /* an old one */
    assert_code(redeem(1, UINT64_MAX), CODE_OK);           /* what is there */
    assert_int_equal(fixture_balance(&f, "bob"), 20 * CAIRN);
    assert_code(redeem(1, UINT64_MAX), CODE_VOUCHER_SPENT);
    assert_code(top_up("alice", 1, CAIRN, 0), CODE_OK);
    assert_code(redeem(1, UINT64_MAX), CODE_OK);
    assert_int_equal(fixture_balance(&f, "bob"), 21 * CAIRN);
}

static void close__the_payee_at_once(void **state) {
    (void)state;
    assert_code(open_channel(), CODE_OK);
    assert_code(redeem(1, 4 * CAIRN), CODE_OK);
    assert_code(close_channel("carol", 1), CODE_CHANNEL_PARTY);
    assert_code(close_channel("bob", 1), CODE_OK);
    assert_null(record(1));
    assert_int_equal(fixture_balance(&f, "alice"), 996 * CAIRN);
    assert_int_equal(fixture_balance(&f, "bob"), 14 * CAIRN);
    assert_code(close_channel("bob", 1), CODE_CHANNEL_NOT_FOUND);
    assert_code(redeem(1, 10 * CAIRN), CODE_CHANNEL_NOT_FOUND);
}

static void close__the_payer_waits_the_redeem_time(void **state) {
    (void)state;
    assert_code(open_channel(), CODE_OK);
    assert_code(close_channel("alice", 1), CODE_OK);
    assert_non_null(fixture_event(&f, "payment.channel_closing"));
    assert_int_equal(record(1)->close_at, now() + HOUR);
    assert_code(close_channel("alice", 1), CODE_CHANNEL_CLOSING);
    fixture_skip(&f, HOUR / 2);
    assert_code(redeem(1, 7 * CAIRN), CODE_OK); /* in time */
    fixture_skip(&f, HOUR);
    assert_null(record(1));
    assert_int_equal(fixture_balance(&f, "alice"), 993 * CAIRN);
    assert_int_equal(fixture_balance(&f, "bob"), 17 * CAIRN);
}

static void expiry__returns_the_rest(void **state) {
    (void)state;
    assert_code(open_at("alice", "bob", 10 * CAIRN, now() + 2 * HOUR), CODE_OK);
    fixture_skip(&f, HOUR + HOUR / 2);
    assert_code(close_channel("alice", 1), CODE_OK); /* closing moves the end no further than the expiry */
    assert_int_equal(record(1)->close_at, record(1)->expires_at);
    assert_code(redeem(1, CAIRN), CODE_OK);
    fixture_skip(&f, HOUR / 2 + 60000);
    assert_null(record(1));
    assert_int_equal(fixture_balance(&f, "alice"), 999 * CAIRN);
}

/* The ledger may come late to an end; nobody gains by that. */
static void end__nothing_is_redeemed_behind_it_whatever_the_backlog(void **state) {
    (void)state;
    teardown(NULL);
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "bob", 10 * CAIRN);
    f.params.payment.settlements_per_block = 1;
    f.params.payment.channels_per_payer = 8;
    f.step_ms = 10000;
    fixture_start(&f);
    uint64_t at = now() + 2 * HOUR;
    for (int i = 0; i < 4; i++)
        assert_code(open_at("alice", "bob", CAIRN, at), CODE_OK);
    while (now() < at)
        fixture_block(&f, NULL, 0);
    assert_null(record(1));
    assert_non_null(record(4));
    assert_code(redeem(4, CAIRN), CODE_CHANNEL_CLOSING);
    assert_code(top_up("alice", 4, 1, 0), CODE_CHANNEL_CLOSING);
    fixture_block(&f, NULL, 0);
    fixture_block(&f, NULL, 0);
    assert_null(record(4));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(point_d2_14__a_channel_is_opened_once_and_reused), T(open__what_it_refuses),
          T(top_up__counts_no_further_than_a_number_goes), T(open__without_coins_or_payee_never_enters_a_block),
          T(open__as_many_as_allowed_and_not_one_more), T(top_up__more_coins_and_more_time),
          T(redeem__only_what_the_payer_signed_for_this_channel_and_chain),
          T(redeem__is_cumulative_and_bounded_by_the_deposit), T(close__the_payee_at_once),
          T(close__the_payer_waits_the_redeem_time), T(expiry__returns_the_rest),
          T(end__nothing_is_redeemed_behind_it_whatever_the_backlog))
