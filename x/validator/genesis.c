/* SPDX-License-Identifier: Apache-2.0 */
#include "x/validator/genesis.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/types/keys_validator.h"
#include "x/auth/account.h"
#include "x/validator/sets.h"
#include "x/validator/stake.h"
#include "x/validator/validator.h"

#include <inttypes.h>

static int check_names(const Validator *v, const struct addr *addr, struct err *err) {
    struct addr named;
    if (!addr_of_field(v->address, &named) || !addr_eq(addr, &named))
        return err_set(err, CODE_INVALID_ARGUMENT, "its address is not that of its pubkey");
    if (v->operator_.len && !addr_of_field(v->operator_, &named))
        return err_set(err, CODE_INVALID_ARGUMENT, "its operator must be an address");
    return validator_check_text(v->name, v->description, err);
}

/* What the ledger counts must begin at nothing. */
static int check_fresh(const Validator *v, struct err *err) {
    struct hash tip;
    if (v->reveal && (!hash_from(pb_bytes(v->reveal->tip), &tip) || v->reveal->remaining > REVEAL_LENGTH_MAX ||
                      v->reveal->next_remaining))
        return err_set(err, CODE_INVALID_ARGUMENT, "its reveal needs a tip, and no next chain");
    if (v->jailed || v->tombstoned || v->jailed_until || v->missed_reveals || v->n_unbonding || v->slashed)
        return err_set(err, CODE_INVALID_ARGUMENT, "it cannot begin jailed, slashed, unbonding or with missed reveals");
    return CODE_OK;
}

static int take_bond(struct ctx *ctx, Validator *v, struct err *err) {
    const ValidatorParams *p = ctx->params->validator;
    if (v->bond == 0 && !u64_mul(v->power, p->bond_per_power, &v->bond))
        return err_set(err, CODE_INVALID_ARGUMENT, "its power is more than a bond can be");
    if (v->bond / p->bond_per_power != v->power)
        return err_set(err, CODE_INVALID_ARGUMENT, "its bond of %" PRIu64 " gives a power of %" PRIu64 ", not %" PRIu64,
                       v->bond, v->bond / p->bond_per_power, v->power);
    if (v->bond < p->bond_min)
        return err_set(err, CODE_INVALID_ARGUMENT, "its bond is %s, a validator needs at least %s",
                       money_text(v->bond).s, money_text(p->bond_min).s);
    if (!u64_add(ctx->supply, v->bond, &ctx->supply))
        return err_set(err, CODE_INVALID_ARGUMENT, "all balances and bonds do not fit into 64 bits");
    struct addr module = module_account_addr(MODULE_VALIDATOR);
    Account *account;
    int rc = account_get(ctx, &module, &account, err);
    if (rc)
        return rc;
    account->balance += v->bond;
    return account_put(ctx, &module, account, err);
}

static void fill_in(struct ctx *ctx, Validator *v) {
    if (!v->operator_.len)
        v->operator_ = v->address;
    if (!v->reveal) {
        v->reveal = CTX_NEW(ctx, RevealChain);
        reveal_chain__init(v->reveal);
    }
    v->created_at = ctx->time;
}

static int genesis_validator(struct ctx *ctx, const Validator *in, struct validator_set *set, struct err *err) {
    struct pubkey key;
    struct addr addr;
    Validator v = *in;
    if (!pubkey_from(pb_bytes(v.pubkey), &key))
        return err_set(err, CODE_INVALID_ARGUMENT, "its pubkey must be 33 bytes");
    addr = addr_of_key(&key);
    int rc = check_names(&v, &addr, err);
    if (rc == CODE_OK)
        rc = check_fresh(&v, err);
    if (rc == CODE_OK)
        rc = validator_set_add(set, &key, v.power, err);
    if (rc == CODE_OK)
        rc = take_bond(ctx, &v, err);
    if (rc)
        return rc;
    fill_in(ctx, &v);
    return stake_put(ctx, &addr, &v, err);
}

static int put_seed(struct ctx *ctx, struct err *err) {
    struct key k;
    SeedState state = SEED_STATE__INIT;
    ctx->seed = ctx->chain_tag;
    state.seed = pb_data(hash_bytes(&ctx->seed));
    return record_put(ctx, key_seed(&k), &state, err);
}

int validator_genesis(struct ctx *ctx, const Genesis *genesis, struct err *err) {
    struct key k;
    struct validator_set *set = CTX_NEW(ctx, struct validator_set);
    if (genesis->n_validators == 0 || genesis->n_validators > ctx->params->validator->validators_max)
        return err_set(err, CODE_INVALID_ARGUMENT, "genesis needs 1 to %" PRIu64 " validators, not %zu",
                       ctx->params->validator->validators_max, genesis->n_validators);
    for (size_t i = 0; i < genesis->n_validators; i++) {
        int rc = genesis_validator(ctx, genesis->validators[i], set, err);
        if (rc)
            return err_wrap(err, rc, "validators[%zu]", i);
    }
    int rc = set_genesis(ctx, set, err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_set_due(&k), err); /* this set is what the bonds ask for */
    return rc ? rc : put_seed(ctx, err);
}
