/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_SP_EARNING_H
#define CAIRN_X_SP_EARNING_H
/* Changes of who earns at a position of a group (x/sp/sp.h tells the rule). Private to the folder; each changes *group,
 * which the caller puts. */
#include "x/sp/sp.h"

/* The holder of a position was jailed or forced out: from now on the position's income waits. */
int earning_vacate(struct ctx *ctx, PlacementGroup *group, uint32_t position, struct err *err);
/* A successor holds the position from now on, or its holder is back from jail; it is given what waited. Before the
 * member itself is changed. */
int earning_pass(struct ctx *ctx, PlacementGroup *group, uint32_t position, uint32_t to, struct err *err);

#endif
