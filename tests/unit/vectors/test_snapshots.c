/* SPDX-License-Identifier: Apache-2.0 */
/* tests/vectors/snapshots.json: every chunk verifies alone, under its own manifest and no other; the first cut is ours.
 */
#include "chain/crypto/hash.h"
#include "chain/store/store_snapshot.h"
#include "tests/unit/vectors/vectors.h"

static struct err err;

/* The snapshot that a store makes of the records. */
static void check_ours(const json_t *at) {
    const struct store_options o = {.snapshot_every = 1};
    struct store *s;
    struct kv *kv;
    struct store_batch *b;
    struct hash root;
    struct bytes got;
    json_t *record;
    size_t i;
    bool more = true;
    assert_ok(kv_open_mem(STORE_FAMILIES, &kv, &err), &err);
    assert_ok(store_open_kv(kv, &o, &s, &err), &err);
    for (uint64_t h = 0; h <= 7; h++) {
        if (h == 7)
            json_array_foreach(vectors_get(at, "records"), i, record) assert_ok(
                state_put(store_state(s), vectors_hex(record, "key"), vectors_hex(record, "value"), &err), &err);
        assert_ok(store_begin(s, h, h, &b, &err), &err);
        assert_ok(store_put_state(b, &root, &err), &err);
        assert_ok(store_commit(b, &err), &err);
        for (more = true; more;)
            assert_ok(store_keep(s, 1000, &more, &err), &err);
    }
    const json_t *made = json_array_get(vectors_get(at, "snapshots"), 0);
    assert_ok(store_snapshot_manifest(s, 7, &vectors_arena, &got, &err), &err);
    vectors_same(got, vectors_hex(made, "manifest"), "manifest");
    assert_ok(store_snapshot_chunk(s, 7, 0, &vectors_arena, &got, &err), &err);
    vectors_same(got, vectors_unhex(json_string_value(json_array_get(vectors_get(made, "chunks"), 0))), "chunk");
    store_close(s);
    kv_close(kv);
}

static void check_one(const struct hash *root, const json_t *made, bool many) {
    struct bytes manifest = vectors_hex(made, "manifest");
    struct snapshot_manifest m;
    assert_ok(snapshot_manifest_decode(manifest, &vectors_arena, &m, &err), &err);
    vectors_same_hash(snapshot_manifest_id(manifest), made, "id");
    assert_int_equal(m.height, 7);
    assert_int_equal(m.chunks, json_array_size(vectors_get(made, "chunks")));
    for (uint32_t i = 0; i < m.chunks; i++) {
        struct bytes chunk = vectors_unhex(json_string_value(json_array_get(vectors_get(made, "chunks"), i)));
        assert_ok(snapshot_chunk_verify(root, &m, i, chunk, &err), &err);
        struct snapshot_chunk *named = (struct snapshot_chunk *)(uintptr_t)&m.chunk[i];
        struct hash prefix = named->prefix;
        named->prefix.b[0] ^= 0x80;  /* the other half */
        if (named->bits > 0 && many) /* a single leaf is outside of most prefixes */
            assert_int_not_equal(snapshot_chunk_verify(root, &m, i, chunk, &err), CODE_OK);
        named->prefix = prefix;
    }
}

static void snapshots(void **state) {
    (void)state;
    json_t *all = vectors_load("snapshots"), *at, *made;
    size_t i, j;
    json_array_foreach(all, i, at) {
        struct hash root = vectors_hash(at, "root");
        json_array_foreach(vectors_get(at, "snapshots"), j, made)
            check_one(&root, made, json_array_size(vectors_get(at, "records")) > 2);
        check_ours(at);
    }
    json_decref(all);
}

TEST_MAIN(cmocka_unit_test(snapshots))
