/* SPDX-License-Identifier: Apache-2.0 */
/* permission_evaluate against a naive model: every statement becomes a row, the rules are read off the specification.
 */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "x/permission/evaluate.h"

#define POLICIES   4
#define STATEMENTS 3

struct world {
    Policy policies[POLICIES];
    Statement statements[POLICIES][STATEMENTS];
    Statement *lists[POLICIES][STATEMENTS];
    Action actions[POLICIES][STATEMENTS][2];
    char *patterns[POLICIES][STATEMENTS][1];
    struct permission_ground grounds[POLICIES];
    size_t count;
};

static char patterns[][4] = {"*", "a*", "?b", "ab"};
static const char *const names[] = {"a", "ab", "cb", "abc"};

static void world_draw(struct world *w, struct rng *r) {
    memset(w, 0, sizeof *w);
    w->count = rng_below(r, POLICIES + 1);
    for (size_t p = 0; p < w->count; p++) {
        policy__init(&w->policies[p]);
        w->policies[p].statements = w->lists[p];
        w->policies[p].n_statements = rng_below(r, STATEMENTS + 1);
        w->policies[p].expires_at = rng_chance(r, 1, 4) ? rng_range(r, 8, 12) : 0;
        w->grounds[p] = (struct permission_ground){&w->policies[p], rng_chance(r, 1, 2)};
        for (size_t s = 0; s < w->policies[p].n_statements; s++) {
            Statement *st = &w->statements[p][s];
            statement__init(st);
            w->lists[p][s] = st;
            st->effect = rng_chance(r, 1, 4) ? EFFECT_DENY : EFFECT_ALLOW;
            st->actions = w->actions[p][s];
            st->n_actions = rng_range(r, 1, 2);
            for (size_t a = 0; a < st->n_actions; a++)
                st->actions[a] = (Action)rng_range(r, ACTION_ALL, ACTION_DELETE_OBJECT);
            if (rng_chance(r, 1, 2)) {
                w->patterns[p][s][0] = patterns[rng_below(r, 4)];
                st->resources = w->patterns[p][s];
                st->n_resources = 1;
            }
            st->expires_at = rng_chance(r, 1, 4) ? rng_range(r, 8, 12) : 0;
            st->size_limit = rng_chance(r, 1, 3) ? rng_range(r, 1, 10) : 0;
            st->size_used = st->size_limit ? rng_below(r, st->size_limit + 1) : 0;
        }
    }
}

static bool pattern_says(const char *p, const char *name) { /* only those of the table above */
    if (!strcmp(p, "*"))
        return true;
    if (!strcmp(p, "a*"))
        return name[0] == 'a';
    if (!strcmp(p, "?b"))
        return strlen(name) == 2 && name[1] == 'b';
    return !strcmp(name, "ab");
}

static bool speaks(const struct permission_ask *ask, const Policy *p, const Statement *s) {
    bool action = false, resource = s->n_resources == 0;
    for (size_t i = 0; i < s->n_actions; i++)
        action |= s->actions[i] == ACTION_ALL || (int)s->actions[i] == ask->action;
    if (s->n_resources)
        resource = ask->object_name && pattern_says(s->resources[0], ask->object_name);
    bool alive = (!p->expires_at || ask->now < p->expires_at) && (!s->expires_at || ask->now < s->expires_at);
    return action && resource && alive;
}

static enum permission_reason model(const struct permission_ask *ask, const struct world *w) {
    bool deny = false, account = false, group = false, budget = false;
    for (size_t p = 0; p < w->count; p++) {
        for (size_t i = 0; i < w->policies[p].n_statements; i++) {
            const Statement *s = w->policies[p].statements[i];
            if (!speaks(ask, &w->policies[p], s))
                continue;
            if (s->effect == EFFECT_DENY) {
                deny = true;
            } else if (ask->action == ACTION_CREATE_OBJECT && s->size_limit &&
                       s->size_used + ask->size > s->size_limit) {
                budget = true;
            } else if (w->grounds[p].group) {
                group = true;
            } else {
                account = true;
            }
        }
    }
    if (ask->owner)
        return PERMISSION_OWNER;
    if (deny)
        return PERMISSION_DENIED;
    if (account)
        return PERMISSION_ACCOUNT_ALLOW;
    if (group)
        return PERMISSION_GROUP_ALLOW;
    if (ask->visible)
        return PERMISSION_PUBLIC;
    return budget ? PERMISSION_BUDGET : PERMISSION_NOTHING;
}

static void permission_evaluate__as_the_model(void **state) {
    (void)state;
    struct rng r;
    rng_init(&r, 5);
    size_t seen[PERMISSION_NOTHING + 1] = {0};
    for (int round = 0; round < 100000; round++) {
        struct world w;
        world_draw(&w, &r);
        struct permission_ask ask = {
            .action = (int)rng_range(&r, ACTION_GET_OBJECT, ACTION_DELETE_OBJECT),
            .owner = rng_chance(&r, 1, 16),
            .visible = rng_chance(&r, 1, 4),
            .object_name = rng_chance(&r, 3, 4) ? names[rng_below(&r, 4)] : NULL,
            .size = rng_below(&r, 10),
            .now = 10,
        };
        struct permission_verdict v = permission_evaluate(&ask, w.grounds, w.count);
        enum permission_reason want = model(&ask, &w);
        if (v.reason != want)
            fail_msg("round %d: got %s, want %s", round, permission_reason_name(v.reason),
                     permission_reason_name(want));
        assert_int_equal(v.allowed, want == PERMISSION_OWNER || want == PERMISSION_ACCOUNT_ALLOW ||
                                        want == PERMISSION_GROUP_ALLOW || want == PERMISSION_PUBLIC);
        if (want == PERMISSION_ACCOUNT_ALLOW || want == PERMISSION_GROUP_ALLOW || want == PERMISSION_DENIED)
            assert_true(speaks(&ask, &w.policies[v.ground], w.policies[v.ground].statements[v.statement]));
        seen[want]++;
    }
    for (size_t i = 0; i <= PERMISSION_NOTHING; i++)
        assert_true(seen[i] > 100);
}

TEST_MAIN(cmocka_unit_test(permission_evaluate__as_the_model))
