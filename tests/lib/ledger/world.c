/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ledger/world.h"

#include "tests/lib/ledger/mutate.h"

#define MINUTE 60000ull

const char *const world_events[WORLD_EVENTS] = {
    "payment.frozen",          "payment.resumed",          "payment.ended",    "sp.slashed",
    "storage.object_expired",  "challenge.passed",         "challenge.missed", "challenge.repair_done",
    "challenge.repair_opened", "challenge.repair_dropped", "validator.jailed", "validator.unbonded",
    "validator.set_changed",   "validator.slashed"};

/* Short times and small caps, so that everything that may happen does. A real second is a minute of ledger time. */
static void shape_params(struct fixture_params *p) {
    p->consensus.time_scale = 60;
    p->consensus.block_txs_max = 24;
    p->consensus.block_signatures_max = 120;
    p->sp.groups_per_primary = 5;
    p->payment.price_max = (uint64_t)1 << 56;
    p->sp.sps_max = 9;
    p->storage.buckets_per_account = 3;
    p->storage.slots_per_bucket = 2;
    p->storage.create_ttl_ms = 20 * MINUTE;
    p->storage.expiries_per_block = 2;
    p->payment.reserve_time_ms = 3 * 60 * MINUTE;
    p->payment.frozen_time_ms = 60 * MINUTE;
    p->payment.settle_interval_ms = 30 * MINUTE;
    p->payment.settlements_per_block = 3;
    p->challenge.floor_interval_ms = 10 * MINUTE;
    p->challenge.bytes_per_draw = 1 * MIB;
    p->challenge.bytes_interval_ms = 20 * MINUTE;
    p->challenge.deadline_ms = 8000; /* real ones */
    p->challenge.open_max = 16;
    p->challenge.open_per_submitter = 2;
    p->challenge.repair_interval_ms = 4 * MINUTE;
    p->challenge.closed_kept_ms = 60 * MINUTE;
    p->challenge.jail_misses = 40;
    p->consensus.evidence_window_ms = 40 * MINUTE;
    p->validator.unbonding_ms = 40 * MINUTE;
    p->validator.trust_period_ms = 20 * MINUTE;
    p->validator.validators_max = 7;
    p->validator.downtime_jail_ms = 10 * MINUTE;
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

void world_init(struct world *w, uint64_t seed, const char *dir) {
    *w = (struct world){.new_sps = 0};
    rng_init(&w->rng, seed);
    fixture_init(&w->f);
    w->f.dir = dir;
    shape_params(&w->f.params);
    w->f.sp_price = (uint64_t)1 << 55; /* 200 kB at two positions cost three CAIRN an hour */
    for (unsigned i = 0; i < WORLD_OWNERS; i++) {
        char name[24];
        snprintf(name, sizeof name, "owner%u", i);
        fixture_account(&w->f, name, 400 * PEBBLE_PER_CAIRN);
    }
    for (unsigned i = 0; i < 3; i++) {
        char name[24];
        snprintf(name, sizeof name, "new%u", i);
        fixture_account(&w->f, name, 300 * PEBBLE_PER_CAIRN);
    }
    fixture_account(&w->f, "val0", PEBBLE_PER_CAIRN);
    fixture_account(&w->f, "bonder0", 1000 * PEBBLE_PER_CAIRN);
    fixture_account(&w->f, "bonder1", 1000 * PEBBLE_PER_CAIRN);
    w->f.certificates = true;
    fixture_start(&w->f);
    make_deals(w);
}

static unsigned draw_op(struct world *w) {
    uint64_t total = 0, at;
    for (unsigned i = 0; i < world_ops_n(); i++)
        total += world_op_at(i)->weight;
    at = rng_below(&w->rng, total);
    for (unsigned i = 0;; i++) {
        if (at < world_op_at(i)->weight)
            return i;
        at -= world_op_at(i)->weight;
    }
}

static void mutate(void *arg, ProtobufCMessage *message) {
    struct world *w = arg;
    for (uint64_t n = 1 + rng_below(&w->rng, 2); n; n--)
        mutate_message(&w->rng, &w->f.tx_arena, message);
}

static void gather(struct world *w) {
    unsigned tries = (unsigned)rng_below(&w->rng, 12);
    fixture_hold(&w->f);
    w->f.mutate_arg = w;
    for (unsigned i = 0; i < tries; i++) {
        unsigned op = draw_op(w);
        size_t before = w->f.held_n;
        w->f.mutate = w->mutants && rng_below(&w->rng, w->mutants) == 0 ? mutate : NULL;
        world_op_at(op)->make(w);
        for (size_t h = before; h < w->f.held_n; h++)
            w->kinds[h] = op;
    }
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

void world_block(struct world *w) {
    bool chosen[FIXTURE_HELD_MAX];
    gather(w);
    size_t n = w->f.held_n, t = 0;
    if (rng_below(&w->rng, 25) == 0) /* for a while, some are away */
        w->f.absent = rng_below(&w->rng, 3) ? rng_below(&w->rng, 1 << 7) & rng_below(&w->rng, 1 << 7) : 0;
    w->f.step_ms = 1000 + rng_below(&w->rng, 1500);
    const BlockResults *r = fixture_run_held(&w->f, chosen);
    for (size_t i = 0; i < n; i++) {
        const TxResult *result = chosen[i] ? r->txs[t++] : NULL;
        w->sent[w->kinds[i]]++;
        w->passed[w->kinds[i]] += result && result->code == CODE_OK;
        if (w->trace)
            print_message("%d %s: %s\n", (int)w->f.height, world_op_at(w->kinds[i])->name,
                          !result        ? "not chosen"
                          : result->code ? result->log
                                         : "ok");
    }
    look_for_defects(w);
}

void world_release(struct world *w) {
    fixture_release(&w->f);
}
