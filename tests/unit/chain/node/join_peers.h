/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_UNIT_CHAIN_NODE_JOIN_PEERS_H
#define CAIRN_TESTS_UNIT_CHAIN_NODE_JOIN_PEERS_H
/* Joining by a snapshot: a made chain in the hands of peers that are honest, slow, or lie in one thing; a store in
 * memory takes it in, and the real rules go on from there. */
#include "tests/lib/test.h"

#include "chain/codec/pb.h"
#include "chain/node/join.h"
#include "chain/node/serve.h"
#include "tests/lib/chain/made_chain.h"
#include "tests/lib/light/committee.h"

enum { PEERS = 4, QUEUE = 4096, PAIRS = 240, LEN = 100000 };

enum lie {
    HONEST,
    SILENT,     /* never answers */
    NO_CHUNKS,  /* offers, and has not got any chunk */
    BAD_CHUNK,  /* one byte of chunk 1 is changed */
    BAD_HEADER, /* a signature in every certificate is changed */
    FAKE_SET,   /* the header of height 21 is of validators of its own, who all sign; lacks every other one */
    BAD_BLOCK,  /* another block than the one of the snapshot's height */
    BAD_OFFER,  /* a height and a root that nobody else has */
    GHOSTS,     /* another snapshot of a height to come whenever it is asked, and nothing else */
    BAD_ID,     /* another manifest than the one it offers */
    BAD_PROOF,  /* a manifest of its own making, whose chunk 1 is not of the state */
    SLOW,       /* never answers for the last chunk */
    NO_SNAPSHOTS,
};

static struct made_chain chain;
static struct kv *kv;
static struct store *store;
static struct store_import *import;
static struct join join;
static struct arena arena, waits;
static uint64_t now_ns, late_ms;
static enum lie lies[PEERS + 1];
static bool gone; /* the older snapshot, at everybody's */

static struct {
    struct {
        net_peer peer;
        uint8_t kind;
        struct bytes payload;
    } frames[QUEUE];
    size_t frames_n;
    struct join_job jobs[QUEUE];
    size_t jobs_n;
    unsigned points[PEERS + 1], chunks[PEERS + 1], asked, taken;
    unsigned stop_after; /* chunks; then jobs are not done any more; 0: never */
} seen;

/* --- the host --- */

static inline uint64_t mono_ns(void *ctx) {
    (void)ctx;
    return now_ns;
}

static inline uint64_t real_ms(void *ctx) {
    (void)ctx;
    return chain.executor.head->info.header_time + late_ms;
}

static inline void host_send(void *ctx, net_peer peer, uint8_t kind, struct bytes payload) {
    (void)ctx;
    assert_true(seen.frames_n < QUEUE);
    seen.frames[seen.frames_n].peer = peer;
    seen.frames[seen.frames_n].kind = kind;
    assert_true(arena_dup_bytes(&waits, payload, &seen.frames[seen.frames_n].payload));
    seen.frames_n++;
    if (kind == WIRE_CHUNK_REQUEST)
        seen.asked++;
}

static inline void host_report(void *ctx, net_peer peer, unsigned points, const char *why) {
    (void)ctx;
    assert_true(peer >= 1 && peer <= PEERS && strlen(why) > 5);
    seen.points[peer] += points;
}

static inline void host_import(void *ctx, const struct join_job *job) {
    (void)ctx;
    assert_true(seen.jobs_n < STATE_SYNC_AHEAD + 3);
    seen.jobs[seen.jobs_n++] = *job;
}

static const struct join_host host = {
    .mono_ns = mono_ns, .real_ms = real_ms, .send = host_send, .report = host_report, .import = host_import};

static inline int do_job(const struct join_job *j, struct err *err) {
    static uint8_t have[SNAPSHOT_CHUNKS_MAX / 8];
    struct join_result r = {.kind = j->kind, .peer = j->peer, .turn = j->turn, .index = j->index, .have = have};
    struct store_import_end end = {
        .time = j->time, .records = {{.kind = STORE_BLOCK, .bytes = bytes_of(j->data, j->len)}}, .records_n = 1};
    switch (j->kind) {
    case JOIN_BEGIN:
        store_import_close(import);
        import = NULL;
        memset(have, 0, sizeof have);
        r.code = store_import_begin(store, bytes_of(j->data, j->len), &import, &r.err);
        r.chunks = r.code == CODE_OK ? store_import_manifest(import)->chunks : 0;
        for (uint32_t i = 0; i < r.chunks; i++)
            have[i / 8] |= (uint8_t)(store_import_has(import, i) << i % 8);
        break;
    case JOIN_CHUNK:
        r.code = store_import_chunk(import, j->index, bytes_of(j->data, j->len), &r.err);
        seen.chunks[j->peer]++;
        seen.taken += r.code == CODE_OK;
        break;
    case JOIN_FINISH:
        r.code = store_import_finish(import, &end, &r.err);
        break;
    }
    free(j->data);
    return join_imported(&join, &r, err);
}

/* --- peers --- */

static inline struct bytes tamper(struct bytes in, size_t at) {
    struct bytes out;
    assert_true(arena_dup_bytes(&arena, in, &out));
    ((uint8_t *)(uintptr_t)out.data)[at] ^= 1;
    return out;
}

static inline struct bytes encode(const void *pb) {
    struct err err;
    struct bytes out;
    assert_ok(pb_encode(pb, &arena, &out, &err), &err);
    return out;
}

static inline struct bytes ghosts(void) {
    SnapshotList pb = SNAPSHOT_LIST__INIT;
    SnapshotOffer o = SNAPSHOT_OFFER__INIT, *list[] = {&o};
    struct hash h = {{0}};
    store_be64(h.b, now_ns);
    o.height = 1000;
    o.chunks = 3;
    o.root = o.manifest_id = pb_data(hash_bytes(&h));
    pb.offers = list;
    pb.n_offers = 1;
    return encode(&pb);
}

static inline struct bytes list_of(net_peer peer) {
    struct err err;
    struct bytes out;
    SnapshotList *pb = NULL;
    if (lies[peer] == GHOSTS)
        return ghosts();
    if (lies[peer] == NO_SNAPSHOTS) {
        SnapshotList none = SNAPSHOT_LIST__INIT;
        return encode(&none);
    }
    assert_ok(serve_snapshots(chain.store, &arena, &out, &err), &err);
    assert_ok(pb_decode(&snapshot_list__descriptor, out, &arena, &pb, &err), &err);
    assert_int_equal(pb->n_offers, 2);
    if (lies[peer] == BAD_OFFER) {
        pb->offers[0]->height = chain.executor.head->height - 1;
        pb->offers[0]->root.data[0] ^= 1;
        pb->offers[0]->manifest_id.data[0] ^= 1;
    }
    if (lies[peer] == BAD_PROOF) {
        struct hash id;
        struct bytes m;
        assert_ok(store_snapshot_manifest(chain.store, pb->offers[0]->height, &arena, &m, &err), &err);
        m = tamper(m, m.len - 1);
        id = snapshot_manifest_id(m);
        pb->n_offers = 1;
        memcpy(pb->offers[0]->manifest_id.data, id.b, sizeof id.b);
    }
    if (!gone && lies[peer] != BAD_OFFER && lies[peer] != BAD_PROOF)
        pb->n_offers = 1; /* the newest */
    if (gone)
        pb->offers++, pb->n_offers--; /* only the older one */
    return encode(pb);
}

/* It hangs together, and leads nowhere. */
static inline struct bytes fake_header(uint64_t height) {
    struct committee *c = ARENA_NEW(&arena, struct committee);
    HeaderReply pb = HEADER_REPLY__INIT;
    pb.height = height;
    if (height == 21) {
        committee_of(c, 1, 4);
        struct header_maker m = {.arena = &arena, .chain_tag = chain.tag, .by = c};
        struct header_wish w = {.height = height, .time = chain.executor.head->info.header_time};
        SignedHeader *sh = committee_header(&m, &w);
        pb.header = sh->header;
        pb.certificate = sh->certificate;
        pb.validators = sh->validators;
    }
    return encode(&pb);
}

static inline struct bytes header_of(net_peer peer, uint64_t height) {
    struct err err;
    struct bytes out;
    HeaderReply *pb = NULL;
    if (lies[peer] == FAKE_SET)
        return fake_header(height);
    assert_ok(serve_header(chain.store, height, &arena, &out, &err), &err);
    if (lies[peer] != BAD_HEADER)
        return out;
    assert_ok(pb_decode(&header_reply__descriptor, out, &arena, &pb, &err), &err);
    if (pb->certificate != NULL)
        pb->certificate->signatures[0].data[9] ^= 1;
    return encode(pb);
}

static inline struct bytes manifest_of(net_peer peer, uint64_t height) {
    struct err err;
    struct bytes out;
    ManifestReply *pb = NULL;
    assert_ok(serve_manifest(chain.store, height, &arena, &out, &err), &err);
    if (lies[peer] != BAD_ID && lies[peer] != BAD_PROOF)
        return out;
    assert_ok(pb_decode(&manifest_reply__descriptor, out, &arena, &pb, &err), &err);
    pb->manifest.data[pb->manifest.len - 1] ^= 1; /* the hash of the last chunk */
    return encode(pb);
}

static inline uint32_t last_chunk(uint64_t height) {
    struct snapshot_info infos[SNAPSHOTS_MAX];
    size_t n = 0;
    assert_ok(store_snapshots(chain.store, SNAPSHOTS_MAX, infos, &n, NULL), NULL);
    for (size_t i = 0; i < n; i++)
        if (infos[i].height == height)
            return infos[i].chunks - 1;
    return UINT32_MAX;
}

static inline struct bytes chunk_of(net_peer peer, uint64_t height, uint32_t index) {
    struct err err;
    struct bytes out;
    ChunkReply *pb = NULL;
    assert_ok(serve_chunk(chain.store, height, index, &arena, &out, &err), &err);
    assert_ok(pb_decode(&chunk_reply__descriptor, out, &arena, &pb, &err), &err);
    if (lies[peer] == NO_CHUNKS)
        pb->chunk.len = 0;
    if (lies[peer] == BAD_CHUNK && index == 1)
        pb->chunk = pb_data(tamper(pb_bytes(pb->chunk), pb->chunk.len / 2));
    return encode(pb);
}

/* The answer; false: none. */
static inline bool answer(net_peer peer, uint8_t kind, struct bytes payload, uint8_t *ret_kind, struct bytes *ret) {
    HeaderRequest *height = NULL;
    BlockRequest *block = NULL;
    ChunkRequest *chunk = NULL;
    if (lies[peer] == SILENT)
        return false;
    switch (kind) {
    case WIRE_SNAPSHOTS_REQUEST:
        *ret_kind = WIRE_SNAPSHOTS;
        *ret = list_of(peer);
        return true;
    case WIRE_HEADER_REQUEST:
        assert_ok(pb_decode(&header_request__descriptor, payload, &arena, &height, NULL), NULL);
        *ret_kind = WIRE_HEADER;
        *ret = header_of(peer, height->height);
        return true;
    case WIRE_BLOCK_REQUEST:
        assert_ok(pb_decode(&block_request__descriptor, payload, &arena, &block, NULL), NULL);
        assert_int_equal(block->count, 1);
        *ret_kind = WIRE_BLOCK_BATCH;
        assert_ok(serve_blocks(chain.store, block->from - (lies[peer] == BAD_BLOCK), 1, &arena, ret, NULL), NULL);
        if (lies[peer] == BAD_BLOCK) {
            BlockBatch *pb = NULL;
            assert_ok(pb_decode(&block_batch__descriptor, *ret, &arena, &pb, NULL), NULL);
            pb->from++;
            *ret = encode(pb);
        }
        return true;
    case WIRE_MANIFEST_REQUEST:
        assert_ok(pb_decode(&header_request__descriptor, payload, &arena, &height, NULL), NULL);
        *ret_kind = WIRE_MANIFEST;
        *ret = manifest_of(peer, height->height);
        return true;
    case WIRE_CHUNK_REQUEST:
        assert_ok(pb_decode(&chunk_request__descriptor, payload, &arena, &chunk, NULL), NULL);
        *ret_kind = WIRE_CHUNK;
        if (lies[peer] == SLOW && chunk->index == last_chunk(chunk->height))
            return false;
        *ret = chunk_of(peer, chunk->height, chunk->index);
        return true;
    default:
        fail();
        return false;
    }
}

/* --- running --- */

/* Until nothing is left to do now. */
static inline int work(struct err *err) {
    int rc = CODE_OK;
    join_step(&join);
    while (rc == CODE_OK && (seen.frames_n > 0 || seen.jobs_n > 0) &&
           !(seen.stop_after > 0 && seen.taken >= seen.stop_after)) {
        if (seen.jobs_n > 0) {
            struct join_job j = seen.jobs[0];
            memmove(seen.jobs, seen.jobs + 1, --seen.jobs_n * sizeof j);
            rc = do_job(&j, err);
        } else {
            net_peer peer = seen.frames[0].peer;
            uint8_t kind = 0;
            struct bytes payload = seen.frames[0].payload, out;
            bool answers = answer(peer, seen.frames[0].kind, payload, &kind, &out);
            memmove(seen.frames, seen.frames + 1, --seen.frames_n * sizeof seen.frames[0]);
            if (answers && seen.points[peer] < 100)
                rc = join_message(&join, peer, kind, out, err);
            arena_reset(&arena);
            if (seen.frames_n == 0)
                arena_reset(&waits);
        }
        if (rc == CODE_OK)
            join_step(&join);
    }
    return rc;
}

/* So many seconds at most, or until it is done. */
static inline int run(unsigned seconds, struct err *err) {
    int rc = work(err);
    for (unsigned i = 0; rc == CODE_OK && !join_done(&join) && i < seconds * 4; i++) {
        now_ns += 250 * 1000000ull;
        rc = work(err);
    }
    return rc;
}

/* The store stands at the height, serves its block, and the rules go on from there. */
static inline void assert_joined(uint64_t height) {
    struct err err;
    struct executor ex;
    struct executor_options o = {.index_events = false};
    struct hash root;
    assert_true(join_done(&join));
    store_import_close(import);
    import = NULL;
    assert_ok(executor_open(&ex, store, &chain.app, chain.verify, &o, NULL, &chain.tag, &err), &err);
    assert_int_equal(ex.head->height, height);
    assert_ok(store_get_root(chain.store, height, &root, &err), &err);
    assert_true(hash_eq(&ex.head->app_hash, &root));
    assert_int_equal(store_first_block(store), height);
    while (ex.head->height < chain.executor.head->height) {
        StoredBlock *pb = NULL;
        struct block *b = NULL;
        bool invalid;
        static struct certificate cert;
        assert_ok(pb_decode(&stored_block__descriptor, made_chain_stored(&chain, ex.head->height + 1, &arena), &arena,
                            &pb, &err),
                  &err);
        assert_ok(block_new(pb_bytes(pb->block), &chain.tag, &b, &err), &err);
        assert_ok(certificate_from_pb(pb->certificate, 4, &cert, &err), &err);
        assert_ok(executor_apply(&ex, b, &cert, true, &invalid, &err), &err);
        block_unref(b);
    }
    assert_true(hash_eq(&ex.head->app_hash, &chain.executor.head->app_hash));
    executor_close(&ex);
}

static inline void open_join(uint64_t trust_height, const struct hash *trust_id) {
    struct err err;
    struct join_options o = {
        .host = &host, .chain_tag = chain.tag, .genesis = chain.genesis, .trust_height = trust_height};
    if (trust_id != NULL)
        o.trust_id = *trust_id;
    if (store_import_pending(store, &arena, &o.pending, NULL) != CODE_OK)
        o.pending = BYTES_NONE;
    assert_ok(join_open(&join, &o, &err), &err);
    for (net_peer p = 1; p <= PEERS; p++)
        join_up(&join, p);
}

static inline int setup(void **state) {
    (void)state;
    struct err err;
    memset(&seen, 0, sizeof seen);
    memset(lies, 0, sizeof lies);
    now_ns = 1000000000000;
    late_ms = 0;
    gone = false;
    arena_init(&arena, 256 << 20);
    arena_init(&waits, 16 << 20);
    assert_ok(kv_open_mem(STORE_FAMILIES, &kv, &err), &err);
    assert_ok(store_open_kv(kv, NULL, &store, &err), &err);
    return 0;
}

static inline int teardown(void **state) {
    (void)state;
    for (size_t i = 0; i < seen.jobs_n; i++)
        free(seen.jobs[i].data);
    join_close(&join);
    store_import_close(import);
    import = NULL;
    store_close(store);
    kv_close(kv);
    arena_release(&arena);
    arena_release(&waits);
    return 0;
}

static inline void assert_points(unsigned a, unsigned b, unsigned c, unsigned d) {
    assert_int_equal(seen.points[1], a);
    assert_int_equal(seen.points[2], b);
    assert_int_equal(seen.points[3], c);
    assert_int_equal(seen.points[4], d);
}

/* The chain that all tests of a program share: 23 heights, snapshots at 10 and 20. */
static inline void join_peers_begin(void) {
    test_setup();
    made_chain_init(&chain, NULL, 4, 50);
    made_chain_pad(&chain, PAIRS, LEN);
    made_chain_grow(&chain, 10, 5);
    made_chain_snapshot(&chain);
    made_chain_grow(&chain, 10, 5);
    made_chain_snapshot(&chain);
    made_chain_grow(&chain, 3, 5);
}

#endif
