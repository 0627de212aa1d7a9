/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/coding/rs.h"

#include "chain/base/rng.h"
#include "chain/codec/json.h"
#include "chain/os/file.h"
#include "tests/lib/test.h"

#define LEN_MAX 300

struct columns {
    uint8_t *at[CODE_N_MAX];
    uint8_t bytes[CODE_N_MAX][LEN_MAX];
};

static void columns_init(struct columns *c) {
    memset(c->bytes, 0xee, sizeof c->bytes);
    for (unsigned i = 0; i < CODE_N_MAX; i++)
        c->at[i] = c->bytes[i];
}

static const uint8_t *const *readable(struct columns *c) {
    return (const uint8_t *const *)c->at;
}

/* Any k rows give back every column: random subsets for many shapes. */
static void rs_rebuild__any_k(void **state) {
    (void)state;
    struct rng rng;
    static struct rs rs;
    static struct columns all, have, out;
    rng_init(&rng, 7);
    for (unsigned round = 0; round < 300; round++) {
        unsigned k = 1 + (unsigned)rng_below(&rng, round % 3 ? 8 : CODE_K_MAX);
        unsigned m = (unsigned)rng_below(&rng, round % 3 ? 8 : CODE_N_MAX);
        if (!rs_shape_ok(k, m))
            continue;
        size_t len = 1 + rng_below(&rng, LEN_MAX);
        columns_init(&all);
        columns_init(&have);
        columns_init(&out);
        for (unsigned i = 0; i < k; i++)
            rng_fill(&rng, all.bytes[i], len);
        rs_init(&rs, k, m);
        rs_encode(&rs, len, readable(&all), all.at + k);

        unsigned rows[CODE_N_MAX];
        for (unsigned i = 0; i < k + m; i++)
            rows[i] = i;
        for (unsigned i = 0; i < k; i++) { /* a random k of them, in random order */
            unsigned j = i + (unsigned)rng_below(&rng, k + m - i), swap = rows[i];
            rows[i] = rows[j];
            rows[j] = swap;
            memcpy(have.bytes[i], all.bytes[rows[i]], len);
        }
        unsigned want[CODE_N_MAX];
        for (unsigned i = 0; i < k + m; i++)
            want[i] = i;
        struct err err;
        assert_ok(rs_rebuild(&rs, len, rows, readable(&have), want, k + m, out.at, &err), &err);
        for (unsigned i = 0; i < k + m; i++)
            assert_memory_equal(out.bytes[i], all.bytes[i], len);
        if (len < LEN_MAX)
            assert_int_equal(out.bytes[0][len], 0xee);
    }
}

static void rs_rebuild__refuses(void **state) {
    (void)state;
    static struct rs rs;
    static struct columns have, out;
    struct err err;
    unsigned twice[] = {0, 0}, outside[] = {0, 4}, fine[] = {1, 2}, want = 0, far = 4;
    columns_init(&have);
    columns_init(&out);
    rs_init(&rs, 2, 2);
    assert_code(rs_rebuild(&rs, 9, twice, readable(&have), &want, 1, out.at, &err), CODE_INVALID_ARGUMENT);
    assert_code(rs_rebuild(&rs, 9, outside, readable(&have), &want, 1, out.at, &err), CODE_INVALID_ARGUMENT);
    assert_code(rs_rebuild(&rs, 9, fine, readable(&have), &far, 1, out.at, &err), CODE_INVALID_ARGUMENT);
    assert_int_equal(out.bytes[0][0], 0xee);
    assert_ok(rs_rebuild(&rs, 0, fine, readable(&have), &want, 1, out.at, &err), &err);
}

static void rs_shape_ok__edges(void **state) {
    (void)state;
    assert_false(rs_shape_ok(0, 1));
    assert_true(rs_shape_ok(1, 0));
    assert_true(rs_shape_ok(32, 32));
    assert_false(rs_shape_ok(33, 1));
    assert_true(rs_shape_ok(1, 63));
    assert_false(rs_shape_ok(1, 64));
    assert_false(rs_shape_ok(2, UINT32_MAX));
}

static void from_hex(const json_t *list, size_t i, uint8_t *ret_data, size_t len) {
    const char *text = json_string_value(json_array_get(list, i));
    assert_non_null(text);
    assert_true(hex_decode(text, strlen(text), ret_data, len));
}

/* tests/vectors/rs.json was computed by 20 lines of standard-library Python. */
static void rs_encode__vectors(void **state) {
    (void)state;
    static struct rs rs;
    static struct columns all;
    struct err err;
    struct buf text;
    json_t *json;
    uint8_t want[LEN_MAX];
    buf_init(&text, MIB);
    assert_ok(file_read("tests/vectors/rs.json", &text, &err), &err);
    assert_ok(json_parse(buf_bytes(&text), &json, &err), &err);
    const json_t *cases = json_object_get(json, "cases");
    assert_true(json_array_size(cases) > 5);
    for (size_t c = 0; c < json_array_size(cases); c++) {
        const json_t *one = json_array_get(cases, c);
        unsigned k = (unsigned)json_integer_value(json_object_get(one, "k"));
        unsigned m = (unsigned)json_integer_value(json_object_get(one, "m"));
        size_t len = (size_t)json_integer_value(json_object_get(one, "length"));
        assert_true(rs_shape_ok(k, m) && len <= LEN_MAX);
        columns_init(&all);
        for (unsigned i = 0; i < k; i++)
            from_hex(json_object_get(one, "data"), i, all.bytes[i], len);
        rs_init(&rs, k, m);
        rs_encode(&rs, len, readable(&all), all.at + k);
        for (unsigned i = 0; i < m; i++) {
            from_hex(json_object_get(one, "parity"), i, want, len);
            assert_memory_equal(all.bytes[k + i], want, len);
        }
    }
    json_decref(json);
    buf_release(&text);
}

TEST_MAIN(cmocka_unit_test(rs_rebuild__any_k), cmocka_unit_test(rs_rebuild__refuses),
          cmocka_unit_test(rs_shape_ok__edges), cmocka_unit_test(rs_encode__vectors))
