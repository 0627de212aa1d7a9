/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/uploader/segments.h"

#include <stdlib.h>

#include "chain/base/code.h"
#include "chain/codec/pb.h"
#include "chain/types/layout.h"
#include "sp/spdb/pieces.h"

uint32_t segments_source(const Profile *profile) {
    return profile_is_whole(profile, 0) ? 0 : POSITION_STAGE;
}

static struct piece_key key_of(const ObjectInfo *object, uint32_t position, uint64_t segment) {
    return (struct piece_key){object->id, object->version, position, segment};
}

/* --- storing a segment --- */

static struct segment_roots roots_of(const struct cut *cut) {
    struct segment_roots roots = {.whole = cut->whole.root, .positions = profile_positions(&cut->coder->profile)};
    for (size_t i = 0; i < roots.positions; i++)
        roots.piece[i] = cut->pieces[i].root;
    return roots;
}

static int store_bytes(struct piecestore *store, const ObjectInfo *object, uint64_t segment, const struct cut *cut,
                       struct err *err) {
    const struct cut_piece *own = &cut->pieces[0], *whole = &cut->whole;
    struct piece_write writes[2] = {
        {.key = key_of(object, 0, segment), .data = own->data, .root = own->root, .groups = own->groups},
        {.key = key_of(object, POSITION_STAGE, segment),
         .data = whole->data,
         .root = whole->root,
         .groups = whole->groups},
    };
    bool stage = segments_source(&cut->coder->profile) == POSITION_STAGE;
    return piecestore_put(store, writes, stage ? 2 : 1, err);
}

int segments_store(struct spdb *db, struct piecestore *store, const ObjectInfo *object, uint64_t segment,
                   const struct cut *cut, struct err *err) {
    struct spdb_batch batch;
    struct segment_roots roots = roots_of(cut);
    struct piece_key own = key_of(object, 0, segment);
    int rc = store_bytes(store, object, segment, cut, err);
    if (!rc)
        rc = spdb_begin(db, &batch, err);
    if (rc)
        return rc;
    segment_put_in(&batch, object->id, object->version, segment, &roots);
    piece_root_put_in(&batch, &own, &roots.piece[0]);
    if (segments_source(&cut->coder->profile) == POSITION_STAGE) {
        struct piece_key stage = key_of(object, POSITION_STAGE, segment);
        piece_root_put_in(&batch, &stage, &roots.whole);
    }
    return spdb_commit(&batch, err);
}

/* --- closing --- */

static int read_roots(struct spdb *db, const ObjectInfo *object, uint64_t segments, struct hash *whole,
                      struct hash *own, struct err *err) {
    for (uint64_t s = 0; s < segments; s++) {
        struct segment_roots roots;
        int rc = segment_get(db, object->id, object->version, s, &roots, err);
        if (rc)
            return rc;
        whole[s] = roots.whole;
        own[s] = roots.piece[0];
    }
    return CODE_OK;
}

static int hold(struct spdb *db, const ObjectInfo *object, const uint8_t *upload_id, size_t upload_id_len,
                const struct hash *checksum, struct err *err) {
    HeldPosition held = HELD_POSITION__INIT;
    held.object_id = object->id;
    held.version = object->version;
    held.payload_size = object->payload_size;
    held.profile = object->profile;
    held.checksum = pb_data(hash_bytes(checksum));
    held.bucket_name = object->bucket_name;
    held.object_name = object->object_name;
    held.bucket_id = object->bucket_id;
    held.upload_id = pb_data(bytes_of(upload_id, upload_id_len));
    held.creator = object->creator;
    return held_put(db, &held, err);
}

int segments_close(struct spdb *db, const ObjectInfo *object, const uint8_t *upload_id, size_t upload_id_len,
                   struct err *err) {
    uint64_t segments = layout_segments(object->profile, object->payload_size);
    struct hash *whole = calloc((size_t)segments, sizeof *whole), *own = calloc((size_t)segments, sizeof *own);
    int rc = whole && own ? read_roots(db, object, segments, whole, own, err)
                          : err_set(err, CODE_NO_MEMORY, "no memory for the roots of an object");
    if (!rc) {
        struct hash content = checksum_of(whole, (size_t)segments);
        struct hash checksum = checksum_of(own, (size_t)segments);
        if (object->content_root.len > 0 && !bytes_eq(pb_bytes(object->content_root), hash_bytes(&content)))
            rc = err_set(err, CODE_INTEGRITY,
                         "the bytes that arrived are not those whose content root the owner signed; upload them again");
        else
            rc = hold(db, object, upload_id, upload_id_len, &checksum, err);
    }
    free(whole);
    free(own);
    return rc;
}

/* --- forgetting --- */

static int drop_position(struct spdb *db, struct piecestore *store, const ObjectInfo *object, uint32_t position,
                         bool and_segments, struct err *err) {
    uint64_t segments = layout_segments(object->profile, object->payload_size);
    struct spdb_batch batch;
    int rc = spdb_begin(db, &batch, err);
    if (rc)
        return rc;
    for (uint64_t s = 0; s < segments; s++) {
        struct piece_key key = key_of(object, position, s);
        piece_root_del_in(&batch, &key);
        if (and_segments)
            segment_del_in(&batch, object->id, object->version, s);
    }
    rc = spdb_commit(&batch, err);
    for (uint64_t s = 0; s < segments && !rc; s++) {
        struct piece_key key = key_of(object, position, s);
        rc = piecestore_delete(store, &key, err);
    }
    return rc;
}

int segments_forget(struct spdb *db, struct piecestore *store, const ObjectInfo *object, struct err *err) {
    int rc = drop_position(db, store, object, 0, true, err);
    if (!rc && segments_source(object->profile) == POSITION_STAGE)
        rc = drop_position(db, store, object, POSITION_STAGE, false, err);
    return rc;
}

int segments_unstage(struct spdb *db, struct piecestore *store, const ObjectInfo *object, struct err *err) {
    if (segments_source(object->profile) != POSITION_STAGE)
        return CODE_OK;
    return drop_position(db, store, object, POSITION_STAGE, false, err);
}
