/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_JOIN_H
#define CAIRN_CHAIN_NODE_JOIN_H
/*
 * Joining a network by a snapshot: an empty node becomes one that stands at some recent height, without the blocks
 * before. The plan (chain/sync/state_sync.h) decides whom to ask; here what comes is verified:
 *
 *     headers    by light verification (chain/types/light.h) from the genesis, or from a header whose height and id the
 *                configuration gives, to the one behind the snapshot: its app hash is what the state must hash to
 *     block      of the snapshot's height, which the next one must follow: by the id in that header
 *     manifest   by the id that was offered; each chunk by the app hash
 *
 * Everything else that a node needs to go on (the validators of the next heights, parameters, what transactions may
 * not be repeated) is state, so it comes verified with the chunks.
 *
 * Like the core it owns no clock, socket, thread or store: a host tells the time, moves frames, and takes in what was
 * fetched (chain/store/store_snapshot.h), one job after another. One thread at a time.
 *
 *     join_open -> join_up | join_down | join_message | join_imported -> join_step, after each of them and when
 *               join_deadline has come -> ... join_done | join_none -> join_close
 *
 * What a peer does never fails these functions; an error means that joining cannot succeed (the trusted point is too
 * old, the disk is full), and the node must stop with that sentence.
 */
#include "chain/net/net.h"
#include "chain/node/wire.h"
#include "chain/store/store_snapshot.h"
#include "chain/sync/state_sync.h"
#include "chain/types/light.h"

#include "cairn/genesis.h"

enum join_kind {
    JOIN_BEGIN,  /* `data` is a manifest: store_import_begin */
    JOIN_CHUNK,  /* `data` is chunk `index`: store_import_chunk */
    JOIN_FINISH, /* `data` is the StoredBlock of the snapshot's height: store_import_finish */
};

/* For the host to do, in order. */
struct join_job {
    enum join_kind kind;
    net_peer peer;  /* who sent it; CHUNK */
    uint64_t turn;  /* which choice of a snapshot it belongs to; comes back with the result */
    uint32_t index; /* CHUNK */
    uint64_t time;  /* FINISH: the block's, ms */
    uint8_t *data;  /* malloc'd, the host's to free */
    size_t len;
};

/* How a job ended. */
struct join_result {
    enum join_kind kind;
    net_peer peer;
    uint64_t turn;
    uint32_t index;
    size_t len;          /* of the job's data */
    uint32_t chunks;     /* BEGIN: of the manifest */
    const uint8_t *have; /* BEGIN: a bit a chunk that is in already; borrowed */
    int code;
    struct err err;
};

/* Does a job over the store, for the host. *import is the host's: NULL at first, closed by it at the end. `have`, empty
 * and with room for SNAPSHOT_CHUNKS_MAX bits, is what ret->have borrows. */
void join_import(struct store *store, struct store_import **import, const struct join_job *job, struct buf *have,
                 struct join_result *ret);

struct join_host {
    void *ctx;
    uint64_t (*mono_ns)(void *ctx);
    uint64_t (*real_ms)(void *ctx);
    /* Queues a frame for the peer, copied. Lossy; must not block. */
    void (*send)(void *ctx, net_peer peer, uint8_t wire_kind, struct bytes payload);
    void (*report)(void *ctx, net_peer peer, unsigned points, const char *why);
    /* Takes the job and its data; answered later by join_imported. At most STATE_SYNC_AHEAD + 2 wait. */
    void (*import)(void *ctx, const struct join_job *job);
};

struct join_options {
    const struct join_host *host; /* copied */
    struct hash chain_tag;
    const Genesis *genesis; /* borrowed for join_open */
    uint64_t trust_height;  /* 0: the genesis is trusted */
    struct hash trust_id;   /* of that height's header */
    struct bytes pending;   /* the manifest of an import that was begun; empty: none. Borrowed for join_open */
};

struct join {
    struct join_host host;
    struct hash chain_tag;
    struct state_sync plan;
    struct light_trust root; /* where walks begin; with trust_height not before its header has come */
    bool rooted;
    struct hash root_previous; /* the header before it; with trust_height */
    uint64_t trust_height;
    struct hash trust_id;
    uint64_t turn; /* the plan's, that what follows is about */
    bool walking;
    struct light_walk walk;
    net_peer givers[LIGHT_PENDING_MAX + 1]; /* of the walk's pending blocks, and of the one that left them last */
    struct arena blocks;                    /* light blocks of the walk */
    struct arena arena;                     /* of one input */
    struct hash block_id;                   /* of the target's height */
    uint64_t block_time;
    uint8_t *stored; /* the StoredBlock of the target's height, malloc'd */
    size_t stored_len;
    bool begun, finishing, done, none;
    enum state_sync_phase shown; /* in the log */
    uint64_t since_ms, shown_ms;
    uint64_t due_ns;
};

int join_open(struct join *j, const struct join_options *options, struct err *err);
void join_close(struct join *j); /* a zeroed struct is allowed */

void join_up(struct join *j, net_peer peer);
void join_down(struct join *j, net_peer peer);
int join_message(struct join *j, net_peer peer, uint8_t wire_kind, struct bytes payload, struct err *err);
int join_imported(struct join *j, const struct join_result *r, struct err *err);

/* Asks for what is missing. */
void join_step(struct join *j);
/* When to call it at the latest, in host time. */
uint64_t join_deadline(const struct join *j);
/* The store stands at the snapshot's height. */
static inline bool join_done(const struct join *j) {
    return j->done;
}

/* Nobody has had a snapshot for STATE_SYNC_NONE_MS, and the genesis is trusted: all blocks will do. Stays so. With a
 * trusted header it is never so: blocks from a genesis that is not trusted prove nothing. */
static inline bool join_none(const struct join *j) {
    return j->none;
}

/* How it goes, for status. */
struct join_progress {
    const char *phase; /* static */
    uint64_t height;   /* of the snapshot; 0: none chosen */
    uint32_t chunks, chunks_in;
    uint64_t len;   /* of all chunks, as offered */
    unsigned peers; /* that offer it */
};
struct join_progress join_progress(const struct join *j);

#endif
