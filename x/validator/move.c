/* SPDX-License-Identifier: Apache-2.0 */
#include "x/validator/move.h"

#include "chain/base/num.h"

#include <assert.h>
#include <string.h>

static uint64_t power_in(const struct validator_set *set, const struct addr *addr) {
    uint16_t at = validator_set_find(set, addr);
    return at == VALIDATOR_NONE ? 0 : set->at[at].power;
}

static uint64_t step_of(const struct validator_set *now) {
    return u64_max((validator_set_power(now) - 1) / 3, 1);
}

static void add(struct validator_set *set, const struct validator *v, uint64_t power) {
    int rc = validator_set_add(set, &v->key, power, NULL);
    assert(rc == CODE_OK);
    (void)rc;
}

/* Those of `now`, with what they lose. */
static void go_down(const struct validator_set *now, const struct validator_set *target, struct validator_set *ret) {
    uint64_t left = step_of(now);
    for (uint16_t i = 0; i < now->n; i++) {
        uint64_t has = now->at[i].power, wants = power_in(target, &now->at[i].addr);
        uint64_t loss = wants < has ? u64_min(has - wants, left) : 0;
        left -= loss;
        if (has > loss)
            add(ret, &now->at[i], has - loss);
    }
}

/* And what is gained, by them and by those who come. */
static void go_up(const struct validator_set *now, const struct validator_set *target, uint16_t max,
                  struct validator_set *ret) {
    uint64_t left = u64_min(step_of(now), POWER_TOTAL_MAX - validator_set_power(ret));
    for (uint16_t i = 0; i < target->n && left > 0; i++) {
        uint16_t at = validator_set_find(ret, &target->at[i].addr);
        uint64_t has = at == VALIDATOR_NONE ? 0 : ret->at[at].power, wants = target->at[i].power;
        uint64_t gain = wants > has ? u64_min(wants - has, left) : 0;
        if (gain == 0 || (at == VALIDATOR_NONE && ret->n >= max))
            continue;
        left -= gain;
        if (at == VALIDATOR_NONE)
            add(ret, &target->at[i], gain);
        else
            ret->at[at].power += gain;
    }
}

static bool same(const struct validator_set *a, const struct validator_set *b) {
    if (a->n != b->n)
        return false;
    for (uint16_t i = 0; i < a->n; i++)
        if (!addr_eq(&a->at[i].addr, &b->at[i].addr) || a->at[i].power != b->at[i].power)
            return false;
    return true;
}

bool set_move(const struct validator_set *now, const struct validator_set *target, uint16_t max,
              struct validator_set *ret) {
    assert(now->n > 0 && max > 0 && max <= VALIDATORS_MAX);
    ret->n = 0;
    go_down(now, target->n ? target : now, ret);
    go_up(now, target, max, ret);
    assert(ret->n > 0);
    return same(ret, target);
}
