/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/executor.h"

#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/node/twice.h"
#include "chain/os/crash.h"
#include "chain/os/log.h"
#include "chain/types/keys_validator.h"
#include "chain/types/reveal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

enum {
    RECORD_MEMORY_MAX = 1 << 20, /* a validator's record */
};

/* Failures of this machine say nothing about the block. */
static bool of_machine(int code) {
    return code == CODE_CORRUPT || code == CODE_IO || code == CODE_DISK_FULL || code == CODE_NO_MEMORY ||
           code == CODE_INTERNAL || code == CODE_UPGRADE_NEEDED;
}

/* --- opening --- */

static int head_fill(struct executor *e, struct head *h, struct err *err) {
    int rc = e->app->ops->info(e->app->self, store_state(e->store), &h->arena, &h->info, err);
    if (rc != CODE_OK)
        return rc;
    h->height = h->info.height;
    h->app_hash = store_root(e->store);
    return CODE_OK;
}

static int head_load_block(struct executor *e, struct head *h, struct err *err) {
    struct arena arena;
    arena_init(&arena, EXECUTOR_STORED_MEMORY);
    struct bytes bytes;
    StoredBlock *stored = NULL;
    struct block *b = NULL;
    int rc = store_get_record(e->store, STORE_BLOCK, h->height, &arena, &bytes, err);
    if (rc == CODE_OK)
        rc = pb_decode(&stored_block__descriptor, bytes, &arena, &stored, err);
    if (rc == CODE_OK && (stored->certificate == NULL || stored->validators == NULL))
        rc = err_set(err, CODE_CORRUPT, "block %" PRIu64 " is stored without its certificate", h->height);
    if (rc == CODE_OK)
        rc = validator_set_from_pb(stored->validators, &h->last_validators, err);
    if (rc == CODE_OK)
        rc = certificate_from_pb(stored->certificate, h->last_validators.n, &h->certificate, err);
    if (rc == CODE_OK)
        rc = block_new(pb_bytes(stored->block), &e->chain_tag, &b, err);
    if (rc == CODE_OK)
        h->id = b->header.id;
    block_unref(b);
    arena_release(&arena);
    return rc;
}

static int genesis_commit(struct executor *e, const Genesis *genesis, struct err *err) {
    struct store_batch *batch = NULL;
    struct hash root;
    int rc = store_begin(e->store, 0, genesis->time, &batch, err);
    if (rc != CODE_OK)
        return rc;
    rc = e->app->ops->init_chain(e->app->self, store_state(e->store), genesis, &e->chain_tag, err);
    if (rc == CODE_OK)
        rc = e->app->ops->commit(e->app->self, batch, &root, err);
    if (rc != CODE_OK) {
        store_abort(batch);
        return err_wrap(err, rc, "genesis");
    }
    return store_commit(batch, err);
}

/* Rules that this program does not know hold from the next block on: the node ends with what is committed. */
static int may_go_on(const struct executor *e, struct err *err) {
    const struct err *stop = &e->head->info.stop;
    return stop->code == CODE_OK ? CODE_OK : err_set(err, stop->code, "%s", err_text(stop));
}

int executor_open(struct executor *e, struct store *store, const struct app *app, struct verify *verify,
                  const struct executor_options *options, const Genesis *genesis, const struct hash *tag,
                  struct err *err) {
    *e = (struct executor){.store = store, .app = app, .verify = verify, .options = *options, .chain_tag = *tag};
    e->verifier = verify_nested(verify);
    uint64_t height;
    int rc = store_height(store, &height) ? CODE_OK : genesis_commit(e, genesis, err);
    if (rc == CODE_OK) {
        e->head = head_new();
        rc = e->head != NULL ? head_fill(e, e->head, err) : err_set(err, CODE_NO_MEMORY, "no memory for the head");
    }
    if (rc == CODE_OK)
        rc = may_go_on(e, err);
    if (rc == CODE_OK && !hash_eq(&e->head->info.chain_tag, tag))
        rc = err_set(err, CODE_CHAIN_MISMATCH,
                     "the data directory holds another chain than genesis.json; use the right home, or a new one");
    if (rc == CODE_OK && e->head->height > 0)
        rc = head_load_block(e, e->head, err);
    if (rc == CODE_OK)
        rc = head_parse_keys(e->head, NULL, err);
    if (rc == CODE_OK && !addr_is_zero(&options->self))
        reveals_init(&e->reveals, &options->reveal_secret);
    if (rc != CODE_OK)
        executor_close(e);
    return rc;
}

/* Nothing of the block that was executed before it was decided is left. */
static void ahead_drop(struct executor *e) {
    struct executor_ahead *a = &e->ahead;
    if (a->block == NULL)
        return;
    if (a->batch != NULL)
        store_abort(a->batch);
    else
        state_discard(store_state(e->store));
    head_unref(a->head);
    block_unref(a->block);
    arena_release(&a->arena);
    *a = (struct executor_ahead){0};
}

static void ahead_begin(struct executor *e, struct block *b) {
    assert(e->ahead.block == NULL);
    e->ahead.block = block_ref(b);
    arena_init(&e->ahead.arena, EXECUTOR_RUN_MEMORY);
}

void executor_close(struct executor *e) {
    ahead_drop(e);
    head_unref(e->head);
    e->head = NULL;
    reveals_release(&e->reveals);
}

/* --- the own reveal chain --- */

static int own_record(struct executor *e, struct state *st, struct arena *arena, Validator **ret, struct err *err) {
    struct key key;
    struct bytes bytes;
    int rc = state_get(st, key_validator(&key, &e->options.self), &bytes, err);
    return rc == CODE_OK ? pb_decode(&validator__descriptor, bytes, arena, ret, err) : rc;
}

/* What the next own block reveals. */
static struct hash own_reveal(struct executor *e, struct state *st) {
    struct arena arena;
    Validator *v = NULL;
    bool foreign = false;
    struct hash value = {{0}};
    arena_init(&arena, RECORD_MEMORY_MAX);
    if (own_record(e, st, &arena, &v, NULL) == CODE_OK)
        value = reveals_value(&e->reveals, v->reveal, e->head->height + 1, &foreign);
    if (foreign)
        log_warn("node", "the reveal secret does not belong to this validator's chain", "remaining=%" PRIu64,
                 v->reveal->remaining);
    arena_release(&arena);
    return value;
}

int executor_renewal(struct executor *e, const struct seckey *key, struct arena *arena, struct bytes *ret_wire,
                     struct err *err) {
    return reveals_renewal(&e->reveals, store_state(e->store), e->head->height, key, &e->chain_tag, arena, ret_wire,
                           err);
}

/* --- building --- */

struct scratch {
    struct store_view *view;
    struct state *st;
};

static int scratch_open(struct executor *e, struct scratch *s, struct err *err) {
    *s = (struct scratch){0};
    int rc = store_view_open(e->store, &s->view, err);
    return rc == CODE_OK ? store_view_state(s->view, EXECUTOR_VIEW_MEMORY, &s->st, err) : rc;
}

static void scratch_close(struct scratch *s) {
    state_free(s->st);
    store_view_close(s->view);
}

struct building {
    struct arena arena;
    struct tx *txs;
    const struct tx **list;
    bool *chosen;
    struct bytes *wires; /* of the chosen */
    struct hash *hashes;
    size_t n, chosen_n;
};

static int choose(struct executor *e, struct state *st, const struct bytes *candidates, size_t n, struct building *b,
                  struct err *err) {
    b->txs = arena_array(&b->arena, n, sizeof *b->txs);
    b->list = arena_array(&b->arena, n, sizeof *b->list);
    b->chosen = arena_array(&b->arena, n, sizeof *b->chosen);
    b->wires = arena_array(&b->arena, n, sizeof *b->wires);
    b->hashes = arena_array(&b->arena, n, sizeof *b->hashes);
    if (!b->txs || !b->list || !b->chosen || !b->wires || !b->hashes)
        return err_set(err, CODE_NO_MEMORY, "no memory to build a block");
    for (size_t i = 0; i < n; i++)
        if (tx_parse(candidates[i], &e->chain_tag, &b->arena, &b->txs[b->n], NULL) == CODE_OK) {
            b->list[b->n] = &b->txs[b->n];
            b->n++;
        }
    int rc = e->app->ops->prepare(e->app->self, st, e->head->height + 1, b->list, b->n, b->chosen, err);
    for (size_t i = 0; rc == CODE_OK && i < b->n; i++)
        if (b->chosen[i]) {
            b->wires[b->chosen_n] = b->txs[i].wire;
            b->hashes[b->chosen_n++] = b->txs[i].wire_hash;
        }
    return rc;
}

void executor_certified(struct executor *e, const struct certificate *certificate) {
    const struct certificate *own = &e->head->certificate;
    if (e->head->height > 0 && certificate->kind == CERTIFICATE_COMMIT && certificate->n > own->n &&
        certificate->height == own->height && hash_eq(&certificate->value, &own->value) &&
        certificate_well_formed(certificate, e->head->last_validators.n))
        certificate_copy(&e->certified, certificate);
}

/* NULL: there is no block before. */
static const struct certificate *last_certificate(const struct executor *e) {
    const struct certificate *own = &e->head->certificate;
    if (e->head->height == 0)
        return NULL;
    return e->certified.n > own->n && e->certified.height == own->height && hash_eq(&e->certified.value, &own->value)
               ? &e->certified
               : own;
}

static int header_encode(struct executor *e, struct building *b, uint64_t time, const struct hash *reveal,
                         struct bytes *ret, struct err *err) {
    const struct head *h = e->head;
    struct hash txs_root = header_txs_root(b->hashes, b->chosen_n);
    struct hash cert = certificate_hash(last_certificate(e));
    struct hash set = validator_set_hash(&h->info.validators), next = validator_set_hash(&h->info.next_validators);
    Header pb = HEADER__INIT;
    pb.version = HEADER_VERSION;
    pb.chain_tag = pb_data(hash_bytes(&e->chain_tag));
    pb.height = h->height + 1;
    pb.time = time;
    if (h->height > 0)
        pb.previous_id = pb_data(hash_bytes(&h->id));
    pb.last_certificate_hash = pb_data(hash_bytes(&cert));
    pb.txs_root = pb_data(hash_bytes(&txs_root));
    pb.txs_count = b->chosen_n;
    pb.validators_hash = pb_data(hash_bytes(&set));
    pb.next_validators_hash = pb_data(hash_bytes(&next));
    pb.params_hash = pb_data(hash_bytes(&h->info.params_hash));
    pb.app_hash = pb_data(hash_bytes(&h->app_hash));
    pb.results_hash = pb_data(hash_bytes(&h->info.results_hash));
    pb.proposer = pb_data(addr_bytes(&e->options.self));
    pb.reveal = pb_data(hash_bytes(reveal));
    return pb_encode(&pb, &b->arena, ret, err);
}

static int build(struct executor *e, struct scratch *s, struct building *b, uint64_t time, struct block **ret_block,
                 struct err *err) {
    const struct head *h = e->head;
    struct bytes header;
    struct hash reveal = own_reveal(e, s->st);
    Certificate *cert = NULL;
    int rc = header_encode(e, b, time, &reveal, &header, err);
    if (rc == CODE_OK && h->height > 0)
        rc = certificate_to_pb(last_certificate(e), h->last_validators.n, &b->arena, &cert, err);
    struct block_parts parts = {.header = header, .last_certificate = cert, .txs = b->wires, .txs_n = b->chosen_n};
    struct block *block = NULL;
    if (rc == CODE_OK)
        rc = block_build(&parts, &e->chain_tag, &block, err);
    if (rc == CODE_OK)
        rc = block_open(block, h->last_validators.n, err);
    if (rc != CODE_OK) {
        block_unref(block);
        return rc;
    }
    *ret_block = block;
    return CODE_OK;
}

int executor_build(struct executor *e, uint64_t now_ms, const struct bytes *candidates, size_t n,
                   struct block **ret_block, struct err *err) {
    const struct head *h = e->head;
    struct scratch s;
    struct building b = {0};
    arena_init(&b.arena, EXECUTOR_BUILD_MEMORY);
    int rc = scratch_open(e, &s, err);
    if (rc == CODE_OK)
        rc = choose(e, s.st, candidates, n, &b, err);
    /* "time: proposer's, = max(clock, previous + 1 ms)" */
    uint64_t time = now_ms > h->info.header_time ? now_ms : h->info.header_time + 1;
    bool due = b.chosen_n > 0 || h->info.had_txs || time - h->info.header_time >= h->info.consensus->heartbeat_ms;
    struct block *block = NULL;
    if (rc == CODE_OK && due)
        rc = build(e, &s, &b, time, &block, err);
    scratch_close(&s);
    arena_release(&b.arena);
    if (rc == CODE_OK)
        *ret_block = block;
    return rc;
}

/* --- judging --- */

static int judge_header(const struct executor *e, const struct block *b, struct err *err) {
    const struct head *h = e->head;
    const struct header *x = &b->header;
    struct hash set = validator_set_hash(&h->info.validators), next = validator_set_hash(&h->info.next_validators);
    if (x->height != h->height + 1)
        return err_set(err, CODE_MALFORMED, "height %" PRIu64 ", but %" PRIu64 " is next", x->height, h->height + 1);
    const struct {
        const struct hash *is, *want;
        const char *name;
    } rows[] = {{&x->previous_id, &h->id, "previous id"},
                {&x->validators_hash, &set, "validators"},
                {&x->next_validators_hash, &next, "next validators"},
                {&x->params_hash, &h->info.params_hash, "parameters"},
                {&x->app_hash, &h->app_hash, "app hash"},
                {&x->results_hash, &h->info.results_hash, "results"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!hash_eq(rows[i].is, rows[i].want))
            return err_set(err, CODE_MALFORMED, "its %s is not what the state says", rows[i].name);
    if (validator_set_find(&h->info.validators, &x->proposer) == VALIDATOR_NONE)
        return err_set(err, CODE_MALFORMED, "its proposer is no validator of this height");
    return CODE_OK;
}

static int judge_certificate(const struct executor *e, const struct block *b, struct err *err) {
    const struct head *h = e->head;
    if (h->height == 0)
        return CODE_OK;
    const struct certificate *c = b->last;
    if (c->kind != CERTIFICATE_COMMIT || c->height != h->height || !hash_eq(&c->value, &h->id))
        return err_set(err, CODE_MALFORMED, "its last certificate is not for the block before");
    struct hash theirs = certificate_hash(c), ours = certificate_hash(&h->certificate);
    if (hash_eq(&theirs, &ours))
        return CODE_OK;
    return certificate_verify_beside(c, &h->certificate, &e->chain_tag, &h->last_validators, err);
}

static int judge_signatures(struct executor *e, const struct block *b, struct err *err) {
    bool *good = malloc(b->txs_n + 1);
    if (good == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory to judge a block");
    size_t right = verify_txs(e->verify, b->tx_list, b->txs_n, good);
    free(good);
    if (right != b->txs_n)
        return err_set(err, CODE_BAD_SIGNATURE, "%zu of its transactions are not signed", b->txs_n - right);
    return CODE_OK;
}

static struct app_block app_block_of(const struct executor *e, const struct block *b) {
    return (struct app_block){.height = b->header.height,
                              .time = b->header.time,
                              .proposer = b->header.proposer,
                              .reveal = b->header.reveal,
                              .txs = b->tx_list,
                              .txs_count = b->txs_n,
                              .bytes = b->encoded.len,
                              .last_certificate = b->last,
                              .verifier = &e->verifier};
}

static int judge_scratch(struct executor *e, const struct block *b, struct err *err) {
    struct scratch s;
    int rc = scratch_open(e, &s, err);
    struct app_block ab = app_block_of(e, b);
    if (rc == CODE_OK)
        rc = e->app->ops->process(e->app->self, s.st, &ab, err);
    scratch_close(&s);
    return rc;
}

/* The first one of a height is judged on the writer's state, from where executor_run_ahead goes on. */
static int judge_state(struct executor *e, struct block *b, struct err *err) {
    if (e->ahead.block == b)
        return CODE_OK;
    if (e->ahead.block != NULL)
        return judge_scratch(e, b, err);
    struct app_block ab = app_block_of(e, b);
    ahead_begin(e, b);
    int rc = e->app->ops->process(e->app->self, store_state(e->store), &ab, err);
    if (rc == CODE_OK)
        e->ahead.judged = true;
    else
        ahead_drop(e);
    return rc;
}

int executor_judge(struct executor *e, struct block *b, bool *ret_invalid, struct err *err) {
    int rc = block_open(b, e->head->last_validators.n, err);
    bool covered; /* consensus comes to the trusted height when block sync ends before; it verifies all */
    if (rc == CODE_OK)
        rc = check_trusted(&e->options.trust, &b->header, &covered, err);
    if (rc == CODE_OK)
        rc = judge_header(e, b, err);
    if (rc == CODE_OK)
        rc = judge_certificate(e, b, err);
    if (rc == CODE_OK)
        rc = judge_signatures(e, b, err);
    if (rc == CODE_OK)
        rc = judge_state(e, b, err);
    *ret_invalid = rc != CODE_OK && !of_machine(rc);
    return rc;
}

/* --- committing --- */

static int put_block(struct store_batch *batch, const struct head *prev, const struct head *next, const struct block *b,
                     struct arena *arena, struct err *err) {
    StoredBlock pb = STORED_BLOCK__INIT;
    struct bytes bytes;
    pb.block = pb_data(b->encoded);
    pb.ledger_time = next->info.ledger_time;
    int rc = certificate_to_pb(&next->certificate, prev->info.validators.n, arena, &pb.certificate, err);
    if (rc == CODE_OK)
        rc = validator_set_to_pb(&prev->info.validators, arena, &pb.validators, err);
    if (rc == CODE_OK)
        rc = pb_encode(&pb, arena, &bytes, err);
    if (rc == CODE_OK)
        store_put_record(batch, STORE_BLOCK, bytes);
    Block bare = BLOCK__INIT;
    bare.header = b->pb->header;
    bare.last_certificate = b->pb->last_certificate;
    if (rc == CODE_OK)
        rc = pb_encode(&bare, arena, &bytes, err);
    pb.block = pb_data(bytes);
    if (rc == CODE_OK)
        rc = pb_encode(&pb, arena, &bytes, err);
    if (rc == CODE_OK)
        store_put_record(batch, STORE_HEADER, bytes);
    return rc;
}

static void put_events(struct store_batch *batch, const BlockResults *results) {
    for (size_t i = 0; i < results->n_txs; i++)
        for (size_t j = 0; j < results->txs[i]->n_events; j++)
            store_put_event(batch, bytes_str(results->txs[i]->events[j]->type), (uint32_t)i);
}

/* Everything but the certificate. */
static int run(struct executor *e, struct err *err) {
    struct executor_ahead *a = &e->ahead;
    struct head *next = a->head;
    struct app_block ab = app_block_of(e, a->block);
    struct app_outcome outcome;
    ab.judged = a->judged;
    int rc = e->app->ops->finalize(e->app->self, store_state(e->store), &ab, &a->arena, &outcome, err);
    crash_point(CRASH_COMMIT_EXECUTED);
#ifdef CAIRN_DEBUG
    if (rc == CODE_OK)
        rc = twice_execute(e->app, e->store, &ab, &outcome, err);
    if (rc == CODE_OK)
        rc = twice_keys(e->store, &a->arena, &a->changed, &a->changed_n, err);
#endif
    if (rc == CODE_OK)
        rc = e->app->ops->info(e->app->self, store_state(e->store), &next->arena, &next->info, err);
    next->last_validators = e->head->info.validators;
    if (rc == CODE_OK)
        rc = head_parse_keys(next, e->head, err);
    if (rc == CODE_OK)
        rc = e->app->ops->commit(e->app->self, a->batch, &next->app_hash, err);
#ifdef CAIRN_DEBUG
    if (rc == CODE_OK)
        rc = twice_root(a->batch, a->block->header.height, &next->app_hash, err);
#endif
    if (rc != CODE_OK)
        return rc;
    next->height = a->block->header.height;
    next->id = a->block->header.id;
    store_put_record(a->batch, STORE_RESULTS, outcome.results_bytes);
    for (size_t i = 0; i < a->block->txs_n; i++)
        store_put_tx(a->batch, &a->block->txs[i].id, (uint32_t)i);
    if (e->options.index_events)
        put_events(a->batch, outcome.results);
    return CODE_OK;
}

/* Executes e->ahead.block to the end, unless it is there already. On failure nothing is left of it. */
static int ahead_finish(struct executor *e, struct err *err) {
    struct executor_ahead *a = &e->ahead;
    const struct header *h = &a->block->header;
    if (a->done)
        return CODE_OK;
    a->head = head_new();
    int rc = a->head != NULL ? store_begin(e->store, h->height, h->time, &a->batch, err)
                             : err_set(err, CODE_NO_MEMORY, "no memory for the head");
    if (rc == CODE_OK)
        rc = run(e, err);
    a->done = rc == CODE_OK;
    if (rc != CODE_OK)
        ahead_drop(e);
    return rc;
}

void executor_run_ahead(struct executor *e, struct block *b) {
    struct err err;
    err_clear(&err);
    if (!b->opened || b->header.height != e->head->height + 1 || (e->ahead.block != NULL && e->ahead.block != b))
        return;
    if (e->ahead.block == NULL)
        ahead_begin(e, b);
    if (ahead_finish(e, &err) != CODE_OK)
        log_warn("node", "a block cannot be executed ahead", "height=%" PRIu64 " why=%s", b->header.height,
                 log_quote(err_text(&err)).s);
}

/* Writes what was executed, with its certificate. */
static int promote(struct executor *e, const struct certificate *certificate, bool durable, struct err *err) {
    struct executor_ahead *a = &e->ahead;
    certificate_copy(&a->head->certificate, certificate);
    int rc = put_block(a->batch, e->head, a->head, a->block, &a->arena, err);
    if (rc == CODE_OK) {
        rc = durable ? store_commit(a->batch, err) : store_commit_later(a->batch, err);
        a->batch = NULL; /* gone, whatever was answered */
    }
    if (rc == CODE_OK && a->changed_n > 0)
        rc = twice_prove(e->store, a->changed, a->changed_n, err);
    if (rc == CODE_OK) {
        head_unref(e->head);
        e->head = a->head;
        a->head = NULL;
    }
    ahead_drop(e);
    return rc;
}

static int execute(struct executor *e, struct block *b, const struct certificate *certificate, bool durable,
                   struct err *err) {
    assert(b->header.height == e->head->height + 1);
    int rc = block_open(b, e->head->last_validators.n, err);
    if (rc != CODE_OK)
        return rc;
    if (e->ahead.block != NULL && !hash_eq(&e->ahead.block->header.id, &b->header.id))
        ahead_drop(e);
    if (e->ahead.block == NULL)
        ahead_begin(e, b);
    rc = ahead_finish(e, err);
    if (rc == CODE_OK)
        rc = promote(e, certificate, durable, err);
    if (rc == CODE_OK)
        rc = may_go_on(e, err);
    return rc == CODE_OK ? CODE_OK : err_wrap(err, rc, "block %" PRIu64, b->header.height);
}

int executor_commit(struct executor *e, struct block *b, const struct certificate *certificate, struct err *err) {
    return execute(e, b, certificate, true, err);
}

int executor_apply(struct executor *e, struct block *b, const struct certificate *certificate, bool durable,
                   bool *ret_invalid, struct err *err) {
    int rc = judge_header(e, b, err);
    if (rc == CODE_OK)
        rc = execute(e, b, certificate, durable, err);
    *ret_invalid = rc != CODE_OK && !of_machine(rc);
    return rc;
}

int executor_settle(struct executor *e, struct err *err) {
    return store_sync(e->store, err);
}
