/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PERMISSION_DEPS_H
#define CAIRN_X_PERMISSION_DEPS_H
/* What policies need to know of the things they are put on, and of groups of accounts; x/storage answers. */
#include "x/base/ctx.h"

#include "cairn/permission.h"

struct permission_resource {
    int kind; /* enum ResourceKind */
    uint64_t id;
    struct addr owner;
};

struct permission_deps {
    /* Finds what a message names; a group is looked up among those of `creator`. Codes of x/storage: nothing there by
     * that name. CODE_POLICY_RESOURCE: the fields do not fit the kind. */
    int (*resource)(struct ctx *ctx, const Resource *resource, const struct addr *creator,
                    struct permission_resource *ret, struct err *err);
    /* CODE_GROUP_NOT_FOUND unless there is such a group of accounts. */
    int (*group_exists)(struct ctx *ctx, uint64_t group_id, struct err *err);
    /* Is the account a member now: entered and not expired. */
    int (*group_has)(struct ctx *ctx, uint64_t group_id, const struct addr *account, bool *ret, struct err *err);
};

#endif
