/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_RENEW_H
#define CAIRN_X_STORAGE_RENEW_H
/*
 * Renewal. A later end or another price is a new agreement from now on, at what each provider asks now and none above
 * the object's limit: the providers agreed to a price for a time, not for ever. What was paid ahead for the old one and
 * not used goes back, the whole new time is paid. Auto-renewal is the same by the ledger, inside the warning window.
 */
#include "x/base/ctx.h"

#include "cairn/storage.h"

/* CODE_RENEW, CODE_PRICE: may the ledger be asked to renew like this? CODE_GRANT_SCOPE: not under a grant whose money
 * ends, of which it could take nothing. */
int renew_check_auto(struct ctx *ctx, const AutoRenew *renew, struct err *err);

/* Sets object->renew_at: when the ledger tries next, as the object's fields say; 0: it does not. */
void renew_schedule(const struct ctx *ctx, ObjectInfo *object);

/*
 * The new agreement of a sealed object: until expires_at (0: open-ended), at most at `limit`. Puts object and bucket.
 * CODE_PRICE when a provider asks more, before anything is changed; codes of x/payment when it cannot be paid.
 */
int renew_agree(struct ctx *ctx, BucketInfo *bucket, ObjectInfo *object, uint64_t expires_at, uint64_t limit,
                struct err *err);

/* storage.object_renewed */
void renew_emit(struct ctx *ctx, const ObjectInfo *object, bool by_ledger);

/* Queue item: the ledger renews, or tells why it did not and tries again until the object ends. rest: object id u64be.
 */
int renew_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

#endif
