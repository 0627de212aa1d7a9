/* SPDX-License-Identifier: Apache-2.0 */
/* cairn status, block, validators: the ledger itself. */
#include "chain/base/num.h"
#include "client/cli/commands.h"

#include <stdio.h>

int cmd_status(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    NodeStatus *status;
    int rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_status(ledger, &cli->arena, &status, err);
    return rc ? rc : cli_print_pb(cli, status, err);
}

int cmd_block_show(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    BlockBody *block;
    char path[64] = "/v1/block/latest";
    uint64_t height;
    if (cli->word_count) {
        if (!u64_parse(cli->words[0], strlen(cli->words[0]), &height))
            return err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is not a height", cli->words[0]);
        snprintf(path, sizeof path, "/v1/block/%llu", (unsigned long long)height);
    }
    int rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_get(ledger, path, &block_body__descriptor, &cli->arena, &block, err);
    return rc ? rc : cli_print_pb(cli, block, err);
}

int cmd_validators(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"name", "address", "power", "missed_reveals", NULL};
    struct ledger *ledger;
    json_t *body = NULL;
    char path[64] = "/v1/validators";
    uint64_t height;
    int rc = cli_number(cli, "--height", 0, UINT64_MAX, &height, err);
    if (!rc && height)
        snprintf(path, sizeof path, "/v1/validators?height=%llu", (unsigned long long)height);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_get_json(ledger, path, &body, err);
    if (rc)
        return rc;
    json_t *rows = json_incref(json_object_get(body, "records"));
    json_decref(body);
    return cli_print_table(cli, rows ? rows : json_array(), columns, err);
}
