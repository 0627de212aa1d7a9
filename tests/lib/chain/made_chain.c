/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/chain/made_chain.h"

#include "chain/base/rng.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/types/reveal.h"
#include "x/params/defaults.h"

#include <stdio.h>
#include <stdlib.h>

enum { REVEALS = 30000, FEE = 20000, WINDOW = 500 };

#define RICH ((uint64_t)1000000 * 1000000000)

void made_must(int rc, const struct err *err) {
    if (rc == CODE_OK)
        return;
    (void)fprintf(stderr, "made chain: %s: %s\n", code_name(rc), err_text(err));
    exit(1);
}

/* --- genesis --- */

static struct seckey key_of(uint8_t kind, size_t i) {
    struct seckey key;
    struct err err;
    uint8_t raw[32] = {kind, 0, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1};
    made_must(seckey_init(&key, raw, &err), &err);
    return key;
}

static struct addr addr_of(const struct seckey *key) {
    struct pubkey pub = seckey_pubkey(key);
    return addr_of_key(&pub);
}

static int by_address(const void *a, const void *b) {
    struct addr x = addr_of(a), y = addr_of(b);
    return memcmp(x.b, y.b, sizeof x.b);
}

static ProtobufCBinaryData copy(struct arena *arena, struct bytes in) {
    struct bytes out;
    made_must(arena_dup_bytes(arena, in, &out) ? CODE_OK : CODE_NO_MEMORY, NULL);
    return pb_data(out);
}

static Validator *validator_of(struct made_chain *c, unsigned i, const struct hash *tip) {
    struct pubkey pub = seckey_pubkey(&c->keys[i]);
    struct addr addr = addr_of(&c->keys[i]);
    Validator *v = ARENA_NEW(&c->arena, Validator);
    validator__init(v);
    v->reveal = ARENA_NEW(&c->arena, RevealChain);
    reveal_chain__init(v->reveal);
    v->reveal->tip = copy(&c->arena, hash_bytes(tip));
    v->reveal->remaining = REVEALS;
    v->address = copy(&c->arena, addr_bytes(&addr));
    v->operator_ = v->address;
    v->pubkey = copy(&c->arena, pubkey_bytes(&pub));
    v->power = 10;
    return v;
}

static int account_order(const void *a, const void *b) {
    const GenesisAccount *x = *(GenesisAccount *const *)a, *y = *(GenesisAccount *const *)b;
    return memcmp(x->address.data, y->address.data, x->address.len);
}

static void add_accounts(struct made_chain *c) {
    Genesis *g = c->genesis;
    g->n_accounts = c->validators + c->senders;
    g->accounts = arena_array(&c->arena, g->n_accounts, sizeof *g->accounts);
    for (size_t i = 0; i < g->n_accounts; i++) {
        struct addr addr = addr_of(i < c->validators ? &c->keys[i] : &c->sender_keys[i - c->validators]);
        GenesisAccount *a = ARENA_NEW(&c->arena, GenesisAccount);
        genesis_account__init(a);
        a->address = copy(&c->arena, addr_bytes(&addr));
        a->balance = RICH;
        g->accounts[i] = a;
    }
    qsort(g->accounts, g->n_accounts, sizeof *g->accounts, account_order);
}

static void make_genesis(struct made_chain *c) {
    struct err err;
    static struct default_params defaults;
    params_defaults(&defaults, true);
    c->genesis = ARENA_NEW(&c->arena, Genesis);
    genesis__init(c->genesis);
    c->genesis->version = 1;
    c->genesis->chain_id = arena_strdup(&c->arena, "made");
    c->genesis->time = UINT64_C(1795276258145);
    c->genesis->params = &defaults.params;
    struct hash first = reveal_secret_of(&c->secret, 0), tip = reveal_value(&first, REVEALS);
    c->genesis->n_validators = c->validators;
    c->genesis->validators = arena_array(&c->arena, c->validators, sizeof *c->genesis->validators);
    for (unsigned i = 0; i < c->validators; i++)
        c->genesis->validators[i] = validator_of(c, i, &tip);
    add_accounts(c);
    made_must(pb_encode(c->genesis, &c->arena, &c->genesis_bytes, &err), &err);
    c->tag = chain_tag_of(c->genesis_bytes);
}

/* --- padding --- */

static int pad(const struct made_chain *c, struct state *st, struct err *err) {
    struct rng rng;
    uint8_t key[9] = {0xee}; /* no module's */
    uint8_t *value = malloc(c->len + 1);
    int rc = value != NULL ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a pad");
    rng_init(&rng, c->pads);
    for (size_t i = 0; rc == CODE_OK && i < c->pairs; i++) {
        store_be64(key + 1, c->pads + i);
        rng_fill(&rng, value, c->len);
        rc = state_put(st, bytes_of(key, sizeof key), bytes_of(value, c->len), err);
    }
    free(value);
    return rc;
}

/* The ledger's block, and the pads: however often it is executed. */
static int finalize(void *app, struct state *st, const struct app_block *block, struct arena *arena,
                    struct app_outcome *ret, struct err *err) {
    struct made_chain *c = app;
    int rc = ledger_app(&c->ledger).ops->finalize(app, st, block, arena, ret, err);
    return rc == CODE_OK ? pad(c, st, err) : rc;
}

/* --- opening --- */

void made_chain_init(struct made_chain *c, const char *dir, unsigned validators, unsigned senders) {
    struct err err;
    *c = (struct made_chain){.validators = validators, .senders = senders, .secret = {{9}}};
    arena_init(&c->arena, (size_t)256 << 20);
    c->sender_keys = calloc(senders + 1, sizeof *c->sender_keys);
    c->sequences = calloc(senders + 1, sizeof *c->sequences);
    if (c->sender_keys == NULL || c->sequences == NULL || validators > MADE_VALIDATORS_MAX)
        made_must(CODE_NO_MEMORY, NULL);
    for (unsigned i = 0; i < validators; i++)
        c->keys[i] = key_of(1, i);
    qsort(c->keys, validators, sizeof *c->keys, by_address);
    for (unsigned i = 0; i < senders; i++) {
        c->sender_keys[i] = key_of(2, i);
        c->sequences[i] = 1;
    }
    make_genesis(c);
    ledger_init(&c->ledger, NULL);
    c->app = ledger_app(&c->ledger);
    c->ops = *c->app.ops;
    c->ops.finalize = finalize;
    c->app.ops = &c->ops;
    made_must(verify_new(1, &c->verify, &err), &err);
    struct store_options so = {.snapshot_every = MADE_SNAPSHOT_EVERY};
    if (dir != NULL) {
        made_must(store_open(dir, &so, &c->store, &err), &err);
    } else {
        made_must(kv_open_mem(STORE_FAMILIES, &c->kv, &err), &err);
        made_must(store_open_kv(c->kv, &so, &c->store, &err), &err);
    }
    struct executor_options o = {.reveal_secret = c->secret, .self = addr_of(&c->keys[0])};
    made_must(executor_open(&c->executor, c->store, &c->app, c->verify, &o, c->genesis, &c->tag, &err), &err);
}

void made_chain_close(struct made_chain *c) {
    executor_close(&c->executor);
    store_close(c->store);
    c->store = NULL;
}

void made_chain_release(struct made_chain *c) {
    made_chain_close(c);
    if (c->kv != NULL)
        kv_close(c->kv);
    verify_free(c->verify);
    free(c->sender_keys);
    free(c->sequences);
    arena_release(&c->arena);
}

/* --- growing --- */

static struct bytes transfer(struct made_chain *c, uint64_t height, struct arena *arena) {
    struct err err;
    size_t i = c->turn++ % c->senders;
    struct pubkey pub = seckey_pubkey(&c->sender_keys[i]);
    struct addr from = addr_of_key(&pub), to = addr_of(&c->sender_keys[(i + 1) % c->senders]);
    MsgSend send = MSG_SEND__INIT;
    Msg msg = MSG__INIT, *msgs[] = {&msg};
    TxBody body = TX_BODY__INIT;
    struct bytes wire;
    send.creator = pb_data(addr_bytes(&from));
    send.to = pb_data(addr_bytes(&to));
    send.amount = 1;
    msg.body_case = MSG__BODY_SEND;
    msg.send = &send;
    body.signer = pb_data(pubkey_bytes(&pub));
    body.sequence = c->sequences[i]++;
    body.valid_until_height = height + WINDOW;
    body.fee = FEE;
    body.n_msgs = 1;
    body.msgs = msgs;
    made_must(tx_sign(&body, &c->sender_keys[i], &c->tag, arena, &wire, &err), &err);
    return wire;
}

struct certificate made_chain_certify(const struct made_chain *c, const struct block *b, unsigned n) {
    struct certificate cert = {
        .height = b->header.height, .kind = CERTIFICATE_COMMIT, .n = (uint16_t)n, .value = b->header.id};
    for (unsigned i = 0; i < n; i++) {
        struct vote *v = &cert.votes[i];
        *v =
            (struct vote){.height = cert.height, .type = VOTE_PRECOMMIT, .value = cert.value, .validator = (uint16_t)i};
        struct hash digest = vote_digest(&c->tag, v);
        v->sig = seckey_sign(&c->keys[i], &digest);
    }
    return cert;
}

void made_chain_grow(struct made_chain *c, size_t heights, size_t txs) {
    struct err err;
    struct arena arena;
    arena_init(&arena, (size_t)256 << 20);
    for (size_t h = 0; h < heights; h++) {
        const struct app_info *info = &c->executor.head->info;
        struct bytes *wires = arena_array(&arena, txs + 1, sizeof *wires);
        struct block *b = NULL;
        for (size_t i = 0; i < txs; i++)
            wires[i] = transfer(c, c->executor.head->height + 1, &arena);
        uint64_t now = info->header_time + info->consensus->heartbeat_ms;
        made_must(executor_build(&c->executor, now, wires, txs, &b, &err), &err);
        if (b->txs_n != txs)
            made_must(err_set(&err, CODE_INTERNAL, "%zu of %zu transactions in block %llu", b->txs_n, txs,
                              (unsigned long long)b->header.height),
                      &err);
        struct certificate cert = made_chain_certify(c, b, c->validators);
        made_must(executor_commit(&c->executor, b, &cert, &err), &err);
        c->pads += c->pairs;
        c->pairs = 0;
        block_unref(b);
        arena_reset(&arena);
    }
    arena_release(&arena);
}

void made_chain_pad(struct made_chain *c, size_t pairs, size_t len) {
    c->pairs = pairs;
    c->len = len;
}

void made_chain_snapshot(struct made_chain *c) {
    struct err err;
    for (bool more = true; more;)
        made_must(store_keep(c->store, 64 << 20, &more, &err), &err);
}

struct bytes made_chain_stored(struct made_chain *c, uint64_t height, struct arena *arena) {
    struct err err;
    struct bytes out;
    made_must(store_get_record(c->store, STORE_BLOCK, height, arena, &out, &err), &err);
    return out;
}
