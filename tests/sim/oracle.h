/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_SIM_ORACLE_H
#define CAIRN_TESTS_SIM_ORACLE_H
/*
 * What a core must do with what it was given. The other checks look at what leaves a node; these remember what went
 * into it, and what the rules therefore demand at once:
 *
 *   a round is left behind as soon as more than a third is heard beyond it (L55)
 *   a vote heard for a round counts in it, however early it came
 *   a proposal that came a height early is looked at when that height begins
 *   a polka of the present round for a value whose body is here makes it `valid` (L42), whatever was precommitted
 *   two contradicting messages that are both held are reported
 *
 * It knows less than the core (nothing from before a crash, little of certificates), so it demands less, never more.
 */
#include "tests/sim/sim.h"

#define ORACLE_HEARD    8
#define ORACLE_REPORTED 2048

struct oracle {
    uint64_t height;
    bool heard[VALIDATORS_SIM_MAX]; /* newest is set */
    uint32_t newest_round[VALIDATORS_SIM_MAX];
    struct vote newest[VALIDATORS_SIM_MAX];
    bool other[VALIDATORS_SIM_MAX]; /* other_round is set: of a vote that came early, or in a certificate */
    uint32_t other_round[VALIDATORS_SIM_MAX];
    bool next_heard[VALIDATORS_SIM_MAX]; /* of the height after */
    uint32_t next_round[VALIDATORS_SIM_MAX];
    uint32_t round; /* that of `prevotes` */
    bool prevoted[VALIDATORS_SIM_MAX];
    struct hash prevotes[VALIDATORS_SIM_MAX];
    struct vote lies[VALIDATORS_SIM_MAX][ORACLE_HEARD]; /* the last votes of those who may contradict themselves */
    uint32_t lies_n[VALIDATORS_SIM_MAX];
    struct proposal proposals[ORACLE_HEARD];
    uint32_t proposals_n;
    struct proposal early[DRIVER_EARLY_PROPOSALS]; /* of the height after */
    uint32_t early_n, validated_n;
    struct hash validated[ORACLE_HEARD]; /* values that the core asked about since the height began */
    uint32_t reported_n;
    struct reported {
        uint64_t height;
        uint32_t round;
        uint16_t validator;
        uint8_t type;
    } reported[ORACLE_REPORTED]; /* the last ones */
};

/* The node starts, or starts again. */
void oracle_boot(struct sim_node *n);
/* A message went into the driver and was handled. `when` is what the driver said of its height before. */
void oracle_vote(struct sim_node *n, const struct vote *vote, enum driver_when when);
void oracle_proposal(struct sim_node *n, const struct proposal *proposal, enum driver_when when);
void oracle_certificate(struct sim_node *n, const struct certificate *cert, enum driver_when when);
/* The driver began a height, and said no error. */
void oracle_started(struct sim_node *n);
/* The core asks for a verdict. */
void oracle_validates(struct sim_node *n, const struct hash *value);
/* The core reports. */
void oracle_evidence(struct sim_node *n, const struct bft_evidence *evidence);
/* The core asks for this prevote: it is in that round. */
void oracle_prevotes(struct sim_node *n, uint64_t height, uint32_t round);

#endif
