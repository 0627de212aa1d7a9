/* SPDX-License-Identifier: Apache-2.0 */
#include "x/auth/account.h"

#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/types/keys_auth.h"

#include <inttypes.h>

static const char *const module_names[MODULE_ACCOUNTS] = {
    [MODULE_FEES] = "fees",       [MODULE_PAYMENT] = "payment",
    [MODULE_SP] = "sp",           [MODULE_CHALLENGE] = "challenge",
    [MODULE_SLASHED] = "slashed", [MODULE_VALIDATOR] = "validator",
    [MODULE_GOV] = "gov",         [MODULE_GATEWAY] = "gateway",
};

const char *module_account_name(enum module_account which) {
    return module_names[which];
}

struct addr module_account_addr(enum module_account which) {
    return addr_of_module(module_names[which]);
}

int account_get(struct ctx *ctx, const struct addr *addr, Account **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_account(&k, addr), &account__descriptor, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    Account *fresh = CTX_NEW(ctx, Account);
    account__init(fresh);
    *ret = fresh;
    return CODE_OK;
}

int account_put(struct ctx *ctx, const struct addr *addr, const Account *account, struct err *err) {
    struct key k;
    return record_put(ctx, key_account(&k, addr), account, err);
}

static int short_of(const struct addr *addr, uint64_t has, uint64_t wants, struct err *err) {
    char text[ADDR_TEXT_MAX];
    addr_to_text(addr, text);
    return err_set(err, CODE_INSUFFICIENT_FUNDS, "account %s holds %s, %s is needed", text, money_text(has).s,
                   money_text(wants).s);
}

int coins_move(struct ctx *ctx, const struct addr *from, const struct addr *to, uint64_t amount, struct err *err) {
    if (amount == 0)
        return CODE_OK;
    Account *payer, *payee;
    int rc = account_get(ctx, from, &payer, err);
    if (rc)
        return rc;
    if (payer->balance < amount)
        return short_of(from, payer->balance, amount, err);
    if (addr_eq(from, to))
        return CODE_OK;
    rc = account_get(ctx, to, &payee, err);
    if (rc)
        return rc;
    payer->balance -= amount;
    if (addr_eq(from, &ctx->signer))
        ctx_spend(ctx, amount);
    if (!u64_add(payee->balance, amount, &payee->balance))
        return ctx_fault(ctx, CODE_INTERNAL, "more coins than the supply");
    rc = account_put(ctx, from, payer, err);
    return rc ? rc : account_put(ctx, to, payee, err);
}

int coins_to_module(struct ctx *ctx, const struct addr *from, enum module_account to, uint64_t amount,
                    struct err *err) {
    struct addr a = module_account_addr(to);
    return coins_move(ctx, from, &a, amount, err);
}

int coins_from_module(struct ctx *ctx, enum module_account from, const struct addr *to, uint64_t amount,
                      struct err *err) {
    struct addr a = module_account_addr(from);
    return coins_move(ctx, &a, to, amount, err);
}

int coins_between_modules(struct ctx *ctx, enum module_account from, enum module_account to, uint64_t amount,
                          struct err *err) {
    struct addr a = module_account_addr(from), b = module_account_addr(to);
    return coins_move(ctx, &a, &b, amount, err);
}

int coins_of_module(struct ctx *ctx, enum module_account which, uint64_t *ret, struct err *err) {
    struct addr a = module_account_addr(which);
    Account *account;
    int rc = account_get(ctx, &a, &account, err);
    if (rc == CODE_OK)
        *ret = account->balance;
    return rc;
}

int account_take_fee(struct ctx *ctx, const struct addr *payer, uint64_t fee, struct err *err) {
    Account *account;
    int rc = account_get(ctx, payer, &account, err);
    if (rc)
        return rc;
    if (account->balance < fee)
        return short_of(payer, account->balance, fee, err);
    account->balance -= fee;
    rc = account_put(ctx, payer, account, err);
    if (rc == CODE_OK)
        ctx->fees += fee;
    return rc;
}

int account_ante(struct ctx *ctx, const struct addr *signer, const struct pubkey *key, uint64_t sequence, uint64_t fee,
                 struct err *err) {
    Account *account;
    int rc = account_get(ctx, signer, &account, err);
    if (rc)
        return rc;
    uint64_t expected = u64_max(account->sequence, 1); /* numbering starts at 1 */
    if (sequence != 0 && sequence != expected)
        return err_set(err, CODE_SEQUENCE_WRONG, "sequence %" PRIu64 " was given, %" PRIu64 " is expected", sequence,
                       expected);
    if (account->balance < fee)
        return short_of(signer, account->balance, fee, err);
    if (account->pubkey.len == 0)
        account->pubkey = pb_data(pubkey_bytes(key));
    if (sequence != 0)
        account->sequence = expected + 1;
    account->balance -= fee;
    rc = account_put(ctx, signer, account, err);
    if (rc)
        return rc;
    ctx->fees += fee;
    return CODE_OK;
}

static int assume_fees(struct ctx *ctx, const struct addr *payer, uint64_t fees, struct err *err) {
    Account *account;
    int rc = account_get(ctx, payer, &account, err);
    if (rc)
        return rc;
    if (account->balance < fees)
        return short_of(payer, account->balance, fees, err);
    account->balance -= fees;
    return account_put(ctx, payer, account, err);
}

int account_assume(struct ctx *ctx, const struct addr *signer, const struct addr *payer, uint64_t sequence,
                   const struct app_waiting *waiting, uint64_t *ret_next, struct err *err) {
    Account *account;
    int rc = account_get(ctx, signer, &account, err);
    if (rc)
        return rc;
    uint64_t next = u64_max(account->sequence, 1);
    *ret_next = next;
    if (!waiting)
        return CODE_OK;
    if (sequence > next && sequence - next <= waiting->ahead) {
        account->sequence = sequence;
        rc = account_put(ctx, signer, account, err);
    }
    return rc == CODE_OK && waiting->fees > 0 ? assume_fees(ctx, payer, waiting->fees, err) : rc;
}

int account_collect_fees(struct ctx *ctx, struct err *err) {
    struct addr fees = module_account_addr(MODULE_FEES);
    Account *account;
    int rc = ctx->fees ? account_get(ctx, &fees, &account, err) : CODE_NOT_FOUND;
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    account->balance += ctx->fees; /* cannot overflow: it was in other accounts of the same supply */
    ctx->fees = 0;
    return account_put(ctx, &fees, account, err);
}

static int add_balance(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)rest, (void)value, (void)err;
    uint64_t *sum = arg;
    if (!u64_add(*sum, ((const Account *)msg)->balance, sum))
        return ctx_fault(ctx, CODE_INTERNAL, "the balances of all accounts do not fit into 64 bits");
    return CODE_OK;
}

int coins_sum(struct ctx *ctx, uint64_t *ret, struct err *err) {
    struct key k;
    uint64_t sum = 0;
    int rc = record_each(ctx, key_accounts(&k), BYTES_NONE, 0, &account__descriptor, add_balance, &sum, err);
    if (rc == CODE_OK)
        *ret = sum;
    return rc;
}
