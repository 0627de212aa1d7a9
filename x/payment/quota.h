/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PAYMENT_QUOTA_H
#define CAIRN_X_PAYMENT_QUOTA_H
/* Read quotas within x/payment: what settles and quotes them. */
#include "x/payment/payment.h"

/* In place of a slot's number: where payers and queues name a bucket's read quota. Slots are numbered from 1. */
#define QUOTA_SLOT 0

/* Its entry in the queue is due: gives the provider what it has earned. */
int quota_due(struct ctx *ctx, uint64_t bucket_id, struct err *err);

/* What setting it would move; the ctx's state is changed, as a query may. */
int quota_quote(struct ctx *ctx, const ReadQuotaQuoteQuery *question, ReadQuotaQuoteAnswer **ret, struct err *err);

#endif
