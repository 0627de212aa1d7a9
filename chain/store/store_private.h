/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_STORE_PRIVATE_H
#define CAIRN_CHAIN_STORE_STORE_PRIVATE_H
/* What the files of the store share. Private to chain/store. */
#include "chain/os/thread.h"
#include "chain/store/store.h"
#include "chain/store/tree.h"

#include <stdatomic.h>

#define STORE_FORMAT 1

/* meta 'h': what is newest and what is kept. Written with every height, all u64be, root behind the version. */
struct head {
    uint64_t height, time;
    struct tree_root root;
    uint64_t first_proof; /* lowest height whose state is provable */
    uint64_t first_block; /* lowest height whose records are kept */
    uint64_t undo_from;   /* lowest height whose undo is kept; at most first_proof + 1 */
};

enum { HEAD_LEN = 8 * 6 + 32 };
void head_encode(const struct head *h, uint8_t ret[HEAD_LEN]);
bool head_decode(struct bytes in, struct head *ret);

/* Puts the head, and the format into a store that was empty. */
void store_put_head(struct kv_batch *b, const struct head *h, bool first);

/* meta 'r' || height. */
struct root_record {
    struct tree_root root;
    uint64_t time;
};

enum { ROOT_RECORD_LEN = 48 };
int root_record_get(struct kv *kv, const struct kv_snap *snap, uint64_t height, struct root_record *ret,
                    struct err *err);

/* A key of one letter and a height. */
struct height_key {
    uint8_t b[9];
};
struct height_key height_key(char letter, uint64_t height);
static inline struct bytes height_key_bytes(const struct height_key *k) {
    return bytes_of(k->b, sizeof k->b);
}

struct store_view {
    atomic_uint refs;
    struct store *store;
    struct store_view *before, *after; /* of all that are open; under store.lock */
    struct kv_snap *snap;
    struct head head;
};

struct snapshot_maker;

/* store_keep's own. */
struct keep {
    struct snapshot_maker *maker;                        /* NULL when none is made */
    bool cleared;                                        /* what an earlier run had half made is gone */
    uint64_t pruned_to;                                  /* heights below are gone from blocks and index */
    uint64_t reclaimed_to, undo_reclaimed_to, looked_at; /* heights at the last time */
};

struct store {
    struct kv *kv;
    bool owns_kv, batch_open;
    struct store_options options;
    struct tree *tree;
    struct pool *pool; /* NULL: none */
    struct state *state;
    struct tree_change *changes; /* room for those of a height; the writer's */
    size_t changes_room;
    struct head head; /* the writer's */
    bool prune_noted; /* the writer's: meta 'p' is there */
    struct keep keep;
    atomic_uint_least64_t squeezed; /* what a disk budget lets commits raise first_block to */
    atomic_uint_least64_t oldest;   /* height of the oldest snapshot, or of the one being made; UINT64_MAX: none */
    struct mutex lock;
    struct cond news;          /* newest has changed */
    struct store_view *views;  /* under lock: all that are open */
    struct store_view *newest; /* under lock; NULL in an empty store */
    struct store_view *due;    /* under lock: to make a snapshot from, or NULL */
};

/* Reads the head that was written from outside (an import) and goes on from there. */
int store_adopt(struct store *s, struct err *err);

/* The tree as v sees it. */
struct tree_reader view_tree(const struct store_view *v);

/* A count of the newest view, or NULL in an empty store. */
struct store_view *view_newest(struct store *s);

/* CODE_OK when height lies in first..newest; else CODE_PRUNED or CODE_NOT_FOUND with a sentence. */
int check_height(uint64_t height, uint64_t first, uint64_t newest, struct err *err);

/* What a commit that makes `head` newest lets go: moves head's first_… on and puts into batch what goes with it at
 * once. Bounded. */
int prune_commit(struct store *s, struct head *head, struct kv_batch *batch, struct err *err);
/* Deletes records and index entries of heights that are let go and that no view looks at, about `budget` bytes of keys.
 * By store_keep alone. */
int prune_step(struct store *s, size_t budget, bool *ret_more, struct err *err);
/* Where prune_step goes on after a start. */
int prune_open(struct store *s, struct err *err);

/* The lowest first_block, and undo_from, that an open view has. False in an empty store. */
bool views_need(struct store *s, uint64_t *ret_block, uint64_t *ret_undo);

/* --- snapshots (store_snapshot.c); by store_keep alone -------------------------------------------------------------
 */

struct snapshot_maker;
/* Takes the view, whatever is answered. */
int snapshot_maker_new(struct store *s, struct store_view *view, struct snapshot_maker **ret, struct err *err);
void snapshot_maker_free(struct snapshot_maker *m); /* NULL allowed */
/* Cuts about so many bytes of state. */
int snapshot_maker_step(struct snapshot_maker *m, size_t budget, bool *ret_done, struct err *err);
/* Drops what a run before left half made. */
int snapshot_clear_half_made(struct store *s, struct err *err);
/* Drops all but the newest `kept`. */
int snapshot_drop_to(struct store *s, size_t kept, bool *ret_any, struct err *err);
/* Sets s->oldest. */
int snapshot_look(struct store *s, struct err *err);

/* --- taking a state in (store_import.c)
 * -------------------------------------------------------------------------------- */

struct store_import_end;
/* CODE_CONFLICT with a sentence when the store holds a chain. */
int import_refuse(struct store *s, struct err *err);
/* Drops what was half taken in and notes that this, named by the bytes of a manifest, begins. */
int import_fresh(struct store *s, struct bytes manifest, struct err *err);
/* The state and tree in the database are those of the height: the store stands there, in one synced write. */
int import_end(struct store *s, uint64_t height, const struct hash *root, const struct store_import_end *end,
               struct err *err);

#endif
