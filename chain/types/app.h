/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_APP_H
#define CAIRN_CHAIN_TYPES_APP_H
/*
 * The line between the engine (chain/node) and the rules (x/app): the shape of ABCI 2.0, called in-process. chain/cmd
 * gives the node an app; chain never includes x.
 *
 * The app keeps no state of its own that a block depends on: everything it reads and writes is in the `struct state`
 * (chain/store/overlay.h) that a call is given. The same state and the same block give the same bytes, on every
 * machine. It has no clock, no I/O, no threads.
 *
 * One block, seen from the node:
 *
 *     process   over a state of the height before: may this block be voted for?
 *     finalize  over the writer's state: do it; results. Perhaps before it is decided, and in vain
 *     info      what the next header must say
 *     commit    the difference goes into the block's batch; the app hash
 *
 * Threads: each call works on its own `struct state`; check_tx, process, query and finalize may run at the same time in
 * different threads on different states. init_chain, finalize and commit run one after the other, on one.
 *
 * Errors. A call answers CODE_OK or a code with a sentence. Codes that say "this machine" or "corrupt" (code >=
 * CODE_CORRUPT) from finalize, commit or info stop the node: a block that was decided cannot be refused, so nothing
 * else may come from there.
 */
#include "chain/base/arena.h"
#include "chain/base/err.h"
#include "chain/base/fixed.h"
#include "chain/types/validator_set.h"

#include "cairn/genesis.h"
#include "cairn/params.h"
#include "cairn/tx.h"

struct certificate; /* chain/types/vote.h */
struct state;       /* chain/store/overlay.h */
struct store_batch; /* chain/store/store.h */
struct tx;          /* chain/types/tx.h */

/* What the state says about the block after it: what its header must contain and how it is agreed upon. */
struct app_info {
    uint64_t height;      /* of the block that this state is after; 0 = genesis */
    uint64_t ledger_time; /* ms */
    uint64_t header_time; /* ms, real; at height 0 the genesis time */
    bool had_txs;         /* that block had transactions, so an empty one may follow at once */
    struct hash chain_tag;
    struct hash results_hash; /* of that block */
    struct hash params_hash;
    const ConsensusParams *consensus;     /* in force from height + 1; on the caller's arena */
    struct validator_set validators;      /* vote at height + 1 */
    struct validator_set next_validators; /* vote at height + 2 */
    struct err stop; /* code not CODE_OK: the app cannot go on from here, whatever the next block holds, and says why */
};

/* Who checks signatures inside messages (approvals, receipts): as key_verify, but it may remember what it has checked
 * before. Any thread. */
struct app_verifier {
    void *self;
    bool (*check)(void *self, const struct pubkey *key, const struct hash *digest, const struct sig *sig);
};

/* A block as the rules see it. All pointers are borrowed for the call. */
struct app_block {
    uint64_t height;
    uint64_t time;               /* the header's, ms */
    struct addr proposer;        /* of the header; in the set of this height, or the node has refused it */
    struct hash reveal;          /* 32 zero bytes: the proposer's chain is spent */
    const struct tx *const *txs; /* parsed, signatures verified (tx_verify) */
    size_t txs_count;
    size_t bytes;                               /* of the encoded block */
    const struct certificate *last_certificate; /* of the block before, as this block carries it; NULL at height 1 */
    const struct app_verifier *verifier;        /* NULL: nobody remembers */
    bool judged; /* finalize only: process has accepted it on this very state, whose ante effects are in it */
};

/* What waits already of a transaction's sender, and of who pays for it: the sender, or its fee payer (tx_payer). */
struct app_waiting {
    uint64_t ahead; /* its sequence may be above the account's by so many */
    uint64_t fees;  /* pebble that the waiting ones will take from who pays, for whomever */
    uint64_t
        granted; /* what of them the fee payer pays for this sender, by its grant; 0 when it is the sender itself */
};

/* What a mempool must know of a transaction that it holds. */
struct app_admission {
    struct addr sender;          /* whose sequence it takes */
    uint64_t sequence;           /* 0: unordered */
    uint64_t next;               /* the sequence that the state expects of the sender */
    uint64_t fee;                /* pebble */
    uint64_t valid_until_height; /* the last height that may contain it */
    uint32_t signatures;         /* that executing it verifies, its own included */
    bool reserved;               /* nothing but answers to open challenges: free, and goes into the reserved space */
};

/* What finalize made of a block. On the caller's arena. */
struct app_outcome {
    const BlockResults *results; /* one TxResult a transaction, in order */
    struct bytes results_bytes;  /* encoded: what is stored */
    struct hash results_hash;    /* H(cairn.results, the same without the transactions' logs) */
};

struct app_param {
    const char *name;
    const char *value;
};

/* A question to the rules: "/storage/objects" with {bucket: "photos", prefix: "2024/", limit: "100"}. */
struct app_query {
    const char *path;
    const struct app_param *params;
    size_t params_count;
};

/* On the caller's arena. */
struct app_answer {
    const void *message; /* any generated message, which the caller shows as JSON; NULL: there is no such record */
    struct bytes
        key; /* the state key that proves it, also its absence; empty: a derived answer or a listing, not provable */
};

/* The value of a parameter, or NULL. */
static inline const char *app_query_param(const struct app_query *query, const char *name) {
    for (size_t i = 0; i < query->params_count; i++)
        if (strcmp(query->params[i].name, name) == 0)
            return query->params[i].value;
    return NULL;
}

/* Every slot is set. `app` is the first argument of each: what app.self holds. */
struct app_ops {
    /* What `st` says about the next block. Also after a start: `st` is then the state of the newest height. Pointers in
     * *ret are on the arena. CODE_NOT_READY when the state is empty (no genesis yet). */
    int (*info)(void *app, struct state *st, struct arena *arena, struct app_info *ret, struct err *err);

    /* Writes the state of height 0 into an empty state. `tag` is H(cairn.genesis, the genesis file's canonical bytes).
     * CODE_INVALID_ARGUMENT with the field that is wrong. */
    int (*init_chain)(void *app, struct state *st, const Genesis *genesis, const struct hash *tag, struct err *err);

    /* Opens checks of transactions for a block at `height` over a state after the height before: what every check needs
     * is read once. *ret_check lives on the arena until check_close; both outlive it. */
    int (*check_open)(void *app, struct state *st, uint64_t height, const struct app_verifier *verifier,
                      struct arena *arena, void **ret_check, struct err *err);
    /* May this transaction wait? The signature is verified already. `waiting` (NULL: nothing) of its sender is taken as
     * if it were in blocks before. The state is left as it was. CODE_SEQUENCE_WRONG, CODE_INSUFFICIENT_FUNDS,
     * CODE_FEE_LOW and whatever else the ante checks say. */
    int (*check_tx)(void *app, void *check, const struct tx *tx, const struct app_waiting *waiting,
                    struct app_admission *ret, struct err *err);
    /* Runs the messages of a transaction that may wait and undoes what they did: the verifier knows the signatures
     * inside them then, before a block executes them. What they come to now says nothing. */
    void (*check_nested)(void *app, void *check, const struct tx *tx);
    void (*check_close)(void *app, void *check); /* NULL is allowed */

    /* Chooses from candidates (in the mempool's order) what goes into the block at `height`: everything that passes the
     * ante checks one after the other, within the caps of bytes, transactions and signatures. Sets ret_chosen[i] for
     * each candidate (caller's memory, one a candidate). `st` is scratch over the height before. */
    int (*prepare)(void *app, struct state *st, uint64_t height, const struct tx *const *candidates, size_t count,
                   bool *ret_chosen, struct err *err);

    /* May this block be voted for? All that the state decides: caps, every ante check in order, the reveal, whether an
     * empty block is due (its time against the heartbeat). Not: the header's hashes and signatures, which the node
     * compares. `st` is over the height before; scratch, or the writer's: then finalize goes on from there (judged), or
     * the caller undoes what is in it. Any code but CODE_OK (of this machine excepted): the block is invalid. */
    int (*process)(void *app, struct state *st, const struct app_block *block, struct err *err);

    /* Executes a decided block on `st`. Every block that process would accept succeeds; what fails inside is in the
     * results. */
    int (*finalize)(void *app, struct state *st, const struct app_block *block, struct arena *arena,
                    struct app_outcome *ret, struct err *err);

    /* Puts the difference of the writer's state into the batch of the height (store_put_state) and tells the app hash
     * that the next header carries. */
    int (*commit)(void *app, struct store_batch *batch, struct hash *ret_app_hash, struct err *err);

    /* Answers a query over `st`, which is read only. CODE_NOT_FOUND for an unknown path; a record that does not exist
     * is no error (answer.message NULL). CODE_INVALID_ARGUMENT for parameters. */
    int (*query)(void *app, struct state *st, const struct app_query *query, struct arena *arena,
                 struct app_answer *ret, struct err *err);
};

struct app {
    const struct app_ops *ops;
    void *self;
};

#endif
