/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_SEAL_H
#define CAIRN_X_STORAGE_SEAL_H
/*
 * Sealing: the object becomes readable and starts to be paid for. Needs receipts of as many positions as are needed to
 * read it, in which their providers signed what they store and at which price; no provider can seal other content than
 * the owner signed, and the checksums of all positions are settled by it. The whole lock is given back, and the actual
 * reserve or term charge of what is sealed taken in the same step; a version that it replaces is settled and leaves in
 * it too.
 *
 * Completing: a seal of an object that is sealed at some positions adds others, also those that were declared lost. It
 * is settled up to now and agreed to anew at the prices of old and new receipts: what was paid ahead for the rest of
 * its term comes back to the unit, and that time is paid for all that is sealed now.
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
    const ProtobufCBinaryData *checksums; /* of the columns that have no receipt */
    size_t n_checksums;
    const SignedStatement *statement;
    bool coded_by_sp;
    ProtobufCBinaryData layout_root;
    bool one_step; /* never was CREATED: no lock, no approval, no record yet */

    PlacementGroup *group;
    struct bytes content_root;
    uint64_t size;
    uint64_t fresh;       /* bit i: a receipt of position i was taken */
    uint64_t valid_until; /* of the receipt that is valid longest */
};

/* All of it but who may: group, content, receipts, coder, money, place, records, event. */
int seal_object(struct ctx *ctx, struct seal *seal, struct err *err);

/* The rest of a seal of an object that is sealed already: group, receipts, money, place, record, event.
 * CODE_OBJECT_STATUS when all of it is sealed. */
int seal_complete(struct ctx *ctx, struct seal *seal, struct err *err);

/* Takes every receipt into the object's checksums and prices, and into seal->fresh; before the first seal the checksums
 * are those of the receipts, later they must be the object's. CODE_RECEIPT_MISSING when they do not ascend by position,
 * CODE_POSITION_SEALED, CODE_CONTENT_ROOT, those of receipt_check. */
int seal_take_receipts(struct ctx *ctx, struct seal *seal, struct err *err);

/* "0,2": the positions of a bitmap, on ctx->arena; for events. */
const char *seal_positions_text(struct ctx *ctx, uint64_t positions);

/* What of a seal can be judged without the state. */
int seal_check_parts(size_t receipts, ProtobufCBinaryData upload_id, ProtobufCBinaryData layout_root, struct err *err);

/* Is the running message signed by this provider's seal key? */
bool seal_is_primary(const struct ctx *ctx, const StorageProvider *sp);

#endif
