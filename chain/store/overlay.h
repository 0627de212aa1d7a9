/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_OVERLAY_H
#define CAIRN_CHAIN_STORE_OVERLAY_H
/*
 * The state as the ledger's modules see it: a base (one family of a database, at a snapshot or as it is) with changes
 * laid over it in memory. Modules get, put, delete and list; nothing reaches the database until chain/store takes the
 * difference and commits it.
 *
 *     size_t mark = state_mark(st);
 *     rc = run_messages(st, tx);
 *     if (rc) state_rollback(st, mark); else state_commit(st, mark);
 *
 * Marks nest. Deterministic: no result depends on addresses or on the hash of keys. Not thread-safe: one state, one
 * thread; states over snapshots of the same database may run in other threads at the same time.
 *
 * Bytes handed out by state_get stay valid and unchanged until state_accept, state_rebase or state_free, also when the
 * key is written again. What was read or written stays cached across blocks while it is little (32 MiB).
 *
 * Errors of the base (a read that fails, memory over the cap) are not a transaction's: they latch the state, every call
 * answers them from then on, and the caller must drop the block: see state_failed.
 */
#include "chain/base/arena.h"
#include "chain/base/fixed.h"
#include "chain/base/limits.h"
#include "chain/store/kv.h"

struct state;

#define STATE_MEMORY_CAP                                                                                               \
    (512 * MIB) /* a block of 4 MiB that rewrites the largest records thousands of times stays below */

/* A state over one family of kv; snap NULL: over what is newest there (then only the owner of this state may write that
 * family). kv and snap must outlive it. cap_bytes 0: STATE_MEMORY_CAP. *ret is owned by the caller. */
int state_new(struct kv *kv, const struct kv_snap *snap, unsigned family, size_t cap_bytes, struct state **ret,
              struct err *err);
void state_free(struct state *st); /* NULL allowed */

/* Forgets all changes and everything cached, and reads from snap from now on. Invalidates bytes handed out. */
void state_rebase(struct state *st, const struct kv_snap *snap);

/* CODE_OK, or the error that latched the state. */
int state_failed(const struct state *st, struct err *err);

/* --- reading and writing ---------------------------------------------------------------------------------------- */

/* CODE_NOT_FOUND, with no sentence, when there is no such key. */
int state_get(struct state *st, struct bytes key, struct bytes *ret_value, struct err *err);
/* Whether the key exists; CODE_OK and the answer, or the latched error. */
int state_has(struct state *st, struct bytes key, bool *ret, struct err *err);
/* Both copied. CODE_TOO_LARGE: key empty or over KEY_LEN_MAX, value over VALUE_LEN_MAX. A value may be empty. */
int state_put(struct state *st, struct bytes key, struct bytes value, struct err *err);
/* Deleting what is not there is no error. */
int state_del(struct state *st, struct bytes key, struct err *err);

/*
 * Keys with a prefix, ascending. The state may be changed while iterating: a key written or deleted ahead is seen as it
 * is when the iteration gets there. Every state_iter_init needs one state_iter_end.
 *
 *     struct state_iter it;
 *     state_iter_init(&it, st, prefix, BYTES_NONE, 100);
 *     while (state_iter_next(&it, &key, &value)) ...
 *     rc = state_iter_end(&it, err);
 */
struct state_iter { /* private */
    struct state *st;
    struct kv_iter *base;
    struct bytes base_key, base_value; /* the base's next; key.data NULL when it has no more */
    uint8_t prefix[KEY_LEN_MAX];
    uint8_t last[KEY_LEN_MAX]; /* the last key looked at, or the start-after */
    size_t prefix_len, last_len, left;
    bool limited, base_spent; /* base_spent: base_key was given out, take the next first */
    bool from_start, empty;   /* the base's next is its first with the prefix; it has none */
};

/* after: only keys greater than it (whole keys, with the prefix); BYTES_NONE = from the first. limit: at most so many;
 * 0 = all. */
void state_iter_init(struct state_iter *it, struct state *st, struct bytes prefix, struct bytes after, size_t limit);
/* False at the end. Key and value are borrowed until the next call on it. */
bool state_iter_next(struct state_iter *it, struct bytes *ret_key, struct bytes *ret_value);
/* CODE_OK, or the latched error that ended it early. */
int state_iter_end(struct state_iter *it, struct err *err);

/* --- roll-back -------------------------------------------------------------------------------------------------- */

/* A point to come back to. Marks are closed in reverse order, each by exactly one of the two below. */
size_t state_mark(struct state *st);
void state_rollback(struct state *st, size_t mark); /* every change since is undone */
void state_commit(struct state *st, size_t mark);   /* they now belong to the mark before */

/* --- the difference --------------------------------------------------------------------------------------------- */

struct state_change {
    struct bytes key;
    struct bytes value; /* new; meaningless unless present */
    struct bytes old;   /* in the base; meaningless unless was_present */
    bool present, was_present;
};

struct state_diff {
    struct state_change *at; /* by key, ascending; what equals the base is left out */
    size_t len;
};

/* What differs from the base. No mark may be open. Borrowed from st until state_accept, state_rebase or state_free. */
int state_diff(struct state *st, struct state_diff *ret, struct err *err);
/* The same piece by piece, in the order of the first write of each key, which costs less: how many keys were written,
 * and, of i below that, what changed; false when it equals the base after all. state_change_at may be called in several
 * threads until st is used otherwise; what it tells is borrowed until state_accept, state_rebase or state_free. */
int state_written(struct state *st, size_t *ret, struct err *err);
bool state_change_at(const struct state *st, size_t i, struct state_change *ret);
/* Asks for the memory that state_change_at(st, i) will read; i may be anything. */
void state_ask(const struct state *st, size_t i);
/* The base now holds the difference (it was committed): it is no difference any more. */
void state_accept(struct state *st);
/* Forgets the changes, keeps the cache; bytes handed out stay valid. */
void state_discard(struct state *st);

#endif
