/* SPDX-License-Identifier: Apache-2.0 */
/* cairn doctor: walks from the node to the first object and names the first step that is missing. */
#include "cairn/payment.h"
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/os/clock.h"
#include "chain/types/keys_auth.h"
#include "chain/types/keys_payment.h"
#include "client/cli/commands.h"

#include <inttypes.h>
#include <stdio.h>

enum { CLOCK_SKEW_MAX_MS = 30000 };

struct doctor {
    struct cli *cli;
    json_t *checks;
    int first_code; /* of the first check that failed */
    struct err first;
};

static void check(struct doctor *d, const char *name, int rc, const struct err *why, const char *good) {
    json_array_append_new(d->checks,
                          json_pack("{s:s, s:b, s:s}", "check", name, "ok", !rc, "says", rc ? err_text(why) : good));
    if (rc && !d->first_code) {
        d->first_code = rc;
        d->first = *why;
    }
}

static void check_ledger(struct doctor *d, struct ledger *ledger) {
    char text[160];
    struct err err;
    NodeStatus *status;
    err_clear(&err);
    int rc = ledger_status(ledger, &d->cli->arena, &status, &err);
    if (!rc && status->catching_up)
        rc = err_set(&err, CODE_NOT_READY, "the node is catching up (height %" PRIu64 "): wait, or ask another one",
                     status->height);
    snprintf(text, sizeof text, "height %" PRIu64 ", %u peers", rc ? 0 : status->height, rc ? 0 : status->peers);
    check(d, "ledger node", rc, &err, text);
    if (rc)
        return;
    uint64_t now = clock_real_ms();
    uint64_t skew = now > status->time ? 0 : status->time - now;
    rc = skew > CLOCK_SKEW_MAX_MS
             ? err_set(&err, CODE_CONFLICT,
                       "this machine's clock is %" PRIu64 " s behind the ledger's: set it, signed requests "
                       "carry the time",
                       skew / 1000)
             : CODE_OK;
    check(d, "clock", rc, &err, "not behind the ledger's");
}

/* What storage is paid from. Having none is no fault, only the next step. */
static void check_payment(struct doctor *d, struct ledger *ledger, const struct addr *addr) {
    struct key k;
    PaymentAccount *account;
    struct err err;
    err_clear(&err);
    int rc = ledger_record(ledger, key_payment_account(&k, addr), 0, &payment_account__descriptor, &d->cli->arena,
                           &account, NULL, &err);
    if (rc == CODE_NOT_FOUND) {
        check(d, "payment account", CODE_OK, &err, "none yet: `cairn payment deposit 10CAIRN` before the first object");
        return;
    }
    if (!rc && account->status == PAYMENT_STATUS_FROZEN)
        rc = err_set(&err, CODE_INSUFFICIENT_FUNDS, "frozen: it ran dry; `cairn payment deposit` resumes it");
    check(d, "payment account", rc, &err, rc ? "" : money_text(account->balance).s);
}

static void check_account(struct doctor *d, struct ledger *ledger) {
    struct addr addr;
    struct key k;
    Account *account;
    struct err err;
    char text[ADDR_TEXT_MAX + 64];
    err_clear(&err);
    int rc = cli_address(d->cli, &addr, &err);
    if (!rc)
        addr_to_text(&addr, text);
    check(d, "key", rc, &err, text);
    if (rc)
        return;
    rc = ledger_record(ledger, key_account(&k, &addr), 0, &account__descriptor, &d->cli->arena, &account, NULL, &err);
    if (rc == CODE_NOT_FOUND || (!rc && !account->balance))
        rc = err_set(&err, CODE_INSUFFICIENT_FUNDS,
                     "%s has no coins: somebody must send it some (local network: `cairn-testnet faucet %s 100CAIRN`)",
                     text, text);
    check(d, "balance", rc, &err, rc ? "" : money_text(account->balance).s);
    if (!rc)
        check_payment(d, ledger, &addr);
}

static void check_sps(struct doctor *d, struct ledger *ledger) {
    json_t *answer = NULL;
    struct err err;
    char text[64];
    err_clear(&err);
    int rc = ledger_query(ledger, "/sp/list", &answer, &err);
    size_t count = json_array_size(json_object_get(json_object_get(answer, "record"), "sps"));
    if (!rc && !count)
        rc = err_set(&err, CODE_UNAVAILABLE, "no storage provider is registered: objects cannot be stored yet");
    snprintf(text, sizeof text, "%zu registered", count);
    check(d, "storage providers", rc, &err, text);
    json_decref(answer);
}

int cmd_doctor(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"check", "ok", "says", NULL};
    struct doctor d = {.cli = cli, .checks = json_array()};
    struct ledger *ledger;
    struct err why;
    err_clear(&why);
    int rc = cli_ledger(cli, &ledger, &why);
    check(&d, "trust (genesis file)", rc, &why, rc ? "" : ledger_chain_id(ledger));
    if (!rc) {
        check_ledger(&d, ledger);
        check_account(&d, ledger);
        check_sps(&d, ledger);
    }
    rc = cli_print_table(cli, d.checks, columns, err);
    if (!rc && d.first_code && err)
        *err = d.first;
    return rc ? rc : d.first_code;
}
