/* SPDX-License-Identifier: Apache-2.0 */
/* Making snapshots, verifying their chunks alone, taking them in; lies and power cuts on the way. */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "chain/crypto/hash.h"
#include "chain/store/store_snapshot.h"

static struct err err;

#define STATE_LEN (9 * MIB) /* several chunks */

static struct bytes random_key(struct rng *r, uint64_t id, uint8_t room[64]) {
    size_t len = 9 + rng_below(r, 40);
    memset(room, 1, 64);
    store_be64(room + 1, id);
    return bytes_of(room, len);
}

/* Changes that make a state of about `len` bytes, values of 0 to max_value bytes. */
static void fill(struct store *s, uint64_t seed, size_t len, size_t max_value) {
    static uint8_t value[VALUE_LEN_MAX];
    uint8_t key[64];
    struct rng r;
    rng_init(&r, seed);
    for (size_t done = 0; done < len;) {
        struct bytes k = random_key(&r, rng_below(&r, (uint64_t)1 << 40), key);
        size_t n = rng_below(&r, max_value + 1);
        rng_fill(&r, value, n < 64 ? n : 64);
        assert_ok(state_put(store_state(s), k, bytes_of(value, n), &err), &err);
        done += k.len + n;
    }
}

static void commit(struct store *s) {
    struct store_batch *b;
    struct hash root;
    uint64_t height = store_next(s);
    assert_ok(store_begin(s, height, 1000 * height, &b, &err), &err);
    assert_ok(store_put_state(b, &root, &err), &err);
    store_put_record(b, STORE_BLOCK, bytes_str("block"));
    assert_ok(store_commit(b, &err), &err);
}

static void keep(struct store *s) {
    for (bool more = true; more;)
        assert_ok(store_keep(s, 256 * KIB, &more, &err), &err);
}

static struct store *open_mem(struct kv **ret_kv, uint64_t every, uint32_t kept) {
    struct store_options o = {.snapshot_every = every, .snapshots_kept = kept};
    struct store *s;
    if (!*ret_kv)
        assert_ok(kv_open_mem(STORE_FAMILIES, ret_kv, &err), &err);
    assert_ok(store_open_kv(*ret_kv, &o, &s, &err), &err);
    return s;
}

/* A store with a snapshot of its height 1. */
struct source {
    struct kv *kv;
    struct store *store;
    struct arena arena;
    struct bytes manifest, chunk[64];
    struct snapshot_manifest m;
};

static void source_open(struct source *src, size_t len, size_t max_value) {
    *src = (struct source){.kv = NULL};
    arena_init(&src->arena, 64 * MIB);
    src->store = open_mem(&src->kv, 1, 2);
    commit(src->store);
    fill(src->store, 7, len, max_value);
    commit(src->store);
    keep(src->store);
    assert_ok(store_snapshot_manifest(src->store, 1, &src->arena, &src->manifest, &err), &err);
    assert_ok(snapshot_manifest_decode(src->manifest, &src->arena, &src->m, &err), &err);
    assert_true(src->m.chunks <= 64);
    for (uint32_t i = 0; i < src->m.chunks; i++)
        assert_ok(store_snapshot_chunk(src->store, 1, i, &src->arena, &src->chunk[i], &err), &err);
}

static void source_close(struct source *src) {
    store_close(src->store);
    kv_close(src->kv);
    arena_release(&src->arena);
}

static void check_whole(struct store *s) {
    struct store_view *v;
    assert_ok(store_view_open(s, &v, &err), &err);
    assert_ok(store_check(v, &err), &err);
    store_view_close(v);
}

static struct hash digest(struct store *s) {
    struct store_view *v;
    struct hash h;
    assert_ok(store_view_open(s, &v, &err), &err);
    assert_ok(store_digest(v, BYTES_NONE, &h, &err), &err);
    store_view_close(v);
    return h;
}

static const struct store_import_end end = {
    .time = 1000, .records = {{STORE_BLOCK, {(const uint8_t *)"block", 5}}}, .records_n = 1};

/* --- making ------------------------------------------------------------------------------------------------------- */

static void store_keep__equal_states_have_equal_snapshots(void **state) {
    (void)state;
    struct source a, b;
    source_open(&a, STATE_LEN, 700);
    source_open(&b, STATE_LEN, 700);
    assert_true(bytes_eq(a.manifest, b.manifest));
    assert_true(a.m.chunks >= 5 && a.m.chunks <= 9);
    struct hash root = store_root(a.store);
    assert_true(hash_eq(&a.m.root, &root));
    for (uint32_t i = 0; i < a.m.chunks; i++) {
        assert_true(bytes_eq(a.chunk[i], b.chunk[i]));
        assert_true(a.chunk[i].len > SNAPSHOT_PAIRS_LEN / 4 && a.chunk[i].len <= SNAPSHOT_CHUNK_LEN_MAX);
    }
    source_close(&a);
    source_close(&b);
}

static void store_keep__keeps_so_many(void **state) {
    (void)state;
    struct kv *kv = NULL;
    struct store *s = open_mem(&kv, 3, 2);
    struct snapshot_info info[SNAPSHOTS_MAX];
    struct arena arena;
    struct bytes got;
    size_t n;
    arena_init(&arena, 8 * MIB);
    for (uint64_t h = 0; h < 12; h++) {
        fill(s, h, 1000, 50);
        commit(s);
        keep(s);
    }
    assert_ok(store_snapshots(s, SNAPSHOTS_MAX, info, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_int_equal(info[0].height, 9);
    assert_int_equal(info[1].height, 6);
    assert_code(store_snapshot_manifest(s, 3, &arena, &got, &err), CODE_NOT_FOUND);
    assert_code(store_snapshot_chunk(s, 3, 0, &arena, &got, &err), CODE_NOT_FOUND);
    assert_ok(store_snapshot_chunk(s, 9, 0, &arena, &got, &err), &err);
    store_close(s);
    kv_close(kv);
    arena_release(&arena);
}

/* A height's view is taken when it is committed: what is written while the snapshot is made does not show in it. */
static void store_keep__while_blocks_go_on(void **state) {
    (void)state;
    struct kv *kv = NULL;
    struct store *s = open_mem(&kv, 4, 1);
    struct snapshot_info info;
    size_t n;
    bool more = true;
    for (uint64_t h = 0; h < 4; h++)
        commit(s);
    fill(s, 1, STATE_LEN, 700);
    commit(s);
    struct hash root = store_root(s);
    for (uint64_t h = 0; more; h++) {
        assert_ok(store_keep(s, 1 * MIB, &more, &err), &err);
        if (h < 3) {
            fill(s, 1, 1 * MIB, 700); /* the same keys, other values */
            commit(s);
        }
    }
    assert_ok(store_snapshots(s, 1, &info, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_int_equal(info.height, 4);
    assert_true(hash_eq(&info.root, &root));
    store_close(s);
    kv_close(kv);
}

/* A power cut after any write: the next start has whole snapshots or none, and makes the next. */
static void store_keep__survives_each_failing_write(void **state) {
    (void)state;
    for (uint64_t fail = 1, failed = 1; failed; fail++) {
        struct kv *kv = NULL;
        struct store *s = open_mem(&kv, 2, 1);
        for (uint64_t h = 0; h < 2; h++)
            commit(s);
        fill(s, 3, STATE_LEN / 3, 700);
        commit(s);
        kv_mem_fail_write(kv, fail, CODE_IO);
        failed = 0;
        for (bool more = true; more && !failed;)
            failed = (uint64_t)store_keep(s, 1 * MIB, &more, &err);
        store_close(s);
        kv_mem_crash(kv);
        s = open_mem(&kv, 2, 1);
        struct snapshot_info info;
        size_t n;
        assert_ok(store_snapshots(s, 1, &info, &n, &err), &err);
        assert_int_equal(n, failed ? 0 : 1);
        for (uint64_t h = 0; h < 2; h++)
            commit(s);
        keep(s);
        assert_ok(store_snapshots(s, 1, &info, &n, &err), &err);
        assert_int_equal(n, 1);
        struct kv_range range = {bytes_str("c"), bytes_str("d"), false};
        struct kv_iter *it;
        struct bytes key, value;
        size_t chunks = 0;
        assert_ok(kv_iter_open(kv, NULL, STORE_FAMILY_SNAPSHOTS, &range, &it, &err), &err);
        while (kv_iter_next(it, &key, &value))
            chunks++;
        assert_ok(kv_iter_close(it, &err), &err);
        assert_int_equal(chunks, info.chunks); /* and nothing half made lies there */
        store_close(s);
        kv_close(kv);
        assert_true(fail < 50);
    }
}

/* --- verifying ---------------------------------------------------------------------------------------------------- */

static void snapshot_chunk_verify__each_alone(void **state) {
    (void)state;
    struct source src;
    source_open(&src, STATE_LEN, 700);
    struct hash other = src.m.root;
    other.b[31] ^= 1;
    for (uint32_t i = 0; i < src.m.chunks; i++) {
        assert_ok(snapshot_chunk_verify(&src.m.root, &src.m, i, src.chunk[i], &err), &err);
        assert_code(snapshot_chunk_verify(&other, &src.m, i, src.chunk[i], &err), CODE_PROOF);
        assert_code(snapshot_chunk_verify(&src.m.root, &src.m, i, src.chunk[(i + 1) % src.m.chunks], &err),
                    CODE_INTEGRITY);
    }
    source_close(&src);
}

/* The manifest names the very bytes that lie: only the root is left to tell. */
static void snapshot_chunk_verify__a_lying_manifest(void **state) {
    (void)state;
    struct source src;
    struct rng r;
    rng_init(&r, 5);
    source_open(&src, 300 * KIB, 300);
    assert_int_equal(src.m.chunks, 1);
    uint8_t *lie = (uint8_t *)malloc(src.chunk[0].len + 8);
    assert_non_null(lie);
    for (int i = 0; i < 400; i++) {
        size_t len = src.chunk[0].len;
        memcpy(lie, src.chunk[0].data, len);
        size_t at = rng_below(&r, i < 200 ? 64 : len);
        if (i % 4 == 3)
            len = i % 8 == 3 ? len - 1 - rng_below(&r, 100) : len + 1 + rng_below(&r, 7);
        else
            lie[at] = (uint8_t)(lie[at] ^ 1u << rng_below(&r, 8));
        struct snapshot_chunk c = src.m.chunk[0];
        c.len = (uint32_t)len;
        c.hash = hash_of(DOMAIN_CHUNK, bytes_of(lie, len));
        struct snapshot_manifest m = src.m;
        m.chunk = &c;
        int rc = snapshot_chunk_verify(&m.root, &m, 0, bytes_of(lie, len), &err);
        assert_true(rc == CODE_PROOF || rc == CODE_MALFORMED || rc == CODE_VERSION);
    }
    free(lie);
    source_close(&src);
}

static uint32_t cut_count;
static struct snapshot_chunk cut[4096];

static int count_cut(void *ctx, const struct hash *prefix, uint8_t bits, uint32_t pairs, struct bytes encoded,
                     struct err *e) {
    (void)ctx, (void)e, (void)pairs;
    assert_true(encoded.len <= SNAPSHOT_PAIRS_LEN);
    assert_true(cut_count < 4096);
    cut[cut_count++] = (struct snapshot_chunk){*prefix, bits, (uint32_t)encoded.len + 1, {{0}}};
    return CODE_OK;
}

/* Keys that were ground to share a prefix only split their own neighbourhood. */
static void snapshot_cutter__crowded_prefix(void **state) {
    (void)state;
    static const uint8_t value[VALUE_LEN_MAX];
    struct snapshot_cutter *c;
    struct snapshot_manifest m = {.height = 1}, back;
    struct arena arena;
    struct buf bytes;
    arena_init(&arena, 1 * MIB);
    buf_init(&bytes, SNAPSHOT_MANIFEST_LEN_MAX);
    cut_count = 0;
    assert_ok(snapshot_cutter_new(count_cut, NULL, &c, &err), &err);
    struct hash h = {{0x5a, 0x5a, 0x5a, 0x5a, 0x5a}};
    for (unsigned i = 0; i < 40; i++) {
        h.b[12] = (uint8_t)i;
        assert_ok(snapshot_cutter_add(c, &h, bytes_str("key"), bytes_of(value, sizeof value), &err), &err);
    }
    assert_ok(snapshot_cutter_end(c, &err), &err);
    snapshot_cutter_free(c);
    m.chunks = cut_count;
    m.chunk = cut;
    snapshot_manifest_encode(&m, &bytes);
    assert_ok(snapshot_manifest_decode(buf_bytes(&bytes), &arena, &back, &err), &err);
    for (uint32_t i = 0; i < cut_count; i++)
        assert_true(hash_eq(&back.chunk[i].prefix, &cut[i].prefix));
    assert_int_equal(snapshot_cutter_new(count_cut, NULL, &c, &err), CODE_OK);
    memset(h.b, 0, sizeof h.b);
    int rc = CODE_OK;
    for (unsigned i = 0; i < 9 && !rc; i++) { /* nobody can make these: they share 240 bits */
        h.b[31] = (uint8_t)i;
        rc = snapshot_cutter_add(c, &h, bytes_str("key"), bytes_of(value, sizeof value), &err);
    }
    assert_code(rc, CODE_LIMIT);
    snapshot_cutter_free(c);
    buf_release(&bytes);
    arena_release(&arena);
}

/* --- manifests ---------------------------------------------------------------------------------------------------- */

static int decode(const struct snapshot_chunk *chunks, uint32_t n, uint32_t said, size_t more) {
    struct snapshot_manifest m = {.height = 5, .chunks = n, .chunk = chunks}, got;
    struct arena arena;
    struct buf b;
    arena_init(&arena, 64 * MIB);
    buf_init(&b, 2 * SNAPSHOT_MANIFEST_LEN_MAX);
    snapshot_manifest_encode(&m, &b);
    store_be32(b.data + 41, said);
    for (size_t i = 0; i < more; i++)
        buf_put_u8(&b, 0);
    int rc = snapshot_manifest_decode(buf_bytes(&b), &arena, &got, &err);
    buf_release(&b);
    arena_release(&arena);
    return rc;
}

static void snapshot_manifest_decode__lies(void **state) {
    (void)state;
    const struct snapshot_chunk whole = {.bits = 0, .len = 10}, half = {.bits = 1, .len = 10};
    const struct snapshot_chunk quarter = {.bits = 2, .len = 10};
    struct snapshot_chunk list[4] = {quarter, quarter, half, half};
    assert_ok(decode(&whole, 1, 1, 0), &err);
    assert_ok(decode(list, 3, 3, 0), &err);
    assert_code(decode(&whole, 1, 1, 1), CODE_MALFORMED);
    assert_code(decode(&whole, 1, 0, 0), CODE_MALFORMED);
    assert_code(decode(&whole, 1, 2, 0), CODE_MALFORMED);
    assert_code(decode(&whole, 1, SNAPSHOT_CHUNKS_MAX, 0), CODE_MALFORMED);
    assert_code(decode(&whole, 1, SNAPSHOT_CHUNKS_MAX + 1, 0), CODE_TOO_LARGE);
    assert_code(decode(&whole, 1, UINT32_MAX, 0), CODE_TOO_LARGE);
    assert_code(decode(list, 2, 2, 0), CODE_MALFORMED); /* half is missing */
    assert_code(decode(list, 4, 4, 0), CODE_MALFORMED); /* half is there twice */
    struct snapshot_chunk overlap[3] = {quarter, half, quarter};
    assert_code(decode(overlap, 3, 3, 0), CODE_MALFORMED);
    struct snapshot_chunk one = whole;
    one.len = 0;
    assert_code(decode(&one, 1, 1, 0), CODE_MALFORMED);
    one.len = SNAPSHOT_CHUNK_LEN_MAX;
    assert_ok(decode(&one, 1, 1, 0), &err);
    one.len++;
    assert_code(decode(&one, 1, 1, 0), CODE_TOO_LARGE);
    one = (struct snapshot_chunk){.bits = SNAPSHOT_BITS_MAX + 1, .len = 1};
    assert_code(decode(&one, 1, 1, 0), CODE_TOO_LARGE);
}

static void snapshot_manifest_decode__most_chunks(void **state) {
    (void)state;
    struct snapshot_chunk *list = (struct snapshot_chunk *)calloc(SNAPSHOT_CHUNKS_MAX, sizeof *list);
    assert_non_null(list);
    for (uint32_t i = 0; i < SNAPSHOT_CHUNKS_MAX; i++)
        list[i] = (struct snapshot_chunk){.bits = 16, .len = 1};
    assert_ok(decode(list, SNAPSHOT_CHUNKS_MAX, SNAPSHOT_CHUNKS_MAX, 0), &err);
    free(list);
}

/* --- taking in ---------------------------------------------------------------------------------------------------- */

/* Takes the chunks in, last first, with `sync_each` a restart between any two. */
static void take_in(struct kv **kv, const struct source *src, bool restarts) {
    struct store *s = open_mem(kv, 0, 0);
    struct store_import *im;
    for (uint32_t i = src->m.chunks; i-- > 0;) {
        assert_ok(store_import_begin(s, src->manifest, &im, &err), &err);
        assert_int_equal(store_import_count(im), restarts ? src->m.chunks - 1 - i : 0);
        if (!restarts) {
            for (; i > 0; i--)
                assert_ok(store_import_chunk(im, i, src->chunk[i], &err), &err);
            assert_code(store_import_finish(im, &end, &err), CODE_NOT_READY);
        }
        assert_ok(store_import_chunk(im, i, src->chunk[i], &err), &err);
        assert_ok(store_import_chunk(im, i, src->chunk[i], &err), &err); /* once more is no error */
        assert_true(store_import_has(im, i));
        if (i == 0)
            assert_ok(store_import_finish(im, &end, &err), &err);
        store_import_close(im);
        store_close(s);
        s = open_mem(kv, 0, 0);
    }
    store_close(s);
}

static void check_goes_on(struct kv *kv, struct source *src) {
    struct kv *now = kv;
    struct store *s = open_mem(&now, 0, 0);
    struct arena arena;
    struct bytes got;
    arena_init(&arena, 1 * MIB);
    uint64_t height;
    assert_true(store_height(s, &height));
    assert_int_equal(height, 1);
    assert_int_equal(store_first_block(s), 1);
    assert_int_equal(store_first_proof(s), 1);
    struct hash root = store_root(s), want = store_root(src->store), d = digest(s), want_d = digest(src->store);
    assert_true(hash_eq(&root, &want));
    assert_true(hash_eq(&d, &want_d));
    check_whole(s);
    assert_ok(store_get_record(s, STORE_BLOCK, 1, &arena, &got, &err), &err);
    assert_code(store_get_record(s, STORE_BLOCK, 0, &arena, &got, &err), CODE_PRUNED);
    fill(s, 99, 100 * KIB, 300);
    commit(s);
    fill(src->store, 99, 100 * KIB, 300);
    commit(src->store);
    root = store_root(s);
    want = store_root(src->store);
    assert_true(hash_eq(&root, &want));
    check_whole(s);
    struct store_import *im;
    assert_code(store_import_begin(s, src->manifest, &im, &err), CODE_CONFLICT);
    store_close(s);
    arena_release(&arena);
}

static void store_import__in_any_order(void **state) {
    (void)state;
    struct source src;
    source_open(&src, STATE_LEN, 700);
    for (int restarts = 0; restarts < 2; restarts++) {
        struct kv *kv = NULL;
        take_in(&kv, &src, restarts);
        check_goes_on(kv, &src);
        kv_close(kv);
        if (restarts == 0) { /* its state went on: a fresh one */
            source_close(&src);
            source_open(&src, STATE_LEN, 700);
        }
    }
    source_close(&src);
}

static void store_import__small_states(void **state) {
    (void)state;
    for (size_t len = 0; len < 200; len += 25) {
        struct source src;
        struct kv *kv = NULL;
        source_open(&src, len, 10);
        take_in(&kv, &src, true);
        check_goes_on(kv, &src);
        kv_close(kv);
        source_close(&src);
    }
}

static void store_import__a_wrong_chunk_leaves_no_trace(void **state) {
    (void)state;
    struct source src;
    struct kv *kv = NULL;
    struct store_import *im;
    source_open(&src, STATE_LEN, 700);
    struct store *s = open_mem(&kv, 0, 0);
    assert_ok(store_import_begin(s, src.manifest, &im, &err), &err);
    uint64_t writes = kv_mem_writes(kv);
    assert_code(store_import_chunk(im, 0, src.chunk[1], &err), CODE_INTEGRITY);
    assert_code(store_import_chunk(im, src.m.chunks, src.chunk[0], &err), CODE_INVALID_ARGUMENT);
    assert_int_equal(kv_mem_writes(kv), writes);
    assert_int_equal(store_import_count(im), 0);
    store_import_close(im);
    store_close(s);
    kv_close(kv);
    source_close(&src);
}

/* Another snapshot, or none: what came in goes. */
static void store_import__drop_and_begin_another(void **state) {
    (void)state;
    struct source src, other;
    struct kv *kv = NULL;
    struct store_import *im;
    struct store_batch *b;
    struct arena arena;
    struct bytes pending;
    arena_init(&arena, 1 * MIB);
    source_open(&src, STATE_LEN, 700);
    source_open(&other, 300 * KIB, 100);
    struct store *s = open_mem(&kv, 0, 0);
    assert_code(store_import_pending(s, &arena, &pending, &err), CODE_NOT_FOUND);
    assert_ok(store_import_begin(s, src.manifest, &im, &err), &err);
    assert_ok(store_import_chunk(im, 2, src.chunk[2], &err), &err);
    store_import_close(im);
    assert_ok(store_import_pending(s, &arena, &pending, &err), &err);
    assert_true(bytes_eq(pending, src.manifest));
    assert_code(store_begin(s, 0, 0, &b, &err), CODE_CONFLICT);
    assert_ok(store_import_begin(s, other.manifest, &im, &err), &err);
    assert_int_equal(store_import_count(im), 0);
    store_import_close(im);
    store_close(s);
    take_in(&kv, &other, false);
    check_goes_on(kv, &other);
    kv_close(kv);

    kv = NULL;
    s = open_mem(&kv, 0, 0);
    assert_ok(store_import_begin(s, src.manifest, &im, &err), &err);
    assert_ok(store_import_chunk(im, 1, src.chunk[1], &err), &err);
    store_import_close(im);
    assert_ok(store_import_drop(s, &err), &err);
    commit(s);
    struct hash root = store_root(s);
    assert_true(hash_is_zero(&root));
    check_whole(s);
    store_close(s);
    kv_close(kv);
    source_close(&src);
    source_close(&other);
    arena_release(&arena);
}

/* Any write fails, the power goes, and the import goes on from what is there. */
static void store_import__survives_each_failing_write(void **state) {
    (void)state;
    struct source src;
    source_open(&src, STATE_LEN / 3, 700);
    for (uint64_t fail = 1; fail < 12; fail++) {
        struct kv *kv = NULL;
        struct store *s = open_mem(&kv, 0, 0);
        struct store_import *im = NULL;
        kv_mem_fail_write(kv, fail, CODE_IO);
        int rc = store_import_begin(s, src.manifest, &im, &err);
        for (uint32_t i = 0; i < src.m.chunks && !rc; i++)
            rc = store_import_chunk(im, i, src.chunk[i], &err);
        if (!rc)
            rc = store_import_finish(im, &end, &err);
        if (rc)
            assert_code(rc, CODE_IO);
        store_import_close(rc && !im ? NULL : im);
        store_close(s);
        kv_mem_crash(kv);
        if (rc)
            for (;;) {
                s = open_mem(&kv, 0, 0);
                uint64_t height;
                if (store_height(s, &height))
                    break;
                assert_ok(store_import_begin(s, src.manifest, &im, &err), &err);
                for (uint32_t i = 0; i < src.m.chunks; i++)
                    assert_ok(store_import_chunk(im, i, src.chunk[i], &err), &err);
                assert_ok(store_import_finish(im, &end, &err), &err);
                store_import_close(im);
                store_close(s);
            }
        else
            s = open_mem(&kv, 0, 0);
        check_whole(s);
        struct hash root = store_root(s);
        assert_true(hash_eq(&root, &src.m.root));
        store_close(s);
        kv_close(kv);
    }
    source_close(&src);
}

TEST_MAIN(cmocka_unit_test(store_keep__equal_states_have_equal_snapshots), cmocka_unit_test(store_keep__keeps_so_many),
          cmocka_unit_test(store_keep__while_blocks_go_on), cmocka_unit_test(store_keep__survives_each_failing_write),
          cmocka_unit_test(snapshot_chunk_verify__each_alone),
          cmocka_unit_test(snapshot_chunk_verify__a_lying_manifest), cmocka_unit_test(snapshot_cutter__crowded_prefix),
          cmocka_unit_test(snapshot_manifest_decode__lies), cmocka_unit_test(snapshot_manifest_decode__most_chunks),
          cmocka_unit_test(store_import__in_any_order), cmocka_unit_test(store_import__small_states),
          cmocka_unit_test(store_import__a_wrong_chunk_leaves_no_trace),
          cmocka_unit_test(store_import__drop_and_begin_another),
          cmocka_unit_test(store_import__survives_each_failing_write))
