/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/node/fake_sp.h"

#include "chain/base/rng.h"
#include "chain/codec/pb.h"
#include "chain/crypto/piece_tree.h"
#include "chain/os/clock.h"
#include "chain/os/thread.h"
#include "chain/types/keys_sp.h"
#include "tests/lib/test.h"

#include <poll.h>

enum { OBJECT_ID = 5, VERSION = 3 };

/* --- what they answer --------------------------------------------------------------------------------------------- */

/* Sends a part and then nothing, until the client gives up or the server stops. */
static int stall(struct http_request *r, struct bytes data, struct err *err) {
    uint64_t until = clock_mono_ms() + TEST_DEADLINE_MS;
    int rc = http_reply_start(r, 200, "application/octet-stream", data.len, err);
    if (!rc)
        rc = http_write(r, data.data, data.len / 2, err);
    while (!rc && !http_client_gone(r) && clock_mono_ms() < until)
        poll(NULL, 0, 5);
    return rc ? rc : err_set(err, CODE_TIMEOUT, "stalled");
}

static int vanish(struct http_request *r, struct bytes data, struct err *err) {
    int rc = http_reply_start(r, 200, "application/octet-stream", data.len, err);
    if (!rc)
        rc = http_write(r, data.data, data.len / 2, err);
    return rc ? rc : err_set(err, CODE_CLOSED, "cut");
}

static int reply_ranged(struct http_request *r, struct bytes data, struct err *err) {
    bool partial;
    uint64_t offset, len;
    int rc = http_range(r, data.len, &partial, &offset, &len, err);
    return rc ? rc
              : http_reply(r, partial ? 206 : 200, "application/octet-stream",
                           bytes_of(data.data + offset, (size_t)len), err);
}

static int answer(struct fake_sp *sp, struct http_request *r, struct bytes data, enum fake_fault lie, struct err *err) {
    enum fake_fault fault = atomic_load(&sp->fault);
    uint8_t *copy;
    switch (fault) {
    case FAKE_STALL:
        return stall(r, data, err);
    case FAKE_VANISH:
        return vanish(r, data, err);
    case FAKE_ERROR:
        return err_set(err, CODE_INTERNAL, "a defect of mine");
    case FAKE_DENY:
        return err_set(err, CODE_DENIED, "you may not read this");
    case FAKE_LONG:
        copy = arena_alloc(http_arena(r), data.len + 1);
        memcpy(copy, data.data, data.len);
        return http_reply(r, 200, "application/octet-stream", bytes_of(copy, data.len + 1), err);
    case FAKE_WRONG_BYTE:
    case FAKE_WRONG_ROOTS:
    case FAKE_WRONG_GROUPS:
        if (fault == lie) {
            copy = arena_dup(http_arena(r), data.data, data.len);
            copy[data.len / 2] ^= 1;
            data.data = copy;
        }
        return reply_ranged(r, data, err);
    case FAKE_GOOD:
    case FAKE_GONE:
        break;
    }
    return reply_ranged(r, data, err);
}

static int find(struct fake_sp *sp, struct http_request *r, size_t *ret, struct err *err) {
    const struct fake_object *o = sp->object;
    const char *segment = http_param(r, "segment");
    uint64_t s = segment ? strtoull(segment, NULL, 10) : 0;
    if (strtoull(http_param(r, "object"), NULL, 10) != OBJECT_ID ||
        strtoull(http_param(r, "version"), NULL, 10) != VERSION ||
        strtoull(http_param(r, "position"), NULL, 10) != sp->position || s >= o->segments)
        return err_set(err, CODE_NOT_FOUND, "not mine");
    *ret = sp->position * (size_t)o->segments + (size_t)s;
    return CODE_OK;
}

static size_t piece_len(const struct fake_object *o, size_t at) {
    return (size_t)layout_piece_len(&o->profile, o->size, at % o->segments, (uint32_t)(at / o->segments));
}

static int get_roots(void *ctx, struct http_request *r, struct err *err) {
    struct fake_sp *sp = ctx;
    size_t at;
    int rc = find(sp, r, &at, err);
    struct bytes roots = bytes_of(sp->object->roots[sp->position], (size_t)sp->object->segments * sizeof(struct hash));
    return rc ? rc : answer(sp, r, roots, FAKE_WRONG_ROOTS, err);
}

static int get_piece(void *ctx, struct http_request *r, struct err *err) {
    struct fake_sp *sp = ctx;
    size_t at;
    int rc = find(sp, r, &at, err);
    atomic_fetch_add(&sp->pieces_asked, 1);
    return rc ? rc : answer(sp, r, bytes_of(sp->object->pieces[at], piece_len(sp->object, at)), FAKE_WRONG_BYTE, err);
}

static int get_groups(void *ctx, struct http_request *r, struct err *err) {
    struct fake_sp *sp = ctx;
    size_t at;
    int rc = find(sp, r, &at, err);
    if (rc)
        return rc;
    size_t len = piece_groups(piece_len(sp->object, at)) * sizeof(struct hash);
    return answer(sp, r, bytes_of(sp->object->groups[at], len), FAKE_WRONG_GROUPS, err);
}

static const struct http_route routes[] = {
    {"GET", "/v1/roots/{object}/{version}/{position}", HTTP_AUTH_PUBLIC, .long_lived = true, .handler = get_roots},
    {"GET", "/v1/piece/{object}/{version}/{position}/{segment}", HTTP_AUTH_PUBLIC, .long_lived = true,
     .handler = get_piece},
    {"GET", "/v1/groups/{object}/{version}/{position}/{segment}", HTTP_AUTH_PUBLIC, .long_lived = true,
     .handler = get_groups},
};

/* --- what they hold ----------------------------------------------------------------------------------------------- */

static void cut_payload(struct fake_object *o) {
    struct cut cut;
    struct rng rng;
    rng_init(&rng, o->size);
    o->payload = malloc((size_t)o->size);
    for (size_t i = 0; i < o->size; i++)
        o->payload[i] = (uint8_t)rng_u64(&rng);
    o->pieces = calloc(o->positions * (size_t)o->segments, sizeof *o->pieces);
    o->groups = calloc(o->positions * (size_t)o->segments, sizeof *o->groups);
    o->roots = calloc(o->positions, sizeof *o->roots);
    for (uint32_t p = 0; p < o->positions; p++)
        o->roots[p] = calloc((size_t)o->segments, sizeof **o->roots);
    assert_ok(cut_init(&cut, &o->coder, NULL), NULL);
    for (uint64_t s = 0; s < o->segments; s++) {
        size_t len = (size_t)layout_segment_len(&o->profile, o->size, s);
        memcpy(cut.segment, o->payload + s * o->profile.segment_size, len);
        cut_run(&cut, len);
        for (uint32_t p = 0; p < o->positions; p++) {
            size_t at = p * (size_t)o->segments + (size_t)s, n = cut.pieces[p].data.len;
            o->pieces[at] = malloc(n);
            memcpy(o->pieces[at], cut.pieces[p].data.data, n);
            o->groups[at] = calloc(piece_groups(n), sizeof(struct hash));
            memcpy(o->groups[at], cut.pieces[p].groups, piece_groups(n) * sizeof(struct hash));
            o->roots[p][s] = cut.pieces[p].root;
        }
    }
    cut_release(&cut);
}

static ProtobufCBinaryData checksum_data(struct fake_object *o, uint32_t position) {
    struct hash *roots = arena_dup(&o->node.arena, o->roots[position], (size_t)o->segments * sizeof *roots);
    struct hash *sum = ARENA_NEW(&o->node.arena, struct hash);
    *sum = checksum_of(roots, (size_t)o->segments);
    return pb_data(hash_bytes(sum));
}

static void start_sp(struct fake_object *o, uint32_t position) {
    struct http_server_config cfg = {.address = "127.0.0.1", .name = "fake-sp", .workers = 1, .io_threads = 1};
    struct fake_sp *sp = &o->sps[position];
    struct key k;
    sp->object = o;
    sp->position = position;
    assert_ok(http_server_new(&cfg, &sp->server, NULL), NULL);
    assert_ok(http_server_add(sp->server, routes, sizeof routes / sizeof *routes, sp, NULL), NULL);
    assert_ok(http_server_start(sp->server, NULL), NULL);
    StorageProvider *record = &o->records[position];
    storage_provider__init(record);
    record->id = position + 1;
    record->endpoint = arena_printf(&o->node.arena, "http://127.0.0.1:%u", http_server_port(sp->server));
    o->by_position[position] = record;
    fake_node_put(&o->node, key_sp(&k, record->id), record);
}

void fake_object_start(struct fake_object *o, const char *profile, uint64_t segment_size, uint64_t size) {
    memset(o, 0, sizeof *o);
    o->size = size;
    profile__init(&o->profile);
    assert_ok(profile_parse(profile, segment_size, &o->profile, NULL), NULL);
    assert_ok(coder_init(&o->coder, &o->profile, NULL), NULL);
    o->positions = profile_positions(&o->profile);
    o->segments = layout_segments(&o->profile, size);
    fake_node_start(&o->node);
    cut_payload(o);
    object_info__init(&o->info);
    o->info.id = OBJECT_ID;
    o->info.version = VERSION;
    o->info.object_name = pb_text("thing");
    o->info.payload_size = size;
    o->info.profile = &o->profile;
    o->info.object_status = OBJECT_STATUS_SEALED;
    o->info.n_checksums = o->positions;
    o->info.checksums = arena_array(&o->node.arena, o->positions, sizeof *o->info.checksums);
    for (uint32_t p = 0; p < o->positions; p++) {
        o->info.checksums[p] = checksum_data(o, p);
        start_sp(o, p);
    }
    uint8_t *sealed = arena_alloc(&o->node.arena, sizeof(uint64_t));
    assert_non_null(sealed);
    store_le64(sealed, UINT64_MAX);
    o->info.sealed_positions = (ProtobufCBinaryData){sizeof(uint64_t), sealed};
    o->info.content_root = o->info.checksums[0];
    bucket_info__init(&o->bucket);
    o->bucket.bucket_name = pb_text("bucket");
    placement_group__init(&o->group);
    o->placement = (struct placement){
        .bucket = &o->bucket, .object = &o->info, .group = &o->group, .sps = o->by_position, .positions = o->positions};
    assert_ok(sp_client_open(o->node.ledger, NULL, &o->client, NULL), NULL);
}

void fake_object_stop(struct fake_object *o) {
    sp_client_close(o->client);
    for (uint32_t p = 0; p < o->positions; p++) {
        http_server_free(o->sps[p].server);
        for (uint64_t s = 0; s < o->segments; s++) {
            free(o->pieces[p * (size_t)o->segments + (size_t)s]);
            free(o->groups[p * (size_t)o->segments + (size_t)s]);
        }
        free(o->roots[p]);
    }
    free(o->pieces);
    free(o->groups);
    free(o->roots);
    free(o->payload);
    fake_node_stop(&o->node);
}
