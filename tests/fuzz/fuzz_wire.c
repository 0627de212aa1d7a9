/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer may send behind the hello. The first byte is the kind of message, or 0 for frames.
 *
 * Properties: a message that decodes encodes to the same bytes; a block that opens has as many transactions as its
 * header says; frames cut any message into parts that put together again to the same, and a frame with any byte changed
 * does not open; what a peer answers to a node that joins never fails that node, nor makes it believe anything.
 */
#include "chain/codec/pb.h"
#include "chain/net/frame.h"
#include "chain/node/assemble.h"
#include "chain/node/check.h"
#include "chain/node/join.h"
#include "chain/node/serve.h"
#include "chain/node/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool ok) {
    if (!ok)
        abort();
}

static void fuzz_frames(struct bytes in) {
    uint8_t wire[FRAME_MAX];
    struct frame_key out = {{1}, 0}, back = {{1}, 0};
    struct frame_join join = {0};
    bool done = false;
    uint8_t kind = 0;
    struct bytes message;
    size_t step = in.len > 0 ? 1 + in.data[0] : 1;
    for (size_t at = 0; !done;) {
        size_t n = in.len - at < step ? in.len - at : step;
        struct frame f = {.class = NET_VOTES,
                          .first = at == 0,
                          .last = at + n == in.len,
                          .kind = 7,
                          .total = (uint32_t)in.len,
                          .part = {in.data + at, n}};
        size_t w = frame_seal(&out, &f, wire);
        must(frame_length(wire) == w);
        struct frame_key probe = back;
        uint8_t bent[FRAME_MAX];
        memcpy(bent, wire, w);
        bent[FRAME_HEAD + at % (w - FRAME_HEAD)] ^= 1;
        must(frame_open(&probe, bent, w, &f, NULL) == CODE_INTEGRITY);
        must(frame_open(&back, wire, w, &f, NULL) == CODE_OK);
        must(frame_join_take(&join, &f, &done, &kind, &message, NULL) == CODE_OK);
        at += n;
    }
    must(kind == 7 && bytes_eq(message, in));
    frame_join_release(&join);
}

/* Parts that an evil peer made itself: the joiner must only ever answer. */
static void fuzz_join(struct bytes in) {
    struct frame_join join = {0};
    for (size_t at = 0; at + 4 <= in.len;) {
        const uint8_t *p = in.data + at;
        size_t n = p[3] < in.len - at - 4 ? p[3] : in.len - at - 4;
        struct frame f = {.class = (enum net_class)(p[0] % NET_CLASSES),
                          .first = p[1] & 1,
                          .last = p[1] & 2,
                          .kind = p[1],
                          .total = p[2],
                          .part = {p + 4, n}};
        bool done = false;
        uint8_t kind;
        struct bytes message;
        if (frame_join_take(&join, &f, &done, &kind, &message, NULL) == CODE_OK && done)
            must(message.len == join.total);
        at += 4 + n;
    }
    frame_join_release(&join);
}

static void fuzz_vote(struct bytes in, struct arena *arena) {
    struct vote v;
    struct bytes again;
    if (wire_vote_decode(in, arena, &v, NULL) != CODE_OK)
        return;
    must(wire_vote_encode(&v, arena, &again, NULL) == CODE_OK && bytes_eq(in, again));
}

static void fuzz_certificate(struct bytes in, struct arena *arena) {
    static struct certificate c;
    struct bytes again;
    if (wire_certificate_decode(in, 4, arena, &c, NULL) != CODE_OK)
        return;
    must(certificate_well_formed(&c, 4));
    must(wire_certificate_encode(&c, 4, arena, &again, NULL) == CODE_OK);
}

static void fuzz_proposal(struct bytes in, struct arena *arena) {
    static const struct hash tag;
    struct wire_proposal w;
    if (wire_proposal_decode(in, &tag, arena, &w, NULL) != CODE_OK)
        return;
    must(w.proposal.height == w.header.height && hash_eq(&w.proposal.value, &w.header.id));
    must(w.hashes_n == w.header.txs_count && w.txs_n <= w.hashes_n);
    struct assemble a;
    struct assembly *x;
    struct hash id;
    assemble_init(&a);
    struct assemble_proposal p = {.height = w.proposal.height,
                                  .round = w.proposal.round,
                                  .value = w.proposal.value,
                                  .header = w.header_bytes,
                                  .hashes = w.hashes,
                                  .n = w.hashes_n};
    must(assemble_begin(&a, &p, &x, NULL) == CODE_OK);
    for (size_t i = 0; i < w.txs_n; i++)
        if (tx_wire_hash(pb_bytes(w.txs[i]), &id))
            assemble_take(x, &id, pb_bytes(w.txs[i]));
    struct block *b = NULL;
    struct block_parts parts = {
        .header = x->header, .last_certificate = w.last_certificate, .txs = x->bodies, .txs_n = x->n};
    if (assemble_whole(x) && block_build(&parts, &tag, &b, NULL) == CODE_OK && block_open(b, 4, NULL) == CODE_OK)
        must(b->txs_n == b->header.txs_count);
    block_unref(b);
    assemble_release(&a);
}

/* What is read back is what was read. */
static void fuzz_summary(struct bytes in, struct arena *arena) {
    struct bft_summary s, again;
    struct bytes out;
    if (wire_summary_decode(in, arena, &s, NULL) != CODE_OK)
        return;
    must(wire_summary_encode(&s, VALIDATORS_MAX, arena, &out, NULL) == CODE_OK);
    must(wire_summary_decode(out, arena, &again, NULL) == CODE_OK);
    must(s.height == again.height && s.round == again.round && s.proposal == again.proposal);
    must(memcmp(s.prevotes, again.prevotes, sizeof s.prevotes) == 0);
    must(memcmp(s.precommits, again.precommits, sizeof s.precommits) == 0);
}

static void fuzz_block(struct bytes in) {
    static const struct hash tag;
    struct block *b = NULL;
    if (block_new(in, &tag, &b, NULL) != CODE_OK)
        return;
    must(bytes_eq(b->encoded, in));
    if (block_open(b, 4, NULL) == CODE_OK)
        must(b->txs_n == b->header.txs_count);
    block_unref(b);
}

static void fuzz_request(uint8_t kind, struct bytes in, struct arena *arena) {
    struct serve s = {.kind = SERVE_STOP};
    if (serve_takes(kind) && serve_parse(kind, in, arena, &s, NULL) == CODE_OK)
        must(s.kind != SERVE_STOP && s.kind != SERVE_DECIDED && s.peer == 0);
}

/* --- what a node that joins or catches up is answered --- */

static uint64_t host_time(void *ctx) {
    (void)ctx;
    return 1000000000000;
}

static void host_send(void *ctx, net_peer peer, uint8_t kind, struct bytes payload) {
    (void)ctx;
    must(peer != NET_PEER_NONE && kind != 0 && payload.len < 64);
}

static void host_report(void *ctx, net_peer peer, unsigned points, const char *why) {
    (void)ctx;
    must(peer == 1 && points > 0 && why[0] != '\0');
}

static void host_import(void *ctx, const struct join_job *job) {
    (void)ctx;
    free(job->data);
}

/* What this message would answer is asked for, so that it is not refused unread. */
static void expect(struct join *j, uint8_t kind, uint64_t height, uint32_t index) {
    struct state_sync *plan = &j->plan;
    enum state_sync_kind asked = kind == WIRE_SNAPSHOTS  ? STATE_SYNC_LIST
                                 : kind == WIRE_HEADER   ? STATE_SYNC_HEADER
                                 : kind == WIRE_MANIFEST ? STATE_SYNC_MANIFEST
                                                         : STATE_SYNC_CHUNK;
    plan->target = (struct state_sync_offer){.height = height, .chunks = SNAPSHOT_CHUNKS_MAX};
    plan->phase = kind == WIRE_HEADER     ? STATE_SYNC_TRUST
                  : kind == WIRE_MANIFEST ? STATE_SYNC_MANIFESTS
                                          : STATE_SYNC_CHUNKS;
    j->trust_height = plan->wants_header = height;
    plan->peers[0].asks[0] =
        (struct state_sync_ask){.kind = asked, .height = kind == WIRE_SNAPSHOTS ? 0 : height, .index = index};
}

static void fuzz_joining(uint8_t kind, struct bytes in, struct arena *arena) {
    static struct join join;
    static const struct join_host host = {
        .mono_ns = host_time, .real_ms = host_time, .send = host_send, .report = host_report, .import = host_import};
    struct join_options o = {.host = &host, .trust_height = 5};
    union {
        HeaderReply *header;
        ManifestReply *manifest;
        ChunkReply *chunk;
    } pb;
    uint64_t height = 5;
    uint32_t index = 0;
    if (kind == WIRE_HEADER && pb_decode(&header_reply__descriptor, in, arena, &pb.header, NULL) == CODE_OK)
        height = pb.header->height;
    if (kind == WIRE_MANIFEST && pb_decode(&manifest_reply__descriptor, in, arena, &pb.manifest, NULL) == CODE_OK)
        height = pb.manifest->height;
    if (kind == WIRE_CHUNK && pb_decode(&chunk_reply__descriptor, in, arena, &pb.chunk, NULL) == CODE_OK) {
        height = pb.chunk->height;
        index = pb.chunk->index;
    }
    struct err err;
    must(join_open(&join, &o, NULL) == CODE_OK);
    join_up(&join, 1);
    expect(&join, kind, height, index);
    must(join_message(&join, 1, kind, in, &err) == CODE_OK); /* what a peer does never fails it */
    must(!join.rooted && join.stored == NULL);
    join_close(&join);
}

static void fuzz_stored(struct bytes in) {
    static const struct hash tag;
    static const struct check_point genesis;
    static struct verify *verify; /* one for all inputs */
    must(verify != NULL || verify_new(0, &verify, NULL) == CODE_OK);
    struct check *k = check_new(&tag, &genesis, 1);
    must(k != NULL);
    k->count = 1;
    k->blocks[0].len = in.len;
    k->blocks[0].stored = malloc(in.len + 1);
    must(k->blocks[0].stored != NULL);
    memcpy(k->blocks[0].stored, in.data, in.len);
    check_run(k, verify);
    must(k->good == 0 && !k->certified && k->failed != CODE_OK); /* nobody signed it */
    check_free(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    if (len == 0 || len > 1 << 16)
        return 0;
    struct bytes in = {data + 1, len - 1};
    struct arena arena;
    arena_init(&arena, 64 << 20);
    switch (data[0]) {
    case 0:
        fuzz_frames(in);
        fuzz_join(in);
        break;
    case WIRE_VOTE:
        fuzz_vote(in, &arena);
        break;
    case WIRE_CERTIFICATE:
        fuzz_certificate(in, &arena);
        break;
    case WIRE_PROPOSAL:
        fuzz_proposal(in, &arena);
        break;
    case WIRE_SUMMARY:
        fuzz_summary(in, &arena);
        break;
    case WIRE_DECIDED:
        fuzz_block(in);
        break;
    case WIRE_SNAPSHOTS:
    case WIRE_HEADER:
    case WIRE_MANIFEST:
    case WIRE_CHUNK:
        fuzz_joining(data[0], in, &arena);
        break;
    case WIRE_BLOCK_BATCH: /* one of its blocks */
        fuzz_stored(in);
        break;
    default:
        fuzz_request(data[0], in, &arena);
        break;
    }
    arena_release(&arena);
    return 0;
}
