/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_LAYOUT_H
#define CAIRN_CHAIN_TYPES_LAYOUT_H
/*
 * From a profile and a payload's size to segments, pieces, leaves and billed bytes (storage.md §1). Ledger, providers
 * and clients all compute it here, so that nobody can disagree.
 *
 *     segment      slice of segment_size bytes; the last has the rest, L
 *     position     index in the placement. Profile ec:k+m: k+m columns; with whole, position 0 keeps whole segments and
 * the columns start at 1. Profile replica:n: n positions, each with whole segments piece        what a position keeps
 * of a segment: L bytes, or a column of c = ceil(L/k) column       row r < k is the slice [r*c, (r+1)*c) of the
 * segment, zero-padded to c; rows k.. are parity billed       the lengths of the pieces
 *
 * A payload of 0 bytes has no segments and no pieces.
 *
 * Everything but profile_* needs a profile that profile_check accepts and a size of at most PAYLOAD_LEN_MAX; segment
 * and position indexes must exist. Products then cannot overflow.
 */
#include "chain/base/bytes.h"
#include "chain/base/limits.h"

#include "cairn/common.h"

#define PROFILE_TEXT_MAX      32 /* "keyed-replica:64" and shorter, with the NUL */
#define PROFILE_SEGMENT_LEN   (16 * MIB)
#define PROFILE_SEGMENT_LARGE (32 * MIB) /* what ec:4+8 gets when nothing else is said */

/* --- profiles ---------------------------------------------------------------------------------------------------- */

/* CODE_OK for k = 1..CODE_K_MAX (copies: 1..CODE_N_MAX), at most CODE_N_MAX positions, a segment size that is a
 * multiple of 4 KiB within SEGMENT_LEN_MIN..SEGMENT_LEN_MAX; CODE_INVALID_ARGUMENT with what is wrong. */
int profile_check(const Profile *profile, struct err *err);

/* "ec:4+2+w", "ec:k+m", "replica:n", "keyed-replica:n" -> a checked profile; segment_size 0: the profile's own default.
 * CODE_INVALID_ARGUMENT, *ret untouched. */
int profile_parse(const char *text, uint64_t segment_size, Profile *ret, struct err *err);

/* The same text back, without the segment size. Returns ret_text. */
char *profile_print(const Profile *profile, char ret_text[PROFILE_TEXT_MAX]);

bool profile_eq(const Profile *a, const Profile *b);

/* How many SPs hold a part of each segment. */
uint32_t profile_positions(const Profile *profile);

/* How many positions with columns, or copies, a read needs at least (position 0 of a profile with whole is enough
 * alone). */
uint32_t profile_needed(const Profile *profile);

/* Does this position keep whole segments? */
bool profile_is_whole(const Profile *profile, uint32_t position);

/* Row of the code that a position with columns keeps: 0..k-1 data, k.. parity. */
uint32_t profile_row(const Profile *profile, uint32_t position);

/* Can an object be read from these positions (bit i = position i)? */
bool profile_readable(const Profile *profile, uint64_t positions);

/* --- payloads ---------------------------------------------------------------------------------------------------- */

uint64_t layout_segments(const Profile *profile, uint64_t size);
uint64_t layout_segment_len(const Profile *profile, uint64_t size, uint64_t segment);

/* c: bytes of each column of a segment of `segment_len` bytes. */
uint64_t layout_column_len(const Profile *profile, uint64_t segment_len);

/* How many bytes of data row `row` (< k) come from the segment; the rest up to the column's length is zeros. */
uint64_t layout_column_fill(const Profile *profile, uint64_t segment_len, uint32_t row);

uint64_t layout_piece_len(const Profile *profile, uint64_t size, uint64_t segment, uint32_t position);

/* What a position stores, and is paid for; and all positions together. */
uint64_t layout_position_bytes(const Profile *profile, uint64_t size, uint32_t position);
uint64_t layout_billed_bytes(const Profile *profile, uint64_t size);

/* ceil(piece length / 4 KiB): what a challenge draws among. */
uint64_t layout_leaves(const Profile *profile, uint64_t size, uint64_t segment, uint32_t position);

#endif
