/* SPDX-License-Identifier: Apache-2.0 */
/* Taking in a state whose pairs come in any order: batches of them, each with the tree brought up to date. */
#include "chain/store/store_snapshot.h"

#include "chain/crypto/hash.h"
#include "chain/store/hash_all.h"
#include "chain/store/store_private.h"

#include <assert.h>
#include <stdlib.h>

#define BATCH_PAIRS  16384
#define BATCH_BYTES  (8 * MIB)
#define BATCH_MEMORY (BATCH_BYTES + KEY_LEN_MAX + VALUE_LEN_MAX + BATCH_PAIRS * (256 + 2 * 16) + 1 * MIB)

struct store_load {
    struct store *store;
    struct tree *tree;
    struct tree_root root; /* so far; its version counts updates */
    struct arena arena;    /* the pairs of this batch */
    struct bytes keys[BATCH_PAIRS], values[BATCH_PAIRS];
    size_t n, bytes;
};

int store_load_begin(struct store *s, struct store_load **ret, struct err *err) {
    struct tree_place place = {s->kv, STORE_FAMILY_TREE, TREE_NO_UNDO};
    assert(!s->batch_open);
    int rc = import_refuse(s, err);
    struct store_load *l = rc ? NULL : (struct store_load *)calloc(1, sizeof *l);
    if (!l)
        return rc ? rc : err_set(err, CODE_NO_MEMORY, "no memory to take in a state");
    l->store = s;
    s->batch_open = true;
    arena_init(&l->arena, BATCH_MEMORY);
    rc = import_fresh(s, bytes_str("pairs"), err);
    if (rc == CODE_OK)
        rc = tree_open(&place, &l->root, TREE_CACHE_BYTES, s->pool, &l->tree, err);
    if (rc)
        store_load_close(l);
    else
        *ret = l;
    return rc;
}

void store_load_close(struct store_load *l) {
    if (!l)
        return;
    l->store->batch_open = false;
    tree_free(l->tree);
    arena_release(&l->arena);
    free(l);
}

static int by_key_hash(const void *a, const void *b) {
    return hash_cmp(&((const struct tree_change *)a)->key_hash, &((const struct tree_change *)b)->key_hash);
}

static int put_batch(struct store_load *l, struct kv_batch *batch, struct err *err) {
    struct hash *key_hash = (struct hash *)arena_array(&l->arena, l->n, sizeof *key_hash);
    struct hash *value_hash = (struct hash *)arena_array(&l->arena, l->n, sizeof *value_hash);
    struct tree_change *c = (struct tree_change *)arena_array(&l->arena, l->n, sizeof *c);
    if (!key_hash || !value_hash || !c)
        return err_set(err, CODE_NO_MEMORY, "no memory for a batch of pairs");
    hash_all(DOMAIN_STATE, l->keys, l->n, &l->arena, key_hash);
    hash_all(DOMAIN_VALUE, l->values, l->n, &l->arena, value_hash);
    for (size_t i = 0; i < l->n; i++) {
        c[i] = (struct tree_change){l->keys[i], key_hash[i], value_hash[i], true};
        kv_batch_put(batch, STORE_FAMILY_STATE, l->keys[i], l->values[i]);
    }
    qsort(c, l->n, sizeof *c, by_key_hash);
    for (size_t i = 1; i < l->n; i++)
        if (hash_eq(&c[i - 1].key_hash, &c[i].key_hash))
            return err_set(err, CODE_INVALID_ARGUMENT, "a key is given twice");
    int rc = tree_update(l->tree, l->root.version + 1, c, l->n, &l->root, err);
    return rc ? rc : tree_write(l->tree, batch, err);
}

static int flush(struct store_load *l, struct err *err) {
    struct tree_root before = l->root;
    struct kv_batch *batch = kv_batch_new(l->store->kv);
    int rc = batch ? put_batch(l, batch, err) : err_set(err, CODE_NO_MEMORY, "no memory for a batch of pairs");
    if (rc == CODE_OK)
        rc = kv_write(l->store->kv, batch, false, err); /* the last write of all is synced */
    tree_settle(l->tree, rc == CODE_OK);
    if (rc)
        l->root = before;
    kv_batch_free(batch);
    arena_reset(&l->arena);
    l->n = l->bytes = 0;
    return rc;
}

int store_load_pair(struct store_load *l, struct bytes key, struct bytes value, struct err *err) {
    if (key.len == 0 || key.len > KEY_LEN_MAX || value.len > VALUE_LEN_MAX)
        return err_set(err, CODE_TOO_LARGE, "a pair of %zu and %zu bytes; a key has 1 to %d, a value at most %zu",
                       key.len, value.len, KEY_LEN_MAX, VALUE_LEN_MAX);
    if (!arena_dup_bytes(&l->arena, key, &l->keys[l->n]) || !arena_dup_bytes(&l->arena, value, &l->values[l->n]))
        return err_set(err, CODE_NO_MEMORY, "no memory for a batch of pairs");
    l->n++;
    l->bytes += key.len + value.len;
    return l->n == BATCH_PAIRS || l->bytes >= BATCH_BYTES ? flush(l, err) : CODE_OK;
}

int store_load_finish(struct store_load *l, uint64_t height, const struct hash *root,
                      const struct store_import_end *end, struct err *err) {
    int rc = l->n ? flush(l, err) : CODE_OK;
    if (rc)
        return rc;
    if (!hash_eq(&l->root.hash, root))
        return err_set(err, CODE_INTEGRITY, "the pairs have the root %s, not %s: something is missing, changed or more",
                       hash_hex(&l->root.hash).s, hash_hex(root).s);
    return import_end(l->store, height, root, end, err);
}
