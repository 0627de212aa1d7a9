/* SPDX-License-Identifier: Apache-2.0 */
#include "x/base/module.h"
#include "x/challenge/block.h"
#include "x/challenge/challenge.h"
#include "x/challenge/invariants.h"
#include "x/challenge/msgs.h"
#include "x/challenge/queries.h"

#include "cairn/challenge.h"

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_SUBMIT_CHALLENGE,
     .desc = &msg_submit_challenge__descriptor,
     .grant = MSG_GRANT_ANY,
     .check = msg_submit_challenge_check,
     .run = msg_submit_challenge_run},
    {.kind = MSG__BODY_ANSWER_CHALLENGE,
     .desc = &msg_answer_challenge__descriptor,
     .check = msg_answer_challenge_check,
     .run = msg_answer_challenge_run,
     .free_ante = msg_answer_challenge_free_ante},
    {.kind = MSG__BODY_DECLARE_LOST,
     .desc = &msg_declare_lost__descriptor,
     .check = msg_declare_lost_check,
     .run = msg_declare_lost_run},
};

const struct storage_deps challenge_storage_deps = {
    .sp_stores = floor_enter,
};

const struct module challenge_module = {
    .name = "challenge",
    .id = KEY_CHALLENGE,
    .msgs = msgs,
    .msgs_n = COUNT_OF(msgs),
    .begin = challenge_begin_hooks,
    .begin_n = CHALLENGE_BEGIN_HOOKS,
    .end = challenge_end_hooks,
    .end_n = CHALLENGE_END_HOOKS,
    .queries = challenge_queries,
    .queries_n = CHALLENGE_QUERIES,
    .invariants = challenge_invariants,
};
