/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_SP_LIFE_H
#define CAIRN_X_SP_LIFE_H
/*
 * The life of a provider. Private to the folder.
 *
 *     in service <-> in maintenance          by itself, within a quota
 *     in service, in maintenance -> jailed   by x/challenge;  jailed -> in service: MsgReviveSp
 *     any of them -> leaving                 MsgExitSp
 *     any of them, leaving -> forced out     sp_force_exit
 *     leaving, forced out -> gone            MsgCompleteExitSp, when nothing is left
 */
#include "x/sp/sp.h"

/* Changes *sp, which the caller puts. CODE_SP_MAINTENANCE. */
int maintenance_begin(struct ctx *ctx, StorageProvider *sp, uint64_t duration, struct err *err);
/* Ends one, if there is one: what was not used of it is given back. The caller sets the status. */
int maintenance_end(struct ctx *ctx, StorageProvider *sp, struct err *err);
/* Queue item: the time is over. */
int maintenance_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);
/* From now on its positions' income waits, or is its own again; its groups are marked by the queue, some a block.
 * Changes *sp, which the caller puts. */
int vacate_begin(struct ctx *ctx, StorageProvider *sp, bool unpaid, struct err *err);
/* Queue item: some groups of such a provider. value: the last group that is done. */
int marking_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

/* The counts over all providers; zeros before the first. */
int sp_totals_get(struct ctx *ctx, SpTotals **ret, struct err *err);
int sp_totals_put(struct ctx *ctx, const SpTotals *totals, struct err *err);

/* So many bytes of a provider that leaves are somebody else's now. Changes *sp, which the caller puts. */
int life_handed_over(struct ctx *ctx, StorageProvider *sp, uint64_t bytes, struct err *err);

/* So many millionths of an amount, rounded down; ppm <= 1000000. */
uint64_t life_share(uint64_t amount, uint64_t ppm);

#endif
