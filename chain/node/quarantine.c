/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/quarantine.h"

#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/file.h"
#include "chain/os/log.h"
#include "chain/types/key.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { DUMP_ARENA = 96 << 20, MARK_MAX = 64 << 10, LOG_FILE_MAX = 64 << 20 };

static int mark_path(const char *data_dir, char *ret, size_t size, struct err *err) {
    int n = snprintf(ret, size, "%s/quarantine/active.json", data_dir);
    return n > 0 && (size_t)n < size ? CODE_OK : err_set(err, CODE_CONFIG, "%s is too long a path", data_dir);
}

/* --- the dump --- */

struct dump {
    const struct quarantine_case *c;
    const char *data_dir;
    char dir[PATH_LEN_MAX];
    struct arena arena;
    struct buf index; /* what lies there, a line each */
};

static void put(struct dump *d, const char *name, struct bytes bytes, const char *what) {
    char path[PATH_LEN_MAX];
    struct err err;
    int rc = path_join(d->dir, name, path, sizeof path, &err);
    if (rc == CODE_OK)
        rc = file_write_atomic(path, bytes, 0600, &err);
    if (rc == CODE_OK)
        buf_printf(&d->index, "%s: %s\n", name, what);
    else
        log_error("node", "the quarantine's dump is not complete", "file=%s why=%s", name, log_quote(err_text(&err)).s);
}

static void put_record(struct dump *d, enum store_record kind, uint64_t height, const char *name, const char *what) {
    struct bytes bytes;
    if (height > 0 && store_get_record(d->c->store, kind, height, &d->arena, &bytes, NULL) == CODE_OK)
        put(d, name, bytes, what);
    arena_reset(&d->arena);
}

static void put_block(struct dump *d) {
    const struct quarantine_case *c = d->c;
    if (c->block != NULL)
        put(d, "certified-block.pb", c->block->encoded, "message Block that a quorum decided and this node refuses");
    Certificate *pb = NULL;
    struct bytes bytes;
    if (c->certificate != NULL &&
        certificate_to_pb(c->certificate, c->head->info.validators.n, &d->arena, &pb, NULL) == CODE_OK &&
        pb_encode(pb, &d->arena, &bytes, NULL) == CODE_OK)
        put(d, "certificate.pb", bytes, "message Certificate that decided it");
    arena_reset(&d->arena);
}

/* The digest of every module's part of the newest state here: compare with another node's at the same height. */
static void put_digests(struct dump *d) {
    struct store_view *view = NULL;
    struct buf text;
    if (store_view_open(d->c->store, &view, NULL) != CODE_OK)
        return;
    buf_init(&text, MARK_MAX);
    buf_printf(&text, "{\n  \"height\": \"%" PRIu64 "\"", store_view_height(view));
    for (unsigned m = 0; m < 256; m++) {
        const char *name = key_module_name(m);
        struct hash digest;
        uint8_t prefix = (uint8_t)m;
        if (name != NULL && store_digest(view, bytes_of(&prefix, 1), &digest, NULL) == CODE_OK)
            buf_printf(&text, ",\n  \"%s\": \"%s\"", name, hash_hex(&digest).s);
    }
    buf_put_str(&text, "\n}\n");
    put(d, "digests.json", buf_bytes(&text), "a digest of each module's part of the state after the newest height");
    buf_release(&text);
    store_view_close(view);
}

static void put_copy(struct dump *d, const char *name, const char *what) {
    char path[PATH_LEN_MAX];
    struct buf b;
    buf_init(&b, LOG_FILE_MAX);
    if (path_join(d->data_dir, name, path, sizeof path, NULL) == CODE_OK && file_read(path, &b, NULL) == CODE_OK)
        put(d, name, buf_bytes(&b), what);
    buf_release(&b);
}

static void put_all(struct dump *d, struct bytes mark) {
    put(d, "case.json", mark, "what happened");
    put_block(d);
    put_record(d, STORE_BLOCK, d->c->head->height, "last-block.pb",
               "message StoredBlock, the newest that this node committed");
    put_record(d, STORE_RESULTS, d->c->head->height, "last-results.pb", "its results by this node");
    put_copy(d, "wal.0", "the durability log of even heights");
    put_copy(d, "wal.1", "the durability log of odd heights");
    put_digests(d);
    put(d, "index.txt", buf_bytes(&d->index), "this list");
}

/* --- the mark --- */

static const char *reason_of(const struct quarantine_case *c, char *room, size_t size) {
    /* a block that was checked ahead says nothing about the state here */
    bool next = c->block != NULL && c->height == c->head->height + 1;
    const struct hash *certified = next ? &c->block->header.app_hash : NULL;
    if (certified != NULL && !hash_eq(certified, &c->head->app_hash))
        snprintf(room, size,
                 "more than two thirds certified another app hash after height %" PRIu64 " than this node computed",
                 c->head->height);
    else
        snprintf(room, size,
                 "more than two thirds decided block %" PRIu64 ", which is invalid by this node's rules: %s", c->height,
                 c->verdict != NULL && c->verdict[0] != '\0' ? c->verdict : "see its log");
    return room;
}

static int mark_write(const char *data_dir, const struct quarantine_case *c, struct arena *arena, const char **ret_text,
                      struct err *err) {
    char path[PATH_LEN_MAX], reason[ERR_MSG_MAX + 128];
    Quarantine q = QUARANTINE__INIT;
    q.height = c->height;
    q.header_id = pb_data(hash_bytes(c->id));
    q.app_hash = pb_data(hash_bytes(&c->head->app_hash));
    if (c->block != NULL && c->height == c->head->height + 1)
        q.certified_app_hash = pb_data(hash_bytes(&c->block->header.app_hash));
    q.time = c->time_ms;
    q.reason = pb_text(reason_of(c, reason, sizeof reason));
    q.version = pb_text(c->version);
    int rc = mark_path(data_dir, path, sizeof path, err);
    if (rc == CODE_OK)
        rc = json_print_pb(&q, true, arena, ret_text, err);
    return rc == CODE_OK ? file_write_atomic(path, bytes_str(*ret_text), 0600, err) : rc;
}

int quarantine_begin(const char *data_dir, const struct quarantine_case *c, struct err *err) {
    struct dump d = {.c = c, .data_dir = data_dir};
    struct arena marks;
    const char *text = NULL;
    char name[32];
    arena_init(&marks, MARK_MAX);
    arena_init(&d.arena, DUMP_ARENA);
    buf_init(&d.index, MARK_MAX);
    snprintf(name, sizeof name, "%" PRIu64, c->height);
    int rc = path_join(data_dir, "quarantine", d.dir, sizeof d.dir, err);
    if (rc == CODE_OK)
        rc = dir_make(d.dir, 0700, err);
    if (rc == CODE_OK)
        rc = mark_write(data_dir, c, &marks, &text, err);
    char parent[PATH_LEN_MAX];
    memcpy(parent, d.dir, sizeof parent);
    if (rc == CODE_OK && path_join(parent, name, d.dir, sizeof d.dir, NULL) == CODE_OK &&
        dir_make(d.dir, 0700, NULL) == CODE_OK)
        put_all(&d, bytes_str(text));
    buf_release(&d.index);
    arena_release(&d.arena);
    arena_release(&marks);
    return rc;
}

int quarantine_load(const char *data_dir, struct arena *arena, Quarantine **ret, struct err *err) {
    char path[PATH_LEN_MAX];
    struct buf b;
    int rc = mark_path(data_dir, path, sizeof path, err);
    if (rc != CODE_OK)
        return rc;
    if (!path_exists(path)) {
        *ret = NULL;
        return CODE_OK;
    }
    buf_init(&b, MARK_MAX);
    rc = file_read(path, &b, err);
    if (rc == CODE_OK)
        rc = json_read_pb(&quarantine__descriptor, buf_bytes(&b), arena, ret, err);
    buf_release(&b);
    if (rc != CODE_OK)
        return err_wrap(err, CODE_CORRUPT, "%s cannot be read (`cairnd quarantine clear` takes it away)", path);
    return CODE_OK;
}

int quarantine_clear(const char *data_dir, struct err *err) {
    char path[PATH_LEN_MAX], dir[PATH_LEN_MAX];
    int rc = mark_path(data_dir, path, sizeof path, err);
    if (rc == CODE_OK)
        rc = path_join(data_dir, "quarantine", dir, sizeof dir, err);
    if (rc != CODE_OK)
        return rc;
    if (!path_exists(path))
        return err_set(err, CODE_NOT_FOUND, "this node is not in quarantine");
    if (unlink(path) != 0)
        return err_set(err, CODE_IO, "cannot remove %s", path);
    return dir_sync(dir, err);
}

int quarantine_refuse(const Quarantine *q, struct err *err) {
    return err_set(
        err, CODE_QUARANTINED,
        "this node is in quarantine since height %" PRIu64 " (%s): keep data/quarantine/%" PRIu64
        " for who looks for the cause, then stop the node, run `cairnd quarantine clear --home HOME --resync` "
        "and start it: it fetches the ledger anew from its peers",
        q->height, q->reason, q->height);
}
