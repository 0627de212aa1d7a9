/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_STORE_H
#define CAIRN_CHAIN_STORE_STORE_H
/*
 * Everything that a ledger node keeps: state, its tree, what blocks overwrote, blocks and indexes, in one database,
 * changed by one synced write a height. Users: chain/node (commit), chain/rpc (views, blocks, proofs), the simulator
 * (store_open_mem).
 *
 *     store_begin(s, height, &batch)
 *     ... run the block on store_state(s) ...
 *     store_put_state(batch, &root)          the difference of the state, undo records, tree
 *     store_put_record(batch, STORE_BLOCK, block), store_put_tx(batch, tx_id, index), store_put_meta(batch,
 * "consensus", bytes) ... store_commit(batch)                    or store_abort(batch): nothing of it happened
 *
 * Invariants: heights are committed one by one, 0 (genesis) first; after any crash the database is exactly as some
 * store_commit left it; the first failed write latches the store (kv.h) and the node stops. Opening reads nothing
 * proportional to state or history; pruning is bounded per commit.
 *
 * Threads: one writer thread begins, runs and commits; views and all store_get_… calls from any thread.
 *
 * Families and keys (heights u64be):
 *     state   state key -> value
 *     tree    chain/store/tree.h; the tree's version of a height is height + 1
 *     undo    chain/store/undo.h
 *     blocks  record kind u8 || height -> record
 *             'x' || height -> index keys written at this height, for pruning, each length u16be || key
 *     index   't' || tx_id -> height || index u32be
 *             'e' || event key || 0 || height || index u32be -> empty
 *     snapshots  store_snapshot.c
 *     meta    'f' -> format u32be;  'h' -> the newest height and what is kept (struct head in store_private.h)
 *             'r' || height -> tree version u64be || root || block time u64be;  'm' || name -> store_put_meta's
 *             'p' -> heights below are gone from blocks and index, u64be (prune.c)
 *             'i' …: a snapshot being taken in, store_import.c
 */
#include "cairn/state.h"
#include "chain/base/fixed.h"
#include "chain/store/kv.h"
#include "chain/store/overlay.h"

struct store;
struct store_batch;
struct store_view;

enum {
    STORE_FAMILY_STATE,
    STORE_FAMILY_TREE,
    STORE_FAMILY_UNDO,
    STORE_FAMILY_BLOCKS,
    STORE_FAMILY_INDEX,
    STORE_FAMILY_META,
    STORE_FAMILY_SNAPSHOTS,
    STORE_FAMILIES
};

/* One record of each kind a height; all optional. */
enum store_record {
    STORE_BLOCK = 'b',      /* StoredBlock */
    STORE_RESULTS = 'r',    /* results of its transactions */
    STORE_VALIDATORS = 'v', /* the set that signs this height */
    STORE_HEADER = 'o',     /* the StoredBlock again, without its transactions: what light clients ask for */
};

struct store_options {
    uint64_t keep_proofs;    /* heights whose state stays provable; 0 = 128. Raised by keep_proofs_ms */
    uint64_t keep_proofs_ms; /* and at least those younger than this by block time; 0 = 60,000 */
    uint64_t keep_blocks; /* heights whose records and index entries stay, and all since the oldest snapshot; 0 = all */
    uint64_t disk_bytes;  /* over it, older snapshots and blocks go earlier, down to KEEP_BLOCKS_MIN; 0 = no budget */
    uint64_t snapshot_every; /* heights that are multiples of it get a snapshot; 0 = none */
    uint32_t snapshots_kept; /* 1 .. SNAPSHOTS_MAX; 0 = 2 */
    size_t cache_bytes;      /* of the database; 0 = kv.h's default */
    size_t tree_cache_bytes; /* pages of the tree in memory, about; 0 = 256 MiB, enough for a million records */
    unsigned threads;        /* for the root of large blocks; 0 = on disk as many as CPUs, at most 4; else 1 */
};

/* --- open and close --------------------------------------------------------------------------------------------- */

/* Opens or creates the store in dir. options may be NULL. *ret is owned by the caller. CODE_LOCKED, CODE_CORRUPT,
 * CODE_VERSION (a format that this program does not know), CODE_DISK_FULL, CODE_IO. */
int store_open(const char *dir, const struct store_options *options, struct store **ret, struct err *err);
/* The same over a database with STORE_FAMILIES families that the caller keeps (the simulator: kv_open_mem, kept over
 * restarts). */
int store_open_kv(struct kv *kv, const struct store_options *options, struct store **ret, struct err *err);
/* An empty store in memory: for tests. */
int store_open_mem(struct store **ret, struct err *err);
/* All views given back, no batch open. NULL allowed. */
void store_close(struct store *s);
/* The error that latched the store, or CODE_OK. Any thread: the node polls it, and stops. */
int store_failed(const struct store *s, struct err *err);
struct kv *store_kv(struct store *s);

/* --- the writer: one block -------------------------------------------------------------------------------------- */

/* The writer's state over what is committed. Borrowed; lives as long as the store. */
struct state *store_state(struct store *s);

/* height must be store_next(s); time: the block's, in ms, for keep_proofs_ms. One batch at a time. */
int store_begin(struct store *s, uint64_t height, uint64_t time, struct store_batch **ret, struct err *err);
/* Tells the root of the state with the difference of store_state: the app hash that the next header carries. The
 * difference itself is written by store_commit. At most once a batch; nothing may change the state between the two. */
int store_put_state(struct store_batch *b, struct hash *ret_root, struct err *err);
/* That root once more, for debug builds: over a tree read anew from the database, in one thread, the changes the other
 * way round. Between store_put_state and store_commit; changes nothing. */
int store_root_again(struct store_batch *b, struct hash *ret_root, struct err *err);
void store_put_record(struct store_batch *b, enum store_record kind, struct bytes record);
/* The index of tx_id: this height and index. */
void store_put_tx(struct store_batch *b, const struct hash *tx_id, uint32_t index);
/* An event key (no zero byte in it) found at this height and transaction index. */
void store_put_event(struct store_batch *b, struct bytes key, uint32_t index);
/* A named record that each height replaces: consensus state, current validator set, ... Read with store_get_meta. */
void store_put_meta(struct store_batch *b, const char *name, struct bytes value);
/* One synced write; then the batch is gone, whatever is answered. Without store_put_state the state's difference is
 * discarded. On an error nothing happened and the store is latched. */
int store_commit(struct store_batch *b, struct err *err);
/* The same, but it is durable only with the next store_commit or store_sync: a power cut before loses the newest
 * heights, never one from their middle. For blocks that others hold as well: catching up. */
int store_commit_later(struct store_batch *b, struct err *err);
/* What was committed is durable. The writer's thread, no batch open. */
int store_sync(struct store *s, struct err *err);
/* Drops the batch and the changes in store_state. NULL allowed. */
void store_abort(struct store_batch *b);

/*
 * Background work, one small step: of the snapshot that is due, and of deleting what commits have let go. `budget`:
 * about so many bytes are read or written in it. *ret_more: call again. Never holds up a commit for longer than one
 * such write. One thread at a time, not necessarily the writer's; call it after each commit, and again while there is
 * more (keeper.h does). An error means that this was not done (a snapshot: CODE_LIMIT, CODE_CORRUPT, memory); one of
 * the disk has latched the store, as any other write.
 */
int store_keep(struct store *s, size_t budget, bool *ret_more, struct err *err);
/* Bytes on disk, about. */
uint64_t store_disk_bytes(struct store *s);

/* --- what is committed; any thread ------------------------------------------------------------------------------ */

/* False in an empty store (nothing committed, not even height 0). */
bool store_height(struct store *s, uint64_t *ret_height);
/* The height to commit next. */
uint64_t store_next(struct store *s);
/* Root after the newest height; 32 zero bytes in an empty store. */
struct hash store_root(struct store *s);
/* Root after height. CODE_NOT_FOUND not yet, CODE_PRUNED not any more. */
int store_get_root(struct store *s, uint64_t height, struct hash *ret, struct err *err);

/* Copied to arena. CODE_NOT_FOUND with a sentence; CODE_PRUNED. */
int store_get_record(struct store *s, enum store_record kind, uint64_t height, struct arena *arena, struct bytes *ret,
                     struct err *err);
int store_get_meta(struct store *s, const char *name, struct arena *arena, struct bytes *ret, struct err *err);
int store_find_tx(struct store *s, const struct hash *tx_id, uint64_t *ret_height, uint32_t *ret_index,
                  struct err *err);
/* Where an event key was found, ascending from (height, index) on: up to max into the two arrays; *ret_n of them. */
int store_find_event(struct store *s, struct bytes key, uint64_t from_height, size_t max, uint64_t *ret_heights,
                     uint32_t *ret_indexes, size_t *ret_n, struct err *err);
/* The lowest height whose records are kept, and whose state is provable. */
uint64_t store_first_block(struct store *s);
uint64_t store_first_proof(struct store *s);

/* --- views: the state at one committed height, while the writer goes on ----------------------------------------- */

/* The newest height. Cheap; hold it for a request, not for minutes. CODE_NOT_READY in an empty store. */
int store_view_open(struct store *s, struct store_view **ret, struct err *err);
void store_view_close(struct store_view *v); /* NULL allowed */
uint64_t store_view_height(const struct store_view *v);
struct hash store_view_root(const struct store_view *v);
/* A state of one's own over the view, for queries (get, list); free it before the view. */
int store_view_state(struct store_view *v, size_t cap_bytes, struct state **ret, struct err *err);
/* The state after an older height: with what later heights overwrote put back, in memory. CODE_PRUNED, CODE_NOT_FOUND;
 * CODE_NO_MEMORY when that is more than the cap. */
int store_view_state_at(struct store_view *v, uint64_t height, size_t cap_bytes, struct state **ret, struct err *err);
/* A page of the tree after `height`: tree_read_page. */
struct tree_page_view;
int store_tree_page(struct store_view *v, uint64_t height, const uint8_t *path, size_t n, struct arena *arena,
                    struct tree_page_view *ret, struct err *err);
/* The value of key after `height` (at or below the view's), copied to arena. CODE_NOT_FOUND, CODE_PRUNED. */
int store_get_at(struct store_view *v, uint64_t height, struct bytes key, struct arena *arena, struct bytes *ret,
                 struct err *err);
/* A proof that key has its value, or is absent, after `height`: under the app hash that the header of height + 1
 * carries. On arena. CODE_PRUNED when the height is too old, CODE_NOT_FOUND when it is not there yet. */
int store_prove(struct store_view *v, uint64_t height, struct bytes key, struct arena *arena, StateProof **ret,
                struct err *err);

/* --- the whole state -------------------------------------------------------------------------------------------- */

/* Every key in order; fn answering other than CODE_OK stops it with that. */
typedef int store_pair_fn(void *ctx, struct bytes key, struct bytes value, struct err *err);
int store_export(struct store_view *v, struct bytes prefix, store_pair_fn *fn, void *ctx, struct err *err);
/*
 * The state as JSON, a line an entry, the same bytes for the same state; write gets it piece by piece:
 *
 *     {"format":"cairn-export-1","height":"5","time":"1000","root":"…","entries":[
 *     {"key":"hex","value":"hex"},
 *     …
 *     ],"count":"2","digest":"…"}
 *
 * with_records: before the last brace also ,"records":{"b":"hex",…}: what the node keeps of the height beside the state
 * (the certificate in it may differ from node to node); with these a node can start from the export.
 */
typedef int store_write_fn(void *ctx, struct bytes text, struct err *err);
int store_export_json(struct store_view *v, bool with_records, store_write_fn *write, void *ctx, struct err *err);
/* A hash over every key with a prefix and its value: tells whether two nodes hold the same, without the tree. */
int store_digest(struct store_view *v, struct bytes prefix, struct hash *ret, struct err *err);
/* The same over any state (also one of an older height), with what it counted. Proportional to what has the prefix. */
struct store_sum {
    uint64_t records, bytes; /* of keys and values */
    struct hash digest;
};
int store_sum(struct state *st, struct bytes prefix, struct store_sum *ret, struct err *err);
/* Holds the tree against the state, every page against its hash: CODE_CORRUPT with the first difference. Proportional
 * to the state. */
int store_check(struct store_view *v, struct err *err);

#endif
