/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/certificate.h"
#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/crypto/key.h"

#include <assert.h>

/* Digests are equal for all votes of one value, and a certificate has few values: remember the last. */
static const struct hash *digest_of(const struct certificate *cert, uint16_t i, const struct hash *chain_tag,
                                    struct hash *digest) {
    const struct vote *vote = &cert->votes[i], *before = i > 0 ? &cert->votes[i - 1] : NULL;
    bool same = before && before->type == vote->type && before->round == vote->round &&
                before->height == vote->height && hash_eq(&before->value, &vote->value);
    if (!same)
        *digest = vote_digest(chain_tag, vote);
    return digest;
}

int certificate_check_unknown(const struct certificate *cert, const struct hash *chain_tag,
                              const struct validator_set *set, const struct verifier *verifiers,
                              bool (*known)(const void *arg, const struct vote *vote), const void *arg,
                              struct err *err) {
    if (!certificate_well_formed(cert, set->n))
        return err_set(err, CODE_MALFORMED, "the certificate for height %llu is malformed",
                       (unsigned long long)cert->height);
    struct hash digest;
    for (uint16_t i = 0; i < cert->n; i++) {
        const struct vote *vote = &cert->votes[i];
        const struct hash *signed_digest = digest_of(cert, i, chain_tag, &digest);
        bool good = (known && known(arg, vote)) ||
                    (verifiers ? verifier_check(&verifiers[vote->validator], signed_digest, &vote->sig)
                               : key_verify(&set->at[vote->validator].key, signed_digest, &vote->sig));
        if (!good)
            return err_set(err, CODE_BAD_SIGNATURE,
                           "in the certificate for height %llu the signature of validator %u does not verify",
                           (unsigned long long)cert->height, vote->validator);
    }
    return CODE_OK;
}

int certificate_check_signatures(const struct certificate *cert, const struct hash *chain_tag,
                                 const struct validator_set *set, const struct verifier *verifiers, struct err *err) {
    return certificate_check_unknown(cert, chain_tag, set, verifiers, NULL, NULL, err);
}

uint64_t certificate_power(const struct certificate *cert, const struct validator_set *set) {
    uint64_t power = 0;
    for (uint16_t i = 0; i < cert->n; i++)
        power += set->at[cert->votes[i].validator].power;
    return power;
}

uint64_t certificate_overlap(const struct certificate *cert, const struct validator_set *set,
                             const struct validator_set *trusted) {
    uint64_t power = 0;
    for (uint16_t i = 0; i < cert->n; i++) {
        const struct validator *signer = &set->at[cert->votes[i].validator];
        uint16_t known = validator_set_find(trusted, &signer->addr);
        if (known != VALIDATOR_NONE && pubkey_eq(&trusted->at[known].key, &signer->key))
            power += trusted->at[known].power;
    }
    return power;
}

static bool has_vote(const void *arg, const struct vote *vote) {
    const struct certificate *cert = arg;
    for (uint16_t i = 0; i < cert->n; i++)
        if (cert->votes[i].validator == vote->validator)
            return sig_eq(&cert->votes[i].sig, &vote->sig);
    return false;
}

int certificate_verify_beside(const struct certificate *cert, const struct certificate *known,
                              const struct hash *chain_tag, const struct validator_set *set, struct err *err) {
    if (cert->kind == CERTIFICATE_ROUND || !certificate_well_formed(cert, set->n))
        return err_set(err, CODE_MALFORMED, "the certificate for height %llu is malformed",
                       (unsigned long long)cert->height);
    uint64_t power = certificate_power(cert, set);
    if (!validator_set_quorum(set, power))
        return err_set(
            err, CODE_UNTRUSTED, "height %llu is signed by a power of %llu of %llu, which is not more than 2/3",
            (unsigned long long)cert->height, (unsigned long long)power, (unsigned long long)validator_set_power(set));
    bool same = known && known->kind == cert->kind && known->height == cert->height && known->round == cert->round &&
                hash_eq(&known->value, &cert->value);
    return certificate_check_unknown(cert, chain_tag, set, NULL, same ? has_vote : NULL, known, err);
}

int certificate_verify(const struct certificate *cert, const struct hash *chain_tag, const struct validator_set *set,
                       struct err *err) {
    return certificate_verify_beside(cert, NULL, chain_tag, set, err);
}

struct hash certificate_hash(const struct certificate *cert) {
    if (!cert)
        return (struct hash){{0}};
    assert(cert->kind == CERTIFICATE_POLKA || cert->kind == CERTIFICATE_COMMIT);
    struct hasher hasher;
    uint8_t be[2];
    hasher_init(&hasher, DOMAIN_CERT);
    hasher_add(&hasher, &cert->kind, 1);
    hasher_add_u64(&hasher, cert->height);
    hasher_add_u32(&hasher, cert->round);
    hasher_add(&hasher, cert->value.b, sizeof cert->value.b);
    store_be16(be, cert->n);
    hasher_add(&hasher, be, sizeof be);
    for (uint16_t i = 0; i < cert->n; i++) {
        store_be16(be, cert->votes[i].validator);
        hasher_add(&hasher, be, sizeof be);
        hasher_add(&hasher, cert->votes[i].sig.b, sizeof cert->votes[i].sig.b);
    }
    return hasher_done(&hasher);
}

int certificate_to_pb(const struct certificate *cert, uint16_t validators, struct arena *arena, Certificate **ret,
                      struct err *err) {
    assert(cert->kind != CERTIFICATE_ROUND && certificate_well_formed(cert, validators));
    size_t bitmap_len = (validators + 7u) / 8;
    Certificate *out = ARENA_NEW(arena, Certificate);
    uint8_t *bitmap = arena_alloc(arena, bitmap_len);
    uint8_t *value = arena_dup(arena, cert->value.b, sizeof cert->value.b);
    ProtobufCBinaryData *signatures = arena_array(arena, cert->n, sizeof *signatures);
    if (!out || !bitmap || !value || !signatures)
        return err_set(err, CODE_NO_MEMORY, "no room for a certificate");
    for (uint16_t i = 0; i < cert->n; i++) {
        const struct vote *vote = &cert->votes[i];
        uint8_t *sig = arena_dup(arena, vote->sig.b, sizeof vote->sig.b);
        if (!sig)
            return err_set(err, CODE_NO_MEMORY, "no room for a certificate");
        bitmap[vote->validator / 8] |= (uint8_t)(1 << vote->validator % 8);
        signatures[i] = (ProtobufCBinaryData){sizeof vote->sig.b, sig};
    }
    certificate__init(out);
    out->type = cert->kind;
    out->height = cert->height;
    out->round = cert->round;
    out->value_id = (ProtobufCBinaryData){sizeof cert->value.b, value};
    out->signers = (ProtobufCBinaryData){bitmap_len, bitmap};
    out->n_signatures = cert->n;
    out->signatures = signatures;
    *ret = out;
    return CODE_OK;
}

static bool take_signer(const Certificate *in, uint16_t validator, struct certificate *cert) {
    if (cert->n == in->n_signatures || cert->n == VALIDATORS_MAX)
        return false;
    struct vote *vote = &cert->votes[cert->n];
    *vote = (struct vote){.height = cert->height,
                          .round = cert->round,
                          .validator = validator,
                          .type = cert->kind == CERTIFICATE_POLKA ? VOTE_PREVOTE : VOTE_PRECOMMIT,
                          .value = cert->value};
    return sig_from(pb_bytes(in->signatures[cert->n++]), &vote->sig);
}

int certificate_from_pb(const Certificate *in, uint16_t validators, struct certificate *ret, struct err *err) {
    struct certificate cert = {.height = in->height, .round = in->round, .kind = (uint8_t)in->type};
    bool fits = in->type >= CERTIFICATE_POLKA && in->type <= CERTIFICATE_COMMIT &&
                hash_from(pb_bytes(in->value_id), &cert.value) && in->signers.len == (validators + 7u) / 8;
    for (uint32_t i = 0; fits && i < 8 * in->signers.len; i++)
        if (in->signers.data[i / 8] >> i % 8 & 1)
            fits = i < validators && take_signer(in, (uint16_t)i, &cert);
    if (!fits || cert.n != in->n_signatures || !certificate_well_formed(&cert, validators))
        return err_set(err, CODE_MALFORMED, "the certificate for height %llu is malformed",
                       (unsigned long long)in->height);
    certificate_copy(ret, &cert);
    return CODE_OK;
}

int vote_from_pb(const Vote *in, struct vote *ret, struct err *err) {
    struct vote vote = {.height = in->height, .round = in->round, .type = (uint8_t)in->type};
    if ((in->type != VOTE_PREVOTE && in->type != VOTE_PRECOMMIT) || in->validator >= VALIDATORS_MAX ||
        !hash_from(pb_bytes(in->value_id), &vote.value) || !sig_from(pb_bytes(in->signature), &vote.sig))
        return err_set(err, CODE_MALFORMED, "a vote is malformed");
    vote.validator = (uint16_t)in->validator;
    *ret = vote;
    return CODE_OK;
}

int vote_to_pb(const struct vote *vote, struct arena *arena, Vote **ret, struct err *err) {
    Vote *out = ARENA_NEW(arena, Vote);
    uint8_t *value = arena_dup(arena, vote->value.b, sizeof vote->value.b);
    uint8_t *sig = arena_dup(arena, vote->sig.b, sizeof vote->sig.b);
    if (!out || !value || !sig)
        return err_set(err, CODE_NO_MEMORY, "no room for a vote");
    vote__init(out);
    out->type = vote->type;
    out->height = vote->height;
    out->round = vote->round;
    out->value_id = (ProtobufCBinaryData){sizeof vote->value.b, value};
    out->validator = vote->validator;
    out->signature = (ProtobufCBinaryData){sizeof vote->sig.b, sig};
    *ret = out;
    return CODE_OK;
}
