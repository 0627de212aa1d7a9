/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/store/kv.h"

#include "chain/store/kv_backend.h"

#include <assert.h>
#include <stdlib.h>

void kv_close(struct kv *kv) {
    if (kv)
        kv->ops->close(kv);
}

int kv_failed(const struct kv *kv, struct err *err) {
    int code = atomic_load_explicit(&kv->failed, memory_order_acquire);
    if (code && err)
        *err = kv->failure;
    return code;
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

int kv_get(struct kv *kv, const struct kv_snap *snap, unsigned family, struct bytes key, struct kv_value *ret,
           struct err *err) {
    assert(family < kv->families);
    return kv->ops->get(kv, snap, family, key, ret, err);
}

void kv_value_release(struct kv_value *v) {
    if (v->pin)
        v->kv->ops->value_release(v->kv, v->pin);
    *v = (struct kv_value){.kv = v->kv};
}

int kv_get_dup(struct kv *kv, const struct kv_snap *snap, unsigned family, struct bytes key, struct arena *arena,
               struct bytes *ret, struct err *err) {
    struct kv_value v;
    int rc = kv_get(kv, snap, family, key, &v, err);
    if (rc)
        return rc;
    size_t len = v.bytes.len;
    if (!arena_dup_bytes(arena, v.bytes, ret))
        rc = err_set(err, CODE_NO_MEMORY, "a stored value of %zu bytes does not fit the memory of this task", len);
    kv_value_release(&v);
    return rc;
}

int kv_snap_new(struct kv *kv, struct kv_snap **ret, struct err *err) {
    return kv->ops->snap_new(kv, ret, err);
}

void kv_snap_free(struct kv *kv, struct kv_snap *snap) {
    if (snap)
        kv->ops->snap_free(kv, snap);
}

int kv_iter_open(struct kv *kv, const struct kv_snap *snap, unsigned family, const struct kv_range *range,
                 struct kv_iter **ret, struct err *err) {
    assert(family < kv->families);
    int rc = kv->ops->iter_open(kv, snap, family, range, ret, err);
    if (rc == CODE_OK)
        (*ret)->kv = kv;
    return rc;
}

bool kv_iter_next(struct kv_iter *it, struct bytes *ret_key, struct bytes *ret_value) {
    return it->kv->ops->iter_next(it, ret_key, ret_value);
}

bool kv_iter_seek(struct kv_iter *it, struct bytes key, struct bytes *ret_key, struct bytes *ret_value) {
    return it->kv->ops->iter_seek(it, key, ret_key, ret_value);
}

int kv_iter_close(struct kv_iter *it, struct err *err) {
    return it ? it->kv->ops->iter_close(it, err) : CODE_OK;
}

struct bytes kv_prefix_end(struct bytes prefix, uint8_t *room) {
    size_t len = prefix.len;
    while (len && prefix.data[len - 1] == 0xff)
        len--;
    if (!len)
        return BYTES_NONE;
    memcpy(room, prefix.data, len);
    room[len - 1]++;
    return bytes_of(room, len);
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

struct kv_batch *kv_batch_new(struct kv *kv) {
    struct kv_batch *b = (struct kv_batch *)calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->kv = kv;
    b->impl = kv->ops->batch_new(kv);
    if (!b->impl) {
        free(b);
        return NULL;
    }
    return b;
}

void kv_batch_free(struct kv_batch *b) {
    if (!b)
        return;
    b->kv->ops->batch_free(b->impl);
    free(b);
}

void kv_batch_clear(struct kv_batch *b) {
    b->kv->ops->batch_clear(b->impl);
    b->count = b->len = 0;
    b->failed = false;
}

static void batch_add(struct kv_batch *b, unsigned family, struct bytes key, const struct bytes *value) {
    assert(family < b->kv->families);
    if (!b->kv->ops->batch_put(b->kv, b->impl, family, key, value))
        b->failed = true;
    b->count++;
    b->len += key.len + (value ? value->len : 0);
}

void kv_batch_put(struct kv_batch *b, unsigned family, struct bytes key, struct bytes value) {
    batch_add(b, family, key, &value);
}

void kv_batch_del(struct kv_batch *b, unsigned family, struct bytes key) {
    batch_add(b, family, key, NULL);
}

void kv_batch_del_range(struct kv_batch *b, unsigned family, struct bytes from, struct bytes to) {
    assert(family < b->kv->families);
    if (!b->kv->ops->batch_del_range(b->kv, b->impl, family, from, to))
        b->failed = true;
    b->count++;
    b->len += from.len + to.len;
}

size_t kv_batch_count(const struct kv_batch *b) {
    return b->count;
}

size_t kv_batch_len(const struct kv_batch *b) {
    return b->len;
}

/* The first failure stays. */
static void latch(struct kv *kv, int code, const struct err *failure) {
    if (atomic_exchange(&kv->failing, true))
        return;
    kv->failure = *failure;
    atomic_store_explicit(&kv->failed, code, memory_order_release);
}

int kv_write(struct kv *kv, struct kv_batch *b, bool sync, struct err *err) {
    assert(b->kv == kv);
    int rc = kv_failed(kv, err);
    if (rc)
        return rc;
    if (b->failed)
        return err_set(err, CODE_NO_MEMORY, "no memory for a batch of %zu changes", b->count);
    struct err failure = {0};
    rc = kv->ops->write(kv, b->impl, sync, &failure);
    if (rc)
        latch(kv, rc, &failure);
    if (rc && err)
        *err = failure;
    return rc;
}

int kv_reclaim(struct kv *kv, unsigned family, struct bytes from, struct bytes to, struct err *err) {
    assert(family < kv->families);
    return kv->ops->reclaim(kv, family, from, to, err);
}

int kv_drop_files(struct kv *kv, unsigned family, struct bytes from, struct bytes to, struct err *err) {
    assert(family < kv->families);
    return kv->ops->drop_files(kv, family, from, to, err);
}

uint64_t kv_disk_bytes(struct kv *kv) {
    return kv->ops->disk_bytes(kv);
}

bool kv_busy(struct kv *kv) {
    return kv->ops->busy(kv);
}
