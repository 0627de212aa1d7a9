/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/authenticator/nonces.h"

#include <stdlib.h>
#include <string.h>

struct nonce {
    uint8_t bytes[16];
    uint64_t expires_ms; /* 0: free */
};

struct nonce_set {
    size_t max, count, mask; /* the table has twice the room, a power of two */
    uint64_t sweep_ms;       /* nothing expires before */
    struct nonce *table;
};

static size_t table_size(size_t max) {
    size_t size = 16;
    while (size < 2 * max)
        size *= 2;
    return size;
}

struct nonce_set *nonce_set_new(size_t max) {
    struct nonce_set *set = calloc(1, sizeof *set);
    if (!set)
        return NULL;
    set->max = max;
    set->mask = table_size(max) - 1;
    set->table = calloc(set->mask + 1, sizeof *set->table);
    if (!set->table) {
        free(set);
        return NULL;
    }
    return set;
}

void nonce_set_free(struct nonce_set *set) {
    if (!set)
        return;
    free(set->table);
    free(set);
}

/* Nonces are random: any eight bytes are a hash. Only holders of keys get here, and a clash costs them a few steps. */
static size_t home_of(const struct nonce_set *set, const uint8_t nonce[16]) {
    uint64_t v;
    memcpy(&v, nonce, sizeof v);
    return (size_t)(v * 0x9e3779b97f4a7c15u >> 20) & set->mask;
}

/* The nonce's place, or the free one where it would go. */
static struct nonce *find(struct nonce_set *set, const uint8_t nonce[16]) {
    size_t at = home_of(set, nonce);
    while (set->table[at].expires_ms && memcmp(set->table[at].bytes, nonce, 16) != 0)
        at = (at + 1) & set->mask;
    return &set->table[at];
}

/* Builds the table anew without what has expired. */
static int sweep(struct nonce_set *set, uint64_t now_ms, struct err *err) {
    struct nonce *old = set->table, *fresh = calloc(set->mask + 1, sizeof *fresh);
    if (!fresh)
        return err_set(err, CODE_NO_MEMORY, "no memory to remember requests");
    set->table = fresh;
    set->count = 0;
    set->sweep_ms = UINT64_MAX;
    for (size_t i = 0; i <= set->mask; i++)
        if (old[i].expires_ms > now_ms) {
            *find(set, old[i].bytes) = old[i];
            set->count++;
            set->sweep_ms = old[i].expires_ms < set->sweep_ms ? old[i].expires_ms : set->sweep_ms;
        }
    free(old);
    return CODE_OK;
}

int nonce_set_add(struct nonce_set *set, const uint8_t nonce[16], uint64_t expires_ms, uint64_t now_ms,
                  struct err *err) {
    if (set->count >= set->max) {
        /* a full set is not gone through for each request that it refuses */
        int rc = now_ms < set->sweep_ms ? CODE_OK : sweep(set, now_ms, err);
        if (rc)
            return rc;
        if (set->count >= set->max)
            return err_set(err, CODE_BUSY, "too many requests in the last minutes; try again later");
    }
    struct nonce *place = find(set, nonce);
    if (place->expires_ms > now_ms)
        return err_set(err, CODE_DONE_ALREADY, "this request was sent before: sign a new one");
    if (!place->expires_ms)
        set->count++;
    memcpy(place->bytes, nonce, 16);
    place->expires_ms = expires_ms;
    return CODE_OK;
}
