/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cutting a segment into what each position keeps of it, with all hashes: what uploaders and clients do on the way in.
 *
 * A struct cut owns the memory of one segment and its pieces, so that a pool of a few bounds a whole upload. Fill
 * cut->segment, call cut_run, use pieces, roots and groups until the next cut_run. Bytes are hashed once: where columns
 * begin on leaf boundaries (every full segment), the leaves of the data columns are the leaves of the segment.
 */
#ifndef CAIRN_CHAIN_CODING_CUT_H
#define CAIRN_CHAIN_CODING_CUT_H

#include "chain/base/bytes.h"
#include "chain/base/err.h"
#include "chain/coding/piece.h"
#include "chain/coding/rs.h"
#include "chain/types/layout.h"

/* A profile with its code. Read-only after coder_init: threads may share it. */
struct coder {
    Profile profile;
    struct rs rs; /* set where the profile has columns */
};

/* CODE_INVALID_ARGUMENT for a profile that profile_check refuses; CODE_UNSUPPORTED for keyed replicas, whose pieces
 * only the owner can make. */
int coder_init(struct coder *coder, const Profile *profile, struct err *err);

/* What one position keeps of the segment. Borrowed from the cut. */
struct cut_piece {
    struct bytes data; /* begins on a 4 KiB boundary of memory whenever its length allows */
    struct hash root;
    const struct hash *groups; /* piece_groups(data.len) of them */
};

struct cut {
    const struct coder *coder;           /* borrowed */
    uint8_t *segment;                    /* owned; room for segment_size bytes and the padding of the last column */
    uint8_t *parity;                     /* owned; NULL where the profile has none */
    struct hash *leaves;                 /* owned scratch */
    struct hash *groups;                 /* owned, of all pieces */
    size_t len;                          /* of the segment that cut_run saw */
    struct cut_piece whole;              /* the whole segment: what the content root is made of, whoever keeps it */
    struct cut_piece pieces[CODE_N_MAX]; /* by position, profile_positions() of them */
};

/* Takes the memory for segments of this coder's profile. CODE_NO_MEMORY. */
int cut_init(struct cut *cut, const struct coder *coder, struct err *err);
void cut_release(struct cut *cut);

/* Bytes that cut_init takes. */
size_t cut_memory(const Profile *profile);

/* Codes and hashes the first `len` bytes (1..segment_size) of cut->segment. */
void cut_run(struct cut *cut, size_t len);

#endif
