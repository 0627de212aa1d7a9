/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/spdb/stages.h"

#include "chain/base/code.h"
#include "chain/base/num.h"
#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/types/layout.h"
#include "sp/spdb/pieces.h"

#include <inttypes.h>

#define STAGE_BIT  ((uint64_t)1 << 63)
#define ARENA_ROOM ((size_t)64 * KIB)

uint64_t stage_id(uint64_t bucket_id, struct bytes upload_id, const char *object_name) {
    uint8_t bucket[8];
    store_be64(bucket, bucket_id);
    struct bytes parts[] = {bytes_of(bucket, sizeof bucket), upload_id, bytes_str(object_name)};
    struct hash hash = hash_parts(DOMAIN_STAGE, parts, sizeof parts / sizeof *parts);
    return load_be64(hash.b) | STAGE_BIT;
}

int stage_each(struct spdb *db, spdb_visit *visit, void *ctx, struct err *err) {
    struct spdb_key from = {.len = 0};
    spdb_key_u64(&from, STAGE_BIT);
    return spdb_each(db, SPDB_HELD, BYTES_NONE, spdb_key_of(&from), &held_position__descriptor, visit, ctx, err);
}

/* --- limits --- */

struct counting {
    struct bytes creator;
    struct stage_usage usage;
};

static uint64_t bytes_held(const HeldPosition *held) {
    return layout_position_bytes(held->profile, held->payload_size, held->position);
}

static int count_one(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct counting *c = ctx;
    const HeldPosition *held = msg;
    (void)key, (void)err;
    c->usage.count++;
    if (!bytes_eq(pb_bytes(held->creator), c->creator))
        return CODE_OK;
    c->usage.account_count++;
    c->usage.account_bytes += held->profile ? bytes_held(held) : 0;
    return CODE_OK;
}

int stage_usage(struct spdb *db, struct bytes creator, struct stage_usage *ret, struct err *err) {
    struct counting c = {.creator = creator};
    int rc = stage_each(db, count_one, &c, err);
    if (!rc)
        *ret = c.usage;
    return rc;
}

int stage_check(const struct stage_usage *u, uint64_t bytes, const struct stage_limits *l, struct err *err) {
    if (l->count && u->count >= l->count)
        return err_set(err, CODE_LIMIT, "%" PRIu64 " positions are staged here, as many as may be; try again later",
                       u->count);
    if (l->account_count && u->account_count >= l->account_count)
        return err_set(err, CODE_LIMIT,
                       "the account has %" PRIu64 " positions staged here, as many as it may: store them, or wait "
                       "until they are over",
                       u->account_count);
    if (l->account_bytes && (bytes > l->account_bytes || u->account_bytes > l->account_bytes - bytes))
        return err_set(err, CODE_LIMIT,
                       "the account has %" PRIu64 " bytes staged here; %" PRIu64 " more would be over the %" PRIu64
                       " that it may",
                       u->account_bytes, bytes, l->account_bytes);
    return CODE_OK;
}

/* --- records --- */

static bool same_stage(const HeldPosition *a, const HeldPosition *b) {
    return a->payload_size == b->payload_size && a->bucket_id == b->bucket_id && a->profile && b->profile &&
           profile_eq(a->profile, b->profile) && bytes_eq(pb_bytes(a->creator), pb_bytes(b->creator)) &&
           bytes_eq(pb_bytes(a->upload_id), pb_bytes(b->upload_id)) && !strcmp(a->object_name, b->object_name);
}

static int open_fresh(struct spdb *db, const HeldPosition *fresh, const struct stage_limits *limits, struct err *err) {
    struct stage_usage usage;
    int rc = stage_usage(db, pb_bytes(fresh->creator), &usage, err);
    if (!rc)
        rc = stage_check(&usage, bytes_held(fresh), limits, err);
    return rc ? rc : held_put(db, fresh, err);
}

int stage_open(struct spdb *db, const HeldPosition *fresh, const struct stage_limits *limits, struct err *err) {
    struct arena arena;
    HeldPosition *there;
    arena_init(&arena, ARENA_ROOM);
    mutex_lock(&db->updating);
    int rc = held_get(db, fresh->object_id, fresh->version, fresh->position, &arena, &there, err);
    if (rc == CODE_NOT_FOUND) {
        rc = gc_check(db, fresh->object_id, fresh->version, fresh->position, err);
        if (!rc)
            rc = open_fresh(db, fresh, limits, err);
    } else if (!rc && !same_stage(there, fresh)) {
        rc = err_set(err, CODE_CONFLICT, "that upload is staged here already with other content");
    } else if (!rc && there->valid_until < fresh->valid_until) {
        there->valid_until = fresh->valid_until;
        rc = held_put(db, there, err);
    }
    mutex_unlock(&db->updating);
    arena_release(&arena);
    return rc;
}

int stage_promise(struct spdb *db, const HeldPosition *held, struct err *err) {
    struct arena arena;
    HeldPosition *there;
    arena_init(&arena, ARENA_ROOM);
    mutex_lock(&db->updating);
    int rc = held_get(db, held->object_id, held->version, held->position, &arena, &there, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, rc, "what was staged is over, or stored already");
    if (!rc)
        rc = held_put(db, held, err);
    mutex_unlock(&db->updating);
    arena_release(&arena);
    return rc;
}

/* --- from a stage to an object --- */

int stage_adopt(struct spdb *db, const HeldPosition *held, uint64_t object_id, uint64_t version,
                const struct hash *roots, uint64_t segments, uint64_t now_ms, struct err *err) {
    HeldPosition kept = *held;
    struct spdb_batch batch;
    kept.object_id = object_id;
    kept.version = version;
    kept.sealed = true;
    kept.expires_ms = 0;
    int rc = spdb_begin(db, &batch, err);
    if (rc)
        return rc;
    held_put_in(&batch, &kept);
    for (uint64_t s = 0; s < segments; s++) {
        struct piece_key key = {object_id, version, held->position, s};
        piece_root_put_in(&batch, &key, &roots[s]);
    }
    gc_mark_in(&batch, held->object_id, held->version, held->position, "became an object's", now_ms);
    return spdb_commit(&batch, err);
}
