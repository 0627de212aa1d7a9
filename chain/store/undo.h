/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_UNDO_H
#define CAIRN_CHAIN_STORE_UNDO_H
/*
 * What each height overwrote: the values that proofs at recent heights need. Private to chain/store.
 *
 *     height u64be || first state key of the chunk
 *         -> entries, keys ascending: key length u16be || key || was present u8 || old length u32be || old value
 *
 * A height's keys are cut into chunks of about 4 KiB, so that a look-up reads one chunk however large the block was.
 */
#include "chain/store/kv.h"
#include "chain/store/overlay.h"

/* Puts the old values of diff as `height`'s. */
int undo_put(struct kv_batch *batch, unsigned family, uint64_t height, const struct state_diff *diff, struct err *err);

/* Whether `height` changed key; if so whether it was there before, and its value, copied to arena. */
struct undo_found {
    bool changed, was_present;
    struct bytes old;
};
int undo_find(struct kv *kv, const struct kv_snap *snap, unsigned family, uint64_t height, struct bytes key,
              struct arena *arena, struct undo_found *ret, struct err *err);

/* Puts the removal of what is kept for `height`. */
int undo_drop(struct kv *kv, unsigned family, uint64_t height, struct kv_batch *batch, struct err *err);

#endif
