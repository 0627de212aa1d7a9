/* SPDX-License-Identifier: Apache-2.0 */
/* A light client meets headers that are forged, signed by too few, of another chain, of unknown validators. */
#include "cairn/block.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/crypto/hash.h"
#include "chain/types/certificate.h"
#include "client/lib/light.h"
#include "tests/lib/test.h"

enum { NOW = 1000000 };

struct committee {
    uint16_t n;
    struct seckey keys[16]; /* in the order of the set */
    struct validator_set set;
};

static struct arena arena;
static struct light light;
static struct committee old; /* of the genesis: four */
static const struct hash tag = {{1, 2, 3}};

static void committee_of(struct committee *c, uint8_t first, uint16_t n) {
    memset(c, 0, sizeof *c);
    c->n = n;
    for (int pass = 0; pass < 2; pass++)
        for (uint16_t i = 0; i < n; i++) {
            uint8_t raw[32] = {1, (uint8_t)(first + i)};
            struct seckey key;
            assert_ok(seckey_init(&key, raw, NULL), NULL);
            struct pubkey pub = seckey_pubkey(&key);
            struct addr addr = addr_of_key(&pub);
            if (!pass)
                assert_ok(validator_set_add(&c->set, &pub, 10, NULL), NULL);
            else
                c->keys[validator_set_find(&c->set, &addr)] = key;
        }
}

struct wish {
    uint64_t height;
    uint16_t signers;             /* 0: all */
    const struct committee *by;   /* NULL: old */
    const struct committee *next; /* NULL: the same */
    const struct hash *chain_tag; /* NULL: ours */
    uint8_t salt;                 /* another header of that height */
    uint64_t time;
};

static ProtobufCBinaryData data_of(const void *data, size_t len) {
    return pb_data(bytes_of(arena_dup(&arena, data, len), len));
}

static struct bytes encode_header(const struct wish *w) {
    const struct committee *by = w->by ? w->by : &old, *next = w->next ? w->next : by;
    Header h = HEADER__INIT;
    struct hash set = validator_set_hash(&by->set), next_set = validator_set_hash(&next->set), zero = {{0}};
    struct hash app = {{(uint8_t)w->height, w->salt}};
    struct bytes encoded;
    h.version = 1;
    h.chain_tag = data_of(w->chain_tag ? w->chain_tag : &tag, sizeof tag);
    h.height = w->height;
    h.time = w->time ? w->time : NOW - 1000 + w->height;
    if (w->height > 1)
        h.previous_id = data_of(&app, sizeof app);
    h.last_certificate_hash = h.txs_root = h.params_hash = h.results_hash = h.reveal = data_of(&zero, sizeof zero);
    h.validators_hash = data_of(&set, sizeof set);
    h.next_validators_hash = data_of(&next_set, sizeof next_set);
    h.app_hash = data_of(&app, sizeof app);
    h.proposer = data_of(&by->set.at[0].addr, sizeof by->set.at[0].addr);
    assert_ok(pb_encode(&h, &arena, &encoded, NULL), NULL);
    return encoded;
}

static SignedHeader *header_of(const struct wish *w) {
    const struct committee *by = w->by ? w->by : &old;
    const struct hash *chain = w->chain_tag ? w->chain_tag : &tag;
    struct bytes encoded = encode_header(w);
    SignedHeader *out = ARENA_NEW(&arena, SignedHeader);
    struct certificate cert = {.height = w->height, .round = 1, .kind = CERTIFICATE_COMMIT};
    cert.value = hash_of(DOMAIN_HEADER, encoded);
    for (uint16_t i = 0; i < (w->signers ? w->signers : by->n); i++) {
        struct vote *vote = &cert.votes[cert.n++];
        *vote =
            (struct vote){.height = w->height, .round = 1, .validator = i, .type = VOTE_PRECOMMIT, .value = cert.value};
        struct hash digest = vote_digest(chain, vote);
        vote->sig = seckey_sign(&by->keys[i], &digest);
    }
    signed_header__init(out);
    out->header = pb_data(encoded);
    assert_ok(certificate_to_pb(&cert, by->n, &arena, &out->certificate, NULL), NULL);
    assert_ok(validator_set_to_pb(&by->set, &arena, &out->validators, NULL), NULL);
    return out;
}

static int setup(void **state) {
    Genesis genesis = GENESIS__INIT;
    Validator records[4], *validators[4];
    (void)state;
    arena_init(&arena, 16 << 20);
    committee_of(&old, 1, 4);
    for (uint16_t i = 0; i < 4; i++) {
        validator__init(&records[i]);
        records[i].pubkey = pb_data(pubkey_bytes(&old.set.at[i].key));
        records[i].power = 10;
        validators[i] = &records[i];
    }
    genesis.n_validators = 4;
    genesis.validators = validators;
    genesis.time = NOW - 5000;
    assert_ok(light_init(&light, &genesis, &tag, NULL), NULL);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

static int offer(const struct wish *w) {
    return light_update(&light, header_of(w), NOW, &arena, NULL, NULL);
}

static void update__goes_on_and_skips(void **state) {
    struct light_header seen;
    (void)state;
    assert_ok(light_update(&light, header_of(&(struct wish){.height = 1}), NOW, &arena, &seen, NULL), NULL);
    assert_int_equal(seen.height, 1);
    assert_int_equal(light.height, 1);
    assert_ok(offer(&(struct wish){.height = 2, .signers = 3}), NULL);
    assert_ok(offer(&(struct wish){.height = 500}), NULL);
    assert_int_equal(light.height, 500);
    /* an older one of the same set is believed and does not set the client back */
    assert_ok(light_update(&light, header_of(&(struct wish){.height = 40}), NOW, &arena, &seen, NULL), NULL);
    assert_int_equal(seen.height, 40);
    assert_int_equal(seen.app_hash.b[0], 40);
    assert_int_equal(light.height, 500);
}

static void update__too_few_signers(void **state) {
    (void)state;
    for (uint16_t n = 1; n < 3; n++)
        assert_code(offer(&(struct wish){.height = 1, .signers = n}), CODE_UNTRUSTED);
    assert_int_equal(light.height, 0);
    assert_ok(offer(&(struct wish){.height = 1, .signers = 3}), NULL);
}

static void update__forged(void **state) {
    (void)state;
    SignedHeader *h = header_of(&(struct wish){.height = 1});
    h->certificate->signatures[2].data[20] ^= 1;
    assert_code(light_update(&light, h, NOW, &arena, NULL, NULL), CODE_BAD_SIGNATURE);
    h = header_of(&(struct wish){.height = 1}); /* another header under a true certificate */
    h->header = header_of(&(struct wish){.height = 1, .salt = 9})->header;
    assert_code(light_update(&light, h, NOW, &arena, NULL, NULL), CODE_UNTRUSTED);
    h = header_of(&(struct wish){.height = 1}); /* one signature for all */
    for (size_t i = 1; i < h->certificate->n_signatures; i++)
        h->certificate->signatures[i] = h->certificate->signatures[0];
    assert_code(light_update(&light, h, NOW, &arena, NULL, NULL), CODE_BAD_SIGNATURE);
    h = header_of(&(struct wish){.height = 1});
    h->certificate = NULL;
    assert_code(light_update(&light, h, NOW, &arena, NULL, NULL), CODE_MALFORMED);
    h = header_of(&(struct wish){.height = 1});
    h->header.len--;
    assert_int_not_equal(light_update(&light, h, NOW, &arena, NULL, NULL), CODE_OK);
    h = header_of(&(struct wish){.height = 1}); /* prevotes decide nothing */
    h->certificate->type = CERTIFICATE_POLKA;
    assert_int_not_equal(light_update(&light, h, NOW, &arena, NULL, NULL), CODE_OK);
    assert_int_equal(light.height, 0);
}

static void update__another_chain(void **state) {
    static const struct hash other = {{9}};
    (void)state;
    assert_code(offer(&(struct wish){.height = 1, .chain_tag = &other}), CODE_CHAIN_MISMATCH);
    SignedHeader *ours = header_of(&(struct wish){.height = 1}); /* signed for another chain */
    struct certificate cert;
    assert_ok(certificate_from_pb(ours->certificate, 4, &cert, NULL), NULL);
    for (uint16_t i = 0; i < cert.n; i++) {
        struct hash digest = vote_digest(&other, &cert.votes[i]);
        cert.votes[i].sig = seckey_sign(&old.keys[i], &digest);
    }
    assert_ok(certificate_to_pb(&cert, 4, &arena, &ours->certificate, NULL), NULL);
    assert_code(light_update(&light, ours, NOW, &arena, NULL, NULL), CODE_BAD_SIGNATURE);
}

static void update__a_set_that_nobody_vouched_for(void **state) {
    struct committee strangers, half;
    (void)state;
    committee_of(&strangers, 100, 4);
    assert_code(offer(&(struct wish){.height = 1, .by = &strangers}), CODE_UNTRUSTED);
    assert_code(offer(&(struct wish){.height = 50, .by = &strangers}), CODE_UNTRUSTED);
    /* the set's own members but another set than the header names */
    SignedHeader *h = header_of(&(struct wish){.height = 1});
    assert_ok(validator_set_to_pb(&strangers.set, &arena, &h->validators, NULL), NULL);
    assert_code(light_update(&light, h, NOW, &arena, NULL, NULL), CODE_UNTRUSTED);
    /* two of four trusted ones among the signers: more than a third vouches */
    committee_of(&half, 3, 4);
    assert_ok(offer(&(struct wish){.height = 50, .by = &half}), NULL);
    assert_int_equal(light.height, 50);
}

static void update__the_next_set_is_the_announced_one(void **state) {
    struct committee next, other;
    (void)state;
    committee_of(&next, 2, 4);
    committee_of(&other, 3, 4);
    assert_ok(offer(&(struct wish){.height = 1, .next = &next}), NULL);
    assert_code(offer(&(struct wish){.height = 2}), CODE_UNTRUSTED);
    assert_code(offer(&(struct wish){.height = 2, .by = &other}), CODE_UNTRUSTED);
    assert_ok(offer(&(struct wish){.height = 2, .by = &next}), NULL);
    assert_code(offer(&(struct wish){.height = 1}), CODE_STALE); /* older and of another set: cannot be judged */
}

static void update__a_fork_is_told(void **state) {
    (void)state;
    assert_ok(offer(&(struct wish){.height = 8}), NULL);
    assert_code(offer(&(struct wish){.height = 8, .salt = 1}), CODE_UNTRUSTED);
    assert_ok(offer(&(struct wish){.height = 8}), NULL);
}

static void update__trust_ends(void **state) {
    struct committee half;
    (void)state;
    committee_of(&half, 3, 4);
    assert_ok(offer(&(struct wish){.height = 1}), NULL);
    SignedHeader *late = header_of(&(struct wish){.height = 90, .by = &half});
    assert_code(light_update(&light, late, NOW + LIGHT_TRUST_PERIOD_MS, &arena, NULL, NULL), CODE_EXPIRED);
    assert_int_equal(light.height, 1);
}

static void init__needs_validators(void **state) {
    Genesis genesis = GENESIS__INIT;
    Validator record = VALIDATOR__INIT, *records[] = {&record};
    struct light fresh;
    (void)state;
    assert_code(light_init(&fresh, &genesis, &tag, NULL), CODE_INVALID_ARGUMENT);
    genesis.n_validators = 1;
    genesis.validators = records;
    assert_code(light_init(&fresh, &genesis, &tag, NULL), CODE_INVALID_ARGUMENT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
TEST_MAIN(TEST(update__goes_on_and_skips), TEST(update__too_few_signers), TEST(update__forged),
          TEST(update__another_chain), TEST(update__a_set_that_nobody_vouched_for),
          TEST(update__the_next_set_is_the_announced_one), TEST(update__a_fork_is_told), TEST(update__trust_ends),
          TEST(init__needs_validators))
