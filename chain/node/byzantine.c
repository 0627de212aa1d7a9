/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/byzantine.h"

#include "chain/base/rng.h"
#include "chain/codec/pb.h"
#include "chain/node/core_rooms.h"
#include "chain/os/log.h"

#include <stdlib.h>
#include <string.h>

enum {
    EQUIVOCATE = 1,
    WITHHOLD = 2,
    DOUBLE_PROPOSE = 4,
    INVALID_BLOCK = 8,
    GARBAGE = 16,
    FAR = 32,
    FORGE = 64,
    BAD_CHUNKS = 128
};

static const struct kind {
    const char *name;
    unsigned bit;
} kinds[] = {
    {"equivocate", EQUIVOCATE},
    {"withhold", WITHHOLD},
    {"double-propose", DOUBLE_PROPOSE},
    {"invalid-block", INVALID_BLOCK},
    {"garbage", GARBAGE},
    {"far", FAR},
    {"forge", FORGE},
    {"bad-chunks", BAD_CHUNKS},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

enum { GARBAGE_FRAMES = 4, GARBAGE_BYTES = 16384, HEIGHTS_AWAY = 1000000, ROUNDS_AWAY = 100000 };

/* The core thread's, like the environment that it stands in. */
static struct {
    unsigned does; /* bits of `kinds` */
    struct driver_env honest;
    struct rng rng;
} byz;

static bool does(unsigned bit) {
    return (byz.does & bit) != 0;
}

/* Every second peer, by where it stands among the links. */
static bool second_half(net_peer peer) {
    return peer % 2 != 0;
}

static void to_peer(struct core *c, net_peer peer, uint8_t kind, struct bytes payload) {
    c->host.send(c->host.ctx, peer, kind, payload);
}

static void to_peers(struct core *c, bool second, uint8_t kind, struct bytes payload) {
    for (size_t i = 0; i < NET_PEERS_MAX; i++)
        if (c->peers[i].peer != NET_PEER_NONE && second_half(c->peers[i].peer) == second)
            to_peer(c, c->peers[i].peer, kind, payload);
}

static void to_all(struct core *c, uint8_t kind, struct bytes payload) {
    to_peer(c, NET_PEER_NONE, kind, payload);
}

static struct sig sign_vote(struct core *c, const struct vote *v) {
    struct hash digest = vote_digest(&c->chain_tag, v);
    return seckey_sign(&c->signer->key, &digest);
}

static void send_vote(struct core *c, const struct vote *v) {
    struct bytes out;
    if (wire_vote_encode(v, &c->arena, &out, NULL) == CODE_OK)
        to_all(c, WIRE_VOTE, out);
}

/* --- votes --- */

/* For a block: nil. For nil: a block that nobody has seen. */
static void equivocate(struct core *c, const struct vote *v) {
    struct vote other = *v;
    if (hash_is_zero(&v->value))
        rng_fill(&byz.rng, other.value.b, sizeof other.value.b);
    else
        other.value = (struct hash){{0}};
    other.sig = sign_vote(c, &other);
    struct bytes first, second;
    if (wire_vote_encode(v, &c->arena, &first, NULL) != CODE_OK ||
        wire_vote_encode(&other, &c->arena, &second, NULL) != CODE_OK)
        return;
    to_peers(c, false, WIRE_VOTE, first);
    to_peers(c, true, WIRE_VOTE, second);
    to_peers(c, false, WIRE_VOTE, second);
    to_peers(c, true, WIRE_VOTE, first);
}

static void garbage(struct core *c) {
    uint8_t junk[GARBAGE_BYTES];
    for (int i = 0; i < GARBAGE_FRAMES; i++) {
        size_t len = (size_t)rng_below(&byz.rng, sizeof junk);
        rng_fill(&byz.rng, junk, len);
        to_all(c, (uint8_t)rng_range(&byz.rng, WIRE_VOTE, WIRE_TXS), bytes_of(junk, len));
    }
}

static void far_away(struct core *c, const struct vote *v) {
    struct vote far = *v;
    far.round += ROUNDS_AWAY;
    far.sig = sign_vote(c, &far);
    send_vote(c, &far);
    far = *v;
    far.height += HEIGHTS_AWAY;
    far.sig = sign_vote(c, &far);
    send_vote(c, &far);
    if (v->height > 5) {
        far = *v;
        far.height -= 5;
        far.sig = sign_vote(c, &far);
        send_vote(c, &far);
    }
    PeerStatus pb = PEER_STATUS__INIT;
    struct bytes out;
    pb.height = v->height + HEIGHTS_AWAY;
    pb.earliest = 1;
    if (pb_encode(&pb, &c->arena, &out, NULL) == CODE_OK)
        to_all(c, WIRE_STATUS, out);
}

/* In everybody's name: alone, and as a certificate. */
static void forge(struct core *c, const struct vote *v) {
    struct certificate cert = {.height = v->height, .round = v->round, .kind = CERTIFICATE_COMMIT};
    rng_fill(&byz.rng, cert.value.b, sizeof cert.value.b);
    uint16_t set_n = c->head->info.validators.n;
    for (uint16_t i = 0; i < set_n; i++) {
        struct vote forged = *v;
        forged.validator = i;
        forged.type = VOTE_PRECOMMIT;
        forged.value = cert.value;
        forged.sig = sign_vote(c, &forged);
        cert.votes[cert.n++] = forged;
        send_vote(c, &forged);
    }
    struct bytes out;
    if (wire_certificate_encode(&cert, set_n, &c->arena, &out, NULL) == CODE_OK)
        to_all(c, WIRE_CERTIFICATE, out);
}

static void on_vote(struct core *c, const struct bft_send *send) {
    const struct vote *v = &send->vote;
    if (does(GARBAGE))
        garbage(c);
    if (does(FAR))
        far_away(c, v);
    if (does(FORGE))
        forge(c, v);
    if (does(WITHHOLD) && v->height % 2 == 0)
        return;
    if (does(EQUIVOCATE))
        equivocate(c, v);
    else
        byz.honest.send(c, send);
}

/* --- proposals --- */

/* The same block with one thing changed in its header, signed. */
static int altered(struct core *c, const struct proposal *p, const struct block *b, bool invalid,
                   struct proposal *ret_p, struct block **ret_block) {
    Header header = *b->header.pb;
    struct hash app_hash = b->header.app_hash;
    struct bytes encoded;
    if (invalid) {
        app_hash.b[0] ^= 1;
        header.app_hash = pb_data(hash_bytes(&app_hash));
    } else {
        header.time++;
    }
    int rc = pb_encode(&header, &c->arena, &encoded, NULL);
    if (rc != CODE_OK)
        return rc;
    struct bytes *txs = arena_array(&c->arena, b->pb->n_txs + 1, sizeof *txs);
    if (txs == NULL)
        return CODE_NO_MEMORY;
    for (size_t i = 0; i < b->pb->n_txs; i++)
        txs[i] = pb_bytes(b->pb->txs[i]);
    struct block_parts parts = {
        .header = encoded, .last_certificate = b->pb->last_certificate, .txs = txs, .txs_n = b->pb->n_txs};
    rc = block_build(&parts, &c->chain_tag, ret_block, NULL);
    if (rc != CODE_OK)
        return rc;
    rc = block_open(*ret_block, c->head->last_validators.n, NULL);
    *ret_p = *p;
    ret_p->value = (*ret_block)->header.id;
    struct hash digest = proposal_digest(&c->chain_tag, ret_p);
    ret_p->sig = seckey_sign(&c->signer->key, &digest);
    return rc;
}

static void on_proposal(struct core *c, const struct bft_send *send) {
    struct body *body = bodies_find(&c->bodies, &send->proposal.value);
    if (body == NULL || !body->block->opened)
        return;
    struct bytes first, second;
    if (wire_proposal_encode(&send->proposal, body->block, NULL, &c->arena, &first, NULL) != CODE_OK)
        return;
    if (does(WITHHOLD)) {
        for (size_t i = 0; i < NET_PEERS_MAX; i++)
            if (c->peers[i].peer != NET_PEER_NONE) {
                to_peer(c, c->peers[i].peer, WIRE_PROPOSAL, first);
                return;
            }
        return;
    }
    struct proposal p;
    struct block *b = NULL;
    if (altered(c, &send->proposal, body->block, does(INVALID_BLOCK), &p, &b) != CODE_OK ||
        wire_proposal_encode(&p, b, NULL, &c->arena, &second, NULL) != CODE_OK) {
        block_unref(b);
        return;
    }
    if (does(DOUBLE_PROPOSE)) { /* and later the other one: who has both has the proof */
        to_peers(c, false, WIRE_PROPOSAL, first);
        to_peers(c, true, WIRE_PROPOSAL, second);
        to_peers(c, false, WIRE_PROPOSAL, second);
        to_peers(c, true, WIRE_PROPOSAL, first);
    } else {
        to_all(c, WIRE_PROPOSAL, second);
    }
    block_unref(b);
}

static void byz_send(void *ctx, const struct bft_send *send) {
    struct core *c = ctx;
    struct arena_mark mark = arena_mark(&c->arena);
    if (send->kind == BFT_SEND_VOTE)
        on_vote(c, send);
    else if (send->kind == BFT_SEND_PROPOSAL && does(WITHHOLD | DOUBLE_PROPOSE | INVALID_BLOCK))
        on_proposal(c, send);
    else
        byz.honest.send(c, send);
    arena_rewind(&c->arena, mark);
}

/* Who withholds does not pass on, either. */
static void byz_relay(void *ctx, driver_peer peer, const struct bft_send *send) {
    if (!does(WITHHOLD))
        byz.honest.relay(ctx, peer, send);
}

void byzantine_serve(uint8_t kind, struct bytes *payload) {
    if (kind == WIRE_CHUNK && does(BAD_CHUNKS) && payload->len > 64)
        ((uint8_t *)(uintptr_t)payload->data)[payload->len / 2] ^= 1;
}

/* --- set up --- */

static int parse(const char *list, unsigned *ret, struct err *err) {
    while (*list != '\0') {
        size_t len = strcspn(list, ","), i = 0;
        while (i < KINDS && (strlen(kinds[i].name) != len || memcmp(kinds[i].name, list, len) != 0))
            i++;
        if (i == KINDS)
            return err_set(err, CODE_INVALID_ARGUMENT, "CAIRN_BYZANTINE: nobody misbehaves as \"%.*s\"", (int)len,
                           list);
        *ret |= kinds[i].bit;
        list += len + (list[len] == ',');
    }
    return CODE_OK;
}

int byzantine_install(struct core *c, struct err *err) {
    const char *list = getenv("CAIRN_BYZANTINE");
    if (list == NULL || *list == '\0')
        return CODE_OK;
    int rc = parse(list, &byz.does, err);
    if (rc != CODE_OK)
        return rc;
    rng_init(&byz.rng, c->self.b[0]);
    byz.honest = c->env;
    c->env.send = byz_send;
    c->env.relay = byz_relay;
    log_warn("node", "this validator breaks the rules", "how=%s", list);
    return CODE_OK;
}
