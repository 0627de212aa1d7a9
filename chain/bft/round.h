/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BFT_ROUND_H
#define CAIRN_CHAIN_BFT_ROUND_H
/*
 * The round state machine: the right-hand sides of the paper's rules. It knows nothing of votes; rules.c decides when.
 * Private to this folder.
 */
#include "chain/bft/core.h"

/* What was heard in a kept round (asserted); made empty when this is the first time. */
struct round *round_at(struct bft *core, uint32_t number);
/* The same, NULL when the round is not kept or nothing was heard in it. */
struct round *round_find(struct bft *core, uint32_t number);

/* L11 StartRound. Forgets rounds that fall out of the kept ones, publishes why the round was entered. */
void round_start(struct bft *core, uint32_t number, struct bft_update *update);
/* L14..L18: propose the valid value again, or ask for a new one. */
void round_propose(struct bft *core, struct bft_update *update);
/* L19: the built value. */
void round_propose_built(struct bft *core, const struct hash *value, struct bft_update *update);
/* L21: timeoutPropose. */
void round_arm_propose(struct bft *core, struct bft_update *update);
/* L22..L33, L57: prevote and move on. Nil: the zero id. */
void round_prevote(struct bft *core, const struct hash *value, struct bft_update *update);
/* L34. */
void round_arm_prevote(struct bft *core, struct bft_update *update);
/* L36..L43: a polka for a valid value in this round. */
void round_polka(struct bft *core, struct round *round, struct bft_update *update);
/* L40, L44, L61: precommit and move on. */
void round_precommit(struct bft *core, const struct hash *value, struct bft_update *update);
/* L47. */
void round_arm_precommit(struct bft *core, struct bft_update *update);
/* L49: core->commit holds the certificate. */
void round_decide(struct bft *core, struct bft_update *update);

#endif
