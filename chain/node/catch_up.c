/* SPDX-License-Identifier: Apache-2.0 */
/* Decided blocks: those that a peer sends because this node is behind, and those that block sync has fetched. */
#include "chain/node/core_rooms.h"

#include "chain/codec/pb.h"

#include <inttypes.h>

/* The next block and the certificate that decided it, checked. *ret_bad: it is not that. On success c->cert is the
 * certificate and the caller owns *ret_block's reference. */
static int open_decided(struct core *c, struct bytes encoded, const Certificate *cert, struct block **ret_block,
                        struct err *why) {
    struct block *b = NULL;
    int rc = block_new(encoded, &c->chain_tag, &b, why);
    if (rc == CODE_OK && b->header.height != c->head->height + 1)
        rc = err_set(why, CODE_STALE, "a block of height %" PRIu64, b->header.height);
    if (rc == CODE_OK)
        rc = block_bind(b, c->head->last_validators.n, why);
    if (rc == CODE_OK && cert != NULL) {
        rc = certificate_from_pb(cert, c->head->info.validators.n, &c->cert, why);
        if (rc == CODE_OK && (c->cert.kind != CERTIFICATE_COMMIT || c->cert.height != b->header.height ||
                              !hash_eq(&c->cert.value, &b->header.id)))
            rc = err_set(why, CODE_MALFORMED, "a certificate for something else");
        if (rc == CODE_OK)
            rc = certificate_verify(&c->cert, &c->chain_tag, &c->head->info.validators, why);
    }
    if (rc != CODE_OK)
        block_unref(b);
    else
        *ret_block = b;
    return rc;
}

/* A body that was asked for, or a decided block with its certificate. *ret_taken: it was the next block. */
static int take_decided(struct core *c, net_peer peer, struct bytes encoded, const Certificate *cert, bool *ret_taken,
                        struct err *err) {
    struct block *b = NULL;
    struct err why;
    int rc = open_decided(c, encoded, cert, &b, &why);
    *ret_taken = rc == CODE_OK;
    if (rc != CODE_OK) {
        if (rc != CODE_STALE)
            inputs_misbehaved(c, peer, 50, "bad block", &why);
        return CODE_OK;
    }
    bool asked = hash_eq(&c->needed, &b->header.id);
    struct body *body = asked || cert != NULL ? bodies_keep(&c->bodies, b, BODY_HERE) : NULL;
    block_unref(b);
    if (body != NULL && asked)
        outputs_judge(c, body);
    return driver_when(c->driver, c->head->height + 1) == DRIVER_NOW && cert != NULL
               ? driver_certificate(c->driver, peer, &c->cert, err)
               : CODE_OK;
}

int catch_up_decided(struct core *c, net_peer peer, struct bytes payload, struct err *err) {
    DecidedBlock *pb = NULL;
    struct err why;
    bool taken;
    if (pb_decode(&decided_block__descriptor, payload, &c->arena, &pb, &why) != CODE_OK)
        inputs_misbehaved(c, peer, 50, "malformed block", &why);
    else if (!c->deciding)
        return take_decided(c, peer, pb_bytes(pb->block), pb->certificate, &taken, err);
    return CODE_OK;
}

/* --- block sync --- */

void catch_up_batch(struct core *c, net_peer peer, struct bytes payload) {
    BlockBatch *pb = NULL;
    struct err why;
    if (pb_decode(&block_batch__descriptor, payload, &c->arena, &pb, &why) != CODE_OK) {
        inputs_misbehaved(c, peer, 50, "malformed batch of blocks", &why);
        return;
    }
    for (size_t i = 0; i < pb->n_blocks; i++) {
        struct bytes stored;
        if (pb_encode(pb->blocks[i], &c->arena, &stored, NULL) == CODE_OK)
            sync_put(&c->sync, peer, pb->from + i, stored);
    }
    sync_answered(&c->sync, peer, pb->from, pb->n_blocks);
}

/* Hands the synced block of the next height to the driver, once. */
static int feed(struct core *c, struct err *err) {
    const struct sync_block *s = sync_wanted(&c->sync);
    if (s == NULL || c->deciding || c->fed == s->height)
        return CODE_OK;
    c->fed = s->height;
    StoredBlock *pb = NULL;
    bool taken = false;
    int rc = CODE_OK;
    if (pb_decode(&stored_block__descriptor, bytes_of(s->data, s->len), &c->arena, &pb, NULL) == CODE_OK &&
        pb->certificate != NULL)
        rc = take_decided(c, s->peer, pb_bytes(pb->block), pb->certificate, &taken, err);
    if (!taken) {
        sync_bad(&c->sync);
        c->fed = 0;
    }
    return rc;
}

static void ask(struct core *c, uint64_t now_ms) {
    struct sync_request asks[8];
    size_t k = sync_requests(&c->sync, now_ms, asks, 8);
    for (size_t i = 0; i < k; i++) {
        BlockRequest pb = BLOCK_REQUEST__INIT;
        struct bytes out;
        pb.from = asks[i].from;
        pb.count = asks[i].count;
        if (pb_encode(&pb, &c->arena, &out, NULL) == CODE_OK)
            c->host.send(c->host.ctx, asks[i].peer, WIRE_BLOCK_REQUEST, out);
    }
}

int catch_up_step(struct core *c, struct err *err) {
    int rc = feed(c, err);
    uint64_t now = core_now_ms(c);
    ask(c, now);
    uint64_t behind = sync_behind(&c->sync);
    c->behind = behind > 1 ? behind : 0;
    uint64_t next = sync_deadline(&c->sync, now);
    c->sync_due_ns = next == UINT64_MAX ? UINT64_MAX : core_in_ms(c, next > now ? next - now : 1);
    return rc;
}
