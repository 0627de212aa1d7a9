/* SPDX-License-Identifier: Apache-2.0 */
/* PUT /{bucket}/{key*}: a payload or a part of it; GET /{bucket}/{key*}?upload: how far it is. */
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/os/random.h"
#include "chain/types/deal_state.h"
#include "chain/types/layout.h"
#include "chain/types/request.h"
#include "sp/gateway/parts.h"
#include "sp/spdb/uploads.h"

#include <inttypes.h>
#include <stdlib.h>

enum { UPLOAD_CHUNK = 256 << 10, PROGRESS_WAIT_MAX_MS = 10000, PROGRESS_LOOK_MS = 1000 };

/* --- what is refused before the body -------------------------------------------------------------------------------
 */

/* The creator, or whom it has granted creating: the grant has paid for the bytes when the object was created. */
static int check_uploader(const struct gateway *g, const struct caller *caller, const ObjectInfo *o, struct err *err) {
    struct acting what = {"MsgCreateObject", o->bucket_name, o->object_name, 0};
    int rc = authenticator_acts_for(g->m.auth, caller, pb_bytes(o->creator), &what, err);
    if (rc)
        return rc;
    if (o->primary_sp != g->sp_id)
        return err_set(err, CODE_CONFLICT, "the primary of %s is provider %u, this is provider %u", o->object_name,
                       o->primary_sp, g->sp_id);
    return CODE_OK;
}

/* Bytes are stored as they come: a digest over all of them could only be checked when they are. */
static int check_unsigned(const struct caller *caller, struct err *err) {
    return strcmp(caller->content, REQUEST_UNSIGNED) ? err_set(err, CODE_INVALID_ARGUMENT,
                                                               "an upload is signed over " REQUEST_UNSIGNED
                                                               ": its bytes are held against the content root that "
                                                               "the object was created with")
                                                     : CODE_OK;
}

static int check_state(const ObjectInfo *o, struct err *err) {
    if (o->object_status == OBJECT_STATUS_SEALED)
        return err_set(err, CODE_DONE_ALREADY, "%s is sealed: it cannot be uploaded again", o->object_name);
    if (o->object_status != OBJECT_STATUS_CREATED)
        return err_set(err, CODE_OBJECT_STATUS, "%s cannot be uploaded in its present state", o->object_name);
    return CODE_OK;
}

static int check_room(struct gateway *g, uint64_t bytes, struct err *err) {
    const SpPolicy *policy = g->m.config->policy;
    uint64_t room, total, keep = policy ? policy->free_space_min_mib << 20 : 0;
    int rc = piecestore_space(g->m.pieces, &room, &total, err);
    if (!rc && (room < keep || room - keep < bytes))
        rc = err_set(err, CODE_DISK_FULL, "this provider has no room for %" PRIu64 " bytes now", bytes);
    return rc;
}

/* The object whose bytes come: one that was created, or the version on its way to replace one. version: which one the
 * sender means (0: it does not say); a node that has not heard of it yet is asked again after a block. */
static int find_target(struct gateway *g, struct http_request *r, const char *bucket, const char *key, ObjectInfo **ret,
                       struct err *err) {
    ObjectInfo *o;
    uint64_t version;
    int rc = http_query_u64(r, "version", 0, 0, UINT64_MAX, &version, err);
    if (!rc)
        rc = lookup_object(g, bucket, key, true, http_arena(r), &o, err);
    if (!rc && version && o->version != version)
        return lookup_version(g, o->id, version, http_arena(r), ret, err);
    return rc ? rc : lookup_on_its_way(g, o, http_arena(r), ret, err);
}

struct part_request {
    uint8_t upload_id[16];
    bool whole;
    uint64_t offset, len;
};

static int read_request(struct http_request *r, struct part_request *ret, struct err *err) {
    struct part_request p = {.whole = !http_query(r, "offset"), .len = http_body_len(r)};
    const char *id = http_query(r, "upload_id");
    if (p.len == HTTP_LENGTH_UNKNOWN)
        return err_set(err, CODE_LENGTH_REQUIRED, "an upload must say how long it is: send Content-Length");
    if (!id)
        random_bytes(p.upload_id, sizeof p.upload_id);
    else if (strlen(id) != 2 * sizeof p.upload_id || !hex_decode(id, strlen(id), p.upload_id, sizeof p.upload_id))
        return err_set(err, CODE_INVALID_ARGUMENT, "upload_id is 32 hex digits");
    int rc = http_query_u64(r, "offset", 0, 0, UINT64_MAX, &p.offset, err);
    if (!rc)
        *ret = p;
    return rc;
}

static int check_size(const ObjectInfo *o, const struct part_request *p, struct err *err) {
    if (p->len > o->payload_size || (!p->whole && p->offset <= o->payload_size && p->len > o->payload_size - p->offset))
        return err_set(err, CODE_TOO_LARGE, "%s was created with %" PRIu64 " bytes; these end behind that",
                       o->object_name, o->payload_size);
    return CODE_OK;
}

/* --- the body -------------------------------------------------------------------------------------------------------
 */

/* The last part was answered before and the answer got lost: takes the bytes in and forgets them. */
static int drain(struct http_request *r, uint8_t *chunk, struct err *err) {
    size_t len = 1;
    int rc = CODE_OK;
    while (!rc && len)
        rc = http_body_read(r, chunk, UPLOAD_CHUNK, &len, err);
    return rc;
}

static int take_body(struct http_request *r, struct part *part, uint8_t *chunk, struct err *err) {
    for (;;) {
        size_t len = 0;
        int rc = http_body_read(r, chunk, UPLOAD_CHUNK, &len, err);
        if (rc || !len)
            return rc;
        rc = part_write(part, chunk, len, err);
        if (rc)
            return rc;
    }
}

static int store_part(struct gateway *g, struct http_request *r, const ObjectInfo *o, const struct part_request *p,
                      uint8_t *chunk, struct err *err) {
    struct part *part;
    int rc = part_open(g->m.uploader, o, p->offset, p->len, p->whole, &part, err);
    if (rc)
        return rc;
    rc = take_body(r, part, chunk, err);
    if (rc)
        part_abort(part);
    else
        rc = part_finish(part, NULL, err);
    return rc;
}

/* Is the record of this version of the object, not of one before? */
static bool is_of(const UploadRecord *record, const ObjectInfo *o) {
    return record->object && record->object->version == o->version;
}

/* Is everything here already, under this very upload id? */
static bool uploaded_as(struct gateway *g, const ObjectInfo *o, const struct part_request *p, struct arena *arena) {
    UploadRecord *record;
    return !upload_get(g->m.db, o->id, arena, &record, NULL) && is_of(record, o) &&
           bytes_eq(pb_bytes(record->upload_id), bytes_of(p->upload_id, sizeof p->upload_id));
}

/* --- how far it is ---------------------------------------------------------------------------------------------------
 */

/* Runs of durable segments as byte ranges. */
static int fill_ranges(const ObjectInfo *o, struct bytes bitmap, uint64_t segments, struct arena *arena,
                       UploadProgress *p, struct err *err) {
    p->received_ranges = arena_array(arena, (size_t)(segments + 2), sizeof *p->received_ranges);
    if (!p->received_ranges)
        return err_set(err, CODE_NO_MEMORY, "no memory for an answer");
    uint64_t segment = o->profile->segment_size;
    for (uint64_t i = 0; i < segments; i++) {
        if (bitmap.len <= i / 8 || !bitmap_has(bitmap.data, i))
            continue;
        uint64_t from = i * segment, to = from + layout_segment_len(o->profile, o->payload_size, i);
        if (p->n_received_ranges && p->received_ranges[p->n_received_ranges - 1] == from)
            p->received_ranges[p->n_received_ranges - 1] = to;
        else {
            p->received_ranges[p->n_received_ranges++] = from;
            p->received_ranges[p->n_received_ranges++] = to;
        }
    }
    return CODE_OK;
}

static int fill_record(struct gateway *g, const ObjectInfo *o, const UploadRecord *record, struct arena *arena,
                       UploadProgress *p, struct err *err) {
    struct upload_status status = {.segments = 0};
    struct bytes bitmap = BYTES_NONE, columns = BYTES_NONE;
    char *id = arena_alloc(arena, 2 * record->upload_id.len + 1);
    uint32_t done = 0;
    if (!id)
        return err_set(err, CODE_NO_MEMORY, "no memory for an answer");
    int rc = uploader_status(g->m.uploader, record->object ? record->object : o, arena, &status, &bitmap, err);
    if (!rc)
        rc = fill_ranges(o, bitmap, status.segments, arena, p, err);
    if (rc)
        return rc;
    hex_encode(record->upload_id.data, record->upload_id.len, id);
    replicator_progress(g->m.replicator, o->id, arena, &columns, &done);
    p->state = pb_text(upload_state_name(record->state));
    p->error = record->reason;
    p->received_bytes = status.received_bytes;
    p->replicated = pb_data(columns);
    p->positions_done = done;
    p->seal_tx = record->seal_tx_id;
    p->upload_id = id;
    return CODE_OK;
}

/* Who keeps what, and who was to. */
static int fill_placed(struct gateway *g, const ObjectInfo *o, const UploadRecord *record, struct arena *arena,
                       UploadProgress *p, struct err *err) {
    uint64_t sealed = o->object_status == OBJECT_STATUS_SEALED ? deal_sealed_positions(o) : 0;
    p->placed = arena_array(arena, record->n_secondaries + 1, sizeof *p->placed);
    UploadPosition *rows = arena_array(arena, record->n_secondaries + 1, sizeof *rows);
    if (!p->placed || !rows)
        return err_set(err, CODE_NO_MEMORY, "no memory for an answer");
    for (size_t i = 0; i <= record->n_secondaries; i++) {
        const SecondaryPick *pick = i ? record->secondaries[i - 1] : NULL;
        upload_position__init(&rows[i]);
        rows[i].sp_id = pick ? pick->sp_id : g->sp_id;
        rows[i].position = pick ? pick->position : 0;
        rows[i].failed = pick && pick->failed;
        rows[i].sealed = !rows[i].failed && (sealed >> (rows[i].position & 63) & 1);
        rows[i].reason = pick && !rows[i].sealed ? pick->reason : pb_text("");
        p->placed[p->n_placed++] = &rows[i];
    }
    return CODE_OK;
}

static int fill_progress(struct gateway *g, const ObjectInfo *o, struct arena *arena, UploadProgress **ret,
                         struct err *err) {
    UploadProgress *p = ARENA_NEW(arena, UploadProgress);
    UploadRecord *record;
    if (!p)
        return err_set(err, CODE_NO_MEMORY, "no memory for an answer");
    upload_progress__init(p);
    p->object_id = o->id;
    p->payload_size = o->payload_size;
    p->segments = (uint32_t)layout_segments(o->profile, o->payload_size);
    p->positions = profile_positions(o->profile);
    int rc = upload_get(g->m.db, o->id, arena, &record, err);
    if (!rc && is_of(record, o))
        rc = fill_record(g, o, record, arena, p, err);
    if (!rc && is_of(record, o))
        rc = fill_placed(g, o, record, arena, p, err);
    else if (rc == CODE_NOT_FOUND)
        rc = CODE_OK;                                      /* nothing has arrived, or it was forgotten after the seal */
    if (!rc && o->object_status == OBJECT_STATUS_SEALED) { /* the ledger has the last word */
        p->state = pb_text(upload_state_name(SEAL_OBJECT_DONE));
        p->error = pb_text("");
        p->received_bytes = o->payload_size;
        for (uint64_t left = deal_sealed_positions(o); left; left &= left - 1)
            p->sealed++;
        if (!o->payload_size)
            p->sealed = p->positions; /* nothing to seal */
        p->positions_done = p->sealed;
    } else if (!rc && !*p->state) {
        p->state = pb_text(upload_state_name(INIT_UNSPECIFIED));
    }
    if (!rc)
        *ret = p;
    return rc;
}

static bool moved(const UploadProgress *a, const UploadProgress *b) {
    return strcmp(a->state, b->state) || strcmp(a->error, b->error) || a->positions_done != b->positions_done ||
           a->received_bytes != b->received_bytes;
}

/* Something of it may still come. */
static bool is_open(const ObjectInfo *o) {
    uint32_t positions = o->payload_size ? profile_positions(o->profile) : 0;
    uint64_t all = positions == 64 ? UINT64_MAX : ((uint64_t)1 << positions) - 1;
    return o->object_status == OBJECT_STATUS_CREATED ||
           (o->object_status == OBJECT_STATUS_SEALED && deal_sealed_positions(o) != all);
}

/* Waits for a change at most wait_ms; the object's own record is asked for anew when its seal may have been committed.
 */
static int await_progress(struct gateway *g, struct http_request *r, const char *bucket, const char *key,
                          const ObjectInfo *o, uint64_t wait_ms, UploadProgress **ret, struct err *err) {
    uint64_t until = deadline_in_ms(wait_ms), seen = spdb_writes(g->m.db);
    UploadProgress *first, *now;
    int rc = fill_progress(g, o, http_arena(r), &first, err);
    now = first;
    while (!rc && !moved(first, now) && is_open(o) && deadline_left_ms(until) > 0 && !http_client_gone(r)) {
        uint64_t look = deadline_in_ms(PROGRESS_LOOK_MS);
        struct arena_mark mark = arena_mark(http_arena(r));
        ObjectInfo *fresh;
        spdb_wait_write(g->m.db, seen, look < until ? look : until);
        seen = spdb_writes(g->m.db);
        rc = fill_progress(g, o, http_arena(r), &now, err);
        if (!rc && !moved(first, now) && clock_mono_ns() >= look) {
            rc = find_target(g, r, bucket, key, &fresh, err);
            if (!rc)
                rc = fill_progress(g, fresh, http_arena(r), &now, err);
        }
        if (!rc && !moved(first, now))
            arena_rewind(http_arena(r), mark), now = first;
    }
    *ret = now;
    return rc;
}

int gateway_progress(struct gateway *g, struct http_request *r, struct err *err) {
    const struct caller *caller = authenticator_caller(r);
    const char *bucket = http_param(r, "bucket"), *key = http_param(r, "key");
    ObjectInfo *o;
    UploadProgress *progress;
    uint64_t wait_ms;
    int rc = http_query_u64(r, "wait_ms", 0, 0, PROGRESS_WAIT_MAX_MS, &wait_ms, err);
    if (!rc && caller->anonymous)
        rc = err_set(err, CODE_UNAUTHENTICATED, "sign the request with the key of the object's creator");
    if (!rc)
        rc = find_target(g, r, bucket, key, &o, err);
    if (!rc)
        rc = check_uploader(g, caller, o, err);
    if (!rc)
        rc = await_progress(g, r, bucket, key, o, wait_ms, &progress, err);
    return rc ? rc : reply_pb(r, 200, progress, err);
}

/* --- the handler
 * ------------------------------------------------------------------------------------------------------ */

static int answer_progress(struct gateway *g, struct http_request *r, const ObjectInfo *o, struct err *err) {
    UploadProgress *progress;
    int rc = fill_progress(g, o, http_arena(r), &progress, err);
    return rc ? rc : reply_pb(r, 200, progress, err);
}

static int run_part(struct gateway *g, struct http_request *r, const ObjectInfo *o, const struct part_request *p,
                    struct err *err) {
    uint8_t *chunk = malloc(UPLOAD_CHUNK);
    if (!chunk)
        return err_set(err, CODE_NO_MEMORY, "no memory for an upload");
    int rc = uploader_begin(g->m.uploader, o, p->upload_id, clock_real_ms(), err);
    if (!rc)
        rc = store_part(g, r, o, p, chunk, err);
    else if ((rc == CODE_DONE_ALREADY || rc == CODE_CONFLICT) && uploaded_as(g, o, p, http_arena(r)))
        rc = drain(r, chunk, err);
    free(chunk);
    return rc ? rc : answer_progress(g, r, o, err);
}

int gateway_put_object(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    struct part_request part;
    ObjectInfo *o;
    int rc = check_unsigned(authenticator_caller(r), err);
    if (!rc)
        rc = read_request(r, &part, err);
    if (!rc)
        rc = find_target(g, r, http_param(r, "bucket"), http_param(r, "key"), &o, err);
    if (!rc)
        rc = check_uploader(g, authenticator_caller(r), o, err);
    if (!rc)
        rc = check_state(o, err);
    if (!rc)
        rc = check_size(o, &part, err);
    if (!rc)
        rc = check_room(g, part.len, err);
    return rc ? rc : run_part(g, r, o, &part, err);
}
