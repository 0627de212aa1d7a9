/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_PROPERTY_LEDGER_RUN_H
#define CAIRN_TESTS_PROPERTY_LEDGER_RUN_H
/*
 * One life of a ledger, from one number. What is drawn from the seed: how fast its time runs, how many blocks, which
 * kinds of messages come often and which never, whether a second ledger lives the same life beside it (other storage,
 * or born half-way from an export of the first), and a plan for every block. All of it is drawn before the first block
 * runs, so that parts of it can be left out (shrink.h).
 */
#include "tests/lib/ledger/world.h"

#define LIFE_BLOCKS_MAX 460
#define LIFE_KINDS      256 /* Msg's field numbers */

enum twin { TWIN_NONE, TWIN_DISK, TWIN_EXPORT };

struct life {
    uint64_t seed;
    uint64_t time_scale;
    enum twin twin;
    uint64_t twin_from; /* TWIN_EXPORT: the block after which it is born */
    unsigned mutants;   /* as in struct world */
    unsigned weights[WORLD_KINDS], deals_n, guests_n;
    unsigned blocks;
    struct world_plan plans[LIFE_BLOCKS_MAX];
    bool gone[LIFE_BLOCKS_MAX]; /* blocks left out */
};

/* What came of it. Lives in memory that parent and child share. */
struct report {
    uint64_t height, op_height;
    uint64_t ledger_ms;                                 /* how much ledger time passed */
    unsigned accepted[LIFE_KINDS], refused[LIFE_KINDS]; /* messages by their number in Msg */
    unsigned events[WORLD_EVENTS];
    uint64_t trace;     /* over the hashes of all blocks */
    uint64_t questions; /* put to ledger and model */
    bool done;
};

void life_draw(uint64_t seed, struct life *ret);
/* In words, one line. */
void life_describe(const struct life *life, char *text, size_t cap);
/* Lives it. What is wrong ends the process, with words on standard error (cmocka's, outside of a test). */
void life_run(const struct life *life, bool trace, struct report *report);

#endif
