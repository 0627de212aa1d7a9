/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ledger/fixture.h"

#include "cairn/state.h"
#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_validator.h"
#include "x/app/modules.h"
#include "x/params/params.h"
#include "x/validator/validator.h"

static struct fixture f;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    f.sps = 1;
    fixture_account(&f, "alice", 100 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "val0", PEBBLE_PER_CAIRN);
    return 0;
}

static int started(void **state) {
    setup(state);
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static int send_block(uint64_t amount) {
    MsgSend msg = MSG_SEND__INIT;
    msg.to = fixture_addr_data(&f, "bob");
    msg.amount = amount;
    return (int)fixture_do(&f, "alice", &msg.base)->code;
}

/* --- results --- */

static struct hash hash_of_results(const BlockResults *r) {
    struct err err = {0};
    struct bytes encoded;
    assert_ok(pb_encode(r, &f.arena, &encoded, &err), &err);
    return hash_of(DOMAIN_RESULTS, encoded);
}

/* A node that says it better is no other node; one that comes to another code, cost or event is. */
static void results_hash__is_of_all_but_the_sentences(void **state) {
    (void)state;
    assert_code(send_block(1000 * PEBBLE_PER_CAIRN), CODE_INSUFFICIENT_FUNDS);
    TxResult *r = f.outcome.results->txs[0];
    assert_true(r->log[0] != 0);
    struct hash with = hash_of_results(f.outcome.results);
    assert_false(hash_eq(&with, &f.outcome.results_hash));
    TxResult *kept = NULL;
    struct err err = {0};
    BlockResults *stored = NULL;
    assert_ok(pb_decode(&block_results__descriptor, f.outcome.results_bytes, &f.arena, &stored, &err), &err);
    kept = stored->txs[0];
    assert_string_equal(kept->log, r->log);
    r->log = (char *)(uintptr_t) "";
    struct hash without = hash_of_results(f.outcome.results);
    assert_true(hash_eq(&without, &f.outcome.results_hash));
    r->cost++;
    without = hash_of_results(f.outcome.results);
    assert_false(hash_eq(&without, &f.outcome.results_hash));
}

/* Names come from outside; a sentence cuts them. A block whose results do not decode would stop every reader of events.
 */
static void results__decode_whatever_a_message_names(void **state) {
    (void)state;
    char name[2000] = "x";
    for (size_t i = 1; i + 2 < sizeof name; i += 2)
        memcpy(name + i, "\xc3\xa9", 3);
    for (size_t from = 0; from < 2; from++) {
        MsgRejectSeal msg = MSG_REJECT_SEAL__INIT;
        msg.bucket_name = name + from;
        msg.object_name = name + from;
        msg.reason = (char *)(uintptr_t) "none";
        const TxResult *r = fixture_do(&f, "alice", &msg.base);
        TxResult *again = NULL;
        assert_code((int)r->code, CODE_BUCKET_NOT_FOUND);
        struct arena arena;
        struct bytes bytes;
        struct err err;
        arena_init(&arena, 1 << 20);
        assert_ok(pb_encode(r, &arena, &bytes, &err), &err);
        assert_ok(pb_decode(&tx_result__descriptor, bytes, &arena, &again, &err), &err);
        arena_release(&arena);
    }
}

/* --- time --- */

static void time__moves_with_the_header_up_to_two_heartbeats(void **state) {
    (void)state;
    const uint64_t gaps[] = {1000, 1999, 2000, 2001, 3600000}, want[] = {1000, 1999, 2000, 2000, 2000};
    for (size_t i = 0; i < COUNT_OF(gaps); i++) {
        uint64_t before = fixture_ledger_time(&f);
        f.step_ms = gaps[i];
        fixture_block(&f, NULL, 0);
        assert_int_equal(fixture_ledger_time(&f) - before, want[i]);
    }
}

static void time__must_move_on(void **state) {
    (void)state;
    struct app_block block = fixture_next(&f, NULL, 0);
    block.time = f.header_time;
    assert_code(fixture_process_block(&f, &block, NULL), CODE_BLOCK_TIME);
    block.height += 1;
    block.time += 1000;
    assert_code(fixture_process_block(&f, &block, NULL), CODE_CONFLICT);
}

static void time__scaled_on_a_development_network(void **state) {
    (void)state;
    f.params.consensus.time_scale = 60;
    fixture_start(&f);
    uint64_t before = fixture_ledger_time(&f);
    f.step_ms = 1500;
    fixture_block(&f, NULL, 0);
    assert_int_equal(fixture_ledger_time(&f) - before, 1500 * 60);
}

/* --- empty blocks --- */

static void empty__is_due_after_the_heartbeat_or_after_transactions(void **state) {
    (void)state;
    struct app_block block = fixture_next(&f, NULL, 0);
    block.time = f.header_time + 999;
    assert_code(fixture_process_block(&f, &block, NULL), CODE_BLOCK_EMPTY);
    block.time = f.header_time + 1000;
    assert_code(fixture_process_block(&f, &block, NULL), CODE_OK);
    send_block(1);
    block = fixture_next(&f, NULL, 0);
    block.time = f.header_time + 1;
    assert_code(fixture_process_block(&f, &block, NULL), CODE_OK);
}

/* --- reveals --- */

static void greenfield_11_3_16__a_reveal_must_be_the_next_preimage(void **state) {
    (void)state;
    struct app_block block = fixture_next(&f, NULL, 0);
    block.reveal.b[0] ^= 1;
    assert_code(fixture_process_block(&f, &block, NULL), CODE_REVEAL);
    memset(&block.reveal, 0, sizeof block.reveal);
    assert_code(fixture_process_block(&f, &block, NULL), CODE_REVEAL);
    block = fixture_next(&f, NULL, 0);
    block.proposer = fixture_addr("val2");
    assert_code(fixture_process_block(&f, &block, NULL), CODE_REVEAL);
    block.proposer = fixture_addr("alice");
    assert_code(fixture_process_block(&f, &block, NULL), CODE_VALIDATOR_NOT_FOUND);
}

static void seed__hashes_each_reveal(void **state) {
    (void)state;
    struct hash seed = f.chain_tag;
    struct key k;
    for (int i = 0; i < 5; i++) {
        struct app_block block = fixture_next(&f, NULL, 0);
        seed = hash_pair(DOMAIN_SEED, &seed, &block.reveal);
        fixture_block(&f, NULL, 0);
        const SeedState *s = fixture_record(&f, key_seed(&k), &seed_state__descriptor);
        assert_memory_equal(s->seed.data, seed.b, sizeof seed.b);
    }
}

/* Chains of two turns; the next one is adopted when it is spent and 2n blocks have passed. */
static void reveal__spent_chain_and_its_successor(void **state) {
    (void)state;
    f.validators = 1;
    f.chain_len = 2;
    fixture_start(&f);
    struct hash secret = hash_of(DOMAIN_REVEAL, bytes_str("next")), tip = hash_of(DOMAIN_REVEAL, hash_bytes(&secret));
    MsgSetRevealChain msg = MSG_SET_REVEAL_CHAIN__INIT;
    msg.validator = fixture_addr_data(&f, "val0");
    msg.tip = fixture_data(&f, tip.b, sizeof tip.b);
    msg.length = 1;
    assert_code((int)fixture_do(&f, "alice", &msg.base)->code, CODE_DENIED);
    msg.validator = fixture_addr_data(&f, "val0");
    msg.tip = fixture_data(&f, tip.b, sizeof tip.b);
    msg.creator.len = 0;
    assert_code((int)fixture_do(&f, "val0", &msg.base)->code, CODE_OK); /* height 2: not before 4 */
    fixture_block(&f, NULL, 0);                                         /* spent: zeros */
    struct app_block block = fixture_next(&f, NULL, 0);
    assert_true(hash_is_zero(&block.reveal));
    assert_code(fixture_process_block(&f, &block, NULL), CODE_REVEAL); /* height 4: adopted */
    block.reveal = secret;
    assert_code(fixture_process_block(&f, &block, NULL), CODE_OK);
    struct key k;
    struct addr val = fixture_addr("val0");
    const Validator *v = fixture_record(&f, key_validator(&k, &val), &validator__descriptor);
    assert_int_equal(v->missed_reveals, 1);
}

/* --- genesis --- */

static void genesis__is_refused(void **state) {
    (void)state;
    struct err err = {0};
    const struct {
        uint64_t *field;
        uint64_t value;
    } bad[] = {
        {&f.params.challenge.deadline_ms, 7999}, /* the cap of 2 s is more than a quarter */
        {&f.params.storage.create_ttl_ms, 7999},  {&f.params.payment.frozen_time_ms, 7999},
        {&f.params.consensus.heartbeat_ms, 0},    {&f.params.auth.tx_messages_max, 0},
        {&f.params.consensus.block_bytes_max, 1}, {&f.params.payment.frozen_time_ms, 8ull * 86400000},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        uint64_t good = *bad[i].field;
        *bad[i].field = bad[i].value;
        assert_code(params_check(&f.params.all, &err), CODE_INVALID_ARGUMENT);
        *bad[i].field = good;
    }
    f.params.challenge.deadline_ms = 8000;
    assert_code(params_check(&f.params.all, &err), CODE_OK);
    f.params.consensus.development = false;
    f.params.consensus.time_scale = 2;
    assert_code(params_check(&f.params.all, &err), CODE_INVALID_ARGUMENT);
    f.params.consensus.time_scale = 1;
    f.params.consensus.development = true;
    assert_code(params_check(&f.params.all, &err), CODE_OK);
    fixture_account(&f, "alice", 1); /* twice */
    assert_code(fixture_try_start(&f, &err), CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(err.msg, "accounts["));
}

/* --- determinism --- */

static void run_some(struct fixture *g, const char *dir, struct hash *ret) {
    fixture_init(g);
    g->dir = dir;
    fixture_account(g, "alice", 100 * PEBBLE_PER_CAIRN);
    fixture_start(g);
    for (uint64_t i = 0; i < 20; i++) {
        MsgSend msg = MSG_SEND__INIT;
        char to[16];
        snprintf(to, sizeof to, "to%d", (int)(i % 7));
        msg.to = fixture_addr_data(g, to);
        msg.amount = i % 5 == 4 ? 1000 * PEBBLE_PER_CAIRN : 1 + i;
        fixture_do(g, "alice", &msg.base);
    }
    *ret = g->app_hash;
    fixture_release(g);
}

static void greenfield_11_3_24__the_same_hash_in_memory_and_in_rocksdb(void **state) {
    (void)state;
    struct hash memory, rocks;
    fixture_release(&f); /* it is made anew by each run */
    run_some(&f, NULL, &memory);
    run_some(&f, test_path("rocks"), &rocks);
    assert_memory_equal(memory.b, rocks.b, sizeof memory.b);
    setup(state);
}

/* --- end work --- */

static int due_item(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    (void)value;
    struct key k;
    key_begin(&k, KEY_APP, 'y');
    key_add_bytes(&k, rest);
    assert_code(record_put_u64(ctx, key_bytes(&k), due_time, NULL), CODE_OK);
    if (rest.data[0] == 'b')
        return err_set(err, CODE_CONFLICT, "this one always fails");
    return CODE_OK;
}

static uint64_t cap_two(const struct ctx *ctx) {
    (void)ctx;
    return 2;
}

static int put_item(struct ctx *ctx, uint64_t due, const char *name) {
    struct key k;
    key_begin(&k, KEY_APP, 'z');
    key_add_u64(&k, due);
    key_add_name(&k, name);
    return record_put_mark(ctx, key_bytes(&k), NULL);
}

static int test_genesis(struct ctx *ctx, const Genesis *genesis, struct err *err) {
    (void)err;
    const char *names[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_code(put_item(ctx, genesis->time + (i < 4 ? 1000 : 100000), names[i]), CODE_OK);
    return CODE_OK;
}

static const struct hook test_end[] = {
    {.name = "test.queue", .cap = cap_two, .module = KEY_APP, .queue = 'z', .due = due_item}};
static const struct module test_module = {
    .name = "test", .id = KEY_APP, .end = test_end, .end_n = 1, .genesis = test_genesis};

static bool there(char table, const char *name) {
    struct key k;
    key_begin(&k, KEY_APP, table);
    key_add_name(&k, name);
    struct store_view *view;
    struct state *st;
    struct bytes value;
    assert_code(store_view_open(f.store, &view, NULL), CODE_OK);
    assert_code(store_view_state(view, 0, &st, NULL), CODE_OK);
    int rc = state_get(st, key_bytes(&k), &value, NULL);
    state_free(st);
    store_view_close(view);
    return rc == CODE_OK;
}

static void greenfield_11_3_23__a_queue_is_capped_ordered_and_puts_failures_aside(void **state) {
    (void)state;
    const struct module *modules[16];
    size_t n = 0;
    for (; n < ledger_modules_n; n++)
        modules[n] = ledger_modules[n];
    modules[n++] = &test_module;
    f.modules = modules;
    f.modules_n = n;
    fixture_start(&f);
    fixture_block(&f, NULL, 0); /* two of four */
    assert_true(there('y', "a"));
    assert_false(there('y', "b")); /* undone */
    assert_false(there('y', "c"));
    const Event *e = fixture_event(&f, "app.quarantined");
    assert_string_equal(fixture_attribute(e, "code"), "CONFLICT");
    assert_string_equal(fixture_attribute(e, "hook"), "test.queue");
    fixture_block(&f, NULL, 0);
    assert_int_equal(fixture_events(&f, "app.quarantined"), 0);
    const QuarantineAnswer *q = fixture_query(&f, "/app/quarantine", NULL);
    assert_int_equal(q->n_state_keys, 1);
    assert_int_equal(q->state_keys[0].data[1], 'z');
    assert_true(there('y', "c") && there('y', "d"));
    assert_false(there('y', "e")); /* not due yet */
}

static void query__chain_and_quarantine(void **state) {
    (void)state;
    fixture_block(&f, NULL, 0);
    const ChainState *c = fixture_query(&f, "/app/chain", NULL);
    assert_int_equal(c->height, 1);
    assert_int_equal(c->ledger_time, f.genesis.time + 1000);
    const QuarantineAnswer *q = fixture_query(&f, "/app/quarantine", NULL);
    assert_int_equal(q->n_state_keys, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, started, teardown)
#define S(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(results_hash__is_of_all_but_the_sentences), T(results__decode_whatever_a_message_names),
          T(time__moves_with_the_header_up_to_two_heartbeats), T(time__must_move_on),
          S(time__scaled_on_a_development_network), T(empty__is_due_after_the_heartbeat_or_after_transactions),
          T(greenfield_11_3_16__a_reveal_must_be_the_next_preimage), T(query__chain_and_quarantine),
          T(seed__hashes_each_reveal), S(reveal__spent_chain_and_its_successor),
          S(greenfield_11_3_24__the_same_hash_in_memory_and_in_rocksdb), S(genesis__is_refused),
          S(greenfield_11_3_23__a_queue_is_capped_ordered_and_puts_failures_aside))
