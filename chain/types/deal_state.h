/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_DEAL_STATE_H
#define CAIRN_CHAIN_TYPES_DEAL_STATE_H
/*
 * The derived state of an object's deal, one function used everywhere (ledger.md §4):
 *
 *     Bid          not enough live sealed positions to read it (with `lost`: there were once)
 *     Part-Deal    readable, not all positions live
 *     Deal         all positions
 *     Pending-End  inside the warning window before expires_at, or the grace after it; discontinued; its payer frozen
 *     End          settled
 *
 * Their codes for people and other systems are 0 to 4 (poss-point.md A1.4).
 */
#include <stdbool.h>
#include <stdint.h>

#include "cairn/storage.h"

struct deal_facts {
    const ObjectInfo *object;
    uint64_t live;       /* bit i: the SP at position i holds its place (not vacant, not jailed, no open repair duty) */
    uint64_t now;        /* ledger time, ms */
    uint64_t warning_ms; /* before expires_at */
    bool doomed;         /* another end than the term's is in sight: its payer is frozen, or it is discontinued */
    bool settled;        /* the object has ended and was paid */
};

DealState deal_state(const struct deal_facts *facts);

/* 0 Bid, 1 Part-Deal, 2 Deal, 3 Pending-End, 4 End. */
uint32_t deal_state_code(DealState state);

/* Bid, and there were once enough positions: not "not yet stored" but "no longer". */
bool deal_lost(const struct deal_facts *facts);

/* "bid", "part-deal", "deal", "pending-end", "end". */
const char *deal_state_name(DealState state);

/* Sealed and not gone: can be read, also while it is discontinued. */
bool deal_is_stored(const ObjectInfo *object);

/* The bitmap of sealed positions as a number: bit i = position i. */
uint64_t deal_sealed_positions(const ObjectInfo *object);

#endif
