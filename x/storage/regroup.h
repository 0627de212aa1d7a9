/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_REGROUP_H
#define CAIRN_X_STORAGE_REGROUP_H
/*
 * A slot changes its placement group for another one with the same members (placement_alike): no byte changes hands, no
 * price changes, no object is looked at. Up to now it is settled for those who earned in the old group.
 */
#include "x/base/ctx.h"

#include "cairn/sp.h"
#include "cairn/storage.h"

/* Puts slot and both groups. CODE_MIGRATION_SLOT when the bucket has a slot there already, or when the slot's payer has
 * not paid up to the last change of who earns in the old group. */
int slot_regroup(struct ctx *ctx, const BucketInfo *bucket, BucketSlot *slot, PlacementGroup *from, PlacementGroup *to,
                 struct err *err);

/* The slot lies alone in its group, one of the same members when others lie there, too. *ret: that group. Puts all. */
int slot_set_apart(struct ctx *ctx, const BucketInfo *bucket, BucketSlot *slot, PlacementGroup **ret, struct err *err);

#endif
