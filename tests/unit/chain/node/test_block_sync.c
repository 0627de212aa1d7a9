/* SPDX-License-Identifier: Apache-2.0 */
/* Block sync of the core: a made chain in the hands of peers that are honest, slow, or lie; the real rules execute it.
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

static uint64_t mono_ns(void *ctx) {
    (void)ctx;
    return now_ns;
}

static uint64_t real_ms(void *ctx) {
    (void)ctx;
    return chain.genesis->time + now_ns / 1000000;
}

static void host_send(void *ctx, net_peer peer, uint8_t kind, struct bytes payload) {
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

static void host_report(void *ctx, net_peer peer, unsigned points, const char *why) {
    (void)ctx;
    assert_true(peer >= 1 && peer <= PEERS && strlen(why) > 5);
    seen.points[peer] += points;
}

static void host_job(void *ctx, const struct job *job) {
    (void)ctx;
    assert_true(seen.jobs_n < QUEUE);
    seen.jobs[seen.jobs_n++] = *job;
}

static bool host_ready(void *ctx) {
    (void)ctx;
    return false;
}

static void host_respread(void *ctx) {
    (void)ctx;
}

static uint64_t host_earliest(void *ctx) {
    (void)ctx;
    return 1;
}

static void host_serve(void *ctx, net_peer peer, uint64_t height) {
    (void)ctx;
    (void)peer;
    (void)height;
}

static void host_evidence(void *ctx, uint64_t height, uint16_t validator, struct bytes encoded) {
    (void)ctx;
    (void)height;
    (void)validator;
    (void)encoded;
    fail();
}

static void host_diverged(void *ctx, uint64_t height, const struct hash *id, const struct block *block,
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

static void do_job(const struct job *j) {
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
static void work(void) {
    struct err err;
    assert_ok(core_tick(&core, &err), &err);
    while (seen.jobs_n > 0) {
        struct job j = seen.jobs[0];
        memmove(seen.jobs, seen.jobs + 1, --seen.jobs_n * sizeof j);
        do_job(&j);
        assert_ok(core_tick(&core, &err), &err);
    }
}

static void later(uint64_t ms) {
    now_ns += ms * 1000000;
    work();
}

/* --- peers --- */

static void claim(net_peer peer, uint64_t height) {
    struct err err;
    PeerStatus pb = PEER_STATUS__INIT;
    struct bytes out;
    pb.height = height;
    pb.earliest = 1;
    assert_ok(pb_encode(&pb, &arena, &out, &err), &err);
    assert_ok(core_message(&core, peer, WIRE_STATUS, out, &err), &err);
    work();
}

static void batch(net_peer peer, uint64_t from, const struct bytes *stored, size_t n) {
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

static struct bytes twisted(uint64_t height, enum lie lie) {
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
static void answer_asks(net_peer peer, uint64_t at, enum lie lie) {
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

static bool asked(net_peer peer) {
    for (size_t i = 0; i < seen.asks_n; i++)
        if (seen.asks[i].peer == peer)
            return true;
    return false;
}

/* Everybody else is honest until the end is reached. */
static void finish(net_peer first) {
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

static void reopen(struct signer *signer) {
    struct err err;
    core = (struct core){.deciding = false};
    struct core_options co = {
        .host = &host, .chain_tag = chain.tag, .wal = wal, .signer = signer, .head = ex.head, .trust = trust};
    assert_ok(core_open(&core, &co, &err), &err);
    for (net_peer p = 1; p <= PEERS; p++)
        core_up(&core, p);
    work();
}

static int setup(void **state) {
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

static int teardown(void **state) {
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

static void block_sync__several_peers(void **state) {
    (void)state;
    claim(1, HEIGHTS + 1);
    claim(2, HEIGHTS + 1);
    assert_true(asked(1) && asked(2));
    answer_asks(2, 0, HONEST); /* the later heights first */
    assert_int_equal(ex.head->height, 0);
    finish(1);
    assert_int_equal(seen.commits, 0); /* nothing of it went through the log */
    assert_int_equal(seen.applied, HEIGHTS);
    assert_int_equal(seen.durable, 0); /* 40 small blocks: one sync, at the end */
    assert_int_equal(seen.settled, 1);
}

/* Who lost the ledger and kept log and signer comes to a height at which it has signed. What it is bound to there is
 * overwritten by then: it signs nothing more at it, and starts at it with the log that begins anew. */
static void block_sync__to_a_height_signed_before(void **state) {
    (void)state;
    struct err err;
    struct seckey key;
    struct signer signer = {0};
    struct sig sig;
    uint8_t raw[32] = {4, 5};
    struct hash digest = {{9}}, other = {{8}};
    assert_ok(seckey_init(&key, raw, &err), &err);
    struct pubkey pub = seckey_pubkey(&key);
    assert_ok(signer_create(disk, &pub, &err), &err);
    assert_ok(signer_open(&signer, disk, &key, &err), &err);
    signer.log_records = 6;
    assert_ok(signer_sign(&signer, HEIGHTS + 1, 0, SIGNER_PRECOMMIT, &digest, &sig, &err), &err);
    core_close(&core);
    reopen(&signer);
    finish(1);
    core_close(&core);
    reopen(&signer);
    assert_code(signer_sign(&signer, HEIGHTS + 1, 1, SIGNER_PREVOTE, &other, &sig, &err), CODE_CONFLICT);
    assert_ok(signer_sign(&signer, HEIGHTS + 2, 0, SIGNER_PREVOTE, &other, &sig, &err), &err);
    core_close(&core);
    signer_release(&signer);
    reopen(NULL);
}

/* The same at the height that it begins with: it has signed there, and the log went on to later heights without it. */
static void block_sync__from_a_height_signed_before(void **state) {
    (void)state;
    struct err err;
    struct seckey key;
    struct signer signer = {0};
    struct sig sig;
    uint8_t raw[32] = {4, 5};
    struct hash digest = {{9}}, other = {{8}};
    assert_ok(seckey_init(&key, raw, &err), &err);
    struct pubkey pub = seckey_pubkey(&key);
    core_close(&core);
    assert_ok(signer_create(disk, &pub, &err), &err);
    assert_ok(signer_open(&signer, disk, &key, &err), &err);
    signer.log_records = 6;
    assert_ok(signer_sign(&signer, 1, 0, SIGNER_PRECOMMIT, &digest, &sig, &err), &err);
    assert_ok(wal_reset(wal, 7, &err), &err);
    assert_ok(wal_append(wal, 1, bytes_str("later"), &err), &err);
    assert_ok(wal_sync(wal, &err), &err);
    reopen(&signer);
    assert_code(signer_sign(&signer, 1, 1, SIGNER_PREVOTE, &other, &sig, &err), CODE_CONFLICT);
    core_close(&core);
    signer_release(&signer);
    reopen(NULL);
}

/* One block is no gap: consensus decides by its certificate, and the log has it. */
static void block_sync__one_block_goes_through_consensus(void **state) {
    (void)state;
    claim(1, 2);
    later(SYNC_PATIENCE_MS + 1);
    assert_true(asked(1));
    answer_asks(1, 0, HONEST);
    assert_int_equal(ex.head->height, 1);
    assert_int_equal(seen.commits, 1);
    assert_int_equal(seen.applied, 0);
    assert_false(core.sync.active);
}

static void lies(enum lie lie, uint64_t at) {
    claim(1, HEIGHTS + 1);
    assert_true(asked(1));
    answer_asks(1, at, lie);
    assert_int_equal(ex.head->height, at - 1); /* what came before the lie is good */
    assert_int_equal(seen.points[1], 100);
    assert_int_equal(seen.diverged, 0);
    core_down(&core, 1);
    finish(2);
}

static void block_sync__forged_certificate(void **state) {
    (void)state;
    lies(FORGED, 5);
}
static void block_sync__certificate_of_too_few(void **state) {
    (void)state;
    lies(FEW, 5);
}
static void block_sync__another_body(void **state) {
    (void)state;
    lies(OTHER_BODY, 6);
}
static void block_sync__no_certificate(void **state) {
    (void)state;
    lies(UNCERTIFIED, 3);
}
static void block_sync__garbage(void **state) {
    (void)state;
    lies(GARBAGE, 2);
}
static void block_sync__another_chain(void **state) {
    (void)state;
    lies(FOREIGN, 4);
}
static void block_sync__another_height(void **state) {
    (void)state;
    lies(SHIFTED, 4);
}

static void block_sync__claims_are_not_believed(void **state) {
    (void)state;
    claim(1, UINT64_MAX);
    assert_true(asked(1));
    assert_false(core.sync.active); /* consensus does not rest for a claim */
    answer_asks(1, 0, EMPTY);
    assert_true(seen.points[1] > 0 && seen.points[1] < 100);
    claim(1, UINT64_MAX);
    assert_int_equal(core.behind, 0); /* nor does status say so, once it was not kept */
    finish(2);
}

static void block_sync__unsolicited(void **state) {
    (void)state;
    struct bytes stored[2] = {twisted(1, HONEST), twisted(2, HONEST)};
    batch(3, 1, stored, 2);
    assert_int_equal(ex.head->height, 0);
    assert_int_equal(seen.points[3], 20);
    for (int i = 0; i < 4; i++)
        batch(3, 1, stored, 2);
    assert_int_equal(seen.points[3], 100); /* and it is gone */
    assert_int_equal(core.sync.plan.held_len, 0);
}

static void block_sync__more_than_asked(void **state) {
    (void)state;
    struct bytes stored[SYNC_RANGE_MAX + 1];
    claim(1, 4);
    assert_true(asked(1));
    for (size_t i = 0; i < SYNC_RANGE_MAX + 1; i++)
        stored[i] = bytes_str("x");
    batch(1, 1, stored, 5);
    assert_int_equal(seen.points[1], 50);
    batch(1, 1, stored, SYNC_RANGE_MAX + 1); /* more than any answer may have */
    assert_int_equal(seen.points[1], 100);
    assert_int_equal(core.sync.plan.held_len, 0);
    finish(2);
}

/* It answers the first request and then never again: the others carry on, and consensus is not kept waiting. */
static void block_sync__a_peer_that_stalls(void **state) {
    (void)state;
    claim(1, 500);
    answer_asks(1, 0, HONEST);
    assert_true(core.sync.active);
    assert_true(asked(1));
    later(1001);
    assert_false(core.sync.active);
    finish(2);
}

/* Its blocks come one at a time, slowly: consensus takes each of them in and does not rest for more than a moment. */
static void block_sync__a_peer_that_drips(void **state) {
    (void)state;
    claim(1, 30);
    for (int i = 0; i < 5; i++) {
        for (size_t k = 0; k < seen.asks_n; k++)
            if (seen.asks[k].peer == 1) {
                struct bytes one = twisted(seen.asks[k].from, HONEST);
                seen.asks[k].peer = 0;
                batch(1, seen.asks[k].from, &one, 1);
                break;
            }
        later(50);
    }
    later(1001);
    assert_false(core.sync.active);
    finish(2);
}

/* This node believes something that the others do not. */
static void bend_state(void) {
    struct err err;
    static const uint8_t key[21] = {1, 2, 3};
    assert_ok(state_put(store_state(store), bytes_of(key, sizeof key), bytes_str("corrupt"), &err), &err);
}

/* More than two thirds decided what this ledger finds wrong: the node says so and takes part no more. */
static void block_sync__another_state(void **state) {
    (void)state;
#ifdef CAIRN_DEBUG
    return; /* the second execution sees what is done to the first one's state */
#endif
    claim(1, HEIGHTS + 1);
    bend_state();
    answer_asks(1, 0, HONEST);
    assert_int_equal(seen.diverged, 2); /* its header says what the state after 1 is */
    assert_int_equal(ex.head->height, 1);
    assert_int_equal(seen.points[1], 0);
    claim(2, HEIGHTS + 1);
    assert_false(asked(2));
}

/* The first block with a transaction that its sender has not signed, decided by three of four; its header's id. */
static struct bytes not_signed(struct hash *ret_id) {
    struct err err;
    StoredBlock *pb = NULL;
    Block *block = NULL;
    Header *header = NULL;
    struct bytes bytes;
    struct hash hashes[TXS];
    struct block *b = NULL;
    assert_ok(pb_decode(&stored_block__descriptor, made_chain_stored(&chain, 1, &arena), &arena, &pb, &err), &err);
    assert_ok(pb_decode(&block__descriptor, pb_bytes(pb->block), &arena, &block, &err), &err);
    assert_ok(pb_decode(&header__descriptor, pb_bytes(block->header), &arena, &header, &err), &err);
    block->txs[1].data[block->txs[1].len - 40] ^= 1;
    for (size_t i = 0; i < TXS; i++) {
        struct bytes wire = pb_bytes(block->txs[i]);
        struct sig sig;
        memcpy(sig.b, wire.data + wire.len - sizeof sig.b, sizeof sig.b);
        hashes[i] = tx_wire_hash_of(bytes_of(wire.data + 4, wire.len - TX_FRAME_LEN), &sig);
    }
    struct hash root = header_txs_root(hashes, TXS);
    header->txs_root = pb_data(hash_bytes(&root));
    assert_ok(pb_encode(header, &arena, &bytes, &err), &err);
    block->header = pb_data(bytes);
    assert_ok(pb_encode(block, &arena, &bytes, &err), &err);
    assert_ok(block_new(bytes, &chain.tag, &b, &err), &err);
    pb->block = pb_data(bytes);
    struct certificate cert = made_chain_certify(&chain, b, 3);
    assert_ok(certificate_to_pb(&cert, 4, &arena, &pb->certificate, &err), &err);
    assert_ok(pb_encode(pb, &arena, &bytes, &err), &err);
    *ret_id = b->header.id;
    block_unref(b);
    return bytes;
}

/* The same of a transaction's signature, which is judged before the block is executed. */
static void block_sync__decided_and_not_signed(void **state) {
    (void)state;
    struct hash id;
    struct bytes bytes = not_signed(&id);
    claim(1, 3);
    assert_true(asked(1));
    batch(1, 1, &bytes, 1);
    assert_int_equal(seen.diverged, 1);
    assert_int_equal(ex.head->height, 0);
    assert_int_equal(seen.points[1], 0);
}

/* What a trusted block covers is not verified; the block behind it is, and at its height the chain must be at it. */
static void check_run__signatures_that_a_trusted_block_covers(void **state) {
    (void)state;
    struct hash id, other = {{9}};
    struct bytes bytes = not_signed(&id);
    const struct {
        struct check_trust trust;
        int want;
    } rows[] = {
        {{0, {{0}}}, CODE_BAD_SIGNATURE}, {{1, id}, CODE_OK}, {{1, other}, CODE_UNTRUSTED}, {{2, other}, CODE_OK}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct check_point point;
        check_point_of(ex.head, &point);
        struct check *k = check_new(&chain.tag, &point, 1);
        assert_non_null(k);
        k->trust = rows[i].trust;
        k->count = 1;
        k->blocks[0].stored = malloc(bytes.len);
        k->blocks[0].len = bytes.len;
        memcpy(k->blocks[0].stored, bytes.data, bytes.len);
        check_run(k, verify);
        assert_code(k->failed, rows[i].want);
        assert_true(k->certified);
        check_free(k);
    }
}

static struct hash id_of(uint64_t height) {
    struct err err;
    StoredBlock *pb = NULL;
    struct block *b = NULL;
    assert_ok(pb_decode(&stored_block__descriptor, made_chain_stored(&chain, height, &arena), &arena, &pb, &err), &err);
    assert_ok(block_new(pb_bytes(pb->block), &chain.tag, &b, &err), &err);
    struct hash id = b->header.id;
    block_unref(b);
    return id;
}

enum { TRUSTED = HEIGHTS / 2 };

static void block_sync__up_to_a_trusted_block(void **state) {
    (void)state;
    core_close(&core);
    trust = (struct check_trust){TRUSTED, id_of(TRUSTED)};
    reopen(NULL);
    finish(1);
    assert_int_equal(verify_stats(verify).checked, (HEIGHTS - TRUSTED) * TXS);
}

static void block_sync__not_to_the_trusted_block(void **state) {
    (void)state;
    core_close(&core);
    trust = (struct check_trust){TRUSTED, id_of(TRUSTED + 1)};
    reopen(NULL);
    for (int i = 0; i < 50 && seen.diverged == 0; i++) {
        claim(1, HEIGHTS + 1);
        answer_asks(1, 0, HONEST);
        later(400);
    }
    assert_int_equal(seen.diverged, TRUSTED);
    assert_true(ex.head->height < TRUSTED);
    assert_int_equal(seen.points[1], 0);
}

/* The blocks before it came by block sync and unverified, it comes by consensus: it must be the trusted one all the
 * same. */
static void executor_judge__another_than_the_trusted_block(void **state) {
    (void)state;
    struct err err;
    StoredBlock *pb = NULL;
    struct block *b = NULL;
    bool invalid = false;
    assert_ok(pb_decode(&stored_block__descriptor, made_chain_stored(&chain, 1, &arena), &arena, &pb, &err), &err);
    assert_ok(block_new(pb_bytes(pb->block), &chain.tag, &b, &err), &err);
    ex.options.trust = (struct check_trust){1, id_of(2)};
    assert_code(executor_judge(&ex, b, &invalid, &err), CODE_UNTRUSTED);
    assert_true(invalid);
    ex.options.trust = (struct check_trust){1, id_of(1)};
    assert_ok(executor_judge(&ex, b, &invalid, &err), &err);
    ex.options.trust = (struct check_trust){2, id_of(1)};
    assert_ok(executor_judge(&ex, b, &invalid, &err), &err);
    assert_false(invalid);
    block_unref(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(block_sync__several_peers, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__to_a_height_signed_before, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__from_a_height_signed_before, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__one_block_goes_through_consensus, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__forged_certificate, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__certificate_of_too_few, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__another_body, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__no_certificate, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__garbage, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__another_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__another_height, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__claims_are_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__unsolicited, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__more_than_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__a_peer_that_stalls, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__a_peer_that_drips, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__another_state, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__decided_and_not_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(check_run__signatures_that_a_trusted_block_covers, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__up_to_a_trusted_block, setup, teardown),
        cmocka_unit_test_setup_teardown(block_sync__not_to_the_trusted_block, setup, teardown),
        cmocka_unit_test_setup_teardown(executor_judge__another_than_the_trusted_block, setup, teardown),
    };
    test_setup();
    made_chain_init(&chain, NULL, 4, 10);
    made_chain_grow(&chain, HEIGHTS, TXS);
    made_chain_init(&foreign, NULL, 4, 11);
    made_chain_grow(&foreign, HEIGHTS, TXS);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    made_chain_release(&chain);
    made_chain_release(&foreign);
    return rc;
}
