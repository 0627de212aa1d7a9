/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_QUARANTINE_H
#define CAIRN_CHAIN_NODE_QUARANTINE_H
/*
 * A node whose ledger is not the network's: more than two thirds certified a block that it judged invalid. It must not
 * vote, for its votes would be about another state; it must not stop either, for its state is what explains the
 * difference. So it stays and answers reads, and says so in its status, its metrics and its exit status.
 *
 *     data/quarantine/active.json        message Quarantine: while it is there, the node starts in quarantine
 *     data/quarantine/HEIGHT/            what is needed to find the cause, named in its index.txt
 *
 * The mark is written first and is durable before anything else; the dump is written as far as the disk allows.
 * `cairnd quarantine clear` takes the mark away.
 */
#include "chain/node/block.h"
#include "chain/node/head.h"
#include "chain/store/store.h"

#include "cairn/rpc.h"

struct quarantine_case {
    uint64_t height;                       /* of the block that was decided */
    const struct hash *id;                 /* of it */
    const struct block *block;             /* NULL: not at hand */
    const struct certificate *certificate; /* that decided it; NULL: not at hand */
    const char *verdict;                   /* why the ledger here refuses it; NULL: not known any more */
    const struct head *head;               /* the newest here */
    struct store *store;
    uint64_t time_ms;
    const char *version; /* of the program */
};

/* Marks the node and dumps the case. Fails only when the mark could not be made durable. */
int quarantine_begin(const char *data_dir, const struct quarantine_case *c, struct err *err);

/* The mark on arena, or NULL when there is none. CODE_CORRUPT when it cannot be read: then, too, the node must not
 * vote. */
int quarantine_load(const char *data_dir, struct arena *arena, Quarantine **ret, struct err *err);

/* Takes the mark away, durably; the dumps stay. CODE_NOT_FOUND when there is none. */
int quarantine_clear(const char *data_dir, struct err *err);

/* The sentence for whoever asks something that a node in quarantine does not do: always CODE_QUARANTINED. */
int quarantine_refuse(const Quarantine *q, struct err *err);

#endif
