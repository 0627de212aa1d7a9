/* SPDX-License-Identifier: Apache-2.0 */
/* The model of permissions: what messages must come to. */
#include "tests/property/ledger/permission_book.h"

#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_permission.h"
#include "chain/types/keys_storage.h"
#include "x/base/record.h"

static enum verdict no(const char **ret_why, const char *why) {
    *ret_why = why;
    return NO;
}

static enum verdict good_member(struct permissions *p, const struct addr *owner, const GroupMember *m,
                                const char **ret_why) {
    struct addr a;
    if (!addr_from(pb_bytes(m->account), &a) || addr_is_zero(&a))
        return no(ret_why, "a member is no address");
    if (addr_eq(&a, owner))
        return no(ret_why, "the owner cannot be a member");
    return permission_over(p, m->expires_at) ? no(ret_why, "a membership is over") : YES;
}

static enum verdict says_create_group(struct permissions *p, const struct addr *signer, const MsgCreateGroup *m,
                                      const char **ret_why) {
    uint64_t groups = 0;
    for (size_t i = 0; i < p->book.groups_n; i++)
        groups += addr_eq(&p->book.groups[i].owner, signer);
    if (permission_group_called(p, signer, m->group_name))
        return no(ret_why, "there is such a group");
    if (groups >= p->facts->w->f.params.storage.groups_per_account)
        return no(ret_why, "the account has as many groups as allowed");
    for (size_t i = 0; i < m->n_members; i++) {
        if (good_member(p, signer, m->members[i], ret_why) == NO)
            return NO;
        for (size_t j = 0; j < i; j++)
            if (bytes_eq(pb_bytes(m->members[i]->account), pb_bytes(m->members[j]->account)))
                return no(ret_why, "a member is given twice");
    }
    return YES;
}

/* The group that a message names, and whether the signer may do this with it. */
enum verdict permission_named_group(struct permissions *p, const struct addr *signer, ProtobufCBinaryData owner,
                                    const char *name, int action, struct group **ret, const char **ret_why) {
    struct addr at = *signer;
    if (owner.len && !addr_from(pb_bytes(owner), &at))
        return no(ret_why, "group_owner is no address");
    struct group *g = permission_group_called(p, &at, name);
    *ret = g;
    if (!g)
        return no(ret_why, "there is no such group");
    struct question q = {.who = signer, .action = action, .owner = g->owner, .group = g->id};
    return action == 0 || permission_may(p, &q) ? YES : no(ret_why, "no policy of the group allows it");
}

static enum verdict says_members(struct permissions *p, const struct addr *signer, const MsgUpdateGroupMembers *m,
                                 const char **ret_why) {
    struct group *g;
    enum verdict v =
        permission_named_group(p, signer, m->group_owner, m->group_name, ACTION_UPDATE_GROUP_MEMBERS, &g, ret_why);
    for (size_t i = 0; v != NO && i < m->n_remove; i++) {
        struct addr a;
        const struct member *there = addr_from(pb_bytes(m->remove[i]), &a) ? permission_member(p, g->id, &a) : NULL;
        if (!there)
            return no(ret_why, "who is to be removed is no member");
        if (permission_over(p, there->expires))
            v = MAYBE;
    }
    for (size_t i = 0; v != NO && i < m->n_add; i++)
        if (good_member(p, &g->owner, m->add[i], ret_why) == NO)
            return NO;
    return v;
}

static enum verdict says_leave(struct permissions *p, const struct addr *signer, const MsgLeaveGroup *m,
                               const char **ret_why) {
    struct group *g;
    if (permission_named_group(p, signer, m->group_owner, m->group_name, 0, &g, ret_why) == NO)
        return NO;
    const struct member *there = permission_member(p, g->id, signer);
    if (!there)
        return no(ret_why, "who is to leave is no member");
    return permission_over(p, there->expires) ? MAYBE : YES;
}

/* What a policy is to be put on: only its owner may. */
enum verdict permission_resource(struct permissions *p, const struct addr *signer, const Resource *r, uint64_t *ret_id,
                                 const char **ret_why) {
    const struct facts *f = p->facts;
    *ret_id = 0;
    if (r->kind == RESOURCE_KIND_GROUP) {
        const struct group *g = permission_group_called(p, signer, r->group_name);
        if (!g || r->bucket_name[0] || r->object_name[0])
            return no(ret_why, "the signer has no such group");
        *ret_id = g->id;
        return YES;
    }
    if (f->murky)
        return MAYBE;
    const struct fact_bucket *b = fact_bucket(f, r->bucket_name);
    if (!b || !addr_eq(&b->owner, signer) || r->group_name[0])
        return no(ret_why, "the signer has no such bucket");
    *ret_id = b->id;
    if (r->kind == RESOURCE_KIND_BUCKET)
        return r->object_name[0] ? no(ret_why, "a bucket and an object are named") : YES;
    const struct fact_object *o = fact_object(f, b->id, r->object_name);
    *ret_id = o ? o->id : 0;
    return o ? YES : no(ret_why, "there is no such object");
}

size_t permission_alive(const struct permissions *p, const struct policy *x) {
    size_t n = 0;
    for (size_t i = 0; i < x->statements_n && !permission_over(p, x->expires); i++)
        n += !permission_over(p, x->statements[i].expires);
    return n;
}

/* Room for one more policy of this sort of principal. */
static enum verdict room(struct permissions *p, int kind, uint64_t resource, bool for_group, const char **ret_why) {
    const struct fixture_params *params = &p->facts->w->f.params;
    uint64_t cap =
        for_group ? params->permission.groups_per_resource : params->permission.account_policies_per_resource;
    uint64_t live = 0, all = 0;
    for (size_t i = 0; i < p->book.policies_n; i++) {
        const struct policy *x = &p->book.policies[i];
        if (x->kind != kind || x->resource != resource || x->for_group != for_group)
            continue;
        all++;
        live += permission_alive(p, x) && (!for_group || permission_group(p, x->group));
    }
    if (live >= cap)
        return no(ret_why, "the resource has as many policies as allowed");
    return all >= cap ? MAYBE : YES;
}

static enum verdict says_put(struct permissions *p, const struct addr *signer, const MsgPutPolicy *m,
                             const char **ret_why) {
    uint64_t id;
    struct addr account = permission_address(m->principal->account);
    enum verdict v = permission_resource(p, signer, m->resource, &id, ret_why);
    if (v != YES)
        return v;
    bool for_group = m->principal->kind == PRINCIPAL_KIND_GROUP;
    if (for_group && !permission_group(p, m->principal->group_id))
        return no(ret_why, "there is no such group");
    if (!for_group && addr_eq(&account, signer))
        return no(ret_why, "the owner needs no policy");
    for (size_t i = 0; i < m->n_statements; i++)
        if (permission_over(p, m->statements[i]->expires_at))
            return no(ret_why, "a statement is over");
    if (permission_over(p, m->expires_at))
        return no(ret_why, "the policy is over");
    const struct policy *old = permission_policy(p, (int)m->resource->kind, id, m->principal);
    if (!old)
        return room(p, (int)m->resource->kind, id, for_group, ret_why);
    if (m->mode == POLICY_MODE_MERGE &&
        permission_alive(p, old) + m->n_statements > p->facts->w->f.params.permission.statements_max)
        return no(ret_why, "it would have too many statements");
    return permission_alive(p, old) ? YES : MAYBE; /* it may have left the state, and its room been taken */
}

static enum verdict says_delete_policy(struct permissions *p, const struct addr *signer, const MsgDeletePolicy *m,
                                       const char **ret_why) {
    uint64_t id;
    enum verdict v = permission_resource(p, signer, m->resource, &id, ret_why);
    if (v != YES)
        return v;
    const struct policy *x = permission_policy(p, (int)m->resource->kind, id, m->principal);
    if (!x)
        return no(ret_why, "there is no such policy");
    return permission_alive(p, x) && (!x->for_group || permission_group(p, x->group)) ? YES : MAYBE;
}

/* Messages of other modules: never without permission; whether with it, others decide. */
static enum verdict says_other(struct permissions *p, const struct addr *signer, int action, const char *bucket,
                               const char *object, uint64_t size, const char **ret_why) {
    const struct facts *f = p->facts;
    if (f->murky)
        return MAYBE;
    const struct fact_bucket *b = fact_bucket(f, bucket);
    if (!b)
        return no(ret_why, "there is no such bucket");
    struct question q = {.who = signer, .action = action, .owner = b->owner, .bucket = b->id, .size = size};
    const struct fact_object *o = object && action != ACTION_CREATE_OBJECT ? fact_object(f, b->id, object) : NULL;
    if (object && action != ACTION_CREATE_OBJECT && !o)
        return no(ret_why, "there is no such object");
    q.name = object;
    q.object = o ? o->id : 0;
    q.visible = o && o->visible && action == ACTION_COPY_OBJECT;
    return permission_may(p, &q) ? MAYBE : no(ret_why, "nothing allows it");
}

/* Of the messages that make an object; NULL: it is none of them. */
CreateObjectSpec *permission_spec(struct permissions *p, const Msg *msg) {
    CreateObjectSpec *spec = NULL;
    ProtobufCBinaryData bytes = msg->body_case == MSG__BODY_CREATE_OBJECT  ? msg->create_object->spec
                                : msg->body_case == MSG__BODY_STORE_OBJECT ? msg->store_object->spec
                                                                           : msg->copy_object->spec;
    if (pb_decode(&create_object_spec__descriptor, pb_bytes(bytes), &p->facts->w->f.tx_arena, &spec, NULL))
        return NULL;
    return spec;
}

static enum verdict says_create(struct permissions *p, const struct addr *signer, const Msg *msg,
                                const char **ret_why) {
    const CreateObjectSpec *spec = permission_spec(p, msg);
    return spec ? says_other(p, signer, ACTION_CREATE_OBJECT, spec->bucket_name, spec->object_name, spec->payload_size,
                             ret_why)
                : no(ret_why, "the spec says nothing");
}

static enum verdict says_copy(struct permissions *p, const struct addr *signer, const Msg *msg, const char **ret_why) {
    const MsgCopyObject *m = msg->copy_object;
    enum verdict v =
        says_other(p, signer, ACTION_COPY_OBJECT, m->source_bucket_name, m->source_object_name, 0, ret_why);
    return v == NO ? NO : says_create(p, signer, msg, ret_why);
}

static enum verdict says_move(struct permissions *p, const struct addr *signer, const MsgMoveObject *m,
                              const char **ret_why) {
    enum verdict v = says_other(p, signer, ACTION_DELETE_OBJECT, m->bucket_name, m->object_name, 0, ret_why);
    return v == NO ? NO : says_other(p, signer, ACTION_CREATE_OBJECT, m->bucket_name, m->new_object_name, 0, ret_why);
}

static enum verdict says_migrate(struct permissions *p, const struct addr *signer, const MsgMigrateBucket *m,
                                 const char **ret_why) {
    MigrateBucketSpec *spec = NULL;
    if (pb_decode(&migrate_bucket_spec__descriptor, pb_bytes(m->spec), &p->facts->w->f.tx_arena, &spec, NULL))
        return no(ret_why, "the spec says nothing");
    return says_other(p, signer, ACTION_UPDATE_BUCKET, spec->bucket_name, NULL, 0, ret_why);
}

enum verdict permissions_says(struct permissions *p, const struct addr *signer, const Msg *msg, const char **ret_why) {
    struct group *g;
    switch ((int)msg->body_case) {
    case MSG__BODY_CREATE_GROUP:
        return says_create_group(p, signer, msg->create_group, ret_why);
    case MSG__BODY_UPDATE_GROUP_MEMBERS:
        return says_members(p, signer, msg->update_group_members, ret_why);
    case MSG__BODY_LEAVE_GROUP:
        return says_leave(p, signer, msg->leave_group, ret_why);
    case MSG__BODY_DELETE_GROUP:
        return permission_named_group(p, signer, msg->delete_group->group_owner, msg->delete_group->group_name,
                                      ACTION_DELETE_GROUP, &g, ret_why);
    case MSG__BODY_UPDATE_GROUP:
        return permission_named_group(p, signer, msg->update_group->group_owner, msg->update_group->group_name,
                                      ACTION_UPDATE_GROUP, &g, ret_why);
    case MSG__BODY_PUT_POLICY:
        return says_put(p, signer, msg->put_policy, ret_why);
    case MSG__BODY_DELETE_POLICY:
        return says_delete_policy(p, signer, msg->delete_policy, ret_why);
    case MSG__BODY_DELETE_BUCKET:
        return says_other(p, signer, ACTION_DELETE_BUCKET, msg->delete_bucket->bucket_name, NULL, 0, ret_why);
    case MSG__BODY_DELETE_OBJECT:
        return says_other(p, signer, ACTION_DELETE_OBJECT, msg->delete_object->bucket_name,
                          msg->delete_object->object_name, 0, ret_why);
    case MSG__BODY_CREATE_OBJECT:
    case MSG__BODY_STORE_OBJECT:
        return says_create(p, signer, msg, ret_why);
    case MSG__BODY_COPY_OBJECT:
        return says_copy(p, signer, msg, ret_why);
    case MSG__BODY_MOVE_OBJECT:
        return says_move(p, signer, msg->move_object, ret_why);
    case MSG__BODY_UPDATE_OBJECT:
        return says_other(p, signer, ACTION_UPDATE_OBJECT, msg->update_object->bucket_name,
                          msg->update_object->object_name, 0, ret_why);
    case MSG__BODY_RENEW_OBJECT:
        return says_other(p, signer, ACTION_RENEW_OBJECT, msg->renew_object->bucket_name,
                          msg->renew_object->object_name, 0, ret_why);
    case MSG__BODY_UPDATE_BUCKET:
        return says_other(p, signer, ACTION_UPDATE_BUCKET, msg->update_bucket->bucket_name, NULL, 0, ret_why);
    case MSG__BODY_CANCEL_MIGRATE_BUCKET:
        return says_other(p, signer, ACTION_UPDATE_BUCKET, msg->cancel_migrate_bucket->bucket_name, NULL, 0, ret_why);
    case MSG__BODY_MIGRATE_BUCKET:
        return says_migrate(p, signer, msg->migrate_bucket, ret_why);
    default:
        return MAYBE;
    }
}
