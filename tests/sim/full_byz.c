/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/full.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"

/* byz.c decides what a liar says; here it is put into frames. Its blocks are changed copies of what others proposed. */

static void post(struct full *f, uint32_t to, uint8_t kind, struct bytes payload) {
    struct full_link *l = links_between(f->sim, f->node->index, to);
    if (to != f->node->index && l->up)
        links_post(f, links_handle(l, to), kind, payload);
}

static void post_all(struct full *f, uint8_t kind, struct bytes payload) {
    for (uint32_t to = 0; to < f->sim->nodes_n; to++)
        post(f, to, kind, payload);
}

void full_byz_vote(struct full *f, const struct vote *vote, uint32_t to) {
    struct arena *arena = &f->sim->full->scratch;
    struct arena_mark mark = arena_mark(arena);
    struct bytes out;
    if (wire_vote_encode(vote, arena, &out, NULL) == CODE_OK)
        post(f, to, WIRE_VOTE, out);
    arena_rewind(arena, mark);
}

void full_byz_certificate(struct full *f, const struct certificate *cert) {
    struct arena *arena = &f->sim->full->scratch;
    struct arena_mark mark = arena_mark(arena);
    const struct full_set *set = full_set_at(f->sim, cert->height);
    struct bytes out;
    uint8_t noise[100];
    if (set && certificate_well_formed(cert, set->set.n) &&
        wire_certificate_encode(cert, set->set.n, arena, &out, NULL) == CODE_OK) {
        post_all(f, WIRE_CERTIFICATE, out);
    } else if (f->sim->drawn.garbage) { /* well sealed nonsense of any kind */
        rng_fill(&f->sim->byz, noise, sizeof noise);
        post_all(f, (uint8_t)rng_range(&f->sim->byz, WIRE_VOTE, WIRE_SUMMARY), bytes_of(noise, sizeof noise));
    }
    arena_rewind(arena, mark);
}

void full_byz_status(struct full *f, uint64_t height) {
    struct arena *arena = &f->sim->full->scratch;
    struct arena_mark mark = arena_mark(arena);
    PeerStatus pb = PEER_STATUS__INIT;
    struct bytes out;
    pb.height = height;
    pb.round = (uint32_t)rng_below(&f->sim->byz, 1000);
    pb.earliest = rng_below(&f->sim->byz, 3);
    if (pb_encode(&pb, arena, &out, NULL) == CODE_OK)
        post_all(f, WIRE_STATUS, out);
    arena_rewind(arena, mark);
}

void full_byz_summary(struct full *f, const struct bft_summary *lie) {
    struct arena *arena = &f->sim->full->scratch;
    struct arena_mark mark = arena_mark(arena);
    VoteSummary pb = VOTE_SUMMARY__INIT;
    struct bytes out;
    pb.height = lie->height;
    pb.round = lie->round;
    pb.proposal = lie->proposal;
    pb.prevotes = pb_data(bytes_of(lie->prevotes, rng_below(&f->sim->byz, sizeof lie->prevotes + 1)));
    pb.precommits = pb_data(bytes_of(lie->precommits, sizeof lie->precommits));
    if (pb_encode(&pb, arena, &out, NULL) == CODE_OK)
        post_all(f, WIRE_SUMMARY, out);
    arena_rewind(arena, mark);
}

/* --- proposals
 * -------------------------------------------------------------------------------------------------------------------
 */

static void change_header(struct sim *s, Header *h, struct hash *room) {
    rng_fill(&s->byz, room->b, sizeof room->b);
    switch (rng_below(&s->byz, 8)) {
    case 0:
        h->app_hash = pb_data(hash_bytes(room));
        break;
    case 1:
        h->results_hash = pb_data(hash_bytes(room));
        break;
    case 2:
        h->previous_id = pb_data(hash_bytes(room));
        break;
    case 3:
        h->reveal = pb_data(hash_bytes(room));
        break;
    case 4:
        h->time += 1000000; /* from the future */
        break;
    case 5:
        h->time -= rng_below(&s->byz, 100000);
        break;
    case 6:
        h->next_validators_hash = pb_data(hash_bytes(room));
        break;
    default:
        h->time += rng_below(&s->byz, 10); /* may be as good as the other */
        break;
    }
}

/* A copy of what it saw, with something changed: in the header, or a transaction less. NULL when it has seen nothing of
 * that height. The block is opened when it can be. */
static struct block *changed_block(struct full *f, uint64_t height, struct arena *arena) {
    struct sim *s = f->sim;
    struct block *seen = f->seen, *b = NULL;
    Header *h = NULL;
    struct hash room, hashes[256];
    struct bytes header, txs[256];
    if (!seen || seen->header.height != height || !seen->opened || seen->txs_n > 256 ||
        pb_decode(&header__descriptor, pb_bytes(seen->pb->header), arena, &h, NULL) != CODE_OK)
        return NULL;
    size_t n = seen->txs_n;
    change_header(s, h, &room);
    if (n > 0 && rng_chance(&s->byz, 1, 3))
        n--;
    for (size_t i = 0; i < n; i++) {
        txs[i] = seen->txs[i].wire;
        hashes[i] = seen->txs[i].wire_hash;
    }
    struct hash root = header_txs_root(hashes, n);
    if (rng_chance(&s->byz, 5, 6)) {
        h->txs_root = pb_data(hash_bytes(&root));
        h->txs_count = n;
    }
    struct pubkey pub = s->pubkeys[f->node->validator];
    struct addr own = addr_of_key(&pub);
    if (rng_chance(&s->byz, 1, 2))
        h->proposer = pb_data(addr_bytes(&own));
    struct block_parts parts = {.last_certificate = seen->pb->last_certificate, .txs = txs, .txs_n = n};
    if (pb_encode(h, arena, &header, NULL) != CODE_OK)
        return NULL;
    parts.header = header;
    if (block_build(&parts, &s->chain_tag, &b, NULL) != CODE_OK)
        return NULL;
    const struct full_set *last = height > 1 ? full_set_at(s, height - 1) : NULL;
    block_open(b, last ? last->set.n : 0, NULL);
    return b;
}

/* Which transactions' bodies go along: all, or none, which it will not give later, either. */
static const bool *withhold(struct sim *s, const struct block *b, struct arena *arena) {
    return rng_chance(&s->byz, 1, 3) ? arena_array(arena, b->txs_n + 1, sizeof(bool)) : NULL;
}

void full_byz_propose(struct full *f, struct proposal *proposal, bool twice) {
    struct sim *s = f->sim;
    struct arena *arena = &s->full->scratch;
    struct arena_mark mark = arena_mark(arena);
    struct bytes out[2];
    unsigned n = 0;
    for (unsigned i = 0; i < 1u + twice; i++) {
        struct block *b = i == 0 && f->seen && rng_chance(&s->byz, 1, 2) ? block_ref(f->seen)
                                                                         : changed_block(f, proposal->height, arena);
        if (!b)
            continue;
        proposal->value = b->header.id;
        key_sign_proposal(s, f->node->validator, proposal);
        full_block_note(s, &b->header);
        n += wire_proposal_encode(proposal, b, withhold(s, b, arena), arena, &out[n], NULL) == CODE_OK;
        block_unref(b);
    }
    for (uint32_t to = 0; n > 0 && to < s->nodes_n; to++)
        post(f, to, WIRE_PROPOSAL, out[to % n]);
    arena_rewind(arena, mark);
}

/* --- what it hears
 * --------------------------------------------------------------------------------------------------------------- */

static void hear_vote(struct full *f, struct bytes payload, struct arena *arena) {
    struct vote v;
    if (wire_vote_decode(payload, arena, &v, NULL) == CODE_OK)
        byz_hears_vote(f->sim, f->node, v.height, v.round, &v.value);
}

/* It keeps what came whole, to change it. */
static void hear_proposal(struct full *f, struct bytes payload, struct arena *arena) {
    struct wire_proposal p;
    struct block *b = NULL;
    if (wire_proposal_decode(payload, &f->sim->chain_tag, arena, &p, NULL) != CODE_OK)
        return;
    struct bytes *txs = arena_array(arena, p.txs_n + 1, sizeof *txs);
    for (size_t i = 0; txs && i < p.txs_n; i++)
        txs[i] = pb_bytes(p.txs[i]);
    struct block_parts parts = {
        .header = p.header_bytes, .last_certificate = p.last_certificate, .txs = txs, .txs_n = p.txs_n};
    const struct full_set *last = p.proposal.height > 1 ? full_set_at(f->sim, p.proposal.height - 1) : NULL;
    if (txs && p.txs_n == p.hashes_n && block_build(&parts, &f->sim->chain_tag, &b, NULL) == CODE_OK) {
        block_open(b, last ? last->set.n : 0, NULL);
        block_unref(f->seen);
        f->seen = b;
    }
    byz_hears_proposal(f->sim, f->node, p.proposal.height, p.proposal.round, &p.proposal.value);
}

/* Asked for transactions or a body, it gives those of something else, or nothing. */
static void answer_txs(struct full *f, uint32_t from, struct bytes payload, struct arena *arena) {
    TxRequest *ask = NULL;
    struct bytes out;
    if (!f->seen || !f->seen->opened || pb_decode(&tx_request__descriptor, payload, arena, &ask, NULL) != CODE_OK)
        return;
    TxReply reply = TX_REPLY__INIT;
    reply.value_id = ask->value_id;
    reply.n_txs = f->seen->pb->n_txs;
    reply.txs = f->seen->pb->txs;
    if (rng_chance(&f->sim->byz, 1, 2) && pb_encode(&reply, arena, &out, NULL) == CODE_OK)
        post(f, from, WIRE_TX_REPLY, out);
}

/* Asked for blocks, it answers with noise, with what nobody asked for, or not at all. */
static void answer_blocks(struct full *f, uint32_t from, struct bytes payload, struct arena *arena) {
    BlockRequest *ask = NULL;
    struct bytes out;
    uint8_t noise[64];
    if (pb_decode(&block_request__descriptor, payload, arena, &ask, NULL) != CODE_OK)
        return;
    rng_fill(&f->sim->byz, noise, sizeof noise);
    BlockBatch batch = BLOCK_BATCH__INIT;
    StoredBlock stored = STORED_BLOCK__INIT;
    if (f->seen)
        stored.block = pb_data(f->seen->encoded);
    if (pb_encode(&stored, arena, &out, NULL) != CODE_OK || rng_chance(&f->sim->byz, 1, 2))
        out = bytes_of(noise, sizeof noise);
    ProtobufCBinaryData blocks[4] = {pb_data(out), pb_data(out), pb_data(out), pb_data(out)};
    batch.from = ask->from + rng_below(&f->sim->byz, 2);
    batch.blocks = blocks;
    batch.n_blocks = rng_below(&f->sim->byz, 5);
    if (rng_chance(&f->sim->byz, 3, 4) && pb_encode(&batch, arena, &out, NULL) == CODE_OK)
        post(f, from, WIRE_BLOCK_BATCH, out);
}

/* What an honest node would answer to who joins by a snapshot, with a bit changed; or as it is; or nothing. */
static void answer_join(struct full *f, uint32_t from, uint8_t kind, struct bytes payload, struct arena *arena) {
    struct sim *s = f->sim;
    struct serve ask;
    struct bytes out;
    const struct full *other = &s->full->nodes[rng_below(&s->byz, s->nodes_n)];
    if (!other->store || other->joining || serve_parse(kind, payload, arena, &ask, NULL) != CODE_OK)
        return;
    uint8_t answer = serve_answer(other->store, &ask, arena, &out);
    uint8_t *copy = answer ? arena_dup(arena, out.data, out.len) : NULL;
    uint64_t how = rng_below(&s->byz, 4);
    if (!copy || out.len == 0 || how == 0)
        return;
    if (how > 1)
        copy[rng_below(&s->byz, out.len)] ^= (uint8_t)(1u << rng_below(&s->byz, 8));
    post(f, from, answer, bytes_of(copy, out.len));
}

void full_byz_message(struct full *f, uint32_t from, uint8_t kind, struct bytes payload) {
    struct arena *arena = &f->sim->full->scratch;
    struct arena_mark mark = arena_mark(arena);
    if (f->sim->nodes[from].nature == SCRIPTED)
        return; /* as in byz.c */
    switch (kind) {
    case WIRE_VOTE:
        hear_vote(f, payload, arena);
        break;
    case WIRE_PROPOSAL:
        hear_proposal(f, payload, arena);
        break;
    case WIRE_TX_REQUEST:
        answer_txs(f, from, payload, arena);
        break;
    case WIRE_BLOCK_REQUEST:
        answer_blocks(f, from, payload, arena);
        break;
    default:
        if (serve_takes(kind))
            answer_join(f, from, kind, payload, arena);
        break;
    }
    arena_rewind(arena, mark);
}
