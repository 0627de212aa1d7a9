/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ledger/world.h"

#include "tests/lib/ledger/mutate.h"

const char *const world_events[WORLD_EVENTS] = {"payment.frozen",
                                                "payment.resumed",
                                                "payment.ended",
                                                "sp.slashed",
                                                "storage.object_expired",
                                                "storage.object_completed",
                                                "challenge.passed",
                                                "challenge.missed",
                                                "challenge.repair_done",
                                                "challenge.repair_opened",
                                                "challenge.repair_dropped",
                                                "validator.jailed",
                                                "validator.unbonded",
                                                "validator.set_changed",
                                                "validator.slashed",
                                                "payment.withdrawal_delayed",
                                                "payment.territory_frozen",
                                                "payment.territory_expired",
                                                "payment.territory_refunded"};

/* Short times and small caps, so that everything that may happen does. */
static void shape_caps(struct fixture_params *p) {
    p->consensus.block_txs_max = 24;
    p->consensus.block_signatures_max = 120;
    p->sp.groups_per_primary = 5;
    p->sp.sps_max = 9;
    p->storage.buckets_per_account = 3;
    p->storage.slots_per_bucket = 2;
    p->storage.expiries_per_block = 2;
    p->storage.groups_per_account = 2;
    p->permission.statements_max = 4;
    p->permission.groups_per_resource = 2;
    p->permission.account_policies_per_resource = 3;
    p->permission.expiries_per_block = 2;
    p->payment.price_max = (uint64_t)1 << 56;
    p->storage.renewals_per_block = 2;
    p->payment.settlements_per_block = 3;
    p->payment.accounts_per_owner = 2;
    p->payment.withdraw_at_once = PEBBLE_PER_CAIRN;
    p->challenge.bytes_per_draw = 1 * MIB;
    p->challenge.open_max = 16;
    p->challenge.open_per_submitter = 2;
    p->challenge.jail_misses = 12;
    p->validator.validators_max = 7;
}

/* unit: ledger time of one real second. */
static void shape_times(struct fixture_params *p, uint64_t unit) {
    p->consensus.time_scale = unit / 1000;
    p->gov.voting_ms = 60 * unit;
    p->sp.jail_time_ms = 10 * unit;
    p->sp.reserve_time_min_ms = 5 * unit;
    p->sp.reserve_time_max_ms = 300 * unit;
    p->sp.reserve_time_base_ms = 200 * unit;
    p->storage.create_ttl_ms = 20 * unit;
    p->storage.warning_ms = 30 * unit;
    p->storage.grace_ms = 10 * unit;
    p->storage.discontinue_grace_ms = 20 * unit;
    p->storage.ended_kept_ms = 60 * unit;
    p->storage.migrate_time_ms = 60 * unit;
    p->storage.approval_ttl_max_ms = 60 * unit;
    p->storage.receipt_ttl_max_ms = 60 * unit;
    p->payment.reserve_time_ms = 180 * unit;
    p->payment.frozen_time_ms = 60 * unit;
    p->payment.settle_interval_ms = 30 * unit;
    p->payment.withdraw_delay_ms = 20 * unit;
    p->payment.channel_redeem_ms = 20 * unit;
    p->payment.channel_term_max_ms = 120 * unit;
    p->payment.territory_term_min_ms = 20 * unit;
    p->payment.territory_frozen_ms = 60 * unit;
    p->payment.territory_kept_ms = 60 * unit;
    p->payment.territory_consign_ms = 20 * unit;
    p->payment.quota_hold_ms = 30 * unit;
    p->challenge.floor_interval_ms = 10 * unit;
    p->challenge.bytes_interval_ms = 20 * unit;
    p->challenge.deadline_ms = 8000; /* real ones */
    p->challenge.repair_interval_ms = 4 * unit;
    p->challenge.cooling_off_ms = 6 * unit;
    p->challenge.closed_kept_ms = 60 * unit;
    p->consensus.evidence_window_ms = 40 * unit;
    p->validator.unbonding_ms = 40 * unit;
    p->validator.trust_period_ms = 20 * unit;
    p->validator.downtime_jail_ms = 10 * unit;
}

static void make_deals(struct world *w) {
    static const char *const profiles[] = {"replica:1", "replica:2", "ec:2+1+w", "ec:2+2"};
    static const uint64_t sizes[] = {200000, 150000, 65537, 4096, 1, 0};
    for (unsigned i = 0; i < WORLD_DEALS; i++) {
        unsigned owner = i % WORLD_OWNERS, bucket = i % (WORLD_OWNERS * 2);
        snprintf(w->names[i][0], sizeof w->names[i][0], "owner%u", owner);
        snprintf(w->names[i][1], sizeof w->names[i][1], "bucket-%u", bucket);
        snprintf(w->names[i][2], sizeof w->names[i][2], "dir/object%u", i);
        deal_init(&w->deals[i], &w->f, w->names[i][0], w->names[i][1], w->names[i][2],
                  profiles[(i + rng_below(&w->rng, 2)) % 4], 64 * KIB, sizes[rng_below(&w->rng, 6)]);
        w->deals[i].nonce = 1 + i * 1000000ull;
        w->deals[i].price = w->f.sp_price;
        w->deals[i].max_price = w->f.sp_price + w->f.sp_price / 2;
    }
}

void world_init_scaled(struct world *w, uint64_t seed, uint64_t time_scale, const char *dir) {
    *w = (struct world){.time_scale = time_scale, .deals_n = WORLD_DEALS, .guests_n = WORLD_GUESTS};
    rng_init(&w->rng, seed);
    rng_init(&w->plan_rng, ~seed);
    for (unsigned i = 0; i < world_ops_n(); i++)
        w->weights[i] = world_op_at(i)->weight;
    fixture_init(&w->f);
    w->f.dir = dir;
    w->f.keep_txs = true;
    shape_caps(&w->f.params);
    shape_times(&w->f.params, time_scale * 1000);
    /* in units of time_scale: 200 kB at two positions cost three CAIRN in an hour of 60 */
    w->f.sp_price = ((uint64_t)60 << 55) / time_scale;
    for (unsigned i = 0; i < WORLD_OWNERS; i++) {
        char name[24];
        snprintf(name, sizeof name, "owner%u", i);
        fixture_account(&w->f, name, 400 * PEBBLE_PER_CAIRN);
    }
    for (unsigned i = 0; i < WORLD_NEWCOMERS; i++) {
        char name[24];
        snprintf(name, sizeof name, "new%u", i);
        fixture_account(&w->f, name, 300 * PEBBLE_PER_CAIRN);
    }
    for (unsigned i = 0; i < 4; i++) {
        char name[24];
        snprintf(name, sizeof name, "val%u", i);
        fixture_account(&w->f, name, PEBBLE_PER_CAIRN);
    }
    fixture_account(&w->f, "sp0.gc", PEBBLE_PER_CAIRN);
    fixture_account(&w->f, "bonder0", 1000 * PEBBLE_PER_CAIRN);
    fixture_account(&w->f, "bonder1", 1000 * PEBBLE_PER_CAIRN);
    w->f.certificates = true;
    w->f.sp_read_price = (uint64_t)1 << 60; /* 2^40 bytes a month cost 70 CAIRN */
    w->f.params.payment.territory_price = u64_min(2 * w->f.sp_price, (uint64_t)1 << 56);
    w->f.params.payment.territory_bytes_min = 1000;
    fixture_start(&w->f);
    make_deals(w);
}

void world_init(struct world *w, uint64_t seed, const char *dir) {
    world_init_scaled(w, seed, 60, dir);
}

static unsigned draw_kind(struct world *w) {
    uint64_t total = 0, at;
    for (unsigned i = 0; i < world_ops_n(); i++)
        total += w->weights[i];
    at = rng_below(&w->plan_rng, total);
    for (unsigned i = 0;; i++) {
        if (at < w->weights[i])
            return i;
        at -= w->weights[i];
    }
}

void world_draw_plan(struct world *w, struct world_plan *ret) {
    struct rng *r = &w->plan_rng;
    *ret = (struct world_plan){.n = (unsigned)rng_below(r, WORLD_BLOCK_OPS)};
    for (unsigned i = 0; i < ret->n; i++)
        ret->draws[i] = (struct world_draw){draw_kind(w), rng_u64(r), rng_below(r, 6) == 0, false};
    ret->someone_leaves = rng_below(r, 25) == 0; /* for a while */
    ret->absent = rng_below(r, 3) ? rng_below(r, 1 << 7) & rng_below(r, 1 << 7) : 0;
    ret->step_ms = WORLD_STEP_MIN + rng_below(r, WORLD_STEP_RANGE);
}

static void mutate(void *arg, ProtobufCMessage *message) {
    struct world *w = arg;
    for (uint64_t n = 1 + rng_below(&w->rng, 2); n; n--)
        mutate_message(&w->rng, &w->f.tx_arena, message);
}

static void make(struct world *w, const struct world_draw *d) {
    size_t before = w->f.held_n, joined = w->f.held_msgs_n;
    rng_init(&w->rng, d->seed);
    w->f.mutate = w->mutants && rng_below(&w->rng, w->mutants) == 0 ? mutate : NULL;
    w->f.join = d->join;
    world_op_at(d->kind)->make(w);
    for (size_t h = before; h < w->f.held_n; h++)
        w->tries[w->tries_n++] = (struct world_try){d->kind, h};
    if (w->f.held_n == before && w->f.held_msgs_n > joined)
        w->tries[w->tries_n++] = (struct world_try){d->kind, before - 1};
}

/* Work of the ledger itself never fails; and some of it must have happened. */
static void look_for_defects(struct world *w) {
    for (unsigned i = 0; i < WORLD_EVENTS; i++)
        w->events[i] += (unsigned)fixture_events(&w->f, world_events[i]);
    const char *const defects[] = {"app.quarantined", "app.step_failed"};
    for (size_t i = 0; i < COUNT_OF(defects); i++) {
        const Event *e = fixture_event(&w->f, defects[i]);
        if (e)
            fail_msg("height %d: %s: %s", (int)w->f.height, fixture_attribute(e, "hook"),
                     fixture_attribute(e, "reason"));
    }
}

static void tell(struct world *w, const struct world_try *t, const TxResult *result) {
    w->sent[t->kind]++;
    w->passed[t->kind] += result && result->code == CODE_OK;
    if (w->trace)
        print_message("%d %s: %s\n", (int)w->f.height, world_op_at(t->kind)->name,
                      !result        ? "not chosen"
                      : result->code ? result->log
                                     : "ok");
}

void world_run_plan(struct world *w, const struct world_plan *plan) {
    bool chosen[FIXTURE_HELD_MAX];
    const struct tx *txs[FIXTURE_HELD_MAX];
    const TxResult *results[FIXTURE_HELD_MAX] = {0};
    arena_reset(&w->f.tx_arena);
    fixture_hold(&w->f);
    w->f.mutate_arg = w;
    w->tries_n = 0;
    for (unsigned i = 0; i < plan->n; i++)
        if (!plan->draws[i].skip)
            make(w, &plan->draws[i]);
    size_t n = w->f.held_n, taken = 0;
    memcpy(txs, w->f.held, n * sizeof *txs);
    if (plan->someone_leaves)
        w->f.absent = plan->absent;
    w->f.step_ms = plan->step_ms;
    const BlockResults *r = fixture_run_held(&w->f, chosen);
    for (size_t i = 0; i < n; i++)
        if (chosen[i])
            results[i] = r->txs[taken++];
    for (unsigned i = 0; i < w->tries_n; i++)
        tell(w, &w->tries[i], results[w->tries[i].held]);
    for (size_t i = 0; i < n && w->saw; i++)
        w->saw(w->saw_arg, txs[i], results[i]);
    look_for_defects(w);
}

void world_block(struct world *w) {
    struct world_plan plan;
    world_draw_plan(w, &plan);
    world_run_plan(w, &plan);
}

void world_release(struct world *w) {
    fixture_release(&w->f);
}
