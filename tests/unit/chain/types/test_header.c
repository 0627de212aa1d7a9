/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/crypto/list_tree.h"
#include "chain/types/header.h"
#include "chain/types/reveal.h"
#include "tests/lib/test.h"

static const struct hash tag = {{1}}, some = {{2}}, zero;
static const struct addr proposer = {{3}};

static Header a_header(uint64_t height) {
    Header h = HEADER__INIT;
    h.version = HEADER_VERSION;
    h.chain_tag = pb_data(hash_bytes(&tag));
    h.height = height;
    h.time = 1000;
    h.previous_id = height == 1 ? (ProtobufCBinaryData){0, NULL} : pb_data(hash_bytes(&some));
    h.last_certificate_hash = pb_data(hash_bytes(height == 1 ? &zero : &some));
    h.txs_root = h.validators_hash = h.next_validators_hash = h.params_hash = h.app_hash = h.results_hash =
        pb_data(hash_bytes(&some));
    h.proposer = pb_data(addr_bytes(&proposer));
    h.reveal = pb_data(hash_bytes(&zero));
    return h;
}

static int parse(const Header *h, struct header *ret) {
    struct arena arena;
    struct bytes encoded;
    arena_init(&arena, 1 * MIB);
    assert_ok(pb_encode(h, &arena, &encoded, NULL), NULL);
    int rc = header_parse(encoded, &tag, &arena, ret, NULL);
    if (rc == CODE_OK) {
        struct hash id = header_id(encoded);
        assert_true(hash_eq(&id, &ret->id));
    }
    arena_release(&arena);
    return rc;
}

static void parse__first_and_later(void **state) {
    (void)state;
    struct header got;
    Header first = a_header(1), later = a_header(2);
    assert_code(parse(&first, &got), CODE_OK);
    assert_true(hash_is_zero(&got.previous_id));
    assert_code(parse(&later, &got), CODE_OK);
    assert_int_equal(got.height, 2);
    assert_true(addr_eq(&got.proposer, &proposer));
}

static void parse__refuses(void **state) {
    (void)state;
    struct header got;
    Header h = a_header(1);
    h.previous_id = pb_data(hash_bytes(&some));
    assert_code(parse(&h, &got), CODE_MALFORMED);
    h = a_header(2);
    h.previous_id.len = 0;
    assert_code(parse(&h, &got), CODE_MALFORMED);
    h = a_header(0);
    assert_code(parse(&h, &got), CODE_MALFORMED);
    h = a_header(2);
    h.version = 2;
    assert_code(parse(&h, &got), CODE_VERSION);
    h = a_header(2);
    h.chain_tag = pb_data(hash_bytes(&some));
    assert_code(parse(&h, &got), CODE_CHAIN_MISMATCH);
    h = a_header(2);
    h.reveal.len = 0;
    assert_code(parse(&h, &got), CODE_MALFORMED);
}

static void txs_root__is_a_list_tree_over_wire_hashes(void **state) {
    (void)state;
    struct hash empty = header_txs_root(NULL, 0), want = list_tree_empty();
    assert_true(hash_eq(&empty, &want));
    for (size_t n = 1; n < 40; n++) {
        struct hash wires[40];
        struct list_tree tree;
        list_tree_init(&tree, DOMAIN_NODE);
        for (size_t i = 0; i < n; i++) {
            wires[i] = (struct hash){{(uint8_t)i, (uint8_t)n}};
            struct hash leaf = list_tree_leaf(hash_bytes(&wires[i]));
            list_tree_push(&tree, &leaf);
        }
        struct hash got = header_txs_root(wires, n);
        want = list_tree_root(&tree);
        assert_true(hash_eq(&got, &want));
    }
}

static void reveal__goes_down_the_chain(void **state) {
    (void)state;
    struct hash secret = {{42}}, tip = reveal_value(&secret, 10);
    for (uint64_t left = 10; left-- > 0;) {
        struct hash reveal = reveal_value(&secret, left);
        assert_true(reveal_fits(&tip, &reveal));
        assert_false(reveal_fits(&tip, &secret) && left > 0);
        tip = reveal;
    }
    assert_true(hash_eq(&tip, &secret));
    struct hash seed = seed_next(&zero, &tip), again = seed_next(&seed, &tip);
    assert_false(hash_eq(&seed, &again));
}

TEST_MAIN(cmocka_unit_test(parse__first_and_later), cmocka_unit_test(parse__refuses),
          cmocka_unit_test(txs_root__is_a_list_tree_over_wire_hashes), cmocka_unit_test(reveal__goes_down_the_chain))
