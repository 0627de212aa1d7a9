/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_EXECUTOR_REPLICATION_H
#define CAIRN_SP_EXECUTOR_REPLICATION_H
/* One object on its way to its secondaries; private to replicator.c, columns.c and seal.c. */
#include "chain/coding/cut.h"
#include "sp/executor/replicator.h"

enum { REPLICATION_ARENA_MAX = 16 << 20, REPLICATION_REASON_MAX = 200, REPLICATION_FAILURES_MAX = 2 };

struct pick {
    struct secondary who;
    uint8_t *done; /* bitmap of segments that it holds durably */
    unsigned failures;
    char reason[REPLICATION_REASON_MAX];
    SignedReceipt *receipt; /* on the arena */
};

struct replication {
    struct replication *next;
    unsigned refs;
    bool forgotten;    /* not in the list any more; goes with the last reference */
    struct mutex lock; /* everything below; not held while something is sent */
    struct arena arena;
    const ObjectInfo *object;
    uint8_t upload_id[16];
    uint32_t positions;
    uint64_t segments;
    bool chosen, choosing;
    struct cond settled; /* choosing has ended */
    uint64_t group_id;
    uint32_t avoid[CODE_N_MAX]; /* providers that failed */
    size_t avoid_count;
    struct pick picks[CODE_N_MAX];
};

/* --- columns.c ---------------------------------------------------------------------------------------------------- */

/* Chooses providers for positions that have none. Lock must not be held; one caller at a time does it. */
int columns_choose(struct provider *p, struct replication *r, struct err *err);

/* Sends what the secondaries lack of one segment, all at once, and notes who took it and who failed. */
void columns_send(struct provider *p, struct replication *r, uint64_t segment, const struct cut *cut);

/* Sends everything that is missing, from the disk, and replaces who goes on failing. CODE_UNAVAILABLE with who failed.
 */
int columns_complete(struct provider *p, struct replication *r, struct err *err);

/* The ticket that goes with a position's pieces, as the header's value; on the arena. */
int columns_ticket(struct provider *p, struct replication *r, uint32_t position, struct arena *arena,
                   const char **ret_header, struct err *err);

/* --- seal.c ------------------------------------------------------------------------------------------------------- */

/* Gathers the receipts of all positions, verified. */
int seal_receipts(struct provider *p, struct replication *r, struct err *err);

/* Sends the seal, with the opening of a placement group where none fits, and waits for it. */
int seal_send(struct provider *p, struct replication *r, struct hash *ret_tx_id, struct err *err);

#endif
