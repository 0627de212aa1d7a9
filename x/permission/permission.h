/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PERMISSION_PERMISSION_H
#define CAIRN_X_PERMISSION_PERMISSION_H
/* May this account do this? Asked by x/storage and x/challenge for their messages, and by queries. */
#include "x/permission/deps.h"
#include "x/permission/evaluate.h"

struct module;
extern const struct module permission_module;

/* What is asked. Policies are looked up on every resource whose id is not 0. */
struct permission_question {
    const struct addr *account; /* NULL: anybody, so only visibility speaks */
    int action;
    struct addr owner; /* of the resource */
    uint64_t bucket_id, object_id, group_id;
    const char *object_name; /* for patterns on the bucket; NULL: the bucket itself */
    bool visible;            /* visibility allows this action to everybody */
    uint64_t size;           /* CREATE_OBJECT */
};

struct permission_answer {
    struct permission_verdict verdict;
    Policy *policy; /* that decided; NULL: none did. On ctx->arena */
};

/* Evaluates. Fails only for reasons of the machine. */
int permission_ask(struct ctx *ctx, const struct permission_question *question, struct permission_answer *ret,
                   struct err *err);

/* CODE_OK when it is allowed, and the size budget of the statement that allowed it is spent; else CODE_POLICY_DENIES,
 * CODE_POLICY_BUDGET or CODE_DENIED with what, who and why. `what` is the start of the sentence: "create object". */
int permission_need(struct ctx *ctx, const struct permission_question *question, const char *what, struct err *err);

/* The resource is gone: so will be its policies, some each block; nobody asks about its id again. */
int permission_drop(struct ctx *ctx, int resource_kind, uint64_t resource_id, struct err *err);
/* The same for a group of accounts, and for the policies that name it as principal. */
int permission_group_gone(struct ctx *ctx, uint64_t group_id, struct err *err);

#endif
