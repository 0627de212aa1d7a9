/* SPDX-License-Identifier: Apache-2.0 */
/* The serving thread: what peers want from the store. */
#include "chain/node/serve.h"

#include "chain/node/threads.h"
#ifdef CAIRN_BYZANTINE
#include "chain/node/byzantine.h"
#endif

#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/store/store_snapshot.h"

#include <stdlib.h>

enum { SERVE_BYTES = 4 << 20, SERVE_ARENA = 96 << 20 };

void serve_post(struct node *n, enum serve_kind kind, net_peer peer, uint64_t from, uint32_t count) {
    struct node_share *share = peers_share(n, peer);
    bool room = atomic_fetch_add(&share->serves, 1) < NODE_PEER_SERVES_MAX;
    struct serve *s = room ? malloc(sizeof *s) : NULL;
    if (s != NULL) {
        *s = (struct serve){.kind = kind, .peer = peer, .from = from, .count = count};
        if (queue_put(&n->serves, s, 0) == CODE_OK)
            return;
    }
    free(s); /* it will ask again */
    atomic_fetch_sub(&share->serves, 1);
}

static int stored_block(struct store *store, enum store_record kind, uint64_t height, struct arena *arena,
                        StoredBlock **ret, struct err *err) {
    struct bytes bytes;
    int rc = store_get_record(store, kind, height, arena, &bytes, err);
    if (rc == CODE_OK)
        rc = pb_decode(&stored_block__descriptor, bytes, arena, ret, err);
    return rc;
}

/* The block of a height, without its transactions where it lies so; those of older programs lie whole only. */
static int stored_header(struct store *store, uint64_t height, struct arena *arena, StoredBlock **ret,
                         Block **ret_block) {
    int rc = stored_block(store, STORE_HEADER, height, arena, ret, NULL);
    if (rc == CODE_NOT_FOUND)
        rc = stored_block(store, STORE_BLOCK, height, arena, ret, NULL);
    return rc == CODE_OK ? pb_decode(&block__descriptor, pb_bytes((*ret)->block), arena, ret_block, NULL) : rc;
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
    while (store != NULL && pb.n_blocks < count &&
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
    int rc = store != NULL ? stored_block(store, STORE_BLOCK, height, arena, &b, err) : CODE_NOT_FOUND;
    if (rc != CODE_OK)
        return rc;
    DecidedBlock pb = DECIDED_BLOCK__INIT;
    pb.block = b->block;
    pb.certificate = b->certificate;
    return pb_encode(&pb, arena, ret, err);
}

/* --- for those who join --- */

int serve_snapshots(struct store *store, struct arena *arena, struct bytes *ret, struct err *err) {
    struct snapshot_info infos[SNAPSHOTS_MAX];
    SnapshotOffer offers[SNAPSHOTS_MAX], *list[SNAPSHOTS_MAX];
    SnapshotList pb = SNAPSHOT_LIST__INIT;
    int rc = store != NULL ? store_snapshots(store, SNAPSHOTS_MAX, infos, &pb.n_offers, err) : CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < pb.n_offers; i++) {
        snapshot_offer__init(&offers[i]);
        offers[i].height = infos[i].height;
        offers[i].root = pb_data(hash_bytes(&infos[i].root));
        offers[i].manifest_id = pb_data(hash_bytes(&infos[i].id));
        offers[i].chunks = infos[i].chunks;
        offers[i].size = infos[i].len;
        list[i] = &offers[i];
    }
    pb.offers = list;
    return rc == CODE_OK ? pb_encode(&pb, arena, ret, err) : rc;
}

int serve_header(struct store *store, uint64_t height, struct arena *arena, struct bytes *ret, struct err *err) {
    HeaderReply pb = HEADER_REPLY__INIT;
    StoredBlock *stored = NULL;
    Block *block = NULL;
    pb.height = height;
    if (store != NULL && stored_header(store, height, arena, &stored, &block) == CODE_OK) {
        pb.header = block->header;
        pb.certificate = stored->certificate;
        pb.validators = stored->validators;
    }
    return pb_encode(&pb, arena, ret, err);
}

int serve_manifest(struct store *store, uint64_t height, struct arena *arena, struct bytes *ret, struct err *err) {
    ManifestReply pb = MANIFEST_REPLY__INIT;
    struct bytes manifest;
    pb.height = height;
    if (store != NULL && store_snapshot_manifest(store, height, arena, &manifest, NULL) == CODE_OK)
        pb.manifest = pb_data(manifest);
    return pb_encode(&pb, arena, ret, err);
}

int serve_chunk(struct store *store, uint64_t height, uint32_t index, struct arena *arena, struct bytes *ret,
                struct err *err) {
    ChunkReply pb = CHUNK_REPLY__INIT;
    struct bytes chunk;
    pb.height = height;
    pb.index = index;
    if (store != NULL && store_snapshot_chunk(store, height, index, arena, &chunk, NULL) == CODE_OK)
        pb.chunk = pb_data(chunk);
    return pb_encode(&pb, arena, ret, err);
}

/* --- requests --- */

bool serve_takes(uint8_t kind) {
    return kind == WIRE_BLOCK_REQUEST || kind == WIRE_SNAPSHOTS_REQUEST || kind == WIRE_HEADER_REQUEST ||
           kind == WIRE_MANIFEST_REQUEST || kind == WIRE_CHUNK_REQUEST;
}

int serve_parse(uint8_t kind, struct bytes payload, struct arena *arena, struct serve *ret, struct err *err) {
    union {
        BlockRequest *blocks;
        SnapshotsRequest *list;
        HeaderRequest *header;
        ManifestRequest *manifest;
        ChunkRequest *chunk;
    } pb;
    int rc;
    switch (kind) {
    case WIRE_BLOCK_REQUEST:
        rc = pb_decode(&block_request__descriptor, payload, arena, &pb.blocks, err);
        if (rc == CODE_OK)
            *ret = (struct serve){.kind = SERVE_BLOCKS, .from = pb.blocks->from, .count = pb.blocks->count};
        return rc;
    case WIRE_SNAPSHOTS_REQUEST:
        *ret = (struct serve){.kind = SERVE_SNAPSHOTS};
        return pb_decode(&snapshots_request__descriptor, payload, arena, &pb.list, err);
    case WIRE_HEADER_REQUEST:
        rc = pb_decode(&header_request__descriptor, payload, arena, &pb.header, err);
        if (rc == CODE_OK)
            *ret = (struct serve){.kind = SERVE_HEADER, .from = pb.header->height};
        return rc;
    case WIRE_MANIFEST_REQUEST:
        rc = pb_decode(&manifest_request__descriptor, payload, arena, &pb.manifest, err);
        if (rc == CODE_OK)
            *ret = (struct serve){.kind = SERVE_MANIFEST, .from = pb.manifest->height};
        return rc;
    default:
        rc = pb_decode(&chunk_request__descriptor, payload, arena, &pb.chunk, err);
        if (rc == CODE_OK)
            *ret = (struct serve){.kind = SERVE_CHUNK, .from = pb.chunk->height, .count = pb.chunk->index};
        return rc;
    }
}

uint8_t serve_answer(struct store *store, const struct serve *s, struct arena *arena, struct bytes *ret) {
    int rc = CODE_NOT_FOUND;
    uint8_t kind = 0;
    switch (s->kind) {
    case SERVE_BLOCKS:
        kind = WIRE_BLOCK_BATCH;
        rc = serve_blocks(store, s->from, s->count, arena, ret, NULL);
        break;
    case SERVE_DECIDED:
        kind = WIRE_DECIDED;
        rc = serve_decided(store, s->from, arena, ret, NULL);
        break;
    case SERVE_SNAPSHOTS:
        kind = WIRE_SNAPSHOTS;
        rc = serve_snapshots(store, arena, ret, NULL);
        break;
    case SERVE_HEADER:
        kind = WIRE_HEADER;
        rc = serve_header(store, s->from, arena, ret, NULL);
        break;
    case SERVE_MANIFEST:
        kind = WIRE_MANIFEST;
        rc = serve_manifest(store, s->from, arena, ret, NULL);
        break;
    case SERVE_CHUNK:
        kind = WIRE_CHUNK;
        rc = serve_chunk(store, s->from, s->count, arena, ret, NULL);
        break;
    case SERVE_STOP:
        break;
    }
    return rc == CODE_OK ? kind : 0;
}

/* --- the thread --- */

static void serve(struct node *n, const struct serve *s, struct arena *arena) {
    struct bytes out;
    uint8_t kind = serve_answer(n->store, s, arena, &out);
#ifdef CAIRN_BYZANTINE
    byzantine_serve(kind, &out);
#endif
    if (kind != 0 && out.len <= net_class_cap(wire_class(kind)))
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
