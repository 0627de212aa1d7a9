/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/codec/walk.h"

#include "cairn/block.h"
#include "cairn/common.h"
#include "cairn/net.h"
#include "cairn/storage.h"
#include "cairn/tx.h"
#include "tests/lib/test.h"

/* TxResult: code u32 = 1, log string = 2, cost u64 = 3, events = 4, ids packed u64 = 5. */
static int walk_result(const void *data, size_t len, struct err *err) {
    return walk_check(&tx_result__descriptor, bytes_of(data, len), NULL, err);
}

#define RESULT(text) walk_result(text, sizeof(text) - 1, &err)

static void expect(int rc, const struct err *err, int code, const char *part) {
    assert_code(rc, code);
    if (!strstr(err->msg, part))
        print_error("message \"%s\" lacks \"%s\"\n", err->msg, part);
    assert_non_null(strstr(err->msg, part));
}

static void walk_check__accepts(void **state) {
    struct err err;
    (void)state;
    assert_ok(walk_result(NULL, 0, &err), &err);
    assert_ok(RESULT("\x08\x01"), &err);
    assert_ok(RESULT("\x08\x01\x12\x02ok\x18\x80\x01"), &err);
    assert_ok(RESULT("\x22\x00\x22\x00\x2a\x02\x00\x01"), &err);
    assert_ok(RESULT("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &err);
}

static void walk_check__truncated(void **state) {
    struct err err;
    (void)state;
    expect(RESULT("\x08"), &err, CODE_MALFORMED, "truncated");
    expect(RESULT("\x18\x80"), &err, CODE_MALFORMED, "truncated");
    expect(RESULT("\x12\x03ok"), &err, CODE_MALFORMED, "TxResult.log");
    expect(RESULT("\x12"), &err, CODE_MALFORMED, "truncated");
    expect(RESULT("\x22\x05\x0a"), &err, CODE_MALFORMED, "truncated");
    expect(RESULT("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &err, CODE_MALFORMED, "truncated");
}

static void walk_check__unknown_field(void **state) {
    struct err err;
    (void)state;
    expect(RESULT("\x30\x01"), &err, CODE_MALFORMED, "unknown field");
    expect(RESULT("\x00\x01"), &err, CODE_MALFORMED, "unknown field");
    expect(RESULT("\xf8\xff\xff\xff\x7f\x01"), &err, CODE_MALFORMED, "unknown field");
    expect(RESULT("\x22\x02\x18\x01"), &err, CODE_MALFORMED, "Event");
}

static void walk_check__wire_type(void **state) {
    struct err err;
    (void)state;
    expect(RESULT("\x0a\x01\x01"), &err, CODE_MALFORMED, "wrong wire type");
    expect(RESULT("\x09\x01\x01\x01\x01\x01\x01\x01\x01"), &err, CODE_MALFORMED, "wrong wire type");
    expect(RESULT("\x28\x01"), &err, CODE_MALFORMED, "wrong wire type"); /* a list not packed */
    expect(RESULT("\x0b"), &err, CODE_MALFORMED, "wrong wire type");     /* group */
    expect(RESULT("\x0f\x01"), &err, CODE_MALFORMED, "wrong wire type");
}

static void walk_check__varint_form(void **state) {
    struct err err;
    (void)state;
    expect(RESULT("\x08\x81\x00"), &err, CODE_MALFORMED, "longer than needed");
    expect(RESULT("\x88\x00\x01"), &err, CODE_MALFORMED, "longer than needed"); /* the tag */
    expect(RESULT("\x12\x82\x00ok"), &err, CODE_MALFORMED, "longer than needed");
    expect(RESULT("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), &err, CODE_MALFORMED, "over 64 bits");
    expect(RESULT("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00"), &err, CODE_MALFORMED, "64 bits");
    expect(RESULT("\x2a\x02\x80\x00"), &err, CODE_MALFORMED, "longer than needed"); /* inside a packed list */
}

static void walk_check__ranges(void **state) {
    struct err err;
    (void)state;
    expect(RESULT("\x08\x80\x80\x80\x80\x10"), &err, CODE_MALFORMED, "over 32 bits");
    /* Proposal.pol_round is int32: -1 is ten bytes, and a 64-bit number is too wide. */
    assert_ok(
        walk_check(&proposal__descriptor, bytes_of("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), NULL, &err),
        &err);
    expect(walk_check(&proposal__descriptor, bytes_of("\x18\xff\xff\xff\xff\x0f", 6), NULL, &err), &err, CODE_MALFORMED,
           "over 32 bits");
    /* Profile: kind enum = 1, whole bool = 4. */
    expect(walk_check(&profile__descriptor, bytes_of("\x08\x09", 2), NULL, &err), &err, CODE_MALFORMED, "enum");
    expect(walk_check(&profile__descriptor, bytes_of("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), NULL, &err),
           &err, CODE_MALFORMED, "enum");
    expect(walk_check(&profile__descriptor, bytes_of("\x20\x02", 2), NULL, &err), &err, CODE_MALFORMED, "bool");
}

static void walk_check__twice_and_order(void **state) {
    struct err err;
    (void)state;
    expect(RESULT("\x08\x01\x08\x01"), &err, CODE_MALFORMED, "written twice");
    expect(RESULT("\x12\x01x\x12\x01x"), &err, CODE_MALFORMED, "written twice");
    expect(RESULT("\x18\x01\x08\x01"), &err, CODE_MALFORMED, "ascending order");
    expect(RESULT("\x2a\x01\x01\x2a\x01\x01"), &err, CODE_MALFORMED, "written twice"); /* packed list in two parts */
    expect(RESULT("\x22\x00\x2a\x01\x01\x22\x00"), &err, CODE_MALFORMED, "ascending order");
    /* A sub-message in two parts, which protobuf would merge: Block.last_certificate = 2. */
    expect(walk_check(&block__descriptor, bytes_of("\x12\x02\x08\x01\x12\x02\x10\x01", 8), NULL, &err), &err,
           CODE_MALFORMED, "written twice");
}

static void walk_check__defaults(void **state) {
    struct err err;
    (void)state;
    expect(RESULT("\x08\x00"), &err, CODE_MALFORMED, "default");
    expect(RESULT("\x12\x00"), &err, CODE_MALFORMED, "default");
    expect(RESULT("\x2a\x00"), &err, CODE_MALFORMED, "empty list");
    expect(walk_check(&profile__descriptor, bytes_of("\x20\x00", 2), NULL, &err), &err, CODE_MALFORMED, "default");
}

static void walk_check__oneof(void **state) {
    struct err err;
    (void)state;
    /* NetFrame.body: status = 6 (a message), block_request = 7. */
    assert_ok(walk_check(&net_frame__descriptor, bytes_of("\x32\x00", 2), NULL, &err), &err);
    expect(walk_check(&net_frame__descriptor, bytes_of("\x32\x00\x3a\x00", 4), NULL, &err), &err, CODE_MALFORMED,
           "second member of a oneof");
    expect(walk_check(&net_frame__descriptor, bytes_of("\x32\x00\x32\x00", 4), NULL, &err), &err, CODE_MALFORMED,
           "written twice");
}

static void walk_check__strings(void **state) {
    struct err err;
    (void)state;
    assert_ok(RESULT("\x12\x0a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!"), &err);
    expect(RESULT("\x12\x02z\0"), &err, CODE_MALFORMED, "UTF-8");
    expect(RESULT("\x12\x02\xc0\x80"), &err, CODE_MALFORMED, "UTF-8");         /* overlong */
    expect(RESULT("\x12\x03\xed\xa0\x80"), &err, CODE_MALFORMED, "UTF-8");     /* surrogate */
    expect(RESULT("\x12\x04\xf4\x90\x80\x80"), &err, CODE_MALFORMED, "UTF-8"); /* over U+10FFFF */
    expect(RESULT("\x12\x02\xe2\x82"), &err, CODE_MALFORMED, "UTF-8");         /* cut */
    expect(RESULT("\x12\x01\x80"), &err, CODE_MALFORMED, "UTF-8");
    expect(RESULT("\x12\x04\xf0\x8f\xbf\xbf"), &err, CODE_MALFORMED, "UTF-8"); /* overlong of three */
}

static void walk_check__fixed_sizes(void **state) {
    struct err err;
    (void)state;
    /* MsgSend: creator = 1 (address of 20 bytes), to = 2. */
    assert_ok(walk_check(&msg_send__descriptor,
                         bytes_of("\x0a\x14"
                                  "01234567890123456789",
                                  22),
                         NULL, &err),
              &err);
    expect(walk_check(&msg_send__descriptor,
                      bytes_of("\x0a\x13"
                               "0123456789012345678",
                               21),
                      NULL, &err),
           &err, CODE_MALFORMED, "must have 20");
}

static void walk_check__limits(void **state) {
    struct err err;
    (void)state;
    struct walk_limits few = {.bytes_max = 100, .list_max = 2, .depth_max = 1};
    const char packed[] = "\x2a\x03\x01\x02\x03", listed[] = "\x22\x00\x22\x00\x22\x00";
    struct bytes p = bytes_of(packed, 5), l = bytes_of(listed, 6);
    expect(walk_check(&tx_result__descriptor, p, &few, &err), &err, CODE_TOO_LARGE, "list of 3 is over the limit of 2");
    expect(walk_check(&tx_result__descriptor, l, &few, &err), &err, CODE_TOO_LARGE, "nesting of 2");
    few.depth_max = 2;
    expect(walk_check(&tx_result__descriptor, l, &few, &err), &err, CODE_TOO_LARGE, "list of 3");
    few.list_max = 3;
    assert_ok(walk_check(&tx_result__descriptor, l, &few, &err), &err);
    assert_ok(walk_check(&tx_result__descriptor, p, &few, &err), &err);
    few.bytes_max = 5;
    assert_ok(walk_check(&tx_result__descriptor, p, &few, &err), &err);
    expect(walk_check(&tx_result__descriptor, l, &few, &err), &err, CODE_TOO_LARGE, "6 bytes are over the limit of 5");
}

TEST_MAIN(cmocka_unit_test(walk_check__accepts), cmocka_unit_test(walk_check__truncated),
          cmocka_unit_test(walk_check__unknown_field), cmocka_unit_test(walk_check__wire_type),
          cmocka_unit_test(walk_check__varint_form), cmocka_unit_test(walk_check__ranges),
          cmocka_unit_test(walk_check__twice_and_order), cmocka_unit_test(walk_check__defaults),
          cmocka_unit_test(walk_check__oneof), cmocka_unit_test(walk_check__strings),
          cmocka_unit_test(walk_check__fixed_sizes), cmocka_unit_test(walk_check__limits))
