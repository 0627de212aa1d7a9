/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/object_verify.h"

#include "chain/types/layout.h"

#include <stdlib.h>

struct verifying {
    struct piece_fetch *fetch;
    const ObjectInfo *object;
    struct cut cut;
    uint8_t *piece;
    struct hash *whole; /* by segment */
    struct object_verify_result out;
};

/* What the content says that a position must hold, against what was sealed. */
static void judge_code(struct verifying *v, uint32_t position, uint64_t segment) {
    const struct hash *roots;
    if (v->fetch->faults[position].failed || piece_fetch_roots(v->fetch, position, &roots, NULL))
        return;
    if (!hash_eq(&roots[segment], &v->cut.pieces[position].root))
        v->out.coded_wrong |= (uint64_t)1 << position;
}

static void fetch_one(struct verifying *v, uint32_t position, uint64_t segment) {
    if (v->fetch->faults[position].failed || piece_fetch_piece(v->fetch, position, segment, v->piece, NULL))
        return;
    v->out.pieces++;
    v->out.bytes += layout_piece_len(v->object->profile, v->object->payload_size, segment, position);
}

static int verify_segment(struct verifying *v, uint64_t segment, struct err *err) {
    uint32_t positions = v->fetch->placement->positions;
    for (uint32_t i = 0; i < positions; i++)
        fetch_one(v, i, segment);
    int rc = piece_fetch_segment(v->fetch, segment, v->cut.segment, NULL, err);
    if (rc)
        return rc;
    cut_run(&v->cut, (size_t)layout_segment_len(v->object->profile, v->object->payload_size, segment));
    v->whole[segment] = v->cut.whole.root;
    for (uint32_t i = 0; i < positions; i++)
        judge_code(v, i, segment);
    return CODE_OK;
}

int object_verify_run(struct piece_fetch *fetch, void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
                      struct object_verify_result *ret, struct err *err) {
    struct verifying v = {.fetch = fetch, .object = fetch->placement->object};
    uint64_t total = fetch->segments * fetch->placement->positions;
    int rc = cut_init(&v.cut, &fetch->coder, err);
    if (rc)
        return rc;
    v.piece = malloc((size_t)layout_segment_len(v.object->profile, v.object->payload_size, 0));
    v.whole = calloc((size_t)fetch->segments, sizeof *v.whole);
    if (!v.piece || !v.whole)
        rc = err_set(err, CODE_NO_MEMORY, "no memory to verify an object");
    for (uint64_t s = 0; !rc && s < fetch->segments; s++) {
        rc = verify_segment(&v, s, err);
        if (!rc && progress)
            progress(ctx, (s + 1) * fetch->placement->positions, total);
    }
    if (!rc) {
        struct hash content = checksum_of(v.whole, (size_t)fetch->segments);
        v.out.content =
            bytes_eq(hash_bytes(&content), bytes_of(v.object->content_root.data, v.object->content_root.len));
        *ret = v.out;
    }
    free(v.piece);
    free(v.whole);
    cut_release(&v.cut);
    return rc;
}
