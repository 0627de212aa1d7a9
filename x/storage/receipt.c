/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/receipt.h"

#include "chain/codec/pb.h"
#include "chain/types/layout.h"
#include "chain/types/signed.h"
#include "x/auth/account.h"

static int foreign(const Receipt *r, const char *field, struct err *err) {
    return err_set(err, CODE_RECEIPT_FOREIGN, "the receipt of position %u has another %s than this seal", r->position,
                   field);
}

static int check_binding(const Receipt *r, const struct receipt_want *want, uint32_t sp_id, struct err *err) {
    const ObjectInfo *o = want->object;
    if (!bytes_eq(pb_bytes(r->creator), pb_bytes(o->creator)))
        return foreign(r, "creator", err);
    if (r->bucket_id != o->bucket_id)
        return foreign(r, "bucket", err);
    if (strcmp(r->object_name, o->object_name) != 0)
        return foreign(r, "object name", err);
    if (r->object_id != want->object_id)
        return foreign(r, "object id", err);
    if (r->version != want->version)
        return foreign(r, "version", err);
    if (!bytes_eq(pb_bytes(r->upload_id), want->upload_id))
        return foreign(r, "upload id", err);
    if (r->size != want->size)
        return foreign(r, "size", err);
    if (!r->profile || !profile_eq(r->profile, o->profile))
        return foreign(r, "profile", err);
    if (r->sp_id != sp_id)
        return foreign(r, "provider", err);
    if (r->checksum.len != sizeof(struct hash))
        return foreign(r, "length of checksum", err);
    return CODE_OK;
}

static int check_terms(struct ctx *ctx, const Receipt *r, uint64_t after, uint64_t max_price, struct err *err) {
    uint64_t ttl = ctx->params->storage->receipt_ttl_max_ms;
    if (r->valid_until <= ctx->time)
        return err_set(err, CODE_RECEIPT_EXPIRED, "the receipt of position %u is no longer valid", r->position);
    if (r->valid_until - ctx->time > ttl)
        return err_set(err, CODE_RECEIPT_EXPIRED, "the receipt of position %u would be valid for more than %llu ms",
                       r->position, (unsigned long long)ttl);
    if (r->valid_until <= after)
        return err_set(err, CODE_RECEIPT_EXPIRED,
                       "the receipt of position %u may be older than the loss of what was stored: one that is valid "
                       "beyond ledger time %llu is needed",
                       r->position, (unsigned long long)after);
    if (r->price > max_price)
        return err_set(err, CODE_PRICE, "position %u asks a price of %llu; at most %llu was agreed", r->position,
                       (unsigned long long)r->price, (unsigned long long)max_price);
    return CODE_OK;
}

static bool signed_by(struct ctx *ctx, const SignedReceipt *receipt, const StorageProvider *sp) {
    struct pubkey key;
    struct signed_parts parts;
    return pubkey_from(pb_bytes(sp->seal_key), &key) &&
           receipt_parts(receipt, &ctx->chain_tag, &parts, NULL) == CODE_OK &&
           ctx_signed(ctx, &key, &parts.digest, &parts.sig);
}

int receipt_check(struct ctx *ctx, const SignedReceipt *receipt, const struct receipt_want *want, uint32_t position,
                  const StorageProvider *sp, uint64_t max_price, Receipt **ret, struct err *err) {
    Receipt *r = NULL;
    int rc = receipt_open(receipt, &ctx->chain_tag, ctx->arena, &r, err);
    if (rc)
        return err_wrap(err, rc, "receipt %u", position);
    if (r->position != position)
        return err_set(err, CODE_RECEIPT_MISSING, "where the receipt of position %u should be is one of position %u",
                       position, r->position);
    rc = check_binding(r, want, sp->id, err);
    if (rc == CODE_OK)
        rc = check_terms(ctx, r, want->object->receipts_after, max_price, err);
    if (rc)
        return rc;
    if (!signed_by(ctx, receipt, sp))
        return err_set(err, CODE_RECEIPT_SIGNATURE,
                       "the receipt of position %u is not signed by the seal key of provider %u", position, sp->id);
    *ret = r;
    return CODE_OK;
}

int receipt_position(struct ctx *ctx, const SignedReceipt *receipt, uint32_t *ret, struct err *err) {
    Receipt *r = NULL;
    int rc = receipt_open(receipt, &ctx->chain_tag, ctx->arena, &r, err);
    if (rc)
        return err_wrap(err, rc, "a receipt");
    *ret = r->position;
    return CODE_OK;
}

static bool statement_fits(const PayloadStatement *s, const ObjectInfo *o, struct bytes upload_id) {
    return bytes_eq(pb_bytes(s->creator), pb_bytes(o->creator)) && s->bucket_id == o->bucket_id &&
           strcmp(s->object_name, o->object_name) == 0 && s->version == o->version &&
           bytes_eq(pb_bytes(s->upload_id), upload_id) && s->content_root.len == sizeof(struct hash);
}

int statement_check(struct ctx *ctx, const SignedStatement *statement, const ObjectInfo *object, struct bytes upload_id,
                    PayloadStatement **ret, struct err *err) {
    PayloadStatement *s = NULL;
    Account *account = NULL;
    struct addr creator = {{0}};
    struct pubkey key;
    struct signed_parts parts;
    if (!statement || statement->statement.len == 0)
        return err_set(err, CODE_STATEMENT,
                       "the object was created without a content root, so its creator's payload statement is needed");
    int rc = statement_open(statement, &ctx->chain_tag, ctx->arena, &s, err);
    if (rc)
        return err_wrap(err, rc, "payload statement");
    if (!statement_fits(s, object, upload_id))
        return err_set(err, CODE_STATEMENT, "the payload statement is for another object, version or upload");
    addr_of_field(object->creator, &creator);
    rc = account_get(ctx, &creator, &account, err);
    if (rc)
        return rc;
    if (!pubkey_from(pb_bytes(account->pubkey), &key) ||
        statement_parts(statement, &ctx->chain_tag, &parts, NULL) != CODE_OK ||
        !ctx_signed(ctx, &key, &parts.digest, &parts.sig))
        return err_set(err, CODE_STATEMENT, "the payload statement is not signed by the object's creator");
    *ret = s;
    return CODE_OK;
}
