/* SPDX-License-Identifier: Apache-2.0 */
/* The overlay against what its header promises; the random comparison with a model is
 * tests/property/chain/store/test_overlay.c. */
#include "tests/lib/test.h"

#include "chain/store/overlay.h"

struct fixture {
    struct kv *kv;
    struct state *st;
    struct err err;
};

static void base_put(struct fixture *f, const char *key, const char *value) {
    struct kv_batch *b = kv_batch_new(f->kv);
    kv_batch_put(b, 0, bytes_str(key), bytes_str(value));
    assert_ok(kv_write(f->kv, b, true, &f->err), &f->err);
    kv_batch_free(b);
}

static int setup(void **state) {
    struct fixture *f = (struct fixture *)calloc(1, sizeof *f);
    assert_ok(kv_open_mem(1, &f->kv, &f->err), &f->err);
    base_put(f, "a1", "one");
    base_put(f, "a2", "two");
    base_put(f, "a4", "four");
    base_put(f, "b1", "other");
    assert_ok(state_new(f->kv, NULL, 0, 0, &f->st, &f->err), &f->err);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = (struct fixture *)*state;
    state_free(f->st);
    kv_close(f->kv);
    free(f);
    return 0;
}

static void put(struct fixture *f, const char *key, const char *value) {
    assert_ok(state_put(f->st, bytes_str(key), bytes_str(value), &f->err), &f->err);
}

static void del(struct fixture *f, const char *key) {
    assert_ok(state_del(f->st, bytes_str(key), &f->err), &f->err);
}

static void assert_is(struct fixture *f, const char *key, const char *want) {
    struct bytes v = BYTES_NONE;
    bool has;
    int rc = state_get(f->st, bytes_str(key), &v, &f->err);
    assert_ok(state_has(f->st, bytes_str(key), &has, &f->err), &f->err);
    assert_int_equal(has, want != NULL);
    assert_code(rc, want ? CODE_OK : CODE_NOT_FOUND);
    assert_true(!want || bytes_eq(v, bytes_str(want)));
}

static const char *list(struct fixture *f, const char *prefix, const char *after, size_t limit) {
    static char text[256];
    struct state_iter it;
    struct bytes key, value;
    text[0] = 0;
    state_iter_init(&it, f->st, bytes_str(prefix), bytes_str(after), limit);
    while (state_iter_next(&it, &key, &value)) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%.*s=%.*s ", (int)key.len, (const char *)key.data, (int)value.len,
                 (const char *)value.data);
    }
    assert_ok(state_iter_end(&it, &f->err), &f->err);
    return text;
}

static void state_get__sees_base_and_changes(void **state) {
    struct fixture *f = (struct fixture *)*state;
    assert_is(f, "a1", "one");
    assert_is(f, "a3", NULL);
    put(f, "a3", "three");
    put(f, "a1", "");
    del(f, "a2");
    assert_is(f, "a1", "");
    assert_is(f, "a2", NULL);
    assert_is(f, "a3", "three");
}

static void state_get__bytes_stay(void **state) {
    struct fixture *f = (struct fixture *)*state;
    struct bytes v, w;
    assert_ok(state_get(f->st, bytes_str("a1"), &v, &f->err), &f->err);
    put(f, "a1", "uno");
    assert_ok(state_get(f->st, bytes_str("a1"), &w, &f->err), &f->err);
    del(f, "a1");
    assert_true(bytes_eq(v, bytes_str("one")));
    assert_true(bytes_eq(w, bytes_str("uno")));
}

static void state_iter__merges(void **state) {
    struct fixture *f = (struct fixture *)*state;
    assert_string_equal(list(f, "a", "", 0), "a1=one a2=two a4=four ");
    put(f, "a3", "3");
    put(f, "a0", "0");
    put(f, "a2", "zwei");
    del(f, "a4");
    put(f, "b0", "x");
    assert_string_equal(list(f, "a", "", 0), "a0=0 a1=one a2=zwei a3=3 ");
    assert_string_equal(list(f, "a", "a1", 2), "a2=zwei a3=3 ");
    assert_string_equal(list(f, "a", "a3", 0), "");
    assert_string_equal(list(f, "a", "b", 0), "");
    assert_string_equal(list(f, "", "a3", 0), "b0=x b1=other ");
    assert_string_equal(list(f, "b", "a", 1), "b0=x ");
    assert_string_equal(list(f, "c", "", 0), "");
}

static void state_iter__changes_ahead_are_seen(void **state) {
    struct fixture *f = (struct fixture *)*state;
    struct state_iter it;
    struct bytes key, value;
    state_iter_init(&it, f->st, bytes_str("a"), BYTES_NONE, 0);
    assert_true(state_iter_next(&it, &key, &value));
    del(f, "a1"); /* the one just given */
    del(f, "a2");
    put(f, "a3", "new");
    put(f, "a0", "behind");
    assert_true(state_iter_next(&it, &key, &value));
    assert_true(bytes_eq(key, bytes_str("a3")) && bytes_eq(value, bytes_str("new")));
    assert_true(state_iter_next(&it, &key, &value));
    assert_true(bytes_eq(key, bytes_str("a4")));
    assert_false(state_iter_next(&it, &key, &value));
    assert_ok(state_iter_end(&it, &f->err), &f->err);
}

static void state_rollback__nested(void **state) {
    struct fixture *f = (struct fixture *)*state;
    put(f, "a1", "block");
    size_t outer = state_mark(f->st);
    put(f, "a1", "outer");
    put(f, "a5", "outer");
    size_t inner = state_mark(f->st);
    del(f, "a1");
    put(f, "a2", "inner");
    put(f, "a2", "inner again");
    put(f, "a6", "inner");
    state_rollback(f->st, inner);
    assert_is(f, "a1", "outer");
    assert_is(f, "a2", "two");
    assert_is(f, "a6", NULL);
    inner = state_mark(f->st);
    put(f, "a2", "kept by inner");
    state_commit(f->st, inner);
    assert_string_equal(list(f, "a", "", 0), "a1=outer a2=kept by inner a4=four a5=outer ");
    state_rollback(f->st, outer);
    assert_string_equal(list(f, "a", "", 0), "a1=block a2=two a4=four ");
}

static void state_diff__leaves_out_what_is_the_same(void **state) {
    struct fixture *f = (struct fixture *)*state;
    struct state_diff d;
    put(f, "b1", "changed");
    put(f, "a1", "one"); /* as it was */
    put(f, "a3", "x");
    del(f, "a3"); /* never was */
    del(f, "a2");
    put(f, "a0", "");
    size_t mark = state_mark(f->st);
    put(f, "a4", "rolled back");
    state_rollback(f->st, mark);
    assert_ok(state_diff(f->st, &d, &f->err), &f->err);
    assert_int_equal(d.len, 3);
    assert_true(bytes_eq(d.at[0].key, bytes_str("a0")) && d.at[0].present && !d.at[0].was_present);
    assert_true(bytes_eq(d.at[1].key, bytes_str("a2")) && !d.at[1].present && d.at[1].was_present);
    assert_true(bytes_eq(d.at[1].old, bytes_str("two")));
    assert_true(bytes_eq(d.at[2].key, bytes_str("b1")) && bytes_eq(d.at[2].value, bytes_str("changed")));
    assert_true(bytes_eq(d.at[2].old, bytes_str("other")));
    state_discard(f->st);
    assert_ok(state_diff(f->st, &d, &f->err), &f->err);
    assert_int_equal(d.len, 0);
    assert_string_equal(list(f, "a", "", 0), "a1=one a2=two a4=four ");
}

static void state_change_at__in_the_order_of_first_writes(void **state) {
    struct fixture *f = (struct fixture *)*state;
    struct state_change c;
    size_t n;
    put(f, "b1", "changed"); /* what the base has of it is asked for later */
    put(f, "a1", "one");     /* as it was */
    size_t mark = state_mark(f->st);
    put(f, "a4", "rolled back");
    state_rollback(f->st, mark);
    del(f, "a2");
    assert_ok(state_written(f->st, &n, &f->err), &f->err);
    assert_int_equal(n, 4);
    assert_true(state_change_at(f->st, 0, &c));
    assert_true(bytes_eq(c.key, bytes_str("b1")) && bytes_eq(c.value, bytes_str("changed")));
    assert_true(c.was_present && bytes_eq(c.old, bytes_str("other")));
    assert_false(state_change_at(f->st, 1, &c));
    assert_false(state_change_at(f->st, 2, &c));
    assert_true(state_change_at(f->st, 3, &c));
    assert_true(bytes_eq(c.key, bytes_str("a2")) && !c.present && c.was_present);
    put(f, "a4", "after all"); /* it was passed over before */
    assert_ok(state_written(f->st, &n, &f->err), &f->err);
    assert_int_equal(n, 4);
    assert_true(state_change_at(f->st, 2, &c));
    assert_true(c.was_present && bytes_eq(c.old, bytes_str("four")));
    state_discard(f->st);
    assert_ok(state_written(f->st, &n, &f->err), &f->err);
    assert_int_equal(n, 0);
}

static void state_accept__is_the_base(void **state) {
    struct fixture *f = (struct fixture *)*state;
    struct state_diff d;
    put(f, "a1", "uno");
    del(f, "a2");
    base_put(f, "a1", "uno"); /* as a commit would */
    struct kv_batch *b = kv_batch_new(f->kv);
    kv_batch_del(b, 0, bytes_str("a2"));
    assert_ok(kv_write(f->kv, b, true, &f->err), &f->err);
    kv_batch_free(b);
    state_accept(f->st);
    assert_ok(state_diff(f->st, &d, &f->err), &f->err);
    assert_int_equal(d.len, 0);
    assert_is(f, "a1", "uno");
    assert_is(f, "a2", NULL);
    assert_string_equal(list(f, "a", "", 0), "a1=uno a4=four ");
}

static void state_new__snapshot_does_not_move(void **state) {
    struct fixture *f = (struct fixture *)*state;
    struct kv_snap *snap;
    struct state *old;
    struct bytes v;
    assert_ok(kv_snap_new(f->kv, &snap, &f->err), &f->err);
    assert_ok(state_new(f->kv, snap, 0, 0, &old, &f->err), &f->err);
    base_put(f, "a1", "later");
    assert_ok(state_get(old, bytes_str("a1"), &v, &f->err), &f->err);
    assert_true(bytes_eq(v, bytes_str("one")));
    state_rebase(old, NULL);
    assert_ok(state_get(old, bytes_str("a1"), &v, &f->err), &f->err);
    assert_true(bytes_eq(v, bytes_str("later")));
    state_free(old);
    kv_snap_free(f->kv, snap);
}

static void state_put__limits(void **state) {
    struct fixture *f = (struct fixture *)*state;
    static uint8_t big[VALUE_LEN_MAX + 1];
    struct bytes v;
    assert_code(state_put(f->st, BYTES_NONE, bytes_str("v"), &f->err), CODE_TOO_LARGE);
    assert_code(state_put(f->st, bytes_of(big, KEY_LEN_MAX + 1), bytes_str("v"), &f->err), CODE_TOO_LARGE);
    assert_ok(state_put(f->st, bytes_of(big, KEY_LEN_MAX), bytes_of(big, VALUE_LEN_MAX), &f->err), &f->err);
    assert_code(state_put(f->st, bytes_str("k"), bytes_of(big, VALUE_LEN_MAX + 1), &f->err), CODE_TOO_LARGE);
    assert_ok(state_get(f->st, bytes_of(big, KEY_LEN_MAX), &v, &f->err), &f->err);
    assert_int_equal(v.len, VALUE_LEN_MAX);
    assert_code(state_failed(f->st, NULL), CODE_OK);
}

static void state_put__over_memory_latches(void **state) {
    struct fixture *f = (struct fixture *)*state;
    struct state *small;
    struct bytes v;
    int rc = CODE_OK;
    assert_ok(state_new(f->kv, NULL, 0, 64 * KIB, &small, &f->err), &f->err);
    size_t mark = state_mark(small);
    for (int i = 0; i < 10000 && rc == CODE_OK; i++)
        rc = state_put(small, bytes_str("k"), bytes_str("some value"), &f->err);
    assert_code(rc, CODE_NO_MEMORY);
    assert_code(state_get(small, bytes_str("a1"), &v, &f->err), CODE_NO_MEMORY);
    state_rollback(small, mark);
    assert_code(state_failed(small, &f->err), CODE_NO_MEMORY);
    state_rebase(small, NULL);
    assert_ok(state_get(small, bytes_str("a1"), &v, &f->err), &f->err);
    state_free(small);
}

/* What is cached from block to block is dropped when it is much; nothing of that shows. */
static void state_accept__drops_a_large_cache(void **state) {
    struct fixture *f = (struct fixture *)*state;
    static uint8_t big[VALUE_LEN_MAX];
    struct state_diff d;
    struct bytes v;
    char key[16];
    for (int block = 0; block < 3; block++) {
        for (int i = 0; i < 150; i++) {
            snprintf(key, sizeof key, "big %d", i);
            big[0] = (uint8_t)(block + i);
            assert_ok(state_put(f->st, bytes_str(key), bytes_of(big, sizeof big), &f->err), &f->err);
        }
        assert_ok(state_diff(f->st, &d, &f->err), &f->err);
        assert_int_equal(d.len, 150);
        struct kv_batch *b = kv_batch_new(f->kv);
        for (size_t i = 0; i < d.len; i++)
            kv_batch_put(b, 0, d.at[i].key, d.at[i].value);
        assert_ok(kv_write(f->kv, b, true, &f->err), &f->err);
        kv_batch_free(b);
        state_accept(f->st);
        assert_ok(state_get(f->st, bytes_str("big 7"), &v, &f->err), &f->err);
        assert_int_equal(v.data[0], block + 7);
        assert_int_equal(v.len, sizeof big);
        assert_is(f, "a1", "one");
    }
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

TEST_MAIN(WITH_FIXTURE(state_get__sees_base_and_changes), WITH_FIXTURE(state_get__bytes_stay),
          WITH_FIXTURE(state_iter__merges), WITH_FIXTURE(state_iter__changes_ahead_are_seen),
          WITH_FIXTURE(state_rollback__nested), WITH_FIXTURE(state_diff__leaves_out_what_is_the_same),
          WITH_FIXTURE(state_change_at__in_the_order_of_first_writes), WITH_FIXTURE(state_accept__is_the_base),
          WITH_FIXTURE(state_new__snapshot_does_not_move), WITH_FIXTURE(state_put__limits),
          WITH_FIXTURE(state_put__over_memory_latches), WITH_FIXTURE(state_accept__drops_a_large_cache))
