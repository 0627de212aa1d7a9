/* SPDX-License-Identifier: Apache-2.0 */
/* Proposals, out and in: named by wire hashes, their bodies put together from what waits here and from peers. */
#include "chain/node/core_rooms.h"

#include "chain/codec/pb.h"

#include <inttypes.h>

enum { SPREAD_MS = 50 /* a transaction that has waited longer is believed to be everywhere */ };

/* --- out --- */

/* Which bodies go along; NULL: all of them. */
static const bool *young_ones(struct core *c, const struct block *b) {
    uint32_t *age = c->host.txs != NULL ? arena_array(&c->arena, b->txs_n + 1, sizeof *age) : NULL;
    struct hash *hashes = arena_array(&c->arena, b->txs_n + 1, sizeof *hashes);
    bool *young = arena_array(&c->arena, b->txs_n + 1, sizeof *young);
    if (age == NULL || hashes == NULL || young == NULL)
        return NULL;
    for (size_t i = 0; i < b->txs_n; i++)
        hashes[i] = b->txs[i].wire_hash;
    c->host.txs(c->host.ctx, hashes, b->txs_n, NULL, NULL, age);
    for (size_t i = 0; i < b->txs_n; i++)
        young[i] = age[i] <= SPREAD_MS;
    return young;
}

void proposals_send(struct core *c, net_peer peer, const struct proposal *p) {
    struct body *b = bodies_find(&c->bodies, &p->value);
    struct bytes out;
    if (b == NULL || b->state != BODY_VALID || !b->block->opened)
        return; /* a restart during its round: the body is in the log, but others will propose it */
    if (wire_proposal_encode(p, b->block, young_ones(c, b->block), &c->arena, &out, NULL) == CODE_OK &&
        (peer == NET_PEER_NONE || core_allows(c, peer, out.len)))
        c->host.send(c->host.ctx, peer, WIRE_PROPOSAL, out);
}

/* --- bodies --- */

/* What waits here. */
static void look(struct core *c, struct assembly *x) {
    if (x->missing == 0 || c->host.txs == NULL)
        return;
    struct arena_mark mark = arena_mark(&c->arena);
    size_t n = x->missing;
    struct hash *hashes = arena_array(&c->arena, n, sizeof *hashes);
    struct bytes *wires = arena_array(&c->arena, n, sizeof *wires);
    if (hashes != NULL && wires != NULL) {
        n = assemble_missing(x, n, hashes, NULL);
        c->host.txs(c->host.ctx, hashes, n, &c->arena, wires, NULL);
        for (size_t i = 0; i < n; i++)
            if (wires[i].data != NULL)
                assemble_take(x, &hashes[i], wires[i]);
    }
    arena_rewind(&c->arena, mark);
}

/* The certificate of the block before, as it was sent. */
static int certificate_of(struct core *c, const struct assembly *x, Certificate **ret, struct err *err) {
    *ret = NULL;
    return x->certificate.len > 0 ? pb_decode(&certificate__descriptor, x->certificate, &c->arena, ret, err) : CODE_OK;
}

/* Makes the block of a whole assembly, which is gone then, and has it judged when somebody waits for that. */
static void complete(struct core *c, struct assembly *x) {
    if (!assemble_whole(x))
        return;
    struct err why;
    Certificate *cert;
    struct block *b = NULL;
    uint16_t last = x->height == c->head->height + 1 ? c->head->last_validators.n : c->head->info.validators.n;
    int rc = certificate_of(c, x, &cert, &why);
    struct block_parts parts = {.header = x->header, .last_certificate = cert, .txs = x->bodies, .txs_n = x->n};
    if (rc == CODE_OK)
        rc = block_build(&parts, &c->chain_tag, &b, &why);
    if (rc == CODE_OK)
        rc = block_bind(b, last, &why);
    bool wanted = x->wanted;
    struct body *body = rc == CODE_OK ? core_keep(c, b, BODY_HERE) : NULL;
    if (rc != CODE_OK) /* the proposal is its validator's, its certificate is not */
        inputs_misbehaved(c, x->from, 50, "another body than the proposal's", &why);
    assemble_drop(x);
    block_unref(b);
    if (body != NULL && wanted)
        outputs_judge(c, body);
}

bool proposals_want(struct core *c, const struct hash *value) {
    struct assembly *x = assemble_find(&c->assemble, value);
    if (x == NULL)
        return false;
    assemble_want(x, core_now_ms(c));
    look(c, x);
    complete(c, x);
    return true;
}

bool proposals_forget(struct core *c, const struct hash *value) {
    struct assembly *x = assemble_find(&c->assemble, value);
    if (x == NULL)
        return false;
    bool wanted = x->wanted;
    assemble_drop(x);
    return wanted;
}

/* --- asking --- */

void proposals_ask_body(struct core *c, net_peer peer, uint64_t height, uint32_t round, const struct hash *value) {
    c->needed = *value;
    BodyRequest pb = BODY_REQUEST__INIT;
    struct bytes out;
    pb.height = height;
    pb.round = round;
    pb.value_id = pb_data(hash_bytes(value));
    if (pb_encode(&pb, &c->arena, &out, NULL) == CODE_OK)
        c->host.send(c->host.ctx, peer, WIRE_BODY_REQUEST, out);
}

static void ask_txs(struct core *c, net_peer peer, const struct assembly *x) {
    TxRequest pb = TX_REQUEST__INIT;
    struct bytes out;
    struct hash *hashes = arena_array(&c->arena, x->missing, sizeof *hashes);
    pb.wire_hashes = arena_array(&c->arena, x->missing, sizeof *pb.wire_hashes);
    if (hashes == NULL || pb.wire_hashes == NULL)
        return;
    pb.height = x->height;
    pb.round = x->round;
    pb.value_id = pb_data(hash_bytes(&x->value));
    pb.n_wire_hashes = assemble_missing(x, x->missing, hashes, NULL);
    for (size_t i = 0; i < pb.n_wire_hashes; i++)
        pb.wire_hashes[i] = pb_data(hash_bytes(&hashes[i]));
    if (pb_encode(&pb, &c->arena, &out, NULL) == CODE_OK)
        c->host.send(c->host.ctx, peer, WIRE_TX_REQUEST, out);
}

/* First who sent the proposal, then everybody else in turn. */
static net_peer whom(const struct core *c, const struct assembly *x) {
    unsigned n = 0, turn = x->asked > 1 ? x->asked - 2 : 0;
    for (size_t i = 0; x->asked > 1 && i < NET_PEERS_MAX; i++)
        n += c->peers[i].peer != NET_PEER_NONE;
    for (size_t i = 0; n > 0 && i < NET_PEERS_MAX; i++)
        if (c->peers[i].peer != NET_PEER_NONE && turn-- % n == 0)
            return c->peers[i].peer;
    return x->from;
}

void proposals_step(struct core *c) {
    struct assembly *x;
    while ((x = assemble_due(&c->assemble, core_now_ms(c))) != NULL) {
        struct arena_mark mark = arena_mark(&c->arena);
        look(c, x); /* it may have spread by now */
        if (assemble_whole(x))
            complete(c, x);
        else if (x->missing > TX_REQUEST_MAX)
            proposals_ask_body(c, whom(c, x), x->height, x->round, &x->value);
        else
            ask_txs(c, whom(c, x), x);
        arena_rewind(&c->arena, mark);
    }
}

/* --- answering --- */

static int request_decode(struct core *c, struct bytes payload, TxRequest **ret, struct hash *ret_value,
                          struct err *err) {
    int rc = pb_decode(&tx_request__descriptor, payload, &c->arena, ret, err);
    if (rc != CODE_OK)
        return rc;
    if (!hash_from(pb_bytes((*ret)->value_id), ret_value) || (*ret)->n_wire_hashes == 0 ||
        (*ret)->n_wire_hashes > TX_REQUEST_MAX)
        return err_set(err, CODE_MALFORMED, "a request for %zu transactions", (*ret)->n_wire_hashes);
    return CODE_OK;
}

/* The bytes of those asked for that this node has: of the block, in whose order they are asked for, else of what waits
 * here. */
static void collect(struct core *c, const struct block *b, const struct hash *asked, size_t n, struct bytes *ret) {
    size_t at = 0;
    for (size_t i = 0; b != NULL && i < n; i++) {
        while (at < b->txs_n && !hash_eq(&b->txs[at].wire_hash, &asked[i]))
            at++;
        if (at < b->txs_n)
            ret[i] = b->txs[at].wire;
    }
    if (b == NULL && c->host.txs != NULL)
        c->host.txs(c->host.ctx, asked, n, &c->arena, ret, NULL);
}

static void reply_send(struct core *c, net_peer peer, const struct hash *value, const struct bytes *wires, size_t n) {
    TxReply pb = TX_REPLY__INIT;
    struct bytes out;
    size_t total = 0;
    pb.value_id = pb_data(hash_bytes(value));
    pb.txs = arena_array(&c->arena, n, sizeof *pb.txs);
    for (size_t i = 0; pb.txs != NULL && i < n; i++) {
        if (wires[i].data == NULL || (pb.n_txs > 0 && total + wires[i].len > TX_REPLY_MAX))
            continue;
        total += wires[i].len;
        pb.txs[pb.n_txs++] = pb_data(wires[i]);
    }
    if (pb.n_txs > 0 && core_allows(c, peer, total) && pb_encode(&pb, &c->arena, &out, NULL) == CODE_OK)
        c->host.send(c->host.ctx, peer, WIRE_TX_REPLY, out);
}

void proposals_request(struct core *c, net_peer peer, struct bytes payload) {
    TxRequest *pb = NULL;
    struct hash value;
    struct err why;
    if (request_decode(c, payload, &pb, &value, &why) != CODE_OK) {
        inputs_misbehaved(c, peer, 50, "malformed request", &why);
        return;
    }
    if (pb->height <= c->head->height) { /* decided: the block with its certificate says more */
        outputs_laggard(c, peer, pb->height);
        return;
    }
    size_t n = pb->n_wire_hashes;
    struct hash *asked = arena_array(&c->arena, n, sizeof *asked);
    struct bytes *wires = arena_array(&c->arena, n, sizeof *wires);
    if (asked == NULL || wires == NULL)
        return;
    for (size_t i = 0; i < n; i++)
        if (!hash_from(pb_bytes(pb->wire_hashes[i]), &asked[i]))
            return;
    const struct body *b = bodies_find(&c->bodies, &value);
    collect(c, b != NULL && b->state == BODY_VALID && b->block->opened ? b->block : NULL, asked, n, wires);
    reply_send(c, peer, &value, wires, n);
}

void proposals_reply(struct core *c, net_peer peer, struct bytes payload) {
    TxReply *pb = NULL;
    struct hash value, id;
    struct err why;
    int rc = pb_decode(&tx_reply__descriptor, payload, &c->arena, &pb, &why);
    if (rc == CODE_OK && !hash_from(pb_bytes(pb->value_id), &value))
        rc = err_set(&why, CODE_MALFORMED, "TxReply.value_id is missing");
    struct assembly *x = rc == CODE_OK ? assemble_find(&c->assemble, &value) : NULL;
    for (size_t i = 0; x != NULL && rc == CODE_OK && i < pb->n_txs; i++) {
        struct bytes wire = pb_bytes(pb->txs[i]);
        if (!tx_wire_hash(wire, &id) || assemble_take(x, &id, wire) == ASSEMBLE_FOREIGN)
            rc = err_set(&why, CODE_MALFORMED, "transaction %zu of an answer was not asked for", i);
    }
    if (rc != CODE_OK)
        inputs_misbehaved(c, peer, 50, "a bad answer", &why);
    if (x == NULL)
        return; /* late: it is whole, or decided */
    if (pb->n_txs > 0 && x->asked == 0)
        assemble_again(x, core_now_ms(c));
    complete(c, x);
}

/* --- in --- */

/* "plausibility (precision 500 ms, a delay parameter growing per round) is judged at receipt, only for pol_round -1" */
static bool timely(const struct core *c, const struct proposal *p, uint64_t time_ms) {
    const ConsensusParams *cp = c->head->info.consensus;
    uint64_t now = c->host.real_ms(c->host.ctx);
    uint64_t late = cp->precision_ms + cp->message_delay_ms * (1 + (uint64_t)p->round);
    return time_ms <= now + cp->precision_ms && now <= time_ms + late;
}

/* The header names the certificate that goes with it; whoever sends another one would have the whole block put together
 * in vain. */
static int held_against_header(struct core *c, const struct wire_proposal *w, struct err *err) {
    uint16_t last = w->header.height == c->head->height + 1 ? c->head->last_validators.n : c->head->info.validators.n;
    struct certificate *cert = NULL;
    int rc = CODE_OK;
    if (w->last_certificate != NULL) {
        cert = ARENA_NEW(&c->arena, struct certificate);
        rc = cert != NULL ? certificate_from_pb(w->last_certificate, last, cert, err)
                          : err_set(err, CODE_NO_MEMORY, "no memory for a certificate");
    }
    if (rc != CODE_OK)
        return rc;
    struct hash h = certificate_hash(cert);
    return hash_eq(&h, &w->header.last_certificate_hash)
               ? CODE_OK
               : err_set(err, CODE_MALFORMED, "the last certificate is not the one of the header");
}

static void begin(struct core *c, net_peer peer, const struct wire_proposal *w) {
    struct bytes cert = BYTES_NONE;
    struct assembly *x;
    struct hash id;
    struct err why;
    int rc = held_against_header(c, w, &why);
    if (rc != CODE_OK) {
        if (rc != CODE_NO_MEMORY)
            inputs_misbehaved(c, peer, 50, "another body than the proposal's", &why);
        return;
    }
    if (w->last_certificate != NULL && pb_encode(w->last_certificate, &c->arena, &cert, NULL) != CODE_OK)
        return;
    struct assemble_proposal p = {.height = w->proposal.height,
                                  .round = w->proposal.round,
                                  .value = w->proposal.value,
                                  .from = peer,
                                  .header = w->header_bytes,
                                  .certificate = cert,
                                  .hashes = w->hashes,
                                  .n = w->hashes_n};
    if (assemble_begin(&c->assemble, &p, &x, NULL) != CODE_OK)
        return; /* it is asked for as a whole when it is needed */
    for (size_t i = 0; i < w->txs_n; i++)
        if (tx_wire_hash(pb_bytes(w->txs[i]), &id))
            assemble_take(x, &id, pb_bytes(w->txs[i]));
    look(c, x);
    complete(c, x);
}

int proposals_take(struct core *c, net_peer peer, struct bytes payload, struct err *err) {
    struct wire_proposal w;
    struct err why;
    int rc = wire_proposal_decode(payload, &c->chain_tag, &c->arena, &w, &why);
    if (rc != CODE_OK) {
        inputs_misbehaved(c, peer, 50, "malformed proposal", &why);
        return CODE_OK;
    }
    const struct proposal *p = &w.proposal;
    const struct verifier *keys = NULL;
    const struct validator_set *set = inputs_set_at(c, p->height, &keys);
    enum driver_when when = driver_when(c->driver, p->height);
    if (set != NULL) {
        struct hash digest = proposal_digest(&c->chain_tag, p);
        if (p->validator >= set->n || !verifier_check(&keys[p->validator], &digest, &p->sig)) {
            err_set(&why, CODE_BAD_SIGNATURE, "height %" PRIu64 " validator %u", p->height, p->validator);
            inputs_misbehaved(c, peer, 50, "forged proposal", &why);
            return CODE_OK;
        }
    }
    bool near = when == DRIVER_NOW || when == DRIVER_NEXT;
    if (near && bodies_find(&c->bodies, &p->value) == NULL && assemble_find(&c->assemble, &p->value) == NULL)
        begin(c, peer, &w);
    rc = when != DRIVER_PAST ? inputs_own_elsewhere(c, set, p->validator, p->height, p->round, SIGNER_PROPOSE, err)
                             : CODE_OK;
    if (rc != CODE_OK)
        return rc;
    rc = when != DRIVER_PAST ? driver_proposal(c->driver, peer, p, timely(c, p, w.header.time), err) : CODE_OK;
    struct assembly *x = assemble_find(&c->assemble, &p->value);
    if (when == DRIVER_NOW && x != NULL && !x->wanted) /* the consensus core does not take it */
        assemble_drop(x);
    return rc;
}
