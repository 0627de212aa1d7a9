/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_CMD_DAEMON_H
#define CAIRN_SP_CMD_DAEMON_H
/*
 * A running provider: every module, put together in the order in which they need each other, and taken apart in the
 * opposite one. `opened` counts how far putting together came, so that a failure half-way takes apart just that.
 */
#include "chain/metrics/metrics.h"
#include "chain/os/file.h"
#include "sp/cmd/home.h"
#include "sp/executor/executor.h"
#include "sp/gateway/gateway.h"

struct daemon {
    struct home home;
    const char *passphrase_file; /* NULL: the test keyring's */
    unsigned opened;
    struct file_lock lock;
    struct metrics *metrics;
    struct ledger *ledger;
    struct signer signer;
    struct spdb db;
    struct piecestore *pieces;
    struct authenticator auth;
    struct approver approver;
    struct manager manager;
    struct p2p p2p;
    struct sp_client *peers;
    struct holds holds;
    struct provider provider;
    struct replicator replicator;
    struct uploader *uploader;
    struct receiver receiver;
    struct downloader downloader;
    struct quota quota;
    struct gc gc;
    struct scrubber *scrubber;
    struct metadata metadata;
    struct follower follower;
    struct gateway gateway;
    struct executor executor;
    /* now and then: garbage collection, quota counters to the disk */
    struct thread care;
    struct mutex care_lock;
    struct cond care_changed;
    bool closing;
};

/* Puts together and starts everything; serves when it returns. dir as for home_open. On failure nothing is left. */
int daemon_start(struct daemon *daemon, const char *dir, const char *passphrase_file, struct err *err);
/* Takes no new work, lets what is under way end (for some seconds), takes everything apart. */
void daemon_stop(struct daemon *daemon);

/* --- what modules ask of each other through their envs (links.c); ctx is the daemon
 * ------------------------------------ */
struct receiver_env links_receiver(struct daemon *daemon);
struct downloader_env links_downloader(struct daemon *daemon);
struct gc_env links_gc(struct daemon *daemon);
struct scrubber_env links_scrubber(struct daemon *daemon);
void links_piece_bad(void *ctx, const struct piece_key *key);
void links_repaired(void *ctx, bool rebuilt);
/* copy.c: makes an object here from the one that it is a copy of. */
int copy_task(void *ctx, const Task *task, bool *ret_final, struct err *err);
/* Work of TASK_KIND_ADOPT_STAGE. */
int links_adopt_task(void *ctx, const Task *task, bool *ret_final, struct err *err);
/* Work of TASK_KIND_GC_OBJECT. */
int links_gc_task(void *ctx, const Task *task, bool *ret_final, struct err *err);

#endif
