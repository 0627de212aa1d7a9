/* SPDX-License-Identifier: Apache-2.0 */
/* cairn sp ...: placement groups, and taking over their positions. */
#include "chain/base/limits.h"
#include "chain/base/num.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_sp.h"
#include "client/cli/commands.h"
#include "client/lib/ledger.h"

#include <stdio.h>

static int parse_slot(struct cli *cli, uint64_t *ret_group, uint32_t *ret_position, struct err *err) {
    uint64_t position;
    int rc = cli_id(cli->words[0], "placement group", ret_group, err);
    if (!rc && (!u64_parse(cli->words[1], strlen(cli->words[1]), &position) || position > UINT32_MAX))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is not a position", cli->words[1]);
    if (!rc)
        *ret_position = (uint32_t)position;
    return rc;
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

static json_t *group_row(struct cli *cli, const PlacementGroup *g) {
    char members[CODE_N_MAX * 12 + 16] = "";
    size_t len = 0;
    for (size_t i = 0; i < g->n_members && len + 12 < sizeof members; i++)
        len += (size_t)snprintf(members + len, sizeof members - len, "%s%u", i ? "," : "", g->members[i]);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", cli_u64(cli, g->id), "members", members, "status",
                     g->status == GROUP_STATUS_RESERVED ? "reserved" : "open", "objects", cli_u64(cli, g->objects),
                     "bytes", cli_u64(cli, g->bytes), "bond", money_text(g->bond).s);
}

int cmd_sp_groups(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"id", "members", "status", "objects", "bytes", "bond", NULL};
    uint64_t after = 0;
    uint32_t id = 0;
    json_t *rows = json_array();
    int rc = cli->word_count ? cli_sp_id(cli->words[0], &id, err) : CODE_OK;
    do {
        PlacementGroupsAnswer *page;
        if (!rc)
            rc = cli_ask(cli, "/sp/groups", &placement_groups_answer__descriptor, &page, err, "sp_id", cli_u64(cli, id),
                         "start_after", cli_u64(cli, after), NULL);
        for (size_t i = 0; !rc && i < page->n_groups; i++)
            json_array_append_new(rows, group_row(cli, page->groups[i]));
        after = rc ? 0 : page->next;
    } while (!rc && after);
    return cli_print_rows(cli, rc, rows, columns, err);
}

int cmd_sp_group(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    PlacementGroup *group;
    struct key k;
    uint64_t id = 0;
    int rc = cli_id(cli->words[0], "placement group", &id, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_record(ledger, key_placement_group(&k, id), 0, &placement_group__descriptor, &cli->arena, &group,
                           NULL, err);
    return rc ? rc : cli_print_pb(cli, group, err);
}

int cmd_sp_reservation(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    SlotReservation *r;
    struct key k;
    uint64_t group = 0;
    uint32_t position = 0;
    int rc = parse_slot(cli, &group, &position, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_record(ledger, key_reservation(&k, group, position), 0, &slot_reservation__descriptor, &cli->arena,
                           &r, NULL, err);
    return rc ? rc : cli_print_pb(cli, r, err);
}

int cmd_sp_reservations(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"group", "position", "sp", "from", "status", "passed", "bytes", NULL};
    SlotReservationsAnswer *page;
    uint64_t group = 0;
    uint32_t id = 0, position = 0;
    json_t *rows = json_array();
    int rc = cli->word_count ? cli_sp_id(cli->words[0], &id, err) : CODE_OK;
    do {
        if (!rc)
            rc = cli_ask(cli, "/sp/reservations", &slot_reservations_answer__descriptor, &page, err, "sp_id",
                         cli_u64(cli, id), "group_id", cli_u64(cli, group), "position", cli_u64(cli, position), NULL);
        for (size_t i = 0; !rc && i < page->n_reservations; i++) {
            const SlotReservation *r = page->reservations[i];
            group = r->group_id;
            position = r->position;
            json_array_append_new(rows,
                                  json_pack("{s:s, s:i, s:i, s:i, s:s, s:s, s:s}", "group", cli_u64(cli, r->group_id),
                                            "position", (int)r->position, "sp", (int)r->sp_id, "from", (int)r->from_sp,
                                            "status", r->status == RESERVATION_STATUS_PROVING ? "proving" : "copying",
                                            "passed", cli_u64(cli, r->passed), "bytes", cli_u64(cli, r->bytes)));
        }
    } while (!rc && page->more);
    return cli_print_rows(cli, rc, rows, columns, err);
}

/* --- doing -------------------------------------------------------------------------------------------------------- */

int cmd_sp_close_group(struct cli *cli, struct err *err) {
    MsgCloseGroup message = MSG_CLOSE_GROUP__INIT;
    int rc = cli_id(cli->words[0], "placement group", &message.group_id, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_sp_offer_slot(struct cli *cli, struct err *err) {
    MsgOfferSlot message = MSG_OFFER_SLOT__INIT;
    int rc = parse_slot(cli, &message.group_id, &message.position, err);
    message.withdraw = cli_has(cli, "--withdraw");
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_sp_reserve_slot(struct cli *cli, struct err *err) {
    MsgReserveSlot message = MSG_RESERVE_SLOT__INIT;
    const char *bond = cli_value(cli, "--bond"), *deadline = cli_value(cli, "--deadline");
    int rc = parse_slot(cli, &message.group_id, &message.position, err);
    if (!rc && !bond)
        rc = err_set(err, CODE_INVALID_ARGUMENT,
                     "--bond AMOUNT is needed: what is lost when it is not completed in time");
    if (!rc)
        rc = money_parse(bond, &message.bond, err);
    if (!rc)
        rc = cli_expiry(cli, deadline ? deadline : "24h", &message.deadline, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_sp_complete_slot(struct cli *cli, struct err *err) {
    MsgCompleteSlot message = MSG_COMPLETE_SLOT__INIT;
    int rc = parse_slot(cli, &message.group_id, &message.position, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_sp_cancel_slot(struct cli *cli, struct err *err) {
    MsgCancelSlot message = MSG_CANCEL_SLOT__INIT;
    int rc = parse_slot(cli, &message.group_id, &message.position, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}
