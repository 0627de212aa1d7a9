/* SPDX-License-Identifier: Apache-2.0 */
/* cairn key ...: the keys of this home. */
#include "chain/codec/bech32.h"
#include "chain/crypto/wipe.h"
#include "chain/os/file.h"
#include "client/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static json_t *key_json(const struct key_info *info) {
    char address[ADDR_TEXT_MAX], pubkey[2 * sizeof info->pubkey.b + 1];
    addr_to_text(&info->address, address);
    hex_encode(info->pubkey.b, sizeof info->pubkey.b, pubkey);
    return json_pack("{s:s, s:s, s:s}", "name", info->name, "address", address, "pubkey", pubkey);
}

int cmd_key_add(struct cli *cli, struct err *err) {
    struct keystore store = cli_keystore(cli);
    struct key_info info;
    int rc = keystore_create(&store, cli->words[0], &info, err);
    if (rc)
        return rc;
    if (cli->keyring == KEYRING_FILE)
        cli_note(cli, "Keep a copy of %s/%s.json and of its passphrase: nobody can restore them.", cli->keys_dir,
                 info.name);
    return cli_print(cli, key_json(&info), err);
}

static int add_row(void *ctx, const struct key_info *info, struct err *err) {
    json_t *row = key_json(info);
    return row && !json_array_append_new(ctx, row) ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for the list");
}

int cmd_key_list(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"name", "address", NULL};
    struct keystore store = cli_keystore(cli);
    json_t *rows = json_array();
    int rc = keystore_each(&store, add_row, rows, err);
    return cli_print_rows(cli, rc, rows, columns, err);
}

int cmd_key_show(struct cli *cli, struct err *err) {
    struct keystore store = cli_keystore(cli);
    struct key_info info;
    int rc = keystore_info(&store, cli->words[0], &info, err);
    return rc ? rc : cli_print(cli, key_json(&info), err);
}

/* The sealed file itself: what leaves this machine still needs the passphrase. */
int cmd_key_export(struct cli *cli, struct err *err) {
    struct keystore store = cli_keystore(cli);
    struct key_info info;
    struct buf text;
    char path[CLI_PATH_MAX + KEY_NAME_MAX + 8];
    int rc = keystore_info(&store, cli->words[0], &info, err);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "%s/%s.json", cli->keys_dir, info.name);
    buf_init(&text, KEYSTORE_FILE_MAX);
    rc = file_read(path, &text, err);
    if (!rc && !strcmp(cli->words[1], "-"))
        fwrite(text.data, 1, text.len, stdout);
    else if (!rc)
        rc = file_write_new(cli->words[1], buf_bytes(&text), 0600, err);
    buf_release(&text);
    return rc;
}

int cmd_key_import(struct cli *cli, struct err *err) {
    struct keystore store = cli_keystore(cli);
    uint8_t passphrase[PASSPHRASE_MAX];
    size_t len = 0;
    struct seckey key;
    struct key_info info;
    int rc = keystore_passphrase(&store, cli->words[1], false, passphrase, &len, err);
    if (!rc)
        rc = keyfile_read(cli->words[1], bytes_of(passphrase, len), &key, err);
    wipe(passphrase, sizeof passphrase);
    if (!rc)
        rc = keystore_import(&store, cli->words[0], &key, &info, err);
    wipe(&key, sizeof key);
    return rc ? rc : cli_print(cli, key_json(&info), err);
}

int cmd_key_delete(struct cli *cli, struct err *err) {
    struct keystore store = cli_keystore(cli);
    struct key_info info;
    int rc = keystore_info(&store, cli->words[0], &info, err);
    if (rc)
        return rc;
    if (!cli->yes)
        return err_set(err, CODE_INVALID_ARGUMENT,
                       "this destroys the only copy of %s that is here, and what it owns with it: say --yes to do it",
                       info.name);
    rc = keystore_delete(&store, info.name, err);
    if (!rc)
        cli_note(cli, "deleted %s", info.name);
    return rc;
}
