/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/approval.h"

#include "chain/codec/pb.h"
#include "chain/types/keys_storage.h"
#include "chain/types/signed.h"
#include "x/base/record.h"
#include "x/sp/sp.h"

static int open_approval(struct ctx *ctx, const SignedApproval *approval, Approval **ret, struct err *err) {
    if (!approval || approval->approval.len == 0)
        return err_set(err, CODE_APPROVAL_MISSING, "the primary provider's approval is missing; ask it for one first");
    int rc = approval_open(approval, &ctx->chain_tag, ctx->arena, ret, err);
    return rc ? err_wrap(err, rc, "approval") : CODE_OK;
}

/* What it says: this spec, this provider. */
static int check_binding(const Approval *a, struct bytes spec, uint32_t primary_sp, struct err *err) {
    struct hash want = signed_spec_hash(spec);
    if (!bytes_eq(pb_bytes(a->spec_hash), hash_bytes(&want)))
        return err_set(err, CODE_APPROVAL_SPEC, "the approval is for another request than the one it comes with");
    if (a->sp_id != primary_sp)
        return err_set(err, CODE_APPROVAL_SP, "the approval is by provider %u; the primary is %u", a->sp_id,
                       primary_sp);
    return CODE_OK;
}

static int check_time(struct ctx *ctx, const Approval *a, struct err *err) {
    uint64_t max = ctx->params->storage->approval_ttl_max_ms;
    if (a->timeout <= ctx->time)
        return err_set(err, CODE_APPROVAL_EXPIRED, "the approval expired %llu ms ago; ask for a new one",
                       (unsigned long long)(ctx->time - a->timeout));
    if (a->timeout - ctx->time > max)
        return err_set(err, CODE_APPROVAL_TIMEOUT, "the approval would hold for %llu ms; at most %llu are allowed",
                       (unsigned long long)(a->timeout - ctx->time), (unsigned long long)max);
    return CODE_OK;
}

static int check_signature(struct ctx *ctx, const SignedApproval *approval, const StorageProvider *sp,
                           struct err *err) {
    struct pubkey key;
    struct signed_parts parts;
    if (!pubkey_from(pb_bytes(sp->approval_key), &key) ||
        approval_parts(approval, &ctx->chain_tag, &parts, NULL) != CODE_OK ||
        !ctx_signed(ctx, &key, &parts.digest, &parts.sig))
        return err_set(err, CODE_APPROVAL_SIGNATURE, "the approval is not signed by the approval key of provider %u",
                       sp->id);
    return CODE_OK;
}

static int consume(struct ctx *ctx, const Approval *a, struct err *err) {
    struct key k;
    bool used = false;
    int rc = record_has(ctx, key_nonce(&k, a->sp_id, a->nonce), &used, err);
    if (rc)
        return rc;
    if (used)
        return err_set(err, CODE_APPROVAL_USED, "approval %llu of provider %u has been used; ask for a new one",
                       (unsigned long long)a->nonce, a->sp_id);
    rc = record_put_u64(ctx, key_nonce(&k, a->sp_id, a->nonce), a->timeout, err);
    return rc ? rc : record_put_mark(ctx, key_nonce_timeout(&k, a->timeout, a->sp_id, a->nonce), err);
}

int approval_use(struct ctx *ctx, const SignedApproval *approval, struct bytes spec, uint32_t primary_sp,
                 uint64_t *ret_price, struct err *err) {
    Approval *a = NULL;
    StorageProvider *sp = NULL;
    int rc = open_approval(ctx, approval, &a, err);
    if (rc == CODE_OK)
        rc = check_binding(a, spec, primary_sp, err);
    if (rc == CODE_OK)
        rc = sp_get(ctx, primary_sp, &sp, err);
    if (rc)
        return rc;
    if (sp->status != SP_STATUS_IN_SERVICE)
        return err_set(err, CODE_PRIMARY_SP, "provider %u is not in service and takes nothing new", sp->id);
    rc = check_time(ctx, a, err);
    if (rc == CODE_OK)
        rc = check_signature(ctx, approval, sp, err);
    if (rc == CODE_OK)
        rc = consume(ctx, a, err);
    if (rc == CODE_OK)
        *ret_price = a->price;
    return rc;
}

int approval_forget(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    struct key k;
    (void)due_time, (void)value;
    if (rest.len != 12)
        return err_set(err, CODE_CORRUPT, "a used approval's key has %zu bytes", rest.len);
    return record_del(ctx, key_nonce(&k, load_be32(rest.data), load_be64(rest.data + 4)), err);
}
