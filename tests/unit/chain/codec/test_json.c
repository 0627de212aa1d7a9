/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/codec/json.h"

#include "cairn/block.h"
#include "cairn/genesis.h"
#include "cairn/tx.h"
#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "tests/lib/test.h"

static int setup(void **state) {
    struct arena *arena = malloc(sizeof *arena);
    arena_init(arena, 8 * MIB);
    *state = arena;
    return arena ? 0 : -1;
}

static int teardown(void **state) {
    arena_release(*state);
    free(*state);
    return 0;
}

static void round_trip(struct arena *arena, const ProtobufCMessageDescriptor *desc, const char *text) {
    struct err err;
    ProtobufCMessage *msg, *again;
    const char *printed;
    struct bytes first, second;
    assert_ok(json_read_pb(desc, bytes_str(text), arena, &msg, &err), &err);
    assert_ok(json_print_pb(msg, true, arena, &printed, &err), &err);
    assert_ok(json_read_pb(desc, bytes_str(printed), arena, &again, &err), &err);
    assert_ok(pb_encode(msg, arena, &first, &err), &err);
    assert_ok(pb_encode(again, arena, &second, &err), &err);
    assert_true(bytes_eq(first, second));
    assert_ok(walk_check(desc, first, NULL, &err), &err);
}

static void json__round_trips(void **state) {
    struct arena *arena = *state;
    round_trip(
        arena, &tx_body__descriptor,
        "{\"sequence\":\"18446744073709551615\",\"memo\":\"x\\ny\",\"msgs\":[{\"create_bucket\":{\"spec\":\"AQID\"}},"
        "{\"deposit\":{\"amount\":5}}]}");
    round_trip(arena, &tx_result__descriptor,
               "{\"code\":4294967295,\"ids\":[\"1\",2],\"events\":[{},{\"type\":\"a\"}]}");
    round_trip(arena, &proposal__descriptor, "{\"pol_round\":-1}");
    round_trip(arena, &genesis__descriptor,
               "{\"params\":{\"consensus\":{\"development\":true}},\"sps\":[{\"status\":"
               "\"SP_STATUS_JAILED\"}]}");
}

static void json_from_pb__forms(void **state) {
    struct arena *arena = *state;
    struct err err;
    uint8_t creator[20] = {0}, tag[32] = {0xab};
    char addr[60];
    const char *text;
    MsgSend send = MSG_SEND__INIT;
    send.creator = pb_data(bytes_of(creator, 20));
    send.amount = UINT64_MAX;
    assert_ok(json_print_pb(&send, false, arena, &text, &err), &err);
    snprintf(addr, sizeof addr, "{\"creator\":\"cairn1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq");
    assert_int_equal(strncmp(text, addr, strlen(addr)), 0);
    assert_non_null(strstr(text, "\"to\":\"\",\"amount\":\"18446744073709551615\"}"));

    Header header = HEADER__INIT;
    header.chain_tag = pb_data(bytes_of(tag, 32));
    assert_ok(json_print_pb(&header, false, arena, &text, &err), &err);
    assert_non_null(strstr(text, "\"chain_tag\":\"ab000000"));
    header.chain_tag.len = 31;
    assert_code(json_print_pb(&header, false, arena, &text, &err), CODE_MALFORMED);
}

static void json_to_pb__refuses(void **state) {
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"{\"squence\":1}", "squence"},
        {"{\"msgs\":[{\"send\":{\"amount\":\"1\"}},{\"send\":{\"amont\":\"1\"}}]}", "msgs[1].send.amont"},
        {"{\"sequence\":\"18446744073709551616\"}", "sequence"},
        {"{\"sequence\":\"01\"}", "sequence"},
        {"{\"sequence\":\"+1\"}", "sequence"},
        {"{\"sequence\":\"-1\"}", "sequence"},
        {"{\"sequence\":-1}", "sequence"},
        {"{\"sequence\":1.5}", "sequence"},
        {"{\"sequence\":null}", "sequence"},
        {"{\"sequence\":\"\"}", "sequence"},
        {"{\"memo\":7}", "memo: must be a string"},
        {"{\"msgs\":{}}", "msgs: must be a list"},
        {"{\"msgs\":[7]}", "msgs[0]: must be an object"},
        {"{\"msgs\":[{\"send\":{},\"deposit\":{}}]}", "another choice"},
        {"{\"signer\":\"00ff\"}", "must have 33"},
        {"{\"signer\":\"0g\"}", "hexadecimal"},
        {"{\"msgs\":[{\"send\":{\"to\":\"cairn1qqq\"}}]}", "msgs[0].send.to"},
        {"{\"msgs\":[{\"create_bucket\":{\"spec\":\"A\"}}]}", "base64"},
        {"{\"msgs\":[{\"put_policy\":{\"mode\":\"POLICY_MODE_BOTH\"}}]}", "POLICY_MODE_BOTH"},
        {"[]", "must be an object"},
    };
    struct arena *arena = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err;
        TxBody *body = NULL;
        size_t used = arena->used;
        assert_code(json_read_pb(&tx_body__descriptor, bytes_str(cases[i].text), arena, &body, &err),
                    CODE_INVALID_ARGUMENT);
        if (!strstr(err.msg, cases[i].part))
            print_error("%s: \"%s\" lacks \"%s\"\n", cases[i].text, err.msg, cases[i].part);
        assert_non_null(strstr(err.msg, cases[i].part));
        assert_null(body);
        assert_int_equal(arena->used, used);
    }
}

static void json_parse__refuses(void **state) {
    struct arena *arena = *state;
    struct err err;
    TxBody *body;
    const char *bad[] = {
        "", "{", "{\"memo\":\"a\",\"memo\":\"b\"}", "{} x", "{\"memo\":\"\\u0000\"}", "{\"memo\":\"\xff\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_code(json_read_pb(&tx_body__descriptor, bytes_str(bad[i]), arena, &body, &err), CODE_MALFORMED);
        assert_non_null(strstr(err.msg, "line"));
    }
}

TEST_MAIN(cmocka_unit_test_setup_teardown(json__round_trips, setup, teardown),
          cmocka_unit_test_setup_teardown(json_from_pb__forms, setup, teardown),
          cmocka_unit_test_setup_teardown(json_to_pb__refuses, setup, teardown),
          cmocka_unit_test_setup_teardown(json_parse__refuses, setup, teardown))
