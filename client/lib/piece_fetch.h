/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_PIECE_FETCH_H
#define CAIRN_CLIENT_LIB_PIECE_FETCH_H
/*
 * Pieces of one object from the providers that hold them, each verified before it is handed on: a position's piece
 * roots against the checksum on the ledger, a piece against its root, a range against the hashes of its groups of 64
 * KiB. Readers stand on it, and providers when they repair.
 *
 * Thread-safe: several threads may fetch through one handle.
 */
#include "chain/coding/join.h"
#include "chain/os/thread.h"
#include "client/lib/placement.h"
#include "client/lib/sp_client.h"

enum { PIECE_FETCH_REASON_MAX = 200 };

/* Why a position is not asked any more. */
struct piece_fault {
    bool failed;
    int code;
    char reason[PIECE_FETCH_REASON_MAX];
};

struct piece_fetch {
    struct sp_client *client;          /* borrowed */
    const struct placement *placement; /* borrowed */
    struct coder coder;
    uint64_t segments;
    uint64_t idle_ms; /* a provider that sends nothing for so long has failed; 0: 10 s */
    uint64_t skip;    /* bit i: never ask position i (one's own, when repairing) */
    struct mutex lock;
    struct hash *roots[CODE_N_MAX]; /* by position; NULL: not fetched yet */
    struct piece_fault faults[CODE_N_MAX];
};

/* The object must be sealed and not empty. CODE_NO_MEMORY; CODE_CONFLICT when it is not sealed; CODE_UNSUPPORTED for
 * keyed replicas. */
int piece_fetch_init(struct piece_fetch *fetch, struct sp_client *client, const struct placement *placement,
                     struct err *err);
void piece_fetch_release(struct piece_fetch *fetch);

/* A position's piece roots, verified; borrowed from fetch. A failure is remembered in faults. */
int piece_fetch_roots(struct piece_fetch *fetch, uint32_t position, const struct hash **ret, struct err *err);

/* Is the position to be asked: sealed, not skipped, and without a fault so far? */
bool piece_fetch_usable(struct piece_fetch *fetch, uint32_t position);

/* A whole piece into ret (layout_piece_len bytes). CODE_INTEGRITY: it is not what was sealed. Marks the position
 * failed. */
int piece_fetch_piece(struct piece_fetch *fetch, uint32_t position, uint64_t segment, uint8_t *ret, struct err *err);

/* Bytes [offset, offset + len) of a piece into ret; fetches and verifies whole groups of 64 KiB. */
int piece_fetch_range(struct piece_fetch *fetch, uint32_t position, uint64_t segment, uint64_t offset, size_t len,
                      uint8_t *ret, struct err *err);

/* A whole segment into ret (join_room bytes): from a position with whole segments, else from columns, trying others as
 * positions fail. CODE_UNAVAILABLE or CODE_INTEGRITY (somebody lied and too few are left) with who failed and why.
 * ret_root (may be NULL): the root of the whole segment, which the content root is made of. */
int piece_fetch_segment(struct piece_fetch *fetch, uint64_t segment, uint8_t *ret, struct hash *ret_root,
                        struct err *err);

/* What one position keeps of a segment, from the others: for repair. ret: layout_piece_len bytes; scratch: join_room
 * bytes. */
int piece_fetch_rebuild(struct piece_fetch *fetch, uint32_t position, uint64_t segment, uint8_t *scratch, uint8_t *ret,
                        struct err *err);

#endif
