/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_PARAMS_PARAMS_H
#define CAIRN_X_PARAMS_PARAMS_H
/*
 * Parameters: state, one record a version, each with the ledger time from which it holds. An object stores the version
 * that it was made under and keeps its shape and price rule.
 */
#include "x/base/module.h"

/* Whether a chain can live with these. CODE_INVALID_ARGUMENT names the parameter and what it must be. */
int params_check(const Params *params, struct err *err);

/* A version that was stored. CODE_NOT_FOUND. */
int params_get(struct ctx *ctx, uint64_t version, const Params **ret, struct err *err);
int params_put(struct ctx *ctx, const Params *params, struct err *err);

/* A copy of those that hold from the next block on, to be changed. */
int params_latest(struct ctx *ctx, Params **ret, struct err *err);
/* Another value of the parameter of that name. CODE_PARAMETER: there is none, or it is fixed at genesis. Whether a
 * chain can live with it is asked of all together: params_check. */
int params_set(struct ctx *ctx, Params *params, const char *name, uint64_t value, struct err *err);
/* Makes them the next version: they hold from the next block on. */
int params_adopt(struct ctx *ctx, Params *params, struct err *err);

/* H(cairn.params, encoded params): in every header. */
int params_hash(struct ctx *ctx, const Params *params, struct hash *ret, struct err *err);

/* How far ledger time may move in one block: 2 heartbeats, scaled. */
uint64_t params_time_step_max(const ConsensusParams *consensus);

extern const struct module params_module;

#endif
