/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_CHECK_H
#define CAIRN_CHAIN_NODE_CHECK_H
/*
 * Checking blocks that block sync fetched, before they are executed: a run of consecutive ones, each from the one
 * before. First the certificate (more than two thirds of the set that the header before announced), then that the
 * content belongs to the header, then every transaction's signature (unless a trusted block covers them). None of it
 * needs the state, so it happens while the blocks before are executed and written.
 *
 * A block that fails before its certificate has been verified says nothing but that who sent it lies. Once it is
 * certified and bound, a failure says that more than two thirds decided an invalid block, or that this program is
 * wrong: the node must stop.
 */
#include "chain/base/limits.h"
#include "chain/node/block.h"
#include "chain/node/head.h"
#include "chain/node/verify.h"

/* A block that is believed, and what it says of the next one. */
struct check_point {
    uint64_t height; /* 0: the genesis */
    struct hash id;
    struct hash set_hash; /* of the set that signs height + 1 */
    uint16_t last_n;      /* size of the set that signed this one; 0 at the genesis */
    bool set_known;       /* the two below are that set; else the block of height + 1 brings it */
    struct validator_set set;
    struct verifier keys[VALIDATORS_MAX];
};

/* What follows from the newest committed block. */
void check_point_of(const struct head *head, struct check_point *ret);

/* A block that the operator knows to be right. Up to it the signatures of transactions are not verified again: more
 * than two thirds did, as the certificates say, and at its height the chain must have come to it. */
struct check_trust {
    uint64_t height; /* 0: none */
    struct hash id;  /* of its header */
};

/* Whether the trusted block covers the signatures of the one with this header; that of the trusted height must be it.
 * CODE_UNTRUSTED. */
int check_trusted(const struct check_trust *t, const struct header *h, bool *ret_covered, struct err *err);

struct check_block {
    uint8_t *stored; /* in: an encoded StoredBlock, malloc'd, the check's; gone once it is good */
    size_t len;
    struct block *block;             /* out: opened; a reference, the check's until it is taken */
    struct certificate *certificate; /* out: malloc'd, the check's until it is taken */
};

/* One run. */
struct check {
    struct hash chain_tag;
    struct check_trust trust; /* in */
    struct check_point point; /* in: before the first block; out: after the last good one */
    uint64_t from;            /* the first height */
    size_t count;
    struct check_block blocks[CHECK_BLOCKS_MAX];
    size_t good;    /* out: so many of them are */
    int failed;     /* out: why the next one is not; CODE_OK when all are good */
    bool certified; /* out: the failed one is certified; it is still at its place */
    struct err why;
};

/* Zeroed but for these; NULL without memory. check_free drops what was not taken out; NULL is allowed. */
struct check *check_new(const struct hash *chain_tag, const struct check_point *point, uint64_t from);
void check_free(struct check *k);

/* Does it, until the first block that is not good. `verify` works along. */
void check_run(struct check *k, struct verify *verify);

#endif
