/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about groups of accounts and policies. */
#include "tests/lib/ledger/ops.h"

#include "cairn/permission.h"
#include "chain/codec/bech32.h"

/* Few, so that several policies speak of the same one. */
static const char *a_guest(struct world *w) {
    static const char *const guests[WORLD_GUESTS] = {"sp0", "owner1", "owner2", "owner3", "owner0", "sp1"};
    return guests[below(w, w->guests_n)];
}

static GroupMember *a_member(struct world *w) {
    GroupMember *m = ARENA_NEW(&w->f.tx_arena, GroupMember);
    group_member__init(m);
    m->account = fixture_addr_data(&w->f, a_guest(w));
    m->expires_at = seldom(w, 2) ? fixture_ledger_time(&w->f) + below(w, 60 * unit_ms(w)) : 0;
    return m;
}

static void op_create_group(struct world *w) {
    MsgCreateGroup m = MSG_CREATE_GROUP__INIT;
    GroupMember *members[2] = {a_member(w), a_member(w)};
    m.group_name = arena_printf(&w->f.tx_arena, "team%u", (unsigned)below(w, 3));
    m.members = members;
    m.n_members = below(w, 3);
    fixture_do(&w->f, an_owner(w), &m.base);
}

static void op_members(struct world *w) {
    MsgUpdateGroupMembers m = MSG_UPDATE_GROUP_MEMBERS__INIT;
    GroupMember *add[1] = {a_member(w)};
    ProtobufCBinaryData remove[1] = {fixture_addr_data(&w->f, a_guest(w))};
    m.group_name = arena_printf(&w->f.tx_arena, "team%u", (unsigned)below(w, 3));
    m.add = add;
    m.n_add = below(w, 2);
    m.remove = remove;
    m.n_remove = below(w, 2);
    fixture_do(&w->f, an_owner(w), &m.base);
}

/* Its name, and now and then somebody else's. */
static void named_group(struct world *w, const char **ret_who, char **ret_name, ProtobufCBinaryData *ret_owner) {
    *ret_who = an_owner(w);
    *ret_name = arena_printf(&w->f.tx_arena, "team%u", (unsigned)below(w, 3));
    if (seldom(w, 3))
        *ret_owner = fixture_addr_data(&w->f, an_owner(w));
}

static void op_delete_group(struct world *w) {
    MsgDeleteGroup m = MSG_DELETE_GROUP__INIT;
    const char *who;
    named_group(w, &who, &m.group_name, &m.group_owner);
    fixture_do(&w->f, who, &m.base);
}

static void op_leave_group(struct world *w) {
    MsgLeaveGroup m = MSG_LEAVE_GROUP__INIT;
    const char *who;
    named_group(w, &who, &m.group_name, &m.group_owner);
    m.group_owner = fixture_addr_data(&w->f, an_owner(w));
    fixture_do(&w->f, seldom(w, 4) ? who : a_guest(w), &m.base);
}

static void op_update_group(struct world *w) {
    MsgUpdateGroup m = MSG_UPDATE_GROUP__INIT;
    const char *who;
    named_group(w, &who, &m.group_name, &m.group_owner);
    m.extra = text(w, seldom(w, 3) ? "" : "words");
    fixture_do(&w->f, who, &m.base);
}

static Resource *a_resource(struct world *w, const struct deal *d) {
    Resource *r = ARENA_NEW(&w->f.tx_arena, Resource);
    resource__init(r);
    r->kind = seldom(w, 2) ? RESOURCE_KIND_BUCKET : (ResourceKind)(1 + below(w, 3));
    if (r->kind != RESOURCE_KIND_GROUP)
        r->bucket_name = text(w, d->bucket);
    if (r->kind == RESOURCE_KIND_OBJECT)
        r->object_name = text(w, d->object);
    if (r->kind == RESOURCE_KIND_GROUP)
        r->group_name = arena_printf(&w->f.tx_arena, "team%u", (unsigned)below(w, 3));
    return r;
}

static uint64_t a_group_id(struct world *w) {
    const GroupsAnswer *groups;
    char who[ADDR_TEXT_MAX];
    struct addr owner = fixture_addr(an_owner(w));
    addr_to_text(&owner, who);
    groups = fixture_query(&w->f, "/storage/groups", "owner", who, NULL);
    return groups->n_groups ? groups->groups[below(w, groups->n_groups)]->id : 1 + below(w, 4);
}

static Principal *a_principal(struct world *w) {
    Principal *p = ARENA_NEW(&w->f.tx_arena, Principal);
    principal__init(p);
    p->kind = (PrincipalKind)(1 + below(w, 2));
    if (p->kind == PRINCIPAL_KIND_ACCOUNT)
        p->account = fixture_addr_data(&w->f, a_guest(w));
    else
        p->group_id = a_group_id(w);
    return p;
}

/* Mostly what fits the resource. */
static Action an_action(struct world *w, ResourceKind kind) {
    static const Action of_object[] = {ACTION_GET_OBJECT,  ACTION_DELETE_OBJECT, ACTION_UPDATE_OBJECT,
                                       ACTION_COPY_OBJECT, ACTION_RENEW_OBJECT,  ACTION_ALL};
    static const Action of_group[] = {ACTION_UPDATE_GROUP_MEMBERS, ACTION_DELETE_GROUP, ACTION_UPDATE_GROUP,
                                      ACTION_ALL};
    static const Action of_bucket[] = {ACTION_CREATE_OBJECT, ACTION_CREATE_OBJECT, ACTION_CREATE_OBJECT,
                                       ACTION_LIST_OBJECTS,  ACTION_DELETE_OBJECT, ACTION_DELETE_BUCKET,
                                       ACTION_UPDATE_BUCKET, ACTION_GET_OBJECT,    ACTION_ALL};
    if (seldom(w, 20))
        return (Action)(below(w, ACTION_UPDATE_GROUP + 1));
    return kind == RESOURCE_KIND_OBJECT  ? of_object[below(w, COUNT_OF(of_object))]
           : kind == RESOURCE_KIND_GROUP ? of_group[below(w, COUNT_OF(of_group))]
                                         : of_bucket[below(w, COUNT_OF(of_bucket))];
}

static uint64_t an_expiry(struct world *w, uint64_t one_in) {
    return seldom(w, one_in) ? fixture_ledger_time(&w->f) + below(w, 200 * unit_ms(w)) : 0;
}

static Statement *a_statement(struct world *w, ResourceKind kind) {
    static const char *const patterns[] = {"*", "dir/*", "dir/object?", "dir/object1*", "*/*ct3", "other"};
    Statement *s = ARENA_NEW(&w->f.tx_arena, Statement);
    statement__init(s);
    s->effect = seldom(w, 4) ? EFFECT_DENY : EFFECT_ALLOW;
    s->actions = arena_array(&w->f.tx_arena, 1, sizeof *s->actions);
    s->actions[0] = an_action(w, kind);
    s->n_actions = 1;
    if (seldom(w, kind == RESOURCE_KIND_BUCKET ? 2 : 20)) {
        s->resources = arena_array(&w->f.tx_arena, 2, sizeof *s->resources);
        s->n_resources = 1 + below(w, 2);
        for (size_t i = 0; i < s->n_resources; i++)
            s->resources[i] = text(w, patterns[below(w, COUNT_OF(patterns))]);
    }
    bool creates = s->effect == EFFECT_ALLOW && (s->actions[0] == ACTION_CREATE_OBJECT || s->actions[0] == ACTION_ALL);
    if (creates && kind == RESOURCE_KIND_BUCKET && seldom(w, 2))
        s->size_limit = 1 + below(w, 300000);
    s->expires_at = an_expiry(w, 4);
    return s;
}

static void op_put_policy(struct world *w) {
    struct deal *d = a_deal(w);
    MsgPutPolicy m = MSG_PUT_POLICY__INIT;
    Statement *list[2];
    m.resource = a_resource(w, d);
    m.principal = a_principal(w);
    m.statements = list;
    m.n_statements = 1 + seldom(w, 3);
    for (size_t i = 0; i < m.n_statements; i++)
        list[i] = a_statement(w, m.resource->kind);
    m.mode = (PolicyMode)(1 + below(w, 2));
    m.expires_at = an_expiry(w, 4);
    fixture_do(&w->f, seldom(w, 10) ? anybody(w) : d->owner, &m.base);
}

/* One that is there, mostly. */
static void op_delete_policy(struct world *w) {
    struct deal *d = a_deal(w);
    MsgDeletePolicy m = MSG_DELETE_POLICY__INIT;
    const BucketInfo *b = deal_bucket(d);
    const PoliciesAnswer *there = NULL;
    m.resource = a_resource(w, d);
    m.principal = a_principal(w);
    if (b && m.resource->kind == RESOURCE_KIND_BUCKET)
        there = fixture_query(&w->f, "/permission/policies", "resource_kind", "RESOURCE_KIND_BUCKET", "resource_id",
                              arena_printf(&w->f.tx_arena, "%llu", (unsigned long long)b->id), NULL);
    if (there && there->n_policies && !seldom(w, 8))
        m.principal = there->policies[below(w, there->n_policies)]->principal;
    fixture_do(&w->f, d->owner, &m.base);
}

/* Somebody else puts something into a bucket: a policy is needed. */
static void op_create_as_guest(struct world *w) {
    struct deal *d = a_deal(w);
    struct object_try t;
    if (!deal_bucket(d) || (deal_object(d) && !seldom(w, 8)))
        return;
    const char *who = a_guest(w);
    deal_object_try(d, &t);
    if (!seldom(w, 8))
        t.spec.creator = fixture_addr_data(&w->f, who);
    deal_object_send(d, &t, who);
}

/* clang-format off: a row a line */
static const struct world_op rows[] = {
    {"create_group", 2, op_create_group}, {"members", 3, op_members},
    {"delete_group", 1, op_delete_group}, {"leave_group", 2, op_leave_group},
    {"update_group", 1, op_update_group}, {"create_as_guest", 6, op_create_as_guest},
    {"put_policy", 8, op_put_policy},     {"delete_policy", 6, op_delete_policy},
};
/* clang-format on */
const struct world_ops ops_permission = WORLD_OPS(rows);
