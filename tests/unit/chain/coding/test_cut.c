/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/coding/cut.h"

#include "chain/base/rng.h"
#include "chain/coding/join.h"
#include "tests/lib/test.h"

static const char *const profiles[] = {"ec:4+2+w", "ec:4+8",    "ec:3+2",   "ec:1+0", "ec:1+1+w",
                                       "ec:7+3+w", "replica:3", "ec:32+32", "ec:2+1"};
#define SEGMENT (512 * KIB)

static const size_t lengths[] = {1,           2,
                                 3,           4,
                                 5,           LEAF_LEN - 1,
                                 LEAF_LEN,    LEAF_LEN + 1,
                                 64 * KIB,    4 * 64 * KIB,
                                 100 * KIB,   16 * LEAF_LEN * 3,
                                 SEGMENT - 1, SEGMENT};

static struct hash scratch[SEGMENT / LEAF_LEN + 1];

/* Each piece is what storage.md §1 says: slices of the segment, zero-padded; its root that of its bytes. */
static void check_pieces(const struct cut *cut, const uint8_t *payload, size_t len) {
    const Profile *p = &cut->coder->profile;
    struct hash want = piece_root_of(payload, len, scratch);
    assert_true(hash_eq(&cut->whole.root, &want));
    want = piece_root_of_groups(len, cut->whole.groups, scratch);
    assert_true(hash_eq(&cut->whole.root, &want));
    for (uint32_t i = 0; i < profile_positions(p); i++) {
        const struct cut_piece *piece = &cut->pieces[i];
        want = piece_root_of(piece->data.data, piece->data.len, scratch);
        assert_true(hash_eq(&piece->root, &want));
        want = piece_root_of_groups(piece->data.len, piece->groups, scratch);
        assert_true(hash_eq(&piece->root, &want));
        if (profile_is_whole(p, i)) {
            assert_true(bytes_eq(piece->data, bytes_of(payload, len)));
            continue;
        }
        assert_int_equal(piece->data.len, layout_column_len(p, len));
        unsigned row = profile_row(p, i);
        if (row >= p->k)
            continue;
        size_t fill = layout_column_fill(p, len, row);
        if (fill > 0)
            assert_memory_equal(piece->data.data, payload + row * piece->data.len, fill);
        for (size_t b = fill; b < piece->data.len; b++)
            assert_int_equal(piece->data.data[b], 0);
    }
}

/* Random sufficient sets give back the segment and any other piece. */
static void check_joins(const struct cut *cut, const uint8_t *payload, size_t len, struct rng *rng) {
    const Profile *p = &cut->coder->profile;
    uint32_t n = profile_positions(p), order[CODE_N_MAX];
    uint8_t *out = malloc(join_room(p, len)), *room = malloc(join_room(p, len));
    struct err err;
    for (unsigned round = 0; round < 6; round++) {
        struct join_input input = {.count = 0};
        for (uint32_t i = 0; i < n; i++)
            order[i] = i;
        for (uint32_t i = 0; i < n; i++) {
            uint32_t j = i + (uint32_t)rng_below(rng, n - i), swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        uint64_t have = 0;
        while (!profile_readable(p, have)) {
            uint32_t position = order[input.count];
            have |= (uint64_t)1 << position;
            input.positions[input.count] = position;
            input.data[input.count++] = cut->pieces[position].data.data;
        }
        memset(out, 0xee, join_room(p, len));
        assert_ok(join_segment(cut->coder, len, &input, out, &err), &err);
        assert_memory_equal(out, payload, len);
        uint32_t lost = order[n - 1];
        assert_ok(join_piece(cut->coder, len, &input, lost, room, out, &err), &err);
        assert_memory_equal(out, cut->pieces[lost].data.data, cut->pieces[lost].data.len);

        input.count--; /* one fewer is not enough, or the rest is still readable */
        uint64_t fewer = have & ~((uint64_t)1 << input.positions[input.count]);
        if (!profile_readable(p, fewer))
            assert_code(join_segment(cut->coder, len, &input, out, &err), CODE_UNAVAILABLE);
    }
    free(out);
    free(room);
}

static void cut_run__all_shapes(void **state) {
    (void)state;
    struct rng rng;
    static struct coder coder;
    struct cut cut;
    struct err err;
    uint8_t *payload = malloc(SEGMENT);
    rng_init(&rng, 11);
    rng_fill(&rng, payload, SEGMENT);
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        Profile profile;
        assert_ok(profile_parse(profiles[i], SEGMENT, &profile, &err), &err);
        assert_ok(coder_init(&coder, &profile, &err), &err);
        assert_ok(cut_init(&cut, &coder, &err), &err);
        for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
            memset(cut.segment, 0xdd, SEGMENT); /* what the segment before left behind */
            memcpy(cut.segment, payload, lengths[l]);
            cut_run(&cut, lengths[l]);
            check_pieces(&cut, payload, lengths[l]);
            check_joins(&cut, payload, lengths[l], &rng);
        }
        cut_release(&cut);
    }
    free(payload);
}

static void coder_init__refuses(void **state) {
    (void)state;
    static struct coder coder;
    struct err err;
    Profile profile;
    assert_ok(profile_parse("keyed-replica:3", SEGMENT, &profile, &err), &err);
    assert_code(coder_init(&coder, &profile, &err), CODE_UNSUPPORTED);
    profile.kind = PROFILE_KIND_EC;
    profile.k = 0;
    assert_code(coder_init(&coder, &profile, &err), CODE_INVALID_ARGUMENT);
}

TEST_MAIN(cmocka_unit_test(cut_run__all_shapes), cmocka_unit_test(coder_init__refuses))
