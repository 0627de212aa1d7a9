/* SPDX-License-Identifier: Apache-2.0 */
/* What modules ask of each other: each knows only its own small env, here they meet. */
#include "cairn/challenge.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/os/log.h"
#include "chain/types/deal_state.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "client/lib/piece_fetch.h"
#include "sp/cmd/daemon.h"
#include "sp/executor/repair.h"
#include "sp/gateway/parts.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/stages.h"
#include "sp/spdb/uploads.h"

#include <inttypes.h>
#include <stdio.h>

enum { LINK_ARENA_MAX = 16 << 20, LINK_PATH_MAX = 128, VERSIONS_MAX = 16, CHALLENGES_PAGE = 100 };

static uint64_t real_ms(void *ctx) {
    (void)ctx;
    return clock_real_ms();
}

/* --- damage
 * --------------------------------------------------------------------------------------------------------------- */

void links_piece_bad(void *ctx, const struct piece_key *key) {
    struct daemon *d = ctx;
    if (!holds_has(&d->holds, key->object_id))
        repair_request(&d->provider, key->object_id, key->version, key->position, key->segment);
}

static void scrub_found(void *ctx, const struct piece_key *key, int why) {
    (void)why;
    links_piece_bad(ctx, key);
}

void links_repaired(void *ctx, bool rebuilt) {
    struct daemon *d = ctx;
    scrubber_note_repair(d->scrubber, rebuilt);
}

static bool held_back(void *ctx, uint64_t object_id) {
    struct daemon *d = ctx;
    return holds_has(&d->holds, object_id);
}

struct scrubber_env links_scrubber(struct daemon *d) {
    return (struct scrubber_env){.ctx = d, .held_back = held_back, .piece_bad = scrub_found};
}

/* --- reads from others
 * ------------------------------------------------------------------------------------------------------ */

/* A segment from the other positions of the object, each piece verified. */
static int segment_from_others(void *ctx, const ObjectInfo *object, uint64_t segment, uint8_t *ret_segment,
                               struct err *err) {
    struct daemon *d = ctx;
    struct arena arena;
    struct placement placement;
    struct piece_fetch fetch;
    arena_init(&arena, LINK_ARENA_MAX);
    int rc = placement_find(d->ledger, object->bucket_name, object->object_name, 0, &arena, &placement, err);
    if (!rc && (placement.object->id != object->id || placement.object->version != object->version))
        rc = err_set(err, CODE_OBJECT_NOT_FOUND, "the object has been replaced meanwhile");
    if (!rc)
        rc = piece_fetch_init(&fetch, d->peers, &placement, err);
    if (!rc) {
        uint32_t own = placement_position_of(&placement, d->provider.sp_id);
        if (own != UINT32_MAX)
            fetch.skip = (uint64_t)1 << own;
        rc = piece_fetch_segment(&fetch, segment, ret_segment, NULL, err);
        piece_fetch_release(&fetch);
    }
    arena_release(&arena);
    return rc;
}

struct downloader_env links_downloader(struct daemon *d) {
    return (struct downloader_env){.ctx = d, .segment_from_others = segment_from_others, .piece_bad = links_piece_bad};
}

/* --- columns from a primary
 * -------------------------------------------------------------------------------------------------- */

static int check_ticket(void *ctx, const PieceTicket *ticket, struct err *err) {
    struct daemon *d = ctx;
    return gateway_check_ticket(&d->gateway, ticket, err);
}

static int sign_receipt(void *ctx, const Receipt *receipt, struct arena *arena, SignedReceipt **ret, struct err *err) {
    struct daemon *d = ctx;
    const Receipt *list[] = {receipt};
    return signer_receipts(&d->signer, list, 1, arena, ret, err);
}

struct receiver_env links_receiver(struct daemon *d) {
    return (struct receiver_env){
        .ctx = d, .real_ms = real_ms, .check_ticket = check_ticket, .sign_receipt = sign_receipt};
}

/* --- garbage
 * ------------------------------------------------------------------------------------------------------------------ */

/* Are we taking this position over? Then what we have of it is kept until that ends. */
static bool is_taking(struct daemon *d, const PlacementGroup *group, uint32_t position, struct arena *arena) {
    struct key k;
    SlotReservation *r;
    return group->reservations &&
           !ledger_record(d->ledger, key_reservation(&k, group->id, position), 0, &slot_reservation__descriptor, arena,
                          &r, NULL, NULL) &&
           r->sp_id == d->provider.sp_id;
}

/* Did the seal, proven, give this position to another provider? */
static bool is_others(struct daemon *d, const ObjectInfo *object, uint32_t position, struct arena *arena) {
    struct placement placement;
    if (!deal_is_stored(object) ||
        placement_find(d->ledger, object->bucket_name, object->object_name, 0, arena, &placement, NULL))
        return false;
    return placement.object->id == object->id && placement.object->version == object->version &&
           position < placement.positions && placement.sps[position]->id != d->provider.sp_id &&
           !is_taking(d, placement.group, position, arena);
}

/* Has this version of the object ended, or gone elsewhere? Proven where bytes would go for it. */
static int has_ended(struct daemon *d, uint64_t object_id, uint64_t version, uint32_t position, struct arena *arena,
                     bool *ret, struct err *err) {
    char path[LINK_PATH_MAX];
    struct bytes value;
    struct key k;
    ObjectInfo *object;
    int rc = ledger_record_raw(d->ledger, key_object_id(&k, object_id), 0, arena, &value, NULL, err);
    *ret = rc == CODE_NOT_FOUND;
    if (rc)
        return *ret ? CODE_OK : rc;
    snprintf(path, sizeof path, "/storage/object_by_id?id=%" PRIu64, object_id);
    rc = ledger_query_pb(d->ledger, path, &object_info__descriptor, arena, &object, err);
    bool here = !rc && (object->version == version || object->replacing == version);
    *ret = !rc && (!here || is_others(d, object, position, arena));
    return rc;
}

/* Is a challenge to this provider about the object open? Its bytes are still needed then. */
static int is_challenged(struct daemon *d, uint64_t object_id, struct arena *arena, bool *ret, struct err *err) {
    char path[LINK_PATH_MAX];
    ChallengesAnswer *answer;
    snprintf(path, sizeof path, "/challenge/challenges?object_id=%" PRIu64 "&limit=%d", object_id, CHALLENGES_PAGE);
    int rc = ledger_query_pb(d->ledger, path, &challenges_answer__descriptor, arena, &answer, err);
    *ret = false;
    for (size_t i = 0; !rc && i < answer->n_challenges; i++)
        *ret = *ret || (answer->challenges[i]->sp_id == d->provider.sp_id &&
                        answer->challenges[i]->status == CHALLENGE_STATUS_OPEN);
    return rc;
}

static int adopts(void *ctx, const Task *task, bool running, struct err *err) {
    (void)running, (void)err;
    return task->kind == TASK_KIND_ADOPT_STAGE && task->challenge_id == *(const uint64_t *)ctx ? CODE_DONE_ALREADY
                                                                                               : CODE_OK;
}

/* The ledger's time at a height up to which everything was followed; 0 when nobody can tell now. */
static uint64_t followed_time(struct daemon *d, struct arena *arena) {
    NodeStatus *status;
    return !ledger_status(d->ledger, arena, &status, NULL) && follower_height(&d->follower) >= status->height
               ? status->ledger_time
               : 0;
}

/* A stage goes when the ledger can store it no more: all blocks up to the time when its receipts end were followed, and
 * none of them has. */
static enum gc_verdict stage_verdict(struct daemon *d, uint64_t stage, uint64_t version, uint32_t position) {
    struct arena arena;
    HeldPosition *held;
    arena_init(&arena, LINK_ARENA_MAX);
    int rc = held_get(&d->db, stage, version, position, &arena, &held, NULL);
    bool over = rc == CODE_NOT_FOUND || (!rc && held->valid_until < followed_time(d, &arena));
    arena_release(&arena);
    return over && !manager_each(&d->manager, adopts, &stage, NULL) ? GC_DELETE : GC_KEEP;
}

static enum gc_verdict may_delete(void *ctx, uint64_t object_id, uint64_t version, uint32_t position) {
    struct daemon *d = ctx;
    struct arena arena;
    struct err err;
    bool ended = false, challenged = false;
    if (stage_is(object_id))
        return stage_verdict(d, object_id, version, position);
    err_clear(&err);
    arena_init(&arena, LINK_ARENA_MAX);
    int rc = has_ended(d, object_id, version, position, &arena, &ended, &err);
    if (!rc && ended)
        rc = is_challenged(d, object_id, &arena, &challenged, &err);
    arena_release(&arena);
    return rc || !ended ? GC_KEEP : challenged ? GC_WAIT : GC_DELETE;
}

struct gc_env links_gc(struct daemon *d) {
    return (struct gc_env){.ctx = d, .real_ms = real_ms, .may_delete = may_delete};
}

/* --- what was staged and is stored now
 * ------------------------------------------------------------------------------------ */

int links_adopt_task(void *ctx, const Task *task, bool *ret_final, struct err *err) {
    struct daemon *d = ctx;
    struct arena arena;
    ObjectInfo *o;
    arena_init(&arena, LINK_ARENA_MAX);
    int rc = lookup_version(&d->gateway, task->object_id, task->segment, &arena, &o, err);
    if (rc == CODE_OBJECT_VERSION || rc == CODE_OBJECT_NOT_FOUND) {
        rc = CODE_OK; /* it has ended meanwhile, and the stage will */
    } else if (!rc) {
        rc = receiver_adopt(&d->receiver, task->challenge_id, task->position, o, err);
        *ret_final = rc == CODE_CONFLICT;
        if (!rc)
            log_info("executor", "a stage became an object's", "object=%" PRIu64 " version=%" PRIu64 " position=%u",
                     task->object_id, task->segment, task->position);
    }
    arena_release(&arena);
    return rc;
}

struct versions {
    uint64_t version[VERSIONS_MAX];
    size_t count;
};

static void add_version(struct versions *v, uint64_t version) {
    for (size_t i = 0; i < v->count; i++)
        if (v->version[i] == version)
            return;
    if (v->count < VERSIONS_MAX) /* more come with the next run */
        v->version[v->count++] = version;
}

static int note_version(void *ctx, struct bytes key, const void *msg, struct err *err) {
    const HeldPosition *held = msg;
    (void)key, (void)err;
    add_version(ctx, held->version);
    return CODE_OK;
}

static int list_versions(struct daemon *d, uint64_t object_id, struct versions *ret, struct err *err) {
    struct arena arena;
    UploadRecord *upload;
    int rc = held_each(&d->db, object_id, note_version, ret, err);
    if (rc)
        return rc;
    arena_init(&arena, LINK_ARENA_MAX);
    rc = upload_get(&d->db, object_id, &arena, &upload, err);
    if (!rc && upload->object)
        add_version(ret, upload->object->version);
    arena_release(&arena);
    return rc == CODE_NOT_FOUND ? CODE_OK : rc;
}

/* Another version than the one that ended is being stored here: its replication goes on. */
static bool is_on_its_way(struct daemon *d, const Task *task) {
    struct arena arena;
    UploadRecord *upload;
    arena_init(&arena, LINK_ARENA_MAX);
    bool other = task->segment && !upload_get(&d->db, task->object_id, &arena, &upload, NULL) && upload->object &&
                 upload->object->version != task->segment;
    arena_release(&arena);
    return other;
}

int links_gc_task(void *ctx, const Task *task, bool *ret_final, struct err *err) {
    struct daemon *d = ctx;
    struct versions versions = {.count = 0};
    (void)ret_final;
    if (task->segment) /* one version */
        add_version(&versions, task->segment);
    int rc = task->segment ? CODE_OK : list_versions(d, task->object_id, &versions, err), worst = rc;
    for (size_t i = 0; !rc && i < versions.count; i++) {
        int one = gc_object(&d->gc, task->object_id, versions.version[i], "the object has ended", false, err);
        worst = one ? one : worst;
    }
    if (!worst && !is_on_its_way(d, task))
        replicator_ended(&d->replicator, task->object_id, "the object has ended");
    return worst;
}
