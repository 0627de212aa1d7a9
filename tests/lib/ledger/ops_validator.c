/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about validators. */
#include "tests/lib/ledger/ops.h"

#include "tests/lib/ledger/validators.h"

#define KEYS_MAX 24 /* consensus keys made, beside the four of genesis */

static const char *a_bonder(struct world *w) {
    return seldom(w, 2) ? "bonder0" : "bonder1";
}

/* Key n belongs to bonder n % 2. */
static const char *key_name(struct world *w, uint64_t n) {
    return arena_printf(&w->f.tx_arena, "v%u", (unsigned)n);
}

/* A validator of a bonder's, sometimes one of genesis or one that is not there. */
static const char *a_validator(struct world *w, const char **ret_operator) {
    uint64_t n = below(w, w->new_validators + 1);
    *ret_operator = n % 2 ? "bonder1" : "bonder0";
    if (seldom(w, 12))
        *ret_operator = a_bonder(w);
    return seldom(w, 15) ? arena_printf(&w->f.tx_arena, "val%u", (unsigned)below(w, 4)) : key_name(w, n);
}

static void op_create_validator(struct world *w) {
    bool old = seldom(w, 6) || w->new_validators >= KEYS_MAX;
    uint64_t n = old ? below(w, KEYS_MAX) : w->new_validators++;
    const char *operator= n % 2 ? "bonder1" : "bonder0";
    MsgCreateValidator m =
        validators_create(&w->f, seldom(w, 10) ? "owner0" : operator, key_name(w, n),
                          (4 + below(w, seldom(w, 4) ? 40 : 12)) * PEBBLE_PER_CAIRN + below(w, PEBBLE_PER_CAIRN));
    fixture_do(&w->f, operator, & m.base);
}

static void op_bond(struct world *w) {
    MsgBond m = MSG_BOND__INIT;
    const char *operator, * validator = a_validator(w, &operator);
    m.validator = fixture_addr_data(&w->f, validator);
    m.amount = 1 + below(w, (seldom(w, 8) ? 2000 : 6) * PEBBLE_PER_CAIRN);
    fixture_do(&w->f, operator, & m.base);
}

static void op_unbond(struct world *w) {
    MsgUnbond m = MSG_UNBOND__INIT;
    const char *operator, * validator = a_validator(w, &operator);
    const ValidatorsAnswer *all = fixture_query(&w->f, "/validator/list", NULL);
    struct addr addr = fixture_addr(validator);
    m.validator = fixture_addr_data(&w->f, validator);
    m.amount = 1 + below(w, 4 * PEBBLE_PER_CAIRN);
    for (size_t i = 0; i < all->n_validators; i++)
        if (memcmp(all->validators[i]->address.data, addr.b, sizeof addr.b) == 0 && seldom(w, 3) &&
            all->validators[i]->bond)
            m.amount = all->validators[i]->bond;
    fixture_do(&w->f, operator, & m.base);
}

static void op_edit_validator(struct world *w) {
    MsgEditValidator m = MSG_EDIT_VALIDATOR__INIT;
    const char *operator, * validator = a_validator(w, &operator);
    m.validator = fixture_addr_data(&w->f, validator);
    m.name = arena_strdup(&w->f.tx_arena, "renamed");
    fixture_do(&w->f, operator, & m.base);
}

static void op_unjail(struct world *w) {
    MsgUnjail m = MSG_UNJAIL__INIT;
    const ValidatorsAnswer *all = fixture_query(&w->f, "/validator/list", NULL);
    const char *operator, * validator = a_validator(w, &operator);
    m.validator = fixture_addr_data(&w->f, validator);
    for (size_t i = 0; i < all->n_validators && !seldom(w, 8); i++) {
        const Validator *v = all->validators[i];
        struct addr at = fixture_addr("bonder0"), given;
        if (!v->jailed || v->tombstoned)
            continue;
        m.validator = fixture_data(&w->f, v->address.data, v->address.len);
        operator= addr_from(bytes_of(v->operator_.data, v->operator_.len), &given) && addr_eq(&given, &at) ? "bonder0"
                                                                                                           : "bonder1";
        if (seldom(w, 3))
            break;
    }
    fixture_do(&w->f, operator, & m.base);
}

/* Whose key it is that has this place, if the world knows it. */
static const char *name_of(struct world *w, const struct addr *addr) {
    for (unsigned i = 0; i < KEYS_MAX; i++) {
        struct addr at = fixture_addr(key_name(w, i));
        if (addr_eq(&at, addr))
            return key_name(w, i);
    }
    return "val3";
}

static void op_evidence(struct world *w) {
    static const uint8_t steps[] = {VOTE_PROPOSAL, VOTE_PREVOTE, VOTE_PRECOMMIT};
    struct validator_set set;
    uint64_t height = 1 + below(w, w->f.height + 2);
    if (validators_at(&w->f, height, &set) != CODE_OK)
        return;
    uint16_t place = (uint16_t)below(w, set.n);
    const char *signer = seldom(w, 3) ? "owner1" : name_of(w, &set.at[place].addr);
    struct contradiction *c = validators_contradict(&w->f, steps[below(w, 3)], signer, place, height, 1);
    if (seldom(w, 6))
        c->votes[1] = c->votes[0];
    fixture_do(&w->f, a_bonder(w), &c->msg.base);
}

static void op_withdraw_rewards(struct world *w) {
    MsgWithdrawRewards m = MSG_WITHDRAW_REWARDS__INIT;
    const char *operator, * validator = a_validator(w, &operator);
    m.validator = fixture_addr_data(&w->f, validator);
    fixture_do(&w->f, operator, & m.base);
}

static void op_reveal_chain(struct world *w) {
    MsgSetRevealChain m = MSG_SET_REVEAL_CHAIN__INIT;
    uint8_t tip[32] = {1};
    m.validator = fixture_addr_data(&w->f, "val0");
    m.tip = fixture_data(&w->f, tip, sizeof tip);
    m.length = 1 + below(w, 100);
    fixture_do(&w->f, seldom(w, 3) ? anybody(w) : "val0", &m.base);
}

static const struct world_op rows[] = {
    {"reveal_chain", 1, op_reveal_chain},
    {"create_validator", 3, op_create_validator},
    {"bond", 4, op_bond},
    {"unbond", 6, op_unbond},
    {"edit_validator", 1, op_edit_validator},
    {"unjail", 4, op_unjail},
    {"evidence", 2, op_evidence},
    {"withdraw_rewards", 2, op_withdraw_rewards},
};
const struct world_ops ops_validator = WORLD_OPS(rows);
