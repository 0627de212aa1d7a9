/* SPDX-License-Identifier: Apache-2.0 */
#include "x/sp/earning.h"

#include "chain/types/keys_sp.h"
#include "x/sp/placement.h"

#include <inttypes.h>

static uint32_t earner_now(const PlacementGroup *group, uint32_t position) {
    return placement_listed(group->vacant, group->n_vacant, position) ? 0 : group->members[position];
}

static int handover_get(struct ctx *ctx, uint64_t group_id, uint64_t epoch, Handover **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_handover(&k, group_id, epoch), &handover__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND)
        rc = ctx_fault(ctx, CODE_CORRUPT, "placement group %" PRIu64 " has no change %" PRIu64, group_id, epoch);
    return rc;
}

/* A group without slots that flow has nobody who could be settled across the change. */
static int note(struct ctx *ctx, PlacementGroup *group, uint32_t position, uint32_t to, struct err *err) {
    struct key k;
    Handover h = HANDOVER__INIT;
    if (group->flowing == 0)
        return CODE_OK;
    h.position = position;
    h.at = ctx->time;
    h.from_sp = earner_now(group, position);
    h.to_sp = to;
    h.slots_left = group->flowing;
    group->epoch++;
    group->handovers++;
    return record_put(ctx, key_handover(&k, group->id, group->epoch), &h, err);
}

int earning_vacate(struct ctx *ctx, PlacementGroup *group, uint32_t position, struct err *err) {
    int rc = note(ctx, group, position, 0, err);
    if (rc)
        return rc;
    placement_list(ctx, &group->vacant, &group->n_vacant, position);
    ctx_event(ctx, "sp.slot_vacant", "group", ctx_u64_text(ctx, group->id), "position", ctx_u64_text(ctx, position),
              "sp", ctx_u64_text(ctx, group->members[position]), NULL);
    return CODE_OK;
}

int earning_pass(struct ctx *ctx, PlacementGroup *group, uint32_t position, uint32_t to, struct err *err) {
    int rc = note(ctx, group, position, to, err);
    if (rc == CODE_OK && position < group->n_escrow) {
        rc = sp_earn(ctx, to, group->escrow[position], err);
        group->escrow[position] = 0;
    }
    placement_unlist(group->vacant, &group->n_vacant, position);
    return rc;
}

/* --- for slots --- */

int placement_earners(struct ctx *ctx, const PlacementGroup *group, uint64_t epoch, uint64_t to, struct earners *ret,
                      struct err *err) {
    ret->until = to;
    ret->crossed = false;
    for (uint32_t i = 0; i < group->n_members; i++)
        ret->sps[i] = earner_now(group, i);
    /* backwards from what is now to what was in that epoch */
    for (uint64_t e = group->epoch; e > epoch; e--) {
        Handover *h = NULL;
        int rc = handover_get(ctx, group->id, e, &h, err);
        if (rc)
            return rc;
        if (h->position < group->n_members)
            ret->sps[h->position] = h->from_sp ? h->from_sp : h->to_sp; /* a vacant one's: who took it over */
        if (e == epoch + 1 && h->at <= to) {
            ret->until = h->at;
            ret->crossed = true;
        }
    }
    return CODE_OK;
}

int placement_earn(struct ctx *ctx, PlacementGroup *group, uint32_t position, uint32_t sp_id, uint64_t amount,
                   struct err *err) {
    if (amount == 0 || sp_id)
        return sp_earn(ctx, sp_id, amount, err);
    if (group->n_escrow == 0) {
        group->n_escrow = group->n_members;
        group->escrow = ctx_array(ctx, group->n_members, sizeof *group->escrow);
    }
    group->escrow[position] += amount; /* cannot overflow: it is part of the supply */
    return CODE_OK;
}

int placement_crossed(struct ctx *ctx, PlacementGroup *group, uint64_t epoch, struct err *err) {
    Handover *h = NULL;
    struct key k;
    int rc = handover_get(ctx, group->id, epoch, &h, err);
    if (rc)
        return rc;
    if (h->slots_left == 0 || group->handovers == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "a change of placement group %" PRIu64 " counts fewer slots than it has",
                         group->id);
    if (--h->slots_left)
        return record_put(ctx, key_handover(&k, group->id, epoch), h, err);
    group->handovers--;
    return record_del(ctx, key_handover(&k, group->id, epoch), err);
}
