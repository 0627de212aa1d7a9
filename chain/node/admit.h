/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_ADMIT_H
#define CAIRN_CHAIN_NODE_ADMIT_H
/*
 * The door for transactions: from RPC and peers into the mempool, and out of it into blocks.
 *
 * One thread admits: it takes what waits in batches, verifies the signatures on all verifier threads, then asks the app
 * in order, over the newest height, telling it what of the sender waits already. After a block, or when a block could
 * not be given one, only the accounts concerned are looked at again, and of each only what is next.
 *
 * What came in by RPC is pushed once to all peers, gathered; what peers pushed is not pushed on. What is still waiting
 * after some blocks is pushed again.
 */
#include "chain/mempool/mempool.h"
#include "chain/node/block.h"
#include "chain/node/head.h"
#include "chain/node/verify.h"
#include "chain/store/store.h"

struct admit;

struct admit_config {
    struct store *store;
    const struct app *app;
    struct verify *verify;
    struct hash chain_tag;
    struct mempool_limits limits;
    void *arg;
    /* A transaction is waiting. Any number of times. */
    void (*due)(void *arg);
    /* To all peers: an encoded TxGather, borrowed for the call. */
    void (*spread)(void *arg, struct bytes gather);
    /* The peer sent something that no correct node admits. */
    void (*misbehaved)(void *arg, uint32_t peer, const char *why);
    uint64_t (*mono_ms)(void *arg); /* the time; NULL: the machine's */
    bool threadless;                /* no thread is started: the owner calls admit_pass (the simulator) */
};

/* Starts the thread. Everything in the config is borrowed and outlives it. */
int admit_new(const struct admit_config *config, uint64_t height, struct admit **ret, struct err *err);
/* Ends the thread; waiting submissions are answered CODE_CLOSED. */
void admit_stop(struct admit *a);
void admit_free(struct admit *a); /* after admit_stop and when nobody uses it any more; NULL is allowed */

/* What the thread does again and again: takes what was submitted, waiting for it until `deadline_ns`
 * (chain/os/queue.h), and admits it; when nothing came, looks whether a block has changed what waits. CODE_OK:
 * something was taken, CODE_TIMEOUT: nothing came, CODE_CLOSED: after admit_stop. Only for a threadless one. */
int admit_pass(struct admit *a, uint64_t deadline_ns);

/* While this node catches up nothing is taken in: its state is too old to judge by. */
void admit_close(struct admit *a, bool closed);

/* A transaction from here. Copied. With `wait` (not when threadless) it returns what the check said; without, whether
 * there was room for it in the queue. *ret_id is set when it could be parsed. CODE_BUSY, CODE_CLOSED, or why it was
 * refused, CODE_NOT_READY: closed. */
int admit_submit(struct admit *a, struct bytes wire, bool wait, struct hash *ret_id, struct err *err);

/* An encoded TxGather from a peer. Copied; dropped when there is no room. */
void admit_gather(struct admit *a, uint32_t peer, struct bytes gather);

/* A peer has come: what was admitted here and still waits is pushed again. */
void admit_respread(struct admit *a);

/* A block was committed; the state in the store is after it. */
void admit_committed(struct admit *a, const struct block *b);

/* Waiting transactions for a block, pinned until admit_unpin. */
struct admit_pins {
    const struct mempool_tx **txs;
    struct bytes *wires;
    size_t n;
};
int admit_pin(struct admit *a, uint64_t bytes_max, size_t txs_max, struct admit_pins *ret, struct err *err);
void admit_unpin(struct admit_pins *pins);
/* The block that was made of them (NULL: none) lacks some: their accounts are looked at again with the next height. */
void admit_left_out(struct admit *a, const struct admit_pins *pins, const struct block *b);

/* Looks for waiting transactions by wire hash, as core_host.txs (core.h) says. */
void admit_find(struct admit *a, const struct hash *wire_hashes, size_t n, struct arena *arena, struct bytes *ret_wires,
                uint32_t *ret_age_ms);

bool admit_ready(struct admit *a);

struct admit_stats {
    uint64_t txs, bytes;                 /* waiting */
    uint64_t admitted, refused, dropped; /* since the start; dropped: the queue was full */
};
struct admit_stats admit_stats(struct admit *a);

/* Is a transaction of this id waiting? */
bool admit_waiting(struct admit *a, const struct hash *tx_id);

/* The sequence that the account's next transaction should carry, given that the state expects `next`. */
uint64_t admit_next_sequence(struct admit *a, const struct addr *sender, uint64_t next);

#endif
