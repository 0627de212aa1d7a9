/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/types/keys_sp.h"
#include "x/sp/msgs.h"
#include "x/sp/queries.h"

static const struct msg_rule msgs[] = {
    {.kind = MSG__BODY_REGISTER_SP,
     .desc = &msg_register_sp__descriptor,
     .check = msg_register_sp_check,
     .run = msg_register_sp_run},
    {.kind = MSG__BODY_DEPOSIT_SP,
     .desc = &msg_deposit_sp__descriptor,
     .check = msg_deposit_sp_check,
     .run = msg_deposit_sp_run},
    {.kind = MSG__BODY_OPEN_GROUP,
     .desc = &msg_open_group__descriptor,
     .check = msg_open_group_check,
     .run = msg_open_group_run},
};

/* The deposit of a genesis provider comes out of its funding account. What the ledger counts must begin at nothing. */
static int genesis_sp(struct ctx *ctx, StorageProvider *sp, uint32_t want_id, struct err *err) {
    struct addr funding;
    if (sp->id != want_id)
        return err_set(err, CODE_INVALID_ARGUMENT, "its id must be %u: ids ascend from 1", want_id);
    if (sp->stored_bytes || sp->income || sp->slash_window_sum || sp->counters)
        return err_set(err, CODE_INVALID_ARGUMENT, "it cannot begin with bytes, income, slashes or counters");
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
    .queries = sp_queries,
    .queries_n = SP_QUERIES,
    .genesis = genesis,
    .invariants = sp_invariants,
};
