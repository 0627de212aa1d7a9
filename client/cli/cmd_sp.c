/* SPDX-License-Identifier: Apache-2.0 */
/* cairn sp ...: storage providers. */
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/file.h"
#include "client/cli/commands.h"
#include "client/lib/placement.h"
#include "client/lib/sp_probe.h"

#include <stdio.h>

enum { RECORD_FILE_MAX = 1 << 20 };

int cli_sp_id(const char *text, uint32_t *ret, struct err *err) {
    uint64_t id;
    int rc = cli_id(text, "storage provider", &id, err);
    if (!rc && id > UINT32_MAX)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is not the number of a storage provider", text);
    if (!rc)
        *ret = (uint32_t)id;
    return rc;
}

static const char *status_name(SpStatus status) {
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(&sp_status__descriptor, (int)status);
    return v ? v->name + sizeof "SP_STATUS_" - 1 : "?";
}

static json_t *sp_row(struct cli *cli, const StorageProvider *sp) {
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "id", (int)sp->id, "moniker",
                     sp->description ? sp->description->moniker : "", "status", status_name(sp->status), "endpoint",
                     sp->endpoint, "stored_bytes", cli_u64(cli, sp->stored_bytes), "capacity",
                     cli_u64(cli, sp->capacity), "deposit", money_text(sp->deposit).s);
}

int cmd_sp_list(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"id",           "moniker",  "status",  "endpoint",
                                          "stored_bytes", "capacity", "deposit", NULL};
    uint32_t after = 0;
    json_t *rows = json_array();
    int rc = CODE_OK;
    while (!rc) {
        SpsAnswer *page;
        rc = cli_ask(cli, "/sp/list", &sps_answer__descriptor, &page, err, "start_after", cli_u64(cli, after), NULL);
        for (size_t i = 0; !rc && i < page->n_sps; i++)
            json_array_append_new(rows, sp_row(cli, page->sps[i]));
        if (rc || !page->next)
            break;
        after = page->next;
    }
    return cli_print_rows(cli, rc, rows, columns, err);
}

int cmd_sp_show(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    StorageProvider *sp;
    uint32_t id;
    int rc = cli_sp_id(cli->words[0], &id, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = placement_sp(ledger, id, &cli->arena, &sp, err);
    return rc ? rc : cli_print_pb(cli, sp, err);
}

int cli_sp_probe(struct cli *cli, uint32_t id, const char *endpoint, const char *p2p_endpoint, struct err *err) {
    struct sp_probe probe = {.sp_id = id, .allow_private = cli_has(cli, "--allow-private")};
    struct ledger *ledger;
    if (cli_has(cli, "--no-probe"))
        return CODE_OK;
    int rc = cli_ledger(cli, &ledger, err);
    if (rc)
        return rc;
    probe.chain_id = ledger_chain_id(ledger);
    rc = sp_probe(&probe, endpoint, p2p_endpoint, err);
    return rc ? err_wrap(err, rc, "the provider is not told to the ledger") : CODE_OK;
}

/* The record as `cairn-sp init` printed it, bare or as its member "storage_provider". */
static int read_record(struct cli *cli, const char *path, StorageProvider **ret, struct err *err) {
    struct buf text;
    json_t *root = NULL;
    buf_init(&text, RECORD_FILE_MAX);
    int rc = file_read(path, &text, err);
    if (!rc)
        rc = json_parse(buf_bytes(&text), &root, err);
    if (!rc) {
        json_t *record = json_object_get(root, "storage_provider");
        rc = json_to_pb(&storage_provider__descriptor, record ? record : root, &cli->arena, ret, err);
    }
    json_decref(root);
    buf_release(&text);
    return rc ? err_wrap(err, rc, "%s", path) : CODE_OK;
}

int cmd_sp_register(struct cli *cli, struct err *err) {
    MsgRegisterSp message = MSG_REGISTER_SP__INIT;
    StorageProvider *sp;
    struct addr creator;
    MsgEditSp *keys;
    const char *deposit = cli_value(cli, "--deposit"), *file = cli_value(cli, "--keys");
    if (!file)
        return err_set(err, CODE_INVALID_ARGUMENT, "--keys FILE is needed: what `cairn-sp possession --home H` prints");
    int rc = read_record(cli, cli->words[0], &sp, err);
    if (!rc)
        rc = cli_sp_keys(cli, file, &keys, err);
    if (!rc)
        rc = cli_address(cli, &creator, err);
    if (rc)
        return rc;
    if (!bytes_eq(pb_bytes(sp->operator_), addr_bytes(&creator)))
        return err_set(err, CODE_DENIED,
                       "the provider's operator signs its registration: import its operator.key and "
                       "name it with --from");
    message.creator = sp->operator_;
    message.funding = sp->funding;
    message.seal_key = sp->seal_key;
    message.approval_key = sp->approval_key;
    message.gc_key = sp->gc_key;
    message.node_key = sp->node_key;
    message.seal_possession = keys->seal_possession;
    message.approval_possession = keys->approval_possession;
    message.gc_possession = keys->gc_possession;
    message.node_possession = keys->node_possession;
    message.endpoint = sp->endpoint;
    message.p2p_endpoint = sp->p2p_endpoint;
    message.description = sp->description;
    message.deposit = sp->deposit;
    message.store_price = sp->store_price;
    message.read_price = sp->read_price;
    message.free_read_quota = sp->free_read_quota;
    message.free_read_once = sp->free_read_once;
    message.capacity = sp->capacity;
    rc = deposit ? money_parse(deposit, &message.deposit, err) : CODE_OK;
    if (!rc)
        rc = cli_sp_probe(cli, sp->id, sp->endpoint, sp->p2p_endpoint, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_sp_deposit(struct cli *cli, struct err *err) {
    MsgDepositSp message = MSG_DEPOSIT_SP__INIT;
    int rc = cli_sp_id(cli->words[0], &message.sp_id, err);
    if (!rc)
        rc = money_parse(cli->words[1], &message.amount, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}
