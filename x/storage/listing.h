/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_LISTING_H
#define CAIRN_X_STORAGE_LISTING_H
/* Pages of buckets, objects, groups, members and slots. Each answers the question message of its query (queries.c) with
 * its answer message on ctx->arena; a page that is not the last one says where the next begins. */
#include "x/base/ctx.h"

int listing_buckets(struct ctx *ctx, const void *question, void *ret_answer, struct err *err);
/* Names in order; with a delimiter, what lies behind its first occurrence after the prefix is folded into one common
 * prefix. However much is folded, no more records are read than the page has entries, and one. */
int listing_objects(struct ctx *ctx, const void *question, void *ret_answer, struct err *err);
int listing_groups(struct ctx *ctx, const void *question, void *ret_answer, struct err *err);
int listing_members(struct ctx *ctx, const void *question, void *ret_answer, struct err *err);
int listing_slot_objects(struct ctx *ctx, const void *question, void *ret_answer, struct err *err);
int listing_group_slots(struct ctx *ctx, const void *question, void *ret_answer, struct err *err);
int listing_bucket_slots(struct ctx *ctx, const void *question, void *ret_answer, struct err *err);
int listing_migrations(struct ctx *ctx, const void *question, void *ret_answer, struct err *err);

#endif
