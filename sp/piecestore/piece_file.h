/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The format of a piece file. All numbers big-endian; every part begins on a multiple of 4 KiB, so that whole files can
 * be written and read around the page cache.
 *
 *     offset       size
 *     0            8    "CAIRNPC" and a newline
 *     8            4    format: 1
 *     12           4    leaves of a group: 16
 *     16           8    object id
 *     24           8    version of the object
 *     32           4    position
 *     36           4    zero
 *     40           8    segment
 *     48           8    length of the data, L
 *     56           32   root of the piece (cairn.piece)
 *     88           ...  zeros up to 4096
 *     4096         L    data, then zeros up to the next multiple of 4096: T
 *     T            32 g one hash per group of 16 leaves (level 4 of the list tree), g = ceil(L / 64 KiB); zeros up to a
 *                       multiple of 4096, where the file ends
 *
 * Nothing else guards the header: its ids stand in the file's name too, its length in the file's size, its root must be
 * what the group hashes lead to.
 */
#ifndef CAIRN_SP_PIECESTORE_PIECE_FILE_H
#define CAIRN_SP_PIECESTORE_PIECE_FILE_H

#include "sp/piecestore/piecestore.h"

#define PIECE_FILE_PAGE   4096u
#define PIECE_FILE_FORMAT 1u
/* Room for the trailer of the largest piece. */
#define PIECE_TRAILER_MAX                                                                                              \
    ((PIECE_GROUPS_MAX * sizeof(struct hash) + PIECE_FILE_PAGE - 1) / PIECE_FILE_PAGE * PIECE_FILE_PAGE)

/* Where the trailer begins, how long it is, and the size of the whole file, for data of `length` bytes. */
uint64_t piece_file_trailer_at(uint64_t length);
size_t piece_file_trailer_len(uint64_t length);
uint64_t piece_file_size(uint64_t length);

/* Fills one page. */
void piece_file_put_header(const struct piece_key *key, const struct piece_meta *meta,
                           uint8_t ret_page[PIECE_FILE_PAGE]);

/* Reads a page. CODE_CORRUPT when it is no header; CODE_VERSION for a later format. */
int piece_file_get_header(const uint8_t page[PIECE_FILE_PAGE], struct piece_key *ret_key, struct piece_meta *ret_meta,
                          struct err *err);

/* What `cairn-sp inspect FILE` shows. */
struct piece_report {
    struct piece_key key;
    struct piece_meta meta;
    uint64_t file_size;
    uint64_t leaves;
    uint64_t groups;
    uint64_t bad_groups;     /* whose data does not match their hash in the trailer */
    uint64_t first_bad_leaf; /* of the first bad group; meaningful when bad_groups > 0 */
    bool trailer_ok;         /* the trailer leads to the header's root */
};

/*
 * Reads and verifies one piece file without the daemon. CODE_OK also for a damaged piece, as long as its header can be
 * read: the report tells. CODE_NOT_FOUND, CODE_IO, CODE_CORRUPT, CODE_VERSION.
 */
int piece_file_inspect(const char *path, struct piece_report *ret_report, struct err *err);

#endif
