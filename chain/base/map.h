/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BASE_MAP_H
#define CAIRN_CHAIN_BASE_MAP_H
/*
 * A hash map from byte strings (copied) to pointers (borrowed), with a cap on entries. Iteration is in order of
 * insertion, with removed ones left out, so that nothing ever depends on addresses or on the hash. The hash is seeded:
 * give a random seed where keys come from outside, a constant where runs must repeat.
 */
#include "chain/base/bytes.h"

struct map_entry;

struct map {
    struct map_entry **entries; /* insertion order; NULL where removed */
    size_t n_entries, entries_room;
    uint32_t *slots; /* index + 1 into entries; 0 empty, UINT32_MAX removed */
    size_t n_slots, n_dead;
    size_t len; /* live entries */
    size_t cap;
    uint64_t seed;
};

void map_init(struct map *m, size_t cap, uint64_t seed);
void map_release(struct map *m); /* frees keys, not values */
void map_clear(struct map *m);

/* The value, or NULL. */
void *map_get(const struct map *m, struct bytes key);
bool map_has(const struct map *m, struct bytes key);
/* Inserts or replaces; false, and nothing changed, at the cap or out of memory. value may be NULL. */
bool map_put(struct map *m, struct bytes key, void *value);
/* Takes the entry out; its value, or NULL when there was none. */
void *map_remove(struct map *m, struct bytes key);

/* for (size_t i = 0; map_next(&m, &i, &key, &value);) ... ; the current entry may be removed inside. key borrowed from
 * the map. */
bool map_next(const struct map *m, size_t *i, struct bytes *ret_key, void **ret_value);

/* A fast seeded 64-bit hash (not cryptographic). */
uint64_t map_hash(struct bytes key, uint64_t seed);

#endif
