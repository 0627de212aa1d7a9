/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/light.h"

#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"

#include <assert.h>
#include <inttypes.h>

const struct light_rules light_rules_default = {LIGHT_TRUST_PERIOD_MS, LIGHT_DRIFT_MS};

/* --- points of trust ---------------------------------------------------------------------------------------------- */

int light_trust_genesis(const Genesis *genesis, const struct hash *chain_tag, struct light_trust *ret,
                        struct err *err) {
    struct light_trust trust = {.chain_tag = *chain_tag, .time = genesis->time};
    for (size_t i = 0; i < genesis->n_validators; i++) {
        struct pubkey key;
        if (!pubkey_from(pb_bytes(genesis->validators[i]->pubkey), &key))
            return err_set(err, CODE_INVALID_ARGUMENT, "validator %zu of the genesis has no public key", i);
        if (validator_set_add(&trust.validators, &key, genesis->validators[i]->power, err) != CODE_OK)
            return err_wrap(err, CODE_INVALID_ARGUMENT, "validator %zu of the genesis", i);
    }
    if (trust.validators.n == 0)
        return err_set(err, CODE_INVALID_ARGUMENT, "the genesis names no validators");
    trust.next_hash = validator_set_hash(&trust.validators);
    *ret = trust;
    return CODE_OK;
}

void light_trust_advance(struct light_trust *trust, const struct light_block *block) {
    trust->height = block->header.height;
    trust->time = block->header.time;
    trust->id = block->header.id;
    trust->app_hash = block->header.app_hash;
    trust->validators = block->validators;
    trust->next_hash = block->header.next_validators_hash;
}

int light_trust_named(const struct light_block *block, uint64_t height, const struct hash *id,
                      const struct hash *chain_tag, struct light_trust *ret, struct err *err) {
    if (block->header.height != height || !hash_eq(&block->header.id, id))
        return err_set(err, CODE_UNTRUSTED,
                       "the header of height %" PRIu64
                       " is not the one whose id was named as trusted for height %" PRIu64,
                       block->header.height, height);
    int rc = light_block_decided(block, chain_tag, err);
    if (rc != CODE_OK)
        return rc;
    *ret = (struct light_trust){.chain_tag = *chain_tag};
    light_trust_advance(ret, block);
    return CODE_OK;
}

bool light_expired(const struct light_trust *trust, const struct light_rules *rules, uint64_t now_ms) {
    return now_ms > trust->time && now_ms - trust->time >= rules->trust_period_ms;
}

/* --- blocks from outside ------------------------------------------------------------------------------------------ */

static int check_set(const ValidatorSet *in, const struct hash *named, const char *which, uint64_t height,
                     struct validator_set *ret, struct err *err) {
    int rc = validator_set_from_pb(in, ret, err);
    if (rc != CODE_OK)
        return err_wrap(err, rc, "%s of height %" PRIu64, which, height);
    struct hash hash = validator_set_hash(ret);
    if (!hash_eq(&hash, named))
        return err_set(err, CODE_INTEGRITY, "%s that came with header %" PRIu64 " are not those that the header names",
                       which, height);
    return CODE_OK;
}

static int check_certificate(const Certificate *in, const struct header *header, uint16_t validators,
                             struct certificate *ret, struct err *err) {
    int rc = certificate_from_pb(in, validators, ret, err);
    if (rc != CODE_OK)
        return rc;
    if (ret->kind != CERTIFICATE_COMMIT || ret->height != header->height || !hash_eq(&ret->value, &header->id))
        return err_set(err, CODE_UNTRUSTED, "the certificate beside header %" PRIu64 " does not decide it",
                       header->height);
    return CODE_OK;
}

int light_block_from_parts(struct bytes header, const Certificate *certificate, const ValidatorSet *validators,
                           const ValidatorSet *next, const struct hash *chain_tag, struct arena *arena,
                           struct light_block *ret, struct err *err) {
    struct light_block block;
    struct validator_set announced;
    int rc = header_parse(header, chain_tag, arena, &block.header, err);
    if (rc != CODE_OK)
        return rc;
    if (certificate == NULL || validators == NULL)
        return err_set(err, CODE_MALFORMED, "header %" PRIu64 " came without certificate or validators",
                       block.header.height);
    rc = check_set(validators, &block.header.validators_hash, "the validators", block.header.height, &block.validators,
                   err);
    if (rc == CODE_OK && next != NULL)
        rc = check_set(next, &block.header.next_validators_hash, "the next validators", block.header.height, &announced,
                       err);
    if (rc == CODE_OK)
        rc = check_certificate(certificate, &block.header, block.validators.n, &block.certificate, err);
    if (rc != CODE_OK)
        return rc;
    ret->header = block.header;
    ret->validators = block.validators;
    certificate_copy(&ret->certificate, &block.certificate);
    return CODE_OK;
}

int light_block_from_pb(const SignedHeader *in, const struct hash *chain_tag, struct arena *arena,
                        struct light_block *ret, struct err *err) {
    return light_block_from_parts(pb_bytes(in->header), in->certificate, in->validators, in->next_validators, chain_tag,
                                  arena, ret, err);
}

/* --- judging one block -------------------------------------------------------------------------------------------- */

int light_block_decided(const struct light_block *block, const struct hash *chain_tag, struct err *err) {
    return certificate_verify(&block->certificate, chain_tag, &block->validators, err);
}

static int judge_adjacent(const struct light_trust *trust, const struct light_block *block, struct err *err) {
    if (!hash_eq(&block->header.validators_hash, &trust->next_hash))
        return err_set(err, CODE_UNTRUSTED,
                       "header %" PRIu64 " is signed by another set of validators than the header before it announced",
                       block->header.height);
    int rc = light_block_decided(block, &trust->chain_tag, err);
    if (rc != CODE_OK)
        return rc;
    if (trust->height > 0 && !hash_eq(&block->header.previous_id, &trust->id))
        return err_set(err, CODE_FORK,
                       "header %" PRIu64 " is signed and does not follow the trusted header %" PRIu64
                       ": the ledger has forked",
                       block->header.height, trust->height);
    return CODE_OK;
}

static int judge_skipping(const struct light_trust *trust, const struct light_block *block, struct err *err) {
    uint64_t power = certificate_overlap(&block->certificate, &block->validators, &trust->validators);
    if (!validator_set_third(&trust->validators, power))
        return err_set(err, CODE_OVERLAP,
                       "of the validators of height %" PRIu64 ", a power of %" PRIu64 " of %" PRIu64
                       " signed header %" PRIu64 ", which is not more than a third: verify a header between",
                       trust->height, power, validator_set_power(&trust->validators), block->header.height);
    return light_block_decided(block, &trust->chain_tag, err);
}

/* A second look at the trusted height: the same header, or a fork. */
static int judge_same(const struct light_trust *trust, const struct light_block *block, struct err *err) {
    if (hash_eq(&block->header.id, &trust->id))
        return CODE_OK;
    uint64_t power = certificate_overlap(&block->certificate, &block->validators, &trust->validators);
    if (!validator_set_third(&trust->validators, power))
        return err_set(err, CODE_UNTRUSTED, "this is not the trusted header of height %" PRIu64, trust->height);
    int rc = light_block_decided(block, &trust->chain_tag, err);
    return rc != CODE_OK
               ? rc
               : err_set(err, CODE_FORK, "two headers are signed for height %" PRIu64 ": the ledger has forked",
                         trust->height);
}

static int judge_older(const struct light_trust *trust, const struct light_block *block, struct err *err) {
    struct hash ours = validator_set_hash(&trust->validators);
    if (!hash_eq(&block->header.validators_hash, &ours))
        return err_set(err, CODE_STALE,
                       "header %" PRIu64 " is older than the trusted one (%" PRIu64
                       ") and of another set of validators",
                       block->header.height, trust->height);
    return light_block_decided(block, &trust->chain_tag, err);
}

static int judge_time(const struct light_trust *trust, const struct light_block *block, const struct light_rules *rules,
                      uint64_t now_ms, struct err *err) {
    const struct header *header = &block->header;
    if (light_expired(trust, rules, now_ms))
        return err_set(
            err, CODE_EXPIRED,
            "what is trusted (height %" PRIu64 ") is older than the trust period of %" PRIu64
            " hours: get height and id of a newer header from somebody you trust, and name them with --trust",
            trust->height, rules->trust_period_ms / 3600000);
    if (header->time > now_ms && header->time - now_ms > rules->drift_ms)
        return err_set(err, CODE_FUTURE,
                       "header %" PRIu64 " lies %" PRIu64
                       " ms in the future: set this machine's clock, or it is forged",
                       header->height, header->time - now_ms);
    bool later = header->height > trust->height, older = header->height < trust->height;
    if ((later && header->time <= trust->time) || (older && header->time >= trust->time))
        return err_set(err, CODE_BLOCK_TIME,
                       "the times of header %" PRIu64 " and of the trusted one (%" PRIu64 ") are not in order",
                       header->height, trust->height);
    return CODE_OK;
}

int light_verify(const struct light_trust *trust, const struct light_block *block, const struct light_rules *rules,
                 uint64_t now_ms, struct err *err) {
    const struct header *header = &block->header;
    if (!bytes_eq(pb_bytes(header->pb->chain_tag), hash_bytes(&trust->chain_tag)))
        return err_set(err, CODE_CHAIN_MISMATCH, "header %" PRIu64 " belongs to another chain", header->height);
    int rc = judge_time(trust, block, rules, now_ms, err);
    if (rc != CODE_OK)
        return rc;
    if (header->height == trust->height)
        return judge_same(trust, block, err);
    if (header->height < trust->height)
        return judge_older(trust, block, err);
    return header->height - trust->height == 1 ? judge_adjacent(trust, block, err) : judge_skipping(trust, block, err);
}

/* --- from a point to a height, by bisection ----------------------------------------------------------------------- */

int light_walk_begin(struct light_walk *walk, const struct light_trust *trust, uint64_t target,
                     const struct light_rules *rules, uint32_t fetch_max, struct err *err) {
    if (target < trust->height)
        return err_set(err, CODE_INVALID_ARGUMENT, "height %" PRIu64 " lies before the trusted one, %" PRIu64, target,
                       trust->height);
    walk->trust = *trust;
    walk->rules = *rules;
    walk->target = target;
    walk->wants = target == trust->height ? 0 : target;
    walk->fetched = 0;
    walk->fetch_max = fetch_max ? fetch_max : LIGHT_FETCH_MAX;
    walk->pending_count = 0;
    return CODE_OK;
}

uint64_t light_walk_wants(const struct light_walk *walk) {
    return walk->wants;
}

/* Believes what can be believed now, lowest first; then says what is missing. */
static int walk_on(struct light_walk *walk, uint64_t now_ms, const struct light_step *step, struct err *err) {
    while (walk->pending_count > 0) {
        const struct light_block *lowest = walk->pending[walk->pending_count - 1];
        int rc = light_verify(&walk->trust, lowest, &walk->rules, now_ms, err);
        if (rc == CODE_OVERLAP) {
            walk->wants = walk->trust.height + (lowest->header.height - walk->trust.height) / 2;
            return CODE_OK;
        }
        if (rc != CODE_OK) {
            walk->wants = lowest->header.height;
            walk->pending_count--;
            return rc;
        }
        light_trust_advance(&walk->trust, lowest);
        walk->pending_count--;
        if (step != NULL && step->on_step != NULL)
            step->on_step(step->ctx, lowest);
    }
    walk->wants = 0;
    return CODE_OK;
}

int light_walk_give(struct light_walk *walk, const struct light_block *block, uint64_t now_ms,
                    const struct light_step *step, struct err *err) {
    if (walk->wants == 0 || block->header.height != walk->wants)
        return err_set(err, CODE_MALFORMED, "header %" PRIu64 " came where %" PRIu64 " was asked for",
                       block->header.height, walk->wants);
    if (walk->fetched == walk->fetch_max)
        return err_set(err, CODE_LIMIT,
                       "%" PRIu32 " headers did not lead from height %" PRIu64 " to %" PRIu64
                       ": the validators have changed too often since; trust a newer header",
                       walk->fetched, walk->trust.height, walk->target);
    assert(walk->pending_count < LIGHT_PENDING_MAX); /* each halves the way to the one before */
    walk->fetched++;
    walk->pending[walk->pending_count++] = block;
    return walk_on(walk, now_ms, step, err);
}
