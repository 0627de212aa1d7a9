/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and reading snapshots. Family snapshots:
 *
 *     'm' || height -> manifest          written with the last chunk: before that, the snapshot is not there
 *     'h' || height -> root 32 || id 32 || chunks u32be || length u64be          the same time
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

enum { INFO_LEN = 76 };

static bool info_decode(struct bytes key, struct bytes in, struct snapshot_info *ret) {
    if (key.len != 9 || in.len != INFO_LEN)
        return false;
    ret->height = load_be64(key.data + 1);
    memcpy(ret->root.b, in.data, 32);
    memcpy(ret->id.b, in.data + 32, 32);
    ret->chunks = load_be32(in.data + 64);
    ret->len = load_be64(in.data + 68);
    return true;
}

int store_snapshots(struct store *s, size_t max, struct snapshot_info *ret, size_t *ret_n, struct err *err) {
    struct kv_range range = {bytes_str("h"), bytes_str("i"), true};
    struct bytes key, info;
    struct kv_iter *it;
    size_t n = 0;
    bool good = true;
    int rc = kv_iter_open(s->kv, NULL, STORE_FAMILY_SNAPSHOTS, &range, &it, err);
    if (rc)
        return rc;
    while (good && n < max && kv_iter_next(it, &key, &info))
        good = info_decode(key, info, &ret[n++]);
    rc = kv_iter_close(it, err);
    if (rc)
        return rc;
    *ret_n = good ? n : 0;
    return good ? CODE_OK : err_set(err, CODE_CORRUPT, "the store's record of a snapshot is damaged");
}

int snapshot_look(struct store *s, struct err *err) {
    struct snapshot_info info[SNAPSHOTS_MAX + 1];
    size_t n;
    int rc = store_snapshots(s, SNAPSHOTS_MAX + 1, info, &n, err);
    if (rc)
        return rc;
    uint64_t oldest = n ? info[n - 1].height : UINT64_MAX;
    if (s->keep.maker && s->keep.maker->view->head.height < oldest)
        oldest = s->keep.maker->view->head.height;
    atomic_store(&s->oldest, oldest);
    return CODE_OK;
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static void put_drop(struct kv_batch *batch, uint64_t height) {
    struct chunk_key from = chunk_key(height, 0), to = chunk_key(height + 1, 0);
    struct height_key manifest = height_key('m', height), info = height_key('h', height);
    kv_batch_del(batch, STORE_FAMILY_SNAPSHOTS, height_key_bytes(&manifest));
    kv_batch_del(batch, STORE_FAMILY_SNAPSHOTS, height_key_bytes(&info));
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

static void put_info(struct kv_batch *batch, const struct snapshot_manifest *m, struct bytes manifest) {
    struct height_key key = height_key('h', m->height);
    struct hash id = snapshot_manifest_id(manifest);
    uint8_t info[INFO_LEN];
    memcpy(info, m->root.b, 32);
    memcpy(info + 32, id.b, 32);
    store_be32(info + 64, m->chunks);
    store_be64(info + 68, m->len);
    kv_batch_put(batch, STORE_FAMILY_SNAPSHOTS, height_key_bytes(&key), bytes_of(info, sizeof info));
}

/* Drops all but the newest `kept`. */
static int put_drops(struct store *s, struct kv_batch *batch, size_t kept, struct err *err) {
    struct snapshot_info info[SNAPSHOTS_MAX + 1];
    size_t n;
    int rc = store_snapshots(s, SNAPSHOTS_MAX + 1, info, &n, err);
    for (size_t i = kept; rc == CODE_OK && i < n; i++)
        put_drop(batch, info[i].height);
    return rc;
}

/* The manifest, and what it pushes out. */
static int put_manifest(struct snapshot_maker *m, struct err *err) {
    const struct head *h = &m->view->head;
    struct snapshot_manifest manifest = {
        .height = h->height, .root = h->root.hash, .chunks = (uint32_t)m->chunks.len, .chunk = m->chunks.at};
    struct height_key key = height_key('m', h->height);
    struct buf bytes;
    for (size_t i = 0; i < m->chunks.len; i++)
        manifest.len += m->chunks.at[i].len;
    buf_init(&bytes, SNAPSHOT_MANIFEST_LEN_MAX);
    snapshot_manifest_encode(&manifest, &bytes);
    int rc = buf_check(&bytes, err);
    if (rc == CODE_OK)
        rc = put_drops(m->store, m->batch, m->store->options.snapshots_kept - 1, err);
    kv_batch_put(m->batch, STORE_FAMILY_SNAPSHOTS, height_key_bytes(&key), buf_bytes(&bytes));
    put_info(m->batch, &manifest, buf_bytes(&bytes));
    kv_batch_del(m->batch, STORE_FAMILY_SNAPSHOTS, bytes_str("w"));
    buf_release(&bytes);
    return rc;
}

int snapshot_drop_to(struct store *s, size_t kept, bool *ret_any, struct err *err) {
    struct kv_batch *batch = kv_batch_new(s->kv);
    if (!batch)
        return err_set(err, CODE_NO_MEMORY, "no memory to drop snapshots");
    int rc = put_drops(s, batch, kept, err);
    *ret_any = kv_batch_count(batch) > 0;
    if (rc == CODE_OK && *ret_any)
        rc = kv_write(s->kv, batch, true, err);
    kv_batch_free(batch);
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
