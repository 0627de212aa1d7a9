/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_SYNC_STATE_SYNC_H
#define CAIRN_CHAIN_SYNC_STATE_SYNC_H
/*
 * Joining by a snapshot of the state instead of all blocks: which of the snapshots that peers offer, and what to ask of
 * which peer, until every chunk is in.
 *
 * A plan only, as sync.h: no clock, no network, no memory but its own, no checking. The host (chain/node/join.c) tells
 * it the time, sends the requests that it names, verifies what comes and says how that ended.
 *
 *     discover   peers are asked for their snapshots; after a moment the highest one is chosen, of equal ones the one
 *                that most peers offer; first those of peers whose offers have not come to nothing before
 *     trust      headers, one after another as the host wants them, until one that is trusted tells the state's hash
 *     manifest   of the chosen snapshot, from a peer that offers it
 *     chunks     from all peers that offer the same manifest, each verified alone
 *     done
 *
 * What goes wrong: a peer that sends a wrong chunk offers nothing any more; one that does not answer in time is asked
 * less and less; the last chunks are asked of a second peer when the first is slow. A snapshot whose manifest turns out
 * wrong is never chosen again; one that nobody offers any more, or that makes no progress, is left for another one, and
 * peers are asked anew. While some peer says that it has no snapshot, and none offers one but peers whose offers have
 * come to nothing before, the network may be too young to have any: after STATE_SYNC_NONE_MS state_sync_none says so.
 *
 * Invariants: at most STATE_SYNC_AHEAD chunks are asked for or wait for being taken in; a peer has at most
 * STATE_SYNC_ASKS_MAX requests under way; what nobody asked for is refused.
 */
#include "chain/base/err.h"
#include "chain/base/fixed.h"
#include "chain/base/limits.h"

#include <stdbool.h>

/* A snapshot, as peers name it. */
struct state_sync_offer {
    uint64_t height;
    struct hash root; /* of the state */
    struct hash id;   /* of the manifest */
    uint32_t chunks;
    uint64_t len;
};

enum state_sync_kind {
    STATE_SYNC_NONE,
    STATE_SYNC_LIST,     /* what snapshots it has */
    STATE_SYNC_HEADER,   /* the header of `height`, with certificate and validators */
    STATE_SYNC_BLOCK,    /* the block of `height`, as stored */
    STATE_SYNC_MANIFEST, /* of the snapshot at `height` */
    STATE_SYNC_CHUNK,    /* number `index` of it */
};

struct state_sync_request {
    uint32_t peer;
    enum state_sync_kind kind;
    uint64_t height;
    uint32_t index;
};

struct state_sync_ask {
    enum state_sync_kind kind; /* NONE: free */
    uint64_t height;
    uint32_t index;
    uint64_t since_ms;
    uint64_t free_ms; /* overdue: when it is forgotten; until then the answer is still welcome. 0: not overdue */
};

struct state_sync_peer {
    uint32_t id; /* 0: free */
    bool listed; /* has answered for its snapshots */
    bool bad;    /* sent what is provably wrong: asked for nothing any more */
    uint64_t list_ms;
    struct state_sync_offer offers[STATE_SYNC_OFFERS_MAX];
    unsigned offers_n;
    struct state_sync_ask asks[STATE_SYNC_ASKS_MAX];
    unsigned failures;
    unsigned owed;    /* requests that were forgotten: so many answers may come very late, and are dropped */
    bool chosen;      /* it offered the target when that was chosen */
    unsigned stalls;  /* snapshots that it offered, were chosen, and came to nothing */
    uint64_t rest_ms; /* it lacked what it was asked for: not asked before this time */
};

enum state_sync_phase {
    STATE_SYNC_DISCOVER,
    STATE_SYNC_TRUST,
    STATE_SYNC_MANIFESTS,
    STATE_SYNC_CHUNKS,
    STATE_SYNC_DONE,
};

enum state_sync_chunk { CHUNK_MISSING, CHUNK_ASKED, CHUNK_HERE, CHUNK_IN };

struct state_sync {
    enum state_sync_phase phase;
    uint64_t turn;                      /* counts choices and their ends */
    struct state_sync_offer target;     /* from trust on */
    uint64_t wants_header, wants_block; /* in trust; 0: none */
    struct state_sync_offer prefer;     /* half taken in before; height 0: none */
    uint64_t first_offer_ms;            /* 0: none yet */
    uint64_t progress_ms;
    uint64_t none_ms; /* since when nobody has a snapshot, as peers say; 0: not so */
    bool none;        /* for STATE_SYNC_NONE_MS, at the last state_sync_requests */
    struct state_sync_peer peers[STATE_SYNC_PEERS_MAX];
    struct {
        struct hash id;
        uint64_t until_ms;
    } excluded[STATE_SYNC_EXCLUDED_MAX];
    unsigned excluded_n;                 /* ever; the oldest make room */
    uint32_t in;                         /* chunks */
    uint32_t ahead;                      /* asked for or here */
    uint32_t first;                      /* no chunk before it is missing */
    uint8_t chunks[SNAPSHOT_CHUNKS_MAX]; /* enum state_sync_chunk */
};

void state_sync_init(struct state_sync *s, uint64_t now_ms);
/* A snapshot that was half taken in before: chosen when anybody offers it. */
void state_sync_prefer(struct state_sync *s, const struct state_sync_offer *offer);

/* --- peers --- more than STATE_SYNC_PEERS_MAX are not asked */
void state_sync_up(struct state_sync *s, uint32_t peer);
void state_sync_gone(struct state_sync *s, uint32_t peer);
/* It sent what is provably wrong. What it was asked for is asked of others. */
void state_sync_bad(struct state_sync *s, uint32_t peer);

/* What to ask now. Returns how many were written, at most `max`. May change the phase. */
size_t state_sync_requests(struct state_sync *s, uint64_t now_ms, struct state_sync_request *ret, size_t max);
/* As of the last state_sync_requests: nobody has had a snapshot for STATE_SYNC_NONE_MS. Asking goes on. */
static inline bool state_sync_none(const struct state_sync *s) {
    return s->none;
}
/* When to call it again at the latest. */
uint64_t state_sync_deadline(const struct state_sync *s, uint64_t now_ms);

/* An answer has come. False: nobody asked for it, or it is so late that it was forgotten: state_sync_late. */
bool state_sync_answered(struct state_sync *s, uint32_t peer, enum state_sync_kind kind, uint64_t height,
                         uint32_t index, uint64_t now_ms);
/* May this be an answer to a request that was forgotten? As many times as there are such of this peer. */
bool state_sync_late(struct state_sync *s, uint32_t peer);
/* How many blocks it may still send us, forgotten requests of whatever kind included: for whom the link is next. */
unsigned state_sync_owed(const struct state_sync *s, uint32_t peer);
/* What it has, after state_sync_answered. */
void state_sync_listed(struct state_sync *s, uint32_t peer, const struct state_sync_offer *offers, size_t n,
                       uint64_t now_ms);
/* It has not got what it was asked for, after state_sync_answered: manifest and chunks: the snapshot is gone there. */
void state_sync_lacks(struct state_sync *s, uint32_t peer, enum state_sync_kind kind, uint64_t now_ms);

/* --- trust --- */
/* What the host needs next; 0: nothing. */
void state_sync_want(struct state_sync *s, uint64_t header, uint64_t block, uint64_t now_ms);
/* A trusted header says that the target's root is right: on to its manifest. */
void state_sync_trusted(struct state_sync *s, uint64_t now_ms);

/* --- manifest, chunks --- */
/* The manifest is here and right by its id and root: `chunks` of them, of which in[i] are in already. */
void state_sync_manifest(struct state_sync *s, uint32_t chunks, bool (*in)(void *ctx, uint32_t index), void *ctx,
                         uint64_t now_ms);
/* The chunk's bytes are in the host's hands, after state_sync_answered. False: not needed any more. */
bool state_sync_here(struct state_sync *s, uint32_t index);
/* It is in; or not, and must be asked for again. */
void state_sync_taken(struct state_sync *s, uint32_t index, bool in, uint64_t now_ms);

/* The target does not work out: another one is looked for. WRONG: it is never chosen again; STALLED: not soon; GONE:
 * when somebody offers it again. */
enum state_sync_end { STATE_SYNC_WRONG, STATE_SYNC_STALLED, STATE_SYNC_GONE };
void state_sync_abandon(struct state_sync *s, enum state_sync_end why, uint64_t now_ms);
/* Peers that offer the target; `ret` has STATE_SYNC_PEERS_MAX places. */
size_t state_sync_offerers(const struct state_sync *s, uint32_t *ret);

/* How many peers offer the target, are not bad. */
unsigned state_sync_sources(const struct state_sync *s);

#endif
