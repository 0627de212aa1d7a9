/* SPDX-License-Identifier: Apache-2.0 */
#include "x/validator/downtime.h"

#include "chain/types/keys_validator.h"
#include "chain/types/vote.h"
#include "x/validator/sets.h"
#include "x/validator/stake.h"
#include "x/validator/validator.h"

#include <inttypes.h>

#define FORGET_MAX 4 /* heights that leave the window, a block: catches up when the window was made shorter */

int downtime_get(struct ctx *ctx, const struct addr *addr, Liveness **ret, struct err *err) {
    struct key k;
    return record_get(ctx, key_liveness(&k, addr), &liveness__descriptor, ret, err);
}

static int put(struct ctx *ctx, const struct addr *addr, const Liveness *l, struct err *err) {
    struct key k;
    return record_put(ctx, key_liveness(&k, addr), l, err);
}

int downtime_begin(struct ctx *ctx, const struct addr *addr, struct err *err) {
    Liveness l = LIVENESS__INIT;
    l.since = ctx->height;
    return put(ctx, addr, &l, err);
}

int downtime_end(struct ctx *ctx, const struct addr *addr, struct err *err) {
    struct key k;
    return record_del(ctx, key_liveness(&k, addr), err);
}

/* --- leaving the window ------------------------------------------------------------------------------------------ */

static int uncount(struct ctx *ctx, ProtobufCBinaryData who, uint64_t height, struct err *err) {
    struct addr addr;
    Liveness *l;
    if (!addr_of_field(who, &addr))
        return ctx_fault(ctx, CODE_CORRUPT, "who missed height %" PRIu64 " is no address", height);
    int rc = downtime_get(ctx, &addr, &l, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    if (height < l->since)
        return CODE_OK;
    l->missed--;
    return put(ctx, &addr, l, err);
}

static int forget_height(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                         struct err *err) {
    (void)value;
    struct key k;
    const MissedHeight *m = msg;
    uint64_t height = load_be64(rest.data);
    if (height > *(const uint64_t *)arg)
        return RECORD_STOP;
    int rc = record_del(ctx, key_missed(&k, height), err);
    for (size_t i = 0; rc == CODE_OK && i < m->n_addresses; i++)
        rc = uncount(ctx, m->addresses[i], height, err);
    return rc;
}

static int forget(struct ctx *ctx, uint64_t counted, struct err *err) {
    struct key k;
    uint64_t window = ctx->params->validator->downtime_window;
    if (counted <= window)
        return CODE_OK;
    uint64_t last = counted - window;
    return record_each(ctx, key_missed_all(&k), BYTES_NONE, FORGET_MAX, &missed_height__descriptor, forget_height,
                       &last, err);
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

/* *ret_counted: it goes into the record of the height. */
static int count_miss(struct ctx *ctx, const struct addr *addr, uint64_t height, bool *ret_counted, struct err *err) {
    Liveness *l;
    int rc = downtime_get(ctx, addr, &l, err);
    *ret_counted = rc == CODE_OK && height >= l->since;
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    if (!*ret_counted)
        return CODE_OK;
    l->missed++;
    return put(ctx, addr, l, err);
}

/* The places without a precommit, in the order of the set. */
static int count_absent(struct ctx *ctx, const struct certificate *c, const struct validator_set *set,
                        MissedHeight *record, struct err *err) {
    uint16_t signer = 0;
    for (uint16_t i = 0; i < set->n; i++) {
        bool counted;
        if (signer < c->n && c->votes[signer].validator == i) {
            signer++;
            continue;
        }
        if (addr_eq(&set->at[i].addr, &ctx->proposer))
            continue;
        int rc = count_miss(ctx, &set->at[i].addr, c->height, &counted, err);
        if (rc)
            return rc;
        if (counted)
            record->addresses[record->n_addresses++] = ctx_addr(ctx, &set->at[i].addr);
    }
    return CODE_OK;
}

static int jail_absent(struct ctx *ctx, const MissedHeight *record, struct err *err) {
    const ValidatorParams *p = ctx->params->validator;
    int rc = CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < record->n_addresses; i++) {
        struct addr addr;
        Liveness *l;
        addr_of_field(record->addresses[i], &addr);
        rc = downtime_get(ctx, &addr, &l, err);
        if (rc == CODE_OK && l->missed > p->downtime_window - p->downtime_signed_min)
            rc = jail(ctx, &addr, l->missed, err);
    }
    return rc;
}

int downtime_step(struct ctx *ctx, uint64_t index, bool *ret_more, struct err *err) {
    (void)index, (void)ret_more;
    struct key k;
    SetStart start;
    const struct certificate *certificate = ctx->last_certificate;
    if (!certificate)
        return CODE_OK;
    uint64_t height = certificate->height;
    int rc = forget(ctx, height, err);
    if (rc == CODE_OK)
        rc = set_start_at(ctx, height, &start, err);
    if (rc || certificate->n >= start.count)
        return rc;
    struct validator_set *set = CTX_NEW(ctx, struct validator_set);
    MissedHeight record = MISSED_HEIGHT__INIT;
    record.addresses = ctx_array(ctx, start.count, sizeof *record.addresses);
    rc = set_at(ctx, height, set, err);
    if (rc == CODE_OK)
        rc = count_absent(ctx, certificate, set, &record, err);
    if (rc || record.n_addresses == 0)
        return rc;
    rc = record_put(ctx, key_missed(&k, height), &record, err);
    return rc ? rc : jail_absent(ctx, &record, err);
}

/* --- invariants -------------------------------------------------------------------------------------------------- */

struct tally {
    const struct addr *addr;
    uint64_t since, missed;
};

static int find_miss(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)value, (void)err;
    struct tally *t = arg;
    const MissedHeight *m = msg;
    if (load_be64(rest.data) < t->since)
        return CODE_OK;
    for (size_t i = 0; i < m->n_addresses; i++)
        t->missed += bytes_eq(bytes_of(m->addresses[i].data, m->addresses[i].len), addr_bytes(t->addr));
    return CODE_OK;
}

static int check_counter(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                         struct err *err) {
    (void)arg, (void)value;
    struct key k;
    struct addr addr;
    const Liveness *l = msg;
    if (!addr_from(rest, &addr))
        return err_set(err, CODE_INTERNAL, "a counter of missed heights is nobody's");
    struct tally t = {.addr = &addr, .since = l->since};
    int rc = record_each(ctx, key_missed_all(&k), BYTES_NONE, 0, &missed_height__descriptor, find_miss, &t, err);
    if (rc == CODE_OK && t.missed != l->missed)
        rc = err_set(err, CODE_INTERNAL, "%" PRIu64 " missed heights are counted, %" PRIu64 " are recorded", l->missed,
                     t.missed);
    return rc;
}

int downtime_invariants(struct ctx *ctx, struct err *err) {
    struct key k;
    return record_each(ctx, key_liveness_all(&k), BYTES_NONE, 0, &liveness__descriptor, check_counter, NULL, err);
}
