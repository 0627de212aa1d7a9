/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/listing.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_storage.h"
#include "x/base/module.h"
#include "x/storage/bucket.h"
#include "x/storage/object.h"
#include "x/storage/slot.h"

/* prefix and what comes behind it: where a page begins after. */
static struct key key_after(const struct key *prefix, struct bytes rest) {
    struct key k = *prefix;
    key_add_bytes(&k, rest);
    return k;
}

static int each(struct ctx *ctx, const struct key *prefix, struct bytes after, size_t limit,
                const ProtobufCMessageDescriptor *desc, record_fn *fn, void *arg, struct err *err) {
    struct key k = key_after(prefix, after);
    return record_each(ctx, key_bytes(prefix), after.len ? key_bytes(&k) : BYTES_NONE, limit, desc, fn, arg, err);
}

static char *text_of(struct ctx *ctx, struct bytes s) {
    char *text = ctx_alloc(ctx, s.len + 1);
    if (s.len)
        memcpy(text, s.data, s.len);
    return text;
}

/* --- buckets of an owner --- */

struct buckets {
    BucketsAnswer *answer;
    size_t limit;
};

/* record_fn; rest: the name. */
static int add_bucket(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct buckets *page = arg;
    BucketInfo *bucket = NULL;
    (void)value, (void)msg;
    if (ctx_page_full(ctx, page->answer->n_buckets, page->limit)) {
        page->answer->next = page->answer->buckets[page->answer->n_buckets - 1]->bucket_name;
        return RECORD_STOP;
    }
    int rc = bucket_get(ctx, text_of(ctx, rest), &bucket, err);
    if (rc == CODE_OK)
        page->answer->buckets[page->answer->n_buckets++] = bucket;
    return rc;
}

int listing_buckets(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const BucketsQuery *q = question;
    struct addr owner;
    struct key prefix;
    struct buckets page = {CTX_NEW(ctx, BucketsAnswer), query_limit(q->limit)};
    buckets_answer__init(page.answer);
    page.answer->buckets = ctx_alloc(ctx, page.limit * sizeof *page.answer->buckets);
    int rc = addr_need(q->owner, "owner", &owner, err);
    if (rc)
        return rc;
    key_bucket_owner(&prefix, &owner, "");
    rc = each(ctx, &prefix, bytes_str(q->start_after), page.limit + 1, NULL, add_bucket, &page, err);
    if (rc == CODE_OK)
        *(BucketsAnswer **)ret_answer = page.answer;
    return rc;
}

/* --- objects of a bucket --- */

/* The common prefix that a name folds into, or NULL: the name up to and with the delimiter behind the prefix. */
static char *folded(struct ctx *ctx, const char *name, size_t prefix_len, const char *delimiter) {
    const char *at = delimiter[0] ? strstr(name + prefix_len, delimiter) : NULL;
    return at ? text_of(ctx, bytes_of(name, (size_t)(at - name) + strlen(delimiter))) : NULL;
}

/* Behind every name that begins with `text`: no UTF-8 has a byte 0xff. */
static struct bytes past_all(struct ctx *ctx, const char *text) {
    size_t len = strlen(text);
    uint8_t *b = ctx_alloc(ctx, len + 1);
    memcpy(b, text, len);
    b[len] = 0xff;
    return bytes_of(b, len + 1);
}

/* Where the page begins, as a whole name; a common prefix stands for all that it folds. */
static struct bytes page_start(struct ctx *ctx, const ObjectsQuery *q, size_t prefix_len) {
    size_t len = strlen(q->start_after);
    if (len == 0 || strncmp(q->start_after, q->prefix, prefix_len) != 0)
        return bytes_str(q->start_after);
    char *fold = folded(ctx, q->start_after, prefix_len, q->delimiter);
    return fold && strlen(fold) == len ? past_all(ctx, q->start_after) : bytes_str(q->start_after);
}

struct objects {
    const ObjectsQuery *q;
    ObjectsAnswer *answer;
    size_t limit, prefix_len;
    const char *last;    /* entry of the page */
    struct bytes resume; /* where to go on behind a common prefix; empty: at the end */
};

/* record_fn: an entry for the page; a name that folds stops the pass, which goes on behind all that folds with it. */
static int add_object(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct objects *page = arg;
    ObjectsAnswer *a = page->answer;
    ObjectInfo *object = msg;
    (void)rest, (void)value, (void)err;
    if (ctx_page_full(ctx, a->n_objects + a->n_common_prefixes, page->limit)) {
        a->next = pb_text(page->last);
        return RECORD_STOP;
    }
    char *fold = folded(ctx, object->object_name, page->prefix_len, page->q->delimiter);
    page->last = fold ? fold : object->object_name;
    if (!fold) {
        a->objects[a->n_objects++] = object;
        return CODE_OK;
    }
    a->common_prefixes[a->n_common_prefixes++] = fold;
    page->resume = past_all(ctx, fold);
    return RECORD_STOP;
}

int listing_objects(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const ObjectsQuery *q = question;
    BucketInfo *bucket = NULL;
    struct key all, prefix;
    struct objects page = {q, CTX_NEW(ctx, ObjectsAnswer), query_limit(q->limit), strlen(q->prefix), "", BYTES_NONE};
    objects_answer__init(page.answer);
    page.answer->objects = ctx_array(ctx, page.limit, sizeof *page.answer->objects);
    page.answer->common_prefixes = ctx_array(ctx, page.limit, sizeof *page.answer->common_prefixes);
    if (page.prefix_len > OBJECT_NAME_MAX || strlen(q->start_after) > OBJECT_NAME_MAX)
        return err_set(err, CODE_OBJECT_NAME, "no object has a name of more than %d bytes", OBJECT_NAME_MAX);
    int rc = bucket_get(ctx, q->bucket_name, &bucket, err);
    if (rc)
        return rc;
    key_object(&all, bucket->id, "");
    prefix = key_after(&all, bytes_str(q->prefix));
    struct bytes after = page_start(ctx, q, page.prefix_len);
    do {
        struct key from = key_after(&all, after);
        page.resume = BYTES_NONE;
        rc = record_each(ctx, key_bytes(&prefix), after.len ? key_bytes(&from) : BYTES_NONE, 0,
                         &object_info__descriptor, add_object, &page, err);
        after = page.resume;
    } while (rc == CODE_OK && after.len);
    if (rc == CODE_OK)
        *(ObjectsAnswer **)ret_answer = page.answer;
    return rc;
}

/* --- groups of an owner --- */

struct groups {
    GroupsAnswer *answer;
    size_t limit;
};

/* record_fn */
static int add_group(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct groups *page = arg;
    (void)rest, (void)value, (void)err;
    if (ctx_page_full(ctx, page->answer->n_groups, page->limit)) {
        page->answer->next = page->answer->groups[page->answer->n_groups - 1]->group_name;
        return RECORD_STOP;
    }
    page->answer->groups[page->answer->n_groups++] = msg;
    return CODE_OK;
}

int listing_groups(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const GroupsQuery *q = question;
    struct addr owner;
    struct key prefix;
    struct groups page = {CTX_NEW(ctx, GroupsAnswer), query_limit(q->limit)};
    groups_answer__init(page.answer);
    page.answer->groups = ctx_alloc(ctx, page.limit * sizeof *page.answer->groups);
    int rc = addr_need(q->owner, "owner", &owner, err);
    if (rc)
        return rc;
    key_group(&prefix, &owner, "");
    rc = each(ctx, &prefix, bytes_str(q->start_after), page.limit + 1, &group_info__descriptor, add_group, &page, err);
    if (rc == CODE_OK)
        *(GroupsAnswer **)ret_answer = page.answer;
    return rc;
}

/* --- members of a group --- */

struct members {
    MembersAnswer *answer;
    size_t limit;
};

/* record_fn; rest: the account. */
static int add_member(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct members *page = arg;
    (void)rest, (void)value, (void)err;
    if (ctx_page_full(ctx, page->answer->n_members, page->limit)) {
        page->answer->next_cursor = page->answer->members[page->answer->n_members - 1]->account;
        return RECORD_STOP;
    }
    page->answer->members[page->answer->n_members++] = msg;
    return CODE_OK;
}

int listing_members(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const MembersQuery *q = question;
    struct key prefix;
    struct members page = {CTX_NEW(ctx, MembersAnswer), query_limit(q->limit)};
    members_answer__init(page.answer);
    page.answer->members = ctx_alloc(ctx, page.limit * sizeof *page.answer->members);
    key_member_all(&prefix, q->group_id);
    int rc = each(ctx, &prefix, pb_bytes(q->cursor), page.limit + 1, &group_member__descriptor, add_member, &page, err);
    if (rc == CODE_OK)
        *(MembersAnswer **)ret_answer = page.answer;
    return rc;
}

/* --- objects of a slot, slots of a placement group: the items of the sets that draws use --- */

struct items {
    uint64_t *a, *b;
    size_t count, limit;
    struct bytes next;
};

/* Where a page goes on that ends with item i. */
static struct bytes item_cursor(struct ctx *ctx, const struct items *page, size_t i) {
    uint8_t *at = ctx_alloc(ctx, 16);
    store_be64(at, page->a[i]);
    store_be64(at + 8, page->b[i]);
    return bytes_of(at, 16);
}

/* record_fn; rest: an item, two numbers u64be. */
static int add_item(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct items *page = arg;
    (void)value, (void)msg, (void)err;
    if (page->count == page->limit) {
        page->next = item_cursor(ctx, page, page->limit - 1);
        return RECORD_STOP;
    }
    page->a[page->count] = load_be64(rest.data);
    page->b[page->count++] = load_be64(rest.data + 8);
    return CODE_OK;
}

static int items_of(struct ctx *ctx, const struct weight_id *set, struct bytes cursor, uint32_t limit,
                    struct items *ret, struct err *err) {
    struct key prefix;
    *ret = (struct items){.limit = query_limit(limit)};
    ret->a = ctx_alloc(ctx, ret->limit * sizeof *ret->a);
    ret->b = ctx_alloc(ctx, ret->limit * sizeof *ret->b);
    key_weight_item_all(&prefix, set);
    return each(ctx, &prefix, cursor, ret->limit + 1, NULL, add_item, ret, err);
}

int listing_slot_objects(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const SlotObjectsQuery *q = question;
    struct weight_id set = {WEIGHT_OBJECTS, q->bucket_id, q->slot};
    struct items items;
    int rc = items_of(ctx, &set, pb_bytes(q->cursor), q->limit, &items, err);
    if (rc)
        return rc;
    SlotObjectsAnswer *a = CTX_NEW(ctx, SlotObjectsAnswer);
    slot_objects_answer__init(a);
    a->object_ids = items.b;
    a->n_object_ids = items.count;
    a->next_cursor = pb_data(items.next);
    *(SlotObjectsAnswer **)ret_answer = a;
    return CODE_OK;
}

int listing_group_slots(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const GroupSlotsQuery *q = question;
    struct weight_id set = {WEIGHT_SLOTS, 0, q->group_id};
    struct items items;
    int rc = items_of(ctx, &set, pb_bytes(q->cursor), q->limit, &items, err);
    if (rc)
        return rc;
    GroupSlotsAnswer *a = CTX_NEW(ctx, GroupSlotsAnswer);
    group_slots_answer__init(a);
    a->slots = ctx_alloc(ctx, items.count * sizeof *a->slots);
    for (; a->n_slots < items.count; a->n_slots++) {
        if (ctx_page_full(ctx, a->n_slots, items.count)) {
            items.next = item_cursor(ctx, &items, a->n_slots - 1);
            break;
        }
        rc = slot_get(ctx, items.a[a->n_slots], items.b[a->n_slots], &a->slots[a->n_slots], err);
        if (rc)
            return rc;
    }
    a->next_cursor = pb_data(items.next);
    *(GroupSlotsAnswer **)ret_answer = a;
    return CODE_OK;
}
