/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/gc/gc.h"

#include <stdlib.h>

#include "chain/base/code.h"
#include "chain/base/limits.h"
#include "chain/base/vec.h"
#include "chain/codec/pb.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/stages.h"
#include "sp/spdb/uploads.h"

/* Positions looked at in one run, and files without a record that are remembered: the rest waits for the next run. */
#define POSITIONS_MAX ((size_t)1 << 20)
#define SUSPECTS_MAX  ((size_t)1 << 18)

/* One position of an object and version. */
struct target {
    uint64_t object_id, version;
    uint32_t position;
};

VEC_DEFINE(target_vec, struct target);
VEC_DEFINE(key_vec, struct piece_key);

void gc_init(struct gc *gc, struct spdb *db, struct piecestore *store, const struct gc_env *env) {
    *gc = (struct gc){.db = db, .store = store, .env = *env};
    mutex_init(&gc->lock);
    mutex_init(&gc->running);
    map_init(&gc->suspects, SUSPECTS_MAX, 0);
}

void gc_release(struct gc *gc) {
    map_release(&gc->suspects);
    mutex_release(&gc->lock);
    mutex_release(&gc->running);
}

void gc_get_stats(struct gc *gc, struct gc_stats *ret_stats) {
    mutex_lock(&gc->lock);
    *ret_stats = gc->stats;
    mutex_unlock(&gc->lock);
}

static void add(struct gc *gc, uint64_t *counter, uint64_t n) {
    mutex_lock(&gc->lock);
    *counter += n;
    mutex_unlock(&gc->lock);
}

static uint64_t now_ms(struct gc *gc) {
    return gc->env.real_ms(gc->env.ctx);
}

static int no_room(struct err *err) {
    return err_set(err, CODE_NO_MEMORY, "no memory to collect what is to be deleted");
}

/* --- removing the bytes of a position --- */

static int take_piece(void *ctx, const struct piece_key *key, const struct hash *root, struct err *err) {
    (void)root;
    return key_vec_push(ctx, *key) ? CODE_OK : no_room(err);
}

static int remove_piece(struct gc *gc, const struct piece_key *key, struct err *err) {
    struct piece_meta meta;
    bool there = piecestore_head(gc->store, key, &meta, NULL) == CODE_OK;
    int rc = piecestore_delete(gc->store, key, err);
    if (rc)
        return rc;
    add(gc, &gc->stats.pieces_deleted, 1);
    add(gc, &gc->stats.bytes_deleted, there ? meta.length : 0);
    return CODE_OK;
}

/* Bytes first, then their records in the index. */
static int sweep_position(struct gc *gc, const struct target *target, struct err *err) {
    struct key_vec keys;
    struct spdb_batch batch;
    key_vec_init(&keys, POSITIONS_MAX);
    int rc = piece_each_of(gc->db, target->object_id, target->version, target->position, take_piece, &keys, err);
    for (size_t i = 0; !rc && i < keys.len; i++)
        rc = remove_piece(gc, &keys.at[i], err);
    if (!rc)
        rc = spdb_begin(gc->db, &batch, err);
    if (!rc) {
        for (size_t i = 0; i < keys.len; i++) {
            piece_root_del_in(&batch, &keys.at[i]);
            segment_del_in(&batch, target->object_id, target->version, keys.at[i].segment);
        }
        rc = spdb_commit(&batch, err);
    }
    key_vec_release(&keys);
    return rc;
}

/* From the note to the end; may be run again at any point. */
static int finish(struct gc *gc, const struct target *target, struct err *err) {
    int rc = sweep_position(gc, target, err);
    if (!rc)
        rc = gc_unmark(gc->db, target->object_id, target->version, target->position, err);
    if (!rc)
        add(gc, &gc->stats.positions_deleted, 1);
    return rc;
}

static int remove_position(struct gc *gc, const struct target *target, const char *reason, struct err *err) {
    mutex_lock(&gc->db->updating);
    int rc = gc_mark(gc->db, target->object_id, target->version, target->position, reason, now_ms(gc), err);
    mutex_unlock(&gc->db->updating);
    return rc ? rc : finish(gc, target, err);
}

/* --- one object --- */

struct finding {
    struct target_vec *targets;
    uint64_t version;
};

static int take_held(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct finding *finding = ctx;
    const HeldPosition *held = msg;
    (void)key;
    if (finding->version != 0 && held->version != finding->version)
        return CODE_OK;
    struct target target = {held->object_id, held->version, held->position};
    return target_vec_push(finding->targets, target) ? CODE_OK : no_room(err);
}

/* An upload's own position and its staged segments may have no record of a position yet. */
static int take_upload(struct gc *gc, uint64_t object_id, uint64_t version, struct target_vec *targets,
                       bool *ret_upload, struct err *err) {
    struct arena arena;
    UploadRecord *upload;
    arena_init(&arena, 16 * MIB);
    int rc = upload_get(gc->db, object_id, &arena, &upload, err);
    *ret_upload = rc == CODE_OK && upload->object && upload->object->version == version;
    arena_release(&arena);
    if (rc != CODE_OK)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    if (!*ret_upload)
        return CODE_OK;
    struct target own = {object_id, version, 0}, stage = {object_id, version, POSITION_STAGE};
    return target_vec_push(targets, own) && target_vec_push(targets, stage) ? CODE_OK : no_room(err);
}

static int may_go(struct gc *gc, const struct target *target, struct err *err) {
    uint32_t position = target->position == POSITION_STAGE ? 0 : target->position;
    switch (gc->env.may_delete(gc->env.ctx, target->object_id, target->version, position)) {
    case GC_DELETE:
        return CODE_OK;
    case GC_WAIT:
        add(gc, &gc->stats.waiting, 1);
        return err_set(err, CODE_AGAIN, "the deletion is not final yet, or a challenge is open");
    case GC_KEEP:
        break;
    }
    return err_set(err, CODE_AGAIN, "the ledger does not say that this may be deleted");
}

int gc_object(struct gc *gc, uint64_t object_id, uint64_t version, const char *reason, bool force, struct err *err) {
    struct target_vec targets;
    struct finding finding = {&targets, version};
    bool upload = false;
    target_vec_init(&targets, POSITIONS_MAX);
    int rc = held_each(gc->db, object_id, take_held, &finding, err);
    if (!rc)
        rc = take_upload(gc, object_id, version, &targets, &upload, err);
    for (size_t i = 0; !rc && !force && i < targets.len; i++)
        rc = may_go(gc, &targets.at[i], err);
    if (!rc && upload)
        rc = upload_del(gc->db, object_id, err);
    for (size_t i = 0; !rc && i < targets.len; i++)
        rc = remove_position(gc, &targets.at[i], reason, err);
    target_vec_release(&targets);
    return rc;
}

/* --- a run --- */

static int take_note(void *ctx, struct bytes key, const void *msg, struct err *err) {
    const GcRecord *note = msg;
    (void)key;
    struct target target = {note->object_id, note->version, note->position};
    return target_vec_push(ctx, target) ? CODE_OK : no_room(err);
}

/* What an earlier run, or a crash, left half done. */
static int finish_notes(struct gc *gc, struct err *err) {
    struct target_vec targets;
    target_vec_init(&targets, POSITIONS_MAX);
    int rc = gc_each(gc->db, take_note, &targets, err);
    for (size_t i = 0; !rc && i < targets.len; i++)
        rc = finish(gc, &targets.at[i], err);
    target_vec_release(&targets);
    return rc;
}

struct aging {
    struct target_vec *targets;
    uint64_t now_ms;
    bool all;
};

/* Positions that were never sealed in time; in a full run all. */
static int take_aged(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct aging *aging = ctx;
    const HeldPosition *held = msg;
    (void)key;
    bool late = stage_is(held->object_id) || /* how late is for the ledger's time to say */
                (!held->sealed && held->expires_ms != 0 && held->expires_ms <= aging->now_ms);
    if (!late && !aging->all)
        return CODE_OK;
    struct target target = {held->object_id, held->version, held->position};
    return target_vec_push(aging->targets, target) ? CODE_OK : no_room(err);
}

/* If it may go. Of a stage nobody can be promised more while that is decided. */
static int remove_if_allowed(struct gc *gc, const struct target *target, const char *reason, bool *ret_gone,
                             struct err *err) {
    bool staged = stage_is(target->object_id);
    if (staged)
        mutex_lock(&gc->db->updating);
    *ret_gone = may_go(gc, target, NULL) == CODE_OK;
    if (!staged) /* of an object the ledger has said it already */
        mutex_lock(&gc->db->updating);
    int rc = *ret_gone ? gc_mark(gc->db, target->object_id, target->version, target->position, reason, now_ms(gc), err)
                       : CODE_OK;
    mutex_unlock(&gc->db->updating);
    return rc || !*ret_gone ? rc : finish(gc, target, err);
}

static bool still_unsealed(struct gc *gc, const struct target *target) {
    struct arena arena;
    HeldPosition *held;
    arena_init(&arena, 64 * KIB);
    int rc = held_get(gc->db, target->object_id, target->version, target->position, &arena, &held, NULL);
    bool unsealed = rc == CODE_OK && !held->sealed;
    arena_release(&arena);
    return unsealed;
}

/* Compares positions with the ledger, which alone can say that they go. */
static int compare_positions(struct gc *gc, bool all, struct err *err) {
    struct target_vec targets;
    struct aging aging = {&targets, now_ms(gc), all};
    target_vec_init(&targets, POSITIONS_MAX);
    int rc = held_each(gc->db, 0, take_aged, &aging, err);
    for (size_t i = 0; !rc && i < targets.len; i++) {
        bool gone, unsealed = still_unsealed(gc, &targets.at[i]);
        rc = remove_if_allowed(gc, &targets.at[i], unsealed ? "never sealed" : "not on the ledger", &gone, err);
        if (!rc && gone && unsealed)
            add(gc, &gc->stats.unsealed_expired, 1);
    }
    target_vec_release(&targets);
    return rc;
}

/* --- the index against positions --- */

struct strays {
    struct gc *gc;
    struct target_vec *targets;
    struct target last;
};

/* Is the position held, or its upload under way? */
static bool is_known(struct gc *gc, const struct target *target) {
    struct arena arena;
    HeldPosition *held;
    UploadRecord *upload;
    uint32_t position = target->position == POSITION_STAGE ? 0 : target->position;
    arena_init(&arena, 16 * MIB);
    bool known = held_get(gc->db, target->object_id, target->version, position, &arena, &held, NULL) != CODE_NOT_FOUND;
    if (!known && position == 0)
        known = upload_get(gc->db, target->object_id, &arena, &upload, NULL) != CODE_NOT_FOUND;
    arena_release(&arena);
    return known;
}

static int look_at_position(void *ctx, const struct piece_key *key, const struct hash *root, struct err *err) {
    struct strays *strays = ctx;
    struct target target = {key->object_id, key->version, key->position};
    (void)root;
    if (target.object_id == strays->last.object_id && target.version == strays->last.version &&
        target.position == strays->last.position)
        return CODE_OK;
    strays->last = target;
    if (is_known(strays->gc, &target))
        return CODE_OK;
    return target_vec_push(strays->targets, target) ? CODE_OK : no_room(err);
}

/* Pieces of no position: those of an object that ended while its bytes still arrived. The ledger must have seen it end.
 */
static int compare_index(struct gc *gc, struct err *err) {
    struct target_vec targets;
    struct strays strays = {.gc = gc, .targets = &targets};
    target_vec_init(&targets, POSITIONS_MAX);
    int rc = piece_each(gc->db, NULL, look_at_position, &strays, err);
    for (size_t i = 0; !rc && i < targets.len; i++) {
        bool gone;
        rc = remove_if_allowed(gc, &targets.at[i], "came after its end", &gone, err);
    }
    target_vec_release(&targets);
    return rc;
}

/* --- files against the index --- */

struct comparing {
    struct gc *gc;
    struct map seen; /* files without a record in this run */
};

static void pack(const struct piece_key *key, uint8_t ret_packed[28]) {
    store_be64(ret_packed, key->object_id);
    store_be64(ret_packed + 8, key->version);
    store_be32(ret_packed + 16, key->position);
    store_be64(ret_packed + 20, key->segment);
}

/* A file without a record may be one whose record is just being written: it goes when two runs in a row have seen it.
 */
static int look_at_file(void *ctx, const struct piece_key *key, struct err *err) {
    struct comparing *comparing = ctx;
    struct gc *gc = comparing->gc;
    struct hash root;
    uint8_t packed[28];
    int rc = piece_root_get(gc->db, key, &root, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    pack(key, packed);
    if (!map_has(&gc->suspects, bytes_of(packed, sizeof packed))) {
        map_put(&comparing->seen, bytes_of(packed, sizeof packed), NULL);
        return CODE_OK;
    }
    rc = remove_piece(gc, key, err);
    if (!rc)
        add(gc, &gc->stats.orphans, 1);
    return rc;
}

static int look_at_record(void *ctx, const struct piece_key *key, const struct hash *root, struct err *err) {
    struct gc *gc = ctx;
    struct piece_meta meta;
    (void)root;
    (void)err;
    if (piecestore_head(gc->store, key, &meta, NULL) == CODE_NOT_FOUND)
        add(gc, &gc->stats.missing, 1);
    return CODE_OK;
}

static int compare_files(struct gc *gc, struct err *err) {
    struct comparing comparing = {.gc = gc};
    map_init(&comparing.seen, SUSPECTS_MAX, 0);
    mutex_lock(&gc->lock);
    gc->stats.missing = 0;
    mutex_unlock(&gc->lock);
    int rc = piecestore_list(gc->store, look_at_file, &comparing, err);
    if (!rc)
        rc = piece_each(gc->db, NULL, look_at_record, gc, err);
    map_release(&gc->suspects);
    gc->suspects = comparing.seen;
    return rc;
}

static int run(struct gc *gc, bool full, struct err *err) {
    mutex_lock(&gc->lock);
    gc->stats.waiting = 0;
    mutex_unlock(&gc->lock);
    int rc = finish_notes(gc, err);
    if (!rc)
        rc = compare_positions(gc, full, err);
    if (!rc && full)
        rc = compare_index(gc, err);
    if (!rc && full)
        rc = compare_files(gc, err);
    mutex_lock(&gc->lock);
    gc->stats.runs++;
    gc->stats.last_run_ms = now_ms(gc);
    mutex_unlock(&gc->lock);
    return rc;
}

int gc_run(struct gc *gc, bool full, struct err *err) {
    mutex_lock(&gc->running);
    int rc = run(gc, full, err);
    mutex_unlock(&gc->running);
    return rc;
}
