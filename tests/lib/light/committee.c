/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/light/committee.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/crypto/hash.h"

#include <assert.h>
#include <stdlib.h>

static void must(int rc) {
    if (rc != CODE_OK)
        abort();
}

struct seckey committee_key(uint16_t number) {
    uint8_t raw[32] = {1, (uint8_t)(number >> 8), (uint8_t)number};
    struct seckey key;
    must(seckey_init(&key, raw, NULL));
    return key;
}

void committee_add(struct committee *c, uint16_t number, uint64_t power) {
    struct seckey key = committee_key(number);
    struct pubkey pub = seckey_pubkey(&key);
    must(validator_set_add(&c->set, &pub, power, NULL));
    uint16_t place = committee_place(c, number);
    memmove(&c->keys[place + 1], &c->keys[place], (size_t)(c->set.n - 1 - place) * sizeof *c->keys);
    c->keys[place] = key;
}

void committee_of(struct committee *c, uint16_t first, uint16_t n) {
    memset(c, 0, sizeof *c);
    for (uint16_t i = 0; i < n; i++)
        committee_add(c, (uint16_t)(first + i), 10);
}

uint16_t committee_place(const struct committee *c, uint16_t number) {
    struct seckey key = committee_key(number);
    struct pubkey pub = seckey_pubkey(&key);
    struct addr addr = addr_of_key(&pub);
    return validator_set_find(&c->set, &addr);
}

static ProtobufCBinaryData data_of(const struct header_maker *m, const void *data, size_t len) {
    return pb_data(bytes_of(arena_dup(m->arena, data, len), len));
}

static const struct committee *signers_of(const struct header_maker *m, const struct header_wish *w) {
    return w->by ? w->by : m->by;
}

static const struct hash *tag_of(const struct header_maker *m, const struct header_wish *w) {
    return w->chain_tag ? w->chain_tag : &m->chain_tag;
}

struct bytes committee_encode_header(const struct header_maker *m, const struct header_wish *w) {
    const struct committee *by = signers_of(m, w), *next = w->next ? w->next : by;
    Header h = HEADER__INIT;
    struct hash set = validator_set_hash(&by->set), next_set = validator_set_hash(&next->set), zero = {{0}};
    struct hash app = {{(uint8_t)w->height, (uint8_t)(w->height >> 8), w->salt}};
    struct bytes encoded;
    h.version = 1;
    h.chain_tag = data_of(m, tag_of(m, w), sizeof(struct hash));
    h.height = w->height;
    h.time = w->time ? w->time : m->start + w->height;
    if (w->height > 1)
        h.previous_id = w->previous ? data_of(m, w->previous, sizeof *w->previous) : data_of(m, &app, sizeof app);
    h.last_certificate_hash = h.txs_root = h.params_hash = h.results_hash = h.reveal = data_of(m, &zero, sizeof zero);
    h.validators_hash = data_of(m, &set, sizeof set);
    h.next_validators_hash = data_of(m, &next_set, sizeof next_set);
    h.app_hash = data_of(m, w->app_hash ? w->app_hash : &app, sizeof app);
    h.proposer = data_of(m, &by->set.at[0].addr, sizeof by->set.at[0].addr);
    must(pb_encode(&h, m->arena, &encoded, NULL));
    if (w->tail.len > 0) {
        uint8_t *both = arena_alloc(m->arena, encoded.len + w->tail.len);
        memcpy(both, encoded.data, encoded.len);
        memcpy(both + encoded.len, w->tail.data, w->tail.len);
        encoded = bytes_of(both, encoded.len + w->tail.len);
    }
    return encoded;
}

static bool is_signer(const struct header_wish *w, const struct committee *by, uint16_t place) {
    if (!w->numbers)
        return place < (w->signers ? w->signers : by->set.n);
    for (const uint16_t *number = w->numbers; *number; number++)
        if (committee_place(by, *number) == place)
            return true;
    return false;
}

void committee_sign(struct certificate *cert, const struct header_maker *m, const struct header_wish *w) {
    const struct committee *by = signers_of(m, w);
    cert->n = 0;
    for (uint16_t i = 0; i < by->set.n; i++) {
        if (!is_signer(w, by, i))
            continue;
        struct vote *vote = &cert->votes[cert->n++];
        *vote = (struct vote){.height = cert->height,
                              .round = cert->round,
                              .validator = i,
                              .type = cert->kind == CERTIFICATE_POLKA ? VOTE_PREVOTE : VOTE_PRECOMMIT,
                              .value = cert->value};
        struct hash digest = vote_digest(tag_of(m, w), vote);
        vote->sig = seckey_sign(&by->keys[i], &digest);
    }
}

SignedHeader *committee_header(const struct header_maker *m, const struct header_wish *w) {
    const struct committee *by = signers_of(m, w), *next = w->next ? w->next : by;
    struct bytes encoded = committee_encode_header(m, w);
    SignedHeader *out = ARENA_NEW(m->arena, SignedHeader);
    struct certificate cert = {.height = w->height, .round = w->round ? w->round : 1, .kind = CERTIFICATE_COMMIT};
    cert.value = header_id(encoded);
    committee_sign(&cert, m, w);
    signed_header__init(out);
    out->header = pb_data(encoded);
    must(certificate_to_pb(&cert, by->set.n, m->arena, &out->certificate, NULL));
    /* the message borrows keys: they must outlive the committee */
    struct validator_set *sets = arena_array(m->arena, 2, sizeof *sets);
    sets[0] = by->set;
    sets[1] = next->set;
    must(validator_set_to_pb(&sets[0], m->arena, &out->validators, NULL));
    must(validator_set_to_pb(&sets[1], m->arena, &out->next_validators, NULL));
    return out;
}

struct light_block *committee_block(const struct header_maker *m, const struct header_wish *w) {
    struct light_block *block = ARENA_NEW(m->arena, struct light_block);
    must(light_block_from_pb(committee_header(m, w), tag_of(m, w), m->arena, block, NULL));
    return block;
}

Genesis *committee_genesis(const struct committee *c, uint64_t time, struct arena *arena) {
    Genesis *genesis = ARENA_NEW(arena, Genesis);
    genesis__init(genesis);
    genesis->validators = arena_array(arena, c->set.n, sizeof *genesis->validators);
    for (uint16_t i = 0; i < c->set.n; i++) {
        Validator *record = genesis->validators[i] = ARENA_NEW(arena, Validator);
        validator__init(record);
        record->pubkey = pb_data(
            bytes_of(arena_dup(arena, c->set.at[i].key.b, sizeof c->set.at[i].key.b), sizeof c->set.at[i].key.b));
        record->power = c->set.at[i].power;
    }
    genesis->n_validators = c->set.n;
    genesis->time = time;
    return genesis;
}
