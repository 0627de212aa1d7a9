/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_PROOF_H
#define CAIRN_CHAIN_TYPES_PROOF_H
/*
 * Checking that the state has, or has not, a record: the verifier of StateProof, for anyone who holds an app hash that
 * the validators signed. chain/store makes the proofs.
 *
 * The tree is binary over key hashes, most significant bit first:
 *
 *     key hash    H(cairn.state, raw key)                  value hash  H(cairn.value, record bytes)
 *     nothing     32 zero bytes
 *     one key     H(cairn.sleaf, key hash | value hash), at whatever depth it is alone
 *     more        H(cairn.snode, left | right): the keys whose next bit is 0, and 1
 *
 * A key's path ends at depth d in a leaf or in nothing. The proof has the d siblings on the path, the root's side
 * first; bit i of the mask (0x80 of the first byte first) says whether sibling i is given (1) or nothing (0). One
 * encoding: ceil(d/8) mask bytes, unused bits 0, as many siblings as bits, none of them all zero.
 *
 *     present     the end is the key's own leaf
 *     absent      the end is nothing, or the leaf of another key, whose hash agrees with the key's in the first d bits
 */
#include "chain/base/err.h"
#include "chain/base/fixed.h"

#include "cairn/state.h"

/*
 * CODE_OK: under `root`, the state has (proof->key, proof->value) when proof->present, or nothing at proof->key when
 * not. `key` is the raw key that was asked about; `root` the app hash after proof->height. CODE_PROOF with the reason
 * otherwise.
 */
int proof_verify(const StateProof *proof, struct bytes key, const struct hash *root, struct err *err);

struct hash proof_key_hash(struct bytes key);
struct hash proof_value_hash(struct bytes value);
struct hash proof_leaf(const struct hash *key_hash, const struct hash *value_hash);
struct hash proof_node(const struct hash *left, const struct hash *right);

/* Bit `depth` (0..255) of a hash, most significant first. */
static inline int proof_bit(const struct hash *hash, uint32_t depth) {
    return hash->b[depth / 8] >> (7 - depth % 8) & 1;
}

#endif
