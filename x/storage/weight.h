/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_WEIGHT_H
#define CAIRN_X_STORAGE_WEIGHT_H
/*
 * Sets from which items are drawn in proportion to their weight, in constant time whatever they hold. The items of one
 * power of two are numbered densely (a removal moves the last one into the gap), so a draw picks a class by count x
 * upper bound, an item by its number, and accepts it with probability weight / bound: two tries on average.
 *
 * Four levels make the path of a challenge: all SPs -> placement groups of an SP -> bucket slots of a group -> objects
 * of a slot. An item is a pair of numbers: {0, id}, or {bucket, slot}.
 */
#include "chain/types/keys_storage.h"
#include "x/base/record.h"
#include "x/storage/draw.h"

#define WEIGHT_TRIES_MAX 64 /* then a draw gives up: chance below 2^-64 */
#define WEIGHT_MAX       ((uint64_t)1 << 62)

struct weight_item {
    uint64_t a, b;
};

static inline struct weight_id weight_sps(void) {
    return (struct weight_id){WEIGHT_SPS, 0, 0};
}
static inline struct weight_id weight_groups(uint32_t sp_id) {
    return (struct weight_id){WEIGHT_GROUPS, 0, sp_id};
}
static inline struct weight_id weight_slots(uint64_t group_id) {
    return (struct weight_id){WEIGHT_SLOTS, 0, group_id};
}
static inline struct weight_id weight_objects(uint64_t bucket_id, uint64_t slot) {
    return (struct weight_id){WEIGHT_OBJECTS, bucket_id, slot};
}

/* Changes an item's weight; one that reaches 0 is no item any more. CODE_OVERFLOW beyond WEIGHT_MAX, for an item or the
 * whole set; taking more than there is, is a fault. */
int weight_add(struct ctx *ctx, const struct weight_id *set, struct weight_item item, uint64_t more, struct err *err);
int weight_sub(struct ctx *ctx, const struct weight_id *set, struct weight_item item, uint64_t less, struct err *err);

/* weight_add of each in turn; the set's own record is read and written once. */
int weight_add_all(struct ctx *ctx, const struct weight_id *set, const struct weight_item *items, const uint64_t *more,
                   size_t n, struct err *err);
/* weight_add of an item that the caller knows the set does not have: nothing is read to find that out. */
int weight_insert(struct ctx *ctx, const struct weight_id *set, struct weight_item item, uint64_t weight,
                  struct err *err);

/* The weight of one item; 0 when it is none. */
int weight_of(struct ctx *ctx, const struct weight_id *set, struct weight_item item, uint64_t *ret, struct err *err);
int weight_total(struct ctx *ctx, const struct weight_id *set, uint64_t *ret, struct err *err);

/* CODE_NOT_FOUND, with no sentence, when the set is empty or every try was refused. */
int weight_draw(struct ctx *ctx, const struct weight_id *set, struct draw *draw, struct weight_item *ret,
                struct err *err);

/* Checks one set against itself: counts, numbers without gaps, both directions, total. CODE_INTERNAL says what is
 * wrong. */
int weight_check(struct ctx *ctx, const struct weight_id *set, struct err *err);

#endif
