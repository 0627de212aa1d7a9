/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_OBJECT_STAGE_H
#define CAIRN_CLIENT_LIB_OBJECT_STAGE_H
/*
 * Staging (storage.md §4, one-step): the client codes an object itself and leaves each position's pieces at a provider
 * of an open placement group, under an approval that this provider signed, until every one has given a receipt. Nothing
 * of it is on the ledger; what is not stored by then goes at the providers when the receipts are over.
 *
 * Memory: one segment with its parity, and 32 bytes a piece. Not thread-safe.
 */
#include "cairn/sp_wire.h"
#include "chain/coding/cut.h"
#include "client/lib/object_put.h"

/* Where one position is staged. */
struct stage_target {
    uint32_t sp_id;                    /* 0: nobody yet */
    SignedSecondaryApproval *approval; /* its yes; NULL: not asked yet */
    uint64_t price, good_until;        /* of the approval; ledger time, ms */
    const char *ticket;                /* "X-Cairn-Ticket: ..." */
    SignedReceipt *receipt;            /* once all is there */
    bool failed;                       /* another has to take its place */
    char why[ERR_MSG_MAX];
};

struct object_stage {
    /* filled by the caller before object_stage_run */
    struct sp_client *client;
    const struct object_put *put; /* fd, size, keep_ms, names, progress */
    struct arena *arena;          /* of what is kept: receipts, members */
    const BucketInfo *bucket;
    const Profile *profile;
    struct addr creator;
    uint64_t max_price;
    uint64_t replaces; /* version that is to be replaced; 0: none */

    /* what comes of it */
    uint8_t upload_id[16];
    uint64_t group_id;
    struct stage_target targets[CODE_N_MAX]; /* by position */
    struct hash content_root;
    struct hash checksums[CODE_N_MAX];

    /* its own */
    struct coder coder;
    uint64_t segments;
    struct hash *whole;             /* by segment */
    struct hash *roots[CODE_N_MAX]; /* by position, then segment */
    bool hashed;                    /* the whole payload was seen once: it must not change any more */
    uint32_t avoid[CODE_N_MAX];     /* providers that failed */
    size_t n_avoid;
};

/* Stages everything. A provider that fails is replaced, by another group of the primary's that does without it; the
 * others keep what they have. CODE_UNAVAILABLE when too few are left, or the primary itself fails; CODE_CONFLICT: the
 * file changed meanwhile; a provider's own code when its refusal would be everybody's (CODE_DENIED, CODE_PRICE).
 * Release it in any case. */
int object_stage_run(struct object_stage *stage, struct err *err);
void object_stage_release(struct object_stage *stage);

#endif
