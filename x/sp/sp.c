/* SPDX-License-Identifier: Apache-2.0 */
#include "x/sp/sp.h"

#include "chain/base/limits.h"
#include "chain/types/keys_sp.h"
#include "x/auth/account.h"

#include <inttypes.h>

int sp_get(struct ctx *ctx, uint32_t id, StorageProvider **ret, struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_sp(&k, id), &storage_provider__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_SP_NOT_FOUND, "there is no storage provider %" PRIu32, id);
    if (rc == CODE_OK && !(*ret)->counters) {
        (*ret)->counters = CTX_NEW(ctx, SpCounters);
        sp_counters__init((*ret)->counters);
    }
    return rc;
}

int sp_put(struct ctx *ctx, const StorageProvider *sp, struct err *err) {
    struct key k;
    return record_put(ctx, key_sp(&k, sp->id), sp, err);
}

int sp_by_addr(struct ctx *ctx, const struct addr *addr, StorageProvider **ret, struct err *err) {
    struct key k;
    uint32_t id;
    int rc = record_get_u32(ctx, key_sp_by_addr(&k, addr), &id, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_SP_NOT_FOUND, "%s belongs to no storage provider", ctx_addr_text(ctx, addr));
    return rc ? rc : sp_get(ctx, id, ret, err);
}

uint64_t sp_stake_for(const SpParams *params, uint64_t bytes) {
    u128 stake = ((u128)bytes * params->stake_per_gib + GIB - 1) / GIB;
    return stake > UINT64_MAX ? UINT64_MAX : (uint64_t)stake;
}

int sp_may_store(struct ctx *ctx, const StorageProvider *sp, uint64_t more_bytes, struct err *err) {
    uint64_t bytes;
    if (sp->status != SP_STATUS_IN_SERVICE)
        return err_set(err, CODE_SP_STATUS, "storage provider %" PRIu32 " is not in service and takes nothing new",
                       sp->id);
    if (!u64_add(sp->stored_bytes, more_bytes, &bytes) || (sp->capacity && bytes > sp->capacity))
        return err_set(err, CODE_SP_CAPACITY,
                       "storage provider %" PRIu32 " offers %" PRIu64 " bytes, of which %" PRIu64 " are taken", sp->id,
                       sp->capacity, sp->stored_bytes);
    uint64_t stake = sp_stake_for(ctx->params->sp, bytes);
    if (sp->deposit < stake)
        return err_set(err, CODE_SP_DEPOSIT,
                       "storage provider %" PRIu32 " has a deposit of %s, storing %" PRIu64 " bytes needs %s", sp->id,
                       money_text(sp->deposit).s, bytes, money_text(stake).s);
    return CODE_OK;
}

int sp_earn(struct ctx *ctx, uint32_t id, uint64_t amount, struct err *err) {
    StorageProvider *sp;
    int rc = amount ? sp_get(ctx, id, &sp, err) : CODE_OK;
    if (rc || !amount)
        return rc;
    if (!u64_add(sp->income, amount, &sp->income))
        return ctx_fault(ctx, CODE_INTERNAL, "a provider earned more coins than there are");
    return sp_put(ctx, sp, err);
}
