/* SPDX-License-Identifier: Apache-2.0 */
/* Joining by a snapshot, with peers that are honest, slow, or lie. */
#include "tests/unit/chain/node/join_peers.h"

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
    };
    join_peers_begin();
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    made_chain_release(&chain);
    return rc;
}
