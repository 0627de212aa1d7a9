/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/bft/values.h"

#include <assert.h>

void values_reset(struct values *v) {
    v->n = 0;
}

struct value *values_find(struct values *v, const struct hash *id) {
    for (uint32_t i = 0; i < v->n; i++)
        if (hash_eq(&v->list[i].id, id))
            return &v->list[i];
    return NULL;
}

enum value_verdict values_verdict(const struct values *v, const struct hash *id) {
    for (uint32_t i = 0; i < v->n; i++)
        if (hash_eq(&v->list[i].id, id))
            return (enum value_verdict)v->list[i].verdict;
    return VALUE_UNKNOWN;
}

/* The place of the value heard of in the oldest round. */
static struct value *values_oldest(struct values *v, const struct hash *keep_a, const struct hash *keep_b) {
    struct value *oldest = NULL;
    for (uint32_t i = 0; i < v->n; i++) {
        struct value *at = &v->list[i];
        if (hash_eq(&at->id, keep_a) || hash_eq(&at->id, keep_b))
            continue;
        if (!oldest || at->round < oldest->round)
            oldest = at;
    }
    return oldest;
}

struct value *values_add(struct values *v, const struct hash *id, uint32_t round, const struct hash *keep_a,
                         const struct hash *keep_b, bool *ret_added) {
    struct value *at = values_find(v, id);
    *ret_added = !at;
    if (at) {
        if (at->round < round)
            at->round = round;
        return at;
    }
    at = v->n < VALUES_MAX ? &v->list[v->n++] : values_oldest(v, keep_a, keep_b);
    assert(at);
    *at = (struct value){.id = *id, .round = round};
    return at;
}
