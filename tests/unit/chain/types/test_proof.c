/* SPDX-License-Identifier: Apache-2.0 */
/* A tree by definition, proofs of it, and every way to bend them. */
#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/types/proof.h"
#include "tests/lib/test.h"

enum { KEYS = 40 };

struct pair {
    char key[32], value[32];
    struct hash key_hash, value_hash;
};

static struct pair pairs[KEYS];

static int by_hash(const void *a, const void *b) {
    return hash_cmp(&((const struct pair *)a)->key_hash, &((const struct pair *)b)->key_hash);
}

static void make_pairs(size_t n) {
    for (size_t i = 0; i < n; i++) {
        snprintf(pairs[i].key, sizeof pairs[i].key, "key%zu", i);
        snprintf(pairs[i].value, sizeof pairs[i].value, "value%zu", i);
        pairs[i].key_hash = proof_key_hash(bytes_str(pairs[i].key));
        pairs[i].value_hash = proof_value_hash(bytes_str(pairs[i].value));
    }
    qsort(pairs, n, sizeof *pairs, by_hash);
}

static size_t split_at(const struct pair *p, size_t n, uint32_t depth) {
    size_t left = 0;
    while (left < n && !proof_bit(&p[left].key_hash, depth))
        left++;
    return left;
}

static struct hash root_of(const struct pair *p, size_t n, uint32_t depth) {
    if (n == 0)
        return (struct hash){{0}};
    if (n == 1)
        return proof_leaf(&p->key_hash, &p->value_hash);
    size_t left = split_at(p, n, depth);
    struct hash l = root_of(p, left, depth + 1), r = root_of(p + left, n - left, depth + 1);
    return proof_node(&l, &r);
}

/* A proof with its own memory. */
struct made {
    StateProof proof;
    struct hash hashes[PROOF_DEPTH_MAX + 2];
    ProtobufCBinaryData siblings[PROOF_DEPTH_MAX];
    uint8_t mask[32];
    char key[32];
};

static void prove(struct made *made, const char *key, size_t n) {
    memset(made, 0, sizeof *made);
    state_proof__init(&made->proof);
    StateProof *out = &made->proof;
    snprintf(made->key, sizeof made->key, "%s", key);
    struct hash key_hash = proof_key_hash(bytes_str(key));
    const struct pair *p = pairs;
    uint32_t depth = 0;
    for (; n > 1; depth++) {
        size_t left = split_at(p, n, depth);
        bool right = proof_bit(&key_hash, depth);
        struct hash sibling = right ? root_of(p, left, depth + 1) : root_of(p + left, n - left, depth + 1);
        if (!hash_is_zero(&sibling)) {
            made->mask[depth / 8] |= (uint8_t)(0x80 >> depth % 8);
            made->hashes[out->n_siblings] = sibling;
            made->siblings[out->n_siblings] = pb_data(hash_bytes(&made->hashes[out->n_siblings]));
            out->n_siblings++;
        }
        p = right ? p + left : p;
        n = right ? n - left : left;
    }
    out->height = 9;
    out->key = pb_data(bytes_str(made->key));
    out->depth = depth;
    out->sibling_mask = pb_data(bytes_of(made->mask, (depth + 7) / 8));
    out->siblings = made->siblings;
    out->present = n == 1 && hash_eq(&p->key_hash, &key_hash);
    if (out->present) {
        out->value = pb_data(bytes_str(p->value));
    } else if (n == 1) {
        made->hashes[PROOF_DEPTH_MAX] = p->key_hash;
        made->hashes[PROOF_DEPTH_MAX + 1] = p->value_hash;
        out->other_key_hash = pb_data(hash_bytes(&made->hashes[PROOF_DEPTH_MAX]));
        out->other_value_hash = pb_data(hash_bytes(&made->hashes[PROOF_DEPTH_MAX + 1]));
    }
}

static int verify(const struct made *made, const struct hash *root) {
    return proof_verify(&made->proof, bytes_str(made->key), root, NULL);
}

static void verify__presence_and_absence(void **state) {
    (void)state;
    for (size_t n = 0; n <= KEYS; n++) {
        make_pairs(n);
        struct hash root = root_of(pairs, n, 0);
        struct made made;
        for (size_t i = 0; i < n; i++) {
            prove(&made, pairs[i].key, n);
            assert_true(made.proof.present);
            assert_code(verify(&made, &root), CODE_OK);
            made.proof.present = 0; /* the same path may not say the opposite */
            assert_code(verify(&made, &root), CODE_PROOF);
        }
        for (size_t i = 0; i < 20; i++) {
            char absent[32];
            snprintf(absent, sizeof absent, "absent%zu", i);
            prove(&made, absent, n);
            assert_false(made.proof.present);
            assert_code(verify(&made, &root), CODE_OK);
            made.proof.present = 1;
            made.proof.value = pb_data(bytes_str("x"));
            assert_code(verify(&made, &root), CODE_PROOF);
        }
    }
}

static void verify__refuses_what_was_bent(void **state) {
    (void)state;
    make_pairs(KEYS);
    struct hash root = root_of(pairs, KEYS, 0), other_root = root_of(pairs, KEYS - 1, 0);
    struct made made;
    prove(&made, pairs[3].key, KEYS);
    assert_code(verify(&made, &root), CODE_OK);
    assert_code(verify(&made, &other_root), CODE_PROOF);
    assert_code(proof_verify(&made.proof, bytes_str("key"), &root, NULL), CODE_PROOF);

    made.proof.value = pb_data(bytes_str("valueX"));
    assert_code(verify(&made, &root), CODE_PROOF);

    prove(&made, pairs[3].key, KEYS);
    for (size_t i = 0; i < made.proof.n_siblings; i++) {
        made.hashes[i].b[31] ^= 1;
        assert_code(verify(&made, &root), CODE_PROOF);
        made.hashes[i].b[31] ^= 1;
    }
    made.proof.n_siblings--;
    assert_code(verify(&made, &root), CODE_PROOF);
    made.proof.n_siblings++;
    made.siblings[0].len = 31;
    assert_code(verify(&made, &root), CODE_PROOF);
    made.siblings[0].len = 32;
    made.proof.depth++;
    assert_code(verify(&made, &root), CODE_PROOF);
    made.proof.depth = PROOF_DEPTH_MAX + 1;
    assert_code(verify(&made, &root), CODE_PROOF);
}

static void verify__mask_has_one_form(void **state) {
    (void)state;
    make_pairs(KEYS);
    struct hash root = root_of(pairs, KEYS, 0);
    struct made made;
    prove(&made, pairs[0].key, KEYS);
    assert_true(made.proof.depth % 8 != 0);
    made.mask[made.proof.depth / 8] |= 1;
    assert_code(verify(&made, &root), CODE_PROOF);
    prove(&made, pairs[0].key, KEYS);
    made.proof.sibling_mask.len++;
    assert_code(verify(&made, &root), CODE_PROOF);
}

/* Absence by another key's leaf: that key must share the path, and be another one. */
static void verify__absence_needs_the_right_neighbour(void **state) {
    (void)state;
    make_pairs(KEYS);
    struct hash root = root_of(pairs, KEYS, 0);
    struct made made;
    size_t seen = 0;
    for (size_t i = 0; i < 50; i++) {
        char absent[32];
        snprintf(absent, sizeof absent, "absent%zu", i);
        prove(&made, absent, KEYS);
        if (made.proof.other_key_hash.len == 0)
            continue;
        seen++;
        struct hash right = made.hashes[PROOF_DEPTH_MAX];
        made.hashes[PROOF_DEPTH_MAX].b[0] ^= 0x80;
        assert_code(verify(&made, &root), CODE_PROOF);
        made.hashes[PROOF_DEPTH_MAX] = proof_key_hash(bytes_str(absent));
        assert_code(verify(&made, &root), CODE_PROOF);
        made.hashes[PROOF_DEPTH_MAX] = right;
        made.proof.other_value_hash.len = 0;
        assert_code(verify(&made, &root), CODE_PROOF);
    }
    assert_true(seen > 0);
}

TEST_MAIN(cmocka_unit_test(verify__presence_and_absence), cmocka_unit_test(verify__refuses_what_was_bent),
          cmocka_unit_test(verify__mask_has_one_form), cmocka_unit_test(verify__absence_needs_the_right_neighbour))
