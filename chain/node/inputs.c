/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of peers: form, signature against the set of their height, then the driver. */
#include "chain/node/core_rooms.h"

#include "chain/codec/pb.h"
#include "chain/node/twin.h"
#include "chain/os/crash.h"

#include <inttypes.h>
#include <stdio.h>

void inputs_misbehaved(struct core *c, net_peer peer, unsigned points, const char *what, const struct err *err) {
    char why[ERR_MSG_MAX + 80];
    snprintf(why, sizeof why, "%s: %s", what, err_text(err));
    c->host.report(c->host.ctx, peer, points, why);
}

const struct validator_set *inputs_set_at(const struct core *c, uint64_t height, const struct verifier **ret_keys) {
    switch (driver_when(c->driver, height)) {
    case DRIVER_NOW:
        *ret_keys = c->head->verifiers;
        return &c->head->info.validators;
    case DRIVER_NEXT:
        *ret_keys = c->head->next_verifiers;
        return &c->head->info.next_validators;
    case DRIVER_PAST:
    case DRIVER_FUTURE:
        break;
    }
    return NULL;
}

int inputs_own_elsewhere(const struct core *c, const struct validator_set *set, uint16_t validator, uint64_t height,
                         uint32_t round, enum signer_step step, struct err *err) {
    if (!c->alone || set == NULL || !addr_eq(&set->at[validator].addr, &c->self))
        return CODE_OK;
    return twin_check(&c->signer->last, height, round, step, err);
}

static int on_vote(struct core *c, net_peer peer, struct bytes payload, struct err *err) {
    struct vote v;
    struct err why;
    int rc = wire_vote_decode(payload, &c->arena, &v, &why);
    if (rc != CODE_OK) {
        inputs_misbehaved(c, peer, 50, "malformed vote", &why);
        return CODE_OK;
    }
    const struct verifier *keys = NULL;
    const struct validator_set *set = inputs_set_at(c, v.height, &keys);
    if (driver_when(c->driver, v.height) == DRIVER_PAST) {
        late_vote(c, peer, &v);
        return CODE_OK;
    }
    if (set != NULL && bft_has_vote(c->bft, &v))
        return CODE_OK;
    if (set != NULL) {
        struct hash digest = vote_digest(&c->chain_tag, &v);
        if (v.validator >= set->n || !verifier_check(&keys[v.validator], &digest, &v.sig)) {
            err_set(&why, CODE_BAD_SIGNATURE, "height %" PRIu64 " validator %u", v.height, v.validator);
            inputs_misbehaved(c, peer, 50, "forged vote", &why);
            return CODE_OK;
        }
    }
    rc = inputs_own_elsewhere(c, set, v.validator, v.height, v.round, (enum signer_step)v.type, err);
    return rc == CODE_OK ? driver_vote(c->driver, peer, &v, err) : rc;
}

static bool counted(const void *arg, const struct vote *vote) {
    return bft_has_vote(arg, vote);
}

static int on_certificate(struct core *c, net_peer peer, struct bytes payload, struct err *err) {
    struct err why;
    uint16_t set_n = c->head->info.validators.n;
    int rc = wire_certificate_decode(payload, set_n, &c->arena, &c->cert, &why);
    if (rc != CODE_OK) /* of another height's set, perhaps: no reproach */
        return CODE_OK;
    if (driver_when(c->driver, c->cert.height) == DRIVER_NOW) {
        rc = certificate_check_unknown(&c->cert, &c->chain_tag, &c->head->info.validators, c->head->verifiers, counted,
                                       c->bft, &why);
        if (rc != CODE_OK) {
            inputs_misbehaved(c, peer, 50, "forged certificate", &why);
            return CODE_OK;
        }
    }
    return driver_certificate(c->driver, peer, &c->cert, err);
}

static void on_body_request(struct core *c, net_peer peer, struct bytes payload) {
    BodyRequest *pb = NULL;
    struct err why;
    struct hash id;
    int rc = pb_decode(&body_request__descriptor, payload, &c->arena, &pb, &why);
    if (rc == CODE_OK && !hash_from(pb_bytes(pb->value_id), &id))
        rc = err_set(&why, CODE_MALFORMED, "BodyRequest.value_id is missing");
    if (rc != CODE_OK) {
        inputs_misbehaved(c, peer, 50, "malformed request", &why);
        return;
    }
    const struct body *b = bodies_find(&c->bodies, &id);
    if (b == NULL) {
        if (pb->height <= c->head->height)
            outputs_laggard(c, peer, pb->height);
        return;
    }
    DecidedBlock out = DECIDED_BLOCK__INIT;
    struct bytes bytes;
    out.block = pb_data(b->block->encoded);
    if (core_allows(c, peer, b->block->encoded.len) && pb_encode(&out, &c->arena, &bytes, NULL) == CODE_OK)
        c->host.send(c->host.ctx, peer, WIRE_DECIDED, bytes);
}

static int on_status(struct core *c, net_peer peer, struct bytes payload, struct err *err) {
    PeerStatus *pb = NULL;
    struct err why;
    if (pb_decode(&peer_status__descriptor, payload, &c->arena, &pb, &why) != CODE_OK) {
        inputs_misbehaved(c, peer, 50, "malformed status", &why);
        return CODE_OK;
    }
    struct core_peer *p = core_peer(c, peer);
    if (p != NULL)
        p->height = pb->height;
    sync_claim(&c->sync.plan, peer, pb->height, pb->earliest);
    if (c->sync.active)
        return CODE_OK;
    return driver_status(c->driver, peer, pb->height, pb->round, err);
}

/* While consensus rests a vote only says how far its sender is. */
static void resting_vote(struct core *c, net_peer peer, struct bytes payload) {
    struct vote v;
    if (wire_vote_decode(payload, &c->arena, &v, NULL) == CODE_OK)
        sync_claim(&c->sync.plan, peer, v.height, 0);
}

static int message(struct core *c, net_peer peer, uint8_t wire_kind, struct bytes payload, struct err *err) {
    if (c->sync.active && wire_kind != WIRE_STATUS && wire_kind != WIRE_BLOCK_BATCH) {
        if (wire_kind == WIRE_VOTE)
            resting_vote(c, peer, payload);
        return CODE_OK;
    }
    switch (wire_kind) {
    case WIRE_VOTE:
        return on_vote(c, peer, payload, err);
    case WIRE_CERTIFICATE:
        return on_certificate(c, peer, payload, err);
    case WIRE_PROPOSAL:
        return proposals_take(c, peer, payload, err);
    case WIRE_DECIDED:
        return catch_up_decided(c, peer, payload, err);
    case WIRE_BODY_REQUEST:
        on_body_request(c, peer, payload);
        return CODE_OK;
    case WIRE_TX_REQUEST:
        proposals_request(c, peer, payload);
        return CODE_OK;
    case WIRE_TX_REPLY:
        proposals_reply(c, peer, payload);
        return CODE_OK;
    case WIRE_STATUS:
        return on_status(c, peer, payload, err);
    case WIRE_SUMMARY:
        return relay_take(c, peer, payload, err);
    case WIRE_BLOCK_BATCH:
        return block_sync_batch(c, peer, payload, err);
    default:
        return CODE_OK;
    }
}

int core_message(struct core *c, net_peer peer, uint8_t wire_kind, struct bytes payload, struct err *err) {
    crash_point(CRASH_CORE_MESSAGE);
    int rc = c->halted ? CODE_OK : message(c, peer, wire_kind, payload, err);
    arena_reset(&c->arena);
    return rc;
}
