/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/executor/repair.h"

#include "chain/codec/pb.h"
#include "chain/coding/piece.h"
#include "chain/os/log.h"
#include "chain/types/layout.h"
#include "client/lib/piece_fetch.h"
#include "sp/piecestore/checked.h"
#include "sp/spdb/pieces.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_MAX = 4 << 20, LOOK_PATH = 64 };

void repair_request(struct provider *p, uint64_t object_id, uint64_t version, uint32_t position, uint64_t segment) {
    Task task = TASK__INIT;
    struct err err;
    (void)version; /* a position is held of one version of an object; the task looks it up */
    err_clear(&err);
    task.kind = TASK_KIND_REPAIR_PIECE;
    task.object_id = object_id;
    task.position = position;
    task.segment = segment;
    task.priority = TASK_PRIORITY_REPAIR;
    if (manager_add(p->manager, &task, NULL, &err))
        log_error("executor", "a repair could not be noted", "object=%" PRIu64 " segment=%" PRIu64 " why=%s", object_id,
                  segment, log_quote(err_text(&err)).s);
}

/* --- what we hold ------------------------------------------------------------------------------------------------- */

struct search {
    uint64_t version; /* 0: any */
    uint32_t position;
    struct arena *arena;
    HeldPosition *found;
};

static int match_position(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct search *s = ctx;
    const HeldPosition *held = msg;
    (void)key;
    if (held->position != s->position || !held->sealed || (s->version && held->version != s->version))
        return CODE_OK;
    if (s->found && s->found->version > held->version)
        return CODE_OK; /* a version that was replaced is kept while it is challenged */
    return pb_copy(held, s->arena, &s->found, err);
}

static int find_held(struct provider *p, uint64_t object_id, uint64_t version, uint32_t position, struct arena *arena,
                     HeldPosition **ret, struct err *err) {
    struct search s = {.version = version, .position = position, .arena = arena};
    int rc = held_each(p->db, object_id, match_position, &s, err);
    if (!rc && !s.found)
        rc = err_set(err, CODE_NOT_FOUND, "position %u of object %" PRIu64 " is not held here", position, object_id);
    if (!rc)
        *ret = s.found;
    return rc;
}

/* Is the piece on the disk what the index says? */
static int look(struct provider *p, const HeldPosition *held, uint64_t segment, struct hash *scratch, uint8_t *room,
                struct err *err) {
    struct piece_key key = {held->object_id, held->version, held->position, segment};
    struct hash root;
    int rc = piece_root_get(p->db, &key, &root, err);
    return rc ? rc
              : checked_read(p->pieces, &key, &root,
                             layout_piece_len(held->profile, held->payload_size, segment, held->position), scratch,
                             room, err);
}

/* --- rebuilding --------------------------------------------------------------------------------------------------- */

/* Does the piece lead to the sealed checksum, beside the roots of the position's other pieces? Where several pieces
 * were lost with their index, the last one rebuilt shows it for all. */
static int check_sealed(struct provider *p, const HeldPosition *held, const ObjectInfo *object, uint64_t segment,
                        const struct hash *rebuilt, struct err *err) {
    uint64_t segments = layout_segments(held->profile, held->payload_size), have;
    const ProtobufCBinaryData *sealed = &object->checksums[held->position];
    struct piece_key key = {held->object_id, held->version, held->position, segment};
    struct hash *roots = calloc((size_t)segments, sizeof *roots), known;
    if (!roots)
        return err_set(err, CODE_NO_MEMORY, "no memory for piece roots");
    int rc = piece_roots_read(p->db, held->object_id, held->version, held->position, segments, roots, NULL, &have, err);
    bool indexed = !rc && !piece_root_get(p->db, &key, &known, NULL);
    roots[segment] = *rebuilt;
    struct hash checksum = rc ? *rebuilt : checksum_of(roots, (size_t)segments);
    if (!rc && have + !indexed == segments && !bytes_eq(hash_bytes(&checksum), bytes_of(sealed->data, sealed->len)))
        rc = err_set(err, CODE_INTEGRITY, "what the others hold does not give the piece that was sealed");
    free(roots);
    return rc;
}

/* Writes a rebuilt piece: bytes durable, then the index. */
static int put_piece(struct provider *p, const HeldPosition *held, const ObjectInfo *object, uint64_t segment,
                     const uint8_t *data, size_t len, struct err *err) {
    struct piece_write write = {.key = {held->object_id, held->version, held->position, segment},
                                .data = bytes_of(data, len)};
    struct hash *scratch = malloc((size_t)leaf_count(len) * sizeof *scratch);
    struct hash *groups = malloc((piece_groups(len) + 1) * sizeof *groups);
    int rc = scratch && groups ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a piece");
    if (!rc) {
        write.root = piece_hash(data, len, scratch, groups);
        write.groups = groups;
        rc = check_sealed(p, held, object, segment, &write.root, err);
    }
    if (!rc)
        rc = piecestore_put(p->pieces, &write, 1, err);
    if (!rc)
        rc = piece_root_put(p->db, &write.key, &write.root, err);
    free(groups);
    free(scratch);
    return rc;
}

static int rebuild(struct provider *p, const HeldPosition *held, const struct placement *place, uint64_t segment,
                   struct err *err) {
    struct piece_fetch *fetch = calloc(1, sizeof *fetch);
    uint64_t whole = layout_segment_len(held->profile, held->payload_size, segment);
    size_t len = (size_t)layout_piece_len(held->profile, held->payload_size, segment, held->position);
    uint8_t *scratch = malloc(join_room(held->profile, (size_t)whole)), *piece = malloc(len);
    int rc = fetch && scratch && piece ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a repair");
    bool made = false;
    if (!rc)
        rc = piece_fetch_init(fetch, p->peers, place, err);
    made = !rc;
    if (!rc)
        rc = piece_fetch_rebuild(fetch, held->position, segment, scratch, piece, err);
    if (!rc)
        rc = put_piece(p, held, place->object, segment, piece, len, err);
    if (made)
        piece_fetch_release(fetch);
    free(piece);
    free(scratch);
    free(fetch);
    return rc;
}

/* Where the object lies: under the name that it has now. */
static int find_place(struct provider *p, const HeldPosition *held, struct arena *arena, struct placement *ret,
                      struct err *err) {
    char path[LOOK_PATH];
    ObjectInfo *now;
    snprintf(path, sizeof path, "/storage/object_by_id?id=%" PRIu64, held->object_id);
    int rc = ledger_query_pb(p->ledger, path, &object_info__descriptor, arena, &now, err);
    bool moved = !rc && now->id == held->object_id && strcmp(now->bucket_name, held->bucket_name) == 0;
    return placement_find(p->ledger, held->bucket_name, moved ? now->object_name : held->object_name, 0, arena, ret,
                          err);
}

/* From who holds it now. */
static int copy_piece(struct provider *p, const HeldPosition *held, const struct placement *place, uint64_t segment,
                      struct err *err) {
    size_t len = (size_t)layout_piece_len(held->profile, held->payload_size, segment, held->position);
    struct piece_fetch *fetch = calloc(1, sizeof *fetch);
    uint8_t *piece = malloc(len);
    int rc = fetch && piece ? piece_fetch_init(fetch, p->peers, place, err)
                            : err_set(err, CODE_NO_MEMORY, "no memory for a piece");
    bool made = !rc;
    if (!rc)
        rc = piece_fetch_piece(fetch, held->position, segment, piece, err);
    if (!rc)
        rc = put_piece(p, held, place->object, segment, piece, len, err);
    if (made)
        piece_fetch_release(fetch);
    free(piece);
    free(fetch);
    return rc;
}

int repair_take(struct provider *p, const HeldPosition *held, const struct placement *place, struct err *err) {
    uint64_t segments = layout_segments(held->profile, held->payload_size);
    size_t largest = segments ? (size_t)layout_piece_len(held->profile, held->payload_size, 0, held->position) : 1;
    uint8_t *room = malloc(largest);
    struct hash *scratch = malloc((size_t)(leaf_count(largest) + 1) * sizeof *scratch);
    int rc = room && scratch ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory to look at a position");
    for (uint64_t s = 0; !rc && s < segments; s++) {
        if (!look(p, held, s, scratch, room, NULL))
            continue; /* fetched before */
        if (copy_piece(p, held, place, s, NULL))
            rc = rebuild(p, held, place, s, err);
    }
    free(scratch);
    free(room);
    return rc;
}

static int repair(struct provider *p, const HeldPosition *held, uint64_t segment, struct arena *arena, bool *ret_final,
                  struct err *err) {
    size_t len = (size_t)layout_piece_len(held->profile, held->payload_size, segment, held->position);
    struct placement place;
    uint8_t *room = malloc(len);
    struct hash *scratch = malloc((size_t)leaf_count(len) * sizeof *scratch);
    int rc = room && scratch ? look(p, held, segment, scratch, room, err)
                             : err_set(err, CODE_NO_MEMORY, "no memory for a repair");
    free(scratch);
    free(room);
    if (!rc || rc == CODE_NO_MEMORY)
        return rc; /* whole: somebody repaired it already */
    rc = find_place(p, held, arena, &place, err);
    if (!rc && (place.object->id != held->object_id || place.object->version != held->version ||
                placement_position_of(&place, p->sp_id) != held->position))
        rc = err_set(err, CODE_NOT_FOUND, "the position is not ours any more");
    if (rc == CODE_NOT_FOUND)
        *ret_final = true;
    if (!rc) {
        rc = rebuild(p, held, &place, segment, err);
        if (p->repaired)
            p->repaired(p->repaired_ctx, !rc);
    }
    if (!rc)
        log_info("executor", "piece repaired", "object=%" PRIu64 " position=%u segment=%" PRIu64, held->object_id,
                 held->position, segment);
    return rc;
}

int repair_task(struct provider *p, const Task *task, bool *ret_final, struct err *err) {
    struct arena arena;
    HeldPosition *held;
    if (provider_on_hold(p, task->object_id))
        return err_set(err, CODE_BUSY, "the operator holds this object");
    arena_init(&arena, ARENA_MAX);
    int rc = find_held(p, task->object_id, 0, task->position, &arena, &held, err);
    if (rc == CODE_NOT_FOUND)
        *ret_final = true;
    if (!rc)
        rc = repair(p, held, task->segment, &arena, ret_final, err);
    arena_release(&arena);
    return rc;
}

int repair_position(struct provider *p, uint64_t object_id, uint64_t version, uint32_t position, size_t *ret_count,
                    struct err *err) {
    struct arena arena;
    HeldPosition *held;
    arena_init(&arena, ARENA_MAX);
    *ret_count = 0;
    int rc = find_held(p, object_id, version, position, &arena, &held, err);
    uint64_t segments = rc ? 0 : layout_segments(held->profile, held->payload_size);
    size_t largest = segments ? (size_t)layout_piece_len(held->profile, held->payload_size, 0, position) : 1;
    uint8_t *room = malloc(largest);
    struct hash *scratch = malloc((size_t)(leaf_count(largest) + 1) * sizeof *scratch);
    if (!rc && (!room || !scratch))
        rc = err_set(err, CODE_NO_MEMORY, "no memory to look at a position");
    for (uint64_t s = 0; !rc && s < segments; s++) {
        int bad = look(p, held, s, scratch, room, NULL);
        if (bad == CODE_CORRUPT || bad == CODE_NOT_FOUND || bad == CODE_INTEGRITY) {
            repair_request(p, object_id, held->version, position, s);
            ++*ret_count;
        }
    }
    free(scratch);
    free(room);
    arena_release(&arena);
    return rc;
}
