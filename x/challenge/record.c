/* SPDX-License-Identifier: Apache-2.0 */
#include "x/challenge/record.h"

#include "chain/types/keys_challenge.h"
#include "x/base/record.h"
#include "x/sp/sp.h"
#include "x/storage/object.h"

int challenge_get(struct ctx *ctx, uint64_t id, Challenge **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_challenge(&k, id), &challenge__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_CHALLENGE_NOT_FOUND, "there is no challenge %llu", (unsigned long long)id);
    return rc;
}

int challenge_put(struct ctx *ctx, const Challenge *challenge, struct err *err) {
    struct key k;
    return record_put(ctx, key_challenge(&k, challenge->id), challenge, err);
}

int stats_get(struct ctx *ctx, ChallengeStats **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_challenge_stats(&k), &challenge_stats__descriptor, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    *ret = CTX_NEW(ctx, ChallengeStats);
    challenge_stats__init(*ret);
    return CODE_OK;
}

int stats_put(struct ctx *ctx, const ChallengeStats *stats, struct err *err) {
    struct key k;
    return record_put(ctx, key_challenge_stats(&k), stats, err);
}

const char *challenge_origin_name(int origin) {
    switch (origin) {
    case CHALLENGE_ORIGIN_FLOOR:
        return "floor";
    case CHALLENGE_ORIGIN_BYTES:
        return "bytes";
    case CHALLENGE_ORIGIN_SUBMITTED:
        return "submitted";
    case CHALLENGE_ORIGIN_REPAIR:
        return "repair";
    case CHALLENGE_ORIGIN_TAKEOVER:
        return "takeover";
    default:
        return "unknown";
    }
}

/* --- indexes and counts --- */

static bool submitter_of(const Challenge *c, struct addr *ret) {
    return addr_of_field(c->challenger, ret);
}

static int index_put(struct ctx *ctx, const Challenge *c, struct err *err) {
    struct key k;
    struct addr submitter;
    int rc = record_put_mark(ctx, key_challenge_deadline(&k, c->queued_at, c->id), err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_challenge_sp(&k, c->sp_id, c->id), err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_challenge_object(&k, c->object_id, c->id), err);
    if (rc == CODE_OK && submitter_of(c, &submitter))
        rc = record_put_mark(ctx, key_challenge_submitter(&k, &submitter, c->id), err);
    if (rc == CODE_OK && c->origin == CHALLENGE_ORIGIN_SUBMITTED)
        rc = record_put_u64(ctx, key_challenge_segment(&k, c->object_id, c->position, c->segment), c->id, err);
    return rc;
}

static int index_del(struct ctx *ctx, const Challenge *c, struct err *err) {
    struct key k;
    struct addr submitter;
    int rc = record_del(ctx, key_challenge_deadline(&k, c->queued_at, c->id), err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_challenge_sp(&k, c->sp_id, c->id), err);
    if (rc == CODE_OK)
        rc = record_del(ctx, key_challenge_object(&k, c->object_id, c->id), err);
    if (rc == CODE_OK && submitter_of(c, &submitter))
        rc = record_del(ctx, key_challenge_submitter(&k, &submitter, c->id), err);
    if (rc == CODE_OK && c->origin == CHALLENGE_ORIGIN_SUBMITTED)
        rc = record_del(ctx, key_challenge_segment(&k, c->object_id, c->position, c->segment), err);
    return rc;
}

/* The object's count of open ones; an object that has ended counts nothing. */
static int object_count(struct ctx *ctx, const Challenge *c, bool open, struct err *err) {
    ObjectInfo *object = NULL;
    int rc = object_by_id(ctx, c->object_id, &object, err);
    if (rc == CODE_OBJECT_NOT_FOUND)
        return CODE_OK;
    if (rc)
        return rc;
    if (!open && object->challenges == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "an object counts fewer challenges than it has");
    object->challenges += open ? 1 : (uint64_t)-1;
    return object_put(ctx, object, err);
}

static int sp_count(struct ctx *ctx, const Challenge *c, int status, struct err *err) {
    StorageProvider *sp = NULL;
    int rc = sp_get(ctx, c->sp_id, &sp, err);
    if (rc)
        return rc;
    SpCounters *counters = sp->counters;
    if (status == CHALLENGE_STATUS_OPEN)
        counters->open_challenges++;
    else
        counters->open_challenges--;
    counters->challenges_passed += status == CHALLENGE_STATUS_PASSED;
    counters->challenges_missed += status == CHALLENGE_STATUS_MISSED;
    counters->challenges_failed += status == CHALLENGE_STATUS_MISSED && c->attempted;
    if (status == CHALLENGE_STATUS_PASSED)
        counters->missed_in_row = 0;
    counters->missed_in_row += status == CHALLENGE_STATUS_MISSED;
    return sp_put(ctx, sp, err);
}

static int stats_count(struct ctx *ctx, const Challenge *c, int status, struct err *err) {
    ChallengeStats *stats = NULL;
    int rc = stats_get(ctx, &stats, err);
    if (rc)
        return rc;
    if (status == CHALLENGE_STATUS_OPEN) {
        stats->open++;
        stats->submitted += c->origin == CHALLENGE_ORIGIN_SUBMITTED;
    } else {
        stats->open--;
    }
    stats->passed += status == CHALLENGE_STATUS_PASSED;
    stats->missed += status == CHALLENGE_STATUS_MISSED;
    return stats_put(ctx, stats, err);
}

static int count(struct ctx *ctx, const Challenge *c, int status, struct err *err) {
    int rc = object_count(ctx, c, status == CHALLENGE_STATUS_OPEN, err);
    if (rc == CODE_OK)
        rc = sp_count(ctx, c, status, err);
    return rc ? rc : stats_count(ctx, c, status, err);
}

/* --- life --- */

static void emit(struct ctx *ctx, const char *type, const Challenge *c) {
    ctx_event(ctx, type, "challenge", ctx_u64_text(ctx, c->id), "sp", ctx_u64_text(ctx, c->sp_id), "object_id",
              ctx_u64_text(ctx, c->object_id), "version", ctx_u64_text(ctx, c->version), "bucket", c->bucket_name,
              "object", c->object_name, "position", ctx_u64_text(ctx, c->position), "segment",
              ctx_u64_text(ctx, c->segment), "origin", challenge_origin_name((int)c->origin), "deadline",
              ctx_u64_text(ctx, c->deadline), "slashed", ctx_u64_text(ctx, c->slashed), NULL);
}

int challenge_open(struct ctx *ctx, Challenge *c, struct err *err) {
    const Params *p = ctx->params;
    uint64_t scale = u64_max(p->consensus->time_scale, 1); /* a fast network's deadline is in real time */
    c->status = CHALLENGE_STATUS_OPEN;
    c->created_height = ctx->height;
    c->created_time = ctx->time;
    c->deadline = ctx->time + p->challenge->deadline_ms * scale;
    c->deadline_height = ctx->height + 2 * ctx->validators;
    c->queued_at = c->deadline + 1;
    int rc = challenge_put(ctx, c, err);
    if (rc == CODE_OK)
        rc = index_put(ctx, c, err);
    if (rc == CODE_OK)
        rc = count(ctx, c, CHALLENGE_STATUS_OPEN, err);
    if (rc == CODE_OK)
        emit(ctx, "challenge.opened", c);
    return rc;
}

int challenge_close(struct ctx *ctx, Challenge *c, int status, struct err *err) {
    struct key k;
    int rc = index_del(ctx, c, err);
    if (rc)
        return rc;
    c->status = (ChallengeStatus)status;
    c->closed_time = ctx->time;
    c->closed_height = ctx->height;
    rc = challenge_put(ctx, c, err);
    if (rc == CODE_OK)
        rc = record_put_mark(ctx, key_challenge_closed(&k, ctx->time + ctx->params->challenge->closed_kept_ms, c->id),
                             err);
    if (rc == CODE_OK)
        rc = count(ctx, c, status, err);
    if (rc == CODE_OK)
        emit(ctx, status == CHALLENGE_STATUS_PASSED ? "challenge.passed" : "challenge.missed", c);
    return rc;
}

int challenge_postpone(struct ctx *ctx, Challenge *c, uint64_t until, struct err *err) {
    struct key k;
    uint64_t scale = u64_max(ctx->params->consensus->time_scale, 1);
    c->deadline = until + ctx->params->challenge->deadline_ms * scale;
    c->queued_at = c->deadline + 1;
    int rc = record_put_mark(ctx, key_challenge_deadline(&k, c->queued_at, c->id), err);
    return rc ? rc : challenge_put(ctx, c, err);
}

int challenge_requeue(struct ctx *ctx, Challenge *c, struct err *err) {
    struct key k;
    c->queued_at = ctx->time + 1;
    int rc = record_put_mark(ctx, key_challenge_deadline(&k, c->queued_at, c->id), err);
    return rc ? rc : challenge_put(ctx, c, err);
}

int challenge_forget(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    struct key k;
    (void)due_time, (void)value;
    if (rest.len != 8)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of closed challenges has %zu bytes", rest.len);
    return record_del(ctx, key_challenge(&k, load_be64(rest.data)), err);
}

/* --- how many at once --- */

/* Half of what reserved space can carry in the blocks that come at least before a deadline, and open_max. */
static uint64_t open_limit(const struct ctx *ctx) {
    const ChallengeParams *p = ctx->params->challenge;
    uint64_t heartbeat = u64_max(ctx->params->consensus->heartbeat_ms, 1), carried = UINT64_MAX;
    uint64_t blocks = u64_max(2 * ctx->validators, p->deadline_ms / heartbeat);
    if (!u64_mul(p->answers_per_block, u64_max(blocks, 1), &carried))
        carried = UINT64_MAX;
    return u64_max(u64_min(carried / 2, p->open_max), 1);
}

int challenge_deferred(struct ctx *ctx, bool *ret, struct err *err) {
    ChallengeStats *stats = NULL;
    int rc = stats_get(ctx, &stats, err);
    if (rc == CODE_OK)
        *ret = stats->open >= open_limit(ctx);
    return rc;
}

int challenge_submit_deferred(struct ctx *ctx, bool *ret, struct err *err) {
    ChallengeStats *stats = NULL;
    int rc = stats_get(ctx, &stats, err);
    if (rc == CODE_OK)
        *ret = stats->open >= u64_max(open_limit(ctx) / 2, 1);
    return rc;
}

/* record_fn */
static int count_one(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(uint64_t *)arg;
    return CODE_OK;
}

int challenge_count_submitted(struct ctx *ctx, const struct addr *account, uint64_t cap, uint64_t *ret,
                              struct err *err) {
    struct key k;
    uint64_t n = 0;
    int rc = record_each(ctx, key_challenge_submitter_all(&k, account), BYTES_NONE, u64_min(cap, SIZE_MAX - 1) + 1,
                         NULL, count_one, &n, err);
    if (rc == CODE_OK)
        *ret = n;
    return rc;
}
