/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/own_tx.h"

#include "chain/base/num.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/store/overlay.h"
#include "chain/types/fee.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_auth.h"
#include "chain/types/keys_params.h"
#include "chain/types/tx.h"

#include "cairn/state.h"

int own_read(struct state *st, struct bytes key, const ProtobufCMessageDescriptor *desc, struct arena *arena, void *ret,
             struct err *err) {
    struct bytes value;
    int rc = state_get(st, key, &value, err);
    return rc ? rc : pb_decode(desc, value, arena, ret, err);
}

int own_params(struct state *st, struct arena *arena, Params **ret, struct err *err) {
    struct key k;
    ChainState *chain;
    int rc = own_read(st, key_chain_state(&k), &chain_state__descriptor, arena, &chain, err);
    return rc ? rc : own_read(st, key_params(&k, chain->params_version), &params__descriptor, arena, ret, err);
}

static int sign(TxBody *body, const AuthParams *params, const struct own_tx *o, struct arena *arena,
                struct bytes *ret_wire, struct err *err) {
    struct bytes wire;
    body->fee = UINT64_MAX / 2; /* as long as a fee can be: the length asks for the price */
    int rc = tx_sign(body, o->key, o->chain_tag, arena, &wire, err);
    if (rc == CODE_OK)
        rc = fee_of(params, body->msgs, body->n_msgs, wire.len, &body->fee, err);
    return rc ? rc : tx_sign(body, o->key, o->chain_tag, arena, ret_wire, err);
}

int own_tx_make(const struct own_tx *o, struct state *st, Msg *msg, struct arena *arena, struct bytes *ret_wire,
                struct err *err) {
    struct key k;
    struct pubkey pub = seckey_pubkey(o->key);
    struct addr self = addr_of_key(&pub);
    Account *account;
    Params *params;
    int rc = own_read(st, key_account(&k, &self), &account__descriptor, arena, &account, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_INSUFFICIENT_FUNDS, "the validator's account holds nothing");
    if (rc == CODE_OK)
        rc = own_params(st, arena, &params, err);
    if (rc != CODE_OK)
        return rc;
    TxBody body = TX_BODY__INIT;
    body.signer = pb_data(pubkey_bytes(&pub));
    body.sequence = o->unordered ? 0 : account->sequence ? account->sequence : 1;
    body.valid_until_height = o->valid_until;
    body.msgs = &msg;
    body.n_msgs = 1;
    rc = sign(&body, params->auth, o, arena, ret_wire, err);
    if (rc == CODE_OK && account->balance < body.fee)
        rc = err_set(err, CODE_INSUFFICIENT_FUNDS, "the validator's account holds %s, the fee is %s",
                     money_text(account->balance).s, money_text(body.fee).s);
    return rc;
}
