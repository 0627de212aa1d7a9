/* SPDX-License-Identifier: Apache-2.0 */
#include "x/validator/reward.h"

#include "chain/types/keys_validator.h"
#include "x/auth/account.h"
#include "x/validator/sets.h"

#include <inttypes.h>

static int get_state(struct ctx *ctx, RewardState **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_reward_state(&k), &reward_state__descriptor, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    *ret = CTX_NEW(ctx, RewardState);
    reward_state__init(*ret);
    return CODE_OK;
}

static int put_state(struct ctx *ctx, const RewardState *state, struct err *err) {
    struct key k;
    return record_put(ctx, key_reward_state(&k), state, err);
}

/* --- in ---------------------------------------------------------------------------------------------------------- */

/* The one place where fees are rounded. carried < power <= POWER_TOTAL_MAX, so the sum stays below 2^128. */
static void share(struct ctx *ctx, RewardState *state, uint64_t fresh, uint64_t power) {
    u128 sum = ((u128)fresh << 64) + state->carried;
    u128 each = sum / power;
    state->index = ctx_u128(ctx, u128_of(state->index) + each);
    state->carried = (uint64_t)(sum - each * power);
    state->owed += fresh;
}

int reward_share_step(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err) {
    (void)index, (void)ret_more;
    RewardState *state;
    SetStart set;
    uint64_t held;
    int rc = coins_of_module(ctx, MODULE_FEES, &held, err);
    if (rc == CODE_OK)
        rc = get_state(ctx, &state, err);
    if (rc || held == state->owed)
        return rc;
    if (held < state->owed)
        return ctx_fault(ctx, CODE_INTERNAL, "validators earned more than the fees account holds");
    rc = set_start_at(ctx, ctx->height, &set, err);
    if (rc)
        return rc;
    share(ctx, state, held - state->owed, set.power);
    return put_state(ctx, state, err);
}

/* --- out --------------------------------------------------------------------------------------------------------- */

/* A share is never more than is owed, so the product stays below 2^128. */
static void settle(struct ctx *ctx, ValidatorRewards *r, const RewardState *state) {
    u128 now = u128_of(state->index), earned = r->voting * (now - u128_of(r->index)) + r->fraction;
    r->rewards += (uint64_t)(earned >> 64);
    r->fraction = (uint64_t)earned;
    r->index = ctx_u128(ctx, now);
}

static int get_settled(struct ctx *ctx, const struct addr *addr, ValidatorRewards **ret, RewardState **ret_state,
                       struct err *err) {
    struct key k;
    int rc = get_state(ctx, ret_state, err);
    if (rc)
        return rc;
    rc = record_get(ctx, key_rewards(&k, addr), &validator_rewards__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND) {
        *ret = CTX_NEW(ctx, ValidatorRewards);
        validator_rewards__init(*ret);
        rc = CODE_OK;
    }
    if (rc == CODE_OK)
        settle(ctx, *ret, *ret_state);
    return rc;
}

int reward_get(struct ctx *ctx, const struct addr *addr, ValidatorRewards **ret, struct err *err) {
    RewardState *state;
    return get_settled(ctx, addr, ret, &state, err);
}

int reward_set_voting(struct ctx *ctx, const struct addr *addr, uint64_t voting, struct err *err) {
    struct key k;
    ValidatorRewards *r;
    int rc = reward_get(ctx, addr, &r, err);
    if (rc)
        return rc;
    r->voting = voting;
    return record_put(ctx, key_rewards(&k, addr), r, err);
}

int reward_withdraw(struct ctx *ctx, const struct addr *addr, const struct addr *to, uint64_t *ret_amount,
                    struct err *err) {
    struct key k;
    ValidatorRewards *r;
    RewardState *state;
    int rc = get_settled(ctx, addr, &r, &state, err);
    if (rc)
        return rc;
    uint64_t amount = r->rewards;
    r->rewards = 0;
    state->owed -= amount;
    rc = coins_from_module(ctx, MODULE_FEES, to, amount, err);
    if (rc == CODE_OK)
        rc = record_put(ctx, key_rewards(&k, addr), r, err);
    if (rc == CODE_OK)
        rc = put_state(ctx, state, err);
    if (rc == CODE_OK)
        *ret_amount = amount;
    return rc;
}

/* --- invariants -------------------------------------------------------------------------------------------------- */

struct sums {
    const RewardState *state;
    u128 owed; /* 2^-64 pebble */
    uint64_t voting;
};

static int add_up(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)rest, (void)value, (void)err;
    struct sums *s = arg;
    ValidatorRewards *r = msg;
    s->voting += r->voting;
    settle(ctx, r, s->state);
    s->owed += ((u128)r->rewards << 64) + r->fraction;
    return CODE_OK;
}

int reward_invariants(struct ctx *ctx, struct err *err) {
    struct key k;
    struct sums s = {.owed = 0};
    RewardState *state;
    SetStart set;
    uint64_t held;
    int rc = get_state(ctx, &state, err);
    if (rc == CODE_OK)
        rc = set_start_at(ctx, ctx->height, &set, err);
    if (rc || ctx->height == 0)
        return ctx->height ? rc : CODE_OK;
    s.state = state;
    rc = record_each(ctx, key_rewards_all(&k), BYTES_NONE, 0, &validator_rewards__descriptor, add_up, &s, err);
    if (rc == CODE_OK)
        rc = coins_of_module(ctx, MODULE_FEES, &held, err);
    if (rc == CODE_OK && s.owed + state->carried != (u128)state->owed << 64)
        rc = err_set(err, CODE_INTERNAL, "the shares of fees do not add up to %" PRIu64 " pebble", state->owed);
    if (rc == CODE_OK && held != state->owed)
        rc = err_set(err, CODE_INTERNAL, "the fees account holds %" PRIu64 " pebble, %" PRIu64 " are shared out", held,
                     state->owed);
    if (rc == CODE_OK && s.voting != set.power)
        rc =
            err_set(err, CODE_INTERNAL, "a power of %" PRIu64 " earns fees, the set has %" PRIu64, s.voting, set.power);
    return rc;
}
