/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_SLOT_H
#define CAIRN_X_STORAGE_SLOT_H
/*
 * Slots: a bucket's numbered pointers to placement groups. Objects store a slot's number; flows of money and the
 * weights that challenges are drawn by hang on slots, so that moving a bucket, changing its payer or replacing a
 * provider touches no object. A slot lives as long as it has objects; its number is never reused.
 */
#include "x/base/ctx.h"

#include "cairn/sp.h"
#include "cairn/storage.h"

/* Both must exist: an object or queue names them. */
int slot_get(struct ctx *ctx, uint64_t bucket_id, uint64_t slot, BucketSlot **ret, struct err *err);
int slot_put(struct ctx *ctx, const BucketSlot *slot, struct err *err);
/* Whom the slot is charged to: the bucket's payer, or the account of what was paid ahead for its objects. */
struct addr slot_payer(const BucketInfo *bucket, const BucketSlot *slot);
/* The placement group that a sealed object's slot points at. */
int slot_group(struct ctx *ctx, uint64_t bucket_id, uint64_t slot, PlacementGroup **ret, struct err *err);

/*
 * Puts an object, whose sealed positions, prices by position and ends_at are set, into the bucket's slot for this
 * group, opening one if there is none (CODE_SLOT_LIMIT): sets object->slot and payment_address; starts its flow from
 * the bucket's payer, or takes the price of its whole term and starts it from there; counts its bytes at slot, group
 * and the providers of what is sealed. Puts slot, group and providers; the caller puts object and bucket. Codes of
 * x/payment for a payer that cannot pay, of x/sp for a provider that may not store so much.
 */
int slot_add_object(struct ctx *ctx, BucketInfo *bucket, PlacementGroup *group, ObjectInfo *object, struct err *err);
/* The same for an object that its providers hold already and that has just left its slot: no seal is counted. */
int slot_add_again(struct ctx *ctx, BucketInfo *bucket, PlacementGroup *group, ObjectInfo *object, struct err *err);
/* The same when only the providers of the positions `fresh` (bits) agree to something now and seal. */
int slot_add_more(struct ctx *ctx, BucketInfo *bucket, PlacementGroup *group, ObjectInfo *object, uint64_t fresh,
                  struct err *err);
/* The way back; an emptied slot is closed. The caller puts the bucket. */
int slot_remove_object(struct ctx *ctx, BucketInfo *bucket, const ObjectInfo *object, struct err *err);

/* Charges what flows from the bucket's payer to another account from now on; the caller changes and puts the bucket.
 * CODE_PAYER_FROZEN, CODE_PAYMENT_FUNDS, CODE_PAYMENT_ACCOUNT_NOT_FOUND. */
int slots_change_payer(struct ctx *ctx, const BucketInfo *bucket, const struct addr *payer, struct err *err);

/* A position of a sealed object that its provider has declared lost: it is not sealed any more, is paid for no more,
 * and its bytes are the provider's no more. Sets sealed_positions, prices, what is paid ahead and receipts_after in the
 * object, which the caller puts. */
int slot_vacate(struct ctx *ctx, ObjectInfo *object, uint32_t position, struct err *err);

/* "1,5,2": the providers of a sealed object by position, on ctx->arena; for events. */
int slot_sps_text(struct ctx *ctx, const ObjectInfo *object, char **ret, struct err *err);

#endif
