/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_CHALLENGE_PICK_H
#define CAIRN_X_CHALLENGE_PICK_H
/* What a challenge asks for: from a provider down to leaves, each step by bytes and by the seed. */
#include "x/base/ctx.h"
#include "x/storage/draw.h"

#include "cairn/challenge.h"
#include "cairn/sp.h"
#include "cairn/storage.h"

#define PICK_ANY_SEGMENT UINT64_MAX

/* One position of one object. */
struct pick {
    ObjectInfo *object;
    uint32_t position;
    uint32_t sp_id;
};

/* An object that this provider holds: placement group, slot and object by bytes. CODE_NOT_FOUND, with no sentence, when
 * it holds nothing (or all tries were refused). */
int pick_of_sp(struct ctx *ctx, struct draw *draw, uint32_t sp_id, struct pick *ret, struct err *err);
/* An object of one placement group, at one position, for a provider that is about to hold it. CODE_NOT_FOUND as above,
 * or when that position of the object drawn was not sealed. */
int pick_of_group(struct ctx *ctx, struct draw *draw, uint64_t group_id, uint32_t position, uint32_t sp_id,
                  struct pick *ret, struct err *err);
/* Is this provider drawn for? Not while it is in maintenance, nor once it was forced out. */
bool pick_may(const StorageProvider *sp);
/* The same for any provider, by its bytes. */
int pick_of_all(struct ctx *ctx, struct draw *draw, struct pick *ret, struct err *err);

/* Position of a provider in a group; false when it is no member. */
bool pick_position(const PlacementGroup *group, uint32_t sp_id, uint32_t *ret);

/*
 * The challenge for a pick, whole: id, copies of what the answer is checked against, segment (by bytes, unless one is
 * given) and distinct leaves, ascending. The caller opens it.
 */
Challenge *pick_challenge(struct ctx *ctx, struct draw *draw, uint64_t id, const struct pick *pick, uint64_t segment,
                          int origin);

/* count distinct numbers below n, ascending, each set equally likely. count <= n, and <= CHALLENGE_LEAVES_MAX. Pure. */
void pick_distinct(struct draw *draw, uint64_t n, size_t count, uint64_t *ret);

#endif
