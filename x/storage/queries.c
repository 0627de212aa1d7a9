/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/queries.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_storage.h"
#include "chain/types/layout.h"
#include "x/payment/term.h"
#include "x/permission/permission.h"
#include "x/storage/access.h"
#include "x/storage/bucket.h"
#include "x/storage/group.h"
#include "x/storage/listing.h"
#include "x/storage/object.h"
#include "x/storage/quote.h"
#include "x/storage/term.h"

#include "cairn/state.h"

/* --- one record --- */

static int query_bucket(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)err;
    key_bucket(ret, ((const BucketQuery *)question)->bucket_name);
    return CODE_OK;
}

static int query_object(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    const ObjectQuery *q = question;
    BucketInfo *bucket = NULL;
    int rc = bucket_get(ctx, q->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        key_object(ret, bucket->id, q->object_name);
    return rc;
}

static int query_replacement(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    const ObjectQuery *q = question;
    BucketInfo *bucket = NULL;
    int rc = bucket_get(ctx, q->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        key_replacement(ret, bucket->id, q->object_name);
    return rc;
}

static int query_migration(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    BucketInfo *bucket = NULL;
    int rc = bucket_get(ctx, ((const BucketQuery *)question)->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        key_migration(ret, bucket->id);
    return rc;
}

static int query_ended(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    const ObjectQuery *q = question;
    BucketInfo *bucket = NULL;
    int rc = bucket_get(ctx, q->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        key_ended(ret, bucket->id, q->object_name);
    return rc;
}

static int query_group(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    const GroupQuery *q = question;
    struct addr owner;
    (void)ctx;
    int rc = addr_need(q->owner, "owner", &owner, err);
    if (rc == CODE_OK)
        key_group(ret, &owner, q->group_name);
    return rc;
}

static int query_member(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    const MemberQuery *q = question;
    struct addr account;
    (void)ctx;
    int rc = addr_need(q->account, "account", &account, err);
    if (rc == CODE_OK)
        key_member(ret, q->group_id, &account);
    return rc;
}

static int query_slot(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    const SlotQuery *q = question;
    (void)ctx, (void)err;
    key_slot(ret, q->bucket_id, q->slot);
    return CODE_OK;
}

static int query_bucket_by_id(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    return bucket_by_id(ctx, ((const IdQuery *)question)->id, ret_answer, err);
}

static int query_object_by_id(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    return object_by_id(ctx, ((const IdQuery *)question)->id, ret_answer, err);
}

static int query_group_by_id(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    return group_by_id(ctx, ((const IdQuery *)question)->id, ret_answer, err);
}

/* --- prices --- */

static int query_quote(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const QuoteQuery *q = question;
    Profile profile = PROFILE__INIT;
    int rc = profile_parse(q->profile, q->segment_size, &profile, err);
    if (rc)
        return rc;
    if (q->payload_size > PAYLOAD_LEN_MAX)
        return err_set(err, CODE_OBJECT_SIZE, "no object has %llu bytes", (unsigned long long)q->payload_size);
    QuoteAnswer *answer = NULL;
    rc = quote_answer(ctx, &profile, q->payload_size, q->price, q->term, &answer, err);
    if (rc == CODE_OK)
        *(QuoteAnswer **)ret_answer = answer;
    return rc;
}

/* Ends the object and looks what that gave back; what a query writes is thrown away. */
static int query_refund(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const ObjectQuery *q = question;
    BucketInfo *bucket = NULL;
    ObjectInfo *object = NULL;
    RefundAnswer *a = CTX_NEW(ctx, RefundAnswer);
    uint64_t before = 0, after = 0, unused = 0;
    refund_answer__init(a);
    int rc = bucket_get(ctx, q->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = object_get(ctx, bucket, q->object_name, &object, err);
    if (rc)
        return rc;
    struct addr payer = object_refunded(bucket, object);
    rc = payment_free(ctx, &payer, &before, err);
    if (rc == CODE_OK && object->slot)
        rc = term_unused(ctx, object, &unused, err);
    if (rc == CODE_OK)
        rc = object_remove(ctx, bucket, object, OBJECT_DELETED, "", err);
    if (rc == CODE_OK)
        rc = payment_free(ctx, &payer, &after, err);
    if (rc)
        return rc;
    a->refund = after - u64_min(after, before);
    a->account = ctx_addr(ctx, &payer);
    a->paid = object->term_paid;
    a->used = object->term_paid - unused;
    *(RefundAnswer **)ret_answer = a;
    return CODE_OK;
}

/* --- may somebody do something --- */

static int ask_about_group(struct ctx *ctx, const CheckQuery *q, struct permission_question *ret, struct err *err) {
    GroupInfo *group = NULL;
    int rc = group_by_id(ctx, q->group_id, &group, err);
    if (rc)
        return rc;
    *ret = (struct permission_question){.action = (int)q->action, .group_id = group->id};
    addr_of_field(group->owner, &ret->owner);
    return CODE_OK;
}

static int ask_about_bucket(struct ctx *ctx, const CheckQuery *q, struct permission_question *ret, struct err *err) {
    BucketInfo *bucket = NULL;
    ObjectInfo *object = NULL;
    const char *name = q->object_name[0] ? q->object_name : NULL;
    int rc = bucket_get(ctx, q->bucket_name, &bucket, err);
    if (rc == CODE_OK && name)
        rc = object_find(ctx, bucket->id, name, &object, err);
    if (rc)
        return rc;
    if (name && !object && q->action != ACTION_CREATE_OBJECT)
        return err_set(err, CODE_OBJECT_NOT_FOUND, "bucket %s has no object %.200s", bucket->bucket_name, name);
    if (q->action == ACTION_CREATE_OBJECT)
        object = NULL; /* judged by the new object's name, whatever lies there */
    *ret = access_question(NULL, (int)q->action, bucket, object, name, q->size);
    return CODE_OK;
}

static int query_check(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const CheckQuery *q = question;
    struct permission_question ask;
    struct permission_answer got;
    struct addr account;
    if (q->action == ACTION_UNSPECIFIED || q->action == ACTION_ALL)
        return err_set(err, CODE_INVALID_ARGUMENT, "name the action to check");
    int rc = q->group_id ? ask_about_group(ctx, q, &ask, err) : ask_about_bucket(ctx, q, &ask, err);
    if (rc == CODE_OK && q->account.len) {
        rc = addr_need(q->account, "account", &account, err);
        ask.account = &account;
    }
    if (rc == CODE_OK)
        rc = permission_ask(ctx, &ask, &got, err);
    if (rc)
        return rc;
    CheckAnswer *answer = CTX_NEW(ctx, CheckAnswer);
    check_answer__init(answer);
    answer->allowed = got.verdict.allowed;
    answer->reason = pb_text(permission_reason_name(got.verdict.reason));
    answer->policy_id = got.policy ? got.policy->id : 0;
    answer->statement = got.policy ? (uint32_t)got.verdict.statement : 0;
    *(CheckAnswer **)ret_answer = answer;
    return CODE_OK;
}

const struct query storage_queries[STORAGE_QUERIES] = {
    {.path = "/storage/bucket",
     .help = "a bucket's record: bucket_name",
     .question = &bucket_query__descriptor,
     .answer = &bucket_info__descriptor,
     .key = query_bucket},
    {.path = "/storage/bucket_by_id",
     .help = "a bucket's record: id",
     .question = &id_query__descriptor,
     .answer = &bucket_info__descriptor,
     .run = query_bucket_by_id},
    {.path = "/storage/buckets",
     .help = "an account's buckets by name: owner, start_after, limit",
     .question = &buckets_query__descriptor,
     .answer = &buckets_answer__descriptor,
     .run = listing_buckets},
    {.path = "/storage/object",
     .help = "an object's record: bucket_name, object_name",
     .question = &object_query__descriptor,
     .answer = &object_info__descriptor,
     .key = query_object},
    {.path = "/storage/replacement",
     .help = "the version on its way to replace an object: bucket_name, object_name",
     .question = &object_query__descriptor,
     .answer = &object_info__descriptor,
     .key = query_replacement},
    {.path = "/storage/ended",
     .help = "the last object under a name that ended a while ago: bucket_name, object_name",
     .question = &object_query__descriptor,
     .answer = &ended_object__descriptor,
     .key = query_ended},
    {.path = "/storage/object_by_id",
     .help = "an object's record: id",
     .question = &id_query__descriptor,
     .answer = &object_info__descriptor,
     .run = query_object_by_id},
    {.path = "/storage/objects",
     .help = "a bucket's objects by name: bucket_name, prefix, delimiter, start_after, limit",
     .question = &objects_query__descriptor,
     .answer = &objects_answer__descriptor,
     .run = listing_objects},
    {.path = "/storage/group",
     .help = "a group's record: owner, group_name",
     .question = &group_query__descriptor,
     .answer = &group_info__descriptor,
     .key = query_group},
    {.path = "/storage/group_by_id",
     .help = "a group's record: id",
     .question = &id_query__descriptor,
     .answer = &group_info__descriptor,
     .run = query_group_by_id},
    {.path = "/storage/groups",
     .help = "an account's groups by name: owner, start_after, limit",
     .question = &groups_query__descriptor,
     .answer = &groups_answer__descriptor,
     .run = listing_groups},
    {.path = "/storage/member",
     .help = "a membership: group_id, account",
     .question = &member_query__descriptor,
     .answer = &group_member__descriptor,
     .key = query_member},
    {.path = "/storage/members",
     .help = "a group's members: group_id, cursor, limit",
     .question = &members_query__descriptor,
     .answer = &members_answer__descriptor,
     .run = listing_members},
    {.path = "/storage/slot",
     .help = "a bucket's pointer to a placement group: bucket_id, slot",
     .question = &slot_query__descriptor,
     .answer = &bucket_slot__descriptor,
     .key = query_slot},
    {.path = "/storage/slot_objects",
     .help = "ids of the objects of a slot: bucket_id, slot, cursor, limit",
     .question = &slot_objects_query__descriptor,
     .answer = &slot_objects_answer__descriptor,
     .run = listing_slot_objects},
    {.path = "/storage/group_slots",
     .help = "slots that point at a placement group: group_id, cursor, limit",
     .question = &group_slots_query__descriptor,
     .answer = &group_slots_answer__descriptor,
     .run = listing_group_slots},
    {.path = "/storage/bucket_slots",
     .help = "a bucket's slots: bucket_id, start_after, limit",
     .question = &bucket_slots_query__descriptor,
     .answer = &bucket_slots_answer__descriptor,
     .run = listing_bucket_slots},
    {.path = "/storage/migration",
     .help = "a bucket on its way to another primary: bucket_name",
     .question = &bucket_query__descriptor,
     .answer = &bucket_migration__descriptor,
     .key = query_migration},
    {.path = "/storage/migrations",
     .help = "buckets on their way to a provider: sp_id, start_after, limit",
     .question = &migrations_query__descriptor,
     .answer = &migrations_answer__descriptor,
     .run = listing_migrations},
    {.path = "/storage/quote",
     .help = "what an object would cost: payload_size, profile, segment_size, price, term",
     .question = &quote_query__descriptor,
     .answer = &quote_answer__descriptor,
     .run = query_quote},
    {.path = "/storage/refund",
     .help = "what deleting an object now would give back: bucket_name, object_name",
     .question = &object_query__descriptor,
     .answer = &refund_answer__descriptor,
     .run = query_refund},
    {.path = "/permission/check",
     .help = "may this account do this, and why: account, action, bucket_name, object_name, size, group_id",
     .question = &check_query__descriptor,
     .answer = &check_answer__descriptor,
     .run = query_check},
};
