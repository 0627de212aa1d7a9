/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_SP_DEPS_H
#define CAIRN_X_SP_DEPS_H
/* What x/sp needs of the bytes that lie in placement groups; x/storage answers. */
#include "x/base/ctx.h"

#include "cairn/sp.h"

struct sp_deps {
    /* Bytes that a member stores in a group. */
    int (*position_bytes)(struct ctx *ctx, uint64_t group_id, uint32_t sp_id, uint64_t *ret, struct err *err);
    /* Bytes that all providers store. */
    int (*all_bytes)(struct ctx *ctx, uint64_t *ret, struct err *err);
    /* From now on these bytes of the group are another provider's: records, counts and the sets that challenges are
     * drawn from. Gets and puts both providers; leaves the group alone. */
    int (*position_move)(struct ctx *ctx, uint64_t group_id, uint32_t from, uint32_t to, struct err *err);
    /* Position 0 of the group has been taken over: buckets may have another primary now. */
    int (*primary_changed)(struct ctx *ctx, uint64_t group_id, struct err *err);
};

#endif
