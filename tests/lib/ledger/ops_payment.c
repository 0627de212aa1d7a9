/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about payment. */
#include "tests/lib/ledger/ops.h"

static void op_deposit(struct world *w) {
    MsgDeposit m = MSG_DEPOSIT__INIT;
    if (w->f.height % 450 > 150 && !seldom(w, 30))
        return; /* lean years: accounts freeze, some for good */
    m.payment_address = fixture_addr_data(&w->f, an_owner(w));
    m.amount = seldom(w, 10) ? an_amount(w) : 1 + below(w, 3 * PEBBLE_PER_CAIRN);
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

static const struct world_op rows[] = {
    {"deposit", 6, op_deposit},
    {"withdraw", 3, op_withdraw},
    {"pay_out", 2, op_pay_out},
    {"create_purse", 1, op_create_purse},
    {"fill_purse", 2, op_fill_purse},
    {"empty_purse", 3, op_empty_purse},
    {"disable_refund", 1, op_disable_refund},
};
const struct world_ops ops_payment = WORLD_OPS(rows);
