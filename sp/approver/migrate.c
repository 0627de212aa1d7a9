/* SPDX-License-Identifier: Apache-2.0 */
/* May this bucket have this provider as its primary? */
#include "chain/base/num.h"
#include "chain/codec/pb.h"
#include "sp/approver/judge.h"

#include <inttypes.h>
#include <stdio.h>

enum { PATH_LEN = 160, PAGE = 100 };

/* What taking over the first position of one slot would bring here. */
static int judge_slot(const struct approver *a, const BucketSlot *slot, struct arena *arena, uint64_t *bytes,
                      struct err *err) {
    char path[PATH_LEN];
    PlacementGroup *group;
    uint32_t own = a->signer->sp_id;
    snprintf(path, sizeof path, "/sp/group?id=%" PRIu64, slot->group_id);
    int rc = ledger_query_pb(a->ledger, path, &placement_group__descriptor, arena, &group, err);
    if (rc || (group->n_members && group->members[0] == own))
        return rc;
    for (size_t i = 1; i < group->n_members; i++)
        if (group->members[i] == own)
            return err_set(err, CODE_MIGRATION_TARGET,
                           "this provider keeps position %zu of what slot %" PRIu64
                           " of the bucket has; another provider must take that over first",
                           i, slot->slot);
    uint64_t more = slot->n_held ? slot->held[0] : 0;
    if (!u64_add(*bytes, more, bytes))
        return err_set(err, CODE_OVERFLOW, "the bucket's slots count more bytes than there can be");
    return CODE_OK;
}

static int judge_slots(const struct approver *a, const BucketInfo *bucket, uint64_t *bytes, struct arena *arena,
                       struct err *err) {
    BucketSlotsAnswer *page = NULL;
    uint64_t after = 0;
    int rc = CODE_OK;
    do {
        char path[PATH_LEN];
        snprintf(path, sizeof path, "/storage/bucket_slots?bucket_id=%" PRIu64 "&start_after=%" PRIu64 "&limit=%d",
                 bucket->id, after, PAGE);
        rc = ledger_query_pb(a->ledger, path, &bucket_slots_answer__descriptor, arena, &page, err);
        for (size_t i = 0; !rc && i < page->n_slots; i++)
            rc = judge_slot(a, page->slots[i], arena, bytes, err);
        after = rc ? 0 : page->next;
    } while (!rc && after);
    return rc;
}

static int judge(const struct approver *a, const BucketInfo *bucket, struct arena *arena, struct err *err) {
    StorageProvider *own;
    uint64_t bytes = 0;
    int rc = judge_own(a, arena, &own, err);
    if (!rc)
        rc = judge_slots(a, bucket, &bytes, arena, err);
    if (rc)
        return rc;
    uint64_t all = bytes;
    if (!u64_add(all, own->reserved_bytes, &all))
        all = UINT64_MAX;
    rc = judge_capacity(own, all, err);
    return rc ? rc : judge_space(a, bytes, NULL, err);
}

int approver_migrate(struct approver *a, const struct caller *caller, struct bytes spec, struct arena *arena,
                     ApprovalBody **ret, struct err *err) {
    MigrateBucketSpec *s;
    BucketInfo *bucket;
    struct caller creator;
    int rc = pb_decode(&migrate_bucket_spec__descriptor, spec, arena, &s, err);
    if (!rc) {
        struct acting what = {.message = "MsgMigrateBucket", .bucket = s->bucket_name, .object = ""};
        rc = judge_creator(a, caller, s->creator, &what, &creator, err);
    }
    if (!rc && s->to_sp != a->signer->sp_id)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "the bucket is to move to provider %u, this is provider %u", s->to_sp,
                     a->signer->sp_id);
    if (!rc)
        rc = judge_bucket(a, s->bucket_name, arena, &bucket, err);
    if (!rc && bucket->id != s->bucket_id)
        rc = err_set(err, CODE_BUCKET_NOT_FOUND, "bucket %s has another id than the one named", s->bucket_name);
    if (!rc && bucket->primary_sp == s->to_sp)
        rc = err_set(err, CODE_MIGRATION_TARGET, "this provider is the primary of bucket %s already", s->bucket_name);
    if (!rc)
        rc = authenticator_may(a->auth, &creator, ACTION_UPDATE_BUCKET, s->bucket_name, "", 0, err);
    if (!rc)
        rc = judge(a, bucket, arena, err);
    return rc ? rc : judge_approve(a, spec, arena, ret, err);
}
