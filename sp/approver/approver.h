/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_APPROVER_APPROVER_H
#define CAIRN_SP_APPROVER_APPROVER_H
/*
 * GetApproval: may this bucket or object be created here, at which price, until when? Says yes unless the operator's
 * policy or the ledger's limits say no, and names the reason. The same request again gets the same approval until its
 * nonce is used on the ledger or it expires, so that repeating requests costs nothing. Also answers other providers who
 * look for secondaries.
 *
 * Thread-safe.
 */
#include "cairn/config.h"
#include "cairn/sp.h"
#include "sp/authenticator/authenticator.h"
#include "sp/piecestore/piecestore.h"
#include "sp/signer/signer.h"
#include "sp/spdb/spdb.h"
#include "sp/spdb/stages.h"

struct approver {
    struct ledger *ledger; /* borrowed, all of them */
    struct authenticator *auth;
    struct signer *signer;
    struct spdb *db;
    struct piecestore *pieces;
    const SpConfig *config;
    struct stage_limits stages;
    struct mutex lock; /* one decision at a time about one spec */
};

void approver_init(struct approver *approver, struct ledger *ledger, struct authenticator *auth, struct signer *signer,
                   struct spdb *db, struct piecestore *pieces, const SpConfig *config,
                   const struct stage_limits *stages);
void approver_release(struct approver *approver);

/* Decides about an encoded CreateBucketSpec / CreateObjectSpec that caller sent; caller must be the spec's creator, or
 * one whom it has granted that message.
 * CODE_DENIED with the reason; CODE_LIMIT, CODE_DISK_FULL, CODE_TOO_LARGE, CODE_UNSUPPORTED. On the arena. */
int approver_bucket(struct approver *approver, const struct caller *caller, struct bytes spec, struct arena *arena,
                    ApprovalBody **ret, struct err *err);
int approver_object(struct approver *approver, const struct caller *caller, struct bytes spec, struct arena *arena,
                    ApprovalBody **ret, struct err *err);

/* An encoded MigrateBucketSpec: a bucket that is to have this provider as its primary. Also refuses one that it could
 * not take over: its own, one of whose objects it keeps another position, one beyond its capacity. */
int approver_migrate(struct approver *approver, const struct caller *caller, struct bytes spec, struct arena *arena,
                     ApprovalBody **ret, struct err *err);

/* A primary's question to secondaries: always an answer that can be sent, with refused and reason when it is a no.
 * CODE_UNAUTHENTICATED and others when the question itself is not to be answered (forged, another chain, not a
 * provider). */
int approver_secondary(struct approver *approver, struct bytes question, struct arena *arena,
                       SignedSecondaryApproval **ret, struct err *err);

/* --- staging (stage.c) --- */

/* May caller leave the question's position here, for an object that it codes and stores itself? The offer names no
 * object and no provider that it is for. Errors as for an object, and CODE_LIMIT, CODE_PRICE. */
int approver_stage(struct approver *approver, const struct caller *caller, const SecondaryAsk *ask, struct arena *arena,
                   SignedSecondaryApproval **ret, struct err *err);
/* What such an offer at this price says that it is for: ask_hash of the question without what the provider fills in. */
int approver_stage_hash(const SecondaryAsk *ask, uint64_t price, const struct hash *chain_tag, struct arena *arena,
                        struct hash *ret, struct err *err);
/* May caller have this primary look for who keeps such an object (position 0)? */
int approver_placement(struct approver *approver, const struct caller *caller, const SecondaryAsk *ask,
                       struct arena *arena, struct err *err);

#endif
