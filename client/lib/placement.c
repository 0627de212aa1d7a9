/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/placement.h"

#include "chain/types/deal_state.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "chain/types/layout.h"
#include "chain/types/name.h"

enum { FIND_TRIES = 3 }; /* of an object that is replaced between the proofs of its records */

int placement_bucket(struct ledger *ledger, const char *bucket, uint64_t min_height, struct arena *arena,
                     BucketInfo **ret, struct err *err) {
    struct key k;
    int rc = name_check_bucket(bucket, err);
    if (!rc)
        rc = ledger_record(ledger, key_bucket(&k, bucket), min_height, &bucket_info__descriptor, arena, ret, NULL, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, rc, "there is no bucket named %s", bucket);
    return rc;
}

int placement_sp(struct ledger *ledger, uint32_t sp_id, struct arena *arena, StorageProvider **ret, struct err *err) {
    struct key k;
    int rc = ledger_record(ledger, key_sp(&k, sp_id), 0, &storage_provider__descriptor, arena, ret, NULL, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, rc, "there is no storage provider %u", sp_id);
    return rc;
}

/* Slot, group and members of a sealed object. */
static int find_members(struct ledger *ledger, struct arena *arena, struct placement *p, struct err *err) {
    struct key k;
    BucketSlot *slot;
    PlacementGroup *group;
    int rc = ledger_record(ledger, key_slot(&k, p->object->bucket_id, p->object->slot), p->height,
                           &bucket_slot__descriptor, arena, &slot, NULL, err);
    if (rc)
        return err_wrap(err, rc, "slot of the object");
    rc = ledger_record(ledger, key_placement_group(&k, slot->group_id), p->height, &placement_group__descriptor, arena,
                       &group, NULL, err);
    if (rc)
        return err_wrap(err, rc, "placement group of the object");
    uint32_t positions = profile_positions(p->object->profile);
    if (group->n_members != positions || p->object->n_checksums != positions)
        return err_set(err, CODE_CORRUPT, "the object's records contradict each other");
    const StorageProvider **sps = arena_array(arena, positions, sizeof *sps);
    if (!sps)
        return err_set(err, CODE_NO_MEMORY, "no memory for the object's placement");
    for (uint32_t i = 0; !rc && i < positions; i++) {
        StorageProvider *sp;
        rc = placement_sp(ledger, group->members[i], arena, &sp, err);
        sps[i] = rc ? NULL : sp;
    }
    if (rc)
        return rc;
    p->group = group;
    p->sps = sps;
    p->positions = positions;
    return CODE_OK;
}

/* *ret_moved: the object's slot is gone, because the object is by now another version of it. */
static int find_once(struct ledger *ledger, const char *bucket, const char *object, uint64_t min_height,
                     struct arena *arena, struct placement *ret, bool *ret_moved, struct err *err) {
    struct placement p = {.group = NULL};
    struct key k;
    BucketInfo *bucket_info;
    ObjectInfo *object_info;
    int rc = placement_bucket(ledger, bucket, min_height, arena, &bucket_info, err);
    if (!rc)
        rc = name_check_object(object, err);
    if (rc)
        return rc;
    rc = ledger_record(ledger, key_object(&k, bucket_info->id, object), min_height, &object_info__descriptor, arena,
                       &object_info, &p.height, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, rc, "there is no object %s in bucket %s", object, bucket);
    if (rc)
        return rc;
    p.bucket = bucket_info;
    p.object = object_info;
    if (!object_info->profile || profile_check(object_info->profile, NULL))
        return err_set(err, CODE_CORRUPT, "the object's record has no valid profile");
    if (deal_is_stored(object_info) && object_info->payload_size)
        rc = find_members(ledger, arena, &p, err);
    *ret_moved = rc == CODE_NOT_FOUND;
    if (!rc)
        *ret = p;
    return rc;
}

int placement_find(struct ledger *ledger, const char *bucket, const char *object, uint64_t min_height,
                   struct arena *arena, struct placement *ret, struct err *err) {
    bool moved = false;
    int rc = CODE_OK;
    for (int i = 0; i == 0 || (moved && i < FIND_TRIES); i++) {
        moved = false;
        rc = find_once(ledger, bucket, object, min_height, arena, ret, &moved, err);
    }
    return rc;
}

int placement_replacement(struct ledger *ledger, const struct placement *found, struct arena *arena, ObjectInfo **ret,
                          struct err *err) {
    struct key k;
    int rc = ledger_record(ledger, key_replacement(&k, found->bucket->id, found->object->object_name), found->height,
                           &object_info__descriptor, arena, ret, NULL, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, rc, "nothing is on its way to replace %s", found->object->object_name);
    return rc;
}

uint32_t placement_position_of(const struct placement *p, uint32_t sp_id) {
    for (uint32_t i = 0; i < p->positions; i++)
        if (p->sps[i]->id == sp_id)
            return i;
    return UINT32_MAX;
}
