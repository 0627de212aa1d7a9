/* SPDX-License-Identifier: Apache-2.0 */
/* cairn sp ...: what an operator says to the ledger about a provider, from prices to its exit. */
#include "chain/base/num.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/file.h"
#include "client/cli/commands.h"
#include "client/lib/placement.h"

#include <stdio.h>

enum { KEYS_FILE_MAX = 1 << 16 };

static int record_of(struct cli *cli, uint32_t id, StorageProvider **ret, struct err *err) {
    struct ledger *ledger;
    int rc = cli_ledger(cli, &ledger, err);
    return rc ? rc : placement_sp(ledger, id, &cli->arena, ret, err);
}

/* --- edit --------------------------------------------------------------------------------------------------------- */

int cli_sp_keys(struct cli *cli, const char *path, MsgEditSp **ret, struct err *err) {
    struct buf text;
    buf_init(&text, KEYS_FILE_MAX);
    int rc = file_read(path, &text, err);
    if (!rc)
        rc = json_read_pb(&msg_edit_sp__descriptor, buf_bytes(&text), &cli->arena, ret, err);
    buf_release(&text);
    return rc ? err_wrap(err, rc, "%s", path) : CODE_OK;
}

static char *given(struct cli *cli, const char *flag, char *def) {
    const char *value = cli_value(cli, flag);
    return value ? (char *)(uintptr_t)value : def;
}

/* A description is replaced whole: what is not said stays as the record has it. */
static int edit_description(struct cli *cli, MsgEditSp *m, struct err *err) {
    StorageProvider *sp;
    SpDescription *d = ARENA_NEW(&cli->arena, SpDescription);
    if (!cli_has(cli, "--moniker") && !cli_has(cli, "--website") && !cli_has(cli, "--region") &&
        !cli_has(cli, "--details"))
        return CODE_OK;
    int rc = d ? record_of(cli, m->sp_id, &sp, err) : err_set(err, CODE_NO_MEMORY, "no memory for a description");
    if (rc)
        return rc;
    sp_description__init(d);
    if (sp->description)
        *d = *sp->description;
    d->moniker = given(cli, "--moniker", d->moniker);
    d->website = given(cli, "--website", d->website);
    d->region = given(cli, "--region", d->region);
    d->details = given(cli, "--details", d->details);
    m->description = d;
    return CODE_OK;
}

int cmd_sp_edit(struct cli *cli, struct err *err) {
    MsgEditSp message = MSG_EDIT_SP__INIT, *keys;
    const char *file = cli_value(cli, "--keys");
    int rc = file ? cli_sp_keys(cli, file, &keys, err) : CODE_OK;
    if (!rc && file)
        message = *keys;
    if (!rc)
        rc = cli_sp_id(cli->words[0], &message.sp_id, err);
    message.endpoint = given(cli, "--endpoint", message.endpoint);
    message.p2p_endpoint = given(cli, "--p2p-endpoint", message.p2p_endpoint);
    if (!rc && cli_has(cli, "--capacity")) {
        message.new_capacity_case = MSG_EDIT_SP__NEW_CAPACITY_CAPACITY;
        rc = cli_size(cli, "--capacity", 0, &message.capacity, err);
    }
    if (!rc)
        rc = edit_description(cli, &message, err);
    if (!rc)
        rc = cli_address_field(cli, cli_value(cli, "--beneficiary"), &message.beneficiary, err);
    if (!rc && *message.endpoint)
        rc = cli_sp_probe(cli, message.sp_id, message.endpoint, message.p2p_endpoint, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

/* --- money, prices, status ---------------------------------------------------------------------------------------- */

int cmd_sp_withdraw(struct cli *cli, struct err *err) {
    MsgWithdrawSp message = MSG_WITHDRAW_SP__INIT;
    int rc = cli_sp_id(cli->words[0], &message.sp_id, err);
    if (!rc)
        rc = money_parse(cli->words[1], &message.amount, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_sp_price(struct cli *cli, struct err *err) {
    MsgSetSpPrice message = MSG_SET_SP_PRICE__INIT;
    StorageProvider *sp;
    int rc = cli_sp_id(cli->words[0], &message.sp_id, err);
    if (!rc)
        rc = record_of(cli, message.sp_id, &sp, err);
    if (!rc)
        rc = cli_number(cli, "--store", sp->store_price, UINT64_MAX, &message.store_price, err);
    if (!rc)
        rc = cli_number(cli, "--read", sp->read_price, UINT64_MAX, &message.read_price, err);
    if (!rc)
        rc = cli_size(cli, "--free-quota", sp->free_read_quota, &message.free_read_quota, err);
    if (!rc)
        rc = cli_size(cli, "--free-once", sp->free_read_once, &message.free_read_once, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_sp_status(struct cli *cli, struct err *err) {
    MsgSetSpStatus message = MSG_SET_SP_STATUS__INIT;
    const char *to = cli->words[1];
    int rc = cli_sp_id(cli->words[0], &message.sp_id, err);
    if (rc)
        return rc;
    if (!strcmp(to, "maintenance"))
        message.status = SP_STATUS_IN_MAINTENANCE;
    else if (!strcmp(to, "service"))
        message.status = SP_STATUS_IN_SERVICE;
    else
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is no status; say maintenance or service", to);
    rc = cli_duration(cli, "--duration", 0, &message.duration_ms, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_sp_revive(struct cli *cli, struct err *err) {
    MsgReviveSp message = MSG_REVIVE_SP__INIT;
    int rc = cli_sp_id(cli->words[0], &message.sp_id, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

/* --- the way out -------------------------------------------------------------------------------------------------- */

int cmd_sp_exit(struct cli *cli, struct err *err) {
    MsgExitSp message = MSG_EXIT_SP__INIT;
    int rc = cli_sp_id(cli->words[0], &message.sp_id, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_sp_complete_exit(struct cli *cli, struct err *err) {
    MsgCompleteExitSp message = MSG_COMPLETE_EXIT_SP__INIT;
    int rc = cli_sp_id(cli->words[0], &message.sp_id, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

/* What is left of a provider that leaves; and what others may take over of it. */
int cmd_sp_open_slots(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"group", "position", "bytes", "escrow", "offered", NULL};
    uint64_t after = 0;
    uint32_t id;
    OpenSlotsAnswer *page;
    json_t *rows = json_array();
    int rc = cli_sp_id(cli->words[0], &id, err);
    do {
        if (!rc)
            rc = cli_ask(cli, "/sp/open_slots", &open_slots_answer__descriptor, &page, err, "sp_id", cli_u64(cli, id),
                         "start_after", cli_u64(cli, after), NULL);
        for (size_t i = 0; !rc && i < page->n_slots; i++) {
            const OpenSlot *s = page->slots[i];
            json_array_append_new(rows, json_pack("{s:s, s:i, s:s, s:s, s:b}", "group", cli_u64(cli, s->group_id),
                                                  "position", (int)s->position, "bytes", cli_u64(cli, s->bytes),
                                                  "escrow", money_text(s->escrow).s, "offered", s->offered));
        }
        after = rc ? 0 : page->next;
    } while (!rc && after);
    if (rc) {
        json_decref(rows);
        return rc;
    }
    cli_note(cli, "provider %u has %llu positions with %llu bytes", id, (unsigned long long)page->positions,
             (unsigned long long)page->bytes);
    return cli_print_table(cli, rows, columns, err);
}
