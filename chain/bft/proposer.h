/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BFT_PROPOSER_H
#define CAIRN_CHAIN_BFT_PROPOSER_H
/*
 * Who proposes: a draw weighted by power, from the hash of (height, draw number), among those not yet drawn at this
 * height; when all have been drawn it begins again. It needs no history: anyone who knows the height's validator set
 * can check a proposer; and since nobody is drawn twice before all were, a crashed validator, however heavy, costs one
 * round.
 */
#include <stdint.h>

/* The proposer of `round` at `height` among `n` (> 0, <= VALIDATORS_MAX) validators with these powers (> 0 each). Pure.
 */
uint16_t proposer_draw(uint64_t height, uint32_t round, const uint64_t *powers, uint16_t n);

#endif
