/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/object_direct.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/types/layout.h"
#include "chain/types/name.h"
#include "chain/types/signed.h"
#include "client/lib/object_stage.h"

struct direct {
    struct object_stage stage;
    const struct object_put *put;
    struct object_put_result *out;
};

static struct ledger *ledger_of(struct direct *d) {
    return sp_client_ledger(d->stage.client);
}

static void tell(const struct direct *d, enum object_put_stage stage) {
    if (d->put->progress)
        d->put->progress(d->put->ctx, stage, 0, 1);
}

/* --- what is there ------------------------------------------------------------------------------------------------ */

static void note_found(struct direct *d, const struct placement *p) {
    d->out->object_id = p->object->id;
    d->out->version = p->object->version;
    d->out->primary_sp = p->object->primary_sp ? p->object->primary_sp : p->bucket->primary_sp;
    d->out->sealed = p->object->object_status == OBJECT_STATUS_SEALED;
    d->out->height = p->height;
}

/* The same bytes, stored by an earlier run whose answer was lost? */
static int same_content(struct direct *d, const ObjectInfo *o, bool *ret, struct err *err) {
    *ret = false;
    if (o->object_status != OBJECT_STATUS_SEALED || o->payload_size != d->put->size ||
        !bytes_eq(pb_bytes(o->creator), addr_bytes(&d->stage.creator)) || !profile_eq(o->profile, d->stage.profile))
        return CODE_OK;
    int rc = object_content_root(d->put->fd, d->put->size, d->stage.profile, d->put, &d->out->content_root, err);
    *ret = !rc && bytes_eq(pb_bytes(o->content_root), hash_bytes(&d->out->content_root));
    return rc;
}

/* *ret_done: it is there already. */
static int look(struct direct *d, bool *ret_done, struct err *err) {
    struct placement found;
    *ret_done = false;
    int rc = placement_find(ledger_of(d), d->put->bucket, d->put->object, 0, d->stage.arena, &found, err);
    if (rc)
        return rc == CODE_NOT_FOUND || rc == CODE_OBJECT_NOT_FOUND ? CODE_OK : rc;
    rc = same_content(d, found.object, ret_done, err);
    if (!rc && *ret_done) {
        note_found(d, &found);
        d->out->resumed = true;
    } else if (!rc && !d->put->overwrite) {
        rc = err_set(err, CODE_ALREADY_EXISTS,
                     "there already is an object %s in %s: delete it first, choose another name, or --overwrite it",
                     d->put->object, d->put->bucket);
    }
    d->stage.replaces = found.object->version;
    return rc;
}

/* --- the transaction ---------------------------------------------------------------------------------------------- */

static int encode_spec(struct direct *d, struct bytes *ret, struct err *err) {
    const struct object_put *put = d->put;
    CreateObjectSpec spec = CREATE_OBJECT_SPEC__INIT;
    spec.creator = pb_data(addr_bytes(&d->stage.creator));
    spec.bucket_name = pb_text(put->bucket);
    spec.object_name = pb_text(put->object);
    spec.payload_size = put->size;
    spec.visibility = put->visibility ? put->visibility : VISIBILITY_INHERIT;
    spec.content_type = pb_text(put->content_type ? put->content_type : "application/octet-stream");
    spec.profile = put->profile ? (Profile *)(uintptr_t)d->stage.profile : NULL;
    spec.content_root = pb_data(hash_bytes(&d->out->content_root));
    spec.term = put->term_ms;
    spec.max_price = d->stage.max_price;
    spec.expected_version = d->stage.replaces;
    return pb_encode(&spec, d->stage.arena, ret, err);
}

static int send(struct direct *d, Msg *msg, struct err *err) {
    Msg *msgs[] = {msg};
    struct ledger_send_options options = {
        .wait = LEDGER_WAIT_COMMITTED, .fee = d->put->fee, .provable = true, .fee_payer = d->put->fee_payer};
    TxStatus *status;
    tell(d, PUT_SEAL);
    int rc = ledger_send(ledger_of(d), sp_client_key(d->stage.client), msgs, 1, &options, d->stage.arena, &status, err);
    if (rc)
        return rc;
    hash_from(pb_bytes(status->tx_id), &d->out->create_tx);
    d->out->height = status->height;
    return CODE_OK;
}

/* No bytes: nothing to stage, nobody to ask. */
static int store_empty(struct direct *d, struct err *err) {
    MsgCreateObject message = MSG_CREATE_OBJECT__INIT;
    Msg msg = MSG__INIT;
    struct bytes spec;
    d->out->content_root = checksum_of(NULL, 0);
    int rc = encode_spec(d, &spec, err);
    if (rc)
        return rc;
    message.creator = pb_data(addr_bytes(&d->stage.creator));
    message.spec = pb_data(spec);
    msg.body_case = MSG__BODY_CREATE_OBJECT;
    msg.create_object = &message;
    return send(d, &msg, err);
}

static bool has_columns(const Profile *profile) {
    return !profile_is_whole(profile, profile_positions(profile) - 1);
}

static int store(struct direct *d, struct err *err) {
    struct object_stage *s = &d->stage;
    uint32_t n = profile_positions(s->profile);
    SignedReceipt *receipts[CODE_N_MAX];
    MsgStoreObject message = MSG_STORE_OBJECT__INIT;
    Msg msg = MSG__INIT;
    struct bytes spec;
    int rc = object_stage_run(s, err);
    if (rc)
        return rc;
    d->out->content_root = s->content_root;
    memcpy(d->out->upload_id, s->upload_id, sizeof s->upload_id);
    rc = encode_spec(d, &spec, err);
    if (rc)
        return rc;
    struct hash layout = signed_layout_root(&s->content_root, s->checksums, n);
    for (uint32_t i = 0; i < n; i++)
        receipts[i] = s->targets[i].receipt;
    message.creator = pb_data(addr_bytes(&s->creator));
    message.spec = pb_data(spec);
    message.group_id = s->group_id;
    message.upload_id = pb_data(bytes_of(s->upload_id, sizeof s->upload_id));
    message.receipts = receipts;
    message.n_receipts = n;
    if (has_columns(s->profile))
        message.layout_root = pb_data(hash_bytes(&layout));
    msg.body_case = MSG__BODY_STORE_OBJECT;
    msg.store_object = &message;
    return send(d, &msg, err);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

/* What the ledger has now, proven: nobody can have put other content there in this transaction. */
static int confirm(struct direct *d, struct err *err) {
    struct placement found;
    int rc = placement_find(ledger_of(d), d->put->bucket, d->put->object, d->out->height, d->stage.arena, &found, err);
    if (!rc && !bytes_eq(pb_bytes(found.object->content_root), hash_bytes(&d->out->content_root)))
        rc = err_set(err, CODE_CONFLICT, "%s was stored, and somebody has replaced it since", d->put->object);
    if (rc)
        return rc;
    note_found(d, &found);
    tell(d, PUT_DONE);
    return CODE_OK;
}

static int run(struct direct *d, const struct object_put *put, struct err *err) {
    bool done;
    int rc = object_put_open(d->stage.client, put, d->stage.arena, &d->stage.bucket, &d->stage.profile,
                             &d->stage.creator, &d->stage.max_price, err);
    if (!rc)
        rc = look(d, &done, err);
    if (rc || done)
        return rc;
    rc = put->size ? store(d, err) : store_empty(d, err);
    return rc ? rc : confirm(d, err);
}

int object_direct_run(struct sp_client *client, const struct object_put *put, struct arena *arena,
                      struct object_put_result *ret, struct err *err) {
    struct direct *d = arena_alloc(arena, sizeof *d);
    memset(ret, 0, sizeof *ret);
    if (!d)
        return err_set(err, CODE_NO_MEMORY, "no memory to store an object");
    *d = (struct direct){.stage = {.client = client, .put = put, .arena = arena}, .put = put, .out = ret};
    int rc = run(d, put, err);
    object_stage_release(&d->stage);
    return rc;
}
