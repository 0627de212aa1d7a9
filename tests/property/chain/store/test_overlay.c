/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The overlay against a model that copies everything: random puts, deletions, listings, nested marks, blocks that are
 * kept or dropped. Keys are all strings of 1..3 letters over {0x00, 'a', 0xff}: prefixes of each other, and with
 * carries at their ends.
 */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "chain/store/overlay.h"

enum { KEYS = 39, DEPTH = 5, STEPS = 4000, SEEDS = 12 };

struct value {
    bool present;
    uint32_t number;
};

struct world {
    struct value at[KEYS];
};

struct fixture {
    struct kv *kv;
    struct state *st;
    struct rng rng;
    struct world base, now, saved[DEPTH];
    size_t marks[DEPTH], depth;
    struct err err;
};

static uint8_t key_data[KEYS][3];
static size_t key_len[KEYS];

static struct bytes key_at(size_t i) {
    return bytes_of(key_data[i], key_len[i]);
}

static void make_keys(void) {
    static const uint8_t letters[] = {0x00, 'a', 0xff};
    size_t n = 0; /* in order: a prefix before what it begins */
    for (int a = 0; a < 3; a++) {
        key_data[n][0] = letters[a];
        key_len[n++] = 1;
        for (int b = 0; b < 3; b++) {
            memcpy(key_data[n], (uint8_t[]){letters[a], letters[b]}, 2);
            key_len[n++] = 2;
            for (int c = 0; c < 3; c++) {
                memcpy(key_data[n], (uint8_t[]){letters[a], letters[b], letters[c]}, 3);
                key_len[n++] = 3;
            }
        }
    }
    assert_int_equal(n, KEYS);
    for (size_t i = 1; i < KEYS; i++)
        assert_true(bytes_cmp(key_at(i - 1), key_at(i)) < 0);
}

static void check_value(struct bytes got, uint32_t want) {
    assert_int_equal(got.len, 4);
    assert_int_equal(load_be32(got.data), want);
}

static void step_get(struct fixture *f) {
    size_t i = (size_t)rng_below(&f->rng, KEYS);
    struct bytes v;
    int rc = state_get(f->st, key_at(i), &v, &f->err);
    assert_code(rc, f->now.at[i].present ? CODE_OK : CODE_NOT_FOUND);
    if (rc == CODE_OK)
        check_value(v, f->now.at[i].number);
}

static void step_change(struct fixture *f) {
    size_t i = (size_t)rng_below(&f->rng, KEYS);
    if (rng_chance(&f->rng, 2, 5)) {
        assert_ok(state_del(f->st, key_at(i), &f->err), &f->err);
        f->now.at[i].present = false;
        return;
    }
    uint8_t v[4];
    f->now.at[i] = (struct value){true, (uint32_t)rng_below(&f->rng, 3)};
    store_be32(v, f->now.at[i].number);
    assert_ok(state_put(f->st, key_at(i), bytes_of(v, 4), &f->err), &f->err);
}

/* A listing by prefix and start, sometimes changing keys on the way. */
static void step_list(struct fixture *f) {
    struct bytes prefix = rng_chance(&f->rng, 1, 4) ? BYTES_NONE : key_at((size_t)rng_below(&f->rng, KEYS));
    struct bytes after = rng_chance(&f->rng, 1, 2) ? BYTES_NONE : key_at((size_t)rng_below(&f->rng, KEYS));
    size_t limit = rng_chance(&f->rng, 1, 2) ? 0 : 1 + (size_t)rng_below(&f->rng, 6);
    bool changing = rng_chance(&f->rng, 1, 4);
    struct state_iter it;
    struct bytes key, value;
    size_t at = 0, given = 0;
    state_iter_init(&it, f->st, prefix, after, limit);
    for (;;) {
        bool more = state_iter_next(&it, &key, &value);
        while (at < KEYS && (!f->now.at[at].present || !bytes_starts(key_at(at), prefix) ||
                             (after.len && bytes_cmp(key_at(at), after) <= 0)))
            at++;
        bool want = at < KEYS && (!limit || given < limit);
        assert_int_equal(more, want);
        if (!more)
            break;
        assert_true(bytes_eq(key, key_at(at)));
        check_value(value, f->now.at[at].number);
        at++;
        given++;
        if (changing && rng_chance(&f->rng, 1, 2))
            step_change(f);
    }
    assert_ok(state_iter_end(&it, &f->err), &f->err);
}

static void step_mark(struct fixture *f) {
    if (f->depth == DEPTH)
        return;
    f->saved[f->depth] = f->now;
    f->marks[f->depth++] = state_mark(f->st);
}

static void close_mark(struct fixture *f) {
    f->depth--;
    if (rng_chance(&f->rng, 1, 2)) {
        state_commit(f->st, f->marks[f->depth]);
        return;
    }
    state_rollback(f->st, f->marks[f->depth]);
    f->now = f->saved[f->depth];
}

static bool value_same(struct value a, struct value b) {
    return a.present == b.present && (!a.present || a.number == b.number);
}

static void check_diff(struct fixture *f, const struct state_diff *d) {
    size_t n = 0;
    for (size_t i = 0; i < KEYS; i++) {
        struct value was = f->base.at[i], is = f->now.at[i];
        if (value_same(was, is))
            continue;
        assert_true(n < d->len && bytes_eq(d->at[n].key, key_at(i)));
        assert_int_equal(d->at[n].present, is.present);
        assert_int_equal(d->at[n].was_present, was.present);
        if (is.present)
            check_value(d->at[n].value, is.number);
        if (was.present)
            check_value(d->at[n].old, was.number);
        n++;
    }
    assert_int_equal(n, d->len);
}

/* The same, piece by piece. */
static void check_changes(struct fixture *f, const struct state_diff *d) {
    size_t written, n = 0;
    assert_ok(state_written(f->st, &written, &f->err), &f->err);
    for (size_t i = 0; i < written; i++) {
        struct state_change c;
        if (!state_change_at(f->st, i, &c))
            continue;
        size_t k = 0;
        while (k < d->len && !bytes_eq(d->at[k].key, c.key))
            k++;
        assert_true(k < d->len);
        assert_true(c.present == d->at[k].present && c.was_present == d->at[k].was_present);
        assert_true(!c.present || bytes_eq(c.value, d->at[k].value));
        assert_true(!c.was_present || bytes_eq(c.old, d->at[k].old));
        n++;
    }
    assert_int_equal(n, d->len);
}

static void step_block(struct fixture *f) {
    struct state_diff d;
    while (f->depth)
        close_mark(f);
    bool pieces_first = rng_chance(&f->rng, 1, 2);
    size_t written;
    if (pieces_first)
        assert_ok(state_written(f->st, &written, &f->err), &f->err);
    assert_ok(state_diff(f->st, &d, &f->err), &f->err);
    check_diff(f, &d);
    check_changes(f, &d);
    if (rng_chance(&f->rng, 1, 3)) {
        state_discard(f->st);
        f->now = f->base;
        return;
    }
    struct kv_batch *b = kv_batch_new(f->kv);
    for (size_t i = 0; i < d.len; i++) {
        if (d.at[i].present)
            kv_batch_put(b, 0, d.at[i].key, d.at[i].value);
        else
            kv_batch_del(b, 0, d.at[i].key);
    }
    assert_ok(kv_write(f->kv, b, true, &f->err), &f->err);
    kv_batch_free(b);
    state_accept(f->st);
    if (rng_chance(&f->rng, 1, 8))
        state_rebase(f->st, NULL);
    f->base = f->now;
}

static void step(struct fixture *f) {
    switch (rng_below(&f->rng, 16)) {
    case 0:
        step_mark(f);
        break;
    case 1:
        if (f->depth)
            close_mark(f);
        break;
    case 2:
        if (rng_chance(&f->rng, 1, 3))
            step_block(f);
        break;
    case 3:
    case 4:
        step_list(f);
        break;
    case 5:
    case 6:
    case 7:
        step_get(f);
        break;
    default:
        step_change(f);
    }
}

static void run(uint64_t seed, bool rocks) {
    static const char *const families[] = {"state"};
    struct fixture f = {0};
    char name[32];
    snprintf(name, sizeof name, "overlay %d", (int)seed);
    if (rocks)
        assert_ok(kv_open_rocks(test_path(name), families, 1, NULL, &f.kv, &f.err), &f.err);
    else
        assert_ok(kv_open_mem(1, &f.kv, &f.err), &f.err);
    assert_ok(state_new(f.kv, NULL, 0, 0, &f.st, &f.err), &f.err);
    rng_init(&f.rng, seed);
    print_message("seed %d\n", (int)seed);
    for (int i = 0; i < STEPS; i++)
        step(&f);
    step_block(&f);
    state_free(f.st);
    kv_close(f.kv);
}

static void overlay__equals_the_model(void **state) {
    (void)state;
    make_keys();
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run(seed, seed % 6 == 0);
}

TEST_MAIN(cmocka_unit_test(overlay__equals_the_model))
