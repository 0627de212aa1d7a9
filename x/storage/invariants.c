/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/invariants.h"

#include "chain/codec/pb.h"
#include "chain/types/deal_state.h"
#include "chain/types/keys_payment.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "chain/types/layout.h"
#include "x/base/record.h"
#include "x/payment/payment.h"
#include "x/payment/term.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/group.h"
#include "x/storage/held.h"
#include "x/storage/object.h"
#include "x/storage/replace.h"
#include "x/storage/slot.h"
#include "x/storage/term.h"
#include "x/storage/weight.h"

#define BROKEN(...) err_set(err, CODE_INTERNAL, __VA_ARGS__)
typedef unsigned long long ull;

/* --- objects of one bucket, and of one slot --- */

/* record_fn: counts entries. */
static int count(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(uint64_t *)arg;
    return CODE_OK;
}

struct sums {
    uint64_t objects, stored, slot; /* slot: only those of it; 0 all */
    uint64_t terms, unused;         /* with a term and pieces; what they have paid for and not used yet */
    bool prepaid;                   /* the slot's kind */
    uint64_t replacing, locked;     /* versions on their way; pebble locked for what is not sealed */
    uint64_t whole, column, payload, in_slot;
    u128 rates[OBJECT_POSITIONS_MAX];
    uint64_t held[OBJECT_POSITIONS_MAX];
};

/* A version on its way has the object's id, and a record that the object names. */
static int check_replacement(struct ctx *ctx, struct sums *s, const ObjectInfo *o, struct err *err) {
    ObjectInfo *next = NULL;
    struct key k;
    bool queued = false;
    if (!o->replacing)
        return CODE_OK;
    int rc = replacement_get(ctx, o, &next, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_unsealed(&k, next->create_deadline, o->id), &queued, err);
    if (rc)
        return rc;
    if (!queued || next->id != o->id || next->version != o->replacing || next->replaces != o->version ||
        o->object_status != OBJECT_STATUS_SEALED || next->object_status != OBJECT_STATUS_CREATED)
        return BROKEN("the version on its way to replace object %llu is not what it says", (ull)o->id);
    s->replacing++;
    s->locked += next->locked_balance;
    return CODE_OK;
}

static int check_queues(struct ctx *ctx, const ObjectInfo *o, struct err *err) {
    struct key k;
    bool unsealed = false, expiry = false, renewal = false, discontinued = false;
    int rc = record_has(ctx, key_unsealed(&k, o->create_deadline, o->id), &unsealed, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_renewal(&k, o->renew_at, o->id), &renewal, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_discontinued(&k, o->discontinue_at, o->id), &discontinued, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_expiry(&k, o->ends_at, o->id), &expiry, err);
    if (rc)
        return rc;
    if (renewal != (o->renew_at != 0) || (o->renew_at && o->object_status != OBJECT_STATUS_SEALED))
        return BROKEN("object %llu and the queue of renewals disagree", (ull)o->id);
    if (discontinued != (o->object_status == OBJECT_STATUS_DISCONTINUED))
        return BROKEN("object %llu and the queue of what is discontinued disagree", (ull)o->id);
    if (!o->replacing && unsealed != (o->object_status == OBJECT_STATUS_CREATED))
        return BROKEN("object %llu is %s, and that queue says otherwise", (ull)o->id,
                      object_status_name((int)o->object_status));
    if (expiry != (o->object_status != OBJECT_STATUS_CREATED && o->ends_at != 0))
        return BROKEN("object %llu and the queue of terms disagree", (ull)o->id);
    return CODE_OK;
}

/* An object with a term is in the queue of its bucket, and has paid for what is left of it. */
static int check_term(struct ctx *ctx, struct sums *s, const ObjectInfo *o, struct err *err) {
    struct key k;
    bool queued = false;
    uint64_t unused = 0;
    int rc = record_has(ctx, key_bucket_end(&k, o->bucket_id, o->ends_at, o->id), &queued, err);
    if (rc)
        return rc;
    if (queued != (o->slot != 0 && o->ends_at != 0))
        return BROKEN("object %llu and the queue of ends of its bucket disagree", (ull)o->id);
    if (!queued)
        return o->term_paid ? BROKEN("object %llu has no term and has paid for one", (ull)o->id) : CODE_OK;
    rc = term_unused(ctx, o, &unused, err);
    s->terms++;
    s->unused += unused;
    return rc;
}

/* What was paid ahead is there. */
static int check_terms(struct ctx *ctx, const BucketInfo *b, const struct sums *s, struct err *err) {
    struct addr addr = payment_term_address(b->id);
    uint64_t held = 0, entries = 0;
    struct key k;
    int rc = payment_free(ctx, &addr, &held, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_bucket_end_all(&k, b->id), BYTES_NONE, 0, NULL, count, &entries, err);
    if (rc)
        return rc;
    uint64_t replacements = 0;
    rc = record_each(ctx, key_replacement(&k, b->id, ""), BYTES_NONE, 0, NULL, count, &replacements, err);
    if (rc)
        return rc;
    if (replacements != s->replacing)
        return BROKEN("bucket %s has %llu versions on their way, its objects name %llu", b->bucket_name,
                      (ull)replacements, (ull)s->replacing);
    if (entries != s->terms)
        return BROKEN("bucket %s has %llu objects with a term, its queue %llu", b->bucket_name, (ull)s->terms,
                      (ull)entries);
    if (held < s->unused)
        return BROKEN("the terms of bucket %s hold %llu pebble, %llu are paid for and not used", b->bucket_name,
                      (ull)held, (ull)s->unused);
    return CODE_OK;
}

static void add_to_slot(struct sums *s, const ObjectInfo *o) {
    uint64_t whole = 0, column = 0;
    for (uint32_t i = 0; i < profile_positions(o->profile) && i < o->n_prices; i++) {
        uint64_t bytes = layout_position_bytes(o->profile, o->payload_size, i);
        *(profile_is_whole(o->profile, i) ? &whole : &column) = bytes;
        s->rates[i] += (u128)bytes * o->prices[i];
        s->held[i] += deal_sealed_positions(o) >> i & 1 ? bytes : 0;
    }
    s->whole += whole;
    s->column += column;
    s->payload += o->payload_size;
    s->in_slot++;
}

/* record_fn over the objects of a bucket. */
static int check_object(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct sums *s = arg;
    const ObjectInfo *o = msg;
    ObjectInfo *found = NULL;
    (void)value;
    if (!bytes_eq(rest, bytes_str(o->object_name)))
        return BROKEN("object %llu lies under another name than its own", (ull)o->id);
    int rc = object_by_id(ctx, o->id, &found, err);
    if (rc)
        return rc == CODE_OBJECT_NOT_FOUND ? BROKEN("object %llu has no index", (ull)o->id) : rc;
    if (found->id != o->id || found->bucket_id != o->bucket_id)
        return BROKEN("the index of object %llu leads to another one", (ull)o->id);
    s->objects++;
    s->locked += o->locked_balance;
    if (object_is_stored(o))
        s->stored += o->payload_size;
    if ((o->slot != 0) != (object_is_stored(o) && o->payload_size > 0))
        return BROKEN("object %llu is %s and has slot %llu", (ull)o->id, object_status_name((int)o->object_status),
                      (ull)o->slot);
    if (o->object_status != OBJECT_STATUS_CREATED && o->locked_balance)
        return BROKEN("object %llu is sealed and holds a lock", (ull)o->id);
    if (s->slot && o->slot == s->slot) {
        if (s->prepaid != (o->ends_at != 0))
            return BROKEN("object %llu lies in a slot of the other kind", (ull)o->id);
        add_to_slot(s, o);
    }
    rc = check_queues(ctx, o, err);
    if (rc == CODE_OK)
        rc = check_replacement(ctx, s, o, err);
    return rc ? rc : check_term(ctx, s, o, err);
}

/* --- slots of one bucket --- */

struct slots {
    const BucketInfo *bucket;
    uint64_t count;
};

static int check_weights(struct ctx *ctx, const BucketSlot *slot, struct err *err) {
    uint64_t weight = 0, total = 0;
    struct weight_id slots = weight_slots(slot->group_id), objects = weight_objects(slot->bucket_id, slot->slot);
    int rc = weight_of(ctx, &slots, (struct weight_item){slot->bucket_id, slot->slot}, &weight, err);
    if (rc == CODE_OK)
        rc = weight_total(ctx, &objects, &total, err);
    if (rc == CODE_OK)
        rc = weight_check(ctx, &objects, err);
    if (rc == CODE_OK && (weight != slot->payload_bytes || total != slot->payload_bytes))
        return BROKEN("slot %llu of bucket %llu has %llu bytes, the sets for draws say %llu and %llu", (ull)slot->slot,
                      (ull)slot->bucket_id, (ull)slot->payload_bytes, (ull)weight, (ull)total);
    return rc;
}

/* record_fn over the slots of a bucket. */
static int check_slot(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct slots *slots = arg;
    const BucketSlot *slot = msg;
    struct sums sums = {.slot = slot->slot, .prepaid = slot->prepaid};
    struct key k;
    uint64_t number = 0;
    (void)rest, (void)value;
    slots->count++;
    int rc = record_each(ctx, key_object(&k, slot->bucket_id, ""), BYTES_NONE, 0, &object_info__descriptor,
                         check_object, &sums, err);
    if (rc == CODE_OK)
        rc = record_get_u64(ctx, key_slot_of_group(&k, slot->bucket_id, slot->group_id, slot->prepaid), &number, err);
    if (rc)
        return rc == CODE_NOT_FOUND
                   ? BROKEN("slot %llu of bucket %llu has no index", (ull)slot->slot, (ull)slot->bucket_id)
                   : rc;
    if (number != slot->slot || slot->objects == 0 || slot->slot > slots->bucket->slots)
        return BROKEN("slot %llu of bucket %llu is empty, or its index says %llu", (ull)slot->slot,
                      (ull)slot->bucket_id, (ull)number);
    if (sums.whole != slot->whole_bytes || sums.column != slot->column_bytes || sums.payload != slot->payload_bytes ||
        sums.in_slot != slot->objects)
        return BROKEN("slot %llu of bucket %llu counts other bytes than its objects have", (ull)slot->slot,
                      (ull)slot->bucket_id);
    for (size_t i = 0; i < OBJECT_POSITIONS_MAX; i++)
        if (held_at(slot, i) != sums.held[i])
            return BROKEN("slot %llu of bucket %llu counts %llu bytes at position %zu, its objects %llu",
                          (ull)slot->slot, (ull)slot->bucket_id, (ull)held_at(slot, i), i, (ull)sums.held[i]);
    for (size_t i = 0; i < slot->n_rates; i++)
        if (u128_of(slot->rates[i]) != sums.rates[i])
            return BROKEN("slot %llu of bucket %llu: the rate of position %zu is not that of its objects",
                          (ull)slot->slot, (ull)slot->bucket_id, i);
    return check_weights(ctx, slot, err);
}

/* What the bucket's provider lets be read for it is what it is paid for. */
static int check_quota(struct ctx *ctx, const BucketInfo *b, struct err *err) {
    ReadQuota *q = NULL;
    int rc = payment_quota_find(ctx, b->id, &q, err);
    if (rc)
        return rc;
    if ((q ? q->quota : 0) != b->read_quota ||
        (q && (q->sp_id != b->primary_sp || !bytes_eq(pb_bytes(q->payment_address), pb_bytes(b->payment_address)))))
        return BROKEN("bucket %s has a read quota of %llu bytes, and pays somebody for another one", b->bucket_name,
                      (ull)b->read_quota);
    return CODE_OK;
}

/* A bucket on its way has a record, which index and queue know; others have none. */
static int check_migration(struct ctx *ctx, const BucketInfo *b, struct err *err) {
    BucketMigration *m = NULL;
    struct key k;
    bool listed = false, due = false;
    int rc = record_get(ctx, key_migration(&k, b->id), &bucket_migration__descriptor, &m, err);
    if (rc == CODE_NOT_FOUND)
        return b->status == BUCKET_STATUS_MIGRATING
                   ? BROKEN("bucket %s is migrating and nothing says where to", b->bucket_name)
                   : CODE_OK;
    if (rc == CODE_OK)
        rc = record_has(ctx, key_sp_migration(&k, m->to_sp, b->id), &listed, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_migration_due(&k, m->deadline, b->id), &due, err);
    if (rc == CODE_OK && (b->status != BUCKET_STATUS_MIGRATING || !listed || !due || m->bucket_id != b->id))
        return BROKEN("bucket %s and its migration disagree", b->bucket_name);
    return rc;
}

static int check_discontinued(struct ctx *ctx, const BucketInfo *b, struct err *err) {
    struct key k;
    bool queued = false;
    int rc = record_has(ctx, key_discontinued_bucket(&k, b->discontinue_at, b->id), &queued, err);
    if (rc == CODE_OK && queued != (b->status == BUCKET_STATUS_DISCONTINUED))
        return BROKEN("bucket %s and the queue of what is discontinued disagree", b->bucket_name);
    return rc;
}

/* record_fn over all buckets; arg: pebble locked for what is not sealed. */
static int check_bucket(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    const BucketInfo *b = msg;
    BucketInfo *found = NULL;
    struct key k;
    struct sums sums = {0};
    struct slots slots = {.bucket = b};
    struct addr owner = bucket_owner(b);
    bool indexed = false;
    (void)value;
    if (!bytes_eq(rest, bytes_str(b->bucket_name)))
        return BROKEN("bucket %llu lies under another name than its own", (ull)b->id);
    int rc = bucket_by_id(ctx, b->id, &found, err);
    if (rc == CODE_OK)
        rc = record_has(ctx, key_bucket_owner(&k, &owner, b->bucket_name), &indexed, err);
    if (rc)
        return rc;
    if (found->id != b->id || !indexed)
        return BROKEN("bucket %s is not where its indexes say", b->bucket_name);
    rc = record_each(ctx, key_object(&k, b->id, ""), BYTES_NONE, 0, &object_info__descriptor, check_object, &sums, err);
    if (rc == CODE_OK)
        rc =
            record_each(ctx, key_slot_all(&k, b->id), BYTES_NONE, 0, &bucket_slot__descriptor, check_slot, &slots, err);
    if (rc)
        return rc;
    rc = check_terms(ctx, b, &sums, err);
    if (rc == CODE_OK)
        rc = check_discontinued(ctx, b, err);
    if (rc == CODE_OK)
        rc = check_migration(ctx, b, err);
    if (rc)
        return rc;
    *(uint64_t *)arg += sums.locked;
    if (sums.objects != b->objects || sums.stored != b->stored_bytes || slots.count != b->live_slots)
        return BROKEN("bucket %s counts %llu objects, %llu bytes, %llu slots and has %llu, %llu, %llu", b->bucket_name,
                      (ull)b->objects, (ull)b->stored_bytes, (ull)b->live_slots, (ull)sums.objects, (ull)sums.stored,
                      (ull)slots.count);
    return check_quota(ctx, b, err);
}

/* --- owners and groups --- */

/* record_fn over counts by owner. rest: the owner. */
static int check_owner(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    const OwnerCounts *counts = msg;
    struct addr owner = {{0}};
    struct key k;
    uint64_t buckets = 0, groups = 0;
    (void)arg, (void)value;
    addr_from(rest, &owner);
    int rc = record_each(ctx, key_bucket_owner(&k, &owner, ""), BYTES_NONE, 0, NULL, count, &buckets, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_group(&k, &owner, ""), BYTES_NONE, 0, NULL, count, &groups, err);
    if (rc == CODE_OK && (buckets != counts->buckets || groups != counts->groups))
        return BROKEN("an account counts %llu buckets and %llu groups and has %llu and %llu", (ull)counts->buckets,
                      (ull)counts->groups, (ull)buckets, (ull)groups);
    return rc;
}

/* record_fn over group locations. rest: id u64be. */
static int check_group(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    GroupInfo *group = NULL;
    struct key k;
    uint64_t members = 0;
    (void)arg, (void)value, (void)msg;
    int rc = group_by_id(ctx, load_be64(rest.data), &group, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_member_all(&k, group->id), BYTES_NONE, 0, NULL, count, &members, err);
    if (rc == CODE_OK && (members != group->members || group->id != load_be64(rest.data)))
        return BROKEN("group %llu counts %llu members and has %llu", (ull)group->id, (ull)group->members, (ull)members);
    return rc;
}

/* record_fn over groups that are gone. rest: time, id. */
static int is_gone(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    uint64_t *group_id = arg;
    (void)ctx, (void)value, (void)msg, (void)err;
    if (load_be64(rest.data + 8) != *group_id)
        return CODE_OK;
    *group_id = 0;
    return RECORD_STOP;
}

/* record_fn over members. rest: group id u64be, account. */
static int check_member(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    const GroupMember *member = msg;
    struct key k;
    struct addr account = {{0}};
    bool there = false, queued = false;
    uint64_t group_id = load_be64(rest.data), going = group_id, *expiring = arg;
    (void)value;
    addr_of_field(member->account, &account);
    int rc = record_has(ctx, key_group_id(&k, group_id), &there, err);
    if (rc == CODE_OK && !there)
        rc = record_each(ctx, key_group_gone_all(&k), BYTES_NONE, 0, NULL, is_gone, &going, err);
    if (rc == CODE_OK && member->expires_at)
        rc = record_has(ctx, key_member_expiry(&k, member->expires_at, group_id, &account), &queued, err);
    if (rc)
        return rc;
    if (!there && going)
        return BROKEN("group %llu is gone, its members are not and nothing removes them", (ull)group_id);
    if (member->expires_at && !queued)
        return BROKEN("a membership of group %llu ends and is not queued", (ull)group_id);
    *expiring += member->expires_at != 0;
    return CODE_OK;
}

static int check_members(struct ctx *ctx, struct err *err) {
    struct key k;
    uint64_t expiring = 0, queued = 0;
    int rc = record_each(ctx, key_members(&k), BYTES_NONE, 0, &group_member__descriptor, check_member, &expiring, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_member_expiry_all(&k), BYTES_NONE, 0, NULL, count, &queued, err);
    if (rc == CODE_OK && queued != expiring)
        return BROKEN("%llu memberships end, %llu are queued", (ull)expiring, (ull)queued);
    return rc;
}

/* --- providers and placement groups --- */

/* Of the changes of who earns in a group: how many slots have yet to be settled across them, both ways. */
struct crossings {
    uint64_t epoch, owed, counted, slots, flowing;
};

/* record_fn over the slots of a group, in the set that draws are made from. rest: bucket, slot. */
static int add_slot_epoch(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                          struct err *err) {
    struct crossings *c = arg;
    BucketSlot *slot = NULL;
    (void)value, (void)msg;
    int rc = slot_get(ctx, load_be64(rest.data), load_be64(rest.data + 8), &slot, err);
    if (rc)
        return rc;
    c->slots++;
    if (slot->settle_due) {
        c->flowing++;
        c->owed += c->epoch - u64_min(c->epoch, slot->epoch);
    }
    return CODE_OK;
}

/* record_fn over a group's handovers. */
static int add_handover(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)err;
    ((struct crossings *)arg)->counted += ((const Handover *)msg)->slots_left;
    return CODE_OK;
}

static int check_crossings(struct ctx *ctx, const PlacementGroup *g, struct err *err) {
    struct crossings c = {.epoch = g->epoch};
    struct weight_id slots = weight_slots(g->id);
    struct key k;
    int rc = record_each(ctx, key_weight_item_all(&k, &slots), BYTES_NONE, 0, NULL, add_slot_epoch, &c, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_handovers(&k, g->id), BYTES_NONE, 0, &handover__descriptor, add_handover, &c, err);
    if (rc == CODE_OK && (c.owed != c.counted || c.slots != g->slots || c.flowing != g->flowing))
        return BROKEN("placement group %llu has %llu slots and counts %llu, of them %llu and %llu that flow; %llu "
                      "settlements across changes are due, %llu are counted",
                      (ull)g->id, (ull)c.slots, (ull)g->slots, (ull)c.flowing, (ull)g->flowing, (ull)c.owed,
                      (ull)c.counted);
    return rc;
}

/* Bytes by position of what is sealed in a group. */
struct laid {
    uint64_t bytes[OBJECT_POSITIONS_MAX];
};

/* record_fn over the objects of a slot, in the set that draws are made from. rest: 0, object. */
static int add_laid(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct laid *laid = arg;
    ObjectInfo *o = NULL;
    (void)value, (void)msg;
    int rc = object_by_id(ctx, load_be64(rest.data + 8), &o, err);
    for (uint32_t i = 0; rc == CODE_OK && i < profile_positions(o->profile); i++)
        if (deal_sealed_positions(o) >> i & 1)
            laid->bytes[i] += layout_position_bytes(o->profile, o->payload_size, i);
    return rc;
}

/* record_fn over the slots of a group, as above. */
static int add_slot_laid(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                         struct err *err) {
    struct weight_id objects = weight_objects(load_be64(rest.data), load_be64(rest.data + 8));
    struct key k;
    (void)value, (void)msg;
    return record_each(ctx, key_weight_item_all(&k, &objects), BYTES_NONE, 0, NULL, add_laid, arg, err);
}

/* Each member is counted, and drawn, for what is sealed at its position and for nothing else. */
static int check_laid(struct ctx *ctx, const PlacementGroup *g, struct err *err) {
    struct weight_id slots = weight_slots(g->id);
    struct laid laid = {{0}};
    struct key k;
    int rc = record_each(ctx, key_weight_item_all(&k, &slots), BYTES_NONE, 0, NULL, add_slot_laid, &laid, err);
    for (size_t i = 0; rc == CODE_OK && i < g->n_members; i++) {
        struct weight_id groups = weight_groups(g->members[i]);
        uint64_t weight = 0;
        rc = weight_of(ctx, &groups, (struct weight_item){0, g->id}, &weight, err);
        if (rc == CODE_OK && weight != laid.bytes[i])
            return BROKEN("position %zu of placement group %llu counts %llu bytes, %llu are sealed there", i,
                          (ull)g->id, (ull)weight, (ull)laid.bytes[i]);
    }
    return rc;
}

/* record_fn over placement groups. */
static int check_placement(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                           struct err *err) {
    const PlacementGroup *g = msg;
    struct weight_id slots = weight_slots(g->id);
    uint64_t at_members = 0;
    (void)arg, (void)rest, (void)value;
    int rc = weight_check(ctx, &slots, err);
    for (size_t i = 0; rc == CODE_OK && i < g->n_members; i++) {
        struct weight_id groups = weight_groups(g->members[i]);
        uint64_t weight = 0;
        rc = weight_of(ctx, &groups, (struct weight_item){0, g->id}, &weight, err);
        at_members += weight;
    }
    if (rc == CODE_OK && at_members != g->bytes)
        return BROKEN("placement group %llu has %llu bytes, its members %llu", (ull)g->id, (ull)g->bytes,
                      (ull)at_members);
    if (rc == CODE_OK)
        rc = check_laid(ctx, g, err);
    return rc ? rc : check_crossings(ctx, g, err);
}

/* record_fn over providers. */
static int check_sp(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    const StorageProvider *sp = msg;
    struct weight_id sps = weight_sps(), groups = weight_groups(sp->id);
    uint64_t weight = 0, total = 0;
    (void)arg, (void)rest, (void)value;
    int rc = weight_of(ctx, &sps, (struct weight_item){0, sp->id}, &weight, err);
    if (rc == CODE_OK)
        rc = weight_total(ctx, &groups, &total, err);
    if (rc == CODE_OK)
        rc = weight_check(ctx, &groups, err);
    if (rc == CODE_OK && (weight != sp->stored_bytes || total != sp->stored_bytes))
        return BROKEN("provider %u stores %llu bytes, the sets for draws say %llu and %llu", sp->id,
                      (ull)sp->stored_bytes, (ull)weight, (ull)total);
    return rc;
}

/* record_fn over payment accounts. */
static int add_locked(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)err;
    *(uint64_t *)arg += ((const PaymentAccount *)msg)->locked;
    return CODE_OK;
}

/* What accounts have locked is what was recorded at create. */
static int check_locked(struct ctx *ctx, uint64_t recorded, struct err *err) {
    struct key k;
    uint64_t locked = 0;
    int rc = record_each(ctx, key_payment_accounts(&k), BYTES_NONE, 0, &payment_account__descriptor, add_locked,
                         &locked, err);
    if (rc == CODE_OK && locked != recorded)
        return BROKEN("accounts have %llu pebble locked, objects say %llu", (ull)locked, (ull)recorded);
    return rc;
}

/* What ended is remembered until a time, and the queue knows when. */
static int check_ended(struct ctx *ctx, struct err *err) {
    struct key k;
    uint64_t records = 0, entries = 0;
    int rc = record_each(ctx, key_ended_all(&k), BYTES_NONE, 0, NULL, count, &records, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_ended_until_all(&k), BYTES_NONE, 0, NULL, count, &entries, err);
    if (rc == CODE_OK && records != entries)
        return BROKEN("%llu objects that ended are remembered, the queue has %llu", (ull)records, (ull)entries);
    return rc;
}

/* As many as records are in index and queue. */
static int check_migrations(struct ctx *ctx, struct err *err) {
    struct key k, index;
    uint64_t records = 0, listed = 0, due = 0;
    key_begin(&index, KEY_STORAGE, 'N');
    int rc = record_each(ctx, key_migrations(&k), BYTES_NONE, 0, NULL, count, &records, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_bytes(&index), BYTES_NONE, 0, NULL, count, &listed, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_migration_due_all(&k), BYTES_NONE, 0, NULL, count, &due, err);
    if (rc == CODE_OK && (records != listed || records != due))
        return BROKEN("%llu buckets are on their way, %llu are listed, %llu queued", (ull)records, (ull)listed,
                      (ull)due);
    return rc;
}

int storage_invariants(struct ctx *ctx, struct err *err) {
    struct key k;
    struct weight_id sps = weight_sps();
    uint64_t locked = 0;
    int rc = record_each(ctx, key_bucket(&k, ""), BYTES_NONE, 0, &bucket_info__descriptor, check_bucket, &locked, err);
    if (rc == CODE_OK)
        rc = check_locked(ctx, locked, err);
    if (rc == CODE_OK)
        rc = check_ended(ctx, err);
    if (rc == CODE_OK)
        rc = check_migrations(ctx, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_owner_counts_all(&k), BYTES_NONE, 0, &owner_counts__descriptor, check_owner, NULL,
                         err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_group_ids(&k), BYTES_NONE, 0, &group_location__descriptor, check_group, NULL, err);
    if (rc == CODE_OK)
        rc = check_members(ctx, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_placement_groups(&k), BYTES_NONE, 0, &placement_group__descriptor, check_placement,
                         NULL, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_sps(&k), BYTES_NONE, 0, &storage_provider__descriptor, check_sp, NULL, err);
    return rc ? rc : weight_check(ctx, &sps, err);
}
