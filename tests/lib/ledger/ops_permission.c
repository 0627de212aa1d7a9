/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about groups of accounts and policies. */
#include "tests/lib/ledger/ops.h"

#include "cairn/permission.h"

static GroupMember *a_member(struct world *w) {
    GroupMember *m = ARENA_NEW(&w->f.tx_arena, GroupMember);
    group_member__init(m);
    m->account = fixture_addr_data(&w->f, anybody(w));
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
    ProtobufCBinaryData remove[1] = {fixture_addr_data(&w->f, anybody(w))};
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
    fixture_do(&w->f, seldom(w, 4) ? anybody(w) : who, &m.base);
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
    r->kind = (ResourceKind)(1 + below(w, 3));
    if (r->kind != RESOURCE_KIND_GROUP)
        r->bucket_name = text(w, d->bucket);
    if (r->kind == RESOURCE_KIND_OBJECT)
        r->object_name = text(w, d->object);
    if (r->kind == RESOURCE_KIND_GROUP)
        r->group_name = text(w, "team0");
    return r;
}

static Principal *a_principal(struct world *w) {
    Principal *p = ARENA_NEW(&w->f.tx_arena, Principal);
    principal__init(p);
    p->kind = (PrincipalKind)(1 + below(w, 2));
    if (p->kind == PRINCIPAL_KIND_ACCOUNT)
        p->account = fixture_addr_data(&w->f, anybody(w));
    else
        p->group_id = 1 + below(w, 4);
    return p;
}

static void op_put_policy(struct world *w) {
    struct deal *d = a_deal(w);
    MsgPutPolicy m = MSG_PUT_POLICY__INIT;
    Statement s = STATEMENT__INIT, *list[1] = {&s};
    Action actions[1] = {(Action)(2 + below(w, 10))};
    s.effect = (Effect)(1 + below(w, 2));
    s.actions = actions;
    s.n_actions = 1;
    m.resource = a_resource(w, d);
    m.principal = a_principal(w);
    m.statements = list;
    m.n_statements = 1;
    m.mode = (PolicyMode)(1 + below(w, 2));
    m.expires_at = seldom(w, 4) ? fixture_ledger_time(&w->f) + below(w, 600 * unit_ms(w)) : 0;
    fixture_do(&w->f, d->owner, &m.base);
}

static void op_delete_policy(struct world *w) {
    struct deal *d = a_deal(w);
    MsgDeletePolicy m = MSG_DELETE_POLICY__INIT;
    m.resource = a_resource(w, d);
    m.principal = a_principal(w);
    fixture_do(&w->f, d->owner, &m.base);
}

static const struct world_op rows[] = {
    {"create_group", 2, op_create_group},   {"members", 3, op_members},           {"delete_group", 1, op_delete_group},
    {"leave_group", 2, op_leave_group},     {"update_group", 1, op_update_group}, {"put_policy", 4, op_put_policy},
    {"delete_policy", 6, op_delete_policy},
};
const struct world_ops ops_permission = WORLD_OPS(rows);
