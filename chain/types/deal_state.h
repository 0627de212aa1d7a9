/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_DEAL_STATE_H
#define CAIRN_CHAIN_TYPES_DEAL_STATE_H
/*
 * The derived state of an object's deal, one function used everywhere (ledger.md §4):
 *
 *     Bid          not enough live sealed positions to read it (with `lost`: there were once)
 *     Part-Deal    readable, not all positions live
 *     Deal         all positions
 *     Pending-End  inside the warning window before expires_at, or the grace after it
 *     End          settled
 */
#include <stdbool.h>
#include <stdint.h>

#include "cairn/storage.h"

struct deal_facts {
    const ObjectInfo *object;
    uint64_t live;       /* bit i: the SP at position i holds its place (not vacant, not jailed, no open repair duty) */
    uint64_t now;        /* ledger time, ms */
    uint64_t warning_ms; /* before expires_at */
    uint64_t grace_ms;   /* after it */
    bool settled;        /* the object has ended and was paid */
};

DealState deal_state(const struct deal_facts *facts);

/* "bid", "part-deal", "deal", "pending-end", "end". */
const char *deal_state_name(DealState state);

/* The bitmap of sealed positions as a number: bit i = position i. */
uint64_t deal_sealed_positions(const ObjectInfo *object);

#endif
