/* SPDX-License-Identifier: Apache-2.0 */
/* Committing, reading back, pruning, failing and restarting. */
#include "tests/lib/test.h"

#include "chain/crypto/hash.h"
#include "chain/store/store.h"
#include "chain/types/proof.h"

#include <pthread.h>
#include <stdatomic.h>

static struct err err;

static void put(struct store *s, const char *key, const char *value) {
    assert_ok(state_put(store_state(s), bytes_str(key), bytes_str(value), &err), &err);
}

static void del(struct store *s, const char *key) {
    assert_ok(state_del(store_state(s), bytes_str(key), &err), &err);
}

static struct hash tx_id(uint64_t height) {
    struct hash h = {{0}};
    store_be64(h.b, height);
    return h;
}

static int (*end_commit)(struct store_batch *b, struct err *e) = store_commit;

/* Commits what is in the state as the next height, with one record of a kind and one transaction. */
static int try_commit(struct store *s, uint64_t time, struct hash *ret_root, struct err *e) {
    struct store_batch *b;
    uint64_t height = store_next(s);
    char text[32];
    int rc = store_begin(s, height, time, &b, e);
    if (rc)
        return rc;
    rc = store_put_state(b, ret_root, e);
    if (rc) {
        store_abort(b);
        return rc;
    }
    struct hash id = tx_id(height);
    snprintf(text, sizeof text, "block %llu", (unsigned long long)height);
    store_put_record(b, STORE_BLOCK, bytes_str(text));
    store_put_tx(b, &id, (uint32_t)height * 2);
    store_put_event(b, bytes_str("storage.sealed/7"), 3);
    store_put_meta(b, "consensus", bytes_str(text));
    return end_commit(b, e);
}

static struct hash commit(struct store *s, uint64_t time) {
    struct hash root;
    assert_ok(try_commit(s, time, &root, &err), &err);
    return root;
}

/* What the proof of key at height says, checked: the value, or NULL. */
static const char *proven(struct store *s, uint64_t height, const char *key, const struct hash *root) {
    static char value[64];
    struct arena arena;
    struct store_view *v;
    StateProof *p;
    arena_init(&arena, 1 * MIB);
    assert_ok(store_view_open(s, &v, &err), &err);
    assert_ok(store_prove(v, height, bytes_str(key), &arena, &p, &err), &err);
    assert_int_equal(p->height, height);
    assert_ok(proof_verify(p, bytes_str(key), root, &err), &err);
    bool present = p->present;
    snprintf(value, sizeof value, "%.*s", (int)p->value.len, (const char *)p->value.data);
    if (present) { /* a changed value, and a denied one, do not verify */
        p->value.data[0] ^= 1;
        assert_code(proof_verify(p, bytes_str(key), root, &err), CODE_PROOF);
        p->present = false;
        p->value.len = 0;
        assert_code(proof_verify(p, bytes_str(key), root, &err), CODE_PROOF);
    }
    store_view_close(v);
    arena_release(&arena);
    return present ? value : NULL;
}

static void check_view(struct store *s) {
    struct store_view *v;
    assert_ok(store_view_open(s, &v, &err), &err);
    assert_ok(store_check(v, &err), &err);
    store_view_close(v);
}

static void store_commit__reads_back(void **state) {
    (void)state;
    struct store *s;
    struct arena arena;
    struct bytes got;
    uint64_t height, heights[4];
    uint32_t index, indexes[4];
    size_t n;
    arena_init(&arena, 1 * MIB);
    assert_ok(store_open_mem(&s, &err), &err);
    assert_false(store_height(s, &height));
    assert_int_equal(store_next(s), 0);
    struct hash none = store_root(s);
    assert_true(hash_is_zero(&none));
    for (uint64_t h = 0; h < 3; h++) {
        put(s, "key", "value");
        commit(s, 1000 * h);
    }
    assert_true(store_height(s, &height));
    assert_int_equal(height, 2);
    assert_ok(store_get_record(s, STORE_BLOCK, 1, &arena, &got, &err), &err);
    assert_true(bytes_eq(got, bytes_str("block 1")));
    assert_code(store_get_record(s, STORE_RESULTS, 1, &arena, &got, &err), CODE_NOT_FOUND);
    assert_code(store_get_record(s, STORE_BLOCK, 3, &arena, &got, &err), CODE_NOT_FOUND);
    assert_non_null(strstr(err.msg, "not there yet"));
    assert_ok(store_get_meta(s, "consensus", &arena, &got, &err), &err);
    assert_true(bytes_eq(got, bytes_str("block 2")));
    assert_code(store_get_meta(s, "other", &arena, &got, &err), CODE_NOT_FOUND);
    struct hash id = tx_id(2), unknown = tx_id(9);
    assert_ok(store_find_tx(s, &id, &height, &index, &err), &err);
    assert_int_equal(height, 2);
    assert_int_equal(index, 4);
    assert_code(store_find_tx(s, &unknown, &height, &index, &err), CODE_NOT_FOUND);
    assert_ok(store_find_event(s, bytes_str("storage.sealed/7"), 1, 4, heights, indexes, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_int_equal(heights[0], 1);
    assert_int_equal(heights[1], 2);
    assert_int_equal(indexes[0], 3);
    assert_ok(store_find_event(s, bytes_str("storage.sealed/"), 0, 4, heights, indexes, &n, &err), &err);
    assert_int_equal(n, 0);
    arena_release(&arena);
    store_close(s);
}

static void store_begin__one_height_after_another(void **state) {
    (void)state;
    struct store *s;
    struct store_batch *b;
    assert_ok(store_open_mem(&s, &err), &err);
    assert_code(store_begin(s, 1, 0, &b, &err), CODE_CONFLICT);
    commit(s, 0);
    assert_code(store_begin(s, 0, 0, &b, &err), CODE_CONFLICT);
    store_close(s);
}

static void store_abort__nothing_happened(void **state) {
    (void)state;
    struct store *s;
    struct store_batch *b;
    struct hash root, other;
    struct bytes v;
    assert_ok(store_open_mem(&s, &err), &err);
    put(s, "a", "1");
    commit(s, 0);
    put(s, "a", "2");
    put(s, "b", "2");
    assert_ok(store_begin(s, 1, 0, &b, &err), &err);
    assert_ok(store_put_state(b, &root, &err), &err);
    store_abort(b);
    assert_code(state_get(store_state(s), bytes_str("b"), &v, &err), CODE_NOT_FOUND);
    put(s, "a", "2");
    put(s, "b", "2");
    other = commit(s, 0);
    assert_true(hash_eq(&root, &other));
    check_view(s);
    store_close(s);
}

/* Large and small differences, keys that come and go: however it is computed. */
static void store_root_again__is_the_root(void **state) {
    (void)state;
    struct kv *kv;
    struct store *s;
    struct store_batch *b;
    struct hash root, again;
    char key[32];
    assert_ok(kv_open_mem(STORE_FAMILIES, &kv, &err), &err);
    assert_ok(store_open_kv(kv, &(struct store_options){.threads = 4}, &s, &err), &err);
    for (uint64_t h = 0; h < 12; h++) {
        for (unsigned i = 0; i < (h % 3 == 0 ? 3000u : h % 3 * 2); i++) {
            snprintf(key, sizeof key, "k%llu", (unsigned long long)((i * 7 + h * 13) % 4000));
            if ((i + h) % 5 == 4)
                del(s, key);
            else
                put(s, key, h % 2 ? "odd" : "even");
        }
        assert_ok(store_begin(s, h, 1000 * h, &b, &err), &err);
        assert_ok(store_put_state(b, &root, &err), &err);
        assert_ok(store_root_again(b, &again, &err), &err);
        assert_true(hash_eq(&root, &again));
        assert_ok(store_commit(b, &err), &err);
    }
    store_close(s);
    kv_close(kv);
}

static void store_prove__recent_heights(void **state) {
    (void)state;
    struct store *s;
    struct hash roots[5];
    assert_ok(store_open_mem(&s, &err), &err);
    put(s, "always", "same");
    roots[0] = commit(s, 0);
    put(s, "now and then", "one");
    put(s, "other", "x");
    roots[1] = commit(s, 1);
    roots[2] = commit(s, 2); /* no change */
    assert_true(hash_eq(&roots[1], &roots[2]));
    del(s, "now and then");
    roots[3] = commit(s, 3);
    put(s, "now and then", "two");
    roots[4] = commit(s, 4);
    static const char *const want[] = {NULL, "one", "one", NULL, "two"};
    for (uint64_t h = 0; h < 5; h++) {
        const char *got = proven(s, h, "now and then", &roots[h]);
        assert_true((got == NULL) == (want[h] == NULL));
        if (want[h])
            assert_string_equal(got, want[h]);
        assert_string_equal(proven(s, h, "always", &roots[h]), "same");
        assert_null(proven(s, h, "never", &roots[h]));
        struct hash root;
        assert_ok(store_get_root(s, h, &root, &err), &err);
        assert_true(hash_eq(&root, &roots[h]));
    }
    check_view(s);
    store_close(s);
}

static void store_prove__empty_state(void **state) {
    (void)state;
    struct store *s;
    assert_ok(store_open_mem(&s, &err), &err);
    struct hash root = commit(s, 0);
    assert_true(hash_is_zero(&root));
    assert_null(proven(s, 0, "k", &root));
    put(s, "k", "v");
    commit(s, 1);
    del(s, "k");
    root = commit(s, 2);
    assert_true(hash_is_zero(&root));
    assert_null(proven(s, 2, "k", &root));
    check_view(s);
    store_close(s);
}

static size_t count_keys(struct store *s, unsigned family) {
    struct kv_range all = {0};
    struct kv_iter *it;
    struct bytes key, value;
    size_t n = 0;
    assert_ok(kv_iter_open(store_kv(s), NULL, family, &all, &it, &err), &err);
    while (kv_iter_next(it, &key, &value))
        n++;
    assert_ok(kv_iter_close(it, &err), &err);
    return n;
}

static void store_commit__prunes(void **state) {
    (void)state;
    struct store *s;
    struct kv *kv;
    struct store_options options = {.keep_proofs = 10, .keep_proofs_ms = 5000, .keep_blocks = 20};
    struct arena arena;
    struct store_view *v;
    struct bytes got;
    StateProof *p;
    struct hash roots[600];
    uint64_t height;
    uint32_t index;
    size_t most_pages = 0;
    arena_init(&arena, 1 * MIB);
    assert_ok(kv_open_mem(STORE_FAMILIES, &kv, &err), &err);
    assert_ok(store_open_kv(kv, &options, &s, &err), &err);
    for (uint64_t h = 0; h < 600; h++) {
        char key[16], text[16];
        for (int i = 0; i < 5; i++) {
            snprintf(key, sizeof key, "k%d", (int)(h * 7 + (uint64_t)i * 13) % 40);
            snprintf(text, sizeof text, "%d", (int)h);
            put(s, key, text);
        }
        roots[h] = commit(s, h * 100); /* 5 s are 50 heights */
        bool more;
        assert_ok(store_keep(s, 1 * MIB, &more, &err), &err);
        if (h > 100) {
            size_t pages = count_keys(s, STORE_FAMILY_TREE);
            most_pages = pages > most_pages ? pages : most_pages;
        }
    }
    assert_int_equal(store_first_proof(s), 550);
    assert_int_equal(store_first_block(s), 580);
    assert_true(most_pages < 800);
    for (uint64_t h = 550; h < 600; h++)
        (void)proven(s, h, "k3", &roots[h]);
    assert_ok(store_view_open(s, &v, &err), &err);
    assert_code(store_prove(v, 549, bytes_str("k3"), &arena, &p, &err), CODE_PRUNED);
    assert_code(store_get_at(v, 600, bytes_str("k3"), &arena, &got, &err), CODE_NOT_FOUND);
    store_view_close(v);
    assert_code(store_get_record(s, STORE_BLOCK, 579, &arena, &got, &err), CODE_PRUNED);
    assert_ok(store_get_record(s, STORE_BLOCK, 580, &arena, &got, &err), &err);
    struct hash old = tx_id(579), kept = tx_id(580);
    assert_code(store_find_tx(s, &old, &height, &index, &err), CODE_NOT_FOUND);
    assert_ok(store_find_tx(s, &kept, &height, &index, &err), &err);
    assert_int_equal(count_keys(s, STORE_FAMILY_INDEX), 2 * 88); /* they go in strides of 256 */
    assert_int_equal(count_keys(s, STORE_FAMILY_BLOCKS), 2 * 88);
    size_t n;
    uint64_t heights[4];
    uint32_t indexes[4];
    assert_ok(store_find_event(s, bytes_str("storage.sealed/7"), 0, 4, heights, indexes, &n, &err), &err);
    assert_int_equal(heights[0], 580);
    check_view(s);
    arena_release(&arena);
    store_close(s);
    kv_close(kv);
}

/* Any write of commits and background work fails, the power goes: what is let go goes in the end, and nothing else. */
static void store_keep__prunes_whatever_fails(void **state) {
    (void)state;
    const struct store_options options = {.keep_proofs = 5, .keep_proofs_ms = 1, .keep_blocks = 20};
    enum { HEIGHTS = 700 };
    for (uint64_t fail = 250; fail < 540; fail += 7) { /* strides go from height 276 on */
        struct store *s;
        struct kv *kv;
        struct arena arena;
        struct bytes got;
        bool more;
        arena_init(&arena, 1 * MIB);
        assert_ok(kv_open_mem(STORE_FAMILIES, &kv, &err), &err);
        assert_ok(store_open_kv(kv, &options, &s, &err), &err);
        kv_mem_fail_write(kv, fail, CODE_IO);
        for (uint64_t h = 0; h < HEIGHTS;) {
            struct hash root;
            char text[16];
            snprintf(text, sizeof text, "%d", (int)h);
            put(s, "key", text);
            int rc = try_commit(s, h * 100, &root, &err);
            if (!rc)
                rc = store_keep(s, 300, &more, &err); /* a few heights a step */
            if (rc) {
                assert_code(rc, CODE_IO);
                store_close(s);
                kv_mem_crash(kv);
                assert_ok(store_open_kv(kv, &options, &s, &err), &err);
            }
            h = store_next(s);
        }
        do
            assert_ok(store_keep(s, 300, &more, &err), &err);
        while (more);
        uint64_t first = store_first_block(s);
        assert_int_equal(first, HEIGHTS - 20);
        for (uint64_t h = first; h < HEIGHTS; h++)
            assert_ok(store_get_record(s, STORE_BLOCK, h, &arena, &got, &err), &err);
        size_t left = count_keys(s, STORE_FAMILY_INDEX);
        assert_true(left >= 2 * 20 && left < 2 * (20 + 256)); /* all but what is less than a stride */
        assert_int_equal(count_keys(s, STORE_FAMILY_BLOCKS), left);
        check_view(s);
        store_close(s);
        kv_close(kv);
        arena_release(&arena);
    }
}

/* Blocks that are fetched are committed without syncs, and the first are let go meanwhile; files of those that are gone
 * are no write that a power cut takes back. Whatever the store says it has afterwards, it has. */
static void store_keep__prunes_what_is_not_synced_yet(void **state) {
    (void)state;
    const struct store_options options = {.keep_proofs = 5, .keep_proofs_ms = 1, .keep_blocks = 20};
    struct store *s;
    struct kv *kv;
    struct arena arena;
    struct bytes got;
    struct hash roots[700], at;
    arena_init(&arena, 1 * MIB);
    assert_ok(kv_open_mem(STORE_FAMILIES, &kv, &err), &err);
    assert_ok(store_open_kv(kv, &options, &s, &err), &err);
    for (uint64_t h = 0; h < 700; h++) {
        bool more;
        char text[16];
        snprintf(text, sizeof text, "%d", (int)h);
        put(s, "key", text);
        end_commit = h < 10 ? store_commit : store_commit_later;
        roots[h] = commit(s, h * 100);
        assert_ok(store_keep(s, 1 * MIB, &more, &err), &err);
    }
    end_commit = store_commit;
    store_close(s);
    kv_mem_crash(kv);
    assert_ok(store_open_kv(kv, &options, &s, &err), &err);
    uint64_t next = store_next(s);
    assert_true(next >= 10);
    for (uint64_t h = store_first_block(s); h < next; h++)
        assert_ok(store_get_record(s, STORE_BLOCK, h, &arena, &got, &err), &err);
    for (uint64_t h = store_first_proof(s); h < next; h++) {
        assert_ok(store_get_root(s, h, &at, &err), &err);
        assert_true(hash_eq(&at, &roots[h]));
        assert_int_equal(strtoull(proven(s, h, "key", &roots[h]), NULL, 10), h);
    }
    store_close(s);
    kv_close(kv);
    arena_release(&arena);
}

static void store_view_open__stays_while_the_writer_goes_on(void **state) {
    (void)state;
    struct store *s;
    struct store_view *v;
    struct state *old;
    struct bytes got;
    assert_ok(store_open_mem(&s, &err), &err);
    assert_code(store_view_open(s, &v, &err), CODE_NOT_READY);
    put(s, "k", "1");
    commit(s, 0);
    assert_ok(store_view_open(s, &v, &err), &err);
    put(s, "k", "2");
    commit(s, 1);
    assert_int_equal(store_view_height(v), 0);
    assert_ok(store_view_state(v, 0, &old, &err), &err);
    assert_ok(state_get(old, bytes_str("k"), &got, &err), &err);
    assert_true(bytes_eq(got, bytes_str("1")));
    state_free(old);
    assert_ok(store_check(v, &err), &err);
    store_view_close(v);
    store_close(s);
}

/* --- readers in other threads while the writer commits ---------------------------------------------------------- */

struct reader {
    struct store *store;
    atomic_bool stop;
    atomic_uint rounds;
};

/* Every key of a view says the view's height; proofs at the height before hold under its root. */
static void read_once(struct reader *r) {
    struct store_view *v;
    struct state *st;
    struct state_iter it;
    struct bytes key, value;
    struct arena arena;
    StateProof *p;
    struct hash root;
    arena_init(&arena, 1 * MIB);
    if (store_view_open(r->store, &v, NULL))
        abort();
    uint64_t height = store_view_height(v), before = height ? height - 1 : 0, n = 0;
    if (store_view_state(v, 0, &st, NULL))
        abort();
    state_iter_init(&it, st, bytes_str("k"), BYTES_NONE, 0);
    while (state_iter_next(&it, &key, &value))
        if (load_be64(value.data) != height || ++n > 50)
            abort();
    if (state_iter_end(&it, NULL) || n != 50)
        abort();
    if (store_prove(v, before, bytes_str("k7"), &arena, &p, NULL) || load_be64(p->value.data) != before)
        abort();
    int rc = store_get_root(r->store, before, &root, NULL); /* of the store, which goes on: gone when it is far ahead */
    if (rc != CODE_PRUNED && (rc != CODE_OK || proof_verify(p, bytes_str("k7"), &root, NULL)))
        abort();
    state_free(st);
    store_view_close(v);
    arena_release(&arena);
}

static void *read_always(void *arg) {
    struct reader *r = (struct reader *)arg;
    while (!atomic_load(&r->stop)) {
        read_once(r);
        atomic_fetch_add(&r->rounds, 1);
    }
    return NULL;
}

static void commit_numbered(struct store *s, uint64_t height) {
    uint8_t value[8];
    char key[16];
    store_be64(value, height);
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "k%d", i);
        assert_ok(state_put(store_state(s), bytes_str(key), bytes_of(value, 8), &err), &err);
    }
    commit(s, height * 1000);
}

static void read_while_writing(struct store *s) {
    struct reader r = {.store = s};
    pthread_t threads[2];
    uint64_t height = 0;
    commit_numbered(s, height++);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_always, &r), 0);
    while (height < 300 || atomic_load(&r.rounds) < 20)
        commit_numbered(s, height++);
    atomic_store(&r.stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    check_view(s);
    store_close(s);
}

static void store_view_open__readers_in_other_threads(void **state) {
    (void)state;
    struct store *s;
    assert_ok(store_open_mem(&s, &err), &err);
    read_while_writing(s);
    assert_ok(store_open(test_path("readers"), NULL, &s, &err), &err);
    read_while_writing(s);
}

/* Every write fails once, at every point: nothing of the height is there, and after a restart the same block gives the
 * same root. */
static void store_commit__failing_write(void **state) {
    (void)state;
    for (uint64_t n = 1; n <= 6; n++) {
        struct store *s;
        struct kv *kv;
        struct hash root, want;
        assert_ok(kv_open_mem(STORE_FAMILIES, &kv, &err), &err);
        assert_ok(store_open_kv(kv, NULL, &s, &err), &err);
        kv_mem_fail_write(kv, n, CODE_DISK_FULL);
        uint64_t h = 0;
        int rc = CODE_OK;
        for (; h < 6 && rc == CODE_OK; h++) {
            put(s, "k", h % 2 ? "odd" : "even");
            put(s, "l", "same");
            rc = try_commit(s, h, &root, &err);
        }
        assert_code(rc, CODE_DISK_FULL);
        assert_int_equal(h, n);
        assert_code(store_failed(s, &err), CODE_DISK_FULL);
        struct store_batch *b;
        assert_code(store_begin(s, store_next(s), 0, &b, &err), CODE_DISK_FULL); /* latched */
        want = root;
        store_close(s);
        kv_mem_crash(kv);
        assert_ok(store_open_kv(kv, NULL, &s, &err), &err);
        assert_int_equal(store_next(s), n - 1);
        put(s, "k", (n - 1) % 2 ? "odd" : "even");
        put(s, "l", "same");
        root = commit(s, n - 1);
        assert_true(hash_eq(&root, &want));
        check_view(s);
        store_close(s);
        kv_close(kv);
    }
}

static int collect(void *ctx, struct bytes text, struct err *e) {
    (void)e;
    buf_put_bytes((struct buf *)ctx, text);
    return CODE_OK;
}

static void store_export_json__same_state_same_bytes(void **state) {
    (void)state;
    struct buf text[2];
    struct hash digests[2];
    for (int way = 0; way < 2; way++) {
        struct store *s;
        struct store_view *v;
        assert_ok(store_open_mem(&s, &err), &err);
        put(s, way ? "b" : "a", way ? "2" : "1");
        if (way)
            put(s, "c", "gone");
        commit(s, 0);
        put(s, way ? "a" : "b", way ? "1" : "2");
        del(s, "c");
        commit(s, 1);
        buf_init(&text[way], 1 * MIB);
        assert_ok(store_view_open(s, &v, &err), &err);
        assert_ok(store_export_json(v, false, collect, &text[way], &err), &err);
        assert_ok(store_digest(v, BYTES_NONE, &digests[way], &err), &err);
        store_view_close(v);
        store_close(s);
    }
    assert_string_equal(buf_cstr(&text[0]), buf_cstr(&text[1]));
    assert_true(hash_eq(&digests[0], &digests[1]));
    assert_non_null(
        strstr(buf_cstr(&text[0]), "{\"key\":\"61\",\"value\":\"31\"},\n{\"key\":\"62\",\"value\":\"32\"}"));
    assert_non_null(strstr(buf_cstr(&text[0]), hash_hex(&digests[0]).s));
    buf_release(&text[0]);
    buf_release(&text[1]);
}

static void store_open__on_disk(void **state) {
    (void)state;
    struct store *s, *other;
    struct hash root;
    assert_ok(store_open(test_path("disk"), NULL, &s, &err), &err);
    assert_code(store_open(test_path("disk"), NULL, &other, &err), CODE_LOCKED);
    for (uint64_t h = 0; h < 50; h++) {
        char key[16];
        snprintf(key, sizeof key, "key %d", (int)(h % 17));
        put(s, key, key + h % 4);
        root = commit(s, h);
    }
    store_close(s);
    assert_ok(store_open(test_path("disk"), NULL, &s, &err), &err);
    assert_int_equal(store_next(s), 50);
    struct hash again = store_root(s);
    assert_true(hash_eq(&root, &again));
    assert_string_equal(proven(s, 49, "key 3", &root), "ey 3");
    check_view(s);
    put(s, "key 3", "new");
    commit(s, 51);
    check_view(s);
    store_close(s);
}

static void store_open__other_format(void **state) {
    (void)state;
    struct kv *kv;
    struct store *s;
    assert_ok(kv_open_mem(STORE_FAMILIES, &kv, &err), &err);
    struct kv_batch *b = kv_batch_new(kv);
    kv_batch_put(b, STORE_FAMILY_META, bytes_str("f"), bytes_of("\0\0\0\x09", 4));
    assert_ok(kv_write(kv, b, true, &err), &err);
    kv_batch_free(b);
    assert_code(store_open_kv(kv, NULL, &s, &err), CODE_VERSION);
    kv_close(kv);
}

TEST_MAIN(cmocka_unit_test(store_root_again__is_the_root), cmocka_unit_test(store_commit__reads_back),
          cmocka_unit_test(store_begin__one_height_after_another), cmocka_unit_test(store_abort__nothing_happened),
          cmocka_unit_test(store_prove__recent_heights), cmocka_unit_test(store_prove__empty_state),
          cmocka_unit_test(store_commit__prunes), cmocka_unit_test(store_keep__prunes_whatever_fails),
          cmocka_unit_test(store_keep__prunes_what_is_not_synced_yet),
          cmocka_unit_test(store_view_open__stays_while_the_writer_goes_on),
          cmocka_unit_test(store_commit__failing_write), cmocka_unit_test(store_export_json__same_state_same_bytes),
          cmocka_unit_test(store_open__on_disk), cmocka_unit_test(store_open__other_format),
          cmocka_unit_test(store_view_open__readers_in_other_threads))
