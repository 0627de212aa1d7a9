/* SPDX-License-Identifier: Apache-2.0 */
#include "x/base/module.h"
#include "x/permission/block.h"
#include "x/permission/invariants.h"
#include "x/permission/msgs.h"
#include "x/permission/queries.h"

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_PUT_POLICY,
     .desc = &msg_put_policy__descriptor,
     .check = msg_put_policy_check,
     .run = msg_put_policy_run},
    {.kind = MSG__BODY_DELETE_POLICY,
     .desc = &msg_delete_policy__descriptor,
     .check = msg_delete_policy_check,
     .run = msg_delete_policy_run},
};

static const struct query queries[] = {
    {.path = "/permission/policy",
     .help = "the policy of a principal on a resource: resource_kind, resource_id, account or group_id",
     .question = &policy_query__descriptor,
     .answer = &policy__descriptor,
     .key = query_policy},
    {.path = "/permission/policies",
     .help = "all policies of a resource: resource_kind, resource_id, cursor, limit",
     .question = &policies_query__descriptor,
     .answer = &policies_answer__descriptor,
     .run = query_policies},
    {.path = "/permission/grants",
     .help = "all that policies say of one principal: account or group_id, cursor, limit",
     .question = &grants_query__descriptor,
     .answer = &policies_answer__descriptor,
     .run = query_grants},
};

const struct module permission_module = {
    .name = "permission",
    .id = KEY_PERMISSION,
    .msgs = msgs,
    .msgs_n = COUNT_OF(msgs),
    .end = permission_end_hooks,
    .end_n = PERMISSION_END_HOOKS,
    .queries = queries,
    .queries_n = COUNT_OF(queries),
    .invariants = permission_invariants,
};
