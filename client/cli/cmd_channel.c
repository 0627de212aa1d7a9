/* SPDX-License-Identifier: Apache-2.0 */
/* cairn channel ...: coins for one payee, paid by vouchers that need no transaction. */
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/file.h"
#include "client/cli/commands.h"
#include "client/lib/voucher.h"

#include <string.h>

enum { VOUCHER_FILE_MAX = 4096 };

int cmd_channel_open(struct cli *cli, struct err *err) {
    MsgOpenChannel message = MSG_OPEN_CHANNEL__INIT;
    const char *expires = cli_value(cli, "--expires");
    int rc = cli_address_field(cli, cli->words[0], &message.payee, err);
    if (!rc)
        rc = money_parse(cli->words[1], &message.amount, err);
    if (!rc)
        rc = cli_expiry(cli, expires ? expires : "30d", &message.expires_at, err);
    return rc ? rc : cli_act_new(cli, &message.base, "channel", err);
}

int cmd_channel_topup(struct cli *cli, struct err *err) {
    MsgTopUpChannel message = MSG_TOP_UP_CHANNEL__INIT;
    int rc = cli_id(cli->words[0], "channel", &message.channel_id, err);
    if (!rc)
        rc = money_parse(cli->words[1], &message.amount, err);
    if (!rc)
        rc = cli_expiry(cli, cli_value(cli, "--expires"), &message.expires_at, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

static int read_voucher(struct cli *cli, const char *path, SignedVoucher **ret, struct err *err) {
    struct buf text;
    buf_init(&text, VOUCHER_FILE_MAX);
    int rc = file_read(path, &text, err);
    if (!rc)
        rc = json_read_pb(&signed_voucher__descriptor, buf_bytes(&text), &cli->arena, ret, err);
    buf_release(&text);
    return rc ? err_wrap(err, rc, "%s", path) : CODE_OK;
}

int cmd_channel_redeem(struct cli *cli, struct err *err) {
    MsgRedeemChannel message = MSG_REDEEM_CHANNEL__INIT;
    int rc = read_voucher(cli, cli->words[0], &message.voucher, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_channel_close(struct cli *cli, struct err *err) {
    MsgCloseChannel message = MSG_CLOSE_CHANNEL__INIT;
    int rc = cli_id(cli->words[0], "channel", &message.channel_id, err);
    return rc ? rc : cli_act(cli, &message.base, err);
}

int cmd_channel_show(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    Channel *channel;
    uint64_t id;
    int rc = cli_id(cli->words[0], "channel", &id, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = voucher_channel(ledger, id, &cli->arena, &channel, err);
    return rc ? rc : cli_print_pb(cli, channel, err);
}

static const char *addr_text(struct cli *cli, ProtobufCBinaryData field) {
    char text[ADDR_TEXT_MAX] = "";
    struct addr addr;
    if (addr_from(pb_bytes(field), &addr))
        addr_to_text(&addr, text);
    const char *copy = arena_strdup(&cli->arena, text);
    return copy ? copy : "";
}

static json_t *channel_row(struct cli *cli, const Channel *c) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "id", cli_u64(cli, c->id), "payer",
                     addr_text(cli, c->payer), "payee", addr_text(cli, c->payee), "deposit", money_text(c->deposit).s,
                     "redeemed", money_text(c->redeemed).s, "close_at", cli_u64(cli, c->close_at), "closing",
                     c->closing);
}

/* Channels that the account pays, or with --payee those that pay it. */
int cmd_channel_list(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"id", "payer", "payee", "deposit", "redeemed", "close_at", NULL};
    ChannelsAnswer *page;
    struct addr who;
    uint64_t after = 0;
    char text[ADDR_TEXT_MAX];
    int rc = cli->word_count ? cli_parse_address(cli, cli->words[0], &who, err) : cli_address(cli, &who, err);
    if (rc)
        return rc;
    addr_to_text(&who, text);
    json_t *rows = json_array();
    do {
        rc = cli_ask(cli, "/payment/channels", &channels_answer__descriptor, &page, err,
                     cli_has(cli, "--payee") ? "payee" : "payer", text, "start_after", after ? cli_u64(cli, after) : "",
                     NULL);
        for (size_t i = 0; !rc && i < page->n_channels; i++)
            json_array_append_new(rows, channel_row(cli, page->channels[i]));
        after = rc ? 0 : page->next;
    } while (after);
    return cli_print_rows(cli, rc, rows, columns, err);
}

/* --- vouchers --- */

static int write_voucher(struct cli *cli, const char *path, const SignedVoucher *voucher, struct err *err) {
    const char *text;
    int rc = json_print_pb(voucher, true, &cli->arena, &text, err);
    if (!rc)
        rc = file_write_atomic(path, bytes_str(text), 0600, err);
    if (!rc)
        cli_note(cli, "written to %s", path);
    return rc;
}

static int sign_voucher(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    const struct seckey *key;
    SignedVoucher *voucher;
    uint64_t id, amount;
    const char *out = cli_value(cli, "--out");
    int rc =
        cli->word_count == 3 ? CODE_OK : err_set(err, CODE_INVALID_ARGUMENT, "cairn channel voucher sign ID AMOUNT");
    if (!rc)
        rc = cli_id(cli->words[1], "channel", &id, err);
    if (!rc)
        rc = money_parse(cli->words[2], &amount, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = cli_key(cli, &key, err);
    if (!rc)
        rc = voucher_make(ledger, id, amount, key, &cli->arena, &voucher, err);
    if (rc)
        return rc;
    return out ? write_voucher(cli, out, voucher, err) : cli_print_pb(cli, voucher, err);
}

static int verify_voucher(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    SignedVoucher *voucher;
    Channel *channel;
    uint64_t worth = 0;
    int rc = read_voucher(cli, cli->words[1], &voucher, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = voucher_check(ledger, voucher, &cli->arena, &channel, &worth, err);
    if (rc)
        return rc;
    json_t *out = channel_row(cli, channel);
    json_object_set_new(out, "worth", json_string(money_text(worth).s));
    json_object_set_new(out, "worth_pebble", json_string(cli_u64(cli, worth)));
    return cli_print(cli, out, err);
}

int cmd_channel_voucher(struct cli *cli, struct err *err) {
    if (!strcmp(cli->words[0], "sign"))
        return sign_voucher(cli, err);
    if (!strcmp(cli->words[0], "verify") && cli->word_count == 2)
        return verify_voucher(cli, err);
    return err_set(err, CODE_INVALID_ARGUMENT, "cairn channel voucher sign ID AMOUNT, or verify FILE");
}
