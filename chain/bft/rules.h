/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BFT_RULES_H
#define CAIRN_CHAIN_BFT_RULES_H
/* The paper's "upon" rules, as far as they wait for stored messages. Private to this folder. */
#include "chain/bft/core.h"

/* Fires rules until none applies. Ends: every firing changes phase, round or a once-per-round flag. */
void rules_run(struct bft *core, struct bft_update *update);

#endif
