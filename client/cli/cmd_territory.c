/* SPDX-License-Identifier: Apache-2.0 */
/* cairn territory ...: capacity paid ahead for a time, which buckets are charged to. */
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_payment.h"
#include "client/cli/commands.h"

#include <string.h>

enum { ENDS_CURSOR_MAX = 65 }; /* hex of what a page of endings goes on from */

int cmd_territory_mint(struct cli *cli, struct err *err) {
    MsgMintTerritory message = MSG_MINT_TERRITORY__INIT;
    message.name = pb_text(cli->words[0]);
    int rc = size_parse(cli->words[1], &message.capacity, err);
    if (!rc)
        rc = duration_parse(cli->words[2], &message.term, err);
    if (!rc)
        rc = cli_address_field(cli, cli_value(cli, "--owner"), &message.owner, err);
    return rc ? rc : cli_act_new(cli, &message.base, "territory", err);
}

int cmd_territory_expand(struct cli *cli, struct err *err) {
    MsgExpandTerritory message = MSG_EXPAND_TERRITORY__INIT;
    int rc = cli_id(cli->words[0], "territory", &message.territory_id, err);
    if (!rc)
        rc = size_parse(cli->words[1], &message.bytes_more, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_territory_renew(struct cli *cli, struct err *err) {
    MsgRenewTerritory message = MSG_RENEW_TERRITORY__INIT;
    int rc = cli_id(cli->words[0], "territory", &message.territory_id, err);
    if (!rc)
        rc = duration_parse(cli->words[1], &message.term, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

/* TERM, or "off". */
int cmd_territory_auto(struct cli *cli, struct err *err) {
    MsgSetTerritoryRenewal message = MSG_SET_TERRITORY_RENEWAL__INIT;
    int rc = cli_id(cli->words[0], "territory", &message.territory_id, err);
    if (!rc && strcmp(cli->words[1], "off"))
        rc = duration_parse(cli->words[1], &message.term, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_territory_reactivate(struct cli *cli, struct err *err) {
    MsgReactivateTerritory message = MSG_REACTIVATE_TERRITORY__INIT;
    int rc = cli_id(cli->words[0], "territory", &message.territory_id, err);
    if (!rc)
        rc = duration_parse(cli->words[1], &message.term, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_territory_consign(struct cli *cli, struct err *err) {
    MsgConsignTerritory message = MSG_CONSIGN_TERRITORY__INIT;
    int rc = cli_id(cli->words[0], "territory", &message.territory_id, err);
    if (!rc)
        rc = money_parse(cli->words[1], &message.asked, err);
    if (!rc)
        rc = cli_address_field(cli, cli_value(cli, "--buyer"), &message.buyer, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_territory_cancel(struct cli *cli, struct err *err) {
    MsgCancelConsignment message = MSG_CANCEL_CONSIGNMENT__INIT;
    int rc = cli_id(cli->words[0], "territory", &message.territory_id, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_territory_buy(struct cli *cli, struct err *err) {
    MsgBuyTerritory message = MSG_BUY_TERRITORY__INIT;
    int rc = cli_id(cli->words[0], "territory", &message.territory_id, err);
    if (!rc)
        rc = money_parse(cli->words[1], &message.asked, err);
    message.name = pb_text(cli->words[2]);
    return rc ? rc : cli_act(cli, &message.base, err);
}

/* --- looking --- */

int cmd_territory_show(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    Territory *territory;
    struct key k;
    uint64_t id;
    int rc = cli_id(cli->words[0], "territory", &id, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc =
            ledger_record(ledger, key_territory(&k, id), 0, &territory__descriptor, &cli->arena, &territory, NULL, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, CODE_TERRITORY_NOT_FOUND, "there is no territory %s", cli->words[0]);
    return rc ? rc : cli_print_pb(cli, territory, err);
}

int cmd_territory_use(struct cli *cli, struct err *err) {
    TerritoryUseAnswer *answer;
    uint64_t id;
    int rc = cli_id(cli->words[0], "territory", &id, err);
    if (!rc)
        rc = cli_ask(cli, "/payment/territory_use", &territory_use_answer__descriptor, &answer, err, "id",
                     cli_u64(cli, id), NULL);
    if (rc)
        return rc;
    return cli_print(cli,
                     json_pack("{s:s, s:s, s:s, s:s}", "capacity", cli_u64(cli, answer->territory->capacity), "used",
                               cli_u64(cli, answer->used), "reserved", cli_u64(cli, answer->reserved), "pot",
                               money_text(answer->pot).s),
                     err);
}

static const char *status_name(const Territory *t) {
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(&territory_status__descriptor, (int)t->status);
    return v ? v->name + sizeof "TERRITORY_STATUS_" - 1 : "?";
}

static json_t *ending_row(struct cli *cli, const Territory *t) {
    char text[ADDR_TEXT_MAX] = "";
    struct addr owner;
    if (addr_from(pb_bytes(t->owner), &owner))
        addr_to_text(&owner, text);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "id", cli_u64(cli, t->id), "owner", text, "name", t->name,
                     "status", status_name(t), "at",
                     cli_u64(cli, t->status == TERRITORY_STATUS_ACTIVE ? t->deadline : t->ends_at), "renews",
                     t->renew_ms != 0);
}

static json_t *territory_row(struct cli *cli, const Territory *t) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s}", "id", cli_u64(cli, t->id), "name", t->name, "status",
                     status_name(t), "capacity", cli_u64(cli, t->capacity), "deadline", cli_u64(cli, t->deadline),
                     "for_sale", t->consigned, "asked", money_text(t->asked).s);
}

/* An owner's, or with --offers all that are for sale. */
int cmd_territory_list(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"id", "name", "status", "capacity", "deadline", "for_sale", "asked", NULL};
    bool offers = cli_has(cli, "--offers");
    TerritoriesAnswer *page;
    struct addr who;
    const char *name = "";
    uint64_t id = 0;
    char text[ADDR_TEXT_MAX] = "";
    int rc = offers            ? CODE_OK
             : cli->word_count ? cli_parse_address(cli, cli->words[0], &who, err)
                               : cli_address(cli, &who, err);
    if (rc)
        return rc;
    if (!offers)
        addr_to_text(&who, text);
    json_t *rows = json_array();
    do {
        rc = cli_ask(cli, "/payment/territories", &territories_answer__descriptor, &page, err, "owner", text,
                     "start_after", offers ? "" : name, "start_after_id", offers && id ? cli_u64(cli, id) : "", NULL);
        for (size_t i = 0; !rc && i < page->n_territories; i++) {
            json_array_append_new(rows, territory_row(cli, page->territories[i]));
            name = page->territories[i]->name;
            id = page->territories[i]->id;
        }
    } while (!rc && page->more);
    return cli_print_rows(cli, rc, rows, columns, err);
}

/* A new one, or with --id more capacity or time of one that is there. */
int cmd_territory_quote(struct cli *cli, struct err *err) {
    TerritoryQuoteAnswer *answer;
    uint64_t id = 0, capacity = 0, term = 0;
    int rc = cli_number(cli, "--id", 0, UINT64_MAX, &id, err);
    if (!rc)
        rc = cli_size(cli, "--capacity", 0, &capacity, err);
    if (!rc)
        rc = cli_duration(cli, "--term", 0, &term, err);
    if (!rc)
        rc = cli_ask(cli, "/payment/quote_territory", &territory_quote_answer__descriptor, &answer, err, "territory_id",
                     id ? cli_u64(cli, id) : "", "capacity", capacity ? cli_u64(cli, capacity) : "", "term",
                     term ? cli_u64(cli, term) : "", NULL);
    if (rc)
        return rc;
    return cli_print(cli,
                     json_pack("{s:s, s:s, s:s, s:s}", "cost", money_text(answer->cost).s, "cost_pebble",
                               cli_u64(cli, answer->cost), "price", cli_u64(cli, answer->price), "ends_at",
                               cli_u64(cli, answer->ends_at)),
                     err);
}

/* Of all owners, so that nobody has to look at each: what freezes when it is active, what ends when it is frozen. */
int cmd_territory_ending(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"id", "owner", "name", "status", "at", "renews", NULL};
    const char *within = cli_value(cli, "--within");
    char cursor[ENDS_CURSOR_MAX] = "";
    uint64_t until;
    int rc = cli_expiry(cli, within ? within : "7d", &until, err);
    json_t *rows = json_array();
    while (!rc) {
        TerritoryEndsAnswer *page;
        rc = cli_ask(cli, "/payment/territory_ends", &territory_ends_answer__descriptor, &page, err, "until",
                     cli_u64(cli, until), "cursor", cursor, NULL);
        for (size_t i = 0; !rc && i < page->n_territories; i++)
            json_array_append_new(rows, ending_row(cli, page->territories[i]));
        if (rc || !page->next_cursor.len)
            break;
        if (2 * page->next_cursor.len >= sizeof cursor)
            rc = err_set(err, CODE_MALFORMED, "the node's next_cursor is too long");
        else
            hex_encode(page->next_cursor.data, page->next_cursor.len, cursor);
    }
    return cli_print_rows(cli, rc, rows, columns, err);
}
