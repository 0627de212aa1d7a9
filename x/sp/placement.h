/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_SP_PLACEMENT_H
#define CAIRN_X_SP_PLACEMENT_H
/* Placement groups, as the other rooms of this folder see them. */
#include "x/sp/sp.h"

/* Nothing lies in it, and nobody is about to take over one of its positions. */
bool placement_is_empty(const PlacementGroup *group);
/* Ends an empty group: the bond goes back to who paid it. Deletes the record; a group that is not empty is a fault. */
int placement_close(struct ctx *ctx, const PlacementGroup *group, struct err *err);
/* Queue item: a group that has been empty for a while. */
int placement_empty_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

/* Same operator or funding account: one who falls must not take two positions down. */
bool placement_same_hands(const StorageProvider *a, const StorageProvider *b);

/* Ascending lists of positions in a group's record. */
bool placement_listed(const uint32_t *list, size_t n, uint32_t position);
void placement_list(struct ctx *ctx, uint32_t **list, size_t *n, uint32_t position); /* that is not in it */
void placement_unlist(uint32_t *list, size_t *n, uint32_t position);

#endif
