/* SPDX-License-Identifier: Apache-2.0 */
/* cairn account ...: coins. */
#include "cairn/auth.h"
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/types/keys_auth.h"
#include "client/cli/commands.h"

#include <stdio.h>

int cmd_account_show(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    struct addr addr;
    struct key k;
    Account *account, none = ACCOUNT__INIT;
    uint64_t height = 0;
    char text[ADDR_TEXT_MAX];
    int rc = cli->word_count ? cli_parse_address(cli, cli->words[0], &addr, err) : cli_address(cli, &addr, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (rc)
        return rc;
    rc = ledger_record(ledger, key_account(&k, &addr), 0, &account__descriptor, &cli->arena, &account, &height, err);
    if (rc == CODE_NOT_FOUND) { /* proven: never had a coin */
        account = &none;
        rc = CODE_OK;
    }
    if (rc)
        return rc;
    addr_to_text(&addr, text);
    char pebble[24], sequence[24], at[24];
    snprintf(pebble, sizeof pebble, "%llu", (unsigned long long)account->balance);
    snprintf(sequence, sizeof sequence, "%llu", (unsigned long long)account->sequence);
    snprintf(at, sizeof at, "%llu", (unsigned long long)height);
    return cli_print(cli,
                     json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:b}", "address", text, "balance",
                               money_text(account->balance).s, "balance_pebble", pebble, "sequence", sequence,
                               "buckets", (int)account->buckets, "height", at, "proven", !cli->unverified),
                     err);
}

int cmd_account_send(struct cli *cli, struct err *err) {
    struct addr from, to;
    uint64_t amount;
    TxStatus *status;
    int rc = cli_parse_address(cli, cli->words[0], &to, err);
    if (!rc)
        rc = money_parse(cli->words[1], &amount, err);
    if (!rc)
        rc = cli_address(cli, &from, err);
    if (rc)
        return rc;
    MsgSend send = MSG_SEND__INIT;
    send.creator = (ProtobufCBinaryData){sizeof from.b, from.b};
    send.to = (ProtobufCBinaryData){sizeof to.b, to.b};
    send.amount = amount;
    Msg msg = MSG__INIT, *msgs[] = {&msg};
    msg.body_case = MSG__BODY_SEND;
    msg.send = &send;
    rc = cli_send(cli, msgs, 1, &status, err);
    return rc ? rc : cli_print(cli, cli_tx_json(status), err);
}
