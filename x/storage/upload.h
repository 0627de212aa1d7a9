/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_UPLOAD_H
#define CAIRN_X_STORAGE_UPLOAD_H
/* Upload ids that seals in one step have used: good once, remembered while a receipt of theirs is valid. */
#include "x/base/ctx.h"

#define UPLOAD_VALID_MAX_MS ((uint64_t)3600000) /* a receipt of a seal in one step holds for at most an hour */

/* CODE_UPLOAD_USED; CODE_RECEIPT_EXPIRED when the receipts would hold for more than an hour. */
int upload_use(struct ctx *ctx, struct bytes upload_id, uint64_t valid_until, struct err *err);

/* Queue item. rest: creator, upload id. */
int upload_forget(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

#endif
