/* SPDX-License-Identifier: Apache-2.0 */
/* cairn grant ...: what one account lets another do in its name, or at its cost. */
#include "cairn/auth.h"
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_auth.h"
#include "client/cli/commands.h"

#include <stdlib.h>

enum { MESSAGES_MAX = 64 };

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "MsgSend,MsgBond", "all": ascending, as the ledger wants them. */
static int read_messages(struct cli *cli, MsgGrant *m, struct err *err) {
    const char *text = cli_value(cli, "--messages");
    m->messages = arena_array(&cli->arena, MESSAGES_MAX, sizeof *m->messages);
    if (!m->messages)
        return err_set(err, CODE_NO_MEMORY, "no memory for a grant");
    while (text && *text) {
        size_t len = strcspn(text, ",");
        bool all = len == 3 && !strncmp(text, "all", 3);
        if (m->n_messages == MESSAGES_MAX)
            return err_set(err, CODE_INVALID_ARGUMENT, "--messages names more than %d", MESSAGES_MAX);
        char *name = arena_printf(&cli->arena, "%.*s", (int)len, text);
        m->messages[m->n_messages++] = all ? arena_strdup(&cli->arena, "*") : name;
        if (!name || !m->messages[m->n_messages - 1])
            return err_set(err, CODE_NO_MEMORY, "no memory for a grant");
        text += len + (text[len] == ',');
    }
    qsort(m->messages, m->n_messages, sizeof *m->messages, by_name);
    return CODE_OK;
}

/* "photos", "cairn://photos/holidays/" */
static int read_where(struct cli *cli, MsgGrant *m, struct err *err) {
    const char *text = cli_value(cli, "--in");
    struct object_uri uri;
    if (!text)
        return CODE_OK;
    if (!strstr(text, "://"))
        text = arena_printf(&cli->arena, "cairn://%s", text);
    int rc = text ? object_uri_parse(text, &uri, err) : err_set(err, CODE_NO_MEMORY, "no memory for a name");
    if (rc)
        return rc;
    m->bucket_name = arena_strdup(&cli->arena, uri.bucket);
    m->object_prefix = arena_strdup(&cli->arena, uri.key);
    return m->bucket_name && m->object_prefix ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a name");
}

static int read_amount(struct cli *cli, const char *flag, uint64_t *ret, struct err *err) {
    const char *text = cli_value(cli, flag);
    *ret = text && !strcmp(text, "unlimited") ? UINT64_MAX : 0;
    if (!text || *ret)
        return CODE_OK;
    int rc = money_parse(text, ret, err);
    return rc ? err_wrap(err, rc, "%s", flag) : CODE_OK;
}

static int read_bytes(struct cli *cli, uint64_t *ret, struct err *err) {
    const char *text = cli_value(cli, "--bytes");
    if (text && !strcmp(text, "unlimited")) {
        *ret = UINT64_MAX;
        return CODE_OK;
    }
    return cli_size(cli, "--bytes", 0, ret, err);
}

static int read_budgets(struct cli *cli, MsgGrant *m, struct err *err) {
    int rc = read_bytes(cli, &m->bytes, err);
    if (!rc)
        rc = read_amount(cli, "--money", &m->money, err);
    if (!rc)
        rc = read_amount(cli, "--fees", &m->fees, err);
    if (!rc)
        rc = cli_number(cli, "--max-price", UINT64_MAX, UINT64_MAX, &m->price_max, err);
    return rc ? rc : cli_expiry(cli, cli_value(cli, "--expires"), &m->expires_at, err);
}

int cmd_grant_give(struct cli *cli, struct err *err) {
    MsgGrant grant = MSG_GRANT__INIT;
    int rc = cli_address_field(cli, cli->words[0], &grant.grantee, err);
    if (!rc)
        rc = read_messages(cli, &grant, err);
    if (!rc)
        rc = read_where(cli, &grant, err);
    if (!rc)
        rc = read_budgets(cli, &grant, err);
    return rc ? rc : cli_act(cli, &grant.base, err);
}

int cmd_grant_revoke(struct cli *cli, struct err *err) {
    MsgRevoke revoke = MSG_REVOKE__INIT;
    int rc = cli_address_field(cli, cli->words[0], &revoke.grantee, err);
    return rc ? rc : cli_act(cli, &revoke.base, err);
}

int cmd_grant_show(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    struct addr granter, grantee;
    struct key k;
    Grant *grant;
    int rc = cli_parse_address(cli, cli->words[0], &granter, err);
    if (!rc)
        rc = cli_parse_address(cli, cli->words[1], &grantee, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (rc)
        return rc;
    rc =
        ledger_record(ledger, key_grant(&k, &granter, &grantee), 0, &grant__descriptor, &cli->arena, &grant, NULL, err);
    if (rc == CODE_NOT_FOUND)
        rc = err_set(err, CODE_GRANT_NOT_FOUND, "%s has granted %s nothing", cli->words[0], cli->words[1]);
    return rc ? rc : cli_print_pb(cli, grant, err);
}

static const char *budget_text(struct cli *cli, uint64_t value, bool money) {
    if (value == UINT64_MAX)
        return "unlimited";
    const char *text = money ? arena_strdup(&cli->arena, money_text(value).s) : cli_u64(cli, value);
    return text ? text : "";
}

static json_t *row_of(struct cli *cli, const Grant *g, bool received) {
    struct addr addr;
    char other[ADDR_TEXT_MAX] = "";
    if (addr_from(pb_bytes(received ? g->granter : g->grantee), &addr))
        addr_to_text(&addr, other);
    json_t *messages = json_array();
    const char *joined = "";
    for (size_t i = 0; i < g->n_messages; i++) {
        const char *more = arena_printf(&cli->arena, "%s%s%s", joined, i ? "," : "", g->messages[i]);
        json_array_append_new(messages, json_string(g->messages[i]));
        joined = more ? more : joined;
    }
    const char *where =
        *g->bucket_name ? arena_printf(&cli->arena, "cairn://%s/%s", g->bucket_name, g->object_prefix) : "everywhere";
    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:s}", received ? "granter" : "grantee", other, "messages",
                     messages, "may", *joined ? joined : "-", "in", where ? where : "", "bytes",
                     budget_text(cli, g->bytes, false), "money", budget_text(cli, g->money, true), "fees",
                     budget_text(cli, g->fees, true), "expires_at", cli_u64(cli, g->expires_at));
}

int cmd_grant_list(struct cli *cli, struct err *err) {
    bool received = cli_has(cli, "--received");
    const char *const columns[] = {
        received ? "granter" : "grantee", "may", "in", "bytes", "money", "fees", "expires_at", NULL};
    struct addr account;
    char text[ADDR_TEXT_MAX], cursor[64] = "";
    json_t *rows = json_array();
    int rc = cli->word_count ? cli_parse_address(cli, cli->words[0], &account, err) : cli_address(cli, &account, err);
    if (!rc)
        addr_to_text(&account, text);
    while (!rc) {
        AccountGrantsAnswer *page;
        rc = cli_ask(cli, "/auth/grants", &account_grants_answer__descriptor, &page, err, "account", text, "received",
                     received ? "true" : "", "cursor", cursor, NULL);
        for (size_t i = 0; !rc && i < page->n_grants; i++)
            json_array_append_new(rows, row_of(cli, page->grants[i], received));
        if (rc || !page->next_cursor.len || 2 * page->next_cursor.len >= sizeof cursor)
            break;
        hex_encode(page->next_cursor.data, page->next_cursor.len, cursor);
    }
    return cli_print_rows(cli, rc, rows, columns, err);
}
