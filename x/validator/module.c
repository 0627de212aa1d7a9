/* SPDX-License-Identifier: Apache-2.0 */
#include "cairn/state.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/types/keys_validator.h"
#include "x/validator/msgs.h"
#include "x/validator/validator.h"

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_SET_REVEAL_CHAIN,
     .desc = &msg_set_reveal_chain__descriptor,
     .check = msg_set_reveal_chain_check,
     .run = msg_set_reveal_chain_run},
};

static int genesis_validator(struct ctx *ctx, size_t i, const Validator *v, struct validator_set *set,
                             struct err *err) {
    struct pubkey key;
    struct addr addr, named;
    struct hash tip;
    if (!pubkey_from(pb_bytes(v->pubkey), &key))
        return err_set(err, CODE_INVALID_ARGUMENT, "validators[%zu].pubkey must be 33 bytes", i);
    addr = addr_of_key(&key);
    if (!addr_of_field(v->address, &named) || !addr_eq(&addr, &named))
        return err_set(err, CODE_INVALID_ARGUMENT, "validators[%zu].address is not that of its pubkey", i);
    if (v->reveal && (!hash_from(pb_bytes(v->reveal->tip), &tip) || v->reveal->remaining > REVEAL_LENGTH_MAX ||
                      v->reveal->next_remaining))
        return err_set(err, CODE_INVALID_ARGUMENT, "validators[%zu].reveal needs a tip, and no next chain", i);
    if (v->jailed || v->missed_reveals)
        return err_set(err, CODE_INVALID_ARGUMENT, "validators[%zu] cannot begin jailed or with missed reveals", i);
    int rc = validator_set_add(set, &key, v->power, err);
    if (rc)
        return err_wrap(err, rc, "validators[%zu]", i);
    return validator_put(ctx, &addr, v, err);
}

/* The set as a record, in the order of the bits of a certificate. */
static int store_set(struct ctx *ctx, const struct validator_set *set, uint64_t from, struct err *err) {
    struct key k;
    ValidatorSet record = VALIDATOR_SET__INIT;
    record.n_validators = set->n;
    record.validators = ctx_array(ctx, set->n, sizeof *record.validators);
    for (size_t i = 0; i < set->n; i++) {
        ValidatorPower *p = CTX_NEW(ctx, ValidatorPower);
        validator_power__init(p);
        p->pubkey = ctx_data(ctx, pubkey_bytes(&set->at[i].key));
        p->power = set->at[i].power;
        record.validators[i] = p;
    }
    return record_put(ctx, key_validator_set(&k, from), &record, err);
}

static int genesis(struct ctx *ctx, const Genesis *genesis, struct err *err) {
    struct key k;
    struct validator_set *set = CTX_NEW(ctx, struct validator_set);
    int rc = CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < genesis->n_validators; i++)
        rc = genesis_validator(ctx, i, genesis->validators[i], set, err);
    if (rc)
        return rc;
    if (set->n == 0)
        return err_set(err, CODE_INVALID_ARGUMENT, "genesis needs a validator");
    rc = store_set(ctx, set, 1, err);
    if (rc)
        return rc;
    ctx->seed = ctx->chain_tag;
    SeedState state = SEED_STATE__INIT;
    state.seed = pb_data(hash_bytes(&ctx->seed));
    return record_put(ctx, key_seed(&k), &state, err);
}

/* Every member of the present set has its record with the same key and power. */
static int invariants(struct ctx *ctx, struct err *err) {
    struct validator_set *set = CTX_NEW(ctx, struct validator_set);
    int rc = validator_set_at(ctx, ctx->height + 1, set, err);
    for (size_t i = 0; rc == CODE_OK && i < set->n; i++) {
        Validator *v;
        rc = validator_get(ctx, &set->at[i].addr, &v, err);
        if (rc == CODE_OK &&
            (v->power != set->at[i].power || !bytes_eq(pb_bytes(v->pubkey), pubkey_bytes(&set->at[i].key))))
            rc = err_set(err, CODE_INTERNAL, "validator %zu of the set differs from its record", i);
    }
    return rc;
}

static int query_validator(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx;
    struct addr addr;
    int rc = addr_need(((const AddressQuery *)question)->address, "address", &addr, err);
    if (rc == CODE_OK)
        key_validator(ret, &addr);
    return rc;
}

static int query_seed(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)question, (void)err;
    key_seed(ret);
    return CODE_OK;
}

static const struct query queries[] = {
    {.path = "/validator/validator",
     .help = "a validator's record: address of its consensus key",
     .question = &address_query__descriptor,
     .answer = &validator__descriptor,
     .key = query_validator},
    {.path = "/validator/seed",
     .help = "the seed that challenges are drawn from",
     .question = &empty_query__descriptor,
     .answer = &seed_state__descriptor,
     .key = query_seed},
};

const struct module validator_module = {
    .name = "validator",
    .id = KEY_VALIDATOR,
    .msgs = msgs,
    .msgs_n = COUNT_OF(msgs),
    .queries = queries,
    .queries_n = COUNT_OF(queries),
    .genesis = genesis,
    .invariants = invariants,
};
