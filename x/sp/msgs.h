/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_SP_MSGS_H
#define CAIRN_X_SP_MSGS_H
/* The messages of x/sp, as module.c lists them, and what they share. Private to the folder. */
#include "x/sp/sp.h"

int msg_register_sp_check(const void *message, const Params *params, struct err *err);
int msg_register_sp_run(struct ctx *ctx, const void *message, struct err *err);
uint64_t msg_register_sp_signatures(const void *message);
int msg_deposit_sp_check(const void *message, const Params *params, struct err *err);
int msg_deposit_sp_run(struct ctx *ctx, const void *message, struct err *err);
int msg_open_group_check(const void *message, const Params *params, struct err *err);
int msg_open_group_run(struct ctx *ctx, const void *message, struct err *err);
int msg_edit_sp_check(const void *message, const Params *params, struct err *err);
uint64_t msg_edit_sp_signatures(const void *message);
int msg_edit_sp_run(struct ctx *ctx, const void *message, struct err *err);
int msg_withdraw_sp_check(const void *message, const Params *params, struct err *err);
int msg_withdraw_sp_run(struct ctx *ctx, const void *message, struct err *err);
int msg_set_sp_price_run(struct ctx *ctx, const void *message, struct err *err);
int msg_set_sp_status_check(const void *message, const Params *params, struct err *err);
int msg_set_sp_status_run(struct ctx *ctx, const void *message, struct err *err);
int msg_revive_sp_run(struct ctx *ctx, const void *message, struct err *err);
int msg_exit_sp_run(struct ctx *ctx, const void *message, struct err *err);
int msg_complete_exit_sp_run(struct ctx *ctx, const void *message, struct err *err);
int msg_close_group_run(struct ctx *ctx, const void *message, struct err *err);
int msg_offer_slot_run(struct ctx *ctx, const void *message, struct err *err);
int msg_reserve_slot_check(const void *message, const Params *params, struct err *err);
int msg_reserve_slot_run(struct ctx *ctx, const void *message, struct err *err);
int msg_complete_slot_run(struct ctx *ctx, const void *message, struct err *err);
int msg_cancel_slot_run(struct ctx *ctx, const void *message, struct err *err);

/* What a provider's record must be, without the state: addresses, keys (points on the curve, all different), endpoints,
 * description. */
int sp_check_fields(const StorageProvider *sp, struct err *err);
/* Stores a new provider with its indexes; `payer` posts the deposit. CODE_SP_EXISTS, CODE_SP_LIMIT, CODE_SP_DEPOSIT. */
int sp_create(struct ctx *ctx, StorageProvider *sp, const struct addr *payer, struct err *err);

/* --- a provider's keys: seal, approval, gc, node, in this order --- */
#define SP_KEYS 4
const char *sp_key_name(size_t i);
ProtobufCBinaryData *sp_key_field(StorageProvider *sp, size_t i);
/* The key signed that it is to be this operator's for this use (chain/types/signed.h). CODE_SP_KEY, CODE_SP_POSSESSION.
 */
int sp_check_possession(struct ctx *ctx, const struct addr *operator_, size_t i, ProtobufCBinaryData key,
                        ProtobufCBinaryData possession, struct err *err);
/* The entries that lead from operator and keys to the provider. CODE_SP_EXISTS when one leads to any already. */
int sp_index(struct ctx *ctx, const StorageProvider *sp, struct err *err);
int sp_unindex(struct ctx *ctx, const StorageProvider *sp, struct err *err);

/* CODE_DENIED unless the operator or seal key of the reservation's successor signs. */
int sp_need_successor(struct ctx *ctx, const SlotReservation *r, struct err *err);

/* Coins go to people only: what came to a module's account would belong to nobody. CODE_RECIPIENT. */
int sp_check_payee(struct ctx *ctx, const char *what, ProtobufCBinaryData field, struct err *err);
/* CODE_PRICE above the highest one allowed. */
int sp_check_price(const struct ctx *ctx, uint64_t store_price, struct err *err);

int sp_invariants(struct ctx *ctx, struct err *err);

#endif
