/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_EXECUTOR_H
#define CAIRN_CHAIN_NODE_EXECUTOR_H
/*
 * The ledger as the node runs it: the app over the store, one block after another. Builds, judges and commits; knows
 * nothing of consensus, network or threads. One thread calls it.
 */
#include "chain/node/block.h"
#include "chain/node/check.h"
#include "chain/node/head.h"
#include "chain/node/reveals.h"
#include "chain/node/verify.h"
#include "chain/store/store.h"

struct executor_options {
    bool index_events;
    struct hash reveal_secret; /* of the own hash chain; with `self` */
    struct addr self;          /* own consensus address; zero: not a validator */
    struct check_trust trust;  /* at its height executor_judge refuses every other block */
};

/* The next block as far as it has been executed before it is decided: on the writer's state and in a batch of its own,
 * which are promoted when it is, and dropped when another one is. */
struct executor_ahead {
    struct block *block;       /* NULL: none */
    struct store_batch *batch; /* NULL: its ante checks only */
    struct head *head;         /* after it; its certificate is missing */
    struct arena arena;
    bool judged, done;
    const struct bytes *changed; /* in debug builds: some keys that it changed (twice.h) */
    size_t changed_n;
};

struct executor {
    struct store *store;
    const struct app *app;
    struct verify *verify;
    struct executor_options options;
    struct hash chain_tag;
    struct head *head;
    struct certificate certified; /* of the head, perhaps with more votes; of another height: none */
    struct reveals reveals;
    struct app_verifier verifier;
    struct executor_ahead ahead;
};

/* Opens over what is committed; an empty store gets height 0 from `genesis`, whose chain tag is `tag` (which must be
 * the store's, if it has one: CODE_CHAIN_MISMATCH). Store, app, verify are borrowed. */
int executor_open(struct executor *e, struct store *store, const struct app *app, struct verify *verify,
                  const struct executor_options *options, const Genesis *genesis, const struct hash *tag,
                  struct err *err);
void executor_close(struct executor *e);

/* The certificate of the newest block with precommits that came since, all of them good: what the blocks that are built
 * on it carry. Of another block, or with less than the one that decided it: ignored. Copied. */
void executor_certified(struct executor *e, const struct certificate *certificate);

/* The next block from candidate transactions (wire bytes, in the order of preference), at `now_ms`. *ret_block is NULL
 * when there is nothing to propose yet: no transaction and no empty block due. It is opened and valid. */
int executor_build(struct executor *e, uint64_t now_ms, const struct bytes *candidates, size_t n,
                   struct block **ret_block, struct err *err);

/* May the next block be this one? CODE_OK yes. *ret_invalid: no, for the reason in err; other failures are of this
 * machine. */
int executor_judge(struct executor *e, struct block *b, bool *ret_invalid, struct err *err);

/* Executes a block that was built or judged valid here before it is decided, if none has been at this height: while
 * votes travel. Its state root is known then, and to commit it is to write. Nothing is seen of it before
 * executor_commit; a failure is left for that. */
void executor_run_ahead(struct executor *e, struct block *b);

/* Executes and commits the decided next block in one synced batch, and makes the new head. Any failure is of this
 * machine, or means that this node's state is not the others': the node stops. */
int executor_commit(struct executor *e, struct block *b, const struct certificate *certificate, struct err *err);

/* The same for a block of block sync: certificate, binding and signatures were checked before (check.h), so it is only
 * held against the state and executed. *ret_invalid: it is not what this ledger says, though more than two thirds
 * decided it; other failures are of this machine. Without `durable` it is only written: a power cut may lose it and
 * those behind it until executor_settle or a durable one. */
int executor_apply(struct executor *e, struct block *b, const struct certificate *certificate, bool durable,
                   bool *ret_invalid, struct err *err);
/* Everything that was applied is durable. */
int executor_settle(struct executor *e, struct err *err);

/* The transaction that registers the next reveal chain of validator `key`, on arena; empty when none is due. */
int executor_renewal(struct executor *e, const struct seckey *key, struct arena *arena, struct bytes *ret_wire,
                     struct err *err);

#endif
