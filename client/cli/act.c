/* SPDX-License-Identifier: Apache-2.0 */
/* One message in the name of the account that acts: most verbs parse their words into it and end here. */
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "client/cli/cli.h"

#include <assert.h>
#include <string.h>

int cli_id(const char *text, const char *of, uint64_t *ret, struct err *err) {
    uint64_t id;
    if (!u64_parse(text, strlen(text), &id) || !id)
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is not the number of a %s", text, of);
    *ret = id;
    return CODE_OK;
}

/* Without a text: the account that acts. */
static int address_field(struct cli *cli, const char *text, ProtobufCBinaryData *ret, struct err *err) {
    struct addr *addr = ARENA_NEW(&cli->arena, struct addr);
    if (!addr)
        return err_set(err, CODE_NO_MEMORY, "no memory for an address");
    int rc = text ? cli_parse_address(cli, text, addr, err) : cli_address(cli, addr, err);
    if (!rc)
        *ret = pb_data(addr_bytes(addr));
    return rc;
}

int cli_address_field(struct cli *cli, const char *text, ProtobufCBinaryData *ret, struct err *err) {
    return text ? address_field(cli, text, ret, err) : CODE_OK;
}

/* Field 1 of every message of the ledger (tx.proto). */
static ProtobufCBinaryData *creator_field(ProtobufCMessage *message) {
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(message->descriptor, 1);
    assert(f && f->type == PROTOBUF_C_TYPE_BYTES && !strcmp(f->name, "creator"));
    return (void *)((char *)message + f->offset);
}

/* The member of Msg that is of the message's type. */
static void wrap(ProtobufCMessage *message, Msg *ret) {
    msg__init(ret);
    for (unsigned i = 0; i < msg__descriptor.n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &msg__descriptor.fields[i];
        if (f->type == PROTOBUF_C_TYPE_MESSAGE && f->descriptor == message->descriptor) {
            ret->body_case = (Msg__BodyCase)f->id;
            memcpy((char *)ret + f->offset, &message, sizeof message);
            return;
        }
    }
    assert(!"a message that no transaction can carry");
}

int cli_act_status(struct cli *cli, ProtobufCMessage *message, TxStatus **ret, struct err *err) {
    Msg msg, *msgs[] = {&msg};
    ProtobufCBinaryData *creator = creator_field(message);
    int rc = creator->len ? CODE_OK : address_field(cli, NULL, creator, err);
    if (rc)
        return rc;
    wrap(message, &msg);
    return cli_send(cli, msgs, 1, ret, err);
}

int cli_act(struct cli *cli, ProtobufCMessage *message, struct err *err) {
    TxStatus *status;
    int rc = cli_act_status(cli, message, &status, err);
    return rc ? rc : cli_print(cli, cli_tx_json(status), err);
}

int cli_act_new(struct cli *cli, ProtobufCMessage *message, const char *name, struct err *err) {
    TxStatus *status;
    int rc = cli_act_status(cli, message, &status, err);
    if (rc)
        return rc;
    json_t *out = cli_tx_json(status);
    if (status->result && status->result->n_ids)
        json_object_set_new(out, name, json_string(cli_u64(cli, status->result->ids[0])));
    return cli_print(cli, out, err);
}
