/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_UNDO_H
#define CAIRN_CHAIN_STORE_UNDO_H
/*
 * What each height overwrote, so that recent heights stay readable: old values of the state, old slots of tree pages.
 * Private to chain/store.
 *
 *     kind u8 || height u64be || first name of the chunk
 *         -> entries, names ascending: name length u16be || name || payload length u32be || payload
 *
 * A height's entries are cut into chunks of about 4 KiB: a look-up reads one chunk, however large the block was. Whole
 * heights go by range, at once.
 */
#include "chain/base/arena.h"
#include "chain/base/limits.h"
#include "chain/store/kv.h"

enum undo_kind {
    UNDO_STATE = 's', /* name: state key; payload: was present u8 || old value */
    UNDO_TREE = 't',  /* by tree version; name and payload: tree_page.h */
};

#define UNDO_KEY_MAX (1 + 8 + KEY_LEN_MAX)

struct undo_writer {
    struct kv_batch *batch;
    unsigned family;
    struct buf chunk;
    uint8_t key[UNDO_KEY_MAX];
    size_t key_len;
};

/* Entries of one height go into batch, names ascending; undo_end closes it, whatever happened. */
void undo_begin(struct undo_writer *w, struct kv_batch *batch, unsigned family, enum undo_kind kind, uint64_t height);
void undo_add(struct undo_writer *w, struct bytes name, struct bytes payload);
int undo_end(struct undo_writer *w, struct err *err);

/* Look-ups of one kind through snap. */
struct undo_reader {
    struct kv_iter *it;
    enum undo_kind kind;
};

int undo_open(struct undo_reader *r, struct kv *kv, const struct kv_snap *snap, unsigned family, enum undo_kind kind,
              struct err *err);
/* What height kept under name, copied to arena; CODE_NOT_FOUND, with no sentence, when it did not change it. */
int undo_find(struct undo_reader *r, uint64_t height, struct bytes name, struct arena *arena, struct bytes *ret,
              struct err *err);
/* CODE_OK, or the error of reading that made undo_find say CODE_NOT_FOUND. */
int undo_close(struct undo_reader *r, struct err *err);

/* All entries of one height, names ascending. */
struct undo_walk {
    struct kv_iter *it;
    struct bytes rest; /* of the chunk */
    bool damaged;
};
int undo_walk_open(struct undo_walk *w, struct kv *kv, const struct kv_snap *snap, unsigned family, enum undo_kind kind,
                   uint64_t height, struct err *err);
/* False at the end or on an error, which undo_walk_close tells. Borrowed until the next call. */
bool undo_walk_next(struct undo_walk *w, struct bytes *ret_name, struct bytes *ret_payload);
int undo_walk_close(struct undo_walk *w, struct err *err);

/* Puts the removal of every height below `below`. */
void undo_drop(struct kv_batch *batch, unsigned family, enum undo_kind kind, uint64_t below);

#endif
