/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses a message type, the rest are its bytes. Properties:
 *   what the walker accepts, protobuf-c unpacks, and packs again to the same bytes;
 *   its JSON reads back to the same bytes;
 *   too small an arena fails cleanly;
 *   what is taken strictly is taken openly, too, and whatever is taken openly is unpacked and can be shown.
 */
#include <assert.h>
#include <stdlib.h>

#include "cairn/block.h"
#include "cairn/challenge.h"
#include "cairn/config.h"
#include "cairn/genesis.h"
#include "cairn/net.h"
#include "cairn/rpc.h"
#include "cairn/sp_db.h"
#include "cairn/sp_wire.h"
#include "cairn/tx.h"
#include "chain/base/limits.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const ProtobufCMessageDescriptor *const types[] = {
    &tx_body__descriptor,       &net_frame__descriptor,     &genesis__descriptor,      &stored_block__descriptor,
    &tx_result__descriptor,     &upload_record__descriptor, &piece_ticket__descriptor, &object_info__descriptor,
    &signed_header__descriptor, &query_body__descriptor,    &sp_config__descriptor,    &challenge__descriptor,
};

static void require(bool holds) {
    if (!holds)
        abort();
}

static void check_json(const ProtobufCMessageDescriptor *desc, const ProtobufCMessage *msg, struct bytes in,
                       struct arena *arena) {
    json_t *json;
    ProtobufCMessage *again;
    struct bytes out;
    require(json_from_pb(msg, &json, NULL) == CODE_OK);
    require(json_to_pb(desc, json, arena, &again, NULL) == CODE_OK);
    json_decref(json);
    require(pb_encode(again, arena, &out, NULL) == CODE_OK);
    require(bytes_eq(in, out));
}

/* Decoding that passes over what a later version added. */
static void check_open(const ProtobufCMessageDescriptor *desc, struct bytes in, bool strict, struct arena *arena) {
    ProtobufCMessage *msg;
    json_t *json;
    int rc = pb_decode_open(desc, in, arena, &msg, NULL);
    require(rc == CODE_OK || !strict || rc == CODE_NO_MEMORY);
    require(rc == CODE_OK || rc == CODE_MALFORMED || rc == CODE_TOO_LARGE || rc == CODE_NO_MEMORY);
    if (rc)
        return;
    require(json_from_pb(msg, &json, NULL) == CODE_OK);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct arena arena, small;
    struct bytes out;
    ProtobufCMessage *msg, *none;
    if (len == 0)
        return 0;
    const ProtobufCMessageDescriptor *desc = types[data[0] % (sizeof types / sizeof types[0])];
    struct bytes in = bytes_of(data + 1, len - 1);
    arena_init(&arena, 64 * MIB);
    if (pb_decode(desc, in, &arena, &msg, NULL) == CODE_OK) {
        require(pb_encode(msg, &arena, &out, NULL) == CODE_OK);
        require(bytes_eq(in, out));
        check_json(desc, msg, in, &arena);
        arena_init(&small, desc->sizeof_message + len);
        int rc = pb_decode(desc, in, &small, &none, NULL);
        require(rc == CODE_OK || rc == CODE_NO_MEMORY);
        arena_release(&small);
    }
    check_open(desc, in, pb_decode(desc, in, &arena, &msg, NULL) == CODE_OK, &arena);
    arena_release(&arena);
    return 0;
}
