/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PERMISSION_EVALUATE_H
#define CAIRN_X_PERMISSION_EVALUATE_H
/*
 * Who may do what, as a pure function over the policies that concern the asker (ledger.md §4, permission):
 *
 *     owner -> explicit DENY anywhere wins -> account ALLOW -> group ALLOW -> visibility -> refuse
 *
 * permission.c collects the policies: at most one for the account and PermissionParams.groups_per_resource for groups,
 * on the bucket and on the object, so that the work is bounded by parameters whatever the state holds.
 */
#include "chain/base/fixed.h"

#include "cairn/permission.h"

enum permission_reason {
    PERMISSION_OWNER,         /* yes: the resource is the asker's */
    PERMISSION_DENIED,        /* no: a statement denies it */
    PERMISSION_ACCOUNT_ALLOW, /* yes: a statement for the account */
    PERMISSION_GROUP_ALLOW,   /* yes: a statement for a group with the asker in it */
    PERMISSION_PUBLIC,        /* yes: anyone may */
    PERMISSION_BUDGET,        /* no: a statement would allow it, but its size budget is spent */
    PERMISSION_NOTHING,       /* no: nothing allows it */
};

struct permission_ask {
    int action;              /* enum Action, neither UNSPECIFIED nor ALL */
    bool owner;              /* the asker owns the resource */
    bool visible;            /* visibility alone allows this action */
    const char *object_name; /* the object asked about (also one that does not exist yet); NULL: bucket or group */
    uint64_t size;           /* bytes, for CREATE_OBJECT */
    uint64_t now;            /* ledger time */
};

/* A policy whose principal is the asker, or a group that the asker is in at `now`. */
struct permission_ground {
    const Policy *policy;
    bool group;
};

struct permission_verdict {
    bool allowed;
    enum permission_reason reason;
    size_t ground;    /* which ground decided: for DENIED, the ALLOWs and BUDGET */
    size_t statement; /* and which of its statements */
};

struct permission_verdict permission_evaluate(const struct permission_ask *ask, const struct permission_ground *grounds,
                                              size_t count);

/* Does this statement of this policy speak about the question at all: action, pattern, both expiries. */
bool permission_applies(const struct permission_ask *ask, const Policy *policy, const Statement *statement);

/* "owner", "denied" ...: for events and answers. */
const char *permission_reason_name(enum permission_reason reason);

#endif
