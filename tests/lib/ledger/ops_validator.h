/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_LEDGER_OPS_VALIDATOR_H
#define CAIRN_TESTS_LIB_LEDGER_OPS_VALIDATOR_H
/* Rows of world_ops (ops.c) that are about validators. */
#include "tests/lib/ledger/world.h"

void op_create_validator(struct world *w);
void op_bond(struct world *w);
void op_unbond(struct world *w);
void op_edit_validator(struct world *w);
void op_unjail(struct world *w);
void op_evidence(struct world *w);
void op_withdraw_rewards(struct world *w);

#endif
