/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, and the writer: one batch a height. */
#include "chain/store/store.h"

#include "chain/base/limits.h"
#include "chain/os/crash.h"
#include "chain/store/hash_all.h"
#include "chain/store/pool.h"
#include "chain/store/store_private.h"
#include "chain/store/undo.h"

#include <assert.h>
#include <stdlib.h>

#define KEEP_PROOFS    128
#define KEEP_PROOFS_MS 60000
#define SNAPSHOTS_KEPT 2
#define THREADS        4 /* more do not pay: the root page is one */
#define META_NAME_MAX  64
#define CHANGES_KEPT   (4 * MIB / sizeof(struct tree_change)) /* room for so many is kept from height to height */
#define INDEXED_MAX    (64 * MIB) /* index keys of one height: 16,384 transactions with 16 KiB of events stay below */

struct store_batch {
    struct store *store;
    struct kv_batch *kv;
    struct head head;   /* as it will be */
    struct buf indexed; /* the record 'x' */
    bool has_state;
};

static const char *const family_names[STORE_FAMILIES] = {
    [STORE_FAMILY_STATE] = "state",         [STORE_FAMILY_TREE] = "tree",   [STORE_FAMILY_UNDO] = "undo",
    [STORE_FAMILY_BLOCKS] = "blocks",       [STORE_FAMILY_INDEX] = "index", [STORE_FAMILY_META] = "meta",
    [STORE_FAMILY_SNAPSHOTS] = "snapshots",
};

/* --- records of its own ----------------------------------------------------------------------------------------- */

void head_encode(const struct head *h, uint8_t ret[HEAD_LEN]) {
    store_be64(ret, h->height);
    store_be64(ret + 8, h->time);
    store_be64(ret + 16, h->root.version);
    memcpy(ret + 24, h->root.hash.b, 32);
    store_be64(ret + 56, h->first_proof);
    store_be64(ret + 64, h->first_block);
    store_be64(ret + 72, h->undo_from);
}

bool head_decode(struct bytes in, struct head *ret) {
    if (in.len != HEAD_LEN)
        return false;
    ret->height = load_be64(in.data);
    ret->time = load_be64(in.data + 8);
    ret->root.version = load_be64(in.data + 16);
    memcpy(ret->root.hash.b, in.data + 24, 32);
    ret->first_proof = load_be64(in.data + 56);
    ret->first_block = load_be64(in.data + 64);
    ret->undo_from = load_be64(in.data + 72);
    return ret->first_proof <= ret->height && ret->first_block <= ret->height && ret->root.version <= ret->height + 1;
}

struct height_key height_key(char letter, uint64_t height) {
    struct height_key k = {{(uint8_t)letter}};
    store_be64(k.b + 1, height);
    return k;
}

int root_record_get(struct kv *kv, const struct kv_snap *snap, uint64_t height, struct root_record *ret,
                    struct err *err) {
    struct height_key key = height_key('r', height);
    struct kv_value v;
    int rc = kv_get(kv, snap, STORE_FAMILY_META, height_key_bytes(&key), &v, err);
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    if (rc || v.bytes.len != ROOT_RECORD_LEN) {
        if (!rc)
            kv_value_release(&v);
        return err_set(err, CODE_CORRUPT, "the store has no root of height %llu, though it should",
                       (unsigned long long)height);
    }
    ret->root.version = load_be64(v.bytes.data);
    memcpy(ret->root.hash.b, v.bytes.data + 8, 32);
    ret->time = load_be64(v.bytes.data + 40);
    kv_value_release(&v);
    return CODE_OK;
}

void store_put_head(struct kv_batch *b, const struct head *h, bool first) {
    uint8_t head[HEAD_LEN], root[ROOT_RECORD_LEN], format[4];
    struct height_key key = height_key('r', h->height);
    head_encode(h, head);
    store_be64(root, h->root.version);
    memcpy(root + 8, h->root.hash.b, 32);
    store_be64(root + 40, h->time);
    store_be32(format, STORE_FORMAT);
    kv_batch_put(b, STORE_FAMILY_META, bytes_str("h"), bytes_of(head, sizeof head));
    kv_batch_put(b, STORE_FAMILY_META, height_key_bytes(&key), bytes_of(root, sizeof root));
    if (first)
        kv_batch_put(b, STORE_FAMILY_META, bytes_str("f"), bytes_of(format, sizeof format));
}

/* --- open and close --------------------------------------------------------------------------------------------- */

static struct store_view *view_new(struct store *s, struct err *err) {
    struct store_view *v = (struct store_view *)calloc(1, sizeof *v);
    if (!v) {
        (void)err_set(err, CODE_NO_MEMORY, "no memory for a view of the store");
        return NULL;
    }
    atomic_init(&v->refs, 1);
    v->store = s;
    v->head = s->head;
    if (kv_snap_new(s->kv, &v->snap, err)) {
        free(v);
        return NULL;
    }
    return v;
}

/* Makes what is committed the newest view; `fresh`: it was committed just now. */
static int publish(struct store *s, bool fresh, struct err *err) {
    struct err failure = {0};
    struct store_view *v = view_new(s, &failure);
    if (!v) {
        if (err)
            *err = failure;
        return failure.code;
    }
    bool due = fresh && s->options.snapshot_every && v->head.height && v->head.height % s->options.snapshot_every == 0;
    mutex_lock(&s->lock);
    struct store_view *before = s->newest;
    s->newest = v;
    v->after = s->views;
    if (s->views)
        s->views->before = v;
    s->views = v;
    if (due && !s->due) { /* one that nobody has begun yet is enough: views that are held keep old data on disk */
        atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
        s->due = v;
    }
    cond_broadcast(&s->news);
    mutex_unlock(&s->lock);
    store_view_close(before);
    return CODE_OK;
}

/* Reads the head; *ret_any false in an empty store. */
static int load_head(struct kv *kv, struct head *ret, bool *ret_any, struct err *err) {
    struct kv_value v;
    int rc = kv_get(kv, NULL, STORE_FAMILY_META, bytes_str("f"), &v, err);
    if (rc == CODE_NOT_FOUND) {
        *ret_any = false;
        return CODE_OK;
    }
    if (rc)
        return rc;
    uint32_t format = v.bytes.len == 4 ? load_be32(v.bytes.data) : 0;
    kv_value_release(&v);
    if (format != STORE_FORMAT)
        return err_set(err, CODE_VERSION, "the store has format %u; this program knows %d", (unsigned)format,
                       STORE_FORMAT);
    rc = kv_get(kv, NULL, STORE_FAMILY_META, bytes_str("h"), &v, err);
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    bool good = rc == CODE_OK && head_decode(v.bytes, ret);
    if (rc == CODE_OK)
        kv_value_release(&v);
    if (!good)
        return err_set(err, CODE_CORRUPT, "the store's record of its newest height is damaged");
    *ret_any = true;
    return CODE_OK;
}

static int open_parts(struct store *s, struct err *err) {
    struct tree_place place = {s->kv, STORE_FAMILY_TREE, STORE_FAMILY_UNDO};
    bool any = false;
    int rc = load_head(s->kv, &s->head, &any, err);
    if (rc == CODE_OK)
        rc = tree_open(&place, &s->head.root, s->options.tree_cache_bytes, s->pool, &s->tree, err);
    if (rc == CODE_OK)
        rc = state_new(s->kv, NULL, STORE_FAMILY_STATE, 0, &s->state, err);
    if (rc == CODE_OK)
        rc = prune_open(s, err);
    return rc == CODE_OK && any ? publish(s, false, err) : rc; /* from here on a keeper works */
}

int store_adopt(struct store *s, struct err *err) {
    tree_free(s->tree);
    state_free(s->state);
    s->tree = NULL;
    s->state = NULL;
    return open_parts(s, err);
}

int store_open_kv(struct kv *kv, const struct store_options *options, struct store **ret, struct err *err) {
    struct store *s = (struct store *)calloc(1, sizeof *s);
    if (!s)
        return err_set(err, CODE_NO_MEMORY, "no memory for the store");
    s->kv = kv;
    s->options = options ? *options : (struct store_options){0};
    s->options.keep_proofs = s->options.keep_proofs ? s->options.keep_proofs : KEEP_PROOFS;
    s->options.keep_proofs_ms = s->options.keep_proofs_ms ? s->options.keep_proofs_ms : KEEP_PROOFS_MS;
    s->options.snapshots_kept = s->options.snapshots_kept ? s->options.snapshots_kept : SNAPSHOTS_KEPT;
    assert(s->options.snapshots_kept <= SNAPSHOTS_MAX);
    s->options.tree_cache_bytes = s->options.tree_cache_bytes ? s->options.tree_cache_bytes : TREE_CACHE_BYTES;
    mutex_init(&s->lock);
    cond_init(&s->news);
    int rc = s->options.threads > 1 ? pool_new(s->options.threads - 1, &s->pool, err) : CODE_OK;
    if (rc == CODE_OK)
        rc = open_parts(s, err);
    if (rc) {
        store_close(s);
        return rc;
    }
    *ret = s;
    return CODE_OK;
}

static int open_owned(struct kv *kv, const struct store_options *options, struct store **ret, struct err *err) {
    int rc = store_open_kv(kv, options, ret, err);
    if (rc)
        kv_close(kv);
    else
        (*ret)->owns_kv = true;
    return rc;
}

int store_open(const char *dir, const struct store_options *options, struct store **ret, struct err *err) {
    struct kv_rocks_options rocks = {.cache_bytes = options ? options->cache_bytes : 0,
                                     .plain = 1u << STORE_FAMILY_TREE,
                                     .large = 1u << STORE_FAMILY_SNAPSHOTS};
    struct store_options o = options ? *options : (struct store_options){0};
    unsigned cpus = thread_cpus();
    o.threads = o.threads ? o.threads : cpus < THREADS ? cpus : THREADS;
    struct kv *kv;
    int rc = kv_open_rocks(dir, family_names, STORE_FAMILIES, &rocks, &kv, err);
    return rc ? rc : open_owned(kv, &o, ret, err);
}

int store_open_mem(struct store **ret, struct err *err) {
    struct kv *kv;
    int rc = kv_open_mem(STORE_FAMILIES, &kv, err);
    return rc ? rc : open_owned(kv, NULL, ret, err);
}

void store_close(struct store *s) {
    if (!s)
        return;
    assert(!s->batch_open);
    snapshot_maker_free(s->keep.maker);
    store_view_close(s->due);
    store_view_close(s->newest);
    state_free(s->state);
    tree_free(s->tree);
    pool_free(s->pool);
    assert(!s->views);
    cond_release(&s->news);
    mutex_release(&s->lock);
    if (s->owns_kv)
        kv_close(s->kv);
    free(s->changes);
    free(s);
}

int store_failed(const struct store *s, struct err *err) {
    return kv_failed(s->kv, err);
}

uint64_t store_disk_bytes(struct store *s) {
    return kv_disk_bytes(s->kv);
}

struct kv *store_kv(struct store *s) {
    return s->kv;
}

struct state *store_state(struct store *s) {
    return s->state;
}

/* --- the batch -------------------------------------------------------------------------------------------------- */

static int check_no_import(struct store *s, struct err *err) {
    struct kv_value v;
    int rc = kv_get(s->kv, NULL, STORE_FAMILY_META, bytes_str("im"), &v, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    kv_value_release(&v);
    return err_set(err, CODE_CONFLICT, "a snapshot is half taken in: finish or drop it before a chain begins here");
}

int store_begin(struct store *s, uint64_t height, uint64_t time, struct store_batch **ret, struct err *err) {
    assert(!s->batch_open);
    uint64_t next = store_next(s);
    if (height != next)
        return err_set(err, CODE_CONFLICT, "height %llu cannot be committed: the next is %llu",
                       (unsigned long long)height, (unsigned long long)next);
    int rc = height == 0 ? check_no_import(s, err) : CODE_OK;
    if (rc == CODE_OK)
        rc = store_failed(s, err);
    if (rc)
        return rc;
    struct store_batch *b = (struct store_batch *)calloc(1, sizeof *b);
    struct kv_batch *kv = b ? kv_batch_new(s->kv) : NULL;
    if (!kv) {
        free(b);
        return err_set(err, CODE_NO_MEMORY, "no memory for a batch of the store");
    }
    b->store = s;
    b->kv = kv;
    b->head = s->head;
    b->head.height = height;
    b->head.time = time;
    buf_init(&b->indexed, INDEXED_MAX);
    s->batch_open = true;
    *ret = b;
    return CODE_OK;
}

static void batch_free(struct store_batch *b) {
    b->store->batch_open = false;
    kv_batch_free(b->kv);
    buf_release(&b->indexed);
    if (b->store->changes_room > CHANGES_KEPT) {
        free(b->store->changes);
        b->store->changes = NULL;
        b->store->changes_room = 0;
    }
    free(b);
}

enum { HASH_GROUP = 256, HASH_TASK = 512, AHEAD = 8 };

struct hashing {
    const struct state *state;
    size_t written;
    struct tree_change *changes; /* those of a task begin where its keys would */
    size_t *counts;              /* of each task */
};

/* gcc takes a function that only prefetches for one without effect and drops its calls, unless it is inlined early. */
static inline __attribute__((always_inline)) void ask_bytes(struct bytes b) {
    for (size_t i = 0; i < b.len; i += 64)
        __builtin_prefetch(b.data + i);
}

/* Of up to HASH_GROUP written keys from `first` on, what changed; answers how many. */
static size_t hash_group(const struct hashing *h, size_t first, size_t n, struct tree_change *ret,
                         struct arena *scratch) {
    struct state_change change;
    struct bytes keys[HASH_GROUP], values[HASH_GROUP];
    struct hash key_hashes[HASH_GROUP], value_hashes[HASH_GROUP];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        state_ask(h->state, first + i + AHEAD);
        if (!state_change_at(h->state, first + i, &change))
            continue;
        keys[count] = change.key;
        values[count] = change.present ? change.value : BYTES_NONE;
        ask_bytes(values[count]);
        ret[count].key = change.key;
        ret[count++].present = change.present;
    }
    hash_all(DOMAIN_STATE, keys, count, scratch, key_hashes);
    hash_all(DOMAIN_VALUE, values, count, scratch, value_hashes);
    for (size_t i = 0; i < count; i++) {
        ret[i].key_hash = key_hashes[i];
        ret[i].value_hash = value_hashes[i];
    }
    return count;
}

static void hash_task(void *ctx, unsigned task) {
    const struct hashing *h = (const struct hashing *)ctx;
    struct arena scratch;
    arena_init(&scratch, 64 * KIB);
    size_t from = (size_t)task * HASH_TASK, to = from + HASH_TASK < h->written ? from + HASH_TASK : h->written;
    size_t count = 0;
    for (size_t at = from; at < to; at += HASH_GROUP)
        count += hash_group(h, at, to - at < HASH_GROUP ? to - at : HASH_GROUP, h->changes + from + count, &scratch);
    h->counts[task] = count;
    arena_release(&scratch);
}

static int no_memory(const struct store_batch *b, size_t n, struct err *err) {
    return err_set(err, CODE_NO_MEMORY, "no memory for the %zu changes of height %llu", n,
                   (unsigned long long)b->head.height);
}

/* The changes as the tree wants them, into *room, which has *room_len and grows. */
static int hash_changes(const struct store_batch *b, struct tree_change **room, size_t *room_len, size_t *ret_n,
                        struct err *err) {
    struct hashing h = {.state = b->store->state};
    int rc = state_written(b->store->state, &h.written, err);
    if (rc)
        return rc;
    if (h.written > *room_len) {
        struct tree_change *more = (struct tree_change *)realloc(*room, h.written * sizeof *more);
        if (!more)
            return no_memory(b, h.written, err);
        *room = more;
        *room_len = h.written;
    }
    unsigned tasks = (unsigned)((h.written + HASH_TASK - 1) / HASH_TASK);
    h.changes = *room;
    h.counts = (size_t *)calloc(tasks + 1, sizeof *h.counts);
    if (!h.counts)
        return no_memory(b, h.written, err);
    pool_run(b->store->pool, tasks, hash_task, &h);
    size_t n = 0;
    for (unsigned t = 0; t < tasks; t++) { /* what stayed the same leaves gaps */
        if (n != (size_t)t * HASH_TASK)
            memmove(h.changes + n, h.changes + (size_t)t * HASH_TASK, h.counts[t] * sizeof *h.changes);
        n += h.counts[t];
    }
    free(h.counts);
    *ret_n = n;
    return CODE_OK;
}

/* Old values, by state key. */
static int put_undo(struct store_batch *b, const struct state_diff *d, struct err *err) {
    struct undo_writer w;
    struct buf payload;
    buf_init(&payload, 1 + VALUE_LEN_MAX);
    undo_begin(&w, b->kv, STORE_FAMILY_UNDO, UNDO_STATE, b->head.height);
    for (size_t i = 0; i < d->len; i++) {
        buf_clear(&payload);
        buf_put_u8(&payload, d->at[i].was_present);
        if (d->at[i].was_present)
            buf_put_bytes(&payload, d->at[i].old);
        undo_add(&w, d->at[i].key, buf_bytes(&payload));
    }
    int rc = buf_check(&payload, err), ended = undo_end(&w, rc ? NULL : err);
    buf_release(&payload);
    return rc ? rc : ended;
}

int store_put_state(struct store_batch *b, struct hash *ret_root, struct err *err) {
    struct store *s = b->store;
    size_t n = 0;
    assert(!b->has_state);
    int rc = hash_changes(b, &s->changes, &s->changes_room, &n, err);
    if (rc == CODE_OK)
        rc = tree_update(s->tree, b->head.height + 1, s->changes, n, &b->head.root, err);
    if (rc)
        return rc;
    b->has_state = true;
    *ret_root = b->head.root.hash;
    return CODE_OK;
}

int store_root_again(struct store_batch *b, struct hash *ret_root, struct err *err) {
    struct store *s = b->store;
    struct tree_place place = {s->kv, STORE_FAMILY_TREE, STORE_FAMILY_UNDO};
    struct tree *tree = NULL;
    struct tree_change *c = NULL;
    struct tree_root root;
    size_t room = 0, n = 0;
    assert(b->has_state);
    int rc = hash_changes(b, &c, &room, &n, err);
    for (size_t i = 0; rc == CODE_OK && i < n / 2; i++) {
        struct tree_change x = c[i];
        c[i] = c[n - 1 - i];
        c[n - 1 - i] = x;
    }
    if (rc == CODE_OK)
        rc = tree_open(&place, &s->head.root, TREE_CACHE_BYTES, NULL, &tree, err);
    if (rc == CODE_OK) {
        rc = tree_update(tree, b->head.height + 1, c, n, &root, err);
        if (rc == CODE_OK)
            tree_settle(tree, false);
    }
    tree_free(tree);
    free(c);
    if (rc == CODE_OK)
        *ret_root = root.hash;
    return rc;
}

/* Everything that store_put_state has told the root of. */
static int write_state(struct store_batch *b, struct err *err) {
    struct state_diff d;
    int rc = state_diff(b->store->state, &d, err);
    if (rc == CODE_OK)
        rc = put_undo(b, &d, err);
    if (rc == CODE_OK)
        rc = tree_write(b->store->tree, b->kv, err);
    for (size_t i = 0; rc == CODE_OK && i < d.len; i++) {
        if (d.at[i].present)
            kv_batch_put(b->kv, STORE_FAMILY_STATE, d.at[i].key, d.at[i].value);
        else
            kv_batch_del(b->kv, STORE_FAMILY_STATE, d.at[i].key);
    }
    return rc;
}

void store_put_record(struct store_batch *b, enum store_record kind, struct bytes record) {
    struct height_key key = height_key((char)kind, b->head.height);
    kv_batch_put(b->kv, STORE_FAMILY_BLOCKS, height_key_bytes(&key), record);
}

static void put_index(struct store_batch *b, struct bytes key, struct bytes value) {
    kv_batch_put(b->kv, STORE_FAMILY_INDEX, key, value);
    buf_put_be16(&b->indexed, (uint16_t)key.len);
    buf_put_bytes(&b->indexed, key);
}

void store_put_tx(struct store_batch *b, const struct hash *tx_id, uint32_t index) {
    uint8_t key[33] = {'t'}, value[12];
    memcpy(key + 1, tx_id->b, 32);
    store_be64(value, b->head.height);
    store_be32(value + 8, index);
    put_index(b, bytes_of(key, sizeof key), bytes_of(value, sizeof value));
}

void store_put_event(struct store_batch *b, struct bytes key, uint32_t index) {
    uint8_t k[1 + KEY_LEN_MAX + 1 + 12];
    assert(key.len <= KEY_LEN_MAX && !memchr(key.data, 0, key.len));
    k[0] = 'e';
    memcpy(k + 1, key.data, key.len);
    k[1 + key.len] = 0;
    store_be64(k + 2 + key.len, b->head.height);
    store_be32(k + 10 + key.len, index);
    put_index(b, bytes_of(k, 14 + key.len), BYTES_NONE);
}

void store_put_meta(struct store_batch *b, const char *name, struct bytes value) {
    uint8_t key[1 + META_NAME_MAX] = {'m'};
    size_t len = strlen(name);
    assert(len > 0 && len <= META_NAME_MAX);
    memcpy(key + 1, name, len);
    kv_batch_put(b->kv, STORE_FAMILY_META, bytes_of(key, 1 + len), value);
}

static int write_batch(struct store_batch *b, bool sync, struct err *err) {
    int rc = buf_check(&b->indexed, err);
    if (rc)
        return rc;
    if (b->indexed.len) {
        struct height_key key = height_key('x', b->head.height);
        kv_batch_put(b->kv, STORE_FAMILY_BLOCKS, height_key_bytes(&key), buf_bytes(&b->indexed));
    }
    rc = b->has_state ? write_state(b, err) : CODE_OK;
    if (rc == CODE_OK)
        rc = prune_commit(b->store, &b->head, b->kv, err);
    if (rc)
        return rc;
    store_put_head(b->kv, &b->head, b->head.height == 0);
    crash_point(CRASH_STORE_BEFORE_WRITE);
    rc = kv_write(b->store->kv, b->kv, sync, err);
    crash_point(CRASH_STORE_AFTER_WRITE);
    return rc;
}

static int commit(struct store_batch *b, bool sync, struct err *err) {
    struct store *s = b->store;
    int rc = write_batch(b, sync, err);
    if (rc) {
        store_abort(b);
        return rc;
    }
    if (b->has_state)
        state_accept(s->state);
    else
        state_discard(s->state);
    tree_settle(s->tree, true);
    s->head = b->head;
    batch_free(b);
    return publish(s, true, err);
}

int store_commit(struct store_batch *b, struct err *err) {
    return commit(b, true, err);
}

int store_commit_later(struct store_batch *b, struct err *err) {
    return commit(b, false, err);
}

int store_sync(struct store *s, struct err *err) {
    uint64_t height;
    assert(!s->batch_open);
    if (!store_height(s, &height))
        return CODE_OK;
    struct kv_batch *b =
        kv_batch_new(s->kv); /* a write that changes nothing: what was written before is synced with it */
    if (!b)
        return err_set(err, CODE_NO_MEMORY, "no memory for a batch of the store");
    store_put_head(b, &s->head, false);
    int rc = kv_write(s->kv, b, true, err);
    kv_batch_free(b);
    return rc;
}

void store_abort(struct store_batch *b) {
    if (!b)
        return;
    tree_settle(b->store->tree, false);
    state_discard(b->store->state);
    batch_free(b);
}
