/* SPDX-License-Identifier: Apache-2.0 */
/* The parsed keys of a head's three sets, while validators come, go and change places. */
#include "tests/lib/test.h"

#include "chain/crypto/hash.h"
#include "chain/node/head.h"

static struct pubkey key_of(unsigned i) {
    uint8_t raw[32] = {1, (uint8_t)i, (uint8_t)(i >> 8)};
    struct seckey key;
    assert_ok(seckey_init(&key, raw, NULL), NULL);
    return seckey_pubkey(&key);
}

/* Its members are the letters. */
static struct validator_set set_of(const char *letters) {
    struct validator_set set = {.n = (uint16_t)strlen(letters)};
    for (uint16_t i = 0; i < set.n; i++)
        set.at[i].key = key_of((unsigned)letters[i]);
    return set;
}

static void expect_keys(const struct validator_set *set, const struct verifier *keys) {
    for (uint16_t i = 0; i < set->n; i++) {
        struct verifier fresh;
        assert_ok(verifier_init(&fresh, &set->at[i].key, NULL), NULL);
        assert_memory_equal(&keys[i], &fresh, sizeof fresh);
    }
}

static struct head *head_with(const char *last, const char *now, const char *next, const struct head *before) {
    struct head *h = head_new();
    struct err err;
    assert_non_null(h);
    h->last_validators = set_of(last);
    h->info.validators = set_of(now);
    h->info.next_validators = set_of(next);
    assert_ok(head_parse_keys(h, before, &err), &err);
    expect_keys(&h->last_validators, h->last_verifiers);
    expect_keys(&h->info.validators, h->verifiers);
    expect_keys(&h->info.next_validators, h->next_verifiers);
    return h;
}

static void parse_keys__of_sets_that_change(void **state) {
    (void)state;
    static const char *const sets[] = {"", "abcd", "abcd", "xabcd", "acd", "dca", "d", "defghi", "defghi", "efghi"};
    struct head *before = NULL;
    for (size_t i = 0; i + 2 < sizeof sets / sizeof *sets; i++) {
        struct head *h = head_with(sets[i], sets[i + 1], sets[i + 2], before);
        head_unref(before);
        before = h;
    }
    /* not the one before, but another one: after a restart, or by a snapshot */
    struct head *far = head_with("qrs", "rstu", "tu", before);
    head_unref(far);
    head_unref(before);
}

/* What is known is not parsed again: a key that the head before has is taken as it is there. */
static void parse_keys__takes_over(void **state) {
    (void)state;
    struct head *before = head_with("ab", "abc", "abcd", NULL);
    struct verifier mark = before->verifiers[2];
    before->verifiers[0] = before->next_verifiers[1] = mark;
    struct head *h = head_new();
    h->last_validators = set_of("abc");
    h->info.validators = set_of("abcd");
    h->info.next_validators = set_of("abcd");
    assert_ok(head_parse_keys(h, before, NULL), NULL);
    assert_memory_equal(&h->last_verifiers[0], &mark, sizeof mark);
    assert_memory_equal(&h->verifiers[1], &mark, sizeof mark);
    assert_memory_equal(&h->next_verifiers[1], &mark, sizeof mark);
    head_unref(h);
    head_unref(before);
}

static void parse_keys__one_that_is_none(void **state) {
    (void)state;
    for (int which = 0; which < 3; which++) {
        struct head *h = head_new();
        struct err err;
        h->last_validators = h->info.validators = h->info.next_validators = set_of("abc");
        struct validator_set *sets[] = {&h->last_validators, &h->info.validators, &h->info.next_validators};
        memset(sets[which]->at[1].key.b, 0xff, sizeof sets[which]->at[1].key.b);
        assert_code(head_parse_keys(h, NULL, &err), CODE_INVALID_ARGUMENT);
        assert_non_null(strstr(err.msg, "validator 1"));
        head_unref(h);
    }
}

TEST_MAIN(cmocka_unit_test(parse_keys__of_sets_that_change), cmocka_unit_test(parse_keys__takes_over),
          cmocka_unit_test(parse_keys__one_that_is_none))
