/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what, naively. Every policy, statement, group and membership is an entry of a list; a question walks
 * through all of them. Nothing of this is taken from x/permission.
 */
#include "tests/property/ledger/model.h"

#include "chain/base/rng.h"
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_permission.h"
#include "chain/types/keys_storage.h"
#include "x/base/record.h"

#define GROUPS_MAX     1024
#define MEMBERS_MAX    4096
#define POLICIES_MAX   1024
#define STATEMENTS_MAX 8
#define PATTERNS_MAX   4
#define PATTERN_MAX    520
#define QUESTIONS      8 /* after each block */

struct statement {
    bool deny, all, actions[32];
    char patterns[PATTERNS_MAX][PATTERN_MAX];
    size_t patterns_n;
    uint64_t expires, limit, used;
};

struct policy {
    uint64_t id;
    int kind;
    uint64_t resource;
    bool for_group;
    struct addr account;
    uint64_t group;
    uint64_t expires;
    struct statement statements[STATEMENTS_MAX];
    size_t statements_n;
};

struct group {
    uint64_t id;
    struct addr owner;
    char name[256], extra[600];
};

struct member {
    uint64_t group;
    struct addr account;
    uint64_t expires;
};

/* All there is; small enough to be copied for every transaction. */
struct book {
    struct group groups[GROUPS_MAX];
    struct member members[MEMBERS_MAX];
    struct policy policies[POLICIES_MAX];
    size_t groups_n, members_n, policies_n;
    bool spent_unseen; /* a message that may have spent a budget was not understood */
};

struct permissions {
    const struct facts *facts;
    struct rng rng;
    struct book book, kept;
    size_t next_id;
};

struct permissions *permissions_new(const struct facts *facts, uint64_t seed) {
    struct permissions *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->facts = facts;
    rng_init(&p->rng, seed);
    return p;
}

/* Only what is in use. */
static void copy(struct book *to, const struct book *from) {
    memcpy(to->groups, from->groups, from->groups_n * sizeof *from->groups);
    memcpy(to->members, from->members, from->members_n * sizeof *from->members);
    memcpy(to->policies, from->policies, from->policies_n * sizeof *from->policies);
    to->groups_n = from->groups_n;
    to->members_n = from->members_n;
    to->policies_n = from->policies_n;
    to->spent_unseen = from->spent_unseen;
}

void permissions_keep(struct permissions *p) {
    copy(&p->kept, &p->book);
}

void permissions_back(struct permissions *p) {
    copy(&p->book, &p->kept);
}

/* --- looking things up --- */

static bool over(const struct permissions *p, uint64_t expires) {
    return expires != 0 && expires <= p->facts->now;
}

static struct addr address(ProtobufCBinaryData d) {
    struct addr a = {{0}};
    addr_from(bytes_of(d.data, d.len), &a);
    return a;
}

static struct group *group_called(struct permissions *p, const struct addr *owner, const char *name) {
    for (size_t i = 0; i < p->book.groups_n; i++)
        if (addr_eq(&p->book.groups[i].owner, owner) && strcmp(p->book.groups[i].name, name) == 0)
            return &p->book.groups[i];
    return NULL;
}

static struct group *group_with(struct permissions *p, uint64_t id) {
    for (size_t i = 0; i < p->book.groups_n; i++)
        if (p->book.groups[i].id == id)
            return &p->book.groups[i];
    return NULL;
}

static struct member *member_of(struct permissions *p, uint64_t group, const struct addr *account) {
    for (size_t i = 0; i < p->book.members_n; i++)
        if (p->book.members[i].group == group && addr_eq(&p->book.members[i].account, account))
            return &p->book.members[i];
    return NULL;
}

static struct policy *policy_of(struct permissions *p, int kind, uint64_t resource, const Principal *who) {
    struct addr account = address(who->account);
    for (size_t i = 0; i < p->book.policies_n; i++) {
        struct policy *x = &p->book.policies[i];
        if (x->kind == kind && x->resource == resource && x->for_group == (who->kind == PRINCIPAL_KIND_GROUP) &&
            (x->for_group ? x->group == who->group_id : addr_eq(&x->account, &account)))
            return x;
    }
    return NULL;
}

/* --- the question --- */

struct question {
    const struct addr *who; /* NULL: anybody */
    int action;
    struct addr owner;
    uint64_t bucket, object, group; /* 0: none */
    const char *name;
    bool visible;
    uint64_t size;
};

/* '*' any run, '?' one character, everything else itself. */
static bool match(const char *pattern, const char *name) {
    if (*pattern == '\0')
        return *name == '\0';
    if (*pattern == '*')
        return match(pattern + 1, name) || (*name && match(pattern, name + 1));
    if (*name == '\0')
        return false;
    if (*pattern == '?') {
        do
            name++;
        while ((*name & 0xc0) == 0x80);
        return match(pattern + 1, name);
    }
    return *pattern == *name && match(pattern + 1, name + 1);
}

static bool speaks(const struct permissions *p, const struct question *q, const struct statement *s) {
    bool named = s->patterns_n == 0;
    for (size_t i = 0; i < s->patterns_n && q->name; i++)
        named = named || match(s->patterns[i], q->name);
    return named && (s->all || s->actions[q->action]) && !over(p, s->expires);
}

static bool concerns(struct permissions *p, const struct question *q, const struct policy *x) {
    if (over(p, x->expires))
        return false;
    uint64_t resource = x->kind == RESOURCE_KIND_BUCKET   ? q->bucket
                        : x->kind == RESOURCE_KIND_OBJECT ? q->object
                                                          : q->group;
    if (resource == 0 || resource != x->resource)
        return false;
    if (!x->for_group)
        return addr_eq(&x->account, q->who);
    const struct member *m = member_of(p, x->group, q->who);
    return group_with(p, x->group) && m && !over(p, m->expires);
}

/* The first statement of the given sort, in the order bucket, object, group resource; groups by their ids. */
static struct statement *first(struct permissions *p, const struct question *q, bool for_group, bool deny,
                               bool with_room, uint64_t *ret_policy) {
    for (int kind = RESOURCE_KIND_BUCKET; kind <= RESOURCE_KIND_GROUP; kind++) {
        for (uint64_t group = 0;;) {
            struct policy *next = NULL;
            for (size_t i = 0; i < p->book.policies_n; i++) {
                struct policy *x = &p->book.policies[i];
                if (x->kind == kind && x->for_group == for_group && concerns(p, q, x) && x->group >= group &&
                    (!next || x->group < next->group))
                    next = x;
            }
            if (!next)
                break;
            for (size_t i = 0; i < next->statements_n; i++) {
                struct statement *s = &next->statements[i];
                bool room = q->action != ACTION_CREATE_OBJECT || s->limit == 0 || s->used + q->size <= s->limit;
                if (s->deny == deny && speaks(p, q, s) && (!with_room || room)) {
                    *ret_policy = next->id;
                    return s;
                }
            }
            if (!for_group)
                break;
            group = next->group + 1;
        }
    }
    return NULL;
}

/* The word of the answer; *ret_statement decides, if one does. */
static const char *answer(struct permissions *p, const struct question *q, struct statement **ret_statement,
                          uint64_t *ret_policy) {
    struct statement *s = NULL;
    *ret_statement = NULL;
    *ret_policy = 0;
    if (q->who && addr_eq(q->who, &q->owner))
        return "owner";
    if (q->who && (first(p, q, false, true, false, ret_policy) || first(p, q, true, true, false, ret_policy)))
        return "denied";
    if (q->who && (s = first(p, q, false, false, true, ret_policy))) {
        *ret_statement = s;
        return "account_allow";
    }
    if (q->who && (s = first(p, q, true, false, true, ret_policy))) {
        *ret_statement = s;
        return "group_allow";
    }
    if (q->visible)
        return "public";
    if (q->who && (first(p, q, false, false, false, ret_policy) || first(p, q, true, false, false, ret_policy)))
        return "budget";
    return "nothing";
}

static bool yes(const char *word) {
    return strcmp(word, "owner") == 0 || strcmp(word, "account_allow") == 0 || strcmp(word, "group_allow") == 0 ||
           strcmp(word, "public") == 0;
}

static bool may(struct permissions *p, const struct question *q) {
    struct statement *s;
    uint64_t policy;
    return yes(answer(p, q, &s, &policy));
}

/* --- what messages must come to --- */

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
    return over(p, m->expires_at) ? no(ret_why, "a membership is over") : YES;
}

static enum verdict says_create_group(struct permissions *p, const struct addr *signer, const MsgCreateGroup *m,
                                      const char **ret_why) {
    uint64_t groups = 0;
    for (size_t i = 0; i < p->book.groups_n; i++)
        groups += addr_eq(&p->book.groups[i].owner, signer);
    if (group_called(p, signer, m->group_name))
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
static enum verdict named(struct permissions *p, const struct addr *signer, ProtobufCBinaryData owner, const char *name,
                          int action, struct group **ret, const char **ret_why) {
    struct addr at = *signer;
    if (owner.len && !addr_from(pb_bytes(owner), &at))
        return no(ret_why, "group_owner is no address");
    struct group *g = group_called(p, &at, name);
    *ret = g;
    if (!g)
        return no(ret_why, "there is no such group");
    struct question q = {.who = signer, .action = action, .owner = g->owner, .group = g->id};
    return action == 0 || may(p, &q) ? YES : no(ret_why, "no policy of the group allows it");
}

static enum verdict says_members(struct permissions *p, const struct addr *signer, const MsgUpdateGroupMembers *m,
                                 const char **ret_why) {
    struct group *g;
    enum verdict v = named(p, signer, m->group_owner, m->group_name, ACTION_UPDATE_GROUP_MEMBERS, &g, ret_why);
    for (size_t i = 0; v != NO && i < m->n_remove; i++) {
        struct addr a;
        const struct member *there = addr_from(pb_bytes(m->remove[i]), &a) ? member_of(p, g->id, &a) : NULL;
        if (!there)
            return no(ret_why, "who is to be removed is no member");
        if (over(p, there->expires))
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
    if (named(p, signer, m->group_owner, m->group_name, 0, &g, ret_why) == NO)
        return NO;
    const struct member *there = member_of(p, g->id, signer);
    if (!there)
        return no(ret_why, "who is to leave is no member");
    return over(p, there->expires) ? MAYBE : YES;
}

/* What a policy is to be put on: only its owner may. */
static enum verdict resource_of(struct permissions *p, const struct addr *signer, const Resource *r, uint64_t *ret_id,
                                const char **ret_why) {
    const struct facts *f = p->facts;
    *ret_id = 0;
    if (r->kind == RESOURCE_KIND_GROUP) {
        const struct group *g = group_called(p, signer, r->group_name);
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

static size_t alive(const struct permissions *p, const struct policy *x) {
    size_t n = 0;
    for (size_t i = 0; i < x->statements_n && !over(p, x->expires); i++)
        n += !over(p, x->statements[i].expires);
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
        live += alive(p, x) && (!for_group || group_with(p, x->group));
    }
    if (live >= cap)
        return no(ret_why, "the resource has as many policies as allowed");
    return all >= cap ? MAYBE : YES;
}

static enum verdict says_put(struct permissions *p, const struct addr *signer, const MsgPutPolicy *m,
                             const char **ret_why) {
    uint64_t id;
    struct addr account = address(m->principal->account);
    enum verdict v = resource_of(p, signer, m->resource, &id, ret_why);
    if (v != YES)
        return v;
    bool for_group = m->principal->kind == PRINCIPAL_KIND_GROUP;
    if (for_group && !group_with(p, m->principal->group_id))
        return no(ret_why, "there is no such group");
    if (!for_group && addr_eq(&account, signer))
        return no(ret_why, "the owner needs no policy");
    for (size_t i = 0; i < m->n_statements; i++)
        if (over(p, m->statements[i]->expires_at))
            return no(ret_why, "a statement is over");
    if (over(p, m->expires_at))
        return no(ret_why, "the policy is over");
    const struct policy *old = policy_of(p, (int)m->resource->kind, id, m->principal);
    if (!old)
        return room(p, (int)m->resource->kind, id, for_group, ret_why);
    if (m->mode == POLICY_MODE_MERGE &&
        alive(p, old) + m->n_statements > p->facts->w->f.params.permission.statements_max)
        return no(ret_why, "it would have too many statements");
    return alive(p, old) ? YES : MAYBE; /* it may have left the state, and its room been taken */
}

static enum verdict says_delete_policy(struct permissions *p, const struct addr *signer, const MsgDeletePolicy *m,
                                       const char **ret_why) {
    uint64_t id;
    enum verdict v = resource_of(p, signer, m->resource, &id, ret_why);
    if (v != YES)
        return v;
    const struct policy *x = policy_of(p, (int)m->resource->kind, id, m->principal);
    if (!x)
        return no(ret_why, "there is no such policy");
    return alive(p, x) && (!x->for_group || group_with(p, x->group)) ? YES : MAYBE;
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
    return may(p, &q) ? MAYBE : no(ret_why, "nothing allows it");
}

/* Of the messages that make an object; NULL: it is none of them. */
static CreateObjectSpec *spec_of(struct permissions *p, const Msg *msg) {
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
    const CreateObjectSpec *spec = spec_of(p, msg);
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
        return named(p, signer, msg->delete_group->group_owner, msg->delete_group->group_name, ACTION_DELETE_GROUP, &g,
                     ret_why);
    case MSG__BODY_UPDATE_GROUP:
        return named(p, signer, msg->update_group->group_owner, msg->update_group->group_name, ACTION_UPDATE_GROUP, &g,
                     ret_why);
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

/* --- what accepted messages do --- */

static void add_member(struct permissions *p, uint64_t group, const GroupMember *m) {
    struct addr a = address(m->account);
    struct member *there = member_of(p, group, &a);
    if (!there) {
        assert_true(p->book.members_n < MEMBERS_MAX);
        there = &p->book.members[p->book.members_n++];
    }
    *there = (struct member){group, a, m->expires_at};
}

static void remove_member(struct permissions *p, uint64_t group, const struct addr *account) {
    struct member *there = member_of(p, group, account);
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

static void take_statement(struct statement *to, const Statement *s) {
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

static void drop_dead(const struct permissions *p, struct policy *x) {
    size_t n = 0;
    for (size_t i = 0; i < x->statements_n; i++)
        if (!over(p, x->statements[i].expires))
            x->statements[n++] = x->statements[i];
    x->statements_n = n;
}

static void put_policy(struct permissions *p, const struct addr *signer, const MsgPutPolicy *m, uint64_t id) {
    uint64_t resource = 0;
    const char *why = "";
    if (resource_of(p, signer, m->resource, &resource, &why) == MAYBE) {
        p->book.spent_unseen = true; /* the resource is not known: taken from the ledger after the block */
        return;
    }
    struct policy *x = policy_of(p, (int)m->resource->kind, resource, m->principal);
    bool merge = x && m->mode == POLICY_MODE_MERGE && !over(p, x->expires);
    if (!x) {
        assert_true(p->book.policies_n < POLICIES_MAX);
        x = &p->book.policies[p->book.policies_n++];
        *x = (struct policy){.kind = (int)m->resource->kind, .resource = resource};
        x->for_group = m->principal->kind == PRINCIPAL_KIND_GROUP;
        x->account = address(m->principal->account);
        x->group = x->for_group ? m->principal->group_id : 0;
    }
    if (merge)
        drop_dead(p, x);
    else
        x->statements_n = 0;
    if (!merge || m->expires_at)
        x->expires = m->expires_at;
    x->id = id;
    for (size_t i = 0; i < m->n_statements; i++) {
        assert_true(x->statements_n < STATEMENTS_MAX);
        take_statement(&x->statements[x->statements_n++], m->statements[i]);
    }
}

static void create_object(struct permissions *p, const struct addr *signer, const Msg *msg) {
    const CreateObjectSpec *spec = spec_of(p, msg);
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
    answer(p, &q, &s, &policy);
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
        named(p, signer, m->group_owner, m->group_name, 0, &g, &why);
        for (size_t i = 0; i < m->n_remove; i++) {
            struct addr a = address(m->remove[i]);
            remove_member(p, g->id, &a);
        }
        for (size_t i = 0; i < m->n_add; i++)
            add_member(p, g->id, m->add[i]);
        return;
    }
    case MSG__BODY_LEAVE_GROUP:
        named(p, signer, msg->leave_group->group_owner, msg->leave_group->group_name, 0, &g, &why);
        remove_member(p, g->id, signer);
        return;
    case MSG__BODY_DELETE_GROUP:
        named(p, signer, msg->delete_group->group_owner, msg->delete_group->group_name, 0, &g, &why);
        delete_group(p, g);
        return;
    case MSG__BODY_UPDATE_GROUP:
        named(p, signer, msg->update_group->group_owner, msg->update_group->group_name, 0, &g, &why);
        snprintf(g->extra, sizeof g->extra, "%s", msg->update_group->extra);
        return;
    case MSG__BODY_PUT_POLICY:
        put_policy(p, signer, msg->put_policy, told_id(told, "permission.policy_put", "policy"));
        return;
    case MSG__BODY_DELETE_POLICY: {
        uint64_t id = 0;
        if (resource_of(p, signer, msg->delete_policy->resource, &id, &why) == MAYBE) {
            p->book.spent_unseen = true;
            return;
        }
        struct policy *x = policy_of(p, (int)msg->delete_policy->resource->kind, id, msg->delete_policy->principal);
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
                          .account = address(x->principal->account),
                          .group = x->principal->group_id,
                          .expires = x->expires_at};
    assert_true(x->n_statements <= STATEMENTS_MAX);
    for (; to->statements_n < x->n_statements; to->statements_n++)
        take_statement(&to->statements[to->statements_n], x->statements[to->statements_n]);
}

/* record_fn over all policies. */
static int hold_policy(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    static struct policy theirs, ours;
    struct comparing *c = arg;
    struct permissions *p = c->p;
    const Policy *x = msg;
    (void)ctx, (void)rest, (void)value, (void)err;
    take_policy(&theirs, x);
    struct policy *mine = policy_of(p, theirs.kind, theirs.resource, x->principal);
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
    drop_dead(p, &ours);
    drop_dead(p, &theirs);
    if (over(p, ours.expires) && over(p, theirs.expires))
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
    return x->kind == RESOURCE_KIND_BUCKET   ? fact_bucket_by_id(p->facts, x->resource) != NULL
           : x->kind == RESOURCE_KIND_OBJECT ? fact_object_by_id(p->facts, x->resource) != NULL
                                             : group_with((struct permissions *)(uintptr_t)p, x->resource) != NULL;
}

/* record_fn over the ids of groups. */
static int hold_group(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct comparing *c = arg;
    struct key k;
    const GroupLocation *at = msg;
    GroupInfo *theirs;
    struct addr owner = address(at->owner);
    uint64_t id = load_be64(rest.data);
    (void)value;
    const struct group *mine = group_with(c->p, id);
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
    struct addr account = address(theirs->account);
    uint64_t id = load_be64(rest.data);
    (void)ctx, (void)value, (void)err;
    if (!group_with(c->p, id))
        return CODE_OK; /* of a group that is gone: going */
    const struct member *mine = member_of(c->p, id, &account);
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
        if (!over(p, p->book.members[i].expires))
            fail_msg("group %llu has lost a member", (ull)p->book.members[i].group);
        p->book.members[i] = p->book.members[--p->book.members_n];
    }
    for (size_t i = p->book.policies_n; i-- > 0;) {
        const struct policy *x = &p->book.policies[i];
        if (c->seen_policies[i])
            continue;
        if (!c->adopt && alive(p, x) && resource_there(p, x) && (!x->for_group || group_with(p, x->group)))
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
    const char *ours = answer(p, q, &s, &policy);
    if (strcmp(theirs->reason, ours) != 0 || theirs->allowed != yes(ours) || theirs->policy_id != policy)
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
