/* SPDX-License-Identifier: Apache-2.0 */
/* Two states and where they differ; states of older heights; a whole state taken in from pairs. */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "chain/store/compare.h"
#include "chain/store/store_snapshot.h"

enum { KEYS = 400, HEIGHTS = 30 };

static struct err err;

struct model {
    uint32_t number[KEYS]; /* 0: absent */
};

static struct bytes key_of(size_t i, char room[24]) {
    snprintf(room, 24, "%c/key %zu", (char)(1 + i % 5), i);
    return bytes_str(room);
}

static void set(struct store *s, struct model *m, size_t i, uint32_t number) {
    char key[24];
    uint8_t value[4];
    m->number[i] = number;
    store_be32(value, number);
    if (number)
        assert_ok(state_put(store_state(s), key_of(i, key), bytes_of(value, 4), &err), &err);
    else
        assert_ok(state_del(store_state(s), key_of(i, key), &err), &err);
}

static struct hash commit(struct store *s) {
    struct store_batch *b;
    struct hash root;
    uint64_t height = store_next(s);
    assert_ok(store_begin(s, height, 100 * height, &b, &err), &err);
    assert_ok(store_put_state(b, &root, &err), &err);
    store_put_record(b, STORE_BLOCK, bytes_str("block"));
    assert_ok(store_commit(b, &err), &err);
    return root;
}

/* Some heights of changes; models[h] is the state after h. */
static struct store *random_store(uint64_t seed, struct model models[HEIGHTS]) {
    struct store *s;
    struct model m = {{0}};
    struct rng r;
    rng_init(&r, seed);
    assert_ok(store_open_mem(&s, &err), &err);
    for (uint64_t h = 0; h < HEIGHTS; h++) {
        size_t n = h == 0 ? KEYS : (size_t)rng_below(&r, 20);
        for (size_t k = 0; k < n; k++)
            set(s, &m, (size_t)rng_below(&r, KEYS), (uint32_t)rng_below(&r, 4));
        commit(s);
        models[h] = m;
    }
    return s;
}

struct found {
    const struct model *a, *b;
    bool seen[KEYS];
    size_t n, stop_at;
};

static int note(void *ctx, struct bytes key, const struct tree_slot *a, const struct tree_slot *b, struct err *e) {
    struct found *f = (struct found *)ctx;
    (void)e;
    size_t i = strtoul(strchr((const char *)key.data, ' '), NULL, 10);
    assert_true(i < KEYS && !f->seen[i]);
    assert_int_equal(a != NULL, f->a->number[i] != 0);
    assert_int_equal(b != NULL, f->b->number[i] != 0);
    assert_int_not_equal(f->a->number[i], f->b->number[i]);
    f->seen[i] = true;
    return ++f->n == f->stop_at ? CODE_DONE_ALREADY : CODE_OK;
}

static void check(struct store *a, uint64_t height_a, const struct model *ma, struct store *b, uint64_t height_b,
                  const struct model *mb) {
    struct compare_view va = {.height = height_a}, vb = {.height = height_b};
    struct found f = {.a = ma, .b = mb};
    assert_ok(store_view_open(a, &va.view, &err), &err);
    assert_ok(store_view_open(b, &vb.view, &err), &err);
    struct compare_side sa = compare_side_of(&va), sb = compare_side_of(&vb);
    assert_ok(compare_states(&sa, &sb, note, &f, &err), &err);
    size_t want = 0;
    for (size_t i = 0; i < KEYS; i++)
        want += ma->number[i] != mb->number[i];
    assert_int_equal(f.n, want);
    if (want > 1) {
        f = (struct found){.a = ma, .b = mb, .stop_at = 2};
        assert_code(compare_states(&sa, &sb, note, &f, &err), CODE_DONE_ALREADY);
    }
    store_view_close(va.view);
    store_view_close(vb.view);
}

static void compare_states__finds_what_differs(void **state) {
    (void)state;
    static struct model a[HEIGHTS], b[HEIGHTS], none;
    struct store *s = random_store(1, a), *t = random_store(2, b), *empty;
    assert_ok(store_open_mem(&empty, &err), &err);
    commit(empty);
    check(s, HEIGHTS - 1, &a[HEIGHTS - 1], t, HEIGHTS - 1, &b[HEIGHTS - 1]);
    check(s, HEIGHTS - 1, &a[HEIGHTS - 1], s, HEIGHTS - 1, &a[HEIGHTS - 1]);
    for (uint64_t h = 0; h + 1 < HEIGHTS; h++)
        check(s, h, &a[h], s, h + 1, &a[h + 1]);
    check(s, 3, &a[3], empty, 0, &none);
    check(empty, 0, &none, t, 7, &b[7]);
    store_close(s);
    store_close(t);
    store_close(empty);
}

static void store_view_state_at__older_heights(void **state) {
    (void)state;
    static struct model m[HEIGHTS];
    struct store *s = random_store(3, m);
    struct store_view *v;
    assert_ok(store_view_open(s, &v, &err), &err);
    for (uint64_t h = 0; h < HEIGHTS; h++) {
        struct state *st;
        struct store_sum sum;
        size_t want = 0;
        assert_ok(store_view_state_at(v, h, 1 * MIB, &st, &err), &err);
        for (size_t i = 0; i < KEYS; i++) {
            char key[24];
            struct bytes got;
            int rc = state_get(st, key_of(i, key), &got, &err);
            assert_code(rc, m[h].number[i] ? CODE_OK : CODE_NOT_FOUND);
            if (rc == CODE_OK)
                assert_int_equal(load_be32(got.data), m[h].number[i]);
            want += rc == CODE_OK;
        }
        assert_ok(store_sum(st, BYTES_NONE, &sum, &err), &err);
        assert_int_equal(sum.records, want);
        state_free(st);
    }
    struct state *st;
    assert_code(store_view_state_at(v, HEIGHTS, 1 * MIB, &st, &err), CODE_NOT_FOUND);
    assert_code(store_view_state_at(v, 0, 2 * KIB, &st, &err), CODE_NO_MEMORY);
    struct hash digest;
    struct store_sum sum;
    assert_ok(store_digest(v, bytes_str("\2"), &digest, &err), &err);
    assert_ok(store_view_state(v, 1 * MIB, &st, &err), &err);
    assert_ok(store_sum(st, bytes_str("\2"), &sum, &err), &err);
    assert_true(hash_eq(&digest, &sum.digest));
    state_free(st);
    store_view_close(v);
    store_close(s);
}

/* --- loading ------------------------------------------------------------------------------------------------------ */

static int load_one(void *ctx, struct bytes key, struct bytes value, struct err *e) {
    return store_load_pair((struct store_load *)ctx, key, value, e);
}

static const struct store_import_end end = {
    .time = 77, .records = {{STORE_BLOCK, {(const uint8_t *)"block", 5}}}, .records_n = 1};

static void store_load__same_root_and_goes_on(void **state) {
    (void)state;
    static struct model m[HEIGHTS];
    struct store *s = random_store(4, m), *t;
    struct store_view *v;
    struct store_load *l;
    assert_ok(store_view_open(s, &v, &err), &err);
    struct hash root = store_view_root(v), wrong = root;
    wrong.b[0] ^= 1;
    assert_ok(store_open_mem(&t, &err), &err);
    assert_ok(store_load_begin(t, &l, &err), &err);
    assert_ok(store_export(v, BYTES_NONE, load_one, l, &err), &err);
    assert_code(store_load_finish(l, 29, &wrong, &end, &err), CODE_INTEGRITY);
    store_load_close(l);
    assert_int_equal(store_next(t), 0);
    assert_ok(store_load_begin(t, &l, &err), &err); /* what came in is dropped */
    assert_ok(store_export(v, BYTES_NONE, load_one, l, &err), &err);
    assert_ok(store_load_finish(l, 29, &root, &end, &err), &err);
    store_load_close(l);
    store_view_close(v);
    assert_int_equal(store_next(t), 30);
    for (int i = 0; i < 5; i++) {
        struct model a = m[HEIGHTS - 1], b = a;
        set(s, &a, (size_t)i * 3, 9);
        set(t, &b, (size_t)i * 3, 9);
        struct hash x = commit(s), y = commit(t);
        assert_true(hash_eq(&x, &y));
    }
    assert_ok(store_view_open(t, &v, &err), &err);
    assert_ok(store_check(v, &err), &err);
    store_view_close(v);
    assert_code(store_load_begin(t, &l, &err), CODE_CONFLICT);
    store_close(s);
    store_close(t);
}

static void store_load_pair__limits(void **state) {
    (void)state;
    static const uint8_t big[VALUE_LEN_MAX + 1];
    struct store *t;
    struct store_load *l;
    struct hash root = {{0}};
    assert_ok(store_open_mem(&t, &err), &err);
    assert_ok(store_load_begin(t, &l, &err), &err);
    assert_code(store_load_pair(l, BYTES_NONE, bytes_of(big, 1), &err), CODE_TOO_LARGE);
    assert_code(store_load_pair(l, bytes_of(big, KEY_LEN_MAX + 1), BYTES_NONE, &err), CODE_TOO_LARGE);
    assert_code(store_load_pair(l, bytes_of(big, 1), bytes_of(big, VALUE_LEN_MAX + 1), &err), CODE_TOO_LARGE);
    for (uint32_t i = 0; i < 100; i++) { /* more than a batch holds */
        uint8_t key[KEY_LEN_MAX] = {1};
        store_be32(key + 1, i);
        assert_ok(store_load_pair(l, bytes_of(key, sizeof key), bytes_of(big, VALUE_LEN_MAX), &err), &err);
    }
    assert_ok(store_load_pair(l, bytes_of("\2", 1), BYTES_NONE, &err), &err);
    assert_ok(store_load_pair(l, bytes_of("\2", 1), BYTES_NONE, &err), &err);
    assert_code(store_load_finish(l, 1, &root, &end, &err), CODE_INVALID_ARGUMENT);
    store_load_close(l);
    store_close(t);
}

/* Any write fails and the power goes: the store is empty, or half taken in and only open to another beginning, or done.
 */
static void store_load__survives_each_failing_write(void **state) {
    (void)state;
    static struct model m[HEIGHTS];
    struct store *s = random_store(5, m), *t;
    struct store_view *v;
    assert_ok(store_view_open(s, &v, &err), &err);
    struct hash root = store_view_root(v);
    bool done = false;
    for (uint64_t fail = 1; !done; fail++) {
        struct kv *kv;
        struct store_load *l = NULL;
        uint64_t height;
        assert_ok(kv_open_mem(STORE_FAMILIES, &kv, &err), &err);
        assert_ok(store_open_kv(kv, NULL, &t, &err), &err);
        kv_mem_fail_write(kv, fail, CODE_IO);
        int rc = store_load_begin(t, &l, &err);
        if (!rc)
            rc = store_export(v, BYTES_NONE, load_one, l, &err);
        if (!rc)
            rc = store_load_finish(l, 29, &root, &end, &err);
        store_load_close(l);
        store_close(t);
        kv_mem_crash(kv);
        assert_ok(store_open_kv(kv, NULL, &t, &err), &err);
        done = rc == CODE_OK;
        assert_int_equal(store_height(t, &height), done);
        if (!done) {
            assert_code(rc, CODE_IO);
            assert_ok(store_load_begin(t, &l, &err), &err);
            assert_ok(store_export(v, BYTES_NONE, load_one, l, &err), &err);
            assert_ok(store_load_finish(l, 29, &root, &end, &err), &err);
            store_load_close(l);
        }
        struct hash got = store_root(t);
        assert_true(hash_eq(&got, &root));
        store_close(t);
        kv_close(kv);
        assert_true(fail < 20);
    }
    store_view_close(v);
    store_close(s);
}

TEST_MAIN(cmocka_unit_test(compare_states__finds_what_differs), cmocka_unit_test(store_view_state_at__older_heights),
          cmocka_unit_test(store_load__same_root_and_goes_on), cmocka_unit_test(store_load_pair__limits),
          cmocka_unit_test(store_load__survives_each_failing_write))
