/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_AUTH_ACCOUNT_H
#define CAIRN_X_AUTH_ACCOUNT_H
/*
 * Accounts and their coins. Invariant: the balances of all accounts, those of modules included, add up to the supply
 * written at genesis; coins only ever move from one account to another.
 *
 * What a module holds for others (deposits, reserves, bonds) lies in its own account, which no key controls; the
 * module's records say whose it is, and its invariants compare the two.
 */
#include "cairn/auth.h"
#include "chain/types/app.h"
#include "x/base/module.h"

/* Accounts of modules. Names are hashed into addresses: never renamed. */
enum module_account {
    MODULE_FEES,      /* fees taken: shared out to validators, until they withdraw */
    MODULE_PAYMENT,   /* balances, reserves and locks of payment accounts; flows on their way; income of providers */
    MODULE_SP,        /* deposits and bonds of providers */
    MODULE_CHALLENGE, /* bonds of submitted challenges */
    MODULE_SLASHED,   /* what was slashed and nobody was rewarded with */
    MODULE_VALIDATOR, /* bonds of validators, also those on their way out */
    MODULE_GOV,       /* deposits of open proposals */
    MODULE_GATEWAY,   /* deposits of gateways */
    MODULE_ACCOUNTS,
};
const char *module_account_name(enum module_account which);
struct addr module_account_addr(enum module_account which);

/* The record, or a fresh empty one (not stored) when the account has never received anything. */
int account_get(struct ctx *ctx, const struct addr *addr, Account **ret, struct err *err);
int account_put(struct ctx *ctx, const struct addr *addr, const Account *account, struct err *err);

/* Moves coins; amount 0 moves nothing. CODE_INSUFFICIENT_FUNDS says what is there and what is asked. `to` may be a
 * module's. */
int coins_move(struct ctx *ctx, const struct addr *from, const struct addr *to, uint64_t amount, struct err *err);
int coins_to_module(struct ctx *ctx, const struct addr *from, enum module_account to, uint64_t amount, struct err *err);
int coins_from_module(struct ctx *ctx, enum module_account from, const struct addr *to, uint64_t amount,
                      struct err *err);
int coins_between_modules(struct ctx *ctx, enum module_account from, enum module_account to, uint64_t amount,
                          struct err *err);
int coins_of_module(struct ctx *ctx, enum module_account which, uint64_t *ret, struct err *err);

/*
 * The ante effects of a transaction on its signer: binds the public key on first use, checks and takes the sequence
 * number (0: unordered, x/auth/unordered.h, leaves it alone), takes the fee. CODE_SEQUENCE_WRONG (the sentence tells
 * the expected one), CODE_INSUFFICIENT_FUNDS. Nothing is written on failure.
 */
int account_ante(struct ctx *ctx, const struct addr *signer, const struct pubkey *key, uint64_t sequence, uint64_t fee,
                 struct err *err);

/* The fee alone, from an account that has granted it (x/auth/grant.h). CODE_INSUFFICIENT_FUNDS; then nothing is
 * written.
 */
int account_take_fee(struct ctx *ctx, const struct addr *payer, uint64_t fee, struct err *err);

/*
 * For checks only, which undo it: the accounts of signer and payer as they will be when what waits (NULL: nothing) has
 * been taken, so that `sequence` is the next if it may be. *ret_next: what the state expects. CODE_INSUFFICIENT_FUNDS:
 * the fees of what waits are more than the payer has.
 */
int account_assume(struct ctx *ctx, const struct addr *signer, const struct addr *payer, uint64_t sequence,
                   const struct app_waiting *waiting, uint64_t *ret_next, struct err *err);

/* Puts the fees that account_ante took since the last call into the fees account: once a block, so that this hottest of
 * all accounts is written once. */
int account_collect_fees(struct ctx *ctx, struct err *err);

/* Adds up all balances. */
int coins_sum(struct ctx *ctx, uint64_t *ret, struct err *err);

extern const struct module auth_module;

#endif
