/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory back end: each family is a persistent treap. Nodes are counted; a node that somebody else also holds (a
 * snapshot, an iterator) is copied before it changes, one held once is changed in place. So a snapshot is one count,
 * and a write without snapshots copies nothing. Priorities are a hash of the key: the shape depends on the set of keys
 * alone.
 *
 * Used by the simulator and by tests; out of memory ends the process.
 */
#include "chain/base/map.h"
#include "chain/store/kv_backend.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct blob { /* a key and its value, never changed */
    atomic_uint refs;
    size_t key_len, value_len;
    uint8_t data[];
};

struct node {
    atomic_uint refs;
    uint64_t priority;
    struct blob *blob;
    struct node *left, *right;
};

struct kv_snap {
    struct node *roots[KV_FAMILIES_MAX];
};

struct mem {
    struct kv kv;
    pthread_mutex_t lock; /* roots */
    struct kv_snap now;
    struct kv_snap synced; /* as of the last synced write, while writes that were not synced followed it */
    bool unsynced;
    uint64_t writes, fail_at; /* fail_at: number of the write that fails, 0 none */
    int fail_code;
};

struct mem_iter {
    struct kv_iter base;
    struct node *root;
    const struct node *at; /* last given; NULL before the first */
    struct bytes from, to;
    bool reverse, ended;
    uint8_t bounds[];
};

enum op { OP_DEL, OP_PUT, OP_DEL_RANGE }; /* of a range, key is from and value is to */

struct mem_batch {
    struct buf ops; /* each: enum op u8, family u8, key length u32, value length u32, key, value */
};

static void *must(void *p) {
    if (!p)
        abort(); /* see the head of this file */
    return p;
}

/* --- nodes ------------------------------------------------------------------------------------------------------ */

static struct bytes blob_key(const struct blob *b) {
    return bytes_of(b->data, b->key_len);
}

static struct bytes blob_value(const struct blob *b) {
    return bytes_of(b->data + b->key_len, b->value_len);
}

static struct blob *blob_new(struct bytes key, struct bytes value) {
    struct blob *b = (struct blob *)must(malloc(sizeof *b + key.len + value.len));
    atomic_init(&b->refs, 1);
    b->key_len = key.len;
    b->value_len = value.len;
    if (key.len)
        memcpy(b->data, key.data, key.len);
    if (value.len)
        memcpy(b->data + key.len, value.data, value.len);
    return b;
}

static bool last_ref(atomic_uint *refs) {
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

static void blob_unref(struct blob *b) {
    if (last_ref(&b->refs))
        free(b);
}

static struct node *node_ref(struct node *n) {
    if (n)
        atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
    return n;
}

static void node_unref(struct node *n) {
    if (!n || !last_ref(&n->refs))
        return;
    node_unref(n->left);
    node_unref(n->right);
    blob_unref(n->blob);
    free(n);
}

static struct node *node_new(struct blob *blob) {
    struct node *n = (struct node *)must(calloc(1, sizeof *n));
    atomic_init(&n->refs, 1);
    n->blob = blob;
    n->priority = map_hash(blob_key(blob), 0);
    return n;
}

/* Takes one count of n, gives a node with the same content that only the caller holds. */
static struct node *node_own(struct node *n) {
    if (atomic_load_explicit(&n->refs, memory_order_acquire) == 1)
        return n;
    struct node *c = (struct node *)must(calloc(1, sizeof *c));
    atomic_init(&c->refs, 1);
    c->priority = n->priority;
    c->blob = n->blob;
    atomic_fetch_add_explicit(&c->blob->refs, 1, memory_order_relaxed);
    c->left = node_ref(n->left);
    c->right = node_ref(n->right);
    node_unref(n);
    return c;
}

static const struct node *node_find(const struct node *n, struct bytes key) {
    while (n) {
        int c = bytes_cmp(key, blob_key(n->blob));
        if (c == 0)
            return n;
        n = c < 0 ? n->left : n->right;
    }
    return NULL;
}

/* The smallest node with a key >= key (> key when above), or NULL. */
static const struct node *node_from(const struct node *n, struct bytes key, bool above) {
    const struct node *best = NULL;
    while (n) {
        int c = bytes_cmp(key, blob_key(n->blob));
        bool fits = above ? c < 0 : c <= 0;
        if (fits)
            best = n;
        n = fits ? n->left : n->right;
    }
    return best;
}

/* The largest node with a key < key (<= key when with), or NULL. */
static const struct node *node_below(const struct node *n, struct bytes key, bool with) {
    const struct node *best = NULL;
    while (n) {
        int c = bytes_cmp(blob_key(n->blob), key);
        bool fits = with ? c <= 0 : c < 0;
        if (fits)
            best = n;
        n = fits ? n->right : n->left;
    }
    return best;
}

static const struct node *node_last(const struct node *n) {
    while (n && n->right)
        n = n->right;
    return n;
}

static struct node *rotate_right(struct node *n) {
    struct node *l = n->left;
    n->left = l->right;
    l->right = n;
    return l;
}

static struct node *rotate_left(struct node *n) {
    struct node *r = n->right;
    n->right = r->left;
    r->left = n;
    return r;
}

/* Takes the counts of n and blob; gives the new root, held once. */
static struct node *node_put(struct node *n, struct blob *blob) {
    if (!n)
        return node_new(blob);
    n = node_own(n);
    int c = bytes_cmp(blob_key(blob), blob_key(n->blob));
    if (c == 0) {
        blob_unref(n->blob);
        n->blob = blob;
        return n;
    }
    if (c < 0) {
        n->left = node_put(n->left, blob);
        return n->left->priority > n->priority ? rotate_right(n) : n;
    }
    n->right = node_put(n->right, blob);
    return n->right->priority > n->priority ? rotate_left(n) : n;
}

static struct node *node_merge(struct node *a, struct node *b) {
    if (!a || !b)
        return a ? a : b;
    if (a->priority > b->priority) {
        a = node_own(a);
        a->right = node_merge(a->right, b);
        return a;
    }
    b = node_own(b);
    b->left = node_merge(a, b->left);
    return b;
}

/* key is there. */
static struct node *node_del(struct node *n, struct bytes key) {
    n = node_own(n);
    int c = bytes_cmp(key, blob_key(n->blob));
    if (c < 0) {
        n->left = node_del(n->left, key);
        return n;
    }
    if (c > 0) {
        n->right = node_del(n->right, key);
        return n;
    }
    struct node *rest = node_merge(n->left, n->right);
    n->left = n->right = NULL;
    node_unref(n);
    return rest;
}

static void roots_ref(const struct mem *m, const struct kv_snap *from, struct kv_snap *ret) {
    for (unsigned i = 0; i < m->kv.families; i++)
        ret->roots[i] = node_ref(from->roots[i]);
}

static void roots_unref(const struct mem *m, struct kv_snap *s) {
    for (unsigned i = 0; i < m->kv.families; i++) {
        node_unref(s->roots[i]);
        s->roots[i] = NULL;
    }
}

/* --- the slots -------------------------------------------------------------------------------------------------- */

static struct mem *mem_of(const struct kv *kv) {
    return (struct mem *)(uintptr_t)kv;
}

static void mem_close(struct kv *kv) {
    struct mem *m = mem_of(kv);
    roots_unref(m, &m->now);
    roots_unref(m, &m->synced);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static int mem_get(struct kv *kv, const struct kv_snap *snap, unsigned family, struct bytes key, struct kv_value *ret,
                   struct err *err) {
    (void)err;
    struct mem *m = mem_of(kv);
    if (!snap)
        pthread_mutex_lock(&m->lock);
    const struct node *n = node_find((snap ? snap : &m->now)->roots[family], key);
    struct blob *blob = n ? n->blob : NULL;
    if (blob)
        atomic_fetch_add_explicit(&blob->refs, 1, memory_order_relaxed);
    if (!snap)
        pthread_mutex_unlock(&m->lock);
    if (!blob)
        return CODE_NOT_FOUND;
    *ret = (struct kv_value){.bytes = blob_value(blob), .pin = blob, .kv = kv};
    return CODE_OK;
}

static void mem_value_release(struct kv *kv, void *pin) {
    (void)kv;
    blob_unref((struct blob *)pin);
}

static int mem_snap_new(struct kv *kv, struct kv_snap **ret, struct err *err) {
    (void)err;
    struct mem *m = mem_of(kv);
    struct kv_snap *s = (struct kv_snap *)must(calloc(1, sizeof *s));
    pthread_mutex_lock(&m->lock);
    roots_ref(m, &m->now, s);
    pthread_mutex_unlock(&m->lock);
    *ret = s;
    return CODE_OK;
}

static void mem_snap_free(struct kv *kv, struct kv_snap *snap) {
    roots_unref(mem_of(kv), snap);
    free(snap);
}

static int mem_iter_open(struct kv *kv, const struct kv_snap *snap, unsigned family, const struct kv_range *range,
                         struct kv_iter **ret, struct err *err) {
    (void)err;
    struct mem *m = mem_of(kv);
    struct mem_iter *it = (struct mem_iter *)must(calloc(1, sizeof *it + range->from.len + range->to.len));
    if (range->from.len)
        memcpy(it->bounds, range->from.data, range->from.len);
    if (range->to.len)
        memcpy(it->bounds + range->from.len, range->to.data, range->to.len);
    it->from = bytes_of(it->bounds, range->from.len);
    it->to = bytes_of(it->bounds + range->from.len, range->to.len);
    it->reverse = range->reverse;
    if (!snap)
        pthread_mutex_lock(&m->lock);
    it->root = node_ref((snap ? snap : &m->now)->roots[family]);
    if (!snap)
        pthread_mutex_unlock(&m->lock);
    *ret = &it->base;
    return CODE_OK;
}

static const struct node *step_back(const struct mem_iter *it) {
    if (it->at)
        return node_below(it->root, blob_key(it->at->blob), false);
    return it->to.len ? node_below(it->root, it->to, false) : node_last(it->root);
}

/* Gives n, unless it is beyond the bounds. */
static bool iter_give(struct mem_iter *it, const struct node *n, struct bytes *ret_key, struct bytes *ret_value) {
    bool inside = n && bytes_cmp(blob_key(n->blob), it->from) >= 0 &&
                  (it->to.len == 0 || bytes_cmp(blob_key(n->blob), it->to) < 0);
    it->ended = !inside;
    if (!inside)
        return false;
    it->at = n;
    *ret_key = blob_key(n->blob);
    *ret_value = blob_value(n->blob);
    return true;
}

static bool mem_iter_next(struct kv_iter *base, struct bytes *ret_key, struct bytes *ret_value) {
    struct mem_iter *it = (struct mem_iter *)base;
    if (it->ended)
        return false;
    const struct node *n = it->reverse ? step_back(it)
                           : it->at    ? node_from(it->root, blob_key(it->at->blob), true)
                                       : node_from(it->root, it->from, false);
    return iter_give(it, n, ret_key, ret_value);
}

static bool mem_iter_seek(struct kv_iter *base, struct bytes key, struct bytes *ret_key, struct bytes *ret_value) {
    struct mem_iter *it = (struct mem_iter *)base;
    assert(it->reverse);
    bool above = it->to.len && bytes_cmp(key, it->to) >= 0;
    return iter_give(it, node_below(it->root, above ? it->to : key, !above), ret_key, ret_value);
}

static int mem_iter_close(struct kv_iter *base, struct err *err) {
    (void)err;
    struct mem_iter *it = (struct mem_iter *)base;
    node_unref(it->root);
    free(it);
    return CODE_OK;
}

static void *mem_batch_new(struct kv *kv) {
    (void)kv;
    struct mem_batch *b = (struct mem_batch *)calloc(1, sizeof *b);
    if (b)
        buf_init(&b->ops, SIZE_MAX / 2);
    return b;
}

static void mem_batch_free(void *batch) {
    struct mem_batch *b = (struct mem_batch *)batch;
    buf_release(&b->ops);
    free(b);
}

static void mem_batch_clear(void *batch) {
    buf_clear(&((struct mem_batch *)batch)->ops);
}

static bool add_op(void *batch, enum op op, unsigned family, struct bytes key, struct bytes value) {
    struct buf *ops = &((struct mem_batch *)batch)->ops;
    if (key.len > UINT32_MAX || value.len > UINT32_MAX)
        return false;
    buf_put_u8(ops, (uint8_t)op);
    buf_put_u8(ops, (uint8_t)family);
    buf_put_be32(ops, (uint32_t)key.len);
    buf_put_be32(ops, (uint32_t)value.len);
    buf_put_bytes(ops, key);
    buf_put_bytes(ops, value);
    return !buf_failed(ops);
}

static bool mem_batch_put(struct kv *kv, void *batch, unsigned family, struct bytes key, const struct bytes *value) {
    (void)kv;
    return add_op(batch, value ? OP_PUT : OP_DEL, family, key, value ? *value : BYTES_NONE);
}

static bool mem_batch_del_range(struct kv *kv, void *batch, unsigned family, struct bytes from, struct bytes to) {
    (void)kv;
    return add_op(batch, OP_DEL_RANGE, family, from, to);
}

static void apply_one(struct node **root, enum op op, struct bytes key, struct bytes value) {
    const struct node *n;
    switch (op) {
    case OP_PUT:
        *root = node_put(*root, blob_new(key, value));
        break;
    case OP_DEL:
        if (node_find(*root, key))
            *root = node_del(*root, key);
        break;
    case OP_DEL_RANGE:
        while ((n = node_from(*root, key, false)) && bytes_cmp(blob_key(n->blob), value) < 0)
            *root = node_del(*root, blob_key(n->blob));
        break;
    }
}

static void apply(struct mem *m, const struct buf *ops) {
    for (size_t at = 0; at < ops->len;) {
        const uint8_t *p = ops->data + at;
        struct bytes key = bytes_of(p + 10, load_be32(p + 2));
        struct bytes value = bytes_of(p + 10 + key.len, load_be32(p + 6));
        apply_one(&m->now.roots[p[1]], (enum op)p[0], key, value);
        at += 10 + key.len + value.len;
    }
}

static int mem_write(struct kv *kv, void *batch, bool sync, struct err *err) {
    struct mem *m = mem_of(kv);
    int rc = CODE_OK;
    pthread_mutex_lock(&m->lock);
    if (++m->writes == m->fail_at) {
        rc = err_set(err, m->fail_code, "write %llu to the database in memory fails as asked",
                     (unsigned long long)m->writes);
    } else {
        if (!sync && !m->unsynced) {
            roots_ref(m, &m->now, &m->synced);
            m->unsynced = true;
        }
        apply(m, &((struct mem_batch *)batch)->ops);
        if (sync) {
            roots_unref(m, &m->synced);
            m->unsynced = false;
        }
    }
    pthread_mutex_unlock(&m->lock);
    return rc;
}

/* Memory comes back when a node is taken out. */
static int mem_reclaim(struct kv *kv, unsigned family, struct bytes from, struct bytes to, struct err *err) {
    (void)kv, (void)family, (void)from, (void)to, (void)err;
    return CODE_OK;
}

/* As files are: also what a power cut would have left is gone. */
static int mem_drop_files(struct kv *kv, unsigned family, struct bytes from, struct bytes to, struct err *err) {
    struct mem *m = mem_of(kv);
    (void)err;
    pthread_mutex_lock(&m->lock);
    if (m->unsynced)
        apply_one(&m->synced.roots[family], OP_DEL_RANGE, from, to);
    pthread_mutex_unlock(&m->lock);
    return CODE_OK;
}

static bool mem_busy(struct kv *kv) {
    (void)kv;
    return false;
}

static uint64_t mem_disk_bytes(struct kv *kv) {
    (void)kv;
    return 0;
}

void kv_mem_fail_write(struct kv *kv, uint64_t n, int code) {
    struct mem *m = mem_of(kv);
    m->fail_at = n ? m->writes + n : 0;
    m->fail_code = code;
}

void kv_mem_crash(struct kv *kv) {
    struct mem *m = mem_of(kv);
    if (m->unsynced) {
        roots_unref(m, &m->now);
        m->now = m->synced;
        memset(&m->synced, 0, sizeof m->synced);
        m->unsynced = false;
    }
    m->fail_at = 0;
    atomic_store(&kv->failing, false);
    atomic_store(&kv->failed, 0);
}

uint64_t kv_mem_writes(const struct kv *kv) {
    return mem_of(kv)->writes;
}

static const struct kv_ops mem_ops = {
    .close = mem_close,
    .get = mem_get,
    .value_release = mem_value_release,
    .snap_new = mem_snap_new,
    .snap_free = mem_snap_free,
    .iter_open = mem_iter_open,
    .iter_next = mem_iter_next,
    .iter_seek = mem_iter_seek,
    .iter_close = mem_iter_close,
    .batch_new = mem_batch_new,
    .batch_free = mem_batch_free,
    .batch_clear = mem_batch_clear,
    .batch_put = mem_batch_put,
    .batch_del_range = mem_batch_del_range,
    .write = mem_write,
    .reclaim = mem_reclaim,
    .drop_files = mem_drop_files,
    .disk_bytes = mem_disk_bytes,
    .busy = mem_busy,
};

int kv_open_mem(unsigned n, struct kv **ret, struct err *err) {
    assert(n > 0 && n <= KV_FAMILIES_MAX);
    struct mem *m = (struct mem *)calloc(1, sizeof *m);
    if (!m)
        return err_set(err, CODE_NO_MEMORY, "no memory for a database in memory");
    m->kv.ops = &mem_ops;
    m->kv.families = n;
    pthread_mutex_init(&m->lock, NULL);
    *ret = &m->kv;
    return CODE_OK;
}
