/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_LEDGER_FIXTURE_H
#define CAIRN_TESTS_LIB_LEDGER_FIXTURE_H
/*
 * A ledger in a test: a genesis that the test shapes, keys by name, transactions, blocks. Runs the real x/app over a
 * real store (in memory, or RocksDB), with every invariant checked after every block. A failure of the machinery fails
 * the test by itself; what the rules answer is returned.
 *
 *     struct fixture f;
 *     fixture_init(&f);                         4 validators, 7 SPs, parameters of a development network
 *     fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
 *     f.params.payment.frozen_time_ms = ...;    anything of f.params, f.genesis
 *     fixture_start(&f);
 *     MsgSend send = MSG_SEND__INIT;
 *     send.to = fixture_addr_data(&f, "bob"); send.amount = 5;
 *     const TxResult *r = fixture_do(&f, "alice", &send.base);        one transaction, one block; creator is filled in
 *     assert_code(r->code, CODE_OK);
 *     fixture_skip(&f, 60000);                  empty blocks until that much ledger time has passed
 *     fixture_release(&f);
 */
#include "tests/lib/test.h"

#include "cairn/block.h"
#include "chain/crypto/address.h"
#include "chain/crypto/key.h"
#include "chain/store/store.h"
#include "chain/types/tx.h"
#include "chain/types/vote.h"
#include "x/app/ledger.h"

#define FIXTURE_VALIDATORS_MAX 16
#define FIXTURE_SPS_MAX        64
#define FIXTURE_ACCOUNTS_MAX   64
#define FIXTURE_CHAIN_LEN      4096 /* reveals of a validator */
#define FIXTURE_HELD_MAX       256
#define FIXTURE_JOINED_MAX     4
#define FIXTURE_GENESIS_TIME   1700000000000ull

struct fixture_params {
    Params all;
    ConsensusParams consensus;
    AuthParams auth;
    SpParams sp;
    StorageParams storage;
    PermissionParams permission;
    PaymentParams payment;
    ChallengeParams challenge;
    ValidatorParams validator;
    GovParams gov;
    GatewayParams gateway;
};

/* Every parameter, for a development network. `p` is set as a whole and points into itself. */
void fixture_params_default(struct fixture_params *p);

struct fixture {
    /* shaped by the test between fixture_init and fixture_start */
    struct fixture_params params;
    Genesis genesis;
    unsigned validators,
        sps; /* 4 and 7; names "val0" ..., "sp0" ... (operator, funding, seal, approval, gc and node keys of an SP
                are "sp0", "sp0.funding", "sp0.seal", "sp0.approval", "sp0.gc", "sp0.node") */
    uint64_t sp_deposit;                 /* of each */
    uint64_t sp_price;                   /* 2^-64 pebble per byte and millisecond */
    uint64_t sp_read_price;              /* 2^-64 pebble per byte; 0 */
    uint64_t sp_free_once;               /* bytes that a new bucket may be read once, free of charge; 0 */
    uint64_t step_ms;                    /* header time from block to block; the heartbeat when not set */
    bool invariants;                     /* check them after every block; true */
    unsigned chain_len;                  /* reveals of a validator; FIXTURE_CHAIN_LEN */
    const struct module *const *modules; /* other than the ledger's own list; NULL: that */
    size_t modules_n;
    const char *dir;    /* RocksDB there; NULL: in memory */
    bool resume;        /* the ledger that is there, made with the same genesis and proposers, goes on */
    unsigned proposers; /* the first so many of the genesis validators propose in turn; all when not set */
    bool certificates;  /* blocks carry certificates of the block before (unsigned: the rules do not look at that) */
    uint64_t absent;    /* bit i: the i-th validator of the set is not in them */

    const char *in_name_of; /* filled in as creator in place of the signer; NULL: the signer itself */
    const char *fee_payer;  /* of the transactions that are made; NULL: the signer */

    /* while holding, fixture_do only queues: see fixture_hold */
    bool holding;
    void (*mutate)(void *arg,
                   ProtobufCMessage
                       *message); /* called with a copy of each message that is held, before it is signed; NULL: none */
    void *mutate_arg;
    bool join; /* the next one goes into the transaction before it, when the signer is the same */
    const struct tx *held[FIXTURE_HELD_MAX];
    size_t held_n;
    Msg *held_msgs[FIXTURE_JOINED_MAX]; /* of the newest held */
    size_t held_msgs_n;
    bool keep_txs; /* what lies on tx_arena stays until the caller resets it */

    /* afterwards */
    struct ledger ledger;
    struct app app;
    struct store *store;
    struct arena setup;    /* genesis and what lives as long as the fixture */
    struct arena arena;    /* of one block: results; reset by the next */
    struct arena tx_arena; /* transactions made and not yet in a block */
    struct hash chain_tag;
    uint64_t height, header_time;
    struct hash app_hash, results_hash;
    struct hash announced;          /* the set that votes at height + 2 */
    struct app_outcome outcome;     /* of the newest block */
    struct certificate certificate; /* that the next block carries */
    struct hash *reveals[FIXTURE_VALIDATORS_MAX];
    unsigned revealed[FIXTURE_VALIDATORS_MAX];
};

void fixture_init(struct fixture *f);
void fixture_release(struct fixture *f);
/* Gives a named account coins at genesis. */
void fixture_account(struct fixture *f, const char *name, uint64_t balance);
/* Makes genesis and commits height 0. fixture_try_start answers what the ledger says instead of failing the test. */
void fixture_start(struct fixture *f);
int fixture_try_start(struct fixture *f, struct err *err);

/* --- keys by name: the same name is the same key everywhere --- */
struct seckey fixture_key(const char *name);
struct pubkey fixture_pubkey(const char *name);
struct addr fixture_addr(const char *name);
/* On f->tx_arena. */
ProtobufCBinaryData fixture_addr_data(struct fixture *f, const char *name);
ProtobufCBinaryData fixture_pubkey_data(struct fixture *f, const char *name);
ProtobufCBinaryData fixture_data(struct fixture *f, const void *data, size_t len);
/* Signature of a digest by a named key. */
ProtobufCBinaryData fixture_sign(struct fixture *f, const char *name, const struct hash *digest);

/* --- transactions --- */
/* A message for a transaction: wraps any generated Msg… struct, its creator filled in with the signer's address when it
 * is empty. Borrowed until the block has run. */
Msg *fixture_msg(struct fixture *f, const char *signer, ProtobufCMessage *message);
/* Signed by a name, with the sequence that follows the committed one plus `ahead`, the fee that is asked, a window of
 * 100 blocks. */
struct tx *fixture_tx(struct fixture *f, const char *signer, unsigned ahead, Msg *const *msgs, size_t n);
/* The same with a body of the test's own making. */
struct tx *fixture_tx_body(struct fixture *f, const char *signer, const TxBody *body);
/* Fills the body as fixture_tx does, for tests that then change it. */
void fixture_body(struct fixture *f, const char *signer, unsigned ahead, Msg *const *msgs, size_t n, TxBody *ret);

/* --- blocks --- */
/* Judges (process), executes (finalize) and commits a block with these transactions; results in f->outcome until the
 * next block. Fails the test unless the block is valid. */
const BlockResults *fixture_block(struct fixture *f, const struct tx *const *txs, size_t n);
/* What process says of a block with these, which is not executed. */
int fixture_process(struct fixture *f, const struct tx *const *txs, size_t n, struct err *err);
/* The block that fixture_block would make, for tests that then change it. */
struct app_block fixture_next(struct fixture *f, const struct tx *const *txs, size_t n);
int fixture_process_block(struct fixture *f, const struct app_block *block, struct err *err);
/* What check_tx says over the newest height. */
int fixture_check(struct fixture *f, const struct tx *tx, struct app_admission *ret, struct err *err);
int fixture_check_behind(struct fixture *f, const struct tx *tx, const struct app_waiting *waiting,
                         struct app_admission *ret, struct err *err);
/* One message, one transaction, one block. */
const TxResult *fixture_do(struct fixture *f, const char *signer, ProtobufCMessage *message);
/* From now on fixture_do runs no block: it queues the transaction, with the sequence that follows the signer's queued
 * ones, and answers a result of CODE_OK that says nothing. At most FIXTURE_HELD_MAX. */
void fixture_hold(struct fixture *f);
/* One block of those that prepare chooses from the queue, in order; the others are dropped. Holding ends. ret_chosen
 * (may be NULL) has a place for each that was held. */
const BlockResults *fixture_run_held(struct fixture *f, bool *ret_chosen);
/* Empty blocks until ledger time has moved by ms or more. */
void fixture_skip(struct fixture *f, uint64_t ms);

/* --- looking --- */
/* A record at a key, on f->arena; NULL when there is none. */
void *fixture_record(struct fixture *f, struct bytes key, const ProtobufCMessageDescriptor *desc);
uint64_t fixture_balance(struct fixture *f, const char *name);
uint64_t fixture_ledger_time(struct fixture *f);
/* The first event of a type in the newest block's results (begin, transactions, end); NULL when there is none. */
const Event *fixture_event(const struct fixture *f, const char *type);
size_t fixture_events(const struct fixture *f, const char *type);
/* An attribute's value; fails the test when the event has none of that name. */
const char *fixture_attribute(const Event *event, const char *key);
/* A ctx over the committed state, for calling a module's functions; what it writes is thrown away. fn runs with it. */
void fixture_with_ctx(struct fixture *f, void (*fn)(struct ctx *ctx, void *arg), void *arg);
/* A query by path; parameters as "name", "value", ..., NULL. The answer's message (f->arena) or NULL; fails the test on
 * an error. */
const void *fixture_query(struct fixture *f, const char *path, ...) __attribute__((sentinel));

#endif
