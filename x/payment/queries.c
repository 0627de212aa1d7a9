/* SPDX-License-Identifier: Apache-2.0 */
#include "x/payment/queries.h"

#include "cairn/state.h"
#include "chain/crypto/address.h"
#include "chain/types/keys_payment.h"
#include "x/auth/account.h"
#include "x/payment/account.h"
#include "x/payment/channel.h"
#include "x/payment/quota.h"
#include "x/payment/territory.h"

#include <string.h>

static int query_account(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx;
    struct addr addr;
    int rc = addr_need(((const AddressQuery *)question)->address, "address", &addr, err);
    if (rc == CODE_OK)
        key_payment_account(ret, &addr);
    return rc;
}

/* The same, as it is at the newest block: what has been owed since the last settlement is paid. */
static int query_settled(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    struct addr addr;
    int rc = addr_need(((const AddressQuery *)question)->address, "address", &addr, err);
    return rc ? rc : payment_open(ctx, &addr, false, (PaymentAccount **)ret_answer, err);
}

/* The account under the owner's own address has index 0 and is there once somebody deposited to it. */
static int query_accounts(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const PaymentAccountsQuery *q = question;
    PaymentAccountsAnswer *answer = CTX_NEW(ctx, PaymentAccountsAnswer);
    payment_accounts_answer__init(answer);
    size_t limit = query_limit(q->limit);
    struct addr owner;
    Account *account = NULL;
    int rc = addr_need(q->owner, "owner", &owner, err);
    if (rc == CODE_OK)
        rc = account_get(ctx, &owner, &account, err);
    if (rc)
        return rc;
    answer->accounts = ctx_array(ctx, limit, sizeof(PaymentAccount *));
    for (uint64_t i = q->start; i <= account->payment_accounts; i++) {
        struct addr addr = i ? addr_of_payment(&owner, (uint32_t)i) : owner;
        if (ctx_page_full(ctx, answer->n_accounts, limit)) {
            answer->next = (uint32_t)i;
            break;
        }
        rc = payment_get(ctx, &addr, &answer->accounts[answer->n_accounts], err);
        if (rc == CODE_OK)
            answer->n_accounts++;
        else if (rc != CODE_PAYMENT_ACCOUNT_NOT_FOUND)
            return rc;
    }
    *(PaymentAccountsAnswer **)ret_answer = answer;
    return CODE_OK;
}

static int query_quota(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)err;
    key_read_quota(ret, ((const IdQuery *)question)->id);
    return CODE_OK;
}

static int query_quota_quote(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    return quota_quote(ctx, question, ret_answer, err);
}

static int query_channel(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)err;
    key_channel(ret, ((const IdQuery *)question)->id);
    return CODE_OK;
}

struct channel_page {
    ChannelsAnswer *answer;
    size_t limit;
};

/* rest: id. */
static int add_channel(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct channel_page *page = arg;
    ChannelsAnswer *a = page->answer;
    (void)value, (void)msg;
    if (ctx_page_full(ctx, a->n_channels, page->limit)) {
        a->next = a->channels[a->n_channels - 1]->id;
        return RECORD_STOP;
    }
    return channel_get(ctx, load_be64(rest.data), &a->channels[a->n_channels++], err);
}

static int query_channels(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const ChannelsQuery *q = question;
    struct channel_page page = {.limit = query_limit(q->limit)};
    struct key prefix, after;
    struct addr addr;
    bool of_payer = q->payer.len != 0;
    if (of_payer == (q->payee.len != 0))
        return err_set(err, CODE_INVALID_ARGUMENT, "give a payer or a payee");
    int rc = addr_need(of_payer ? q->payer : q->payee, of_payer ? "payer" : "payee", &addr, err);
    if (rc)
        return rc;
    page.answer = CTX_NEW(ctx, ChannelsAnswer);
    channels_answer__init(page.answer);
    page.answer->channels = ctx_array(ctx, page.limit, sizeof(Channel *));
    if (of_payer) {
        key_payer_channels(&prefix, &addr);
        key_payer_channel(&after, &addr, q->start_after);
    } else {
        key_payee_channels(&prefix, &addr);
        key_payee_channel(&after, &addr, q->start_after);
    }
    rc = record_each(ctx, key_bytes(&prefix), q->start_after ? key_bytes(&after) : BYTES_NONE, 0, NULL, add_channel,
                     &page, err);
    if (rc == CODE_OK)
        *(ChannelsAnswer **)ret_answer = page.answer;
    return rc;
}

/* --- territories --- */

static int query_territory(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)err;
    key_territory(ret, ((const IdQuery *)question)->id);
    return CODE_OK;
}

static int query_totals(struct ctx *ctx, const void *question, struct key *ret, struct err *err) {
    (void)ctx, (void)question, (void)err;
    key_territory_totals(ret);
    return CODE_OK;
}

static int query_use(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    return territory_use(ctx, ((const IdQuery *)question)->id, ret_answer, err);
}

struct territory_page {
    TerritoriesAnswer *answer;
    size_t limit;
    bool by_name;
};

/* rest: an id, or a name whose value is one. */
static int add_territory(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                         struct err *err) {
    struct territory_page *page = arg;
    TerritoriesAnswer *a = page->answer;
    (void)msg;
    a->more = ctx_page_full(ctx, a->n_territories, page->limit);
    if (a->more)
        return RECORD_STOP;
    return territory_get(ctx, load_be64(page->by_name ? value.data : rest.data), &a->territories[a->n_territories++],
                         err);
}

static int query_territories(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const TerritoriesQuery *q = question;
    struct territory_page page = {.limit = query_limit(q->limit), .by_name = q->owner.len != 0};
    struct key prefix, after;
    struct addr owner;
    bool first;
    int rc = page.by_name ? addr_need(q->owner, "owner", &owner, err) : CODE_OK;
    if (rc)
        return rc;
    page.answer = CTX_NEW(ctx, TerritoriesAnswer);
    territories_answer__init(page.answer);
    page.answer->territories = ctx_array(ctx, page.limit, sizeof(Territory *));
    if (page.by_name) {
        key_territory_name(&prefix, &owner, "");
        key_territory_name(&after, &owner, q->start_after);
        first = q->start_after[0] == 0;
    } else {
        key_territory_offers(&prefix);
        key_territory_offer(&after, q->start_after_id);
        first = q->start_after_id == 0;
    }
    rc = record_each(ctx, key_bytes(&prefix), first ? BYTES_NONE : key_bytes(&after), 0, NULL, add_territory, &page,
                     err);
    if (rc == CODE_OK)
        *(TerritoriesAnswer **)ret_answer = page.answer;
    return rc;
}

enum { ENDS_CURSOR_LEN = 16 }; /* due time, id */

struct ends_page {
    TerritoryEndsAnswer *answer;
    size_t limit, seen;
    uint64_t until;
    uint8_t last[ENDS_CURSOR_LEN];
};

/* rest: due time, id. What has ended already is on its way out and ends no more, but counts as seen: a page is bounded
 * work. */
static int add_ending(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct ends_page *page = arg;
    TerritoryEndsAnswer *a = page->answer;
    Territory *t;
    (void)value, (void)msg;
    if (load_be64(rest.data) >= page->until)
        return RECORD_STOP;
    if (ctx_page_full(ctx, page->seen, page->limit)) {
        a->next_cursor = ctx_data(ctx, bytes_of(page->last, sizeof page->last));
        return RECORD_STOP;
    }
    page->seen++;
    memcpy(page->last, rest.data, sizeof page->last);
    int rc = territory_get(ctx, load_be64(rest.data + 8), &t, err);
    if (rc == CODE_OK && t->status != TERRITORY_STATUS_EXPIRED)
        a->territories[a->n_territories++] = t;
    return rc;
}

static int query_territory_ends(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const TerritoryEndsQuery *q = question;
    struct ends_page page = {.limit = query_limit(q->limit), .until = q->until ? q->until : UINT64_MAX};
    uint64_t from = q->from ? q->from : ctx->time;
    struct key prefix, after;
    if (q->cursor.len && q->cursor.len != ENDS_CURSOR_LEN)
        return err_set(err, CODE_INVALID_ARGUMENT, "the cursor is not one that a list gave");
    page.answer = CTX_NEW(ctx, TerritoryEndsAnswer);
    territory_ends_answer__init(page.answer);
    page.answer->territories = ctx_array(ctx, page.limit, sizeof(Territory *));
    if (q->cursor.len) /* ids begin at 1: behind number 0 is the first of its time */
        key_territory_due(&after, load_be64(q->cursor.data), load_be64(q->cursor.data + 8));
    else
        key_territory_due(&after, from, 0);
    int rc = record_each(ctx, key_territory_dues(&prefix), key_bytes(&after), 0, NULL, add_ending, &page, err);
    if (rc == CODE_OK)
        *(TerritoryEndsAnswer **)ret_answer = page.answer;
    return rc;
}

static int query_territory_quote(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const TerritoryQuoteQuery *q = question;
    TerritoryQuoteAnswer *a = CTX_NEW(ctx, TerritoryQuoteAnswer);
    Territory *t = NULL;
    uint64_t frozen = ctx->params->payment->territory_frozen_ms;
    territory_quote_answer__init(a);
    int rc = q->territory_id ? territory_get(ctx, q->territory_id, &t, err) : CODE_OK;
    if (rc == CODE_OK && (!t || q->capacity == 0))
        rc = territory_check_term(ctx, q->term, err);
    if (rc)
        return rc;
    if (!t || t->status == TERRITORY_STATUS_EXPIRED) {
        rc = territory_cost_mint(ctx, t ? t->capacity : q->capacity, q->term, &a->cost, err);
        a->price = ctx->params->payment->territory_price;
        a->ends_at = ctx->time + q->term + frozen;
    } else {
        rc = q->capacity ? territory_cost_expand(ctx, t, q->capacity, &a->cost, err)
                         : territory_cost_renew(ctx, t, q->term, &a->cost, err);
        a->price = t->price;
        a->ends_at = t->ends_at + (q->capacity ? 0 : q->term);
    }
    if (rc == CODE_OK)
        *(TerritoryQuoteAnswer **)ret_answer = a;
    return rc;
}

const struct query payment_queries[PAYMENT_QUERIES] = {
    {.path = "/payment/account",
     .help = "a payment account's record, as it was when something touched it last: address",
     .question = &address_query__descriptor,
     .answer = &payment_account__descriptor,
     .key = query_account},
    {.path = "/payment/balance",
     .help = "a payment account with everything paid that is owed by now: address",
     .question = &address_query__descriptor,
     .answer = &payment_account__descriptor,
     .run = query_settled},
    {.path = "/payment/accounts",
     .help = "the payment accounts of an owner by index, as something touched them last: owner, start, limit",
     .question = &payment_accounts_query__descriptor,
     .answer = &payment_accounts_answer__descriptor,
     .run = query_accounts},
    {.path = "/payment/read_quota",
     .help = "what a bucket pays for being read: id of the bucket",
     .question = &id_query__descriptor,
     .answer = &read_quota__descriptor,
     .key = query_quota},
    {.path = "/payment/quote_quota",
     .help = "what a read quota would cost: sp_id, quota, bucket_id (of one that is there), payment_address (who pays)",
     .question = &read_quota_quote_query__descriptor,
     .answer = &read_quota_quote_answer__descriptor,
     .run = query_quota_quote},
    {.path = "/payment/channel",
     .help = "a channel's record: id",
     .question = &id_query__descriptor,
     .answer = &channel__descriptor,
     .key = query_channel},
    {.path = "/payment/channels",
     .help = "channels of one payer, or to one payee: payer or payee, start_after, limit",
     .question = &channels_query__descriptor,
     .answer = &channels_answer__descriptor,
     .run = query_channels},
    {.path = "/payment/territory",
     .help = "a territory's record: id",
     .question = &id_query__descriptor,
     .answer = &territory__descriptor,
     .key = query_territory},
    {.path = "/payment/territory_use",
     .help = "a territory with what is charged to it: id",
     .question = &id_query__descriptor,
     .answer = &territory_use_answer__descriptor,
     .run = query_use},
    {.path = "/payment/territories",
     .help = "territories of an owner, or without an owner those for sale: owner, start_after, start_after_id, limit",
     .question = &territories_query__descriptor,
     .answer = &territories_answer__descriptor,
     .run = query_territories},
    {.path = "/payment/territory_ends",
     .help = "territories that freeze or end, the next first: from and until (ledger time), cursor, limit",
     .question = &territory_ends_query__descriptor,
     .answer = &territory_ends_answer__descriptor,
     .run = query_territory_ends},
    {.path = "/payment/territory_totals",
     .help = "how many territories there are, and their capacity",
     .question = &empty_query__descriptor,
     .answer = &territory_totals__descriptor,
     .key = query_totals},
    {.path = "/payment/quote_territory",
     .help = "what a territory would cost: capacity and term; or territory_id with capacity (more) or term (more)",
     .question = &territory_quote_query__descriptor,
     .answer = &territory_quote_answer__descriptor,
     .run = query_territory_quote},
};
