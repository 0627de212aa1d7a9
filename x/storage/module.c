/* SPDX-License-Identifier: Apache-2.0 */
#include "x/base/module.h"
#include "x/storage/block.h"
#include "x/storage/invariants.h"
#include "x/storage/msgs.h"
#include "x/storage/queries.h"
#include "x/storage/storage.h"

/* An approval is one signature. */
static uint64_t one_signature(const void *msg) {
    (void)msg;
    return 1;
}

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_CREATE_BUCKET,
     .desc = &msg_create_bucket__descriptor,
     .grant = MSG_GRANT_ANY,
     .spec = &create_bucket_spec__descriptor,
     .check = msg_create_bucket_check,
     .signatures = one_signature,
     .run = msg_create_bucket_run},
    {.kind = MSG__BODY_DELETE_BUCKET,
     .desc = &msg_delete_bucket__descriptor,
     .grant = MSG_GRANT_ANY,
     .check = msg_delete_bucket_check,
     .run = msg_delete_bucket_run},
    {.kind = MSG__BODY_CREATE_OBJECT,
     .desc = &msg_create_object__descriptor,
     .grant = MSG_GRANT_ANY,
     .spec = &create_object_spec__descriptor,
     .check = msg_create_object_check,
     .signatures = one_signature,
     .run = msg_create_object_run},
    {.kind = MSG__BODY_SEAL_OBJECT,
     .desc = &msg_seal_object__descriptor,
     .grant = MSG_GRANT_ANY,
     .check = msg_seal_object_check,
     .signatures = msg_seal_object_signatures,
     .run = msg_seal_object_run},
    {.kind = MSG__BODY_REJECT_SEAL,
     .desc = &msg_reject_seal__descriptor,
     .check = msg_reject_seal_check,
     .run = msg_reject_seal_run},
    {.kind = MSG__BODY_CANCEL_OBJECT,
     .desc = &msg_cancel_object__descriptor,
     .grant = MSG_GRANT_ANY,
     .check = msg_cancel_object_check,
     .run = msg_cancel_object_run},
    {.kind = MSG__BODY_DELETE_OBJECT,
     .desc = &msg_delete_object__descriptor,
     .grant = MSG_GRANT_ANY,
     .check = msg_delete_object_check,
     .run = msg_delete_object_run},
    {.kind = MSG__BODY_CREATE_GROUP,
     .desc = &msg_create_group__descriptor,
     .grant = MSG_GRANT_ANY,
     .check = msg_create_group_check,
     .run = msg_create_group_run},
    {.kind = MSG__BODY_UPDATE_GROUP_MEMBERS,
     .desc = &msg_update_group_members__descriptor,
     .check = msg_update_group_members_check,
     .run = msg_update_group_members_run},
    {.kind = MSG__BODY_DELETE_GROUP,
     .desc = &msg_delete_group__descriptor,
     .check = msg_delete_group_check,
     .run = msg_delete_group_run},
    {.kind = MSG__BODY_LEAVE_GROUP,
     .desc = &msg_leave_group__descriptor,
     .check = msg_leave_group_check,
     .run = msg_leave_group_run},
    {.kind = MSG__BODY_UPDATE_GROUP,
     .desc = &msg_update_group__descriptor,
     .check = msg_update_group_check,
     .run = msg_update_group_run},
};

const struct module storage_module = {
    .name = "storage",
    .id = KEY_STORAGE,
    .msgs = msgs,
    .msgs_n = COUNT_OF(msgs),
    .end = storage_end_hooks,
    .end_n = STORAGE_END_HOOKS,
    .queries = storage_queries,
    .queries_n = STORAGE_QUERIES,
    .invariants = storage_invariants,
};
