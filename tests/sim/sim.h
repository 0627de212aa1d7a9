/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_SIM_SIM_H
#define CAIRN_TESTS_SIM_SIM_H
/*
 * A whole network of consensus nodes in one thread, from one seed. The nodes run the shipped core (chain/bft) and the
 * shipped driver (chain/node/driver.h); clock, network, disk, signer, ledger and randomness are models:
 *
 *   options.c names of what a seed draws; draw.c draws it
 *   world.c   the clock and its queue of events; faults that come and go; the course of one seed
 *   net.c     links: delay, loss, duplication, reordering, partitions
 *   node.c    a node: its life, crash and recovery; what comes to it
 *   node_env.c  the driver's environment over a model log, store and signer
 *   byz.c     validators that do as they please
 *   chain.c   blocks, their judgement, transactions
 *   keys.c    the model signer: a keyed hash over the real signed layouts
 *   disk.c    a model disk under the real chain/wal and chain/signer, for the seeds that run these ("real" seeds)
 *   check.c   what must always hold
 *   oracle.h  what a core must do with what it was given
 *   full.h    the seeds in which a node is all that cairnd is
 *   trace.c   the trace, its hash
 *   run.h     seeds in processes of their own
 *   script.h  a seed with events left out; shrink.h finds out which
 *   golden.c  a node's height as a script for one core
 *   main.c    options, the closing line
 *
 * Time is in virtual milliseconds. One random stream per subject, so that a draw more in one does not shift the others.
 */
#include "chain/base/rng.h"
#include "chain/crypto/key.h"
#include "chain/node/driver.h"
#include "chain/signer/signer.h"
#include "chain/wal/wal.h"
#include "tests/sim/options.h"

#define VALIDATORS_SIM_MAX 40
#define NODES_MAX          56 /* validators, twins, an observer */
#define HEIGHTS_MAX        512
#define BLOCKS_MAX         4096
#define TXS_MAX            4096
#define REAL_EVERY         200     /* seeds: one in this many runs the real log, signer and keys */
#define FULL_EVERY         1000    /* and one in this many is full */
#define FORK_EVERY         100     /* in one of this many liars are too many */
#define GENESIS_CLOCK      1000000 /* real time when a seed begins */
#define TIMELY_MS          500     /* how far ahead a block's time may be */

/* --- a run: a seed, and what is not as it draws
 * ---------------------------------------------------------------------------- */
struct mutes; /* tests/sim/script.h */

struct options {
    uint64_t seed;
    struct limits limits;
    const struct mutes *mutes; /* events that do not happen; NULL: all do */
    bool trace;
};

/* --- blocks
 * ------------------------------------------------------------------------------------------------------------- */
struct sim_block {
    struct hash id; /* its first 4 bytes are the index + 1 */
    uint64_t height;
    struct hash parent;
    uint64_t time;
    uint32_t txs_end; /* transactions [parent's txs_end, txs_end) */
    uint32_t txs;
    bool broken; /* a body that no ledger accepts */
};

/* --- messages
 * ----------------------------------------------------------------------------------------------------------- */
enum msg_kind {
    MSG_PROPOSAL = 1,
    MSG_VOTE,
    MSG_CERTIFICATE,
    MSG_STATUS,
    MSG_BODY_REQUEST,
    MSG_BODY,
    MSG_DECISION,
    MSG_SUMMARY,
    MSG_FRAME
};

struct msg {
    enum msg_kind kind;
    uint32_t refs;
    uint32_t from; /* node */
    struct proposal proposal;
    struct vote vote;
    uint64_t height; /* status, requests */
    uint32_t round;
    struct hash value;        /* body request, body, proposal's body */
    struct certificate *cert; /* owned, cut to its votes; certificate and decision */
    struct bft_summary summary;
    uint8_t verdict; /* of key_check_msg: 0 not asked yet, 1 bad, 2 good */
    uint8_t wire;    /* MSG_FRAME: enum wire_kind */
    uint8_t *data;   /* owned */
    size_t data_len;
};

/* --- events of the virtual clock
 * ---------------------------------------------------------------------------------------- */
enum happening {
    AT_DELIVER = 1, /* msg */
    AT_TIMER,       /* kind, generation */
    AT_BUILT,       /* height, round */
    AT_JUDGED,      /* value */
    AT_NEXT_HEIGHT,
    AT_TX,      /* a transaction reaches a node */
    AT_RESTART, /* a crashed node comes back */
    AT_FAULT,   /* draw the next fault */
    AT_HEAL,    /* end a partition */
    AT_BYZANTINE,
    AT_CALM, /* faults stop for good */
    /* full nodes */
    AT_TICK,      /* generation */
    AT_JOB,       /* the ledger's first job is done */
    AT_CHECKED,   /* blocks of block sync are checked */
    AT_IMPORTED,  /* the first piece of a snapshot is taken in */
    AT_KEEP,      /* a step of background work in the store */
    AT_ADMIT,     /* the door looks at what came; b = 1: and again and again */
    AT_LINK,      /* node, b: a link between them is tried */
    AT_LINK_DOWN, /* node, b */
};

struct sim_event {
    uint64_t at;
    uint64_t seq; /* first come, first served at one instant */
    enum happening what;
    uint32_t node;
    uint32_t life; /* of the node when it was scheduled: void after a crash */
    uint64_t a;    /* height; timer generation */
    uint32_t b;    /* round; timer kind; block; transaction */
    struct msg *msg;
};

/* --- a node's disk: survives crashes as far as synced
 * ------------------------------------------------------------------------ */
struct log_record {
    uint32_t offset, len; /* in log.bytes; len 0: a body */
    uint32_t block;
};

struct log {
    uint64_t height;
    uint32_t n, synced;
    uint32_t room;
    struct log_record *records;
    uint32_t bytes_len, bytes_room;
    uint8_t *bytes;
};

struct stored {
    uint32_t block;
    struct certificate *cert; /* owned, cut */
};

struct mark {
    bool used;
    uint64_t height;
    uint32_t round;
    uint8_t type;
    struct hash value;
    int32_t pol_round;
    struct sig sig;
};

enum nature { HONEST, SILENT, TWIN, AMNESIAC, SCRIPTED, OBSERVER };

struct sim;

struct sim_node {
    struct sim *sim;
    uint32_t index;
    uint16_t validator; /* BFT_SELF_NONE: observer */
    enum nature nature;
    bool up;
    bool dying;       /* a crash was drawn inside a step: nothing more leaves it */
    bool disk_failed; /* so the process has to stop */
    uint32_t life;
    int64_t clock_offset;
    int32_t drift; /* per mille by which its timers are off */
    bool gone;     /* for good */
    uint64_t sent_second;
    uint32_t sent; /* messages of its own, broadcasts counted once, in that second */

    void *memory; /* of the core */
    struct bft *core;
    struct driver driver;
    struct driver_env env;

    struct log log;    /* in real seeds a mirror of what the real one must hold */
    struct disk *disk; /* real seeds only: these three */
    struct wal *wal;
    struct signer signer;
    struct stored *store; /* [HEIGHTS_MAX] */
    uint64_t committed;
    struct mark mark;  /* of the model signer; in real seeds what the real one must agree with */
    struct mark tried; /* what the real one was asked last */
    struct mark at_boot;

    uint64_t timer_generation[DRIVER_TIMERS]; /* the armed one; 0: none */
    struct bft_timer timers[DRIVER_TIMERS];
    uint8_t *held;    /* [BLOCKS_MAX]: body in memory */
    uint8_t *asked;   /* [BLOCKS_MAX]: the core wants a verdict */
    uint8_t *judging; /* [BLOCKS_MAX] */
    uint32_t txs_known;

    struct oracle *oracle; /* tests/sim/oracle.h */

    uint64_t fingerprint; /* before the crash, when nothing was lost; 0: unknown */

    uint64_t seen_height; /* SCRIPTED: what it has overheard */
    uint32_t seen_round;
    struct hash seen_values[4];
};

/* --- what was ever signed, by validator: for the checks
 * ------------------------------------------------------------------- */
struct signed_vote {
    uint64_t height;
    uint32_t round;
    uint16_t validator;
    uint8_t type;
    int32_t pol_round;
    struct hash value;
    uint32_t next; /* the one before it at this height, + 1 */
};

/* --- the world
 * ------------------------------------------------------------------------------------------------------------ */
struct sim {
    struct options options;
    uint64_t now, seq;
    struct rng net, faults, load, byz, disk;
    bool calm;

    struct sim_event *queue; /* binary heap */
    uint32_t queue_n, queue_room;

    struct drawn drawn;
    uint16_t validators;
    uint16_t keyed; /* these, and those who may join them */
    uint64_t powers[VALIDATORS_SIM_MAX];
    enum nature natures[VALIDATORS_SIM_MAX];
    uint64_t total, bad; /* power: of all, of those that may misbehave */
    uint64_t secrets[VALIDATORS_SIM_MAX];
    struct seckey seckeys[VALIDATORS_SIM_MAX];
    struct pubkey pubkeys[VALIDATORS_SIM_MAX];
    struct verifier verifiers[VALIDATORS_SIM_MAX];
    struct hash chain_tag;
    struct bft_config config;
    uint64_t deadline, goal;

    uint32_t nodes_n;
    struct sim_node nodes[NODES_MAX];
    bool dead[NODES_MAX][NODES_MAX];              /* no link, ever; symmetrical */
    bool blocked[NODES_MAX][NODES_MAX];           /* from, to */
    uint64_t clogged_until[NODES_MAX][NODES_MAX]; /* likewise */
    bool cut;                                     /* a partition is on */
    uint64_t partition_life;

    uint32_t blocks_n;
    struct sim_block blocks[BLOCKS_MAX];
    uint32_t txs_n;

    /* checks */
    struct hash decided[HEIGHTS_MAX]; /* zero: not yet */
    uint64_t decided_at[HEIGHTS_MAX]; /* by the first */
    uint64_t highest;
    struct signed_vote *votes; /* all that any validator signed, per height in order */
    uint32_t votes_n, votes_room;
    uint32_t votes_height[HEIGHTS_MAX]; /* the newest + 1 */
    char failure[256];
    bool forked; /* agreement is broken, as it may be here: the end */
    uint64_t messages, relayed, steps, crashes, replays, evidence, rounds_max, empty_blocks;
    uint64_t trace_hash;
    struct certificate scratch;

    struct full_world *full; /* of full seeds (full.h) */
};

/* world.c */
struct sim *sim_new(void); /* reused from seed to seed */
void sim_free(struct sim *s);
/* Runs one seed to its end. False, with s->failure set, when a check failed. */
bool sim_run(struct sim *s, const struct options *options);
/* Draws the seed without running it. */
void sim_prepare(struct sim *s, const struct options *options);
void sim_at(struct sim *s, uint64_t delay, const struct sim_event *event);
/* How long a crashed node stays down, drawn. */
uint64_t sim_down_time(struct sim *s);
const char *sim_describe(const struct sim *s, char *text, size_t len);

/* draw.c: everything that follows from the seed alone, within the limits */
void draw(struct sim *s);
/* Nothing that may go wrong does: one seed in twenty. */
bool is_fair_weather(const struct drawn *d);

/* net.c */
struct msg *msg_new(struct sim *s, enum msg_kind kind, uint32_t from);
void msg_set_certificate(struct msg *m, const struct certificate *cert);
void msg_release(struct msg *m);
void links_send(struct sim *s, struct msg *m, uint32_t to);
void links_broadcast(struct sim *s, struct msg *m); /* to all nodes but the sender */
/* After a delay that is drawn; `life` is the link's. */
void link_deliver_later(struct sim *s, struct msg *m, uint32_t to, uint32_t life);
void links_partition(struct sim *s);
void links_heal(struct sim *s);
void links_clog(struct sim *s); /* one of them, one way */
/* Which links never are: those who follow the rules stay connected, by others who do. */
void links_draw_dead(struct sim *s);

/* node.c */
void sim_node_setup(struct sim *s, uint32_t index, uint16_t validator, enum nature nature);
void sim_node_release(struct sim_node *n);             /* what only real seeds have */
void sim_node_boot(struct sim *s, struct sim_node *n); /* first start, and every one after a crash */
void sim_node_crash(struct sim *s, struct sim_node *n, bool forget_all);
void sim_node_new_disk(struct sim_node *n); /* empty, but for a signer's memory */
void sim_node_deliver(struct sim *s, struct sim_node *n, struct msg *m);
void sim_node_event(struct sim *s, struct sim_node *n, const struct sim_event *e);
/* Every call into the environment is a point where the process may die: nothing after it happens. */
bool sim_node_dies_here(struct sim_node *n, const char *where);
/* By its own clock, which drifts, `ms` are this many of the world's. */
uint64_t sim_node_wait(const struct sim_node *n, uint64_t ms);
/* Whether this call to the disk fails: `code`, or CODE_OK. */
int sim_node_disk_fails(struct sim_node *n, int code);
/* The body was judged good here and is in the log, durable or not. */
bool sim_node_has_judged_body(const struct sim_node *n, uint32_t block);
/* The body is in its store or in the synced part of its log. */
bool sim_node_has_durable_body(const struct sim_node *n, uint32_t block);

/* Real time here; what its newest block is (NULL: genesis), and how many transactions it and those before hold. */
uint64_t sim_node_clock(const struct sim *s, const struct sim_node *n);
const struct sim_block *sim_node_parent(const struct sim *s, const struct sim_node *n);
uint32_t sim_node_txs_committed(const struct sim *s, const struct sim_node *n);

/* node_env.c: the driver's environment */
enum { WAL_EVENT = 1, WAL_BODY = 2 }; /* kinds of records of the real log */
void sim_node_env(struct sim_node *n);
bool sim_node_log_has_body(const struct log *log, uint32_t records, uint32_t block);
/* The ledger judges a body that the core asked for: at once, or in a while. */
int sim_node_judge_now(struct sim_node *n, uint32_t block);
void sim_node_judge_later(struct sim_node *n, uint32_t block);
int sim_node_built(struct sim_node *n, uint64_t height, uint32_t round);

/* disk.c */
struct disk *disk_new(struct sim_node *n);
void disk_power_cut(struct disk *d, struct rng *r);
void disk_restart(struct disk *d); /* a new process, without a power cut */

/* byz.c */
void byz_deliver(struct sim *s, struct sim_node *n, const struct msg *m);
void byz_tick(struct sim *s, struct sim_node *n);
void byz_hears_proposal(struct sim *s, struct sim_node *n, uint64_t height, uint32_t round, const struct hash *value);
void byz_hears_vote(struct sim *s, struct sim_node *n, uint64_t height, uint32_t round, const struct hash *value);

/* chain.c */
uint32_t sim_block_new(struct sim *s, uint64_t height, const struct hash *parent, uint64_t time, uint32_t txs_from,
                       uint32_t txs_end, bool broken);
/* UINT32_MAX: no such block. */
uint32_t sim_block_find(const struct sim *s, const struct hash *id);
bool sim_block_is_valid(const struct sim *s, uint32_t block, uint64_t height, const struct sim_block *parent);

/* keys.c */
void key_draw(struct sim *s, struct rng *r);
/* By the key of validator `owner`: its number here, which in full seeds is not its index in a set. */
void key_sign_vote(const struct sim *s, uint16_t owner, struct vote *vote);
void key_sign_proposal(const struct sim *s, uint16_t owner, struct proposal *proposal);
bool key_check_vote(const struct sim *s, const struct vote *vote);
bool key_check_proposal(const struct sim *s, const struct proposal *proposal);
bool key_check_certificate(const struct sim *s, const struct certificate *cert);
/* All signatures of the message; checked once, however many receive it. */
bool key_check_msg(const struct sim *s, struct msg *m);
uint64_t mix64(uint64_t x);

/* check.c */
void check_fail(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void check_signed(struct sim *s, const struct sim_node *n, const struct bft_sign *sign);
void check_decided(struct sim *s, const struct sim_node *n, uint64_t height, const struct hash *value,
                   const struct certificate *cert);
void check_evidence(struct sim *s, const struct sim_node *n, const struct bft_evidence *evidence);

/* golden.c: the height of the node that failed, as a script for one core; "" when it was no single node's failure. */
void golden_of_failure(const struct sim *s, char *text, size_t len);

/* A node says something of its own: what it says in a second is bounded. */
void check_sends(struct sim *s, struct sim_node *n);

/* trace.c */
void trace(struct sim *s, const struct sim_node *n, uint64_t a, uint64_t b, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The event that happens now: into the hash, and printed when the trace is. */
void trace_event(struct sim *s, const struct sim_event *e);
const char *value_name(const struct hash *value, char text[12]);

#endif
