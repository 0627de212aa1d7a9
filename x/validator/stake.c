/* SPDX-License-Identifier: Apache-2.0 */
#include "x/validator/stake.h"

#include "chain/types/keys_validator.h"
#include "x/auth/account.h"
#include "x/params/params.h"
#include "x/validator/sets.h"
#include "x/validator/validator.h"

#include <string.h>

#define MILLION 1000000u

/* --- candidates -------------------------------------------------------------------------------------------------- */

bool stake_eligible(const Validator *v) {
    return !v->jailed && v->power > 0 && v->bond >= v->bond_least;
}

struct other {
    const struct addr *than;
    bool found;
};

static int look_for_other(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                          struct err *err) {
    (void)ctx, (void)value, (void)msg, (void)err;
    struct other *o = arg;
    if (bytes_eq(bytes_of(rest.data + 8, rest.len - 8), addr_bytes(o->than)))
        return CODE_OK;
    o->found = true;
    return RECORD_STOP;
}

int stake_others(struct ctx *ctx, const struct addr *addr, bool *ret, struct err *err) {
    struct key k;
    struct other o = {.than = addr};
    int rc = record_each(ctx, key_candidates(&k), BYTES_NONE, 2, NULL, look_for_other, &o, err);
    if (rc == CODE_OK)
        *ret = o.found;
    return rc;
}

int stake_put(struct ctx *ctx, const struct addr *addr, Validator *v, struct err *err) {
    struct key k;
    int rc = record_del(ctx, key_candidate(&k, v->power, addr), err);
    v->power = v->bond / ctx->params->validator->bond_per_power;
    v->bond_least = ctx->params->validator->bond_min;
    if (rc == CODE_OK && stake_eligible(v))
        rc = record_put_mark(ctx, key_candidate(&k, v->power, addr), err);
    if (rc == CODE_OK)
        rc = set_touch(ctx, err);
    return rc ? rc : validator_put(ctx, addr, v, err);
}

/* --- in and out -------------------------------------------------------------------------------------------------- */

int stake_bond(struct ctx *ctx, const struct addr *addr, Validator *v, const struct addr *payer, uint64_t amount,
               struct err *err) {
    uint64_t least = ctx->params->validator->bond_min;
    int rc = coins_to_module(ctx, payer, MODULE_VALIDATOR, amount, err);
    if (rc)
        return rc;
    v->bond += amount; /* cannot overflow: the module holds it */
    if (v->bond < least)
        return err_set(err, CODE_VALIDATOR_BOND, "the bond would be %s, a validator needs at least %s",
                       money_text(v->bond).s, money_text(least).s);
    return stake_put(ctx, addr, v, err);
}

static uint64_t release_time(const struct ctx *ctx) {
    const Params *p = ctx->params;
    return ctx->time + p->validator->unbonding_ms + SET_LAG_BLOCKS * params_time_step_max(p->consensus);
}

/* Times ascend, so what is new goes last, or joins the last when it is due with it. */
static int add_unbonding(struct ctx *ctx, const struct addr *addr, Validator *v, uint64_t amount, uint64_t at,
                         struct err *err) {
    struct key k;
    size_t n = v->n_unbonding;
    if (n && v->unbonding[n - 1]->release_at >= at) {
        v->unbonding[n - 1]->amount += amount;
        return CODE_OK;
    }
    if (n >= UNBONDINGS_MAX)
        return err_set(err, CODE_UNBONDING_LIMIT, "%d parts of the bond are on their way out already; wait for one",
                       UNBONDINGS_MAX);
    Unbonding **list = ctx_array(ctx, n + 1, sizeof *list), *fresh = CTX_NEW(ctx, Unbonding);
    if (n)
        memcpy(list, v->unbonding, n * sizeof *list);
    unbonding__init(fresh);
    fresh->amount = amount;
    fresh->release_at = at;
    list[n] = fresh;
    v->unbonding = list;
    v->n_unbonding = n + 1;
    return record_put_mark(ctx, key_unbonding(&k, at, addr), err);
}

static int may_unbond(struct ctx *ctx, const struct addr *addr, const Validator *v, uint64_t amount, struct err *err) {
    uint64_t least = ctx->params->validator->bond_min;
    bool others = true;
    if (amount > v->bond)
        return err_set(err, CODE_VALIDATOR_BOND, "the bond is %s, %s cannot be taken from it", money_text(v->bond).s,
                       money_text(amount).s);
    uint64_t rest = v->bond - amount;
    if (rest && rest < least)
        return err_set(err, CODE_VALIDATOR_BOND, "%s would remain: take all of %s, or leave at least %s",
                       money_text(rest).s, money_text(v->bond).s, money_text(least).s);
    int rc = rest == 0 && stake_eligible(v) ? stake_others(ctx, addr, &others, err) : CODE_OK;
    if (rc == CODE_OK && !others)
        rc = err_set(err, CODE_VALIDATOR_LAST, "it is the last validator: without it nobody would make blocks");
    return rc;
}

int stake_unbond(struct ctx *ctx, const struct addr *addr, Validator *v, uint64_t amount, uint64_t *ret_release_at,
                 struct err *err) {
    uint64_t at = release_time(ctx);
    int rc = may_unbond(ctx, addr, v, amount, err);
    if (rc == CODE_OK)
        rc = add_unbonding(ctx, addr, v, amount, at, err);
    if (rc)
        return rc;
    v->bond -= amount;
    *ret_release_at = v->unbonding[v->n_unbonding - 1]->release_at;
    return stake_put(ctx, addr, v, err);
}

int stake_release(struct ctx *ctx, uint64_t due, struct bytes rest, struct bytes value, struct err *err) {
    (void)due, (void)value;
    struct addr addr, operator;
    Validator *v;
    uint64_t sum = 0;
    if (!addr_from(rest, &addr))
        return err_set(err, CODE_CORRUPT, "an entry of the unbonding queue is damaged");
    int rc = validator_get(ctx, &addr, &v, err);
    if (rc)
        return rc;
    size_t n = 0;
    for (; n < v->n_unbonding && v->unbonding[n]->release_at <= due; n++)
        sum += v->unbonding[n]->amount;
    v->unbonding += n;
    v->n_unbonding -= n;
    rc = addr_need(v->operator_, "operator", &operator, err);
    if (rc == CODE_OK)
        rc = coins_from_module(ctx, MODULE_VALIDATOR, &operator, sum, err);
    if (rc == CODE_OK)
        ctx_event(ctx, "validator.unbonded", "validator", ctx_addr_text(ctx, &addr), "operator",
                  ctx_addr_text(ctx, &operator), "amount", ctx_u64_text(ctx, sum), NULL);
    return rc ? rc : validator_put(ctx, &addr, v, err);
}

/* --- slashing ---------------------------------------------------------------------------------------------------- */

static uint64_t part(uint64_t amount, uint64_t ppm) {
    return (uint64_t)((u128)amount * ppm / MILLION);
}

static uint64_t take_part(uint64_t *amount, uint64_t ppm) {
    uint64_t taken = part(*amount, ppm);
    *amount -= taken;
    return taken;
}

int stake_slash(struct ctx *ctx, const struct addr *addr, Validator *v, uint64_t ppm, const struct addr *reward_to,
                uint64_t reward_ppm, uint64_t *ret_taken, struct err *err) {
    uint64_t taken = take_part(&v->bond, ppm);
    for (size_t i = 0; i < v->n_unbonding; i++)
        taken += take_part(&v->unbonding[i]->amount, ppm);
    uint64_t reward = reward_to ? part(taken, reward_ppm) : 0;
    v->slashed += taken;
    int rc = reward ? coins_from_module(ctx, MODULE_VALIDATOR, reward_to, reward, err) : CODE_OK;
    if (rc == CODE_OK)
        rc = coins_between_modules(ctx, MODULE_VALIDATOR, MODULE_SLASHED, taken - reward, err);
    if (rc == CODE_OK)
        rc = stake_put(ctx, addr, v, err);
    if (rc)
        return rc;
    ctx_event(ctx, "validator.slashed", "validator", ctx_addr_text(ctx, addr), "amount", ctx_u64_text(ctx, taken),
              "bond", ctx_u64_text(ctx, v->bond), "reward", ctx_u64_text(ctx, reward), NULL);
    *ret_taken = taken;
    return CODE_OK;
}

/* --- invariants -------------------------------------------------------------------------------------------------- */

struct sums {
    uint64_t held; /* bonds and what is on its way out */
    size_t candidates, unbondings;
};

static int check_record(struct ctx *ctx, const struct addr *addr, const Validator *v, struct sums *sums,
                        struct err *err) {
    struct key k;
    bool listed, queued;
    uint64_t before = 0;
    int rc = record_has(ctx, key_candidate(&k, v->power, addr), &listed, err);
    if (rc)
        return rc;
    if (v->power != v->bond / ctx->params->validator->bond_per_power)
        return err_set(err, CODE_INTERNAL, "the power of %s is not that of its bond", v->name);
    if (listed != stake_eligible(v))
        return err_set(err, CODE_INTERNAL, "%s %s among the candidates", v->name, listed ? "must not be" : "is not");
    if (v->tombstoned && !v->jailed)
        return err_set(err, CODE_INTERNAL, "%s is jailed for good and free", v->name);
    sums->candidates += listed;
    sums->held += v->bond;
    for (size_t i = 0; i < v->n_unbonding; i++) {
        const Unbonding *u = v->unbonding[i];
        rc = record_has(ctx, key_unbonding(&k, u->release_at, addr), &queued, err);
        if (rc == CODE_OK && (!queued || u->release_at <= before || v->n_unbonding > UNBONDINGS_MAX))
            rc = err_set(err, CODE_INTERNAL, "part %zu of the bond of %s is out of order or not queued", i, v->name);
        if (rc)
            return rc;
        before = u->release_at;
        sums->held += u->amount;
        sums->unbondings++;
    }
    return CODE_OK;
}

static int each_record(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)value;
    struct addr addr;
    return addr_from(rest, &addr) ? check_record(ctx, &addr, msg, arg, err)
                                  : err_set(err, CODE_INTERNAL, "a validator's key is no address");
}

static int count(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(size_t *)arg;
    return CODE_OK;
}

int stake_invariants(struct ctx *ctx, struct err *err) {
    struct key k;
    struct sums sums = {0};
    size_t candidates = 0, unbondings = 0;
    uint64_t held = 0;
    int rc = record_each(ctx, key_validators(&k), BYTES_NONE, 0, &validator__descriptor, each_record, &sums, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_candidates(&k), BYTES_NONE, 0, NULL, count, &candidates, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_unbondings(&k), BYTES_NONE, 0, NULL, count, &unbondings, err);
    if (rc == CODE_OK)
        rc = coins_of_module(ctx, MODULE_VALIDATOR, &held, err);
    if (rc == CODE_OK && (candidates != sums.candidates || unbondings != sums.unbondings))
        rc = err_set(err, CODE_INTERNAL, "candidates or unbonding queue have entries without a record");
    if (rc == CODE_OK && held != sums.held)
        rc = err_set(err, CODE_INTERNAL, "validators have a stake of %s, the module holds %s", money_text(sums.held).s,
                     money_text(held).s);
    return rc;
}
