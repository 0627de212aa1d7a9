/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a snapshot in. Each chunk is one write: its pairs, the tree's pages with them in it, and the note that it is
 * in. So the tree on disk is at any time that of the chunks that are in, and at the end, a tree being a function of its
 * pairs, the snapshot's. Family meta while it lasts:
 *
 *     'i' 'm' -> manifest    'i' 'r' -> updates u64be || root so far 32    'i' 'c' || index u32be -> empty: it is in
 */
#include "chain/store/store_snapshot.h"

#include "chain/crypto/hash.h"
#include "chain/store/hash_all.h"
#include "chain/store/store_private.h"

#include <assert.h>
#include <stdlib.h>

#define SYNC_LEN      (32 * MIB)  /* so much may have to be asked for again */
#define IMPORT_MEMORY (128 * MIB) /* of one chunk: 300,000 of the smallest pairs */

struct store_import {
    struct store *store;
    struct arena arena;
    struct snapshot_manifest manifest;
    struct tree *tree;
    struct tree_root root; /* so far; its version counts updates */
    uint8_t *in;           /* a bit a chunk */
    uint32_t in_n;
    size_t unsynced;
};

struct import_key {
    uint8_t b[6];
};

static struct import_key in_key(uint32_t index) {
    struct import_key k = {{'i', 'c'}};
    store_be32(k.b + 2, index);
    return k;
}

int import_refuse(struct store *s, struct err *err) {
    uint64_t height;
    return store_height(s, &height)
               ? err_set(err, CODE_CONFLICT,
                         "the store stands at height %llu already: a snapshot is taken into an empty "
                         "one; move data/db away first",
                         (unsigned long long)height)
               : CODE_OK;
}

/* --- what came in before ------------------------------------------------------------------------------------------ */

int store_import_pending(struct store *s, struct arena *arena, struct bytes *ret, struct err *err) {
    int rc = kv_get_dup(s->kv, NULL, STORE_FAMILY_META, bytes_str("im"), arena, ret, err);
    return rc == CODE_NOT_FOUND ? err_set(err, rc, "no snapshot is being taken in") : rc;
}

static void put_drop(struct kv_batch *batch) {
    static const unsigned families[] = {STORE_FAMILY_STATE, STORE_FAMILY_TREE};
    static const uint8_t end[1] = {0xff}; /* no module byte and no depth is that high */
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        kv_batch_del_range(batch, families[i], BYTES_NONE, bytes_of(end, 1));
    kv_batch_del_range(batch, STORE_FAMILY_META, bytes_str("i"), bytes_str("j"));
}

int store_import_drop(struct store *s, struct err *err) {
    int rc = import_refuse(s, err);
    if (rc)
        return rc;
    struct kv_batch *batch = kv_batch_new(s->kv);
    if (!batch)
        return err_set(err, CODE_NO_MEMORY, "no memory to drop a snapshot that was half taken in");
    put_drop(batch);
    rc = kv_write(s->kv, batch, true, err);
    kv_batch_free(batch);
    if (rc == CODE_OK)
        rc = kv_reclaim(s->kv, STORE_FAMILY_STATE, BYTES_NONE, BYTES_NONE, err);
    return rc ? rc : kv_reclaim(s->kv, STORE_FAMILY_TREE, BYTES_NONE, BYTES_NONE, err);
}

static int read_root(struct store_import *im, struct err *err) {
    struct kv_value v;
    int rc = kv_get(im->store->kv, NULL, STORE_FAMILY_META, bytes_str("ir"), &v, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    bool good = v.bytes.len == 40;
    if (good) {
        im->root.version = load_be64(v.bytes.data);
        memcpy(im->root.hash.b, v.bytes.data + 8, 32);
    }
    kv_value_release(&v);
    return good ? CODE_OK : err_set(err, CODE_CORRUPT, "the record of a snapshot being taken in is damaged");
}

static int read_in(struct store_import *im, struct err *err) {
    struct kv_range range = {bytes_str("ic"), bytes_str("id"), false};
    struct bytes key, value;
    struct kv_iter *it;
    int rc = kv_iter_open(im->store->kv, NULL, STORE_FAMILY_META, &range, &it, err);
    if (rc)
        return rc;
    while (kv_iter_next(it, &key, &value)) {
        uint32_t index = key.len == 6 ? load_be32(key.data + 2) : UINT32_MAX;
        if (index >= im->manifest.chunks)
            continue;
        im->in[index / 8] = (uint8_t)(im->in[index / 8] | 1u << index % 8);
        im->in_n++;
    }
    return kv_iter_close(it, err);
}

int import_end(struct store *s, uint64_t height, const struct hash *root, const struct store_import_end *end,
               struct err *err) {
    struct head head = {.height = height,
                        .time = end->time,
                        .root = {height + 1, *root},
                        .first_proof = height,
                        .first_block = height,
                        .undo_from = height + 1};
    assert(end->records_n <= sizeof end->records / sizeof *end->records);
    struct kv_batch *batch = kv_batch_new(s->kv);
    if (!batch)
        return err_set(err, CODE_NO_MEMORY, "no memory to finish taking in a state");
    for (size_t i = 0; i < end->records_n; i++) {
        struct height_key key = height_key((char)end->records[i].kind, height);
        kv_batch_put(batch, STORE_FAMILY_BLOCKS, height_key_bytes(&key), end->records[i].bytes);
    }
    store_put_head(batch, &head, true);
    kv_batch_del_range(batch, STORE_FAMILY_META, bytes_str("i"), bytes_str("j"));
    int rc = kv_write(s->kv, batch, true, err);
    kv_batch_free(batch);
    return rc ? rc : store_adopt(s, err);
}

/* --- begin and close ---------------------------------------------------------------------------------------------- */

int import_fresh(struct store *s, struct bytes manifest, struct err *err) {
    int rc = store_import_drop(s, err);
    if (rc)
        return rc;
    struct kv_batch *batch = kv_batch_new(s->kv);
    if (!batch)
        return err_set(err, CODE_NO_MEMORY, "no memory to take in a snapshot");
    kv_batch_put(batch, STORE_FAMILY_META, bytes_str("im"), manifest);
    rc = kv_write(s->kv, batch, true, err);
    kv_batch_free(batch);
    return rc;
}

static int begin(struct store_import *im, struct bytes manifest, struct err *err) {
    struct store *s = im->store;
    struct kv_value v;
    bool same = false;
    int rc = snapshot_manifest_decode(manifest, &im->arena, &im->manifest, err);
    if (rc)
        return rc;
    im->in = (uint8_t *)arena_alloc(&im->arena, im->manifest.chunks / 8 + 1);
    if (!im->in)
        return err_set(err, CODE_NO_MEMORY, "no memory to take in a snapshot");
    rc = kv_get(s->kv, NULL, STORE_FAMILY_META, bytes_str("im"), &v, err);
    if (rc == CODE_OK) {
        same = bytes_eq(v.bytes, manifest);
        kv_value_release(&v);
    }
    if (rc == CODE_OK || rc == CODE_NOT_FOUND)
        rc = same ? CODE_OK : import_fresh(s, manifest, err);
    if (rc == CODE_OK)
        rc = read_root(im, err);
    if (rc == CODE_OK)
        rc = read_in(im, err);
    struct tree_place place = {s->kv, STORE_FAMILY_TREE, TREE_NO_UNDO};
    return rc ? rc : tree_open(&place, &im->root, TREE_CACHE_BYTES, s->pool, &im->tree, err);
}

int store_import_begin(struct store *s, struct bytes manifest, struct store_import **ret, struct err *err) {
    assert(!s->batch_open);
    int rc = import_refuse(s, err);
    if (rc)
        return rc;
    struct store_import *im = (struct store_import *)calloc(1, sizeof *im);
    if (!im)
        return err_set(err, CODE_NO_MEMORY, "no memory to take in a snapshot");
    im->store = s;
    arena_init(&im->arena, SNAPSHOT_CHUNKS_MAX * (sizeof(struct snapshot_chunk) + 1) + 64 * KIB);
    s->batch_open = true;
    rc = begin(im, manifest, err);
    if (rc)
        store_import_close(im);
    else
        *ret = im;
    return rc;
}

void store_import_close(struct store_import *im) {
    if (!im)
        return;
    im->store->batch_open = false;
    tree_free(im->tree);
    arena_release(&im->arena);
    free(im);
}

const struct snapshot_manifest *store_import_manifest(const struct store_import *im) {
    return &im->manifest;
}

bool store_import_has(const struct store_import *im, uint32_t index) {
    return index < im->manifest.chunks && im->in[index / 8] >> index % 8 & 1;
}

uint32_t store_import_count(const struct store_import *im) {
    return im->in_n;
}

/* --- a chunk ------------------------------------------------------------------------------------------------------ */

struct taking {
    struct bytes *keys, *values;
    size_t n, max;
};

static int take_pair(void *ctx, struct bytes key, struct bytes value, struct err *err) {
    struct taking *t = (struct taking *)ctx;
    (void)err;
    if (t->keys) {
        t->keys[t->n] = key;
        t->values[t->n] = value;
    }
    t->n++;
    return CODE_OK;
}

/* The pairs go into the batch; *ret is what changes in the tree. */
static int put_pairs(struct kv_batch *batch, struct bytes chunk, struct arena *arena, struct tree_change **ret,
                     size_t *ret_n, struct err *err) {
    struct taking t = {.keys = NULL};
    int rc = snapshot_chunk_each(chunk, take_pair, &t, err); /* counts */
    if (rc)
        return rc;
    size_t n = t.n;
    struct hash *key_hash = (struct hash *)arena_array(arena, n, sizeof *key_hash);
    struct hash *value_hash = (struct hash *)arena_array(arena, n, sizeof *value_hash);
    struct tree_change *c = (struct tree_change *)arena_array(arena, n, sizeof *c);
    t = (struct taking){.keys = (struct bytes *)arena_array(arena, n, sizeof(struct bytes)),
                        .values = (struct bytes *)arena_array(arena, n, sizeof(struct bytes))};
    if (!key_hash || !value_hash || !c || !t.keys || !t.values)
        return err_set(err, CODE_NO_MEMORY, "no memory for a chunk of %zu pairs", n);
    (void)snapshot_chunk_each(chunk, take_pair, &t, NULL);
    hash_all(DOMAIN_STATE, t.keys, n, arena, key_hash);
    hash_all(DOMAIN_VALUE, t.values, n, arena, value_hash);
    for (size_t i = 0; i < n; i++) {
        c[i] = (struct tree_change){t.keys[i], key_hash[i], value_hash[i], true};
        kv_batch_put(batch, STORE_FAMILY_STATE, t.keys[i], t.values[i]);
    }
    *ret = c;
    *ret_n = n;
    return CODE_OK;
}

static int write_chunk(struct store_import *im, uint32_t index, struct bytes chunk, struct kv_batch *batch,
                       struct arena *arena, struct err *err) {
    struct import_key key = in_key(index);
    struct tree_change *changes = NULL;
    struct tree_root root;
    uint8_t record[40];
    size_t n = 0;
    int rc = put_pairs(batch, chunk, arena, &changes, &n, err);
    if (rc == CODE_OK)
        rc = tree_update(im->tree, im->root.version + 1, changes, n, &root, err);
    if (rc == CODE_OK)
        rc = tree_write(im->tree, batch, err);
    if (rc) {
        tree_settle(im->tree, false);
        return rc;
    }
    store_be64(record, root.version);
    memcpy(record + 8, root.hash.b, 32);
    kv_batch_put(batch, STORE_FAMILY_META, bytes_str("ir"), bytes_of(record, sizeof record));
    kv_batch_put(batch, STORE_FAMILY_META, bytes_of(key.b, sizeof key.b), BYTES_NONE);
    bool sync = im->unsynced + chunk.len >= SYNC_LEN;
    rc = kv_write(im->store->kv, batch, sync, err);
    tree_settle(im->tree, rc == CODE_OK);
    if (rc)
        return rc;
    im->unsynced = sync ? 0 : im->unsynced + chunk.len;
    im->root = root;
    im->in[index / 8] = (uint8_t)(im->in[index / 8] | 1u << index % 8);
    im->in_n++;
    return CODE_OK;
}

int store_import_chunk(struct store_import *im, uint32_t index, struct bytes chunk, struct err *err) {
    if (index >= im->manifest.chunks)
        return err_set(err, CODE_INVALID_ARGUMENT, "the snapshot has %u chunks, not %u", (unsigned)im->manifest.chunks,
                       (unsigned)index + 1);
    if (store_import_has(im, index))
        return CODE_OK;
    int rc = snapshot_chunk_verify(&im->manifest.root, &im->manifest, index, chunk, err);
    if (rc)
        return rc;
    struct arena arena;
    struct kv_batch *batch = kv_batch_new(im->store->kv);
    arena_init(&arena, IMPORT_MEMORY);
    rc = batch ? write_chunk(im, index, chunk, batch, &arena, err)
               : err_set(err, CODE_NO_MEMORY, "no memory to take in a chunk");
    kv_batch_free(batch);
    arena_release(&arena);
    return rc;
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

int store_import_finish(struct store_import *im, const struct store_import_end *end, struct err *err) {
    if (im->in_n < im->manifest.chunks)
        return err_set(err, CODE_NOT_READY, "%u of %u chunks of the snapshot are missing",
                       (unsigned)(im->manifest.chunks - im->in_n), (unsigned)im->manifest.chunks);
    if (!hash_eq(&im->root.hash, &im->manifest.root))
        return err_set(err, CODE_CORRUPT, "the state that was taken in does not have the root of its snapshot");
    return import_end(im->store, im->manifest.height, &im->manifest.root, end, err);
}
