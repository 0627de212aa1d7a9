/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket's slot on its way to another primary: alone in its group, whose first position is taken over by the protocol
 * that serves everybody (takeover.h), whether its holder offers it or not. */
#include "x/sp/takeover.h"

#include "chain/types/keys_sp.h"
#include "x/base/deps.h"
#include "x/sp/deps.h"
#include "x/sp/placement.h"

int sp_take_slot(struct ctx *ctx, uint64_t group_id, uint32_t sp_id, uint64_t bucket_id, uint64_t deadline,
                 struct err *err) {
    const SpParams *p = ctx->params->sp;
    PlacementGroup *group = NULL;
    uint64_t bytes = 0;
    int rc = placement_get(ctx, group_id, &group, err);
    if (rc == CODE_OK)
        rc = ctx->deps->sp->position_bytes(ctx, group_id, group->members[0], &bytes, err);
    if (rc)
        return rc;
    SlotReservation *r = CTX_NEW(ctx, SlotReservation);
    slot_reservation__init(r);
    r->group_id = group_id;
    r->sp_id = sp_id;
    r->payer = ctx_addr(ctx, &ctx->signer);
    r->bond = takeover_bond(p, bytes);
    r->deadline = u64_min(u64_max(deadline, ctx->time + p->reserve_time_min_ms), ctx->time + takeover_time(p, bytes));
    r->bucket_id = bucket_id;
    rc = takeover_reserve(ctx, r, err);
    if (rc == CODE_OK)
        ctx_id(ctx, r->id);
    return rc;
}

int sp_leave_slot(struct ctx *ctx, uint64_t group_id, uint64_t bucket_id, enum sp_leave how, const char *reason,
                  struct err *err) {
    struct key k;
    SlotReservation *r = NULL;
    int rc = record_get(ctx, key_reservation(&k, group_id, 0), &slot_reservation__descriptor, &r, err);
    if (rc == CODE_NOT_FOUND || (rc == CODE_OK && r->bucket_id != bucket_id))
        return CODE_OK;
    if (rc)
        return rc;
    uint64_t loss = how == SP_LEAVE_FREE ? 0 : how == SP_LEAVE_CANCELLED ? takeover_cancel_loss(ctx, r) : r->bond;
    return takeover_end(ctx, r, loss, reason, err);
}
