/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/piece_fetch.h"

#include "chain/coding/piece.h"
#include "chain/types/deal_state.h"
#include "chain/types/layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { HASH_AT_ONCE = 64 * LEAF_LEN };
enum { PATH_MAX_BYTES = 160, FETCH_DEADLINE_MS = 60000, FETCH_IDLE_MS = 10000 };

int piece_fetch_init(struct piece_fetch *fetch, struct sp_client *client, const struct placement *p, struct err *err) {
    *fetch = (struct piece_fetch){.client = client, .placement = p};
    if (!deal_is_stored(p->object) || !p->group)
        return err_set(err, CODE_CONFLICT, "%s is not sealed yet: nothing can be read", p->object->object_name);
    int rc = coder_init(&fetch->coder, p->object->profile, err);
    if (rc)
        return rc;
    fetch->segments = layout_segments(p->object->profile, p->object->payload_size);
    mutex_init(&fetch->lock);
    return CODE_OK;
}

void piece_fetch_release(struct piece_fetch *fetch) {
    for (size_t i = 0; i < CODE_N_MAX; i++)
        free(fetch->roots[i]);
    mutex_release(&fetch->lock);
}

/* Remembers that a position is not to be asked again, and returns the code. */
static int fault(struct piece_fetch *fetch, uint32_t position, int rc, const struct err *why, struct err *err) {
    mutex_lock(&fetch->lock);
    struct piece_fault *f = &fetch->faults[position];
    if (!f->failed) {
        f->failed = true;
        f->code = rc;
        snprintf(f->reason, sizeof f->reason, "%s", err_text(why));
    }
    mutex_unlock(&fetch->lock);
    if (err)
        *err = *why;
    return rc;
}

bool piece_fetch_usable(struct piece_fetch *fetch, uint32_t position) {
    mutex_lock(&fetch->lock);
    bool ok = !fetch->faults[position].failed && !(fetch->skip >> position & 1) &&
              deal_sealed_positions(fetch->placement->object) >> position & 1;
    mutex_unlock(&fetch->lock);
    return ok;
}

/* --- one call ----------------------------------------------------------------------------------------------------- */

/* An answer of exactly len bytes, written where it belongs. */
struct exact {
    uint8_t *to;
    size_t len, got;
    struct hash *leaves; /* NULL, or room for the hashes of its leaves */
    size_t hashed;       /* bytes */
};

/* Hashes the leaves that are complete; at the end also the short last one. While they are still in the cache: a pass
 * over memory saved. */
static void exact_hash(struct exact *e, bool end) {
    size_t ready = end ? e->got - e->hashed : (e->got - e->hashed) / LEAF_LEN * LEAF_LEN;
    if (!e->leaves || !ready || (!end && ready < HASH_AT_ONCE))
        return;
    leaf_hash_many(e->to + e->hashed, ready, e->leaves + e->hashed / LEAF_LEN);
    e->hashed += ready;
}

static int exact_sink(void *ctx, int status, struct bytes data, struct err *err) {
    struct exact *e = ctx;
    (void)status;
    if (data.len > e->len - e->got)
        return err_set(err, CODE_INTEGRITY, "it sent more than it was asked for");
    memcpy(e->to + e->got, data.data, data.len);
    e->got += data.len;
    exact_hash(e, e->got == e->len);
    return CODE_OK;
}

static void exact_call(const struct piece_fetch *fetch, struct http_call *call, struct exact *e) {
    *call = (struct http_call){.sink = exact_sink,
                               .ctx = e,
                               .body_max = e->len + 1,
                               .deadline_ms = FETCH_DEADLINE_MS,
                               .idle_ms = fetch->idle_ms ? fetch->idle_ms : FETCH_IDLE_MS};
}

static int run_exact(struct piece_fetch *fetch, uint32_t position, const char *path, const char *range, struct exact *e,
                     struct err *err) {
    struct http_call call;
    exact_call(fetch, &call, e);
    call.headers[0] = range;
    int rc = sp_client_call(fetch->client, fetch->placement->sps[position]->id, path, &call, err);
    http_call_release(&call);
    if (!rc && e->got != e->len)
        rc = err_set(err, CODE_INTEGRITY, "provider %u sent %zu bytes instead of %zu",
                     fetch->placement->sps[position]->id, e->got, e->len);
    return rc;
}

static int get_exact(struct piece_fetch *fetch, uint32_t position, const char *path, const char *range, uint8_t *to,
                     size_t len, struct err *err) {
    struct exact e = {.to = to, .len = len};
    return run_exact(fetch, position, path, range, &e, err);
}

static void piece_path(const struct piece_fetch *fetch, const char *route, uint32_t position, uint64_t segment,
                       char ret[PATH_MAX_BYTES]) {
    const ObjectInfo *o = fetch->placement->object;
    int n = snprintf(ret, PATH_MAX_BYTES, "/v1/%s/%" PRIu64 "/%" PRIu64 "/%u", route, o->id, o->version, position);
    if (segment != UINT64_MAX)
        snprintf(ret + n, PATH_MAX_BYTES - (size_t)n, "/%" PRIu64, segment);
}

static int lied(const struct piece_fetch *fetch, uint32_t position, const char *what, struct err *err) {
    return err_set(err, CODE_INTEGRITY, "provider %u (position %u) sent %s that does not match the ledger",
                   fetch->placement->sps[position]->id, position, what);
}

/* --- roots -------------------------------------------------------------------------------------------------------- */

int piece_fetch_roots(struct piece_fetch *fetch, uint32_t position, const struct hash **ret, struct err *err) {
    const ProtobufCBinaryData *sealed = &fetch->placement->object->checksums[position];
    char path[PATH_MAX_BYTES];
    struct err why;
    mutex_lock(&fetch->lock);
    const struct hash *known = fetch->roots[position];
    mutex_unlock(&fetch->lock);
    if (known) {
        *ret = known;
        return CODE_OK;
    }
    size_t n = (size_t)fetch->segments;
    struct hash *roots = calloc(n, sizeof *roots), *scratch = calloc(n, sizeof *scratch);
    err_clear(&why);
    int rc = roots && scratch ? CODE_OK : err_set(&why, CODE_NO_MEMORY, "no memory for piece roots");
    piece_path(fetch, "roots", position, UINT64_MAX, path);
    if (!rc)
        rc = get_exact(fetch, position, path, NULL, (uint8_t *)roots, n * sizeof *roots, &why);
    if (!rc) {
        memcpy(scratch, roots, n * sizeof *roots);
        struct hash checksum = checksum_of(scratch, n);
        if (!bytes_eq(hash_bytes(&checksum), bytes_of(sealed->data, sealed->len)))
            rc = lied(fetch, position, "piece roots", &why);
    }
    free(scratch);
    if (rc) {
        free(roots);
        return fault(fetch, position, rc, &why, err);
    }
    mutex_lock(&fetch->lock);
    if (fetch->roots[position])
        free(roots); /* another thread was faster */
    else
        fetch->roots[position] = roots;
    *ret = fetch->roots[position];
    mutex_unlock(&fetch->lock);
    return CODE_OK;
}

/* --- pieces ------------------------------------------------------------------------------------------------------- */

static size_t piece_len(const struct piece_fetch *fetch, uint32_t position, uint64_t segment) {
    const ObjectInfo *o = fetch->placement->object;
    return (size_t)layout_piece_len(o->profile, o->payload_size, segment, position);
}

int piece_fetch_piece(struct piece_fetch *fetch, uint32_t position, uint64_t segment, uint8_t *ret, struct err *err) {
    char path[PATH_MAX_BYTES];
    const struct hash *roots;
    struct err why;
    err_clear(&why);
    size_t len = piece_len(fetch, position, segment), leaves = (size_t)leaf_count(len);
    int rc = piece_fetch_roots(fetch, position, &roots, err);
    if (rc)
        return rc;
    struct exact e = {.to = ret, .len = len, .leaves = malloc(leaves * sizeof *e.leaves)};
    if (!e.leaves)
        return err_set(err, CODE_NO_MEMORY, "no memory to check a piece");
    piece_path(fetch, "piece", position, segment, path);
    rc = run_exact(fetch, position, path, NULL, &e, &why);
    if (!rc) {
        struct hash list = list_tree_root_of(DOMAIN_NODE, e.leaves, leaves), root = piece_root(len, &list);
        if (!hash_eq(&root, &roots[segment]))
            rc = lied(fetch, position, "a piece", &why);
    }
    free(e.leaves);
    return rc ? fault(fetch, position, rc, &why, err) : CODE_OK;
}

/* The hashes of all groups of a piece, checked against its root. */
static int fetch_groups(struct piece_fetch *fetch, uint32_t position, uint64_t segment, size_t len, struct hash **ret,
                        struct err *err) {
    char path[PATH_MAX_BYTES];
    const struct hash *roots;
    int rc = piece_fetch_roots(fetch, position, &roots, err);
    if (rc)
        return rc;
    size_t n = piece_groups(len);
    struct hash *groups = calloc(2 * n, sizeof *groups);
    if (!groups)
        return err_set(err, CODE_NO_MEMORY, "no memory for a piece's hashes");
    piece_path(fetch, "groups", position, segment, path);
    rc = get_exact(fetch, position, path, NULL, (uint8_t *)groups, n * sizeof *groups, err);
    if (!rc) {
        struct hash root = piece_root_of_groups(len, groups, groups + n);
        if (!hash_eq(&root, &roots[segment]))
            rc = lied(fetch, position, "hashes", err);
    }
    if (rc)
        free(groups);
    else
        *ret = groups;
    return rc;
}

static int check_groups(struct piece_fetch *fetch, uint32_t position, const struct hash *groups, size_t first,
                        const uint8_t *data, size_t len, struct err *err) {
    struct hash scratch[PIECE_GROUP_LEAVES];
    for (size_t at = 0; at < len; at += PIECE_GROUP_LEN) {
        size_t part = len - at < PIECE_GROUP_LEN ? len - at : PIECE_GROUP_LEN;
        struct hash got = piece_group_hash(bytes_of(data + at, part), scratch);
        if (!hash_eq(&got, &groups[first + at / PIECE_GROUP_LEN]))
            return lied(fetch, position, "bytes", err);
    }
    return CODE_OK;
}

int piece_fetch_range(struct piece_fetch *fetch, uint32_t position, uint64_t segment, uint64_t offset, size_t len,
                      uint8_t *ret, struct err *err) {
    char path[PATH_MAX_BYTES], range[96];
    struct hash *groups = NULL;
    struct err why;
    err_clear(&why);
    size_t whole = piece_len(fetch, position, segment);
    if (offset > whole || len > whole - offset || !len)
        return err_set(err, CODE_RANGE, "a range outside of the piece");
    size_t first = (size_t)offset / PIECE_GROUP_LEN;
    size_t from = first * PIECE_GROUP_LEN;
    size_t to = ((size_t)offset + len + PIECE_GROUP_LEN - 1) / PIECE_GROUP_LEN * PIECE_GROUP_LEN;
    to = to < whole ? to : whole;
    uint8_t *aligned = malloc(to - from);
    int rc = aligned ? CODE_OK : err_set(&why, CODE_NO_MEMORY, "no memory for a range");
    if (!rc)
        rc = fetch_groups(fetch, position, segment, whole, &groups, &why);
    piece_path(fetch, "piece", position, segment, path);
    snprintf(range, sizeof range, "Range: bytes=%zu-%zu", from, to - 1);
    if (!rc)
        rc = get_exact(fetch, position, path, range, aligned, to - from, &why);
    if (!rc)
        rc = check_groups(fetch, position, groups, first, aligned, to - from, &why);
    if (!rc)
        memcpy(ret, aligned + ((size_t)offset - from), len);
    free(groups);
    free(aligned);
    return rc ? fault(fetch, position, rc, &why, err) : CODE_OK;
}

/* --- segments ----------------------------------------------------------------------------------------------------- */

static bool is_refusal(int code) {
    return code_exit(code) == code_exit(CODE_DENIED) || code == CODE_QUOTA;
}

/* Nobody is left: says who failed and why. A refusal is told alone: all of them say the same. */
static int exhausted(struct piece_fetch *fetch, uint32_t have, uint32_t needed, struct err *err) {
    char text[ERR_MSG_MAX];
    const struct piece_fault *refusal = NULL;
    size_t n = 0;
    int code = CODE_UNAVAILABLE;
    text[0] = '\0';
    mutex_lock(&fetch->lock);
    for (uint32_t i = 0; i < fetch->placement->positions; i++) {
        const struct piece_fault *f = &fetch->faults[i];
        if (!f->failed)
            continue;
        if (f->code == CODE_INTEGRITY)
            code = CODE_INTEGRITY;
        if (is_refusal(f->code))
            refusal = f;
        if (n < sizeof text)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? "; " : "", f->reason);
    }
    mutex_unlock(&fetch->lock);
    if (refusal)
        return err_set(err, refusal->code, "%s", refusal->reason);
    return err_set(err, code, "only %u of the %u pieces that are needed can be had: %s", have, needed,
                   *text ? text : "no provider is left");
}

/* Fetches usable pieces of the segment, one after the other, until `needed` are verified or nobody is left. */
static int gather(struct piece_fetch *fetch, uint64_t segment, uint32_t first, uint32_t needed, uint8_t *room,
                  struct join_input *input, struct err *err) {
    uint32_t positions = fetch->placement->positions, next = first;
    input->count = 0;
    while (input->count < needed) {
        uint32_t want = needed - (uint32_t)input->count, picked = 0;
        uint32_t pick[CODE_N_MAX];
        for (; next < positions && picked < want; next++)
            if (piece_fetch_usable(fetch, next))
                pick[picked++] = next;
        if (picked < want)
            return exhausted(fetch, (uint32_t)input->count + picked, needed, err);
        for (uint32_t i = 0; i < picked; i++) {
            size_t len = piece_len(fetch, pick[i], segment);
            uint8_t *to = room + input->count * len;
            if (!piece_fetch_piece(fetch, pick[i], segment, to, NULL)) {
                input->positions[input->count] = pick[i];
                input->data[input->count++] = to;
            }
        }
    }
    return CODE_OK;
}

/* Verified pieces that are enough for the segment: one whole copy, else columns; in room (join_room bytes). */
static int gather_any(struct piece_fetch *fetch, uint64_t segment, uint8_t *room, struct join_input *input,
                      struct err *err) {
    const Profile *profile = fetch->placement->object->profile;
    for (uint32_t i = 0; i < fetch->placement->positions; i++)
        if (profile_is_whole(profile, i) && piece_fetch_usable(fetch, i) &&
            !piece_fetch_piece(fetch, i, segment, room, NULL)) {
            *input = (struct join_input){.count = 1, .positions = {i}, .data = {room}};
            return CODE_OK;
        }
    if (profile->kind != PROFILE_KIND_EC)
        return exhausted(fetch, 0, 1, err);
    return gather(fetch, segment, profile->whole ? 1 : 0, profile->k, room, input, err);
}

static size_t segment_len(const struct piece_fetch *fetch, uint64_t segment) {
    const ObjectInfo *o = fetch->placement->object;
    return (size_t)layout_segment_len(o->profile, o->payload_size, segment);
}

/* The root that a whole copy of a decoded segment would have. */
static int decoded_root(const uint8_t *data, size_t len, struct hash *ret, struct err *err) {
    struct hash *scratch = malloc((size_t)leaf_count(len) * sizeof *scratch);
    if (!scratch)
        return err_set(err, CODE_NO_MEMORY, "no memory to check a segment");
    *ret = piece_hash(data, len, scratch, NULL);
    free(scratch);
    return CODE_OK;
}

int piece_fetch_segment(struct piece_fetch *fetch, uint64_t segment, uint8_t *ret, struct hash *ret_root,
                        struct err *err) {
    const Profile *profile = fetch->placement->object->profile;
    const struct hash *roots;
    struct join_input input;
    for (uint32_t i = 0; i < fetch->placement->positions; i++) /* the common case: straight to where it is wanted */
        if (profile_is_whole(profile, i) && piece_fetch_usable(fetch, i) &&
            !piece_fetch_piece(fetch, i, segment, ret, NULL) && !piece_fetch_roots(fetch, i, &roots, NULL)) {
            if (ret_root)
                *ret_root = roots[segment];
            return CODE_OK;
        }
    size_t len = segment_len(fetch, segment);
    uint8_t *room = malloc(join_room(profile, len));
    int rc =
        room ? gather_any(fetch, segment, room, &input, err) : err_set(err, CODE_NO_MEMORY, "no memory for a segment");
    if (!rc)
        rc = join_segment(&fetch->coder, len, &input, ret, err);
    free(room);
    return rc || !ret_root ? rc : decoded_root(ret, len, ret_root, err);
}

int piece_fetch_rebuild(struct piece_fetch *fetch, uint32_t position, uint64_t segment, uint8_t *scratch, uint8_t *ret,
                        struct err *err) {
    size_t len = segment_len(fetch, segment);
    struct join_input input;
    mutex_lock(&fetch->lock);
    fetch->skip |= (uint64_t)1 << position;
    mutex_unlock(&fetch->lock);
    uint8_t *room = malloc(join_room(fetch->placement->object->profile, len));
    int rc =
        room ? gather_any(fetch, segment, room, &input, err) : err_set(err, CODE_NO_MEMORY, "no memory for a segment");
    if (!rc)
        rc = join_piece(&fetch->coder, len, &input, position, scratch, ret, err);
    free(room);
    return rc;
}
