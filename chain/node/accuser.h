/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_ACCUSER_H
#define CAIRN_CHAIN_NODE_ACCUSER_H
/*
 * What this node has seen other validators sign twice, kept until the ledger knows it.
 *
 *     data/evidence/ADDRESS.pb      message Evidence against the validator of that address; one is enough
 *
 * The core's thread writes a file (accuser_keep); the ledger's thread reads them (accuser_load) and after each block
 * asks what to do (accuser_next): an unordered transaction of the validator's own account, again and again, until the
 * validator is jailed for good, the evidence too old, or refused for good. Then the file goes. How old it is the block
 * of its height says; where that is pruned the ledger judges, and the file goes a window after it was loaded. A node
 * without a validator's key keeps files and sends nothing.
 *
 * So that one transaction is enough where many validators saw the same, they take turns: a validator waits two heights
 * for each one before it in the set.
 */
#include "chain/base/arena.h"
#include "chain/base/err.h"
#include "chain/base/fixed.h"
#include "chain/base/limits.h"
#include "chain/crypto/key.h"
#include "chain/store/store.h"
#include "chain/types/app.h"

struct accusation {
    struct addr culprit;
    uint8_t *evidence; /* encoded */
    size_t len;
    uint64_t height;      /* of what was signed twice */
    uint64_t seen;        /* the height after which it was loaded */
    uint64_t seen_ms;     /* ledger time at the first look after that: it is older than this; 0: not looked at yet */
    uint64_t valid_until; /* of the transaction that is under way; 0: none */
    struct hash tx_id;
};

struct accuser {
    char dir[PATH_LEN_MAX];
    struct accusation list[ACCUSER_MAX];
    size_t n;
};

/* Keeps evidence against `culprit`, durably, in data_dir's evidence/. CODE_ALREADY_EXISTS: there is some;
 * CODE_LIMIT. */
int accuser_keep(const char *data_dir, const struct addr *culprit, struct bytes evidence, struct err *err);

/* Takes in evidence that lies in no file: for a host that keeps none, over a zeroed struct. Copied. `height`: the
 * newest. CODE_ALREADY_EXISTS, CODE_LIMIT, and what is wrong with it. */
int accuser_add(struct accuser *a, const struct addr *culprit, struct bytes evidence, uint64_t height, struct err *err);

/* Starts empty over data_dir's evidence/, which exists. */
int accuser_init(struct accuser *a, const char *data_dir, struct err *err);
void accuser_release(struct accuser *a); /* a zeroed struct is allowed */

/* Takes in files that are new. What cannot be read is deleted with a line in the log. `height`: the newest. */
void accuser_load(struct accuser *a, uint64_t height);

struct accuser_view {
    struct store *store; /* its writer's state is after the newest block */
    const struct app_info *info;
    struct hash chain_tag;
    struct addr self;
    const struct seckey *key; /* NULL: no validator */
};

/* After a block: drops what is settled, and makes the next transaction that is due, on arena; empty: none. Call it
 * until it is. A failure concerns this time only. */
int accuser_next(struct accuser *a, const struct accuser_view *view, struct arena *arena, struct bytes *ret_wire,
                 struct err *err);

#endif
