/* SPDX-License-Identifier: Apache-2.0 */
/* Keys by name, transactions. */
#include "tests/lib/ledger/fixture.h"

#include "chain/crypto/hash.h"
#include "chain/types/fee.h"
#include "chain/types/keys_auth.h"

struct seckey fixture_key(const char *name) {
    struct hash raw = hash_of(DOMAIN_SEED, bytes_str(name));
    struct seckey key;
    assert_ok(seckey_init(&key, raw.b, NULL), (struct err *)NULL);
    return key;
}

struct pubkey fixture_pubkey(const char *name) {
    struct seckey key = fixture_key(name);
    return seckey_pubkey(&key);
}

struct addr fixture_addr(const char *name) {
    struct pubkey key = fixture_pubkey(name);
    return addr_of_key(&key);
}

ProtobufCBinaryData fixture_data(struct fixture *f, const void *data, size_t len) {
    return (ProtobufCBinaryData){len, arena_dup(&f->tx_arena, data, len)};
}

ProtobufCBinaryData fixture_addr_data(struct fixture *f, const char *name) {
    struct addr a = fixture_addr(name);
    return fixture_data(f, a.b, sizeof a.b);
}

ProtobufCBinaryData fixture_pubkey_data(struct fixture *f, const char *name) {
    struct pubkey k = fixture_pubkey(name);
    return fixture_data(f, k.b, sizeof k.b);
}

ProtobufCBinaryData fixture_sign(struct fixture *f, const char *name, const struct hash *digest) {
    struct seckey key = fixture_key(name);
    struct sig sig = seckey_sign(&key, digest);
    return fixture_data(f, sig.b, sizeof sig.b);
}

/* The member of Msg's oneof that has the message's type. */
static Cairn__Msg__BodyCase kind_of(const ProtobufCMessage *message) {
    for (unsigned i = 0; i < msg__descriptor.n_fields; i++)
        if (msg__descriptor.fields[i].descriptor == message->descriptor)
            return (Cairn__Msg__BodyCase)msg__descriptor.fields[i].id;
    fail_msg("%s is no message of a transaction", message->descriptor->name);
    return CAIRN__MSG__BODY__NOT_SET;
}

Msg *fixture_msg(struct fixture *f, const char *signer, ProtobufCMessage *message) {
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(message->descriptor, 1);
    ProtobufCBinaryData *creator = (ProtobufCBinaryData *)(void *)((char *)message + field->offset);
    if (!creator->len)
        *creator = fixture_addr_data(f, f->in_name_of ? f->in_name_of : signer);
    Msg *msg = ARENA_NEW(&f->tx_arena, Msg);
    msg__init(msg);
    msg->body_case = kind_of(message);
    msg->send = (MsgSend *)(void *)message; /* all members of the oneof are pointers */
    return msg;
}

static uint64_t next_sequence(struct fixture *f, const char *name) {
    struct addr addr = fixture_addr(name);
    struct key k;
    const Account *a = fixture_record(f, key_account(&k, &addr), &account__descriptor);
    return a && a->sequence ? a->sequence : 1;
}

void fixture_body(struct fixture *f, const char *signer, unsigned ahead, Msg *const *msgs, size_t n, TxBody *ret) {
    struct bytes wire;
    struct err err = {0};
    struct seckey key = fixture_key(signer);
    *ret = (TxBody)TX_BODY__INIT;
    ret->signer = fixture_pubkey_data(f, signer);
    ret->sequence = next_sequence(f, signer) + ahead;
    ret->valid_until_height = f->height + u64_min(100, f->params.auth.tx_window_blocks);
    ret->n_msgs = n;
    ret->msgs = arena_dup(&f->tx_arena, msgs, n * sizeof *msgs);
    if (f->fee_payer)
        ret->fee_payer = fixture_addr_data(f, f->fee_payer);
    if (fee_is_free(msgs, n))
        return;
    ret->fee = UINT32_MAX; /* as long as a fee may be when encoded: the length asks for the price */
    assert_ok(tx_sign(ret, &key, &f->chain_tag, &f->tx_arena, &wire, &err), &err);
    assert_ok(fee_of(&f->params.auth, msgs, n, wire.len, &ret->fee, &err), &err);
}

struct tx *fixture_tx_body(struct fixture *f, const char *signer, const TxBody *body) {
    struct bytes wire;
    struct err err = {0};
    struct seckey key = fixture_key(signer);
    struct tx *tx = ARENA_NEW(&f->tx_arena, struct tx);
    assert_ok(tx_sign(body, &key, &f->chain_tag, &f->tx_arena, &wire, &err), &err);
    assert_ok(tx_parse(wire, &f->chain_tag, &f->tx_arena, tx, &err), &err);
    return tx;
}

struct tx *fixture_tx(struct fixture *f, const char *signer, unsigned ahead, Msg *const *msgs, size_t n) {
    TxBody body;
    fixture_body(f, signer, ahead, msgs, n, &body);
    return fixture_tx_body(f, signer, &body);
}
