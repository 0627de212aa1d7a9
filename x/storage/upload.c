/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/upload.h"

#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/storage/receipt.h"

int upload_use(struct ctx *ctx, struct bytes upload_id, uint64_t valid_until, struct err *err) {
    struct key k;
    bool used = false;
    if (valid_until - ctx->time > UPLOAD_VALID_MAX_MS)
        return err_set(err, CODE_RECEIPT_EXPIRED,
                       "a receipt would be valid for %llu ms more; in one step at most %llu are allowed",
                       (unsigned long long)(valid_until - ctx->time), (unsigned long long)UPLOAD_VALID_MAX_MS);
    int rc = record_has(ctx, key_upload(&k, &ctx->signer, upload_id), &used, err);
    if (rc)
        return rc;
    if (used)
        return err_set(err, CODE_UPLOAD_USED, "upload %s has been sealed already", ctx_hex_text(ctx, upload_id));
    rc = record_put_u64(ctx, key_upload(&k, &ctx->signer, upload_id), valid_until, err);
    return rc ? rc : record_put_mark(ctx, key_upload_until(&k, valid_until, &ctx->signer, upload_id), err);
}

int upload_forget(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    struct key k;
    struct addr creator;
    (void)due_time, (void)value;
    if (rest.len != sizeof creator.b + UPLOAD_ID_LEN || !addr_from(bytes_of(rest.data, sizeof creator.b), &creator))
        return err_set(err, CODE_CORRUPT, "a used upload's key has %zu bytes", rest.len);
    return record_del(ctx, key_upload(&k, &creator, bytes_of(rest.data + sizeof creator.b, UPLOAD_ID_LEN)), err);
}
