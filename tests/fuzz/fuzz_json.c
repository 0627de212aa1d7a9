/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text from files and from the net, of the message that the first byte chooses.
 *
 * Properties: what is taken has an encoding that the strict walker takes; printed and read again it is the same.
 */
#include "chain/codec/json.h"
#include "chain/codec/pb.h"

#include "cairn/genesis.h"
#include "cairn/keystore.h"
#include "cairn/light.h"
#include "cairn/rpc.h"
#include "cairn/sp_wire.h"
#include "cairn/tx.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const ProtobufCMessageDescriptor *const messages[] = {
    &tx_broadcast__descriptor, &genesis__descriptor,          &keystore__descriptor,    &tx_body__descriptor,
    &query_body__descriptor,   &signed_header__descriptor,    &node_status__descriptor, &error_body__descriptor,
    &event_note__descriptor,   &approval_request__descriptor, &block_body__descriptor,  &light_attack__descriptor,
};

static void must(bool ok) {
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct arena arena;
    void *msg, *again;
    const char *printed;
    struct bytes first, second;
    if (len == 0 || len > 1 << 17)
        return 0;
    const ProtobufCMessageDescriptor *desc = messages[data[0] % (sizeof messages / sizeof *messages)];
    arena_init(&arena, 64 << 20);
    if (json_read_pb(desc, bytes_of(data + 1, len - 1), &arena, &msg, NULL) == CODE_OK) {
        must(pb_encode(msg, &arena, &first, NULL) == CODE_OK && walk_check(desc, first, NULL, NULL) == CODE_OK);
        must(json_print_pb(msg, data[0] & 0x80, &arena, &printed, NULL) == CODE_OK);
        must(json_read_pb(desc, bytes_str(printed), &arena, &again, NULL) == CODE_OK);
        must(pb_encode(again, &arena, &second, NULL) == CODE_OK && bytes_eq(first, second));
    }
    arena_release(&arena);
    return 0;
}
