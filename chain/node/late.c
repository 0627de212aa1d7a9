/* SPDX-License-Identifier: Apache-2.0 */
/* Precommits that come when their block is decided already. The certificate that decided it holds no more than a
 * quorum; the one that the next block carries says who was there, so it is worth having all of them. */
#include "chain/node/core_rooms.h"

#include <inttypes.h>

void late_begin(struct core *c, const struct certificate *cert) {
    certificate_copy(&c->late, cert);
}

void late_committed(struct core *c) {
    const struct certificate *cert = &c->head->certificate;
    if (c->late.n == 0 || c->late.height != cert->height || c->late.round != cert->round ||
        !hash_eq(&c->late.value, &cert->value))
        certificate_copy(&c->late, cert);
}

/* The set that signed the block, and its keys, parsed: it is being committed, or it is the newest. */
static const struct validator_set *set_of(const struct core *c, const struct verifier **ret_keys) {
    if (c->late.height == c->head->height + 1) {
        *ret_keys = c->head->verifiers;
        return &c->head->info.validators;
    }
    *ret_keys = c->head->last_verifiers;
    return c->late.height == c->head->height ? &c->head->last_validators : NULL;
}

/* Where it belongs; VALIDATORS_MAX: it is there, or it is for something else. */
static uint16_t place_of(const struct certificate *cert, const struct vote *v) {
    uint16_t at = 0;
    if (v->type != VOTE_PRECOMMIT || v->height != cert->height || v->round != cert->round ||
        !hash_eq(&v->value, &cert->value))
        return VALIDATORS_MAX;
    while (at < cert->n && cert->votes[at].validator < v->validator)
        at++;
    return at < cert->n && cert->votes[at].validator == v->validator ? VALIDATORS_MAX : at;
}

void late_vote(struct core *c, net_peer peer, const struct vote *v) {
    struct certificate *cert = &c->late;
    const struct verifier *keys = NULL;
    const struct validator_set *set = set_of(c, &keys);
    uint16_t at = cert->n > 0 ? place_of(cert, v) : VALIDATORS_MAX;
    struct err why;
    if (at == VALIDATORS_MAX || set == NULL)
        return;
    struct hash digest = vote_digest(&c->chain_tag, v);
    if (v->validator >= set->n || !verifier_check(&keys[v->validator], &digest,
                                                  &v->sig)) { /* it is not needed, but costs as much as one that is */
        err_set(&why, CODE_BAD_SIGNATURE, "height %" PRIu64 " validator %u, behind the decision", v->height,
                v->validator);
        inputs_misbehaved(c, peer, 50, "forged vote", &why);
        return;
    }
    memmove(&cert->votes[at + 1], &cert->votes[at], (size_t)(cert->n - at) * sizeof *cert->votes);
    cert->votes[at] = *v;
    cert->n++;
}
