/* SPDX-License-Identifier: Apache-2.0 */
#include "x/permission/evaluate.h"

#include "x/permission/glob.h"

static bool time_over(uint64_t expires_at, uint64_t now) {
    return expires_at != 0 && now >= expires_at;
}

static bool has_action(const Statement *s, int action) {
    for (size_t i = 0; i < s->n_actions; i++)
        if (s->actions[i] == ACTION_ALL || (int)s->actions[i] == action)
            return true;
    return false;
}

/* No patterns: the whole resource. Patterns say something about named objects only. */
static bool has_resource(const Statement *s, const char *object_name) {
    if (s->n_resources == 0)
        return true;
    for (size_t i = 0; object_name && i < s->n_resources; i++)
        if (glob_match(s->resources[i], object_name))
            return true;
    return false;
}

bool permission_applies(const struct permission_ask *ask, const Policy *policy, const Statement *statement) {
    return !time_over(policy->expires_at, ask->now) && !time_over(statement->expires_at, ask->now) &&
           has_action(statement, ask->action) && has_resource(statement, ask->object_name);
}

static bool has_budget(const struct permission_ask *ask, const Statement *s) {
    if (ask->action != ACTION_CREATE_OBJECT || s->size_limit == 0)
        return true;
    return s->size_used <= s->size_limit && ask->size <= s->size_limit - s->size_used;
}

static struct permission_verdict verdict(bool allowed, enum permission_reason reason, size_t ground, size_t statement) {
    return (struct permission_verdict){allowed, reason, ground, statement};
}

/* Finds the first statement that denies. */
static bool find_deny(const struct permission_ask *ask, const struct permission_ground *grounds, size_t count,
                      struct permission_verdict *ret) {
    for (size_t g = 0; g < count; g++) {
        const Policy *p = grounds[g].policy;
        for (size_t s = 0; s < p->n_statements; s++) {
            if (p->statements[s]->effect != EFFECT_DENY || !permission_applies(ask, p, p->statements[s]))
                continue;
            *ret = verdict(false, PERMISSION_DENIED, g, s);
            return true;
        }
    }
    return false;
}

/* Finds the first statement that allows, for accounts or for groups; *ret remembers one whose budget was too small. */
static bool find_allow(const struct permission_ask *ask, const struct permission_ground *grounds, size_t count,
                       bool group, struct permission_verdict *ret) {
    for (size_t g = 0; g < count; g++) {
        const Policy *p = grounds[g].policy;
        for (size_t s = 0; grounds[g].group == group && s < p->n_statements; s++) {
            if (p->statements[s]->effect != EFFECT_ALLOW || !permission_applies(ask, p, p->statements[s]))
                continue;
            if (has_budget(ask, p->statements[s])) {
                *ret = verdict(true, group ? PERMISSION_GROUP_ALLOW : PERMISSION_ACCOUNT_ALLOW, g, s);
                return true;
            }
            if (ret->reason != PERMISSION_BUDGET)
                *ret = verdict(false, PERMISSION_BUDGET, g, s);
        }
    }
    return false;
}

struct permission_verdict permission_evaluate(const struct permission_ask *ask, const struct permission_ground *grounds,
                                              size_t count) {
    if (ask->owner)
        return verdict(true, PERMISSION_OWNER, 0, 0);
    struct permission_verdict v = verdict(false, PERMISSION_NOTHING, 0, 0);
    if (find_deny(ask, grounds, count, &v) || find_allow(ask, grounds, count, false, &v) ||
        find_allow(ask, grounds, count, true, &v))
        return v;
    return ask->visible ? verdict(true, PERMISSION_PUBLIC, 0, 0) : v;
}

const char *permission_reason_name(enum permission_reason reason) {
    switch (reason) {
    case PERMISSION_OWNER:
        return "owner";
    case PERMISSION_DENIED:
        return "denied";
    case PERMISSION_ACCOUNT_ALLOW:
        return "account_allow";
    case PERMISSION_GROUP_ALLOW:
        return "group_allow";
    case PERMISSION_PUBLIC:
        return "public";
    case PERMISSION_BUDGET:
        return "budget";
    case PERMISSION_NOTHING:
        return "nothing";
    }
    return "unknown";
}
