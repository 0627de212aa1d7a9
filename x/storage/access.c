/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/access.h"

#include "x/storage/bucket.h"

bool access_public(const BucketInfo *bucket, const ObjectInfo *object) {
    if (object && object->visibility != VISIBILITY_INHERIT)
        return object->visibility == VISIBILITY_PUBLIC_READ;
    return bucket->visibility == VISIBILITY_PUBLIC_READ;
}

static bool visible(int action, const BucketInfo *bucket, const ObjectInfo *object) {
    if (action == ACTION_LIST_OBJECTS)
        return bucket->visibility == VISIBILITY_PUBLIC_READ;
    return object && (action == ACTION_GET_OBJECT || action == ACTION_COPY_OBJECT) && access_public(bucket, object);
}

struct permission_question access_question(const struct addr *account, int action, const BucketInfo *bucket,
                                           const ObjectInfo *object, const char *object_name, uint64_t size) {
    return (struct permission_question){
        .account = account,
        .action = action,
        .owner = bucket_owner(bucket),
        .bucket_id = bucket->id,
        .object_id = object ? object->id : 0,
        .object_name = object ? object->object_name : object_name,
        .visible = visible(action, bucket, object),
        .size = size,
    };
}

int access_bucket(struct ctx *ctx, int action, const BucketInfo *bucket, const char *what, struct err *err) {
    struct permission_question q = access_question(&ctx->signer, action, bucket, NULL, NULL, 0);
    return permission_need(ctx, &q, what, err);
}

int access_create(struct ctx *ctx, const BucketInfo *bucket, const char *object_name, uint64_t size, struct err *err) {
    struct permission_question q = access_question(&ctx->signer, ACTION_CREATE_OBJECT, bucket, NULL, object_name, size);
    return permission_need(ctx, &q, "create object", err);
}

int access_object(struct ctx *ctx, int action, const BucketInfo *bucket, const ObjectInfo *object, const char *what,
                  struct err *err) {
    struct permission_question q = access_question(&ctx->signer, action, bucket, object, NULL, 0);
    return permission_need(ctx, &q, what, err);
}

int access_group(struct ctx *ctx, int action, const GroupInfo *group, const char *what, struct err *err) {
    struct permission_question q = {.account = &ctx->signer, .action = action, .group_id = group->id};
    addr_of_field(group->owner, &q.owner);
    return permission_need(ctx, &q, what, err);
}
