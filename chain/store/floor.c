/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/store/floor.h"

#include "chain/base/limits.h"

#include <stdlib.h>
#include <string.h>

struct floor {
    uint8_t prefix[FLOOR_PREFIX];
    uint8_t key[KEY_LEN_MAX];
    size_t len;
};

struct floors {
    struct floor at[FLOORS_MAX];
    size_t n;
    uint8_t known[1 << 13]; /* a bit for each prefix: nearly every key that is written has none */
};

static unsigned number_of(const uint8_t *key) {
    return (unsigned)key[0] << 8 | key[1];
}

static struct floor *find(struct floors *f, const uint8_t *key) {
    unsigned number = number_of(key);
    if (!(f->known[number >> 3] >> (number & 7) & 1))
        return NULL;
    for (size_t i = 0; i < f->n; i++)
        if (memcmp(f->at[i].prefix, key, FLOOR_PREFIX) == 0)
            return &f->at[i];
    return NULL;
}

void floors_free(struct floors *f) {
    free(f);
}

void floors_clear(struct floors *f) {
    if (!f)
        return;
    f->n = 0;
    memset(f->known, 0, sizeof f->known);
}

struct bytes floor_get(const struct floors *f, struct bytes prefix) {
    const struct floor *floor =
        f && prefix.len == FLOOR_PREFIX ? find((struct floors *)(uintptr_t)f, prefix.data) : NULL;
    return floor ? bytes_of(floor->key, floor->len) : BYTES_NONE;
}

void floor_raise(struct floors **f, struct bytes prefix, struct bytes key) {
    if (prefix.len != FLOOR_PREFIX || key.len == 0 || key.len > KEY_LEN_MAX)
        return;
    if (!*f && !(*f = (struct floors *)calloc(1, sizeof **f)))
        return;
    struct floor *floor = find(*f, prefix.data);
    if (!floor) {
        if ((*f)->n == FLOORS_MAX)
            return;
        floor = &(*f)->at[(*f)->n++];
        memcpy(floor->prefix, prefix.data, FLOOR_PREFIX);
        (*f)->known[number_of(prefix.data) >> 3] |= (uint8_t)(1u << (prefix.data[1] & 7));
    }
    memcpy(floor->key, key.data, key.len);
    floor->len = key.len;
}

void floor_lower(struct floors *f, struct bytes key) {
    struct floor *floor = f && key.len >= FLOOR_PREFIX ? find(f, key.data) : NULL;
    if (!floor || bytes_cmp(key, bytes_of(floor->key, floor->len)) >= 0)
        return;
    memcpy(floor->key, key.data, key.len);
    floor->len = key.len;
}
