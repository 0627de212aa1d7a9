/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_CHAIN_MADE_CHAIN_H
#define CAIRN_TESTS_LIB_CHAIN_MADE_CHAIN_H
/*
 * A chain that somebody made earlier: blocks of signed transfers under the real rules, each certified by all
 * validators, whose keys are here. For what takes chains over: block sync, state sync, their benchmarks.
 *
 *     made_chain_init(&c, NULL, 4, 100);
 *     made_chain_grow(&c, 20, 50);          20 heights of 50 transfers each
 *     ... c.store, c.executor.head, made_chain_stored(&c, 7, &arena) ...
 *     made_chain_release(&c);
 *
 * A failure of the machinery ends the program with its sentence. Runs from the root of the tree.
 */
#include "chain/node/executor.h"
#include "x/app/ledger.h"

enum { MADE_VALIDATORS_MAX = 16, MADE_SNAPSHOT_EVERY = 10 };

struct made_chain {
    struct ledger ledger; /* first: the app's `self` is both */
    struct app app;
    struct app_ops ops; /* the ledger's, but for what pads the state */
    struct verify *verify;
    struct kv *kv; /* in memory; else NULL */
    struct store *store;
    struct executor executor; /* validator 0's, who proposes every block */
    struct arena arena;       /* genesis */
    Genesis *genesis;
    struct bytes genesis_bytes;
    struct hash tag, secret; /* of the reveals */
    unsigned validators;
    struct seckey keys[MADE_VALIDATORS_MAX]; /* in the order of the set */
    unsigned senders;
    struct seckey *sender_keys;
    uint64_t *sequences; /* the next of each sender */
    size_t turn;         /* whose turn it is to send */
    uint64_t pads;       /* made so far */
    size_t pairs, len;   /* of pads, with the next block */
};

/* Genesis with `validators` of equal power and `senders` rich accounts; `dir`: the store's directory, NULL: memory.
 * The same arguments give the same chain. */
void made_chain_init(struct made_chain *c, const char *dir, unsigned validators, unsigned senders);
void made_chain_release(struct made_chain *c);
/* Gives the store in `dir` back, for somebody else to open; what was made stays, nothing more can be. */
void made_chain_close(struct made_chain *c);

/* `heights` more blocks of `txs` transfers each. */
void made_chain_grow(struct made_chain *c, size_t heights, size_t txs);

/* The next block puts `pairs` records of `len` bytes each into the state: so that a snapshot has something to carry. No
 * rule knows them, so nobody but this chain's own app can come to this state by executing the blocks. */
void made_chain_pad(struct made_chain *c, size_t pairs, size_t len);
/* The snapshot of the newest multiple of MADE_SNAPSHOT_EVERY is made now. */
void made_chain_snapshot(struct made_chain *c);

/* The encoded StoredBlock of a height, on arena. */
struct bytes made_chain_stored(struct made_chain *c, uint64_t height, struct arena *arena);

/* A commit certificate for the block by the first `n` validators of the set. */
struct certificate made_chain_certify(const struct made_chain *c, const struct block *b, unsigned n);

/* The sentence and exit(1) unless rc is CODE_OK. */
void made_must(int rc, const struct err *err);

#endif
