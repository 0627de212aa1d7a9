/* SPDX-License-Identifier: Apache-2.0 */
/* MsgStoreObject: create and seal in one step, by who stores. The bytes are at the members of a placement group before
 * anything is on the ledger; their receipts are all the consent that is needed, each at a price within the limit. */
#include "x/storage/msgs.h"

#include "chain/codec/pb.h"
#include "x/sp/sp.h"
#include "x/storage/create.h"
#include "x/storage/fields.h"
#include "x/storage/object.h"
#include "x/storage/seal.h"
#include "x/storage/upload.h"

int msg_store_object_check(const void *msg, const Params *params, struct err *err) {
    const MsgStoreObject *m = msg;
    (void)params;
    int rc = fields_check_spec(m->spec, err);
    return rc ? rc : seal_check_parts(m->n_receipts, m->upload_id, m->layout_root, err);
}

uint64_t msg_store_object_signatures(const void *msg) {
    return ((const MsgStoreObject *)msg)->n_receipts;
}

static int check_content(const CreateObjectSpec *spec, struct err *err) {
    if (spec->payload_size == 0)
        return err_set(err, CODE_OBJECT_SIZE, "an object of no bytes has no receipts; create it");
    if (spec->stream || !spec->content_root.len)
        return err_set(err, CODE_CONTENT_ROOT, "what is stored in one step is known: give its size and content root");
    return CODE_OK;
}

int msg_store_object_run(struct ctx *ctx, const void *msg, struct err *err) {
    const MsgStoreObject *m = msg;
    struct creation c;
    struct seal s = {.one_step = true,
                     .group_id = m->group_id,
                     .upload_id = pb_bytes(m->upload_id),
                     .receipts = m->receipts,
                     .n_receipts = m->n_receipts,
                     .coded_by_sp = m->coded_by_sp,
                     .layout_root = m->layout_root};
    int rc = create_open(ctx, m->spec, &c, err);
    if (rc == CODE_OK)
        rc = check_content(c.spec, err);
    if (rc)
        return rc;
    s.bucket = c.bucket;
    s.object = c.object;
    s.old = c.there;
    s.version = c.spec->expected_version;
    rc = sp_get(ctx, c.object->primary_sp, &s.primary, err);
    if (rc == CODE_OK && s.primary->status != SP_STATUS_IN_SERVICE)
        rc = err_set(err, CODE_PRIMARY_SP, "provider %u is not in service and takes nothing new", s.primary->id);
    if (rc == CODE_OK)
        rc = seal_object(ctx, &s, err);
    if (rc == CODE_OK)
        rc = upload_use(ctx, s.upload_id, s.valid_until, err);
    if (rc == CODE_OK)
        rc = create_charge(ctx, &c, err);
    if (rc)
        return rc;
    ctx_spend_bytes(ctx, c.object->payload_size);
    ctx_id(ctx, c.object->id);
    return CODE_OK;
}
