/* SPDX-License-Identifier: Apache-2.0 */
/* The executor over a store in memory and the real rules: genesis, blocks built, judged and committed, blocks that are
 * wrong. */
#include "tests/lib/test.h"

#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/node/executor.h"
#include "chain/os/file.h"
#include "chain/types/reveal.h"
#include "x/app/ledger.h"

static struct ledger ledger;
static struct app app;
static struct verify *verify;
static struct store *store;
static struct executor ex;
static struct arena arena;
static Genesis *genesis;
static struct seckey key;
static struct hash tag, secret = {{9}};
static struct addr self;

enum { REVEALS = 3000 };

static void read_genesis(void) {
    struct err err;
    struct buf text;
    buf_init(&text, 1 << 20);
    assert_ok(file_read("tests/unit/chain/node/genesis.json", &text, &err), &err);
    assert_ok(json_read_pb(&genesis__descriptor, buf_bytes(&text), &arena, &genesis, &err), &err);
    buf_release(&text);
}

static void add_validator(void) {
    struct err err;
    uint8_t raw[32] = {1};
    assert_ok(seckey_init(&key, raw, &err), &err);
    static struct pubkey pub;
    static struct hash tip;
    pub = seckey_pubkey(&key);
    self = addr_of_key(&pub);
    struct hash first = reveal_secret_of(&secret, 0);
    tip = reveal_value(&first, REVEALS);
    Validator *v = ARENA_NEW(&arena, Validator);
    validator__init(v);
    v->reveal = ARENA_NEW(&arena, RevealChain);
    reveal_chain__init(v->reveal);
    v->reveal->tip = pb_data(hash_bytes(&tip));
    v->reveal->remaining = REVEALS;
    v->address = v->operator_ = pb_data(addr_bytes(&self));
    v->pubkey = pb_data(pubkey_bytes(&pub));
    v->power = 1;
    genesis->n_validators = 1;
    genesis->validators = arena_array(&arena, 1, sizeof *genesis->validators);
    genesis->validators[0] = v;
    GenesisAccount *a = ARENA_NEW(&arena, GenesisAccount);
    genesis_account__init(a);
    a->address = v->address;
    a->balance = 1000000000;
    genesis->n_accounts = 1;
    genesis->accounts = arena_array(&arena, 1, sizeof *genesis->accounts);
    genesis->accounts[0] = a;
}

static int setup(void **state) {
    (void)state;
    struct err err;
    arena_init(&arena, 64 << 20);
    ledger_init(&ledger, NULL);
    app = ledger_app(&ledger);
    read_genesis();
    add_validator();
    struct bytes encoded;
    assert_ok(pb_encode(genesis, &arena, &encoded, &err), &err);
    tag = chain_tag_of(encoded);
    assert_ok(verify_new(1, &verify, &err), &err);
    assert_ok(store_open_mem(&store, &err), &err);
    struct executor_options o = {.reveal_secret = secret, .self = self};
    assert_ok(executor_open(&ex, store, &app, verify, &o, genesis, &tag, &err), &err);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    executor_close(&ex);
    store_close(store);
    verify_free(verify);
    arena_release(&arena);
    return 0;
}

static struct certificate certify(const struct block *b) {
    struct certificate c = {.height = b->header.height, .kind = CERTIFICATE_COMMIT, .n = 1, .value = b->header.id};
    c.votes[0] = (struct vote){.height = c.height, .type = VOTE_PRECOMMIT, .value = c.value};
    struct hash digest = vote_digest(&tag, &c.votes[0]);
    c.votes[0].sig = seckey_sign(&key, &digest);
    return c;
}

static struct bytes transfer(uint64_t sequence) {
    struct err err;
    struct pubkey pub = seckey_pubkey(&key);
    MsgSend send = MSG_SEND__INIT;
    struct addr to = {{5}};
    send.creator = pb_data(addr_bytes(&self));
    send.to = pb_data(addr_bytes(&to));
    send.amount = 1;
    Msg msg = MSG__INIT, *msgs[] = {&msg};
    msg.body_case = MSG__BODY_SEND;
    msg.send = &send;
    TxBody body = TX_BODY__INIT;
    body.signer = pb_data(pubkey_bytes(&pub));
    body.sequence = sequence;
    body.valid_until_height = 20;
    body.fee = 10000;
    body.n_msgs = 1;
    body.msgs = msgs;
    struct bytes wire;
    assert_ok(tx_sign(&body, &key, &tag, &arena, &wire, &err), &err);
    return wire;
}

static void decide(struct block *b) {
    struct err err;
    bool invalid;
    assert_ok(executor_judge(&ex, b, &invalid, &err), &err);
    struct certificate c = certify(b);
    assert_ok(executor_commit(&ex, b, &c, &err), &err);
    block_unref(b);
}

static void executor__blocks_one_after_another(void **state) {
    (void)state;
    struct err err;
    struct block *b = NULL;
    uint64_t now = genesis->time;
    struct bytes txs[] = {transfer(1), transfer(2), transfer(9)};
    assert_ok(executor_build(&ex, now + 1, NULL, 0, &b, &err), &err);
    assert_null(b); /* nothing to propose, no heartbeat yet */
    assert_ok(executor_build(&ex, now + 1, txs, 3, &b, &err), &err);
    assert_non_null(b);
    assert_int_equal(b->txs_n, 2); /* the gap stays behind */
    assert_int_equal(b->header.height, 1);
    decide(b);
    assert_int_equal(ex.head->height, 1);
    b = NULL;
    assert_ok(executor_build(&ex, now, NULL, 0, &b, &err), &err);
    assert_non_null(b); /* an empty one, so that the app hash is certified; the clock went back, time does not */
    assert_int_equal(b->header.time, now + 2);
    assert_true(hash_eq(&b->header.app_hash, &ex.head->app_hash));
    decide(b);
    b = NULL;
    assert_ok(executor_build(&ex, now + 3, NULL, 0, &b, &err), &err);
    assert_null(b);
    assert_ok(executor_build(&ex, now + 3 + ex.head->info.consensus->heartbeat_ms, NULL, 0, &b, &err), &err);
    assert_non_null(b);
    decide(b);
    /* what a restart finds is what was left */
    struct hash id = ex.head->id, app_hash = ex.head->app_hash;
    struct executor_options o = ex.options;
    executor_close(&ex);
    assert_ok(executor_open(&ex, store, &app, verify, &o, genesis, &tag, &err), &err);
    assert_int_equal(ex.head->height, 3);
    assert_true(hash_eq(&id, &ex.head->id) && hash_eq(&app_hash, &ex.head->app_hash));
    struct hash other = {{1}};
    struct executor twin;
    assert_code(executor_open(&twin, store, &app, verify, &o, genesis, &other, &err), CODE_CHAIN_MISMATCH);
}

/* A block like `b` with one field of its header changed. */
static struct block *bend(const struct block *b, void (*change)(Header *h)) {
    struct err err;
    Header *h = NULL;
    struct bytes encoded;
    struct block *bent = NULL;
    assert_ok(pb_copy(b->header.pb, &arena, &h, &err), &err);
    change(h);
    assert_ok(pb_encode(h, &arena, &encoded, &err), &err);
    struct bytes *txs = arena_array(&arena, b->pb->n_txs + 1, sizeof *txs);
    for (size_t i = 0; i < b->pb->n_txs; i++)
        txs[i] = pb_bytes(b->pb->txs[i]);
    struct block_parts parts = {
        .header = encoded, .last_certificate = b->pb->last_certificate, .txs = txs, .txs_n = b->pb->n_txs};
    assert_ok(block_build(&parts, &tag, &bent, &err), &err);
    return bent;
}

static void bend_app_hash(Header *h) {
    h->app_hash.data[0] ^= 1;
}
static void bend_results(Header *h) {
    h->results_hash.data[31] ^= 1;
}
static void bend_previous(Header *h) {
    h->previous_id.data[3] ^= 1;
}
static void bend_certificate(Header *h) {
    h->last_certificate_hash.data[0] ^= 1;
}
static void bend_root(Header *h) {
    h->txs_root.data[0] ^= 1;
}
static void bend_count(Header *h) {
    h->txs_count++;
}
static void bend_time(Header *h) {
    h->time = 1;
}
static void bend_reveal(Header *h) {
    h->reveal.data[0] ^= 1;
}
static void bend_proposer(Header *h) {
    h->proposer.data[0] ^= 1;
}
static void bend_validators(Header *h) {
    h->next_validators_hash.data[0] ^= 1;
}
static void bend_params(Header *h) {
    h->params_hash.data[0] ^= 1;
}
static void bend_height(Header *h) {
    h->height++;
}

static void executor_judge__every_field_counts(void **state) {
    (void)state;
    struct err err;
    struct block *b = NULL;
    struct bytes one = transfer(1), two = transfer(2);
    assert_ok(executor_build(&ex, genesis->time + 1, &one, 1, &b, &err), &err);
    decide(b);
    assert_ok(executor_build(&ex, genesis->time + 5, &two, 1, &b, &err), &err);
    void (*const changes[])(Header *) = {bend_app_hash, bend_results, bend_previous,   bend_certificate,
                                         bend_root,     bend_count,   bend_time,       bend_reveal,
                                         bend_proposer, bend_params,  bend_validators, bend_height};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct block *bent = bend(b, changes[i]);
        bool invalid = false;
        assert_int_not_equal(executor_judge(&ex, bent, &invalid, &err), CODE_OK);
        assert_true(invalid);
        assert_true(strlen(err.msg) > 5);
        block_unref(bent);
    }
    decide(b); /* judging left no trace */
}

TEST_MAIN(cmocka_unit_test_setup_teardown(executor__blocks_one_after_another, setup, teardown),
          cmocka_unit_test_setup_teardown(executor_judge__every_field_counts, setup, teardown))
