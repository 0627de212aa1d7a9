/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BFT_CORE_H
#define CAIRN_CHAIN_BFT_CORE_H
/*
 * Inside of the core: its state, and who may change what. Only files of this folder include it.
 *
 *   bft.c    takes events: refuses, logs, stores what they bring, then lets the rules run
 *   rules.c  turns what is stored into the paper's compound events, one at a time, in one fixed order of priority
 *   round.c  the round state machine: what the paper does at an event; the only file that changes round, phase, lock,
 * valid tally.c, values.c   what is stored emit.h   appends to the update
 */
#include "chain/bft/tally.h"
#include "chain/bft/values.h"

struct round_proposal {
    struct proposal proposal;
    bool timely;
};

/* All that was heard in one round. */
struct round {
    bool used;
    uint32_t number;
    uint16_t proposer;
    uint8_t proposals_n;
    bool polka_seen;      /* L36 fired */
    bool prevotes_seen;   /* L34 fired */
    bool precommits_seen; /* L47 fired */
    struct round_proposal proposals[2];
    struct tally prevotes;
    struct tally precommits;
};

struct bft {
    uint16_t capacity;
    /* The height: set by START, then unchanged. */
    uint64_t height;
    uint16_t validators;
    uint16_t self;
    uint64_t total;
    uint64_t *powers; /* [capacity] */
    struct bft_config config;

    /* The state machine. */
    uint32_t round;
    enum bft_phase phase;
    int32_t locked_round;
    struct hash locked;
    int32_t valid_round;
    struct hash valid;
    struct hash decided;
    bool due;           /* a block is due, or a transaction is held */
    bool building;      /* BUILD is out for this round */
    bool proposed;      /* SIGN of the own proposal is out for this round */
    bool propose_armed; /* timeoutPropose was armed in this round */

    /* What was heard. */
    struct round rounds[BFT_ROUNDS_KEPT]; /* by number modulo; see round_find */
    bool *heard;                          /* [capacity]: newest[v] is set */
    struct vote *newest;                  /* [capacity]: the vote with the highest round of each validator */
    uint8_t *far_left;                    /* [capacity]: votes of rounds that are not kept, still to be taken */
    uint8_t far_certificates_left;        /* likewise, where a certificate takes another's place */
    bool skip_possible;                   /* somebody was heard in a later round since the last look */
    struct values values;
    struct certificate *far_polka;  /* the last polka certificate of a round that is not kept; n = 0: none */
    struct certificate *far_commit; /* likewise */

    /* What goes out. */
    bool unsynced;                           /* something was logged after the last SYNC */
    struct bft_timer armed[BFT_TIMER_KINDS]; /* kind = 0: not armed */
    struct bft_sign asked[3];                /* by vote type: SIGN is out */
    bool is_asked[3];
    struct bft_sign own[3]; /* by vote type: the last own messages of this round, to repeat */
    bool is_own[3];
    struct certificate *round_cert;  /* why this round was entered; n = 0: round 0 */
    struct certificate *valid_polka; /* for `valid` at `valid_round` */
    struct certificate *commit;      /* for `decided` */
};

static inline uint32_t rounds_low(const struct bft *core) {
    uint32_t end = core->round + BFT_ROUNDS_AHEAD + 1;
    return end > BFT_ROUNDS_KEPT ? end - BFT_ROUNDS_KEPT : 0;
}
static inline bool round_is_kept(const struct bft *core, uint32_t number) {
    return number >= rounds_low(core) && number < rounds_low(core) + BFT_ROUNDS_KEPT;
}

static inline bool is_validator(const struct bft *core) {
    return core->self != BFT_SELF_NONE;
}

#endif
