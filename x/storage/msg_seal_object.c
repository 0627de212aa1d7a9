/* SPDX-License-Identifier: Apache-2.0 */
/* MsgSealObject: by the primary's seal key or the object's creator; an object that was created, or a new version that
 * is on its way to replace one. */
#include "x/storage/msgs.h"

#include "chain/codec/pb.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/replace.h"
#include "x/storage/seal.h"

int msg_seal_object_check(const void *msg, const Params *params, struct err *err) {
    const MsgSealObject *m = msg;
    (void)params;
    return seal_check_parts(m->n_receipts, m->upload_id, m->layout_root, err);
}

uint64_t msg_seal_object_signatures(const void *msg) {
    const MsgSealObject *m = msg;
    return m->n_receipts + (m->statement ? 1 : 0);
}

static int check_version(const ObjectInfo *o, const MsgSealObject *m, struct err *err) {
    if (o->id == m->object_id && o->version == m->version)
        return CODE_OK;
    return err_set(err, CODE_OBJECT_VERSION,
                   "object %.200s has id %llu and version %llu, the seal is for %llu and %llu", o->object_name,
                   (unsigned long long)o->id, (unsigned long long)o->version, (unsigned long long)m->object_id,
                   (unsigned long long)m->version);
}

static int find_object(struct ctx *ctx, const MsgSealObject *m, struct seal *s, struct err *err) {
    int rc = bucket_get(ctx, m->bucket_name, &s->bucket, err);
    if (rc == CODE_OK)
        rc = bucket_writable(s->bucket, err);
    if (rc == CODE_OK)
        rc = object_get(ctx, s->bucket, m->object_name, &s->object, err);
    if (rc == CODE_OK && s->object->replacing && s->object->replacing == m->version) {
        s->old = s->object;
        rc = replacement_get(ctx, s->old, &s->object, err);
    }
    if (rc == CODE_OK)
        rc = check_version(s->object, m, err);
    if (rc == CODE_OK)
        rc = object_need_status(s->object, OBJECT_STATUS_CREATED, err);
    if (rc)
        return rc;
    if (s->object->create_deadline <= ctx->time)
        return err_set(err, CODE_OBJECT_EXPIRED, "object %.200s had to be sealed by ledger time %llu",
                       s->object->object_name, (unsigned long long)s->object->create_deadline);
    return sp_get(ctx, s->object->primary_sp, &s->primary, err);
}

/* The account of the primary's seal key, or the creator. */
static int authorise(struct ctx *ctx, const struct seal *s, struct err *err) {
    struct addr creator = object_creator(s->object);
    if (addr_eq(&ctx->signer, &creator) || seal_is_primary(ctx, s->primary))
        return CODE_OK;
    return err_set(err, CODE_SEALER, "only the seal key of provider %u or the object's creator may seal it",
                   s->primary->id);
}

int msg_seal_object_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgSealObject *m = msg;
    struct seal s = {.group_id = m->group_id,
                     .object_id = m->object_id,
                     .version = m->version,
                     .upload_id = pb_bytes(m->upload_id),
                     .receipts = m->receipts,
                     .n_receipts = m->n_receipts,
                     .statement = m->statement,
                     .coded_by_sp = m->coded_by_sp,
                     .layout_root = m->layout_root};
    int rc = find_object(ctx, m, &s, err);
    if (rc == CODE_OK)
        rc = authorise(ctx, &s, err);
    return rc ? rc : seal_object(ctx, &s, err);
}
