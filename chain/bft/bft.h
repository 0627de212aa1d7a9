/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BFT_BFT_H
#define CAIRN_CHAIN_BFT_BFT_H
/*
 * The consensus core: Tendermint by the paper's rules (arXiv 1807.04938), one height after another, as one pure
 * function.
 *
 *     bft_step(core, event, update)
 *
 * An event goes in, an ordered list of outputs comes out. The core reads no clock, does no I/O, allocates nothing after
 * bft_init, and decides by nothing but the events it was given: feeding the same events again gives the same state and
 * the same outputs, which is how a node recovers from its log.
 *
 * The order of the outputs is a promise to keep: what stands behind a BFT_OUT_SYNC may not happen before everything
 * logged so far is durable. The core puts a SYNC before every SIGN that depends on inputs logged since the last one.
 * Every signature is asked for by SIGN and comes back as BFT_EVENT_SIGNED; the core then sends the message and counts
 * it as its own.
 *
 * Values are 32-byte ids (header ids). Their bodies are the host's: the core asks for a verdict (VALIDATE) and never
 * prevotes or decides without one. The host reports a body valid only once the whole body is judged and appended to the
 * log.
 *
 * chain/node/driver.h performs the outputs; hosts talk to the driver and need this header for the types only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chain/types/vote.h"

/* Rounds whose votes are kept: BFT_ROUNDS_AHEAD above the current one, the rest below. Votes beyond are kept one a
 * validator (its newest), which is enough to skip to their round; certificates of any round are honoured. */
#define BFT_ROUNDS_KEPT  16
#define BFT_ROUNDS_AHEAD 4
/* What is taken of rounds that are not kept, in a height: so many votes of each validator and so many certificates, and
 * BFT_FAR_AGAIN more with every round that is entered. A liar signs a million rounds ahead, and all that is taken is
 * logged: its votes must not fill the disk. An honest one enters no more than a round at a time; should one be a
 * hundred rounds ahead, the newest that was taken of it leads to a round in which more is taken. */
#define BFT_FAR_MAX   64
#define BFT_FAR_AGAIN 2
/* Rounds at or above this are refused: no timeout schedule gets there in a year. */
#define BFT_ROUND_MAX 1000000
/* Values of a height that are kept: two proposals in each kept round, locked, valid, and what certificates name. */
#define BFT_VALUES_MAX (2 * BFT_ROUNDS_KEPT + 8)
#define BFT_SELF_NONE  UINT16_MAX /* a node that is not a validator: follows, never signs */

/* Timeouts of round r: base + r * delta, at most `timeout_max_ms`. Consensus parameters, equal on all nodes. */
struct bft_config {
    uint32_t propose_ms;
    uint32_t propose_delta_ms;
    uint32_t prevote_ms;
    uint32_t prevote_delta_ms;
    uint32_t precommit_ms;
    uint32_t precommit_delta_ms;
    uint32_t timeout_max_ms;
    uint32_t rebroadcast_ms; /* how often the last own messages are repeated while a height lasts */
};

/* --- events ----------------------------------------------------------------------------------------------------------
 */
enum bft_event_kind {
    BFT_EVENT_START = 1,       /* begin a height; ends the one before, decided or not */
    BFT_EVENT_PROPOSAL = 2,    /* a proposal whose signature is the one of validator `proposal.validator` */
    BFT_EVENT_VOTE = 3,        /* a vote whose signature is the one of validator `vote.validator` */
    BFT_EVENT_CERTIFICATE = 4, /* a certificate all of whose signatures are good */
    BFT_EVENT_BODY = 5,        /* verdict on a whole body; when valid, the body is in the log before this event */
    BFT_EVENT_BUILT = 6, /* answer to BUILD; the body is in the log before this event. Nil id: nothing to propose yet */
    BFT_EVENT_TIMER = 7, /* a timer fired; stale ones are ignored */
    BFT_EVENT_SIGNED = 8,  /* answer to SIGN */
    BFT_EVENT_DUE = 9,     /* a transaction is held: a block is due at this height */
    BFT_EVENT_RESUME = 10, /* after the log was fed again: emit all that is still pending. Never logged */
};

enum bft_timer_kind {
    BFT_TIMER_START = 1,     /* the minimum interval is over: enter round 0 */
    BFT_TIMER_HEARTBEAT = 2, /* an empty block is due */
    BFT_TIMER_PROPOSE = 3,   /* timeoutPropose */
    BFT_TIMER_PREVOTE = 4,   /* timeoutPrevote */
    BFT_TIMER_PRECOMMIT = 5, /* timeoutPrecommit */
    BFT_TIMER_REBROADCAST = 6,
    BFT_TIMER_KINDS = 7,
};

/* At most one timer of a kind is armed: arming again replaces. */
struct bft_timer {
    uint8_t kind; /* enum bft_timer_kind */
    uint64_t height;
    uint32_t round;
    uint32_t delay_ms; /* set in outputs only */
};

/* A height begins. `powers` (n > 0 of them, each > 0, in the order of the validator set) is borrowed for the call. The
 * hints are logged with the event; the powers are not: at recovery the host gives them again from its state. */
struct bft_start {
    uint64_t height;
    const uint64_t *powers;
    uint16_t validators;
    uint16_t self;         /* own index, or BFT_SELF_NONE */
    uint32_t wait_ms;      /* rest of the minimum interval since the previous block; 0: enter round 0 at once */
    uint32_t heartbeat_ms; /* time until an empty block is due, counted from now */
    bool due;              /* a block is due at once: the predecessor had transactions, or a transaction is held */
    struct bft_config config;
};

enum bft_verdict {
    BFT_VERDICT_VALID = 1,
    BFT_VERDICT_INVALID = 2,
};

/* What the signer is asked to sign, and gives back with `sig` set. */
struct bft_sign {
    uint8_t type; /* enum vote_type: VOTE_PROPOSAL means `proposal`, the others `vote` */
    union {
        struct vote vote;
        struct proposal proposal;
    };
};

struct bft_event {
    enum bft_event_kind kind;
    union {
        struct bft_start start;
        struct {
            struct proposal proposal;
            bool timely; /* judged at receipt, matters only with POL_ROUND_NONE: is the block's time plausible */
        } proposal;
        struct vote vote;
        const struct certificate *certificate; /* borrowed for the call */
        struct {
            struct hash value;
            uint8_t verdict; /* enum bft_verdict */
        } body;
        struct {
            uint64_t height;
            uint32_t round;
            struct hash value;
        } built;
        struct bft_timer timer;
        struct bft_sign sign; /* BFT_EVENT_SIGNED */
    };
};

/* --- outputs ---------------------------------------------------------------------------------------------------------
 */
enum bft_output_kind {
    BFT_OUT_LOG = 1,  /* append the event of this step to the log (chain/bft/record.h encodes it) */
    BFT_OUT_SYNC,     /* make the log durable before anything that follows */
    BFT_OUT_ARM,      /* `timer` */
    BFT_OUT_CANCEL,   /* `timer.kind` */
    BFT_OUT_SIGN,     /* `sign`: have it signed, answer with BFT_EVENT_SIGNED. The signer persists before it returns */
    BFT_OUT_SEND,     /* `send`: to all peers */
    BFT_OUT_BUILD,    /* `build`: build a value, append its body to the log, answer with BFT_EVENT_BUILT */
    BFT_OUT_VALIDATE, /* `body`: judge the body of this value, append it, answer with BFT_EVENT_BODY */
    BFT_OUT_NEED,   /* `body`: a quorum voted for this value and its body is unknown here: fetch it, then as VALIDATE */
    BFT_OUT_DECIDE, /* `decide`: the height is decided. Commit, then start the next height */
    BFT_OUT_EVIDENCE, /* `evidence`: a validator signed two conflicting messages */
    BFT_OUT_DIVERGED, /* `body`: a quorum precommitted a value that was judged invalid here. Stop voting, say so */
    BFT_OUT_REJECTED, /* the event is not what a correct peer sends (forged certificate, wrong proposer): score the peer
                       */
};

enum bft_send_kind {
    BFT_SEND_PROPOSAL = 1, /* with its body */
    BFT_SEND_VOTE = 2,
    BFT_SEND_CERTIFICATE = 3,
    BFT_SEND_STATUS = 4, /* "I am at this height and round": whoever is ahead answers with what is missing */
};

struct bft_send {
    enum bft_send_kind kind;
    union {
        struct proposal proposal;
        struct vote vote;
        const struct certificate *certificate; /* into the core: valid until its next step */
        struct {
            uint64_t height;
            uint32_t round;
        } status;
    };
};

/* Two messages of one validator that contradict each other, in the order in which they came. */
struct bft_evidence {
    uint8_t type; /* enum vote_type: VOTE_PROPOSAL means `proposals`, the others `votes` */
    union {
        struct vote votes[2];
        struct proposal proposals[2];
    };
};

struct bft_output {
    enum bft_output_kind kind;
    union {
        struct bft_timer timer;
        struct bft_sign sign;
        struct bft_send send;
        struct bft_evidence evidence;
        struct {
            uint64_t height;
            uint32_t round;
        } build;
        struct {
            uint64_t height;
            uint32_t round;
            struct hash value;
        } body;
        struct {
            uint64_t height;
            uint32_t round; /* of the certificate */
            struct hash value;
            const struct certificate *certificate; /* into the core: valid until its next step */
        } decide;
        const char *reason; /* BFT_OUT_REJECTED: a static sentence */
    };
};

#define BFT_OUTPUTS_MAX 128

/* Filled by bft_step from empty; the caller's memory. Only outputs[0..n) are set. */
struct bft_update {
    uint32_t n;
    struct bft_output outputs[BFT_OUTPUTS_MAX];
};

/* --- the core --------------------------------------------------------------------------------------------------------
 */
struct bft;

/* Bytes that a core needs for at most `validators` (<= VALIDATORS_MAX) of them. */
size_t bft_size(uint16_t validators);

/*
 * Makes a core in `memory` (bft_size(validators) bytes, aligned to 16), which stays the caller's and must outlive it.
 * The core is idle until its first BFT_EVENT_START. Nothing needs to be released.
 */
struct bft *bft_init(void *memory, uint16_t validators);

/* One step. `event` is borrowed for the call; `update` may hold pointers into the core, valid until the next step.
 * Events of other heights, duplicates and stale timers change nothing and produce nothing. */
void bft_step(struct bft *core, const struct bft_event *event, struct bft_update *update);

/* Whether this very vote is already counted, so that its signature need not be checked again. */
bool bft_has_vote(const struct bft *core, const struct vote *vote);

/* Whether the core has heard of this value and not forgotten it: only such a one can be decided without being asked for
 * again. */
bool bft_knows(const struct bft *core, const struct hash *value);

/* What a core holds of its present round: the vote of validator v is bit v % 8 of byte v / 8. */
struct bft_summary {
    uint64_t height;
    uint32_t round;
    bool proposal;
    uint8_t prevotes[(VALIDATORS_MAX + 7) / 8];
    uint8_t precommits[(VALIDATORS_MAX + 7) / 8];
};

/* False: there is nothing to be done now (no round has begun, the height is decided, or the network is idle). */
bool bft_summarise(const struct bft *core, struct bft_summary *ret_summary);

/* Messages that a core holds and whoever said `theirs` lacks, signed by whomever, in the order in which they are of
 * use: at most `max` of them, pointing into the core until its next step. Answers how many. A peer in an earlier round
 * is told why this one was entered, no more. */
uint32_t bft_lacking(const struct bft *core, const struct bft_summary *theirs, struct bft_send *ret_sends,
                     uint32_t max);

/* Does whoever said `theirs` hold something of this height that this core lacks? */
bool bft_lacks(const struct bft *core, const struct bft_summary *theirs);

/* The certificate by which this height's `value` is decided, put together from the votes that are held, whatever was
 * judged of its body here. False: they do not decide it. */
bool bft_commit_of(const struct bft *core, const struct hash *value, struct certificate *ret_certificate);

/* Who may propose in (height, round): see chain/bft/proposer.h. Only for the current height's validators. */
uint16_t bft_proposer(const struct bft *core, uint32_t round);

enum bft_phase {
    BFT_PHASE_IDLE = 0,       /* before the first start */
    BFT_PHASE_NEW_HEIGHT = 1, /* waiting for the minimum interval */
    BFT_PHASE_PROPOSE = 2,
    BFT_PHASE_PREVOTE = 3,
    BFT_PHASE_PRECOMMIT = 4,
    BFT_PHASE_DECIDED = 5, /* until the next start */
};

enum bft_phase bft_phase(const struct bft *core);

/* What an observer (status page, checker) may see. */
struct bft_view {
    uint64_t height;
    uint32_t round;
    enum bft_phase phase;
    uint16_t validators;
    uint16_t self;
    uint16_t proposer;
    bool due;
    int32_t locked_round; /* -1: nothing locked */
    struct hash locked;
    int32_t valid_round; /* -1: no valid value */
    struct hash valid;
    struct hash decided;    /* nil until decided */
    uint64_t prevote_power; /* of any kind in this round */
    uint64_t precommit_power;
    uint64_t total_power;
};

void bft_view(const struct bft *core, struct bft_view *ret_view);

/* A digest over all that later steps depend on: two cores with equal fingerprints behave equally. For tests and
 * checkers. */
uint64_t bft_fingerprint(const struct bft *core);

#endif
