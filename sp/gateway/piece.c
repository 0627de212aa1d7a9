/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/piece, /v1/roots, /v1/groups, /v1/challenge: what this provider holds of an object, to whoever may read it.
 */
#include "chain/codec/pb.h"
#include "chain/types/layout.h"
#include "sp/gateway/parts.h"
#include "sp/piecestore/checked.h"
#include "sp/spdb/pieces.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE_CHUNK = 1 << 20 };

/* A piece that was asked for. */
struct asked {
    struct piece_key key;
    ObjectInfo *object;
    HeldPosition *held;
    uint64_t segments;
    bool peer; /* another provider of the group: not metered */
};

static int read_key(struct http_request *r, struct piece_key *ret, struct err *err) {
    uint64_t position;
    struct piece_key key = {.segment = 0};
    int rc = param_u64(r, "object", UINT64_MAX, &key.object_id, err);
    if (!rc && http_param(r, "version"))
        rc = param_u64(r, "version", UINT64_MAX, &key.version, err);
    if (!rc)
        rc = param_u64(r, "position", CODE_N_MAX - 1, &position, err);
    if (!rc && http_param(r, "segment"))
        rc = param_u64(r, "segment", UINT64_MAX, &key.segment, err);
    if (!rc) {
        key.position = (uint32_t)position;
        *ret = key;
    }
    return rc;
}

static int find_held(struct gateway *g, struct http_request *r, struct asked *a, struct err *err) {
    int rc = held_get(g->m.db, a->key.object_id, a->key.version, a->key.position, http_arena(r), &a->held, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, rc, "this provider does not hold position %u of object %" PRIu64, a->key.position,
                       a->key.object_id);
    return rc;
}

/* What was asked for, that it is here, and that the caller may have it. */
static int find(struct gateway *g, struct http_request *r, struct asked *ret, struct err *err) {
    struct asked a = {.peer = false};
    int rc = read_key(r, &a.key, err);
    if (!rc)
        rc = lookup_sealed(g, a.key.object_id, http_param(r, "version") ? &a.key.version : NULL, http_arena(r),
                           &a.object, err);
    if (!rc) {
        a.key.version = a.object->version;
        lookup_settle(g, a.object);
        rc = find_held(g, r, &a, err);
    }
    if (!rc)
        rc = lookup_may_read(g, authenticator_caller(r), a.object, &a.peer, err);
    if (rc)
        return rc;
    a.segments = layout_segments(a.object->profile, a.object->payload_size);
    if (a.key.position >= profile_positions(a.object->profile) || a.key.segment >= a.segments)
        return err_set(err, CODE_NOT_FOUND, "object %" PRIu64 " has no segment %" PRIu64 " at position %u",
                       a.key.object_id, a.key.segment, a.key.position);
    *ret = a;
    return CODE_OK;
}

static uint64_t piece_len(const struct asked *a) {
    return layout_piece_len(a->object->profile, a->object->payload_size, a->key.segment, a->key.position);
}

/* Damage is told to the readers as it is, and to whoever mends it. */
static int note_damage(struct gateway *g, const struct piece_key *key, int rc, struct err *err) {
    if (rc != CODE_CORRUPT && rc != CODE_NOT_FOUND)
        return rc;
    g->m.piece_bad(g->m.piece_bad_ctx, key);
    return err_set(err, CODE_CORRUPT, "this piece is damaged here and is being rebuilt: read another position");
}

/* --- bytes
 * -------------------------------------------------------------------------------------------------------------- */

struct piece_reader {
    struct gateway *g;
    struct asked *a;
    struct hash root;
    uint8_t *room;
};

static int reader_open(struct gateway *g, struct asked *a, struct piece_reader *ret, struct err *err) {
    struct piece_reader p = {.g = g, .a = a};
    int rc = piece_root_get(g->m.db, &a->key, &p.root, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, rc, "this provider does not have that piece yet");
    if (rc)
        return rc;
    p.room = malloc(checked_range_room(PIECE_CHUNK));
    if (!p.room)
        return err_set(err, CODE_NO_MEMORY, "no memory to read a piece");
    *ret = p;
    return CODE_OK;
}

static void reader_close(struct piece_reader *p) {
    free(p->room);
}

/* The next bytes of [offset, end), verified; borrowed until the next call. */
static int reader_next(struct piece_reader *p, uint64_t offset, uint64_t end, struct bytes *ret, struct err *err) {
    size_t len = end - offset < PIECE_CHUNK ? (size_t)(end - offset) : PIECE_CHUNK;
    int rc = checked_range(p->g->m.pieces, &p->a->key, &p->root, piece_len(p->a), offset, len, p->room, ret, err);
    return note_damage(p->g, &p->a->key, rc, err);
}

/* Sends `before` and then [offset, offset + len) of the piece; the first part is verified before the answer begins. */
static int send_piece(struct gateway *g, struct http_request *r, struct asked *a, bool partial, uint64_t offset,
                      uint64_t len, struct bytes before, const char *kind, struct err *err) {
    struct piece_reader reader;
    struct bytes part = BYTES_NONE;
    struct meter meter = {.on = false};
    uint64_t at = offset, end = offset + len;
    bool head = !strcmp(http_method(r), "HEAD");
    int rc = reader_open(g, a, &reader, err);
    if (rc)
        return rc;
    rc = reader_next(&reader, at, end, &part, err);
    if (!rc && !head && !a->peer)
        rc = meter_begin(g, a->object, len, &meter, err);
    if (!rc)
        rc = http_reply_start(r, partial ? 206 : 200, "application/octet-stream", before.len + len, err);
    if (!rc && before.len)
        rc = http_write(r, before.data, before.len, err);
    while (!rc && !head) {
        rc = http_write(r, part.data, part.len, err);
        at += rc ? 0 : part.len;
        if (rc || at == end)
            break;
        rc = reader_next(&reader, at, end, &part, err);
    }
    meter_end(g, &meter, r, a->object, kind, offset, at - offset);
    reader_close(&reader);
    return rc;
}

/* The bytes as they lie on the disk, straight from the file, while it is the very one that was written or verified
 * here: whoever asks on this route checks them against the roots (client/lib/piece_fetch.h), so hashing them here as
 * well would only be done twice. *ret_sent false: there is no such file, and the piece is verified on its way. */
static int send_file(struct gateway *g, struct http_request *r, const struct asked *a, bool partial, uint64_t offset,
                     uint64_t len, bool *ret_sent, struct err *err) {
    struct meter meter = {.on = false};
    struct piece_meta meta;
    uint64_t begin;
    int fd;
    int rc = piecestore_file(g->m.pieces, &a->key, &fd, &begin, &meta, err);
    *ret_sent = rc != CODE_UNSUPPORTED;
    if (rc == CODE_UNSUPPORTED)
        return CODE_OK;
    if (!rc && meta.length != piece_len(a)) {
        close(fd);
        rc = CODE_CORRUPT;
    }
    rc = note_damage(g, &a->key, rc, err);
    if (rc)
        return rc;
    bool metered = !a->peer && strcmp(http_method(r), "HEAD");
    rc = metered ? meter_begin(g, a->object, len, &meter, err) : CODE_OK;
    if (rc) {
        close(fd);
        return rc;
    }
    rc = http_reply_file(r, partial ? 206 : 200, "application/octet-stream", fd, begin + offset, len, err);
    meter_end(g, &meter, r, a->object, "piece", offset, rc ? 0 : len);
    return rc;
}

int gateway_get_piece(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    struct asked a;
    bool partial, sent;
    uint64_t offset, len;
    int rc = find(g, r, &a, err);
    if (!rc)
        rc = http_range(r, piece_len(&a), &partial, &offset, &len, err);
    if (!rc)
        rc = send_file(g, r, &a, partial, offset, len, &sent, err);
    if (rc || sent)
        return rc;
    return send_piece(g, r, &a, partial, offset, len, BYTES_NONE, "piece", err);
}

/* --- hashes
 * ------------------------------------------------------------------------------------------------------------- */

/* All roots of the position, in segment order, on the request's arena. */
static int read_roots(struct gateway *g, struct http_request *r, const struct asked *a, struct hash **ret,
                      struct err *err) {
    uint64_t have;
    struct hash *roots = arena_array(http_arena(r), (size_t)a->segments, sizeof *roots);
    if (!roots)
        return err_set(err, CODE_NO_MEMORY, "no memory for piece roots");
    int rc = piece_roots_read(g->m.db, a->key.object_id, a->key.version, a->key.position, a->segments, roots, NULL,
                              &have, err);
    if (!rc && have != a->segments)
        rc = err_set(err, CODE_NOT_FOUND, "%" PRIu64 " of %" PRIu64 " pieces of this position are missing here",
                     a->segments - have, a->segments);
    if (!rc)
        *ret = roots;
    return rc;
}

int gateway_get_roots(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    struct asked a;
    struct hash *roots;
    int rc = find(g, r, &a, err);
    if (!rc)
        rc = read_roots(g, r, &a, &roots, err);
    return rc ? rc
              : http_reply(r, 200, "application/octet-stream", bytes_of(roots, (size_t)a.segments * sizeof *roots),
                           err);
}

int gateway_get_groups(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    struct asked a;
    struct piece_meta meta;
    struct hash root;
    int rc = find(g, r, &a, err);
    if (!rc)
        rc = piece_root_get(g->m.db, &a.key, &root, err);
    if (rc)
        return rc;
    struct hash *groups = malloc(2 * PIECE_GROUPS_MAX * sizeof *groups), *scratch = groups + PIECE_GROUPS_MAX;
    if (!groups)
        return err_set(err, CODE_NO_MEMORY, "no memory for a piece's hashes");
    rc = piecestore_groups(g->m.pieces, &a.key, &meta, groups, err);
    if (!rc) {
        struct hash found =
            meta.length == piece_len(&a) ? piece_root_of_groups(meta.length, groups, scratch) : (struct hash){{0}};
        if (!hash_eq(&found, &root))
            rc = CODE_CORRUPT;
    }
    rc = note_damage(g, &a.key, rc, err);
    if (!rc)
        rc = http_reply(r, 200, "application/octet-stream",
                        bytes_of(groups, piece_groups(meta.length) * sizeof *groups), err);
    free(groups);
    return rc;
}

/* The workflow's challenge: how many roots, the roots, the piece. */
int gateway_get_challenge(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    struct asked a;
    struct hash *roots;
    int rc = find(g, r, &a, err);
    if (!rc)
        rc = read_roots(g, r, &a, &roots, err);
    if (rc)
        return rc;
    size_t len = 4 + (size_t)a.segments * sizeof *roots;
    uint8_t *before = arena_alloc(http_arena(r), len);
    if (!before)
        return err_set(err, CODE_NO_MEMORY, "no memory for an answer");
    store_be32(before, (uint32_t)a.segments);
    memcpy(before + 4, roots, len - 4);
    return send_piece(g, r, &a, false, 0, piece_len(&a), bytes_of(before, len), "challenge", err);
}
