/* SPDX-License-Identifier: Apache-2.0 */
/* Checking fetched blocks where the validators change: the set comes with the block, and is believed only when the
 * header before announced it. (Whole chains, and peers that lie: test_block_sync.c.) */
#include "tests/lib/test.h"

#include "chain/codec/pb.h"
#include "chain/node/check.h"

enum { KEYS = 6, HEIGHTS = 6 };

static const struct hash tag = {{7}};
static struct seckey keys[KEYS];
static struct arena arena;
static struct verify *verify;
static struct validator_set sets[HEIGHTS + 2]; /* [h] signs height h */
static struct bytes stored[HEIGHTS + 1];

static const struct seckey *key_of(const struct pubkey *pub) {
    for (size_t i = 0; i < KEYS; i++) {
        struct pubkey p = seckey_pubkey(&keys[i]);
        if (memcmp(p.b, pub->b, sizeof p.b) == 0)
            return &keys[i];
    }
    fail();
    return NULL;
}

static struct validator_set set_of(size_t from, size_t n) {
    struct validator_set set = {.n = 0};
    for (size_t i = 0; i < n; i++) {
        struct pubkey pub = seckey_pubkey(&keys[(from + i) % KEYS]);
        assert_ok(validator_set_add(&set, &pub, 10, NULL), NULL);
    }
    return set;
}

static struct certificate certify(const struct header *h, const struct validator_set *set) {
    struct certificate c = {.height = h->height, .kind = CERTIFICATE_COMMIT, .n = set->n, .value = h->id};
    for (uint16_t i = 0; i < set->n; i++) {
        struct vote *v = &c.votes[i];
        *v = (struct vote){.height = h->height, .type = VOTE_PRECOMMIT, .value = h->id, .validator = i};
        struct hash digest = vote_digest(&tag, v);
        v->sig = seckey_sign(key_of(&set->at[i].key), &digest);
    }
    return c;
}

static ProtobufCBinaryData dup_hash(const struct hash *h) {
    struct bytes out;
    assert_true(arena_dup_bytes(&arena, hash_bytes(h), &out));
    return pb_data(out);
}

/* An empty block of the height behind `previous`; the set and certificate that come with it. */
static struct bytes make(uint64_t height, struct header *previous, const struct validator_set *brings,
                         const struct validator_set *signs) {
    struct err err;
    struct hash zero = {{0}}, set = validator_set_hash(&sets[height]), next = validator_set_hash(&sets[height + 1]);
    struct hash root = header_txs_root(NULL, 0), last = zero;
    struct certificate cert;
    Certificate *last_pb = NULL;
    Header pb = HEADER__INIT;
    struct bytes header, out;
    struct block *b = NULL;
    StoredBlock sb = STORED_BLOCK__INIT;
    if (height > 1) {
        cert = certify(previous, &sets[height - 1]);
        last = certificate_hash(&cert);
        assert_ok(certificate_to_pb(&cert, sets[height - 1].n, &arena, &last_pb, &err), &err);
        pb.previous_id = dup_hash(&previous->id);
    }
    pb.version = HEADER_VERSION;
    pb.chain_tag = dup_hash(&tag);
    pb.height = height;
    pb.time = height * 1000;
    pb.last_certificate_hash = dup_hash(&last);
    pb.txs_root = dup_hash(&root);
    pb.validators_hash = dup_hash(&set);
    pb.next_validators_hash = dup_hash(&next);
    pb.params_hash = pb.app_hash = pb.results_hash = pb.reveal = dup_hash(&zero);
    pb.proposer = pb_data(addr_bytes(&sets[height].at[0].addr));
    assert_ok(pb_encode(&pb, &arena, &header, &err), &err);
    struct block_parts parts = {.header = header, .last_certificate = last_pb};
    assert_ok(block_build(&parts, &tag, &b, &err), &err);
    assert_true(arena_dup_bytes(&arena, b->encoded, &out));
    sb.block = pb_data(out);
    *previous = b->header;
    cert = certify(&b->header, signs);
    assert_ok(certificate_to_pb(&cert, signs->n, &arena, &sb.certificate, &err), &err);
    assert_ok(validator_set_to_pb(brings, &arena, &sb.validators, &err), &err);
    assert_ok(pb_encode(&sb, &arena, &out, &err), &err);
    block_unref(b);
    return out;
}

/* Heights 1 and 2 are signed by three validators, 3 and 4 by five with other places, 5 and 6 by one who is new. */
static int setup(void **state) {
    (void)state;
    struct err err;
    struct header previous;
    arena_init(&arena, 64 << 20);
    for (size_t i = 0; i < KEYS; i++) {
        uint8_t raw[32] = {1, (uint8_t)(i + 1)};
        assert_ok(seckey_init(&keys[i], raw, &err), &err);
    }
    sets[1] = sets[2] = set_of(0, 3);
    sets[3] = sets[4] = set_of(1, 5);
    sets[5] = sets[6] = sets[7] = set_of(0, 1);
    for (uint64_t h = 1; h <= HEIGHTS; h++)
        stored[h] = make(h, &previous, &sets[h], &sets[h]);
    assert_ok(verify_new(0, &verify, &err), &err);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    verify_free(verify);
    arena_release(&arena);
    return 0;
}

static struct check *check_of(size_t from, size_t count, const struct check_point *point) {
    struct check_point genesis = {.set_hash = validator_set_hash(&sets[1]), .set_known = true, .set = sets[1]};
    for (uint16_t i = 0; i < sets[1].n; i++)
        assert_ok(verifier_init(&genesis.keys[i], &sets[1].at[i].key, NULL), NULL);
    struct check *k = check_new(&tag, point != NULL ? point : &genesis, from);
    assert_non_null(k);
    k->count = count;
    for (size_t i = 0; i < count; i++) {
        k->blocks[i].len = stored[from + i].len;
        k->blocks[i].stored = malloc(stored[from + i].len);
        memcpy(k->blocks[i].stored, stored[from + i].data, stored[from + i].len);
    }
    return k;
}

static void check_run__sets_that_change(void **state) {
    (void)state;
    struct check *k = check_of(1, HEIGHTS, NULL);
    check_run(k, verify);
    assert_ok(k->failed, &k->why);
    assert_int_equal(k->good, HEIGHTS);
    assert_int_equal(k->point.height, HEIGHTS);
    assert_int_equal(k->point.last_n, 1);
    for (size_t i = 0; i < HEIGHTS; i++)
        assert_true(k->blocks[i].block->opened && k->blocks[i].certificate->n == sets[i + 1].n);
    check_free(k);
    /* The same in two runs, the second behind what the first found. */
    k = check_of(1, 2, NULL);
    check_run(k, verify);
    assert_int_equal(k->good, 2);
    assert_false(k->point.set_known);
    struct check *rest = check_of(3, HEIGHTS - 2, &k->point);
    check_free(k);
    check_run(rest, verify);
    assert_ok(rest->failed, &rest->why);
    assert_int_equal(rest->good, HEIGHTS - 2);
    check_free(rest);
}

static void refused(size_t at, int code) {
    struct check *k = check_of(1, HEIGHTS, NULL);
    check_run(k, verify);
    assert_int_equal(k->good, at - 1);
    assert_code(k->failed, code);
    assert_false(k->certified);
    assert_null(k->blocks[at - 1].block);
    assert_non_null(strstr(k->why.msg, "block 3"));
    assert_int_equal(k->point.height, at - 1);
    check_free(k);
}

static void check_run__a_set_that_nobody_announced(void **state) {
    (void)state;
    struct header previous;
    struct block *b = NULL;
    StoredBlock *pb = NULL;
    assert_ok(pb_decode(&stored_block__descriptor, stored[2], &arena, &pb, NULL), NULL);
    assert_ok(block_new(pb_bytes(pb->block), &tag, &b, NULL), NULL);
    previous = b->header;
    struct validator_set own = set_of(2, 2);
    struct header at = previous;
    stored[3] = make(3, &at, &own, &own); /* its header names the right ones, it brings and is signed by its own */
    refused(3, CODE_UNTRUSTED);
    struct validator_set right = sets[3];
    sets[3] = own; /* the header names its own, too */
    at = previous;
    stored[3] = make(3, &at, &own, &own);
    sets[3] = right;
    refused(3, CODE_UNTRUSTED);
    at = previous;
    struct validator_set half = set_of(1, 3);
    stored[3] =
        make(3, &at, &sets[3], &half); /* the right set, and signed by three of five: too few, in wrong places */
    struct check *k = check_of(1, 3, NULL);
    check_run(k, verify);
    assert_int_equal(k->good, 2);
    assert_int_not_equal(k->failed, CODE_OK);
    assert_false(k->certified);
    check_free(k);
    block_unref(b);
}

static void check_run__comes_without_its_set(void **state) {
    (void)state;
    StoredBlock *pb = NULL;
    for (size_t h = 2; h <= 3; h++) {
        assert_ok(pb_decode(&stored_block__descriptor, stored[h], &arena, &pb, NULL), NULL);
        pb->validators = NULL;
        assert_ok(pb_encode(pb, &arena, &stored[h], NULL), NULL);
    }
    refused(3, CODE_MALFORMED); /* 2 needs none: its set is known */
}

TEST_MAIN(cmocka_unit_test_setup_teardown(check_run__sets_that_change, setup, teardown),
          cmocka_unit_test_setup_teardown(check_run__a_set_that_nobody_announced, setup, teardown),
          cmocka_unit_test_setup_teardown(check_run__comes_without_its_set, setup, teardown))
