/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/reveals.h"

#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/node/own_tx.h"
#include "chain/types/keys_validator.h"

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

static int next_tip(struct reveals *r, const RevealChain *chain, struct hash *ret, struct err *err) {
    struct hash secret = reveal_secret_of(&r->secret, chain ? chain->number + 1 : 0);
    *ret = reveal_value(&secret, REVEAL_LENGTH);
    return hash_is_zero(&r->secret) ? err_set(err, CODE_NOT_FOUND, "this validator has no reveal secret") : CODE_OK;
}

int reveals_renewal(struct reveals *r, struct state *st, uint64_t height, const struct seckey *key,
                    const struct hash *chain_tag, struct arena *arena, struct bytes *ret_wire, struct err *err) {
    struct key k;
    struct pubkey pub = seckey_pubkey(key);
    struct addr self = addr_of_key(&pub);
    struct hash tip;
    Validator *v;
    *ret_wire = BYTES_NONE;
    int rc = own_read(st, key_validator(&k, &self), &validator__descriptor, arena, &v, err);
    if (rc || !reveals_due(v->reveal))
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    rc = next_tip(r, v->reveal, &tip, err);
    if (rc)
        return rc;
    MsgSetRevealChain set = MSG_SET_REVEAL_CHAIN__INIT;
    set.creator = set.validator = pb_data(addr_bytes(&self));
    set.tip = pb_data(hash_bytes(&tip));
    set.length = REVEAL_LENGTH;
    Msg msg = MSG__INIT;
    msg.body_case = MSG__BODY_SET_REVEAL_CHAIN;
    msg.set_reveal_chain = &set;
    struct own_tx o = {.key = key, .chain_tag = chain_tag, .valid_until = height + RENEWAL_WINDOW};
    return own_tx_make(&o, st, &msg, arena, ret_wire, err);
}
