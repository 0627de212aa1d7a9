/* SPDX-License-Identifier: Apache-2.0 */
/* What is committed: records, indexes, roots. Every call reads one view, so it sees one height whole. */
#include "chain/base/limits.h"
#include "chain/store/store_private.h"

#include <assert.h>

int check_height(uint64_t height, uint64_t first, uint64_t newest, struct err *err) {
    if (height > newest)
        return err_set(err, CODE_NOT_FOUND, "height %llu is not there yet; the newest is %llu",
                       (unsigned long long)height, (unsigned long long)newest);
    if (height < first)
        return err_set(err, CODE_PRUNED, "height %llu is not kept any more; the oldest is %llu",
                       (unsigned long long)height, (unsigned long long)first);
    return CODE_OK;
}

bool store_height(struct store *s, uint64_t *ret_height) {
    struct store_view *v = view_newest(s);
    if (!v)
        return false;
    *ret_height = v->head.height;
    store_view_close(v);
    return true;
}

uint64_t store_next(struct store *s) {
    uint64_t height;
    return store_height(s, &height) ? height + 1 : 0;
}

struct hash store_root(struct store *s) {
    struct hash root = {{0}};
    struct store_view *v = view_newest(s);
    if (v)
        root = v->head.root.hash;
    store_view_close(v);
    return root;
}

uint64_t store_first_block(struct store *s) {
    struct store_view *v = view_newest(s);
    uint64_t first = v ? v->head.first_block : 0;
    store_view_close(v);
    return first;
}

uint64_t store_first_proof(struct store *s) {
    struct store_view *v = view_newest(s);
    uint64_t first = v ? v->head.first_proof : 0;
    store_view_close(v);
    return first;
}

static int empty_store(struct err *err) {
    return err_set(err, CODE_NOT_FOUND, "nothing is committed yet");
}

int store_get_root(struct store *s, uint64_t height, struct hash *ret, struct err *err) {
    struct store_view *v = view_newest(s);
    if (!v)
        return empty_store(err);
    struct root_record r;
    int rc = check_height(height, v->head.first_proof, v->head.height, err);
    if (rc == CODE_OK)
        rc = root_record_get(s->kv, v->snap, height, &r, err);
    if (rc == CODE_OK)
        *ret = r.root.hash;
    store_view_close(v);
    return rc;
}

int store_get_record(struct store *s, enum store_record kind, uint64_t height, struct arena *arena, struct bytes *ret,
                     struct err *err) {
    struct height_key key = height_key((char)kind, height);
    struct store_view *v = view_newest(s);
    if (!v)
        return empty_store(err);
    int rc = check_height(height, v->head.first_block, v->head.height, err);
    if (rc == CODE_OK) {
        rc = kv_get_dup(s->kv, v->snap, STORE_FAMILY_BLOCKS, height_key_bytes(&key), arena, ret, err);
        if (rc == CODE_NOT_FOUND)
            rc = err_set(err, rc, "height %llu has no such record", (unsigned long long)height);
    }
    store_view_close(v);
    return rc;
}

int store_get_meta(struct store *s, const char *name, struct arena *arena, struct bytes *ret, struct err *err) {
    uint8_t key[256] = {'m'};
    size_t len = strlen(name);
    assert(len < sizeof key);
    memcpy(key + 1, name, len);
    struct store_view *v = view_newest(s);
    if (!v)
        return empty_store(err);
    int rc = kv_get_dup(s->kv, v->snap, STORE_FAMILY_META, bytes_of(key, 1 + len), arena, ret, err);
    store_view_close(v);
    return rc == CODE_NOT_FOUND ? err_set(err, rc, "the store has no record named %s", name) : rc;
}

int store_find_tx(struct store *s, const struct hash *tx_id, uint64_t *ret_height, uint32_t *ret_index,
                  struct err *err) {
    uint8_t key[33] = {'t'};
    memcpy(key + 1, tx_id->b, 32);
    struct kv_value v;
    int rc = kv_get(s->kv, NULL, STORE_FAMILY_INDEX, bytes_of(key, sizeof key), &v, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, rc, "no block that is kept has the transaction %s", hash_hex(tx_id).s);
    if (rc)
        return rc;
    bool good = v.bytes.len == 12;
    uint64_t height = good ? load_be64(v.bytes.data) : 0;
    uint32_t index = good ? load_be32(v.bytes.data + 8) : 0;
    kv_value_release(&v);
    if (!good)
        return err_set(err, CODE_CORRUPT, "the index entry of transaction %s is damaged", hash_hex(tx_id).s);
    if (height < store_first_block(s)) /* its block went, it will go, too */
        return err_set(err, CODE_NOT_FOUND, "no block that is kept has the transaction %s", hash_hex(tx_id).s);
    *ret_height = height;
    *ret_index = index;
    return CODE_OK;
}

int store_find_event(struct store *s, struct bytes key, uint64_t from_height, size_t max, uint64_t *ret_heights,
                     uint32_t *ret_indexes, size_t *ret_n, struct err *err) {
    uint8_t from[1 + KEY_LEN_MAX + 1 + 8], to[1 + KEY_LEN_MAX + 1];
    if (key.len > KEY_LEN_MAX || (key.len && memchr(key.data, 0, key.len)))
        return err_set(err, CODE_INVALID_ARGUMENT, "an event key has at most %d bytes and no zero byte", KEY_LEN_MAX);
    from[0] = 'e';
    if (key.len)
        memcpy(from + 1, key.data, key.len);
    from[1 + key.len] = 0;
    memcpy(to, from, 1 + key.len);
    to[1 + key.len] = 1;
    uint64_t first = store_first_block(s);
    store_be64(from + 2 + key.len, from_height > first ? from_height : first);
    struct kv_range range = {bytes_of(from, 10 + key.len), bytes_of(to, 2 + key.len), false};
    struct kv_iter *it;
    struct bytes k, value;
    size_t n = 0;
    int rc = kv_iter_open(s->kv, NULL, STORE_FAMILY_INDEX, &range, &it, err);
    if (rc)
        return rc;
    while (n < max && kv_iter_next(it, &k, &value)) {
        assert(k.len == 14 + key.len);
        ret_heights[n] = load_be64(k.data + 2 + key.len);
        ret_indexes[n++] = load_be32(k.data + 10 + key.len);
    }
    rc = kv_iter_close(it, err);
    if (rc == CODE_OK)
        *ret_n = n;
    return rc;
}
