/* SPDX-License-Identifier: Apache-2.0 */
/* Both back ends answer the same; failures latch; a lock is told as one. */
#include "tests/lib/test.h"

#include "chain/store/kv.h"

static const char *const families[] = {"a", "b", "c"};

static struct kv *open_one(bool rocks, const char *name) {
    struct kv *kv = NULL;
    struct err err = {0};
    if (rocks)
        assert_ok(kv_open_rocks(test_path(name), families, 3, NULL, &kv, &err), &err);
    else
        assert_ok(kv_open_mem(3, &kv, &err), &err);
    return kv;
}

static void put(struct kv *kv, unsigned family, const char *key, const char *value) {
    struct err err = {0};
    struct kv_batch *b = kv_batch_new(kv);
    kv_batch_put(b, family, bytes_str(key), bytes_str(value));
    assert_ok(kv_write(kv, b, true, &err), &err);
    kv_batch_free(b);
}

static void assert_value(struct kv *kv, const struct kv_snap *snap, unsigned family, const char *key,
                         const char *want) {
    struct kv_value v;
    struct err err = {0};
    int rc = kv_get(kv, snap, family, bytes_str(key), &v, &err);
    if (!want) {
        assert_code(rc, CODE_NOT_FOUND);
        return;
    }
    assert_ok(rc, &err);
    assert_true(bytes_eq(v.bytes, bytes_str(want)));
    kv_value_release(&v);
}

/* The keys of a range, one letter each, as a string. */
static const char *listing(struct kv *kv, const struct kv_snap *snap, const char *from, const char *to, bool reverse) {
    static char text[64];
    struct err err = {0};
    struct kv_range range = {bytes_str(from), bytes_str(to), reverse};
    struct kv_iter *it;
    struct bytes key, value;
    size_t n = 0;
    assert_ok(kv_iter_open(kv, snap, 0, &range, &it, &err), &err);
    while (kv_iter_next(it, &key, &value) && n < sizeof text - 1)
        text[n++] = (char)key.data[0];
    assert_false(kv_iter_next(it, &key, &value)); /* stays at the end */
    text[n] = 0;
    assert_ok(kv_iter_close(it, &err), &err);
    return text;
}

static void check_reads(bool rocks) {
    struct kv *kv = open_one(rocks, "reads");
    struct err err = {0};
    put(kv, 0, "c", "3");
    put(kv, 0, "a", "1");
    put(kv, 0, "b", "");
    put(kv, 0, "e", "5");
    put(kv, 1, "a", "other family");
    assert_value(kv, NULL, 0, "a", "1");
    assert_value(kv, NULL, 0, "b", "");
    assert_value(kv, NULL, 0, "d", NULL);
    assert_value(kv, NULL, 1, "a", "other family");
    assert_value(kv, NULL, 2, "a", NULL);
    assert_string_equal(listing(kv, NULL, "", "", false), "abce");
    assert_string_equal(listing(kv, NULL, "", "", true), "ecba");
    assert_string_equal(listing(kv, NULL, "b", "e", false), "bc");
    assert_string_equal(listing(kv, NULL, "b", "e", true), "cb");
    assert_string_equal(listing(kv, NULL, "bb", "d", true), "c");
    assert_string_equal(listing(kv, NULL, "x", "", false), "");
    assert_string_equal(listing(kv, NULL, "", "a", true), "");

    struct kv_snap *snap;
    assert_ok(kv_snap_new(kv, &snap, &err), &err);
    struct kv_value kept;
    assert_ok(kv_get(kv, NULL, 0, bytes_str("a"), &kept, &err), &err);
    struct kv_batch *b = kv_batch_new(kv);
    kv_batch_del(b, 0, bytes_str("a"));
    kv_batch_put(b, 0, bytes_str("c"), bytes_str("new"));
    kv_batch_put(b, 0, bytes_str("f"), bytes_str("6"));
    kv_batch_put(b, 0, bytes_str("g"), bytes_str("7"));
    kv_batch_del(b, 0, bytes_str("g"));
    assert_int_equal(kv_batch_count(b), 5);
    assert_ok(kv_write(kv, b, false, &err), &err);
    kv_batch_free(b);
    assert_true(bytes_eq(kept.bytes, bytes_str("1")));
    kv_value_release(&kept);
    assert_string_equal(listing(kv, NULL, "", "", false), "bcef");
    assert_string_equal(listing(kv, snap, "", "", false), "abce");
    b = kv_batch_new(kv);
    kv_batch_del_range(b, 0, bytes_str("d"), bytes_str("f"));
    kv_batch_put(b, 0, bytes_str("d"), bytes_str("after it"));
    assert_ok(kv_write(kv, b, true, &err), &err);
    kv_batch_free(b);
    assert_string_equal(listing(kv, NULL, "", "", false), "bcdf");
    assert_value(kv, NULL, 0, "e", NULL);
    assert_value(kv, snap, 0, "e", "5");
    assert_value(kv, NULL, 0, "c", "new");
    assert_value(kv, snap, 0, "c", "3");
    assert_value(kv, snap, 0, "a", "1");
    kv_snap_free(kv, snap);
    kv_close(kv);
}

static void check_seek(bool rocks) {
    struct kv *kv = open_one(rocks, "seek");
    struct err err = {0};
    struct kv_iter *it;
    struct bytes key, value;
    for (const char *k = "bdfh"; *k; k++)
        put(kv, 0, (char[]){*k, 0}, "v");
    struct kv_range range = {bytes_str("c"), bytes_str("g"), true};
    assert_ok(kv_iter_open(kv, NULL, 0, &range, &it, &err), &err);
    static const char *const cases[][2] = {{"d", "d"}, {"e", "d"}, {"c", ""},  {"f", "f"},
                                           {"a", ""},  {"z", "f"}, {"dd", "d"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool found = kv_iter_seek(it, bytes_str(cases[i][0]), &key, &value);
        assert_int_equal(found, cases[i][1][0] != 0);
        assert_true(!found || bytes_eq(key, bytes_str(cases[i][1])));
    }
    assert_true(kv_iter_seek(it, bytes_str("f"), &key, &value));
    assert_true(kv_iter_next(it, &key, &value) && bytes_eq(key, bytes_str("d")));
    assert_false(kv_iter_next(it, &key, &value));
    assert_ok(kv_iter_close(it, &err), &err);
    kv_close(kv);
}

static void kv_iter_seek__finds_below(void **state) {
    (void)state;
    check_seek(false);
    check_seek(true);
}

static void kv__reads_and_snapshots(void **state) {
    (void)state;
    check_reads(false);
    check_reads(true);
}

static void kv_open_rocks__reopen_keeps(void **state) {
    (void)state;
    struct kv *kv = open_one(true, "keep");
    put(kv, 2, "k", "v");
    kv_close(kv);
    kv = open_one(true, "keep");
    assert_value(kv, NULL, 2, "k", "v");
    kv_close(kv);
}

static void kv_open_rocks__second_open_is_locked(void **state) {
    (void)state;
    struct kv *kv = open_one(true, "locked"), *other = NULL;
    struct err err = {0};
    assert_code(kv_open_rocks(test_path("locked"), families, 3, NULL, &other, &err), CODE_LOCKED);
    assert_non_null(strstr(err.msg, "in use by another process"));
    assert_null(other);
    kv_close(kv);
    kv_close(open_one(true, "locked"));
}

static void kv_open_rocks__must_exist(void **state) {
    (void)state;
    struct kv *kv = NULL;
    struct err err = {0};
    struct kv_rocks_options options = {.must_exist = true};
    assert_code(kv_open_rocks(test_path("nothing"), families, 3, &options, &kv, &err), CODE_NOT_FOUND);
}

static void kv_write__failure_latches(void **state) {
    (void)state;
    struct kv *kv = open_one(false, NULL);
    struct err err = {0};
    put(kv, 0, "a", "1");
    kv_mem_fail_write(kv, 2, CODE_DISK_FULL);
    put(kv, 0, "b", "2");
    struct kv_batch *b = kv_batch_new(kv);
    kv_batch_put(b, 0, bytes_str("c"), bytes_str("3"));
    assert_code(kv_write(kv, b, true, &err), CODE_DISK_FULL);
    err_clear(&err);
    assert_code(kv_write(kv, b, true, &err), CODE_DISK_FULL); /* though the disk would take it now */
    assert_code(kv_failed(kv, &err), CODE_DISK_FULL);
    assert_value(kv, NULL, 0, "c", NULL);
    kv_mem_crash(kv);
    assert_code(kv_failed(kv, NULL), CODE_OK);
    assert_ok(kv_write(kv, b, true, &err), &err);
    kv_batch_free(b);
    assert_string_equal(listing(kv, NULL, "", "", false), "abc");
    kv_close(kv);
}

static void kv_mem_crash__drops_what_was_not_synced(void **state) {
    (void)state;
    struct kv *kv = open_one(false, NULL);
    struct err err = {0};
    put(kv, 0, "a", "1");
    struct kv_batch *b = kv_batch_new(kv);
    for (int i = 0; i < 3; i++) {
        kv_batch_clear(b);
        kv_batch_put(b, 0, bytes_of("bcd" + i, 1), bytes_str("x"));
        kv_batch_del(b, 0, bytes_str("a"));
        assert_ok(kv_write(kv, b, false, &err), &err);
    }
    kv_batch_free(b);
    assert_string_equal(listing(kv, NULL, "", "", false), "bcd");
    kv_mem_crash(kv);
    assert_string_equal(listing(kv, NULL, "", "", false), "a");
    kv_close(kv);
}

static void kv_prefix_end__carries(void **state) {
    (void)state;
    uint8_t room[4];
    assert_true(bytes_eq(kv_prefix_end(bytes_str("ab"), room), bytes_str("ac")));
    assert_true(bytes_eq(kv_prefix_end(bytes_of("a\xff\xff", 3), room), bytes_str("b")));
    assert_int_equal(kv_prefix_end(bytes_of("\xff\xff", 2), room).len, 0);
    assert_int_equal(kv_prefix_end(BYTES_NONE, room).len, 0);
}

TEST_MAIN(cmocka_unit_test(kv__reads_and_snapshots), cmocka_unit_test(kv_iter_seek__finds_below),
          cmocka_unit_test(kv_open_rocks__reopen_keeps), cmocka_unit_test(kv_open_rocks__second_open_is_locked),
          cmocka_unit_test(kv_open_rocks__must_exist), cmocka_unit_test(kv_write__failure_latches),
          cmocka_unit_test(kv_mem_crash__drops_what_was_not_synced), cmocka_unit_test(kv_prefix_end__carries))
