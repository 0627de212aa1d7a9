/* SPDX-License-Identifier: Apache-2.0 */
/* Views: one committed height, and through undo records and old tree pages the heights shortly before. */
#include "chain/crypto/hash.h"
#include "chain/store/store_private.h"
#include "chain/store/undo.h"

#include <stdlib.h>

struct store_view *view_newest(struct store *s) {
    mutex_lock(&s->lock);
    struct store_view *v = s->newest;
    if (v)
        atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    mutex_unlock(&s->lock);
    return v;
}

bool views_need(struct store *s, uint64_t *ret_block, uint64_t *ret_undo) {
    uint64_t block = UINT64_MAX, undo = UINT64_MAX;
    mutex_lock(&s->lock);
    for (const struct store_view *v = s->views; v; v = v->after) {
        block = v->head.first_block < block ? v->head.first_block : block;
        undo = v->head.undo_from < undo ? v->head.undo_from : undo;
    }
    bool any = s->newest != NULL;
    mutex_unlock(&s->lock);
    *ret_block = block;
    *ret_undo = undo;
    return any;
}

int store_view_open(struct store *s, struct store_view **ret, struct err *err) {
    struct store_view *v = view_newest(s);
    if (!v)
        return err_set(err, CODE_NOT_READY, "nothing is committed yet");
    *ret = v;
    return CODE_OK;
}

void store_view_close(struct store_view *v) {
    if (!v || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct store *s = v->store;
    mutex_lock(&s->lock);
    *(v->before ? &v->before->after : &s->views) = v->after;
    if (v->after)
        v->after->before = v->before;
    mutex_unlock(&s->lock);
    kv_snap_free(v->store->kv, v->snap);
    free(v);
}

uint64_t store_view_height(const struct store_view *v) {
    return v->head.height;
}

struct hash store_view_root(const struct store_view *v) {
    return v->head.root.hash;
}

int store_view_state(struct store_view *v, size_t cap_bytes, struct state **ret, struct err *err) {
    return state_new(v->store->kv, v->snap, STORE_FAMILY_STATE, cap_bytes, ret, err);
}

struct tree_reader view_tree(const struct store_view *v) {
    return (struct tree_reader){
        .place = {v->store->kv, STORE_FAMILY_TREE, STORE_FAMILY_UNDO},
        .snap = v->snap,
        .newest = v->head.root,
    };
}

/* --- older heights ---------------------------------------------------------------------------------------------- */

/* The first height above `height` that changed the key kept what it was. CODE_STALE: none did, it is as it was. */
static int find_before(struct store_view *v, struct undo_reader *undo, uint64_t height, struct bytes key,
                       struct arena *arena, struct bytes *ret, struct err *err) {
    for (uint64_t h = height + 1; h <= v->head.height; h++) {
        struct bytes old;
        int rc = undo_find(undo, h, key, arena, &old, err);
        if (rc == CODE_NOT_FOUND)
            continue;
        if (rc == CODE_OK && (old.len == 0 || old.data[0] > 1))
            rc = err_set(err, CODE_CORRUPT, "a record of what height %llu overwrote is damaged", (unsigned long long)h);
        if (rc)
            return rc;
        if (!old.data[0])
            return CODE_NOT_FOUND;
        *ret = bytes_of(old.data + 1, old.len - 1);
        return CODE_OK;
    }
    return CODE_STALE;
}

int store_get_at(struct store_view *v, uint64_t height, struct bytes key, struct arena *arena, struct bytes *ret,
                 struct err *err) {
    struct kv *kv = v->store->kv;
    int rc = check_height(height, v->head.first_proof, v->head.height, err);
    if (rc)
        return rc;
    if (key.len == 0 || key.len > KEY_LEN_MAX)
        return CODE_NOT_FOUND;
    if (height < v->head.height) {
        struct undo_reader undo;
        struct err failure = {0};
        rc = undo_open(&undo, kv, v->snap, STORE_FAMILY_UNDO, UNDO_STATE, err);
        if (rc)
            return rc;
        rc = find_before(v, &undo, height, key, arena, ret, err);
        int closed = undo_close(&undo, &failure);
        if (closed)
            return err_set(err, closed, "%s", err_text(&failure));
        if (rc != CODE_STALE)
            return rc;
    }
    return kv_get_dup(kv, v->snap, STORE_FAMILY_STATE, key, arena, ret, err);
}

/* Puts one height's old values back over st; goes through all its chunks. */
static int put_back(struct store_view *v, uint64_t height, struct state *st, struct err *err) {
    struct undo_walk w;
    struct bytes key, old;
    int rc = undo_walk_open(&w, v->store->kv, v->snap, STORE_FAMILY_UNDO, UNDO_STATE, height, err);
    if (rc)
        return rc;
    while (rc == CODE_OK && undo_walk_next(&w, &key, &old)) {
        if (old.len == 0 || old.data[0] > 1)
            rc = err_set(err, CODE_CORRUPT, "a record of what height %llu overwrote is damaged",
                         (unsigned long long)height);
        else if (old.data[0])
            rc = state_put(st, key, bytes_of(old.data + 1, old.len - 1), err);
        else
            rc = state_del(st, key, err);
    }
    int closed = undo_walk_close(&w, rc ? NULL : err);
    return rc ? rc : closed;
}

int store_view_state_at(struct store_view *v, uint64_t height, size_t cap_bytes, struct state **ret, struct err *err) {
    struct state *st = NULL;
    int rc = check_height(height, v->head.first_proof, v->head.height, err);
    if (rc == CODE_OK)
        rc = store_view_state(v, cap_bytes, &st, err);
    for (uint64_t h = v->head.height; h > height && rc == CODE_OK; h--) /* the older value wins */
        rc = put_back(v, h, st, err);
    if (rc)
        state_free(st);
    else
        *ret = st;
    return rc;
}

int store_tree_page(struct store_view *v, uint64_t height, const uint8_t *path, size_t n, struct arena *arena,
                    struct tree_page_view *ret, struct err *err) {
    struct tree_reader tree = view_tree(v);
    int rc = check_height(height, v->head.first_proof, v->head.height, err);
    if (rc == CODE_OK && n >= 64)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "a page of the tree has a path of 0 to 63 nibbles");
    return rc ? rc : tree_read_page(&tree, height + 1, path, n, arena, ret, err);
}

static ProtobufCBinaryData binary(struct bytes s) {
    return (ProtobufCBinaryData){.len = s.len, .data = (uint8_t *)(uintptr_t)s.data};
}

static bool copy_binary(struct arena *arena, struct bytes s, ProtobufCBinaryData *ret) {
    struct bytes copy;
    if (!arena_dup_bytes(arena, s, &copy))
        return false;
    *ret = binary(copy);
    return true;
}

/* The siblings that are not empty, and the mask of where they are. */
static bool fill_siblings(StateProof *p, const struct tree_proof *t, struct arena *arena) {
    size_t n = 0;
    p->depth = (uint32_t)t->depth;
    p->sibling_mask.len = (t->depth + 7) / 8;
    p->sibling_mask.data = (uint8_t *)arena_alloc(arena, p->sibling_mask.len);
    p->siblings = (ProtobufCBinaryData *)arena_array(arena, t->depth, sizeof *p->siblings);
    if (!p->sibling_mask.data || !p->siblings)
        return false;
    for (size_t d = 0; d < t->depth; d++) {
        if (hash_is_zero(&t->siblings[d]))
            continue;
        p->sibling_mask.data[d / 8] |= (uint8_t)(0x80u >> d % 8);
        if (!copy_binary(arena, hash_bytes(&t->siblings[d]), &p->siblings[n++]))
            return false;
    }
    p->n_siblings = n;
    return true;
}

static StateProof *proof_message(uint64_t height, struct bytes key, struct bytes value, const struct tree_proof *t,
                                 struct arena *arena) {
    StateProof *p = ARENA_NEW(arena, StateProof);
    if (!p)
        return NULL;
    *p = (StateProof)STATE_PROOF__INIT;
    p->height = height;
    p->present = t->present;
    p->value = binary(t->present ? value : BYTES_NONE);
    bool ok = copy_binary(arena, key, &p->key) && fill_siblings(p, t, arena);
    if (t->other)
        ok = ok && copy_binary(arena, hash_bytes(&t->leaf_key), &p->other_key_hash) &&
             copy_binary(arena, hash_bytes(&t->leaf_value), &p->other_value_hash);
    return ok ? p : NULL;
}

int store_prove(struct store_view *v, uint64_t height, struct bytes key, struct arena *arena, StateProof **ret,
                struct err *err) {
    struct kv *kv = v->store->kv;
    struct root_record root;
    struct tree_proof t;
    struct bytes value = BYTES_NONE;
    int rc = check_height(height, v->head.first_proof, v->head.height, err);
    if (rc == CODE_OK && (key.len == 0 || key.len > KEY_LEN_MAX))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "a state key has 1 to %d bytes, not %zu", KEY_LEN_MAX, key.len);
    if (rc == CODE_OK)
        rc = root_record_get(kv, v->snap, height, &root, err);
    if (rc)
        return rc;
    struct hash key_hash = hash_of(DOMAIN_STATE, key);
    struct tree_reader tree = view_tree(v);
    root.root.version = height + 1; /* the same root; nothing between to look through */
    rc = tree_prove(&tree, &root.root, &key_hash, &t, err);
    if (rc)
        return rc;
    rc = store_get_at(v, height, key, arena, &value, err);
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    struct hash value_hash = hash_of(DOMAIN_VALUE, value);
    if ((rc == CODE_OK) != t.present || (t.present && !hash_eq(&value_hash, &t.leaf_value)))
        return err_set(err, CODE_CORRUPT, "the state and its tree disagree about a key at height %llu",
                       (unsigned long long)height);
    StateProof *p = proof_message(height, key, value, &t, arena);
    if (!p)
        return err_set(err, CODE_NO_MEMORY, "no memory for a proof");
    *ret = p;
    return CODE_OK;
}
