/* SPDX-License-Identifier: Apache-2.0 */
/* Decided blocks: what a peer sends because this node is behind, or because a body was asked for. */
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

int catch_up_feed(struct core *c, net_peer peer, struct block *b, const struct certificate *cert, struct err *err) {
    struct body *body = core_keep(c, b, BODY_HERE);
    bool waited = body != NULL && proposals_forget(c, &b->header.id);
    if (body != NULL && (waited || hash_eq(&c->needed, &b->header.id)))
        outputs_judge(c, body);
    return driver_when(c->driver, c->head->height + 1) == DRIVER_NOW ? driver_certificate(c->driver, peer, cert, err)
                                                                     : CODE_OK;
}

/* A body that was asked for, or a decided block with its certificate. */
static int take_decided(struct core *c, net_peer peer, struct bytes encoded, const Certificate *cert, struct err *err) {
    struct block *b = NULL;
    struct err why;
    int rc = open_decided(c, encoded, cert, &b, &why);
    if (rc != CODE_OK) {
        if (rc != CODE_STALE)
            inputs_misbehaved(c, peer, 50, "bad block", &why);
        return CODE_OK;
    }
    if (cert != NULL) {
        rc = catch_up_feed(c, peer, b, &c->cert, err);
    } else if (hash_eq(&c->needed, &b->header.id)) {
        struct body *body = core_keep(c, b, BODY_HERE);
        proposals_forget(c, &b->header.id);
        if (body != NULL)
            outputs_judge(c, body);
    }
    block_unref(b);
    return rc;
}

int catch_up_decided(struct core *c, net_peer peer, struct bytes payload, struct err *err) {
    DecidedBlock *pb = NULL;
    struct err why;
    if (pb_decode(&decided_block__descriptor, payload, &c->arena, &pb, &why) != CODE_OK)
        inputs_misbehaved(c, peer, 50, "malformed block", &why);
    else if (!c->deciding)
        return take_decided(c, peer, pb_bytes(pb->block), pb->certificate, err);
    return CODE_OK;
}
