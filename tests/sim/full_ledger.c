/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/crypto/hash.h"
#include "chain/node/own_tx.h"
#include "chain/types/fee.h"
#include "chain/types/keys_auth.h"
#include "chain/types/keys_validator.h"
#include "chain/types/reveal.h"
#include "chain/types/signed.h"
#include "tests/lib/ledger/fixture.h"

/* --- genesis: small numbers, the drawn timing
 * ------------------------------------------------------------------------------------- */

#define MINUTE 60000ull
#define COIN   ((uint64_t)PEBBLE_PER_CAIRN)

static void set_consensus(const struct sim *s, ConsensusParams *p) {
    p->heartbeat_ms = s->drawn.heartbeat_ms > 10 ? s->drawn.heartbeat_ms : 10;
    p->min_interval_ms = s->drawn.interval_ms < p->heartbeat_ms ? s->drawn.interval_ms : p->heartbeat_ms;
    p->timeout_propose_ms = s->config.propose_ms;
    p->timeout_prevote_ms = s->config.prevote_ms;
    p->timeout_precommit_ms = s->config.precommit_ms;
    p->timeout_delta_ms = s->config.propose_delta_ms;
    p->message_delay_ms = 2000;
    p->block_bytes_max = 64 * KIB;
    p->block_txs_max = 100;
    p->block_signatures_max = 400;
    p->evidence_window_ms = 60 * MINUTE;
}

/* Where somebody lies, or is gone for good, nobody is jailed for being away: what is left could be too few. */
static void set_validator(const struct sim *s, ValidatorParams *p) {
    p->bond_per_power = p->bond_min = COIN;
    p->validators_max = VALIDATORS_SIM_MAX;
    p->unbonding_ms = 120 * MINUTE;
    p->trust_period_ms = 30 * MINUTE;
    p->downtime_signed_min =
        s->drawn.downtime && s->drawn.valset && !s->drawn.gone && s->bad == 0 ? p->downtime_window / 2 : 0;
    p->downtime_jail_ms = 2000;
    p->downtime_slash_ppm = 0; /* shares stay as they were drawn */
}

static Params *make_params(struct sim *s, struct arena *arena) {
    struct fixture_params *p = ARENA_NEW(arena, struct fixture_params);
    fixture_params_default(p);
    set_consensus(s, &p->consensus);
    set_validator(s, &p->validator);
    full_gov_params(s, &p->gov);
    p->auth.tx_bytes_max = 16 * KIB;
    p->challenge.deadline_ms = 60 * MINUTE;
    return &p->all;
}

/* --- the ledger, with a state of several chunks --- */

enum { LARGE = 128 * KIB };

/* Records of no module: a rule that touches them would be a bug. */
static int make_large(uint32_t chunks, struct state *st, struct err *err) {
    struct rng rng;
    uint8_t key[9] = {0xee}, *value = calloc(1, LARGE);
    int rc = value ? CODE_OK : CODE_NO_MEMORY;
    rng_init(&rng, 1);
    for (uint64_t i = 0; !rc && i < chunks * (SNAPSHOT_PAIRS_LEN / LARGE); i++) {
        store_be64(key + 1, i);
        rng_fill(&rng, value, 64); /* the rest is equal */
        rc = state_put(st, bytes_of(key, sizeof key), bytes_of(value, LARGE), err);
    }
    free(value);
    return rc;
}

static int init_large(void *app, struct state *st, const Genesis *genesis, const struct hash *tag, struct err *err) {
    struct ledger *l = app;
    const struct full_program *p =
        (const struct full_program *)(const void *)((const char *)l - offsetof(struct full_program, ledger));
    int rc = ledger_app(l).ops->init_chain(app, st, genesis, tag, err);
    return rc ? rc : make_large(p->chunks, st, err);
}

void full_app(struct sim *s) {
    for (uint32_t i = 0; i < FULL_PROGRAMS; i++) {
        struct full_program *p = &s->full->programs[i];
        ledger_init(&p->ledger, &(struct ledger_options){.invariants = true, .version = i + 1});
        p->app = ledger_app(&p->ledger);
        p->chunks = s->drawn.snapshots ? s->drawn.chunks : 0;
        if (p->chunks == 0)
            continue;
        p->ops = *p->app.ops;
        p->ops.init_chain = init_large;
        p->app.ops = &p->ops;
    }
}

static ProtobufCBinaryData kept(struct arena *arena, struct bytes b) {
    return (ProtobufCBinaryData){b.len, arena_dup(arena, b.data, b.len)};
}

struct hash full_reveal_secret(uint16_t validator) {
    uint8_t bytes[2];
    store_be16(bytes, validator);
    return hash_of(DOMAIN_SEED, bytes_of(bytes, sizeof bytes));
}

/* The same secrets in every seed, so their tips are worked out once. */
static struct hash reveal_tip(uint16_t validator, unsigned number) {
    static struct hash tips[2][VALIDATORS_SIM_MAX];
    struct hash secret = full_reveal_secret(validator), first = reveal_secret_of(&secret, number);
    if (hash_is_zero(&tips[number][validator]))
        tips[number][validator] = reveal_value(&first, FULL_REVEALS);
    return tips[number][validator];
}

static void add_account(struct sim *s, Genesis *g, const struct seckey *key, uint64_t balance) {
    struct arena *arena = &s->full->setup;
    struct pubkey pub = seckey_pubkey(key);
    struct addr addr = addr_of_key(&pub);
    GenesisAccount *a = ARENA_NEW(arena, GenesisAccount);
    genesis_account__init(a);
    a->address = kept(arena, addr_bytes(&addr));
    a->balance = balance;
    g->accounts[g->n_accounts++] = a;
}

static Validator *make_validator(struct sim *s, uint16_t v) {
    struct arena *arena = &s->full->setup;
    struct pubkey pub = s->pubkeys[v];
    struct addr addr = addr_of_key(&pub);
    struct hash tip = reveal_tip(v, 0);
    Validator *x = ARENA_NEW(arena, Validator);
    validator__init(x);
    x->address = kept(arena, addr_bytes(&addr));
    x->operator_ = x->address;
    x->pubkey = kept(arena, pubkey_bytes(&pub));
    x->power = s->powers[v];
    x->name = arena_printf(arena, "v%u", v);
    x->reveal = ARENA_NEW(arena, RevealChain);
    reveal_chain__init(x->reveal);
    x->reveal->tip = kept(arena, hash_bytes(&tip));
    x->reveal->remaining = FULL_REVEALS;
    return x;
}

int full_genesis(struct sim *s, struct err *err) {
    struct full_world *w = s->full;
    struct arena *arena = &w->setup;
    Genesis *g = w->genesis = ARENA_NEW(arena, Genesis);
    struct bytes encoded;
    genesis__init(g);
    g->version = 1;
    g->chain_id = arena_printf(arena, "sim-%llu", (unsigned long long)s->options.seed);
    g->time = FULL_GENESIS_TIME;
    g->params = make_params(s, arena);
    g->accounts = arena_array(arena, FULL_ACCOUNTS + VALIDATORS_SIM_MAX, sizeof *g->accounts);
    g->validators = arena_array(arena, VALIDATORS_SIM_MAX, sizeof *g->validators);
    for (uint32_t i = 0; i < FULL_ACCOUNTS; i++) {
        uint8_t raw[32] = {1, 'a', 'c', 'c', (uint8_t)i};
        if (seckey_init(&w->accounts[i], raw, err))
            return CODE_INTERNAL;
        add_account(s, g, &w->accounts[i], 1000 * COIN);
    }
    for (uint16_t v = 0; v < s->keyed; v++)
        add_account(s, g, &s->seckeys[v], 1000 * COIN);
    for (uint16_t v = 0; v < s->validators; v++)
        g->validators[g->n_validators++] = make_validator(s, v);
    w->power_left = s->total;
    int rc = pb_encode(g, arena, &encoded, err);
    if (rc == CODE_OK)
        s->chain_tag = chain_tag_of(encoded);
    return rc;
}

/* --- transactions
 * ---------------------------------------------------------------------------------------------------------------- */

enum flaw { FINE, UNORDERED, POOR, SEQUENCE_WRONG, FEE_LOW, SIGNATURE_FORGED, EXPIRED, GARBAGE, FLAWS };

/* What the node's state and pool say that the account's next sequence is: as a client asks. */
static uint64_t next_sequence(struct full *f, const struct addr *addr, struct arena *arena) {
    struct key k;
    struct bytes bytes;
    Account *a = NULL;
    uint64_t next = 1;
    if (state_get(store_state(f->store), key_account(&k, addr), &bytes, NULL) == CODE_OK &&
        pb_decode(&account__descriptor, bytes, arena, &a, NULL) == CODE_OK && a->sequence > 0)
        next = a->sequence;
    return admit_next_sequence(f->admit, addr, next);
}

/* Signs one message of the account with what a node says is the next sequence. */
static int sign_tx(struct full *f, const struct seckey *key, const struct addr *addr, Msg *msg, enum flaw flaw,
                   struct arena *arena, struct bytes *ret) {
    struct sim *s = f->sim;
    struct pubkey pub = seckey_pubkey(key);
    TxBody body = TX_BODY__INIT;
    uint64_t height = f->executor.head->height;
    body.signer = pb_data(pubkey_bytes(&pub));
    body.sequence = flaw == UNORDERED ? 0 : next_sequence(f, addr, arena);
    if (flaw == SEQUENCE_WRONG)
        body.sequence = 1 + rng_below(&s->load, 2 * body.sequence);
    body.valid_until_height = flaw == EXPIRED ? height : height + 1 + rng_below(&s->load, 100);
    body.n_msgs = 1;
    body.msgs = &msg;
    body.fee = UINT32_MAX;
    Params *params = NULL;
    int rc = tx_sign(&body, key, &s->chain_tag, arena, ret, NULL);
    if (rc == CODE_OK)
        rc = own_params(store_state(f->store), arena, &params, NULL);
    if (rc == CODE_OK)
        rc = fee_of(params->auth, &msg, 1, ret->len, &body.fee, NULL);
    body.fee = flaw == FEE_LOW ? body.fee / 2 : body.fee + rng_below(&s->load, 100);
    return rc == CODE_OK ? tx_sign(&body, key, &s->chain_tag, arena, ret, NULL) : rc;
}

static int make_send(struct full *f, enum flaw flaw, struct arena *arena, struct bytes *ret) {
    struct sim *s = f->sim;
    const struct seckey *key = &s->full->accounts[rng_below(&s->load, FULL_ACCOUNTS)];
    struct pubkey pub = seckey_pubkey(key),
                  to_pub = seckey_pubkey(&s->full->accounts[rng_below(&s->load, FULL_ACCOUNTS)]);
    struct addr addr = addr_of_key(&pub), to = addr_of_key(&to_pub);
    MsgSend send = MSG_SEND__INIT;
    Msg msg = MSG__INIT;
    send.creator = pb_data(addr_bytes(&addr));
    send.to = pb_data(addr_bytes(&to));
    send.amount = flaw == POOR ? 1000000 * COIN : 1 + rng_below(&s->load, COIN);
    msg.body_case = MSG__BODY_SEND;
    msg.send = &send;
    return sign_tx(f, key, &addr, &msg, flaw, arena, ret);
}

int full_sign_own(struct full *f, uint16_t v, Msg *msg, struct arena *arena, struct bytes *ret) {
    struct addr addr = addr_of_key(&f->sim->pubkeys[v]);
    return sign_tx(f, &f->sim->seckeys[v], &addr, msg, FINE, arena, ret);
}

/* Who is away may not become a validator, or those who are there could be too few. */
bool full_is_here(const struct sim *s, uint16_t v) {
    for (uint32_t i = 0; i < s->nodes_n; i++)
        if (s->nodes[i].validator == v)
            return s->full->nodes[i].open && !s->full->nodes[i].joining && s->nodes[i].committed + 3 > s->highest;
    return false;
}

/* An honest validator puts more at stake, takes some out, or becomes one. What liars have stays below a third, should
 * everything be unbonded that was ever asked for. */
static int make_stake(struct full *f, struct arena *arena, struct bytes *ret) {
    struct sim *s = f->sim;
    uint16_t v = (uint16_t)rng_below(&s->load, s->keyed);
    struct addr addr = addr_of_key(&s->pubkeys[v]);
    ProtobufCBinaryData own = pb_data(addr_bytes(&addr));
    uint64_t coins = 1 + rng_below(&s->load, 5);
    struct key k;
    Validator *record = NULL;
    Msg msg = MSG__INIT;
    MsgCreateValidator create = MSG_CREATE_VALIDATOR__INIT;
    MsgBond bond = MSG_BOND__INIT;
    MsgUnbond unbond = MSG_UNBOND__INIT;
    struct hash digest = signed_possession(&addr, &s->chain_tag),
                tip = reveal_tip(v, 1); /* who joins adopts its first chain as the next of none */
    struct sig possession;
    MsgUnjail unjail = MSG_UNJAIL__INIT;
    if (s->natures[v] != HONEST || !full_is_here(s, v))
        return CODE_NOT_FOUND;
    bool known = own_read(store_state(f->store), key_validator(&k, &addr), &validator__descriptor, arena, &record,
                          NULL) == CODE_OK;
    if (known && record->jailed) {
        s->full->away++;
        unjail.creator = unjail.validator = own;
        msg.body_case = MSG__BODY_UNJAIL;
        msg.unjail = &unjail;
    } else if (!known) {
        possession = seckey_sign(&s->seckeys[v], &digest);
        create.creator = own;
        create.pubkey = pb_data(pubkey_bytes(&s->pubkeys[v]));
        create.possession = pb_data(sig_bytes(&possession));
        create.bond = 2 * coins * COIN;
        create.tip = pb_data(hash_bytes(&tip));
        create.length = FULL_REVEALS;
        create.name = arena_printf(arena, "v%u", v);
        msg.body_case = MSG__BODY_CREATE_VALIDATOR;
        msg.create_validator = &create;
    } else if (rng_chance(&s->load, 1, 2) || record->power < coins || s->full->power_left < coins + s->bad ||
               s->bad * 3 >= s->full->power_left - coins) {
        bond.creator = bond.validator = own;
        bond.amount = coins * COIN;
        msg.body_case = MSG__BODY_BOND;
        msg.bond = &bond;
    } else {
        s->full->power_left -= coins;
        unbond.creator = unbond.validator = own;
        unbond.amount = coins * COIN;
        msg.body_case = MSG__BODY_UNBOND;
        msg.unbond = &unbond;
    }
    return full_sign_own(f, v, &msg, arena, ret);
}

static struct bytes spoiled(struct sim *s, enum flaw flaw, struct bytes wire, struct arena *arena) {
    uint8_t *copy = arena_dup(arena, wire.data, wire.len);
    if (!copy)
        abort();
    if (flaw == SIGNATURE_FORGED)
        copy[wire.len - 1 - rng_below(&s->load, 64)] ^= 1;
    else
        rng_fill(&s->load, copy, wire.len);
    return bytes_of(copy, wire.len);
}

void full_submit(struct full *f, struct bytes wire) {
    struct sim_node *n = f->node;
    struct hash id;
    f->sim->full->txs_sent++;
    admit_submit(f->admit, wire, false, &id, NULL);
    sim_at(f->sim, 1, &(struct sim_event){.what = AT_ADMIT, .node = n->index, .life = n->life});
}

/* Somebody gives a node a transaction. */
void full_load(struct sim *s) {
    struct full *f = &s->full->nodes[rng_below(&s->load, s->nodes_n)];
    enum flaw flaw = rng_chance(&s->load, s->drawn.bad_txs, 100) ? (enum flaw)rng_range(&s->load, POOR, FLAWS - 1)
                     : rng_chance(&s->load, 1, 5)                ? UNORDERED
                                                                 : FINE;
    struct arena *arena = &s->full->scratch;
    struct arena_mark mark = arena_mark(arena);
    struct bytes wire;
    bool stake = rng_chance(&s->load, s->drawn.valset, 100), gov = rng_chance(&s->load, s->drawn.gov, 100);
    if (f->open && !f->joining && gov)
        full_gov_load(f, arena);
    if (f->open && !f->joining && (stake ? make_stake(f, arena, &wire) : make_send(f, flaw, arena, &wire)) == CODE_OK)
        full_submit(f, !stake && (flaw == SIGNATURE_FORGED || flaw == GARBAGE) ? spoiled(s, flaw, wire, arena) : wire);
    arena_rewind(arena, mark);
}
