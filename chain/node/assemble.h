/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_ASSEMBLE_H
#define CAIRN_CHAIN_NODE_ASSEMBLE_H
/*
 * Putting bodies together. A proposal says which transactions its block has, in order, by wire hash; the bytes come
 * from what waits here, from the proposal itself (too young to have spread) and, for the rest, from peers that are
 * asked.
 *
 * Pure: no clock, thread or I/O; time is given in. Fixed in number and size: ASSEMBLE_PENDING_MAX proposals of at most
 * BLOCK_TXS_MAX hashes and BLOCK_LEN_MAX bytes; one request a proposal is under way, of at most TX_REQUEST_MAX hashes;
 * while nothing comes it is made again after ASSEMBLE_ASK_MS, then after twice that, up to ASSEMBLE_ASK_MS_MAX.
 *
 * Invariant: a body lies only where its wire hash is the one that the proposal names; `missing` counts the places
 * without one. The caller has held the hashes against the header's root, so a whole assembly is the block of its
 * header.
 */
#include "chain/base/arena.h"
#include "chain/base/err.h"
#include "chain/base/fixed.h"
#include "chain/base/limits.h"

enum {
    ASSEMBLE_PENDING_MAX = 8, /* two of the round's proposer, the same of rounds to come, two of the next height */
    ASSEMBLE_ASK_MS = 50,
    ASSEMBLE_ASK_MS_MAX = 800,
};

/* One proposal on its way to a block. Read by everybody, changed by the functions below. */
struct assembly {
    bool used;
    bool wanted; /* the consensus core waits for its verdict: only then peers are asked */
    uint64_t height;
    uint32_t round;
    struct hash value;        /* header id */
    uint32_t from;            /* who sent it, in the host's numbering: the first to be asked */
    struct bytes header;      /* encoded Header */
    struct bytes certificate; /* encoded Certificate of the block before; empty at height 1 */
    const struct hash *hashes;
    struct bytes *bodies; /* wire transactions; data NULL: missing */
    uint32_t n, missing;
    size_t bytes;   /* of the bodies that are here */
    uint32_t asked; /* how often peers were asked since a body came last */

    /* private */
    struct arena arena;
    uint32_t *table; /* places by hash; 0: empty, else place + 1 */
    uint32_t table_mask, table_shift;
    uint64_t ask_ms; /* when to ask next */
};

struct assemble {
    struct assembly at[ASSEMBLE_PENDING_MAX];
};

/* A proposal without its bodies. Everything is copied. */
struct assemble_proposal {
    uint64_t height;
    uint32_t round;
    struct hash value;
    uint32_t from;
    struct bytes header, certificate;
    const struct hash *hashes;
    size_t n;
};

void assemble_init(struct assemble *a);
void assemble_release(struct assemble *a); /* also of a zeroed one */

/* Begins one. When all places are taken, the one of the furthest round that nobody waits for goes. CODE_TOO_LARGE: more
 * than BLOCK_TXS_MAX hashes. CODE_BUSY: somebody waits for each of those that are there. CODE_NO_MEMORY. */
int assemble_begin(struct assemble *a, const struct assemble_proposal *p, struct assembly **ret, struct err *err);

/* The one of this value, or NULL. */
struct assembly *assemble_find(struct assemble *a, const struct hash *value);

enum assemble_taken {
    ASSEMBLE_TAKEN,   /* it was missing; copied */
    ASSEMBLE_KNOWN,   /* it is there already */
    ASSEMBLE_FOREIGN, /* the proposal has no such transaction */
    ASSEMBLE_FULL,    /* no room: the block is over BLOCK_LEN_MAX, or there is no memory. Nobody can judge it valid */
};

/* A body whose wire hash the caller has computed, or knows. */
enum assemble_taken assemble_take(struct assembly *x, const struct hash *wire_hash, struct bytes wire);

static inline bool assemble_whole(const struct assembly *x) {
    return x->missing == 0;
}

/* The wire hashes of missing bodies, in order, each once per place, at most `max`; *ret_places, unless NULL, tells
 * their places. Returns how many. */
size_t assemble_missing(const struct assembly *x, size_t max, struct hash *ret_hashes, uint32_t *ret_places);

/* The consensus core waits for this one from now on: it is looked for at once. */
void assemble_want(struct assembly *x, uint64_t now_ms);

/* What is still missing is asked for at once: the answer had room for a part only. */
void assemble_again(struct assembly *x, uint64_t now_ms);

/* One whose peers are to be asked now, or NULL; it is not told again before its time has come. assembly.asked
 * counts this time, too: 1 is the first, 2 says that whoever was asked then did not help. */
struct assembly *assemble_due(struct assemble *a, uint64_t now_ms);
/* When assemble_due has the next one; UINT64_MAX: none. */
uint64_t assemble_deadline(const struct assemble *a);

void assemble_drop(struct assembly *x);
/* Forgets those of heights up to `height`. */
void assemble_clear(struct assemble *a, uint64_t height);

#endif
