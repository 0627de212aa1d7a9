/* SPDX-License-Identifier: Apache-2.0 */
/* Positions whose income waits: those of a provider in jail or forced out, some groups a block; and back, when it has
 * made good what it missed. */
#include "x/sp/life.h"

#include "chain/types/keys_sp.h"
#include "x/sp/earning.h"
#include "x/sp/placement.h"
#include "x/sp/takeover.h"

static int unqueue(struct ctx *ctx, StorageProvider *sp, struct err *err) {
    struct key k;
    int rc = sp->marking_at ? record_del(ctx, key_marking_due(&k, sp->marking_at, sp->id), err) : CODE_OK;
    sp->marking_at = 0;
    return rc;
}

static int queue(struct ctx *ctx, StorageProvider *sp, uint64_t at, uint64_t last, struct err *err) {
    struct key k;
    sp->marking_at = at;
    return record_put_u64(ctx, key_marking_due(&k, at, sp->id), last, err);
}

int vacate_begin(struct ctx *ctx, StorageProvider *sp, bool unpaid, struct err *err) {
    sp->unpaid = unpaid;
    int rc = unqueue(ctx, sp, err); /* what is marked already is looked at again */
    return rc ? rc : queue(ctx, sp, ctx->time, 0, err);
}

/* --- a queue item --- */

struct marking {
    uint32_t sp_id;
    bool unpaid;
    uint64_t left, last;
};

/* record_fn over what a provider that was forced out was taking over. rest: group u64be, position u32be. */
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
    if (rc || placement_listed(group->vacant, group->n_vacant, position) == m->unpaid)
        return rc;
    rc = m->unpaid ? earning_vacate(ctx, group, position, err) : earning_pass(ctx, group, position, m->sp_id, err);
    return rc ? rc : placement_put(ctx, group, err);
}

/* rest: provider u32be; value: last group done u64be. */
int marking_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    struct key prefix, after;
    StorageProvider *sp = NULL;
    (void)due_time;
    if (rest.len != 4 || value.len != 8)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of providers to mark has %zu bytes", rest.len);
    int rc = sp_get(ctx, load_be32(rest.data), &sp, err);
    if (rc)
        return rc;
    struct marking m = {sp->id, sp->unpaid, ctx->params->sp->vacancies_per_block, load_be64(value.data)};
    if (sp_is_out(sp))
        rc = record_each(ctx, key_sp_reservations(&prefix, m.sp_id), BYTES_NONE, 0, NULL, give_up, &m, err);
    key_sp_group(&after, m.sp_id, m.last);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_sp_groups(&prefix, m.sp_id), key_bytes(&after), 0, NULL, mark, &m, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, m.sp_id, &sp, err); /* it may have been given what waited */
    if (rc)
        return rc;
    sp->marking_at = 0;
    if (m.left == 0)
        rc = queue(ctx, sp, ctx->time + 1, m.last, err);
    return rc ? rc : sp_put(ctx, sp, err);
}
