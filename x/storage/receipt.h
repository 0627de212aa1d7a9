/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_RECEIPT_H
#define CAIRN_X_STORAGE_RECEIPT_H
/* What a seal carries: each position's signed word for what it stores, and the owner's for what the content is. */
#include "x/base/ctx.h"

#include "cairn/sp.h"
#include "cairn/storage.h"

#define UPLOAD_ID_LEN 16

/* The seal that a receipt must be for. */
struct receipt_want {
    const ObjectInfo *object;
    struct bytes upload_id;
    uint64_t size;               /* of the payload as sealed */
    uint64_t object_id, version; /* of the object; in one step 0 and the version that is replaced */
};

/*
 * Once a position of the object was declared lost, only receipts count that cannot be older than the loss.
 *
 * Checks that `receipt` is the word of `sp` for position `position` of exactly this seal, at a price of at most
 * max_price. The signature is by the SP's seal key over H(cairn.receipt, chain tag | root of the list tree over the
 * batch's receipts | count u32be). CODE_RECEIPT_MISSING (another position stands here), CODE_MALFORMED,
 * CODE_CHAIN_MISMATCH, CODE_RECEIPT_FOREIGN (names the field), CODE_RECEIPT_EXPIRED, CODE_PRICE,
 * CODE_RECEIPT_SIGNATURE. *ret on ctx->arena.
 */
int receipt_check(struct ctx *ctx, const SignedReceipt *receipt, const struct receipt_want *want, uint32_t position,
                  const StorageProvider *sp, uint64_t max_price, Receipt **ret, struct err *err);

/* The position that a receipt is for. CODE_MALFORMED, CODE_CHAIN_MISMATCH. */
int receipt_position(struct ctx *ctx, const SignedReceipt *receipt, uint32_t *ret, struct err *err);

/*
 * Checks the payload statement of the object's creator (of whose account the key is known) and returns it: its size and
 * content root are what the creator signed. CODE_STATEMENT, CODE_MALFORMED, CODE_CHAIN_MISMATCH.
 */
int statement_check(struct ctx *ctx, const SignedStatement *statement, const ObjectInfo *object, struct bytes upload_id,
                    PayloadStatement **ret, struct err *err);

#endif
