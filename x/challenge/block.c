/* SPDX-License-Identifier: Apache-2.0 */
#include "x/challenge/block.h"

#include "chain/types/keys_challenge.h"
#include "x/auth/account.h"
#include "x/challenge/cooling.h"
#include "x/challenge/duty.h"
#include "x/challenge/pick.h"
#include "x/challenge/record.h"
#include "x/challenge/successor.h"
#include "x/sp/sp.h"
#include "x/storage/weight.h"

static uint64_t draws_cap(const struct ctx *ctx) {
    return u64_max(ctx->params->challenge->draws_per_block, 1);
}

static uint64_t misses_cap(const struct ctx *ctx) {
    return u64_max(ctx->params->challenge->misses_per_block, 1);
}

static uint64_t prunes_cap(const struct ctx *ctx) {
    return u64_max(ctx->params->challenge->prunes_per_block, 1);
}

/* --- deadlines --- */

/* The provider pays, within its window and not twice for one loss; a challenger has the bond back and a reward. */
static int punish(struct ctx *ctx, Challenge *c, struct err *err) {
    const ChallengeParams *p = ctx->params->challenge;
    struct addr challenger = {{0}};
    bool submitted = addr_of_field(c->challenger, &challenger), cooling = false;
    int rc = CODE_OK;
    if (c->origin != CHALLENGE_ORIGIN_REPAIR)
        rc = cooling_is(ctx, c->object_id, c->position, &cooling, err);
    if (rc == CODE_OK && !cooling)
        rc = sp_slash(ctx, c->sp_id, p->slash_amount, submitted ? &challenger : NULL, p->challenger_reward, &c->slashed,
                      err);
    if (rc == CODE_OK && !cooling)
        rc = cooling_begin(ctx, c->object_id, c->position, err);
    if (rc == CODE_OK && submitted)
        rc = coins_from_module(ctx, MODULE_CHALLENGE, &challenger, c->bond, err);
    return rc;
}

/* For its own misses: who had the position before owes nothing of what its successor does. */
static int maybe_jail(struct ctx *ctx, const Challenge *c, struct err *err) {
    RepairDuty *duty = NULL;
    uint64_t limit = ctx->params->challenge->jail_misses;
    int rc = duty_get(ctx, c->object_id, c->position, &duty, err);
    if (rc || limit == 0 || !duty || duty->sp_id != c->sp_id || duty->misses < limit)
        return rc;
    return sp_jail(ctx, c->sp_id, "missed the repair of a position again and again", err);
}

/* A miss needs both: ledger time over the deadline, and 2n blocks. rest: id u64be. */
static int deadline_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    Challenge *c = NULL;
    StorageProvider *sp = NULL;
    (void)due_time, (void)value;
    if (rest.len != 8)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of deadlines has %zu bytes", rest.len);
    int rc = challenge_get(ctx, load_be64(rest.data), &c, err);
    if (rc)
        return rc;
    if (ctx->time <= c->deadline || ctx->height <= c->deadline_height)
        return challenge_requeue(ctx, c, err);
    rc = sp_get(ctx, c->sp_id, &sp, err);
    if (rc)
        return rc;
    if (sp->status == SP_STATUS_IN_MAINTENANCE)
        return challenge_postpone(ctx, c, sp->maintenance_until, err);
    if (c->origin == CHALLENGE_ORIGIN_TAKEOVER)
        return successor_missed(ctx, c, err);
    rc = c->resting ? CODE_OK : punish(ctx, c, err);
    if (rc == CODE_OK)
        rc = challenge_close(ctx, c, CHALLENGE_STATUS_MISSED, err);
    if (rc == CODE_OK)
        rc = duty_after_miss(ctx, c, err);
    return rc ? rc : maybe_jail(ctx, c, err);
}

/* --- the floor: each provider that stores anything, once an interval, at a seeded time --- */

/* While the stream is off its queue is kept, and looked through so often: a vote may turn it on at any time. */
#define FLOOR_OFF_MS (10 * 60 * 1000)

/* Somewhere in the interval around the next full one: on average one an interval. */
static uint64_t floor_next(struct ctx *ctx, uint64_t from, uint32_t sp_id) {
    struct draw draw;
    uint64_t set = ctx->params->challenge->floor_interval_ms, interval = set ? u64_max(set, 2) : FLOOR_OFF_MS;
    draw_init(&draw, &ctx->seed, 0, sp_id);
    return from + interval / 2 + (uint64_t)draw_below(&draw, interval);
}

static int floor_enqueue(struct ctx *ctx, StorageProvider *sp, uint64_t at, struct err *err) {
    struct key k;
    sp->next_floor_draw = at;
    return record_put_mark(ctx, key_floor_due(&k, at, sp->id), err);
}

int floor_enter(struct ctx *ctx, StorageProvider *sp, struct err *err) {
    if (sp->next_floor_draw)
        return CODE_OK;
    return floor_enqueue(ctx, sp, floor_next(ctx, ctx->time, sp->id), err);
}

static int draw_one(struct ctx *ctx, struct draw *draw, uint64_t id, const struct pick *pick, int origin,
                    struct err *err) {
    return challenge_open(ctx, pick_challenge(ctx, draw, id, pick, PICK_ANY_SEGMENT, origin), err);
}

static int floor_draw(struct ctx *ctx, uint32_t sp_id, struct err *err) {
    struct draw draw;
    struct pick pick = {0};
    uint64_t id = 0;
    int rc = ctx_next_id(ctx, SEQ_CHALLENGE, &id, err);
    if (rc)
        return rc;
    draw_init(&draw, &ctx->seed, CHALLENGE_ORIGIN_FLOOR, id);
    rc = pick_of_sp(ctx, &draw, sp_id, &pick, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    return draw_one(ctx, &draw, id, &pick, CHALLENGE_ORIGIN_FLOOR, err);
}

/* rest: provider u32be. */
static int floor_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    StorageProvider *sp = NULL;
    bool deferred = false;
    (void)value;
    if (rest.len != 4)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of the floor has %zu bytes", rest.len);
    int rc = sp_get(ctx, load_be32(rest.data), &sp, err);
    if (rc == CODE_OK)
        rc = challenge_deferred(ctx, &deferred, err);
    if (rc)
        return rc;
    if (sp->stored_bytes == 0) {
        sp->next_floor_draw = 0; /* floor_enter brings it back */
        return sp_put(ctx, sp, err);
    }
    uint64_t next = deferred ? ctx->time + 1 : u64_max(floor_next(ctx, due_time, sp->id), ctx->time + 1);
    rc = floor_enqueue(ctx, sp, next, err);
    if (rc == CODE_OK)
        rc = sp_put(ctx, sp, err);
    bool off = ctx->params->challenge->floor_interval_ms == 0;
    return rc || off || deferred || !pick_may(sp) ? rc : floor_draw(ctx, sp->id, err);
}

/* --- by bytes: one draw for every bytes_per_draw stored through bytes_interval_ms --- */

static bool bytes_price(const struct ctx *ctx, u128 *ret) {
    const ChallengeParams *p = ctx->params->challenge;
    *ret = (u128)p->bytes_per_draw * p->bytes_interval_ms;
    return *ret != 0;
}

/* What was stored since the last block, in bytes x ms; at most what draws of two blocks take is kept. */
static int bytes_credit(struct ctx *ctx, ChallengeStats *stats, u128 price, u128 *ret, struct err *err) {
    struct weight_id sps = weight_sps();
    uint64_t total = 0, since = stats->last_draw ? ctx->time - u64_min(ctx->time, stats->last_draw) : 0;
    int rc = weight_total(ctx, &sps, &total, err);
    if (rc)
        return rc;
    u128 credit = u128_of(stats->credit), most, more = (u128)total * since;
    if (!u128_add(credit, more, &credit))
        credit = ~(u128)0;
    if (u128_mul(price, 2 * (u128)draws_cap(ctx), &most) && credit > most)
        credit = most;
    stats->last_draw = ctx->time;
    *ret = credit;
    return CODE_OK;
}

static int bytes_draw(struct ctx *ctx, struct err *err) {
    struct draw draw;
    struct pick pick = {0};
    uint64_t id = 0;
    int rc = ctx_next_id(ctx, SEQ_CHALLENGE, &id, err);
    if (rc)
        return rc;
    draw_init(&draw, &ctx->seed, CHALLENGE_ORIGIN_BYTES, id);
    rc = pick_of_all(ctx, &draw, &pick, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    return draw_one(ctx, &draw, id, &pick, CHALLENGE_ORIGIN_BYTES, err);
}

static int bytes_step(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err) {
    ChallengeStats *stats = NULL;
    u128 price, credit = 0;
    bool deferred = false;
    *ret_more = false;
    if (!bytes_price(ctx, &price))
        return CODE_OK;
    int rc = stats_get(ctx, &stats, err);
    if (rc)
        return rc;
    credit = u128_of(stats->credit);
    if (index == 0)
        rc = bytes_credit(ctx, stats, price, &credit, err);
    if (rc == CODE_OK)
        rc = challenge_deferred(ctx, &deferred, err);
    if (rc)
        return rc;
    bool draws = credit >= price && !deferred;
    if (draws)
        credit -= price;
    stats->credit = ctx_u128(ctx, credit);
    rc = stats_put(ctx, stats, err);
    if (rc == CODE_OK && draws) {
        *ret_more = credit >= price;
        rc = bytes_draw(ctx, err);
    }
    return rc;
}

const struct hook challenge_begin_hooks[CHALLENGE_BEGIN_HOOKS] = {
    {.name = "challenge.deadlines", .cap = misses_cap, .module = KEY_CHALLENGE, .queue = 'd', .due = deadline_due},
    {.name = "challenge.repairs", .cap = draws_cap, .module = KEY_CHALLENGE, .queue = 'q', .due = duty_due},
    {.name = "challenge.takeovers", .cap = draws_cap, .module = KEY_SP, .queue = 'w', .due = successor_due},
    {.name = "challenge.floor", .cap = draws_cap, .module = KEY_CHALLENGE, .queue = 'f', .due = floor_due},
    {.name = "challenge.bytes", .cap = draws_cap, .step = bytes_step},
};

const struct hook challenge_end_hooks[CHALLENGE_END_HOOKS] = {
    {.name = "challenge.forgotten", .cap = prunes_cap, .module = KEY_CHALLENGE, .queue = 'k', .due = challenge_forget},
    {.name = "challenge.cooled", .cap = prunes_cap, .module = KEY_CHALLENGE, .queue = 'v', .due = cooling_over},
};
