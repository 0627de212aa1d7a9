/* SPDX-License-Identifier: Apache-2.0 */
/* cairn status, block, validators: the ledger itself. */
#include "chain/base/limits.h"
#include "chain/base/num.h"
#include "chain/bft/proposer.h"
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
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

/* The newest record of a validator, among those that the node sent. */
static const Validator *record_of(const ValidatorsBody *body, const struct addr *addr) {
    for (size_t i = 0; i < body->n_records; i++)
        if (bytes_eq(pb_bytes(body->records[i]->address), addr_bytes(addr)))
            return body->records[i];
    return NULL;
}

/* In which round of the height each would propose: everybody once in as many rounds as there are voters. False, and
 * nothing is told, of a set that no height can have. */
static bool draw_turns(const ValidatorsBody *body, uint16_t ret_rounds[VALIDATORS_MAX]) {
    uint64_t powers[VALIDATORS_MAX];
    if (!body->height || !body->set || !body->set->n_validators || body->set->n_validators > VALIDATORS_MAX)
        return false;
    for (size_t i = 0; i < body->set->n_validators; i++) {
        powers[i] = body->set->validators[i]->power;
        if (!powers[i])
            return false;
    }
    for (uint16_t round = 0; round < body->set->n_validators; round++)
        ret_rounds[proposer_draw(body->height, round, powers, (uint16_t)body->set->n_validators)] = round;
    return true;
}

static json_t *voter_row(struct cli *cli, const ValidatorsBody *body, const ValidatorPower *voter) {
    char text[ADDR_TEXT_MAX] = "";
    struct pubkey key;
    struct addr addr = {{0}};
    if (pubkey_from(pb_bytes(voter->pubkey), &key)) {
        addr = addr_of_key(&key);
        addr_to_text(&addr, text);
    }
    const Validator *v = record_of(body, &addr);
    return json_pack("{s:s, s:s, s:s, s:s}", "name", v ? v->name : "", "address", text, "power",
                     cli_u64(cli, voter->power), "missed_reveals", v ? cli_u64(cli, v->missed_reveals) : "");
}

int cmd_validators(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"name", "address", "power", "round", "missed_reveals", NULL};
    uint16_t rounds[VALIDATORS_MAX] = {0};
    struct ledger *ledger;
    ValidatorsBody *body;
    char path[64] = "/v1/validators";
    uint64_t height;
    int rc = cli_number(cli, "--height", 0, UINT64_MAX, &height, err);
    if (!rc && height)
        snprintf(path, sizeof path, "/v1/validators?height=%llu", (unsigned long long)height);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_get(ledger, path, &validators_body__descriptor, &cli->arena, &body, err);
    if (rc)
        return rc;
    json_t *rows = json_array();
    bool drawn = draw_turns(body, rounds);
    for (size_t i = 0; body->set && i < body->set->n_validators; i++) {
        json_t *row = voter_row(cli, body, body->set->validators[i]);
        json_object_set_new(row, "round", json_string(drawn ? cli_u64(cli, rounds[i]) : ""));
        json_array_append_new(rows, row);
    }
    return cli_print_table(cli, rows, columns, err);
}
