/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_BENCH_WORLD_H
#define CAIRN_TESTS_BENCH_WORLD_H
/*
 * A ledger with many objects, on disk, run by x/app alone: no network, no consensus. Every record of it was made by
 * messages, so that indexes, flows and queues are what they would be; only signatures are taken as good, which here
 * would be nine tenths of the time.
 *
 * Made once and kept in build/bench/world-<objects> (10^6 objects: about 2 GiB); each benchmark works on a copy of its
 * own that shares the database's finished files, and leaves nothing behind.
 *
 * 10^4 accounts hold coins and a payment account each. The first hundred, "owner0" .., have a bucket each with an equal
 * share of the objects: 1 MiB, ec:4+2+w, at sp0 .. sp6, paid open-ended. Nothing is due: what messages leave behind
 * for a time (used uploads) has been forgotten, challenges are not drawn, slots are settled once a year.
 */
#include "tests/lib/ledger/deal.h"

enum { WORLD_ACCOUNTS = 10000, WORLD_OWNERS = 100, WORLD_TX_OBJECTS = 24 };

#define WORLD_OBJECT_SIZE MIB

struct world {
    struct fixture f;
    Profile profile;
    uint64_t objects;  /* made with it */
    uint64_t group_id; /* where they lie */
    uint64_t bucket_ids[WORLD_OWNERS];
    struct addr owners[WORLD_OWNERS];
    uint64_t nonce; /* of the next approval, upload, new name */
    uint64_t now;   /* ledger time of the newest block */
    /* processor time that the newest block took: */
    uint64_t execute_ns; /* finalize, in its thread: rules and state reads, signatures taken as good */
    uint64_t cpu_ns;     /* with root and write, in all threads, what the database does behind it included */
    bool making;         /* durable at its end */
    char dir[128];
};

/* `objects`, or what BENCH_OBJECTS says in the environment: for trying a benchmark. */
uint64_t world_size(uint64_t objects);
/* Ends the program with a sentence when it cannot be made. */
void world_open(struct world *w, uint64_t objects);
void world_close(struct world *w);

/* A block of these: executed and committed; fails unless every transaction succeeds. */
void world_commit(struct world *w, const struct tx *const *txs, size_t n);

/* --- messages; all memory on w->f.tx_arena --- */
/* "owner17"; names of its bucket and of the i-th of the objects that it was made with. */
const char *world_owner(struct world *w, uint64_t owner);
const char *world_bucket(struct world *w, uint64_t owner);
char *world_object(struct world *w, uint64_t i);
ProtobufCMessage *world_create(struct world *w, uint64_t owner, char *name);
ProtobufCMessage *world_seal(struct world *w, uint64_t owner, char *name, uint64_t object_id);
ProtobufCMessage *world_store(struct world *w, uint64_t owner, char *name);

#endif
