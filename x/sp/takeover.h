/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_SP_TAKEOVER_H
#define CAIRN_X_SP_TAKEOVER_H
/*
 * Somebody takes over a position of a placement group: the one protocol for graceful and forced exits, jail and
 * voluntary moves.
 *
 *     reserve    the position's holder is leaving, out, in jail, or offers it. The successor posts a bond and sets
 *                itself a deadline; its capacity and deposit must carry the bytes from now on. The group takes no new
 *                seals, so the time is no longer than copying so many bytes takes (takeover_time). The old holder stays
 *                liable: it is challenged, and paid unless it is in jail or was forced out.
 *     copying    the successor fetches every object's piece of that position, or rebuilds it from others.
 *     complete   it says that it has all: the ledger draws from what lies in the group, once takeover_interval_ms, and
 *                the successor answers. When takeover_draws have passed without a miss the position is its own: bytes,
 *                rate of payment, what waited in escrow, a fee from a holder that left, the bond back.
 *     a miss     ends the round and costs a share of the bond; the successor may say again that it has all. The last
 *                share ends the reservation.
 *     cancel     part of the bond is lost, more the later it comes; at the deadline: all of it.
 *
 * No object's record changes: an object names a slot, the slot a group, the group its members.
 */
#include "x/sp/sp.h"

/* CODE_RESERVATION_NOT_FOUND. */
int takeover_get(struct ctx *ctx, uint64_t group_id, uint32_t position, SlotReservation **ret, struct err *err);
int takeover_put(struct ctx *ctx, const SlotReservation *reservation, struct err *err);

/* May others take over this position? Of `holder`, its record. */
bool takeover_is_open(const PlacementGroup *group, uint32_t position, const StorageProvider *holder);
/* What the bond must be for so many bytes. */
uint64_t takeover_bond(const SpParams *params, uint64_t bytes);

/* How far off the deadline may be at most for so many bytes: a group takes nothing new while one of its positions is
 * reserved, so no longer than copying takes. */
uint64_t takeover_time(const SpParams *params, uint64_t bytes);

/* A new reservation: all but bond, deadline and payer is looked up. *r is filled. */
int takeover_reserve(struct ctx *ctx, SlotReservation *r, struct err *err);
/* Begins a round of draws; lets the successor in at once when there is nothing to draw from, or when a round was passed
 * that could not be ended. CODE_RESERVATION_STATUS while a round runs. */
int takeover_complete(struct ctx *ctx, SlotReservation *r, struct err *err);
/* What of the bond is lost by cancelling now. */
uint64_t takeover_cancel_loss(const struct ctx *ctx, const SlotReservation *r);
/* Ends it without a change of members; `loss` of the bond is lost. */
int takeover_end(struct ctx *ctx, SlotReservation *r, uint64_t loss, const char *reason, struct err *err);

/* Queue item: a deadline. rest: group u64be, position u32be. */
int takeover_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err);

/* --- draws: x/challenge makes them, from the queue key_takeover_due --- */
/* One has been made (or could not be: it is tried again). Queues the next, as long as there are not enough. Puts *r. */
int takeover_drawn(struct ctx *ctx, SlotReservation *r, bool made, struct err *err);
/* How a draw of a round ended. Nothing when the reservation has ended or is in another round. */
int takeover_answered(struct ctx *ctx, uint64_t group_id, uint32_t position, uint64_t id, uint64_t round, bool passed,
                      struct err *err);

#endif
