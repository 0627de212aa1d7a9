/* SPDX-License-Identifier: Apache-2.0 */
#include "cairn/state.h"
#include "chain/types/keys_payment.h"
#include "x/payment/account.h"
#include "x/payment/msgs.h"

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_DEPOSIT, .desc = &msg_deposit__descriptor, .check = msg_deposit_check, .run = msg_deposit_run},
    {.kind = MSG__BODY_WITHDRAW,
     .desc = &msg_withdraw__descriptor,
     .check = msg_withdraw_check,
     .run = msg_withdraw_run},
};

static uint64_t settlements(const struct ctx *ctx) {
    return ctx->params->payment->settlements_per_block;
}

static const struct hook end[] = {
    {.name = "payment.accounts", .cap = settlements, .module = KEY_PAYMENT, .queue = 'd', .due = payment_due},
    {.name = "payment.slots", .cap = settlements, .module = KEY_PAYMENT, .queue = 's', .due = payment_slot_due},
};

static int query_account(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx;
    struct addr addr;
    int rc = addr_need(((const AddressQuery *)question)->address, "address", &addr, err);
    if (rc == CODE_OK)
        key_payment_account(ret, &addr);
    return rc;
}

/* The same, as it is at the newest block: what has been owed since the last settlement is paid. */
static int query_settled(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    struct addr addr;
    int rc = addr_need(((const AddressQuery *)question)->address, "address", &addr, err);
    return rc ? rc : payment_open(ctx, &addr, false, (PaymentAccount **)ret_answer, err);
}

static const struct query queries[] = {
    {.path = "/payment/account",
     .help = "a payment account's record, as it was when something touched it last: address",
     .question = &address_query__descriptor,
     .answer = &payment_account__descriptor,
     .key = query_account},
    {.path = "/payment/balance",
     .help = "a payment account with everything paid that is owed by now: address",
     .question = &address_query__descriptor,
     .answer = &payment_account__descriptor,
     .run = query_settled},
};

const struct module payment_module = {
    .name = "payment",
    .id = KEY_PAYMENT,
    .msgs = msgs,
    .msgs_n = COUNT_OF(msgs),
    .end = end,
    .end_n = COUNT_OF(end),
    .queries = queries,
    .queries_n = COUNT_OF(queries),
    .invariants = payment_invariants,
};
