/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/assemble.h"

#include <assert.h>

/* Bodies, hashes, places and table of the largest proposal. */
enum { ASSEMBLY_ARENA_MAX = 8 << 20 };

void assemble_init(struct assemble *a) {
    *a = (struct assemble){0};
}

void assemble_drop(struct assembly *x) {
    if (x->used)
        arena_release(&x->arena);
    *x = (struct assembly){0};
}

void assemble_release(struct assemble *a) {
    for (size_t i = 0; i < ASSEMBLE_PENDING_MAX; i++)
        assemble_drop(&a->at[i]);
}

void assemble_clear(struct assemble *a, uint64_t height) {
    for (size_t i = 0; i < ASSEMBLE_PENDING_MAX; i++)
        if (a->at[i].used && a->at[i].height <= height)
            assemble_drop(&a->at[i]);
}

struct assembly *assemble_find(struct assemble *a, const struct hash *value) {
    for (size_t i = 0; i < ASSEMBLE_PENDING_MAX; i++)
        if (a->at[i].used && hash_eq(&a->at[i].value, value))
            return &a->at[i];
    return NULL;
}

/* --- beginning --- */

static bool further(const struct assembly *x, const struct assembly *y) {
    return x->height != y->height ? x->height > y->height : x->round > y->round;
}

static struct assembly *place(struct assemble *a) {
    struct assembly *furthest = NULL;
    for (size_t i = 0; i < ASSEMBLE_PENDING_MAX; i++) {
        struct assembly *x = &a->at[i];
        if (!x->used)
            return x;
        if (!x->wanted && (furthest == NULL || further(x, furthest)))
            furthest = x;
    }
    if (furthest != NULL)
        assemble_drop(furthest);
    return furthest;
}

/* A proposer may choose any hashes, but not how the id of the header that binds them spreads them. */
static uint32_t slot_of(const struct assembly *x, const struct hash *h) {
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof h->b; i += 8)
        sum += load_le64(h->b + i) * (load_le64(x->value.b + i) | 1);
    return (uint32_t)(sum >> x->table_shift);
}

static int fill(struct assembly *x, const struct assemble_proposal *p) {
    uint32_t size = 16, shift = 60;
    for (; size < 2 * p->n; size *= 2)
        shift--;
    struct hash *hashes = arena_array(&x->arena, p->n + 1, sizeof *hashes);
    x->bodies = arena_array(&x->arena, p->n + 1, sizeof *x->bodies);
    x->table = arena_array(&x->arena, size, sizeof *x->table);
    if (hashes == NULL || x->bodies == NULL || x->table == NULL || !arena_dup_bytes(&x->arena, p->header, &x->header) ||
        !arena_dup_bytes(&x->arena, p->certificate, &x->certificate))
        return CODE_NO_MEMORY;
    x->table_mask = size - 1;
    x->table_shift = shift;
    x->hashes = hashes;
    x->n = x->missing = (uint32_t)p->n;
    for (uint32_t i = 0; i < x->n; i++) {
        hashes[i] = p->hashes[i];
        uint32_t at = slot_of(x, &hashes[i]);
        while (x->table[at] != 0)
            at = (at + 1) & x->table_mask;
        x->table[at] = i + 1;
    }
    return CODE_OK;
}

int assemble_begin(struct assemble *a, const struct assemble_proposal *p, struct assembly **ret, struct err *err) {
    assert(assemble_find(a, &p->value) == NULL);
    if (p->n > BLOCK_TXS_MAX)
        return err_set(err, CODE_TOO_LARGE, "a proposal of %zu transactions", p->n);
    struct assembly *x = place(a);
    if (x == NULL)
        return err_set(err, CODE_BUSY, "%d proposals are being put together already", ASSEMBLE_PENDING_MAX);
    *x = (struct assembly){
        .used = true, .height = p->height, .round = p->round, .value = p->value, .from = p->from, .ask_ms = UINT64_MAX};
    arena_init(&x->arena, ASSEMBLY_ARENA_MAX);
    if (fill(x, p) != CODE_OK) {
        assemble_drop(x);
        return err_set(err, CODE_NO_MEMORY, "no memory for a proposal of %zu transactions", p->n);
    }
    *ret = x;
    return CODE_OK;
}

/* --- bodies --- */

enum assemble_taken assemble_take(struct assembly *x, const struct hash *wire_hash, struct bytes wire) {
    enum assemble_taken taken = ASSEMBLE_FOREIGN;
    struct bytes copy = BYTES_NONE;
    /* a transaction that is named twice has two places; such a block is invalid, but that is for its judge to say */
    for (uint32_t at = slot_of(x, wire_hash); x->table[at] != 0; at = (at + 1) & x->table_mask) {
        uint32_t i = x->table[at] - 1;
        if (!hash_eq(&x->hashes[i], wire_hash))
            continue;
        if (x->bodies[i].data != NULL) {
            taken = taken == ASSEMBLE_FOREIGN ? ASSEMBLE_KNOWN : taken;
            continue;
        }
        if (wire.len == 0 || wire.len > BLOCK_LEN_MAX - x->bytes ||
            (copy.data == NULL && !arena_dup_bytes(&x->arena, wire, &copy)))
            return ASSEMBLE_FULL;
        x->bodies[i] = copy;
        x->bytes += copy.len;
        x->missing--;
        taken = ASSEMBLE_TAKEN;
    }
    if (taken == ASSEMBLE_TAKEN)
        x->asked = 0;
    return taken;
}

size_t assemble_missing(const struct assembly *x, size_t max, struct hash *ret_hashes, uint32_t *ret_places) {
    size_t n = 0;
    for (uint32_t i = 0; i < x->n && n < max && n < x->missing; i++) {
        if (x->bodies[i].data != NULL)
            continue;
        if (ret_places != NULL)
            ret_places[n] = i;
        ret_hashes[n++] = x->hashes[i];
    }
    return n;
}

/* --- asking --- */

void assemble_want(struct assembly *x, uint64_t now_ms) {
    if (x->wanted)
        return;
    x->wanted = true;
    x->ask_ms = now_ms;
}

void assemble_again(struct assembly *x, uint64_t now_ms) {
    if (x->wanted)
        x->ask_ms = now_ms;
}

struct assembly *assemble_due(struct assemble *a, uint64_t now_ms) {
    for (size_t i = 0; i < ASSEMBLE_PENDING_MAX; i++) {
        struct assembly *x = &a->at[i];
        if (!x->used || !x->wanted || x->missing == 0 || x->ask_ms > now_ms)
            continue;
        uint64_t wait = ASSEMBLE_ASK_MS;
        for (uint32_t k = 0; k < x->asked && wait < ASSEMBLE_ASK_MS_MAX; k++)
            wait *= 2;
        x->ask_ms = now_ms + (wait < ASSEMBLE_ASK_MS_MAX ? wait : ASSEMBLE_ASK_MS_MAX);
        x->asked++;
        return x;
    }
    return NULL;
}

uint64_t assemble_deadline(const struct assemble *a) {
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < ASSEMBLE_PENDING_MAX; i++) {
        const struct assembly *x = &a->at[i];
        if (x->used && x->wanted && x->missing > 0 && x->ask_ms < next)
            next = x->ask_ms;
    }
    return next;
}
