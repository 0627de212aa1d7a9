/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_KV_BACKEND_H
#define CAIRN_CHAIN_STORE_KV_BACKEND_H
/* What a back end of kv.h fills in. Private to chain/store. */
#include "chain/store/kv.h"

#include <stdatomic.h>

/*
 * No slot is called with arguments that kv.c can refuse (a family out of range, a latched database). Reads may be
 * called from any thread, write from one at a time; all may block on the disk. Every slot is set.
 */
struct kv_ops {
    void (*close)(struct kv *kv); /* frees kv itself */
    int (*get)(struct kv *kv, const struct kv_snap *snap, unsigned family, struct bytes key, struct kv_value *ret,
               struct err *err);
    void (*value_release)(struct kv *kv, void *pin); /* pin is never NULL */
    int (*snap_new)(struct kv *kv, struct kv_snap **ret, struct err *err);
    void (*snap_free)(struct kv *kv, struct kv_snap *snap);
    int (*iter_open)(struct kv *kv, const struct kv_snap *snap, unsigned family, const struct kv_range *range,
                     struct kv_iter **ret, struct err *err); /* sets everything of kv_iter but kv */
    bool (*iter_next)(struct kv_iter *it, struct bytes *ret_key, struct bytes *ret_value);
    bool (*iter_seek)(struct kv_iter *it, struct bytes key, struct bytes *ret_key, struct bytes *ret_value);
    int (*iter_close)(struct kv_iter *it, struct err *err); /* frees it */
    void *(*batch_new)(struct kv *kv);                      /* NULL: out of memory */
    void (*batch_free)(void *batch);
    void (*batch_clear)(void *batch);
    bool (*batch_put)(struct kv *kv, void *batch, unsigned family, struct bytes key,
                      const struct bytes *value); /* NULL: del */
    bool (*batch_del_range)(struct kv *kv, void *batch, unsigned family, struct bytes from, struct bytes to);
    int (*write)(struct kv *kv, void *batch, bool sync, struct err *err);
    int (*reclaim)(struct kv *kv, unsigned family, struct bytes from, struct bytes to, struct err *err);
    int (*drop_files)(struct kv *kv, unsigned family, struct bytes from, struct bytes to, struct err *err);
    uint64_t (*disk_bytes)(struct kv *kv);
    bool (*busy)(struct kv *kv);
};

struct kv {
    const struct kv_ops *ops;
    unsigned families;
    struct err failure;  /* valid once failed is set */
    atomic_bool failing; /* a thread has begun to write failure */
    atomic_int failed;   /* 0, or the code that latched it */
};

struct kv_iter {
    struct kv *kv;
};

struct kv_batch {
    struct kv *kv;
    void *impl;
    size_t count, len;
    bool failed; /* out of memory in a put: kv_write refuses it */
};

#endif
