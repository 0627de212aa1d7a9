/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_UNIT_CHAIN_NODE_ONE_VALIDATOR_H
#define CAIRN_TESTS_UNIT_CHAIN_NODE_ONE_VALIDATOR_H
/* The real rules over a store in memory, with a genesis of one validator whose key the test holds. */
#include "tests/lib/test.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/node/executor.h"
#include "chain/os/file.h"
#include "chain/types/reveal.h"
#include "x/app/ledger.h"
#include "x/params/defaults.h"

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

static inline void make_genesis(void) {
    static struct default_params defaults;
    params_defaults(&defaults, true);
    genesis = ARENA_NEW(&arena, Genesis);
    genesis__init(genesis);
    genesis->version = 1;
    genesis->chain_id = arena_strdup(&arena, "executor");
    genesis->time = UINT64_C(1795276258145);
    genesis->params = &defaults.params;
}

static inline void add_validator(void) {
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

/* Over this store, which is the test's from now on: one_validator_close closes it. */
static inline void one_validator_open_over(struct store *s) {
    struct err err;
    store = s;
    arena_init(&arena, 64 << 20);
    ledger_init(&ledger, NULL);
    app = ledger_app(&ledger);
    make_genesis();
    add_validator();
    struct bytes encoded;
    assert_ok(pb_encode(genesis, &arena, &encoded, &err), &err);
    tag = chain_tag_of(encoded);
    assert_ok(verify_new(1, &verify, &err), &err);
    struct executor_options o = {.reveal_secret = secret, .self = self};
    assert_ok(executor_open(&ex, store, &app, verify, &o, genesis, &tag, &err), &err);
}

static inline void one_validator_open(void) {
    struct err err;
    struct store *s = NULL;
    assert_ok(store_open_mem(&s, &err), &err);
    one_validator_open_over(s);
}

static inline void one_validator_close(void) {
    executor_close(&ex);
    store_close(store);
    verify_free(verify);
    arena_release(&arena);
}

static inline struct certificate certify(const struct block *b) {
    struct certificate c = {.height = b->header.height, .kind = CERTIFICATE_COMMIT, .n = 1, .value = b->header.id};
    c.votes[0] = (struct vote){.height = c.height, .type = VOTE_PRECOMMIT, .value = c.value};
    struct hash digest = vote_digest(&tag, &c.votes[0]);
    c.votes[0].sig = seckey_sign(&key, &digest);
    return c;
}

static inline struct bytes transfer(uint64_t sequence) {
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

#endif
