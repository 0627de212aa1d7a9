/* SPDX-License-Identifier: Apache-2.0 */
/* What a node answers to others who catch up or join. */
#include "tests/lib/test.h"

#include "cairn/net.h"
#include "chain/codec/pb.h"
#include "chain/node/serve.h"
#include "chain/node/wire.h"
#include "tests/lib/chain/made_chain.h"

static struct made_chain chain;
static struct arena arena;

static int setup(void **state) {
    (void)state;
    made_chain_init(&chain, NULL, 4, 50);
    made_chain_grow(&chain, 6, 5);
    arena_init(&arena, 16 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&arena);
    made_chain_release(&chain);
    return 0;
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
}

TEST_MAIN(cmocka_unit_test_setup_teardown(serve_answer__of_a_node_without_a_state, setup, teardown),
          cmocka_unit_test_setup_teardown(serve_header__without_the_block, setup, teardown))
