/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_DRIVER_H
#define CAIRN_CHAIN_NODE_DRIVER_H
/*
 * The driver: performs what the consensus core asks for, in the order persist -> sync -> send -> apply, over an
 * environment.
 *
 * It does nothing on its own: no clock, no thread, no memory but its struct. cairnd gives it an environment of log,
 * signer, network, timers and ledger; the simulator (tests/sim) one of models. Both run this same code.
 *
 * One thread owns a driver. Inputs (driver_proposal ... driver_due) step the core and perform its outputs before they
 * return. An environment's function may call driver_body, driver_built, driver_due and driver_timer from inside: those
 * are queued then and taken as soon as the present step is done. No other driver function may be called from inside.
 *
 * Every function that returns int fails only when the environment failed to log, sync, sign or decide. Then the node
 * must stop: what was promised to be durable is not. The driver refuses all further inputs with the same code.
 *
 *     a node's life:   driver_init
 *                      driver_replay_begin, driver_replay (every record of the log), driver_replay_end
 *                      inputs ... env.decide ... driver_start (the next height) ...
 */
#include "chain/base/err.h"
#include "chain/base/limits.h"
#include "chain/bft/record.h"

/* Who a message came from, in the host's own numbering. */
typedef uint32_t driver_peer;
#define DRIVER_PEER_SELF UINT32_MAX

struct driver_env {
    void *ctx; /* given to every function below */

    /* --- log ---
     * Begin the log of `height`: everything older may be forgotten, as the block before it is committed. */
    int (*log_begin)(void *ctx, uint64_t height, struct err *err);
    /* Append one record (chain/bft/record.h). May be buffered; order must be kept, also with the bodies that the host
     * appends. */
    int (*log_append)(void *ctx, struct bytes record, struct err *err);
    /* Returns when everything appended is durable. */
    int (*log_sync)(void *ctx, struct err *err);

    /* --- timers --- one of each kind, of DRIVER_TIMERS; arming again replaces. Fires as driver_timer with the same
     * kind, height and round. */
    void (*timer_arm)(void *ctx, const struct bft_timer *timer);
    void (*timer_cancel)(void *ctx, enum bft_timer_kind kind);

    /* --- signer --- signs, after having made durable that it did. *ret_refused: the guard against double signing said
     * no, which is not a failure; the node goes on without that message. */
    int (*sign)(void *ctx, const struct bft_sign *request, struct sig *ret_sig, bool *ret_refused, struct err *err);

    /* --- network --- to all peers. A proposal goes with the body of its value. Lossy by contract; must not block.
     * Certificates are borrowed for the call. */
    void (*send)(void *ctx, const struct bft_send *send);

    /* What this node holds of a height that does not get on, to all peers; each answers with what it can add. */
    void (*summary)(void *ctx, const struct bft_summary *summary);
    /* To one peer: what it lacks, signed by whomever. A proposal goes with its body, or not at all. */
    void (*relay)(void *ctx, driver_peer peer, const struct bft_send *send);

    /* --- ledger --- each answered later, or from inside, by driver_built or driver_body. An answer that never comes
     * costs a round, no more. */
    void (*build)(void *ctx, uint64_t height, uint32_t round);
    /* The body came with the proposal. Bodies of the next height's proposals must be held, too: this is called for them
     * as soon as that height starts. Called again when the proposal comes again before its verdict. */
    void (*validate)(void *ctx, uint64_t height, uint32_t round, const struct hash *value);
    /* As validate, but the body is missing here although a quorum voted for it: ask peers. Repeated with the
     * rebroadcast timer. */
    void (*need)(void *ctx, uint64_t height, uint32_t round, const struct hash *value);
    /* The height is decided. Commit the block (its body was reported by driver_body or driver_built) with the
     * certificate, which is borrowed for the call, then call driver_start for the next height: later, never from
     * inside. */
    int (*decide)(void *ctx, uint64_t height, const struct hash *value, const struct certificate *certificate,
                  struct err *err);
    /* Hold it and submit it as a transaction. */
    void (*evidence)(void *ctx, const struct bft_evidence *evidence);
    /* A quorum precommitted what was judged invalid here: this node's ledger differs. Stop voting, dump, say so. */
    void (*diverged)(void *ctx, uint64_t height, const struct hash *value);

    /* --- peers --- */
    void (*behind)(void *ctx, driver_peer peer,
                   uint64_t height); /* the peer is at `height`, beyond ours: fetch blocks */
    void (*laggard)(void *ctx, driver_peer peer,
                    uint64_t height); /* the peer lacks `height`: send it block and certificate */
    void (*rejected)(void *ctx, driver_peer peer, const char *reason); /* the peer sent what no correct node sends */
};

/* Messages of the next height that came early, kept per validator so that none can crowd out another. */
#define DRIVER_EARLY_VOTES     4
#define DRIVER_EARLY_PROPOSALS 2

struct driver_early {
    uint64_t height;
    uint32_t n; /* of all */
    uint8_t proposals_n;
    uint8_t votes_n[VALIDATORS_MAX];
    struct bft_event proposals[DRIVER_EARLY_PROPOSALS];
    struct vote votes[VALIDATORS_MAX][DRIVER_EARLY_VOTES];
};

/* A timer of the driver's own, beside the core's (enum bft_timer_kind): the look whether the height gets on. */
#define DRIVER_TIMER_LOOK BFT_TIMER_KINDS
#define DRIVER_TIMERS     (BFT_TIMER_KINDS + 1)
/* Between two looks: a part of rebroadcast_ms. A round that gets on changes its phase meanwhile. */
#define DRIVER_LOOKS_PER_REBROADCAST 4
/* At the last look. */
struct driver_look {
    uint32_t every_ms;
    struct bft_summary summary;
    enum bft_phase phase;
    bool curious; /* a peer holds more than this node */
};

/* Every output may be answered from inside by one event. */
#define DRIVER_QUEUE_MAX (BFT_OUTPUTS_MAX + 64)

struct driver {
    struct bft *core;             /* borrowed */
    const struct driver_env *env; /* borrowed */
    uint64_t height;              /* 0 before the first start */
    bool started;                 /* the height's START was stepped */
    bool decided;
    bool busy;        /* inside a step */
    int failed;       /* the code of the failure that stopped it */
    driver_peer peer; /* whose message is being stepped */
    uint32_t queue_head;
    uint32_t queue_n;
    struct bft_event queue[DRIVER_QUEUE_MAX];
    struct driver_early early;
    struct driver_look look;
    struct bft_send relay[RELAY_MAX];
    struct bft_start start; /* of this height, for replay; its powers are the copy below */
    uint64_t powers[VALIDATORS_MAX];
    struct bft_update update;
    struct certificate certificate; /* of a record being replayed */
    uint8_t record[BFT_RECORD_MAX];
};

/* `core` (from bft_init) and `env` are borrowed and must outlive the driver. */
void driver_init(struct driver *d, struct bft *core, const struct driver_env *env);

/* Begins a height with an empty log: first ever, or after env.decide and commit, or after block sync. `start->powers`
 * is borrowed for the call. Early messages of this height are taken in. */
int driver_start(struct driver *d, const struct bft_start *start, struct err *err);

/*
 * Recovery, and every start of the process. `start` is as for driver_start, of the height after the last committed
 * block. Then every event record that the log of this height holds, in order (none, when the log is of an older height,
 * or new). The end emits what was pending: timers, signatures, validations, own messages, a decision; when there was no
 * record it is driver_start. Before it, the log's records must have been made durable, and the bodies in the log
 * restored by the host. CODE_CORRUPT when a record cannot be what this height's log holds at this place.
 */
int driver_replay_begin(struct driver *d, const struct bft_start *start, struct err *err);
int driver_replay(struct driver *d, struct bytes record, struct err *err);
int driver_replay_end(struct driver *d, struct err *err);

enum driver_when {
    DRIVER_PAST, /* a height already decided: not worth a signature check */
    DRIVER_NOW,
    DRIVER_NEXT,   /* the next height: will be kept until it starts */
    DRIVER_FUTURE, /* further: this node is behind; not worth a signature check */
};

/* Where a message's height stands: ask before checking its signature against that height's validators. */
enum driver_when driver_when(const struct driver *d, uint64_t height);

/* Messages of peers, signatures checked against the validators of their height. A message of a future height calls
 * env.behind. */
int driver_proposal(struct driver *d, driver_peer peer, const struct proposal *proposal, bool timely, struct err *err);
int driver_vote(struct driver *d, driver_peer peer, const struct vote *vote, struct err *err);
int driver_certificate(struct driver *d, driver_peer peer, const struct certificate *certificate, struct err *err);
/* A peer's "I am at this height and round": calls env.laggard or env.behind. Unsigned, so only a hint. */
int driver_status(struct driver *d, driver_peer peer, uint64_t height, uint32_t round, struct err *err);

/* A peer's summary of what it holds: unsigned. Answered by env.relay, at most RELAY_MAX times; the host bounds
 * how often a peer may ask. */
int driver_summary(struct driver *d, driver_peer peer, const struct bft_summary *summary, struct err *err);

/* Answers of the ledger. A valid or built body must have been appended to the log before the call. */
int driver_body(struct driver *d, const struct hash *value, enum bft_verdict verdict, struct err *err);
int driver_built(struct driver *d, uint64_t height, uint32_t round, const struct hash *value_or_nil, struct err *err);

int driver_timer(struct driver *d, const struct bft_timer *timer, struct err *err);
/* A transaction is held. Cheap when repeated. */
int driver_due(struct driver *d, struct err *err);

#endif
