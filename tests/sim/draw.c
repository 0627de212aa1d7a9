/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim.h"

/* Every option is drawn from a stream of its own, by seed and name: one more option changes no other. */
static struct rng stream(const struct sim *s, const char *name) {
    uint64_t h = mix64(s->options.seed);
    struct rng r;
    for (; *name; name++)
        h = mix64(h ^ (uint8_t)*name);
    rng_init(&r, h);
    return r;
}

static uint32_t pick(const struct sim *s, const char *name, const uint32_t *list, size_t n) {
    struct rng r = stream(s, name);
    return list[rng_below(&r, n)];
}
#define PICK(name, ...)                                                                                                \
    s->drawn.name =                                                                                                    \
        pick(s, #name, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* Nothing is lost, nobody dies or lies: what the others only promise in the end must come at once here. Messages take
 * their time, ledgers too, clocks are apart. */
static bool may_be_fair(enum option o) {
    return option_rows[o].class != FAULT || o == OPTION_delay_min || o == OPTION_delay_mean || o == OPTION_ledger_ms ||
           o == OPTION_skew_ms;
}

static void fair_weather(struct drawn *d) {
    for (enum option o = 0; o < OPTIONS_N; o++)
        if (!may_be_fair(o))
            option_set(d, o, option_rows[o].off);
    d->delay_min = d->delay_min > 30 ? 30 : d->delay_min;
    d->delay_mean = d->delay_mean > 10 ? 10 : d->delay_mean;
    d->ledger_ms = d->ledger_ms > 50 ? 50 : d->ledger_ms;
}

bool is_fair_weather(const struct drawn *d) {
    for (enum option o = 0; o < OPTIONS_N; o++)
        if (!may_be_fair(o) && option_get(d, o) != option_rows[o].off)
            return false;
    return true;
}

static void draw_options(struct sim *s) {
    s->drawn.kind = s->options.seed % FULL_EVERY == 500 ? KIND_FULL
                    : s->options.seed % REAL_EVERY == 0 ? KIND_REAL
                                                        : KIND_SMALL;
    limits_apply(&s->options.limits, &s->drawn); /* the kind: the rest follows below */
    PICK(validators, 1, 4, 4, 4, 4, 4, 4, 5, 5, 6, 6, 7, 7, 7, 10, 16);
    struct rng r = stream(s, "large");
    if (rng_chance(&r, 1, 200))
        s->drawn.validators = s->drawn.kind == KIND_SMALL ? 40 : 10;
    PICK(skewed, 0, 1);
    PICK(interval_ms, 50, 100, 200);
    PICK(heartbeat_ms, 500, 1000, 5000);
    r = stream(s, "faults_ms");
    s->drawn.faults_ms = (uint32_t)rng_range(&r, 3000, 20000);
    PICK(load, 0, 1, 1, 1, 1, 1, 10);
    PICK(observer, 0, 0, 0, 1);
    PICK(joiners, 0, 0, 1, 2);
    PICK(valset, 0, 0, 10, 30);
    PICK(snapshots, 0, 3, 10);
    PICK(chunks, 0, 0, 3);
    PICK(pruned, 0, 0, 5, 20);
    PICK(downtime, 0, 1);
    PICK(lost_ledger, 0, 0, 5, 30);
    PICK(delay_min, 0, 0, 1, 1, 10, 10, 30, 30, 400);
    PICK(delay_mean, 1, 10, 30, 100);
    PICK(loss, 0, 0, 10, 100, 300);
    PICK(duplicate, 0, 0, 50, 300);
    PICK(partition, 0, 0, 30, 100);
    PICK(dead, 0, 0, 0, 0, 300, 1000);
    PICK(clog, 0, 0, 0, 50, 300);
    PICK(drift, 0, 0, 5, 100);
    PICK(skew_ms, 0, 0, 50, 200);
    PICK(crash, 0, 0, 20, 100);
    PICK(crash_inside, 0, 0, 20, 200, 1500);
    PICK(gone, 0, 0, 0, 1);
    PICK(disk_fails, 0, 0, 0, 100, 1000);
    PICK(ledger_ms, 0, 5, 50, 300, 1500);
    PICK(forgetful, 0, 0, 0, 1);
    PICK(silent, 0, 1);
    PICK(twin, 0, 1, 1);
    PICK(amnesiac, 0, 1);
    PICK(scripted, 0, 1, 1);
    r = stream(s, "fork");
    s->drawn.fork = rng_chance(&r, 1, FORK_EVERY) ? 1 : 0;
    PICK(garbage, 0, 1);
    PICK(bad_txs, 0, 10, 50);
    PICK(gov, 0, 15, 40);
    PICK(upgrade, 0, 1);
    if (s->drawn.fork && s->drawn.partition == 0)
        s->drawn.partition = 30; /* or the twins hear the same */
    if (s->drawn.kind == KIND_FULL && s->drawn.valset)
        s->drawn.gone = 0; /* how much power they have may change */
    r = stream(s, "fair");
    if (rng_chance(&r, 1, 20))
        fair_weather(&s->drawn);
    limits_apply(&s->options.limits, &s->drawn);
}

static void draw_validators(struct sim *s) {
    struct rng r = stream(s, "powers");
    s->validators = (uint16_t)(s->drawn.validators < VALIDATORS_SIM_MAX ? s->drawn.validators + !s->drawn.validators
                                                                        : VALIDATORS_SIM_MAX);
    s->total = 0;
    for (uint16_t v = 0; v < s->validators; v++) {
        uint64_t power = rng_range(&r, 1, 10);
        s->powers[v] = s->drawn.skewed ? power : 10;
        s->total += s->powers[v];
    }
    uint32_t joiners = s->drawn.kind == KIND_FULL && s->drawn.valset ? s->drawn.joiners : 0;
    uint32_t keyed = s->validators + joiners;
    s->keyed = (uint16_t)(keyed < VALIDATORS_SIM_MAX ? keyed : VALIDATORS_SIM_MAX);
    r = stream(s, "keys");
    key_draw(s, &r);
}

static bool is_on(const struct sim *s, enum nature nature) {
    return nature == SILENT     ? s->drawn.silent
           : nature == TWIN     ? s->drawn.twin
           : nature == AMNESIAC ? s->drawn.amnesiac
                                : s->drawn.scripted;
}

/* Less than a third of the power may misbehave. A nature that is off leaves its validators honest. */
static void draw_natures(struct sim *s) {
    static const enum nature natures[] = {SILENT, TWIN, TWIN, AMNESIAC, SCRIPTED, SCRIPTED};
    struct rng r = stream(s, "natures");
    bool any = rng_chance(&r, 2, 3);
    for (uint16_t tries = 0; any && tries < s->validators; tries++) {
        uint16_t v = (uint16_t)rng_below(&r, s->validators);
        enum nature nature = natures[rng_below(&r, sizeof natures / sizeof *natures)];
        if (s->natures[v] != HONEST || (s->bad + s->powers[v]) * 3 >= s->total || !is_on(s, nature))
            continue;
        s->bad += s->powers[v];
        s->natures[v] = nature;
    }
}

/* More than a third, less than two thirds, say two things at once: as twins, or by script. */
static void draw_fork(struct sim *s) {
    struct rng r = stream(s, "natures");
    uint64_t enough = s->total / 3 + rng_below(&r, s->total / 4 + 1);
    uint32_t twins = NODES_MAX - 1 - s->validators;
    for (uint32_t tries = 0; s->bad <= enough && tries < 1000; tries++) {
        uint16_t v = (uint16_t)rng_below(&r, s->validators);
        if (s->natures[v] != HONEST || (s->bad + s->powers[v]) * 3 >= 2 * s->total)
            continue;
        s->bad += s->powers[v];
        s->natures[v] = twins > 0 && rng_chance(&r, 7, 8) ? TWIN : SCRIPTED;
        twins -= s->natures[v] == TWIN;
    }
}

void draw(struct sim *s) {
    draw_options(s);
    draw_validators(s);
    s->bad = 0;
    for (uint16_t v = 0; v < s->keyed; v++)
        s->natures[v] = HONEST;
    if (s->drawn.fork)
        draw_fork(s);
    else
        draw_natures(s);
    s->config = (struct bft_config){.propose_ms = 400,
                                    .propose_delta_ms = 200,
                                    .prevote_ms = 150,
                                    .prevote_delta_ms = 100,
                                    .precommit_ms = 150,
                                    .precommit_delta_ms = 100,
                                    .timeout_max_ms = 10000,
                                    .rebroadcast_ms = 1000};
    rng_init(&s->net, s->options.seed ^ 0x6e6574);
    rng_init(&s->faults, s->options.seed ^ 0x6661756c74);
    rng_init(&s->load, s->options.seed ^ 0x6c6f6164);
    rng_init(&s->byz, s->options.seed ^ 0x62797a);
    rng_init(&s->disk, s->options.seed ^ 0x6469736b);
}
