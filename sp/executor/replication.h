/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_EXECUTOR_REPLICATION_H
#define CAIRN_SP_EXECUTOR_REPLICATION_H
/* One object on its way to its secondaries; private to replicator.c, columns.c and seal.c. */
#include "chain/coding/cut.h"
#include "sp/executor/replicator.h"

enum {
    REPLICATION_ARENA_MAX = 16 << 20,
    REPLICATION_REASON_MAX = 200,
    REPLICATION_FAILURES_MAX = 2,
    REPLICATION_FAILED_MAX = 32, /* rows of who was replaced; the newest push the oldest out */
};

struct pick {
    struct secondary who;
    uint8_t *done; /* bitmap of segments that it holds durably */
    unsigned failures;
    char reason[REPLICATION_REASON_MAX];
    SignedReceipt *receipt; /* on the arena */
};

/* Who was to keep a position and did not do. */
struct failed_pick {
    uint32_t position, sp_id;
    char reason[REPLICATION_REASON_MAX];
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
    struct failed_pick failed[REPLICATION_FAILED_MAX];
    size_t failed_count;
    bool partial;    /* it may be sealed without those that nobody takes, if it can be read */
    uint64_t sealed; /* bit i: position i is sealed on the ledger, at picks[i].who */
};

/* --- columns.c ---------------------------------------------------------------------------------------------------- */

/* Chooses providers for positions that have none. Lock must not be held; one caller at a time does it. */
int columns_choose(struct provider *p, struct replication *r, struct err *err);

/* Sends what the secondaries lack of one segment, all at once, and notes who took it and who failed. */
void columns_send(struct provider *p, struct replication *r, uint64_t segment, const struct cut *cut);

/* Are all segments of a position there? */
bool columns_has_all(const struct replication *r, uint32_t position);

/* What every position has that is chosen and lacks some, and who failed too often is taken note of. */
int columns_push(struct provider *p, struct replication *r, struct err *err);

/* Sends everything that is missing, from the disk, and replaces who goes on failing. CODE_UNAVAILABLE with who failed;
 * what could be placed is. */
int columns_complete(struct provider *p, struct replication *r, struct err *err);

/* The ticket that goes with a position's pieces, as the header's value; on the arena. */
int columns_ticket(struct provider *p, struct replication *r, uint32_t position, struct arena *arena,
                   const char **ret_header, struct err *err);

/* --- rest.c ------------------------------------------------------------------------------------------------------- */

/* Of an object that is sealed in part, as the ledger has it in `now`: what somebody takes of the rest is placed and
 * sealed; sets r->sealed. others: where those of its placement group do not answer, other providers are asked.
 * CODE_UNAVAILABLE when nobody takes anything. */
int rest_seal(struct provider *p, struct replication *r, const ObjectInfo *now, bool others, struct hash *ret_tx_id,
              struct err *err);

/* --- seal.c ------------------------------------------------------------------------------------------------------- */

/* Gathers the receipts of all positions that are not sealed yet, verified; when r->partial of those that have all of
 * their columns, as long as the object can be read with them. */
int seal_receipts(struct provider *p, struct replication *r, struct err *err);

/* Receipts that are there, as bits. */
uint64_t seal_gathered(const struct replication *r);

/* Sends the seal of what has receipts, with the opening of a placement group where none fits, and waits for it; sets
 * r->sealed. */
int seal_send(struct provider *p, struct replication *r, struct hash *ret_tx_id, struct err *err);

#endif
