/* SPDX-License-Identifier: Apache-2.0 */
/* MsgSetSpStatus: into maintenance for a time that its quota allows, and back. Nothing new is stored meanwhile, and no
 * challenge falls due; what is stored is paid for. */
#include "x/sp/life.h"
#include "x/sp/msgs.h"

#include <inttypes.h>

int msg_set_sp_status_check(const void *message, const Params *params, struct err *err) {
    const MsgSetSpStatus *msg = message;
    (void)params;
    if (msg->status != SP_STATUS_IN_SERVICE && msg->status != SP_STATUS_IN_MAINTENANCE)
        return err_set(err, CODE_SP_STATUS,
                       "a provider sets itself in service or in maintenance; other statuses are not its to choose");
    if (msg->status == SP_STATUS_IN_SERVICE && msg->duration_ms)
        return err_set(err, CODE_INVALID_ARGUMENT, "a duration is for a maintenance");
    return CODE_OK;
}

int msg_set_sp_status_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgSetSpStatus *msg = message;
    StorageProvider *sp;
    bool into = msg->status == SP_STATUS_IN_MAINTENANCE;
    int rc = sp_get(ctx, msg->sp_id, &sp, err);
    if (rc == CODE_OK)
        rc = sp_need_operator(ctx, sp, err);
    if (rc)
        return rc;
    if (sp->status != (into ? SP_STATUS_IN_SERVICE : SP_STATUS_IN_MAINTENANCE))
        return err_set(err, CODE_SP_STATUS, "storage provider %" PRIu32 " is %s", sp->id, sp_status_text(sp->status));
    rc = into ? maintenance_begin(ctx, sp, msg->duration_ms, err) : maintenance_end(ctx, sp, err);
    if (rc)
        return rc;
    sp->status = msg->status;
    if (into)
        ctx_event(ctx, "sp.in_maintenance", "sp", ctx_u64_text(ctx, sp->id), "until",
                  ctx_u64_text(ctx, sp->maintenance_until), NULL);
    else
        ctx_event(ctx, "sp.in_service", "sp", ctx_u64_text(ctx, sp->id), "reason", "asked for", NULL);
    return sp_put(ctx, sp, err);
}
