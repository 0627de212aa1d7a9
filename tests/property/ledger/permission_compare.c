/* SPDX-License-Identifier: Apache-2.0 */
/* The model of permissions against the ledger: every record, and questions to both. */
#include "tests/property/ledger/permission_book.h"

#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_permission.h"
#include "chain/types/keys_storage.h"
#include "x/base/record.h"

#define QUESTIONS 8 /* after each block */

/* --- against the ledger --- */

struct comparing {
    struct permissions *p;
    bool adopt; /* the ledger is right: something happened that the model does not follow */
    bool seen_policies[POLICIES_MAX], seen_members[MEMBERS_MAX], seen_groups[GROUPS_MAX];
    size_t there;
};

typedef unsigned long long ull;

static bool same_statement(const struct statement *a, const struct statement *b) {
    bool same = a->deny == b->deny && a->all == b->all && memcmp(a->actions, b->actions, sizeof a->actions) == 0 &&
                a->patterns_n == b->patterns_n && a->expires == b->expires && a->limit == b->limit &&
                a->used == b->used;
    for (size_t i = 0; same && i < a->patterns_n; i++)
        same = strcmp(a->patterns[i], b->patterns[i]) == 0;
    return same;
}

static void take_policy(struct policy *to, const Policy *x) {
    *to = (struct policy){.id = x->id,
                          .kind = (int)x->resource_kind,
                          .resource = x->resource_id,
                          .for_group = x->principal->kind == PRINCIPAL_KIND_GROUP,
                          .account = permission_address(x->principal->account),
                          .group = x->principal->group_id,
                          .expires = x->expires_at};
    assert_true(x->n_statements <= STATEMENTS_MAX);
    for (; to->statements_n < x->n_statements; to->statements_n++)
        permission_take_statement(&to->statements[to->statements_n], x->statements[to->statements_n]);
}

/* record_fn over all policies. */
static int hold_policy(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    static struct policy theirs, ours;
    struct comparing *c = arg;
    struct permissions *p = c->p;
    const Policy *x = msg;
    (void)ctx, (void)rest, (void)value, (void)err;
    take_policy(&theirs, x);
    struct policy *mine = permission_policy(p, theirs.kind, theirs.resource, x->principal);
    if (c->adopt) {
        if (!mine) {
            assert_true(p->book.policies_n < POLICIES_MAX);
            mine = &p->book.policies[p->book.policies_n++];
        }
        *mine = theirs;
    }
    if (!mine)
        fail_msg("policy %llu is in the ledger and should not be", (ull)x->id);
    c->seen_policies[mine - p->book.policies] = true;
    ours = *mine;
    permission_drop_dead(p, &ours);
    permission_drop_dead(p, &theirs);
    if (permission_over(p, ours.expires) && permission_over(p, theirs.expires))
        return CODE_OK;
    if (ours.id != theirs.id || ours.expires != theirs.expires || ours.statements_n != theirs.statements_n)
        fail_msg("policy %llu has %zu statements until %llu, and should be policy %llu with %zu until %llu", (ull)x->id,
                 theirs.statements_n, (ull)theirs.expires, (ull)ours.id, ours.statements_n, (ull)ours.expires);
    for (size_t i = 0; i < ours.statements_n; i++)
        if (!same_statement(&ours.statements[i], &theirs.statements[i]))
            fail_msg("statement %zu of policy %llu is another one: %llu of %llu bytes used, %llu should be", i,
                     (ull)x->id, (ull)theirs.statements[i].used, (ull)theirs.statements[i].limit,
                     (ull)ours.statements[i].used);
    return CODE_OK;
}

static bool resource_there(const struct permissions *p, const struct policy *x) {
    return x->kind == RESOURCE_KIND_BUCKET ? fact_bucket_by_id(p->facts, x->resource) != NULL
           : x->kind == RESOURCE_KIND_OBJECT
               ? fact_object_by_id(p->facts, x->resource) != NULL
               : permission_group((struct permissions *)(uintptr_t)p, x->resource) != NULL;
}

/* record_fn over the ids of groups. */
static int hold_group(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct comparing *c = arg;
    struct key k;
    const GroupLocation *at = msg;
    GroupInfo *theirs;
    struct addr owner = permission_address(at->owner);
    uint64_t id = load_be64(rest.data);
    (void)value;
    const struct group *mine = permission_group(c->p, id);
    if (!mine)
        fail_msg("group %llu is in the ledger and should not be", (ull)id);
    int rc = record_get(ctx, key_group(&k, &owner, at->group_name), &group_info__descriptor, &theirs, err);
    if (rc)
        return rc;
    if (theirs->id != id || !addr_eq(&owner, &mine->owner) || strcmp(theirs->group_name, mine->name) != 0 ||
        strcmp(theirs->extra, mine->extra) != 0)
        fail_msg("group %llu is another one", (ull)id);
    c->seen_groups[mine - c->p->book.groups] = true;
    return CODE_OK;
}

/* record_fn over members. rest: group id, account. */
static int hold_member(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct comparing *c = arg;
    const GroupMember *theirs = msg;
    struct addr account = permission_address(theirs->account);
    uint64_t id = load_be64(rest.data);
    (void)ctx, (void)value, (void)err;
    if (!permission_group(c->p, id))
        return CODE_OK; /* of a group that is gone: going */
    const struct member *mine = permission_member(c->p, id, &account);
    if (!mine)
        fail_msg("group %llu has a member that it should not have", (ull)id);
    if (mine->expires != theirs->expires_at)
        fail_msg("a membership of group %llu ends at %llu and should end at %llu", (ull)id, (ull)theirs->expires_at,
                 (ull)mine->expires);
    c->seen_members[mine - c->p->book.members] = true;
    return CODE_OK;
}

/* What is in the model must be in the ledger, unless its time is over; what has left the ledger leaves the model. */
static void hold_ours(struct comparing *c) {
    struct permissions *p = c->p;
    for (size_t i = 0; i < p->book.groups_n; i++)
        if (!c->seen_groups[i])
            fail_msg("group %llu should be in the ledger", (ull)p->book.groups[i].id);
    for (size_t i = p->book.members_n; i-- > 0;) {
        if (c->seen_members[i])
            continue;
        if (!permission_over(p, p->book.members[i].expires))
            fail_msg("group %llu has lost a member", (ull)p->book.members[i].group);
        p->book.members[i] = p->book.members[--p->book.members_n];
    }
    for (size_t i = p->book.policies_n; i-- > 0;) {
        const struct policy *x = &p->book.policies[i];
        if (c->seen_policies[i])
            continue;
        if (!c->adopt && permission_alive(p, x) && resource_there(p, x) &&
            (!x->for_group || permission_group(p, x->group)))
            fail_msg("policy %llu should be in the ledger", (ull)x->id);
        p->book.policies[i] = p->book.policies[--p->book.policies_n];
    }
}

static void hold_all(struct ctx *ctx, void *arg) {
    struct key k;
    struct err err = {0};
    assert_ok(record_each(ctx, key_group_ids(&k), BYTES_NONE, 0, &group_location__descriptor, hold_group, arg, &err),
              &err);
    assert_ok(record_each(ctx, key_members(&k), BYTES_NONE, 0, &group_member__descriptor, hold_member, arg, &err),
              &err);
    assert_ok(record_each(ctx, key_policies(&k), BYTES_NONE, 0, &policy__descriptor, hold_policy, arg, &err), &err);
}

/* --- questions to both --- */

static const char *const askers[] = {"owner0", "owner1", "owner2", "owner3", "sp0", "sp1", NULL};

static void ask(struct permissions *p, const struct question *q, const char *bucket, const char *object) {
    struct fixture *f = &p->facts->w->f;
    char who[ADDR_TEXT_MAX] = "", size[24], group[24];
    struct statement *s;
    uint64_t policy;
    if (q->who)
        addr_to_text(q->who, who);
    snprintf(size, sizeof size, "%llu", (ull)q->size);
    snprintf(group, sizeof group, "%llu", (ull)q->group);
    const char *action = protobuf_c_enum_descriptor_get_value(&action__descriptor, q->action)->name;
    const CheckAnswer *theirs =
        q->group ? fixture_query(f, "/permission/check", "account", who, "action", action, "group_id", group, NULL)
                 : fixture_query(f, "/permission/check", "account", who, "action", action, "bucket_name", bucket,
                                 "object_name", object, "size", size, NULL);
    const char *ours = permission_answer(p, q, &s, &policy);
    if (strcmp(theirs->reason, ours) != 0 || theirs->allowed != permission_yes(ours) || theirs->policy_id != policy)
        fail_msg("%s of %s/%s (group %s, %s bytes): the ledger says %s by policy %llu, the model %s by policy %llu",
                 action, bucket, object, group, size, theirs->reason, (ull)theirs->policy_id, ours, (ull)policy);
}

static void ask_about_bucket(struct permissions *p, struct question *q) {
    const struct facts *f = p->facts;
    const struct fact_bucket *b = &f->buckets[rng_below(&p->rng, f->buckets_n)];
    const struct fact_object *o = NULL;
    char fresh[32] = "";
    q->owner = b->owner;
    q->bucket = b->id;
    q->action = (int)rng_range(&p->rng, ACTION_GET_OBJECT, ACTION_UPDATE_GROUP);
    for (size_t i = 0; i < f->objects_n && !o; i++)
        if (f->objects[i].bucket_id == b->id && rng_chance(&p->rng, 1, 2))
            o = &f->objects[i];
    snprintf(fresh, sizeof fresh, "dir/object%d", (int)rng_below(&p->rng, 14));
    if (q->action == ACTION_CREATE_OBJECT)
        q->name = fresh;
    else if (o)
        q->name = o->name;
    q->object = o && q->action != ACTION_CREATE_OBJECT ? o->id : 0;
    q->visible = (q->action == ACTION_LIST_OBJECTS && b->visible) ||
                 (q->object && o->visible && (q->action == ACTION_GET_OBJECT || q->action == ACTION_COPY_OBJECT));
    ask(p, q, b->name, q->name ? q->name : "");
}

static void ask_about_group(struct permissions *p, struct question *q) {
    const struct group *g = &p->book.groups[rng_below(&p->rng, p->book.groups_n)];
    q->owner = g->owner;
    q->group = g->id;
    q->action = (int)rng_range(&p->rng, ACTION_UPDATE_GROUP_MEMBERS, ACTION_UPDATE_GROUP);
    ask(p, q, "", "");
}

/* Bytes to ask about: often just what a budget has left, or one more. */
static uint64_t a_size(struct permissions *p) {
    const struct policy *x = p->book.policies_n ? &p->book.policies[rng_below(&p->rng, p->book.policies_n)] : NULL;
    for (size_t i = 0; x && i < x->statements_n; i++)
        if (x->statements[i].limit && rng_chance(&p->rng, 3, 4))
            return x->statements[i].limit - x->statements[i].used + rng_below(&p->rng, 2);
    return rng_below(&p->rng, 3) * rng_below(&p->rng, 100000);
}

static uint64_t ask_some(struct permissions *p) {
    uint64_t asked = 0;
    for (unsigned i = 0; i < QUESTIONS; i++) {
        const char *name = askers[rng_below(&p->rng, sizeof askers / sizeof *askers)];
        struct addr who = name ? fixture_addr(name) : (struct addr){{0}};
        struct question q = {.who = name ? &who : NULL, .size = a_size(p)};
        if (rng_chance(&p->rng, 1, 4) && p->book.groups_n)
            ask_about_group(p, &q);
        else if (p->facts->buckets_n)
            ask_about_bucket(p, &q);
        else
            continue;
        asked++;
    }
    return asked;
}

uint64_t permissions_compare(struct permissions *p) {
    static struct comparing c;
    c = (struct comparing){.p = p, .adopt = p->book.spent_unseen};
    p->book.spent_unseen = false;
    fixture_with_ctx(&p->facts->w->f, hold_all, &c);
    hold_ours(&c);
    return ask_some(p);
}
