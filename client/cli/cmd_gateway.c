/* SPDX-License-Identifier: Apache-2.0 */
/* cairn gateway ...: the directory of gateways. */
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_gateway.h"
#include "client/cli/commands.h"

#include "cairn/gateway.h"

static char *said(const struct cli *cli, const char *flag) {
    const char *value = cli_value(cli, flag);
    return value ? (char *)(uintptr_t)value : (char *)(uintptr_t)protobuf_c_empty_string;
}

int cmd_gateway_register(struct cli *cli, struct err *err) {
    MsgRegisterGateway m = MSG_REGISTER_GATEWAY__INIT;
    m.url = (char *)(uintptr_t)cli->words[0];
    m.region = said(cli, "--region");
    m.version = said(cli, "--version");
    return cli_act_new(cli, &m.base, "gateway", err);
}

int cmd_gateway_update(struct cli *cli, struct err *err) {
    MsgUpdateGateway m = MSG_UPDATE_GATEWAY__INIT;
    m.url = said(cli, "--url");
    m.region = said(cli, "--region");
    m.version = said(cli, "--version");
    int rc = cli_id(cli->words[0], "gateway", &m.gateway_id, err);
    return rc ? rc : cli_act(cli, &m.base, err);
}

int cmd_gateway_remove(struct cli *cli, struct err *err) {
    MsgRemoveGateway m = MSG_REMOVE_GATEWAY__INIT;
    int rc = cli_id(cli->words[0], "gateway", &m.gateway_id, err);
    return rc ? rc : cli_act(cli, &m.base, err);
}

int cmd_gateway_show(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    struct key k;
    Gateway *gateway;
    uint64_t id;
    int rc = cli_id(cli->words[0], "gateway", &id, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_record(ledger, key_gateway(&k, id), 0, &gateway__descriptor, &cli->arena, &gateway, NULL, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, CODE_GATEWAY_NOT_FOUND, "there is no gateway %s", cli->words[0]);
    return rc ? rc : cli_print_pb(cli, gateway, err);
}

static json_t *row(struct cli *cli, const Gateway *g) {
    char text[ADDR_TEXT_MAX] = "";
    struct addr addr;
    if (addr_from(pb_bytes(g->operator_), &addr))
        addr_to_text(&addr, text);
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", cli_u64(cli, g->id), "url", g->url, "region", g->region,
                     "version", g->version, "operator", text);
}

/* All, or an operator's. */
int cmd_gateway_list(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"id", "url", "region", "version", "operator", NULL};
    struct addr who;
    char text[ADDR_TEXT_MAX] = "";
    uint64_t after = 0;
    int rc = cli->word_count ? cli_parse_address(cli, cli->words[0], &who, err) : CODE_OK;
    if (!rc && cli->word_count)
        addr_to_text(&who, text);
    json_t *rows = json_array();
    while (!rc) {
        GatewaysAnswer *page;
        rc = cli_ask(cli, "/gateway/list", &gateways_answer__descriptor, &page, err, "operator", text, "start_after",
                     after ? cli_u64(cli, after) : "", NULL);
        for (size_t i = 0; !rc && i < page->n_gateways; i++)
            json_array_append_new(rows, row(cli, page->gateways[i]));
        if (rc || !page->next)
            break;
        after = page->next;
    }
    return cli_print_rows(cli, rc, rows, columns, err);
}
