/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_UNIT_CHAIN_NODE_SYNCING_H
#define CAIRN_TESTS_UNIT_CHAIN_NODE_SYNCING_H
/* A core that catches up: a made chain in the hands of peers that are honest, slow, or lie; the real rules execute it.
 * What was reported of whom, what was written durably, and what consensus saw of it. */
#include "tests/lib/test.h"

#include "chain/codec/pb.h"
#include "chain/node/core.h"
#include "chain/os/disk.h"
#include "tests/lib/chain/made_chain.h"

enum { HEIGHTS = 40, TXS = 3, PEERS = 5, QUEUE = 1024 };

static struct made_chain chain, foreign; /* foreign: the same keys, another genesis, by another number of accounts */
static struct store *store;
static struct executor ex;
static struct verify *verify;
static struct disk *disk;
static struct wal *wal;
static struct core core;
static struct arena arena;
static uint64_t now_ns;

static struct {
    struct job jobs[QUEUE];
    size_t jobs_n;
    struct {
        net_peer peer;
        uint64_t from;
        uint32_t count;
    } asks[QUEUE];
    size_t asks_n;
    unsigned points[PEERS + 1];
    unsigned applied, durable, commits, settled, checks;
    uint64_t diverged;
} seen;

/* --- the host --- */

static inline uint64_t mono_ns(void *ctx) {
    (void)ctx;
    return now_ns;
}

static inline uint64_t real_ms(void *ctx) {
    (void)ctx;
    return chain.genesis->time + now_ns / 1000000;
}

static inline void host_send(void *ctx, net_peer peer, uint8_t kind, struct bytes payload) {
    (void)ctx;
    BlockRequest *pb = NULL;
    if (kind != WIRE_BLOCK_REQUEST)
        return;
    assert_ok(pb_decode(&block_request__descriptor, payload, &arena, &pb, NULL), NULL);
    assert_true(seen.asks_n < QUEUE);
    seen.asks[seen.asks_n].peer = peer;
    seen.asks[seen.asks_n].from = pb->from;
    seen.asks[seen.asks_n++].count = pb->count;
}

static inline void host_report(void *ctx, net_peer peer, unsigned points, const char *why) {
    (void)ctx;
    assert_true(peer >= 1 && peer <= PEERS && strlen(why) > 5);
    seen.points[peer] += points;
}

static inline void host_job(void *ctx, const struct job *job) {
    (void)ctx;
    assert_true(seen.jobs_n < QUEUE);
    seen.jobs[seen.jobs_n++] = *job;
}

static inline bool host_ready(void *ctx) {
    (void)ctx;
    return false;
}

static inline void host_respread(void *ctx) {
    (void)ctx;
}

static inline uint64_t host_earliest(void *ctx) {
    (void)ctx;
    return 1;
}

static inline void host_serve(void *ctx, net_peer peer, uint64_t height) {
    (void)ctx;
    (void)peer;
    (void)height;
}

static inline void host_evidence(void *ctx, uint64_t height, uint16_t validator, struct bytes encoded) {
    (void)ctx;
    (void)height;
    (void)validator;
    (void)encoded;
    fail();
}

static inline void host_diverged(void *ctx, uint64_t height, const struct hash *id, const struct block *block,
                                 const struct certificate *certificate) {
    (void)ctx;
    assert_true(hash_eq(id, &block->header.id) && hash_eq(id, &certificate->value));
    assert_int_equal(seen.diverged, 0);
    seen.diverged = height;
}

static const struct core_host host = {.mono_ns = mono_ns,
                                      .real_ms = real_ms,
                                      .send = host_send,
                                      .report = host_report,
                                      .job = host_job,
                                      .ready = host_ready,
                                      .respread = host_respread,
                                      .earliest = host_earliest,
                                      .serve_decided = host_serve,
                                      .evidence = host_evidence,
                                      .diverged = host_diverged};

static inline void do_job(const struct job *j) {
    struct err err;
    bool invalid = false;
    switch (j->kind) {
    case JOB_BUILD:
        assert_ok(core_built(&core, j->height, j->round, NULL, &err), &err);
        break;
    case JOB_JUDGE:
        assert_ok(executor_judge(&ex, j->block, &invalid, &err), &err);
        assert_ok(core_judged(&core, j->block, invalid, &err), &err);
        break;
    case JOB_COMMIT:
        seen.commits++;
        assert_ok(executor_commit(&ex, j->block, &j->certificate, &err), &err);
        assert_ok(core_committed(&core, ex.head, &err), &err);
        break;
    case JOB_APPLY:
        if (j->height != ex.head->height + 1)
            break;
        seen.durable += j->durable;
        if (executor_apply(&ex, j->block, &j->certificate, j->durable, &invalid, &err) == CODE_OK) {
            seen.applied++;
            assert_ok(core_committed(&core, ex.head, &err), &err);
        } else {
            assert_true(invalid);
            assert_ok(core_judged(&core, j->block, true, &err), &err);
        }
        break;
    case JOB_SETTLE:
        seen.settled++;
        assert_ok(executor_settle(&ex, &err), &err);
        assert_ok(core_settled(&core, &err), &err);
        break;
    case JOB_CHECK:
        seen.checks++;
        check_run(j->check, verify);
        assert_ok(core_checked(&core, j->check, &err), &err);
        break;
    case JOB_STOP:
        break;
    }
    block_unref(j->block);
}

/* Until nothing is left to do now. */
static inline void work(void) {
    struct err err;
    assert_ok(core_tick(&core, &err), &err);
    while (seen.jobs_n > 0) {
        struct job j = seen.jobs[0];
        memmove(seen.jobs, seen.jobs + 1, --seen.jobs_n * sizeof j);
        do_job(&j);
        assert_ok(core_tick(&core, &err), &err);
    }
}

static inline void later(uint64_t ms) {
    now_ns += ms * 1000000;
    work();
}

/* --- peers --- */

static inline void claim(net_peer peer, uint64_t height) {
    struct err err;
    PeerStatus pb = PEER_STATUS__INIT;
    struct bytes out;
    pb.height = height;
    pb.earliest = 1;
    assert_ok(pb_encode(&pb, &arena, &out, &err), &err);
    assert_ok(core_message(&core, peer, WIRE_STATUS, out, &err), &err);
    work();
}

static inline void batch(net_peer peer, uint64_t from, const struct bytes *stored, size_t n) {
    struct err err;
    BlockBatch pb = BLOCK_BATCH__INIT;
    struct bytes out;
    ProtobufCBinaryData *data = arena_array(&arena, n + 1, sizeof *data);
    for (size_t i = 0; i < n; i++)
        data[i] = pb_data(stored[i]);
    pb.from = from;
    pb.n_blocks = n;
    pb.blocks = data;
    assert_ok(pb_encode(&pb, &arena, &out, &err), &err);
    assert_ok(core_message(&core, peer, WIRE_BLOCK_BATCH, out, &err), &err);
    work();
}

enum lie {
    HONEST,
    EMPTY,
    FORGED,      /* a certificate's signature changed */
    FEW,         /* a certificate of half of the validators */
    OTHER_BODY,  /* the header and certificate of one block, the content of another */
    UNCERTIFIED, /* no certificate */
    GARBAGE,
    FOREIGN, /* another chain's block */
    SHIFTED, /* the block of another height */
};

static inline struct bytes twisted(uint64_t height, enum lie lie) {
    struct err err;
    StoredBlock *pb = NULL, *other = NULL;
    struct bytes out =
        made_chain_stored(lie == FOREIGN ? &foreign : &chain, lie == SHIFTED ? height - 1 : height, &arena);
    if (lie == HONEST || lie == FOREIGN || lie == SHIFTED)
        return out;
    if (lie == GARBAGE)
        return bytes_str("no block at all");
    assert_ok(pb_decode(&stored_block__descriptor, out, &arena, &pb, &err), &err);
    if (lie == FORGED)
        pb->certificate->signatures[1].data[20] ^= 1;
    if (lie == UNCERTIFIED)
        pb->certificate = NULL;
    if (lie == FEW) {
        pb->certificate->n_signatures = 2;
        pb->certificate->signers.data[0] = 3;
    }
    if (lie == OTHER_BODY) {
        Block *a = NULL, *b = NULL;
        assert_ok(
            pb_decode(&stored_block__descriptor, made_chain_stored(&chain, height - 1, &arena), &arena, &other, &err),
            &err);
        assert_ok(pb_decode(&block__descriptor, pb_bytes(pb->block), &arena, &a, &err), &err);
        assert_ok(pb_decode(&block__descriptor, pb_bytes(other->block), &arena, &b, &err), &err);
        a->n_txs = b->n_txs;
        a->txs = b->txs;
        struct bytes block;
        assert_ok(pb_encode(a, &arena, &block, &err), &err);
        pb->block = pb_data(block);
    }
    assert_ok(pb_encode(pb, &arena, &out, &err), &err);
    return out;
}

/* Answers what was asked of a peer: honestly up to height `at`, which is a lie. Only the asks that are there now. */
static inline void answer_asks(net_peer peer, uint64_t at, enum lie lie) {
    size_t n = seen.asks_n;
    for (size_t i = 0; i < n; i++) {
        uint64_t from = seen.asks[i].from;
        uint32_t count = seen.asks[i].count;
        struct bytes stored[SYNC_RANGE_MAX];
        size_t k = 0;
        if (seen.asks[i].peer != peer)
            continue;
        seen.asks[i].peer = 0;
        for (; k < count && from + k <= HEIGHTS; k++)
            stored[k] = twisted(from + k, from + k == at ? lie : HONEST);
        batch(peer, from, stored, lie == EMPTY ? 0 : k);
    }
}

static inline bool asked(net_peer peer) {
    for (size_t i = 0; i < seen.asks_n; i++)
        if (seen.asks[i].peer == peer)
            return true;
    return false;
}

/* Everybody else is honest until the end is reached. */
static inline void finish(net_peer first) {
    for (int i = 0; i < 50 && ex.head->height < HEIGHTS; i++) {
        for (net_peer p = first; p <= PEERS; p++) {
            claim(p, HEIGHTS + 1);
            answer_asks(p, 0, HONEST);
        }
        later(400);
    }
    assert_int_equal(ex.head->height, HEIGHTS);
    later(2000);
    assert_false(core.sync.active);
    assert_true(hash_eq(&ex.head->app_hash, &chain.executor.head->app_hash));
    assert_int_equal(core.sync.plan.held_len, 0);
    for (net_peer p = first; p <= PEERS; p++)
        assert_int_equal(seen.points[p], 0);
}

/* --- set-up --- */

static struct check_trust trust;

static inline void reopen(struct signer *signer) {
    struct err err;
    core = (struct core){.deciding = false};
    struct core_options co = {
        .host = &host, .chain_tag = chain.tag, .wal = wal, .signer = signer, .head = ex.head, .trust = trust};
    assert_ok(core_open(&core, &co, &err), &err);
    for (net_peer p = 1; p <= PEERS; p++)
        core_up(&core, p);
    work();
}

static inline int setup(void **state) {
    (void)state;
    struct err err;
    memset(&seen, 0, sizeof seen);
    trust = (struct check_trust){0};
    now_ns = 1000000000000;
    arena_init(&arena, 256 << 20);
    struct executor_options o = {.index_events = false};
    assert_ok(verify_new(1, &verify, &err), &err);
    assert_ok(store_open_mem(&store, &err), &err);
    assert_ok(executor_open(&ex, store, &chain.app, verify, &o, chain.genesis, &chain.tag, &err), &err);
    (void)remove(test_path("wal.0"));
    (void)remove(test_path("wal.1"));
    (void)remove(test_path("signer.state"));
    assert_ok(disk_os(test_dir(), &disk, &err), &err);
    assert_ok(wal_new(disk, &wal, &err), &err);
    reopen(NULL);
    return 0;
}

static inline int teardown(void **state) {
    (void)state;
    for (size_t i = 0; i < seen.jobs_n; i++)
        block_unref(seen.jobs[i].block);
    core_close(&core);
    wal_free(wal);
    disk->free(disk);
    executor_close(&ex);
    store_close(store);
    verify_free(verify);
    arena_release(&arena);
    return 0;
}

/* --- tests --- */

/* The chains that all tests of a program share. */
static inline void syncing_begin(void) {
    test_setup();
    made_chain_init(&chain, NULL, 4, 10);
    made_chain_grow(&chain, HEIGHTS, TXS);
    made_chain_init(&foreign, NULL, 4, 11);
    made_chain_grow(&foreign, HEIGHTS, TXS);
}

static inline void syncing_end(void) {
    made_chain_release(&chain);
    made_chain_release(&foreign);
}

#endif
