/* SPDX-License-Identifier: Apache-2.0 */
#include "cairn/sp.h"
#include "chain/http/uri.h"
#include "chain/os/clock.h"
#include "chain/types/deal_state.h"
#include "chain/types/keys_storage.h"
#include "chain/types/name.h"
#include "sp/gateway/parts.h"
#include "sp/spdb/pieces.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    LOOKUP_ARENA_MAX = 1 << 20,
    LOOKUP_PATH_MAX = 8192,
    SHORT_PATH_MAX = 128,
    SETTLED_BLOCKS = 16,
    SETTLE_MS = 5000
};

#define SETTLE_STEP_NS ((uint64_t)200000000)

/* what: "object", or "replacement" for the version on its way. */
static int ask_object(struct gateway *g, const char *what, const char *bucket, const char *key, struct arena *arena,
                      ObjectInfo **ret, struct err *err) {
    struct buf path;
    buf_init(&path, LOOKUP_PATH_MAX);
    buf_put_str(&path, "/storage/");
    buf_put_str(&path, what);
    buf_put_str(&path, "?bucket_name=");
    uri_encode(&path, bytes_str(bucket), false);
    buf_put_str(&path, "&object_name=");
    uri_encode(&path, bytes_str(key), false);
    const char *text = buf_failed(&path) ? NULL : buf_cstr(&path);
    int rc = text ? ledger_query_pb(g->m.ledger, text, &object_info__descriptor, arena, ret, err)
                  : err_set(err, CODE_TOO_LARGE, "the object's name is too long");
    buf_release(&path);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, CODE_OBJECT_NOT_FOUND, "there is no object %.200s in bucket %s", key, bucket);
    return rc;
}

static bool is_missing(int rc) {
    return rc == CODE_OBJECT_NOT_FOUND || rc == CODE_BUCKET_NOT_FOUND;
}

/* Waits until the node has a block more than now, at most as long as one question takes. */
static void wait_block(struct gateway *g) {
    struct arena arena;
    NodeStatus *status;
    struct bytes value;
    struct key k;
    arena_init(&arena, LOOKUP_ARENA_MAX);
    if (!ledger_status(g->m.ledger, &arena, &status, NULL))
        (void)ledger_record_raw(g->m.ledger, key_bucket(&k, "a"), status->height, &arena, &value, NULL, NULL);
    arena_release(&arena);
}

int lookup_object(struct gateway *g, const char *bucket, const char *key, bool fresh, struct arena *arena,
                  ObjectInfo **ret, struct err *err) {
    int rc = name_check_bucket(bucket, err);
    if (!rc)
        rc = name_check_object(key, err);
    if (!rc)
        rc = ask_object(g, "object", bucket, key, arena, ret, err);
    if (fresh && is_missing(rc)) {
        wait_block(g);
        rc = ask_object(g, "object", bucket, key, arena, ret, err);
    }
    if (!rc && !(*ret)->profile)
        rc = err_set(err, CODE_CORRUPT, "the object's record has no profile");
    return rc;
}

static int ask_by_id(struct gateway *g, uint64_t object_id, struct arena *arena, ObjectInfo **ret, struct err *err) {
    char path[SHORT_PATH_MAX];
    snprintf(path, sizeof path, "/storage/object_by_id?id=%" PRIu64, object_id);
    int rc = ledger_query_pb(g->m.ledger, path, &object_info__descriptor, arena, ret, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, CODE_OBJECT_NOT_FOUND, "there is no object %" PRIu64, object_id);
    if (!rc && !(*ret)->profile)
        rc = err_set(err, CODE_CORRUPT, "the object's record has no profile");
    return rc;
}

int lookup_by_id(struct gateway *g, uint64_t object_id, bool fresh, struct arena *arena, ObjectInfo **ret,
                 struct err *err) {
    int rc = ask_by_id(g, object_id, arena, ret, err);
    if (fresh && is_missing(rc)) {
        wait_block(g);
        rc = ask_by_id(g, object_id, arena, ret, err);
    }
    return rc;
}

int lookup_on_its_way(struct gateway *g, ObjectInfo *object, struct arena *arena, ObjectInfo **ret, struct err *err) {
    *ret = object;
    if (!object->replacing)
        return CODE_OK;
    int rc = ask_object(g, "replacement", object->bucket_name, object->object_name, arena, ret, err);
    if (!is_missing(rc))
        return rc;
    *ret = object; /* sealed or given up just now */
    return CODE_OK;
}

int lookup_version(struct gateway *g, uint64_t object_id, uint64_t version, struct arena *arena, ObjectInfo **ret,
                   struct err *err) {
    ObjectInfo *object;
    int rc = lookup_by_id(g, object_id, true, arena, &object, err);
    if (!rc && object->version < version && object->replacing != version) {
        wait_block(g);
        rc = ask_by_id(g, object_id, arena, &object, err);
    }
    if (!rc && object->replacing == version)
        rc = lookup_on_its_way(g, object, arena, &object, err);
    if (!rc && object->version != version)
        rc = err_set(err, CODE_OBJECT_VERSION, "object %" PRIu64 " has version %" PRIu64 ", not %" PRIu64, object_id,
                     object->version, version);
    if (!rc)
        *ret = object;
    return rc;
}

int lookup_sealed(struct gateway *g, uint64_t object_id, const uint64_t *version, struct arena *arena, ObjectInfo **ret,
                  struct err *err) {
    ObjectInfo *object;
    int rc = ask_by_id(g, object_id, arena, &object, err);
    if (!rc && version && object->version != *version)
        rc = err_set(err, CODE_OBJECT_NOT_FOUND, "there is no version %" PRIu64 " of object %" PRIu64, *version,
                     object_id);
    if (!rc && !deal_is_stored(object))
        rc = err_set(err, CODE_OBJECT_STATUS, "object %" PRIu64 " is not sealed: nothing of it can be read", object_id);
    if (!rc)
        *ret = object;
    return rc;
}

/* --- what was sealed a moment ago --- */

static int adopts_object(void *ctx, const Task *task, bool running, struct err *err) {
    (void)running, (void)err;
    return task->kind == TASK_KIND_ADOPT_STAGE && task->object_id == *(const uint64_t *)ctx ? CODE_DONE_ALREADY
                                                                                            : CODE_OK;
}

static bool is_settled(struct gateway *g, const ObjectInfo *o) {
    struct arena arena;
    HeldPosition *held;
    arena_init(&arena, LOOKUP_ARENA_MAX);
    bool here = !held_any(g->m.db, o->id, o->version, &arena, &held, NULL);
    arena_release(&arena);
    uint64_t id = o->id;
    return here ||
           (follower_height(g->m.follower) > o->sealed_at && !manager_each(g->m.manager, adopts_object, &id, NULL));
}

void lookup_settle(struct gateway *g, const ObjectInfo *o) {
    if (follower_height(g->m.follower) > o->sealed_at + SETTLED_BLOCKS)
        return;
    uint64_t until = deadline_in_ms(SETTLE_MS);
    for (;;) {
        uint64_t seen = spdb_writes(g->m.db), now = clock_mono_ns(), step = now + SETTLE_STEP_NS;
        if (is_settled(g, o) || now >= until)
            return;
        spdb_wait_write(g->m.db, seen, step < until ? step : until); /* the follower's height is no write */
    }
}

/* Is this provider taking over one of the group's positions? */
static bool is_successor(struct gateway *g, const PlacementGroup *group, uint32_t sp_id, struct arena *arena) {
    char path[SHORT_PATH_MAX];
    SlotReservation *r;
    for (size_t i = 0; group->reservations && i < group->n_members; i++) {
        snprintf(path, sizeof path, "/sp/reservation?group_id=%" PRIu64 "&position=%zu", group->id, i);
        if (!ledger_query_pb(g->m.ledger, path, &slot_reservation__descriptor, arena, &r, NULL) && r->sp_id == sp_id)
            return true;
    }
    return false;
}

/* Is this provider a member of the object's placement group, or about to be one? */
static bool is_member(struct gateway *g, const ObjectInfo *object, uint32_t sp_id, struct arena *arena) {
    char path[SHORT_PATH_MAX];
    BucketSlot *slot;
    PlacementGroup *group;
    snprintf(path, sizeof path, "/storage/slot?bucket_id=%" PRIu64 "&slot=%" PRIu64, object->bucket_id, object->slot);
    if (ledger_query_pb(g->m.ledger, path, &bucket_slot__descriptor, arena, &slot, NULL))
        return false;
    snprintf(path, sizeof path, "/sp/group?id=%" PRIu64, slot->group_id);
    if (ledger_query_pb(g->m.ledger, path, &placement_group__descriptor, arena, &group, NULL))
        return false;
    for (size_t i = 0; i < group->n_members; i++)
        if (group->members[i] == sp_id)
            return true;
    return is_successor(g, group, sp_id, arena);
}

int lookup_may_read(struct gateway *g, const struct caller *caller, const ObjectInfo *object, bool *ret_peer,
                    struct err *err) {
    struct arena arena;
    uint32_t sp_id;
    *ret_peer = false;
    int rc = authenticator_may(g->m.auth, caller, ACTION_GET_OBJECT, object->bucket_name, object->object_name, 0, err);
    if (rc != CODE_DENIED)
        return rc;
    arena_init(&arena, LOOKUP_ARENA_MAX);
    *ret_peer = !authenticator_peer(g->m.auth, caller, &sp_id, NULL) && is_member(g, object, sp_id, &arena);
    arena_release(&arena);
    return *ret_peer ? CODE_OK : rc;
}
