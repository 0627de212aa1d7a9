/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_SYNC_SYNC_H
#define CAIRN_CHAIN_SYNC_SYNC_H
/*
 * Catching up by blocks: which heights to ask of which peer, and what came.
 *
 * A plan only: no clock, no network, no checking. The node tells it the time, sends the requests that it names, hands
 * it the batches, and takes the blocks out in order; it verifies each certificate before it believes a block, and says
 * when one was bad. The heights that peers claim are hints for whom to ask: a claim that is not kept is forgotten, and
 * who made it is asked last.
 */
#include "chain/base/bytes.h"
#include "chain/base/err.h"

#include <stdbool.h>

enum {
    SYNC_PEERS_MAX = 64,
    SYNC_WINDOW = 64, /* heights held or asked for at once */
    SYNC_RANGE = 16,  /* heights of one request */
    SYNC_WINDOW_BYTES = 32 << 20,
    SYNC_TIMEOUT_MS = 5000,
    SYNC_PATIENCE_MS = 300, /* one height behind: consensus itself mostly catches up */
};

struct sync_peer {
    uint32_t id;       /* 0: free */
    uint64_t height;   /* it claims to work on this one, so it has those before */
    uint64_t earliest; /* the first that it keeps */
    uint64_t from;     /* asked: heights [from, to), to > from */
    uint64_t to;
    uint64_t deadline_ms;
    unsigned failures;
};

struct sync_block {
    uint64_t height;
    uint32_t peer;
    uint8_t *data; /* an encoded StoredBlock; NULL: nothing here */
    size_t len;
};

struct sync {
    uint64_t next; /* the height that is wanted first */
    uint64_t next_since_ms;
    size_t bytes;
    struct sync_peer peers[SYNC_PEERS_MAX];
    struct sync_block window[SYNC_WINDOW]; /* by height modulo */
};

struct sync_request {
    uint32_t peer;
    uint64_t from;
    uint32_t count;
};

void sync_init(struct sync *s);
void sync_release(struct sync *s);

/* This node works on `height` now; what is older is forgotten. */
void sync_advance(struct sync *s, uint64_t height, uint64_t now_ms);

/* A peer claims to work on `height` and to keep blocks from `earliest` on (0: not said). */
void sync_claim(struct sync *s, uint32_t peer, uint64_t height, uint64_t earliest);
void sync_gone(struct sync *s, uint32_t peer);

/* What to ask now. Returns how many were written, at most `max`. */
size_t sync_requests(struct sync *s, uint64_t now_ms, struct sync_request *ret, size_t max);

/* When to call sync_requests again at the latest, UINT64_MAX for never. */
uint64_t sync_deadline(const struct sync *s, uint64_t now_ms);

/* A peer's answer has come in with `count` blocks from `from`, taken by sync_put before. An answer that was not asked
 * for, or brings nothing, counts against the peer: returns false. */
bool sync_answered(struct sync *s, uint32_t peer, uint64_t from, size_t count);

/* Keeps a copy of the block, if it was asked of this peer and there is room. */
void sync_put(struct sync *s, uint32_t peer, uint64_t height, struct bytes stored);

/* The block of the height that is wanted, or NULL. Borrowed until the next call. */
const struct sync_block *sync_wanted(const struct sync *s);

/* The wanted block was bad: it goes, and its peer is believed no more. */
void sync_bad(struct sync *s);

/* How many heights the best claim of a peer that has not failed us is ahead; 0: caught up. */
uint64_t sync_behind(const struct sync *s);

#endif
