/* SPDX-License-Identifier: Apache-2.0 */
/* The model of permissions: what accepted messages do. */
#include "tests/property/ledger/permission_book.h"

#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_permission.h"
#include "chain/types/keys_storage.h"
#include "x/base/record.h"

static void add_member(struct permissions *p, uint64_t group, const GroupMember *m) {
    struct addr a = permission_address(m->account);
    struct member *there = permission_member(p, group, &a);
    if (!there) {
        assert_true(p->book.members_n < MEMBERS_MAX);
        there = &p->book.members[p->book.members_n++];
    }
    *there = (struct member){group, a, m->expires_at};
}

static void remove_member(struct permissions *p, uint64_t group, const struct addr *account) {
    struct member *there = permission_member(p, group, account);
    if (there)
        *there = p->book.members[--p->book.members_n];
}

static void create_group(struct permissions *p, const struct addr *signer, const MsgCreateGroup *m, uint64_t id) {
    assert_true(p->book.groups_n < GROUPS_MAX);
    struct group *g = &p->book.groups[p->book.groups_n++];
    *g = (struct group){.id = id, .owner = *signer};
    snprintf(g->name, sizeof g->name, "%s", m->group_name);
    snprintf(g->extra, sizeof g->extra, "%s", m->extra);
    for (size_t i = 0; i < m->n_members; i++)
        add_member(p, id, m->members[i]);
}

static void delete_group(struct permissions *p, struct group *g) {
    uint64_t id = g->id;
    *g = p->book.groups[--p->book.groups_n];
    for (size_t i = 0; i < p->book.members_n;)
        if (p->book.members[i].group == id)
            p->book.members[i] = p->book.members[--p->book.members_n];
        else
            i++;
}

void permission_take_statement(struct statement *to, const Statement *s) {
    *to = (struct statement){
        .deny = s->effect == EFFECT_DENY, .expires = s->expires_at, .limit = s->size_limit, .used = s->size_used};
    for (size_t i = 0; i < s->n_actions; i++) {
        to->all |= s->actions[i] == ACTION_ALL;
        assert_in_range(s->actions[i], 1, 31);
        to->actions[s->actions[i]] = true;
    }
    for (size_t i = 0; i < s->n_resources; i++, to->patterns_n++) {
        assert_true(i < PATTERNS_MAX && strlen(s->resources[i]) < PATTERN_MAX);
        snprintf(to->patterns[i], PATTERN_MAX, "%s", s->resources[i]);
    }
}

void permission_drop_dead(const struct permissions *p, struct policy *x) {
    size_t n = 0;
    for (size_t i = 0; i < x->statements_n; i++)
        if (!permission_over(p, x->statements[i].expires))
            x->statements[n++] = x->statements[i];
    x->statements_n = n;
}

static void put_policy(struct permissions *p, const struct addr *signer, const MsgPutPolicy *m, uint64_t id) {
    uint64_t resource = 0;
    const char *why = "";
    if (permission_resource(p, signer, m->resource, &resource, &why) == MAYBE) {
        p->book.spent_unseen = true; /* the resource is not known: taken from the ledger after the block */
        return;
    }
    struct policy *x = permission_policy(p, (int)m->resource->kind, resource, m->principal);
    bool merge = x && m->mode == POLICY_MODE_MERGE && !permission_over(p, x->expires);
    if (!x) {
        assert_true(p->book.policies_n < POLICIES_MAX);
        x = &p->book.policies[p->book.policies_n++];
        *x = (struct policy){.kind = (int)m->resource->kind, .resource = resource};
        x->for_group = m->principal->kind == PRINCIPAL_KIND_GROUP;
        x->account = permission_address(m->principal->account);
        x->group = x->for_group ? m->principal->group_id : 0;
    }
    if (merge)
        permission_drop_dead(p, x);
    else
        x->statements_n = 0;
    if (!merge || m->expires_at)
        x->expires = m->expires_at;
    x->id = id;
    for (size_t i = 0; i < m->n_statements; i++) {
        assert_true(x->statements_n < STATEMENTS_MAX);
        permission_take_statement(&x->statements[x->statements_n++], m->statements[i]);
    }
}

static void create_object(struct permissions *p, const struct addr *signer, const Msg *msg) {
    const CreateObjectSpec *spec = permission_spec(p, msg);
    const struct fact_bucket *b = fact_bucket(p->facts, spec->bucket_name);
    struct statement *s = NULL;
    uint64_t policy;
    if (!b || p->facts->murky) {
        p->book.spent_unseen = true;
        return;
    }
    struct question q = {.who = signer,
                         .action = ACTION_CREATE_OBJECT,
                         .owner = b->owner,
                         .bucket = b->id,
                         .name = spec->object_name,
                         .size = spec->payload_size};
    permission_answer(p, &q, &s, &policy);
    if (s && s->limit)
        s->used += spec->payload_size;
}

void permissions_accept(struct permissions *p, const struct addr *signer, const Msg *msg, struct told *told) {
    const char *why = "";
    struct group *g = NULL;
    switch ((int)msg->body_case) {
    case MSG__BODY_CREATE_GROUP:
        create_group(p, signer, msg->create_group, told_id(told, "storage.group_created", "group_id"));
        return;
    case MSG__BODY_UPDATE_GROUP_MEMBERS: {
        const MsgUpdateGroupMembers *m = msg->update_group_members;
        permission_named_group(p, signer, m->group_owner, m->group_name, 0, &g, &why);
        for (size_t i = 0; i < m->n_remove; i++) {
            struct addr a = permission_address(m->remove[i]);
            remove_member(p, g->id, &a);
        }
        for (size_t i = 0; i < m->n_add; i++)
            add_member(p, g->id, m->add[i]);
        return;
    }
    case MSG__BODY_LEAVE_GROUP:
        permission_named_group(p, signer, msg->leave_group->group_owner, msg->leave_group->group_name, 0, &g, &why);
        remove_member(p, g->id, signer);
        return;
    case MSG__BODY_DELETE_GROUP:
        permission_named_group(p, signer, msg->delete_group->group_owner, msg->delete_group->group_name, 0, &g, &why);
        delete_group(p, g);
        return;
    case MSG__BODY_UPDATE_GROUP:
        permission_named_group(p, signer, msg->update_group->group_owner, msg->update_group->group_name, 0, &g, &why);
        snprintf(g->extra, sizeof g->extra, "%s", msg->update_group->extra);
        return;
    case MSG__BODY_PUT_POLICY:
        put_policy(p, signer, msg->put_policy, told_id(told, "permission.policy_put", "policy"));
        return;
    case MSG__BODY_DELETE_POLICY: {
        uint64_t id = 0;
        if (permission_resource(p, signer, msg->delete_policy->resource, &id, &why) == MAYBE) {
            p->book.spent_unseen = true;
            return;
        }
        struct policy *x =
            permission_policy(p, (int)msg->delete_policy->resource->kind, id, msg->delete_policy->principal);
        *x = p->book.policies[--p->book.policies_n];
        return;
    }
    case MSG__BODY_CREATE_OBJECT:
    case MSG__BODY_STORE_OBJECT:
    case MSG__BODY_COPY_OBJECT:
        create_object(p, signer, msg);
        return;
    default:
        break;
    }
}
