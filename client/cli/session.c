/* SPDX-License-Identifier: Apache-2.0 */
/* What commands share: the keys, the connection, sending a transaction. */
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/crypto/wipe.h"
#include "chain/http/uri.h"
#include "chain/os/file.h"
#include "client/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

enum { ASK_PATH_MAX = 7000 };

/* --- passphrases -------------------------------------------------------------------------------------------------- */

/* One line from the terminal, not shown. The terminal itself, not standard input, which may be data. */
static int read_hidden(const char *prompt, uint8_t *ret, size_t *ret_len, struct err *err) {
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC), rc = CODE_OK;
    struct termios shown, hidden;
    if (fd < 0 || tcgetattr(fd, &shown)) {
        if (fd >= 0)
            close(fd);
        return err_set(err, CODE_UNAUTHENTICATED,
                       "a passphrase is needed and there is no terminal: give --passphrase-file");
    }
    hidden = shown;
    hidden.c_lflag &= (tcflag_t) ~(tcflag_t)ECHO;
    hidden.c_lflag |= ECHONL;
    tcsetattr(fd, TCSAFLUSH, &hidden);
    size_t len = 0;
    ssize_t n = write(fd, prompt, strlen(prompt));
    uint8_t c = 0;
    while (n >= 0 && (n = read(fd, &c, 1)) == 1 && c != '\n')
        if (len < PASSPHRASE_MAX)
            ret[len++] = c;
    tcsetattr(fd, TCSAFLUSH, &shown);
    close(fd);
    if (n < 0)
        rc = err_errno(err, errno, "cannot read from the terminal");
    else if (!len)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "the passphrase is empty");
    else
        *ret_len = len;
    return rc;
}

static int ask_terminal(void *ctx, const char *key_name, bool again, uint8_t *ret, size_t *ret_len, struct err *err) {
    char prompt[KEY_NAME_MAX + 32];
    uint8_t second[PASSPHRASE_MAX];
    size_t len = 0, second_len = 0;
    (void)ctx;
    snprintf(prompt, sizeof prompt, "passphrase for %s: ", key_name);
    int rc = read_hidden(prompt, ret, &len, err);
    if (!rc && again) {
        rc = read_hidden("the same again: ", second, &second_len, err);
        if (!rc && !bytes_eq(bytes_of(ret, len), bytes_of(second, second_len)))
            rc = err_set(err, CODE_INVALID_ARGUMENT, "the two passphrases differ");
        wipe(second, sizeof second);
    }
    if (!rc)
        *ret_len = len;
    return rc;
}

struct keystore cli_keystore(struct cli *cli) {
    struct keystore store = {.dir = cli->keys_dir, .keyring = cli->keyring, .passphrase = {.ask = ask_terminal}};
    if (cli->passphrase_file)
        store.passphrase = (struct passphrase_source){passphrase_from_file, &cli->passphrase_file};
    return store;
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

struct only_key {
    struct key_info last;
    size_t count;
};

static int count_key(void *ctx, const struct key_info *info, struct err *err) {
    struct only_key *only = ctx;
    (void)err;
    only->last = *info;
    only->count++;
    return CODE_OK;
}

/* Without --from: the only key that there is. */
static int find_only_key(struct cli *cli, struct err *err) {
    struct keystore store = cli_keystore(cli);
    struct only_key only = {.count = 0};
    int rc = keystore_each(&store, count_key, &only, err);
    if (rc)
        return rc;
    if (only.count == 0)
        return err_set(err, CODE_NOT_FOUND, "there is no key in %s: make one with `cairn key add NAME`", cli->keys_dir);
    if (only.count > 1)
        return err_set(err, CODE_INVALID_ARGUMENT, "there are %zu keys in %s: say which with --from NAME", only.count,
                       cli->keys_dir);
    cli->key_info = only.last;
    return CODE_OK;
}

static int find_key(struct cli *cli, struct err *err) {
    struct keystore store = cli_keystore(cli);
    if (cli->key_info.name[0])
        return CODE_OK;
    return cli->from ? keystore_info(&store, cli->from, &cli->key_info, err) : find_only_key(cli, err);
}

int cli_address(struct cli *cli, struct addr *ret, struct err *err) {
    if (cli->acting_for)
        return cli_parse_address(cli, cli->acting_for, ret, err);
    int rc = find_key(cli, err);
    if (!rc)
        *ret = cli->key_info.address;
    return rc;
}

int cli_key(struct cli *cli, const struct seckey **ret, struct err *err) {
    struct keystore store = cli_keystore(cli);
    int rc = find_key(cli, err);
    if (!rc && !cli->key_open) {
        rc = keystore_open(&store, cli->key_info.name, &cli->key, err);
        cli->key_open = !rc;
    }
    if (!rc)
        *ret = &cli->key;
    return rc;
}

int cli_parse_address(struct cli *cli, const char *text, struct addr *ret, struct err *err) {
    struct keystore store = cli_keystore(cli);
    struct key_info info;
    if (!strncmp(text, BECH32_HRP "1", sizeof BECH32_HRP))
        return addr_from_text(text, ret, err);
    if (keystore_info(&store, text, &info, NULL))
        return err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" is neither an address (cairn1...) nor one of your keys",
                       text);
    *ret = info.address;
    return CODE_OK;
}

static int sponsor(struct cli *cli, const char *text, const struct addr **ret, struct err *err) {
    *ret = NULL;
    if (!text)
        return CODE_OK;
    struct addr *addr = ARENA_NEW(&cli->arena, struct addr);
    if (!addr)
        return err_set(err, CODE_NO_MEMORY, "no memory for an address");
    *ret = addr;
    return cli_parse_address(cli, text, addr, err);
}

int cli_sponsors(struct cli *cli, const struct addr **ret_creator, const struct addr **ret_payer, struct err *err) {
    int rc = sponsor(cli, cli->acting_for, ret_creator, err);
    return rc ? rc : sponsor(cli, cli->fee_payer, ret_payer, err);
}

/* --- the ledger --------------------------------------------------------------------------------------------------- */

int cli_ledger(struct cli *cli, struct ledger **ret, struct err *err) {
    if (!cli->ledger) {
        char path[CLI_PATH_MAX];
        int rc = path_join(cli->home, "genesis.json", path, sizeof path, err);
        if (rc)
            return rc;
        if (!cli->unverified && !path_exists(path))
            return err_set(err, CODE_NOT_FOUND,
                           "%s is missing: it is what proofs are checked against. Get it from somebody whom you trust "
                           "(a local network has it: eval \"$(cairn-testnet env)\"), or say --no-verify",
                           path);
        struct ledger_options options = {.nodes = cli->node,
                                         .genesis_path = path_exists(path) ? path : NULL,
                                         .home = cli->home,
                                         .trust_height = cli->trust_height,
                                         .trust_id = cli->trust_id,
                                         .verify = !cli->unverified,
                                         .allow_private = true};
        rc = ledger_open(&options, &cli->ledger, err);
        if (rc)
            return rc;
    }
    *ret = cli->ledger;
    return CODE_OK;
}

int cli_send(struct cli *cli, Msg **msgs, size_t count, TxStatus **ret, struct err *err) {
    struct ledger *ledger;
    const struct seckey *key;
    TxStatus *status;
    struct addr payer;
    int rc = cli_key(cli, &key, err);
    if (!rc && cli->fee_payer)
        rc = cli_parse_address(cli, cli->fee_payer, &payer, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (rc)
        return rc;
    struct ledger_send_options options = {
        .wait = cli->wait && !strcmp(cli->wait, "admitted") ? LEDGER_WAIT_ADMITTED : LEDGER_WAIT_COMMITTED,
        .fee = cli->fee,
        .fee_payer = cli->fee_payer ? &payer : NULL,
        .provable = true, /* the next command sees what this one did */
    };
    rc = ledger_send(ledger, key, msgs, count, &options, &cli->arena, &status, err);
    if (!rc && ret)
        *ret = status;
    return rc;
}

int cli_ask(struct cli *cli, const char *path, const ProtobufCMessageDescriptor *desc, void *ret_msg, struct err *err,
            ...) {
    struct ledger *ledger;
    struct buf b;
    va_list ap;
    int rc = cli_ledger(cli, &ledger, err);
    if (rc)
        return rc;
    buf_init(&b, ASK_PATH_MAX);
    buf_put_str(&b, path);
    char between = '?';
    const char *name;
    va_start(ap, err);
    while ((name = va_arg(ap, const char *)) != NULL) {
        const char *value = va_arg(ap, const char *);
        if (!value || !*value)
            continue;
        buf_put_u8(&b, (uint8_t)between);
        buf_put_str(&b, name);
        buf_put_u8(&b, '=');
        uri_encode(&b, bytes_str(value), false);
        between = '&';
    }
    va_end(ap);
    const char *text = buf_failed(&b) ? NULL : buf_cstr(&b);
    rc = text ? ledger_query_pb(ledger, text, desc, &cli->arena, ret_msg, err)
              : err_set(err, CODE_TOO_LARGE, "the question to the ledger is too long");
    buf_release(&b);
    return rc;
}

int cli_expiry(struct cli *cli, const char *text, uint64_t *ret_ms, struct err *err) {
    struct ledger *ledger;
    uint64_t lasts, now;
    *ret_ms = 0;
    if (!text || !strcmp(text, "never"))
        return CODE_OK;
    int rc = duration_parse(text, &lasts, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_time(ledger, &now, err);
    if (!rc && !u64_add(now, lasts, ret_ms))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "\"%s\" from now is too far ahead", text);
    return rc;
}

/* --- providers ---------------------------------------------------------------------------------------------------- */

int cli_sps(struct cli *cli, bool signs, struct sp_client **ret, struct err *err) {
    struct ledger *ledger;
    const struct seckey *key = NULL;
    int rc = cli->sps ? CODE_OK : cli_ledger(cli, &ledger, err);
    if (!rc && !cli->sps) {
        rc = cli_key(cli, &key, err);
        if (rc == CODE_NOT_FOUND && !signs && !cli->from) { /* no key at all: what is public can be read */
            err_clear(err);
            rc = CODE_OK;
        }
        if (!rc)
            rc = sp_client_open(ledger, key, &cli->sps, err);
    }
    if (!rc)
        *ret = cli->sps;
    return rc;
}

void cli_release(struct cli *cli) {
    sp_client_close(cli->sps);
    seckey_wipe(&cli->key);
    ledger_close(cli->ledger);
    arena_release(&cli->arena);
}
