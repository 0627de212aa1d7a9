/* SPDX-License-Identifier: Apache-2.0 */
/* The serving thread: what peers want from the store. */
#include "chain/node/serve.h"

#include "chain/node/threads.h"

#include "chain/codec/pb.h"
#include "chain/os/clock.h"

#include <stdlib.h>

enum { SERVE_BYTES = 4 << 20, SERVE_ARENA = 96 << 20 };

void serve_post(struct node *n, enum serve_kind kind, net_peer peer, uint64_t from, uint32_t count) {
    struct node_share *share = peers_share(n, peer);
    bool room = atomic_fetch_add(&share->serves, 1) < PEER_SERVES_MAX;
    struct serve *s = room ? malloc(sizeof *s) : NULL;
    if (s != NULL) {
        *s = (struct serve){.kind = kind, .peer = peer, .from = from, .count = count};
        if (queue_put(&n->serves, s, 0) == CODE_OK)
            return;
    }
    free(s); /* it will ask again */
    atomic_fetch_sub(&share->serves, 1);
}

static int stored_block(struct store *store, uint64_t height, struct arena *arena, StoredBlock **ret, struct err *err) {
    struct bytes bytes;
    int rc = store_get_record(store, STORE_BLOCK, height, arena, &bytes, err);
    if (rc == CODE_OK)
        rc = pb_decode(&stored_block__descriptor, bytes, arena, ret, err);
    return rc;
}

int serve_blocks(struct store *store, uint64_t from, uint32_t count, struct arena *arena, struct bytes *ret,
                 struct err *err) {
    BlockBatch pb = BLOCK_BATCH__INIT;
    ProtobufCBinaryData blocks[SYNC_RANGE_MAX];
    size_t total = 0;
    struct bytes bytes;
    pb.from = from;
    pb.blocks = blocks;
    count = count < SYNC_RANGE_MAX ? count : SYNC_RANGE_MAX;
    while (pb.n_blocks < count &&
           store_get_record(store, STORE_BLOCK, from + pb.n_blocks, arena, &bytes, NULL) == CODE_OK) {
        if (pb.n_blocks > 0 && total + bytes.len > SERVE_BYTES)
            break;
        total += bytes.len;
        blocks[pb.n_blocks++] = pb_data(bytes);
    }
    return pb_encode(&pb, arena, ret, err);
}

int serve_decided(struct store *store, uint64_t height, struct arena *arena, struct bytes *ret, struct err *err) {
    StoredBlock *b;
    int rc = stored_block(store, height, arena, &b, err);
    if (rc != CODE_OK)
        return rc;
    DecidedBlock pb = DECIDED_BLOCK__INIT;
    pb.block = b->block;
    pb.certificate = b->certificate;
    return pb_encode(&pb, arena, ret, err);
}

static void serve(struct node *n, const struct serve *s, struct arena *arena) {
    struct bytes out;
    uint8_t kind = s->kind == SERVE_BLOCKS ? WIRE_BLOCK_BATCH : WIRE_DECIDED;
    int rc = s->kind == SERVE_BLOCKS ? serve_blocks(n->store, s->from, s->count, arena, &out, NULL)
                                     : serve_decided(n->store, s->from, arena, &out, NULL);
    if (rc == CODE_OK && out.len <= net_class_cap(wire_class(kind)))
        net_send(n->net, s->peer, wire_class(kind), kind, out);
}

void serve_run(void *node) {
    struct node *n = node;
    struct arena arena;
    arena_init(&arena, SERVE_ARENA);
    void *p;
    bool stop = false;
    while (!stop && queue_take(&n->serves, DEADLINE_NEVER, &p) == CODE_OK) {
        struct serve *s = p;
        stop = s->kind == SERVE_STOP;
        if (!stop) {
            serve(n, s, &arena);
            atomic_fetch_sub(&peers_share(n, s->peer)->serves, 1);
        }
        arena_release(&arena); /* a batch may have been megabytes: not kept while idle */
        free(s);
    }
    arena_release(&arena);
}
