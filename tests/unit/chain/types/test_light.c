/* SPDX-License-Identifier: Apache-2.0 */
/* Light verification: each precondition violated alone, the edges at exact powers, bisection over changing sets. */
#include "chain/types/light.h"

#include "chain/codec/pb.h"
#include "tests/lib/light/committee.h"
#include "tests/lib/test.h"

enum { NOW = 1000000, START = 500000 };

#define wish header_wish

static struct arena arena;
static struct committee old; /* of the genesis: four of power 10 */
static struct light_trust trust;
static const struct hash tag = {{1, 2, 3}};
static struct header_maker maker;

static ProtobufCBinaryData data_of(const void *data, size_t len) {
    return pb_data(bytes_of(arena_dup(&arena, data, len), len));
}

static SignedHeader *signed_of(const struct wish *w) {
    return committee_header(&maker, w);
}

static struct light_block *block_of(const struct wish *w) {
    return committee_block(&maker, w);
}

static void genesis_of(const struct committee *c, struct light_trust *ret) {
    assert_ok(light_trust_genesis(committee_genesis(c, START, &arena), &tag, ret, NULL), NULL);
}

static int setup(void **state) {
    (void)state;
    arena_init(&arena, 256 << 20);
    committee_of(&old, 1, 4);
    maker = (struct header_maker){&arena, tag, &old, START};
    genesis_of(&old, &trust);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

static int judge_at(const struct wish *w, uint64_t now) {
    return light_verify(&trust, block_of(w), &light_rules_default, now, NULL);
}

static int judge(const struct wish *w) {
    return judge_at(w, NOW);
}

/* Trusts header `height` of `by`, signed by all. */
static void stand_at(uint64_t height, const struct committee *by) {
    light_trust_advance(&trust, block_of(&(struct wish){.height = height, .by = by}));
}

/* --- points of trust --- */

static void genesis__is_a_set_at_height_0(void **state) {
    (void)state;
    assert_int_equal(trust.height, 0);
    assert_int_equal(trust.time, START);
    assert_int_equal(trust.validators.n, 4);
    assert_true(hash_is_zero(&trust.id));
    struct hash set = validator_set_hash(&old.set);
    assert_true(hash_eq(&trust.next_hash, &set));
}

static void genesis__without_a_set_is_refused(void **state) {
    Genesis genesis = GENESIS__INIT;
    Validator record = VALIDATOR__INIT, *records[] = {&record, &record};
    struct light_trust fresh = {.height = 77};
    (void)state;
    assert_code(light_trust_genesis(&genesis, &tag, &fresh, NULL), CODE_INVALID_ARGUMENT);
    genesis.n_validators = 1;
    genesis.validators = records;
    assert_code(light_trust_genesis(&genesis, &tag, &fresh, NULL), CODE_INVALID_ARGUMENT); /* no key */
    record.pubkey = pb_data(pubkey_bytes(&old.set.at[0].key));
    assert_code(light_trust_genesis(&genesis, &tag, &fresh, NULL), CODE_INVALID_ARGUMENT); /* no power */
    record.power = POWER_TOTAL_MAX + 1;
    assert_code(light_trust_genesis(&genesis, &tag, &fresh, NULL), CODE_INVALID_ARGUMENT);
    record.power = 1;
    genesis.n_validators = 2;
    assert_code(light_trust_genesis(&genesis, &tag, &fresh, NULL), CODE_INVALID_ARGUMENT); /* twice */
    assert_int_equal(fresh.height, 77);
    genesis.n_validators = 1;
    record.power = POWER_TOTAL_MAX;
    assert_ok(light_trust_genesis(&genesis, &tag, &fresh, NULL), NULL);
}

static void named__is_that_header_and_decided(void **state) {
    struct light_trust fresh = {.height = 77};
    (void)state;
    struct light_block *block = block_of(&(struct wish){.height = 30}), *other = block_of(&(struct wish){.height = 31});
    struct light_block *few = block_of(&(struct wish){.height = 30, .signers = 2});
    struct hash id = block->header.id;
    assert_code(light_trust_named(other, 30, &id, &tag, &fresh, NULL), CODE_UNTRUSTED);
    assert_code(light_trust_named(block, 31, &id, &tag, &fresh, NULL), CODE_UNTRUSTED);
    assert_code(light_trust_named(block, 30, &other->header.id, &tag, &fresh, NULL), CODE_UNTRUSTED);
    assert_code(light_trust_named(few, 30, &id, &tag, &fresh, NULL), CODE_UNTRUSTED);
    assert_int_equal(fresh.height, 77);
    assert_ok(light_trust_named(block, 30, &id, &tag, &fresh, NULL), NULL);
    assert_int_equal(fresh.height, 30);
    assert_true(hash_eq(&fresh.app_hash, &block->header.app_hash));
    assert_true(hash_eq(&fresh.next_hash, &block->header.next_validators_hash));
    block->certificate.votes[1].sig.b[40] ^= 1;
    assert_code(light_trust_named(block, 30, &id, &tag, &fresh, NULL), CODE_BAD_SIGNATURE);
}

/* --- blocks from outside: each thing wrong alone --- */

static struct light_block untouched;

static int take(const SignedHeader *in) {
    untouched.header.height = 4711;
    int rc = light_block_from_pb(in, &tag, &arena, &untouched, NULL);
    if (rc)
        assert_int_equal(untouched.header.height, 4711);
    return rc;
}

static void block__hangs_together(void **state) {
    (void)state;
    assert_ok(take(signed_of(&(struct wish){.height = 1})), NULL);
    assert_int_equal(untouched.header.height, 1);
    assert_int_equal(untouched.validators.n, 4);
    assert_int_equal(untouched.certificate.n, 4);
    SignedHeader *h = signed_of(&(struct wish){.height = 7});
    h->next_validators = NULL; /* may be left out */
    assert_ok(take(h), NULL);
}

static void block__parts_missing(void **state) {
    (void)state;
    SignedHeader *h = signed_of(&(struct wish){.height = 2});
    h->certificate = NULL;
    assert_code(take(h), CODE_MALFORMED);
    h = signed_of(&(struct wish){.height = 2});
    h->validators = NULL;
    assert_code(take(h), CODE_MALFORMED);
    h = signed_of(&(struct wish){.height = 2});
    h->header.len--;
    assert_code(take(h), CODE_MALFORMED);
    h->header.len = 0;
    assert_code(take(h), CODE_VERSION);
    h = signed_of(&(struct wish){.height = 2});
    h->validators->n_validators = 0;
    assert_code(take(h), CODE_MALFORMED);
}

static void block__of_another_chain(void **state) {
    static const struct hash other = {{9}};
    (void)state;
    assert_code(take(signed_of(&(struct wish){.height = 1, .chain_tag = &other})), CODE_CHAIN_MISMATCH);
}

static void block__with_swapped_sets(void **state) {
    struct committee strangers;
    (void)state;
    committee_of(&strangers, 100, 4);
    SignedHeader *h = signed_of(&(struct wish){.height = 1});
    assert_ok(validator_set_to_pb(&strangers.set, &arena, &h->validators, NULL), NULL);
    assert_code(take(h), CODE_INTEGRITY);
    h = signed_of(&(struct wish){.height = 1, .next = &strangers});
    assert_ok(take(h), NULL);
    ValidatorSet *next = h->next_validators;
    h->next_validators = h->validators;
    assert_code(take(h), CODE_INTEGRITY);
    h->validators = next;
    assert_code(take(h), CODE_INTEGRITY);
    h = signed_of(&(struct wish){.height = 1}); /* the same keys, another power */
    h->validators->validators[2]->power++;
    assert_code(take(h), CODE_INTEGRITY);
    h = signed_of(&(struct wish){.height = 1}); /* another order */
    ValidatorPower *first = h->validators->validators[0];
    h->validators->validators[0] = h->validators->validators[1];
    h->validators->validators[1] = first;
    assert_code(take(h), CODE_MALFORMED);
    h = signed_of(&(struct wish){.height = 1}); /* powers that wrap around */
    h->validators->validators[0]->power = h->validators->validators[1]->power = UINT64_MAX - 5;
    assert_code(take(h), CODE_MALFORMED);
}

static void block__with_a_certificate_for_something_else(void **state) {
    (void)state;
    SignedHeader *h = signed_of(&(struct wish){.height = 1}),
                 *other = signed_of(&(struct wish){.height = 1, .salt = 9});
    h->header = other->header;
    assert_code(take(h), CODE_UNTRUSTED);
    h = signed_of(&(struct wish){.height = 2});
    h->certificate->height = 3;
    assert_code(take(h), CODE_UNTRUSTED);
    h = signed_of(&(struct wish){.height = 2}); /* prevotes decide nothing */
    h->certificate->type = CERTIFICATE_POLKA;
    assert_code(take(h), CODE_UNTRUSTED);
    h->certificate->type = CERTIFICATE_ROUND;
    assert_code(take(h), CODE_MALFORMED);
}

static void block__with_a_malformed_certificate(void **state) {
    (void)state;
    SignedHeader *h = signed_of(&(struct wish){.height = 2});
    h->certificate->signers = data_of("\x0f\x00", 2); /* a bitmap for more validators */
    assert_code(take(h), CODE_MALFORMED);
    h = signed_of(&(struct wish){.height = 2});
    h->certificate->signers.len = 0;
    assert_code(take(h), CODE_MALFORMED);
    h = signed_of(&(struct wish){.height = 2});
    h->certificate->signers.data[0] = 0x1f; /* a fifth of four */
    assert_code(take(h), CODE_MALFORMED);
    h->certificate->signers.data[0] = 0x07; /* more signatures than signers */
    assert_code(take(h), CODE_MALFORMED);
    h = signed_of(&(struct wish){.height = 2});
    h->certificate->n_signatures--;
    assert_code(take(h), CODE_MALFORMED);
    h = signed_of(&(struct wish){.height = 2});
    h->certificate->signatures[1].len--;
    assert_code(take(h), CODE_MALFORMED);
}

/* --- adjacent --- */

static void adjacent__from_the_genesis_on(void **state) {
    (void)state;
    assert_ok(judge(&(struct wish){.height = 1}), NULL);
    stand_at(1, &old);
    assert_ok(judge(&(struct wish){.height = 2, .previous = &trust.id}), NULL);
}

static void adjacent__needs_more_than_two_thirds_of_the_set(void **state) {
    struct committee nine;
    (void)state;
    for (uint16_t n = 1; n < 3; n++)
        assert_code(judge(&(struct wish){.height = 1, .signers = n}), CODE_UNTRUSTED);
    assert_ok(judge(&(struct wish){.height = 1, .signers = 3}), NULL);
    committee_of(&nine, 1, 6); /* exactly two thirds is not more */
    genesis_of(&nine, &trust);
    assert_code(judge(&(struct wish){.height = 1, .by = &nine, .signers = 4}), CODE_UNTRUSTED);
    assert_ok(judge(&(struct wish){.height = 1, .by = &nine, .signers = 5}), NULL);
}

static void adjacent__power_counts_not_heads(void **state) {
    struct committee c = {.set = {.n = 0}};
    static const uint16_t edge[] = {1, 2, 0}, over[] = {1, 3, 0}, small[] = {2, 3, 4, 0};
    (void)state;
    committee_add(&c, 1, 199999);
    committee_add(&c, 2, 1);
    committee_add(&c, 3, 2);
    committee_add(&c, 4, 99998);
    genesis_of(&c, &trust); /* together 300,000: 200,000 is the edge */
    assert_code(judge(&(struct wish){.height = 1, .by = &c, .numbers = edge}), CODE_UNTRUSTED);
    assert_ok(judge(&(struct wish){.height = 1, .by = &c, .numbers = over}), NULL);
    assert_code(judge(&(struct wish){.height = 1, .by = &c, .numbers = small}), CODE_UNTRUSTED);
}

static void adjacent__the_set_is_the_announced_one(void **state) {
    struct committee next, other;
    (void)state;
    committee_of(&next, 2, 4);
    committee_of(&other, 3, 4);
    light_trust_advance(&trust, block_of(&(struct wish){.height = 1, .next = &next}));
    assert_code(judge(&(struct wish){.height = 2, .previous = &trust.id}), CODE_UNTRUSTED);
    assert_code(judge(&(struct wish){.height = 2, .by = &other, .previous = &trust.id}), CODE_UNTRUSTED);
    assert_ok(judge(&(struct wish){.height = 2, .by = &next, .previous = &trust.id}), NULL);
}

static void adjacent__a_wholly_new_set_is_no_matter(void **state) {
    struct committee next;
    (void)state;
    committee_of(&next, 50, 7);
    light_trust_advance(&trust, block_of(&(struct wish){.height = 1, .next = &next}));
    assert_ok(judge(&(struct wish){.height = 2, .by = &next, .previous = &trust.id}), NULL);
}

static void adjacent__that_does_not_point_back_is_a_fork(void **state) {
    (void)state;
    stand_at(8, &old);
    assert_code(judge(&(struct wish){.height = 9}), CODE_FORK);
    assert_code(judge(&(struct wish){.height = 9, .signers = 2}), CODE_UNTRUSTED); /* and no fork if nobody signed */
}

/* --- signatures --- */

static void verify__forged_signatures(void **state) {
    (void)state;
    for (uint64_t height = 1; height < 60; height += 57) { /* adjacent and skipping */
        for (uint16_t i = 0; i < 4; i++) {
            struct light_block *block = block_of(&(struct wish){.height = height});
            block->certificate.votes[i].sig.b[20] ^= 1;
            assert_code(light_verify(&trust, block, &light_rules_default, NOW, NULL), CODE_BAD_SIGNATURE);
        }
        struct light_block *block = block_of(&(struct wish){.height = height}); /* one signature for all */
        for (uint16_t i = 1; i < 4; i++)
            block->certificate.votes[i].sig = block->certificate.votes[0].sig;
        assert_code(light_verify(&trust, block, &light_rules_default, NOW, NULL), CODE_BAD_SIGNATURE);
        block = block_of(&(struct wish){.height = height}); /* signed in another round */
        block->certificate.round = 2;
        for (uint16_t i = 0; i < 4; i++)
            block->certificate.votes[i].round = 2;
        assert_code(light_verify(&trust, block, &light_rules_default, NOW, NULL), CODE_BAD_SIGNATURE);
    }
}

static void verify__signed_for_another_chain(void **state) {
    static const struct hash other = {{9}};
    (void)state;
    struct light_block *block = block_of(&(struct wish){.height = 1, .chain_tag = &other});
    assert_code(light_verify(&trust, block, &light_rules_default, NOW, NULL), CODE_CHAIN_MISMATCH);
    block = block_of(&(struct wish){.height = 1}); /* our header, votes of another chain */
    struct wish w = {.height = 1, .chain_tag = &other};
    committee_sign(&block->certificate, &maker, &w);
    assert_code(light_verify(&trust, block, &light_rules_default, NOW, NULL), CODE_BAD_SIGNATURE);
}

/* --- skipping --- */

static void skipping__the_same_set(void **state) {
    (void)state;
    assert_ok(judge(&(struct wish){.height = 2}), NULL);
    assert_ok(judge(&(struct wish){.height = 400000}), NULL);
    assert_code(judge(&(struct wish){.height = 400000, .signers = 2}), CODE_UNTRUSTED);
}

static void skipping__needs_more_than_a_third_of_the_trusted_power(void **state) {
    struct committee c = {.set = {.n = 0}}, later = {.set = {.n = 0}};
    static const uint16_t edge[] = {1, 10, 11, 12, 0}, over[] = {1, 2, 10, 11, 12, 0};
    (void)state;
    committee_add(&c, 1, 100000); /* exactly a third of 300,000 */
    committee_add(&c, 2, 1);
    committee_add(&c, 3, 199999);
    genesis_of(&c, &trust);
    committee_add(&later, 1, 1); /* what they have in the new set does not matter */
    committee_add(&later, 2, 1);
    for (uint16_t i = 10; i < 13; i++)
        committee_add(&later, i, 1000);
    assert_code(judge(&(struct wish){.height = 50, .by = &later, .numbers = edge}), CODE_OVERLAP);
    assert_ok(judge(&(struct wish){.height = 50, .by = &later, .numbers = over}), NULL);
    assert_code(judge(&(struct wish){.height = 50, .by = &later, .numbers = edge + 1}), CODE_OVERLAP);
}

static void skipping__needs_two_thirds_of_the_new_set_too(void **state) {
    struct committee c;
    static const uint16_t trusted_only[] = {1, 2, 3, 4, 0}, edge[] = {1, 2, 3, 4, 20, 21, 22, 23, 0},
                          over[] = {1, 2, 3, 4, 20, 21, 22, 23, 24, 0};
    (void)state;
    committee_of(&c, 1, 4);
    for (uint16_t i = 20; i < 28; i++)
        committee_add(&c, i, 10);
    assert_code(judge(&(struct wish){.height = 50, .by = &c, .numbers = trusted_only}), CODE_UNTRUSTED);
    assert_code(judge(&(struct wish){.height = 50, .by = &c, .numbers = edge}), CODE_UNTRUSTED);
    assert_ok(judge(&(struct wish){.height = 50, .by = &c, .numbers = over}), NULL);
}

static void skipping__members_that_did_not_sign_vouch_for_nothing(void **state) {
    struct committee c;
    static const uint16_t strangers[] = {20, 21, 22, 23, 24, 25, 26, 27, 28, 0};
    (void)state;
    committee_of(&c, 1, 4);
    for (uint16_t i = 20; i < 29; i++)
        committee_add(&c, i, 10);
    assert_code(judge(&(struct wish){.height = 50, .by = &c, .numbers = strangers}), CODE_OVERLAP);
}

static void skipping__an_address_with_another_key_vouches_for_nothing(void **state) {
    (void)state;
    struct light_block *block = block_of(&(struct wish){.height = 50});
    for (uint16_t i = 0; i < trust.validators.n; i++)
        trust.validators.at[i].key.b[5] ^= 1; /* as if somebody had found keys with the addresses of others */
    assert_code(light_verify(&trust, block, &light_rules_default, NOW, NULL), CODE_OVERLAP);
}

/* --- time --- */

static void time__trust_ends(void **state) {
    const uint64_t end = START + LIGHT_TRUST_PERIOD_MS;
    (void)state;
    assert_ok(judge_at(&(struct wish){.height = 1}, end - 1), NULL);
    assert_code(judge_at(&(struct wish){.height = 1}, end), CODE_EXPIRED);
    assert_ok(judge_at(&(struct wish){.height = 9}, end - 1), NULL);
    assert_code(judge_at(&(struct wish){.height = 9}, end), CODE_EXPIRED);
    stand_at(9, &old); /* nine later */
    assert_ok(judge_at(&(struct wish){.height = 12}, end), NULL);
    assert_ok(judge_at(&(struct wish){.height = 12}, end + 8), NULL);
    assert_code(judge_at(&(struct wish){.height = 12}, end + 9), CODE_EXPIRED);
    assert_code(judge_at(&(struct wish){.height = 5}, end + 9), CODE_EXPIRED);
    assert_code(judge_at(&(struct wish){.height = 9}, UINT64_MAX), CODE_EXPIRED);
    struct light_rules never = {UINT64_MAX, 0};
    assert_ok(light_verify(&trust, block_of(&(struct wish){.height = 12}), &never, UINT64_MAX, NULL), NULL);
}

static void time__future_headers(void **state) {
    (void)state;
    assert_ok(judge(&(struct wish){.height = 1, .time = NOW + LIGHT_DRIFT_MS}), NULL);
    assert_code(judge(&(struct wish){.height = 1, .time = NOW + LIGHT_DRIFT_MS + 1}), CODE_FUTURE);
    assert_code(judge(&(struct wish){.height = 70, .time = UINT64_MAX}), CODE_FUTURE);
    assert_code(judge_at(&(struct wish){.height = 70}, 0), CODE_FUTURE); /* a clock that was never set */
}

static void time__goes_with_height(void **state) {
    (void)state;
    assert_code(judge(&(struct wish){.height = 1, .time = START}), CODE_BLOCK_TIME);
    assert_ok(judge(&(struct wish){.height = 1, .time = START + 1}), NULL);
    stand_at(50, &old);
    assert_code(judge(&(struct wish){.height = 60, .time = START + 50}), CODE_BLOCK_TIME);
    assert_code(judge(&(struct wish){.height = 40, .time = START + 50}), CODE_BLOCK_TIME);
    assert_ok(judge(&(struct wish){.height = 40, .time = START + 49}), NULL);
}

/* --- the same height, older ones --- */

static void same__is_the_same_or_a_fork(void **state) {
    struct committee strangers;
    (void)state;
    stand_at(8, &old);
    assert_ok(judge(&(struct wish){.height = 8}), NULL);
    assert_code(judge(&(struct wish){.height = 8, .salt = 1}), CODE_FORK);
    /* what few or strangers signed is no fork, only a lie */
    assert_code(judge(&(struct wish){.height = 8, .salt = 1, .signers = 2}), CODE_UNTRUSTED);
    committee_of(&strangers, 100, 4);
    assert_code(judge(&(struct wish){.height = 8, .by = &strangers}), CODE_UNTRUSTED);
}

static void older__of_the_trusted_set_alone(void **state) {
    struct committee half;
    (void)state;
    committee_of(&half, 2, 4);
    stand_at(500, &old);
    assert_ok(judge(&(struct wish){.height = 40}), NULL);
    assert_code(judge(&(struct wish){.height = 40, .signers = 2}), CODE_UNTRUSTED);
    assert_code(judge(&(struct wish){.height = 40, .by = &half}), CODE_STALE);
    assert_int_equal(trust.height, 500);
}

/* --- bisection --- */

/* A chain on which one validator of four is replaced every `every` heights; headers made when asked for. */
struct changing {
    uint16_t every;
    unsigned asked;
    uint64_t heights[LIGHT_FETCH_MAX * 2];
};

static const struct committee *set_at(const struct changing *c, uint64_t height) {
    static struct committee sets[2];
    static int turn;
    struct committee *set = &sets[turn ^= 1];
    committee_of(set, (uint16_t)(1 + height / c->every), 4);
    return set;
}

/* A header points back to the one that was served last, when that is the one before. */
static struct light_block *serve(struct changing *c, uint64_t height) {
    struct committee by = *set_at(c, height), next = *set_at(c, height + 1);
    struct wish w = {.height = height, .by = &by, .next = &next};
    assert_true(c->asked < LIGHT_FETCH_MAX * 2);
    c->heights[c->asked++] = height;
    if (trust.height > 0 && height == trust.height + 1)
        w.previous = &trust.id;
    return block_of(&w);
}

static int walk(struct changing *chain, uint64_t target, uint32_t fetch_max, struct light_walk *w,
                const struct light_step *step) {
    uint64_t height;
    int rc = light_walk_begin(w, &trust, target, &light_rules_default, fetch_max, NULL);
    while (!rc && (height = light_walk_wants(w)))
        rc = light_walk_give(w, serve(chain, height), NOW, step, NULL);
    return rc;
}

struct steps {
    unsigned n;
    uint64_t last;
};

static void on_step(void *ctx, const struct light_block *block) {
    struct steps *s = ctx;
    assert_true(block->header.height > s->last);
    s->last = block->header.height;
    s->n++;
}

static void walk__one_step_when_nothing_changed(void **state) {
    struct changing chain = {.every = 60000};
    struct light_walk w;
    struct steps s = {0, 0};
    (void)state;
    assert_ok(walk(&chain, 20000, 0, &w, &(struct light_step){on_step, &s}), NULL);
    assert_int_equal(chain.asked, 1);
    assert_int_equal(s.n, 1);
    assert_int_equal(w.trust.height, 20000);
    assert_int_equal(light_walk_wants(&w), 0);
}

static void walk__bisects_where_the_set_changes(void **state) {
    struct changing chain = {.every = 50};
    struct light_walk w;
    struct steps s = {0, 0};
    (void)state;
    assert_ok(walk(&chain, 1000, 0, &w, &(struct light_step){on_step, &s}), NULL);
    assert_int_equal(w.trust.height, 1000);
    assert_int_equal(s.last, 1000);
    assert_int_equal(chain.asked, s.n); /* nothing is fetched twice */
    assert_in_range(chain.asked, 8, 40);
    for (unsigned i = 0; i < chain.asked; i++)
        for (unsigned k = 0; k < i; k++)
            assert_int_not_equal(chain.heights[i], chain.heights[k]);
}

static void walk__is_bounded(void **state) {
    struct changing chain = {.every = 50};
    struct light_walk w;
    (void)state;
    assert_code(walk(&chain, 1000, 5, &w, NULL), CODE_LIMIT);
    assert_int_equal(chain.asked, 6); /* the sixth was not taken */
    assert_in_range(w.trust.height, 0, 999);
}

static void walk__goes_on_where_it_stood(void **state) {
    struct changing chain = {.every = 50};
    struct light_walk w;
    (void)state;
    assert_ok(walk(&chain, 300, 0, &w, NULL), NULL);
    trust = w.trust;
    chain.asked = 0;
    assert_ok(walk(&chain, 350, 0, &w, NULL), NULL);
    assert_int_equal(chain.asked, 1);
    assert_ok(light_walk_begin(&w, &trust, trust.height, &light_rules_default, 0, NULL), NULL);
    assert_int_equal(light_walk_wants(&w), 0);
    assert_code(light_walk_begin(&w, &trust, trust.height - 1, &light_rules_default, 0, NULL), CODE_INVALID_ARGUMENT);
}

static void walk__a_liar_on_the_way_is_asked_no_more(void **state) {
    struct changing chain = {.every = 50};
    struct light_walk w;
    (void)state;
    assert_ok(light_walk_begin(&w, &trust, 120, &light_rules_default, 0, NULL), NULL);
    assert_code(light_walk_give(&w, serve(&chain, 119), NOW, NULL, NULL), CODE_MALFORMED);
    assert_int_equal(light_walk_wants(&w), 120);
    assert_ok(light_walk_give(&w, serve(&chain, 120), NOW, NULL, NULL), NULL);
    assert_int_equal(light_walk_wants(&w), 0); /* two of four are still there */
    assert_ok(light_walk_begin(&w, &trust, 160, &light_rules_default, 0, NULL), NULL);
    assert_ok(light_walk_give(&w, serve(&chain, 160), NOW, NULL, NULL), NULL);
    assert_int_equal(light_walk_wants(&w), 80);
    struct light_block *forged = serve(&chain, 80);
    forged->certificate.votes[0].sig.b[9] ^= 1;
    assert_code(light_walk_give(&w, forged, NOW, NULL, NULL), CODE_BAD_SIGNATURE);
    assert_int_equal(light_walk_wants(&w), 80); /* from somebody else */
    assert_ok(light_walk_give(&w, serve(&chain, 80), NOW, NULL, NULL), NULL);
    assert_int_equal(light_walk_wants(&w), 0);
    assert_int_equal(w.trust.height, 160);
    assert_code(light_walk_give(&w, serve(&chain, 160), NOW, NULL, NULL), CODE_MALFORMED); /* nothing is wanted */
}

static void walk__strangers_end_at_the_announced_set(void **state) {
    struct committee strangers;
    struct light_walk w;
    (void)state;
    committee_of(&strangers, 100, 4);
    assert_ok(light_walk_begin(&w, &trust, 1000, &light_rules_default, 0, NULL), NULL);
    int rc = CODE_OK;
    while (!rc)
        rc = light_walk_give(&w, block_of(&(struct wish){.height = light_walk_wants(&w), .by = &strangers}), NOW, NULL,
                             NULL);
    assert_code(rc, CODE_UNTRUSTED); /* at height 1, whose set is known */
    assert_int_equal(light_walk_wants(&w), 1);
    assert_int_equal(w.trust.height, 0);
}

static void walk__halves_the_longest_way_within_its_room(void **state) {
    struct committee strangers;
    struct light_walk w;
    struct light_rules rules = {UINT64_MAX, UINT64_MAX};
    unsigned asked = 0;
    (void)state;
    committee_of(&strangers, 100, 4);
    trust.time = 0;
    assert_ok(light_walk_begin(&w, &trust, UINT64_MAX, &rules, 0, NULL), NULL);
    int rc = CODE_OK;
    for (; !rc; asked++)
        rc = light_walk_give(
            &w,
            block_of(&(struct wish){.height = light_walk_wants(&w), .by = &strangers, .time = light_walk_wants(&w)}),
            UINT64_MAX - 1, NULL, NULL);
    assert_code(rc, CODE_UNTRUSTED);
    assert_int_equal(asked, 64);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
TEST_MAIN(TEST(genesis__is_a_set_at_height_0), TEST(genesis__without_a_set_is_refused),
          TEST(named__is_that_header_and_decided), TEST(block__hangs_together), TEST(block__parts_missing),
          TEST(block__of_another_chain), TEST(block__with_swapped_sets),
          TEST(block__with_a_certificate_for_something_else), TEST(block__with_a_malformed_certificate),
          TEST(adjacent__from_the_genesis_on), TEST(adjacent__needs_more_than_two_thirds_of_the_set),
          TEST(adjacent__power_counts_not_heads), TEST(adjacent__the_set_is_the_announced_one),
          TEST(adjacent__a_wholly_new_set_is_no_matter), TEST(adjacent__that_does_not_point_back_is_a_fork),
          TEST(verify__forged_signatures), TEST(verify__signed_for_another_chain), TEST(skipping__the_same_set),
          TEST(skipping__needs_more_than_a_third_of_the_trusted_power),
          TEST(skipping__needs_two_thirds_of_the_new_set_too),
          TEST(skipping__members_that_did_not_sign_vouch_for_nothing),
          TEST(skipping__an_address_with_another_key_vouches_for_nothing), TEST(time__trust_ends),
          TEST(time__future_headers), TEST(time__goes_with_height), TEST(same__is_the_same_or_a_fork),
          TEST(older__of_the_trusted_set_alone), TEST(walk__one_step_when_nothing_changed),
          TEST(walk__bisects_where_the_set_changes), TEST(walk__is_bounded), TEST(walk__goes_on_where_it_stood),
          TEST(walk__a_liar_on_the_way_is_asked_no_more), TEST(walk__strangers_end_at_the_announced_set),
          TEST(walk__halves_the_longest_way_within_its_room))
