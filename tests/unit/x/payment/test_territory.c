/* SPDX-License-Identifier: Apache-2.0 */
/* Territories: what they cost, what may be charged to them, how they end, how they are sold. */
#include "tests/lib/ledger/deal.h"

#include "chain/base/rng.h"
#include "chain/codec/bech32.h"
#include "chain/types/keys_payment.h"
#include "x/payment/payment.h"

#define HOUR  ((uint64_t)3600000)
#define DAY   (24 * HOUR)
#define CAIRN PEBBLE_PER_CAIRN

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "bob", 1000 * CAIRN);
    fixture_account(&f, "carol", 1000);
    f.params.auth.fee_per_byte = f.params.auth.fee_per_message = 0; /* balances to the pebble */
    f.params.consensus.development = true;
    f.params.consensus.time_scale = 400; /* a block is a quarter of an hour */
    f.params.storage.create_ttl_ms = f.params.storage.grace_ms = f.params.storage.discontinue_grace_ms = DAY;
    f.params.payment.reserve_time_ms = 7 * DAY;
    f.params.payment.frozen_time_ms = 5 * DAY;
    f.params.payment.channel_redeem_ms = DAY;
    f.params.payment.settle_interval_ms = DAY;
    f.params.payment.territory_price = (uint64_t)1 << 40; /* the providers ask a 128th of it */
    f.params.payment.territory_bytes_min = 1000;
    f.params.payment.territory_bytes_max = 100 * MIB;
    f.params.payment.territory_term_min_ms = DAY;
    f.params.payment.territory_term_max_ms = 100 * DAY;
    f.params.payment.territory_frozen_ms = 7 * DAY;
    f.params.payment.territory_kept_ms = 10 * DAY;
    f.params.payment.territories_per_owner = 3;
    f.params.payment.territory_consign_ms = DAY;
    f.sp_price = (uint64_t)1 << 39;
    f.step_ms = 2000;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:1", 64 * KIB, 100000);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static uint64_t now(void) {
    return fixture_ledger_time(&f);
}

static int mint(const char *who, const char *name, uint64_t capacity, uint64_t term) {
    MsgMintTerritory m = MSG_MINT_TERRITORY__INIT;
    m.name = arena_strdup(&f.tx_arena, name);
    m.capacity = capacity;
    m.term = term;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static int expand(const char *who, uint64_t id, uint64_t bytes) {
    MsgExpandTerritory m = MSG_EXPAND_TERRITORY__INIT;
    m.territory_id = id;
    m.bytes_more = bytes;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static int renew(const char *who, uint64_t id, uint64_t term) {
    MsgRenewTerritory m = MSG_RENEW_TERRITORY__INIT;
    m.territory_id = id;
    m.term = term;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static int reactivate(const char *who, uint64_t id, uint64_t term) {
    MsgReactivateTerritory m = MSG_REACTIVATE_TERRITORY__INIT;
    m.territory_id = id;
    m.term = term;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static int consign(const char *who, uint64_t id, uint64_t asked, const char *buyer) {
    MsgConsignTerritory m = MSG_CONSIGN_TERRITORY__INIT;
    m.territory_id = id;
    m.asked = asked;
    if (buyer)
        m.buyer = fixture_addr_data(&f, buyer);
    return (int)fixture_do(&f, who, &m.base)->code;
}

static int buy(const char *who, uint64_t id, uint64_t asked, const char *name) {
    MsgBuyTerritory m = MSG_BUY_TERRITORY__INIT;
    m.territory_id = id;
    m.asked = asked;
    m.name = arena_strdup(&f.tx_arena, name);
    return (int)fixture_do(&f, who, &m.base)->code;
}

static int cancel(const char *who, uint64_t id) {
    MsgCancelConsignment m = MSG_CANCEL_CONSIGNMENT__INIT;
    m.territory_id = id;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static const Territory *record(uint64_t id) {
    struct key k;
    return fixture_record(&f, key_territory(&k, id), &territory__descriptor);
}

static const TerritoryUseAnswer *use_of(const char *id) {
    return fixture_query(&f, "/payment/territory_use", "id", id, NULL);
}

static const char *number(uint64_t v) {
    return arena_printf(&f.tx_arena, "%llu", (unsigned long long)v);
}

static uint64_t quote(uint64_t id, uint64_t capacity, uint64_t term) {
    const TerritoryQuoteAnswer *a = fixture_query(&f, "/payment/quote_territory", "territory_id", number(id),
                                                  "capacity", number(capacity), "term", number(term), NULL);
    return a->cost;
}

/* A bucket charged to a territory. */
static int bucket(uint64_t id) {
    struct bucket_try t;
    const Territory *terr = record(id);
    deal_bucket_try(&d, &t);
    t.spec.payment_address = fixture_data(&f, terr->payment_address.data, terr->payment_address.len);
    return (int)deal_bucket_send(&d, &t, d.owner)->code;
}

static int object(uint64_t size, uint64_t max_price) {
    struct object_try t;
    deal_object_try(&d, &t);
    t.spec.payload_size = size;
    t.spec.max_price = max_price;
    d.size = size;
    return (int)deal_object_send(&d, &t, d.owner)->code;
}

#define WHOLE ((uint64_t)1 << 40)

static void sealed_in(uint64_t capacity, uint64_t term) {
    assert_code(mint("alice", "attic", capacity, term), CODE_OK);
    assert_code(bucket(1), CODE_OK);
    deal_must_group(&d);
    deal_must_create(&d);
    deal_must_seal(&d);
}

/* cess.md §8 row 156: the price is told before, and is what is charged. */
static void cess_8_156__mint_costs_what_the_quote_says(void **state) {
    (void)state;
    uint64_t cost = quote(0, 1000000, 30 * DAY), expected;
    assert_code(payment_charge((u128)1000000 << 40, 37 * DAY, &expected, NULL), CODE_OK);
    assert_int_equal(cost, expected);
    assert_code(mint("alice", "attic", 1000000, 30 * DAY), CODE_OK);
    assert_int_equal(fixture_balance(&f, "alice"), 1000 * CAIRN - cost);
    const Territory *t = record(1);
    assert_int_equal(t->capacity, 1000000);
    assert_int_equal(t->deadline, now() + 30 * DAY);
    assert_int_equal(t->ends_at, now() + 37 * DAY);
    assert_int_equal(t->status, TERRITORY_STATUS_ACTIVE);
    assert_int_equal(use_of("1")->pot, cost);
    assert_code(mint("alice", "attic", 1000000, 30 * DAY), CODE_TERRITORY_EXISTS);
    assert_code(mint("bob", "attic", 1000000, 30 * DAY), CODE_OK);
}

static void mint__every_bound(void **state) {
    (void)state;
    struct app_admission admission;
    MsgMintTerritory m = MSG_MINT_TERRITORY__INIT;
    m.name = arena_strdup(&f.tx_arena, "attic");
    m.capacity = 999;
    m.term = DAY;
    Msg *small[] = {fixture_msg(&f, "alice", &m.base)};
    assert_code(fixture_check(&f, fixture_tx(&f, "alice", 0, small, 1), &admission, NULL), CODE_TERRITORY_SIZE);
    m.capacity = 100 * MIB + 1;
    m.creator = (ProtobufCBinaryData){0, NULL};
    Msg *large[] = {fixture_msg(&f, "alice", &m.base)};
    assert_code(fixture_check(&f, fixture_tx(&f, "alice", 0, large, 1), &admission, NULL), CODE_TERRITORY_SIZE);
    m.capacity = 1000;
    m.name = arena_strdup(&f.tx_arena, "");
    m.creator = (ProtobufCBinaryData){0, NULL};
    Msg *nameless[] = {fixture_msg(&f, "alice", &m.base)};
    assert_code(fixture_check(&f, fixture_tx(&f, "alice", 0, nameless, 1), &admission, NULL), CODE_TERRITORY_NAME);
    assert_code(mint("alice", "a", 1000, DAY - 1), CODE_TERRITORY_TERM);
    assert_code(mint("alice", "a", 1000, 100 * DAY + 1), CODE_TERRITORY_TERM);
    assert_code(mint("alice", "a", 1000, UINT64_MAX), CODE_TERRITORY_TERM);
    assert_code(mint("carol", "a", 100 * MIB, 100 * DAY), CODE_INSUFFICIENT_FUNDS);
    assert_code(mint("alice", "a", 1000, DAY), CODE_OK);
    assert_code(mint("alice", "b", 1000, 100 * DAY), CODE_OK);
    assert_code(mint("alice", "c", 1000, DAY), CODE_OK);
    assert_code(mint("alice", "d", 1000, DAY), CODE_TERRITORY_LIMIT);
    const TerritoryTotals *all = fixture_query(&f, "/payment/territory_totals", NULL);
    assert_int_equal(all->territories, 3); /* cess.md §8 row 168: what the network sold */
    assert_int_equal(all->capacity, 3000);
    assert_code(expand("alice", 1, 100 * MIB), CODE_TERRITORY_SIZE); /* of all together */
}

/* cess.md §8 row 157: the same unit price for the time that is left. */
static void cess_8_157__expand_is_charged_pro_rata(void **state) {
    (void)state;
    assert_code(mint("alice", "attic", 1000000, 30 * DAY), CODE_OK);
    fixture_skip(&f, 10 * DAY);
    uint64_t before = fixture_balance(&f, "bob"), left;
    assert_code(expand("bob", 1, 500000), CODE_OK); /* a third party pays: row 164 */
    assert_code(payment_charge((u128)500000 << 40, record(1)->ends_at - now(), &left, NULL), CODE_OK);
    assert_int_equal(before - fixture_balance(&f, "bob"), left);
    assert_int_equal(record(1)->capacity, 1500000);
    assert_code(expand("alice", 2, 1), CODE_TERRITORY_NOT_FOUND);
    assert_code(expand("carol", 1, 10 * MIB), CODE_INSUFFICIENT_FUNDS);
}

/* cess.md §8 row 158: also while it is frozen. */
static void cess_8_158__renew_also_in_grace(void **state) {
    (void)state;
    sealed_in(1000000, 2 * DAY);
    uint64_t deadline = record(1)->deadline;
    fixture_skip(&f, 3 * DAY);
    assert_int_equal(record(1)->status, TERRITORY_STATUS_FROZEN);
    assert_non_null(deal_object(&d)); /* what is there stays and is paid */
    uint64_t income = deal_sp(&f, 1)->income;
    assert_true(income > 0);
    d.object = "b.jpg";
    assert_code(object(1000, d.price), CODE_TERRITORY_STATUS); /* nothing new */
    assert_code(renew("alice", 1, 101 * DAY), CODE_TERRITORY_TERM);
    uint64_t cost = quote(1, 0, 20 * DAY), before = fixture_balance(&f, "bob"), expected;
    assert_code(payment_charge((u128)1000000 << 40, 20 * DAY, &expected, NULL), CODE_OK);
    assert_int_equal(cost, expected);
    assert_code(renew("bob", 1, 20 * DAY), CODE_OK);
    assert_int_equal(before - fixture_balance(&f, "bob"), cost);
    assert_int_equal(record(1)->deadline, deadline + 20 * DAY);
    assert_int_equal(record(1)->status, TERRITORY_STATUS_ACTIVE);
    assert_code(object(1000, d.price), CODE_OK);
    assert_code(renew("alice", 1, 99 * DAY), CODE_TERRITORY_TERM); /* further ahead than may be */
}

/* cess.md §8 rows 159 and 166: frozen, expired, emptied, the rest of the pot back; then anew at the same price rule. */
static void cess_8_159__expires_refunds_and_is_reactivated(void **state) {
    (void)state;
    sealed_in(1000000, 2 * DAY);
    uint64_t pot = use_of("1")->pot, alice = fixture_balance(&f, "alice");
    assert_code(reactivate("alice", 1, 2 * DAY), CODE_TERRITORY_STATUS);
    fixture_skip(&f, 9 * DAY + 2 * HOUR);
    assert_int_equal(record(1)->status, TERRITORY_STATUS_EXPIRED);
    assert_null(deal_object(&d));
    uint64_t income = deal_sp(&f, 1)->income, refund = fixture_balance(&f, "alice") - alice;
    assert_in_range(income + refund, pot - 2, pot);
    assert_true(income > 0 && refund > 0);
    assert_int_equal(use_of("1")->pot, 0);
    assert_code(renew("alice", 1, 2 * DAY), CODE_TERRITORY_STATUS);
    assert_code(expand("alice", 1, 1), CODE_TERRITORY_STATUS);
    uint64_t cost = quote(1, 0, 2 * DAY), before = fixture_balance(&f, "alice");
    assert_int_equal(cost, quote(0, 1000000, 2 * DAY));
    assert_code(reactivate("alice", 1, 2 * DAY), CODE_OK);
    assert_int_equal(before - fixture_balance(&f, "alice"), cost);
    assert_int_equal(record(1)->status, TERRITORY_STATUS_ACTIVE);
    deal_must_create(&d); /* the bucket is charged to it still */
    deal_must_seal(&d);
    fixture_skip(&f, 20 * DAY);
    assert_null(record(1)); /* forgotten */
    const TerritoryTotals *all = fixture_query(&f, "/payment/territory_totals", NULL);
    assert_int_equal(all->territories, 0);
    assert_code(mint("alice", "attic", 1000, DAY), CODE_OK); /* the name is free */
}

static void cess_9_5_3__an_exact_fit_fits(void **state) {
    (void)state;
    assert_code(mint("alice", "attic", 200000, 30 * DAY), CODE_OK);
    d.price = WHOLE; /* at the territory's price, capacity is bytes */
    assert_code(bucket(1), CODE_OK);
    deal_must_group(&d);
    assert_code(object(200001, WHOLE), CODE_TERRITORY_FULL);
    assert_code(object(200000, WHOLE + WHOLE / 1000), CODE_TERRITORY_FULL);
    assert_code(object(200000, WHOLE), CODE_OK); /* an exact fit fits */
    assert_int_equal(use_of("1")->reserved, 200000);
    const ObjectInfo *o = deal_object(&d);
    assert_true(o->locked_balance > 0);
    d.object_id = o->id;
    d.max_price = WHOLE;
    deal_must_seal(&d);
    assert_int_equal(use_of("1")->used, 200000);
    assert_int_equal(use_of("1")->reserved, 0);
    d.object = "b.jpg";
    assert_code(object(1, WHOLE), CODE_TERRITORY_FULL);
    assert_code(expand("alice", 1, 1), CODE_OK);
    assert_code(object(1, WHOLE), CODE_OK);
    assert_null(deal_payer(&d)); /* alice has no other payment account */
    uint64_t before = deal_sp(&f, 1)->income;
    fixture_skip(&f, 10 * DAY);
    assert_true(deal_sp(&f, 1)->income > before);
    assert_true(fixture_ledger_time(&f) < record(1)->deadline);
}

static void bucket__only_its_owner_charges_to_it_and_nobody_withdraws(void **state) {
    (void)state;
    assert_code(mint("bob", "attic", 200000, 30 * DAY), CODE_OK);
    assert_code(bucket(1), CODE_PAYMENT_OWNER);
    MsgWithdraw out = MSG_WITHDRAW__INIT;
    out.payment_address = fixture_data(&f, record(1)->payment_address.data, 20);
    out.amount = 1;
    assert_code((int)fixture_do(&f, "bob", &out.base)->code, CODE_PAYMENT_NO_REFUND);
    struct bucket_try t;
    d.owner = "bob";
    deal_bucket_try(&d, &t);
    t.spec.payment_address = fixture_data(&f, record(1)->payment_address.data, 20);
    assert_code((int)deal_bucket_send(&d, &t, "bob")->code, CODE_OK);
}

/* cess.md §8 row 163: given to somebody without a price. */
static void cess_8_163__a_territory_is_given_away(void **state) {
    (void)state;
    assert_code(mint("alice", "attic", 1000, 30 * DAY), CODE_OK);
    assert_code(consign("alice", 1, 0, "bob"), CODE_OK);
    assert_code(buy("bob", 1, 0, "gift"), CODE_OK);
    assert_string_equal(record(1)->name, "gift");
}

static int mint_for(const char *who, const char *name, const char *other, uint64_t term) {
    MsgMintTerritory m = MSG_MINT_TERRITORY__INIT;
    m.name = arena_strdup(&f.tx_arena, name);
    m.capacity = 1000;
    m.term = term;
    m.owner = fixture_addr_data(&f, other);
    return (int)fixture_do(&f, who, &m.base)->code;
}

/* One for somebody else waits until that account takes it: nobody can fill up what others may own. */
static void mint__for_another_waits_for_its_consent(void **state) {
    (void)state;
    struct addr alice = fixture_addr("alice");
    for (int i = 0; i < 3; i++)
        assert_code(mint_for("alice", arena_printf(&f.tx_arena, "gift%d", i), "bob", 30 * DAY), CODE_OK);
    assert_code(mint_for("alice", "gift3", "bob", 30 * DAY), CODE_TERRITORY_LIMIT); /* hers, until he takes them */
    assert_memory_equal(record(1)->owner.data, alice.b, sizeof alice.b);
    assert_true(record(1)->consigned);
    assert_code(mint("bob", "gift0", 1000, 30 * DAY), CODE_OK); /* the name is free, and so is the room */
    assert_code(buy("carol", 1, 0, "mine"), CODE_TERRITORY_OFFER);
    assert_code(buy("bob", 1, 0, "gift0"), CODE_TERRITORY_EXISTS);
    assert_code(buy("bob", 1, 0, "mine"), CODE_OK);
    assert_code(cancel("alice", 2), CODE_OK); /* she may think better of it */
    assert_code(buy("bob", 2, 0, "more"), CODE_TERRITORY_OFFER);
    assert_code(mint_for("alice", "self", "alice", 30 * DAY), CODE_OK);
    assert_false(record(5)->consigned);
}

/* A purse that was closed is nobody's: what is sent there could never leave again. */
static void deposit__not_to_a_purse_that_is_closed(void **state) {
    (void)state;
    MsgDeposit m = MSG_DEPOSIT__INIT;
    assert_code(mint("alice", "attic", 1000, 30 * DAY), CODE_OK);
    m.payment_address = fixture_data(&f, record(1)->payment_address.data, record(1)->payment_address.len);
    m.amount = CAIRN;
    assert_code((int)fixture_do(&f, "bob", &m.base)->code, CODE_OK);
    uint8_t before[20];
    memcpy(before, record(1)->payment_address.data, sizeof before);
    assert_code(consign("alice", 1, 0, "bob"), CODE_OK);
    assert_code(buy("bob", 1, 0, "gift"), CODE_OK); /* another owner, another purse */
    m = (MsgDeposit)MSG_DEPOSIT__INIT;
    m.payment_address = fixture_data(&f, before, sizeof before);
    m.amount = CAIRN;
    assert_code((int)fixture_do(&f, "carol", &m.base)->code, CODE_PAYMENT_ACCOUNT_NOT_FOUND);
}

/* Refused where it is asked for, not when everything has been uploaded. */
static void object__with_a_term_is_refused_at_once(void **state) {
    (void)state;
    struct object_try t;
    assert_code(mint("alice", "attic", 400000, 30 * DAY), CODE_OK);
    assert_code(bucket(1), CODE_OK);
    deal_object_try(&d, &t);
    t.spec.term = 10 * DAY;
    assert_code((int)deal_object_send(&d, &t, d.owner)->code, CODE_TERM);
    deal_object_try(&d, &t);
    assert_code((int)deal_object_send(&d, &t, d.owner)->code, CODE_OK);
}

/* cess.md §8 rows 160 and 167. */
static void cess_8_160__consign_only_what_is_empty_and_has_time_left(void **state) {
    (void)state;
    sealed_in(1000000, 30 * DAY);
    assert_code(consign("bob", 1, 5, NULL), CODE_TERRITORY_OWNER);
    assert_code(consign("alice", 2, 5, NULL), CODE_TERRITORY_NOT_FOUND);
    assert_code(consign("alice", 1, 5, NULL), CODE_TERRITORY_USED);
    MsgDeleteObject del = MSG_DELETE_OBJECT__INIT;
    del.bucket_name = arena_strdup(&f.tx_arena, d.bucket);
    del.object_name = arena_strdup(&f.tx_arena, d.object);
    assert_code((int)fixture_do(&f, "alice", &del.base)->code, CODE_OK);
    assert_code(consign("alice", 1, 5, NULL), CODE_OK);
    const TerritoriesAnswer *offers = fixture_query(&f, "/payment/territories", NULL);
    assert_int_equal(offers->n_territories, 1);
    assert_int_equal(offers->territories[0]->asked, 5);
    assert_code(consign("alice", 1, 6, NULL), CODE_TERRITORY_STATUS);
    assert_code(expand("alice", 1, 5), CODE_TERRITORY_STATUS);
    assert_code(object(1000, d.price), CODE_TERRITORY_STATUS); /* nothing is charged to what is for sale */
    assert_code(mint("alice", "short", 1000, DAY), CODE_OK);
    fixture_block(&f, NULL, 0);
    assert_code(consign("alice", 2, 5, NULL), CODE_TERRITORY_TERM);
}

/* cess.md §8 row 161: a purchase; a name that the buyer has is refused. */
static void cess_8_161__buy_at_the_price_that_was_seen(void **state) {
    (void)state;
    assert_code(mint("alice", "attic", 1000000, 30 * DAY), CODE_OK);
    assert_code(mint("bob", "cellar", 1000, 30 * DAY), CODE_OK);
    assert_code(bucket(1), CODE_OK);
    assert_code(buy("bob", 1, 7 * CAIRN, "attic"), CODE_TERRITORY_OFFER);
    assert_code(consign("alice", 1, 7 * CAIRN, NULL), CODE_OK);
    assert_code(buy("alice", 1, 7 * CAIRN, "x"), CODE_TERRITORY_OFFER);
    assert_code(buy("bob", 1, 6 * CAIRN, "attic"), CODE_TERRITORY_OFFER);
    assert_code(buy("bob", 1, 7 * CAIRN, "cellar"), CODE_TERRITORY_EXISTS);
    uint64_t alice = fixture_balance(&f, "alice"), bob = fixture_balance(&f, "bob"), pot = use_of("1")->pot;
    assert_code(buy("bob", 1, 7 * CAIRN, "attic"), CODE_OK);
    assert_int_equal(fixture_balance(&f, "alice"), alice + 7 * CAIRN);
    assert_int_equal(fixture_balance(&f, "bob"), bob - 7 * CAIRN);
    assert_int_equal(use_of("1")->pot, pot);
    assert_false(record(1)->consigned);
    assert_code(object(1000, d.price), CODE_PAYMENT_ACCOUNT_NOT_FOUND); /* the seller's bucket is not charged to it */
    assert_code(consign("alice", 1, 1, NULL), CODE_TERRITORY_OWNER);
}

/* cess.md §8 row 162: a purchase is one step, so only the seller has something to cancel. */
static void cess_8_162__the_seller_cancels_the_consignment(void **state) {
    (void)state;
    assert_code(mint("alice", "attic", 1000000, 30 * DAY), CODE_OK);
    assert_code(cancel("alice", 1), CODE_TERRITORY_OFFER);
    assert_code(consign("alice", 1, 5, "bob"), CODE_OK);
    assert_code(cancel("bob", 1), CODE_TERRITORY_OWNER);
    assert_code(cancel("alice", 1), CODE_OK);
    assert_code(buy("bob", 1, 5, "attic"), CODE_TERRITORY_OFFER);
    const TerritoriesAnswer *offers = fixture_query(&f, "/payment/territories", NULL);
    assert_int_equal(offers->n_territories, 0);
}

static int renewal(const char *who, uint64_t id, uint64_t term) {
    MsgSetTerritoryRenewal m = MSG_SET_TERRITORY_RENEWAL__INIT;
    m.territory_id = id;
    m.term = term;
    return (int)fixture_do(&f, who, &m.base)->code;
}

/* cess.md §8 row 171: with coins it renews itself; without, it freezes and its owner has the frozen time to see to it.
 */
static void cess_8_171__renews_itself_while_there_are_coins(void **state) {
    (void)state;
    assert_code(mint("alice", "attic", 1000000, 2 * DAY), CODE_OK);
    assert_code(renewal("bob", 1, 2 * DAY), CODE_TERRITORY_OWNER);
    assert_code(renewal("alice", 2, 2 * DAY), CODE_TERRITORY_NOT_FOUND);
    assert_code(renewal("alice", 1, DAY - 1), CODE_TERRITORY_TERM);
    assert_code(renewal("alice", 1, 2 * DAY), CODE_OK);
    uint64_t cost = quote(1, 0, 2 * DAY), deadline = record(1)->deadline, alice = fixture_balance(&f, "alice");
    fixture_skip(&f, 3 * DAY);
    assert_int_equal(record(1)->status, TERRITORY_STATUS_ACTIVE);
    assert_int_equal(record(1)->deadline, deadline + 2 * DAY);
    assert_int_equal(alice - fixture_balance(&f, "alice"), cost);
    MsgSend send = MSG_SEND__INIT;
    send.to = fixture_addr_data(&f, "bob");
    send.amount = fixture_balance(&f, "alice") - cost + 1;
    assert_code((int)fixture_do(&f, "alice", &send.base)->code, CODE_OK);
    fixture_skip(&f, 2 * DAY);
    assert_int_equal(record(1)->status, TERRITORY_STATUS_FROZEN);
    assert_int_equal(record(1)->deadline, deadline + 2 * DAY);
    assert_code(renew("bob", 1, 5 * DAY), CODE_OK);
    assert_code(renewal("alice", 1, 0), CODE_OK);
    assert_int_equal(record(1)->renew_ms, 0);
}

/* Whoever makes it larger pays for the rest of its time only: not at the cost of an owner who lets the ledger renew it.
 * One that has ended is renewed no more, when somebody else begins it again. */
static void renews_itself__not_larger_than_its_owner_made_it(void **state) {
    (void)state;
    assert_code(mint("alice", "attic", 1000000, 2 * DAY), CODE_OK);
    assert_code(renewal("alice", 1, 50 * DAY), CODE_OK);
    assert_code(expand("bob", 1, MIB), CODE_TERRITORY_OWNER);
    assert_code(expand("alice", 1, 1000), CODE_OK);
    assert_code(renewal("alice", 1, 99 * DAY), CODE_OK);
    MsgSend send = MSG_SEND__INIT;
    send.to = fixture_addr_data(&f, "bob");
    send.amount = fixture_balance(&f, "alice");
    assert_code((int)fixture_do(&f, "alice", &send.base)->code, CODE_OK);
    fixture_skip(&f, 10 * DAY);
    assert_int_equal(record(1)->status, TERRITORY_STATUS_EXPIRED);
    assert_int_equal(record(1)->renew_ms, 0);
    assert_code(reactivate("bob", 1, DAY), CODE_OK);
    assert_int_equal(record(1)->renew_ms, 0);
    assert_code(expand("bob", 1, 1000), CODE_OK);
}

/* cess.md §9.5 trap 14: one price rule. In whatever order it is bought, the same bytes and times cost the same. */
static void cess_8_170__one_price_rule_for_all(void **state) {
    (void)state;
    struct rng rng;
    rng_init(&rng, 3);
    for (int i = 0; i < 200; i++) {
        uint64_t bytes = rng_range(&rng, 1000, 1000000), more = rng_range(&rng, 1, 1000000);
        uint64_t term = rng_range(&rng, DAY, 40 * DAY), longer = rng_range(&rng, DAY, 40 * DAY);
        uint64_t whole, part, added, time;
        u128 one = (u128)1 << 40;
        assert_code(payment_charge((bytes + more) * one, term + longer + 7 * DAY, &whole, NULL), CODE_OK);
        assert_code(payment_charge(bytes * one, term + 7 * DAY, &part, NULL), CODE_OK);
        assert_code(payment_charge(more * one, term + 7 * DAY, &added, NULL), CODE_OK);
        assert_code(payment_charge((bytes + more) * one, longer, &time, NULL), CODE_OK);
        assert_in_range(part + added + time, whole, whole + 2); /* rounded up each time */
        assert_int_equal(quote(0, bytes, term), part);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(cess_8_156__mint_costs_what_the_quote_says), T(mint__every_bound),
          T(cess_8_157__expand_is_charged_pro_rata), T(cess_8_158__renew_also_in_grace),
          T(cess_8_159__expires_refunds_and_is_reactivated), T(cess_9_5_3__an_exact_fit_fits),
          T(bucket__only_its_owner_charges_to_it_and_nobody_withdraws), T(cess_8_163__a_territory_is_given_away),
          T(mint__for_another_waits_for_its_consent), T(deposit__not_to_a_purse_that_is_closed),
          T(object__with_a_term_is_refused_at_once), T(cess_8_160__consign_only_what_is_empty_and_has_time_left),
          T(cess_8_161__buy_at_the_price_that_was_seen), T(cess_8_162__the_seller_cancels_the_consignment),
          T(cess_8_171__renews_itself_while_there_are_coins), T(renews_itself__not_larger_than_its_owner_made_it),
          T(cess_8_170__one_price_rule_for_all))
