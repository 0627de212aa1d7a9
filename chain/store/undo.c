/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/store/undo.h"

#include "chain/base/limits.h"

#include <assert.h>

#define CHUNK_LEN ((size_t)4096) /* closed by the entry that passes it */

static size_t chunk_key(uint64_t height, struct bytes key, uint8_t ret[8 + KEY_LEN_MAX]) {
    assert(key.len <= KEY_LEN_MAX);
    store_be64(ret, height);
    if (key.len)
        memcpy(ret + 8, key.data, key.len);
    return 8 + key.len;
}

static void put_entry(struct buf *chunk, const struct state_change *c) {
    buf_put_be16(chunk, (uint16_t)c->key.len);
    buf_put_bytes(chunk, c->key);
    buf_put_u8(chunk, c->was_present);
    buf_put_be32(chunk, c->was_present ? (uint32_t)c->old.len : 0);
    if (c->was_present)
        buf_put_bytes(chunk, c->old);
}

int undo_put(struct kv_batch *batch, unsigned family, uint64_t height, const struct state_diff *diff, struct err *err) {
    uint8_t key[8 + KEY_LEN_MAX];
    struct buf chunk;
    int rc = CODE_OK;
    buf_init(&chunk, CHUNK_LEN + KEY_LEN_MAX + VALUE_LEN_MAX + 7);
    for (size_t i = 0; i < diff->len && rc == CODE_OK;) {
        size_t key_len = chunk_key(height, diff->at[i].key, key);
        for (; i < diff->len && chunk.len < CHUNK_LEN; i++)
            put_entry(&chunk, &diff->at[i]);
        rc = buf_check(&chunk, err);
        kv_batch_put(batch, family, bytes_of(key, key_len), buf_bytes(&chunk));
        buf_clear(&chunk);
    }
    buf_release(&chunk);
    return rc;
}

/* Cuts the first entry off *rest. False when it is damaged. */
static bool next_entry(struct bytes *rest, struct bytes *ret_key, bool *ret_present, struct bytes *ret_old) {
    if (rest->len < 2)
        return false;
    size_t key_len = load_be16(rest->data);
    if (rest->len - 2 < key_len || rest->len - 2 - key_len < 5)
        return false;
    const uint8_t *p = rest->data + 2 + key_len;
    size_t used = 2 + key_len + 5, old_len = load_be32(p + 1);
    if (p[0] > 1 || rest->len - used < old_len)
        return false;
    *ret_key = bytes_of(rest->data + 2, key_len);
    *ret_present = p[0];
    *ret_old = bytes_of(p + 5, old_len);
    *rest = bytes_of(rest->data + used + old_len, rest->len - used - old_len);
    return true;
}

static int search_chunk(struct bytes chunk, struct bytes key, struct arena *arena, struct undo_found *ret,
                        struct err *err) {
    struct bytes k, old;
    bool present;
    while (chunk.len) {
        if (!next_entry(&chunk, &k, &present, &old))
            return err_set(err, CODE_CORRUPT, "a record of overwritten state is damaged");
        int c = bytes_cmp(k, key);
        if (c > 0)
            break;
        if (c < 0)
            continue;
        *ret = (struct undo_found){.changed = true, .was_present = present};
        if (!arena_dup_bytes(arena, old, &ret->old))
            return err_set(err, CODE_NO_MEMORY, "a stored value of %zu bytes does not fit the memory of this task",
                           old.len);
        return CODE_OK;
    }
    *ret = (struct undo_found){0};
    return CODE_OK;
}

int undo_find(struct kv *kv, const struct kv_snap *snap, unsigned family, uint64_t height, struct bytes key,
              struct arena *arena, struct undo_found *ret, struct err *err) {
    uint8_t from[8], to[8 + KEY_LEN_MAX + 1];
    store_be64(from, height);
    size_t to_len = chunk_key(height, key, to);
    to[to_len++] = 0; /* just above the key: the last chunk that begins at or before it */
    struct kv_range range = {bytes_of(from, sizeof from), bytes_of(to, to_len), true};
    struct kv_iter *it;
    struct bytes name, chunk;
    int rc = kv_iter_open(kv, snap, family, &range, &it, err);
    if (rc)
        return rc;
    struct undo_found found = {0};
    if (kv_iter_next(it, &name, &chunk))
        rc = search_chunk(chunk, key, arena, &found, err);
    int closed = kv_iter_close(it, rc ? NULL : err);
    rc = rc ? rc : closed;
    if (rc == CODE_OK)
        *ret = found;
    return rc;
}

int undo_drop(struct kv *kv, unsigned family, uint64_t height, struct kv_batch *batch, struct err *err) {
    uint8_t from[8], to[8];
    store_be64(from, height);
    store_be64(to, height + 1);
    struct kv_range range = {bytes_of(from, sizeof from), bytes_of(to, sizeof to), false};
    struct kv_iter *it;
    struct bytes key, value;
    int rc = kv_iter_open(kv, NULL, family, &range, &it, err);
    if (rc)
        return rc;
    while (kv_iter_next(it, &key, &value))
        kv_batch_del(batch, family, key);
    return kv_iter_close(it, err);
}
