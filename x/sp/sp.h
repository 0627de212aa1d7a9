/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_SP_SP_H
#define CAIRN_X_SP_SP_H
/*
 * Storage providers and placement groups, as other modules call them.
 *
 * A provider's deposit and the bonds of its groups lie in the account of module sp; its income lies in that of module
 * payment. The accounts of operator, seal, approval, gc and node key lead to the provider (key_sp_by_addr) and to no
 * other.
 */
#include "cairn/sp.h"
#include "x/base/module.h"

/* --- providers --- */

/* CODE_SP_NOT_FOUND. counters are never NULL. */
int sp_get(struct ctx *ctx, uint32_t id, StorageProvider **ret, struct err *err);
int sp_put(struct ctx *ctx, const StorageProvider *sp, struct err *err);
/* By its operator or the account of one of its keys. CODE_SP_NOT_FOUND. */
int sp_by_addr(struct ctx *ctx, const struct addr *addr, StorageProvider **ret, struct err *err);

/* Who signs: its operator; the operator or the funding account; the account of its seal key. */
bool sp_is_operator(const struct ctx *ctx, const StorageProvider *sp);
bool sp_is_owner(const struct ctx *ctx, const StorageProvider *sp);
bool sp_is_sealer(const struct ctx *ctx, const StorageProvider *sp);
/* CODE_DENIED unless the operator signs. */
int sp_need_operator(const struct ctx *ctx, const StorageProvider *sp, struct err *err);
/* "in service", "jailed", ... */
const char *sp_status_text(SpStatus status);
/* On the way out, or gone. */
bool sp_is_leaving(const StorageProvider *sp);
/* Forced out: nobody expects anything of it any more, and it earns nothing. */
bool sp_is_out(const StorageProvider *sp);

/* Whether it may take so many more bytes: in service (CODE_SP_STATUS), room (CODE_SP_CAPACITY; capacity 0 = not
 * limited), deposit at the stake rate for all that it then stores (CODE_SP_DEPOSIT). What it is taking over counts. */
int sp_may_store(struct ctx *ctx, const StorageProvider *sp, uint64_t more_bytes, struct err *err);
/* What the deposit must be for so many bytes, rounded up. */
uint64_t sp_stake_for(const SpParams *params, uint64_t bytes);
/* What the deposit must be at least: the stake for what it stores and is taking over, and the least of all deposits. */
uint64_t sp_deposit_needed(const SpParams *params, const StorageProvider *sp);

/*
 * Takes up to `amount` of the deposit: no more than is there, nor than slash_window_max within a window of
 * slash_window_ms. Of it `reward` at most goes to reward_to (NULL: nobody), the rest to the account of what was
 * slashed. Puts the record and an event "sp.slashed"; *ret_taken is what was taken.
 */
int sp_slash(struct ctx *ctx, uint32_t id, uint64_t amount, const struct addr *reward_to, uint64_t reward,
             uint64_t *ret_taken, struct err *err);
/* Out of service until it is revived: no new groups, no new bytes, its income waits, others may take over its
 * positions. No error when it is jailed already; one that is leaving stays what it is. */
int sp_jail(struct ctx *ctx, uint32_t id, const char *reason, struct err *err);
/* Out for good, whatever its status: its positions become vacant, some a block, and their income waits for who takes
 * them over; what it was taking over itself is lost with the bonds. CODE_SP_NOT_FOUND; CODE_SP_STATUS when it is out
 * already. */
int sp_force_exit(struct ctx *ctx, uint32_t id, struct err *err);

/* Adds to what it has earned; the coins are in module payment's account already. Puts the record. */
int sp_earn(struct ctx *ctx, uint32_t id, uint64_t amount, struct err *err);

/* --- placement groups --- */

/* CODE_PLACEMENT_GROUP_NOT_FOUND. */
int placement_get(struct ctx *ctx, uint64_t id, PlacementGroup **ret, struct err *err);
int placement_put(struct ctx *ctx, const PlacementGroup *group, struct err *err);
/* Opens a group of these members, members[0] its primary; the bond is taken from `payer`. A primary that has as many as
 * it may gives up its oldest empty one, whose bond goes back to who paid it. CODE_PLACEMENT_GROUP_MEMBERS,
 * CODE_PLACEMENT_GROUP_LIMIT, CODE_SP_STATUS, CODE_INSUFFICIENT_FUNDS. */
int placement_open(struct ctx *ctx, const struct addr *payer, const Profile *profile, const uint32_t *members, size_t n,
                   uint64_t *ret_id, struct err *err);
/* A fresh group with the members of this one, whatever they are up to, and the positions that are vacant in it: a slot
 * is to lie there alone. No bond, no bound. The caller puts both, once the slot is in it. */
int placement_split(struct ctx *ctx, const PlacementGroup *group, PlacementGroup **ret, struct err *err);
/* Do both have the same profile, members and vacant positions, so that what lies in one may lie in the other? */
bool placement_alike(const PlacementGroup *a, const PlacementGroup *b);
/* Its last slot has been closed: it ends by itself after a while. Changes *group, which the caller puts. */
int placement_emptied(struct ctx *ctx, PlacementGroup *group, struct err *err);

/*
 * --- who earns --- A position's income is its member's, or waits in escrow for whoever takes the position over while
 * its holder is in jail or has been forced out; back from jail, it has rebuilt what was missed, and is given it itself.
 * A change holds from one moment on; a slot that is settled later is settled up to that moment for those who earned
 * before, so that nobody gains or loses by when a slot is settled. A slot remembers in slot->epoch how many changes it
 * has been settled across.
 */
struct earners {
    uint64_t until;   /* the stretch that begins where the slot has been settled to ends here, at `to` at the latest */
    bool crossed;     /* with a change: the slot goes on in the next epoch */
    uint32_t sps[64]; /* by position; 0: escrow */
};
/* CODE_CORRUPT (a fault) when a change is missing. */
int placement_earners(struct ctx *ctx, const PlacementGroup *group, uint64_t epoch, uint64_t to, struct earners *ret,
                      struct err *err);
/* Gives it to a provider, or puts it into the position's escrow. Changes *group, which the caller puts. */
int placement_earn(struct ctx *ctx, PlacementGroup *group, uint32_t position, uint32_t sp_id, uint64_t amount,
                   struct err *err);
/* A slot has been settled across this change, or flows no more. Changes *group, which the caller puts. */
int placement_crossed(struct ctx *ctx, PlacementGroup *group, uint64_t epoch, struct err *err);

/*
 * --- buckets on their way to another primary --- A slot of the bucket lies alone in this group: the provider takes
 * over position 0, with the least bond, from the signer, and this deadline as far as the parameters allow it. Codes as
 * of MsgReserveSlot, but that the position need not be offered.
 */
int sp_take_slot(struct ctx *ctx, uint64_t group_id, uint32_t sp_id, uint64_t bucket_id, uint64_t deadline,
                 struct err *err);
/* Ends that, if the position is still being taken over for this bucket. Of the bond nothing is lost, or what cancelling
 * a reservation costs now, or all of it. */
enum sp_leave { SP_LEAVE_FREE, SP_LEAVE_CANCELLED, SP_LEAVE_LATE };
int sp_leave_slot(struct ctx *ctx, uint64_t group_id, uint64_t bucket_id, enum sp_leave how, const char *reason,
                  struct err *err);

/* A vote admits this account: it may register a provider, once. CODE_DONE_ALREADY. */
int sp_admit(struct ctx *ctx, const struct addr *operator, struct err * err);
/* Takes the admission of who registers. CODE_SP_ADMISSION: there is none, and the parameters ask for it. */
int sp_take_admission(struct ctx *ctx, const struct addr *operator, struct err * err);

extern const struct module sp_module;

#endif
