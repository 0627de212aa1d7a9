/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/uploader/replicate.h"

#include <inttypes.h>
#include <stdlib.h>

#include "chain/base/code.h"
#include "chain/base/num.h"
#include "chain/codec/pb.h"
#include "chain/crypto/piece_tree.h"
#include "chain/types/layout.h"
#include "sp/piecestore/checked.h"
#include "sp/uploader/segments.h"

#define RECORD_MEMORY (16 * MIB)

static uint32_t positions_of(const UploadRecord *upload) {
    return profile_positions(upload->object->profile);
}

static uint64_t segments_of(const UploadRecord *upload) {
    return layout_segments(upload->object->profile, upload->object->payload_size);
}

static SecondaryPick *pick_of(const UploadRecord *upload, uint32_t position) {
    for (size_t i = 0; i < upload->n_secondaries; i++)
        if (upload->secondaries[i]->position == position)
            return upload->secondaries[i];
    return NULL;
}

static bool pick_has(const SecondaryPick *pick, uint64_t segment) {
    return segment / 8 < pick->segments_done.len && bitmap_has(pick->segments_done.data, segment);
}

/* --- changes of the record --- */

struct move {
    UploadState to;
    const char *reason;
    uint64_t now_ms;
};

static int change_state(void *ctx, UploadRecord *upload, struct arena *arena, struct err *err) {
    const struct move *move = ctx;
    (void)arena;
    return upload_move(upload, move->to, move->reason, move->now_ms, err);
}

static int move_to(struct replicator *r, uint64_t object_id, UploadState to, const char *reason, struct err *err) {
    struct move move = {to, reason, r->env.real_ms(r->env.ctx)};
    return upload_update(r->db, object_id, change_state, &move, err);
}

/* New picks take the place of those that they replace. */
struct placing {
    SecondaryPick **picks;
    size_t count;
};

/* Remembers who failed, as long as there is room. */
static int note_failed(UploadRecord *upload, uint32_t sp_id, struct arena *arena) {
    uint32_t *all = arena_array(arena, upload->n_failed_sps + 1, sizeof *all);
    if (!all)
        return CODE_NO_MEMORY;
    if (upload->n_failed_sps > 0)
        memcpy(all, upload->failed_sps, upload->n_failed_sps * sizeof *all);
    all[upload->n_failed_sps] = sp_id;
    upload->failed_sps = all;
    upload->n_failed_sps += upload->n_failed_sps < 2 * CODE_N_MAX;
    return CODE_OK;
}

static int change_picks(void *ctx, UploadRecord *upload, struct arena *arena, struct err *err) {
    const struct placing *placing = ctx;
    SecondaryPick **all = arena_array(arena, upload->n_secondaries + placing->count + 1, sizeof *all);
    size_t n = 0;
    if (!all)
        return err_set(err, CODE_NO_MEMORY, "no memory for the secondaries of an upload");
    for (size_t i = 0; i < upload->n_secondaries; i++) {
        bool replaced = false;
        for (size_t j = 0; j < placing->count; j++)
            replaced = replaced || placing->picks[j]->position == upload->secondaries[i]->position;
        if (!replaced)
            all[n++] = upload->secondaries[i];
        else if (note_failed(upload, upload->secondaries[i]->sp_id, arena))
            return err_set(err, CODE_NO_MEMORY, "no memory for the secondaries of an upload");
    }
    for (size_t j = 0; j < placing->count; j++)
        all[n++] = placing->picks[j];
    upload->secondaries = all;
    upload->n_secondaries = n;
    return CODE_OK;
}

/* How the sends of one segment ended. */
struct sent {
    uint64_t segment;
    const struct piece_send *sends;
    size_t count;
};

static int mark_done(SecondaryPick *pick, uint64_t segment, uint64_t segments, struct arena *arena, struct err *err) {
    size_t len = bitmap_len(segments);
    uint8_t *bitmap = arena_alloc(arena, len);
    if (!bitmap)
        return err_set(err, CODE_NO_MEMORY, "no memory for a bitmap");
    if (pick->segments_done.len > 0)
        memcpy(bitmap, pick->segments_done.data, size_min(len, pick->segments_done.len));
    bitmap_set(bitmap, segment);
    pick->segments_done = pb_data(bytes_of(bitmap, len));
    return CODE_OK;
}

static int change_sent(void *ctx, UploadRecord *upload, struct arena *arena, struct err *err) {
    const struct sent *sent = ctx;
    for (size_t i = 0; i < sent->count; i++) {
        SecondaryPick *pick = pick_of(upload, sent->sends[i].pick->position);
        if (!pick || pick->sp_id != sent->sends[i].pick->sp_id)
            continue; /* replaced meanwhile */
        int rc = CODE_OK;
        if (sent->sends[i].rc)
            pick->failed = true;
        else
            rc = mark_done(pick, sent->segment, segments_of(upload), arena, err);
        if (rc)
            return rc;
    }
    return CODE_OK;
}

/* --- secondaries --- */

/* Positions without an SP, or with one that failed. */
static size_t open_positions(const UploadRecord *upload, uint32_t *ret_positions) {
    size_t count = 0;
    for (uint32_t p = 1; p < positions_of(upload); p++) {
        const SecondaryPick *pick = pick_of(upload, p);
        if (!pick || pick->failed)
            ret_positions[count++] = p;
    }
    return count;
}

/* Not this SP, nobody who has a position, and unless `forgiving` nobody who failed one. */
static size_t avoided(const struct replicator *r, const UploadRecord *upload, bool forgiving, uint32_t *ret_avoid,
                      size_t room) {
    size_t count = 0;
    ret_avoid[count++] = r->sp_id;
    for (size_t i = 0; i < upload->n_secondaries && count < room; i++)
        if (!forgiving || !upload->secondaries[i]->failed)
            ret_avoid[count++] = upload->secondaries[i]->sp_id;
    for (size_t i = 0; !forgiving && i < upload->n_failed_sps && count < room; i++)
        ret_avoid[count++] = upload->failed_sps[i];
    return count;
}

#define AVOID_MAX (4 * CODE_N_MAX)

static int find(struct replicator *r, const UploadRecord *upload, bool forgiving, const uint32_t *positions,
                size_t count, struct arena *arena, SecondaryPick **ret_picks, struct err *err) {
    uint32_t avoid[AVOID_MAX];
    size_t avoids = avoided(r, upload, forgiving, avoid, AVOID_MAX);
    return r->env.find(r->env.ctx, upload, positions, count, avoid, avoids, arena, ret_picks, err);
}

static int fill_positions(struct replicator *r, const UploadRecord *upload, struct arena *arena, struct err *err) {
    uint32_t positions[CODE_N_MAX];
    SecondaryPick *picks[CODE_N_MAX];
    size_t count = open_positions(upload, positions);
    if (count == 0)
        return CODE_OK;
    int rc = find(r, upload, false, positions, count, arena, picks, err);
    if (rc == CODE_UNAVAILABLE)
        rc = find(r, upload, true, positions, count, arena, picks, err);
    if (rc)
        return rc;
    struct placing placing = {picks, count};
    return upload_update(r->db, upload->object_id, change_picks, &placing, err);
}

int replicate_alloc(struct replicator *r, uint64_t object_id, struct err *err) {
    struct arena arena;
    UploadRecord *upload;
    arena_init(&arena, RECORD_MEMORY);
    int rc = upload_get(r->db, object_id, &arena, &upload, err);
    if (!rc)
        rc = fill_positions(r, upload, &arena, err);
    arena_release(&arena);
    return rc;
}

/* --- pieces --- */

/* Sends what the secondaries do not have of a segment that lies cut in memory, and writes down how it went. */
static int send_segment(struct replicator *r, const UploadRecord *upload, uint64_t segment, const struct cut *cut,
                        struct err *err) {
    struct piece_send *sends = calloc(CODE_N_MAX, sizeof *sends);
    size_t count = 0;
    if (!sends)
        return err_set(err, CODE_NO_MEMORY, "no memory to send a segment");
    for (size_t i = 0; i < upload->n_secondaries; i++) {
        const SecondaryPick *pick = upload->secondaries[i];
        if (pick->failed || pick_has(pick, segment) || pick->position >= positions_of(upload))
            continue;
        const struct cut_piece *piece = &cut->pieces[pick->position];
        sends[count++] = (struct piece_send){.pick = pick, .data = piece->data, .root = piece->root};
    }
    int rc = CODE_OK;
    if (count > 0) {
        r->env.send(r->env.ctx, upload, segment, sends, count);
        struct sent sent = {segment, sends, count};
        rc = upload_update(r->db, upload->object_id, change_sent, &sent, err);
    }
    free(sends);
    return rc;
}

void replicate_segment(struct replicator *r, const ObjectInfo *object, uint64_t segment, const struct cut *cut) {
    struct arena arena;
    UploadRecord *upload;
    arena_init(&arena, RECORD_MEMORY);
    if (upload_get(r->db, object->id, &arena, &upload, NULL) == CODE_OK && upload->object->version == object->version)
        send_segment(r, upload, segment, cut, NULL);
    arena_release(&arena);
}

static bool lacks_segment(const UploadRecord *upload, uint64_t segment) {
    for (size_t i = 0; i < upload->n_secondaries; i++)
        if (!upload->secondaries[i]->failed && !pick_has(upload->secondaries[i], segment))
            return true;
    return false;
}

/* Reads a stored segment back and cuts it again; it must be what was cut when it arrived. */
static int recut(struct replicator *r, const UploadRecord *upload, uint64_t segment, struct cut *cut, struct err *err) {
    const ObjectInfo *object = upload->object;
    size_t len = (size_t)layout_segment_len(object->profile, object->payload_size, segment);
    struct piece_key key = {object->id, object->version, segments_source(object->profile), segment};
    struct segment_roots roots;
    int rc = segment_get(r->db, object->id, object->version, segment, &roots, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_CONFLICT, "segment %" PRIu64 " has not arrived", segment);
    if (!rc)
        rc = piecestore_read(r->store, &key, 0, len, cut->segment, err);
    if (rc)
        return rc;
    cut_run(cut, len);
    if (!hash_eq(&cut->whole.root, &roots.whole))
        return err_set(err, CODE_CORRUPT, "segment %" PRIu64 " is damaged in the piece store", segment);
    return CODE_OK;
}

static int resend(struct replicator *r, uint64_t object_id, uint64_t segment, struct cut *cut, struct err *err) {
    struct arena arena;
    UploadRecord *upload;
    arena_init(&arena, RECORD_MEMORY);
    int rc = upload_get(r->db, object_id, &arena, &upload, err);
    if (!rc && lacks_segment(upload, segment)) {
        rc = recut(r, upload, segment, cut, err);
        if (!rc)
            rc = send_segment(r, upload, segment, cut, err);
    }
    arena_release(&arena);
    return rc;
}

/* One pass over all segments. */
static int send_missing(struct replicator *r, const UploadRecord *upload, struct err *err) {
    struct coder *coder = malloc(sizeof *coder);
    struct cut cut;
    int rc = coder ? coder_init(coder, upload->object->profile, err)
                   : err_set(err, CODE_NO_MEMORY, "no memory to send an object");
    if (!rc)
        rc = cut_init(&cut, coder, err);
    if (rc) {
        free(coder);
        return rc;
    }
    for (uint64_t s = 0; s < segments_of(upload) && !rc; s++)
        rc = resend(r, upload->object_id, s, &cut, err);
    cut_release(&cut);
    free(coder);
    return rc;
}

/* Does every position have an SP that has everything? */
static bool all_sent(const UploadRecord *upload) {
    for (uint32_t p = 1; p < positions_of(upload); p++) {
        const SecondaryPick *pick = pick_of(upload, p);
        if (!pick || pick->failed)
            return false;
        for (uint64_t s = 0; s < segments_of(upload); s++)
            if (!pick_has(pick, s))
                return false;
    }
    return true;
}

static int stage_replicate(struct replicator *r, uint64_t object_id, struct err *err) {
    struct arena arena;
    UploadRecord *upload;
    int rc = CODE_OK;
    bool done = false;
    arena_init(&arena, RECORD_MEMORY);
    for (unsigned round = 0; round <= r->rounds_max && !rc && !done; round++) {
        rc = replicate_alloc(r, object_id, err);
        if (!rc)
            rc = upload_get(r->db, object_id, &arena, &upload, err);
        if (!rc)
            rc = send_missing(r, upload, err);
        if (!rc)
            rc = upload_get(r->db, object_id, &arena, &upload, err);
        done = !rc && all_sent(upload);
        arena_reset(&arena);
    }
    arena_release(&arena);
    if (!rc && !done)
        rc = err_set(err, CODE_UNAVAILABLE, "secondaries failed again and again while the object was replicated");
    return rc;
}

/* --- receipts --- */

/* Is this a receipt for what was sent there? Its signature was verified by env->receipt. */
static int check_receipt(struct replicator *r, const UploadRecord *upload, const SecondaryPick *pick,
                         const SignedReceipt *wrapped, struct arena *arena, struct err *err) {
    const ObjectInfo *object = upload->object;
    uint64_t segments = segments_of(upload);
    Receipt *receipt;
    struct hash *roots = arena_array(arena, (size_t)segments, sizeof *roots);
    if (!roots)
        return err_set(err, CODE_NO_MEMORY, "no memory for a position's roots");
    int rc = pb_decode(&receipt__descriptor, pb_bytes(wrapped->receipt), arena, &receipt, err);
    for (uint64_t s = 0; s < segments && !rc; s++) {
        struct segment_roots all;
        rc = segment_get(r->db, object->id, object->version, s, &all, err);
        if (!rc)
            roots[s] = all.piece[pick->position];
    }
    if (rc)
        return rc;
    struct hash checksum = checksum_of(roots, (size_t)segments);
    bool same = receipt->object_id == object->id && receipt->version == object->version &&
                receipt->position == pick->position && receipt->sp_id == pick->sp_id &&
                receipt->size == object->payload_size && receipt->bucket_id == object->bucket_id && receipt->profile &&
                profile_eq(receipt->profile, object->profile) &&
                bytes_eq(pb_bytes(receipt->checksum), hash_bytes(&checksum)) &&
                bytes_eq(pb_bytes(receipt->upload_id), pb_bytes(upload->upload_id)) &&
                bytes_eq(pb_bytes(receipt->creator), pb_bytes(object->creator));
    return same ? CODE_OK
                : err_set(err, CODE_INTEGRITY, "provider %u signed a receipt for something else than it was sent",
                          pick->sp_id);
}

struct receipted {
    const SecondaryPick *pick;
    SignedReceipt *receipt; /* NULL: the secondary failed */
};

static int change_receipt(void *ctx, UploadRecord *upload, struct arena *arena, struct err *err) {
    const struct receipted *receipted = ctx;
    SecondaryPick *pick = pick_of(upload, receipted->pick->position);
    (void)arena;
    (void)err;
    if (!pick || pick->sp_id != receipted->pick->sp_id)
        return CODE_OK;
    if (receipted->receipt)
        pick->receipt = receipted->receipt;
    else
        pick->failed = true;
    return CODE_OK;
}

static int collect_one(struct replicator *r, const UploadRecord *upload, const SecondaryPick *pick, struct arena *arena,
                       struct err *err) {
    struct receipted receipted = {.pick = pick};
    int rc = r->env.receipt(r->env.ctx, upload, pick, arena, &receipted.receipt, err);
    if (!rc)
        rc = check_receipt(r, upload, pick, receipted.receipt, arena, err);
    if (rc)
        receipted.receipt = NULL;
    int noted = upload_update(r->db, upload->object_id, change_receipt, &receipted, rc ? NULL : err);
    return rc ? rc : noted;
}

static int stage_sign(struct replicator *r, uint64_t object_id, struct err *err) {
    struct arena arena;
    UploadRecord *upload;
    arena_init(&arena, 2 * RECORD_MEMORY);
    int rc = upload_get(r->db, object_id, &arena, &upload, err);
    for (size_t i = 0; !rc && i < upload->n_secondaries; i++)
        if (!upload->secondaries[i]->receipt)
            rc = collect_one(r, upload, upload->secondaries[i], &arena, err);
    arena_release(&arena);
    return rc;
}

/* --- the run --- */

/* A stage of the run: its states and what it does. */
static const struct stage {
    UploadState doing, done, error;
    int (*run)(struct replicator *r, uint64_t object_id, struct err *err);
} stages[] = {
    {ALLOC_SECONDARY_DOING, ALLOC_SECONDARY_DONE, ALLOC_SECONDARY_ERROR, replicate_alloc},
    {REPLICATE_OBJECT_DOING, REPLICATE_OBJECT_DONE, REPLICATE_OBJECT_ERROR, stage_replicate},
    {SIGN_OBJECT_DOING, SIGN_OBJECT_DONE, SIGN_OBJECT_ERROR, stage_sign},
};

static int read_state(struct replicator *r, uint64_t object_id, UploadState *ret_state, struct err *err) {
    struct arena arena;
    UploadRecord *upload;
    arena_init(&arena, RECORD_MEMORY);
    int rc = upload_get(r->db, object_id, &arena, &upload, err);
    if (!rc)
        *ret_state = upload->state;
    arena_release(&arena);
    return rc;
}

static int run_stage(struct replicator *r, uint64_t object_id, const struct stage *stage, struct err *err) {
    struct err why;
    int rc = move_to(r, object_id, stage->doing, NULL, err);
    if (rc)
        return rc;
    err_clear(&why);
    rc = stage->run(r, object_id, &why);
    if (rc == CODE_OK)
        return move_to(r, object_id, stage->done, NULL, err);
    move_to(r, object_id, stage->error, err_text(&why), NULL);
    return err_set(err, rc, "%s", err_text(&why));
}

/* A secondary that fails at its receipt sends the object back to the stage that replaces it. */
static int back_to_replication(void *ctx, UploadRecord *upload, struct arena *arena, struct err *err) {
    (void)arena;
    (void)err;
    uint32_t positions[CODE_N_MAX];
    if (upload->state == SIGN_OBJECT_ERROR && open_positions(upload, positions) > 0) {
        upload->state = ALLOC_SECONDARY_DONE;
        upload->updated_ms = *(const uint64_t *)ctx;
    }
    return CODE_OK;
}

int replicate_run(struct replicator *r, uint64_t object_id, struct err *err) {
    uint64_t now_ms = r->env.real_ms(r->env.ctx);
    UploadState state;
    int rc = upload_update(r->db, object_id, back_to_replication, &now_ms, err);
    if (!rc)
        rc = read_state(r, object_id, &state, err);
    if (rc)
        return rc;
    if (state < UPLOAD_OBJECT_DONE || state == UPLOAD_OBJECT_ERROR)
        return err_set(err, CODE_CONFLICT, "the object's bytes have not all arrived");
    for (size_t i = 0; i < sizeof stages / sizeof stages[0] && !rc; i++)
        if (state < stages[i].done || state == stages[i].error)
            rc = run_stage(r, object_id, &stages[i], err);
    return rc;
}

int replicate_bitmap(const UploadRecord *upload, const uint8_t *durable, struct arena *arena, struct bytes *ret_bitmap,
                     struct err *err) {
    uint32_t positions = positions_of(upload);
    size_t len = bitmap_len(segments_of(upload) * positions);
    uint8_t *bitmap = arena_alloc(arena, len);
    if (!bitmap)
        return err_set(err, CODE_NO_MEMORY, "no memory for a bitmap");
    for (uint64_t s = 0; s < segments_of(upload); s++) {
        if (bitmap_has(durable, s))
            bitmap_set(bitmap, s * positions);
        for (size_t i = 0; i < upload->n_secondaries; i++)
            if (pick_has(upload->secondaries[i], s))
                bitmap_set(bitmap, s * positions + upload->secondaries[i]->position);
    }
    *ret_bitmap = bytes_of(bitmap, len);
    return CODE_OK;
}
