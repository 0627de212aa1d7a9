/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer may send behind the hello. The first byte is the kind of message, or 0 for frames.
 *
 * Properties: a message that decodes encodes to the same bytes; a block that opens has as many transactions as its
 * header says; frames cut any message into parts that put together again to the same, and a frame with any byte changed
 * does not open.
 */
#include "chain/codec/pb.h"
#include "chain/net/frame.h"
#include "chain/node/assemble.h"
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
    case WIRE_DECIDED:
        fuzz_block(in);
        break;
    default:
        fuzz_request(data[0], in, &arena);
        break;
    }
    arena_release(&arena);
    return 0;
}
