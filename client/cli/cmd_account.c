/* SPDX-License-Identifier: Apache-2.0 */
/* cairn account ...: coins. */
#include "cairn/auth.h"
#include "cairn/state.h"
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_app.h"
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
    json_t *shown = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:b}", "address", text, "balance",
                              money_text(account->balance).s, "balance_pebble", pebble, "sequence", sequence, "buckets",
                              (int)account->buckets, "height", at, "proven", !cli->unverified);
    char key[2 * sizeof(struct pubkey) + 1] = "";
    if (account->wrap_pubkey.len == sizeof(struct pubkey)) {
        hex_encode(account->wrap_pubkey.data, account->wrap_pubkey.len, key);
        json_object_set_new(shown, "wrap_key", json_string(key));
    }
    if (account->grants)
        json_object_set_new(shown, "grants", json_integer(account->grants));
    return cli_print(cli, shown, err);
}

int cmd_account_send(struct cli *cli, struct err *err) {
    MsgSend send = MSG_SEND__INIT;
    int rc = cli_address_field(cli, cli->words[0], &send.to, err);
    if (!rc)
        rc = money_parse(cli->words[1], &send.amount, err);
    return rc ? rc : cli_act(cli, &send.base, err);
}

/* A key of ours by name, 33 bytes in hex, or none. */
static int read_wrap_key(struct cli *cli, struct pubkey *ret, bool *ret_some, struct err *err) {
    const struct keystore store = cli_keystore(cli);
    const char *text = cli->words[0];
    struct key_info info;
    *ret_some = strcmp(text, "none") != 0;
    if (!*ret_some)
        return CODE_OK;
    if (strlen(text) == 2 * sizeof ret->b && hex_decode(text, strlen(text), ret->b, sizeof ret->b))
        return CODE_OK;
    if (keystore_info(&store, text, &info, NULL))
        return err_set(err, CODE_INVALID_ARGUMENT,
                       "\"%s\" is neither one of your keys, nor a public key in hex, nor none", text);
    *ret = info.pubkey;
    return CODE_OK;
}

int cmd_account_wrap_key(struct cli *cli, struct err *err) {
    struct pubkey key;
    bool some;
    MsgSetWrapKey set = MSG_SET_WRAP_KEY__INIT;
    int rc = read_wrap_key(cli, &key, &some, err);
    if (rc)
        return rc;
    if (some)
        set.wrap_pubkey = pb_data(pubkey_bytes(&key));
    return cli_act(cli, &set.base, err);
}

/* The supply is a record; the rest is what a node says, and must add up to it. */
int cmd_account_supply(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    struct key k;
    ChainState *chain;
    SupplyAnswer *answer = NULL;
    int rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_record(ledger, key_chain_state(&k), 0, &chain_state__descriptor, &cli->arena, &chain, NULL, err);
    if (!rc)
        rc = cli_ask(cli, "/auth/supply", &supply_answer__descriptor, &answer, err, NULL);
    if (rc)
        return rc;
    uint64_t sum = answer->accounts;
    json_t *modules = json_object();
    for (size_t i = 0; i < answer->n_modules; i++) {
        sum += answer->modules[i]->balance;
        json_object_set_new(modules, answer->modules[i]->module,
                            json_string(money_text(answer->modules[i]->balance).s));
    }
    if (sum != chain->supply) {
        json_decref(modules);
        return err_set(err, CODE_INTEGRITY, "the node counts %s, the ledger's supply is %s", money_text(sum).s,
                       money_text(chain->supply).s);
    }
    return cli_print(cli,
                     json_pack("{s:s, s:s, s:b, s:s, s:o}", "supply", money_text(chain->supply).s, "supply_pebble",
                               cli_u64(cli, chain->supply), "proven", !cli->unverified, "accounts",
                               money_text(answer->accounts).s, "modules", modules),
                     err);
}
