/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_MEMPOOL_MEMPOOL_H
#define CAIRN_CHAIN_MEMPOOL_MEMPOOL_H
/*
 * The waiting room of transactions: admitted ones, until a block takes them.
 *
 * Pure: it owns no memory, reads no clock and knows no encoding. The caller allocates each entry together with its
 * bytes and gets it back through the `drop` callback; the two tables are the caller's as well. So the simulator runs it
 * as it is.
 *
 * One account's transactions form a chain by sequence. Only the contiguous part that starts at the account's next
 * sequence in the state is *ready*; a few behind a gap wait for the gap to be filled (they arrive by gossip in any
 * order). Unordered ones (sequence 0) belong to no chain and are always ready. Blocks take the ready ones, by fee per
 * byte or by arrival, never one before its predecessor of the same account.
 *
 * When it is full and one comes that pays more per byte, by a class, the cheapest goes: of the cheapest class the one
 * that came last (who has waited longer stays), or what stands at the end of its chain. Nobody goes for one that does
 * not come in.
 *
 * Invariants: an entry is in both hash tables, in the list by arrival, in its fee class and in its sender's chain or
 * loose list, or in none of them; an account's fees are those of the entries that it pays for; count and bytes are the
 * sums over the list and never exceed the limits, neither all in all nor those of an account or of an origin; a sender
 * is in the list of ready ones exactly when a block could take one of its transactions.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chain/base/bytes.h"
#include "chain/base/err.h"
#include "chain/base/fixed.h"

enum {
    MEMPOOL_FEE_CLASSES = 64, /* one a power of two of (fee << 8) / size */
    MEMPOOL_GAP_MAX = 64,     /* how far behind a missing sequence a transaction may wait */
    MEMPOOL_ORIGINS = 65,     /* where transactions come from: 0 is here, the others are links to peers */
};

/* What drops an entry out of the pool. */
enum mempool_drop {
    MEMPOOL_COMMITTED, /* in a block */
    MEMPOOL_REPLACED,  /* by one with the same sequence and a higher fee */
    MEMPOOL_EVICTED,   /* by better paying ones; the pool was full */
    MEMPOOL_EXPIRED,   /* not taken up to its last height, or its sequence was used by another one */
    MEMPOOL_INVALID,   /* a check after a block failed */
    MEMPOOL_CLEARED,   /* mempool_clear */
};

/* One waiting transaction. The caller fills the first part and keeps the memory until `drop` gives it back. */
struct mempool_tx {
    struct hash wire_hash;
    struct hash tx_id;
    struct addr sender;
    struct addr payer;    /* whose balance the fee is taken from */
    uint64_t sequence;    /* 0: unordered */
    uint64_t fee;         /* pebble */
    uint64_t valid_until; /* last height, 0 = none */
    struct bytes wire;    /* the very bytes that arrived */
    bool local;           /* admitted here first: this node spreads it */
    uint8_t origin;       /* who brought it, below MEMPOOL_ORIGINS */
    uint64_t height;      /* the node's height at admission; mempool_respread counts from it */

    /* the pool's own */
    struct mempool_tx *hash_next, *id_next;
    struct mempool_tx *all_prev, *all_next;
    struct mempool_tx *fee_prev, *fee_next;
    struct mempool_tx *seq_prev, *seq_next; /* the sender's chain, ascending; or its unordered ones, by arrival */
    struct mempool_sender *owner, *paid_by;
    uint64_t arrival;
    uint8_t fee_class;
};

/* One account with waiting transactions, its own or such as it pays for. */
struct mempool_sender {
    struct addr addr;
    uint64_t next;   /* the sequence that the state expects; means nothing while `first` is NULL */
    uint64_t end;    /* the sequence behind the contiguous part of the chain that starts at next; likewise */
    uint32_t count;  /* its own */
    uint32_t paying; /* those of others that it pays for */
    uint64_t fees;   /* of all waiting ones that it pays for */
    struct mempool_tx *first, *last;
    struct mempool_tx *loose_first, *loose_last; /* unordered */
    bool ready;
    struct mempool_sender *ready_prev, *ready_next;
    struct mempool_sender *hash_next, *free_next;
};

struct mempool_limits {
    uint32_t txs_max;    /* also the number of senders at most, and of fee payers */
    uint32_t sender_max; /* waiting transactions of one account */
    uint64_t bytes_max;
    uint32_t origin_txs_max; /* of one peer; 0: as many as all */
    uint64_t origin_bytes_max;
    bool by_fee; /* order by fee per byte, evict the cheapest when full; else by arrival, refuse when full */
};

struct mempool_list {
    struct mempool_tx *first, *last;
};

struct mempool {
    struct mempool_limits limits;
    struct mempool_tx **tx_table;         /* 2^bits chains, by wire hash */
    struct mempool_tx **id_table;         /* 2^bits chains, by tx id */
    struct mempool_sender **sender_table; /* 2^bits chains */
    struct mempool_sender *senders;       /* two a transaction */
    struct mempool_sender *sender_free;
    struct mempool_sender *ready;
    struct mempool_tx **heap; /* txs_max, scratch of mempool_take */
    uint32_t table_mask;
    uint32_t count;
    uint64_t bytes;
    uint64_t arrivals;
    uint64_t salt;
    struct mempool_list all;
    struct mempool_list fees[MEMPOOL_FEE_CLASSES];
    uint32_t origin_txs[MEMPOOL_ORIGINS];
    uint64_t origin_bytes[MEMPOOL_ORIGINS];
    void (*drop)(void *arg, struct mempool_tx *tx, enum mempool_drop why);
    void *drop_arg;
};

/* Bytes of memory that mempool_init needs for these limits. */
size_t mempool_memory(const struct mempool_limits *limits);

/* Makes an empty pool in `p` with `memory` of mempool_memory() bytes, 16-aligned and zeroed; the pool keeps it. `salt`
 * keys the hash tables against chosen collisions. `drop` is called for every entry that leaves, and becomes its owner.
 */
void mempool_init(struct mempool *p, const struct mempool_limits *limits, void *memory, uint64_t salt,
                  void (*drop)(void *arg, struct mempool_tx *tx, enum mempool_drop why), void *drop_arg);

/* Drops everything (MEMPOOL_CLEARED). */
void mempool_clear(struct mempool *p);

/* Admits `tx`, whose sender's next sequence in the state is `next` (no matter for an unordered one). On CODE_OK the
 * pool owns it until `drop`; on failure the caller still does. CODE_TX_KNOWN, CODE_SEQUENCE_WRONG (the message names
 * the expected one), CODE_FEE_LOW (cheaper than what it would replace or evict), CODE_RATE (too many of this account),
 * CODE_MEMPOOL_FULL (also: too many of this origin). */
int mempool_add(struct mempool *p, struct mempool_tx *tx, uint64_t next, struct err *err);

/* The entry with this wire hash, or NULL. Borrowed. */
const struct mempool_tx *mempool_find(const struct mempool *p, const struct hash *wire_hash);

/* The same by tx id; of several with one id (other signatures) any. */
const struct mempool_tx *mempool_find_id(const struct mempool *p, const struct hash *tx_id);

/* The account's record, or NULL when nothing of it waits and nothing that it pays for. Borrowed until the next call
 * that changes the pool. */
const struct mempool_sender *mempool_sender(const struct mempool *p, const struct addr *sender);

/* The fees of what waits of `sender` and is paid by `payer`: a walk over what the account has. */
uint64_t mempool_fees(const struct mempool *p, const struct addr *sender, const struct addr *payer);

/* True when a transaction of the account could be taken into a block now. */
bool mempool_ready(const struct mempool *p);

/* Picks ready transactions in block order, without removing them: at most `txs_max`, together at most `bytes_max`.
 * Writes borrowed pointers, valid until the next call that changes the pool. Returns how many. */
size_t mempool_take(struct mempool *p, uint64_t bytes_max, size_t txs_max, const struct mempool_tx **ret_txs);

/* The sequence that a next transaction of this account should carry, given that the state expects `next`: behind its
 * ready ones. */
uint64_t mempool_next_sequence(const struct mempool *p, const struct addr *sender, uint64_t next);

/* A block took this one: it leaves as committed. No entry with this hash: nothing happens. */
void mempool_committed(struct mempool *p, const struct hash *wire_hash);

/* The state now expects `next` of this account: everything below leaves as expired. */
void mempool_sender_moved(struct mempool *p, const struct addr *sender, uint64_t next);

/* Looks again at what waits for this account, its chain ascending, then the unordered ones: each one for which `keep`
 * says false leaves as invalid, and in the chain all behind it. */
void mempool_recheck(struct mempool *p, const struct addr *sender, bool (*keep)(void *arg, const struct mempool_tx *tx),
                     void *arg);

/* Drops those whose last height is below `height`. Walks the whole pool: once in a while. */
void mempool_expire(struct mempool *p, uint64_t height);

/* Calls `each` for every local entry that has waited `age` heights or more, and lets it start waiting anew; those that
 * arrived from others become local after three times that, so that a transaction outlives the node that admitted it. */
void mempool_respread(struct mempool *p, uint64_t height, uint64_t age,
                      void (*each)(void *arg, const struct mempool_tx *tx), void *arg);

/* Walks all entries by arrival; NULL begins. Returns NULL at the end. */
const struct mempool_tx *mempool_next(const struct mempool *p, const struct mempool_tx *tx);

#endif
