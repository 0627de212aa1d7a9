/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/light/records.h"

#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/types/proof.h"

#include <assert.h>

void records_add(struct records *r, struct bytes key, struct bytes value) {
    assert(r->n < RECORDS_MAX);
    r->at[r->n++] = (struct record_pair){key, value, proof_key_hash(key), proof_value_hash(value)};
}

/* Those of r whose key hashes have `side` at `depth`. */
static struct records half(const struct records *r, uint32_t depth, int side) {
    struct records out = {.n = 0};
    for (size_t i = 0; i < r->n; i++)
        if (proof_bit(&r->at[i].key_hash, depth) == side)
            out.at[out.n++] = r->at[i];
    return out;
}

static struct hash root_at(const struct records *r, uint32_t depth) {
    if (r->n == 0)
        return (struct hash){{0}};
    if (r->n == 1)
        return proof_leaf(&r->at[0].key_hash, &r->at[0].value_hash);
    struct records left = half(r, depth, 0), right = half(r, depth, 1);
    struct hash a = root_at(&left, depth + 1), b = root_at(&right, depth + 1);
    return proof_node(&a, &b);
}

struct hash records_root(const struct records *r) {
    return root_at(r, 0);
}

static ProtobufCBinaryData copy(struct arena *arena, const void *data, size_t len) {
    return pb_data(bytes_of(arena_dup(arena, data, len), len));
}

StateProof *records_prove(const struct records *r, struct bytes key, uint64_t height, struct arena *arena) {
    StateProof *proof = ARENA_NEW(arena, StateProof);
    struct hash key_hash = proof_key_hash(key);
    struct records here = *r;
    uint8_t mask[PROOF_DEPTH_MAX / 8] = {0};
    state_proof__init(proof);
    proof->height = height;
    proof->key = copy(arena, key.data, key.len);
    proof->siblings = arena_array(arena, PROOF_DEPTH_MAX, sizeof *proof->siblings);
    for (; here.n > 1; proof->depth++) {
        int side = proof_bit(&key_hash, proof->depth);
        struct records other = half(&here, proof->depth, !side);
        struct hash sibling = root_at(&other, proof->depth + 1);
        if (other.n > 0) {
            mask[proof->depth / 8] |= (uint8_t)(0x80 >> proof->depth % 8);
            proof->siblings[proof->n_siblings++] = copy(arena, sibling.b, sizeof sibling.b);
        }
        here = half(&here, proof->depth, side);
    }
    proof->sibling_mask = copy(arena, mask, (proof->depth + 7) / 8);
    proof->present = here.n == 1 && hash_eq(&here.at[0].key_hash, &key_hash);
    if (proof->present) {
        proof->value = copy(arena, here.at[0].value.data, here.at[0].value.len);
    } else if (here.n == 1) {
        proof->other_key_hash = copy(arena, here.at[0].key_hash.b, sizeof(struct hash));
        proof->other_value_hash = copy(arena, here.at[0].value_hash.b, sizeof(struct hash));
    }
    return proof;
}
