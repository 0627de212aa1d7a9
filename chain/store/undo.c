/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/store/undo.h"

#include <assert.h>

#define CHUNK_LEN     ((size_t)4096) /* closed by the entry that passes it */
#define CHUNK_LEN_MAX (CHUNK_LEN + 2 * VALUE_LEN_MAX)

static size_t prefix(enum undo_kind kind, uint64_t height, uint8_t ret[9]) {
    ret[0] = (uint8_t)kind;
    store_be64(ret + 1, height);
    return 9;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

void undo_begin(struct undo_writer *w, struct kv_batch *batch, unsigned family, enum undo_kind kind, uint64_t height) {
    w->batch = batch;
    w->family = family;
    w->key_len = 0;
    (void)prefix(kind, height, w->key);
    buf_init(&w->chunk, CHUNK_LEN_MAX);
}

static void close_chunk(struct undo_writer *w) {
    if (w->chunk.len == 0 || buf_failed(&w->chunk))
        return;
    kv_batch_put(w->batch, w->family, bytes_of(w->key, w->key_len), buf_bytes(&w->chunk));
    buf_clear(&w->chunk);
}

void undo_add(struct undo_writer *w, struct bytes name, struct bytes payload) {
    assert(name.len > 0 && name.len <= KEY_LEN_MAX && payload.len <= UINT32_MAX);
    if (w->chunk.len == 0) {
        memcpy(w->key + 9, name.data, name.len);
        w->key_len = 9 + name.len;
    }
    buf_put_be16(&w->chunk, (uint16_t)name.len);
    buf_put_bytes(&w->chunk, name);
    buf_put_be32(&w->chunk, (uint32_t)payload.len);
    buf_put_bytes(&w->chunk, payload);
    if (w->chunk.len >= CHUNK_LEN)
        close_chunk(w);
}

int undo_end(struct undo_writer *w, struct err *err) {
    close_chunk(w);
    int rc = buf_check(&w->chunk, err);
    buf_release(&w->chunk);
    return rc;
}

void undo_drop(struct kv_batch *batch, unsigned family, enum undo_kind kind, uint64_t below) {
    uint8_t from[9], to[9];
    (void)prefix(kind, 0, from);
    (void)prefix(kind, below, to);
    kv_batch_del_range(batch, family, bytes_of(from, sizeof from), bytes_of(to, sizeof to));
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* Cuts the first entry off *rest. False when it is damaged. */
static bool next_entry(struct bytes *rest, struct bytes *ret_name, struct bytes *ret_payload) {
    if (rest->len < 2)
        return false;
    size_t name_len = load_be16(rest->data);
    if (rest->len - 2 < name_len || rest->len - 2 - name_len < 4)
        return false;
    const uint8_t *p = rest->data + 2 + name_len;
    size_t used = 2 + name_len + 4, len = load_be32(p);
    if (rest->len - used < len)
        return false;
    *ret_name = bytes_of(rest->data + 2, name_len);
    *ret_payload = bytes_of(p + 4, len);
    *rest = bytes_of(rest->data + used + len, rest->len - used - len);
    return true;
}

static int search_chunk(struct bytes chunk, struct bytes name, struct arena *arena, struct bytes *ret,
                        struct err *err) {
    struct bytes n, payload;
    while (chunk.len) {
        if (!next_entry(&chunk, &n, &payload))
            return err_set(err, CODE_CORRUPT, "a record of what a height overwrote is damaged");
        int c = bytes_cmp(n, name);
        if (c > 0)
            break;
        if (c < 0)
            continue;
        if (!arena_dup_bytes(arena, payload, ret))
            return err_set(err, CODE_NO_MEMORY, "a stored value of %zu bytes does not fit the memory of this task",
                           payload.len);
        return CODE_OK;
    }
    return CODE_NOT_FOUND;
}

int undo_open(struct undo_reader *r, struct kv *kv, const struct kv_snap *snap, unsigned family, enum undo_kind kind,
              struct err *err) {
    uint8_t from = (uint8_t)kind, to = (uint8_t)(kind + 1);
    struct kv_range range = {bytes_of(&from, 1), bytes_of(&to, 1), true};
    r->kind = kind;
    r->it = NULL;
    return kv_iter_open(kv, snap, family, &range, &r->it, err);
}

int undo_find(struct undo_reader *r, uint64_t height, struct bytes name, struct arena *arena, struct bytes *ret,
              struct err *err) {
    uint8_t want[UNDO_KEY_MAX];
    assert(name.len > 0 && name.len <= KEY_LEN_MAX);
    size_t head = prefix(r->kind, height, want);
    memcpy(want + head, name.data, name.len);
    struct bytes key, chunk; /* the last chunk that begins at or before the name */
    if (!kv_iter_seek(r->it, bytes_of(want, head + name.len), &key, &chunk) || !bytes_starts(key, bytes_of(want, head)))
        return CODE_NOT_FOUND;
    return search_chunk(chunk, name, arena, ret, err);
}

int undo_close(struct undo_reader *r, struct err *err) {
    return kv_iter_close(r->it, err);
}

/* --- a whole height -------------------------------------------------------------------------------------------------
 */

int undo_walk_open(struct undo_walk *w, struct kv *kv, const struct kv_snap *snap, unsigned family, enum undo_kind kind,
                   uint64_t height, struct err *err) {
    uint8_t from[9], to[9];
    struct kv_range range = {bytes_of(from, prefix(kind, height, from)), bytes_of(to, prefix(kind, height + 1, to)),
                             false};
    *w = (struct undo_walk){.it = NULL};
    return kv_iter_open(kv, snap, family, &range, &w->it, err);
}

bool undo_walk_next(struct undo_walk *w, struct bytes *ret_name, struct bytes *ret_payload) {
    struct bytes key;
    if (w->damaged || (w->rest.len == 0 && !kv_iter_next(w->it, &key, &w->rest)))
        return false;
    w->damaged = !next_entry(&w->rest, ret_name, ret_payload);
    return !w->damaged;
}

int undo_walk_close(struct undo_walk *w, struct err *err) {
    int rc = kv_iter_close(w->it, err);
    return rc == CODE_OK && w->damaged ? err_set(err, CODE_CORRUPT, "a record of what a height overwrote is damaged")
                                       : rc;
}
