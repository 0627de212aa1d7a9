/* SPDX-License-Identifier: Apache-2.0 */
/* cairn validator ...: who votes, with what bond, and evidence against it. */
#include "cairn/evidence.h"
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/file.h"
#include "chain/types/keys_validator.h"
#include "client/cli/commands.h"

#include <stdio.h>

enum { INPUT_MAX = 1 << 18 };

/* --- looking ------------------------------------------------------------------------------------------------------ */

static const char *state_name(const Validator *v) {
    return v->tombstoned ? "jailed for good" : v->jailed ? "jailed" : "free";
}

static json_t *row(struct cli *cli, const Validator *v) {
    char text[ADDR_TEXT_MAX] = "";
    struct addr addr;
    if (addr_from(pb_bytes(v->address), &addr))
        addr_to_text(&addr, text);
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", v->name, "address", text, "power", cli_u64(cli, v->power),
                     "bond", money_text(v->bond).s, "state", state_name(v));
}

/* Cursors go as hex. */
static const char *cursor_text(struct cli *cli, ProtobufCBinaryData cursor) {
    char *text = arena_alloc(&cli->arena, 2 * cursor.len + 1);
    if (text)
        hex_encode(cursor.data, cursor.len, text);
    return text;
}

int cmd_validator_list(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"name", "address", "power", "bond", "state", NULL};
    const char *cursor = NULL;
    json_t *rows = json_array();
    int rc = CODE_OK;
    while (!rc) {
        ValidatorsAnswer *page;
        rc = cli_ask(cli, "/validator/list", &validators_answer__descriptor, &page, err, "cursor", cursor, NULL);
        for (size_t i = 0; !rc && i < page->n_validators; i++)
            json_array_append_new(rows, row(cli, page->validators[i]));
        if (rc || !page->next_cursor.len)
            break;
        cursor = cursor_text(cli, page->next_cursor);
    }
    return cli_print_rows(cli, rc, rows, columns, err);
}

static int proven(struct cli *cli, const struct addr *addr, Validator **ret, uint64_t *ret_height, struct err *err) {
    struct ledger *ledger;
    struct key k;
    int rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_record(ledger, key_validator(&k, addr), 0, &validator__descriptor, &cli->arena, ret, ret_height,
                           err);
    return rc == CODE_NOT_FOUND ? err_set(err, CODE_VALIDATOR_NOT_FOUND, "there is no such validator") : rc;
}

/* The record is proven; what it earned and missed is the node's word. */
int cmd_validator_show(struct cli *cli, struct err *err) {
    struct addr addr;
    Validator *v;
    ValidatorStanding *standing;
    json_t *record = NULL, *beside = NULL;
    char text[ADDR_TEXT_MAX];
    uint64_t height = 0;
    int rc = cli_parse_address(cli, cli->words[0], &addr, err);
    if (!rc)
        rc = proven(cli, &addr, &v, &height, err);
    if (rc)
        return rc;
    addr_to_text(&addr, text);
    rc = cli_ask(cli, "/validator/standing", &validator_standing__descriptor, &standing, err, "address", text, NULL);
    if (!rc)
        rc = json_from_pb(v, &record, err);
    if (!rc)
        rc = json_from_pb(standing, &beside, err);
    if (rc) {
        json_decref(record);
        return rc;
    }
    json_object_del(beside, "validator");
    return cli_print(cli,
                     json_pack("{s:o, s:o, s:s, s:b}", "record", record, "standing", beside, "height",
                               cli_u64(cli, height), "proven", !cli->unverified),
                     err);
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

static int read_input(struct cli *cli, const char *path, struct bytes *ret, struct err *err) {
    struct buf text;
    buf_init(&text, INPUT_MAX);
    int rc = file_read(path, &text, err);
    if (!rc && !arena_dup_bytes(&cli->arena, buf_bytes(&text), ret))
        rc = err_set(err, CODE_NO_MEMORY, "no memory for %s", path);
    buf_release(&text);
    return rc;
}

/* What `cairnd validator-proof` printed. */
static int read_proof(struct cli *cli, const char *path, MsgCreateValidator **ret, struct err *err) {
    struct bytes text;
    json_t *root = NULL;
    int rc = read_input(cli, path, &text, err);
    if (rc)
        return rc;
    rc = json_parse(text, &root, err);
    if (!rc)
        rc = json_to_pb(&msg_create_validator__descriptor, root, &cli->arena, ret, err);
    json_decref(root);
    return rc ? err_wrap(err, rc, "%s", path) : CODE_OK;
}

static void take_texts(struct cli *cli, char **name, char **description) {
    if (cli_value(cli, "--name"))
        *name = (char *)(uintptr_t)cli_value(cli, "--name");
    if (cli_value(cli, "--description"))
        *description = (char *)(uintptr_t)cli_value(cli, "--description");
}

/* What fees came to since genesis: of one unit of power, and what all validators have not withdrawn. */
int cmd_validator_rewards(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    struct key k;
    RewardState *state;
    uint64_t height = 0;
    int rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_record(ledger, key_reward_state(&k), 0, &reward_state__descriptor, &cli->arena, &state, &height,
                           err);
    RewardState none = REWARD_STATE__INIT; /* there is a record from the first fee on */
    if (rc == CODE_NOT_FOUND && cli->ledger) {
        rc = CODE_OK;
        state = &none;
    }
    if (rc)
        return rc;
    return cli_print(cli,
                     json_pack("{s:s, s:s, s:s, s:b}", "per_power_pebble",
                               cli_u64(cli, state->index ? state->index->hi : 0), "owed", money_text(state->owed).s,
                               "height", cli_u64(cli, height), "proven", !cli->unverified),
                     err);
}

int cmd_validator_create(struct cli *cli, struct err *err) {
    MsgCreateValidator *message;
    struct addr creator;
    const char *bond = cli_value(cli, "--bond");
    if (!bond)
        return err_set(err, CODE_INVALID_ARGUMENT, "--bond says how much to put at stake, for example 1000CAIRN");
    int rc = read_proof(cli, cli->words[0], &message, err);
    if (!rc)
        rc = cli_address(cli, &creator, err);
    if (rc)
        return rc;
    if (!bytes_eq(pb_bytes(message->creator), addr_bytes(&creator)))
        return err_set(err, CODE_DENIED,
                       "%s is for another operator: name its key with --from, or make a new one with `cairnd "
                       "validator-proof --operator ADDR`",
                       cli->words[0]);
    take_texts(cli, &message->name, &message->description);
    rc = money_parse(bond, &message->bond, err);
    return rc ? rc : cli_act(cli, &message->base, err);
}

int cmd_validator_bond(struct cli *cli, struct err *err) {
    MsgBond message = MSG_BOND__INIT;
    int rc = cli_address_field(cli, cli->words[0], &message.validator, err);
    if (!rc)
        rc = money_parse(cli->words[1], &message.amount, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_validator_unbond(struct cli *cli, struct err *err) {
    MsgUnbond message = MSG_UNBOND__INIT;
    struct addr addr;
    Validator *v;
    uint64_t height;
    int rc = cli_parse_address(cli, cli->words[0], &addr, err);
    if (!rc && strcmp(cli->words[1], "all") != 0) {
        rc = money_parse(cli->words[1], &message.amount, err);
    } else if (!rc) {
        rc = proven(cli, &addr, &v, &height, err);
        message.amount = rc ? 0 : v->bond;
        if (!rc && message.amount == 0)
            rc = err_set(err, CODE_CONFLICT,
                         "nothing is bonded any more: `cairn validator show` has what comes back when");
    }
    message.validator = pb_data(addr_bytes(&addr));
    return rc ? rc : cli_act(cli, &message.base, err);
}

/* What is not given stays. */
int cmd_validator_edit(struct cli *cli, struct err *err) {
    MsgEditValidator message = MSG_EDIT_VALIDATOR__INIT;
    struct addr addr;
    Validator *v;
    uint64_t height;
    if (!cli_value(cli, "--name") && !cli_value(cli, "--description") && !cli_value(cli, "--operator"))
        return err_set(err, CODE_INVALID_ARGUMENT, "say what to change: --name, --description, --operator");
    int rc = cli_parse_address(cli, cli->words[0], &addr, err);
    if (!rc)
        rc = proven(cli, &addr, &v, &height, err);
    if (!rc)
        rc = cli_address_field(cli, cli_value(cli, "--operator"), &message.new_operator, err);
    if (rc)
        return rc;
    message.validator = pb_data(addr_bytes(&addr));
    message.name = v->name;
    message.description = v->description;
    take_texts(cli, &message.name, &message.description);
    return cli_act(cli, &message.base, err);
}

int cmd_validator_unjail(struct cli *cli, struct err *err) {
    MsgUnjail message = MSG_UNJAIL__INIT;
    int rc = cli_address_field(cli, cli->words[0], &message.validator, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_validator_withdraw(struct cli *cli, struct err *err) {
    MsgWithdrawRewards message = MSG_WITHDRAW_REWARDS__INIT;
    int rc = cli_address_field(cli, cli->words[0], &message.validator, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

/* As a node keeps it (data/evidence/ADDR.pb), or its JSON. */
static int read_evidence(struct cli *cli, const char *path, Evidence **ret, struct err *err) {
    struct bytes bytes;
    json_t *root = NULL;
    int rc = read_input(cli, path, &bytes, err);
    if (rc)
        return rc;
    if (bytes.len == 0 || bytes.data[0] != '{')
        rc = pb_decode(&evidence__descriptor, bytes, &cli->arena, ret, err);
    else if ((rc = json_parse(bytes, &root, err)) == CODE_OK)
        rc = json_to_pb(&evidence__descriptor, root, &cli->arena, ret, err);
    json_decref(root);
    return rc ? err_wrap(err, rc, "%s", path) : CODE_OK;
}

int cmd_validator_evidence(struct cli *cli, struct err *err) {
    MsgSubmitEvidence message = MSG_SUBMIT_EVIDENCE__INIT;
    int rc = read_evidence(cli, cli->words[0], &message.evidence, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}
