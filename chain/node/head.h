/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_HEAD_H
#define CAIRN_CHAIN_NODE_HEAD_H
/*
 * The head: all that the newest committed block says about the next one. Immutable and counted: the executor makes one
 * a block, everybody else holds the one that was newest when they looked.
 */
#include "chain/types/app.h"
#include "chain/types/certificate.h"

#include <stdatomic.h>

struct head {
    atomic_uint refs;
    struct arena arena;
    uint64_t height;      /* committed; 0 = genesis */
    struct hash id;       /* its header's; zero at height 0 */
    struct hash app_hash; /* after it */
    struct app_info info;
    struct validator_set last_validators;           /* signed it; empty at height 0 */
    struct certificate certificate;                 /* decided it; n = 0 at height 0 */
    struct verifier last_verifiers[VALIDATORS_MAX]; /* keys of last_validators, parsed */
    struct verifier verifiers[VALIDATORS_MAX];      /* of info.validators */
    struct verifier next_verifiers[VALIDATORS_MAX]; /* of info.next_validators */
};

/* A head with one reference, its arena ready, everything else zero. NULL without memory. */
struct head *head_new(void);
/* The validators' keys of the three sets, once info and last_validators are set: those that `before` (may be NULL)
 * holds at the same place of the set before are taken over, the others parsed. */
int head_parse_keys(struct head *h, const struct head *before, struct err *err);
struct head *head_ref(struct head *h);
void head_unref(struct head *h); /* NULL is allowed */

#endif
