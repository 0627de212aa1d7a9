/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and reading snapshots. Family snapshots:
 *
 *     'm' || height -> manifest          written with the last chunk: before that, the snapshot is not there
 *     'c' || height || index u32be -> chunk
 *     'w' -> height                      being made; at a start, its chunks go
 */
#include "chain/store/store_snapshot.h"

#include "chain/base/vec.h"
#include "chain/crypto/hash.h"
#include "chain/store/store_private.h"

#include <assert.h>
#include <stdlib.h>

VEC_DEFINE(chunk_list, struct snapshot_chunk);

struct snapshot_maker {
    struct store *store;
    struct store_view *view; /* owned */
    struct snapshot_cutter *cutter;
    struct chunk_list chunks;
    struct kv_batch *batch; /* chunks of this step */
    struct buf chunk;
    struct hash next; /* first key hash not cut yet */
    size_t spent;     /* bytes of this step */
    size_t budget;
};

struct chunk_key {
    uint8_t b[13];
};

static struct chunk_key chunk_key(uint64_t height, uint32_t index) {
    struct chunk_key k = {{'c'}};
    store_be64(k.b + 1, height);
    store_be32(k.b + 9, index);
    return k;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static int read_key(struct store *s, struct bytes key, struct arena *arena, struct bytes *ret, uint64_t height,
                    struct err *err) {
    int rc = kv_get_dup(s->kv, NULL, STORE_FAMILY_SNAPSHOTS, key, arena, ret, err);
    return rc == CODE_NOT_FOUND
               ? err_set(err, rc, "there is no such piece of a snapshot of height %llu", (unsigned long long)height)
               : rc;
}

int store_snapshot_manifest(struct store *s, uint64_t height, struct arena *arena, struct bytes *ret, struct err *err) {
    struct height_key key = height_key('m', height);
    return read_key(s, height_key_bytes(&key), arena, ret, height, err);
}

int store_snapshot_chunk(struct store *s, uint64_t height, uint32_t index, struct arena *arena, struct bytes *ret,
                         struct err *err) {
    struct chunk_key key = chunk_key(height, index);
    return read_key(s, bytes_of(key.b, sizeof key.b), arena, ret, height, err);
}

static int info_of(struct bytes manifest, struct snapshot_info *ret, struct err *err) {
    struct arena arena;
    struct snapshot_manifest m;
    arena_init(&arena, SNAPSHOT_CHUNKS_MAX * sizeof(struct snapshot_chunk) + 64 * KIB);
    int rc = snapshot_manifest_decode(manifest, &arena, &m, err);
    if (rc == CODE_OK)
        *ret = (struct snapshot_info){m.height, m.root, snapshot_manifest_id(manifest), m.chunks, m.len};
    arena_release(&arena);
    return rc ? err_set(err, CODE_CORRUPT, "the manifest of a snapshot is damaged in the store") : CODE_OK;
}

int store_snapshots(struct store *s, size_t max, struct snapshot_info *ret, size_t *ret_n, struct err *err) {
    struct kv_range range = {bytes_str("m"), bytes_str("n"), true};
    struct bytes key, manifest;
    struct kv_iter *it;
    size_t n = 0;
    int rc = kv_iter_open(s->kv, NULL, STORE_FAMILY_SNAPSHOTS, &range, &it, err);
    if (rc)
        return rc;
    while (rc == CODE_OK && n < max && kv_iter_next(it, &key, &manifest))
        rc = info_of(manifest, &ret[n++], err);
    int closed = kv_iter_close(it, rc ? NULL : err);
    rc = rc ? rc : closed;
    if (rc == CODE_OK)
        *ret_n = n;
    return rc;
}

/* Heights of the snapshots that are there, oldest first. */
static int heights(struct store *s, uint64_t ret[SNAPSHOTS_MAX + 1], size_t *ret_n, struct err *err) {
    struct kv_range range = {bytes_str("m"), bytes_str("n"), false};
    struct bytes key, manifest;
    struct kv_iter *it;
    size_t n = 0;
    int rc = kv_iter_open(s->kv, NULL, STORE_FAMILY_SNAPSHOTS, &range, &it, err);
    if (rc)
        return rc;
    while (n <= SNAPSHOTS_MAX && kv_iter_next(it, &key, &manifest))
        if (key.len == 9)
            ret[n++] = load_be64(key.data + 1);
    *ret_n = n;
    return kv_iter_close(it, err);
}

int snapshot_oldest(struct store *s, uint64_t *ret, struct err *err) {
    uint64_t at[SNAPSHOTS_MAX + 1];
    size_t n = 0;
    int rc = heights(s, at, &n, err);
    if (rc == CODE_OK)
        *ret = n ? at[0] : UINT64_MAX;
    return rc;
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static void put_drop(struct kv_batch *batch, uint64_t height) {
    struct chunk_key from = chunk_key(height, 0), to = chunk_key(height + 1, 0);
    struct height_key manifest = height_key('m', height);
    kv_batch_del(batch, STORE_FAMILY_SNAPSHOTS, height_key_bytes(&manifest));
    kv_batch_del_range(batch, STORE_FAMILY_SNAPSHOTS, bytes_of(from.b, sizeof from.b), bytes_of(to.b, sizeof to.b));
}

/* The cutter's chunk: with its path it goes into the batch. */
static int put_chunk(void *ctx, const struct hash *prefix, uint8_t bits, uint32_t pairs, struct bytes encoded,
                     struct err *err) {
    struct snapshot_maker *m = (struct snapshot_maker *)ctx;
    struct tree_reader tree = view_tree(m->view);
    struct tree_proof path;
    int rc = tree_prove(&tree, &m->view->head.root, prefix, &path, err);
    if (rc)
        return rc;
    buf_clear(&m->chunk);
    snapshot_chunk_encode(&path, bits, pairs, encoded, &m->chunk);
    rc = buf_check(&m->chunk, err);
    if (rc)
        return rc;
    struct bytes bytes = buf_bytes(&m->chunk);
    struct chunk_key key = chunk_key(m->view->head.height, (uint32_t)m->chunks.len);
    struct snapshot_chunk c = {*prefix, bits, (uint32_t)bytes.len, hash_of(DOMAIN_CHUNK, bytes)};
    kv_batch_put(m->batch, STORE_FAMILY_SNAPSHOTS, bytes_of(key.b, sizeof key.b), bytes);
    return chunk_list_push(&m->chunks, c)
               ? CODE_OK
               : err_set(err, CODE_LIMIT, "the state is larger than %d chunks: no snapshot of it", SNAPSHOT_CHUNKS_MAX);
}

static int cut_leaf(void *ctx, const struct hash *key_hash, const struct hash *value_hash, struct bytes key,
                    struct err *err) {
    struct snapshot_maker *m = (struct snapshot_maker *)ctx;
    struct kv_value v;
    if (m->spent >= m->budget) {
        m->next = *key_hash;
        return CODE_AGAIN;
    }
    int rc = kv_get(m->store->kv, m->view->snap, STORE_FAMILY_STATE, key, &v, err);
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    struct hash found = rc ? (struct hash){{0}} : hash_of(DOMAIN_VALUE, v.bytes);
    if (!hash_eq(&found, value_hash))
        rc = err_set(err, CODE_CORRUPT, "the state and its tree disagree about a key: no snapshot of it");
    else
        rc = snapshot_cutter_add(m->cutter, key_hash, key, v.bytes, err);
    if (!hash_is_zero(&found)) {
        m->spent += key.len + v.bytes.len;
        kv_value_release(&v);
    }
    return rc;
}

void snapshot_maker_free(struct snapshot_maker *m) {
    if (!m)
        return;
    snapshot_cutter_free(m->cutter);
    chunk_list_release(&m->chunks);
    kv_batch_free(m->batch);
    buf_release(&m->chunk);
    store_view_close(m->view);
    free(m);
}

int snapshot_maker_new(struct store *s, struct store_view *view, struct snapshot_maker **ret, struct err *err) {
    struct snapshot_maker *m = (struct snapshot_maker *)calloc(1, sizeof *m);
    if (!m) {
        store_view_close(view);
        return err_set(err, CODE_NO_MEMORY, "no memory for a snapshot");
    }
    m->store = s;
    m->view = view;
    chunk_list_init(&m->chunks, SNAPSHOT_CHUNKS_MAX);
    buf_init(&m->chunk, SNAPSHOT_CHUNK_LEN_MAX);
    m->batch = kv_batch_new(s->kv);
    int rc = m->batch ? snapshot_cutter_new(put_chunk, m, &m->cutter, err)
                      : err_set(err, CODE_NO_MEMORY, "no memory for a snapshot");
    if (rc == CODE_OK) {
        uint8_t height[8];
        store_be64(height, view->head.height);
        kv_batch_put(m->batch, STORE_FAMILY_SNAPSHOTS, bytes_str("w"), bytes_of(height, sizeof height));
        rc = kv_write(s->kv, m->batch, true, err); /* before any chunk of it */
        kv_batch_clear(m->batch);
    }
    if (rc)
        snapshot_maker_free(m);
    else
        *ret = m;
    return rc;
}

/* The manifest, and what it pushes out. */
static int put_manifest(struct snapshot_maker *m, struct err *err) {
    const struct head *h = &m->view->head;
    struct snapshot_manifest manifest = {
        .height = h->height, .root = h->root.hash, .chunks = (uint32_t)m->chunks.len, .chunk = m->chunks.at};
    struct height_key key = height_key('m', h->height);
    struct buf bytes;
    uint64_t at[SNAPSHOTS_MAX + 1];
    size_t n;
    int rc = heights(m->store, at, &n, err);
    if (rc)
        return rc;
    buf_init(&bytes, SNAPSHOT_MANIFEST_LEN_MAX);
    snapshot_manifest_encode(&manifest, &bytes);
    rc = buf_check(&bytes, err);
    kv_batch_put(m->batch, STORE_FAMILY_SNAPSHOTS, height_key_bytes(&key), buf_bytes(&bytes));
    kv_batch_del(m->batch, STORE_FAMILY_SNAPSHOTS, bytes_str("w"));
    for (size_t i = 0; i + m->store->options.snapshots_kept < n + 1; i++)
        put_drop(m->batch, at[i]);
    buf_release(&bytes);
    return rc;
}

int snapshot_maker_step(struct snapshot_maker *m, size_t budget, bool *ret_done, struct err *err) {
    struct tree_reader tree = view_tree(m->view);
    m->spent = 0;
    m->budget = budget;
    int rc = tree_walk(&tree, &m->view->head.root, &m->next, cut_leaf, m, err);
    bool done = rc == CODE_OK;
    if (done) {
        rc = snapshot_cutter_end(m->cutter, err);
        if (rc == CODE_OK)
            rc = put_manifest(m, err);
    } else if (rc == CODE_AGAIN) {
        rc = CODE_OK;
    }
    if (rc == CODE_OK && kv_batch_count(m->batch))
        rc = kv_write(m->store->kv, m->batch, done, err);
    kv_batch_clear(m->batch);
    if (rc == CODE_OK)
        *ret_done = done;
    return rc;
}

int snapshot_clear_half_made(struct store *s, struct err *err) {
    struct kv_value v;
    int rc = kv_get(s->kv, NULL, STORE_FAMILY_SNAPSHOTS, bytes_str("w"), &v, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    uint64_t height = v.bytes.len == 8 ? load_be64(v.bytes.data) : 0;
    kv_value_release(&v);
    struct kv_batch *batch = kv_batch_new(s->kv);
    if (!batch)
        return err_set(err, CODE_NO_MEMORY, "no memory to clear a snapshot that was half made");
    put_drop(batch, height);
    kv_batch_del(batch, STORE_FAMILY_SNAPSHOTS, bytes_str("w"));
    rc = kv_write(s->kv, batch, true, err);
    kv_batch_free(batch);
    return rc;
}
