/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_ACCESS_H
#define CAIRN_X_STORAGE_ACCESS_H
/* May the signer do this with a bucket, an object, a group: builds the question that x/permission answers. */
#include "x/permission/permission.h"

#include "cairn/storage.h"

/* Everybody may read it: its own visibility, or its bucket's when it inherits. */
bool access_public(const BucketInfo *bucket, const ObjectInfo *object);

/* object NULL: a name in the bucket that has no object yet, or (name NULL) the bucket itself. account NULL: anybody. */
struct permission_question access_question(const struct addr *account, int action, const BucketInfo *bucket,
                                           const ObjectInfo *object, const char *object_name, uint64_t size);

/* For the running message's signer; the codes of permission_need. */
int access_bucket(struct ctx *ctx, int action, const BucketInfo *bucket, const char *what, struct err *err);
int access_create(struct ctx *ctx, const BucketInfo *bucket, const char *object_name, uint64_t size, struct err *err);
int access_object(struct ctx *ctx, int action, const BucketInfo *bucket, const ObjectInfo *object, const char *what,
                  struct err *err);
int access_group(struct ctx *ctx, int action, const GroupInfo *group, const char *what, struct err *err);

#endif
