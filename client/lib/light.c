/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/light.h"

#include "cairn/block.h"
#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/types/certificate.h"

int light_init(struct light *light, const Genesis *genesis, const struct hash *chain_tag, struct err *err) {
    struct light l = {.chain_tag = *chain_tag, .time = genesis->time};
    for (size_t i = 0; i < genesis->n_validators; i++) {
        struct pubkey key;
        if (!pubkey_from(bytes_of(genesis->validators[i]->pubkey.data, genesis->validators[i]->pubkey.len), &key))
            return err_set(err, CODE_INVALID_ARGUMENT, "validator %zu of the genesis has no public key", i);
        int rc = validator_set_add(&l.validators, &key, genesis->validators[i]->power, err);
        if (rc)
            return err_wrap(err, rc, "genesis");
    }
    if (!l.validators.n)
        return err_set(err, CODE_INVALID_ARGUMENT, "the genesis names no validators");
    l.next_hash = validator_set_hash(&l.validators);
    *light = l;
    return CODE_OK;
}

/* Whether the set that signed may sign: named by the trusted header, or vouched for by more than a third of it. */
static int judge_set(const struct light *light, const Header *header, const struct validator_set *signing,
                     const struct certificate *cert, uint64_t now_ms, struct err *err) {
    struct hash named = validator_set_hash(signing);
    if (!bytes_eq(hash_bytes(&named), bytes_of(header->validators_hash.data, header->validators_hash.len)))
        return err_set(err, CODE_UNTRUSTED, "header %llu names another validator set than the one it came with",
                       (unsigned long long)header->height);
    if (header->height == light->height + 1) {
        if (!hash_eq(&named, &light->next_hash))
            return err_set(err, CODE_UNTRUSTED, "header %llu is signed by another set than the one before it announced",
                           (unsigned long long)header->height);
        return CODE_OK;
    }
    struct hash trusted = validator_set_hash(&light->validators);
    if (light->height && hash_eq(&named, &trusted))
        return CODE_OK;
    if (header->height < light->height || header->height < 1)
        return err_set(err, CODE_STALE, "header %llu is older than the trusted one (%llu) and of another validator set",
                       (unsigned long long)header->height, (unsigned long long)light->height);
    if (now_ms > light->time && now_ms - light->time > LIGHT_TRUST_PERIOD_MS)
        return err_set(
            err, CODE_EXPIRED,
            "the last trusted header (%llu) is older than the trust period: get a newer one from somebody you trust",
            (unsigned long long)light->height);
    if (!validator_set_third(&light->validators, certificate_overlap(cert, signing, &light->validators)))
        return err_set(err, CODE_UNTRUSTED, "too few validators that are trusted at height %llu signed header %llu",
                       (unsigned long long)light->height, (unsigned long long)header->height);
    return CODE_OK;
}

/* A commit of exactly this header by more than two thirds of the set. */
static int judge_commit(const struct certificate *cert, const Header *header, const struct hash *id,
                        const struct light *light, const struct validator_set *signing, struct err *err) {
    if (cert->kind != CERTIFICATE_COMMIT || cert->height != header->height || !hash_eq(&cert->value, id))
        return err_set(err, CODE_UNTRUSTED, "the certificate beside header %llu is not for it",
                       (unsigned long long)header->height);
    return certificate_verify(cert, &light->chain_tag, signing, err);
}

static int fill_header(const Header *in, const struct hash *id, struct light_header *ret, struct err *err) {
    struct light_header h = {.height = in->height, .time = in->time, .id = *id, .txs_count = in->txs_count};
    bool whole = hash_from(bytes_of(in->app_hash.data, in->app_hash.len), &h.app_hash) &&
                 hash_from(bytes_of(in->txs_root.data, in->txs_root.len), &h.txs_root) &&
                 hash_from(bytes_of(in->results_hash.data, in->results_hash.len), &h.results_hash) &&
                 addr_from(bytes_of(in->proposer.data, in->proposer.len), &h.proposer);
    if (in->previous_id.len)
        whole = whole && hash_from(bytes_of(in->previous_id.data, in->previous_id.len), &h.previous_id);
    if (!whole)
        return err_set(err, CODE_MALFORMED, "header %llu is not complete", (unsigned long long)in->height);
    *ret = h;
    return CODE_OK;
}

int light_update(struct light *light, const SignedHeader *in, uint64_t now_ms, struct arena *arena,
                 struct light_header *ret, struct err *err) {
    Header *header;
    struct light_header seen;
    struct validator_set signing;
    struct certificate cert;
    struct hash next_hash;
    struct bytes encoded = bytes_of(in->header.data, in->header.len);
    int rc = pb_decode(&header__descriptor, encoded, arena, &header, err);
    if (rc)
        return err_wrap(err, rc, "header");
    if (!in->certificate || !in->validators)
        return err_set(err, CODE_MALFORMED, "the header came without certificate or validators");
    if (!bytes_eq(bytes_of(header->chain_tag.data, header->chain_tag.len), hash_bytes(&light->chain_tag)))
        return err_set(err, CODE_CHAIN_MISMATCH, "the node is on another chain than the genesis file");
    struct hash id = hash_of(DOMAIN_HEADER, encoded);
    if (header->height == light->height && !hash_eq(&id, &light->header_id))
        return err_set(err, CODE_UNTRUSTED, "two headers were signed for height %llu: the ledger has forked",
                       (unsigned long long)header->height);
    rc = validator_set_from_pb(in->validators, &signing, err);
    if (!rc)
        rc = certificate_from_pb(in->certificate, signing.n, &cert, err);
    if (!rc)
        rc = fill_header(header, &id, &seen, err);
    if (rc)
        return rc;
    if (!hash_from(bytes_of(header->next_validators_hash.data, header->next_validators_hash.len), &next_hash))
        return err_set(err, CODE_MALFORMED, "header %llu is not complete", (unsigned long long)header->height);
    rc = judge_set(light, header, &signing, &cert, now_ms, err);
    if (!rc)
        rc = judge_commit(&cert, header, &id, light, &signing, err);
    if (rc)
        return rc;
    if (header->height > light->height) {
        light->height = header->height;
        light->time = header->time;
        light->header_id = id;
        light->app_hash = seen.app_hash;
        light->validators = signing;
        light->next_hash = next_hash;
    }
    if (ret)
        *ret = seen;
    return CODE_OK;
}
