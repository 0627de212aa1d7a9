/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/rng.h"
#include "chain/types/layout.h"
#include "tests/lib/test.h"

static Profile profile_of(const char *text, uint64_t segment) {
    Profile profile;
    struct err err;
    assert_ok(profile_parse(text, segment, &profile, &err), &err);
    return profile;
}

static void profile_parse__round_trip(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t positions, needed;
        uint64_t segment;
    } cases[] = {
        {"ec:4+2+w", 7, 4, 16 * MIB},  {"ec:4+8", 12, 4, 32 * MIB},     {"ec:4+8+w", 13, 4, 16 * MIB},
        {"ec:1+0", 1, 1, 16 * MIB},    {"ec:1+0+w", 2, 1, 16 * MIB},    {"ec:32+32", 64, 32, 16 * MIB},
        {"replica:1", 1, 1, 16 * MIB}, {"replica:64", 64, 1, 16 * MIB}, {"keyed-replica:3", 3, 1, 16 * MIB},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[PROFILE_TEXT_MAX];
        Profile profile = profile_of(cases[i].text, 0);
        assert_string_equal(profile_print(&profile, text), cases[i].text);
        assert_int_equal(profile_positions(&profile), cases[i].positions);
        assert_int_equal(profile_needed(&profile), cases[i].needed);
        assert_int_equal(profile.segment_size, cases[i].segment);
    }
}

static void profile_parse__refuses(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "ec",
                                      "ec:",
                                      "ec:4",
                                      "ec:4+",
                                      "ec:+2",
                                      "ec:4+2+",
                                      "ec:4+2+x",
                                      "ec:4+2+w ",
                                      " ec:4+2",
                                      "ec:0+2",
                                      "ec:04+2",
                                      "ec:4+02",
                                      "ec:33+1",
                                      "ec:32+33",
                                      "ec:32+32+w",
                                      "ec:-4+2",
                                      "replica:0",
                                      "replica:65",
                                      "replica:",
                                      "replica:1+1",
                                      "replica:1000",
                                      "keyed-replica:0",
                                      "EC:4+2",
                                      "raid:5",
                                      "ec:4+4294967295"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Profile profile = PROFILE__INIT;
        profile.k = 77;
        if (profile_parse(bad[i], 0, &profile, NULL) != CODE_INVALID_ARGUMENT)
            fail_msg("'%s' was accepted", bad[i]);
        assert_int_equal(profile.k, 77);
    }
}

static void profile_check__segment_sizes(void **state) {
    (void)state;
    Profile profile = profile_of("ec:4+2", 0);
    static const struct {
        uint64_t size;
        int code;
    } cases[] = {{0, CODE_INVALID_ARGUMENT},
                 {SEGMENT_LEN_MIN - 1, CODE_INVALID_ARGUMENT},
                 {SEGMENT_LEN_MIN, CODE_OK},
                 {SEGMENT_LEN_MIN + 1, CODE_INVALID_ARGUMENT},
                 {SEGMENT_LEN_MIN + LEAF_LEN, CODE_OK},
                 {SEGMENT_LEN_MAX, CODE_OK},
                 {SEGMENT_LEN_MAX + LEAF_LEN, CODE_INVALID_ARGUMENT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        profile.segment_size = cases[i].size;
        assert_code(profile_check(&profile, NULL), cases[i].code);
    }
    profile = profile_of("replica:3", 0);
    profile.m = 1;
    assert_code(profile_check(&profile, NULL), CODE_INVALID_ARGUMENT);
    profile.m = 0;
    profile.whole = true;
    assert_code(profile_check(&profile, NULL), CODE_INVALID_ARGUMENT);
}

static void profile__positions_and_rows(void **state) {
    (void)state;
    Profile whole = profile_of("ec:4+2+w", 0), plain = profile_of("ec:4+2", 0), copies = profile_of("replica:3", 0);
    assert_true(profile_is_whole(&whole, 0));
    assert_false(profile_is_whole(&whole, 1));
    assert_int_equal(profile_row(&whole, 1), 0);
    assert_int_equal(profile_row(&whole, 6), 5);
    assert_false(profile_is_whole(&plain, 0));
    assert_int_equal(profile_row(&plain, 0), 0);
    assert_true(profile_is_whole(&copies, 2));
    assert_true(profile_readable(&whole, 0x01));
    assert_false(profile_readable(&whole, 0x0e));
    assert_true(profile_readable(&whole, 0x1e));
    assert_true(profile_readable(&plain, 0x3c));
    assert_false(profile_readable(&plain, 0x38));
    assert_true(profile_readable(&copies, 0x04));
    assert_false(profile_readable(&copies, 0x08)); /* no such position */
}

/* Every size of storage.md's list: segments cover the payload, columns cover each segment, the bill is the sum of the
 * pieces. */
static void check_size(const Profile *profile, uint64_t size) {
    uint64_t segments = layout_segments(profile, size), sum = 0, billed = 0;
    for (uint64_t s = 0; s < segments; s++) {
        uint64_t len = layout_segment_len(profile, size, s);
        assert_true(len >= 1 && len <= profile->segment_size);
        assert_true(len == profile->segment_size || s + 1 == segments);
        sum += len;
        if (profile->kind == PROFILE_KIND_EC) {
            uint64_t filled = 0, column = layout_column_len(profile, len);
            for (uint32_t row = 0; row < profile->k; row++)
                filled += layout_column_fill(profile, len, row);
            assert_int_equal(filled, len);
            assert_true(column * profile->k >= len && column * profile->k - len < profile->k);
        }
        for (uint32_t p = 0; p < profile_positions(profile); p++) {
            uint64_t piece = layout_piece_len(profile, size, s, p);
            assert_true(piece >= 1);
            assert_int_equal(layout_leaves(profile, size, s, p), (piece + LEAF_LEN - 1) / LEAF_LEN);
            billed += piece;
        }
    }
    assert_int_equal(sum, size);
    assert_int_equal(layout_billed_bytes(profile, size), billed);
}

static void cess_9_5_3__sizes_round_every_boundary(void **state) {
    (void)state;
    static const char *const profiles[] = {"ec:4+2+w", "ec:4+2", "ec:4+8",    "ec:1+0",
                                           "ec:1+1+w", "ec:7+3", "replica:1", "replica:3"};
    static const uint64_t segments[] = {64 * KIB, 16 * MIB};
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
        for (size_t j = 0; j < 2; j++) {
            Profile p = profile_of(profiles[i], segments[j]);
            uint64_t seg = p.segment_size, k = p.k;
            const uint64_t sizes[] = {
                0,       1,   k - 1,   k,           k + 1,    LEAF_LEN - 1,   LEAF_LEN, LEAF_LEN + 1,
                seg - 1, seg, seg + 1, 2 * seg - 1, 40 * MIB, 10 * seg + 4097};
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
                check_size(&p, sizes[s]);
        }
}

static void layout__known_figures(void **state) {
    (void)state;
    Profile p = profile_of("ec:4+2+w", 0);
    assert_int_equal(layout_billed_bytes(&p, 0), 0);
    assert_int_equal(layout_billed_bytes(&p, 1), 1 + 6);
    assert_int_equal(layout_billed_bytes(&p, 40 * MIB), 40 * MIB * 5 / 2);
    assert_int_equal(layout_position_bytes(&p, 40 * MIB, 0), 40 * MIB);
    assert_int_equal(layout_position_bytes(&p, 40 * MIB, 3), 10 * MIB);
    assert_int_equal(layout_column_fill(&p, 5, 2), 1); /* c = 2: rows 0 1 full, row 2 half, row 3 empty */
    assert_int_equal(layout_column_fill(&p, 5, 3), 0);
    assert_int_equal(layout_leaves(&p, 16 * MIB, 0, 0), 4096);
    assert_int_equal(layout_leaves(&p, 16 * MIB, 0, 1), 1024);
}

static void layout__the_largest_payload_does_not_overflow(void **state) {
    (void)state;
    Profile p = profile_of("replica:64", SEGMENT_LEN_MIN);
    assert_true(layout_billed_bytes(&p, PAYLOAD_LEN_MAX) == 64 * PAYLOAD_LEN_MAX);
    p = profile_of("ec:1+62+w", SEGMENT_LEN_MAX);
    assert_true(layout_billed_bytes(&p, PAYLOAD_LEN_MAX) == 64 * PAYLOAD_LEN_MAX);
}

TEST_MAIN(cmocka_unit_test(profile_parse__round_trip), cmocka_unit_test(profile_parse__refuses),
          cmocka_unit_test(profile_check__segment_sizes), cmocka_unit_test(profile__positions_and_rows),
          cmocka_unit_test(cess_9_5_3__sizes_round_every_boundary), cmocka_unit_test(layout__known_figures),
          cmocka_unit_test(layout__the_largest_payload_does_not_overflow))
