/* SPDX-License-Identifier: Apache-2.0 */
/* MsgSubmitChallenge: somebody who may read an object and could not asks the ledger to ask. With a bond: it comes back
 * when the provider misses, and pays the provider when it answers. */
#include "x/challenge/msgs.h"

#include "chain/types/deal_state.h"
#include "chain/types/keys_challenge.h"
#include "chain/types/layout.h"
#include "x/auth/account.h"
#include "x/base/record.h"
#include "x/challenge/cooling.h"
#include "x/challenge/pick.h"
#include "x/challenge/record.h"
#include "x/storage/access.h"
#include "x/storage/bucket.h"
#include "x/storage/object.h"
#include "x/storage/slot.h"

int msg_submit_challenge_check(const void *msg, const Params *params, struct err *err) {
    const MsgSubmitChallenge *m = msg;
    (void)params;
    if (m->any_segment && m->segment)
        return err_set(err, CODE_CHALLENGE_SEGMENT, "either a segment is named, or any will do");
    if (m->position >= OBJECT_POSITIONS_MAX)
        return err_set(err, CODE_CHALLENGE_POSITION, "no object has %u positions", m->position + 1);
    return CODE_OK;
}

/* The object, which the signer may read, with the position and segment that it must have. */
static int find(struct ctx *ctx, const MsgSubmitChallenge *m, struct pick *ret, struct err *err) {
    BucketInfo *bucket = NULL;
    ObjectInfo *object = NULL;
    PlacementGroup *group = NULL;
    int rc = bucket_get(ctx, m->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = object_get(ctx, bucket, m->object_name, &object, err);
    if (rc == CODE_OK)
        rc = access_object(ctx, ACTION_GET_OBJECT, bucket, object, "submit challenge", err);
    if (rc == CODE_OK)
        rc = object_is_stored(object) ? CODE_OK : object_need_status(object, OBJECT_STATUS_SEALED, err);
    if (rc)
        return rc;
    if (object->slot == 0)
        return err_set(err, CODE_CHALLENGE_SEGMENT, "object %.200s has no bytes that could be missing",
                       object->object_name);
    rc = slot_group(ctx, object->bucket_id, object->slot, &group, err);
    if (rc)
        return rc;
    if (m->position >= group->n_members || m->position >= object->n_checksums)
        return err_set(err, CODE_CHALLENGE_POSITION, "object %.200s has positions 0 to %zu, not %u",
                       object->object_name, group->n_members - 1, m->position);
    if (!(deal_sealed_positions(object) >> m->position & 1))
        return err_set(err, CODE_CHALLENGE_VACANT, "position %u of object %.200s was declared lost; nobody holds it",
                       m->position, object->object_name);
    uint64_t segments = layout_segments(object->profile, object->payload_size);
    if (m->segment >= segments)
        return err_set(err, CODE_CHALLENGE_SEGMENT, "object %.200s has segments 0 to %llu, not %llu",
                       object->object_name, (unsigned long long)(segments - 1), (unsigned long long)m->segment);
    bool cooling = false;
    rc = cooling_is(ctx, object->id, m->position, &cooling, err);
    if (rc)
        return rc;
    if (cooling)
        return err_set(err, CODE_CHALLENGE_COOLING,
                       "position %u of object %.200s has cost its provider a slash a short time ago", m->position,
                       object->object_name);
    *ret = (struct pick){object, m->position, group->members[m->position]};
    return CODE_OK;
}

static int check_caps(struct ctx *ctx, struct err *err) {
    uint64_t cap = ctx->params->challenge->open_per_submitter, open = 0;
    bool deferred = false;
    int rc = challenge_count_submitted(ctx, &ctx->signer, cap, &open, err);
    if (rc == CODE_OK)
        rc = challenge_submit_deferred(ctx, &deferred, err);
    if (rc)
        return rc;
    if (open >= cap)
        return err_set(err, CODE_CHALLENGE_LIMIT, "the account has %llu open challenges, as many as allowed",
                       (unsigned long long)open);
    if (deferred)
        return err_set(err, CODE_CHALLENGE_DEFERRED,
                       "as many challenges are open as the ledger can carry answers for; try again later");
    return CODE_OK;
}

/* One that is open asks the same of the same provider: a second bond would buy nothing. */
static int check_segment(struct ctx *ctx, const Challenge *c, struct err *err) {
    struct key k;
    uint64_t id = 0;
    int rc = record_get_u64(ctx, key_challenge_segment(&k, c->object_id, c->position, c->segment), &id, err);
    if (rc == CODE_NOT_FOUND)
        return CODE_OK;
    return rc ? rc
              : err_set(err, CODE_CHALLENGE_OPEN, "challenge %llu asks for segment %llu at position %u already",
                        (unsigned long long)id, (unsigned long long)c->segment, c->position);
}

int msg_submit_challenge_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgSubmitChallenge *m = msg;
    struct pick pick = {0};
    struct draw draw;
    uint64_t id = 0, bond = ctx->params->challenge->submit_bond;
    int rc = find(ctx, m, &pick, err);
    if (rc == CODE_OK)
        rc = check_caps(ctx, err);
    if (rc == CODE_OK)
        rc = coins_to_module(ctx, &ctx->signer, MODULE_CHALLENGE, bond, err);
    if (rc == CODE_OK)
        rc = ctx_next_id(ctx, SEQ_CHALLENGE, &id, err);
    if (rc)
        return rc;
    draw_init(&draw, &ctx->seed, CHALLENGE_ORIGIN_SUBMITTED, id);
    Challenge *c = pick_challenge(ctx, &draw, id, &pick, m->any_segment ? PICK_ANY_SEGMENT : m->segment,
                                  CHALLENGE_ORIGIN_SUBMITTED);
    c->challenger = ctx_addr(ctx, &ctx->signer);
    c->bond = bond;
    rc = check_segment(ctx, c, err);
    if (rc == CODE_OK)
        rc = challenge_open(ctx, c, err);
    if (rc == CODE_OK)
        ctx_id(ctx, id);
    return rc;
}
