/* SPDX-License-Identifier: Apache-2.0 */
/* Forced exits: every position of the provider becomes vacant, some groups a block. */
#include "x/sp/life.h"

#include "chain/types/keys_sp.h"
#include "x/sp/earning.h"
#include "x/sp/placement.h"
#include "x/sp/takeover.h"

#include <inttypes.h>

uint64_t life_share(uint64_t amount, uint64_t ppm) {
    uint64_t share = amount;
    return ppm < 1000000 && u64_mul_div(amount, ppm, 1000000, &share, NULL) ? share : amount;
}

int sp_force_exit(struct ctx *ctx, uint32_t id, struct err *err) {
    StorageProvider *sp;
    SpTotals *totals = NULL;
    struct key k;
    int rc = sp_get(ctx, id, &sp, err);
    if (rc)
        return rc;
    if (sp_is_out(sp))
        return err_set(err, CODE_SP_STATUS, "storage provider %" PRIu32 " is %s already", id,
                       sp_status_text(sp->status));
    rc = sp_totals_get(ctx, &totals, err);
    if (rc == CODE_OK && sp->status == SP_STATUS_GRACEFUL_EXITING) {
        totals->exiting--;
        rc = sp_totals_put(ctx, totals, err);
    }
    if (rc == CODE_OK)
        rc = maintenance_end(ctx, sp, err);
    if (rc)
        return rc;
    sp->status = SP_STATUS_FORCED_EXITING;
    sp->exit_since = ctx->time;
    sp->jailed_until = 0;
    ctx_event(ctx, "sp.forced_out", "sp", ctx_u64_text(ctx, id), "groups", ctx_u64_text(ctx, sp->counters->groups),
              "bytes", ctx_u64_text(ctx, sp->stored_bytes), NULL);
    rc = sp_put(ctx, sp, err);
    return rc ? rc : record_put_u64(ctx, key_forced_exit_due(&k, ctx->time, id), 0, err);
}

/* --- a queue item --- */

struct marking {
    uint32_t sp_id;
    uint64_t left, last;
};

/* record_fn over the reservations of the provider. rest: group u64be, position u32be. */
static int give_up(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct marking *m = arg;
    SlotReservation *r = NULL;
    (void)value, (void)msg;
    if (m->left == 0)
        return RECORD_STOP;
    m->left--;
    int rc = takeover_get(ctx, load_be64(rest.data), load_be32(rest.data + 8), &r, err);
    return rc ? rc : takeover_end(ctx, r, r->bond, "the successor was forced out", err);
}

/* record_fn over its groups. rest: group u64be; value: position. */
static int mark(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct marking *m = arg;
    PlacementGroup *group = NULL;
    uint32_t position = load_be32(value.data);
    (void)msg;
    if (m->left == 0)
        return RECORD_STOP;
    m->left--;
    m->last = load_be64(rest.data);
    int rc = placement_get(ctx, m->last, &group, err);
    if (rc == CODE_OK && !placement_listed(group->vacant, group->n_vacant, position))
        rc = earning_vacate(ctx, group, position, err);
    return rc ? rc : placement_put(ctx, group, err);
}

/* rest: provider u32be; value: last group done u64be. */
int forced_exit_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    struct key prefix, after, k;
    (void)due_time;
    if (rest.len != 4 || value.len != 8)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of forced exits has %zu bytes", rest.len);
    struct marking m = {load_be32(rest.data), ctx->params->sp->vacancies_per_block, load_be64(value.data)};
    int rc = record_each(ctx, key_sp_reservations(&prefix, m.sp_id), BYTES_NONE, 0, NULL, give_up, &m, err);
    key_sp_group(&after, m.sp_id, m.last);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_sp_groups(&prefix, m.sp_id), key_bytes(&after), 0, NULL, mark, &m, err);
    if (rc == CODE_OK && m.left == 0)
        rc = record_put_u64(ctx, key_forced_exit_due(&k, ctx->time + 1, m.sp_id), m.last, err);
    return rc;
}
