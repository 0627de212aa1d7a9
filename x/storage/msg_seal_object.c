/* SPDX-License-Identifier: Apache-2.0 */
/* MsgSealObject: by the primary's seal key or the object's creator; an object that was created, a new version that is
 * on its way to replace one, or more positions of one that is sealed. */
#include "x/storage/msgs.h"

#include "chain/codec/pb.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/replace.h"
#include "x/storage/seal.h"
#include "x/storage/slot.h"

int msg_seal_object_check(const void *msg, const Params *params, struct err *err) {
    const MsgSealObject *m = msg;
    (void)params;
    if (m->n_checksums > OBJECT_POSITIONS_MAX)
        return err_set(err, CODE_SEAL_PARTIAL, "a seal names the checksums of %d positions at most",
                       OBJECT_POSITIONS_MAX);
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

/* *ret_more: it is sealed, and more of its positions are to be. */
static int find_object(struct ctx *ctx, const MsgSealObject *m, struct seal *s, bool *ret_more, struct err *err) {
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
    if (rc)
        return rc;
    *ret_more = object_is_stored(s->object);
    if (!*ret_more && s->object->create_deadline <= ctx->time)
        return err_set(err, CODE_OBJECT_EXPIRED, "object %.200s had to be sealed by ledger time %llu",
                       s->object->object_name, (unsigned long long)s->object->create_deadline);
    if (!*ret_more && s->object->primary_sp != s->bucket->primary_sp)
        return err_set(
            err, CODE_PRIMARY_SP,
            "object %.200s was created at provider %u; bucket %s has moved to provider %u since: cancel it and "
            "create it there",
            s->object->object_name, s->object->primary_sp, s->bucket->bucket_name, s->bucket->primary_sp);
    return CODE_OK;
}

/* Who approved the object; once it is sealed somebody else may have taken the first position over. */
static int find_primary(struct ctx *ctx, struct seal *s, struct err *err) {
    PlacementGroup *group = NULL;
    uint32_t id = s->object->primary_sp;
    int rc = CODE_OK;
    if (s->object->slot) {
        rc = slot_group(ctx, s->object->bucket_id, s->object->slot, &group, err);
        if (rc == CODE_OK)
            id = group->members[0];
    }
    return rc ? rc : sp_get(ctx, id, &s->primary, err);
}

/* The account of the primary's seal key, or the creator. */
static int authorise(struct ctx *ctx, struct seal *s, struct err *err) {
    struct addr creator = object_creator(s->object);
    int rc = find_primary(ctx, s, err);
    if (rc || addr_eq(&ctx->signer, &creator) || seal_is_primary(ctx, s->primary))
        return rc;
    return err_set(err, CODE_SEALER, "only the seal key of provider %u or the object's creator may seal it",
                   s->primary->id);
}

int msg_seal_object_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgSealObject *m = msg;
    bool more = false;
    struct seal s = {.group_id = m->group_id,
                     .object_id = m->object_id,
                     .version = m->version,
                     .upload_id = pb_bytes(m->upload_id),
                     .receipts = m->receipts,
                     .n_receipts = m->n_receipts,
                     .checksums = m->checksums,
                     .n_checksums = m->n_checksums,
                     .statement = m->statement,
                     .coded_by_sp = m->coded_by_sp,
                     .layout_root = m->layout_root};
    int rc = find_object(ctx, m, &s, &more, err);
    if (rc == CODE_OK)
        rc = authorise(ctx, &s, err);
    if (rc)
        return rc;
    return more ? seal_complete(ctx, &s, err) : seal_object(ctx, &s, err);
}
