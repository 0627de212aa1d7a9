/* SPDX-License-Identifier: Apache-2.0 */
/* A program of one version reads what another one wrote (docs/rows.md: cess_9_5_15): fields that it does not know are
 * passed over, those that are not there yet have their defaults; everything else is refused as ever. */
#include "cairn/sp.h"
#include "chain/base/limits.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "tests/lib/test.h"

static struct arena arena;
static struct err err;

static int setup(void **state) {
    (void)state;
    arena_init(&arena, MIB);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    return 0;
}

#define DESC (&storage_provider__descriptor)

/* A record with a message in it, and `more` behind its last field and behind the last one of the message. */
static struct bytes record_with(struct bytes more) {
    StorageProvider sp = STORAGE_PROVIDER__INIT;
    SpDescription d = SP_DESCRIPTION__INIT;
    struct bytes inner, outer;
    struct buf out;
    static uint8_t made[512];
    d.moniker = pb_text("eighth");
    sp.id = 8;
    sp.endpoint = pb_text("http://sp.example");
    assert_ok(pb_encode(&sp, &arena, &outer, &err), &err);
    assert_ok(pb_encode(&d, &arena, &inner, &err), &err);
    buf_init(&out, sizeof made);
    buf_put_bytes(&out, outer);
    buf_put_u8(&out, 10 << 3 | 2); /* description */
    buf_put_u8(&out, (uint8_t)(inner.len + more.len));
    buf_put_bytes(&out, inner);
    buf_put_bytes(&out, more);
    buf_put_bytes(&out, more);
    assert_ok(buf_check(&out, &err), &err);
    memcpy(made, out.data, out.len);
    struct bytes all = bytes_of(made, out.len);
    buf_release(&out);
    return all;
}

/* Field 200 of each wire type, one after the other; the text twice, as a list has it. */
static const uint8_t later[] = {0xc0, 0x0c, 5,                          /* a number */
                                0xca, 0x0c, 2, 'h', 'i',                /* 201: a text */
                                0xca, 0x0c, 0,                          /* and another */
                                0xd1, 0x0c, 1, 2,   3,   4, 5, 6, 7, 8, /* 202: eight bytes */
                                0xdd, 0x0c, 1, 2,   3,   4};            /* 203: four */

static void cess_9_5_15__a_record_of_a_later_version_is_read(void **state) {
    (void)state;
    StorageProvider *sp = NULL, *copy;
    struct bytes in = record_with(bytes_of(later, sizeof later));
    assert_code(pb_decode(DESC, in, &arena, &sp, &err), CODE_MALFORMED); /* what is signed or hashed has one form */
    assert_null(sp);
    assert_ok(pb_decode_open(DESC, in, &arena, &sp, &err), &err);
    assert_int_equal(sp->id, 8);
    assert_string_equal(sp->endpoint, "http://sp.example");
    assert_string_equal(sp->description->moniker, "eighth");
    assert_ok(pb_copy(sp, &arena, &copy, &err), &err);
    assert_string_equal(copy->description->moniker, "eighth");
    const char *text; /* and told as far as it is known */
    assert_ok(json_print_pb(sp, false, &arena, &text, &err), &err);
    assert_non_null(strstr(text, "eighth"));
}

static void cess_9_5_15__a_record_of_an_earlier_version_is_read(void **state) {
    (void)state;
    StorageProvider sp = STORAGE_PROVIDER__INIT, *back;
    struct bytes in;
    sp.id = 8;
    assert_ok(pb_encode(&sp, &arena, &in, &err), &err);
    assert_ok(pb_decode_open(DESC, in, &arena, &back, &err), &err);
    assert_int_equal(back->id, 8);
    assert_int_equal(back->free_read_once, 0); /* of fields that came later */
    assert_null(back->description);
    assert_ok(pb_decode(DESC, in, &arena, &back, &err), &err);
}

static void open__passes_over_nothing_else(void **state) {
    (void)state;
    static const struct {
        const char *what;
        uint8_t more[12];
        size_t len;
    } bad[] = {
        {"a number without end", {0xc0, 0x0c, 0x80}, 3},
        {"a length past the end", {0xca, 0x0c, 9, 'x'}, 4},
        {"eight bytes that are five", {0xd1, 0x0c, 1, 2, 3, 4, 5}, 7},
        {"four bytes that are none", {0xdd, 0x0c}, 2},
        {"a group", {0xc3, 0x0c}, 2},
        {"wire type 7", {0xc7, 0x0c}, 2},
        {"field 0", {0x00, 0x05}, 2},
        {"a tag longer than needed", {0xc0, 0x8c, 0x00, 5}, 4},
        {"a field before", {0x08, 0x05}, 2},
        {"an unknown one, then a known one", {0xc0, 0x0c, 5, 0x22, 1, 'x'}, 6},
        {"a default of a known one", {0xa0, 0x01, 0}, 3},
    };
    StorageProvider *sp = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (pb_decode_open(DESC, record_with(bytes_of(bad[i].more, bad[i].len)), &arena, &sp, &err) != CODE_MALFORMED)
            fail_msg("%s was taken", bad[i].what);
    assert_null(sp);
}

static void cess_9_5_15__an_answer_of_a_later_version_is_read(void **state) {
    (void)state;
    StorageProvider *sp = NULL;
    struct bytes text = bytes_str("{\"id\":8,\"mood\":\"good\",\"description\":{\"moniker\":\"eighth\",\"hue\":[1]}}");
    assert_code(json_read_pb(DESC, text, &arena, &sp, &err), CODE_INVALID_ARGUMENT); /* in a file it is a mistake */
    assert_ok(json_read_pb_open(DESC, text, &arena, &sp, &err), &err);
    assert_int_equal(sp->id, 8);
    assert_string_equal(sp->description->moniker, "eighth");
    text = bytes_str("{\"id\":\"eight\",\"mood\":\"good\"}"); /* what is known is read as strictly as ever */
    assert_code(json_read_pb_open(DESC, text, &arena, &sp, &err), CODE_INVALID_ARGUMENT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(cess_9_5_15__a_record_of_a_later_version_is_read), T(cess_9_5_15__a_record_of_an_earlier_version_is_read),
          T(open__passes_over_nothing_else), T(cess_9_5_15__an_answer_of_a_later_version_is_read))
