/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/check.h"

#include "chain/codec/pb.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

void check_point_of(const struct head *head, struct check_point *ret) {
    ret->height = head->height;
    ret->id = head->id;
    ret->set_hash = validator_set_hash(&head->info.validators);
    ret->last_n = head->last_validators.n;
    ret->set_known = true;
    ret->set = head->info.validators;
    memcpy(ret->keys, head->verifiers, head->info.validators.n * sizeof *ret->keys);
}

struct check *check_new(const struct hash *chain_tag, const struct check_point *point, uint64_t from) {
    assert(point->height + 1 == from);
    struct check *k = calloc(1, sizeof *k);
    if (k == NULL)
        return NULL;
    k->chain_tag = *chain_tag;
    k->point = *point;
    k->from = from;
    return k;
}

void check_free(struct check *k) {
    if (k == NULL)
        return;
    for (size_t i = 0; i < CHECK_BLOCKS_MAX; i++) {
        free(k->blocks[i].stored);
        block_unref(k->blocks[i].block);
        free(k->blocks[i].certificate);
    }
    free(k);
}

/* The set that the header before announced: known, or the one that the block brings. */
static int take_set(struct check_point *p, const StoredBlock *stored, struct err *err) {
    if (p->set_known)
        return CODE_OK;
    if (stored->validators == NULL)
        return err_set(err, CODE_MALFORMED, "it comes without its validators");
    int rc = validator_set_from_pb(stored->validators, &p->set, err);
    if (rc != CODE_OK)
        return rc;
    struct hash h = validator_set_hash(&p->set);
    if (!hash_eq(&h, &p->set_hash))
        return err_set(err, CODE_UNTRUSTED, "its validators are not those that the block before announced");
    for (uint16_t i = 0; rc == CODE_OK && i < p->set.n; i++)
        rc = verifier_init(&p->keys[i], &p->set.at[i].key, err);
    p->set_known = rc == CODE_OK;
    return rc;
}

static int check_certificate(const struct check *k, const struct header *h, const Certificate *pb,
                             struct certificate *ret, struct err *err) {
    const struct check_point *p = &k->point;
    if (h->height != p->height + 1 || !hash_eq(&h->previous_id, &p->id))
        return err_set(err, CODE_UNTRUSTED, "it does not follow the block before");
    if (!hash_eq(&h->validators_hash, &p->set_hash))
        return err_set(err, CODE_UNTRUSTED, "it names other validators than the block before announced");
    int rc = certificate_from_pb(pb, p->set.n, ret, err);
    if (rc != CODE_OK)
        return rc;
    if (ret->kind != CERTIFICATE_COMMIT || ret->height != h->height || !hash_eq(&ret->value, &h->id))
        return err_set(err, CODE_UNTRUSTED, "its certificate is for something else");
    if (!validator_set_quorum(&p->set, certificate_power(ret, &p->set)))
        return err_set(err, CODE_UNTRUSTED, "signers with two thirds of the power or less");
    return certificate_check_signatures(ret, &k->chain_tag, &p->set, p->keys, err);
}

static int check_signatures(const struct block *b, struct verify *verify, struct err *err) {
    bool *good = malloc(b->txs_n + 1);
    if (good == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory to check a block");
    size_t right = verify_txs(verify, b->tx_list, b->txs_n, good);
    free(good);
    return right == b->txs_n
               ? CODE_OK
               : err_set(err, CODE_BAD_SIGNATURE, "%zu of its transactions are not signed", b->txs_n - right);
}

int check_trusted(const struct check_trust *t, const struct header *h, bool *ret_covered, struct err *err) {
    *ret_covered = h->height <= t->height;
    if (h->height != t->height || hash_eq(&h->id, &t->id))
        return CODE_OK;
    return err_set(err, CODE_UNTRUSTED,
                   "more than two thirds decided the header %.16s..., and block_sync.trust_id names another; ask again "
                   "whom you have it from, and begin with an empty data directory",
                   hash_hex(&h->id).s);
}

static void advance(struct check_point *p, const struct header *h) {
    p->height = h->height;
    p->id = h->id;
    p->last_n = p->set.n;
    p->set_known = hash_eq(&h->next_validators_hash, &p->set_hash);
    p->set_hash = h->next_validators_hash;
}

static int check_one(struct check *k, struct check_block *cb, struct arena *arena, struct verify *verify) {
    struct err *err = &k->why;
    StoredBlock *stored = NULL;
    struct block *b = NULL;
    struct certificate *cert = malloc(sizeof *cert);
    if (cert == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a certificate");
    cb->certificate = cert;
    int rc = pb_decode(&stored_block__descriptor, bytes_of(cb->stored, cb->len), arena, &stored, err);
    if (rc == CODE_OK && stored->certificate == NULL)
        rc = err_set(err, CODE_MALFORMED, "it comes without its certificate");
    if (rc == CODE_OK)
        rc = block_new(pb_bytes(stored->block), &k->chain_tag, &b, err);
    cb->block = b;
    if (rc == CODE_OK)
        rc = take_set(&k->point, stored, err);
    if (rc == CODE_OK)
        rc = check_certificate(k, &b->header, stored->certificate, cert, err);
    if (rc == CODE_OK)
        rc = block_bind(b, k->point.last_n, err);
    if (rc != CODE_OK)
        return rc;
    k->certified = true;
    bool covered;
    rc = block_open(b, k->point.last_n, err);
    if (rc == CODE_OK)
        rc = check_trusted(&k->trust, &b->header, &covered, err);
    if (rc == CODE_OK && !covered)
        rc = check_signatures(b, verify, err);
    if (rc == CODE_OK)
        advance(&k->point, &b->header);
    return rc;
}

void check_run(struct check *k, struct verify *verify) {
    struct arena arena;
    arena_init(&arena, 64 << 20);
    while (k->failed == CODE_OK && k->good < k->count) {
        struct check_block *cb = &k->blocks[k->good];
        k->certified = false;
        k->failed = check_one(k, cb, &arena, verify);
        arena_reset(&arena);
        if (k->failed == CODE_OK) {
            free(cb->stored);
            cb->stored = NULL;
            k->good++;
            continue;
        }
        err_wrap(&k->why, k->failed, "block %" PRIu64, k->from + k->good);
        if (k->certified)
            break;
        block_unref(cb->block);
        free(cb->certificate);
        cb->block = NULL;
        cb->certificate = NULL;
    }
    arena_release(&arena);
}
