/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what lies on the disk, without the provider. */
#include "sp/cmd/commands.h"
#include "sp/cmd/home.h"
#include "sp/piecestore/piece_file.h"
#include "sp/piecestore/piece_local.h"

#include <inttypes.h>
#include <stdio.h>

int command_inspect(const struct options *o, struct err *err) {
    struct piece_report r;
    char root[65];
    int rc = piece_file_inspect(o->words[0], &r, err);
    if (rc)
        return rc;
    bool sound = r.trailer_ok && !r.bad_groups;
    hex_encode(r.meta.root.b, sizeof r.meta.root.b, root);
    printf("object    %" PRIu64 "\nversion   %" PRIu64 "\nposition  %u\nsegment   %" PRIu64 "\nlength    %" PRIu64
           "\nroot      %s\nleaves    %" PRIu64 "\ngroups    %" PRIu64 " of 64 KiB, %" PRIu64
           " damaged\ntrailer   %s\n",
           r.key.object_id, r.key.version, r.key.position, r.key.segment, r.meta.length, root, r.leaves, r.groups,
           r.bad_groups, r.trailer_ok ? "leads to the root" : "does not lead to the root");
    if (r.bad_groups)
        printf("first bad leaf  %" PRIu64 "\n", r.first_bad_leaf);
    return sound ? CODE_OK : err_set(err, CODE_INTEGRITY, "%s is damaged", o->words[0]);
}

int command_piece_path(const struct options *o, struct err *err) {
    struct piece_key key;
    uint64_t position = 0;
    struct home home;
    char dir[PATH_MAX], path[PATH_MAX];
    int rc = options_word_u64(o, 0, "OBJECT_ID", &key.object_id, err);
    if (!rc)
        rc = options_word_u64(o, 1, "VERSION", &key.version, err);
    if (!rc)
        rc = options_word_u64(o, 2, "POSITION", &position, err);
    if (!rc)
        rc = options_word_u64(o, 3, "SEGMENT", &key.segment, err);
    if (!rc && position > POSITION_STAGE)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "there is no position %" PRIu64, position);
    key.position = (uint32_t)position;
    if (!rc)
        rc = home_open(&home, o->home, err);
    if (rc)
        return rc;
    rc = home_piece_dir(&home, dir, err);
    if (!rc)
        rc = piece_local_path(dir, &key, path, sizeof path, err);
    if (!rc)
        puts(path);
    home_release(&home);
    return rc;
}
