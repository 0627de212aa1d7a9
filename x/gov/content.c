/* SPDX-License-Identifier: Apache-2.0 */
/* What a proposal can ask for. */
#include "x/gov/proposal.h"

#include "chain/types/keys_gov.h"
#include "x/params/params.h"
#include "x/sp/sp.h"
#include "x/validator/sets.h"

#include <inttypes.h>

/* --- parameters --- */

static int change_params(struct ctx *ctx, const ParamChanges *c, bool write, struct err *err) {
    Params *next;
    int rc = params_latest(ctx, &next, err);
    for (size_t i = 0; rc == CODE_OK && i < c->n_changes; i++)
        rc = params_set(ctx, next, c->changes[i]->name, c->changes[i]->value, err);
    if (rc == CODE_OK)
        rc = params_check(next, err);
    if (rc || !write)
        return rc;
    rc = params_adopt(ctx, next, err);
    if (rc == CODE_OK)
        rc = set_touch(ctx, err); /* who may vote may follow from them */
    if (rc == CODE_OK)
        ctx_event(ctx, "gov.params_changed", "version", ctx_u64_text(ctx, next->version), NULL);
    return rc;
}

/* --- upgrade --- */

static int plan_upgrade(struct ctx *ctx, const GovProposal *p, bool write, struct err *err) {
    const UpgradePlan *u = p->upgrade;
    struct key k;
    uint64_t notice = ctx->params->gov->upgrade_notice_blocks; /* when it is proposed, and again when it is decided */
    if (u->version <= ctx->version)
        return err_set(err, CODE_GOV_UPGRADE, "version %" PRIu64 " of the rules is not after the present one, %" PRIu64,
                       u->version, ctx->version);
    if (u->height < ctx->height + notice)
        return err_set(err, CODE_GOV_UPGRADE,
                       "the upgrade at height %" PRIu64 " comes too soon: this is %" PRIu64 ", at least %" PRIu64
                       " blocks must lie between",
                       u->height, ctx->height, notice);
    if (!write)
        return CODE_OK;
    UpgradePlan plan = *u;
    plan.proposal_id = p->id;
    ctx_event(ctx, "gov.upgrade_planned", "height", ctx_u64_text(ctx, u->height), "version",
              ctx_u64_text(ctx, u->version), NULL);
    return record_put(ctx, key_upgrade(&k), &plan, err);
}

/* --- providers --- */

static int admit(struct ctx *ctx, const SpAdmission *a, bool write, struct err *err) {
    struct addr operator;
    int rc = addr_need(a->operator_, "operator", &operator, err);
    return rc || !write ? rc : sp_admit(ctx, &operator, err);
}

/* One that is out already, or gone, makes the proposal fail when it is decided. */
static int force_exit(struct ctx *ctx, const SpExit *e, bool write, struct err *err) {
    StorageProvider *sp;
    return write ? sp_force_exit(ctx, e->sp_id, err) : sp_get(ctx, e->sp_id, &sp, err);
}

static int content(struct ctx *ctx, const GovProposal *p, bool write, struct err *err) {
    switch (p->content_case) {
    case GOV_PROPOSAL__CONTENT_PARAMS:
        return change_params(ctx, p->params, write, err);
    case GOV_PROPOSAL__CONTENT_UPGRADE:
        return plan_upgrade(ctx, p, write, err);
    case GOV_PROPOSAL__CONTENT_ADMISSION:
        return admit(ctx, p->admission, write, err);
    case GOV_PROPOSAL__CONTENT_EXIT:
        return force_exit(ctx, p->exit, write, err);
    default:
        return err_set(err, CODE_GOV_CONTENT, "the proposal asks for nothing");
    }
}

int content_check(struct ctx *ctx, const GovProposal *p, struct err *err) {
    return content(ctx, p, false, err);
}

int content_do(struct ctx *ctx, const GovProposal *p, struct err *err) {
    return content(ctx, p, true, err);
}
