/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/signed.h"
#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/crypto/list_tree.h"

struct hash signed_possession(const struct addr *operator_, const struct hash *chain_tag) {
    return hash_signed(DOMAIN_POSSESSION, chain_tag, addr_bytes(operator_));
}

struct hash signed_sp_key(const struct addr *operator_, enum sp_key_use use, const struct hash *chain_tag) {
    uint8_t body[sizeof operator_->b + 1];
    memcpy(body, operator_->b, sizeof operator_->b);
    body[sizeof operator_->b] = (uint8_t)use;
    return hash_signed(DOMAIN_SP_KEY, chain_tag, bytes_of(body, sizeof body));
}

struct hash signed_spec_hash(struct bytes spec) {
    return hash_of(DOMAIN_SPEC, spec);
}

struct hash signed_layout_root(const struct hash *content_root, const struct hash *checksums, size_t count) {
    struct bytes parts[] = {hash_bytes(content_root), bytes_of(checksums, count * sizeof *checksums)};
    return hash_parts(DOMAIN_LAYOUT, parts, 2);
}

struct hash ask_hash(struct bytes ask) {
    return hash_of(DOMAIN_ASKID, ask);
}

/* --- what all of them do --- */

static int no_memory(struct err *err) {
    return err_set(err, CODE_NO_MEMORY, "no room for a signature");
}

static int sign_bytes(enum domain domain, struct bytes data, const struct seckey *key, const struct hash *chain_tag,
                      struct arena *arena, ProtobufCBinaryData *ret, struct err *err) {
    struct hash digest = hash_signed(domain, chain_tag, data);
    struct sig sig = seckey_sign(key, &digest);
    uint8_t *copy = arena_dup(arena, sig.b, sizeof sig.b);
    if (!copy)
        return no_memory(err);
    *ret = (ProtobufCBinaryData){sizeof sig.b, copy};
    return CODE_OK;
}

/* Encodes the message and signs the bytes. */
static int sign_message(enum domain domain, const void *message, const struct seckey *key, const struct hash *chain_tag,
                        struct arena *arena, ProtobufCBinaryData *ret_bytes, ProtobufCBinaryData *ret_sig,
                        struct err *err) {
    struct bytes encoded;
    int rc = pb_encode(message, arena, &encoded, err);
    if (rc != CODE_OK)
        return rc;
    *ret_bytes = pb_data(encoded);
    return sign_bytes(domain, encoded, key, chain_tag, arena, ret_sig, err);
}

static int parts_of(enum domain domain, const char *what, struct bytes data, ProtobufCBinaryData signature,
                    const struct hash *chain_tag, struct signed_parts *ret, struct err *err) {
    struct signed_parts parts = {.digest = hash_signed(domain, chain_tag, data)};
    if (!sig_from(pb_bytes(signature), &parts.sig))
        return err_set(err, CODE_BAD_SIGNATURE, "the signature of the %s has not 64 bytes", what);
    *ret = parts;
    return CODE_OK;
}

static int verify_parts(const char *what, const struct signed_parts *parts, const struct pubkey *key, struct err *err) {
    return key_verify(key, &parts->digest, &parts->sig)
               ? CODE_OK
               : err_set(err, CODE_BAD_SIGNATURE, "the signature of the %s does not verify", what);
}

static int check_chain(const char *what, ProtobufCBinaryData named, const struct hash *chain_tag, struct err *err) {
    if (!bytes_eq(pb_bytes(named), hash_bytes(chain_tag)))
        return err_set(err, CODE_CHAIN_MISMATCH, "the %s belongs to another chain", what);
    return CODE_OK;
}

/* --- one of each --- */

/* Signed is the message around the signed bytes, whose field is `field`; Message is what is in them. */
#define SIGNED(verb, Signed, signed_init, Message, message_descriptor, field, domain, what)                            \
    int verb##_sign(const Message *message, const struct seckey *key, const struct hash *chain_tag,                    \
                    struct arena *arena, Signed **ret, struct err *err) {                                              \
        Signed *out = ARENA_NEW(arena, Signed);                                                                        \
        if (!out)                                                                                                      \
            return no_memory(err);                                                                                     \
        signed_init(out);                                                                                              \
        int rc = sign_message(domain, message, key, chain_tag, arena, &out->field, &out->signature, err);              \
        if (rc == CODE_OK)                                                                                             \
            *ret = out;                                                                                                \
        return rc;                                                                                                     \
    }                                                                                                                  \
    int verb##_open(const Signed *in, const struct hash *chain_tag, struct arena *arena, Message **ret,                \
                    struct err *err) {                                                                                 \
        Message *message;                                                                                              \
        int rc = pb_decode(&message_descriptor, pb_bytes(in->field), arena, &message, err);                            \
        if (rc != CODE_OK)                                                                                             \
            return err_wrap(err, rc, what);                                                                            \
        rc = check_chain(what, message->chain_tag, chain_tag, err);                                                    \
        if (rc == CODE_OK)                                                                                             \
            *ret = message;                                                                                            \
        return rc;                                                                                                     \
    }                                                                                                                  \
    int verb##_parts(const Signed *in, const struct hash *chain_tag, struct signed_parts *ret, struct err *err) {      \
        return parts_of(domain, what, pb_bytes(in->field), in->signature, chain_tag, ret, err);                        \
    }                                                                                                                  \
    int verb##_verify(const Signed *in, const struct pubkey *key, const struct hash *chain_tag, struct err *err) {     \
        struct signed_parts parts;                                                                                     \
        int rc = verb##_parts(in, chain_tag, &parts, err);                                                             \
        return rc == CODE_OK ? verify_parts(what, &parts, key, err) : rc;                                              \
    }

SIGNED(approval, SignedApproval, signed_approval__init, Approval, approval__descriptor, approval, DOMAIN_APPROVAL,
       "approval")
SIGNED(statement, SignedStatement, signed_statement__init, PayloadStatement, payload_statement__descriptor, statement,
       DOMAIN_STATEMENT, "payload statement")
SIGNED(ask, SignedSecondaryAsk, signed_secondary_ask__init, SecondaryAsk, secondary_ask__descriptor, ask, DOMAIN_ASK,
       "question")
SIGNED(offer, SignedSecondaryApproval, signed_secondary_approval__init, SecondaryApproval,
       secondary_approval__descriptor, approval, DOMAIN_OFFER, "secondary's approval")
SIGNED(voucher, SignedVoucher, signed_voucher__init, Voucher, voucher__descriptor, voucher, DOMAIN_VOUCHER, "voucher")

/* --- receipts: one signature over a list --- */

static struct bytes batch_bytes(const struct hash *root, uint32_t count, uint8_t room[36]) {
    memcpy(room, root->b, sizeof root->b);
    store_be32(room + sizeof root->b, count);
    return bytes_of(room, 36);
}

/* The path of receipt `index` as message bytes. */
static int put_path(const struct hash *leaves, struct hash *scratch, size_t count, size_t index, struct arena *arena,
                    SignedReceipt *out, struct err *err) {
    struct hash path[LIST_PATH_MAX];
    size_t len;
    memcpy(scratch, leaves, count * sizeof *leaves);
    list_tree_prove(DOMAIN_NODE, scratch, count, index, path, &len);
    out->path = arena_array(arena, len, sizeof *out->path);
    struct hash *copy = arena_dup(arena, path, len * sizeof *path);
    if (!out->path || !copy)
        return no_memory(err);
    for (size_t i = 0; i < len; i++)
        out->path[i] = pb_data(hash_bytes(&copy[i]));
    out->n_path = len;
    return CODE_OK;
}

static int encode_all(const Receipt *const *receipts, size_t count, struct arena *arena, struct hash *leaves,
                      SignedReceipt **ret, struct err *err) {
    for (size_t i = 0; i < count; i++) {
        struct bytes encoded;
        ret[i] = ARENA_NEW(arena, SignedReceipt);
        if (!ret[i])
            return no_memory(err);
        int rc = pb_encode(receipts[i], arena, &encoded, err);
        if (rc != CODE_OK)
            return rc;
        signed_receipt__init(ret[i]);
        ret[i]->receipt = pb_data(encoded);
        ret[i]->index = (uint32_t)i;
        ret[i]->count = (uint32_t)count;
        leaves[i] = list_tree_leaf(encoded);
    }
    return CODE_OK;
}

int receipts_sign(const Receipt *const *receipts, size_t count, const struct seckey *key, const struct hash *chain_tag,
                  struct arena *arena, SignedReceipt **ret, struct err *err) {
    if (count < 1 || count > RECEIPT_BATCH_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "a batch has 1 to %d receipts, not %zu", RECEIPT_BATCH_MAX, count);
    struct hash *leaves = arena_array(arena, count, sizeof *leaves);
    struct hash *scratch = arena_array(arena, count, sizeof *scratch);
    if (!leaves || !scratch)
        return no_memory(err);
    int rc = encode_all(receipts, count, arena, leaves, ret, err);
    if (rc != CODE_OK)
        return rc;
    memcpy(scratch, leaves, count * sizeof *leaves);
    struct hash root = list_tree_root_of(DOMAIN_NODE, scratch, count);
    uint8_t room[36];
    ProtobufCBinaryData signature;
    rc = sign_bytes(DOMAIN_RECEIPT, batch_bytes(&root, (uint32_t)count, room), key, chain_tag, arena, &signature, err);
    for (size_t i = 0; rc == CODE_OK && i < count; i++) {
        ret[i]->signature = signature;
        rc = put_path(leaves, scratch, count, i, arena, ret[i], err);
    }
    return rc;
}

int receipt_open(const SignedReceipt *in, const struct hash *chain_tag, struct arena *arena, Receipt **ret,
                 struct err *err) {
    Receipt *receipt;
    int rc = pb_decode(&receipt__descriptor, pb_bytes(in->receipt), arena, &receipt, err);
    if (rc != CODE_OK)
        return err_wrap(err, rc, "receipt");
    rc = check_chain("receipt", receipt->chain_tag, chain_tag, err);
    if (rc == CODE_OK)
        *ret = receipt;
    return rc;
}

int receipt_parts(const SignedReceipt *in, const struct hash *chain_tag, struct signed_parts *ret, struct err *err) {
    struct hash path[LIST_PATH_MAX], leaf = list_tree_leaf(pb_bytes(in->receipt)), root;
    bool fits = in->n_path <= LIST_PATH_MAX && in->count <= RECEIPT_BATCH_MAX;
    for (size_t i = 0; fits && i < in->n_path; i++)
        fits = hash_from(pb_bytes(in->path[i]), &path[i]);
    if (!fits || !list_tree_climb(DOMAIN_NODE, in->index, in->count, &leaf, path, in->n_path, &root))
        return err_set(err, CODE_MALFORMED, "the receipt's place in its batch is malformed");
    uint8_t room[36];
    return parts_of(DOMAIN_RECEIPT, "receipt", batch_bytes(&root, in->count, room), in->signature, chain_tag, ret, err);
}

int receipt_verify(const SignedReceipt *in, const struct pubkey *key, const struct hash *chain_tag, struct err *err) {
    struct signed_parts parts;
    int rc = receipt_parts(in, chain_tag, &parts, err);
    return rc == CODE_OK ? verify_parts("receipt", &parts, key, err) : rc;
}
