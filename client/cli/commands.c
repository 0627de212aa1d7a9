/* SPDX-License-Identifier: Apache-2.0 */
#include "client/cli/commands.h"

static const struct cli_flag height_flag[] = {{"--height", "N", "the block after which to look"}, {NULL, NULL, NULL}};
static const struct cli_flag wait_flags[] = {{"--timeout", "SECONDS", "how long (default 60)"}, {NULL, NULL, NULL}};
static const struct cli_flag prove_flags[] = {{"--prove", NULL, "take the raw record under a state key (hex), proven"},
                                              {NULL, NULL, NULL}};

const struct cli_command cli_commands[] = {
    {"status", "", "", "where the ledger node stands", 0, 0, NULL, cmd_status},
    {"doctor", "", "", "check node, clock, key, balance and providers, and name the next step", 0, 0, NULL, cmd_doctor},

    {"key", "add", "NAME", "make a key", 1, 1, NULL, cmd_key_add},
    {"key", "list", "", "the keys of this home", 0, 0, NULL, cmd_key_list},
    {"key", "show", "NAME", "a key's address and public key", 1, 1, NULL, cmd_key_show},
    {"key", "export", "NAME FILE", "copy the sealed key to a file (- for standard output)", 2, 2, NULL, cmd_key_export},
    {"key", "import", "NAME FILE", "take a key from an exported file", 2, 2, NULL, cmd_key_import},
    {"key", "delete", "NAME", "destroy a key (--yes)", 1, 1, NULL, cmd_key_delete},

    {"account", "show", "[ADDR|KEY]", "balance and sequence, proven", 0, 1, NULL, cmd_account_show},
    {"account", "send", "ADDR|KEY AMOUNT", "send coins, for example 1.5CAIRN", 2, 2, NULL, cmd_account_send},

    {"tx", "show", "TX_ID", "a transaction and what came of it", 1, 1, NULL, cmd_tx_show},
    {"tx", "wait", "TX_ID", "wait until a transaction is in a block", 1, 1, wait_flags, cmd_tx_wait},
    {"tx", "decode", "FILE", "print a signed transaction (hex; - for standard input) as JSON", 1, 1, NULL,
     cmd_tx_decode},
    {"tx", "sign", "FILE", "sign the body in a JSON file (- for standard input); prints hex", 1, 1, NULL, cmd_tx_sign},
    {"tx", "broadcast", "FILE", "send a signed transaction (hex; - for standard input)", 1, 1, NULL, cmd_tx_broadcast},

    {"block", "show", "[HEIGHT]", "a block: header, certificate, transactions", 0, 1, NULL, cmd_block_show},
    {"validators", "", "", "who votes", 0, 0, height_flag, cmd_validators},
    {"query", "", "PATH|KEY", "ask the ledger a question of its own", 1, 1, prove_flags, cmd_query},
    {NULL, NULL, NULL, NULL, 0, 0, NULL, NULL},
};
