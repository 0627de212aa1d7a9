/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about payment. */
#include "tests/lib/ledger/ops.h"

#include "chain/types/keys_app.h"
#include "chain/types/keys_payment.h"
#include "chain/types/signed.h"

#include "cairn/state.h"

static void op_deposit(struct world *w) {
    MsgDeposit m = MSG_DEPOSIT__INIT;
    if (w->f.height % 150 > 90 && !seldom(w, 30))
        return; /* lean years: accounts freeze, some for good */
    m.payment_address = fixture_addr_data(&w->f, an_owner(w));
    m.amount = seldom(w, 10) ? an_amount(w) : 1 + below(w, 4 * PEBBLE_PER_CAIRN);
    fixture_do(&w->f, seldom(w, 5) ? anybody(w) : an_owner(w), &m.base);
}

static void op_withdraw(struct world *w) {
    MsgWithdraw m = MSG_WITHDRAW__INIT;
    const char *who = an_owner(w);
    m.payment_address = fixture_addr_data(&w->f, seldom(w, 5) ? an_owner(w) : who);
    m.amount = an_amount(w);
    fixture_do(&w->f, who, &m.base);
}

static void op_pay_out(struct world *w) {
    MsgWithdraw m = MSG_WITHDRAW__INIT;
    unsigned i = (unsigned)below(w, w->f.sps);
    m.sp_id = i + 1;
    m.amount = seldom(w, 3) ? an_amount(w) : 0;
    fixture_do(&w->f, seldom(w, 5) ? anybody(w) : arena_printf(&w->f.tx_arena, "sp%u", i), &m.base);
}

/* The owner's own account, or one of those with a number, made or not. */
static ProtobufCBinaryData a_purse(struct world *w, const char *owner) {
    struct addr a = fixture_addr(owner);
    uint64_t index = below(w, 4);
    if (index)
        a = addr_of_payment(&a, (uint32_t)index);
    return fixture_data(&w->f, a.b, sizeof a.b);
}

static void op_create_purse(struct world *w) {
    MsgCreatePaymentAccount m = MSG_CREATE_PAYMENT_ACCOUNT__INIT;
    fixture_do(&w->f, an_owner(w), &m.base);
}

static void op_fill_purse(struct world *w) {
    MsgDeposit m = MSG_DEPOSIT__INIT;
    const char *who = an_owner(w);
    m.payment_address = a_purse(w, who);
    m.amount = an_amount(w);
    fixture_do(&w->f, seldom(w, 5) ? anybody(w) : who, &m.base);
}

static void op_empty_purse(struct world *w) {
    MsgWithdraw m = MSG_WITHDRAW__INIT;
    const char *who = an_owner(w);
    m.payment_address = a_purse(w, seldom(w, 5) ? an_owner(w) : who);
    m.amount = seldom(w, 3) ? an_amount(w) : 1 + below(w, 3 * PEBBLE_PER_CAIRN);
    fixture_do(&w->f, who, &m.base);
}

/* Only of numbered ones: the owners' own would starve the world. */
static void op_disable_refund(struct world *w) {
    MsgDisableRefund m = MSG_DISABLE_REFUND__INIT;
    const char *who = an_owner(w);
    struct addr a = fixture_addr(who);
    a = addr_of_payment(&a, 1 + (uint32_t)below(w, 3));
    m.payment_address = fixture_data(&w->f, a.b, sizeof a.b);
    fixture_do(&w->f, seldom(w, 4) ? anybody(w) : who, &m.base);
}

/* --- channels --- */

static uint64_t a_channel(struct world *w) {
    struct key k;
    const Sequences *s = fixture_record(&w->f, key_sequences(&k), &sequences__descriptor);
    uint64_t n = s ? s->channel : 0;
    return n - u64_min(n, below(w, 12)) + seldom(w, 20); /* mostly one of the last */
}

static void op_open_channel(struct world *w) {
    MsgOpenChannel m = MSG_OPEN_CHANNEL__INIT;
    const PaymentParams *p = &w->f.params.payment;
    m.payee = fixture_addr_data(&w->f, an_owner(w));
    m.amount = 1 + below(w, PEBBLE_PER_CAIRN);
    m.expires_at = fixture_ledger_time(&w->f) + below(w, p->channel_term_max_ms + p->channel_redeem_ms);
    fixture_do(&w->f, an_owner(w), &m.base);
}

static void op_top_up_channel(struct world *w) {
    MsgTopUpChannel m = MSG_TOP_UP_CHANNEL__INIT;
    m.channel_id = a_channel(w);
    m.amount = below(w, PEBBLE_PER_CAIRN);
    m.expires_at = seldom(w, 2) ? fixture_ledger_time(&w->f) + below(w, w->f.params.payment.channel_term_max_ms) : 0;
    fixture_do(&w->f, an_owner(w), &m.base);
}

/* The owner that has this address. */
static const char *owner_of(struct world *w, ProtobufCBinaryData addr) {
    for (unsigned i = 0; i < WORLD_OWNERS; i++) {
        struct addr a = fixture_addr(w->names[i][0]);
        if (addr.len == sizeof a.b && memcmp(addr.data, a.b, sizeof a.b) == 0)
            return w->names[i][0];
    }
    return an_owner(w);
}

static void op_redeem_channel(struct world *w) {
    MsgRedeemChannel m = MSG_REDEEM_CHANNEL__INIT;
    Voucher v = VOUCHER__INIT;
    struct key k;
    struct err err = {0};
    v.channel_id = a_channel(w);
    const Channel *c = fixture_record(&w->f, key_channel(&k, v.channel_id), &channel__descriptor);
    struct seckey key = fixture_key(c && !seldom(w, 8) ? owner_of(w, c->payer) : an_owner(w));
    v.chain_tag = fixture_data(&w->f, w->f.chain_tag.b, sizeof w->f.chain_tag.b);
    v.amount = below(w, 2 * PEBBLE_PER_CAIRN);
    assert_ok(voucher_sign(&v, &key, &w->f.chain_tag, &w->f.tx_arena, &m.voucher, &err), &err);
    fixture_do(&w->f, c && !seldom(w, 8) ? owner_of(w, c->payee) : an_owner(w), &m.base);
}

static void op_close_channel(struct world *w) {
    MsgCloseChannel m = MSG_CLOSE_CHANNEL__INIT;
    m.channel_id = a_channel(w);
    fixture_do(&w->f, an_owner(w), &m.base);
}

static const struct world_op rows[] = {
    {"deposit", 6, op_deposit},
    {"withdraw", 3, op_withdraw},
    {"pay_out", 2, op_pay_out},
    {"create_purse", 1, op_create_purse},
    {"fill_purse", 2, op_fill_purse},
    {"empty_purse", 3, op_empty_purse},
    {"disable_refund", 1, op_disable_refund},
    {"open_channel", 4, op_open_channel},
    {"top_up_channel", 2, op_top_up_channel},
    {"redeem_channel", 5, op_redeem_channel},
    {"close_channel", 2, op_close_channel},
};
const struct world_ops ops_payment = WORLD_OPS(rows);
