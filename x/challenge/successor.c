/* SPDX-License-Identifier: Apache-2.0 */
#include "x/challenge/successor.h"

#include "x/challenge/pick.h"
#include "x/challenge/record.h"
#include "x/sp/sp.h"
#include "x/sp/takeover.h"

/* *ret_made: false when nothing could be drawn just now. */
static int draw_one(struct ctx *ctx, const SlotReservation *r, bool *ret_made, struct err *err) {
    struct draw draw;
    struct pick pick = {0};
    uint64_t id = 0;
    int rc = ctx_next_id(ctx, SEQ_CHALLENGE, &id, err);
    if (rc)
        return rc;
    draw_init(&draw, &ctx->seed, CHALLENGE_ORIGIN_TAKEOVER, id);
    rc = pick_of_group(ctx, &draw, r->group_id, r->position, r->sp_id, &pick, err);
    *ret_made = rc == CODE_OK;
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    Challenge *c = pick_challenge(ctx, &draw, id, &pick, PICK_ANY_SEGMENT, CHALLENGE_ORIGIN_TAKEOVER);
    c->group_id = r->group_id;
    c->reservation = r->id;
    c->round = r->round;
    return challenge_open(ctx, c, err);
}

int successor_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    SlotReservation *r = NULL;
    StorageProvider *sp = NULL;
    bool deferred = false, made = false;
    (void)due_time, (void)value;
    if (rest.len != 12)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of takeovers has %zu bytes", rest.len);
    int rc = takeover_get(ctx, load_be64(rest.data), load_be32(rest.data + 8), &r, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, r->sp_id, &sp, err);
    if (rc == CODE_OK)
        rc = challenge_deferred(ctx, &deferred, err);
    if (rc == CODE_OK && !deferred && pick_may(sp))
        rc = draw_one(ctx, r, &made, err);
    return rc ? rc : takeover_drawn(ctx, r, made, err);
}

int successor_passed(struct ctx *ctx, const Challenge *c, struct err *err) {
    if (c->origin != CHALLENGE_ORIGIN_TAKEOVER)
        return CODE_OK;
    return takeover_answered(ctx, c->group_id, c->position, c->reservation, c->round, true, err);
}

int successor_missed(struct ctx *ctx, Challenge *c, struct err *err) {
    int rc = challenge_close(ctx, c, CHALLENGE_STATUS_MISSED, err);
    return rc ? rc : takeover_answered(ctx, c->group_id, c->position, c->reservation, c->round, false, err);
}
