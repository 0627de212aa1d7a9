/* SPDX-License-Identifier: Apache-2.0 */
/* cairn payment ...: what storage costs, and the account that pays it. */
#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/crypto/address.h"
#include "chain/types/keys_payment.h"
#include "chain/types/keys_storage.h"
#include "client/cli/commands.h"
#include "client/lib/placement.h"

int cli_payer(struct cli *cli, const char *text, struct addr *ret, struct err *err) {
    uint64_t index;
    struct addr own;
    if (!text)
        return cli_address(cli, ret, err);
    if (!u64_parse(text, strlen(text), &index) || index > UINT32_MAX)
        return cli_parse_address(cli, text, ret, err);
    int rc = cli_address(cli, &own, err);
    if (!rc)
        *ret = index ? addr_of_payment(&own, (uint32_t)index) : own;
    return rc;
}

int cmd_payment_show(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    struct addr addr;
    struct key k;
    PaymentAccount *account;
    char text[ADDR_TEXT_MAX];
    int rc = cli_payer(cli, cli->word_count ? cli->words[0] : NULL, &addr, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_record(ledger, key_payment_account(&k, &addr), 0, &payment_account__descriptor, &cli->arena,
                           &account, NULL, err);
    if (rc == CODE_NOT_FOUND) {
        addr_to_text(&addr, text);
        return err_set(err, rc, "%s is no payment account yet: `cairn payment deposit AMOUNT` makes it one", text);
    }
    return rc ? rc : cli_print_pb(cli, account, err);
}

/* The price of --price, else of the provider --sp, else of the cheapest one in service. */
static int quote_price(struct cli *cli, uint64_t *ret, struct err *err) {
    struct ledger *ledger;
    StorageProvider *sp;
    SpsAnswer *page;
    uint64_t id = 0, price = 0;
    int rc = cli_number(cli, "--price", 0, UINT64_MAX, &price, err);
    if (!rc)
        rc = cli_number(cli, "--sp", 0, UINT32_MAX, &id, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc && !price && id) {
        rc = placement_sp(ledger, (uint32_t)id, &cli->arena, &sp, err);
        price = rc ? 0 : sp->store_price;
    } else if (!rc && !price) {
        rc = cli_ask(cli, "/sp/list", &sps_answer__descriptor, &page, err, NULL);
        for (size_t i = 0; !rc && i < page->n_sps; i++)
            if (page->sps[i]->status == SP_STATUS_IN_SERVICE && (!price || page->sps[i]->store_price < price))
                price = page->sps[i]->store_price;
        if (!rc && !price)
            rc = err_set(err, CODE_UNAVAILABLE, "no storage provider is in service: say --price");
    }
    if (!rc)
        *ret = price;
    return rc;
}

/* --read-quota: what SIZE bytes a month to be read cost at --sp. */
static int quote_quota(struct cli *cli, struct err *err) {
    ReadQuotaQuoteAnswer *answer;
    struct addr addr;
    char text[ADDR_TEXT_MAX] = "";
    uint64_t size = 0, sp = 0;
    int rc = size_parse(cli->words[0], &size, err);
    if (!rc)
        rc = cli_number(cli, "--sp", 0, UINT32_MAX, &sp, err);
    if (!rc && !sp)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "a read quota is quoted by a provider: say --sp N");
    if (!rc && cli_value(cli, "--account")) {
        rc = cli_payer(cli, cli_value(cli, "--account"), &addr, err);
        if (!rc)
            addr_to_text(&addr, text);
    }
    if (!rc)
        rc = cli_ask(cli, "/payment/quote_quota", &read_quota_quote_answer__descriptor, &answer, err, "sp_id",
                     cli_u64(cli, sp), "quota", cli_u64(cli, size), "payment_address", text, NULL);
    if (rc)
        return rc;
    return cli_print(cli,
                     json_pack("{s:s, s:s, s:s, s:s, s:s}", "quota", cli_u64(cli, size), "per_month",
                               money_text(answer->per_month).s, "per_month_pebble", cli_u64(cli, answer->per_month),
                               "reserve", money_text(answer->reserve).s, "reserve_pebble",
                               cli_u64(cli, answer->reserve)),
                     err);
}

int cmd_payment_quota(struct cli *cli, struct err *err) {
    struct ledger *ledger;
    BucketInfo *bucket;
    ReadQuota *quota;
    const char *name;
    struct key k;
    json_t *record = NULL;
    int rc = cli_bucket_name(cli, cli->words[0], &name, err);
    if (!rc)
        rc = cli_ledger(cli, &ledger, err);
    if (!rc)
        rc = ledger_record(ledger, key_bucket(&k, name), 0, &bucket_info__descriptor, &cli->arena, &bucket, NULL, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? err_set(err, CODE_BUCKET_NOT_FOUND, "bucket %s does not exist", name) : rc;
    rc = ledger_record(ledger, key_read_quota(&k, bucket->id), 0, &read_quota__descriptor, &cli->arena, &quota, NULL,
                       err);
    if (!rc)
        rc = json_from_pb(quota, &record, err);
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    return cli_print(cli,
                     json_pack("{s:s, s:s, s:s, s:o*}", "bucket", name, "quota", cli_u64(cli, bucket->read_quota),
                               "free_once", cli_u64(cli, bucket->free_read_once), "flow", record),
                     err);
}

int cmd_payment_quote(struct cli *cli, struct err *err) {
    if (cli_has(cli, "--read-quota"))
        return quote_quota(cli, err);
    QuoteAnswer *answer;
    uint64_t size = 0, price = 0, term = 0, segment = 0;
    const char *profile = cli_value(cli, "--profile");
    int rc = size_parse(cli->words[0], &size, err);
    if (!rc)
        rc = cli_duration(cli, "--term", 0, &term, err);
    if (!rc)
        rc = cli_size(cli, "--segment-size", 0, &segment, err);
    if (!rc)
        rc = quote_price(cli, &price, err);
    if (!rc)
        rc = cli_ask(cli, "/storage/quote", &quote_answer__descriptor, &answer, err, "payload_size", cli_u64(cli, size),
                     "profile", profile ? profile : "ec:4+2+w", "segment_size", segment ? cli_u64(cli, segment) : "",
                     "price", cli_u64(cli, price), "term", term ? cli_u64(cli, term) : "", NULL);
    if (rc)
        return rc;
    return cli_print(cli,
                     json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "size", cli_u64(cli, size), "billed_bytes",
                               cli_u64(cli, answer->billed_bytes), "price", cli_u64(cli, price), "locked",
                               money_text(answer->locked).s, "locked_pebble", cli_u64(cli, answer->locked), "per_day",
                               money_text(answer->per_day).s, "per_day_pebble", cli_u64(cli, answer->per_day)),
                     err);
}

int cmd_payment_deposit(struct cli *cli, struct err *err) {
    MsgDeposit message = MSG_DEPOSIT__INIT;
    struct addr to;
    int rc = money_parse(cli->words[0], &message.amount, err);
    if (!rc)
        rc = cli_payer(cli, cli_value(cli, "--account"), &to, err);
    if (rc)
        return rc;
    message.payment_address = pb_data(addr_bytes(&to));
    return cli_act(cli, &message.base, err);
}

/* From a payment account to its owner, or with --sp a provider's income to its funding account. */
int cmd_payment_withdraw(struct cli *cli, struct err *err) {
    MsgWithdraw message = MSG_WITHDRAW__INIT;
    struct addr from;
    uint64_t sp = 0;
    int rc = money_parse(cli->words[0], &message.amount, err);
    if (!rc)
        rc = cli_number(cli, "--sp", 0, UINT32_MAX, &sp, err);
    if (!rc && sp && cli_value(cli, "--account"))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "--sp and --account: one of them");
    if (!rc && !sp)
        rc = cli_payer(cli, cli_value(cli, "--account"), &from, err);
    if (rc)
        return rc;
    message.sp_id = (uint32_t)sp;
    if (!sp)
        message.payment_address = pb_data(addr_bytes(&from));
    return cli_act(cli, &message.base, err);
}

int cmd_payment_create(struct cli *cli, struct err *err) {
    MsgCreatePaymentAccount message = MSG_CREATE_PAYMENT_ACCOUNT__INIT;
    TxStatus *status;
    struct addr creator, made;
    char text[ADDR_TEXT_MAX];
    int rc = cli_address(cli, &creator, err);
    if (!rc)
        rc = cli_act_status(cli, &message.base, &status, err);
    if (rc || !status->result || !status->result->n_ids)
        return rc ? rc : cli_print(cli, cli_tx_json(status), err);
    made = addr_of_payment(&creator, (uint32_t)status->result->ids[0]);
    addr_to_text(&made, text);
    return cli_print(cli, json_pack("{s:s, s:I}", "payment_account", text, "index", (json_int_t)status->result->ids[0]),
                     err);
}

static json_t *account_row(struct cli *cli, const PaymentAccount *a) {
    struct addr addr;
    char text[ADDR_TEXT_MAX] = "";
    if (addr_from(pb_bytes(a->address), &addr))
        addr_to_text(&addr, text);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "index", cli_u64(cli, a->index), "address", text,
                     "status", a->status == PAYMENT_STATUS_FROZEN ? "frozen" : "active", "balance",
                     money_text(a->balance).s, "reserve", money_text(a->reserve).s, "locked", money_text(a->locked).s,
                     "withdrawing", money_text(a->withdrawing).s, "non_refundable", a->non_refundable);
}

int cmd_payment_list(struct cli *cli, struct err *err) {
    static const char *const columns[] = {"index",   "address", "status",      "balance",
                                          "reserve", "locked",  "withdrawing", NULL};
    PaymentAccountsAnswer *page;
    struct addr owner;
    uint32_t start = 0;
    char text[ADDR_TEXT_MAX];
    int rc = cli->word_count ? cli_parse_address(cli, cli->words[0], &owner, err) : cli_address(cli, &owner, err);
    if (rc)
        return rc;
    addr_to_text(&owner, text);
    json_t *rows = json_array();
    do {
        rc = cli_ask(cli, "/payment/accounts", &payment_accounts_answer__descriptor, &page, err, "owner", text, "start",
                     cli_u64(cli, start), NULL);
        for (size_t i = 0; !rc && i < page->n_accounts; i++)
            json_array_append_new(rows, account_row(cli, page->accounts[i]));
        start = rc ? 0 : page->next;
    } while (start);
    return cli_print_rows(cli, rc, rows, columns, err);
}

int cmd_payment_no_refund(struct cli *cli, struct err *err) {
    MsgDisableRefund message = MSG_DISABLE_REFUND__INIT;
    struct addr account;
    int rc = cli->yes ? CODE_OK
                      : err_set(err, CODE_INVALID_ARGUMENT,
                                "nothing could ever be withdrawn from the account again: say --yes");
    if (!rc)
        rc = cli_payer(cli, cli->words[0], &account, err);
    if (rc)
        return rc;
    message.payment_address = pb_data(addr_bytes(&account));
    return cli_act(cli, &message.base, err);
}
