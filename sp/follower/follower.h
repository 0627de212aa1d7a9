/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_FOLLOWER_FOLLOWER_H
#define CAIRN_SP_FOLLOWER_FOLLOWER_H
/*
 * Follows the ledger's events with a durable cursor and turns what concerns this provider into records and tasks:
 *
 *     storage.object_sealed          positions held of it are sealed: they are kept; staged ones: ADOPT_STAGE
 *     storage.object_deleted, ...    whatever ends an object, or one version of it: GC_OBJECT
 *     storage.object_created         here, with the bytes of another object: COPY_OBJECT
 *     challenge.opened               for this provider: ANSWER_CHALLENGE
 *     challenge.repair_opened        for this provider: REPAIR_PIECE where it missed
 *
 * Nothing depends on the stream alone: at every (re)connection and every minute the open challenges and repair duties
 * of this provider, and the objects of positions not sealed yet, are asked for. Events may come twice: what follows
 * from them is safe to do twice.
 */
#include "cairn/rpc.h"
#include "chain/os/thread.h"
#include "client/lib/ledger.h"
#include "sp/manager/manager.h"
#include "sp/spdb/spdb.h"

enum { FOLLOWER_RECONCILE_MS = 60000, FOLLOWER_CURSOR_BLOCKS = 16 };

struct follower {
    struct ledger *ledger; /* borrowed, all of them */
    struct spdb *db;
    struct manager *manager;
    uint32_t sp_id;
    struct mutex lock;
    struct cond changed;
    uint64_t height; /* followed up to */
    bool synced;     /* has reconciled since start */
    bool closing;
    /* the thread's own */
    struct thread thread;
    uint64_t stored_height, reconciled_at_ms;
};

int follower_init(struct follower *follower, struct ledger *ledger, struct spdb *db, struct manager *manager,
                  uint32_t sp_id, struct err *err);
int follower_start(struct follower *follower, struct err *err);
/* The thread ends soon, at the latest when ledger_cancel is called. Idempotent. */
void follower_close(struct follower *follower);
/* Closes, waits, writes the cursor down. */
void follower_stop(struct follower *follower);
void follower_release(struct follower *follower);

/* The newest height whose events are done. */
uint64_t follower_height(struct follower *follower);
/* Has it caught what happened while this provider was away? */
bool follower_ready(struct follower *follower);

/* One event; what the thread calls, and tests. */
int follower_event(struct follower *follower, const EventNote *note, struct err *err);

#endif
