/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_CORE_H
#define CAIRN_CHAIN_NODE_CORE_H
/*
 * What the core thread does, without the thread: the driver of the consensus core with the log, the signer, the bodies,
 * the timers and the plan of catching up, between frames of peers on one side and the ledger on the other.
 *
 * It owns no clock, socket, thread or queue. A host (struct core_host) tells it the time, moves its frames and does the
 * ledger's jobs; log and signer lie on the host's disk (chain/os/disk.h). cairnd hosts it on a thread (loop.c), the
 * simulator (tests/sim) in a model of the world. Both run this same code.
 *
 *     core_open -> core_message | core_up | core_down | core_built | core_judged | core_committed | core_due
 *               -> core_tick, after each of them and when core_deadline has come -> ... -> core_close
 *
 * One thread at a time. Inputs that return int fail only when the log, the signer or the ledger failed, or when another
 * copy of the validator's key is at work (CODE_CONFLICT): the node must stop then, and put nothing more in. What peers
 * sent is never such a failure: they are reported to the host.
 *
 * Rooms: core.c (heights, timers), outputs.c (what the consensus core asks for), inputs.c (messages of peers),
 * proposals.c (out and in, and their bodies put together), relay.c (what peers lack of others), late.c (precommits
 * behind a decision), catch_up.c (decided blocks), block_sync.c, recover.c (the log after a restart), evidence.c.
 */
#include "chain/metrics/metrics.h"
#include "chain/node/assemble.h"
#include "chain/node/bodies.h"
#include "chain/node/check.h"
#include "chain/node/driver.h"
#include "chain/node/head.h"
#include "chain/node/wire.h"
#include "chain/signer/signer.h"
#include "chain/sync/sync.h"
#include "chain/wal/wal.h"

/* What the log holds: the consensus core's records, and bodies. */
enum { LOG_RECORD = 1, LOG_BODY = 2 };

enum job_kind {
    JOB_BUILD,
    JOB_JUDGE,
    JOB_COMMIT,
    JOB_APPLY,  /* commits a block that block sync has checked (executor_apply) */
    JOB_SETTLE, /* makes durable what was applied (executor_settle) */
    JOB_CHECK,  /* checks fetched blocks (check_run); at most one at a time */
    JOB_STOP
};

/* To the ledger. Done one after another, in order; a CHECK beside the others, since it needs no state. */
struct job {
    enum job_kind kind;
    uint64_t height;
    uint32_t round;
    struct block *block;            /* JUDGE, COMMIT, APPLY: a reference */
    struct certificate certificate; /* COMMIT, APPLY; BUILD: of the block before, as far as it is known by now */
    bool durable;                   /* APPLY */
    struct check *check;            /* CHECK: the core's again with core_checked */
};

/* Nothing here is called after core_close, nor may it call back into the core. */
struct core_host {
    void *ctx; /* given to every function below */

    /* --- time --- never goes back; and what headers say */
    uint64_t (*mono_ns)(void *ctx);
    uint64_t (*real_ms)(void *ctx);

    /* --- network --- queues a frame, copied; NET_PEER_NONE: for all. Lossy; must not block. */
    void (*send)(void *ctx, net_peer peer, uint8_t wire_kind, struct bytes payload);
    /* The peer did what no correct node does; at 100 points it is gone. */
    void (*report)(void *ctx, net_peer peer, unsigned points, const char *why);

    /* --- ledger --- takes the job's reference. Answered later by core_built, core_judged, core_committed (COMMIT and
     * APPLY), core_settled, core_checked. */
    void (*job)(void *ctx, const struct job *job);
    /* Transactions wait for a block. */
    bool (*ready)(void *ctx);
    /* Looks for transactions that wait here by wire hash. ret_wires (may be NULL) of those found, copied to the arena,
     * the others BYTES_NONE; ret_age_ms (may be NULL) how long each has waited, UINT32_MAX when it is not here. A NULL
     * slot: this host keeps none; proposals then go with all bodies. */
    void (*txs)(void *ctx, const struct hash *wire_hashes, size_t n, struct arena *arena, struct bytes *ret_wires,
                uint32_t *ret_age_ms);
    /* The peers are sent once more what waits here. */
    void (*respread)(void *ctx);
    /* The lowest height whose block is kept. */
    uint64_t (*earliest)(void *ctx);
    /* Send this committed block with its certificate to the peer. */
    void (*serve_decided)(void *ctx, net_peer peer, uint64_t height);

    /* Two contradicting signatures of another validator, by its place in the set of this height, as an encoded
     * Evidence, borrowed. */
    void (*evidence)(void *ctx, uint64_t height, uint16_t validator, struct bytes encoded);
    /* A quorum decided the block of this id, which the ledger here judged invalid: this node's ledger is not the
     * network's. The core has halted: it signs, sends and asks nothing any more. `block` is NULL when its body is not
     * at hand (after a restart), `certificate` when the votes are not. Borrowed. */
    void (*diverged)(void *ctx, uint64_t height, const struct hash *id, const struct block *block,
                     const struct certificate *certificate);
};

struct core_options {
    const struct core_host *host; /* copied */
    struct hash chain_tag;
    struct wal *wal;          /* borrowed */
    struct signer *signer;    /* borrowed; NULL: a full node */
    struct addr self;         /* consensus address; zero for a full node */
    bool alone;               /* nobody else may sign with this key: stop when somebody does (twin.h) */
    uint32_t listen_ms;       /* before the first height is begun, for a copy of this key to be heard */
    struct head *head;        /* the newest; a reference of its own is taken */
    struct check_trust trust; /* for block sync; zero: every signature is verified */
};

struct core_timer {
    bool armed;
    uint64_t deadline_ns;
    struct bft_timer timer;
};

struct core_peer {
    net_peer peer;
    uint64_t laggard_height, laggard_ms; /* the last block sent to it because it was behind */
    uint64_t height;                     /* as it says */
    uint64_t summary_ms;                 /* when it was last told what it lacks */
    uint64_t spent, spent_ms; /* bytes of bodies and transactions that it was sent on request, less BODY_ALLOWANCE a
                                 second; when that was reckoned */
};

/* A height that does not get on. */
struct core_stall {
    uint64_t height, since_ms, told_ms;
};

struct core_metrics {
    struct metric *blocks, *rounds, *block_interval, *evidence, *height, *missing; /* each may be NULL */
};

/* A block that block sync has in hand, at its slot of the plan. */
struct core_fetched {
    uint8_t *stored; /* an encoded StoredBlock, as a peer sent it; until it is checked */
    size_t len;
    struct block *block; /* once it is checked, with the next */
    struct certificate *certificate;
};

/*
 * Block sync. While single blocks are missing, consensus takes them in by their certificates. When at least two checked
 * ones follow the newest block, consensus rests (`active`), and they are executed one after another, without its log,
 * until no more come; what was applied is then made durable, and consensus begins at the next height.
 */
struct core_sync {
    struct sync plan;
    struct core_fetched *fetched; /* [SYNC_WINDOW] */
    struct check_trust trust;
    struct check_point point; /* behind the last block that was handed out for checking */
    struct check *check;      /* under way; NULL: none */
    bool active, settling;
    uint64_t from;        /* the height at which it became active */
    uint64_t since_ms;    /* when */
    uint64_t progress_ms; /* when the last block was checked or committed */
    size_t unsettled;     /* bytes applied since the last durable one */
    uint64_t due_ns;
};

struct core {
    struct core_host host;
    struct hash chain_tag;
    struct wal *wal;
    struct signer *signer;
    struct addr self;
    bool alone;
    struct err twin; /* contradicting signatures of the own key were seen; code CODE_OK: none */
    struct core_metrics metrics;

    struct driver *driver;
    struct driver_env env;
    void *bft_memory;
    struct bft *bft;
    struct head *head;
    struct bodies bodies;
    struct assemble assemble;
    struct hash needed; /* asked of peers; zero: nothing */
    struct core_timer timers[DRIVER_TIMERS];
    struct core_sync sync;
    struct core_peer peers[NET_PEERS_MAX];
    struct core_stall stall;
    struct certificate late; /* of the newest decided block, with precommits that came since */
    struct arena arena;      /* of one input */
    struct certificate cert;
    bool deciding;   /* between decide and the new head */
    bool halted;     /* diverged: every input is ignored */
    uint64_t fed;    /* the height whose synced block was handed to the driver */
    uint64_t behind; /* heights, for status and health; 0: caught up */
    uint32_t round;
    uint64_t powers[VALIDATORS_MAX];
};

/* Recovers what the log holds of the height after the head, and begins or resumes it: jobs and frames leave already.
 * The struct is zeroed before, and stays where it is. CODE_CORRUPT, CODE_NO_MEMORY and the codes of log and signer;
 * core_close is due then, too. */
int core_open(struct core *c, const struct core_options *options, struct err *err);
void core_close(struct core *c); /* a zeroed struct is allowed */

/* A frame of a peer. */
int core_message(struct core *c, net_peer peer, uint8_t wire_kind, struct bytes payload, struct err *err);
/* A link has come, is gone. */
void core_up(struct core *c, net_peer peer);
void core_down(struct core *c, net_peer peer);
/* This link may still bring `n` answers to requests for blocks that another room of the node made before. */
void core_owed(struct core *c, net_peer peer, unsigned n);

/* The ledger's answers. `block` (NULL: nothing to propose now) and `head` are borrowed: references are taken. */
int core_built(struct core *c, uint64_t height, uint32_t round, struct block *block, struct err *err);
int core_judged(struct core *c, struct block *block, bool invalid, struct err *err);
int core_committed(struct core *c, struct head *head, struct err *err);
int core_settled(struct core *c, struct err *err);
int core_checked(struct core *c, struct check *check, struct err *err); /* takes it */
/* A transaction waits. Cheap when repeated. */
int core_due(struct core *c, struct err *err);

/* Fires the timers that are due, hands on a synced block, asks peers for the next ones. */
int core_tick(struct core *c, struct err *err);
/* When to call core_tick at the latest, in host time; UINT64_MAX: not at all. */
uint64_t core_deadline(const struct core *c);

#endif
