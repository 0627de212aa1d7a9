/* SPDX-License-Identifier: Apache-2.0 */
/* Positions as x/sp sees them: bytes that a member stores in a group, and their move to another provider. Objects and
 * slots do not change. */
#include "x/base/deps.h"
#include "x/sp/deps.h"
#include "x/sp/sp.h"
#include "x/storage/deps.h"
#include "x/storage/primary.h"
#include "x/storage/storage.h"
#include "x/storage/weight.h"

static int position_bytes(struct ctx *ctx, uint64_t group_id, uint32_t sp_id, uint64_t *ret, struct err *err) {
    struct weight_id groups = weight_groups(sp_id);
    return weight_of(ctx, &groups, (struct weight_item){0, group_id}, ret, err);
}

static int all_bytes(struct ctx *ctx, uint64_t *ret, struct err *err) {
    struct weight_id sps = weight_sps();
    return weight_total(ctx, &sps, ret, err);
}

static int move_weights(struct ctx *ctx, uint64_t group_id, uint32_t from, uint32_t to, uint64_t bytes,
                        struct err *err) {
    struct weight_id sps = weight_sps(), before = weight_groups(from), after = weight_groups(to);
    int rc = weight_sub(ctx, &before, (struct weight_item){0, group_id}, bytes, err);
    if (rc == CODE_OK)
        rc = weight_add(ctx, &after, (struct weight_item){0, group_id}, bytes, err);
    if (rc == CODE_OK)
        rc = weight_sub(ctx, &sps, (struct weight_item){0, from}, bytes, err);
    return rc ? rc : weight_add(ctx, &sps, (struct weight_item){0, to}, bytes, err);
}

static int position_move(struct ctx *ctx, uint64_t group_id, uint32_t from, uint32_t to, struct err *err) {
    StorageProvider *before = NULL, *after = NULL;
    uint64_t bytes = 0;
    int rc = position_bytes(ctx, group_id, from, &bytes, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, from, &before, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, to, &after, err);
    if (rc == CODE_OK)
        rc = move_weights(ctx, group_id, from, to, bytes, err);
    if (rc)
        return rc;
    if (before->stored_bytes < bytes)
        return ctx_fault(ctx, CODE_CORRUPT, "provider %u counts fewer bytes than it stores", from);
    if (after->stored_bytes == 0 && bytes)
        rc = ctx->deps->storage->sp_stores(ctx, after, err);
    before->stored_bytes -= bytes;
    after->stored_bytes += bytes;
    if (rc == CODE_OK)
        rc = sp_put(ctx, before, err);
    return rc ? rc : sp_put(ctx, after, err);
}

const struct sp_deps storage_sp_deps = {
    .position_bytes = position_bytes,
    .all_bytes = all_bytes,
    .position_move = position_move,
    .primary_changed = primary_changed,
};
