/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/map.h"
#include "chain/base/num.h"
#include "chain/base/vec.h"

#define DEAD UINT32_MAX

struct map_entry {
    void *value;
    uint64_t hash;
    size_t key_len;
    uint8_t key[];
};

static uint64_t mix(uint64_t a, uint64_t b) {
    u128 p = (u128)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xe7037ed1a0b428dbu);
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

uint64_t map_hash(struct bytes key, uint64_t seed) {
    uint64_t h = mix(seed, key.len);
    size_t i = 0;
    for (; key.len - i >= 8; i += 8)
        h = mix(h, load_le64(key.data + i));
    uint64_t tail = 0;
    for (size_t s = 0; i < key.len; i++, s += 8)
        tail |= (uint64_t)key.data[i] << s;
    return mix(h ^ seed, tail);
}

void map_init(struct map *m, size_t cap, uint64_t seed) {
    *m = (struct map){.cap = cap < DEAD / 4 ? cap : DEAD / 4, .seed = seed};
}

void map_clear(struct map *m) {
    for (size_t i = 0; i < m->n_entries; i++)
        free(m->entries[i]);
    m->n_entries = m->len = m->n_dead = 0;
    if (m->slots)
        memset(m->slots, 0, m->n_slots * sizeof *m->slots);
}

void map_release(struct map *m) {
    map_clear(m);
    free(m->entries);
    free(m->slots);
    *m = (struct map){.cap = m->cap, .seed = m->seed};
}

/* The slot of key, or n_slots. */
static size_t find(const struct map *m, struct bytes key, uint64_t hash) {
    if (!m->n_slots)
        return m->n_slots;
    for (size_t s = hash & (m->n_slots - 1);; s = (s + 1) & (m->n_slots - 1)) {
        if (!m->slots[s])
            return m->n_slots;
        if (m->slots[s] == DEAD)
            continue;
        const struct map_entry *e = m->entries[m->slots[s] - 1];
        if (e->hash == hash && bytes_eq(bytes_of(e->key, e->key_len), key))
            return s;
    }
}

static void place(struct map *m, uint64_t hash, uint32_t index_plus_1) {
    size_t s = hash & (m->n_slots - 1);
    while (m->slots[s] && m->slots[s] != DEAD)
        s = (s + 1) & (m->n_slots - 1);
    if (m->slots[s] == DEAD)
        m->n_dead--;
    m->slots[s] = index_plus_1;
}

/* Packs entries and builds the table anew with room for twice the live ones. */
static bool rebuild(struct map *m) {
    size_t n = 16;
    while (n < m->len * 4)
        n *= 2;
    uint32_t *slots = (uint32_t *)calloc(n, sizeof *slots);
    if (!slots)
        return false;
    free(m->slots);
    m->slots = slots;
    m->n_slots = n;
    m->n_dead = 0;
    size_t live = 0;
    for (size_t i = 0; i < m->n_entries; i++)
        if (m->entries[i])
            m->entries[live++] = m->entries[i];
    m->n_entries = live;
    for (size_t i = 0; i < live; i++)
        place(m, m->entries[i]->hash, (uint32_t)i + 1);
    return true;
}

void *map_get(const struct map *m, struct bytes key) {
    size_t s = find(m, key, map_hash(key, m->seed));
    return s == m->n_slots ? NULL : m->entries[m->slots[s] - 1]->value;
}

bool map_has(const struct map *m, struct bytes key) {
    return find(m, key, map_hash(key, m->seed)) != m->n_slots;
}

bool map_put(struct map *m, struct bytes key, void *value) {
    uint64_t hash = map_hash(key, m->seed);
    size_t s = find(m, key, hash);
    if (s != m->n_slots) {
        m->entries[m->slots[s] - 1]->value = value;
        return true;
    }
    if (m->len >= m->cap)
        return false;
    /* entries grow with removals too, so a rebuild is due when either fills */
    if ((m->len + m->n_dead + 1) * 2 > m->n_slots || m->n_entries >= m->n_slots)
        if (!rebuild(m))
            return false;
    struct map_entry *e = (struct map_entry *)malloc(sizeof *e + key.len);
    void *at = m->entries;
    if (!e || !vec_grow(&at, m->n_entries, &m->entries_room, DEAD - 1, sizeof *m->entries)) {
        free(e);
        return false;
    }
    m->entries = (struct map_entry **)at;
    *e = (struct map_entry){.value = value, .hash = hash, .key_len = key.len};
    if (key.len)
        memcpy(e->key, key.data, key.len);
    m->entries[m->n_entries++] = e;
    place(m, hash, (uint32_t)m->n_entries);
    m->len++;
    return true;
}

void *map_remove(struct map *m, struct bytes key) {
    size_t s = find(m, key, map_hash(key, m->seed));
    if (s == m->n_slots)
        return NULL;
    size_t i = m->slots[s] - 1;
    void *value = m->entries[i]->value;
    free(m->entries[i]);
    m->entries[i] = NULL;
    m->slots[s] = DEAD;
    m->n_dead++;
    m->len--;
    return value;
}

bool map_next(const struct map *m, size_t *i, struct bytes *ret_key, void **ret_value) {
    while (*i < m->n_entries && !m->entries[*i])
        ++*i;
    if (*i >= m->n_entries)
        return false;
    struct map_entry *e = m->entries[(*i)++];
    *ret_key = bytes_of(e->key, e->key_len);
    *ret_value = e->value;
    return true;
}
