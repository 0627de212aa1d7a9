/* SPDX-License-Identifier: Apache-2.0 */
/* MsgOpenGroup: a primary opens a placement group; also in the same transaction as a seal that uses it. */
#include "x/sp/msgs.h"

#include "chain/base/limits.h"
#include "chain/types/layout.h"

#include <inttypes.h>
#include <stdio.h>

int msg_open_group_check(const void *message, const Params *params, struct err *err) {
    const MsgOpenGroup *msg = message;
    if (msg->n_members == 0 || msg->n_members > params->storage->positions_max)
        return err_set(err, CODE_PLACEMENT_GROUP_MEMBERS, "a placement group has 1 to %" PRIu64 " members",
                       params->storage->positions_max);
    if (!msg->profile)
        return err_set(err, CODE_PROFILE, "a placement group needs a profile");
    return profile_check(msg->profile, err);
}

static char *members_text(struct ctx *ctx, const MsgOpenGroup *msg) {
    char *text = ctx_alloc(ctx, msg->n_members * 11 + 1);
    size_t len = 0;
    for (size_t i = 0; i < msg->n_members; i++)
        len += (size_t)snprintf(text + len, 12, "%s%" PRIu32, i ? "," : "", msg->members[i]);
    return text;
}

int msg_open_group_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgOpenGroup *msg = message;
    StorageProvider *primary;
    char profile[PROFILE_TEXT_MAX];
    uint64_t id;
    int rc = sp_get(ctx, msg->members[0], &primary, err);
    if (rc)
        return rc;
    if (!sp_is_operator(ctx, primary) && !sp_is_sealer(ctx, primary))
        return err_set(err, CODE_DENIED,
                       "only storage provider %" PRIu32 " itself opens a placement group with it as primary",
                       primary->id);
    rc = placement_open(ctx, &ctx->signer, msg->profile, msg->members, msg->n_members, &id, err);
    if (rc)
        return rc;
    ctx->group_opened = id;
    ctx_id(ctx, id);
    ctx_event(ctx, "sp.group_opened", "group", ctx_u64_text(ctx, id), "profile", profile_print(msg->profile, profile),
              "members", members_text(ctx, msg), NULL);
    return CODE_OK;
}
