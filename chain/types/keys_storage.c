/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_storage.h"

static void start(struct key *k, char kind) {
    key_begin(k, KEY_STORAGE, kind);
}

struct bytes key_bucket(struct key *k, const char *bucket_name) {
    start(k, 'b');
    key_add_name(k, bucket_name);
    return key_bytes(k);
}

struct bytes key_bucket_id(struct key *k, uint64_t bucket_id) {
    start(k, 'i');
    key_add_u64(k, bucket_id);
    return key_bytes(k);
}

struct bytes key_bucket_owner(struct key *k, const struct addr *owner, const char *bucket_name) {
    start(k, 'o');
    key_add_addr(k, owner);
    key_add_name(k, bucket_name);
    return key_bytes(k);
}

struct bytes key_owner_counts_all(struct key *k) {
    start(k, 'c');
    return key_bytes(k);
}

struct bytes key_owner_counts(struct key *k, const struct addr *owner) {
    key_owner_counts_all(k);
    key_add_addr(k, owner);
    return key_bytes(k);
}

struct bytes key_object(struct key *k, uint64_t bucket_id, const char *object_name) {
    start(k, 'n');
    key_add_u64(k, bucket_id);
    key_add_name(k, object_name);
    return key_bytes(k);
}

struct bytes key_object_id(struct key *k, uint64_t object_id) {
    start(k, 'j');
    key_add_u64(k, object_id);
    return key_bytes(k);
}

struct bytes key_replacement(struct key *k, uint64_t bucket_id, const char *object_name) {
    start(k, 'r');
    key_add_u64(k, bucket_id);
    key_add_name(k, object_name);
    return key_bytes(k);
}

struct bytes key_ended_all(struct key *k) {
    start(k, 'v');
    return key_bytes(k);
}

struct bytes key_ended(struct key *k, uint64_t bucket_id, const char *object_name) {
    key_ended_all(k);
    key_add_u64(k, bucket_id);
    key_add_name(k, object_name);
    return key_bytes(k);
}

struct bytes key_ended_until_all(struct key *k) {
    start(k, 'V');
    return key_bytes(k);
}

struct bytes key_ended_until(struct key *k, uint64_t kept_until, uint64_t bucket_id, const char *object_name) {
    key_ended_until_all(k);
    key_add_u64(k, kept_until);
    key_add_u64(k, bucket_id);
    key_add_name(k, object_name);
    return key_bytes(k);
}

/* table, time, id: a queue. */
static struct bytes queue(struct key *k, char kind, uint64_t at, uint64_t id) {
    start(k, kind);
    key_add_u64(k, at);
    key_add_u64(k, id);
    return key_bytes(k);
}

struct bytes key_renewal_all(struct key *k) {
    start(k, 'R');
    return key_bytes(k);
}

struct bytes key_renewal(struct key *k, uint64_t renew_at, uint64_t object_id) {
    return queue(k, 'R', renew_at, object_id);
}

struct bytes key_discontinued_all(struct key *k) {
    start(k, 'd');
    return key_bytes(k);
}

struct bytes key_discontinued(struct key *k, uint64_t at, uint64_t object_id) {
    return queue(k, 'd', at, object_id);
}

struct bytes key_discontinued_bucket_all(struct key *k) {
    start(k, 'f');
    return key_bytes(k);
}

struct bytes key_discontinued_bucket(struct key *k, uint64_t at, uint64_t bucket_id) {
    return queue(k, 'f', at, bucket_id);
}

struct bytes key_discontinue_window(struct key *k, uint32_t sp_id) {
    start(k, 'H');
    key_add_u32(k, sp_id);
    return key_bytes(k);
}

struct bytes key_upload(struct key *k, const struct addr *creator, struct bytes upload_id) {
    start(k, 'p');
    key_add_addr(k, creator);
    key_add_bytes(k, upload_id);
    return key_bytes(k);
}

struct bytes key_upload_until(struct key *k, uint64_t valid_until, const struct addr *creator, struct bytes upload_id) {
    start(k, 'P');
    key_add_u64(k, valid_until);
    key_add_addr(k, creator);
    key_add_bytes(k, upload_id);
    return key_bytes(k);
}

struct bytes key_unsealed_all(struct key *k) {
    start(k, 'u');
    return key_bytes(k);
}

struct bytes key_unsealed(struct key *k, uint64_t deadline, uint64_t object_id) {
    key_unsealed_all(k);
    key_add_u64(k, deadline);
    key_add_u64(k, object_id);
    return key_bytes(k);
}

struct bytes key_expiry_all(struct key *k) {
    start(k, 'e');
    return key_bytes(k);
}

struct bytes key_expiry(struct key *k, uint64_t ends_at, uint64_t object_id) {
    key_expiry_all(k);
    key_add_u64(k, ends_at);
    key_add_u64(k, object_id);
    return key_bytes(k);
}

struct bytes key_bucket_end_all(struct key *k, uint64_t bucket_id) {
    start(k, 'l');
    key_add_u64(k, bucket_id);
    return key_bytes(k);
}

struct bytes key_bucket_end(struct key *k, uint64_t bucket_id, uint64_t ends_at, uint64_t object_id) {
    key_bucket_end_all(k, bucket_id);
    key_add_u64(k, ends_at);
    key_add_u64(k, object_id);
    return key_bytes(k);
}

struct bytes key_group(struct key *k, const struct addr *owner, const char *group_name) {
    start(k, 'g');
    key_add_addr(k, owner);
    key_add_name(k, group_name);
    return key_bytes(k);
}

struct bytes key_group_ids(struct key *k) {
    start(k, 'k');
    return key_bytes(k);
}

struct bytes key_group_id(struct key *k, uint64_t group_id) {
    key_group_ids(k);
    key_add_u64(k, group_id);
    return key_bytes(k);
}

struct bytes key_member_all(struct key *k, uint64_t group_id) {
    start(k, 'm');
    key_add_u64(k, group_id);
    return key_bytes(k);
}

struct bytes key_members(struct key *k) {
    start(k, 'm');
    return key_bytes(k);
}

struct bytes key_member_expiry_all(struct key *k) {
    start(k, 'h');
    return key_bytes(k);
}

struct bytes key_member_expiry(struct key *k, uint64_t expires_at, uint64_t group_id, const struct addr *account) {
    start(k, 'h');
    key_add_u64(k, expires_at);
    key_add_u64(k, group_id);
    key_add_addr(k, account);
    return key_bytes(k);
}

struct bytes key_group_gone_all(struct key *k) {
    start(k, 'z');
    return key_bytes(k);
}

struct bytes key_group_gone(struct key *k, uint64_t time, uint64_t group_id) {
    start(k, 'z');
    key_add_u64(k, time);
    key_add_u64(k, group_id);
    return key_bytes(k);
}

struct bytes key_member(struct key *k, uint64_t group_id, const struct addr *account) {
    key_member_all(k, group_id);
    key_add_addr(k, account);
    return key_bytes(k);
}

struct bytes key_slot_all(struct key *k, uint64_t bucket_id) {
    start(k, 's');
    key_add_u64(k, bucket_id);
    return key_bytes(k);
}

struct bytes key_slot(struct key *k, uint64_t bucket_id, uint64_t slot) {
    key_slot_all(k, bucket_id);
    key_add_u64(k, slot);
    return key_bytes(k);
}

struct bytes key_slot_of_group(struct key *k, uint64_t bucket_id, uint64_t group_id, bool prepaid) {
    start(k, prepaid ? 'T' : 't');
    key_add_u64(k, bucket_id);
    key_add_u64(k, group_id);
    return key_bytes(k);
}

struct bytes key_nonce(struct key *k, uint32_t sp_id, uint64_t nonce) {
    start(k, 'a');
    key_add_u32(k, sp_id);
    key_add_u64(k, nonce);
    return key_bytes(k);
}

struct bytes key_nonce_timeout_all(struct key *k) {
    start(k, 'q');
    return key_bytes(k);
}

struct bytes key_nonce_timeout(struct key *k, uint64_t timeout, uint32_t sp_id, uint64_t nonce) {
    key_nonce_timeout_all(k);
    key_add_u64(k, timeout);
    key_add_u32(k, sp_id);
    key_add_u64(k, nonce);
    return key_bytes(k);
}

static void start_weight(struct key *k, char kind, const struct weight_id *set) {
    start(k, kind);
    key_add_u8(k, (uint8_t)set->level);
    key_add_u64(k, set->a);
    key_add_u64(k, set->b);
}

struct bytes key_weight_set_all(struct key *k) {
    start(k, 'w');
    return key_bytes(k);
}

struct bytes key_weight_set(struct key *k, const struct weight_id *set) {
    start_weight(k, 'w', set);
    return key_bytes(k);
}

struct bytes key_weight_index_all(struct key *k, const struct weight_id *set) {
    start_weight(k, 'x', set);
    return key_bytes(k);
}

struct bytes key_weight_index(struct key *k, const struct weight_id *set, uint8_t class, uint64_t index) {
    key_weight_index_all(k, set);
    key_add_u8(k, class);
    key_add_u64(k, index);
    return key_bytes(k);
}

struct bytes key_weight_item_all(struct key *k, const struct weight_id *set) {
    start_weight(k, 'y', set);
    return key_bytes(k);
}

struct bytes key_weight_item(struct key *k, const struct weight_id *set, uint64_t a, uint64_t b) {
    key_weight_item_all(k, set);
    key_add_u64(k, a);
    key_add_u64(k, b);
    return key_bytes(k);
}

struct bytes key_migrations(struct key *k) {
    start(k, 'M');
    return key_bytes(k);
}

struct bytes key_migration(struct key *k, uint64_t bucket_id) {
    key_migrations(k);
    key_add_u64(k, bucket_id);
    return key_bytes(k);
}

struct bytes key_sp_migrations(struct key *k, uint32_t sp_id) {
    start(k, 'N');
    key_add_u32(k, sp_id);
    return key_bytes(k);
}

struct bytes key_sp_migration(struct key *k, uint32_t sp_id, uint64_t bucket_id) {
    key_sp_migrations(k, sp_id);
    key_add_u64(k, bucket_id);
    return key_bytes(k);
}

struct bytes key_migration_due_all(struct key *k) {
    start(k, 'D');
    return key_bytes(k);
}

struct bytes key_migration_due(struct key *k, uint64_t deadline, uint64_t bucket_id) {
    key_migration_due_all(k);
    key_add_u64(k, deadline);
    key_add_u64(k, bucket_id);
    return key_bytes(k);
}

struct bytes key_primary_news(struct key *k, uint64_t time, uint64_t group_id, uint64_t bucket_id, uint64_t slot) {
    start(k, 'G');
    key_add_u64(k, time);
    key_add_u64(k, group_id);
    key_add_u64(k, bucket_id);
    key_add_u64(k, slot);
    return key_bytes(k);
}
