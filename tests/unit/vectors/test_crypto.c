/* SPDX-License-Identifier: Apache-2.0 */
/* tests/vectors/{domains,keys,trees,state_tree}.json. */
#include "cairn/state.h"
#include "chain/codec/bech32.h"
#include "chain/crypto/address.h"
#include "chain/crypto/key.h"
#include "chain/crypto/piece_tree.h"
#include "chain/types/proof.h"
#include "tests/unit/vectors/vectors.h"

static void domains(void **state) {
    (void)state;
    json_t *list = vectors_load("domains"), *at;
    size_t i;
    assert_int_equal(json_array_size(list), DOMAIN_COUNT);
    json_array_foreach(list, i, at) {
        assert_string_equal(vectors_text(at, "domain"), domain_name((enum domain)i));
        vectors_same_hash(hash_of((enum domain)i, BYTES_NONE), at, "of_nothing");
        vectors_same_hash(hash_of((enum domain)i, bytes_str("abc")), at, "of_abc");
    }
    json_decref(list);
}

static void check_key(const json_t *at) {
    struct seckey key;
    json_t *sub;
    size_t i;
    char text[ADDR_TEXT_MAX];
    assert_ok(seckey_init(&key, vectors_hex(at, "secret").data, NULL), NULL);
    struct pubkey pub = seckey_pubkey(&key);
    struct addr addr = addr_of_key(&pub);
    vectors_same(pubkey_bytes(&pub), vectors_hex(at, "pubkey"), "pubkey");
    vectors_same(addr_bytes(&addr), vectors_hex(at, "address"), "address");
    addr_to_text(&addr, text);
    assert_string_equal(text, vectors_text(at, "bech32"));
    json_array_foreach(vectors_get(at, "payment_accounts"), i, sub) {
        struct addr account = addr_of_payment(&addr, (uint32_t)i);
        vectors_same(addr_bytes(&account), vectors_unhex(json_string_value(sub)), "payment account");
    }
    json_array_foreach(vectors_get(at, "signatures"), i, sub) {
        struct hash digest = vectors_hash(sub, "digest");
        struct sig sig = seckey_sign(&key, &digest);
        vectors_same(sig_bytes(&sig), vectors_hex(sub, "signature"), "signature");
        assert_true(key_verify(&pub, &digest, &sig));
    }
}

static void keys(void **state) {
    (void)state;
    json_t *all = vectors_load("keys"), *at;
    size_t i;
    json_array_foreach(vectors_get(all, "keys"), i, at) check_key(at);
    json_array_foreach(vectors_get(all, "modules"), i, at) {
        struct addr addr = addr_of_module(vectors_text(at, "module"));
        vectors_same(addr_bytes(&addr), vectors_hex(at, "address"), "module");
    }
    json_decref(all);
}

static void make_leaves(struct hash *leaves, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint8_t be[4];
        store_be32(be, (uint32_t)i);
        leaves[i] = list_tree_leaf(bytes_of(be, sizeof be));
    }
}

static void check_list(const json_t *at) {
    struct hash leaves[64] = {{{0}}}, path[LIST_PATH_MAX];
    size_t count = (size_t)vectors_u64(at, "count"), len, i, j;
    json_t *steps, *step;
    assert_true(count <= 64);
    make_leaves(leaves, count);
    vectors_same_hash(list_tree_root_of(DOMAIN_NODE, leaves, count), at, "root");
    json_array_foreach(vectors_get(at, "paths"), i, steps) {
        make_leaves(leaves, count);
        list_tree_prove(DOMAIN_NODE, leaves, count, i, path, &len);
        assert_int_equal(len, json_array_size(steps));
        json_array_foreach(steps, j, step)
            vectors_same(hash_bytes(&path[j]), vectors_unhex(json_string_value(step)), "path");
    }
}

static struct hash pattern_piece(size_t len) {
    uint8_t *data = arena_alloc(&vectors_arena, len);
    struct hash *scratch = arena_array(&vectors_arena, (size_t)leaf_count(len), sizeof *scratch);
    assert_true(data && scratch);
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)(31 * i + (i >> 8));
    return piece_root_of(data, len, scratch);
}

static void trees(void **state) {
    (void)state;
    json_t *all = vectors_load("trees"), *at, *size;
    size_t i, j;
    json_array_foreach(vectors_get(all, "lists"), i, at) check_list(at);
    json_array_foreach(vectors_get(all, "pieces"), i, at)
        vectors_same_hash(pattern_piece((size_t)vectors_u64(at, "length")), at, "root");
    json_array_foreach(vectors_get(all, "checksums"), i, at) {
        struct hash roots[16] = {{{0}}};
        json_array_foreach(vectors_get(at, "pieces"), j, size) roots[j] =
            pattern_piece((size_t)json_integer_value(size));
        vectors_same_hash(checksum_of(roots, j), at, "checksum");
    }
    json_array_foreach(vectors_get(all, "contents"), i, at) {
        struct hash root = vectors_hash(at, "content_root");
        vectors_same_hash(content_id(vectors_u64(at, "size"), &root), at, "content_id");
    }
    json_decref(all);
}

static void state_tree(void **state) {
    (void)state;
    json_t *all = vectors_load("state_tree"), *at, *sub;
    size_t i, j;
    json_array_foreach(all, i, at) {
        struct hash root = vectors_hash(at, "root");
        json_array_foreach(vectors_get(at, "proofs"), j, sub) {
            struct err err;
            StateProof *proof;
            assert_ok(json_to_pb(&state_proof__descriptor, sub, &vectors_arena, &proof, &err), &err);
            assert_ok(proof_verify(proof, bytes_of(proof->key.data, proof->key.len), &root, &err), &err);
            assert_int_equal(proof->present, j < json_array_size(vectors_get(at, "records")));
        }
    }
    json_decref(all);
}

TEST_MAIN(cmocka_unit_test(domains), cmocka_unit_test(keys), cmocka_unit_test(trees), cmocka_unit_test(state_tree))
