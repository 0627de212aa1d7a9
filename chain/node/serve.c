/* SPDX-License-Identifier: Apache-2.0 */
/* The serving thread: what peers want from the store. */
#include "chain/node/threads.h"

#include "chain/codec/pb.h"
#include "chain/os/clock.h"

#include <stdlib.h>

enum { SERVE_BYTES = 4 << 20, SERVE_BLOCKS_MAX = 64, SERVE_ARENA = 96 << 20 };

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

static int stored_block(struct node *n, uint64_t height, struct arena *arena, StoredBlock **ret, size_t *ret_len) {
    struct bytes bytes;
    int rc = store_get_record(n->store, STORE_BLOCK, height, arena, &bytes, NULL);
    if (rc == CODE_OK)
        rc = pb_decode(&stored_block__descriptor, bytes, arena, ret, NULL);
    if (rc == CODE_OK)
        *ret_len = bytes.len;
    return rc;
}

static void serve_blocks(struct node *n, const struct serve *s, struct arena *arena) {
    BlockBatch pb = BLOCK_BATCH__INIT;
    StoredBlock *blocks[SERVE_BLOCKS_MAX];
    size_t total = 0, len;
    pb.from = s->from;
    pb.blocks = blocks;
    uint32_t count = s->count < SERVE_BLOCKS_MAX ? s->count : SERVE_BLOCKS_MAX;
    while (pb.n_blocks < count &&
           stored_block(n, s->from + pb.n_blocks, arena, &blocks[pb.n_blocks], &len) == CODE_OK) {
        if (pb.n_blocks > 0 && total + len > SERVE_BYTES)
            break;
        total += len;
        pb.n_blocks++;
    }
    struct bytes out;
    if (pb_encode(&pb, arena, &out, NULL) == CODE_OK && out.len <= net_class_cap(NET_SYNC))
        net_send(n->net, s->peer, NET_SYNC, WIRE_BLOCK_BATCH, out);
}

static void serve_decided(struct node *n, const struct serve *s, struct arena *arena) {
    StoredBlock *b;
    size_t len;
    if (stored_block(n, s->from, arena, &b, &len) != CODE_OK)
        return;
    DecidedBlock pb = DECIDED_BLOCK__INIT;
    struct bytes out;
    pb.block = b->block;
    pb.certificate = b->certificate;
    if (pb_encode(&pb, arena, &out, NULL) == CODE_OK && out.len <= net_class_cap(NET_BODIES))
        net_send(n->net, s->peer, NET_BODIES, WIRE_DECIDED, out);
}

void serve_run(void *node) {
    struct node *n = node;
    struct arena arena;
    arena_init(&arena, SERVE_ARENA);
    void *p;
    bool stop = false;
    while (!stop && queue_take(&n->serves, DEADLINE_NEVER, &p) == CODE_OK) {
        struct serve *s = p;
        if (s->kind == SERVE_BLOCKS)
            serve_blocks(n, s, &arena);
        else if (s->kind == SERVE_DECIDED)
            serve_decided(n, s, &arena);
        else
            stop = true;
        if (s->kind != SERVE_STOP)
            atomic_fetch_sub(&peers_share(n, s->peer)->serves, 1);
        arena_release(&arena); /* a batch may have been megabytes: not kept while idle */
        free(s);
    }
    arena_release(&arena);
}
