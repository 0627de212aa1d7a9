/* SPDX-License-Identifier: Apache-2.0 */
/* cairn gov ...: what validators decide by vote. */
#include "cairn/gov.h"
#include "cairn/params.h"
#include "cairn/state.h"
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_app.h"
#include "chain/types/keys_gov.h"
#include "chain/types/keys_params.h"
#include "client/cli/commands.h"

#include <stdio.h>

enum { CHANGES_MAX = 64 };

static const char *status_name(ProposalStatus status) {
    switch (status) {
    case PROPOSAL_STATUS_VOTING:
        return "voting";
    case PROPOSAL_STATUS_PASSED:
        return "passed";
    case PROPOSAL_STATUS_REJECTED:
        return "rejected";
    case PROPOSAL_STATUS_FAILED:
        return "failed";
    default:
        return "?";
    }
}

static const char *content_name(const GovProposal *p) {
    switch (p->content_case) {
    case GOV_PROPOSAL__CONTENT_PARAMS:
        return "params";
    case GOV_PROPOSAL__CONTENT_UPGRADE:
        return "upgrade";
    case GOV_PROPOSAL__CONTENT_ADMISSION:
        return "admit";
    case GOV_PROPOSAL__CONTENT_EXIT:
        return "exit";
    default:
        return "?";
    }
}

/* --- proposing --- */

/* "payment.price_max=1000" */
static int read_change(struct cli *cli, const char *text, ParamChange **ret, struct err *err) {
    const char *equals = strchr(text, '=');
    ParamChange *c = ARENA_NEW(&cli->arena, ParamChange);
    if (!c)
        return err_set(err, CODE_NO_MEMORY, "no memory for a proposal");
    param_change__init(c);
    if (!equals || equals == text || !u64_parse(equals + 1, strlen(equals + 1), &c->value))
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is not NAME=NUMBER, as in payment.price_max=1000", text);
    c->name = arena_printf(&cli->arena, "%.*s", (int)(equals - text), text);
    *ret = c;
    return c->name ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a proposal");
}

static int send_proposal(struct cli *cli, MsgPropose *propose, const char *title, struct err *err) {
    const char *given = cli_value(cli, "--title");
    if (!title)
        return err_set(err, CODE_NO_MEMORY, "no memory for a proposal");
    propose->title = pb_text(given ? given : title);
    return cli_act(cli, &propose->base, err);
}

int cmd_gov_params(struct cli *cli, struct err *err) {
    ParamChange *list[CHANGES_MAX];
    ParamChanges changes = PARAM_CHANGES__INIT;
    MsgPropose propose = MSG_PROPOSE__INIT;
    const char *title = "";
    int rc = CODE_OK;
    for (size_t i = 0; !rc && i < cli->word_count; i++) {
        rc = read_change(cli, cli->words[i], &list[changes.n_changes++], err);
        title = arena_printf(&cli->arena, "%s%s%s", title, i ? ", " : "", cli->words[i]);
    }
    if (rc || !title)
        return rc ? rc : err_set(err, CODE_NO_MEMORY, "no memory for a proposal");
    changes.changes = list;
    propose.content_case = MSG_PROPOSE__CONTENT_PARAMS;
    propose.params = &changes;
    return send_proposal(cli, &propose, title, err);
}

int cmd_gov_upgrade(struct cli *cli, struct err *err) {
    UpgradePlan plan = UPGRADE_PLAN__INIT;
    MsgPropose propose = MSG_PROPOSE__INIT;
    const char *info = cli_value(cli, "--info");
    if (!u64_parse(cli->words[0], strlen(cli->words[0]), &plan.height) ||
        !u64_parse(cli->words[1], strlen(cli->words[1]), &plan.version))
        return err_set(err, CODE_INVALID_ARGUMENT, "say HEIGHT and VERSION as numbers");
    plan.info = pb_text(info ? info : "");
    propose.content_case = MSG_PROPOSE__CONTENT_UPGRADE;
    propose.upgrade = &plan;
    const char *title =
        arena_printf(&cli->arena, "rules of version %s from height %s on", cli->words[1], cli->words[0]);
    return send_proposal(cli, &propose, title, err);
}

int cmd_gov_admit(struct cli *cli, struct err *err) {
    SpAdmission admission = SP_ADMISSION__INIT;
    MsgPropose propose = MSG_PROPOSE__INIT;
    int rc = cli_address_field(cli, cli->words[0], &admission.operator_, err);
    if (rc)
        return rc;
    propose.content_case = MSG_PROPOSE__CONTENT_ADMISSION;
    propose.admission = &admission;
    const char *title = arena_printf(&cli->arena, "%s may register a provider", cli->words[0]);
    return send_proposal(cli, &propose, title, err);
}

int cmd_gov_exit(struct cli *cli, struct err *err) {
    SpExit out = SP_EXIT__INIT;
    MsgPropose propose = MSG_PROPOSE__INIT;
    int rc = cli_sp_id(cli->words[0], &out.sp_id, err);
    if (rc)
        return rc;
    out.reason = pb_text(cli->words[1]);
    propose.content_case = MSG_PROPOSE__CONTENT_EXIT;
    propose.exit = &out;
    const char *title = arena_printf(&cli->arena, "provider %s must leave", cli->words[0]);
    return send_proposal(cli, &propose, title, err);
}

/* --- voting --- */

int cmd_gov_vote(struct cli *cli, struct err *err) {
    MsgVote vote = MSG_VOTE__INIT;
    bool yes = !strcmp(cli->words[1], "yes");
    if (!yes && strcmp(cli->words[1], "no"))
        return err_set(err, CODE_INVALID_ARGUMENT, "say the proposal's number, then yes or no");
    vote.option = yes ? VOTE_OPTION_YES : VOTE_OPTION_NO;
    int rc = cli_id(cli->words[0], "proposal", &vote.proposal_id, err);
    if (!rc)
        rc = cli_address_field(cli, cli->words[2], &vote.validator, err);
    return rc ? rc : cli_act(cli, &vote.base, err);
}

/* --- looking --- */

int cmd_gov_show(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    struct key k;
    GovProposal *p;
    uint64_t id;
    int rc = cli_id(cli->words[0], "proposal", &id, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_record(ledger, key_proposal(&k, id), 0, &gov_proposal__descriptor, &cli->arena, &p, NULL, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, CODE_GOV_PROPOSAL, "there is no proposal %s", cli->words[0]);
    return rc ? rc : cli_print_pb(cli, p, err);
}

int cmd_gov_list(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"id", "status", "what", "yes", "no", "power", "title", NULL};
    uint64_t after = 0;
    int rc = CODE_OK;
    json_t *rows = json_array();
    while (!rc) {
        ProposalsAnswer *page;
        rc = cli_ask(cli, "/gov/proposals", &proposals_answer__descriptor, &page, err, "start_after",
                     after ? cli_u64(cli, after) : "", NULL);
        for (size_t i = 0; !rc && i < page->n_proposals; i++) {
            const GovProposal *p = page->proposals[i];
            json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", cli_u64(cli, p->id),
                                                  "status", status_name(p->status), "what", content_name(p), "yes",
                                                  cli_u64(cli, p->yes), "no", cli_u64(cli, p->no), "power",
                                                  cli_u64(cli, p->power), "title", p->title));
        }
        if (rc || !page->next)
            break;
        after = page->next;
    }
    return cli_print_rows(cli, rc, rows, columns, err);
}

/* What holds now, proven: the version in the chain state, then its record. */
int cmd_gov_now(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    struct key k;
    ChainState *chain;
    Params *params;
    json_t *shown = NULL;
    int rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_record(ledger, key_chain_state(&k), 0, &chain_state__descriptor, &cli->arena, &chain, NULL, err);
    if (!rc)
        rc = ledger_record(ledger, key_params(&k, chain->params_version), 0, &params__descriptor, &cli->arena, &params,
                           NULL, err);
    if (!rc)
        rc = json_from_pb(params, &shown, err);
    if (rc)
        return rc;
    json_object_set_new(shown, "app_version", json_string(cli_u64(cli, chain->app_version)));
    return cli_print(cli, shown, err);
}
