/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/held.h"

#include "chain/types/deal_state.h"
#include "chain/types/layout.h"

static uint64_t bytes_at(const ObjectInfo *object, uint32_t position) {
    bool sealed = deal_sealed_positions(object) >> position & 1;
    return sealed ? layout_position_bytes(object->profile, object->payload_size, position) : 0;
}

/* As many as positions, from the first object on. */
static int shape(struct ctx *ctx, BucketSlot *slot, size_t positions) {
    if (slot->n_held == positions)
        return CODE_OK;
    if (slot->n_held)
        return ctx_fault(ctx, CODE_CORRUPT, "a slot counts the bytes of %zu positions, its group has %zu", slot->n_held,
                         positions);
    slot->held = ctx_array(ctx, positions, sizeof *slot->held);
    slot->n_held = positions;
    return CODE_OK;
}

int held_add(struct ctx *ctx, BucketSlot *slot, const ObjectInfo *object, size_t positions, struct err *err) {
    int rc = shape(ctx, slot, positions);
    for (uint32_t i = 0; rc == CODE_OK && i < positions; i++)
        if (!u64_add(slot->held[i], bytes_at(object, i), &slot->held[i]))
            rc = err_set(err, CODE_OVERFLOW, "a slot cannot count so many bytes");
    return rc;
}

int held_sub_at(struct ctx *ctx, BucketSlot *slot, uint32_t position, uint64_t bytes, struct err *err) {
    (void)err;
    if (held_at(slot, position) < bytes)
        return ctx_fault(ctx, CODE_CORRUPT, "slot %llu of bucket %llu counts fewer bytes at position %u than lie there",
                         (unsigned long long)slot->slot, (unsigned long long)slot->bucket_id, position);
    if (bytes)
        slot->held[position] -= bytes;
    return CODE_OK;
}

int held_sub(struct ctx *ctx, BucketSlot *slot, const ObjectInfo *object, size_t positions, struct err *err) {
    int rc = CODE_OK;
    for (uint32_t i = 0; rc == CODE_OK && i < positions; i++)
        rc = held_sub_at(ctx, slot, i, bytes_at(object, i), err);
    return rc;
}
