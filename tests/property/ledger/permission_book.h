/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_PROPERTY_LEDGER_PERMISSION_BOOK_H
#define CAIRN_TESTS_PROPERTY_LEDGER_PERMISSION_BOOK_H
/* What the model of permissions is made of, for its own files: the lists, how something is found in them, and the
 * question. */
#include "tests/property/ledger/model.h"

#include "chain/base/rng.h"

#define GROUPS_MAX     1024
#define MEMBERS_MAX    4096
#define POLICIES_MAX   1024
#define STATEMENTS_MAX 8
#define PATTERNS_MAX   4
#define PATTERN_MAX    520

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

struct question {
    const struct addr *who; /* NULL: anybody */
    int action;
    struct addr owner;
    uint64_t bucket, object, group; /* 0: none */
    const char *name;
    bool visible;
    uint64_t size;
};

/* --- model_permission.c: looking things up, and the question --- */
/* Is that time over? 0: it never is. */
bool permission_over(const struct permissions *p, uint64_t expires);
struct addr permission_address(ProtobufCBinaryData d);
/* NULL: there is none. */
struct group *permission_group_called(struct permissions *p, const struct addr *owner, const char *name);
struct group *permission_group(struct permissions *p, uint64_t id);
struct member *permission_member(struct permissions *p, uint64_t group, const struct addr *account);
struct policy *permission_policy(struct permissions *p, int kind, uint64_t resource, const Principal *who);
/* The word for what an evaluation comes to, and which policy and statement decide. */
const char *permission_answer(struct permissions *p, const struct question *q, struct statement **ret_statement,
                              uint64_t *ret_policy);
/* Does this word allow? */
bool permission_yes(const char *word);
bool permission_may(struct permissions *p, const struct question *q);

/* --- permission_says.c --- */
/* The group, or resource, that a message names, if its signer may do that with it. */
enum verdict permission_named_group(struct permissions *p, const struct addr *signer, ProtobufCBinaryData owner,
                                    const char *name, int action, struct group **ret, const char **ret_why);
enum verdict permission_resource(struct permissions *p, const struct addr *signer, const Resource *r, uint64_t *ret_id,
                                 const char **ret_why);
/* Statements that have not expired. */
size_t permission_alive(const struct permissions *p, const struct policy *x);
/* Of a message that creates an object; NULL of others. */
CreateObjectSpec *permission_spec(struct permissions *p, const Msg *msg);

/* --- permission_accept.c --- */
/* Writes one down; leaves out those that have expired. */
void permission_take_statement(struct statement *to, const Statement *s);
void permission_drop_dead(const struct permissions *p, struct policy *x);

#endif
