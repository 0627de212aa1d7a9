/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that gets through the hello and then sends what no correct node sends: for each kind of message nothing,
 * noise, a known message cut short, with a byte changed, doubled, with an unknown field, nested without end, with a
 * list that is too long.
 *
 *     evil CHAIN_TAG NODE_ID HOST:PORT ROUNDS     prints how often it was connected and how many messages it sent
 *     evil CHAIN_TAG NODE_ID HOST:PORT ROUNDS answer
 *                                                 the same for a node that catches up or joins: it claims to be far
 *                                                 ahead, offers snapshots, and answers what it is asked for with
 *                                                 nothing, noise, too much, or what was not asked for
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
    struct net *net; /* with `answers`; NULL: not there yet */
    bool answers;
    struct rng rng; /* of the answers */
    unsigned sent;
};

static void answer(struct evil *e, uint8_t kind, struct bytes payload);

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
    struct evil *e = self;
    (void)peer;
    (void)class;
    mutex_lock(&e->lock);
    if (e->answers && e->net != NULL)
        answer(e, kind, payload);
    mutex_unlock(&e->lock);
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
    SnapshotsRequest snapshots_request = SNAPSHOTS_REQUEST__INIT;
    SnapshotOffer offer = SNAPSHOT_OFFER__INIT, *offers[] = {&offer};
    offer.height = 1 + rng_below(r, 1000000);
    offer.root = offer.manifest_id = vote.value_id;
    offer.chunks = 1 + (uint32_t)rng_below(r, SNAPSHOT_CHUNKS_MAX);
    SnapshotList snapshots = SNAPSHOT_LIST__INIT;
    snapshots.n_offers = 1;
    snapshots.offers = offers;
    HeaderRequest header_request = HEADER_REQUEST__INIT;
    header_request.height = blocks.from;
    HeaderReply header = HEADER_REPLY__INIT;
    header.height = vote.height;
    header.header = proposal.header;
    ManifestRequest manifest_request = MANIFEST_REQUEST__INIT;
    manifest_request.height = blocks.from;
    ManifestReply manifest = MANIFEST_REPLY__INIT;
    manifest.height = vote.height;
    manifest.manifest = proposal.header;
    ChunkRequest chunk_request = CHUNK_REQUEST__INIT;
    chunk_request.height = blocks.from;
    chunk_request.index = blocks.count;
    ChunkReply chunk = CHUNK_REPLY__INIT;
    chunk.height = vote.height;
    chunk.chunk = proposal.header;
    VoteSummary summary = VOTE_SUMMARY__INIT;
    summary.height = vote.height;
    summary.prevotes = summary.precommits = proposal.header;
    const void *const messages[] = {
        [WIRE_VOTE] = &vote,
        [WIRE_CERTIFICATE] = &note,
        [WIRE_PROPOSAL] = &proposal,
        [WIRE_BODY_REQUEST] = &body,
        [WIRE_DECIDED] = &decided,
        [WIRE_STATUS] = &status,
        [WIRE_BLOCK_REQUEST] = &blocks,
        [WIRE_BLOCK_BATCH] = &batch,
        [WIRE_TXS] = &gather,
        [WIRE_SUMMARY] = &summary,
        [WIRE_SNAPSHOTS_REQUEST] = &snapshots_request,
        [WIRE_SNAPSHOTS] = &snapshots,
        [WIRE_HEADER_REQUEST] = &header_request,
        [WIRE_HEADER] = &header,
        [WIRE_MANIFEST_REQUEST] = &manifest_request,
        [WIRE_MANIFEST] = &manifest,
        [WIRE_CHUNK_REQUEST] = &chunk_request,
        [WIRE_CHUNK] = &chunk,
    };
    struct bytes out = BYTES_NONE;
    if (kind < sizeof messages / sizeof *messages && messages[kind] != NULL)
        (void)pb_encode(messages[kind], arena, &out, NULL);
    return out;
}

/* --- answering, under lock --- */

static void reply(struct evil *e, uint8_t kind, const void *pb, struct arena *arena) {
    struct bytes out;
    if (pb_encode(pb, arena, &out, NULL) == CODE_OK)
        e->sent += net_send(e->net, e->peer, wire_class(kind), kind, out);
}

static ProtobufCBinaryData noise(struct evil *e, size_t len, struct arena *arena) {
    uint8_t *p = arena_alloc(arena, len + 1);
    rng_fill(&e->rng, p, len < 4096 ? len : 4096);
    return pb_data(bytes_of(p, len));
}

static void answer_blocks(struct evil *e, const BlockRequest *asked, struct arena *arena) {
    BlockBatch pb = BLOCK_BATCH__INIT;
    ProtobufCBinaryData list[200];
    uint64_t how = rng_below(&e->rng, 4);
    pb.from = how == 0 ? asked->from + 1 : asked->from;
    pb.n_blocks = how == 1 ? 200 : how == 2 ? 1 : rng_below(&e->rng, 3);
    pb.blocks = list;
    for (size_t i = 0; i < pb.n_blocks; i++)
        list[i] = noise(e, how == 2 ? 5 << 20 : 300, arena);
    reply(e, WIRE_BLOCK_BATCH, &pb, arena);
}

static void answer_list(struct evil *e, struct arena *arena) {
    SnapshotOffer offers[100], *list[100];
    SnapshotList pb = SNAPSHOT_LIST__INIT;
    pb.n_offers = 1 + rng_below(&e->rng, 100);
    pb.offers = list;
    for (size_t i = 0; i < pb.n_offers; i++) {
        snapshot_offer__init(&offers[i]);
        offers[i].height = rng_below(&e->rng, 2) ? 1 + rng_below(&e->rng, 60) : UINT64_MAX - rng_below(&e->rng, 3);
        offers[i].root = noise(e, 32, arena);
        offers[i].manifest_id = noise(e, 32, arena);
        offers[i].chunks = (uint32_t)rng_below(&e->rng, 2 * SNAPSHOT_CHUNKS_MAX);
        list[i] = &offers[i];
    }
    reply(e, WIRE_SNAPSHOTS, &pb, arena);
}

static void answer(struct evil *e, uint8_t kind, struct bytes payload) {
    struct arena arena;
    BlockRequest *blocks;
    HeaderRequest *height;
    ChunkRequest *asked;
    arena_init(&arena, 64 << 20);
    if (rng_below(&e->rng, 4) == 0) {
        /* nothing, and the connection stays */
    } else if (kind == WIRE_BLOCK_REQUEST && !pb_decode(&block_request__descriptor, payload, &arena, &blocks, NULL)) {
        answer_blocks(e, blocks, &arena);
    } else if (kind == WIRE_SNAPSHOTS_REQUEST) {
        answer_list(e, &arena);
    } else if (kind == WIRE_HEADER_REQUEST && !pb_decode(&header_request__descriptor, payload, &arena, &height, NULL)) {
        HeaderReply pb = HEADER_REPLY__INIT;
        pb.height = height->height;
        pb.header = noise(e, 400, &arena);
        reply(e, WIRE_HEADER, &pb, &arena);
    } else if (kind == WIRE_MANIFEST_REQUEST &&
               !pb_decode(&header_request__descriptor, payload, &arena, &height, NULL)) {
        ManifestReply pb = MANIFEST_REPLY__INIT;
        pb.height = height->height;
        pb.manifest = noise(e, 3 << 20, &arena);
        reply(e, WIRE_MANIFEST, &pb, &arena);
    } else if (kind == WIRE_CHUNK_REQUEST && !pb_decode(&chunk_request__descriptor, payload, &arena, &asked, NULL)) {
        ChunkReply pb = CHUNK_REPLY__INIT;
        pb.height = asked->height;
        pb.index = asked->index + (uint32_t)rng_below(&e->rng, 2);
        pb.chunk = noise(e, 5 << 20, &arena);
        reply(e, WIRE_CHUNK, &pb, &arena);
    }
    arena_release(&arena);
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
        uint8_t kind = (uint8_t)(rng_below(r, 3) ? rng_below(r, 12) : rng_below(r, 30));
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

/* Says that it is far ahead, and waits to be asked; until it is cut off, or a while has passed. */
static void entice(struct evil *e, struct net *n) {
    PeerStatus status = PEER_STATUS__INIT;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    mutex_lock(&e->lock);
    e->net = n;
    status.height = UINT64_MAX - rng_below(&e->rng, 2);
    reply(e, WIRE_STATUS, &status, &arena);
    mutex_unlock(&e->lock);
    (void)wait_for(e, &e->downs, 1, 2000);
    mutex_lock(&e->lock);
    e->net = NULL;
    mutex_unlock(&e->lock);
    arena_release(&arena);
}

int main(int argc, char **argv) {
    struct net_address to = {{{0}}, {0}};
    struct net_config c = {.role = HELLO_VALIDATOR, .known = &to, .known_n = 1};
    uint64_t rounds;
    struct err err;
    bool answers = argc == 6 && strcmp(argv[5], "answer") == 0;
    if ((argc != 5 && !answers) || !hex_decode(argv[1], strlen(argv[1]), c.chain_tag.b, 32) ||
        addr_from_text(argv[2], &to.node_id, NULL) != CODE_OK || !u64_parse(argv[4], strlen(argv[4]), &rounds)) {
        fprintf(stderr, "usage: evil CHAIN_TAG NODE_ID HOST:PORT ROUNDS [answer]\n");
        return 2;
    }
    snprintf(to.host_port, sizeof to.host_port, "%s", argv[3]);
    struct evil e = {.answers = answers};
    rng_init(&e.rng, 6);
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
            if (answers)
                entice(&e, n);
            else
                sent += attack(n, &e, &rng);
            (void)wait_for(&e, &e.downs, 1, 100);
        }
        net_stop(n, 100);
    }
    printf("{\"connected\":%u,\"sent\":%u}\n", connected, sent + e.sent);
    return 0;
}
