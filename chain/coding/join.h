/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back: a segment from what positions keep, and one position's piece from the others'. What readers, repairers
 * and the scrubber do. Pieces must have been verified against their roots before: the code has no way to tell a wrong
 * byte.
 */
#ifndef CAIRN_CHAIN_CODING_JOIN_H
#define CAIRN_CHAIN_CODING_JOIN_H

#include "chain/coding/cut.h"

/* Pieces at hand: data[i] is what position positions[i] keeps of the segment. Positions are distinct. */
struct join_input {
    size_t count;
    uint32_t positions[CODE_N_MAX];
    const uint8_t *data[CODE_N_MAX];
};

/* Room that join_segment needs for a segment: columns are rebuilt at full length, padding included. */
size_t join_room(const Profile *profile, size_t segment_len);

/*
 * The segment's bytes from one position with whole segments, or any k columns. ret_segment has join_room() bytes; a
 * data column that already lies in its place there (ret_segment + row * column length) is not copied. CODE_UNAVAILABLE
 * when the pieces are too few, with how many are needed.
 */
int join_segment(const struct coder *coder, size_t segment_len, const struct join_input *input, uint8_t *ret_segment,
                 struct err *err);

/*
 * What `position` keeps of the segment, from the pieces at hand; ret_piece has room for it. `scratch` has join_room()
 * bytes and is used only when a column must be computed from a whole segment. CODE_UNAVAILABLE as above.
 */
int join_piece(const struct coder *coder, size_t segment_len, const struct join_input *input, uint32_t position,
               uint8_t *scratch, uint8_t *ret_piece, struct err *err);

#endif
