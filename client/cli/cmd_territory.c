/* SPDX-License-Identifier: Apache-2.0 */
/* cairn territory ...: capacity paid ahead for a time, which buckets are charged to. */
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_payment.h"
#include "client/cli/commands.h"

#include <string.h>

static int parse_id(const char *text, uint64_t *ret, struct err *err) {
    if (u64_parse(text, strlen(text), ret) && *ret)
        return CODE_OK;
    return err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is not a territory's number", text);
}

/* The creator on the arena, for the message's field. */
static int creator_of(struct cli *cli, ProtobufCBinaryData *ret, struct err *err) {
    struct addr *addr = ARENA_NEW(&cli->arena, struct addr);
    if (!addr)
        return err_set(err, CODE_NO_MEMORY, "no memory for an address");
    int rc = cli_address(cli, addr, err);
    if (!rc)
        *ret = pb_data(addr_bytes(addr));
    return rc;
}

int cmd_territory_mint(struct cli *cli, struct err *err) {
    MsgMintTerritory message = MSG_MINT_TERRITORY__INIT;
    Msg msg = MSG__INIT, *msgs[] = {&msg};
    TxStatus *status;
    struct addr owner;
    int rc = size_parse(cli->words[1], &message.capacity, err);
    if (!rc)
        rc = duration_parse(cli->words[2], &message.term, err);
    if (!rc && cli_value(cli, "--owner")) {
        rc = cli_parse_address(cli, cli_value(cli, "--owner"), &owner, err);
        message.owner = pb_data(addr_bytes(&owner));
    }
    if (!rc)
        rc = creator_of(cli, &message.creator, err);
    if (rc)
        return rc;
    message.name = pb_text(cli->words[0]);
    msg.body_case = MSG__BODY_MINT_TERRITORY;
    msg.mint_territory = &message;
    rc = cli_send(cli, msgs, 1, &status, err);
    if (rc)
        return rc;
    json_t *out = cli_tx_json(status);
    if (status->result && status->result->n_ids)
        json_object_set_new(out, "territory", json_string(cli_u64(cli, status->result->ids[0])));
    return cli_print(cli, out, err);
}

int cmd_territory_expand(struct cli *cli, struct err *err) {
    MsgExpandTerritory message = MSG_EXPAND_TERRITORY__INIT;
    Msg msg = MSG__INIT;
    int rc = parse_id(cli->words[0], &message.territory_id, err);
    if (!rc)
        rc = size_parse(cli->words[1], &message.bytes_more, err);
    if (!rc)
        rc = creator_of(cli, &message.creator, err);
    msg.body_case = MSG__BODY_EXPAND_TERRITORY;
    msg.expand_territory = &message;
    return rc ? rc : cli_send_print(cli, &msg, err);
}

int cmd_territory_renew(struct cli *cli, struct err *err) {
    MsgRenewTerritory message = MSG_RENEW_TERRITORY__INIT;
    Msg msg = MSG__INIT;
    int rc = parse_id(cli->words[0], &message.territory_id, err);
    if (!rc)
        rc = duration_parse(cli->words[1], &message.term, err);
    if (!rc)
        rc = creator_of(cli, &message.creator, err);
    msg.body_case = MSG__BODY_RENEW_TERRITORY;
    msg.renew_territory = &message;
    return rc ? rc : cli_send_print(cli, &msg, err);
}

/* TERM, or "off". */
int cmd_territory_auto(struct cli *cli, struct err *err) {
    MsgSetTerritoryRenewal message = MSG_SET_TERRITORY_RENEWAL__INIT;
    Msg msg = MSG__INIT;
    int rc = parse_id(cli->words[0], &message.territory_id, err);
    if (!rc && strcmp(cli->words[1], "off"))
        rc = duration_parse(cli->words[1], &message.term, err);
    if (!rc)
        rc = creator_of(cli, &message.creator, err);
    msg.body_case = MSG__BODY_SET_TERRITORY_RENEWAL;
    msg.set_territory_renewal = &message;
    return rc ? rc : cli_send_print(cli, &msg, err);
}

int cmd_territory_reactivate(struct cli *cli, struct err *err) {
    MsgReactivateTerritory message = MSG_REACTIVATE_TERRITORY__INIT;
    Msg msg = MSG__INIT;
    int rc = parse_id(cli->words[0], &message.territory_id, err);
    if (!rc)
        rc = duration_parse(cli->words[1], &message.term, err);
    if (!rc)
        rc = creator_of(cli, &message.creator, err);
    msg.body_case = MSG__BODY_REACTIVATE_TERRITORY;
    msg.reactivate_territory = &message;
    return rc ? rc : cli_send_print(cli, &msg, err);
}

int cmd_territory_consign(struct cli *cli, struct err *err) {
    MsgConsignTerritory message = MSG_CONSIGN_TERRITORY__INIT;
    Msg msg = MSG__INIT;
    struct addr buyer;
    int rc = parse_id(cli->words[0], &message.territory_id, err);
    if (!rc)
        rc = money_parse(cli->words[1], &message.asked, err);
    if (!rc && cli_value(cli, "--buyer")) {
        rc = cli_parse_address(cli, cli_value(cli, "--buyer"), &buyer, err);
        message.buyer = pb_data(addr_bytes(&buyer));
    }
    if (!rc)
        rc = creator_of(cli, &message.creator, err);
    msg.body_case = MSG__BODY_CONSIGN_TERRITORY;
    msg.consign_territory = &message;
    return rc ? rc : cli_send_print(cli, &msg, err);
}

int cmd_territory_cancel(struct cli *cli, struct err *err) {
    MsgCancelConsignment message = MSG_CANCEL_CONSIGNMENT__INIT;
    Msg msg = MSG__INIT;
    int rc = parse_id(cli->words[0], &message.territory_id, err);
    if (!rc)
        rc = creator_of(cli, &message.creator, err);
    msg.body_case = MSG__BODY_CANCEL_CONSIGNMENT;
    msg.cancel_consignment = &message;
    return rc ? rc : cli_send_print(cli, &msg, err);
}

int cmd_territory_buy(struct cli *cli, struct err *err) {
    MsgBuyTerritory message = MSG_BUY_TERRITORY__INIT;
    Msg msg = MSG__INIT;
    int rc = parse_id(cli->words[0], &message.territory_id, err);
    if (!rc)
        rc = money_parse(cli->words[1], &message.asked, err);
    if (!rc)
        rc = creator_of(cli, &message.creator, err);
    message.name = pb_text(cli->words[2]);
    msg.body_case = MSG__BODY_BUY_TERRITORY;
    msg.buy_territory = &message;
    return rc ? rc : cli_send_print(cli, &msg, err);
}

/* --- looking --- */

int cmd_territory_show(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    Territory *territory;
    struct key k;
    uint64_t id;
    int rc = parse_id(cli->words[0], &id, err);
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
    int rc = parse_id(cli->words[0], &id, err);
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

static json_t *territory_row(struct cli *cli, const Territory *t) {
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(&territory_status__descriptor, (int)t->status);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s}", "id", cli_u64(cli, t->id), "name", t->name, "status",
                     v ? v->name + sizeof "TERRITORY_STATUS_" - 1 : "?", "capacity", cli_u64(cli, t->capacity),
                     "deadline", cli_u64(cli, t->deadline), "for_sale", t->consigned, "asked", money_text(t->asked).s);
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
    if (rc) {
        json_decref(rows);
        return rc;
    }
    return cli_print_table(cli, rows, columns, err);
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
