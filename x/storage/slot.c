/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/slot.h"

#include "chain/types/deal_state.h"
#include "chain/types/keys_storage.h"
#include "chain/types/layout.h"
#include "x/base/deps.h"
#include "x/base/record.h"
#include "x/payment/payment.h"
#include "x/payment/term.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/deps.h"
#include "x/storage/held.h"
#include "x/storage/object.h"
#include "x/storage/term.h"
#include "x/storage/weight.h"

#include <stdio.h>

int slot_get(struct ctx *ctx, uint64_t bucket_id, uint64_t slot, BucketSlot **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_slot(&k, bucket_id, slot), &bucket_slot__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND)
        return ctx_fault(ctx, CODE_CORRUPT, "bucket %llu has no slot %llu", (unsigned long long)bucket_id,
                         (unsigned long long)slot);
    return rc;
}

int slot_put(struct ctx *ctx, const BucketSlot *slot, struct err *err) {
    struct key k;
    return record_put(ctx, key_slot(&k, slot->bucket_id, slot->slot), slot, err);
}

int slot_group(struct ctx *ctx, uint64_t bucket_id, uint64_t slot, PlacementGroup **ret, struct err *err) {
    BucketSlot *s = NULL;
    int rc = slot_get(ctx, bucket_id, slot, &s, err);
    return rc ? rc : placement_get(ctx, s->group_id, ret, err);
}

struct addr slot_payer(const BucketInfo *bucket, const BucketSlot *slot) {
    return slot->prepaid ? payment_term_address(bucket->id) : bucket_payer(bucket);
}

/* The bucket's slot for this group, or a new one (not stored yet). */
static int find_or_open(struct ctx *ctx, BucketInfo *bucket, PlacementGroup *group, bool prepaid, BucketSlot **ret,
                        struct err *err) {
    struct key k;
    uint64_t number = 0;
    int rc = record_get_u64(ctx, key_slot_of_group(&k, bucket->id, group->id, prepaid), &number, err);
    if (rc == CODE_OK)
        return slot_get(ctx, bucket->id, number, ret, err);
    if (rc != CODE_NOT_FOUND)
        return rc;
    if (bucket->live_slots >= ctx->params->storage->slots_per_bucket)
        return err_set(err, CODE_SLOT_LIMIT,
                       "bucket %s uses %llu placement groups, as many as allowed; place the object in one of them",
                       bucket->bucket_name, (unsigned long long)bucket->live_slots);
    BucketSlot *slot = CTX_NEW(ctx, BucketSlot);
    bucket_slot__init(slot);
    slot->bucket_id = bucket->id;
    slot->slot = ++bucket->slots;
    slot->group_id = group->id;
    slot->settled_at = ctx->time;
    slot->prepaid = prepaid;
    slot->epoch = group->epoch;
    bucket->live_slots++;
    group->slots++;
    *ret = slot;
    return record_put_u64(ctx, key_slot_of_group(&k, bucket->id, group->id, prepaid), slot->slot, err);
}

static int close_slot(struct ctx *ctx, BucketInfo *bucket, PlacementGroup *group, const BucketSlot *slot,
                      struct err *err) {
    struct key k;
    if (bucket->live_slots == 0 || group->slots == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "a bucket or placement group counts fewer slots than it has");
    bucket->live_slots--;
    group->slots--;
    int rc = group->slots == 0 ? placement_emptied(ctx, group, err) : CODE_OK;
    if (rc == CODE_OK)
        rc = record_del(ctx, key_slot_of_group(&k, bucket->id, group->id, slot->prepaid), err);
    return rc ? rc : record_del(ctx, key_slot(&k, slot->bucket_id, slot->slot), err);
}

/* --- bytes --- */

/* What each position of the object adds to the flow: stored bytes x price. */
static void rates_of(const ObjectInfo *object, size_t positions, u128 ret[OBJECT_POSITIONS_MAX]) {
    for (size_t i = 0; i < positions; i++)
        ret[i] = (u128)layout_position_bytes(object->profile, object->payload_size, (uint32_t)i) * object->prices[i];
}

/* Bytes at one position that keeps whole segments, and at one with columns; 0 where the profile has none. */
static void slot_bytes_of(const ObjectInfo *object, size_t positions, uint64_t *ret_whole, uint64_t *ret_column) {
    *ret_whole = *ret_column = 0;
    for (size_t i = 0; i < positions; i++) {
        uint64_t bytes = layout_position_bytes(object->profile, object->payload_size, (uint32_t)i);
        *(profile_is_whole(object->profile, (uint32_t)i) ? ret_whole : ret_column) = bytes;
    }
}

/* Positions, as bits, when an object enters a slot. */
struct entering {
    uint64_t agreed; /* their providers agree to it now: those that must be able to */
    uint64_t sealed; /* that are sealed by it: those that it is counted for */
};

/* One provider's bytes of the object: its record and the set of its groups. The caller adds to that of all providers.
 */
static int sp_add(struct ctx *ctx, uint32_t sp_id, uint64_t group_id, uint64_t bytes, bool agreed, bool sealed,
                  struct err *err) {
    StorageProvider *sp = NULL;
    struct weight_id groups = weight_groups(sp_id);
    int rc = sp_get(ctx, sp_id, &sp, err);
    if (rc == CODE_OK && agreed)
        rc = sp_may_store(ctx, sp, bytes, err);
    if (rc)
        return rc;
    if (sp->stored_bytes == 0 && bytes)
        rc = ctx->deps->storage->sp_stores(ctx, sp, err);
    sp->stored_bytes += bytes;
    sp->counters->seals += sealed;
    if (rc == CODE_OK)
        rc = sp_put(ctx, sp, err);
    return rc ? rc : weight_add(ctx, &groups, (struct weight_item){0, group_id}, bytes, err);
}

static int sp_sub(struct ctx *ctx, uint32_t sp_id, uint64_t group_id, uint64_t bytes, struct err *err) {
    StorageProvider *sp = NULL;
    struct weight_id sps = weight_sps(), groups = weight_groups(sp_id);
    int rc = sp_get(ctx, sp_id, &sp, err);
    if (rc)
        return rc;
    if (sp->stored_bytes < bytes)
        return ctx_fault(ctx, CODE_CORRUPT, "provider %u counts fewer bytes than it stores", sp_id);
    sp->stored_bytes -= bytes;
    rc = sp_put(ctx, sp, err);
    if (rc == CODE_OK)
        rc = weight_sub(ctx, &sps, (struct weight_item){0, sp_id}, bytes, err);
    return rc ? rc : weight_sub(ctx, &groups, (struct weight_item){0, group_id}, bytes, err);
}

/* Of a position; none of one that is not sealed. */
static uint64_t held_bytes(const ObjectInfo *object, uint32_t position) {
    bool sealed = deal_sealed_positions(object) >> position & 1;
    return sealed ? layout_position_bytes(object->profile, object->payload_size, position) : 0;
}

static uint64_t held_bytes_all(const ObjectInfo *object, size_t positions) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < positions; i++)
        sum += held_bytes(object, i);
    return sum;
}

/* Every provider that holds a sealed position takes its bytes. */
static int sps_add(struct ctx *ctx, const PlacementGroup *group, const ObjectInfo *object,
                   const struct entering *entering, struct err *err) {
    struct weight_id sps = weight_sps();
    struct weight_item items[OBJECT_POSITIONS_MAX];
    uint64_t more[OBJECT_POSITIONS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < group->n_members; i++) {
        uint64_t bytes = held_bytes(object, (uint32_t)i);
        if (bytes == 0)
            continue;
        int rc =
            sp_add(ctx, group->members[i], group->id, bytes, entering->agreed >> i & 1, entering->sealed >> i & 1, err);
        if (rc)
            return rc;
        items[n] = (struct weight_item){0, group->members[i]};
        more[n++] = bytes;
    }
    return weight_add_all(ctx, &sps, items, more, n, err);
}

/* Every provider that holds a sealed position gives its bytes up. */
static int sps_sub(struct ctx *ctx, const PlacementGroup *group, const ObjectInfo *object, struct err *err) {
    int rc = CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < group->n_members; i++) {
        uint64_t bytes = held_bytes(object, (uint32_t)i);
        if (bytes)
            rc = sp_sub(ctx, group->members[i], group->id, bytes, err);
    }
    return rc;
}

/* Draws find objects in slots and slots in groups by payload bytes. */
static int weights_change(struct ctx *ctx, const BucketSlot *slot, const ObjectInfo *object, bool add,
                          struct err *err) {
    struct weight_id slots = weight_slots(slot->group_id), objects = weight_objects(slot->bucket_id, slot->slot);
    struct weight_item slot_item = {slot->bucket_id, slot->slot}, object_item = {0, object->id};
    int rc = add ? weight_add(ctx, &slots, slot_item, object->payload_size, err)
                 : weight_sub(ctx, &slots, slot_item, object->payload_size, err);
    if (rc)
        return rc;
    return add ? weight_insert(ctx, &objects, object_item, object->payload_size, err)
               : weight_sub(ctx, &objects, object_item, object->payload_size, err);
}

static int flow_change(struct ctx *ctx, const BucketInfo *bucket, BucketSlot *slot, PlacementGroup *group,
                       const ObjectInfo *object, bool add, struct err *err) {
    u128 rates[OBJECT_POSITIONS_MAX];
    struct addr payer = slot_payer(bucket, slot);
    rates_of(object, group->n_members, rates);
    return payment_slot_change(ctx, &payer, slot, group, rates, add, err);
}

static int add_object(struct ctx *ctx, BucketInfo *bucket, PlacementGroup *group, ObjectInfo *object,
                      const struct entering *entering, struct err *err) {
    BucketSlot *slot = NULL;
    uint64_t whole, column;
    int rc = find_or_open(ctx, bucket, group, object->ends_at != 0, &slot, err);
    if (rc)
        return rc;
    object->slot = slot->slot;
    object->payment_address = bucket->payment_address;
    rc = term_pay(ctx, object, err);
    if (rc == CODE_OK)
        rc = flow_change(ctx, bucket, slot, group, object, true, err);
    if (rc == CODE_OK)
        rc = term_enter(ctx, object, err);
    if (rc)
        return rc;
    slot_bytes_of(object, group->n_members, &whole, &column);
    slot->whole_bytes += whole;
    slot->column_bytes += column;
    slot->payload_bytes += object->payload_size;
    slot->objects++;
    group->bytes += held_bytes_all(object, group->n_members);
    group->objects++;
    rc = held_add(ctx, slot, object, group->n_members, err);
    if (rc == CODE_OK)
        rc = sps_add(ctx, group, object, entering, err);
    if (rc == CODE_OK)
        rc = weights_change(ctx, slot, object, true, err);
    if (rc == CODE_OK)
        rc = placement_put(ctx, group, err);
    return rc ? rc : slot_put(ctx, slot, err);
}

int slot_add_object(struct ctx *ctx, BucketInfo *bucket, PlacementGroup *group, ObjectInfo *object, struct err *err) {
    return add_object(ctx, bucket, group, object, &(struct entering){UINT64_MAX, UINT64_MAX}, err);
}

int slot_add_again(struct ctx *ctx, BucketInfo *bucket, PlacementGroup *group, ObjectInfo *object, struct err *err) {
    return add_object(ctx, bucket, group, object, &(struct entering){UINT64_MAX, 0}, err);
}

int slot_add_more(struct ctx *ctx, BucketInfo *bucket, PlacementGroup *group, ObjectInfo *object, uint64_t fresh,
                  struct err *err) {
    return add_object(ctx, bucket, group, object, &(struct entering){fresh, fresh}, err);
}

int slot_remove_object(struct ctx *ctx, BucketInfo *bucket, const ObjectInfo *object, struct err *err) {
    BucketSlot *slot = NULL;
    PlacementGroup *group = NULL;
    uint64_t whole, column, refund = 0;
    int rc = slot_get(ctx, bucket->id, object->slot, &slot, err);
    if (rc == CODE_OK)
        rc = placement_get(ctx, slot->group_id, &group, err);
    if (rc)
        return rc;
    uint64_t billed = held_bytes_all(object, group->n_members);
    slot_bytes_of(object, group->n_members, &whole, &column);
    if (slot->whole_bytes < whole || slot->column_bytes < column || slot->payload_bytes < object->payload_size ||
        slot->objects == 0 || group->bytes < billed || group->objects == 0)
        return ctx_fault(ctx, CODE_CORRUPT, "slot %llu of bucket %llu counts fewer bytes than it has",
                         (unsigned long long)slot->slot, (unsigned long long)bucket->id);
    rc = term_unused(ctx, object, &refund, err);
    if (rc == CODE_OK)
        rc = flow_change(ctx, bucket, slot, group, object, false, err);
    if (rc == CODE_OK)
        rc = term_leave(ctx, object, refund, err);
    if (rc)
        return rc;
    slot->whole_bytes -= whole;
    slot->column_bytes -= column;
    slot->payload_bytes -= object->payload_size;
    slot->objects--;
    group->bytes -= billed;
    group->objects--;
    rc = held_sub(ctx, slot, object, group->n_members, err);
    if (rc == CODE_OK)
        rc = sps_sub(ctx, group, object, err);
    if (rc == CODE_OK)
        rc = weights_change(ctx, slot, object, false, err);
    if (rc == CODE_OK)
        rc = slot->objects ? slot_put(ctx, slot, err) : close_slot(ctx, bucket, group, slot, err);
    return rc ? rc : placement_put(ctx, group, err);
}

/* --- the payer --- */

struct payers {
    struct addr from, to;
};

/* record_fn over the slots of a bucket. */
static int change_payer(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    const struct payers *payers = arg;
    BucketSlot *slot = msg;
    PlacementGroup *group = NULL;
    u128 rates[OBJECT_POSITIONS_MAX];
    (void)rest, (void)value;
    if (slot->prepaid || slot->n_rates == 0)
        return CODE_OK;
    int rc = placement_get(ctx, slot->group_id, &group, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < slot->n_rates; i++)
        rates[i] = u128_of(slot->rates[i]);
    rc = payment_slot_change(ctx, &payers->from, slot, group, rates, false, err);
    for (size_t i = 0; i < slot->n_remainders; i++)
        slot->remainders[i] = 0; /* fractions that the old payer has not paid are not the new one's */
    if (rc == CODE_OK)
        rc = payment_slot_change(ctx, &payers->to, slot, group, rates, true, err);
    if (rc == CODE_OK)
        rc = placement_put(ctx, group, err);
    return rc ? rc : slot_put(ctx, slot, err);
}

int slots_change_payer(struct ctx *ctx, const BucketInfo *bucket, const struct addr *payer, struct err *err) {
    struct key k;
    struct payers payers = {bucket_payer(bucket), *payer};
    return record_each(ctx, key_slot_all(&k, bucket->id), BYTES_NONE, 0, &bucket_slot__descriptor, change_payer,
                       &payers, err);
}

/* The position's price, if anything is paid for it, is 0 from now on; what was paid ahead goes back but for a fraction
 * that is not worth a pebble, for which the price stays. */
static int lower_price(struct ctx *ctx, const BucketInfo *bucket, BucketSlot *slot, PlacementGroup *group,
                       ObjectInfo *object, uint32_t position, struct err *err) {
    u128 rates[OBJECT_POSITIONS_MAX] = {0}, before = object_rate(object);
    struct addr owner = object_payer(object), payer = slot_payer(bucket, slot);
    uint64_t price = object->prices[position], back = 0;
    bool good = true;
    int rc = CODE_OK;
    rates[position] = (u128)layout_position_bytes(object->profile, object->payload_size, position) * price;
    if (rates[position] == 0)
        return CODE_OK;
    object->prices[position] = 0;
    if (slot->prepaid)
        rc = payment_term_lower(ctx, bucket->id, before, object_rate(object), object->ends_at, &object->term_since,
                                &object->term_paid, &back, &good, err);
    if (rc == CODE_OK && !good) {
        object->prices[position] = price;
        return CODE_OK;
    }
    if (rc == CODE_OK)
        rc = payment_slot_change(ctx, &payer, slot, group, rates, false, err);
    if (rc || !slot->prepaid)
        return rc;
    u128 flow = 0;
    for (size_t i = 0; i < slot->n_rates; i++)
        flow += u128_of(slot->rates[i]);
    for (size_t i = 0; flow == 0 && i < slot->n_remainders; i++)
        slot->remainders[i] = 0; /* the account that has the rest of those pebbles may end before the slot */
    return payment_term_refund(ctx, &owner, bucket->id, back, err);
}

int slot_vacate(struct ctx *ctx, ObjectInfo *object, uint32_t position, struct err *err) {
    BucketInfo *bucket = NULL;
    BucketSlot *slot = NULL;
    PlacementGroup *group = NULL;
    int rc = bucket_by_id(ctx, object->bucket_id, &bucket, err);
    if (rc == CODE_OK)
        rc = slot_get(ctx, object->bucket_id, object->slot, &slot, err);
    if (rc == CODE_OK)
        rc = placement_get(ctx, slot->group_id, &group, err);
    if (rc)
        return rc;
    uint64_t bytes = held_bytes(object, position);
    if (bytes == 0 || position >= group->n_members || group->bytes < bytes)
        return ctx_fault(ctx, CODE_CORRUPT, "position %u of an object is vacated, and nothing lies there", position);
    rc = lower_price(ctx, bucket, slot, group, object, position, err);
    if (rc == CODE_OK)
        rc = held_sub_at(ctx, slot, position, bytes, err);
    if (rc == CODE_OK)
        rc = sp_sub(ctx, group->members[position], group->id, bytes, err);
    if (rc)
        return rc;
    object->sealed_positions.data[position / 8] &= (uint8_t) ~(1u << position % 8);
    /* no receipt that was given for the bytes that are lost is valid beyond this */
    if (!u64_add(ctx->time, ctx->params->storage->receipt_ttl_max_ms, &object->receipts_after))
        return err_set(err, CODE_OVERFLOW, "ledger time is near its end");
    group->bytes -= bytes;
    rc = placement_put(ctx, group, err);
    return rc ? rc : slot_put(ctx, slot, err);
}

int slot_sps_text(struct ctx *ctx, const ObjectInfo *object, char **ret, struct err *err) {
    PlacementGroup *group = NULL;
    int rc = slot_group(ctx, object->bucket_id, object->slot, &group, err);
    if (rc)
        return rc;
    char *text = ctx_alloc(ctx, group->n_members * 11 + 1);
    size_t len = 0;
    for (size_t i = 0; i < group->n_members; i++)
        len += (size_t)snprintf(text + len, 12, "%s%u", i ? "," : "", group->members[i]);
    *ret = text;
    return CODE_OK;
}
