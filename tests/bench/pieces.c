/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data path inside one process, 16 MiB segments of ec:4+2+w:
 *
 *   cut      code and hash a segment for all positions, one thread, beside hashing the same bytes alone
 *   upload   a payload through the uploader into the piece store of a primary, two workers, beside the same bytes cut
 * and written put      the limit of a whole put with client and seven providers on one machine (LIMITS.md §9): whole
 * hashed twice, columns twice, everything written once; bench_put holds its figure against this one
 */
#include "chain/base/limits.h"
#include "chain/base/rng.h"
#include "chain/codec/pb.h"
#include "chain/coding/cut.h"
#include "chain/crypto/piece_tree.h"
#include "chain/os/file.h"
#include "chain/os/thread.h"
#include "sp/piecestore/piece_local.h"
#include "sp/uploader/uploader.h"
#include "tests/bench/bench.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEGMENTS = 16, THREADS = 2 };
#define SEGMENT (16 * MIB)
#define MB      1e6

struct world {
    struct coder coder;
    Profile profile;
    struct cut cuts[THREADS];
    struct hash *scratch[THREADS];
    struct piecestore *store;
    struct spdb db;
    struct uploader *uploader;
    uint8_t *payload; /* one segment, sent again and again */
    uint64_t object_id;
    atomic_uint next;
    bool twice; /* hash everything a second time, as the other end does */
};

static void must(int rc, const struct err *err) {
    if (!rc)
        return;
    (void)fprintf(stderr, "%s: %s\n", code_name(rc), err_text(err));
    exit(1);
}

/* --- one thread --- */

static double hash_alone(void *ctx) {
    struct world *w = ctx;
    struct cut *cut = &w->cuts[0];
    size_t column = SEGMENT / 4;
    for (unsigned i = 0; i < SEGMENTS / 4; i++) {
        leaf_hash_many(cut->segment, SEGMENT, w->scratch[0]);
        for (unsigned m = 0; m < 2; m++)
            leaf_hash_many(cut->parity + m * column, column, w->scratch[0]);
    }
    return SEGMENTS / 4 * (double)SEGMENT / MB;
}

static double cut_alone(void *ctx) {
    struct world *w = ctx;
    for (unsigned i = 0; i < SEGMENTS / 4; i++)
        cut_run(&w->cuts[0], SEGMENT);
    return SEGMENTS / 4 * (double)SEGMENT / MB;
}

/* --- two threads --- */

struct lane {
    struct world *w;
    unsigned index;
    unsigned positions; /* how many of them are written */
};

static void hash_again(struct world *w, unsigned lane) {
    const struct cut *cut = &w->cuts[lane];
    (void)piece_hash(cut->segment, SEGMENT, w->scratch[lane], NULL);
    for (unsigned p = 1; p < 7; p++)
        (void)piece_hash(cut->pieces[p].data.data, cut->pieces[p].data.len, w->scratch[lane], NULL);
}

static void run_lane(void *arg) {
    struct lane *lane = arg;
    struct world *w = lane->w;
    struct cut *cut = &w->cuts[lane->index];
    struct err err;
    for (unsigned s; (s = atomic_fetch_add(&w->next, 1)) < SEGMENTS;) {
        struct piece_write writes[7];
        cut_run(cut, SEGMENT);
        if (w->twice)
            hash_again(w, lane->index);
        for (unsigned p = 0; p < lane->positions; p++)
            writes[p] = (struct piece_write){.key = {1, 1, p, s},
                                             .data = cut->pieces[p].data,
                                             .root = cut->pieces[p].root,
                                             .groups = cut->pieces[p].groups};
        must(piecestore_put(w->store, writes, lane->positions, &err), &err);
    }
}

static double run_lanes(struct world *w, unsigned positions) {
    struct thread threads[THREADS];
    struct lane lanes[THREADS];
    struct err err;
    atomic_store(&w->next, 0);
    for (unsigned i = 0; i < THREADS; i++) {
        lanes[i] = (struct lane){w, i, positions};
        must(thread_start(&threads[i], "lane", run_lane, &lanes[i], &err), &err);
    }
    for (unsigned i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
    return SEGMENTS * (double)SEGMENT / MB;
}

static double cut_and_write(void *ctx) {
    struct world *w = ctx;
    w->twice = false;
    return run_lanes(w, 1);
}

static double put_limit(void *ctx) {
    struct world *w = ctx;
    w->twice = true;
    return run_lanes(w, 7);
}

static double upload(void *ctx) {
    static const uint8_t upload_id[16] = {1};
    static uint8_t creator[20];
    struct world *w = ctx;
    ObjectInfo object = OBJECT_INFO__INIT;
    struct upload_status status;
    struct part *part;
    struct err err;
    object.id = ++w->object_id;
    object.version = 1;
    object.payload_size = SEGMENTS * SEGMENT;
    object.profile = &w->profile;
    object.creator = pb_data(bytes_of(creator, sizeof creator));
    must(uploader_begin(w->uploader, &object, upload_id, 1, &err), &err);
    must(part_open(w->uploader, &object, 0, object.payload_size, true, &part, &err), &err);
    for (unsigned s = 0; s < SEGMENTS; s++)
        must(part_write(part, w->payload, SEGMENT, &err), &err);
    must(part_finish(part, &status, &err), &err);
    for (uint64_t s = 0; s < SEGMENTS; s++) {
        struct piece_key key = {object.id, 1, 0, s};
        must(piecestore_delete(w->store, &key, &err), &err);
    }
    return SEGMENTS * (double)SEGMENT / MB;
}

static void open_world(struct world *w, const char *dir) {
    struct rng rng;
    struct err err;
    char path[PATH_LEN_MAX];
    must(dir_remove(dir, &err), &err);
    must(dir_make(dir, 0700, &err), &err);
    must(profile_parse("ec:4+2+w", SEGMENT, &w->profile, &err), &err);
    must(coder_init(&w->coder, &w->profile, &err), &err);
    rng_init(&rng, 1);
    w->payload = malloc(SEGMENT);
    rng_fill(&rng, w->payload, SEGMENT);
    for (unsigned i = 0; i < THREADS; i++) {
        must(cut_init(&w->cuts[i], &w->coder, &err), &err);
        memcpy(w->cuts[i].segment, w->payload, SEGMENT);
        w->scratch[i] = malloc(SEGMENT / LEAF_LEN * sizeof(struct hash));
    }
    must(path_join(dir, "pieces", path, sizeof path, &err), &err);
    must(piece_local_open(path, &w->store, &err), &err);
    must(path_join(dir, "db", path, sizeof path, &err), &err);
    must(spdb_open(&w->db, path, 0, &err), &err);
    struct uploader_config config = {
        .db = &w->db, .store = w->store, .memory_bytes = 256 * MIB, .threads = THREADS, .wait_ms = 1000};
    must(uploader_new(&config, &w->uploader, &err), &err);
}

static void close_world(struct world *w, const char *dir) {
    uploader_free(w->uploader);
    spdb_close(&w->db);
    piecestore_free(w->store);
    for (unsigned i = 0; i < THREADS; i++) {
        cut_release(&w->cuts[i]);
        free(w->scratch[i]);
    }
    free(w->payload);
    (void)dir_remove(dir, NULL);
}

int main(void) {
    static struct world w;
    const char *dir = "build/bench/pieces.tmp";
    open_world(&w, dir);
    cut_run(&w.cuts[0], SEGMENT);
    struct bench_figure hashed = bench_run("hash segment and parity, 1 thread", "MB", hash_alone, &w);
    struct bench_figure cut = bench_run("cut a segment, 1 thread", "MB", cut_alone, &w);
    bench_beside(cut, hashed, 0.8);
    struct bench_figure written = bench_run("cut and write whole, 2 threads", "MB", cut_and_write, &w);
    struct bench_figure uploaded = bench_run("uploader, 2 workers", "MB", upload, &w);
    bench_beside(uploaded, written, 0.5);
    (void)bench_run("limit of put, 2 threads", "MB", put_limit, &w);
    close_world(&w, dir);
    return bench_end("pieces");
}
