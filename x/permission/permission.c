/* SPDX-License-Identifier: Apache-2.0 */
#include "x/permission/permission.h"

#include "chain/types/keys_permission.h"
#include "x/base/deps.h"
#include "x/base/record.h"
#include "x/permission/block.h"
#include "x/permission/policy.h"

/* The account's policy and groups_per_resource of its groups, on a bucket, an object and a group at most. */
#define GROUNDS_MAX 256

struct gathering {
    const struct addr *account;
    struct permission_ground grounds[GROUNDS_MAX];
    size_t count;
};

/* record_fn: takes a group's policy when the account is in the group. */
static int gather_group(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct gathering *g = arg;
    const Policy *policy = msg;
    bool member = false;
    (void)rest, (void)value;
    int rc = ctx->deps->permission->group_has(ctx, policy->principal->group_id, g->account, &member, err);
    if (rc == CODE_OK && member && g->count < GROUNDS_MAX)
        g->grounds[g->count++] = (struct permission_ground){policy, true};
    return rc;
}

static int gather(struct ctx *ctx, struct gathering *g, int kind, uint64_t resource_id, struct err *err) {
    struct key k;
    Policy *own = NULL;
    if (resource_id == 0)
        return CODE_OK;
    int rc = policy_of_account(ctx, kind, resource_id, g->account, &own, err);
    if (rc)
        return rc;
    if (own && g->count < GROUNDS_MAX)
        g->grounds[g->count++] = (struct permission_ground){own, false};
    return record_each(ctx, key_policy_groups(&k, (uint8_t)kind, resource_id), BYTES_NONE, 0, &policy__descriptor,
                       gather_group, g, err);
}

int permission_ask(struct ctx *ctx, const struct permission_question *question, struct permission_answer *ret,
                   struct err *err) {
    struct permission_ask ask = {
        .action = question->action,
        .owner = question->account && addr_eq(question->account, &question->owner),
        .visible = question->visible,
        .object_name = question->object_name,
        .size = question->size,
        .now = ctx->time,
    };
    struct gathering *g = CTX_NEW(ctx, struct gathering);
    g->account = question->account;
    int rc = CODE_OK;
    if (question->account && !ask.owner) {
        rc = gather(ctx, g, RESOURCE_KIND_BUCKET, question->bucket_id, err);
        if (rc == CODE_OK)
            rc = gather(ctx, g, RESOURCE_KIND_OBJECT, question->object_id, err);
        if (rc == CODE_OK)
            rc = gather(ctx, g, RESOURCE_KIND_GROUP, question->group_id, err);
    }
    if (rc)
        return rc;
    ret->verdict = permission_evaluate(&ask, g->grounds, g->count);
    bool by_policy = ret->verdict.reason == PERMISSION_DENIED || ret->verdict.reason == PERMISSION_ACCOUNT_ALLOW ||
                     ret->verdict.reason == PERMISSION_GROUP_ALLOW || ret->verdict.reason == PERMISSION_BUDGET;
    /* The grounds point at records on the arena, which are the caller's copies. */
    ret->policy = by_policy ? (Policy *)(uintptr_t)g->grounds[ret->verdict.ground].policy : NULL;
    return CODE_OK;
}

/* The bytes count against the statement's budget, if it has one. */
static int spend(struct ctx *ctx, const struct permission_question *question, const struct permission_answer *answer,
                 struct err *err) {
    if (question->action != ACTION_CREATE_OBJECT || !answer->policy)
        return CODE_OK;
    const Statement *s = answer->policy->statements[answer->verdict.statement];
    if (s->size_limit == 0 || question->size == 0)
        return CODE_OK;
    return policy_spend(ctx, answer->policy, answer->verdict.statement, question->size, err);
}

int permission_need(struct ctx *ctx, const struct permission_question *question, const char *what, struct err *err) {
    struct permission_answer answer = {{false, PERMISSION_NOTHING, 0, 0}, NULL};
    int rc = permission_ask(ctx, question, &answer, err);
    if (rc)
        return rc;
    if (answer.verdict.allowed)
        return spend(ctx, question, &answer, err);
    const char *who = question->account ? ctx_addr_text(ctx, question->account) : "anybody";
    unsigned long long policy = answer.policy ? answer.policy->id : 0;
    switch (answer.verdict.reason) {
    case PERMISSION_DENIED:
        return err_set(err, CODE_POLICY_DENIES, "%s: statement %zu of policy %llu denies this to %s", what,
                       answer.verdict.statement, policy, who);
    case PERMISSION_BUDGET:
        return err_set(err, CODE_POLICY_BUDGET,
                       "%s: the size budget of statement %zu of policy %llu does not cover %llu bytes", what,
                       answer.verdict.statement, policy, (unsigned long long)question->size);
    default:
        return err_set(err, CODE_DENIED, "%s: %s is not the owner, and no policy allows it", what, who);
    }
}

int permission_drop(struct ctx *ctx, int resource_kind, uint64_t resource_id, struct err *err) {
    struct key k;
    bool there = false;
    int rc = record_has(ctx, key_policy_counts(&k, (uint8_t)resource_kind, resource_id), &there, err);
    return rc || !there ? rc : leftover_enqueue(ctx, resource_kind, resource_id, err);
}

int permission_group_gone(struct ctx *ctx, uint64_t group_id, struct err *err) {
    int rc = permission_drop(ctx, RESOURCE_KIND_GROUP, group_id, err);
    return rc ? rc : leftover_enqueue(ctx, RESOURCE_KIND_UNSPECIFIED, group_id, err);
}
