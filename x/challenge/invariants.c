/* SPDX-License-Identifier: Apache-2.0 */
#include "x/challenge/invariants.h"

#include "chain/types/keys_challenge.h"
#include "chain/types/keys_sp.h"
#include "x/auth/account.h"
#include "x/base/record.h"
#include "x/challenge/record.h"
#include "x/sp/sp.h"

#define BROKEN(...) err_set(err, CODE_INTERNAL, __VA_ARGS__)
typedef unsigned long long ull;

struct sums {
    uint64_t open, bonds, duties, closed, submitted;
};

static int need(struct ctx *ctx, struct bytes key, const Challenge *c, const char *what, struct err *err) {
    bool there = false;
    int rc = record_has(ctx, key, &there, err);
    if (rc == CODE_OK && !there)
        return BROKEN("challenge %llu is missing in the index by %s", (ull)c->id, what);
    return rc;
}

/* record_fn over all challenges. */
static int check_challenge(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                           struct err *err) {
    struct sums *sums = arg;
    const Challenge *c = msg;
    struct addr submitter;
    struct key k;
    (void)value;
    if (rest.len != 8 || load_be64(rest.data) != c->id)
        return BROKEN("challenge %llu lies under another id", (ull)c->id);
    if (c->status != CHALLENGE_STATUS_OPEN) {
        sums->closed++; /* each kept as long as the parameters said when it was closed */
        return CODE_OK;
    }
    sums->open++;
    sums->submitted += c->origin == CHALLENGE_ORIGIN_SUBMITTED;
    sums->bonds += c->bond;
    int rc = need(ctx, key_challenge_deadline(&k, c->queued_at, c->id), c, "deadline", err);
    if (rc == CODE_OK)
        rc = need(ctx, key_challenge_sp(&k, c->sp_id, c->id), c, "provider", err);
    if (rc == CODE_OK)
        rc = need(ctx, key_challenge_object(&k, c->object_id, c->id), c, "object", err);
    if (rc == CODE_OK && addr_of_field(c->challenger, &submitter))
        rc = need(ctx, key_challenge_submitter(&k, &submitter, c->id), c, "submitter", err);
    if (rc == CODE_OK && c->origin == CHALLENGE_ORIGIN_SUBMITTED)
        rc = need(ctx, key_challenge_segment(&k, c->object_id, c->position, c->segment), c, "segment", err);
    return rc;
}

/* record_fn: counts entries. */
static int count(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(uint64_t *)arg;
    return CODE_OK;
}

/* record_fn over those that cool off. rest: object, position. */
static int check_cooling(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                         struct err *err) {
    struct key k;
    bool queued = false;
    (void)msg;
    if (rest.len != 12 || value.len != 8)
        return BROKEN("what cools off is no position, or has no end");
    ++*(uint64_t *)arg;
    int rc = record_has(ctx, key_cooling_due(&k, load_be64(value.data), load_be64(rest.data), load_be32(rest.data + 8)),
                        &queued, err);
    if (rc == CODE_OK && !queued)
        return BROKEN("position %u of object %llu cools off for ever", load_be32(rest.data + 8),
                      (ull)load_be64(rest.data));
    return rc;
}

/* record_fn over all duties. */
static int check_duty(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    const RepairDuty *d = msg;
    struct key k;
    bool queued = false;
    Challenge *c = NULL;
    (void)rest, (void)value;
    ((struct sums *)arg)->duties++;
    int rc = record_has(ctx, key_repair_due(&k, d->next_draw, d->object_id, d->position), &queued, err);
    if (rc)
        return rc;
    if (queued == (d->open_challenge != 0))
        return BROKEN(
            "the repair of object %llu at position %u neither waits for an answer nor for a draw, or for both",
            (ull)d->object_id, d->position);
    if (queued)
        return CODE_OK;
    rc = challenge_get(ctx, d->open_challenge, &c, err);
    if (rc == CODE_OK && c->status != CHALLENGE_STATUS_OPEN)
        return BROKEN("the repair of object %llu waits for challenge %llu, which is closed", (ull)d->object_id,
                      (ull)c->id);
    return rc;
}

/* record_fn over all providers. */
static int check_sp(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    StorageProvider *sp = msg;
    struct key k;
    uint64_t open = 0;
    bool queued = false;
    (void)arg, (void)rest, (void)value;
    int rc = record_each(ctx, key_challenge_sp_all(&k, sp->id), BYTES_NONE, 0, NULL, count, &open, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_floor_due(&k, sp->next_floor_draw, sp->id), &queued, err);
    if (rc)
        return rc;
    uint64_t counted = sp->counters ? sp->counters->open_challenges : 0;
    if (open != counted)
        return BROKEN("provider %u counts %llu open challenges and has %llu", sp->id, (ull)counted, (ull)open);
    if (queued != (sp->next_floor_draw != 0))
        return BROKEN("provider %u and the floor's queue disagree", sp->id);
    if (sp->stored_bytes && !queued)
        return BROKEN("provider %u stores bytes and is not drawn for", sp->id);
    return CODE_OK;
}

int challenge_invariants(struct ctx *ctx, struct err *err) {
    struct key k;
    struct sums sums = {0};
    ChallengeStats *stats = NULL;
    uint64_t bonds = 0, queued = 0, cooling = 0, cooling_queued = 0, closed = 0, segments = 0;
    int rc =
        record_each(ctx, key_challenge_all(&k), BYTES_NONE, 0, &challenge__descriptor, check_challenge, &sums, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_challenge_deadline_all(&k), BYTES_NONE, 0, NULL, count, &queued, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_challenge_closed_all(&k), BYTES_NONE, 0, NULL, count, &closed, err);
    if (rc == CODE_OK) {
        key_begin(&k, KEY_CHALLENGE, 'n');
        rc = record_each(ctx, key_bytes(&k), BYTES_NONE, 0, NULL, count, &segments, err);
    }
    if (rc == CODE_OK && (closed != sums.closed || segments != sums.submitted))
        return BROKEN("%llu challenges are closed and %llu of the open ones were submitted; %llu are to be forgotten, "
                      "and %llu segments are named",
                      (ull)sums.closed, (ull)sums.submitted, (ull)closed, (ull)segments);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_repair_all(&k), BYTES_NONE, 0, &repair_duty__descriptor, check_duty, &sums, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_sps(&k), BYTES_NONE, 0, &storage_provider__descriptor, check_sp, NULL, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_cooling_all(&k), BYTES_NONE, 0, NULL, check_cooling, &cooling, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_cooling_due_all(&k), BYTES_NONE, 0, NULL, count, &cooling_queued, err);
    if (rc == CODE_OK && cooling != cooling_queued)
        return BROKEN("%llu positions cool off, %llu are queued", (ull)cooling, (ull)cooling_queued);
    if (rc == CODE_OK)
        rc = stats_get(ctx, &stats, err);
    if (rc == CODE_OK)
        rc = coins_of_module(ctx, MODULE_CHALLENGE, &bonds, err);
    if (rc)
        return rc;
    if (stats->open != sums.open || queued != sums.open || stats->repairs_open != sums.duties)
        return BROKEN("%llu challenges and %llu repairs are open, %llu and %llu are counted, %llu queued",
                      (ull)sums.open, (ull)sums.duties, (ull)stats->open, (ull)stats->repairs_open, (ull)queued);
    if (bonds != sums.bonds)
        return BROKEN("open challenges have bonds of %llu, the module holds %llu", (ull)sums.bonds, (ull)bonds);
    return CODE_OK;
}
