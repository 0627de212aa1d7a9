/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/reveals.h"

#include "cairn/auth.h"
#include "cairn/params.h"
#include "cairn/state.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/store/overlay.h"
#include "chain/types/fee.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_auth.h"
#include "chain/types/keys_params.h"
#include "chain/types/keys_validator.h"
#include "chain/types/tx.h"

#include <stdlib.h>

#define RENEWAL_WINDOW 60 /* blocks that the transaction is valid for */

void reveals_init(struct reveals *r, const struct hash *secret) {
    *r = (struct reveals){.secret = *secret};
}

void reveals_release(struct reveals *r) {
    free(r->marks);
    *r = (struct reveals){.number = 0};
}

/* Values at 0, STEP, 2 * STEP ... up to `length` of chain `number`. */
static bool walk(struct reveals *r, uint64_t number, uint64_t length) {
    uint64_t n = length / REVEALS_STEP + 1;
    if (r->marks && r->number == number && r->marks_n >= n)
        return true;
    struct hash *marks = calloc(n, sizeof *marks);
    if (!marks)
        return false;
    marks[0] = reveal_secret_of(&r->secret, number);
    for (uint64_t i = 1; i < n; i++)
        marks[i] = reveal_value(&marks[i - 1], REVEALS_STEP);
    free(r->marks);
    r->marks = marks;
    r->marks_n = n;
    r->number = number;
    return true;
}

struct hash reveals_value(struct reveals *r, const RevealChain *chain, uint64_t height, bool *ret_foreign) {
    struct hash none = {{0}}, tip, value;
    *ret_foreign = false;
    if (!chain || hash_is_zero(&r->secret))
        return none;
    bool next = chain->remaining == 0 && chain->next_remaining && height >= chain->next_not_before;
    uint64_t remaining = next ? chain->next_remaining : chain->remaining;
    if (remaining == 0 || remaining > REVEAL_LENGTH_MAX ||
        !hash_from(pb_bytes(next ? chain->next_tip : chain->tip), &tip) || !walk(r, chain->number + next, remaining))
        return none;
    uint64_t at = remaining - 1;
    value = reveal_value(&r->marks[at / REVEALS_STEP], at % REVEALS_STEP);
    *ret_foreign = !reveal_fits(&tip, &value);
    return *ret_foreign ? none : value;
}

bool reveals_due(const RevealChain *chain) {
    return !chain || (chain->remaining < REVEAL_LENGTH / 2 && chain->next_remaining == 0);
}

/* --- renewal --- */

static int get(struct state *st, struct bytes key, const ProtobufCMessageDescriptor *desc, struct arena *arena,
               void *ret, struct err *err) {
    struct bytes value;
    int rc = state_get(st, key, &value, err);
    return rc ? rc : pb_decode(desc, value, arena, ret, err);
}

static int get_params(struct state *st, struct arena *arena, Params **ret, struct err *err) {
    struct key k;
    ChainState *chain;
    int rc = get(st, key_chain_state(&k), &chain_state__descriptor, arena, &chain, err);
    return rc ? rc : get(st, key_params(&k, chain->params_version), &params__descriptor, arena, ret, err);
}

static int next_tip(struct reveals *r, const RevealChain *chain, struct hash *ret, struct err *err) {
    struct hash secret = reveal_secret_of(&r->secret, chain ? chain->number + 1 : 0);
    *ret = reveal_value(&secret, REVEAL_LENGTH);
    return hash_is_zero(&r->secret) ? err_set(err, CODE_NOT_FOUND, "this validator has no reveal secret") : CODE_OK;
}

static int sign(TxBody *body, const AuthParams *params, const struct seckey *key, const struct hash *chain_tag,
                struct arena *arena, struct bytes *ret_wire, struct err *err) {
    struct bytes wire;
    body->fee = UINT64_MAX / 2; /* as long as a fee can be: the length asks for the price */
    int rc = tx_sign(body, key, chain_tag, arena, &wire, err);
    if (rc == CODE_OK)
        rc = fee_of(params, body->msgs, body->n_msgs, wire.len, &body->fee, err);
    return rc ? rc : tx_sign(body, key, chain_tag, arena, ret_wire, err);
}

int reveals_renewal(struct reveals *r, struct state *st, uint64_t height, const struct seckey *key,
                    const struct hash *chain_tag, struct arena *arena, struct bytes *ret_wire, struct err *err) {
    struct key k;
    struct pubkey pub = seckey_pubkey(key);
    struct addr self = addr_of_key(&pub);
    struct hash tip;
    Validator *v;
    Account *account;
    Params *params;
    *ret_wire = BYTES_NONE;
    int rc = get(st, key_validator(&k, &self), &validator__descriptor, arena, &v, err);
    if (rc || !reveals_due(v->reveal))
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    rc = get(st, key_account(&k, &self), &account__descriptor, arena, &account, err);
    if (rc == CODE_OK)
        rc = get_params(st, arena, &params, err);
    if (rc == CODE_OK)
        rc = next_tip(r, v->reveal, &tip, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? err_set(err, CODE_INSUFFICIENT_FUNDS, "the validator's account holds nothing")
                                    : rc;
    MsgSetRevealChain set = MSG_SET_REVEAL_CHAIN__INIT;
    set.creator = set.validator = pb_data(addr_bytes(&self));
    set.tip = pb_data(hash_bytes(&tip));
    set.length = REVEAL_LENGTH;
    Msg msg = MSG__INIT, *msgs[1] = {&msg};
    msg.body_case = MSG__BODY_SET_REVEAL_CHAIN;
    msg.set_reveal_chain = &set;
    TxBody body = TX_BODY__INIT;
    body.signer = pb_data(pubkey_bytes(&pub));
    body.sequence = account->sequence ? account->sequence : 1;
    body.valid_until_height = height + RENEWAL_WINDOW;
    body.msgs = msgs;
    body.n_msgs = 1;
    rc = sign(&body, params->auth, key, chain_tag, arena, ret_wire, err);
    if (rc == CODE_OK && account->balance < body.fee)
        rc = err_set(err, CODE_INSUFFICIENT_FUNDS, "the validator's account holds %s, the fee is %s",
                     money_text(account->balance).s, money_text(body.fee).s);
    return rc;
}
