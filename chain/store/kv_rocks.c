/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RocksDB back end, tuned for a small footprint: the write buffers and one shared cache, which also holds indexes
 * and filters, bound its memory; a few open files; two background threads. Values stay pinned in RocksDB until
 * released: no copy.
 *
 * Recovery: a torn tail of the log (never acknowledged) is dropped; damage before it refuses to open.
 */
#include "chain/base/limits.h"
#include "chain/os/file.h"
#include "chain/store/kv_backend.h"

#include <assert.h>
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define CACHE_BYTES        (16 * MIB)
#define WRITE_BUFFER_BYTES (4 * MIB)
#define BUFFERS_TOTAL      6          /* write buffers of all families together, in units of one */
#define WAL_BYTES          (48 * MIB) /* what a start replays at most, about */
#define OPEN_FILES         256
#define BLOOM_BITS         10.0
#define FILTER_PIECE_BYTES (4 * KIB)
#define BLOB_LEN_MIN       (64 * KIB)

struct rocks {
    struct kv kv;
    rocksdb_t *db;
    rocksdb_options_t *options, *plain, *large; /* the same without compression; with blob files */
    rocksdb_column_family_handle_t *families[KV_FAMILIES_MAX];
    rocksdb_readoptions_t *read;
    rocksdb_writeoptions_t *write_synced, *write_plain;
    rocksdb_compactoptions_t *compact;
    char dir[PATH_LEN_MAX];
};

struct kv_snap {
    const rocksdb_snapshot_t *snap;
    rocksdb_readoptions_t *read;
};

struct rocks_iter {
    struct kv_iter base;
    rocksdb_iterator_t *it;
    rocksdb_readoptions_t *read;
    bool reverse, started;
    uint8_t bounds[]; /* the options point into it */
};

static struct rocks *rocks_of(struct kv *kv) {
    return (struct rocks *)kv;
}

/* Takes RocksDB's text: frees it. */
static int rocks_error(struct err *err, char *text, const char *what) {
    int rc;
    if (strstr(text, "No space left"))
        rc = err_set(err, CODE_DISK_FULL, "%s: the disk is full; make room and start again (%s)", what, text);
    else
        rc = err_set(err, strncmp(text, "Corruption", 10) ? CODE_IO : CODE_CORRUPT, "%s: %s", what, text);
    rocksdb_free(text);
    return rc;
}

static const char *chars(struct bytes s) {
    return s.data ? (const char *)s.data : "";
}

/* --- open and close --------------------------------------------------------------------------------------------- */

static rocksdb_options_t *options_new(const struct kv_rocks_options *o) {
    size_t buffer = o && o->write_buffer_bytes ? o->write_buffer_bytes : WRITE_BUFFER_BYTES;
    rocksdb_options_t *opt = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(opt, !(o && o->must_exist));
    rocksdb_options_set_create_missing_column_families(opt, 1);
    rocksdb_options_set_write_buffer_size(opt, buffer);
    rocksdb_options_set_db_write_buffer_size(opt, buffer * BUFFERS_TOTAL);
    rocksdb_options_set_max_write_buffer_number(opt, 3);
    rocksdb_options_set_max_total_wal_size(opt, WAL_BYTES);
    rocksdb_options_set_max_background_jobs(opt, 2);
    rocksdb_options_set_max_open_files(opt, OPEN_FILES);
    rocksdb_options_set_table_cache_numshardbits(opt, 2);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(opt, 1);
    rocksdb_options_set_target_file_size_base(opt, 16 * MIB);
    rocksdb_options_set_compression(opt, rocksdb_lz4_compression);
    rocksdb_options_set_bytes_per_sync(opt, 1 * MIB);
    rocksdb_options_set_wal_recovery_mode(opt, rocksdb_tolerate_corrupted_tail_records_recovery);
    rocksdb_options_set_info_log_level(opt, 3); /* errors */
    rocksdb_options_set_max_log_file_size(opt, 1 * MIB);
    rocksdb_options_set_keep_log_file_num(opt, 2);
    rocksdb_options_set_stats_dump_period_sec(opt, 0);
    rocksdb_options_set_stats_persist_period_sec(opt, 0);
    rocksdb_options_set_skip_stats_update_on_db_open(opt, 1);

    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_cache_t *cache = rocksdb_cache_create_lru(o && o->cache_bytes ? o->cache_bytes : CACHE_BYTES);
    rocksdb_block_based_options_set_block_cache(table, cache);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(table, 1);
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1);
    rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(BLOOM_BITS));
    /* In pieces of a few KiB: whole, the filters of ten million keys would push each other out of the cache, and every
     * read would fetch 100 KiB of them. */
    rocksdb_block_based_options_set_index_type(table, rocksdb_block_based_table_index_type_two_level_index_search);
    rocksdb_block_based_options_set_partition_filters(table, 1);
    rocksdb_block_based_options_set_metadata_block_size(table, FILTER_PIECE_BYTES);
    rocksdb_block_based_options_set_pin_top_level_index_and_filter(table, 1);
    rocksdb_block_based_options_set_format_version(table, 5);
    rocksdb_options_set_block_based_table_factory(opt, table);
    rocksdb_block_based_options_destroy(table);
    rocksdb_cache_destroy(cache); /* the factory keeps it */
    return opt;
}

static void rocks_free(struct rocks *r) {
    if (r->db) {
        rocksdb_cancel_all_background_work(r->db, 1);
        for (unsigned i = 0; i < r->kv.families; i++)
            rocksdb_column_family_handle_destroy(r->families[i]);
        rocksdb_close(r->db);
    }
    rocksdb_readoptions_destroy(r->read);
    rocksdb_writeoptions_destroy(r->write_synced);
    rocksdb_writeoptions_destroy(r->write_plain);
    rocksdb_compactoptions_destroy(r->compact);
    rocksdb_options_destroy(r->options);
    rocksdb_options_destroy(r->plain);
    rocksdb_options_destroy(r->large);
    free(r);
}

static int open_error(struct err *err, char *text, const char *dir) {
    if (strstr(text, "lock file") || strstr(text, "lock hold")) {
        rocksdb_free(text);
        return err_set(err, CODE_LOCKED, "the database in %s is in use by another process; stop that one first", dir);
    }
    int code = rocks_error(err, text, "the database does not open");
    return err_wrap(err, code, "%s", dir);
}

static bool database_exists(const char *dir) {
    char path[PATH_LEN_MAX];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/CURRENT", dir);
    return n > 0 && (size_t)n < sizeof path && stat(path, &st) == 0;
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static void rocks_close(struct kv *kv) {
    rocks_free(rocks_of(kv));
}

static int rocks_get(struct kv *kv, const struct kv_snap *snap, unsigned family, struct bytes key, struct kv_value *ret,
                     struct err *err) {
    struct rocks *r = rocks_of(kv);
    char *text = NULL;
    rocksdb_pinnableslice_t *v =
        rocksdb_get_pinned_cf(r->db, snap ? snap->read : r->read, r->families[family], chars(key), key.len, &text);
    if (text)
        return rocks_error(err, text, "reading the database");
    if (!v)
        return CODE_NOT_FOUND;
    size_t len;
    const char *data = rocksdb_pinnableslice_value(v, &len);
    *ret = (struct kv_value){.bytes = bytes_of(data, len), .pin = v, .kv = kv};
    return CODE_OK;
}

static void rocks_value_release(struct kv *kv, void *pin) {
    (void)kv;
    rocksdb_pinnableslice_destroy((rocksdb_pinnableslice_t *)pin);
}

static int rocks_snap_new(struct kv *kv, struct kv_snap **ret, struct err *err) {
    struct kv_snap *s = (struct kv_snap *)calloc(1, sizeof *s);
    if (!s)
        return err_set(err, CODE_NO_MEMORY, "no memory for a snapshot of the database");
    s->snap = rocksdb_create_snapshot(rocks_of(kv)->db);
    s->read = rocksdb_readoptions_create();
    rocksdb_readoptions_set_snapshot(s->read, s->snap);
    *ret = s;
    return CODE_OK;
}

static void rocks_snap_free(struct kv *kv, struct kv_snap *s) {
    rocksdb_readoptions_destroy(s->read);
    rocksdb_release_snapshot(rocks_of(kv)->db, s->snap);
    free(s);
}

static int rocks_iter_open(struct kv *kv, const struct kv_snap *snap, unsigned family, const struct kv_range *range,
                           struct kv_iter **ret, struct err *err) {
    struct rocks *r = rocks_of(kv);
    struct rocks_iter *it = (struct rocks_iter *)calloc(1, sizeof *it + range->from.len + range->to.len);
    if (!it)
        return err_set(err, CODE_NO_MEMORY, "no memory for reading the database in order");
    char *from = (char *)it->bounds, *to = from + range->from.len;
    it->reverse = range->reverse;
    it->read = rocksdb_readoptions_create();
    if (snap)
        rocksdb_readoptions_set_snapshot(it->read, snap->snap);
    if (range->from.len) {
        memcpy(from, range->from.data, range->from.len);
        rocksdb_readoptions_set_iterate_lower_bound(it->read, from, range->from.len);
    }
    if (range->to.len) {
        memcpy(to, range->to.data, range->to.len);
        rocksdb_readoptions_set_iterate_upper_bound(it->read, to, range->to.len);
    }
    it->it = rocksdb_create_iterator_cf(r->db, it->read, r->families[family]);
    *ret = &it->base;
    return CODE_OK;
}

static void iter_step(struct rocks_iter *it) {
    if (!it->started && it->reverse)
        rocksdb_iter_seek_to_last(it->it); /* of the bounds */
    else if (!it->started)
        rocksdb_iter_seek_to_first(it->it);
    else if (it->reverse)
        rocksdb_iter_prev(it->it);
    else
        rocksdb_iter_next(it->it);
    it->started = true;
}

static bool iter_pair(const struct rocks_iter *it, struct bytes *ret_key, struct bytes *ret_value) {
    if (!rocksdb_iter_valid(it->it))
        return false;
    size_t len;
    const char *p = rocksdb_iter_key(it->it, &len);
    *ret_key = bytes_of(p, len);
    p = rocksdb_iter_value(it->it, &len);
    *ret_value = bytes_of(p, len);
    return true;
}

static bool rocks_iter_next(struct kv_iter *base, struct bytes *ret_key, struct bytes *ret_value) {
    struct rocks_iter *it = (struct rocks_iter *)base;
    if (it->started && !rocksdb_iter_valid(it->it))
        return false;
    iter_step(it);
    return iter_pair(it, ret_key, ret_value);
}

static bool rocks_iter_seek(struct kv_iter *base, struct bytes key, struct bytes *ret_key, struct bytes *ret_value) {
    struct rocks_iter *it = (struct rocks_iter *)base;
    assert(it->reverse);
    rocksdb_iter_seek_for_prev(it->it, chars(key), key.len);
    it->started = true;
    return iter_pair(it, ret_key, ret_value);
}

static int rocks_iter_close(struct kv_iter *base, struct err *err) {
    struct rocks_iter *it = (struct rocks_iter *)base;
    char *text = NULL;
    rocksdb_iter_get_error(it->it, &text);
    rocksdb_iter_destroy(it->it);
    rocksdb_readoptions_destroy(it->read);
    free(it);
    return text ? rocks_error(err, text, "reading the database in order") : CODE_OK;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static void *rocks_batch_new(struct kv *kv) {
    (void)kv;
    return rocksdb_writebatch_create();
}

static void rocks_batch_free(void *batch) {
    rocksdb_writebatch_destroy((rocksdb_writebatch_t *)batch);
}

static void rocks_batch_clear(void *batch) {
    rocksdb_writebatch_clear((rocksdb_writebatch_t *)batch);
}

static bool rocks_batch_put(struct kv *kv, void *batch, unsigned family, struct bytes key, const struct bytes *value) {
    rocksdb_writebatch_t *b = (rocksdb_writebatch_t *)batch;
    rocksdb_column_family_handle_t *cf = rocks_of(kv)->families[family];
    if (value)
        rocksdb_writebatch_put_cf(b, cf, chars(key), key.len, chars(*value), value->len);
    else
        rocksdb_writebatch_delete_cf(b, cf, chars(key), key.len);
    return true;
}

static bool rocks_batch_del_range(struct kv *kv, void *batch, unsigned family, struct bytes from, struct bytes to) {
    rocksdb_writebatch_delete_range_cf((rocksdb_writebatch_t *)batch, rocks_of(kv)->families[family], chars(from),
                                       from.len, chars(to), to.len);
    return true;
}

static int rocks_write(struct kv *kv, void *batch, bool sync, struct err *err) {
    struct rocks *r = rocks_of(kv);
    char *text = NULL;
    rocksdb_write(r->db, sync ? r->write_synced : r->write_plain, (rocksdb_writebatch_t *)batch, &text);
    return text ? rocks_error(err, text, "writing the database") : CODE_OK;
}

static int rocks_reclaim(struct kv *kv, unsigned family, struct bytes from, struct bytes to, struct err *err) {
    struct rocks *r = rocks_of(kv);
    (void)err;
    rocksdb_compact_range_cf_opt(r->db, r->families[family], r->compact, from.len ? chars(from) : NULL, from.len,
                                 to.len ? chars(to) : NULL, to.len);
    return CODE_OK;
}

static int rocks_drop_files(struct kv *kv, unsigned family, struct bytes from, struct bytes to, struct err *err) {
    struct rocks *r = rocks_of(kv);
    char *text = NULL;
    rocksdb_delete_file_in_range_cf(r->db, r->families[family], chars(from), from.len, chars(to), to.len, &text);
    return text ? rocks_error(err, text, "giving back disk space of the database") : CODE_OK;
}

struct sum {
    const char *dir;
    uint64_t bytes;
};

static int add_file(void *ctx, const char *name, struct err *err) {
    struct sum *sum = (struct sum *)ctx;
    char path[PATH_LEN_MAX];
    struct stat st;
    (void)err;
    int n = snprintf(path, sizeof path, "%s/%s", sum->dir, name);
    if (n > 0 && (size_t)n < sizeof path && stat(path, &st) == 0) /* it may be gone by now */
        sum->bytes += (uint64_t)st.st_size;
    return CODE_OK;
}

static uint64_t rocks_disk_bytes(struct kv *kv) {
    struct sum sum = {.dir = rocks_of(kv)->dir};
    (void)dir_each(sum.dir, add_file, &sum, NULL);
    return sum.bytes;
}

static bool rocks_busy(struct kv *kv) {
    static const char *const counts[] = {"rocksdb.num-running-compactions", "rocksdb.num-running-flushes",
                                         "rocksdb.compaction-pending", "rocksdb.mem-table-flush-pending"};
    struct rocks *r = rocks_of(kv);
    bool busy = false;
    for (unsigned f = 0; f < kv->families; f++)
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            uint64_t n = 0;
            (void)rocksdb_property_int_cf(r->db, r->families[f], counts[i], &n);
            busy = busy || n > 0;
        }
    return busy;
}

static const struct kv_ops rocks_ops = {
    .close = rocks_close,
    .get = rocks_get,
    .value_release = rocks_value_release,
    .snap_new = rocks_snap_new,
    .snap_free = rocks_snap_free,
    .iter_open = rocks_iter_open,
    .iter_next = rocks_iter_next,
    .iter_seek = rocks_iter_seek,
    .iter_close = rocks_iter_close,
    .batch_new = rocks_batch_new,
    .batch_free = rocks_batch_free,
    .batch_clear = rocks_batch_clear,
    .batch_put = rocks_batch_put,
    .batch_del_range = rocks_batch_del_range,
    .write = rocks_write,
    .reclaim = rocks_reclaim,
    .drop_files = rocks_drop_files,
    .disk_bytes = rocks_disk_bytes,
    .busy = rocks_busy,
};

int kv_open_rocks(const char *dir, const char *const *families, unsigned n, const struct kv_rocks_options *options,
                  struct kv **ret, struct err *err) {
    assert(n > 0 && n < KV_FAMILIES_MAX);
    if (options && options->must_exist && !database_exists(dir))
        return err_set(err, CODE_NOT_FOUND, "there is no database in %s", dir);
    struct rocks *r = (struct rocks *)calloc(1, sizeof *r);
    if (!r)
        return err_set(err, CODE_NO_MEMORY, "no memory to open the database in %s", dir);
    r->kv.ops = &rocks_ops;
    (void)snprintf(r->dir, sizeof r->dir, "%s", dir); /* RocksDB refuses a longer one */
    r->kv.families = n;
    r->options = options_new(options);
    r->plain = rocksdb_options_create_copy(r->options);
    rocksdb_options_set_compression(r->plain, rocksdb_no_compression);
    r->large = rocksdb_options_create_copy(r->options);
    rocksdb_options_set_enable_blob_files(r->large, 1); /* merges move keys, not values */
    rocksdb_options_set_min_blob_size(r->large, BLOB_LEN_MIN);
    r->read = rocksdb_readoptions_create();
    r->write_plain = rocksdb_writeoptions_create();
    r->write_synced = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(r->write_synced, 1);
    r->compact = rocksdb_compactoptions_create();
    rocksdb_compactoptions_set_exclusive_manual_compaction(r->compact, 0); /* others go on meanwhile */

    /* RocksDB insists on a family of its own, "default": the last, never used */
    const char *names[KV_FAMILIES_MAX];
    const rocksdb_options_t *family_options[KV_FAMILIES_MAX];
    rocksdb_column_family_handle_t *handles[KV_FAMILIES_MAX] = {NULL};
    for (unsigned i = 0; i <= n; i++) {
        names[i] = i < n ? families[i] : "default";
        family_options[i] = !options                  ? r->options
                            : options->large >> i & 1 ? r->large
                            : options->plain >> i & 1 ? r->plain
                                                      : r->options;
    }
    char *text = NULL;
    r->db = rocksdb_open_column_families(r->options, dir, (int)n + 1, names, family_options, handles, &text);
    if (text) {
        r->db = NULL;
        rocks_free(r);
        return open_error(err, text, dir);
    }
    memcpy(r->families, handles, sizeof handles);
    r->kv.families = n;
    rocksdb_column_family_handle_destroy(handles[n]);
    *ret = &r->kv;
    return CODE_OK;
}
