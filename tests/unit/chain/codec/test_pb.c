/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/codec/pb.h"

#include "cairn/tx.h"
#include "chain/base/limits.h"
#include "tests/lib/test.h"

static TxBody sample(Msg **msgs, Msg *msg, MsgSend *send) {
    static uint8_t from[20] = {1}, to[20] = {2}, key[33] = {3};
    *send = (MsgSend)MSG_SEND__INIT;
    send->creator = pb_data(bytes_of(from, sizeof from));
    send->to = pb_data(bytes_of(to, sizeof to));
    send->amount = 77;
    *msg = (Msg)MSG__INIT;
    msg->body_case = MSG__BODY_SEND;
    msg->send = send;
    msgs[0] = msg;
    TxBody body = TX_BODY__INIT;
    body.signer = pb_data(bytes_of(key, sizeof key));
    body.sequence = 9;
    body.memo = pb_text("für dich");
    body.n_msgs = 1;
    body.msgs = msgs;
    return body;
}

static void pb_decode__round_trip(void **state) {
    (void)state;
    struct err err;
    struct arena arena;
    Msg msg, *msgs[1];
    MsgSend send;
    TxBody body = sample(msgs, &msg, &send), *back, *copy;
    struct bytes first, second;
    arena_init(&arena, MIB);
    assert_ok(pb_encode(&body, &arena, &first, &err), &err);
    assert_int_equal(first.len, pb_size(&body));
    assert_ok(pb_decode(&tx_body__descriptor, first, &arena, &back, &err), &err);
    assert_int_equal(back->sequence, 9);
    assert_string_equal(back->memo, "für dich");
    assert_int_equal(back->msgs[0]->body_case, MSG__BODY_SEND);
    assert_int_equal(back->msgs[0]->send->amount, 77);
    assert_true(bytes_eq(pb_bytes(back->msgs[0]->send->to), pb_bytes(send.to)));
    assert_ok(pb_copy(back, &arena, &copy, &err), &err);
    assert_ok(pb_encode(copy, &arena, &second, &err), &err);
    assert_true(bytes_eq(first, second));

    struct buf out;
    buf_init(&out, first.len + 1);
    buf_put_u8(&out, 7);
    assert_ok(pb_append(&body, &out, &err), &err);
    assert_true(bytes_eq(bytes_of(out.data + 1, out.len - 1), first));
    assert_code(pb_append(&body, &out, &err), CODE_NO_MEMORY);
    assert_int_equal(out.len, first.len + 1);
    buf_release(&out);
    arena_release(&arena);
}

/* What the walker guards against is not looked for, but what cannot be read is told apart from what there is no memory
 * for. */
static void pb_decode_own__reads_what_was_encoded(void **state) {
    (void)state;
    struct err err = {0};
    struct arena arena, small;
    Msg msg, *msgs[1];
    MsgSend send;
    TxBody body = sample(msgs, &msg, &send), *back = NULL;
    struct bytes in;
    arena_init(&arena, MIB);
    arena_init(&small, 64);
    assert_ok(pb_encode(&body, &arena, &in, &err), &err);
    assert_ok(pb_decode_own(&tx_body__descriptor, in, &arena, &back, &err), &err);
    assert_int_equal(back->msgs[0]->send->amount, 77);
    assert_string_equal(back->memo, body.memo);
    back = NULL;
    assert_code(pb_decode_own(&tx_body__descriptor, bytes_of(in.data, in.len - 1), &arena, &back, &err),
                CODE_MALFORMED);
    assert_code(pb_decode_own(&tx_body__descriptor, in, &small, &back, &err), CODE_NO_MEMORY);
    uint8_t *longer = arena_alloc(&arena, in.len + 3);
    memcpy(longer, in.data, in.len);
    memcpy(longer + in.len, "\xf8\x7f\x01", 3); /* field 2047 */
    assert_code(pb_decode_own(&tx_body__descriptor, bytes_of(longer, in.len + 3), &arena, &back, &err), CODE_MALFORMED);
    assert_non_null(strstr(err_text(&err), "unknown field"));
    assert_null(back);
    arena_release(&small);
    arena_release(&arena);
}

/* 2 MiB of empty sub-messages would take over 100 MiB: the arena's cap stops it, and nothing stays allocated. */
static void pb_decode__hostile_memory(void **state) {
    (void)state;
    struct err err;
    struct arena arena;
    TxResult *result = NULL;
    struct walk_limits wide = {.bytes_max = 4 * MIB, .list_max = UINT32_MAX, .depth_max = 4};
    uint8_t *data = malloc(2 * MIB);
    assert_non_null(data);
    for (size_t i = 0; i < 2 * MIB; i += 2)
        memcpy(data + i, "\x22\x00", 2);
    arena_init(&arena, MIB);
    size_t before = arena.used;
    assert_code(pb_decode_limited(&tx_result__descriptor, bytes_of(data, 2 * MIB), &wide, &arena, &result, &err),
                CODE_NO_MEMORY);
    assert_null(result);
    assert_int_equal(arena.used, before);
    assert_code(pb_decode(&tx_result__descriptor, bytes_of(data, 2 * MIB), &arena, &result, &err), CODE_TOO_LARGE);
    free(data);
    arena_release(&arena);
}

static void pb_encode__no_memory(void **state) {
    (void)state;
    struct err err;
    struct arena arena;
    struct bytes out = {NULL, 1234};
    Msg msg, *msgs[1];
    MsgSend send;
    TxBody body = sample(msgs, &msg, &send), *back = NULL;
    arena_init(&arena, 8);
    assert_code(pb_encode(&body, &arena, &out, &err), CODE_NO_MEMORY);
    assert_int_equal(out.len, 1234);
    assert_code(pb_copy(&body, &arena, &back, &err), CODE_NO_MEMORY);
    assert_null(back);
    arena_release(&arena);
}

TEST_MAIN(cmocka_unit_test(pb_decode__round_trip), cmocka_unit_test(pb_decode_own__reads_what_was_encoded),
          cmocka_unit_test(pb_decode__hostile_memory), cmocka_unit_test(pb_encode__no_memory))
