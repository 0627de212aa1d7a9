/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/ledger/run.h"

#include "chain/store/store_snapshot.h"
#include "tests/lib/ledger/ops.h"
#include "tests/property/ledger/model.h"

#include <inttypes.h>

/* --- drawing --- */

/* Without these nothing lives. */
static bool core(unsigned kind) {
    static const char *const names[] = {"open_group", "create_bucket", "create_object", "seal"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(world_op_at(kind)->name, names[i]) == 0)
            return true;
    return false;
}

void life_draw(uint64_t seed, struct life *ret) {
    static const uint64_t scales[] = {60, 60, 600, 3600, 36000};
    static const unsigned crowds[] = {1, 2, 2, 3, 6, WORLD_DEALS};
    static const unsigned factors[] = {0, 1, 1, 1, 2, 2, 4, 6};
    struct world w = {0};
    struct rng r;
    rng_init(&r, seed * 0x9e3779b97f4a7c15u + 1);
    memset(ret, 0, sizeof *ret);
    ret->seed = seed;
    ret->time_scale = scales[rng_below(&r, COUNT_OF(scales))];
    ret->blocks = (unsigned)rng_range(&r, 100, LIFE_BLOCKS_MAX);
    uint64_t twin = rng_below(&r, 8);
    ret->twin = twin == 0 ? TWIN_DISK : twin <= 2 ? TWIN_EXPORT : TWIN_NONE;
    ret->twin_from = rng_range(&r, 10, ret->blocks / 2);
    ret->mutants = rng_below(&r, 4) ? 0 : (unsigned)rng_range(&r, 2, 12);
    ret->deals_n = crowds[rng_below(&r, COUNT_OF(crowds))];
    ret->guests_n = (unsigned)rng_range(&r, 1, WORLD_GUESTS);
    bool swarm = rng_below(&r, 4) != 0;
    for (unsigned i = 0; i < world_ops_n(); i++)
        ret->weights[i] =
            world_op_at(i)->weight * (swarm ? factors[rng_below(&r, COUNT_OF(factors))] + 3 * core(i) : 1);
    memcpy(w.weights, ret->weights, sizeof w.weights);
    w.plan_rng = r;
    for (unsigned i = 0; i < ret->blocks; i++)
        world_draw_plan(&w, &ret->plans[i]);
}

void life_describe(const struct life *life, char *text, size_t cap) {
    static const char *const twins[] = {"alone", "with a twin on disk", "with a twin from an export"};
    unsigned ops = 0, blocks = 0;
    for (unsigned i = 0; i < life->blocks; i++) {
        blocks += !life->gone[i];
        for (unsigned j = 0; j < life->plans[i].n && !life->gone[i]; j++)
            ops += !life->plans[i].draws[j].skip;
    }
    snprintf(text, cap, "%u blocks, %u messages, %u deals, time x %" PRIu64 ", %s, one in %u messages changed", blocks,
             ops, life->deals_n, life->time_scale, twins[life->twin], life->mutants);
}

/* --- living --- */

struct living {
    const struct life *life;
    struct report *report;
    struct world w, twin;
    bool twin_lives;
    struct model *model;
};

static void count(struct report *r, const struct tx *tx, const TxResult *result) {
    for (size_t i = 0; i < tx->body->n_msgs; i++) {
        int kind = (int)tx->body->msgs[i]->body_case;
        if (kind < 0 || kind >= LIFE_KINDS)
            continue;
        if (result && result->code == CODE_OK)
            r->accepted[kind]++;
        else if (tx->body->n_msgs == 1)
            r->refused[kind]++;
    }
}

static void saw(void *arg, const struct tx *tx, const TxResult *result) {
    struct living *l = arg;
    count(l->report, tx, result);
    model_tx(l->model, tx, result);
}

/* Every pair of the one into the other. */
static int load_pair(void *arg, struct bytes key, struct bytes value, struct err *err) {
    return store_load_pair(arg, key, value, err);
}

/* The twin is what the first is, over a store that took in the first one's export. */
static void be_born(struct living *l) {
    struct err err = {0};
    struct store_view *view;
    struct store_load *load;
    struct store_import_end end = {.time = l->w.f.header_time};
    struct world *t = &l->twin;
    struct store *store;
    assert_ok(store_open_mem(&store, &err), &err);
    assert_ok(store_view_open(l->w.f.store, &view, &err), &err);
    assert_ok(store_load_begin(store, &load, &err), &err);
    assert_ok(store_export(view, BYTES_NONE, load_pair, load, &err), &err);
    struct hash root = store_view_root(view);
    assert_ok(store_load_finish(load, store_view_height(view), &root, &end, &err), &err);
    store_load_close(load);
    store_view_close(view);
    *t = l->w;
    t->saw = NULL;
    t->trace = false;
    t->f.store = store;
    arena_init(&t->f.arena, 1024 * MIB);
    arena_init(&t->f.tx_arena, 1024 * MIB);
    arena_init(&t->f.setup, 256 * MIB); /* what lies on the first one's stays */
    ledger_init(&t->f.ledger, &(struct ledger_options){.invariants = t->f.invariants});
    t->f.app = ledger_app(&t->f.ledger);
    for (unsigned i = 0; i < WORLD_DEALS; i++)
        t->deals[i].f = &t->f;
    l->twin_lives = true;
}

static void compare(const struct living *l) {
    if (memcmp(l->w.f.app_hash.b, l->twin.f.app_hash.b, sizeof l->w.f.app_hash.b) ||
        memcmp(l->w.f.results_hash.b, l->twin.f.results_hash.b, sizeof l->w.f.results_hash.b))
        fail_msg("two executions of block %" PRIu64 " differ: the twin has another app hash or other results",
                 l->w.f.height);
}

static void mix(struct report *r, const struct fixture *f) {
    struct rng rng;
    rng_init(&rng, r->trace ^ load_be64(f->app_hash.b) ^ load_be64(f->results_hash.b) << 1);
    r->trace = rng_u64(&rng);
}

static void world_begin(struct world *w, const struct life *life, const char *dir) {
    world_init_scaled(w, life->seed, life->time_scale, dir);
    memcpy(w->weights, life->weights, sizeof w->weights);
    w->mutants = life->mutants;
    w->deals_n = life->deals_n;
    w->guests_n = life->guests_n;
}

void life_run(const struct life *life, bool trace, struct report *report) {
    static struct living l;
    l = (struct living){.life = life, .report = report};
    world_begin(&l.w, life, NULL);
    l.w.trace = trace;
    l.w.saw = saw;
    l.w.saw_arg = &l;
    l.model = model_new(&l.w);
    if (life->twin == TWIN_DISK) {
        world_begin(&l.twin, life, test_path("twin"));
        l.twin_lives = true;
    }
    uint64_t begin = fixture_ledger_time(&l.w.f);
    for (unsigned i = 0; i < life->blocks; i++) {
        if (life->twin == TWIN_EXPORT && i == life->twin_from)
            be_born(&l);
        if (life->gone[i])
            continue;
        report->height = i;
        world_run_plan(&l.w, &life->plans[i]);
        report->questions += model_after(l.model);
        mix(report, &l.w.f);
        report->ledger_ms = fixture_ledger_time(&l.w.f) - begin;
        if (l.twin_lives) {
            world_run_plan(&l.twin, &life->plans[i]);
            compare(&l);
        }
    }
    for (unsigned i = 0; i < WORLD_EVENTS; i++)
        report->events[i] = l.w.events[i];
    report->done = true;
}
