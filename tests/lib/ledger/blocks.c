/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of a fixture, and looking at what they did. */
#include "tests/lib/ledger/fixture.h"

#include "cairn/state.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_auth.h"
#include "x/app/run.h"
#include "x/validator/sets.h"

static unsigned proposer_of(const struct fixture *f) {
    return (unsigned)(f->height % (f->proposers ? f->proposers : f->validators));
}

/* Precommits of all but the absent. */
static void certify(struct ctx *ctx, void *arg) {
    struct fixture *f = arg;
    struct certificate *c = &f->certificate;
    struct validator_set set;
    assert_ok(set_at(ctx, ctx->height, &set, NULL), NULL);
    *c = (struct certificate){.height = ctx->height, .kind = CERTIFICATE_COMMIT};
    for (uint16_t i = 0; i < set.n; i++)
        if (!(f->absent >> i & 1))
            c->votes[c->n++] = (struct vote){.height = ctx->height, .validator = i, .type = VOTE_PRECOMMIT};
}

struct app_block fixture_next(struct fixture *f, const struct tx *const *txs, size_t n) {
    unsigned proposer = proposer_of(f);
    struct app_block block = {.height = f->height + 1,
                              .time = f->header_time + f->step_ms,
                              .proposer = fixture_addr(arena_printf(&f->tx_arena, "val%u", proposer)),
                              .txs = txs,
                              .txs_count = n,
                              .bytes = 1024};
    if (f->revealed[proposer] < f->chain_len)
        block.reveal = f->reveals[proposer][f->revealed[proposer]];
    for (size_t i = 0; i < n; i++)
        block.bytes += txs[i]->wire.len;
    if (f->certificates && f->height > 0) {
        fixture_with_ctx(f, certify, f);
        block.last_certificate = &f->certificate;
    }
    return block;
}

/* fn over a scratch state of the newest height. */
static int on_scratch(struct fixture *f, int (*fn)(struct fixture *, struct state *, void *, struct err *), void *arg,
                      struct err *err) {
    struct store_view *view;
    struct state *st;
    struct err local = {0};
    assert_ok(store_view_open(f->store, &view, &local), &local);
    assert_ok(store_view_state(view, 0, &st, &local), &local);
    int rc = fn(f, st, arg, err);
    state_free(st);
    store_view_close(view);
    return rc;
}

static int process_on(struct fixture *f, struct state *st, void *arg, struct err *err) {
    return f->app.ops->process(f->app.self, st, arg, err);
}

int fixture_process_block(struct fixture *f, const struct app_block *block, struct err *err) {
    struct app_block copy = *block;
    return on_scratch(f, process_on, &copy, err);
}

int fixture_process(struct fixture *f, const struct tx *const *txs, size_t n, struct err *err) {
    struct app_block block = fixture_next(f, txs, n);
    return on_scratch(f, process_on, &block, err);
}

struct check_call {
    const struct tx *tx;
    const struct app_waiting *waiting;
    struct app_admission *ret;
};

static int check_on(struct fixture *f, struct state *st, void *arg, struct err *err) {
    struct check_call *call = arg;
    struct arena arena;
    void *check = NULL;
    arena_init(&arena, MIB);
    int rc = f->app.ops->check_open(f->app.self, st, f->height + 1, NULL, &arena, &check, err);
    if (rc == CODE_OK)
        rc = f->app.ops->check_tx(f->app.self, check, call->tx, call->waiting, call->ret, err);
    f->app.ops->check_close(f->app.self, check);
    arena_release(&arena);
    return rc;
}

int fixture_check(struct fixture *f, const struct tx *tx, struct app_admission *ret, struct err *err) {
    return fixture_check_behind(f, tx, NULL, ret, err);
}

int fixture_check_behind(struct fixture *f, const struct tx *tx, const struct app_waiting *waiting,
                         struct app_admission *ret, struct err *err) {
    struct check_call call = {tx, waiting, ret};
    return on_scratch(f, check_on, &call, err);
}

static void commit(struct fixture *f, const struct app_block *block) {
    struct store_batch *batch;
    struct err err = {0};
    assert_ok(store_begin(f->store, block->height, block->time, &batch, &err), &err);
    assert_ok(f->app.ops->finalize(f->app.self, store_state(f->store), block, &f->arena, &f->outcome, &err), &err);
    assert_ok(f->app.ops->commit(f->app.self, batch, &f->app_hash, &err), &err);
    assert_ok(store_commit(batch, &err), &err);
}

/* A header announces the set that signs the next one: what was announced must come. */
static void check_sets(struct fixture *f) {
    struct arena arena;
    struct app_info info;
    struct err err = {0};
    arena_init(&arena, MIB);
    assert_ok(f->app.ops->info(f->app.self, store_state(f->store), &arena, &info, &err), &err);
    struct hash now = validator_set_hash(&info.validators);
    if (f->height > 1)
        assert_memory_equal(now.b, f->announced.b, sizeof now.b);
    f->announced = validator_set_hash(&info.next_validators);
    arena_release(&arena);
}

const BlockResults *fixture_block(struct fixture *f, const struct tx *const *txs, size_t n) {
    struct err err = {0};
    struct app_block block = fixture_next(f, txs, n);
    arena_reset(&f->arena);
    f->ledger.options.invariants = f->invariants; /* a test may turn them off for a while */
    assert_ok(on_scratch(f, process_on, &block, &err), &err);
    commit(f, &block);
    f->revealed[proposer_of(f)]++;
    f->height = block.height;
    f->header_time = block.time;
    f->results_hash = f->outcome.results_hash;
    if (f->invariants)
        check_sets(f);
    if (!f->keep_txs)
        arena_reset(&f->tx_arena);
    return f->outcome.results;
}

/* --- holding --- */

/* What no decoder takes is not held. */
static void hold_mutated(struct fixture *f, const char *signer, unsigned ahead, const Msg *msg) {
    Msg *copy;
    TxBody body;
    struct bytes wire;
    struct seckey key = fixture_key(signer);
    struct tx *tx = ARENA_NEW(&f->tx_arena, struct tx);
    if (pb_copy(msg, &f->tx_arena, &copy, NULL))
        return;
    fixture_body(f, signer, ahead, &copy, 1, &body);
    body.fee = PEBBLE_PER_CAIRN / 100;
    f->mutate(f->mutate_arg, &copy->send->base);
    if (tx_sign(&body, &key, &f->chain_tag, &f->tx_arena, &wire, NULL) == CODE_OK &&
        tx_parse(wire, &f->chain_tag, &f->tx_arena, tx, NULL) == CODE_OK)
        f->held[f->held_n++] = tx;
}

/* Into the newest transaction, if it may be. */
static bool join(struct fixture *f, const char *signer, const struct addr *sender, unsigned ahead, Msg *msg) {
    if (!f->join || f->mutate || f->held_n == 0 || f->held_msgs_n == 0 || f->held_msgs_n == FIXTURE_JOINED_MAX ||
        !addr_eq(&f->held[f->held_n - 1]->sender, sender))
        return false;
    if (pb_copy(msg, &f->tx_arena, &f->held_msgs[f->held_msgs_n], NULL))
        return false;
    f->held_msgs_n++;
    f->held[f->held_n - 1] = fixture_tx(f, signer, ahead - 1, f->held_msgs, f->held_msgs_n);
    return true;
}

static const TxResult *hold(struct fixture *f, const char *signer, Msg *msg) {
    static const TxResult nothing = TX_RESULT__INIT;
    struct addr sender = fixture_addr(signer);
    unsigned ahead = 0;
    assert_true(f->held_n < FIXTURE_HELD_MAX);
    for (size_t i = 0; i < f->held_n; i++)
        ahead += addr_eq(&f->held[i]->sender, &sender);
    if (join(f, signer, &sender, ahead, msg))
        return &nothing;
    f->held_msgs_n = 0;
    if (f->mutate) {
        hold_mutated(f, signer, ahead, msg);
        return &nothing;
    }
    f->held[f->held_n++] = fixture_tx(f, signer, ahead, &msg, 1);
    if (pb_copy(msg, &f->tx_arena, &f->held_msgs[0], NULL) == CODE_OK) /* it lives on its maker's stack */
        f->held_msgs_n = 1;
    return &nothing;
}

void fixture_hold(struct fixture *f) {
    f->holding = true;
    f->held_n = f->held_msgs_n = 0;
}

static int prepare_on(struct fixture *f, struct state *st, void *arg, struct err *err) {
    return f->app.ops->prepare(f->app.self, st, f->height + 1, f->held, f->held_n, arg, err);
}

const BlockResults *fixture_run_held(struct fixture *f, bool *ret_chosen) {
    bool chosen[FIXTURE_HELD_MAX];
    const struct tx *txs[FIXTURE_HELD_MAX];
    size_t n = 0;
    struct err err = {0};
    assert_ok(on_scratch(f, prepare_on, chosen, &err), &err);
    for (size_t i = 0; i < f->held_n; i++)
        if (chosen[i])
            txs[n++] = f->held[i];
    if (ret_chosen)
        memcpy(ret_chosen, chosen, f->held_n * sizeof *chosen);
    f->holding = false;
    f->held_n = 0;
    return fixture_block(f, txs, n);
}

const TxResult *fixture_do(struct fixture *f, const char *signer, ProtobufCMessage *message) {
    Msg *msg = fixture_msg(f, signer, message);
    if (f->holding)
        return hold(f, signer, msg);
    const struct tx *tx = fixture_tx(f, signer, 0, &msg, 1);
    return fixture_block(f, &tx, 1)->txs[0];
}

void fixture_skip(struct fixture *f, uint64_t ms) {
    uint64_t until = fixture_ledger_time(f) + ms;
    while (fixture_ledger_time(f) < until)
        fixture_block(f, NULL, 0);
}

/* --- looking --- */

struct record_call {
    struct bytes key;
    const ProtobufCMessageDescriptor *desc;
    void *msg;
};

static int record_on(struct fixture *f, struct state *st, void *arg, struct err *err) {
    struct record_call *call = arg;
    struct bytes value;
    int rc = state_get(st, call->key, &value, err);
    return rc ? rc : pb_decode(call->desc, value, &f->arena, &call->msg, err);
}

void *fixture_record(struct fixture *f, struct bytes key, const ProtobufCMessageDescriptor *desc) {
    struct record_call call = {key, desc, NULL};
    struct err err = {0};
    int rc = on_scratch(f, record_on, &call, &err);
    if (rc != CODE_NOT_FOUND)
        assert_ok(rc, &err);
    return call.msg;
}

uint64_t fixture_balance(struct fixture *f, const char *name) {
    struct addr addr = fixture_addr(name);
    struct key k;
    const Account *a = fixture_record(f, key_account(&k, &addr), &account__descriptor);
    return a ? a->balance : 0;
}

uint64_t fixture_ledger_time(struct fixture *f) {
    struct key k;
    const ChainState *c = fixture_record(f, key_chain_state(&k), &chain_state__descriptor);
    assert_non_null(c);
    return c->ledger_time;
}

static const Event *nth(Event *const *events, size_t n, const char *type, size_t *count) {
    const Event *first = NULL;
    for (size_t i = 0; i < n; i++)
        if (strcmp(events[i]->type, type) == 0) {
            ++*count;
            if (!first)
                first = events[i];
        }
    return first;
}

static const Event *look(const struct fixture *f, const char *type, size_t *count) {
    const BlockResults *r = f->outcome.results;
    const Event *found = nth(r->begin_events, r->n_begin_events, type, count), *e;
    for (size_t i = 0; i < r->n_txs; i++)
        if ((e = nth(r->txs[i]->events, r->txs[i]->n_events, type, count)) && !found)
            found = e;
    e = nth(r->end_events, r->n_end_events, type, count);
    return found ? found : e;
}

const Event *fixture_event(const struct fixture *f, const char *type) {
    size_t n = 0;
    return look(f, type, &n);
}

size_t fixture_events(const struct fixture *f, const char *type) {
    size_t n = 0;
    look(f, type, &n);
    return n;
}

const char *fixture_attribute(const Event *event, const char *key) {
    assert_non_null(event);
    for (size_t i = 0; i < event->n_attributes; i++)
        if (strcmp(event->attributes[i]->key, key) == 0)
            return event->attributes[i]->value;
    fail_msg("event %s has no %s", event->type, key);
    return "";
}

struct ctx_call {
    void (*fn)(struct ctx *ctx, void *arg);
    void *arg;
};

static int ctx_on(struct fixture *f, struct state *st, void *arg, struct err *err) {
    struct ctx_call *call = arg;
    struct run run;
    int rc = run_open(&run, &f->ledger, st, &f->arena, err);
    if (rc)
        return rc;
    run.ctx.validators = f->validators;
    call->fn(&run.ctx, call->arg);
    run_close(&run);
    return CODE_OK;
}

void fixture_with_ctx(struct fixture *f, void (*fn)(struct ctx *ctx, void *arg), void *arg) {
    struct ctx_call call = {fn, arg};
    struct err err = {0};
    assert_ok(on_scratch(f, ctx_on, &call, &err), &err);
}

struct query_call {
    struct app_query query;
    struct app_answer answer;
};

static int query_on(struct fixture *f, struct state *st, void *arg, struct err *err) {
    struct query_call *call = arg;
    return f->app.ops->query(f->app.self, st, &call->query, &f->arena, &call->answer, err);
}

const void *fixture_query(struct fixture *f, const char *path, ...) {
    struct app_param params[16];
    struct query_call call = {.query = {.path = path, .params = params}};
    struct err err = {0};
    va_list ap;
    va_start(ap, path);
    for (const char *name; (name = va_arg(ap, const char *));) {
        assert_true(call.query.params_count < COUNT_OF(params));
        params[call.query.params_count++] = (struct app_param){name, va_arg(ap, const char *)};
    }
    va_end(ap);
    assert_ok(on_scratch(f, query_on, &call, &err), &err);
    return call.answer.message;
}
