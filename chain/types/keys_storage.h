/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEYS_STORAGE_H
#define CAIRN_CHAIN_TYPES_KEYS_STORAGE_H
/* Keys of x/storage; each builds into *k and returns it as bytes, borrowed from k. Where a value is called empty, the
 * key alone says it. */
#include "chain/types/key.h"

/* --- buckets: 'b' name -> BucketInfo; 'i' id -> BucketLocation; 'o' owner, name -> empty; 'c' owner -> OwnerCounts ---
 */
struct bytes key_bucket(struct key *k, const char *bucket_name);
struct bytes key_bucket_id(struct key *k, uint64_t bucket_id);
struct bytes key_bucket_owner(struct key *k, const struct addr *owner,
                              const char *bucket_name); /* "" = all of the owner */
struct bytes key_owner_counts(struct key *k, const struct addr *owner);
struct bytes key_owner_counts_all(struct key *k);

/* --- objects: 'n' bucket id, name -> ObjectInfo; 'j' object id -> ObjectLocation --- */
struct bytes key_object(struct key *k, uint64_t bucket_id, const char *object_name); /* "" = all of the bucket */
struct bytes key_object_id(struct key *k, uint64_t object_id);
/* Queues. 'u' create deadline, object id -> empty: not sealed yet. 'e' ends_at, object id -> empty: ends by itself.
 * 'l' bucket id, ends_at, object id -> empty: the same by bucket; its first is what the bucket's terms are paid up to.
 */
/* 'r' bucket id, name -> ObjectInfo: a version on its way to replace the one under that name. */
struct bytes key_replacement(struct key *k, uint64_t bucket_id, const char *object_name); /* "" = all of the bucket */
/* 'v' bucket id, name -> EndedObject; 'V' kept_until, bucket id, name -> empty. */
struct bytes key_ended(struct key *k, uint64_t bucket_id, const char *object_name);
struct bytes key_ended_until(struct key *k, uint64_t kept_until, uint64_t bucket_id, const char *object_name);
struct bytes key_ended_all(struct key *k);
struct bytes key_ended_until_all(struct key *k);
/* 'R' renew_at, object id -> empty. 'd' discontinue_at, object id -> empty; 'f' the same for buckets. 'H' sp ->
 * DiscontinueWindow. */
struct bytes key_renewal(struct key *k, uint64_t renew_at, uint64_t object_id);
struct bytes key_renewal_all(struct key *k);
struct bytes key_discontinued(struct key *k, uint64_t at, uint64_t object_id);
struct bytes key_discontinued_all(struct key *k);
struct bytes key_discontinued_bucket(struct key *k, uint64_t at, uint64_t bucket_id);
struct bytes key_discontinued_bucket_all(struct key *k);
struct bytes key_discontinue_window(struct key *k, uint32_t sp_id);
/* Upload ids that one-step seals have used. 'p' creator, upload id (16 bytes) -> valid_until u64be; 'P' valid_until,
 * creator, upload id -> empty. */
struct bytes key_upload(struct key *k, const struct addr *creator, struct bytes upload_id);
struct bytes key_upload_until(struct key *k, uint64_t valid_until, const struct addr *creator, struct bytes upload_id);
struct bytes key_unsealed(struct key *k, uint64_t deadline, uint64_t object_id);
struct bytes key_expiry(struct key *k, uint64_t ends_at, uint64_t object_id);
struct bytes key_bucket_end(struct key *k, uint64_t bucket_id, uint64_t ends_at, uint64_t object_id);
struct bytes key_bucket_end_all(struct key *k, uint64_t bucket_id);
struct bytes key_unsealed_all(struct key *k);
struct bytes key_expiry_all(struct key *k);

/* --- groups of accounts: 'g' owner, name -> GroupInfo; 'k' id -> GroupLocation; 'm' id, account -> GroupMember.
 * Queues: 'h' expires_at, group id, account -> empty: membership ends; 'z' time, group id -> empty: members of a group
 * that is gone --- */
struct bytes key_group(struct key *k, const struct addr *owner, const char *group_name); /* "" = all of the owner */
struct bytes key_group_id(struct key *k, uint64_t group_id);
struct bytes key_group_ids(struct key *k);
struct bytes key_member(struct key *k, uint64_t group_id, const struct addr *account);
struct bytes key_members(struct key *k); /* prefix: of all groups */
struct bytes key_member_all(struct key *k, uint64_t group_id);
struct bytes key_member_expiry(struct key *k, uint64_t expires_at, uint64_t group_id, const struct addr *account);
struct bytes key_member_expiry_all(struct key *k);
struct bytes key_group_gone(struct key *k, uint64_t time, uint64_t group_id);
struct bytes key_group_gone_all(struct key *k);

/* --- slots: 's' bucket id, slot -> BucketSlot; 't' bucket id, placement group id -> slot u64be; 'T' the same for
 * objects with a term --- */
struct bytes key_slot(struct key *k, uint64_t bucket_id, uint64_t slot);
struct bytes key_slot_all(struct key *k, uint64_t bucket_id);
struct bytes key_slot_of_group(struct key *k, uint64_t bucket_id, uint64_t group_id, bool prepaid);

/* --- migrations: 'M' bucket id -> BucketMigration; 'N' destination, bucket id -> empty. Queues: 'D' deadline, bucket
 * id
 * -> empty; 'G' time, placement group, bucket id, slot -> empty: its primary has changed, which the buckets of the
 * slots behind this one have yet to hear --- */
struct bytes key_migration(struct key *k, uint64_t bucket_id);
struct bytes key_migrations(struct key *k);
struct bytes key_sp_migration(struct key *k, uint32_t sp_id, uint64_t bucket_id);
struct bytes key_sp_migrations(struct key *k, uint32_t sp_id);
struct bytes key_migration_due(struct key *k, uint64_t deadline, uint64_t bucket_id);
struct bytes key_migration_due_all(struct key *k);
struct bytes key_primary_news(struct key *k, uint64_t time, uint64_t group_id, uint64_t bucket_id, uint64_t slot);

/* --- used approvals: 'a' sp, nonce -> timeout u64be; 'q' timeout, sp, nonce -> empty --- */
struct bytes key_nonce(struct key *k, uint32_t sp_id, uint64_t nonce);
struct bytes key_nonce_timeout(struct key *k, uint64_t timeout, uint32_t sp_id, uint64_t nonce);
struct bytes key_nonce_timeout_all(struct key *k);

/*
 * --- weights: what challenges are drawn by. A set is a level with the id of its holder:
 *     WEIGHT_SPS (0, 0) all SPs; WEIGHT_GROUPS (0, sp id) placement groups of an SP; WEIGHT_SLOTS (0, group id) bucket
 *     slots of a group; WEIGHT_OBJECTS (bucket id, slot) objects of a slot.
 *     'w' set -> WeightSet; 'x' set, class, index -> WeightRef; 'y' set, item -> WeightItem
 */
enum weight_level { WEIGHT_SPS = 0, WEIGHT_GROUPS = 1, WEIGHT_SLOTS = 2, WEIGHT_OBJECTS = 3 };
struct weight_id {
    enum weight_level level;
    uint64_t a, b;
};
struct bytes key_weight_set(struct key *k, const struct weight_id *set);
struct bytes key_weight_index(struct key *k, const struct weight_id *set, uint8_t class, uint64_t index);
struct bytes key_weight_index_all(struct key *k, const struct weight_id *set);
struct bytes key_weight_item(struct key *k, const struct weight_id *set, uint64_t a, uint64_t b);
struct bytes key_weight_item_all(struct key *k, const struct weight_id *set);
struct bytes key_weight_set_all(struct key *k);

#endif
