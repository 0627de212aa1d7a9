/* SPDX-License-Identifier: Apache-2.0 */
/* MsgEditSp: another endpoint, description, capacity, keys, beneficiary. A key that is rotated out leads nowhere from
 * this block on, and a new one must show that its holder wants this. Who is paid is decided by the account that put the
 * money down. */
#include "x/sp/msgs.h"

#include "chain/codec/pb.h"
#include "x/auth/account.h"

#include <inttypes.h>

static void keys_of(const MsgEditSp *msg, ProtobufCBinaryData ret_keys[SP_KEYS],
                    ProtobufCBinaryData ret_shown[SP_KEYS]) {
    const ProtobufCBinaryData keys[SP_KEYS] = {msg->seal_key, msg->approval_key, msg->gc_key, msg->node_key};
    const ProtobufCBinaryData shown[SP_KEYS] = {msg->seal_possession, msg->approval_possession, msg->gc_possession,
                                                msg->node_possession};
    memcpy(ret_keys, keys, sizeof keys);
    memcpy(ret_shown, shown, sizeof shown);
}

/* What the operator may change. */
static bool changes_record(const MsgEditSp *msg) {
    return msg->endpoint[0] || msg->p2p_endpoint[0] || msg->description || msg->seal_key.len || msg->approval_key.len ||
           msg->gc_key.len || msg->node_key.len || msg->new_capacity_case == MSG_EDIT_SP__NEW_CAPACITY_CAPACITY;
}

int msg_edit_sp_check(const void *message, const Params *params, struct err *err) {
    const MsgEditSp *msg = message;
    ProtobufCBinaryData keys[SP_KEYS], shown[SP_KEYS];
    (void)params;
    keys_of(msg, keys, shown);
    for (size_t i = 0; i < SP_KEYS; i++)
        if ((keys[i].len != 0) != (shown[i].len != 0))
            return err_set(err, CODE_SP_POSSESSION, "%s comes with the signature that shows possession, and only then",
                           sp_key_name(i));
    return changes_record(msg) || msg->beneficiary.len
               ? CODE_OK
               : err_set(err, CODE_SP_UNCHANGED, "nothing is named that should change");
}

uint64_t msg_edit_sp_signatures(const void *message) {
    ProtobufCBinaryData keys[SP_KEYS], shown[SP_KEYS];
    uint64_t n = 0;
    keys_of(message, keys, shown);
    for (size_t i = 0; i < SP_KEYS; i++)
        n += keys[i].len != 0;
    return n;
}

static int authorise(struct ctx *ctx, const MsgEditSp *msg, const StorageProvider *sp, struct err *err) {
    struct addr funding;
    if (sp->status == SP_STATUS_GONE)
        return err_set(err, CODE_SP_STATUS, "storage provider %" PRIu32 " is gone", sp->id);
    if (msg->beneficiary.len && (!addr_of_field(sp->funding, &funding) || !addr_eq(&ctx->signer, &funding)))
        return err_set(err, CODE_DENIED,
                       "only the funding account of storage provider %" PRIu32 " decides to whom its income is paid",
                       sp->id);
    return changes_record(msg) ? sp_need_operator(ctx, sp, err) : CODE_OK;
}

static int take_keys(struct ctx *ctx, const MsgEditSp *msg, StorageProvider *sp, struct err *err) {
    ProtobufCBinaryData keys[SP_KEYS], shown[SP_KEYS];
    struct addr operator;
    int rc = addr_need(sp->operator_, "operator", &operator, err);
    keys_of(msg, keys, shown);
    for (size_t i = 0; rc == CODE_OK && i < SP_KEYS; i++) {
        if (!keys[i].len)
            continue;
        rc = sp_check_possession(ctx, &operator, i, keys[i], shown[i], err);
        *sp_key_field(sp, i) = keys[i];
    }
    return rc;
}

static int check_capacity(const StorageProvider *sp, struct err *err) {
    uint64_t taken = sp->stored_bytes + sp->reserved_bytes;
    if (sp->capacity && sp->capacity < taken)
        return err_set(err, CODE_SP_CAPACITY,
                       "storage provider %" PRIu32 " has taken %" PRIu64 " bytes, more than the capacity of %" PRIu64,
                       sp->id, taken, sp->capacity);
    return CODE_OK;
}

/* Changes the fields that are named. */
static int apply(struct ctx *ctx, const MsgEditSp *msg, StorageProvider *sp, struct err *err) {
    if (msg->endpoint[0])
        sp->endpoint = msg->endpoint;
    if (msg->p2p_endpoint[0])
        sp->p2p_endpoint = msg->p2p_endpoint;
    if (msg->description)
        sp->description = msg->description;
    if (msg->new_capacity_case == MSG_EDIT_SP__NEW_CAPACITY_CAPACITY)
        sp->capacity = msg->capacity;
    if (msg->beneficiary.len) {
        int rc = sp_check_payee(ctx, "beneficiary", msg->beneficiary, err);
        if (rc)
            return rc;
        sp->beneficiary = msg->beneficiary;
    }
    int rc = take_keys(ctx, msg, sp, err);
    if (rc == CODE_OK)
        rc = check_capacity(sp, err);
    return rc ? rc : sp_check_fields(sp, err);
}

int msg_edit_sp_run(struct ctx *ctx, const void *message, struct err *err) {
    const MsgEditSp *msg = message;
    StorageProvider *sp;
    int rc = sp_get(ctx, msg->sp_id, &sp, err);
    if (rc == CODE_OK)
        rc = authorise(ctx, msg, sp, err);
    if (rc == CODE_OK)
        rc = sp_unindex(ctx, sp, err);
    if (rc == CODE_OK)
        rc = apply(ctx, msg, sp, err);
    if (rc == CODE_OK)
        rc = sp_index(ctx, sp, err);
    if (rc)
        return rc;
    ctx_event(ctx, "sp.edited", "sp", ctx_u64_text(ctx, sp->id), "endpoint", sp->endpoint, NULL);
    return sp_put(ctx, sp, err);
}
