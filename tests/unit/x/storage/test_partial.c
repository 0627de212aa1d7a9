/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that are sealed at some of their positions, and completed later: what is read, counted, paid and drawn. The
 * invariants of every module are checked after each block. */
#include "tests/lib/ledger/deal.h"

#include "chain/types/deal_state.h"
#include "chain/types/keys_payment.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "x/base/ctx.h"
#include "x/payment/payment.h"

#define MIN 60000ull

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 2000 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "bob", 1000 * PEBBLE_PER_CAIRN);
    f.sps = 9;
    f.params.challenge.floor_interval_ms = 0;
    f.sp_price = (uint64_t)1 << 48; /* 200 kB cost three pebble a millisecond and position */
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static void begin(const char *profile, uint64_t size) {
    deal_init(&d, &f, "alice", "photos", "a.jpg", profile, 64 * KIB, size);
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    deal_must_bucket(&d);
    deal_must_group(&d);
}

static int create_for(uint64_t term) {
    struct object_try o;
    deal_object_try(&d, &o);
    o.spec.term = term;
    const TxResult *r = deal_object_send(&d, &o, d.owner);
    d.object_id = r->n_ids ? r->ids[0] : 0;
    return (int)r->code;
}

static void partial_try(struct seal_try *t, uint64_t without) {
    deal_seal_try(&d, t);
    t->without = without;
}

static int seal_without(uint64_t without) {
    struct seal_try t;
    partial_try(&t, without);
    return (int)deal_seal_send(&d, &t, "sp0.seal")->code;
}

/* Receipts of what is not sealed, but for `without`. */
static void more_try(struct seal_try *t, uint64_t without) {
    deal_seal_try(&d, t);
    t->without = without | deal_sealed_positions(deal_object(&d));
    t->more = true;
}

static int complete_without(uint64_t without) {
    struct seal_try t;
    more_try(&t, without);
    return (int)deal_seal_send(&d, &t, "sp0.seal")->code;
}

static const PlacementGroup *group(void) {
    struct key k;
    return fixture_record(&f, key_placement_group(&k, d.group_id), &placement_group__descriptor);
}

static uint64_t all_positions(void) {
    return ((uint64_t)1 << profile_positions(&d.profile)) - 1;
}

/* Bytes, prices and rate are those of exactly these positions. */
static void check_sealed(uint64_t positions) {
    const ObjectInfo *o = deal_object(&d);
    uint64_t bytes = 0;
    u128 rate = 0;
    assert_int_equal(deal_sealed_positions(o), positions);
    assert_int_equal(o->n_checksums, profile_positions(&d.profile));
    for (uint32_t i = 0; i < o->n_prices; i++) {
        uint64_t here = positions >> i & 1 ? layout_position_bytes(&d.profile, d.size, i) : 0;
        assert_int_equal(deal_sp(&f, i + 1)->stored_bytes, here);
        assert_int_equal(o->prices[i], here ? d.price : 0);
        assert_int_equal(o->checksums[i].len, sizeof(struct hash));
        bytes += here;
        rate += (u128)here * d.price;
    }
    assert_int_equal(group()->bytes, bytes);
    if (!o->ends_at)
        assert_true(u128_of(deal_payer(&d)->rate) == rate);
}

/* --- the first seal --- */

static void seal__whatever_can_be_read(void **state) {
    (void)state;
    begin("ec:4+2+w", 20000);
    for (uint64_t sealed = 1; sealed <= all_positions(); sealed++) {
        assert_code(create_for(0), CODE_OK);
        int want = profile_readable(&d.profile, sealed) ? CODE_OK : CODE_SEAL_PARTIAL;
        assert_code(seal_without(all_positions() & ~sealed), want);
        if (want) {
            MsgCancelObject m = MSG_CANCEL_OBJECT__INIT;
            m.bucket_name = deal_bucket(&d)->bucket_name;
            m.object_name = deal_object(&d)->object_name;
            assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
            continue;
        }
        const DealAnswer *a = deal_state_of(&d);
        assert_int_equal(a->state, sealed == all_positions() ? DEAL_STATE_DEAL : DEAL_STATE_PART_DEAL);
        assert_int_equal(a->positions, 7);
        assert_int_equal(a->sealed, a->sound);
        assert_code(deal_delete(&d), CODE_OK);
    }
}

static void seal__counts_and_pays_what_is_sealed(void **state) {
    (void)state;
    begin("ec:4+2+w", 200000);
    assert_code(create_for(0), CODE_OK);
    uint64_t before = deal_payer(&d)->balance + deal_payer(&d)->locked;
    assert_code(seal_without(1 << 0 | 1 << 5 | 1 << 6), CODE_OK);
    check_sealed(0x1e);
    assert_int_equal(deal_object(&d)->locked_balance, 0);
    assert_int_equal(deal_payer(&d)->locked, 0);
    uint64_t reserve = 0;
    assert_code(payment_charge(u128_of(deal_payer(&d)->rate), f.params.payment.reserve_time_ms, &reserve, NULL),
                CODE_OK);
    assert_int_equal(deal_payer(&d)->reserve, reserve);
    assert_int_equal(deal_payer(&d)->balance + reserve, before); /* the rest of the lock is free again */
    const Event *e = fixture_event(&f, "storage.object_sealed");
    assert_string_equal(fixture_attribute(e, "sealed"), "1,2,3,4");
    assert_string_equal(fixture_attribute(e, "sps"), "1,2,3,4,5,6,7");
    assert_int_equal(deal_sp(&f, 2)->counters->seals, 1);
    assert_int_equal(deal_sp(&f, 1)->counters->seals, 0);
    uint64_t earned = deal_sp(&f, 2)->earned;
    fixture_skip(&f, 10 * MIN);
    assert_int_equal(deal_sp(&f, 1)->earned + deal_sp(&f, 6)->earned + deal_sp(&f, 7)->earned, 0);
    assert_true(deal_sp(&f, 2)->earned >= earned);
    assert_code(deal_delete(&d), CODE_OK);
    for (uint32_t sp = 1; sp <= 7; sp++)
        assert_int_equal(deal_sp(&f, sp)->stored_bytes, 0);
    assert_int_equal(deal_sp(&f, 1)->earned, 0);
    assert_true(deal_sp(&f, 2)->earned > 0);
}

static void seal__a_client_names_all_that_it_coded(void **state) {
    (void)state;
    struct seal_try t;
    begin("ec:2+1", 100000);
    assert_code(create_for(0), CODE_OK);
    partial_try(&t, 1 << 2);
    t.layout = true;
    assert_code((int)deal_seal_send(&d, &t, "alice")->code, CODE_OK);
    assert_false(deal_object(&d)->coded_by_sp);
    more_try(&t, 0);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_LAYOUT_ROOT); /* that says coded_by_sp */
    more_try(&t, 0);
    t.msg.coded_by_sp = false;
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_OK);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
}

/* --- more of it --- */

static void complete__step_by_step(void **state) {
    (void)state;
    begin("ec:4+2+w", 200000);
    assert_code(create_for(0), CODE_OK);
    assert_code(seal_without(all_positions() & ~1ull), CODE_OK);
    check_sealed(0x01);
    assert_code(complete_without(~(uint64_t)(1 << 3)), CODE_OK);
    check_sealed(0x09);
    const Event *e = fixture_event(&f, "storage.object_completed");
    assert_string_equal(fixture_attribute(e, "added"), "3");
    assert_string_equal(fixture_attribute(e, "sealed"), "0,3");
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_PART_DEAL);
    fixture_skip(&f, MIN);
    uint64_t sealed_at = deal_object(&d)->sealed_at;
    assert_code(complete_without(0), CODE_OK);
    check_sealed(0x7f);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
    assert_int_equal(deal_object(&d)->sealed_at, sealed_at);
    for (uint32_t sp = 1; sp <= 7; sp++)
        assert_int_equal(deal_sp(&f, sp)->counters->seals, 1);
    assert_code(seal_without(0), CODE_OBJECT_STATUS); /* nothing is left */
}

static void complete__refusals(void **state) {
    (void)state;
    struct seal_try t;
    begin("ec:4+2+w", 200000);
    assert_code(create_for(0), CODE_OK);
    assert_code(seal_without(1 << 5 | 1 << 6), CODE_OK);
    more_try(&t, 0);
    t.without &= ~(uint64_t)(1 << 4);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_POSITION_SEALED);
    deal_seal_try(&d, &t); /* all again */
    t.more = true;
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_POSITION_SEALED);
    more_try(&t, 0);
    t.receipts[6].checksum = fixture_data(&f, (uint8_t[32]){1}, 32);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_CONTENT_ROOT);
    more_try(&t, 0);
    t.receipts[5].price = d.max_price + 1;
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_PRICE);
    more_try(&t, 0);
    t.keys[5] = "sp6.seal";
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_RECEIPT_SIGNATURE);
    more_try(&t, 0);
    t.receipts[5].version++;
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_RECEIPT_FOREIGN);
    more_try(&t, 0);
    t.receipts[5].valid_until = fixture_ledger_time(&f);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_RECEIPT_EXPIRED);
    more_try(&t, 0);
    t.more = false; /* names checksums */
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_SEAL_PARTIAL);
    more_try(&t, 0);
    t.stated = true;
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_STATEMENT);
    more_try(&t, 0);
    t.msg.layout_root = fixture_data(&f, (uint8_t[32]){1}, 32);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_LAYOUT_ROOT);
    more_try(&t, 0);
    t.msg.version++;
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_OBJECT_VERSION);
    more_try(&t, 0);
    assert_code((int)deal_seal_send(&d, &t, "bob")->code, CODE_SEALER);
    more_try(&t, 0);
    assert_code((int)deal_seal_send(&d, &t, "sp5.seal")->code, CODE_SEALER);
    more_try(&t, 0);
    t.msg.group_id = 0;
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_PLACEMENT_GROUP);
    check_sealed(0x1f);
    more_try(&t, 0); /* the creator may */
    assert_code((int)deal_seal_send(&d, &t, "alice")->code, CODE_OK);
    check_sealed(0x7f);
}

static uint64_t open_group(uint32_t members[7]) {
    MsgOpenGroup m = MSG_OPEN_GROUP__INIT;
    m.profile = &d.profile;
    m.members = members;
    m.n_members = 7;
    const TxResult *r = fixture_do(&f, "sp0", &m.base);
    assert_code((int)r->code, CODE_OK);
    return r->ids[0];
}

/* With a receipt of provider 8 for the last position. */
static int complete_with_another(uint64_t group_id) {
    struct seal_try t;
    more_try(&t, 0);
    t.receipts[6].sp_id = 8;
    t.keys[6] = "sp7.seal";
    t.msg.group_id = group_id;
    return (int)deal_seal_send(&d, &t, "sp0.seal")->code;
}

/* Another group in which the same providers stand at what is sealed. */
static void complete__in_another_group(void **state) {
    (void)state;
    begin("ec:4+2+w", 200000);
    assert_code(create_for(30 * 24 * 60 * MIN), CODE_OK);
    assert_code(seal_without(1 << 6), CODE_OK);
    assert_code(complete_with_another(open_group((uint32_t[]){1, 2, 3, 4, 5, 9, 8})), CODE_PLACEMENT_GROUP);
    assert_code(complete_with_another(d.group_id), CODE_RECEIPT_FOREIGN);
    uint64_t paid = deal_object(&d)->term_paid;
    d.group_id = open_group((uint32_t[]){1, 2, 3, 4, 5, 6, 8});
    assert_code(complete_with_another(d.group_id), CODE_OK);
    assert_true(deal_object(&d)->term_paid > paid);
    assert_string_equal(fixture_attribute(fixture_event(&f, "storage.object_completed"), "sps"), "1,2,3,4,5,6,8");
    assert_int_equal(deal_sp(&f, 7)->stored_bytes, 0);
    assert_int_equal(deal_sp(&f, 8)->stored_bytes, layout_position_bytes(&d.profile, d.size, 6));
    assert_int_equal(deal_sp(&f, 1)->stored_bytes, 200000);
    assert_int_equal(deal_bucket(&d)->live_slots, 1);
    assert_int_equal(deal_bucket(&d)->stored_bytes, 200000);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
}

static void complete__nothing_is_left_of_what_has_all(void **state) {
    (void)state;
    begin("replica:1", 1);
    assert_code(create_for(0), CODE_OK);
    assert_code(seal_without(0), CODE_OK);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
    assert_code(seal_without(0), CODE_OBJECT_STATUS);
}

static void complete__an_object_of_no_bytes_has_nothing_to_seal(void **state) {
    (void)state;
    struct seal_try t;
    begin("replica:3", 0);
    assert_code(create_for(0), CODE_OK);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
    d.size = 1;
    deal_seal_try(&d, &t);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_OBJECT_STATUS);
}

/* --- money --- */

static uint64_t charge(unsigned positions, uint64_t ms) {
    uint64_t ret = 0;
    u128 rate = (u128)layout_position_bytes(&d.profile, d.size, 0) * d.price * positions;
    assert_code(payment_charge(rate, ms, &ret, NULL), CODE_OK);
    return ret;
}

static void money__what_flows_follows_the_copies(void **state) {
    (void)state;
    begin("replica:2", 200000);
    assert_code(create_for(0), CODE_OK);
    assert_code(seal_without(1 << 1), CODE_OK);
    u128 one = u128_of(deal_payer(&d)->rate);
    fixture_skip(&f, MIN);
    assert_code(complete_without(0), CODE_OK);
    assert_true(u128_of(deal_payer(&d)->rate) == 2 * one);
    assert_int_equal(deal_payer(&d)->reserve, charge(2, f.params.payment.reserve_time_ms));
}

/* A term: charged for one copy, given back to the unit at the completion, charged for three for the rest of the time.
 */
static void money__a_term_is_paid_to_the_unit(void **state) {
    (void)state;
    uint64_t term = 60 * 24 * 60 * MIN;
    begin("replica:3", 200000);
    uint64_t start = deal_payer(&d)->balance;
    assert_code(create_for(term), CODE_OK);
    assert_code(seal_without(1 << 1 | 1 << 2), CODE_OK);
    const ObjectInfo *o = deal_object(&d);
    uint64_t ends_at = o->ends_at, since = o->term_since;
    assert_int_equal(o->term_paid, charge(1, ends_at - since));
    assert_int_equal(deal_payer(&d)->balance, start - o->term_paid);
    fixture_skip(&f, 7 * MIN + 3);
    assert_code(complete_without(0), CODE_OK);
    o = deal_object(&d);
    uint64_t now = o->term_since;
    assert_int_equal(o->ends_at, ends_at);
    assert_int_equal(o->term_paid, charge(3, ends_at - now));
    /* the fractions that three slots of one copy carried go to the last one that leaves, a pebble at most */
    assert_in_range(deal_payer(&d)->balance, start - charge(1, now - since) - o->term_paid,
                    start - charge(1, now - since) - o->term_paid + 1);
    fixture_skip(&f, 5 * MIN + 1);
    uint64_t before = deal_payer(&d)->balance;
    const RefundAnswer *quote =
        fixture_query(&f, "/storage/refund", "bucket_name", "photos", "object_name", "a.jpg", NULL);
    uint64_t refund = quote->refund, later = fixture_ledger_time(&f);
    assert_code(deal_delete(&d), CODE_OK);
    uint64_t passed = fixture_ledger_time(&f) - later;
    assert_in_range(deal_payer(&d)->balance - before + charge(3, passed), refund - 1, refund + 1);
}

static void money__who_cannot_pay_for_more_keeps_what_he_has(void **state) {
    (void)state;
    uint64_t term = 60 * 24 * 60 * MIN;
    begin("replica:3", 200000);
    assert_code(create_for(term), CODE_OK);
    assert_code(seal_without(1 << 1 | 1 << 2), CODE_OK);
    MsgWithdraw m = MSG_WITHDRAW__INIT;
    m.payment_address = fixture_addr_data(&f, "alice");
    m.amount = deal_payer(&d)->balance - 5;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    uint64_t paid = deal_object(&d)->term_paid;
    assert_code(complete_without(0), CODE_PAYMENT_FUNDS);
    assert_int_equal(deal_object(&d)->term_paid, paid);
    check_sealed(0x01);
    deal_fund(&d, 400 * PEBBLE_PER_CAIRN);
    assert_code(complete_without(0), CODE_OK);
    check_sealed(0x07);
}

/* --- its life goes on --- */

static void renew__asks_those_that_have_it(void **state) {
    (void)state;
    begin("replica:3", 200000);
    assert_code(create_for(60 * 24 * 60 * MIN), CODE_OK);
    assert_code(seal_without(1 << 2), CODE_OK);
    MsgSetSpPrice p = MSG_SET_SP_PRICE__INIT;
    p.sp_id = 3;
    p.store_price = d.max_price + 1;
    assert_code((int)fixture_do(&f, "sp2", &p.base)->code, CODE_OK);
    MsgRenewObject m = MSG_RENEW_OBJECT__INIT;
    m.bucket_name = deal_bucket(&d)->bucket_name;
    m.object_name = deal_object(&d)->object_name;
    m.expires_at = deal_object(&d)->expires_at + 60 * MIN;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    check_sealed(0x03);
    assert_code(complete_without(0), CODE_OK);
    check_sealed(0x07);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
}

/* In its grace an object is renewed first. */
static void complete__not_in_the_grace(void **state) {
    (void)state;
    uint64_t term = f.params.storage.term_min_ms;
    begin("replica:3", 200000);
    assert_code(create_for(term), CODE_OK);
    assert_code(seal_without(1 << 2), CODE_OK);
    fixture_skip(&f, term + 1000);
    assert_code(complete_without(0), CODE_TERM);
}

static void replace__by_a_version_that_is_sealed_in_part(void **state) {
    (void)state;
    begin("replica:3", 200000);
    assert_code(create_for(0), CODE_OK);
    assert_code(seal_without(0), CODE_OK);
    uint64_t old = deal_object(&d)->version;
    struct object_try o;
    deal_object_try(&d, &o);
    o.spec.expected_version = old;
    assert_code((int)deal_object_send(&d, &o, "alice")->code, CODE_OK);
    assert_code(seal_without(1 << 1), CODE_OK);
    assert_true(deal_object(&d)->version > old);
    check_sealed(0x05);
    /* and once more, while a version is on its way */
    deal_object_try(&d, &o);
    o.spec.expected_version = deal_object(&d)->version;
    assert_code((int)deal_object_send(&d, &o, "alice")->code, CODE_OK);
    struct seal_try t;
    more_try(&t, 0);
    t.msg.version = t.receipts[1].version = deal_object(&d)->version;
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_OK);
    check_sealed(0x07);
    assert_code(seal_without(1 << 2), CODE_OK); /* the one on its way */
    check_sealed(0x03);
}

/* --- draws --- */

/* Days of draws: never a position that is not sealed, and every one that is. */
static void draws__meet_what_is_sealed(void **state) {
    (void)state;
    uint64_t met = 0;
    begin("ec:4+2+w", 200000);
    assert_code(create_for(0), CODE_OK);
    assert_code(seal_without(1 << 0 | 1 << 6), CODE_OK);
    for (unsigned i = 0; i < 60; i++) {
        fixture_skip(&f, 10000);
        const ChallengesAnswer *a = fixture_query(&f, "/challenge/challenges", "object_id", "1", NULL);
        for (size_t j = 0; j < a->n_challenges; j++)
            met |= (uint64_t)1 << a->challenges[j]->position;
    }
    assert_int_equal(met, 0x3e);
}

static int setup_draws(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 2000 * PEBBLE_PER_CAIRN);
    f.params.challenge.floor_interval_ms = 10000;
    fixture_start(&f);
    return 0;
}

int main(void) {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(seal__whatever_can_be_read),
        T(seal__counts_and_pays_what_is_sealed),
        T(seal__a_client_names_all_that_it_coded),
        T(complete__step_by_step),
        T(complete__refusals),
        T(complete__in_another_group),
        T(complete__nothing_is_left_of_what_has_all),
        T(complete__an_object_of_no_bytes_has_nothing_to_seal),
        T(money__what_flows_follows_the_copies),
        T(money__a_term_is_paid_to_the_unit),
        T(money__who_cannot_pay_for_more_keeps_what_he_has),
        T(renew__asks_those_that_have_it),
        T(complete__not_in_the_grace),
        T(replace__by_a_version_that_is_sealed_in_part),
        cmocka_unit_test_setup_teardown(draws__meet_what_is_sealed, setup_draws, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
