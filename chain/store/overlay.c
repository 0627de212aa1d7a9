/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every key that was read or written has an entry, found by a hash table. Entries that were ever written since the last
 * accept are also in a list, as they were first written, and in a treap, by key, for listing and for the difference. An
 * entry knows what the base holds (once it was asked) and, when dirty, what the key is now. With a mark open, a change
 * first puts the entry's present state into the journal.
 */
#include "chain/store/overlay.h"

#include "chain/base/map.h"
#include "chain/base/vec.h"
#include "chain/os/memory.h"
#include "chain/os/random.h"
#include "chain/store/floor.h"

#include <assert.h>
#include <stdlib.h>

#define CACHE_BYTES     (32 * MIB) /* kept from block to block */
#define BUCKETS_FIRST   1024
#define JOURNAL_ENTRIES (64 * MIB / sizeof(struct journal_entry))

struct record {
    struct bytes value;
    bool present;
};

struct entry {
    struct entry *next;         /* in the bucket */
    struct entry *left, *right; /* in the treap */
    uint64_t hash;              /* of the key; its bit-reverse half is the treap's priority */
    struct bytes key;
    struct record base; /* when base_known */
    struct record now;  /* when dirty */
    bool base_known, dirty, listed;
};

struct journal_entry {
    struct entry *entry;
    struct record now;
    bool dirty;
};

VEC_DEFINE(journal, struct journal_entry);
VEC_DEFINE(entry_list, struct entry *);

struct state {
    struct kv *kv;
    const struct kv_snap *snap;
    unsigned family;
    struct arena arena;
    struct entry **buckets; /* n_buckets, a power of two */
    size_t n_buckets, n_entries;
    struct entry *listed;      /* root of the treap */
    struct entry_list written; /* the same entries, as they were first written */
    struct entry_list unknown; /* those whose base was not known then */
    struct journal journal;
    size_t marks; /* open */
    uint64_t seed;
    struct floors *floors; /* of a state without a snapshot */
    struct err failure;    /* code CODE_OK until latched */
};

/* --- failure ---------------------------------------------------------------------------------------------------- */

int state_failed(const struct state *st, struct err *err) {
    if (st->failure.code && err)
        *err = st->failure;
    return st->failure.code;
}

static int latch(struct state *st, struct err *err) {
    assert(st->failure.code);
    return state_failed(st, err);
}

static int latch_memory(struct state *st, struct err *err) {
    err_set(&st->failure, CODE_NO_MEMORY, "the state's changes do not fit %zu MiB of memory", st->arena.cap / MIB);
    return latch(st, err);
}

/* --- life ------------------------------------------------------------------------------------------------------- */

static void written_clear(struct state *st) {
    st->listed = NULL;
    entry_list_clear(&st->written);
    entry_list_clear(&st->unknown);
    journal_clear(&st->journal);
}

static void forget(struct state *st) {
    memset(st->buckets, 0, st->n_buckets * sizeof(struct entry *));
    st->n_entries = 0;
    written_clear(st);
    arena_reset(&st->arena);
}

/* The root reads a large block's entries and values here and there. */
static const struct arena_source huge_pages = {MEMORY_LARGE, memory_large, memory_large_free};

int state_new(struct kv *kv, const struct kv_snap *snap, unsigned family, size_t cap_bytes, struct state **ret,
              struct err *err) {
    struct state *st = (struct state *)calloc(1, sizeof *st);
    if (st)
        st->buckets = (struct entry **)calloc(BUCKETS_FIRST, sizeof(struct entry *));
    if (!st || !st->buckets) {
        free(st);
        return err_set(err, CODE_NO_MEMORY, "no memory for a view of the state");
    }
    st->kv = kv;
    st->snap = snap;
    st->family = family;
    st->n_buckets = BUCKETS_FIRST;
    arena_init_from(&st->arena, cap_bytes ? cap_bytes : STATE_MEMORY_CAP, &huge_pages);
    journal_init(&st->journal, JOURNAL_ENTRIES);
    entry_list_init(&st->written, st->arena.cap / sizeof(struct entry));
    entry_list_init(&st->unknown, st->arena.cap / sizeof(struct entry));
    st->seed = random_u64(); /* names in keys come from outside */
    *ret = st;
    return CODE_OK;
}

void state_free(struct state *st) {
    if (!st)
        return;
    arena_release(&st->arena);
    journal_release(&st->journal);
    entry_list_release(&st->written);
    entry_list_release(&st->unknown);
    floors_free(st->floors);
    free(st->buckets);
    free(st);
}

void state_rebase(struct state *st, const struct kv_snap *snap) {
    assert(st->marks == 0);
    forget(st);
    floors_clear(st->floors);
    st->snap = snap;
    err_clear(&st->failure);
}

/* --- entries ---------------------------------------------------------------------------------------------------- */

static struct entry *entry_find(const struct state *st, struct bytes key, uint64_t hash) {
    for (struct entry *e = st->buckets[hash & (st->n_buckets - 1)]; e; e = e->next)
        if (e->hash == hash && bytes_eq(e->key, key))
            return e;
    return NULL;
}

static void buckets_grow(struct state *st) {
    size_t n = st->n_buckets * 2;
    struct entry **buckets = (struct entry **)calloc(n, sizeof(struct entry *));
    if (!buckets)
        return; /* longer chains, same answers */
    for (size_t i = 0; i < st->n_buckets; i++) {
        for (struct entry *e = st->buckets[i], *next; e; e = next) {
            next = e->next;
            e->next = buckets[e->hash & (n - 1)];
            buckets[e->hash & (n - 1)] = e;
        }
    }
    free(st->buckets);
    st->buckets = buckets;
    st->n_buckets = n;
}

/* The key's entry, made if need be; NULL when out of memory. */
static struct entry *entry_get(struct state *st, struct bytes key) {
    uint64_t hash = map_hash(key, st->seed);
    struct entry *e = entry_find(st, key, hash);
    if (e)
        return e;
    e = ARENA_NEW(&st->arena, struct entry);
    if (!e || !arena_dup_bytes(&st->arena, key, &e->key))
        return NULL;
    e->hash = hash;
    if (st->n_entries++ >= st->n_buckets)
        buckets_grow(st);
    e->next = st->buckets[hash & (st->n_buckets - 1)];
    st->buckets[hash & (st->n_buckets - 1)] = e;
    return e;
}

/* Makes base known. */
static int entry_load(struct state *st, struct entry *e, struct err *err) {
    if (e->base_known)
        return CODE_OK;
    struct bytes value = BYTES_NONE;
    int rc = kv_get_dup(st->kv, st->snap, st->family, e->key, &st->arena, &value, &st->failure);
    if (rc && rc != CODE_NOT_FOUND)
        return latch(st, err);
    err_clear(&st->failure);
    e->base = (struct record){value, rc == CODE_OK};
    e->base_known = true;
    return CODE_OK;
}

/* --- the treap of written entries ------------------------------------------------------------------------------- */

static bool above(const struct entry *a, const struct entry *b) {
    return a->hash * 0x9e3779b97f4a7c15u > b->hash * 0x9e3779b97f4a7c15u;
}

static struct entry *treap_insert(struct entry *root, struct entry *e) {
    if (!root)
        return e;
    if (bytes_cmp(e->key, root->key) < 0) {
        struct entry *l = root->left = treap_insert(root->left, e);
        if (!above(l, root))
            return root;
        root->left = l->right;
        l->right = root;
        return l;
    }
    struct entry *r = root->right = treap_insert(root->right, e);
    if (!above(r, root))
        return root;
    root->right = r->left;
    r->left = root;
    return r;
}

/* The first dirty entry with a key > key, or >= key when from is set. */
static const struct entry *treap_next(const struct entry *root, struct bytes key, bool from) {
    if (!root)
        return NULL;
    int c = bytes_cmp(root->key, key);
    if (c < 0 || (c == 0 && !from))
        return treap_next(root->right, key, from);
    const struct entry *e = treap_next(root->left, key, from);
    if (e)
        return e;
    return root->dirty ? root : treap_next(root->right, key, from);
}

static void treap_each(struct entry *root, void (*fn)(struct entry *e, void *ctx), void *ctx) {
    for (; root; root = root->right) {
        treap_each(root->left, fn, ctx);
        fn(root, ctx);
    }
}

/* --- reading and writing ---------------------------------------------------------------------------------------- */

/* What the key is now. */
static int lookup(struct state *st, struct bytes key, struct record *ret, struct err *err) {
    if (st->failure.code)
        return latch(st, err);
    struct entry *e = entry_get(st, key);
    if (!e)
        return latch_memory(st, err);
    int rc = e->dirty ? CODE_OK : entry_load(st, e, err);
    if (rc == CODE_OK)
        *ret = e->dirty ? e->now : e->base;
    return rc;
}

int state_get(struct state *st, struct bytes key, struct bytes *ret_value, struct err *err) {
    struct record r;
    int rc = lookup(st, key, &r, err);
    if (rc)
        return rc;
    if (!r.present)
        return CODE_NOT_FOUND;
    *ret_value = r.value;
    return CODE_OK;
}

int state_has(struct state *st, struct bytes key, bool *ret, struct err *err) {
    struct record r;
    int rc = lookup(st, key, &r, err);
    if (rc == CODE_OK)
        *ret = r.present;
    return rc;
}

static int change(struct state *st, struct bytes key, struct record now, struct err *err) {
    if (st->failure.code)
        return latch(st, err);
    struct entry *e = entry_get(st, key);
    if (!e || (now.present && !arena_dup_bytes(&st->arena, now.value, &now.value)))
        return latch_memory(st, err);
    struct journal_entry before = {e, e->now, e->dirty};
    if (st->marks && !journal_push(&st->journal, before))
        return latch_memory(st, err);
    if (!e->listed) {
        if (!entry_list_push(&st->written, e) || (!e->base_known && !entry_list_push(&st->unknown, e)))
            return latch_memory(st, err);
        e->left = e->right = NULL;
        st->listed = treap_insert(st->listed, e);
        e->listed = true;
    }
    e->now = now;
    e->dirty = true;
    return CODE_OK;
}

static int check_key(struct bytes key, struct err *err) {
    if (key.len == 0 || key.len > KEY_LEN_MAX)
        return err_set(err, CODE_TOO_LARGE, "a state key of %zu bytes; 1 to %d are allowed", key.len, KEY_LEN_MAX);
    return CODE_OK;
}

int state_put(struct state *st, struct bytes key, struct bytes value, struct err *err) {
    int rc = check_key(key, err);
    if (rc)
        return rc;
    if (value.len > VALUE_LEN_MAX)
        return err_set(err, CODE_TOO_LARGE, "a state record of %zu bytes; at most %zu are allowed", value.len,
                       VALUE_LEN_MAX);
    return change(st, key, (struct record){value, true}, err);
}

int state_del(struct state *st, struct bytes key, struct err *err) {
    int rc = check_key(key, err);
    return rc ? rc : change(st, key, (struct record){BYTES_NONE, false}, err);
}

/* --- roll-back -------------------------------------------------------------------------------------------------- */

size_t state_mark(struct state *st) {
    st->marks++;
    return st->journal.len;
}

void state_rollback(struct state *st, size_t mark) {
    assert(st->marks > 0 && mark <= st->journal.len);
    while (st->journal.len > mark) {
        struct journal_entry *j = &st->journal.at[--st->journal.len];
        j->entry->now = j->now;
        j->entry->dirty = j->dirty;
    }
    st->marks--;
}

void state_commit(struct state *st, size_t mark) {
    assert(st->marks > 0 && mark <= st->journal.len);
    if (--st->marks == 0)
        journal_clear(&st->journal);
}

/* --- iteration -------------------------------------------------------------------------------------------------- */

static void base_open(struct state_iter *it) {
    uint8_t room[KEY_LEN_MAX], from[KEY_LEN_MAX + 1];
    struct bytes prefix = bytes_of(it->prefix, it->prefix_len);
    struct kv_range range = {.from = prefix, .to = kv_prefix_end(prefix, room)};
    if (it->last_len && bytes_cmp(bytes_of(it->last, it->last_len), prefix) >= 0) {
        memcpy(from, it->last, it->last_len);
        from[it->last_len] = 0; /* the smallest key above it */
        range.from = bytes_of(from, it->last_len + 1);
    }
    struct bytes floor = floor_get(it->st->floors, prefix);
    if (floor.len && bytes_cmp(range.from, floor) <= 0)
        range.from = floor;
    /* a floor is the writer's: what others list is a snapshot, or only listed once */
    it->from_start = !it->st->snap && (floor.len ? range.from.data == floor.data : range.from.data == prefix.data);
    if (range.to.len && bytes_cmp(range.from, range.to) >= 0)
        return; /* starts after the last that can be */
    (void)kv_iter_open(it->st->kv, it->st->snap, it->st->family, &range, &it->base, &it->st->failure);
}

void state_iter_init(struct state_iter *it, struct state *st, struct bytes prefix, struct bytes after, size_t limit) {
    assert(prefix.len <= KEY_LEN_MAX && after.len <= KEY_LEN_MAX);
    it->st = st;
    it->base = NULL;
    it->base_key = it->base_value = BYTES_NONE;
    it->prefix_len = prefix.len;
    it->last_len = after.len;
    it->left = limit;
    it->limited = limit > 0;
    it->base_spent = true;
    it->from_start = it->empty = false;
    if (prefix.len)
        memcpy(it->prefix, prefix.data, prefix.len);
    if (after.len)
        memcpy(it->last, after.data, after.len);
    if (!st->failure.code)
        base_open(it);
}

static void base_step(struct state_iter *it) {
    it->base_spent = false;
    if (!it->base || !kv_iter_next(it->base, &it->base_key, &it->base_value))
        it->base_key = BYTES_NONE;
    else
        assert(it->base_key.len <= KEY_LEN_MAX);
    if (it->from_start && it->base_key.data)
        floor_raise(&it->st->floors, bytes_of(it->prefix, it->prefix_len), it->base_key);
    it->empty = it->from_start && !it->base_key.data;
    it->from_start = false;
}

static const struct entry *overlay_step(const struct state_iter *it) {
    struct bytes prefix = bytes_of(it->prefix, it->prefix_len), last = bytes_of(it->last, it->last_len);
    bool past = it->last_len && bytes_cmp(last, prefix) >= 0;
    const struct entry *e = treap_next(it->st->listed, past ? last : prefix, !past);
    return e && bytes_starts(e->key, prefix) ? e : NULL;
}

static void look_at(struct state_iter *it, struct bytes key) {
    memcpy(it->last, key.data, key.len);
    it->last_len = key.len;
}

bool state_iter_next(struct state_iter *it, struct bytes *ret_key, struct bytes *ret_value) {
    while (!it->st->failure.code && !(it->limited && it->left == 0)) {
        if (it->base_spent)
            base_step(it);
        const struct entry *e = overlay_step(it);
        bool has_base = it->base_key.data != NULL;
        if (!e && !has_base)
            return false;
        int c = !e ? 1 : !has_base ? -1 : bytes_cmp(e->key, it->base_key);
        look_at(it, c <= 0 ? e->key : it->base_key);
        it->base_spent = c >= 0;
        if (c <= 0 && !e->now.present)
            continue; /* deleted here */
        *ret_key = c <= 0 ? e->key : it->base_key;
        *ret_value = c <= 0 ? e->now.value : it->base_value;
        it->left--;
        return true;
    }
    return false;
}

int state_iter_end(struct state_iter *it, struct err *err) {
    struct state *st = it->st;
    struct err failure = {0};
    int rc = kv_iter_close(it->base, &failure);
    it->base = NULL;
    if (rc && !st->failure.code)
        st->failure = failure;
    if (it->empty && !st->failure.code) {
        uint8_t room[KEY_LEN_MAX];
        struct bytes prefix = bytes_of(it->prefix, it->prefix_len);
        floor_raise(&st->floors, prefix, kv_prefix_end(prefix, room));
    }
    it->empty = false;
    return state_failed(st, err);
}

/* --- the difference --------------------------------------------------------------------------------------------- */

struct collect {
    struct state *st;
    struct state_diff diff;
};

/* Whether the entry, whose base is known, differs from it. */
static bool entry_differs(const struct entry *e, struct state_change *ret) {
    if (!e->dirty || (e->now.present == e->base.present && (!e->now.present || bytes_eq(e->now.value, e->base.value))))
        return false;
    *ret = (struct state_change){
        .key = e->key,
        .value = e->now.value,
        .old = e->base.value,
        .present = e->now.present,
        .was_present = e->base.present,
    };
    return true;
}

static void collect_one(struct entry *e, void *ctx) {
    struct collect *c = (struct collect *)ctx;
    if (e->dirty && !c->st->failure.code && entry_load(c->st, e, NULL) == CODE_OK)
        c->diff.len += entry_differs(e, &c->diff.at[c->diff.len]);
}

int state_diff(struct state *st, struct state_diff *ret, struct err *err) {
    assert(st->marks == 0);
    if (st->failure.code)
        return latch(st, err);
    struct collect c = {.st = st};
    c.diff.at = (struct state_change *)arena_array(&st->arena, st->written.len, sizeof(struct state_change));
    if (!c.diff.at)
        return latch_memory(st, err);
    treap_each(st->listed, collect_one, &c);
    if (st->failure.code)
        return latch(st, err);
    *ret = c.diff;
    return CODE_OK;
}

int state_written(struct state *st, size_t *ret, struct err *err) {
    assert(st->marks == 0);
    if (st->failure.code)
        return latch(st, err);
    for (size_t i = 0; i < st->unknown.len; i++) {
        struct entry *e = st->unknown.at[i];
        if (e->dirty && entry_load(st, e, err))
            return st->failure.code;
    }
    *ret = st->written.len;
    return CODE_OK;
}

enum { ASK_ENTRY = 8 }; /* an entry is asked for so many before its values */

bool state_change_at(const struct state *st, size_t i, struct state_change *ret) {
    return entry_differs(st->written.at[i], ret);
}

void state_ask(const struct state *st, size_t i) {
    if (i + ASK_ENTRY < st->written.len) {
        const uint8_t *e = (const uint8_t *)st->written.at[i + ASK_ENTRY];
        __builtin_prefetch(e);
        __builtin_prefetch(e + 64);
    }
    if (i < st->written.len) {
        __builtin_prefetch(st->written.at[i]->key.data);
        __builtin_prefetch(st->written.at[i]->now.value.data);
        __builtin_prefetch(st->written.at[i]->base.value.data);
    }
}

static void accept_one(struct entry *e) {
    if (e->dirty) {
        e->base = e->now;
        e->base_known = true;
    }
    e->dirty = e->listed = false;
}

static void discard_one(struct entry *e) {
    e->dirty = e->listed = false;
}

static void settle(struct state *st, void (*fn)(struct entry *e)) {
    assert(st->marks == 0);
    for (size_t i = 0; i < st->written.len; i++)
        fn(st->written.at[i]);
    written_clear(st);
}

void state_accept(struct state *st) {
    for (size_t i = 0; st->floors && i < st->written.len; i++)
        if (st->written.at[i]->dirty && st->written.at[i]->now.present)
            floor_lower(st->floors, st->written.at[i]->key);
    settle(st, accept_one);
    if (st->arena.used > CACHE_BYTES)
        forget(st);
}

void state_discard(struct state *st) {
    settle(st, discard_one);
}
