/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/proof.h"
#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"

struct hash proof_key_hash(struct bytes key) {
    return hash_of(DOMAIN_STATE, key);
}

struct hash proof_value_hash(struct bytes value) {
    return hash_of(DOMAIN_VALUE, value);
}

struct hash proof_leaf(const struct hash *key_hash, const struct hash *value_hash) {
    return hash_pair(DOMAIN_SLEAF, key_hash, value_hash);
}

struct hash proof_node(const struct hash *left, const struct hash *right) {
    return hash_pair(DOMAIN_SNODE, left, right);
}

static int malformed(struct err *err, const char *what) {
    return err_set(err, CODE_PROOF, "the proof is malformed: %s", what);
}

static bool mask_bit(const StateProof *proof, uint32_t depth) {
    return proof->sibling_mask.data[depth / 8] >> (7 - depth % 8) & 1;
}

/* The one encoding that the header describes. */
static int check_form(const StateProof *proof, struct err *err) {
    if (proof->depth > PROOF_DEPTH_MAX || proof->sibling_mask.len != (proof->depth + 7) / 8)
        return malformed(err, "its mask does not fit its depth");
    uint32_t given = 0;
    for (uint32_t i = 0; i < 8 * proof->sibling_mask.len; i++) {
        if (mask_bit(proof, i) && i >= proof->depth)
            return malformed(err, "its mask has bits beyond its depth");
        given += mask_bit(proof, i);
    }
    if (given != proof->n_siblings)
        return malformed(err, "it has not as many siblings as its mask says");
    for (size_t i = 0; i < proof->n_siblings; i++) {
        struct hash sibling;
        if (!hash_from(pb_bytes(proof->siblings[i]), &sibling) || hash_is_zero(&sibling))
            return malformed(err, "a sibling is not a hash");
    }
    return CODE_OK;
}

/* The hash at the end of the path: the key's leaf, another's, or nothing. */
static int path_end(const StateProof *proof, const struct hash *key_hash, struct hash *ret, struct err *err) {
    bool other = proof->other_key_hash.len != 0 || proof->other_value_hash.len != 0;
    if (proof->present) {
        if (other)
            return malformed(err, "it shows another key's leaf for a key that is present");
        struct hash value_hash = proof_value_hash(pb_bytes(proof->value));
        *ret = proof_leaf(key_hash, &value_hash);
        return CODE_OK;
    }
    if (proof->value.len != 0)
        return malformed(err, "it has a value for a key that is absent");
    if (!other) {
        *ret = (struct hash){{0}};
        return CODE_OK;
    }
    struct hash other_key, other_value;
    if (!hash_from(pb_bytes(proof->other_key_hash), &other_key) ||
        !hash_from(pb_bytes(proof->other_value_hash), &other_value))
        return malformed(err, "the other key's leaf is not two hashes");
    if (hash_eq(&other_key, key_hash))
        return malformed(err, "the other key is the key itself");
    for (uint32_t i = 0; i < proof->depth; i++)
        if (proof_bit(&other_key, i) != proof_bit(key_hash, i))
            return malformed(err, "the other key does not lie on the key's path");
    *ret = proof_leaf(&other_key, &other_value);
    return CODE_OK;
}

/* From the end of the path to the root. */
static struct hash climb(const StateProof *proof, const struct hash *key_hash, struct hash node) {
    size_t next = proof->n_siblings;
    for (uint32_t depth = proof->depth; depth-- > 0;) {
        struct hash sibling = {{0}};
        if (mask_bit(proof, depth))
            memcpy(sibling.b, proof->siblings[--next].data, sizeof sibling.b);
        node = proof_bit(key_hash, depth) ? proof_node(&sibling, &node) : proof_node(&node, &sibling);
    }
    return node;
}

int proof_verify(const StateProof *proof, struct bytes key, const struct hash *root, struct err *err) {
    if (!bytes_eq(pb_bytes(proof->key), key))
        return err_set(err, CODE_PROOF, "the proof is about another key than was asked for");
    int rc = check_form(proof, err);
    if (rc != CODE_OK)
        return rc;
    struct hash key_hash = proof_key_hash(key), end;
    rc = path_end(proof, &key_hash, &end, err);
    if (rc != CODE_OK)
        return rc;
    struct hash climbed = climb(proof, &key_hash, end);
    if (!hash_eq(&climbed, root))
        return err_set(err, CODE_PROOF, "the proof does not lead to the app hash at height %llu",
                       (unsigned long long)proof->height);
    return CODE_OK;
}
