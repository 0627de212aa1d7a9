/* SPDX-License-Identifier: Apache-2.0 */
/* The tree against the recursive definition in its header, written out naively here; proofs folded here, too. */
#include "tests/lib/test.h"

#include "chain/base/rng.h"
#include "chain/crypto/hash.h"
#include "chain/store/pool.h"
#include "chain/store/tree.h"
#include "chain/store/undo.h"

enum { KEYS = 400, HEIGHTS = 60 };

struct item {
    struct hash key_hash, value_hash;
    bool present;
};

struct model { /* every key that may exist, by key hash */
    struct item at[KEYS];
    char names[KEYS][16];
};

static struct kv *kv;
static struct tree_place place;
static struct tree *tree;
static struct pool *pool;
static struct tree_root root;
static struct err err;

static unsigned bit(const struct hash *h, size_t i) {
    return (unsigned)h->b[i / 8] >> (7 - i % 8) & 1u;
}

/* root(S, d) over the present items of at[n], all with the same first d bits. */
static struct hash naive_root(const struct item *at, size_t n, size_t d) {
    size_t count = 0, split = 0;
    const struct item *one = NULL;
    for (size_t i = 0; i < n; i++) {
        one = at[i].present ? &at[i] : one;
        count += at[i].present;
    }
    if (count == 0)
        return (struct hash){{0}};
    if (count == 1)
        return hash_pair(DOMAIN_SLEAF, &one->key_hash, &one->value_hash);
    while (split < n && !bit(&at[split].key_hash, d))
        split++;
    struct hash left = naive_root(at, split, d + 1), right = naive_root(at + split, n - split, d + 1);
    return hash_pair(DOMAIN_SNODE, &left, &right);
}

static int by_hash(const void *a, const void *b) {
    return hash_cmp(&((const struct item *)a)->key_hash, &((const struct item *)b)->key_hash);
}

/* A few keys share long prefixes, so that deep pages occur. */
static void model_init(struct model *m, struct rng *r) {
    memset(m, 0, sizeof *m);
    for (size_t i = 0; i < KEYS; i++) {
        rng_fill(r, m->at[i].key_hash.b, 32);
        if (i % 5 == 0 && i > 0) {
            size_t shared = (size_t)rng_below(r, 32);
            memcpy(m->at[i].key_hash.b, m->at[i - 1].key_hash.b, shared);
        }
    }
    qsort(m->at, KEYS, sizeof m->at[0], by_hash);
    for (size_t i = 0; i < KEYS; i++)
        snprintf(m->names[i], sizeof m->names[i], "key %zu", i);
}

static size_t random_changes(struct model *m, struct rng *r, struct tree_change *ret) {
    size_t n = 0;
    uint64_t percent = rng_chance(r, 1, 4) ? 60 : 4;
    bool emptying = rng_chance(r, 1, 6);
    for (size_t i = 0; i < KEYS; i++) {
        if (!rng_chance(r, emptying ? 95 : percent, 100))
            continue;
        m->at[i].present = emptying ? false : rng_chance(r, 2, 3);
        rng_fill(r, m->at[i].value_hash.b, 32);
        ret[n++] = (struct tree_change){.key = bytes_str(m->names[i]),
                                        .key_hash = m->at[i].key_hash,
                                        .value_hash = m->at[i].value_hash,
                                        .present = m->at[i].present};
    }
    return n;
}

static void open_database(void) {
    assert_ok(kv_open_mem(2, &kv, &err), &err);
    place = (struct tree_place){kv, 0, 1};
}

static struct tree_reader reader(void) {
    return (struct tree_reader){.place = place, .newest = root};
}

static void open_tree(size_t cache_bytes) {
    assert_ok(tree_open(&place, &root, cache_bytes, pool, &tree, &err), &err);
}

static void update(uint64_t version, const struct tree_change *c, size_t n) {
    struct kv_batch *b = kv_batch_new(kv);
    assert_ok(tree_update(tree, version, c, n, &root, &err), &err);
    assert_ok(tree_write(tree, b, &err), &err);
    assert_ok(kv_write(kv, b, true, &err), &err);
    tree_settle(tree, true);
    kv_batch_free(b);
}

/* The root that a proof leads to for the key, whatever it says. */
static struct hash fold(const struct tree_proof *p, const struct hash *key_hash) {
    struct hash h = {{0}};
    if (p->present || p->other)
        h = hash_pair(DOMAIN_SLEAF, &p->leaf_key, &p->leaf_value);
    for (size_t d = p->depth; d-- > 0;)
        h = bit(key_hash, d) ? hash_pair(DOMAIN_SNODE, &p->siblings[d], &h)
                             : hash_pair(DOMAIN_SNODE, &h, &p->siblings[d]);
    return h;
}

static void check_proof(const struct tree_root *at, const struct item *item) {
    struct tree_proof p;
    struct tree_reader r = reader();
    assert_ok(tree_prove(&r, at, &item->key_hash, &p, &err), &err);
    assert_int_equal(p.present, item->present);
    struct hash h = fold(&p, &item->key_hash);
    assert_true(hash_eq(&h, &at->hash));
    if (item->present)
        assert_true(hash_eq(&p.leaf_key, &item->key_hash) && hash_eq(&p.leaf_value, &item->value_hash));
    if (p.other)
        for (size_t d = 0; d < p.depth; d++)
            assert_int_equal(bit(&p.leaf_key, d), bit(&item->key_hash, d));
}

struct count {
    struct hash last;
    size_t n;
};

static int count_leaf(void *ctx, const struct hash *key_hash, const struct hash *value_hash, struct bytes key,
                      struct err *e) {
    (void)value_hash;
    (void)key;
    (void)e;
    struct count *c = (struct count *)ctx;
    assert_true(c->n == 0 || hash_cmp(&c->last, key_hash) < 0);
    c->last = *key_hash;
    c->n++;
    return CODE_OK;
}

static void check_walk(const struct tree_root *at, const struct model *m) {
    struct count c = {.n = 0};
    size_t want = 0;
    for (size_t i = 0; i < KEYS; i++)
        want += m->at[i].present;
    struct tree_reader r = reader();
    assert_ok(tree_walk(&r, at, NULL, count_leaf, &c, &err), &err);
    assert_int_equal(c.n, want);
}

static void check_against_model(uint64_t seed, size_t cache_bytes) {
    static struct model m, old[HEIGHTS + 1];
    static struct tree_change changes[KEYS];
    struct tree_root roots[HEIGHTS + 1];
    struct rng r;
    rng_init(&r, seed);
    root = (struct tree_root){0};
    open_database();
    open_tree(cache_bytes);
    model_init(&m, &r);
    for (uint64_t v = 1; v <= HEIGHTS; v++) {
        update(v, changes, random_changes(&m, &r, changes));
        struct hash want = naive_root(m.at, KEYS, 0);
        assert_true(hash_eq(&root.hash, &want));
        for (size_t i = 0; i < 10; i++)
            check_proof(&root, &m.at[rng_below(&r, KEYS)]);
        check_walk(&root, &m);
        roots[v] = root;
        old[v] = m;
        if (rng_chance(&r, 1, 5)) { /* a restart */
            tree_free(tree);
            open_tree(cache_bytes);
        }
        uint64_t back = v - rng_below(&r, v < 20 ? v : 20);
        check_proof(&roots[back], &old[back].at[rng_below(&r, KEYS)]);
        if (v > 20) {
            struct kv_batch *b = kv_batch_new(kv);
            undo_drop(b, 1, UNDO_TREE, v - 19);
            assert_ok(kv_write(kv, b, true, &err), &err);
            kv_batch_free(b);
        }
    }
    tree_free(tree);
    kv_close(kv);
}

static void tree_update__equals_the_definition(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        assert_ok(seed > 4 ? pool_new(3, &pool, &err) : CODE_OK, &err);
        check_against_model(seed, seed % 2 ? TREE_CACHE_BYTES : 3000);
        pool_free(pool);
        pool = NULL;
    }
}

static size_t count_pages(void) {
    struct kv_range all = {0};
    struct kv_iter *it;
    struct bytes key, value;
    size_t n = 0;
    assert_ok(kv_iter_open(kv, NULL, 0, &all, &it, &err), &err);
    while (kv_iter_next(it, &key, &value))
        n++;
    assert_ok(kv_iter_close(it, &err), &err);
    return n;
}

/* All at once or one by one, in any order, with detours: one root; and pruning leaves exactly the pages of the newest
 * tree. */
static void tree_update__order_does_not_matter(void **state) {
    (void)state;
    static struct model m;
    static struct tree_change changes[KEYS];
    struct rng r;
    rng_init(&r, 99);
    model_init(&m, &r);
    size_t n = 0;
    while (n < 200)
        n = random_changes(&m, &r, changes);
    for (size_t i = 0; i < n; i++)
        changes[i].present = true;
    struct hash first = {{0}};
    size_t pages = 0;
    for (int way = 0; way < 3; way++) {
        root = (struct tree_root){0};
        open_database();
        open_tree(100);
        uint64_t version = 1;
        if (way == 0) {
            update(version++, changes, n);
        } else {
            for (size_t i = 0; i < n; i++)
                update(version++, &changes[way == 1 ? i : n - 1 - i], 1);
            struct tree_change detour = changes[7];
            detour.present = false;
            update(version++, &detour, 1);
            update(version++, &changes[7], 1);
        }
        if (way == 0) {
            first = root.hash;
            pages = count_pages();
        }
        assert_true(hash_eq(&first, &root.hash));
        assert_int_equal(count_pages(), pages);
        tree_free(tree);
        kv_close(kv);
    }
}

enum { CROWD = 3000 };

/* Many keys below few slots: more than one stride of one slot, buckets that are not sorted by insertion, pages that
 * grow from narrow to wide and go again; in one thread and in several, where all is in memory and where little is. */
static void tree_update__crowded(void **state) {
    (void)state;
    static struct item items[CROWD];
    static struct tree_change changes[CROWD];
    static char names[CROWD][16];
    struct rng r;
    rng_init(&r, 17);
    for (int way = 0; way < 3; way++) {
        for (size_t i = 0; i < CROWD; i++) {
            rng_fill(&r, items[i].key_hash.b, 32);
            if (i % 8)
                items[i].key_hash.b[0] = 0x77; /* one slot of the second level has most */
            if (i % 8 > 2)
                items[i].key_hash.b[1] = (uint8_t)(i % 3);
            items[i].present = false;
        }
        qsort(items, CROWD, sizeof items[0], by_hash);
        for (size_t i = 0; i < CROWD; i++)
            snprintf(names[i], sizeof names[i], "key %zu", i);
        assert_ok(way ? pool_new(2, &pool, &err) : CODE_OK, &err);
        root = (struct tree_root){0};
        open_database();
        open_tree(way == 2 ? 3000 : TREE_CACHE_BYTES);
        for (uint64_t v = 1; v <= 12; v++) {
            size_t n = 0;
            for (size_t k = 0; k < CROWD; k++) {
                size_t i = v % 2 ? CROWD - 1 - k : k;
                if (v > 1 && !rng_chance(&r, v % 3 + 1, 3))
                    continue;
                items[i].present = v % 4 == 0 ? false : v % 4 == 3 ? rng_chance(&r, 1, 2) : true;
                rng_fill(&r, items[i].value_hash.b, 32);
                changes[n++] = (struct tree_change){.key = bytes_str(names[i]),
                                                    .key_hash = items[i].key_hash,
                                                    .value_hash = items[i].value_hash,
                                                    .present = items[i].present};
            }
            update(v, changes, n);
            struct hash want = naive_root(items, CROWD, 0);
            assert_true(hash_eq(&root.hash, &want));
            for (size_t i = 0; i < 5; i++)
                check_proof(&root, &items[rng_below(&r, CROWD)]);
        }
        tree_free(tree);
        kv_close(kv);
        pool_free(pool);
        pool = NULL;
    }
}

/* A page below that is damaged, or not there: the update says so, in one thread and in several, and the tree is as it
 * was when the page is back. */
static void tree_update__damaged_page(void **state) {
    (void)state;
    static struct model m;
    static struct tree_change changes[KEYS];
    struct rng r;
    for (int way = 0; way < 4; way++) {
        rng_init(&r, 40 + (uint64_t)way);
        assert_ok(way > 1 ? pool_new(2, &pool, &err) : CODE_OK, &err);
        model_init(&m, &r);
        root = (struct tree_root){0};
        open_database();
        open_tree(100);
        size_t n = 0;
        while (n < 200)
            n = random_changes(&m, &r, changes);
        for (size_t i = 0; i < n; i++)
            changes[i].present = true;
        update(1, changes, n);
        const uint8_t name[2] = {1, m.at[KEYS / 2].key_hash.b[0] & 0xf0};
        struct bytes key = bytes_of(name, 2);
        struct kv_value v;
        uint8_t page[65536];
        struct kv_batch *b = kv_batch_new(kv);
        assert_ok(kv_get(kv, NULL, 0, key, &v, &err), &err);
        memcpy(page, v.bytes.data, v.bytes.len);
        struct bytes whole = bytes_of(page, v.bytes.len);
        kv_value_release(&v);
        if (way % 2)
            kv_batch_del(b, 0, key);
        else
            kv_batch_put(b, 0, key, bytes_of(page, whole.len - 1));
        assert_ok(kv_write(kv, b, true, &err), &err);
        for (size_t i = 0; i < KEYS; i++) {
            m.at[i].present = i % 3;
            changes[i] = (struct tree_change){.key = bytes_str(m.names[i]),
                                              .key_hash = m.at[i].key_hash,
                                              .value_hash = m.at[i].value_hash,
                                              .present = m.at[i].present};
        }
        struct tree_root dropped;
        assert_code(tree_update(tree, 2, changes, KEYS, &dropped, &err), CODE_CORRUPT);
        kv_batch_clear(b);
        kv_batch_put(b, 0, key, whole);
        assert_ok(kv_write(kv, b, true, &err), &err);
        kv_batch_free(b);
        update(2, changes, KEYS);
        struct hash want = naive_root(m.at, KEYS, 0);
        assert_true(hash_eq(&root.hash, &want));
        tree_free(tree);
        kv_close(kv);
        pool_free(pool);
        pool = NULL;
    }
}

static void tree_settle__goes_back(void **state) {
    (void)state;
    static struct model m;
    static struct tree_change changes[KEYS];
    struct rng r;
    rng_init(&r, 5);
    model_init(&m, &r);
    root = (struct tree_root){0};
    open_database();
    open_tree(100);
    update(1, changes, random_changes(&m, &r, changes));
    struct model before = m;
    struct kv_batch *b = kv_batch_new(kv);
    struct tree_root dropped;
    assert_ok(tree_update(tree, 2, changes, random_changes(&m, &r, changes), &dropped, &err), &err);
    assert_ok(tree_write(tree, b, &err), &err);
    tree_settle(tree, false);
    kv_batch_free(b);
    m = before;
    update(2, changes, random_changes(&m, &r, changes));
    struct hash want = naive_root(m.at, KEYS, 0);
    assert_true(hash_eq(&root.hash, &want));
    tree_free(tree);
    kv_close(kv);
}

static void tree_open__damage_is_told(void **state) {
    (void)state;
    static struct model m;
    static struct tree_change changes[KEYS];
    struct rng r;
    struct tree *other;
    rng_init(&r, 6);
    model_init(&m, &r);
    root = (struct tree_root){0};
    open_database();
    open_tree(100);
    size_t n = 0;
    while (n < 100)
        n = random_changes(&m, &r, changes);
    update(1, changes, n);
    struct tree_root wrong = root;
    wrong.hash.b[5] ^= 1;
    assert_code(tree_open(&place, &wrong, 10, NULL, &other, &err), CODE_CORRUPT);
    /* every byte of every page: a flip is noticed by whoever walks there */
    struct kv_range all = {0};
    struct kv_iter *it;
    struct bytes key, value;
    struct count c = {.n = 0};
    assert_ok(kv_iter_open(kv, NULL, 0, &all, &it, &err), &err);
    while (kv_iter_next(it, &key, &value)) {
        uint8_t copy[65536];
        assert_true(value.len <= sizeof copy);
        memcpy(copy, value.data, value.len);
        size_t at = (size_t)rng_below(&r, value.len);
        copy[at] ^= (uint8_t)(1u << rng_below(&r, 8));
        struct kv_batch *b = kv_batch_new(kv);
        kv_batch_put(b, 0, key, bytes_of(copy, value.len));
        assert_ok(kv_write(kv, b, true, &err), &err);
        c.n = 0;
        struct tree_reader rd = reader();
        int rc = tree_walk(&rd, &root, NULL, count_leaf, &c, &err);
        bool raw_key = rc == CODE_OK; /* raw keys are the one thing that no hash here covers */
        if (!raw_key)
            assert_true(rc == CODE_CORRUPT || rc == CODE_PRUNED);
        kv_batch_clear(b);
        kv_batch_put(b, 0, key, value);
        assert_ok(kv_write(kv, b, true, &err), &err);
        kv_batch_free(b);
    }
    assert_ok(kv_iter_close(it, &err), &err);
    tree_free(tree);
    kv_close(kv);
}

TEST_MAIN(cmocka_unit_test(tree_update__equals_the_definition), cmocka_unit_test(tree_update__order_does_not_matter),
          cmocka_unit_test(tree_update__crowded), cmocka_unit_test(tree_update__damaged_page),
          cmocka_unit_test(tree_settle__goes_back), cmocka_unit_test(tree_open__damage_is_told))
