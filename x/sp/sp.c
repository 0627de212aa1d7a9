/* SPDX-License-Identifier: Apache-2.0 */
#include "x/sp/sp.h"

#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
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

static bool signs(const struct ctx *ctx, ProtobufCBinaryData account) {
    struct addr addr;
    return addr_of_field(account, &addr) && addr_eq(&ctx->signer, &addr);
}

bool sp_is_operator(const struct ctx *ctx, const StorageProvider *sp) {
    return signs(ctx, sp->operator_);
}

bool sp_is_owner(const struct ctx *ctx, const StorageProvider *sp) {
    return signs(ctx, sp->operator_) || signs(ctx, sp->funding);
}

bool sp_is_sealer(const struct ctx *ctx, const StorageProvider *sp) {
    struct pubkey key;
    if (!pubkey_from(pb_bytes(sp->seal_key), &key))
        return false;
    struct addr addr = addr_of_key(&key);
    return addr_eq(&ctx->signer, &addr);
}

int sp_need_operator(const struct ctx *ctx, const StorageProvider *sp, struct err *err) {
    return sp_is_operator(ctx, sp)
               ? CODE_OK
               : err_set(err, CODE_DENIED, "only the operator of storage provider %" PRIu32 " may", sp->id);
}

const char *sp_status_text(SpStatus status) {
    switch (status) {
    case SP_STATUS_IN_SERVICE:
        return "in service";
    case SP_STATUS_IN_MAINTENANCE:
        return "in maintenance";
    case SP_STATUS_JAILED:
        return "jailed";
    case SP_STATUS_GRACEFUL_EXITING:
        return "leaving";
    case SP_STATUS_FORCED_EXITING:
        return "forced out";
    case SP_STATUS_GONE:
        return "gone";
    default:
        return "of no status";
    }
}

bool sp_is_out(const StorageProvider *sp) {
    return sp->status == SP_STATUS_FORCED_EXITING || sp->status == SP_STATUS_GONE;
}

bool sp_is_leaving(const StorageProvider *sp) {
    return sp->status == SP_STATUS_GRACEFUL_EXITING || sp_is_out(sp);
}

uint64_t sp_stake_for(const SpParams *params, uint64_t bytes) {
    u128 stake = ((u128)bytes * params->stake_per_gib + GIB - 1) / GIB;
    return stake > UINT64_MAX ? UINT64_MAX : (uint64_t)stake;
}

uint64_t sp_deposit_needed(const SpParams *params, const StorageProvider *sp) {
    return u64_max(params->deposit_min, sp_stake_for(params, sp->stored_bytes + sp->reserved_bytes));
}

int sp_may_store(struct ctx *ctx, const StorageProvider *sp, uint64_t more_bytes, struct err *err) {
    uint64_t bytes = 0;
    if (sp->status != SP_STATUS_IN_SERVICE)
        return err_set(err, CODE_SP_STATUS, "storage provider %" PRIu32 " is %s and takes nothing new", sp->id,
                       sp_status_text(sp->status));
    if (!u64_add(sp->stored_bytes, sp->reserved_bytes, &bytes) || !u64_add(bytes, more_bytes, &bytes) ||
        (sp->capacity && bytes > sp->capacity))
        return err_set(err, CODE_SP_CAPACITY,
                       "storage provider %" PRIu32 " offers %" PRIu64 " bytes, of which %" PRIu64 " are taken", sp->id,
                       sp->capacity, sp->stored_bytes + sp->reserved_bytes);
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
    sp->earned += u64_min(amount, UINT64_MAX - sp->earned); /* the same coins may come around again */
    if (!u64_add(sp->income, amount, &sp->income))
        return ctx_fault(ctx, CODE_INTERNAL, "a provider has more coins to withdraw than there are");
    return sp_put(ctx, sp, err);
}
