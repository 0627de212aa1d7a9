/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_SEAL_H
#define CAIRN_X_STORAGE_SEAL_H
/*
 * Sealing: the object becomes readable and starts to be paid for. Needs a receipt of every position, in which its
 * provider signed what it stores and at which price; no provider can seal other content than the owner signed. The
 * whole lock is given back, and the actual reserve or term charge taken in the same step; a version that it replaces is
 * settled and leaves in it too.
 */
#include "x/base/ctx.h"

#include "cairn/sp.h"
#include "cairn/storage.h"

/* What a seal works on. The caller fills the first part. */
struct seal {
    BucketInfo *bucket;
    ObjectInfo *object; /* that is sealed */
    ObjectInfo *old;    /* that it replaces; NULL: none */
    StorageProvider *primary;
    uint64_t group_id;           /* 0: opened in this transaction */
    uint64_t object_id, version; /* that the receipts must name */
    struct bytes upload_id;
    SignedReceipt *const *receipts;
    size_t n_receipts;
    const SignedStatement *statement;
    bool coded_by_sp;
    ProtobufCBinaryData layout_root;
    bool one_step; /* never was CREATED: no lock, no approval, no record yet */

    PlacementGroup *group;
    struct bytes content_root;
    uint64_t size;
    uint64_t valid_until; /* of the receipt that is valid longest */
};

/* All of it but who may: group, content, receipts, coder, money, place, records, event. */
int seal_object(struct ctx *ctx, struct seal *seal, struct err *err);

/* What of a seal can be judged without the state. */
int seal_check_parts(size_t receipts, ProtobufCBinaryData upload_id, ProtobufCBinaryData layout_root, struct err *err);

/* Is the running message signed by this provider's seal key? */
bool seal_is_primary(const struct ctx *ctx, const StorageProvider *sp);

#endif
