/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/piecestore/piece_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chain/base/code.h"
#include "chain/os/file.h"

static const uint8_t magic[8] = {'C', 'A', 'I', 'R', 'N', 'P', 'C', '\n'};

static uint64_t round_up(uint64_t len) {
    return (len + PIECE_FILE_PAGE - 1) / PIECE_FILE_PAGE * PIECE_FILE_PAGE;
}

uint64_t piece_file_trailer_at(uint64_t length) {
    return PIECE_FILE_PAGE + round_up(length);
}

size_t piece_file_trailer_len(uint64_t length) {
    return (size_t)round_up(piece_groups(length) * sizeof(struct hash));
}

uint64_t piece_file_size(uint64_t length) {
    return piece_file_trailer_at(length) + piece_file_trailer_len(length);
}

void piece_file_put_header(const struct piece_key *key, const struct piece_meta *meta,
                           uint8_t ret_page[PIECE_FILE_PAGE]) {
    memset(ret_page, 0, PIECE_FILE_PAGE);
    memcpy(ret_page, magic, sizeof magic);
    store_be32(ret_page + 8, PIECE_FILE_FORMAT);
    store_be32(ret_page + 12, PIECE_GROUP_LEAVES);
    store_be64(ret_page + 16, key->object_id);
    store_be64(ret_page + 24, key->version);
    store_be32(ret_page + 32, key->position);
    store_be64(ret_page + 40, key->segment);
    store_be64(ret_page + 48, meta->length);
    memcpy(ret_page + 56, meta->root.b, sizeof meta->root.b);
}

int piece_file_get_header(const uint8_t page[PIECE_FILE_PAGE], struct piece_key *ret_key, struct piece_meta *ret_meta,
                          struct err *err) {
    if (memcmp(page, magic, sizeof magic) != 0)
        return err_set(err, CODE_CORRUPT, "not a piece file: its first bytes are others");
    if (load_be32(page + 8) != PIECE_FILE_FORMAT || load_be32(page + 12) != PIECE_GROUP_LEAVES)
        return err_set(err, CODE_VERSION, "a piece file of format %u with groups of %u; known are %u and %u",
                       load_be32(page + 8), load_be32(page + 12), PIECE_FILE_FORMAT, (unsigned)PIECE_GROUP_LEAVES);
    uint64_t length = load_be64(page + 48);
    if (length == 0 || length > SEGMENT_LEN_MAX)
        return err_set(err, CODE_CORRUPT, "the header of the piece file is damaged: a length of %llu",
                       (unsigned long long)length);
    *ret_key = (struct piece_key){.object_id = load_be64(page + 16),
                                  .version = load_be64(page + 24),
                                  .position = load_be32(page + 32),
                                  .segment = load_be64(page + 40)};
    ret_meta->length = length;
    memcpy(ret_meta->root.b, page + 56, sizeof ret_meta->root.b);
    return CODE_OK;
}

/* Compares each group's data with the trailer; `room` holds one group. */
static int inspect_groups(int fd, const struct hash *groups, uint8_t *room, struct piece_report *report,
                          struct err *err) {
    struct hash leaves[PIECE_GROUP_LEAVES];
    for (uint64_t g = 0; g < report->groups; g++) {
        uint64_t at = g * PIECE_GROUP_LEN;
        size_t len = (size_t)(report->meta.length - at < PIECE_GROUP_LEN ? report->meta.length - at : PIECE_GROUP_LEN);
        int rc = file_pread(fd, room, len, PIECE_FILE_PAGE + at, err);
        if (rc)
            return rc;
        struct hash have = piece_group_hash(bytes_of(room, len), leaves);
        if (hash_eq(&have, &groups[g]))
            continue;
        if (report->bad_groups++ == 0)
            report->first_bad_leaf = g * PIECE_GROUP_LEAVES;
    }
    return CODE_OK;
}

static int inspect_open(int fd, uint8_t *room, struct hash *groups, struct piece_report *report, struct err *err) {
    struct stat st;
    int rc = file_pread(fd, room, PIECE_FILE_PAGE, 0, err);
    if (!rc)
        rc = piece_file_get_header(room, &report->key, &report->meta, err);
    if (rc)
        return rc;
    if (fstat(fd, &st) == 0)
        report->file_size = (uint64_t)st.st_size;
    report->leaves = leaf_count(report->meta.length);
    report->groups = piece_groups(report->meta.length);
    if (report->file_size != piece_file_size(report->meta.length))
        return err_set(err, CODE_CORRUPT, "the piece file has %llu bytes, must have %llu",
                       (unsigned long long)report->file_size, (unsigned long long)piece_file_size(report->meta.length));
    rc = file_pread(fd, groups, report->groups * sizeof *groups, piece_file_trailer_at(report->meta.length), err);
    if (!rc)
        rc = inspect_groups(fd, groups, room, report, err);
    if (rc)
        return rc;
    struct hash root = piece_root_of_groups(report->meta.length, groups, groups);
    report->trailer_ok = hash_eq(&root, &report->meta.root);
    return CODE_OK;
}

int piece_file_inspect(const char *path, struct piece_report *ret_report, struct err *err) {
    struct piece_report report = {.bad_groups = 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "%s", path);
    uint8_t *room = malloc(PIECE_GROUP_LEN);
    struct hash *groups = malloc(PIECE_GROUPS_MAX * sizeof *groups);
    int rc = room && groups ? inspect_open(fd, room, groups, &report, err)
                            : err_set(err, CODE_NO_MEMORY, "no memory to inspect a piece");
    free(room);
    free(groups);
    close(fd);
    if (rc)
        return err_wrap(err, rc, "%s", path);
    *ret_report = report;
    return CODE_OK;
}
