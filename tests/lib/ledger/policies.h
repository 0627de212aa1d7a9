/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_LEDGER_POLICIES_H
#define CAIRN_TESTS_LIB_LEDGER_POLICIES_H
/* Policies and groups of accounts on a fixture's ledger. */
#include "tests/lib/ledger/deal.h"

#include "cairn/permission.h"

struct policy_put {
    const char *by, *account; /* by NULL: the deal's owner; account NULL: group_id */
    uint64_t group_id;
    int kind; /* 0: bucket */
    const char *object, *group;
    int effect, action, mode; /* 0: ALLOW, GET_OBJECT, REPLACE; mode -1: none */
    const char *pattern;
    uint64_t expires_at, policy_expires_at, size_limit;
    size_t statements; /* alike; 0: one */
};

/* On tx_arena, for messages of the test's own making. */
Resource *policies_resource(struct deal *d, const struct policy_put *p);
Principal *policies_principal(struct fixture *f, const char *account, uint64_t group_id);

/* What process says of a message, or what it then does. ret_id may be NULL. */
int policies_send(struct fixture *f, const char *who, ProtobufCMessage *message, uint64_t *ret_id);
/* MsgPutPolicy about the deal's bucket, one of its objects, or a group of the signer's. */
int policies_put(struct deal *d, struct policy_put p);
/* A group that must come to be, with a member unless that is NULL; its id. */
uint64_t policies_group(struct fixture *f, const char *owner, const char *name, const char *member,
                        uint64_t expires_at);

/* The query; who NULL: anybody. */
const CheckAnswer *policies_check(struct deal *d, const char *who, const char *action, const char *object,
                                  const char *size);
/* Of 10 bytes. */
void policies_expect(struct deal *d, const char *who, const char *action, const char *object, const char *reason);

#endif
