/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_SPONSOR_H
#define CAIRN_X_STORAGE_SPONSOR_H
/*
 * Buckets that another account pays for. That account's owner (the sponsor) has granted the bucket's owner the message
 * and money; what is charged in the bucket is taken from that grant, whoever sends the message, so that a sponsor never
 * pays more than it has granted:
 *
 * - what cannot be known when it is agreed on is not charged to a sponsor: open-ended objects, renewal by the ledger,
 *   read quota. Objects have a term, which is paid ahead;
 * - a message that agrees to prices takes from the grant what all positions can come to at the limit of the price, for
 *   the whole time: what a create locks, and as much in one step and at a renewal. Positions that are sealed later, or
 *   again, cost no more;
 * - refunds go to the sponsor, not to the grant.
 *
 * A bucket becomes sponsored while it is empty (BucketInfo.sponsored). That ends when its payer is changed: what is in
 * it stays paid to its end, and from then on renewals are the new payer's.
 */
#include "x/base/ctx.h"

#include "cairn/storage.h"

/* What one message takes of a payer. */
struct sponsor {
    bool on; /* the bucket is sponsored; others are not looked at */
    struct addr payer, granter, grantee;
    uint64_t before; /* the payer's free balance */
    uint64_t spent;  /* of the signer's, before */
};

/* May `payer`, which `owner` may not charge itself, pay for a bucket of owner's? Its owner must have granted it the
 * running message and some money. CODE_PAYMENT_OWNER, CODE_GRANT_SCOPE, CODE_GRANT_BUDGET. */
int sponsor_may_pay(struct ctx *ctx, const struct addr *payer, const struct addr *owner, struct err *err);

/* Before a message charges something in the bucket to its payer, and behind it. agreed: what is agreed to at most,
 * pebble; if the message took more of the payer's free balance, that counts. sponsor_end: CODE_PAYMENT_OWNER,
 * CODE_GRANT_SCOPE, CODE_GRANT_BUDGET. */
int sponsor_begin(struct ctx *ctx, const BucketInfo *bucket, struct sponsor *ret, struct err *err);
int sponsor_end(struct ctx *ctx, const struct sponsor *sponsor, uint64_t agreed, struct err *err);

/* What a sponsor pays for has an end, and no renewal by the ledger. CODE_PAYER. */
int sponsor_check_end(const struct sponsor *sponsor, bool open_ended, bool renews, struct err *err);

#endif
