/* SPDX-License-Identifier: Apache-2.0 */
#include "x/permission/statement.h"

#include "chain/types/action.h"
#include "x/permission/glob.h"

#include <string.h>

#define BIT(action) (1u << (action))

static bool about_groups(int action) {
    return action == ACTION_UPDATE_GROUP_MEMBERS || action == ACTION_UPDATE_GROUP || action == ACTION_DELETE_GROUP;
}

const char *statement_misfit(int action, int resource_kind) {
    if (action <= ACTION_UNSPECIFIED || action >= ACTIONS_END)
        return "there is no such action";
    switch (resource_kind) {
    case RESOURCE_KIND_BUCKET:
        return about_groups(action) ? "a bucket has no members" : NULL;
    case RESOURCE_KIND_GROUP:
        return action == ACTION_ALL || about_groups(action) ? NULL : "a group holds no objects";
    case RESOURCE_KIND_OBJECT:
        break;
    default:
        return "there is no such resource";
    }
    switch (action) {
    case ACTION_LIST_OBJECTS:
        return "an object has nothing to list";
    case ACTION_CREATE_OBJECT:
        return "what is still to be created carries no policy: put it on the bucket, with a pattern";
    case ACTION_UPDATE_BUCKET:
    case ACTION_DELETE_BUCKET:
        return "an object does not speak for its bucket";
    default:
        return about_groups(action) ? "an object has no members" : NULL;
    }
}

size_t statement_pattern_bytes(Statement *const *statements, size_t count) {
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < statements[i]->n_resources; j++)
            sum += strlen(statements[i]->resources[j]);
    return sum;
}

/* Collects the actions as a set in *ret. */
static int check_actions(const Statement *s, size_t number, int resource_kind, unsigned *ret, struct err *err) {
    unsigned set = 0;
    for (size_t i = 0; i < s->n_actions; i++) {
        int action = (int)s->actions[i];
        const char *misfit = statement_misfit(action, resource_kind);
        if (misfit)
            return err_set(err, CODE_POLICY_STATEMENT, "statement %zu: %s cannot be said of this: %s", number,
                           action_text(s->actions[i]), misfit);
        if (set & BIT(action))
            return err_set(err, CODE_POLICY_STATEMENT, "statement %zu: %s is given twice", number,
                           action_text(s->actions[i]));
        set |= BIT(action);
    }
    if (set == 0)
        return err_set(err, CODE_POLICY_STATEMENT, "statement %zu: it names no action", number);
    if ((set & BIT(ACTION_ALL)) && set != BIT(ACTION_ALL))
        return err_set(err, CODE_POLICY_STATEMENT, "statement %zu: beside ALL no other action makes sense", number);
    *ret = set;
    return CODE_OK;
}

static int check_resources(const Statement *s, size_t number, int resource_kind, const PermissionParams *params,
                           struct err *err) {
    if (s->n_resources && resource_kind != RESOURCE_KIND_BUCKET)
        return err_set(err, CODE_POLICY_STATEMENT, "statement %zu: only a policy on a bucket can have patterns",
                       number);
    if (s->n_resources > params->statement_resources_max)
        return err_set(err, CODE_POLICY_LIMIT, "statement %zu: %zu patterns; at most %llu are allowed", number,
                       s->n_resources, (unsigned long long)params->statement_resources_max);
    for (size_t i = 0; i < s->n_resources; i++) {
        int rc = glob_check(s->resources[i], err);
        if (rc)
            return err_wrap(err, rc, "statement %zu", number);
    }
    return CODE_OK;
}

static int check_one(const Statement *s, size_t number, int resource_kind, uint64_t now, const PermissionParams *params,
                     struct err *err) {
    unsigned actions = 0;
    if (s->effect != EFFECT_ALLOW && s->effect != EFFECT_DENY)
        return err_set(err, CODE_POLICY_STATEMENT, "statement %zu: its effect must be ALLOW or DENY", number);
    int rc = check_actions(s, number, resource_kind, &actions, err);
    if (rc == CODE_OK)
        rc = check_resources(s, number, resource_kind, params, err);
    if (rc)
        return rc;
    if (s->expires_at && s->expires_at <= now)
        return err_set(err, CODE_POLICY_STATEMENT, "statement %zu: it has expired already", number);
    if (s->size_used)
        return err_set(err, CODE_POLICY_STATEMENT, "statement %zu: size_used is written by the ledger only", number);
    bool creates = s->effect == EFFECT_ALLOW && resource_kind == RESOURCE_KIND_BUCKET &&
                   (actions & (BIT(ACTION_CREATE_OBJECT) | BIT(ACTION_ALL)));
    if (s->size_limit && !creates)
        return err_set(err, CODE_POLICY_STATEMENT,
                       "statement %zu: a size limit needs ALLOW of CREATE_OBJECT on a bucket", number);
    return CODE_OK;
}

int statement_check_all(Statement *const *statements, size_t count, int resource_kind, uint64_t now,
                        const PermissionParams *params, struct err *err) {
    if (count == 0)
        return err_set(err, CODE_POLICY_STATEMENT, "a policy needs at least one statement; DeletePolicy removes it");
    if (count > params->statements_max)
        return err_set(err, CODE_POLICY_LIMIT, "%zu statements; at most %llu are allowed", count,
                       (unsigned long long)params->statements_max);
    for (size_t i = 0; i < count; i++) {
        int rc = check_one(statements[i], i, resource_kind, now, params, err);
        if (rc)
            return rc;
    }
    size_t bytes = statement_pattern_bytes(statements, count);
    if (bytes > POLICY_PATTERN_BYTES_MAX)
        return err_set(err, CODE_POLICY_LIMIT, "the patterns have %zu bytes together; at most %d are allowed", bytes,
                       POLICY_PATTERN_BYTES_MAX);
    return CODE_OK;
}
