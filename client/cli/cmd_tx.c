/* SPDX-License-Identifier: Apache-2.0 */
/* cairn tx ...: transactions as such. */
#include "chain/base/limits.h"
#include "chain/codec/json.h"
#include "chain/os/file.h"
#include "chain/types/tx.h"
#include "client/cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { JSON_TEXT_MAX = 4 << 20, READ_CHUNK = 65536 };

/* A small file whole; "-" is standard input. */
static int read_input(const char *name, size_t cap, struct buf *ret, struct err *err) {
    buf_init(ret, cap);
    if (strcmp(name, "-"))
        return file_read(name, ret, err);
    ssize_t n;
    uint8_t chunk[READ_CHUNK];
    while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) > 0)
        buf_put(ret, chunk, (size_t)n);
    return n < 0 ? err_errno(err, errno, "cannot read standard input") : buf_check(ret, err);
}

/* Hex with a newline at its end, as `tx sign` prints it. */
static int read_wire(struct cli *cli, const char *name, struct bytes *ret, struct err *err) {
    struct buf text;
    int rc = read_input(name, 2 * TX_LEN_MAX + 2, &text, err);
    while (!rc && text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
        text.len--;
    size_t len = text.len / 2;
    uint8_t *wire = rc ? NULL : arena_alloc(&cli->arena, len ? len : 1);
    if (!rc && !wire)
        rc = err_set(err, CODE_NO_MEMORY, "no memory for the transaction");
    if (!rc && !hex_decode((const char *)text.data, text.len, wire, len))
        rc = err_set(err, CODE_MALFORMED, "%s does not hold a transaction in hex, as `cairn tx sign` prints it", name);
    if (!rc)
        *ret = bytes_of(wire, len);
    buf_release(&text);
    return rc;
}

static int parse_id(const char *text, struct hash *ret, struct err *err) {
    return hex_decode(text, strlen(text), ret->b, sizeof ret->b)
               ? CODE_OK
               : err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is not a transaction's id: 64 hex digits", text);
}

int cmd_tx_show(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    struct hash id;
    TxStatus *status;
    char path[96];
    int rc = parse_id(cli->words[0], &id, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "/v1/tx/%s", hash_hex(&id).s);
    rc = ledger_get(ledger, path, &tx_status__descriptor, &cli->arena, &status, err);
    return rc ? rc : cli_print_pb(cli, status, err);
}

int cmd_tx_wait(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    struct hash id;
    TxStatus *status;
    uint64_t seconds;
    int rc = parse_id(cli->words[0], &id, err);
    if (!rc)
        rc = cli_number(cli, "--timeout", 60, 86400, &seconds, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_wait_tx(ledger, &id, seconds * 1000, &cli->arena, &status, err);
    return rc ? rc : cli_print(cli, cli_tx_json(status), err);
}

int cmd_tx_decode(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    struct bytes wire;
    struct tx tx;
    json_t *body = NULL;
    int rc = read_wire(cli, cli->words[0], &wire, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = tx_parse(wire, ledger_chain_tag(ledger), &cli->arena, &tx, err);
    if (!rc)
        rc = json_from_pb(tx.body, &body, err);
    if (rc)
        return rc;
    return cli_print(
        cli,
        json_pack("{s:s, s:b, s:o}", "tx_id", hash_hex(&tx.id).s, "signature_ok", !tx_verify(&tx, NULL), "body", body),
        err);
}

int cmd_tx_sign(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    struct buf text;
    const struct seckey *key;
    TxBody *body;
    struct bytes wire;
    int rc = read_input(cli->words[0], JSON_TEXT_MAX, &text, err);
    if (!rc)
        rc = json_read_pb(&tx_body__descriptor, buf_bytes(&text), &cli->arena, &body, err);
    buf_release(&text);
    if (!rc)
        rc = cli_key(cli, &key, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (rc)
        return rc;
    struct pubkey signer = seckey_pubkey(key);
    body->signer = (ProtobufCBinaryData){sizeof signer.b, signer.b};
    rc = tx_sign(body, key, ledger_chain_tag(ledger), &cli->arena, &wire, err);
    char *hex = rc ? NULL : arena_alloc(&cli->arena, 2 * wire.len + 1);
    if (!rc && !hex)
        rc = err_set(err, CODE_NO_MEMORY, "no memory for the transaction");
    if (rc)
        return rc;
    hex_encode(wire.data, wire.len, hex);
    return cli_print(cli, json_string(hex), err);
}

int cmd_tx_broadcast(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    struct bytes wire;
    TxStatus *status;
    bool admitted = cli->wait && !strcmp(cli->wait, "admitted");
    int rc = read_wire(cli, cli->words[0], &wire, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_broadcast(ledger, wire, admitted ? LEDGER_WAIT_ADMITTED : LEDGER_WAIT_COMMITTED, 0, &cli->arena,
                              &status, err);
    if (rc)
        return rc;
    rc = cli_print(cli, cli_tx_json(status), err);
    if (!rc && status->result && status->result->code)
        rc = err_set(err, (int)status->result->code, "%s", status->result->log);
    return rc;
}
