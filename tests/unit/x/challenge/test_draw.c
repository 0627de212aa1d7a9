/* SPDX-License-Identifier: Apache-2.0 */
/* Draws are weighted by bytes: chi-square tests over many draws from fixed seeds. */
#include "tests/lib/ledger/deal.h"

#include "x/challenge/pick.h"

enum { OBJECTS = 6, SPS = 7, DRAWS = 30000 };

static struct fixture f;
static struct deal d;

struct stored {
    const char *profile, *bucket, *object;
    uint64_t size;
};

/* Two placement groups: two providers with whole copies, and seven of which the first two have both. */
static const struct stored objects[OBJECTS] = {
    {"replica:2", "photos", "tiny", 700},     {"replica:2", "photos", "small", 9000},
    {"replica:2", "photos", "large", 300000}, {"ec:4+2+w", "films", "tiny", 20000},
    {"ec:4+2+w", "films", "middle", 100000},  {"ec:4+2+w", "films", "large", 400000},
};

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static uint64_t ids[OBJECTS];

static void begin(void) {
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    f.params.challenge.floor_interval_ms = 0;
    f.params.challenge.bytes_per_draw = 0;
    fixture_start(&f);
    uint64_t group = 0;
    for (size_t i = 0; i < OBJECTS; i++) {
        deal_init(&d, &f, "alice", objects[i].bucket, objects[i].object, objects[i].profile, 64 * KIB, objects[i].size);
        d.nonce = 100 * (i + 1);
        if (i == 0)
            deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
        if (i == 0 || i == 3) {
            deal_must_bucket(&d);
            deal_must_group(&d);
        }
        group = d.group_id ? d.group_id : group;
        d.group_id = group;
        deal_must_create(&d);
        deal_must_seal(&d);
        ids[i] = deal_object(&d)->id;
    }
}

/* What the i-th object takes at a provider; 0 when it is not there. */
static double bytes_at(size_t i, unsigned sp) {
    bool both = objects[i].profile[0] == 'r';
    uint64_t whole = objects[i].size;
    if (both)
        return sp < 2 ? (double)whole : 0;
    Profile profile;
    struct deal x;
    deal_init(&x, &f, "alice", "films", "x", objects[i].profile, 64 * KIB, whole);
    profile = x.profile;
    return (double)layout_position_bytes(&profile, whole, sp);
}

/* Without libm. */
static double root_of(double x) {
    double r = 1;
    for (int i = 0; i < 60; i++)
        r = (r + x / r) / 2;
    return r;
}

/* The value that chi-square of so many degrees of freedom exceeds once in a thousand (Wilson and Hilferty). */
static double critical(double degrees) {
    double x = 1 - 2 / (9 * degrees) + 3.09 * root_of(2 / (9 * degrees));
    return degrees * x * x * x;
}

struct tally {
    unsigned seen[OBJECTS][SPS];
    unsigned segments[8]; /* of the large film */
};

static void draw_all(struct ctx *ctx, void *arg) {
    struct tally *t = arg;
    struct err err = {0};
    for (uint64_t n = 0; n < DRAWS; n++) {
        struct draw draw;
        struct pick pick = {0};
        struct arena_mark mark = arena_mark(ctx->arena);
        draw_init(&draw, &ctx->seed, CHALLENGE_ORIGIN_BYTES, n);
        assert_ok(pick_of_all(ctx, &draw, &pick, &err), &err);
        Challenge *c = pick_challenge(ctx, &draw, n, &pick, PICK_ANY_SEGMENT, CHALLENGE_ORIGIN_BYTES);
        size_t i = 0;
        while (i < OBJECTS && ids[i] != pick.object->id)
            i++;
        assert_true(i < OBJECTS);
        assert_int_equal(pick.position, pick.sp_id - 1);
        t->seen[i][pick.sp_id - 1]++;
        if (i == OBJECTS - 1)
            t->segments[c->segment]++;
        arena_rewind(ctx->arena, mark);
    }
}

static void pick_of_all__is_weighted_by_bytes(void **state) {
    (void)state;
    struct tally t = {0};
    double total = 0, chi = 0, cells = 0;
    begin();
    fixture_with_ctx(&f, draw_all, &t);
    for (size_t i = 0; i < OBJECTS; i++)
        for (unsigned sp = 0; sp < SPS; sp++)
            total += bytes_at(i, sp);
    for (size_t i = 0; i < OBJECTS; i++) {
        for (unsigned sp = 0; sp < SPS; sp++) {
            double want = DRAWS * bytes_at(i, sp) / total, by = t.seen[i][sp] - want;
            if (want == 0) {
                assert_int_equal(t.seen[i][sp], 0);
                continue;
            }
            chi += by * by / want;
            cells++;
        }
    }
    print_message("chi-square %.1f in %.0f cells, %.1f once in a thousand\n", chi, cells, critical(cells - 1));
    assert_true(chi < critical(cells - 1));
}

/* Within an object the segment goes by bytes, too: the last one is short. */
static void pick_challenge__segments_by_bytes(void **state) {
    (void)state;
    struct tally t = {0};
    double chi = 0, drawn = 0;
    uint64_t size = objects[OBJECTS - 1].size, segment = 64 * KIB, segments = (size + segment - 1) / segment;
    begin();
    fixture_with_ctx(&f, draw_all, &t);
    for (uint64_t i = 0; i < segments; i++)
        drawn += t.segments[i];
    for (uint64_t i = 0; i < segments; i++) {
        uint64_t len = i + 1 < segments ? segment : size - i * segment;
        double want = drawn * (double)len / (double)size, by = t.segments[i] - want;
        chi += by * by / want;
    }
    assert_true(drawn > 1000);
    assert_true(chi < critical((double)segments - 1));
}

/* The test can fail: the same draws against equal shares are far off. */
static void chi_square__notices_other_weights(void **state) {
    (void)state;
    struct tally t = {0};
    double chi = 0, want = 0;
    begin();
    fixture_with_ctx(&f, draw_all, &t);
    for (size_t i = 0; i < OBJECTS; i++)
        want += t.seen[i][0];
    want /= OBJECTS;
    for (size_t i = 0; i < OBJECTS; i++) {
        double by = t.seen[i][0] - want;
        chi += by * by / want;
    }
    assert_true(chi > 10 * critical(OBJECTS - 1));
}

#define T(name) cmocka_unit_test_teardown(name, teardown)
TEST_MAIN(T(pick_of_all__is_weighted_by_bytes), T(pick_challenge__segments_by_bytes),
          T(chi_square__notices_other_weights))
