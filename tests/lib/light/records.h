/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_LIGHT_RECORDS_H
#define CAIRN_TESTS_LIB_LIGHT_RECORDS_H
/* A small state as its definition says it, root and proofs by plain recursion: what chain/store must agree with, and
 * what proof files are made from. */
#include "chain/base/arena.h"
#include "chain/base/fixed.h"

#include "cairn/state.h"

enum { RECORDS_MAX = 64 };

struct record_pair {
    struct bytes key, value;
    struct hash key_hash, value_hash;
};

struct records {
    size_t n;
    struct record_pair at[RECORDS_MAX];
};

/* Borrows both. */
void records_add(struct records *r, struct bytes key, struct bytes value);
struct hash records_root(const struct records *r);
/* On the arena; of a height. */
StateProof *records_prove(const struct records *r, struct bytes key, uint64_t height, struct arena *arena);

#endif
