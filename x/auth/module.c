/* SPDX-License-Identifier: Apache-2.0 */
#include "cairn/state.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_auth.h"
#include "x/auth/account.h"
#include "x/auth/grant.h"
#include "x/auth/msgs.h"
#include "x/auth/unordered.h"

#include <inttypes.h>

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_SEND, .desc = &msg_send__descriptor, .check = msg_send_check, .run = msg_send_run},
    {.kind = MSG__BODY_GRANT, .desc = &msg_grant__descriptor, .check = msg_grant_check, .run = msg_grant_run},
    {.kind = MSG__BODY_REVOKE, .desc = &msg_revoke__descriptor, .check = msg_revoke_check, .run = msg_revoke_run},
    {.kind = MSG__BODY_SET_WRAP_KEY,
     .desc = &msg_set_wrap_key__descriptor,
     .check = msg_set_wrap_key_check,
     .run = msg_set_wrap_key_run},
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
    if (rc == CODE_OK)
        rc = unordered_check(ctx, err);
    return rc ? rc : grant_check(ctx, err);
}

static int query_account(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx;
    struct addr addr;
    int rc = addr_need(((const AddressQuery *)question)->address, "address", &addr, err);
    if (rc == CODE_OK)
        key_account(ret, &addr);
    return rc;
}

static int query_grant(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx;
    const GrantQuery *q = question;
    struct addr granter, grantee;
    int rc = addr_need(q->granter, "granter", &granter, err);
    if (rc == CODE_OK)
        rc = addr_need(q->grantee, "grantee", &grantee, err);
    if (rc == CODE_OK)
        key_grant(ret, &granter, &grantee);
    return rc;
}

/* The supply is a record; that all accounts add up to it is the invariant, so what is not a module's is the rest. */
static int query_supply(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    (void)question;
    SupplyAnswer *answer = CTX_NEW(ctx, SupplyAnswer);
    supply_answer__init(answer);
    answer->supply = answer->accounts = ctx->supply;
    answer->modules = ctx_array(ctx, MODULE_ACCOUNTS, sizeof *answer->modules);
    for (int i = 0; i < MODULE_ACCOUNTS; i++) {
        ModuleCoins *coins = CTX_NEW(ctx, ModuleCoins);
        module_coins__init(coins);
        coins->module = ctx_str(ctx, module_account_name((enum module_account)i));
        int rc = coins_of_module(ctx, (enum module_account)i, &coins->balance, err);
        if (rc)
            return rc;
        answer->modules[answer->n_modules++] = coins;
        answer->accounts -= coins->balance;
    }
    *(SupplyAnswer **)ret_answer = answer;
    return CODE_OK;
}

static const struct query queries[] = {
    {.path = "/auth/grant",
     .help = "what an account has granted another: granter, grantee",
     .question = &grant_query__descriptor,
     .answer = &grant__descriptor,
     .key = query_grant},
    {.path = "/auth/grants",
     .help = "grants that an account gave, or was given: account, received, cursor, limit",
     .question = &account_grants_query__descriptor,
     .answer = &account_grants_answer__descriptor,
     .run = grant_query_list},
    {.path = "/auth/supply",
     .help = "all coins, and where those lie that belong to no key",
     .question = &empty_query__descriptor,
     .answer = &supply_answer__descriptor,
     .run = query_supply},
    {.path = "/auth/account",
     .help = "an account's record: address",
     .question = &address_query__descriptor,
     .answer = &account__descriptor,
     .key = query_account},
};

static const struct hook end[] = {
    {.name = "auth.unordered", .cap = unordered_forget_cap, .step = unordered_forget},
    {.name = "auth.grant_ends", .cap = grant_due_cap, .module = KEY_AUTH, .queue = 'x', .due = grant_due},
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
