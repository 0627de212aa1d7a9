/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that gets through the hello and then sends what no correct node sends: for each kind of message nothing,
 * noise, a known message cut short, with a byte changed, doubled, with an unknown field, nested without end, with a
 * list that is too long.
 *
 *     evil CHAIN_TAG NODE_ID HOST:PORT ROUNDS     prints how often it was connected and how many messages it sent
 *
 * A new key for every connection, because a node bans the old one.
 */
#include "chain/base/num.h"
#include "chain/base/rng.h"
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/node/wire.h"
#include "chain/os/clock.h"
#include "chain/os/random.h"
#include "chain/os/thread.h"

#include <stdio.h>
#include <stdlib.h>

struct evil {
    struct mutex lock;
    struct cond changed;
    net_peer peer; /* NET_PEER_NONE: not connected */
    unsigned ups, downs;
};

static void on_up(void *self, net_peer peer, const struct addr *node_id) {
    struct evil *e = self;
    (void)node_id;
    mutex_lock(&e->lock);
    e->peer = peer;
    e->ups++;
    cond_broadcast(&e->changed);
    mutex_unlock(&e->lock);
}

static void on_down(void *self, net_peer peer) {
    struct evil *e = self;
    (void)peer;
    mutex_lock(&e->lock);
    e->downs++;
    cond_broadcast(&e->changed);
    mutex_unlock(&e->lock);
}

static void on_message(void *self, net_peer peer, enum net_class class, uint8_t kind, struct bytes payload) {
    (void)self;
    (void)peer;
    (void)class;
    (void)kind;
    (void)payload;
}

/* A well-formed message of this kind, with fields out of the blue. */
static struct bytes example(uint8_t kind, struct rng *r, struct arena *arena) {
    struct hash h;
    struct sig sig;
    rng_fill(r, &h, sizeof h);
    rng_fill(r, &sig, sizeof sig);
    Vote vote = VOTE__INIT;
    vote.type = 1 + (uint32_t)rng_below(r, 2);
    vote.height = rng_below(r, 50);
    vote.round = (uint32_t)rng_below(r, 3);
    vote.validator = (uint32_t)rng_below(r, 6);
    vote.value_id = pb_data(hash_bytes(&h));
    vote.signature = pb_data(sig_bytes(&sig));
    Vote *votes[] = {&vote};
    CertificateNote note = CERTIFICATE_NOTE__INIT;
    note.height = vote.height;
    note.n_votes = 1;
    note.votes = votes;
    BodyRequest body = BODY_REQUEST__INIT;
    body.height = vote.height;
    body.value_id = vote.value_id;
    PeerStatus status = PEER_STATUS__INIT;
    status.height = rng_below(r, 2) ? UINT64_MAX : rng_below(r, 100);
    BlockRequest blocks = BLOCK_REQUEST__INIT;
    blocks.from = rng_below(r, 2) ? UINT64_MAX - 3 : rng_below(r, 40);
    blocks.count = UINT32_MAX;
    ProtobufCBinaryData list[] = {pb_data(hash_bytes(&h)), pb_data(sig_bytes(&sig))};
    BlockBatch batch = BLOCK_BATCH__INIT;
    batch.from = rng_below(r, 40);
    batch.n_blocks = 2;
    batch.blocks = list;
    Proposal proposal = PROPOSAL__INIT;
    proposal.height = vote.height;
    proposal.pol_round = -1;
    proposal.header = pb_data(hash_bytes(&h));
    proposal.signature = vote.signature;
    DecidedBlock decided = DECIDED_BLOCK__INIT;
    decided.block = proposal.header;
    ProtobufCBinaryData tx = pb_data(sig_bytes(&sig));
    TxGather gather = TX_GATHER__INIT;
    gather.n_txs = 1;
    gather.txs = &tx;
    const void *messages[] = {&vote, &note, &proposal, &body, &decided, &status, &blocks, &batch, &gather};
    struct bytes out = BYTES_NONE;
    if (kind >= 1 && kind <= WIRE_TXS)
        (void)pb_encode(messages[kind - 1], arena, &out, NULL);
    return out;
}

static struct bytes twist(struct bytes in, struct rng *r, struct arena *arena) {
    uint8_t *p = arena_alloc(arena, 2 * in.len + 4096);
    size_t n = in.len;
    if (n > 0)
        memcpy(p, in.data, n);
    switch (rng_below(r, 9)) {
    case 0:
        return BYTES_NONE;
    case 1:
        n = rng_below(r, 4096);
        rng_fill(r, p, n);
        break;
    case 2:
        n = n > 0 ? rng_below(r, n) : 0;
        break;
    case 3:
        if (n > 0)
            p[rng_below(r, n)] ^= (uint8_t)(1 + rng_below(r, 255));
        break;
    case 4: /* every scalar twice */
        memcpy(p + n, p, n);
        n *= 2;
        break;
    case 5: /* an unknown field */
        memcpy(p + n, "\xf8\x07\x01", 3);
        n += 3;
        break;
    case 6: /* each message in a field of another, deeper than any may be */
        n = 120;
        for (size_t i = 0; i < n; i += 2) {
            p[i] = (uint8_t)(8 * (1 + rng_below(r, 8)) + 2);
            p[i + 1] = (uint8_t)(n - i - 2);
        }
        break;
    case 7: /* one field, 2000 times */
        for (size_t i = 0; i < 4000; i += 2) {
            p[n + i] = (uint8_t)(i ? p[n] : 8 * (1 + rng_below(r, 8)) + 2);
            p[n + i + 1] = 0;
        }
        n += 4000;
        break;
    default: /* as it is: good form, forged content */
        break;
    }
    return bytes_of(p, n);
}

static unsigned attack(struct net *n, struct evil *e, struct rng *r) {
    unsigned sent = 0;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < 40; i++) {
        uint8_t kind = (uint8_t)(rng_below(r, 12));
        enum net_class class = wire_class(kind) < NET_CLASSES && rng_below(r, 20) > 0
                                   ? wire_class(kind)
                                   : (enum net_class)rng_below(r, NET_CLASSES);
        mutex_lock(&e->lock);
        net_peer peer = e->peer;
        mutex_unlock(&e->lock);
        sent += net_send(n, peer, class, kind, twist(example(kind, r, &arena), r, &arena));
        arena_reset(&arena);
    }
    arena_release(&arena);
    return sent;
}

/* Until connected, or cut off, or the time is over. */
static bool wait_for(struct evil *e, const unsigned *counter, unsigned want, unsigned ms) {
    uint64_t deadline = deadline_in_ms(ms);
    bool in_time = true;
    mutex_lock(&e->lock);
    while (*counter < want && in_time)
        in_time = cond_wait_until(&e->changed, &e->lock, deadline);
    bool ok = *counter >= want;
    mutex_unlock(&e->lock);
    return ok;
}

int main(int argc, char **argv) {
    struct net_address to = {{{0}}, {0}};
    struct net_config c = {.role = HELLO_VALIDATOR, .known = &to, .known_n = 1};
    uint64_t rounds;
    struct err err;
    if (argc != 5 || !hex_decode(argv[1], strlen(argv[1]), c.chain_tag.b, 32) ||
        addr_from_text(argv[2], &to.node_id, NULL) != CODE_OK || !u64_parse(argv[4], strlen(argv[4]), &rounds)) {
        fprintf(stderr, "usage: evil CHAIN_TAG NODE_ID HOST:PORT ROUNDS\n");
        return 2;
    }
    snprintf(to.host_port, sizeof to.host_port, "%s", argv[3]);
    struct evil e = {0};
    mutex_init(&e.lock);
    cond_init(&e.changed);
    struct rng rng;
    rng_init(&rng, 5);
    unsigned sent = 0, connected = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        uint8_t raw[32];
        struct net *n = NULL;
        random_bytes(raw, sizeof raw);
        e.ups = e.downs = 0;
        struct net_handler h = {.self = &e, .up = on_up, .message = on_message, .down = on_down};
        if (seckey_init(&c.node_key, raw, &err) != CODE_OK || net_start(&c, &h, &n, &err) != CODE_OK)
            return 1;
        if (wait_for(&e, &e.ups, 1, 8000)) {
            connected++;
            sent += attack(n, &e, &rng);
            (void)wait_for(&e, &e.downs, 1, 100);
        }
        net_stop(n, 100);
    }
    printf("{\"connected\":%u,\"sent\":%u}\n", connected, sent);
    return 0;
}
