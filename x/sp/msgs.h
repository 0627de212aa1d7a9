/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_SP_MSGS_H
#define CAIRN_X_SP_MSGS_H
/* The messages of x/sp, as module.c lists them, and what they share. Private to the folder. */
#include "x/sp/sp.h"

int msg_register_sp_check(const void *message, const Params *params, struct err *err);
int msg_register_sp_run(struct ctx *ctx, const void *message, struct err *err);
int msg_deposit_sp_check(const void *message, const Params *params, struct err *err);
int msg_deposit_sp_run(struct ctx *ctx, const void *message, struct err *err);
int msg_open_group_check(const void *message, const Params *params, struct err *err);
int msg_open_group_run(struct ctx *ctx, const void *message, struct err *err);

/* What a provider's record must be, without the state: addresses, keys (points on the curve, all different), endpoints,
 * description. */
int sp_check_fields(const StorageProvider *sp, struct err *err);
/* Stores a new provider with its indexes; `payer` posts the deposit. CODE_SP_EXISTS, CODE_SP_LIMIT, CODE_SP_DEPOSIT. */
int sp_create(struct ctx *ctx, StorageProvider *sp, const struct addr *payer, struct err *err);

int sp_invariants(struct ctx *ctx, struct err *err);

#endif
