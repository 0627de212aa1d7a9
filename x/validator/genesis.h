/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_VALIDATOR_GENESIS_H
#define CAIRN_X_VALIDATOR_GENESIS_H
/* The first validators. Private to the folder. */
#include "x/base/module.h"

/* Their bonds come into being with them and count as supply: `bond`, or what `power` asks for where it is left out. A
 * light client takes `power` from the genesis, so the two must agree. */
int validator_genesis(struct ctx *ctx, const Genesis *genesis, struct err *err);

#endif
