/* SPDX-License-Identifier: Apache-2.0 */
/* Reading from providers of which some lie, stall, break or are gone: they are named, skipped, and others used. */
#include "client/lib/challenge_check.h"
#include "client/lib/object_get.h"
#include "client/lib/object_verify.h"
#include "client/lib/piece_fetch.h"
#include "tests/lib/node/fake_sp.h"
#include "tests/lib/test.h"

enum { SEGMENT = 256 * 1024, SIZE = 2 * SEGMENT + 100001, IDLE_MS = 300 };

static struct fake_object object; /* ec:2+2+w: whole at 0, columns at 1..4 */
static struct piece_fetch fetch;

static int setup(void **state) {
    (void)state;
    fake_object_start(&object, "ec:2+2+w", SEGMENT, SIZE);
    assert_ok(piece_fetch_init(&fetch, object.client, &object.placement, NULL), NULL);
    fetch.idle_ms = IDLE_MS;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    piece_fetch_release(&fetch);
    fake_object_stop(&object);
    return 0;
}

static void spoil(uint32_t position, enum fake_fault fault) {
    if (fault == FAKE_GONE)
        http_server_stop(object.sps[position].server, 0);
    atomic_store(&object.sps[position].fault, fault);
}

struct got {
    size_t len;
    uint8_t data[SIZE];
};

static int take(void *ctx, struct bytes data, struct err *err) {
    struct got *got = ctx;
    (void)err;
    assert_true(data.len <= SIZE - got->len);
    memcpy(got->data + got->len, data.data, data.len);
    got->len += data.len;
    return CODE_OK;
}

static int read_range(uint64_t offset, uint64_t length, struct err *err) {
    static struct got got;
    struct object_get get = {.offset = offset, .length = length, .sink = take, .ctx = &got};
    got.len = 0;
    int rc = object_get_run(&fetch, &get, err);
    if (!rc) {
        assert_int_equal(got.len, length < SIZE - offset ? length : SIZE - offset);
        assert_memory_equal(got.data, object.payload + offset, got.len);
    }
    return rc;
}

static void check_named(uint32_t position, int code) {
    char name[32];
    assert_true(fetch.faults[position].failed);
    assert_code(fetch.faults[position].code, code);
    snprintf(name, sizeof name, "provider %u", position + 1);
    assert_non_null(strstr(fetch.faults[position].reason, name));
}

static void read__whole_from_the_primary(void **state) {
    struct err err;
    (void)state;
    err_clear(&err);
    assert_ok(read_range(0, UINT64_MAX, &err), &err);
    for (uint32_t p = 1; p < 5; p++)
        assert_int_equal(atomic_load(&object.sps[p].pieces_asked), 0);
}

static void cess_9_5_9__any_fault_of_the_primary_is_named_and_columns_are_used(void **state) {
    static const struct {
        enum fake_fault fault;
        int code;
    } cases[] = {{FAKE_WRONG_BYTE, CODE_INTEGRITY}, {FAKE_WRONG_ROOTS, CODE_INTEGRITY}, {FAKE_STALL, CODE_TIMEOUT},
                 {FAKE_ERROR, CODE_INTERNAL},       {FAKE_VANISH, CODE_UNAVAILABLE},    {FAKE_LONG, CODE_INTEGRITY},
                 {FAKE_GONE, CODE_UNAVAILABLE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err;
        err_clear(&err);
        spoil(0, cases[i].fault);
        assert_ok(read_range(0, UINT64_MAX, &err), &err);
        check_named(0, cases[i].code);
        assert_int_equal(atomic_load(&object.sps[3].pieces_asked), 0); /* two columns are enough */
        teardown(state);
        setup(state);
    }
}

/* Who has nothing yet, or not any more, is not asked. */
static void read__only_what_is_sealed(void **state) {
    struct err err;
    (void)state;
    err_clear(&err);
    object.info.sealed_positions.data[0] = 1 << 2 | 1 << 4;
    assert_ok(read_range(0, UINT64_MAX, &err), &err);
    for (uint32_t p = 0; p < 5; p++)
        assert_int_equal(atomic_load(&object.sps[p].pieces_asked) > 0, p == 2 || p == 4);
    object.info.sealed_positions.data[0] = 1 << 2;
    assert_code(read_range(0, UINT64_MAX, &err), CODE_UNAVAILABLE);
}

static void read__columns_fail_too_until_too_few_are_left(void **state) {
    struct err err;
    (void)state;
    err_clear(&err);
    spoil(0, FAKE_GONE);
    spoil(1, FAKE_WRONG_BYTE);
    spoil(4, FAKE_ERROR);
    assert_ok(read_range(0, UINT64_MAX, &err), &err);
    check_named(0, CODE_UNAVAILABLE);
    check_named(1, CODE_INTEGRITY);
    spoil(3, FAKE_VANISH);
    assert_code(read_range(0, UINT64_MAX, &err), CODE_INTEGRITY); /* somebody lied, and it cannot be read */
    assert_non_null(strstr(err.msg, "provider 2"));
}

static void read__denied_everywhere_says_so(void **state) {
    struct err err;
    (void)state;
    err_clear(&err);
    for (uint32_t p = 0; p < 5; p++)
        spoil(p, FAKE_DENY);
    assert_code(read_range(0, UINT64_MAX, &err), CODE_DENIED);
}

static void read__ranges(void **state) {
    static const uint64_t at[][2] = {
        {0, 1},         {4095, 2},        {SEGMENT - 1, 2}, {SIZE - 1, 1},        {65535, 2},       {SEGMENT, 65536},
        {100, SEGMENT}, {SIZE - 5, 1000}, {SEGMENT, 1},     {2 * SEGMENT - 1, 3}, {0, 2 * SEGMENT}, {SIZE, 10}};
    struct err err;
    (void)state;
    err_clear(&err);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        assert_ok(read_range(at[i][0], at[i][1], &err), &err);
    assert_code(read_range(SIZE + 1, 1, &err), CODE_RANGE);
}

static void read__a_range_is_verified(void **state) {
    static const enum fake_fault lies[] = {FAKE_WRONG_BYTE, FAKE_WRONG_GROUPS, FAKE_WRONG_ROOTS};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct err err;
        uint8_t byte;
        err_clear(&err);
        spoil(0, lies[i]);
        assert_code(piece_fetch_range(&fetch, 0, 0, 140000, 1, &byte, &err), CODE_INTEGRITY);
        check_named(0, CODE_INTEGRITY);
        assert_ok(read_range(140000, 10, &err), &err); /* from columns then */
        teardown(state);
        setup(state);
    }
}

static void rebuild__gives_each_position_its_piece(void **state) {
    uint8_t *scratch = malloc(join_room(&object.profile, SEGMENT)), *piece = malloc(SEGMENT);
    (void)state;
    for (uint32_t p = 0; p < object.positions; p++)
        for (uint64_t s = 0; s < object.segments; s++) {
            struct err err;
            size_t len = (size_t)layout_piece_len(&object.profile, SIZE, s, p);
            err_clear(&err);
            fetch.skip = 0;
            assert_ok(piece_fetch_rebuild(&fetch, p, s, scratch, piece, &err), &err);
            assert_memory_equal(piece, object.pieces[p * object.segments + s], len);
        }
    free(scratch);
    free(piece);
}

/* Columns that are what was sealed, of content that is not what the owner signed: told at the end of a whole read. */
static void read__whole_content_is_what_the_owner_signed(void **state) {
    struct err err;
    (void)state;
    err_clear(&err);
    spoil(0, FAKE_GONE);
    assert_ok(read_range(0, UINT64_MAX, &err), &err);
    object.info.content_root = object.info.checksums[1];
    assert_code(read_range(0, UINT64_MAX, &err), CODE_INTEGRITY);
    assert_non_null(strstr(err.msg, "the owner signed"));
}

static void verify__names_who_lost_something(void **state) {
    struct object_verify_result result;
    struct err err;
    (void)state;
    err_clear(&err);
    assert_ok(object_verify_run(&fetch, NULL, NULL, &result, &err), &err);
    assert_true(result.content);
    assert_int_equal(result.coded_wrong, 0);
    assert_int_equal(result.pieces, 5 * 3);
    spoil(2, FAKE_WRONG_BYTE);
    assert_ok(object_verify_run(&fetch, NULL, NULL, &result, &err), &err);
    check_named(2, CODE_INTEGRITY);
    assert_int_equal(result.pieces, 4 * 3);
    object.info.content_root = object.info.checksums[1]; /* signed for something else */
    assert_ok(object_verify_run(&fetch, NULL, NULL, &result, &err), &err);
    assert_false(result.content);
}

TEST_MAIN(cmocka_unit_test_setup_teardown(read__whole_from_the_primary, setup, teardown),
          cmocka_unit_test_setup_teardown(cess_9_5_9__any_fault_of_the_primary_is_named_and_columns_are_used, setup,
                                          teardown),
          cmocka_unit_test_setup_teardown(read__columns_fail_too_until_too_few_are_left, setup, teardown),
          cmocka_unit_test_setup_teardown(read__only_what_is_sealed, setup, teardown),
          cmocka_unit_test_setup_teardown(read__denied_everywhere_says_so, setup, teardown),
          cmocka_unit_test_setup_teardown(read__ranges, setup, teardown),
          cmocka_unit_test_setup_teardown(read__a_range_is_verified, setup, teardown),
          cmocka_unit_test_setup_teardown(read__whole_content_is_what_the_owner_signed, setup, teardown),
          cmocka_unit_test_setup_teardown(rebuild__gives_each_position_its_piece, setup, teardown),
          cmocka_unit_test_setup_teardown(verify__names_who_lost_something, setup, teardown))
