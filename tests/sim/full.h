/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_SIM_FULL_H
#define CAIRN_TESTS_SIM_FULL_H
/*
 * Full seeds: a node is all that cairnd is, but for threads, sockets and files. It hosts the shipped core
 * (chain/node/core.h) over the shipped log and signer on a model disk, the ledger (x/app) by the shipped executor over
 * a store in memory, the door for transactions with its mempool, and block sync; its frames are sealed, parted and
 * opened by the shipped net code after a real hello.
 *
 *     full.c         a node's life: starting, what happens to it, dying
 *     full_host.c    what the core, the join and the door ask of their host
 *     full_jobs.c    the ledger's jobs and whatever else has a thread in cairnd
 *     full_links.c   links: hello, sealed frames, loss, breaking, bans
 *     full_ledger.c  the chain's genesis; transactions, good and bad
 *     full_gov.c     proposals and votes: other parameters, other rules
 *     full_check.c   what must always hold, where it differs from the models' checks
 *     full_byz.c     a validator that follows no rules, in frames
 */
#include "chain/net/hello.h"
#include "chain/node/accuser.h"
#include "chain/node/admit.h"
#include "chain/node/core.h"
#include "chain/node/executor.h"
#include "chain/node/join.h"
#include "chain/node/serve.h"
#include "tests/sim/sim.h"
#include "x/app/ledger.h"

#define FULL_GENESIS_TIME 1700000000000ull
#define FULL_ACCOUNTS     8
#define FULL_JOBS_MAX     64
#define FULL_IMPORTS_MAX  (STATE_SYNC_AHEAD + 4)
#define FULL_REVEALS      4096 /* of a validator's chain: more than any seed has heights */

/* A node. The kv and the model disk outlive the process. */
struct full {
    struct sim *sim;
    struct sim_node *node;
    struct kv *kv;
    struct seckey node_key;
    struct pubkey node_pub;
    struct accuser accuser; /* its list is on disk in cairnd */
    uint32_t program;       /* 0, or 1: one that knows the rules after the upgrade, too */
    bool fresh;             /* it began after the others, or has lost its ledger: it may join by a snapshot */
    uint64_t lost_height;   /* what it had before it lost that; 0: nothing, or it is beyond the next one, where it gives
                             * up signing because it may have signed there before */

    /* of the process */
    bool open;
    struct store *store;
    struct executor executor;
    struct admit *admit;
    struct core core;
    struct job *jobs[FULL_JOBS_MAX]; /* a ring; owned */
    uint32_t jobs_head, jobs_n;
    struct check *check; /* blocks of block sync that are being checked; NULL: none */
    bool joining;        /* there is only the join, yet */
    struct join join;
    struct store_import *import;
    struct join_job *imports[FULL_IMPORTS_MAX]; /* a ring; owned */
    uint32_t imports_head, imports_n;
    bool due;                 /* the door told that a transaction waits */
    uint64_t tick_generation; /* the AT_TICK that counts */
    struct err err;

    struct block *seen; /* SCRIPTED: the newest body that it overheard */
};

/* One link a pair; `keys` of the lower and of the higher node. */
struct full_link {
    bool up, broken, waiting; /* broken: something was lost on it; waiting: the next attempt is in the queue */
    uint32_t life;
    struct hello_keys keys[2];
    struct frame_join joins[2][NET_CLASSES];
};

/* What is known of a header that somebody proposed. */
struct full_block {
    struct hash id;
    uint64_t height;
    uint32_t txs;
    bool judged, valid; /* by an honest node */
};

/* A set that votes, and whose its members are. */
struct full_set {
    struct validator_set set;
    struct hash hash;
    uint64_t total;
    uint16_t owner[VALIDATORS_MAX];     /* by index in the set: the validator's number in the simulation */
    uint64_t power[VALIDATORS_SIM_MAX]; /* by that number */
    uint16_t index[VALIDATORS_SIM_MAX]; /* VALIDATOR_NONE: not in it */
};

struct full_height {
    const struct full_set *set; /* votes at this height; shared while it stays the same */
    struct hash app_hash;       /* after it */
    bool known;                 /* app_hash is */
};

enum { FULL_PROGRAMS = 2 };

/* What is installed on a node: the first knows the rules of genesis only, the second those after an upgrade, too. */
struct full_program {
    struct ledger ledger;
    struct app app;
    struct app_ops ops; /* the ledger's, but for what makes the state large */
    uint32_t chunks;    /* about, of a snapshot */
};

struct full_world {
    struct arena setup; /* of the seed: genesis */
    struct arena scratch;
    Genesis *genesis;
    struct full_program programs[FULL_PROGRAMS];
    struct verify *verify; /* one memory of good signatures for all: whether one is right is no node's matter */
    struct seckey accounts[FULL_ACCOUNTS];
    struct full nodes[NODES_MAX];
    struct full_link links[NODES_MAX][NODES_MAX]; /* [lower][higher] */
    unsigned points[NODES_MAX][NODES_MAX];        /* that a node gave another */
    uint64_t banned_until[NODES_MAX][NODES_MAX];
    struct full_height heights[HEIGHTS_MAX + 2];
    uint32_t blocks_n;
    struct full_block blocks[BLOCKS_MAX];
    struct full_set *sets[HEIGHTS_MAX]; /* all that heights share, to free */
    uint32_t sets_n;
    uint64_t proposed, voted, params_changed, upgraded;
    uint64_t txs_sent, txs_committed, reports, links_made, applied, jailed, joined, pruned, away;
    uint64_t power_left; /* at least, should all that was asked for be unbonded */
};

/* full.c */
void full_setup(struct sim *s); /* genesis and empty disks for all nodes of the seed */
void full_release(struct sim *s);
void full_boot(struct sim *s, struct sim_node *n);
/* The power of honest validators who are gone for good or lack what they had, with `also` (may be NULL). */
uint64_t full_lacking(const struct sim *s, const struct sim_node *also);
void full_crash(struct sim *s, struct sim_node *n, bool forget_all);
void full_event(struct sim *s, struct sim_node *n, const struct sim_event *e);
/* A frame of a peer, opened. `peer` is the node's handle of the link. */
void full_message(struct full *f, net_peer peer, enum net_class class, uint8_t kind, struct bytes payload);
void full_link_up(struct full *f, net_peer peer);
void full_link_down(struct full *f, net_peer peer);

/* full_host.c */
extern const struct core_host full_core_host; /* with ctx set to the node */
extern const struct join_host full_join_host;
uint64_t full_mono_ns(void *full);
uint64_t full_real_ms(void *full);
int full_door_open(struct full *f);
void full_admit_soon(struct full *f, uint64_t delay);
void full_pulse(struct full *f); /* the door's thread looks around when nothing comes */
void full_job_later(struct full *f);
void full_import_later(struct full *f);

/* full_jobs.c: one of what waits; f->err says why it failed */
int full_do_job(struct full *f);
int full_do_check(struct full *f);
int full_do_import(struct full *f);
int full_do_keep(struct full *f);
void full_do_admit(struct full *f, bool again);
bool full_prunes(const struct full *f); /* keeps few blocks only */

/* full_links.c */
/* Handles say which node and which link: those of old links mean nobody. */
net_peer links_handle(const struct full_link *l, uint32_t other);
struct full_link *links_between(struct sim *s, uint32_t a, uint32_t b);
void links_dial_all(struct sim *s, uint32_t node); /* it has started */
void links_drop_all(struct sim *s, uint32_t node); /* its process is gone */
void links_try(struct sim *s, uint32_t a, uint32_t b);
void links_end(struct sim *s, uint32_t a, uint32_t b);
void links_post(struct full *f, net_peer peer, uint8_t kind, struct bytes payload);
void links_arrive(struct sim *s, uint32_t to, const struct msg *m, uint32_t life);
void links_report(struct full *f, net_peer peer, unsigned points, const char *why);
void links_healed(struct sim *s);
void links_release(struct sim *s);

/* full_ledger.c */
int full_genesis(struct sim *s, struct err *err);
void full_app(struct sim *s); /* the ledger, beginning with the state that the seed wants */
struct hash full_reveal_secret(uint16_t validator);
void full_load(struct sim *s);
/* The node of this validator follows. */
bool full_is_here(const struct sim *s, uint16_t validator);
void full_submit(struct full *f, struct bytes wire);
/* Signs one message of the validator's account, as a client of this node does. */
int full_sign_own(struct full *f, uint16_t validator, Msg *msg, struct arena *arena, struct bytes *ret);

/* full_gov.c */
void full_gov_params(const struct sim *s, GovParams *p);
/* Validators vote by this node on what is open; one puts something to the vote. */
void full_gov_load(struct full *f, struct arena *arena);

/* full_check.c */
/* The set that votes at a height; NULL while nobody knows it. */
const struct full_set *full_set_at(const struct sim *s, uint64_t height);
void full_set_known(struct sim *s, uint64_t height, const struct validator_set *set);
/* In its store, or judged and in its log. */
bool full_has_body(const struct full *f, const struct hash *id, uint64_t height);
struct full_block *full_block_note(struct sim *s, const struct header *header);
const struct full_block *full_block_find(const struct sim *s, const struct hash *id);
void full_check_sent(struct full *f, bool to_all, uint8_t kind, struct bytes payload);
void full_check_judged(struct full *f, const struct header *header, bool invalid);
void full_check_committed(struct full *f, const struct head *before, const struct certificate *cert);
/* A node has opened its ledger, perhaps after a snapshot. */
void full_check_head(struct full *f);
void full_check_evidence(struct full *f, uint64_t height, uint16_t validator, struct bytes encoded);
void full_check_end(struct sim *s);

/* full_byz.c: what byz.c does, in frames */
void full_byz_message(struct full *f, uint32_t from, uint8_t kind, struct bytes payload);
void full_byz_vote(struct full *f, const struct vote *vote, uint32_t to);
void full_byz_propose(struct full *f, struct proposal *proposal, bool twice);
void full_byz_certificate(struct full *f, const struct certificate *cert);
void full_byz_status(struct full *f, uint64_t height);
void full_byz_summary(struct full *f, const struct bft_summary *lie);

#endif
