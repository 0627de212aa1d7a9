/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/tx.h"
#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/crypto/hash.h"

enum { LENGTH_BYTES = 4 };

struct hash tx_id_of(const struct hash *chain_tag, struct bytes body) {
    return hash_signed(DOMAIN_TX, chain_tag, body);
}

struct hash tx_wire_hash_of(struct bytes body, const struct sig *sig) {
    struct bytes parts[] = {body, sig_bytes(sig)};
    return hash_parts(DOMAIN_WIRE, parts, 2);
}

bool tx_wire_hash(struct bytes wire, struct hash *ret) {
    struct sig sig;
    size_t len = tx_wire_len(wire);
    if (len < TX_FRAME_LEN || len != wire.len)
        return false;
    memcpy(sig.b, wire.data + len - sizeof sig.b, sizeof sig.b);
    *ret = tx_wire_hash_of(bytes_of(wire.data + 4, len - TX_FRAME_LEN), &sig);
    return true;
}

struct hash chain_tag_of(struct bytes genesis) {
    return hash_of(DOMAIN_GENESIS, genesis);
}

struct addr tx_payer(const struct tx *tx) {
    struct addr payer = tx->sender;
    if (tx->body->fee_payer.len == sizeof payer.b)
        memcpy(payer.b, tx->body->fee_payer.data, sizeof payer.b);
    return payer;
}

size_t tx_wire_len(struct bytes data) {
    if (data.len < LENGTH_BYTES)
        return 0;
    uint64_t len = (uint64_t)load_be32(data.data) + TX_FRAME_LEN;
    return len > TX_LEN_MAX ? SIZE_MAX : (size_t)len;
}

static int check_body(const TxBody *body, struct err *err) {
    if (body->signer.len != sizeof(struct pubkey))
        return err_set(err, CODE_MALFORMED, "a transaction names its signer by a public key of 33 bytes");
    if (body->fee_payer.len != 0 && body->fee_payer.len != sizeof(struct addr))
        return err_set(err, CODE_MALFORMED, "a fee payer is an address of 20 bytes, or nothing");
    if (body->n_msgs < 1 || body->n_msgs > TX_MSGS_MAX)
        return err_set(err, CODE_MALFORMED, "a transaction carries 1 to %d messages, not %zu", TX_MSGS_MAX,
                       body->n_msgs);
    for (size_t i = 0; i < body->n_msgs; i++)
        if (body->msgs[i]->body_case == MSG__BODY__NOT_SET)
            return err_set(err, CODE_MALFORMED, "message %zu of the transaction is empty", i);
    return CODE_OK;
}

int tx_parse(struct bytes wire, const struct hash *chain_tag, struct arena *arena, struct tx *ret, struct err *err) {
    size_t len = tx_wire_len(wire);
    if (len == SIZE_MAX || wire.len > TX_LEN_MAX)
        return err_set(err, CODE_TOO_LARGE, "a transaction has at most %zu bytes", (size_t)TX_LEN_MAX);
    if (len == 0 || len != wire.len)
        return err_set(err, CODE_MALFORMED, "a transaction's length does not fit its frame");

    struct tx tx = {.wire = wire, .body_bytes = bytes_of(wire.data + LENGTH_BYTES, len - TX_FRAME_LEN)};
    memcpy(tx.sig.b, wire.data + len - sizeof tx.sig.b, sizeof tx.sig.b);
    TxBody *body;
    struct arena_mark mark = arena_mark(arena);
    int rc = pb_decode(&tx_body__descriptor, tx.body_bytes, arena, &body, err);
    if (rc != CODE_OK)
        return rc;
    rc = check_body(body, err);
    if (rc != CODE_OK) {
        arena_rewind(arena, mark);
        return rc;
    }
    tx.body = body;
    memcpy(tx.signer.b, body->signer.data, sizeof tx.signer.b);
    tx.sender = addr_of_key(&tx.signer);
    tx.id = tx_id_of(chain_tag, tx.body_bytes);
    tx.wire_hash = tx_wire_hash_of(tx.body_bytes, &tx.sig);
    *ret = tx;
    return CODE_OK;
}

static int bad_signature(struct err *err) {
    return err_set(err, CODE_BAD_SIGNATURE, "the transaction's signature does not verify: wrong key, chain or bytes");
}

int tx_verify(const struct tx *tx, struct err *err) {
    return key_verify(&tx->signer, &tx->id, &tx->sig) ? CODE_OK : bad_signature(err);
}

int tx_verify_with(const struct tx *tx, const struct verifier *verifier, struct err *err) {
    return verifier_check(verifier, &tx->id, &tx->sig) ? CODE_OK : bad_signature(err);
}

int tx_sign(const TxBody *body, const struct seckey *key, const struct hash *chain_tag, struct arena *arena,
            struct bytes *ret_wire, struct err *err) {
    struct pubkey signer = seckey_pubkey(key);
    if (!bytes_eq(pb_bytes(body->signer), pubkey_bytes(&signer)))
        return err_set(err, CODE_INVALID_ARGUMENT, "the transaction names another signer than the key that signs it");
    size_t body_len = pb_size(body);
    if (body_len > TX_LEN_MAX - TX_FRAME_LEN)
        return err_set(err, CODE_TOO_LARGE, "the transaction would have more than %zu bytes", (size_t)TX_LEN_MAX);
    uint8_t *wire = arena_alloc(arena, body_len + TX_FRAME_LEN);
    struct bytes encoded;
    int rc = wire ? pb_encode(body, arena, &encoded, err) : err_set(err, CODE_NO_MEMORY, "no room for the transaction");
    if (rc != CODE_OK)
        return rc;
    struct hash id = tx_id_of(chain_tag, encoded);
    struct sig sig = seckey_sign(key, &id);
    store_be32(wire, (uint32_t)body_len);
    memcpy(wire + LENGTH_BYTES, encoded.data, body_len);
    memcpy(wire + LENGTH_BYTES + body_len, sig.b, sizeof sig.b);
    *ret_wire = bytes_of(wire, body_len + TX_FRAME_LEN);
    return CODE_OK;
}
