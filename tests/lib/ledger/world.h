/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_LEDGER_WORLD_H
#define CAIRN_TESTS_LIB_LEDGER_WORLD_H
/*
 * A ledger that lives: from one seed, random messages of every kind, right ones and wrong ones, many in a block, over
 * days of ledger time in which accounts run dry, objects expire and challenges are missed. Every invariant is checked
 * after every block by the fixture; what prepare chooses, process must accept.
 *
 *     struct world w;
 *     world_init(&w, seed, NULL);
 *     for (...) world_block(&w);
 *     world_release(&w);
 */
#include "tests/lib/ledger/deal.h"

#include "chain/base/rng.h"

#define WORLD_OWNERS     4
#define WORLD_DEALS      12
#define WORLD_GUESTS     6   /* whom policies and groups are about */
#define WORLD_KINDS      160 /* of messages, at most */
#define WORLD_EVENTS     19
#define WORLD_BLOCK_OPS  12 /* tried for one block, at most */
#define WORLD_NEWCOMERS  3
#define WORLD_STEP_MIN   1000 /* real ms from block to block */
#define WORLD_STEP_RANGE 1500

/* What is tried in one block. A plan is drawn without looking at the ledger, and each of its messages has a seed of its
 * own, so that leaving one out does not change what the others draw. */
struct world_plan {
    struct world_draw {
        unsigned kind; /* of world_op_at */
        uint64_t seed;
        bool join; /* into the transaction before it, when the signer is the same */
        bool skip; /* left out: set by who looks for less */
    } draws[WORLD_BLOCK_OPS];
    unsigned n;
    uint64_t step_ms;
    bool someone_leaves; /* from here on, these are away */
    uint64_t absent;
};

/* One message that was tried: what came of the transaction that it was in. */
struct world_try {
    unsigned kind;
    size_t held; /* its transaction */
};

struct world {
    struct fixture f;
    struct rng rng;      /* of the message that is made */
    struct rng plan_rng; /* of plans */
    uint64_t time_scale; /* ms of ledger time in a real one */
    unsigned weights[WORLD_KINDS];
    unsigned deals_n, guests_n; /* of deals and guests: fewer, and more happens to each */
    struct deal deals[WORLD_DEALS];
    char names[WORLD_DEALS][3][24]; /* owner, bucket, object */
    unsigned sent[WORLD_KINDS], passed[WORLD_KINDS];
    struct world_try tries[FIXTURE_HELD_MAX];
    unsigned tries_n;
    unsigned new_sps, new_validators;
    unsigned events[WORLD_EVENTS]; /* of world_events */
    unsigned mutants;              /* one in so many messages has a field changed at random; 0: none */
    bool trace;                    /* print what every transaction answered */
    /* Called after a block for each transaction that was held for it, in order; result NULL: it was not chosen. NULL:
     * nobody looks. */
    void (*saw)(void *arg, const struct tx *tx, const TxResult *result);
    void *saw_arg;
};

/* dir: RocksDB there; NULL: in memory. The same seed gives the same world. */
void world_init(struct world *w, uint64_t seed, const char *dir);
/* The same, with ledger time running time_scale times as fast as real time: every deadline of the ledger grows along,
 * so that as much happens in as many blocks. (world_init: 60.) */
void world_init_scaled(struct world *w, uint64_t seed, uint64_t time_scale, const char *dir);
void world_draw_plan(struct world *w, struct world_plan *ret);
void world_run_plan(struct world *w, const struct world_plan *plan);
/* Draws and runs. */
void world_block(struct world *w);
void world_release(struct world *w);

extern const char *const world_events[WORLD_EVENTS];

/* --- ops.h --- a kind of message: makes one for the block that is gathered, or does nothing when there is nothing to
 * make it of. */
struct world_op {
    const char *name;
    unsigned weight;
    void (*make)(struct world *w);
};
unsigned world_ops_n(void);
const struct world_op *world_op_at(unsigned i); /* i < world_ops_n() */

#endif
