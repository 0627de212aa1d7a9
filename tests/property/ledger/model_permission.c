/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what, naively. Every policy, statement, group and membership is an entry of a list; a question walks
 * through all of them. Nothing of this is taken from x/permission.
 */
#include "tests/property/ledger/permission_book.h"

#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_permission.h"
#include "chain/types/keys_storage.h"
#include "x/base/record.h"

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

bool permission_over(const struct permissions *p, uint64_t expires) {
    return expires != 0 && expires <= p->facts->now;
}

struct addr permission_address(ProtobufCBinaryData d) {
    struct addr a = {{0}};
    addr_from(bytes_of(d.data, d.len), &a);
    return a;
}

struct group *permission_group_called(struct permissions *p, const struct addr *owner, const char *name) {
    for (size_t i = 0; i < p->book.groups_n; i++)
        if (addr_eq(&p->book.groups[i].owner, owner) && strcmp(p->book.groups[i].name, name) == 0)
            return &p->book.groups[i];
    return NULL;
}

struct group *permission_group(struct permissions *p, uint64_t id) {
    for (size_t i = 0; i < p->book.groups_n; i++)
        if (p->book.groups[i].id == id)
            return &p->book.groups[i];
    return NULL;
}

struct member *permission_member(struct permissions *p, uint64_t group, const struct addr *account) {
    for (size_t i = 0; i < p->book.members_n; i++)
        if (p->book.members[i].group == group && addr_eq(&p->book.members[i].account, account))
            return &p->book.members[i];
    return NULL;
}

struct policy *permission_policy(struct permissions *p, int kind, uint64_t resource, const Principal *who) {
    struct addr account = permission_address(who->account);
    for (size_t i = 0; i < p->book.policies_n; i++) {
        struct policy *x = &p->book.policies[i];
        if (x->kind == kind && x->resource == resource && x->for_group == (who->kind == PRINCIPAL_KIND_GROUP) &&
            (x->for_group ? x->group == who->group_id : addr_eq(&x->account, &account)))
            return x;
    }
    return NULL;
}

/* --- the question --- */

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
    return named && (s->all || s->actions[q->action]) && !permission_over(p, s->expires);
}

static bool concerns(struct permissions *p, const struct question *q, const struct policy *x) {
    if (permission_over(p, x->expires))
        return false;
    uint64_t resource = x->kind == RESOURCE_KIND_BUCKET   ? q->bucket
                        : x->kind == RESOURCE_KIND_OBJECT ? q->object
                                                          : q->group;
    if (resource == 0 || resource != x->resource)
        return false;
    if (!x->for_group)
        return addr_eq(&x->account, q->who);
    const struct member *m = permission_member(p, x->group, q->who);
    return permission_group(p, x->group) && m && !permission_over(p, m->expires);
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
const char *permission_answer(struct permissions *p, const struct question *q, struct statement **ret_statement,
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

bool permission_yes(const char *word) {
    return strcmp(word, "owner") == 0 || strcmp(word, "account_allow") == 0 || strcmp(word, "group_allow") == 0 ||
           strcmp(word, "public") == 0;
}

bool permission_may(struct permissions *p, const struct question *q) {
    struct statement *s;
    uint64_t policy;
    return permission_yes(permission_answer(p, q, &s, &policy));
}
