/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence from its file to the ledger, with the real rules; the only validator is also who is accused. */
#include "tests/unit/chain/node/one_validator.h"

#include "chain/codec/bech32.h"
#include "chain/node/accuser.h"

#include "cairn/evidence.h"

#include <sys/stat.h>

static struct accuser accuser;
static struct app_info info;
static struct addr other = {{7}};

static int setup(void **state) {
    (void)state;
    struct err err;
    one_validator_open();
    dir_remove(test_path("evidence"), &err);
    assert_ok(dir_make(test_path("evidence"), 0700, &err), &err);
    assert_ok(accuser_init(&accuser, test_path(""), &err), &err);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    accuser_release(&accuser);
    one_validator_close();
    return 0;
}

static void commit(struct bytes tx) {
    struct err err;
    struct block *b = NULL;
    bool invalid;
    uint64_t now = ex.head->info.header_time + 10000;
    assert_ok(executor_build(&ex, now, &tx, tx.len > 0, &b, &err), &err);
    assert_non_null(b);
    assert_int_equal(b->txs_n, tx.len > 0);
    assert_ok(executor_judge(&ex, b, &invalid, &err), &err);
    struct certificate c = certify(b);
    assert_ok(executor_commit(&ex, b, &c, &err), &err);
    block_unref(b);
}

/* Two precommits of height 1 for different blocks. */
static struct bytes two_votes(void) {
    struct err err;
    Evidence pb = EVIDENCE__INIT;
    struct bytes bytes;
    pb.kind = EVIDENCE_KIND_DOUBLE_VOTE;
    for (uint8_t i = 0; i < 2; i++) {
        struct vote v = {.height = 1, .type = VOTE_PRECOMMIT, .value = {{i, 1}}};
        struct hash digest = vote_digest(&tag, &v);
        v.sig = seckey_sign(&key, &digest);
        assert_ok(vote_to_pb(&v, &arena, i == 0 ? &pb.vote_a : &pb.vote_b, &err), &err);
    }
    assert_ok(pb_encode(&pb, &arena, &bytes, &err), &err);
    return bytes;
}

static struct bytes next(const struct seckey *with) {
    struct err err;
    struct bytes wire;
    info = ex.head->info;
    struct accuser_view v = {.store = store, .info = &info, .chain_tag = tag, .self = self, .key = with};
    assert_ok(accuser_next(&accuser, &v, &arena, &wire, &err), &err);
    return wire;
}

static size_t files(void) {
    struct accuser a;
    assert_ok(accuser_init(&a, test_path(""), NULL), NULL);
    accuser_load(&a, 0);
    size_t n = a.n;
    accuser_release(&a);
    return n;
}

static void accuser__until_the_ledger_has_spoken(void **state) {
    (void)state;
    struct err err;
    commit(BYTES_NONE);
    assert_ok(accuser_keep(test_path(""), &other, two_votes(), &err), &err);
    assert_code(accuser_keep(test_path(""), &other, two_votes(), &err), CODE_ALREADY_EXISTS);
    accuser_load(&accuser, 1);
    accuser_load(&accuser, 1); /* nothing twice */
    assert_int_equal(accuser.n, 1);
    assert_int_equal(next(NULL).len, 0); /* a full node accuses nobody */
    struct bytes wire = next(&key);
    struct tx tx;
    assert_ok(tx_parse(wire, &tag, &arena, &tx, &err), &err);
    assert_int_equal(tx.body->sequence, 0);
    assert_int_equal(tx.body->valid_until_height, 1 + ACCUSER_WINDOW);
    assert_int_equal(tx.body->msgs[0]->body_case, MSG__BODY_SUBMIT_EVIDENCE);
    assert_int_equal(next(&key).len, 0); /* it is under way */
    commit(wire);
    /* The ledger took it, but not against the validator of the file's name: said again, and refused for good. */
    wire = next(&key);
    assert_true(wire.len > 0);
    commit(wire);
    assert_int_equal(files(), 1);
    assert_int_equal(next(&key).len, 0);
    assert_int_equal(accuser.n, 0);
    assert_int_equal(files(), 0);
}

static void accuser__again_when_no_block_took_it(void **state) {
    (void)state;
    struct err err;
    commit(BYTES_NONE);
    assert_ok(accuser_keep(test_path(""), &other, two_votes(), &err), &err);
    accuser_load(&accuser, 1);
    assert_true(next(&key).len > 0);
    for (int i = 0; i < ACCUSER_WINDOW; i++) {
        commit(BYTES_NONE);
        assert_int_equal(next(&key).len, 0);
    }
    commit(BYTES_NONE);
    assert_true(next(&key).len > 0);
    /* who was jailed for good needs no evidence any more; one's own name is never accused */
    accuser.list[0].culprit = self;
    accuser.list[0].valid_until = 0;
    assert_int_equal(next(&key).len, 0);
    assert_int_equal(accuser.n, 1);
    accuser.list[0].culprit = other;
    /* nor does what is too old */
    info.ledger_time += info.consensus->evidence_window_ms + 1;
    struct accuser_view v = {.store = store, .info = &info, .chain_tag = tag, .self = self, .key = &key};
    struct bytes wire;
    assert_ok(accuser_next(&accuser, &v, &arena, &wire, &err), &err);
    assert_int_equal(wire.len, 0);
    assert_int_equal(accuser.n, 0);
    assert_int_equal(files(), 0);
}

static void accuser__tombstoned_settles_it(void **state) {
    (void)state;
    struct err err;
    commit(BYTES_NONE);
    assert_ok(accuser_keep(test_path(""), &other, two_votes(), &err), &err);
    accuser_load(&accuser, 1);
    commit(next(&key));
    accuser.list[0].culprit = self; /* whom it was about */
    assert_int_equal(next(&key).len, 0);
    assert_int_equal(accuser.n, 0);
}

/* A node that keeps few blocks cannot say how old the evidence is: it accuses, and forgets a window later. */
static void accuser__pruned_is_not_too_old(void **state) {
    (void)state;
    struct err err;
    struct kv *kv = NULL;
    struct store *small = NULL;
    struct store_options keep = {.keep_proofs = 1, .keep_proofs_ms = 1, .keep_blocks = 2};
    struct bytes bytes;
    bool more;
    one_validator_close();
    assert_ok(kv_open_mem(STORE_FAMILIES, &kv, &err), &err);
    assert_ok(store_open_kv(kv, &keep, &small, &err), &err);
    one_validator_open_over(small);
    for (int i = 0; i < 5; i++) {
        commit(BYTES_NONE);
        assert_ok(store_keep(store, 1 << 20, &more, &err), &err);
    }
    assert_code(store_get_record(store, STORE_BLOCK, 1, &arena, &bytes, NULL), CODE_PRUNED);
    assert_ok(accuser_keep(test_path(""), &other, two_votes(), &err), &err);
    accuser_load(&accuser, 5);
    struct bytes wire = next(&key);
    assert_true(wire.len > 0);
    assert_int_equal(files(), 1);
    for (uint64_t ms = 0; ms <= 1; ms++) { /* the last moment of the window, and the one behind it */
        info.ledger_time = accuser.list[0].seen_ms + info.consensus->evidence_window_ms + ms;
        struct accuser_view v = {.store = store, .info = &info, .chain_tag = tag, .self = self};
        assert_ok(accuser_next(&accuser, &v, &arena, &wire, &err), &err);
        assert_int_equal(accuser.n, 1 - ms);
    }
    assert_int_equal(files(), 0);
    one_validator_close();
    kv_close(kv);
    one_validator_open(); /* for teardown */
}

static void accuser__files_are_bounded_and_read_with_care(void **state) {
    (void)state;
    struct err err;
    char text[ADDR_TEXT_MAX], name[ADDR_TEXT_MAX + 32];
    for (uint8_t i = 0; i < ACCUSER_MAX; i++) {
        struct addr a = {{1, i}};
        assert_ok(accuser_keep(test_path(""), &a, i == 3 ? bytes_str("garbage") : two_votes(), &err), &err);
    }
    assert_code(accuser_keep(test_path(""), &other, two_votes(), &err), CODE_LIMIT);
    assert_ok(file_write_new(test_path("evidence/readme"), bytes_str("x"), 0600, &err), &err);
    assert_ok(file_write_new(test_path("evidence/old.pb"), bytes_str("x"), 0600, &err), &err);
    accuser_load(&accuser, 1);
    assert_int_equal(accuser.n, ACCUSER_MAX - 1);
    struct addr bad = {{1, 3}};
    addr_to_text(&bad, text);
    snprintf(name, sizeof name, "evidence/%s.pb", text);
    assert_false(path_exists(test_path(name)));
    assert_true(path_exists(test_path("evidence/old.pb"))); /* not ours to delete */
}

static void accuser_add__one_a_validator_and_bounded(void **state) {
    (void)state;
    struct accuser a = {.n = 0};
    struct bytes evidence = two_votes();
    struct addr culprit = {{0}};
    for (uint8_t i = 0; i < ACCUSER_MAX; i++) {
        culprit.b[0] = i;
        assert_code(accuser_add(&a, &culprit, evidence, 1, NULL), CODE_OK);
        assert_code(accuser_add(&a, &culprit, evidence, 1, NULL), CODE_ALREADY_EXISTS);
    }
    culprit.b[0] = ACCUSER_MAX;
    assert_code(accuser_add(&a, &culprit, evidence, 1, NULL), CODE_LIMIT);
    accuser_release(&a);
    assert_code(accuser_add(&a, &culprit, bytes_str("no evidence"), 1, NULL), CODE_MALFORMED);
    assert_int_equal(a.n, 0);
}

#define ALL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
TEST_MAIN(ALL(accuser__until_the_ledger_has_spoken), ALL(accuser__again_when_no_block_took_it),
          ALL(accuser__tombstoned_settles_it), ALL(accuser__pruned_is_not_too_old),
          ALL(accuser__files_are_bounded_and_read_with_care), ALL(accuser_add__one_a_validator_and_bounded))
