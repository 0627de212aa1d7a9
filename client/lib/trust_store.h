/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_TRUST_STORE_H
#define CAIRN_CLIENT_LIB_TRUST_STORE_H
/*
 * What a client has verified already, kept in a file of its home, one a chain: HOME/trust/TAG.json (message TrustStore,
 * TAG: the first 16 hex digits of the chain tag). So the next start goes on from there and not from a genesis that has
 * grown older than the trust period.
 *
 * Invariants: heights ascend; a point is only added by who has verified it; at most TRUST_POINTS_MAX, of which the
 * newest always stays and the others lie spread, so that older heights have a ground below them too.
 */
#include "chain/types/light.h"

#include "cairn/light.h"

enum { TRUST_POINTS_MAX = 16 };

struct trust_store {
    struct hash chain_tag;
    size_t count;
    struct light_trust point[TRUST_POINTS_MAX];
};

void trust_store_init(struct trust_store *store, const struct hash *chain_tag);

/* Adds a point, in its place; one of the same height is replaced. Where there is no room one goes before: that whose
 * neighbours lie closest together, never the newest. */
void trust_store_add(struct trust_store *store, const struct light_trust *point);

/* Forgets what is too old to be a ground. */
void trust_store_expire(struct trust_store *store, const struct light_rules *rules, uint64_t now_ms);

/* The highest point at or below a height, the lowest above it, the newest, the one of this height and id; NULL: none.
 * Borrowed until the store changes. */
const struct light_trust *trust_store_below(const struct trust_store *store, uint64_t height);
const struct light_trust *trust_store_above(const struct trust_store *store, uint64_t height);
const struct light_trust *trust_store_newest(const struct trust_store *store);
const struct light_trust *trust_store_find(const struct trust_store *store, uint64_t height, const struct hash *id);

/* The store's file in a home. CODE_INVALID_ARGUMENT when the path is too long. */
int trust_store_path(const char *home, const struct hash *chain_tag, char *ret_path, size_t ret_size, struct err *err);
/* Reads the file into a store of the same chain; no file: stays empty. CODE_CORRUPT names it and says how to go on. */
int trust_store_load(const char *path, struct trust_store *store, struct err *err);
/* Writes it whole, durably, mode 0600, and makes its directory. */
int trust_store_save(const char *path, const char *chain_id, const struct trust_store *store, struct err *err);

/* A point as a message, on the arena, borrowing from *point; and back. CODE_MALFORMED; CODE_NO_MEMORY. */
int trust_point_to_pb(const struct light_trust *point, struct arena *arena, TrustPoint **ret, struct err *err);
int trust_point_from_pb(const TrustPoint *in, const struct hash *chain_tag, struct light_trust *ret, struct err *err);

#endif
