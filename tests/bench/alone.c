/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/alone.h"

#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/node/block.h"
#include "chain/os/clock.h"
#include "chain/os/file.h"
#include "chain/store/store.h"
#include "x/app/ledger.h"

#include <stdio.h>
#include <stdlib.h>

enum { ALONE_PATH_MAX = 512 };

static void must(int rc, const struct err *err) {
    if (!rc)
        return;
    (void)fprintf(stderr, "%s: %s\n", code_name(rc), err_text(err));
    exit(1);
}

struct runner {
    struct ledger ledger;
    struct app app;
    struct store *from, *to;
    struct hash tag, root;
    struct alone *sums;
};

static void path_of(const char *net_dir, const char *name, char ret[ALONE_PATH_MAX]) {
    (void)snprintf(ret, ALONE_PATH_MAX, "%s/%s", net_dir, name);
}

static void genesis(struct runner *r, const char *net_dir) {
    char path[ALONE_PATH_MAX];
    struct buf text;
    struct arena arena;
    Genesis *g;
    struct bytes encoded;
    struct store_batch *batch;
    struct err err = {0};
    arena_init(&arena, 64 << 20);
    buf_init(&text, 16 << 20);
    path_of(net_dir, "client/genesis.json", path);
    must(file_read(path, &text, &err), &err);
    must(json_read_pb(&genesis__descriptor, buf_bytes(&text), &arena, &g, &err), &err);
    must(pb_encode(g, &arena, &encoded, &err), &err);
    r->tag = chain_tag_of(encoded);
    must(store_begin(r->to, 0, g->time, &batch, &err), &err);
    must(r->app.ops->init_chain(r->app.self, store_state(r->to), g, &r->tag, &err), &err);
    must(r->app.ops->commit(r->app.self, batch, &r->root, &err), &err);
    must(store_commit(batch, &err), &err);
    buf_release(&text);
    arena_release(&arena);
}

static double lap(uint64_t *at) {
    uint64_t now = clock_cpu_ns();
    double seconds = (double)(now - *at) / 1e9;
    *at = now;
    return seconds;
}

static struct block *open_block(struct runner *r, struct bytes record, struct arena *arena) {
    StoredBlock *stored;
    struct block *b = NULL;
    struct err err = {0};
    must(pb_decode(&stored_block__descriptor, record, arena, &stored, &err), &err);
    must(block_new(pb_bytes(stored->block), &r->tag, &b, &err), &err);
    must(block_open(b, (uint16_t)stored->validators->n_validators, &err), &err);
    return b;
}

static void one(struct runner *r, uint64_t height, struct arena *arena) {
    struct err err = {0};
    struct bytes record;
    struct store_batch *batch;
    struct app_outcome outcome;
    must(store_get_record(r->from, STORE_BLOCK, height, arena, &record, &err), &err);
    uint64_t at = clock_cpu_ns();
    struct block *b = open_block(r, record, arena);
    double decode = lap(&at);
    if (!hash_eq(&b->header.app_hash, &r->root))
        must(err_set(&err, CODE_INTEGRITY, "the state before height %llu is another", (unsigned long long)height),
             &err);
    for (size_t i = 0; i < b->txs_n; i++)
        must(tx_verify(&b->txs[i], &err), &err);
    double verify = lap(&at);
    struct app_block ab = {.height = height,
                           .time = b->header.time,
                           .proposer = b->header.proposer,
                           .reveal = b->header.reveal,
                           .txs = b->tx_list,
                           .txs_count = b->txs_n,
                           .bytes = b->encoded.len,
                           .last_certificate = b->last};
    must(store_begin(r->to, height, ab.time, &batch, &err), &err);
    must(r->app.ops->finalize(r->app.self, store_state(r->to), &ab, arena, &outcome, &err), &err);
    double execute = lap(&at);
    must(r->app.ops->commit(r->app.self, batch, &r->root, &err), &err);
    double root = lap(&at);
    store_put_record(batch, STORE_BLOCK, record);
    store_put_record(batch, STORE_RESULTS, outcome.results_bytes);
    for (size_t i = 0; i < b->txs_n; i++)
        store_put_tx(batch, &b->txs[i].id, (uint32_t)i);
    must(store_commit(batch, &err), &err);
    double write = lap(&at);
    if (b->txs_n > 0) {
        r->sums->txs += b->txs_n;
        r->sums->blocks++;
        r->sums->decode += decode;
        r->sums->verify += verify;
        r->sums->execute += execute;
        r->sums->root += root;
        r->sums->write += write;
    }
    block_unref(b);
}

void alone_run(const char *net_dir, struct alone *ret) {
    static struct runner r;
    char from[ALONE_PATH_MAX], to[ALONE_PATH_MAX];
    struct err err = {0};
    uint64_t newest = 0;
    *ret = (struct alone){0};
    r = (struct runner){.sums = ret};
    ledger_init(&r.ledger, NULL);
    r.app = ledger_app(&r.ledger);
    path_of(net_dir, "validator0/data/db", from);
    path_of(net_dir, "alone", to);
    must(store_open(from, NULL, &r.from, &err), &err);
    must(store_open(to, NULL, &r.to, &err), &err);
    genesis(&r, net_dir);
    store_height(r.from, &newest);
    struct arena arena;
    arena_init(&arena, (size_t)512 << 20);
    for (uint64_t h = 1; h <= newest; h++, arena_reset(&arena))
        one(&r, h, &arena);
    arena_release(&arena);
    store_close(r.from);
    store_close(r.to);
}

double alone_each(const struct alone *a) {
    return (a->decode + a->verify + a->execute + a->root + a->write) / (double)a->txs;
}
