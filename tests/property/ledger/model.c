/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/ledger/model.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_storage.h"
#include "x/base/record.h"

struct model {
    struct world *w;
    struct facts facts, before; /* before: of the transaction */
    struct permissions *permissions;
    struct flows *flows;
    struct votes *votes;
    struct deals *deals;
};

/* --- facts --- */

const struct fact_bucket *fact_bucket(const struct facts *f, const char *name) {
    for (size_t i = 0; i < f->buckets_n; i++)
        if (f->buckets[i].id && strcmp(f->buckets[i].name, name) == 0)
            return &f->buckets[i];
    return NULL;
}

const struct fact_bucket *fact_bucket_by_id(const struct facts *f, uint64_t id) {
    for (size_t i = 0; i < f->buckets_n; i++)
        if (f->buckets[i].id == id)
            return &f->buckets[i];
    return NULL;
}

const struct fact_object *fact_object(const struct facts *f, uint64_t bucket_id, const char *name) {
    for (size_t i = 0; i < f->objects_n; i++)
        if (f->objects[i].bucket_id == bucket_id && strcmp(f->objects[i].name, name) == 0)
            return &f->objects[i];
    return NULL;
}

const struct fact_object *fact_object_by_id(const struct facts *f, uint64_t id) {
    for (size_t i = 0; i < f->objects_n; i++)
        if (f->objects[i].id == id)
            return &f->objects[i];
    return NULL;
}

static void add_bucket(struct facts *f, uint64_t id, const char *name, struct addr owner, bool visible) {
    assert_true(f->buckets_n < FACT_BUCKETS);
    struct fact_bucket *b = &f->buckets[f->buckets_n++];
    *b = (struct fact_bucket){.id = id, .owner = owner, .visible = visible};
    snprintf(b->name, sizeof b->name, "%s", name);
}

static void add_object(struct facts *f, uint64_t id, const struct fact_bucket *bucket, const char *name,
                       Visibility visibility) {
    assert_true(f->objects_n < FACT_OBJECTS);
    struct fact_object *o = &f->objects[f->objects_n++];
    *o = (struct fact_object){.id = id, .bucket_id = bucket->id};
    o->visible = visibility == VISIBILITY_INHERIT ? bucket->visible : visibility == VISIBILITY_PUBLIC_READ;
    snprintf(o->name, sizeof o->name, "%s", name);
}

static struct addr addr_of(ProtobufCBinaryData d) {
    struct addr a = {{0}};
    addr_from(bytes_of(d.data, d.len), &a);
    return a;
}

/* record_fn */
static int take_bucket(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    const BucketInfo *b = msg;
    (void)ctx, (void)rest, (void)value, (void)err;
    add_bucket(arg, b->id, b->bucket_name, addr_of(b->owner), b->visibility == VISIBILITY_PUBLIC_READ);
    return CODE_OK;
}

/* record_fn */
static int take_object(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct facts *f = arg;
    const ObjectInfo *o = msg;
    (void)ctx, (void)rest, (void)value, (void)err;
    const struct fact_bucket *b = fact_bucket_by_id(f, o->bucket_id);
    if (!b)
        fail_msg("object %llu lies in a bucket that is not there", (unsigned long long)o->id);
    add_object(f, o->id, b, o->object_name, o->visibility);
    f->objects[f->objects_n - 1].version = o->version;
    return CODE_OK;
}

static void read_facts(struct ctx *ctx, void *arg) {
    struct facts *f = arg;
    struct key k;
    struct err err = {0};
    f->buckets_n = f->objects_n = 0;
    f->murky = false;
    assert_ok(record_each(ctx, key_bucket(&k, ""), BYTES_NONE, 0, &bucket_info__descriptor, take_bucket, f, &err),
              &err);
    for (size_t i = 0; i < f->buckets_n; i++)
        assert_ok(record_each(ctx, key_object(&k, f->buckets[i].id, ""), BYTES_NONE, 0, &object_info__descriptor,
                              take_object, f, &err),
                  &err);
}

/* --- following messages --- */

static void created_bucket(struct facts *f, const struct addr *signer, ProtobufCBinaryData bytes, uint64_t id) {
    CreateBucketSpec *spec;
    struct err err = {0};
    assert_ok(pb_decode(&create_bucket_spec__descriptor, pb_bytes(bytes), &f->w->f.tx_arena, &spec, &err), &err);
    add_bucket(f, id, spec->bucket_name, *signer, spec->visibility == VISIBILITY_PUBLIC_READ);
}

static void created_object(struct facts *f, ProtobufCBinaryData bytes, uint64_t id) {
    CreateObjectSpec *spec;
    struct err err = {0};
    assert_ok(pb_decode(&create_object_spec__descriptor, pb_bytes(bytes), &f->w->f.tx_arena, &spec, &err), &err);
    const struct fact_bucket *b = fact_bucket(f, spec->bucket_name);
    if (b && !fact_object(f, b->id, spec->object_name))
        add_object(f, id, b, spec->object_name, spec->visibility);
    else
        f->murky = true; /* in place of another: murky enough */
}

static void deleted_bucket(struct facts *f, const char *name) {
    for (size_t i = 0; i < f->buckets_n; i++)
        if (strcmp(f->buckets[i].name, name) == 0)
            f->buckets[i] = f->buckets[--f->buckets_n];
}

/* Modules whose messages leave buckets and objects where they are. */
static bool leaves_objects(int kind) {
    return kind < 40 || (kind >= 70 && kind < 90) || (kind >= 90 && kind < 120);
}

static void follow(struct facts *f, const struct addr *signer, const Msg *msg, struct told *told) {
    switch ((int)msg->body_case) {
    case MSG__BODY_CREATE_BUCKET:
        created_bucket(f, signer, msg->create_bucket->spec, told_id(told, "storage.bucket_created", "bucket_id"));
        break;
    case MSG__BODY_CREATE_OBJECT:
        created_object(f, msg->create_object->spec, told_id(told, "storage.object_created", "object_id"));
        break;
    case MSG__BODY_DELETE_BUCKET:
        deleted_bucket(f, msg->delete_bucket->bucket_name);
        break;
    case MSG__BODY_CREATE_GROUP:
    case MSG__BODY_UPDATE_GROUP_MEMBERS:
        break;
    default:
        if (!leaves_objects((int)msg->body_case))
            f->murky = true;
    }
}

uint64_t told_id(struct told *told, const char *type, const char *attribute) {
    for (; told->at < told->result->n_events; told->at++)
        if (strcmp(told->result->events[told->at]->type, type) == 0)
            return strtoull(fixture_attribute(told->result->events[told->at++], attribute), NULL, 10);
    fail_msg("an accepted message did not tell of %s", type);
    return 0;
}

/* --- the model --- */

struct model *model_new(struct world *w) {
    struct model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->w = w;
    m->facts.w = w;
    fixture_with_ctx(&w->f, read_facts, &m->facts);
    m->permissions = permissions_new(&m->facts, w->time_scale);
    m->flows = flows_new(&m->facts);
    m->votes = votes_new(&m->facts);
    m->deals = deals_new(&m->facts, w->time_scale);
    return m;
}

static const char *name_of(const struct world *w, const Msg *msg) {
    return w->f.ledger.rules[msg->body_case]->desc->short_name;
}

/* One message after the other; what is foretold of the first that must fail holds for the whole. */
void model_tx(struct model *m, const struct tx *tx, const TxResult *result) {
    enum verdict all = YES;
    const char *why = "", *which = "";
    if (!result)
        return;
    struct told told = {result, 0}, facts_told = {result, 0}, votes_told = {result, 0};
    m->facts.now = fixture_ledger_time(&m->w->f);
    permissions_keep(m->permissions);
    votes_keep(m->votes);
    m->before = m->facts;
    for (size_t i = 0; i < tx->body->n_msgs; i++) {
        const Msg *msg = tx->body->msgs[i];
        const char *reason = "";
        /* every message begins with its creator, in whose name it is done */
        struct addr actor = addr_of(msg->send->creator);
        enum verdict v = permissions_says(m->permissions, &actor, msg, &reason);
        if (votes_says(m->votes, msg, &reason) == NO)
            v = NO;
        if (v == YES && !addr_eq(&actor, &tx->sender))
            v = MAYBE; /* a grant decides, too */
        if (v == NO && all != NO) {
            all = NO;
            why = reason;
            which = name_of(m->w, msg);
        } else if (v == MAYBE && all == YES) {
            all = MAYBE;
        }
        if (result->code)
            continue;
        if (all == NO)
            fail_msg("block %d: %s was accepted, and should not have been: %s", (int)m->w->f.height, which, why);
        flows_heard(m->flows, msg);
        permissions_accept(m->permissions, &actor, msg, &told);
        votes_accept(m->votes, msg, &votes_told);
        follow(&m->facts, &actor, msg, &facts_told);
    }
    if (!result->code)
        return;
    if (all == YES && tx->body->n_msgs == 1)
        fail_msg("block %d: %s was refused, and should not have been: %s", (int)m->w->f.height,
                 name_of(m->w, tx->body->msgs[0]), result->log);
    permissions_back(m->permissions);
    votes_back(m->votes);
    m->facts = m->before;
}

uint64_t model_after(struct model *m) {
    m->facts.now = fixture_ledger_time(&m->w->f);
    fixture_with_ctx(&m->w->f, read_facts, &m->facts);
    uint64_t asked = permissions_compare(m->permissions);
    asked += flows_compare(m->flows);
    asked += votes_compare(m->votes);
    return asked + deals_compare(m->deals);
}
