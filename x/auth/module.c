/* SPDX-License-Identifier: Apache-2.0 */
#include "cairn/state.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_auth.h"
#include "x/auth/account.h"
#include "x/auth/msgs.h"
#include "x/auth/unordered.h"

#include <inttypes.h>

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_SEND, .desc = &msg_send__descriptor, .check = msg_send_check, .run = msg_send_run},
};

static int genesis_modules(struct ctx *ctx, struct err *err) {
    int rc = CODE_OK;
    for (int i = 0; rc == CODE_OK && i < MODULE_ACCOUNTS; i++) {
        struct addr addr = module_account_addr((enum module_account)i);
        Account account = ACCOUNT__INIT;
        account.module = ctx_str(ctx, module_account_name((enum module_account)i));
        rc = account_put(ctx, &addr, &account, err);
    }
    return rc;
}

static int genesis_account(struct ctx *ctx, size_t i, const GenesisAccount *in, struct err *err) {
    struct addr addr;
    Account *account;
    if (!addr_of_field(in->address, &addr))
        return err_set(err, CODE_INVALID_ARGUMENT, "accounts[%zu] needs an address of 20 bytes", i);
    int rc = account_get(ctx, &addr, &account, err);
    if (rc)
        return rc;
    if (account->module[0] || account->balance)
        return err_set(err, CODE_INVALID_ARGUMENT, "accounts[%zu] is there twice, or belongs to a module", i);
    account->balance = in->balance;
    return account_put(ctx, &addr, account, err);
}

/* The supply is what genesis gives; nothing is ever added to it. */
static int genesis(struct ctx *ctx, const Genesis *genesis, struct err *err) {
    uint64_t supply = 0;
    int rc = genesis_modules(ctx, err);
    for (size_t i = 0; rc == CODE_OK && i < genesis->n_accounts; i++) {
        if (!u64_add(supply, genesis->accounts[i]->balance, &supply))
            return err_set(err, CODE_INVALID_ARGUMENT, "the balances of all accounts do not fit into 64 bits");
        rc = genesis_account(ctx, i, genesis->accounts[i], err);
    }
    ctx->supply = supply;
    return rc;
}

static int invariants(struct ctx *ctx, struct err *err) {
    uint64_t sum;
    int rc = coins_sum(ctx, &sum, err);
    if (rc == CODE_OK && sum != ctx->supply)
        rc = err_set(err, CODE_INTERNAL, "all accounts hold %" PRIu64 " pebble, the supply is %" PRIu64, sum,
                     ctx->supply);
    return rc ? rc : unordered_check(ctx, err);
}

static int query_account(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx;
    struct addr addr;
    int rc = addr_need(((const AddressQuery *)question)->address, "address", &addr, err);
    if (rc == CODE_OK)
        key_account(ret, &addr);
    return rc;
}

static const struct query queries[] = {
    {.path = "/auth/account",
     .help = "an account's record: address",
     .question = &address_query__descriptor,
     .answer = &account__descriptor,
     .key = query_account},
};

static const struct hook end[] = {
    {.name = "auth.unordered", .cap = unordered_forget_cap, .step = unordered_forget},
};

const struct module auth_module = {
    .name = "auth",
    .id = KEY_AUTH,
    .msgs = msgs,
    .msgs_n = COUNT_OF(msgs),
    .end = end,
    .end_n = COUNT_OF(end),
    .queries = queries,
    .queries_n = COUNT_OF(queries),
    .genesis = genesis,
    .invariants = invariants,
};
