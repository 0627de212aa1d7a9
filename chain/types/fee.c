/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/fee.h"

#include "chain/base/num.h"

#include <string.h>

const char *msg_name(const Msg *msg) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(&msg__descriptor, (unsigned)msg->body_case);
    return field ? ((const ProtobufCMessageDescriptor *)field->descriptor)->short_name : NULL;
}

static uint64_t price_of(const AuthParams *params, const char *name) {
    for (size_t i = 0; i < params->n_message_prices; i++)
        if (!strcmp(params->message_prices[i]->message, name))
            return params->message_prices[i]->price;
    return params->fee_per_message;
}

int fee_of(const AuthParams *params, Msg *const *msgs, size_t count, size_t wire_len, uint64_t *ret, struct err *err) {
    uint64_t sum;
    bool fits = u64_mul(params->fee_per_byte, wire_len, &sum);
    for (size_t i = 0; fits && i < count; i++) {
        const char *name = msg_name(msgs[i]);
        if (!name)
            return err_set(err, CODE_MALFORMED, "message %zu of the transaction is empty", i);
        fits = u64_add(sum, price_of(params, name), &sum);
    }
    if (!fits)
        return err_set(err, CODE_OVERFLOW, "the fee does not fit into 64 bits");
    *ret = sum;
    return CODE_OK;
}

bool fee_is_free(Msg *const *msgs, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (msgs[i]->body_case != MSG__BODY_ANSWER_CHALLENGE)
            return false;
    return count > 0;
}
