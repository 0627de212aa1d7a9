/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/bodies.h"

struct body *bodies_find(struct bodies *t, const struct hash *value) {
    for (size_t i = 0; i < BODIES_MAX; i++)
        if (t->at[i].block != NULL && hash_eq(&t->at[i].block->header.id, value))
            return &t->at[i];
    return NULL;
}

static void body_drop(struct body *b) {
    block_unref(b->block);
    *b = (struct body){0};
}

struct body *bodies_keep(struct bodies *t, struct block *block, enum body_state state) {
    struct body *b = bodies_find(t, &block->header.id);
    if (b != NULL)
        return b;
    struct body *place = NULL;
    for (size_t i = 0; i < BODIES_MAX && place == NULL; i++)
        if (t->at[i].block == NULL)
            place = &t->at[i];
    for (size_t i = 0; i < BODIES_MAX && place == NULL; i++)
        if (t->at[i].state == BODY_INVALID || t->at[i].state == BODY_HERE)
            place = &t->at[i];
    if (place == NULL)
        return NULL;
    body_drop(place);
    place->block = block_ref(block);
    place->state = state;
    return place;
}

void bodies_spare(struct bodies *t, const struct bft *bft) {
    for (size_t i = 0; i < BODIES_MAX; i++)
        if (t->at[i].block != NULL && t->at[i].state == BODY_VALID && !bft_knows(bft, &t->at[i].block->header.id))
            body_drop(&t->at[i]);
}

void bodies_clear(struct bodies *t, uint64_t height) {
    for (size_t i = 0; i < BODIES_MAX; i++)
        if (t->at[i].block != NULL && t->at[i].block->header.height <= height)
            body_drop(&t->at[i]);
}
