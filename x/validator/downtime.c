/* SPDX-License-Identifier: Apache-2.0 */
#include "x/validator/downtime.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_validator.h"
#include "chain/types/vote.h"
#include "x/validator/sets.h"
#include "x/validator/stake.h"
#include "x/validator/validator.h"

#include <inttypes.h>
#include <string.h>

#define FORGET_MAX 4 /* heights that leave the window, a block: catches up when the window was made shorter */

static int load(struct ctx *ctx, Downtime **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_downtime(&k), &downtime__descriptor, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    *ret = CTX_NEW(ctx, Downtime);
    downtime__init(*ret);
    return CODE_OK;
}

static int save(struct ctx *ctx, const Downtime *d, struct err *err) {
    struct key k;
    return record_put(ctx, key_downtime(&k), d, err);
}

/* Where an address is, or would be. */
static size_t place_of(const Downtime *d, const struct addr *addr, bool *ret_found) {
    size_t i = 0;
    int order = 1;
    for (; i < d->n_counted; i++) {
        order = bytes_cmp(bytes_of(d->counted[i]->address.data, d->counted[i]->address.len), addr_bytes(addr));
        if (order >= 0)
            break;
    }
    *ret_found = i < d->n_counted && order == 0;
    return i;
}

static Liveness *find(const Downtime *d, const struct addr *addr) {
    bool found;
    size_t at = place_of(d, addr, &found);
    return found ? d->counted[at] : NULL;
}

static void take_out(Downtime *d, const struct addr *addr) {
    bool found;
    size_t at = place_of(d, addr, &found);
    if (!found)
        return;
    memmove(&d->counted[at], &d->counted[at + 1], (d->n_counted - at - 1) * sizeof *d->counted);
    d->n_counted--;
}

int downtime_get(struct ctx *ctx, const struct addr *addr, Liveness **ret, struct err *err) {
    Downtime *d;
    int rc = load(ctx, &d, err);
    if (rc)
        return rc;
    *ret = find(d, addr);
    return *ret ? CODE_OK : CODE_NOT_FOUND;
}

int downtime_begin(struct ctx *ctx, const struct addr *addr, struct err *err) {
    Downtime *d;
    bool found;
    int rc = load(ctx, &d, err);
    if (rc)
        return rc;
    take_out(d, addr);
    Liveness *fresh = CTX_NEW(ctx, Liveness), **list = ctx_array(ctx, d->n_counted + 1, sizeof *list);
    size_t at = place_of(d, addr, &found);
    liveness__init(fresh);
    fresh->address = ctx_addr(ctx, addr);
    fresh->number = d->next_number++;
    fresh->since = ctx->height;
    if (d->n_counted) {
        memcpy(list, d->counted, at * sizeof *list);
        memcpy(list + at + 1, d->counted + at, (d->n_counted - at) * sizeof *list);
    }
    list[at] = fresh;
    d->counted = list;
    d->n_counted++;
    return save(ctx, d, err);
}

int downtime_end(struct ctx *ctx, const struct addr *addr, struct err *err) {
    Downtime *d;
    int rc = load(ctx, &d, err);
    if (rc || !find(d, addr))
        return rc;
    take_out(d, addr);
    return save(ctx, d, err);
}

/* --- leaving the window ------------------------------------------------------------------------------------------ */

struct forgetting {
    Downtime *counters;
    uint64_t last; /* height */
    bool any;
};

static void uncount(Downtime *d, uint64_t number) {
    for (size_t i = 0; i < d->n_counted; i++)
        d->counted[i]->missed -= d->counted[i]->number == number;
}

static int forget_height(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                         struct err *err) {
    (void)value;
    struct key k;
    struct forgetting *f = arg;
    const MissedHeight *m = msg;
    uint64_t height = load_be64(rest.data);
    if (height > f->last)
        return RECORD_STOP;
    for (size_t i = 0; i < m->n_numbers; i++)
        uncount(f->counters, m->numbers[i]);
    f->any = true;
    return record_del(ctx, key_missed(&k, height), err);
}

static int forget(struct ctx *ctx, uint64_t counted, Downtime *d, bool *ret_changed, struct err *err) {
    struct key k;
    uint64_t window = ctx->params->validator->downtime_window;
    struct forgetting f = {.counters = d, .last = counted > window ? counted - window : 0};
    int rc = f.last ? record_each(ctx, key_missed_all(&k), BYTES_NONE, FORGET_MAX, &missed_height__descriptor,
                                  forget_height, &f, err)
                    : CODE_OK;
    *ret_changed = f.any;
    return rc;
}

/* --- counting ---------------------------------------------------------------------------------------------------- */

/* Nobody is left to make blocks without it: then it stays. */
static int jail(struct ctx *ctx, const struct addr *addr, uint64_t missed, struct err *err) {
    const ValidatorParams *p = ctx->params->validator;
    Validator *v;
    bool others;
    uint64_t taken = 0;
    int rc = stake_others(ctx, addr, &others, err);
    if (rc == CODE_OK)
        rc = validator_get(ctx, addr, &v, err);
    if (rc || !others || v->jailed)
        return rc;
    v->jailed = true;
    v->jailed_until = ctx->time + p->downtime_jail_ms;
    rc = stake_slash(ctx, addr, v, p->downtime_slash_ppm, NULL, 0, &taken, err);
    if (rc)
        return rc;
    ctx_event(ctx, "validator.jailed", "validator", ctx_addr_text(ctx, addr), "reason", "downtime", "missed",
              ctx_u64_text(ctx, missed), "until", ctx_u64_text(ctx, v->jailed_until), NULL);
    return downtime_end(ctx, addr, err);
}

/* The places without a precommit, in the order of the set: their numbers. */
static void count_absent(const struct ctx *ctx, const struct certificate *c, const struct validator_set *set,
                         const Downtime *d, MissedHeight *ret) {
    uint16_t signer = 0;
    for (uint16_t i = 0; i < set->n; i++) {
        if (signer < c->n && c->votes[signer].validator == i) {
            signer++;
            continue;
        }
        Liveness *l = addr_eq(&set->at[i].addr, &ctx->proposer) ? NULL : find(d, &set->at[i].addr);
        if (!l)
            continue;
        l->missed++;
        ret->numbers[ret->n_numbers++] = l->number;
    }
}

static int count(struct ctx *ctx, const SetStart *start, Downtime *d, bool *ret_changed, struct err *err) {
    struct key k;
    const struct certificate *certificate = ctx->last_certificate;
    struct validator_set *set = CTX_NEW(ctx, struct validator_set);
    MissedHeight record = MISSED_HEIGHT__INIT;
    record.numbers = ctx_array(ctx, start->count, sizeof *record.numbers);
    int rc = set_at(ctx, certificate->height, set, err);
    if (rc)
        return rc;
    count_absent(ctx, certificate, set, d, &record);
    if (record.n_numbers == 0)
        return CODE_OK;
    *ret_changed = true;
    return record_put(ctx, key_missed(&k, certificate->height), &record, err);
}

/* Of the counters as they were stored: a jail takes one out. */
static int jail_absent(struct ctx *ctx, const Downtime *d, struct err *err) {
    const ValidatorParams *p = ctx->params->validator;
    Liveness **all = ctx_array(ctx, d->n_counted + 1, sizeof *all);
    size_t n = d->n_counted;
    int rc = CODE_OK;
    if (n)
        memcpy(all, d->counted, n * sizeof *all);
    for (size_t i = 0; rc == CODE_OK && i < n; i++) {
        struct addr addr;
        if (all[i]->missed > p->downtime_window - p->downtime_signed_min && addr_of_field(all[i]->address, &addr))
            rc = jail(ctx, &addr, all[i]->missed, err);
    }
    return rc;
}

int downtime_step(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err) {
    (void)index, (void)ret_more;
    SetStart start;
    Downtime *d;
    bool changed = false;
    if (!ctx->last_certificate)
        return CODE_OK;
    int rc = set_start_at(ctx, ctx->last_certificate->height, &start, err);
    if (rc == CODE_OK)
        rc = load(ctx, &d, err);
    if (rc == CODE_OK)
        rc = forget(ctx, ctx->last_certificate->height, d, &changed, err);
    if (rc == CODE_OK && ctx->last_certificate->n < start.count)
        rc = count(ctx, &start, d, &changed, err);
    if (rc || !changed)
        return rc;
    rc = save(ctx, d, err);
    return rc ? rc : jail_absent(ctx, d, err);
}

/* --- invariants -------------------------------------------------------------------------------------------------- */

static int unfind(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)err;
    const MissedHeight *m = msg;
    for (size_t i = 0; i < m->n_numbers; i++)
        uncount(arg, m->numbers[i]);
    return CODE_OK;
}

/* Without what the heights say, nothing is left of the counters. */
int downtime_invariants(struct ctx *ctx, struct err *err) {
    struct key k;
    Downtime *d;
    int rc = load(ctx, &d, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_missed_all(&k), BYTES_NONE, 0, &missed_height__descriptor, unfind, d, err);
    for (size_t i = 0; rc == CODE_OK && i < d->n_counted; i++) {
        const Liveness *l = d->counted[i];
        if (l->missed)
            rc = err_set(err, CODE_INTERNAL, "the counter of missed heights number %" PRIu64 " is off by %" PRId64,
                         l->number, (int64_t)l->missed);
        if (l->number >= d->next_number ||
            (i && bytes_cmp(pb_bytes(d->counted[i - 1]->address), pb_bytes(l->address)) >= 0))
            rc = err_set(err, CODE_INTERNAL, "counters of missed heights are out of order");
    }
    return rc;
}
