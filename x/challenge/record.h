/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_CHALLENGE_RECORD_H
#define CAIRN_X_CHALLENGE_RECORD_H
/*
 * Challenges as records. An open one is indexed by deadline, provider, object and submitter, and counted at provider,
 * object and in the statistics; a closed one keeps its record for a while, so that people see how it ended.
 */
#include "x/base/ctx.h"

#include "cairn/challenge.h"

/* CODE_CHALLENGE_NOT_FOUND. */
int challenge_get(struct ctx *ctx, uint64_t id, Challenge **ret, struct err *err);
int challenge_put(struct ctx *ctx, const Challenge *challenge, struct err *err);

/* Gives out: *challenge has everything but status, times and queue. */
int challenge_open(struct ctx *ctx, Challenge *challenge, struct err *err);
/* Ends an open one as PASSED or MISSED. */
int challenge_close(struct ctx *ctx, Challenge *challenge, int status, struct err *err);
/* Looks at it again in the next block. */
int challenge_requeue(struct ctx *ctx, Challenge *challenge, struct err *err);

/* Its provider is in maintenance: the deadline is a whole one behind the end of that. The queue's entry has been taken
 * out. */
int challenge_postpone(struct ctx *ctx, Challenge *challenge, uint64_t until, struct err *err);

/* Are so many open that answers to more could find no room before their deadlines? Then new ones wait. */
int challenge_deferred(struct ctx *ctx, bool *ret, struct err *err);
/* The same for submitted ones, which have half of that: a bond goes to the provider that answers, so one that submits
 * to itself pays fees only, and must not be able to keep the ledger's own draws away. */
int challenge_submit_deferred(struct ctx *ctx, bool *ret, struct err *err);
/* Open ones of a submitter, counted up to cap. */
int challenge_count_submitted(struct ctx *ctx, const struct addr *account, uint64_t cap, uint64_t *ret,
                              struct err *err);

/* Queue item: a closed one is forgotten. rest: id u64be. */
int challenge_forget(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

/* The one record of statistics; zeros before the first. */
int stats_get(struct ctx *ctx, ChallengeStats **ret, struct err *err);
int stats_put(struct ctx *ctx, const ChallengeStats *stats, struct err *err);

const char *challenge_origin_name(int origin);

#endif
