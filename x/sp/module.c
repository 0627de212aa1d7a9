/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_sp.h"
#include "x/sp/block.h"
#include "x/sp/msgs.h"
#include "x/sp/queries.h"

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_REGISTER_SP,
     .desc = &msg_register_sp__descriptor,
     .check = msg_register_sp_check,
     .signatures = msg_register_sp_signatures,
     .run = msg_register_sp_run},
    {.kind = MSG__BODY_DEPOSIT_SP,
     .desc = &msg_deposit_sp__descriptor,
     .check = msg_deposit_sp_check,
     .run = msg_deposit_sp_run},
    {.kind = MSG__BODY_OPEN_GROUP,
     .desc = &msg_open_group__descriptor,
     .check = msg_open_group_check,
     .run = msg_open_group_run},
    {.kind = MSG__BODY_EDIT_SP,
     .desc = &msg_edit_sp__descriptor,
     .check = msg_edit_sp_check,
     .signatures = msg_edit_sp_signatures,
     .run = msg_edit_sp_run},
    {.kind = MSG__BODY_WITHDRAW_SP,
     .desc = &msg_withdraw_sp__descriptor,
     .check = msg_withdraw_sp_check,
     .run = msg_withdraw_sp_run},
    {.kind = MSG__BODY_SET_SP_PRICE, .desc = &msg_set_sp_price__descriptor, .run = msg_set_sp_price_run},
    {.kind = MSG__BODY_SET_SP_STATUS,
     .desc = &msg_set_sp_status__descriptor,
     .check = msg_set_sp_status_check,
     .run = msg_set_sp_status_run},
    {.kind = MSG__BODY_REVIVE_SP, .desc = &msg_revive_sp__descriptor, .run = msg_revive_sp_run},
    {.kind = MSG__BODY_EXIT_SP, .desc = &msg_exit_sp__descriptor, .run = msg_exit_sp_run},
    {.kind = MSG__BODY_COMPLETE_EXIT_SP, .desc = &msg_complete_exit_sp__descriptor, .run = msg_complete_exit_sp_run},
    {.kind = MSG__BODY_CLOSE_GROUP, .desc = &msg_close_group__descriptor, .run = msg_close_group_run},
    {.kind = MSG__BODY_OFFER_SLOT, .desc = &msg_offer_slot__descriptor, .run = msg_offer_slot_run},
    {.kind = MSG__BODY_RESERVE_SLOT,
     .desc = &msg_reserve_slot__descriptor,
     .check = msg_reserve_slot_check,
     .run = msg_reserve_slot_run},
    {.kind = MSG__BODY_COMPLETE_SLOT, .desc = &msg_complete_slot__descriptor, .run = msg_complete_slot_run},
    {.kind = MSG__BODY_CANCEL_SLOT, .desc = &msg_cancel_slot__descriptor, .run = msg_cancel_slot_run},
};

/* The deposit of a genesis provider comes out of its funding account. What the ledger counts must begin at nothing. */
static int genesis_sp(struct ctx *ctx, StorageProvider *sp, uint32_t want_id, struct err *err) {
    struct addr funding;
    if (sp->id != want_id)
        return err_set(err, CODE_INVALID_ARGUMENT, "its id must be %u: ids ascend from 1", want_id);
    if (sp->stored_bytes || sp->reserved_bytes || sp->income || sp->earned || sp->slash_window_sum || sp->counters ||
        sp->maintenance_until || sp->maintenance_used || sp->jailed_until || sp->exit_since || sp->unpaid ||
        sp->marking_at || sp->exit_bytes)
        return err_set(err, CODE_INVALID_ARGUMENT,
                       "it cannot begin with bytes, income, slashes, counters, in maintenance, jail or on its way out");
    int rc = addr_need(sp->funding, "funding", &funding, err);
    return rc ? rc : sp_create(ctx, sp, &funding, err);
}

static int genesis(struct ctx *ctx, const Genesis *genesis, struct err *err) {
    for (size_t i = 0; i < genesis->n_sps; i++) {
        int rc = genesis_sp(ctx, genesis->sps[i], (uint32_t)(i + 1), err);
        if (rc)
            return err_wrap(err, rc, "sps[%zu]", i);
    }
    return CODE_OK;
}

const struct module sp_module = {
    .name = "sp",
    .id = KEY_SP,
    .msgs = msgs,
    .msgs_n = COUNT_OF(msgs),
    .end = sp_end_hooks,
    .end_n = SP_END_HOOKS,
    .queries = sp_queries,
    .queries_n = SP_QUERIES,
    .genesis = genesis,
    .invariants = sp_invariants,
};
