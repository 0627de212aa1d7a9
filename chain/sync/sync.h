/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_SYNC_SYNC_H
#define CAIRN_CHAIN_SYNC_SYNC_H
/*
 * Catching up by blocks: which heights to ask of which peer, what came, what is checked and what is executed.
 *
 * A plan only: no clock, no network, no memory but its own, no checking. The host (chain/node/block_sync.c, the
 * simulator) tells it the time, sends the requests that it names, keeps the bytes of each held block at the block's
 * slot, checks them in order (certificate before anything else), executes them in order, and says how each step ended.
 *
 *     free -> here -> checking -> good -> executing -> free
 *
 * The heights that peers claim are hints for whom to ask, never facts: a claim that is not kept is forgotten, and who
 * made it is asked last and counts no more in what this node believes to be behind. Who does not answer in time is
 * asked less and less; while the lowest missing height waits for a slow peer, another one is asked for it too.
 *
 * Invariants: at most SYNC_WINDOW heights and SYNC_HELD_LEN bytes are held or on their way (one answer more for the
 * lowest missing height, so that the window can never fill up behind a hole); blocks are handed out once, in order.
 */
#include "chain/base/bytes.h"
#include "chain/base/err.h"
#include "chain/base/limits.h"

#include <stdbool.h>

/* One request under way; to == from: none. */
struct sync_ask {
    uint64_t from, to; /* heights [from, to) */
    uint64_t since_ms;
    uint64_t free_ms; /* expired: when it is forgotten; until then the answer is still welcome. 0: not expired */
};

struct sync_peer {
    uint32_t id;       /* 0: free */
    uint64_t height;   /* it claims to work on this one, so it has those before */
    uint64_t earliest; /* the first that it keeps */
    struct sync_ask asks[SYNC_ASKS_MAX];
    unsigned failures; /* answers overdue or bad since the last good one */
    unsigned owed;     /* requests that were forgotten: so many answers may come very late, and are dropped */
    unsigned lies;     /* claims that it did not keep; never forgiven on this link */
};

enum sync_state { SYNC_FREE, SYNC_HERE, SYNC_CHECKING, SYNC_GOOD, SYNC_EXECUTING };

struct sync_slot {
    uint64_t height;
    uint32_t peer;
    uint32_t len;
    enum sync_state state;
};

struct sync {
    uint64_t next;    /* the lowest height that is not committed */
    uint64_t check;   /* the lowest that was not handed out for checking */
    uint64_t execute; /* the lowest that was not handed out for execution */
    uint64_t next_since_ms;
    uint64_t hedged; /* the height for which a second peer was asked */
    uint64_t hedged_ms;
    uint64_t mean_len; /* of a block, about; 0: none seen */
    size_t held_len;
    struct sync_peer peers[SYNC_PEERS_MAX];
    struct sync_slot slots[SYNC_WINDOW]; /* by height modulo */
};

/* Nothing held, nobody known; this node works on height `next`. */
void sync_init(struct sync *s, uint64_t next, uint64_t now_ms);

/* The slot of a height: where the host keeps its bytes. */
static inline size_t sync_slot_of(uint64_t height) {
    return (size_t)(height % SYNC_WINDOW);
}

/* This node works on `height` now; what is older is forgotten: the host frees the bytes of slots that became free,
 * asking sync_held. */
void sync_advance(struct sync *s, uint64_t height, uint64_t now_ms);

/* Is a block of this height held, in whatever state? */
bool sync_held(const struct sync *s, uint64_t height);

/* --- peers --- */

/* A peer claims to work on `height` and to keep blocks from `earliest` on (0: not said). Peers beyond SYNC_PEERS_MAX
 * are not asked. */
void sync_claim(struct sync *s, uint32_t peer, uint64_t height, uint64_t earliest);
/* It may still answer `n` requests that were made before this plan: their answers are dropped. */
void sync_owed(struct sync *s, uint32_t peer, unsigned n);
void sync_gone(struct sync *s, uint32_t peer);

struct sync_request {
    uint32_t peer;
    uint64_t from;
    uint32_t count;
};

/* What to ask now. Returns how many were written, at most `max`. */
size_t sync_requests(struct sync *s, uint64_t now_ms, struct sync_request *ret, size_t max);

/* When to call sync_requests again at the latest, UINT64_MAX for never. */
uint64_t sync_deadline(const struct sync *s, uint64_t now_ms);

enum sync_verdict {
    SYNC_TAKEN,   /* asked for, perhaps late; nothing is kept of what was forgotten meanwhile */
    SYNC_EMPTY,   /* asked for and within its claim, but nothing came */
    SYNC_TOO_BIG, /* more blocks or bytes than were asked for; nothing of it is kept */
    SYNC_UNASKED, /* nobody asked this peer for it */
};

/* A peer's answer: `count` blocks from height `from`, of lens[i] encoded bytes each. Sets ret_keep[i] where the host
 * shall keep the block at its slot; the others it drops. The host scores the peer by the verdict. */
enum sync_verdict sync_answer(struct sync *s, uint32_t peer, uint64_t from, const size_t *lens, size_t count,
                              uint64_t now_ms, bool *ret_keep);

/* --- checking and executing, each in order --- */

/* The next run of blocks to check: at most `count_max`, and at most `len_max` bytes unless it is one. They are
 * `checking` now. Returns how many from *ret_from on; 0: none, or enough checked blocks wait already. */
size_t sync_hand(struct sync *s, size_t count_max, size_t len_max, uint64_t *ret_from);

/* The checking of a run of `count` from `from` has ended after `good` good blocks; when good < count, and `bad`, the
 * block behind them was bad: it goes, its peer is believed no more. The others of the run wait again. Returns the peer
 * of the bad block, 0: none. */
uint32_t sync_checked(struct sync *s, uint64_t from, size_t good, size_t count, bool bad);

/* The next good block to execute, or 0. It is `executing` now, until sync_advance goes beyond it. */
uint64_t sync_execute(struct sync *s);

/* How many good or executing blocks lie in a row from the next height on. */
size_t sync_run(const struct sync *s);

/* Is the next height held, in whatever state? */
static inline bool sync_next_held(const struct sync *s) {
    return sync_held(s, s->next);
}

/* How many heights the best claim of a peer that has not failed us is ahead; 0: caught up. */
uint64_t sync_behind(const struct sync *s);
/* How many peers have blocks for us, by what they claim. */
unsigned sync_sources(const struct sync *s);

#endif
