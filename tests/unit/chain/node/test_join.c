/* SPDX-License-Identifier: Apache-2.0 */
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

static uint64_t mono_ns(void *ctx) {
    (void)ctx;
    return now_ns;
}

static uint64_t real_ms(void *ctx) {
    (void)ctx;
    return chain.executor.head->info.header_time + late_ms;
}

static void host_send(void *ctx, net_peer peer, uint8_t kind, struct bytes payload) {
    (void)ctx;
    assert_true(seen.frames_n < QUEUE);
    seen.frames[seen.frames_n].peer = peer;
    seen.frames[seen.frames_n].kind = kind;
    assert_true(arena_dup_bytes(&waits, payload, &seen.frames[seen.frames_n].payload));
    seen.frames_n++;
    if (kind == WIRE_CHUNK_REQUEST)
        seen.asked++;
}

static void host_report(void *ctx, net_peer peer, unsigned points, const char *why) {
    (void)ctx;
    assert_true(peer >= 1 && peer <= PEERS && strlen(why) > 5);
    seen.points[peer] += points;
}

static void host_import(void *ctx, const struct join_job *job) {
    (void)ctx;
    assert_true(seen.jobs_n < STATE_SYNC_AHEAD + 3);
    seen.jobs[seen.jobs_n++] = *job;
}

static const struct join_host host = {
    .mono_ns = mono_ns, .real_ms = real_ms, .send = host_send, .report = host_report, .import = host_import};

static int do_job(const struct join_job *j, struct err *err) {
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

static struct bytes tamper(struct bytes in, size_t at) {
    struct bytes out;
    assert_true(arena_dup_bytes(&arena, in, &out));
    ((uint8_t *)(uintptr_t)out.data)[at] ^= 1;
    return out;
}

static struct bytes encode(const void *pb) {
    struct err err;
    struct bytes out;
    assert_ok(pb_encode(pb, &arena, &out, &err), &err);
    return out;
}

static struct bytes ghosts(void) {
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

static struct bytes list_of(net_peer peer) {
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
static struct bytes fake_header(uint64_t height) {
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

static struct bytes header_of(net_peer peer, uint64_t height) {
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

static struct bytes manifest_of(net_peer peer, uint64_t height) {
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

static uint32_t last_chunk(uint64_t height) {
    struct snapshot_info infos[SNAPSHOTS_MAX];
    size_t n = 0;
    assert_ok(store_snapshots(chain.store, SNAPSHOTS_MAX, infos, &n, NULL), NULL);
    for (size_t i = 0; i < n; i++)
        if (infos[i].height == height)
            return infos[i].chunks - 1;
    return UINT32_MAX;
}

static struct bytes chunk_of(net_peer peer, uint64_t height, uint32_t index) {
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
static bool answer(net_peer peer, uint8_t kind, struct bytes payload, uint8_t *ret_kind, struct bytes *ret) {
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
static int work(struct err *err) {
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
static int run(unsigned seconds, struct err *err) {
    int rc = work(err);
    for (unsigned i = 0; rc == CODE_OK && !join_done(&join) && i < seconds * 4; i++) {
        now_ns += 250 * 1000000ull;
        rc = work(err);
    }
    return rc;
}

/* The store stands at the height, serves its block, and the rules go on from there. */
static void assert_joined(uint64_t height) {
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

static void open_join(uint64_t trust_height, const struct hash *trust_id) {
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

static int setup(void **state) {
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

static int teardown(void **state) {
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

static void assert_points(unsigned a, unsigned b, unsigned c, unsigned d) {
    assert_int_equal(seen.points[1], a);
    assert_int_equal(seen.points[2], b);
    assert_int_equal(seen.points[3], c);
    assert_int_equal(seen.points[4], d);
}

/* --- tests --- */

static void join__from_several_peers(void **state) {
    (void)state;
    struct err err;
    open_join(0, NULL);
    assert_ok(run(30, &err), &err);
    assert_joined(20);
    assert_points(0, 0, 0, 0);
    assert_int_equal(seen.asked, last_chunk(20) + 1); /* each once */
    unsigned givers = 0;
    for (net_peer p = 1; p <= PEERS; p++)
        givers += seen.chunks[p] > 0;
    assert_true(givers > 1);
}

static void join__one_lies_in_one_chunk(void **state) {
    (void)state;
    struct err err;
    for (net_peer p = 1; p < PEERS; p++)
        lies[p] = BAD_CHUNK; /* all but one */
    open_join(0, NULL);
    assert_ok(run(60, &err), &err);
    assert_joined(20);
    assert_int_equal(seen.points[PEERS], 0);
    unsigned caught = 0;
    for (net_peer p = 1; p < PEERS; p++)
        caught += seen.points[p] == 100;
    assert_true(caught >= 1);
}

static void join__forged_headers(void **state) {
    (void)state;
    struct err err;
    lies[1] = lies[2] = lies[3] = BAD_HEADER;
    open_join(0, NULL);
    assert_ok(run(60, &err), &err);
    assert_joined(20);
    assert_points(seen.points[1], seen.points[2], seen.points[3], 0);
    assert_true(seen.points[1] + seen.points[2] + seen.points[3] >= 100);
}

/* Bisection shows the forgery only when somebody else's header lies right before it: who told the truth is not the one
 * to blame. */
static void join__forged_validators(void **state) {
    (void)state;
    struct err err;
    lies[1] = FAKE_SET;
    open_join(0, NULL);
    assert_ok(run(60, &err), &err);
    assert_joined(20);
    assert_points(100, 0, 0, 0);
}

static void join__another_block(void **state) {
    (void)state;
    struct err err;
    lies[1] = lies[2] = lies[3] = BAD_BLOCK;
    open_join(0, NULL);
    assert_ok(run(60, &err), &err);
    assert_joined(20);
    assert_int_equal(seen.points[4], 0);
}

static void join__a_snapshot_of_another_state(void **state) {
    (void)state;
    struct err err;
    lies[2] = BAD_OFFER; /* the highest: so it is tried first */
    open_join(0, NULL);
    assert_ok(run(60, &err), &err);
    assert_joined(20);
    assert_points(0, 100, 0, 0);
}

/* Nobody can prove that they are none: but who has led nowhere once is followed last. */
static void join__snapshots_that_are_not_there(void **state) {
    (void)state;
    struct err err;
    lies[2] = GHOSTS;
    open_join(0, NULL);
    assert_ok(run(2 * STATE_SYNC_STALL_MS / 1000, &err), &err);
    assert_joined(20);
    assert_points(0, 0, 0, 0);
}

static void join__another_manifest_than_offered(void **state) {
    (void)state;
    struct err err;
    lies[1] = lies[2] = lies[3] = BAD_ID;
    open_join(0, NULL);
    assert_ok(run(60, &err), &err);
    assert_joined(20);
    assert_int_equal(seen.points[4], 0);
}

/* A manifest that is right but for the hash of one chunk: the chunk that fits it is not of the state. */
static void join__a_manifest_that_lies(void **state) {
    (void)state;
    struct err err;
    lies[1] = lies[2] = lies[3] = BAD_PROOF; /* so theirs has more offers */
    open_join(0, NULL);
    assert_ok(run(90, &err), &err);
    assert_joined(20);
    assert_int_equal(seen.points[4], 0);
    assert_true(seen.points[1] + seen.points[2] + seen.points[3] > 0);
}

static void join__nobody_has_the_chunks_any_more(void **state) {
    (void)state;
    struct err err;
    lies[1] = lies[2] = lies[3] = NO_CHUNKS;
    open_join(0, NULL);
    assert_ok(run(60, &err), &err);
    assert_joined(20);
    assert_points(0, 0, 0, 0); /* no offence */
    assert_int_equal(seen.chunks[4], last_chunk(20) + 1);
}

static void join__silent_peers(void **state) {
    (void)state;
    struct err err;
    lies[1] = lies[3] = SILENT;
    open_join(0, NULL);
    assert_ok(run(60, &err), &err);
    assert_joined(20);
    assert_points(0, 0, 0, 0);
}

/* A network younger than its first snapshot: all blocks will do, unless the genesis is not what is trusted. */
static void join__nobody_has_a_snapshot(void **state) {
    (void)state;
    struct err err;
    struct hash id = {{1}};
    for (net_peer p = 1; p <= PEERS; p++)
        lies[p] = NO_SNAPSHOTS;
    lies[2] = SILENT;
    open_join(0, NULL);
    assert_ok(run(STATE_SYNC_NONE_MS / 1000 - 1, &err), &err);
    assert_false(join_none(&join));
    assert_ok(run(2, &err), &err);
    assert_true(join_none(&join));
    assert_false(join_done(&join));
    assert_points(0, 0, 0, 0);
    join_close(&join);
    memset(&seen, 0, sizeof seen);
    open_join(10, &id);
    assert_ok(run(4 * STATE_SYNC_NONE_MS / 1000, &err), &err);
    assert_false(join_none(&join));
}

static void join__the_last_chunk_is_slow(void **state) {
    (void)state;
    struct err err;
    lies[1] = lies[2] = lies[3] = SLOW;
    open_join(0, NULL);
    assert_ok(run(25, &err), &err);
    assert_joined(20);
    assert_points(0, 0, 0, 0);
}

/* The snapshot that was begun is gone everywhere; another one is there. */
static void join__falls_back_to_another_snapshot(void **state) {
    (void)state;
    struct err err;
    seen.stop_after = 3;
    open_join(0, NULL);
    assert_ok(run(10, &err), &err);
    assert_int_equal(seen.taken, 3);
    seen.stop_after = 0;
    gone = true;
    for (net_peer p = 1; p <= PEERS; p++)
        lies[p] = NO_CHUNKS;
    assert_ok(run(5, &err), &err);
    memset(lies, 0, sizeof lies);
    assert_ok(run(60, &err), &err);
    assert_joined(10);
    assert_points(0, 0, 0, 0);
}

/* Stopped at any chunk: what is in is not asked for again. */
static void join__goes_on_after_a_stop(void **state) {
    (void)state;
    struct err err;
    unsigned chunks = last_chunk(20) + 1;
    for (unsigned stop = 1; stop < chunks; stop += 4) {
        seen.stop_after = stop;
        open_join(0, NULL);
        assert_ok(run(20, &err), &err);
        for (size_t i = 0; i < seen.jobs_n; i++)
            free(seen.jobs[i].data);
        seen.jobs_n = seen.frames_n = 0;
        store_import_close(import);
        import = NULL;
        join_close(&join);
        store_close(store);
        assert_ok(store_open_kv(kv, NULL, &store, &err), &err);
    }
    unsigned in = seen.taken;
    assert_true(in > chunks / 2 && in < chunks);
    seen.stop_after = 0;
    seen.asked = 0;
    open_join(0, NULL);
    assert_ok(run(20, &err), &err);
    assert_joined(20);
    assert_int_equal(seen.asked, chunks - in);
}

static void trusted_header(uint64_t height, struct hash *ret) {
    StoredBlock *pb = NULL;
    struct block *b = NULL;
    assert_ok(pb_decode(&stored_block__descriptor, made_chain_stored(&chain, height, &arena), &arena, &pb, NULL), NULL);
    assert_ok(block_new(pb_bytes(pb->block), &chain.tag, &b, NULL), NULL);
    *ret = b->header.id;
    block_unref(b);
}

static void join__trust_by_configuration(void **state) {
    (void)state;
    struct err err;
    struct hash id;
    const uint64_t heights[] = {5, 20, 21};
    for (size_t i = 0; i < 3; i++) {
        trusted_header(heights[i], &id);
        open_join(heights[i], &id);
        assert_ok(run(30, &err), &err);
        assert_joined(20);
        teardown(NULL);
        setup(NULL);
    }
    /* Another id than the chain's: nobody can show that header, so nobody is believed. */
    trusted_header(5, &id);
    id.b[3] ^= 1;
    open_join(5, &id);
    assert_ok(run(30, &err), &err);
    assert_false(join_done(&join));
    assert_int_equal(seen.taken, 0);
}

static void join__too_old_a_trust(void **state) {
    (void)state;
    struct err err;
    late_ms = LIGHT_TRUST_PERIOD_MS + 1000;
    open_join(0, NULL);
    assert_code(run(30, &err), CODE_EXPIRED);
    assert_non_null(strstr(err.msg, "trust_height"));
}

static void join__what_nobody_asked_for(void **state) {
    (void)state;
    struct err err;
    struct bytes out;
    for (net_peer p = 1; p <= PEERS; p++)
        lies[p] = SILENT;
    open_join(0, NULL);
    assert_ok(work(&err), &err);
    assert_ok(serve_chunk(chain.store, 20, 0, &arena, &out, &err), &err);
    assert_ok(join_message(&join, 1, WIRE_CHUNK, out, &err), &err);
    assert_ok(serve_header(chain.store, 21, &arena, &out, &err), &err);
    assert_ok(join_message(&join, 2, WIRE_HEADER, out, &err), &err);
    assert_ok(serve_manifest(chain.store, 20, &arena, &out, &err), &err);
    assert_ok(join_message(&join, 3, WIRE_MANIFEST, out, &err), &err);
    assert_ok(serve_blocks(chain.store, 20, 1, &arena, &out, &err), &err);
    assert_ok(join_message(&join, 4, WIRE_BLOCK_BATCH, out, &err), &err);
    assert_points(20, 20, 20, 20);
    const uint8_t kinds[] = {WIRE_CHUNK, WIRE_HEADER, WIRE_MANIFEST, WIRE_BLOCK_BATCH, WIRE_SNAPSHOTS};
    for (size_t i = 0; i < sizeof kinds; i++)
        assert_ok(join_message(&join, 1, kinds[i], bytes_str("\xff\xff\xff\xff"), &err), &err);
    assert_int_equal(seen.points[1], 20 + 5 * 50);
    assert_int_equal(join.plan.phase, STATE_SYNC_DISCOVER);
}

/* An answer that comes after it was given up is no fault: nobody is reproached for a slow line. */
static void join__what_comes_too_late(void **state) {
    (void)state;
    struct err err;
    struct bytes out;
    for (net_peer p = 1; p <= PEERS; p++)
        lies[p] = SILENT;
    open_join(0, NULL);
    assert_ok(run((STATE_SYNC_TIMEOUT_MS + STATE_SYNC_FORGET_MS) / 1000 + 2, &err), &err);
    assert_true(state_sync_owed(&join.plan, 1) > 0);
    assert_ok(serve_snapshots(chain.store, &arena, &out, &err), &err);
    unsigned n = state_sync_owed(&join.plan, 1) + STATE_SYNC_ASKS_MAX;
    for (unsigned i = 0; i < n && state_sync_owed(&join.plan, 1) > 0; i++)
        assert_ok(join_message(&join, 1, WIRE_SNAPSHOTS, out, &err), &err);
    assert_points(0, 0, 0, 0);
    for (unsigned i = 0; i <= STATE_SYNC_ASKS_MAX; i++)
        assert_ok(join_message(&join, 1, WIRE_SNAPSHOTS, out, &err), &err);
    assert_true(seen.points[1] > 0); /* but it is no leave to send what was never asked for */
}

/* Who has no state yet says so to others who look for one. */
static void serve_answer__of_a_node_without_a_state(void **state) {
    (void)state;
    struct bytes out;
    struct serve s = {.from = 7, .count = 1};
    SnapshotList *list = NULL;
    HeaderReply *header = NULL;
    BlockBatch *batch = NULL;
    ManifestReply *manifest = NULL;
    ChunkReply *chunk = NULL;
    s.kind = SERVE_SNAPSHOTS;
    assert_int_equal(serve_answer(NULL, &s, &arena, &out), WIRE_SNAPSHOTS);
    assert_ok(pb_decode(&snapshot_list__descriptor, out, &arena, &list, NULL), NULL);
    assert_int_equal(list->n_offers, 0);
    s.kind = SERVE_HEADER;
    assert_int_equal(serve_answer(NULL, &s, &arena, &out), WIRE_HEADER);
    assert_ok(pb_decode(&header_reply__descriptor, out, &arena, &header, NULL), NULL);
    assert_true(header->height == 7 && header->header.len == 0);
    s.kind = SERVE_BLOCKS;
    assert_int_equal(serve_answer(NULL, &s, &arena, &out), WIRE_BLOCK_BATCH);
    assert_ok(pb_decode(&block_batch__descriptor, out, &arena, &batch, NULL), NULL);
    assert_true(batch->from == 7 && batch->n_blocks == 0);
    s.kind = SERVE_MANIFEST;
    assert_int_equal(serve_answer(NULL, &s, &arena, &out), WIRE_MANIFEST);
    assert_ok(pb_decode(&manifest_reply__descriptor, out, &arena, &manifest, NULL), NULL);
    assert_true(manifest->height == 7 && manifest->manifest.len == 0);
    s.kind = SERVE_CHUNK;
    assert_int_equal(serve_answer(NULL, &s, &arena, &out), WIRE_CHUNK);
    assert_ok(pb_decode(&chunk_reply__descriptor, out, &arena, &chunk, NULL), NULL);
    assert_true(chunk->height == 7 && chunk->index == 1 && chunk->chunk.len == 0);
    s.kind = SERVE_DECIDED;
    assert_int_equal(serve_answer(NULL, &s, &arena, &out), 0);
    join = (struct join){.done = false};
    arena_init(&join.arena, 1 << 20); /* for teardown */
    arena_init(&join.blocks, 1 << 20);
}

/* A header is served from the record that has no transactions: the same as from the whole block. */
static void serve_header__without_the_block(void **state) {
    (void)state;
    struct err err;
    struct bytes out, whole, bare;
    HeaderReply *reply = NULL;
    StoredBlock *stored = NULL;
    Block *block = NULL;
    assert_ok(serve_header(chain.store, 5, &arena, &out, &err), &err);
    assert_ok(pb_decode(&header_reply__descriptor, out, &arena, &reply, &err), &err);
    assert_ok(store_get_record(chain.store, STORE_BLOCK, 5, &arena, &whole, &err), &err);
    assert_ok(store_get_record(chain.store, STORE_HEADER, 5, &arena, &bare, &err), &err);
    assert_true(bare.len < whole.len);
    assert_ok(pb_decode(&stored_block__descriptor, whole, &arena, &stored, &err), &err);
    assert_ok(pb_decode(&block__descriptor, pb_bytes(stored->block), &arena, &block, &err), &err);
    assert_true(block->n_txs > 0 && bytes_eq(pb_bytes(reply->header), pb_bytes(block->header)));
    assert_int_equal(reply->certificate->n_signatures, stored->certificate->n_signatures);
    join = (struct join){.done = false};
    arena_init(&join.arena, 1 << 20); /* for teardown */
    arena_init(&join.blocks, 1 << 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(join__from_several_peers, setup, teardown),
        cmocka_unit_test_setup_teardown(join__one_lies_in_one_chunk, setup, teardown),
        cmocka_unit_test_setup_teardown(join__forged_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(join__forged_validators, setup, teardown),
        cmocka_unit_test_setup_teardown(join__another_block, setup, teardown),
        cmocka_unit_test_setup_teardown(join__a_snapshot_of_another_state, setup, teardown),
        cmocka_unit_test_setup_teardown(join__snapshots_that_are_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(join__another_manifest_than_offered, setup, teardown),
        cmocka_unit_test_setup_teardown(join__a_manifest_that_lies, setup, teardown),
        cmocka_unit_test_setup_teardown(join__nobody_has_the_chunks_any_more, setup, teardown),
        cmocka_unit_test_setup_teardown(join__silent_peers, setup, teardown),
        cmocka_unit_test_setup_teardown(join__nobody_has_a_snapshot, setup, teardown),
        cmocka_unit_test_setup_teardown(join__the_last_chunk_is_slow, setup, teardown),
        cmocka_unit_test_setup_teardown(join__falls_back_to_another_snapshot, setup, teardown),
        cmocka_unit_test_setup_teardown(join__goes_on_after_a_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(join__trust_by_configuration, setup, teardown),
        cmocka_unit_test_setup_teardown(join__too_old_a_trust, setup, teardown),
        cmocka_unit_test_setup_teardown(join__what_nobody_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(join__what_comes_too_late, setup, teardown),
        cmocka_unit_test_setup_teardown(serve_answer__of_a_node_without_a_state, setup, teardown),
        cmocka_unit_test_setup_teardown(serve_header__without_the_block, setup, teardown),
    };
    test_setup();
    made_chain_init(&chain, NULL, 4, 50);
    made_chain_pad(&chain, PAIRS, LEN);
    made_chain_grow(&chain, 10, 5);
    made_chain_snapshot(&chain);
    made_chain_grow(&chain, 10, 5);
    made_chain_snapshot(&chain);
    made_chain_grow(&chain, 3, 5);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    made_chain_release(&chain);
    return rc;
}
