/* SPDX-License-Identifier: Apache-2.0 */
/* What policies are put on, and who is in a group: x/permission's questions. */
#include "x/permission/deps.h"
#include "x/storage/bucket.h"
#include "x/storage/group.h"
#include "x/storage/object.h"
#include "x/storage/storage.h"

static int misfit(const char *want, struct err *err) {
    return err_set(err, CODE_POLICY_RESOURCE, "the resource must name %s and nothing else", want);
}

static int bucket_resource(struct ctx *ctx, const Resource *r, struct permission_resource *ret, struct err *err) {
    BucketInfo *bucket = NULL;
    if (r->object_name[0] || r->group_name[0])
        return misfit("a bucket", err);
    int rc = bucket_get(ctx, r->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        *ret = (struct permission_resource){RESOURCE_KIND_BUCKET, bucket->id, bucket_owner(bucket)};
    return rc;
}

static int object_resource(struct ctx *ctx, const Resource *r, struct permission_resource *ret, struct err *err) {
    BucketInfo *bucket = NULL;
    ObjectInfo *object = NULL;
    if (r->group_name[0])
        return misfit("a bucket and an object", err);
    int rc = bucket_get(ctx, r->bucket_name, &bucket, err);
    if (rc == CODE_OK)
        rc = object_get(ctx, bucket, r->object_name, &object, err);
    if (rc == CODE_OK)
        *ret = (struct permission_resource){RESOURCE_KIND_OBJECT, object->id, bucket_owner(bucket)};
    return rc;
}

static int group_resource(struct ctx *ctx, const Resource *r, const struct addr *creator,
                          struct permission_resource *ret, struct err *err) {
    GroupInfo *group = NULL;
    if (r->bucket_name[0] || r->object_name[0])
        return misfit("a group", err);
    int rc = group_get(ctx, creator, r->group_name, &group, err);
    if (rc == CODE_OK)
        *ret = (struct permission_resource){RESOURCE_KIND_GROUP, group->id, *creator};
    return rc;
}

static int resource(struct ctx *ctx, const Resource *r, const struct addr *creator, struct permission_resource *ret,
                    struct err *err) {
    switch ((int)r->kind) {
    case RESOURCE_KIND_BUCKET:
        return bucket_resource(ctx, r, ret, err);
    case RESOURCE_KIND_OBJECT:
        return object_resource(ctx, r, ret, err);
    case RESOURCE_KIND_GROUP:
        return group_resource(ctx, r, creator, ret, err);
    default:
        return err_set(err, CODE_POLICY_RESOURCE, "the resource must be a bucket, an object or a group");
    }
}

static int group_exists(struct ctx *ctx, uint64_t group_id, struct err *err) {
    GroupInfo *group = NULL;
    return group_by_id(ctx, group_id, &group, err);
}

const struct permission_deps storage_permission_deps = {
    .resource = resource,
    .group_exists = group_exists,
    .group_has = group_has,
};
