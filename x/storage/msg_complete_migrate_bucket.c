/* SPDX-License-Identifier: Apache-2.0 */
/* MsgCompleteMigrateBucket: a step of the destination towards the end of a migration. It names slots, some a message:
 * of one that another primary holds it takes over the first position from now on, alone in a placement group; one that
 * it holds it may put into another group of its own with the same members, which the primary of a bucket may do at any
 * time. Then the bucket is looked at. */
#include "x/storage/msgs.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/migrate.h"
#include "x/storage/regroup.h"
#include "x/storage/slot.h"

#include <inttypes.h>

int msg_complete_migrate_bucket_check(const void *msg, const Params *params, struct err *err) {
    const MsgCompleteMigrateBucket *m = msg;
    int rc = fields_check_bucket_name(m->bucket_name, err);
    if (rc == CODE_OK && m->n_slots > params->storage->migrate_slots_max)
        rc = err_set(err, CODE_MIGRATION_LIMIT, "%zu slots are named in one message, at most %" PRIu64 " are allowed",
                     m->n_slots, params->storage->migrate_slots_max);
    for (size_t i = 0; rc == CODE_OK && i < m->n_slots; i++)
        if (m->slots[i]->slot <= (i ? m->slots[i - 1]->slot : 0))
            rc = err_set(err, CODE_INVALID_ARGUMENT, "slots are numbered from 1 and named in ascending order");
    return rc;
}

struct step {
    BucketInfo *bucket;
    BucketMigration *migration; /* NULL: it is at its primary, which signs */
    uint32_t sp_id;
};

/* The destination signs; without a migration, the primary. */
static int authorise(struct ctx *ctx, struct step *s, struct err *err) {
    StorageProvider *sp = NULL;
    int rc = CODE_OK;
    s->sp_id = s->bucket->primary_sp;
    if (s->bucket->status == BUCKET_STATUS_MIGRATING)
        rc = migration_get(ctx, s->bucket, &s->migration, err);
    if (rc == CODE_OK && s->migration)
        s->sp_id = s->migration->to_sp;
    if (rc == CODE_OK)
        rc = sp_get(ctx, s->sp_id, &sp, err);
    if (rc == CODE_OK && !sp_is_operator(ctx, sp) && !sp_is_sealer(ctx, sp))
        rc = s->migration
                 ? err_set(err, CODE_DENIED, "bucket %s is on its way to provider %u, which alone completes that",
                           s->bucket->bucket_name, s->sp_id)
                 : migration_get(ctx, s->bucket, &s->migration, err); /* there is none: says so */
    return rc;
}

/* A slot that it holds goes into another group of its own. */
static int regroup(struct ctx *ctx, const struct step *s, BucketSlot *slot, PlacementGroup *from, uint64_t group_id,
                   struct err *err) {
    PlacementGroup *to = NULL;
    int rc = placement_get(ctx, group_id, &to, err);
    if (rc)
        return rc;
    if (to->id == from->id || to->status != GROUP_STATUS_OPEN || !placement_alike(from, to))
        return err_set(err, CODE_MIGRATION_SLOT,
                       "placement group %" PRIu64 " is not an open one with the members of group %" PRIu64
                       ", in which slot %" PRIu64 " lies",
                       group_id, from->id, slot->slot);
    if (from->reservations)
        return err_set(err, CODE_MIGRATION_SLOT, "a position of placement group %" PRIu64 " is being taken over",
                       from->id);
    return slot_regroup(ctx, s->bucket, slot, from, to, err);
}

static int take(struct ctx *ctx, const struct step *s, BucketSlot *slot, struct err *err) {
    PlacementGroup *part = NULL;
    if (!s->migration)
        return err_set(err, CODE_MIGRATION_SLOT,
                       "slot %" PRIu64 " of bucket %s is another primary's, and the bucket is not on its way",
                       slot->slot, s->bucket->bucket_name);
    int rc = slot_set_apart(ctx, s->bucket, slot, &part, err);
    return rc ? rc : sp_take_slot(ctx, part->id, s->sp_id, s->bucket->id, s->migration->deadline, err);
}

static int move(struct ctx *ctx, const struct step *s, const SlotMove *m, struct err *err) {
    struct key k;
    BucketSlot *slot = NULL;
    PlacementGroup *group = NULL;
    int rc = record_get(ctx, key_slot(&k, s->bucket->id, m->slot), &bucket_slot__descriptor, &slot, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_MIGRATION_SLOT, "bucket %s has no slot %" PRIu64, s->bucket->bucket_name, m->slot);
    if (rc == CODE_OK)
        rc = placement_get(ctx, slot->group_id, &group, err);
    if (rc)
        return rc;
    if (group->members[0] == s->sp_id)
        return m->group_id ? regroup(ctx, s, slot, group, m->group_id, err)
                           : err_set(err, CODE_MIGRATION_SLOT, "slot %" PRIu64 " of bucket %s is provider %u's already",
                                     m->slot, s->bucket->bucket_name, s->sp_id);
    if (m->group_id)
        return err_set(err, CODE_MIGRATION_SLOT,
                       "slot %" PRIu64
                       " of bucket %s is not provider %u's yet; it is taken over first, without a group",
                       m->slot, s->bucket->bucket_name, s->sp_id);
    return take(ctx, s, slot, err);
}

int msg_complete_migrate_bucket_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgCompleteMigrateBucket *m = msg;
    struct step s = {0};
    int rc = bucket_get(ctx, m->bucket_name, &s.bucket, err);
    if (rc == CODE_OK)
        rc = authorise(ctx, &s, err);
    for (size_t i = 0; rc == CODE_OK && i < m->n_slots; i++)
        rc = move(ctx, &s, m->slots[i], err);
    return rc || !s.migration ? rc : migration_look(ctx, s.bucket, err);
}
