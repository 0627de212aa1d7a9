/* SPDX-License-Identifier: Apache-2.0 */
/* Space that is paid ahead, as its users know it, by the rows that name it (docs/rows.md). What a territory costs and
 * how it ends and is sold: test_territory.c. */
#include "tests/lib/ledger/deal.h"

#include "chain/codec/bech32.h"
#include "chain/types/keys_payment.h"

#define HOUR  ((uint64_t)3600000)
#define DAY   (24 * HOUR)
#define CAIRN PEBBLE_PER_CAIRN
#define WHOLE ((uint64_t)1 << 40) /* the price at which capacity is bytes */

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "bob", 1000 * CAIRN);
    f.params.consensus.development = true;
    f.params.consensus.time_scale = 400; /* a block is a quarter of an hour */
    f.params.storage.create_ttl_ms = f.params.storage.grace_ms = f.params.storage.discontinue_grace_ms = DAY;
    f.params.payment.reserve_time_ms = 7 * DAY;
    f.params.payment.frozen_time_ms = 5 * DAY;
    f.params.payment.channel_redeem_ms = DAY;
    f.params.payment.settle_interval_ms = DAY;
    f.params.payment.territory_price = WHOLE;
    f.params.payment.territory_bytes_min = 1000;
    f.params.payment.territory_bytes_max = 100 * MIB;
    f.params.payment.territory_term_min_ms = DAY;
    f.params.payment.territory_term_max_ms = 100 * DAY;
    f.params.payment.territory_frozen_ms = 7 * DAY;
    f.params.payment.territory_kept_ms = 10 * DAY;
    f.params.payment.territories_per_owner = 8;
    f.params.payment.territory_consign_ms = DAY;
    f.sp_price = WHOLE;
    f.step_ms = 2000;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:1", 64 * KIB, 100000);
    d.max_price = WHOLE;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static char *text(const char *s) {
    return arena_strdup(&f.tx_arena, s);
}

static const char *number(uint64_t v) {
    return arena_printf(&f.tx_arena, "%llu", (unsigned long long)v);
}

/* The new one's number. */
static uint64_t mint(const char *who, const char *owner, const char *name, uint64_t capacity, uint64_t term) {
    MsgMintTerritory m = MSG_MINT_TERRITORY__INIT;
    m.name = text(name);
    m.capacity = capacity;
    m.term = term;
    if (owner)
        m.owner = fixture_addr_data(&f, owner);
    const TxResult *r = fixture_do(&f, who, &m.base);
    assert_code((int)r->code, CODE_OK);
    return r->ids[0];
}

static int renewal(const char *who, uint64_t id, uint64_t term) {
    MsgSetTerritoryRenewal m = MSG_SET_TERRITORY_RENEWAL__INIT;
    m.territory_id = id;
    m.term = term;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static ProtobufCBinaryData purse(uint64_t id) {
    struct key k;
    const Territory *t = fixture_record(&f, key_territory(&k, id), &territory__descriptor);
    return fixture_data(&f, t->payment_address.data, t->payment_address.len);
}

static const TerritoryUseAnswer *use_of(uint64_t id) {
    return fixture_query(&f, "/payment/territory_use", "id", number(id), NULL);
}

static int bucket(uint64_t id) {
    struct bucket_try t;
    deal_bucket_try(&d, &t);
    if (id)
        t.spec.payment_address = purse(id);
    return (int)deal_bucket_send(&d, &t, d.owner)->code;
}

static int object(void) {
    struct object_try t;
    deal_object_try(&d, &t);
    const TxResult *r = deal_object_send(&d, &t, d.owner);
    if (r->code == CODE_OK)
        d.object_id = r->ids[0];
    return (int)r->code;
}

static int consign(const char *who, uint64_t id, uint64_t asked) {
    MsgConsignTerritory m = MSG_CONSIGN_TERRITORY__INIT;
    m.territory_id = id;
    m.asked = asked;
    return (int)fixture_do(&f, who, &m.base)->code;
}

static const TerritoryEndsAnswer *ends(uint64_t from, uint64_t until) {
    return fixture_query(&f, "/payment/territory_ends", "from", number(from), "until", number(until), NULL);
}

static void cess_8_1__space_is_bought_before_it_is_used(void **state) {
    (void)state;
    assert_code(bucket(0), CODE_OK); /* charged to alice herself, who has paid nothing in */
    assert_code(object(), CODE_PAYMENT_ACCOUNT_NOT_FOUND);
    uint64_t id = mint("alice", NULL, "attic", 150000, 30 * DAY);
    MsgUpdateBucket m = MSG_UPDATE_BUCKET__INIT;
    m.bucket_name = text("photos");
    m.payment_address = purse(id);
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    deal_must_group(&d);
    assert_code(object(), CODE_OK);
    deal_must_seal(&d);
    assert_int_equal(use_of(id)->used, 100000); /* of 150,000: as many as are billed */
    d.object = "b.jpg";
    assert_code(object(), CODE_TERRITORY_FULL);
}

/* What is held back for what flows lies with the payer, in one pot of the module. */
static void cess_8_93__the_pot_of_reserves(void **state) {
    (void)state;
    uint64_t pot = 0;
    deal_fund(&d, 100 * CAIRN);
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_must_create(&d);
    deal_must_seal(&d);
    const PaymentAccount *a = deal_payer(&d);
    assert_true(a->reserve > 0);
    const SupplyAnswer *s = fixture_query(&f, "/auth/supply", NULL);
    for (size_t i = 0; i < s->n_modules; i++)
        pot += strcmp(s->modules[i]->module, "payment") ? 0 : s->modules[i]->balance;
    assert_int_equal(pot, 100 * CAIRN);
    assert_true(a->reserve + a->balance <= pot);
}

static void cess_8_124__another_territory_is_charged_and_no_byte_moves(void **state) {
    (void)state;
    uint64_t attic = mint("alice", NULL, "attic", 150000, 30 * DAY);
    uint64_t cellar = mint("alice", NULL, "cellar", 150000, 30 * DAY);
    assert_code(bucket(attic), CODE_OK);
    deal_must_group(&d);
    assert_code(object(), CODE_OK);
    deal_must_seal(&d);
    ObjectInfo before = *deal_object(&d);
    uint64_t stored = deal_sp(&f, 1)->stored_bytes;
    MsgUpdateBucket m = MSG_UPDATE_BUCKET__INIT;
    m.bucket_name = text("photos");
    m.payment_address = purse(cellar);
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    assert_int_equal(use_of(attic)->used, 0);
    assert_int_equal(use_of(cellar)->used, 100000);
    assert_int_equal(deal_sp(&f, 1)->stored_bytes, stored);
    assert_int_equal(deal_object(&d)->slot, before.slot);
    assert_int_equal(deal_object(&d)->version, before.version);
}

static void cess_8_164__a_third_party_pays(void **state) {
    (void)state;
    uint64_t bob = fixture_balance(&f, "bob"), alice = fixture_balance(&f, "alice");
    uint64_t id = mint("bob", "alice", "gift", 150000, 30 * DAY);
    assert_true(fixture_balance(&f, "bob") < bob - use_of(id)->pot);
    assert_int_equal(fixture_balance(&f, "alice"), alice);
    MsgBuyTerritory take = MSG_BUY_TERRITORY__INIT; /* for nothing; nobody is given what he did not ask for */
    take.territory_id = id;
    take.name = text("gift");
    assert_code((int)fixture_do(&f, "alice", &take.base)->code, CODE_OK);
    assert_code(renewal("bob", id, 2 * DAY), CODE_TERRITORY_OWNER); /* what he paid for is hers */
    assert_code(bucket(id), CODE_OK);
}

static void cess_8_165__by_its_number_and_by_its_owner(void **state) {
    (void)state;
    struct addr addr = fixture_addr("alice");
    char owner[ADDR_TEXT_MAX];
    addr_to_text(&addr, owner);
    uint64_t cellar = mint("alice", NULL, "cellar", 1000, DAY), attic = mint("alice", NULL, "attic", 2000, DAY);
    mint("bob", NULL, "attic", 3000, DAY);
    const Territory *t = fixture_query(&f, "/payment/territory", "id", number(cellar), NULL);
    assert_int_equal(t->capacity, 1000);
    const TerritoriesAnswer *a = fixture_query(&f, "/payment/territories", "owner", owner, NULL);
    assert_int_equal(a->n_territories, 2);
    assert_int_equal(a->territories[0]->id, attic); /* by name */
    assert_int_equal(a->territories[1]->id, cellar);
}

static void cess_8_166__what_ends_within_a_time(void **state) {
    (void)state;
    uint64_t late = mint("alice", NULL, "late", 1000, 20 * DAY), soon = mint("alice", NULL, "soon", 1000, 5 * DAY);
    uint64_t now = fixture_ledger_time(&f);
    const TerritoryEndsAnswer *a = ends(0, 0);
    assert_int_equal(a->n_territories, 2);
    assert_int_equal(a->territories[0]->id, soon);
    assert_int_equal(ends(now, now + 6 * DAY)->n_territories, 1);
    assert_int_equal(ends(now + 6 * DAY, now + 8 * DAY)->n_territories, 0);
    uint64_t deadline = a->territories[0]->deadline;
    assert_int_equal(ends(deadline, deadline + 1)->n_territories, 1); /* from is in it */
    assert_int_equal(ends(now, deadline)->n_territories, 0);          /* and until is not */
    fixture_skip(&f, 6 * DAY);
    a = ends(0, 0); /* frozen, it has its grace: told by its status and its end */
    assert_int_equal(a->n_territories, 2);
    assert_int_equal(a->territories[0]->id, soon);
    assert_int_equal(a->territories[0]->status, TERRITORY_STATUS_FROZEN);
    assert_int_equal(a->territories[0]->ends_at, deadline + 7 * DAY);
    fixture_skip(&f, 8 * DAY);
    a = ends(0, 0);
    assert_int_equal(a->n_territories, 1);
    assert_int_equal(a->territories[0]->id, late);
    assert_int_equal(ends(1, 0)->n_territories, 1); /* nor asked from the beginning of time */
}

static void cess_8_166__page_by_page(void **state) {
    (void)state;
    enum { TERRITORIES = 7 };
    char cursor[33] = "", name[16];
    size_t seen = 0;
    uint64_t before = 0;
    for (int i = 0; i < TERRITORIES; i++) {
        snprintf(name, sizeof name, "t%d", i);
        mint("alice", NULL, name, 1000, (uint64_t)(20 - i) * DAY);
    }
    for (;;) {
        const TerritoryEndsAnswer *a =
            fixture_query(&f, "/payment/territory_ends", "limit", "2", "cursor", cursor, NULL);
        for (size_t i = 0; i < a->n_territories; i++, seen++) {
            assert_true(a->territories[i]->deadline > before);
            before = a->territories[i]->deadline;
        }
        if (!a->next_cursor.len)
            break;
        hex_encode(a->next_cursor.data, a->next_cursor.len, cursor);
    }
    assert_int_equal(seen, TERRITORIES);
}

static void cess_8_167__what_is_for_sale(void **state) {
    (void)state;
    uint64_t one = mint("alice", NULL, "one", 1000, 30 * DAY), two = mint("bob", NULL, "two", 1000, 30 * DAY);
    mint("bob", NULL, "kept", 1000, 30 * DAY);
    assert_code(consign("bob", two, 7), CODE_OK);
    assert_code(consign("alice", one, 5), CODE_OK);
    const TerritoriesAnswer *a = fixture_query(&f, "/payment/territories", NULL);
    assert_int_equal(a->n_territories, 2);
    assert_int_equal(a->territories[0]->id, one);
    assert_int_equal(a->territories[0]->asked, 5);
    assert_int_equal(a->territories[1]->asked, 7);
}

static void cess_8_168__what_the_network_sold(void **state) {
    (void)state;
    mint("alice", NULL, "one", 1000, DAY);
    mint("bob", NULL, "two", 2500, 30 * DAY);
    const TerritoryTotals *all = fixture_query(&f, "/payment/territory_totals", NULL);
    assert_int_equal(all->territories, 2);
    assert_int_equal(all->capacity, 3500);
    fixture_skip(&f, 9 * DAY);
    all = fixture_query(&f, "/payment/territory_totals", NULL);
    assert_int_equal(all->territories, 1);
    assert_int_equal(all->capacity, 2500);
}

/* A week before the end it is among what ends within a week, and says whether it will renew itself. */
static void cess_8_171__who_does_not_renew_is_told_a_week_before(void **state) {
    (void)state;
    uint64_t by_hand = mint("alice", NULL, "by-hand", 1000, 10 * DAY);
    uint64_t itself = mint("alice", NULL, "itself", 1000, 11 * DAY);
    assert_code(renewal("alice", itself, 30 * DAY), CODE_OK);
    uint64_t now = fixture_ledger_time(&f);
    assert_int_equal(ends(now, now + 7 * DAY)->n_territories, 0);
    fixture_skip(&f, 5 * DAY);
    now = fixture_ledger_time(&f);
    const TerritoryEndsAnswer *a = ends(now, now + 7 * DAY);
    assert_int_equal(a->n_territories, 2);
    assert_int_equal(a->territories[0]->id, by_hand);
    assert_int_equal(a->territories[0]->renew_ms, 0);
    assert_int_equal(a->territories[1]->renew_ms, 30 * DAY);
    fixture_skip(&f, 7 * DAY);
    now = fixture_ledger_time(&f);
    a = ends(now, now + 7 * DAY);
    assert_int_equal(a->n_territories, 1); /* only the one that is frozen */
    assert_int_equal(a->territories[0]->id, by_hand);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(cess_8_1__space_is_bought_before_it_is_used), T(cess_8_93__the_pot_of_reserves),
          T(cess_8_124__another_territory_is_charged_and_no_byte_moves), T(cess_8_164__a_third_party_pays),
          T(cess_8_165__by_its_number_and_by_its_owner), T(cess_8_166__what_ends_within_a_time),
          T(cess_8_166__page_by_page), T(cess_8_167__what_is_for_sale), T(cess_8_168__what_the_network_sold),
          T(cess_8_171__who_does_not_renew_is_told_a_week_before))
