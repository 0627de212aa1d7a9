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

#define WORLD_OWNERS 4
#define WORLD_DEALS  12
#define WORLD_KINDS  160 /* at most */
#define WORLD_EVENTS 14

struct world {
    struct fixture f;
    struct rng rng;
    struct deal deals[WORLD_DEALS];
    char names[WORLD_DEALS][3][24]; /* owner, bucket, object */
    unsigned sent[WORLD_KINDS], passed[WORLD_KINDS];
    unsigned kinds[FIXTURE_HELD_MAX]; /* of the held transactions, in order */
    unsigned new_sps, new_validators;
    unsigned events[WORLD_EVENTS]; /* of world_events */
    unsigned mutants;              /* one in so many messages has a field changed at random; 0: none */
    bool trace;                    /* print what every transaction answered */
};

/* dir: RocksDB there; NULL: in memory. The same seed gives the same world. */
void world_init(struct world *w, uint64_t seed, const char *dir);
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
