/* SPDX-License-Identifier: Apache-2.0 */
/* What other networks' users rely on, by the rows that name it: POSS (poss_d1_…), Point (point_d2_…), CESS (cess_8_…).
 * Rows that need more than a few lines are named where the rest of their subject is tested. */
#include "tests/lib/ledger/deal.h"

#include "chain/codec/bech32.h"
#include "chain/types/keys_challenge.h"
#include "chain/types/keys_payment.h"
#include "chain/types/keys_storage.h"

#define HOUR 3600000ull

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "bob", 1000 * PEBBLE_PER_CAIRN);
    f.params.challenge.floor_interval_ms = 0;
    f.params.challenge.repair_interval_ms = 3000;
    f.params.payment.reserve_time_ms = HOUR;
    f.params.payment.frozen_time_ms = HOUR / 2;
    f.params.storage.warning_ms = 20000;
    f.params.storage.grace_ms = 10000;
    f.params.storage.expiries_per_block = 3;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:3", 64 * KIB, 200000);
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
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

static int delete_bucket(const char *signer) {
    MsgDeleteBucket m = MSG_DELETE_BUCKET__INIT;
    m.bucket_name = text("photos");
    return (int)fixture_do(&f, signer, &m.base)->code;
}

static int create_bucket(const char *owner, const char *name) {
    struct deal other = d;
    struct bucket_try t;
    other.owner = owner;
    other.bucket = name;
    other.nonce = 1000000 + f.height;
    deal_bucket_try(&other, &t);
    return (int)deal_bucket_send(&other, &t, owner)->code;
}

static int create_empty(const char *name) {
    struct deal other = d;
    struct object_try t;
    other.object = name;
    other.size = 0;
    deal_object_try(&other, &t);
    return (int)deal_object_send(&other, &t, "alice")->code;
}

/* --- POSS --- */

static void poss_d1_1__create_bucket(void **state) {
    (void)state;
    assert_code(create_bucket("alice", "photos"), CODE_OK);
    const BucketInfo *b = fixture_query(&f, "/storage/bucket", "bucket_name", "photos", NULL);
    assert_string_equal(b->bucket_name, "photos");
    assert_code(create_bucket("alice", "photos"), CODE_BUCKET_EXISTS);
    assert_code(create_bucket("bob", "photos"), CODE_BUCKET_EXISTS);
}

static void poss_d1_2__delete_bucket(void **state) {
    (void)state;
    deal_must_bucket(&d);
    assert_code(create_empty("note"), CODE_OK);
    assert_code(delete_bucket("alice"), CODE_BUCKET_NOT_EMPTY);
    d.object = "note";
    assert_code(deal_delete(&d), CODE_OK);
    assert_code(delete_bucket("alice"), CODE_OK);
    assert_null(deal_bucket(&d));
}

static void poss_d1_3__at_most_100_buckets(void **state) {
    (void)state;
    f.invariants = false; /* after each of 100 blocks they would take the time of all other tests here */
    for (int i = 0; i < 100; i++)
        assert_code(create_bucket("alice", arena_printf(&f.setup, "bucket-%d", i)), CODE_OK);
    assert_code(create_bucket("alice", "bucket-100"), CODE_BUCKET_LIMIT);
    assert_code(create_bucket("bob", "bucket-100"), CODE_OK);
}

/* So many empty objects in the bucket "photos", their names "00000" and up made in any order. */
static void fill(int objects) {
    enum { AT_ONCE = 50 };
    f.invariants = false;
    deal_must_bucket(&d);
    for (int i = 0; i < objects; i += AT_ONCE) {
        Msg *msgs[AT_ONCE];
        for (int m = 0; m < AT_ONCE; m++) {
            struct deal one = d;
            struct object_try t;
            MsgCreateObject *create = ARENA_NEW(&f.tx_arena, MsgCreateObject);
            one.object = arena_printf(&f.tx_arena, "%05d", (i + m) * 7919 % objects);
            one.size = 0;
            deal_object_try(&one, &t);
            deal_object_message(&one, &t, create);
            msgs[m] = fixture_msg(&f, "alice", &create->base);
        }
        const struct tx *tx = fixture_tx(&f, "alice", 0, msgs, AT_ONCE);
        assert_code((int)fixture_block(&f, &tx, 1)->txs[0]->code, CODE_OK);
    }
    f.invariants = true;
    fixture_block(&f, NULL, 0);
}

static const ObjectsAnswer *page_after(const char *name) {
    return fixture_query(&f, "/storage/objects", "bucket_name", "photos", "limit", "1000", "start_after", name, NULL);
}

/* Page by page each once and in order (tests/bench lists a million). */
static void poss_d1_4__many_objects_in_a_bucket(void **state) {
    (void)state;
    enum { OBJECTS = 20000 };
    char after[16] = "", want[16];
    int seen = 0;
    fill(OBJECTS);
    do {
        const ObjectsAnswer *a = page_after(after);
        for (size_t i = 0; i < a->n_objects; i++, seen++) {
            snprintf(want, sizeof want, "%05d", seen);
            assert_string_equal(a->objects[i]->object_name, want);
        }
        snprintf(after, sizeof after, "%s", a->next);
    } while (after[0]);
    assert_int_equal(seen, OBJECTS);
    assert_int_equal(deal_bucket(&d)->objects, OBJECTS);
}

/* --- Point --- */

/* What a file was put with is what its every copy is held under. */
static void point_d2_6__the_policy_of_a_file_is_in_its_record(void **state) {
    (void)state;
    struct object_try t;
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_object_try(&d, &t);
    t.spec.term = HOUR;
    t.spec.auto_renew = true;
    t.spec.renew_period = HOUR;
    t.spec.renew_max_price = d.max_price;
    d.object_id = deal_object_send(&d, &t, "alice")->ids[0];
    deal_must_seal(&d);
    const DealAnswer *a = deal_state_of(&d);
    assert_int_equal(a->object->profile->k, 3);
    assert_int_equal(a->object->expires_at, a->object->sealed_time + HOUR);
    assert_true(a->object->auto_renew);
    assert_int_equal(a->object->renew_period, HOUR);
    assert_int_equal(a->n_sps, 3);
    assert_int_equal(a->object->n_prices, 3);
}

/* A position that misses its challenge is not counted on; when it answers again it is. Nobody's client does anything.
 */
static void point_d2_7__the_state_follows_what_is_there(void **state) {
    (void)state;
    MsgSubmitChallenge ask = MSG_SUBMIT_CHALLENGE__INIT;
    deal_must(&d);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
    ask.bucket_name = text("photos");
    ask.object_name = text("a.jpg");
    ask.position = 2;
    assert_code((int)fixture_do(&f, "alice", &ask.base)->code, CODE_OK);
    for (int i = 0; i < 60 && deal_state_of(&d)->state == DEAL_STATE_DEAL; i++)
        fixture_block(&f, NULL, 0);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_PART_DEAL);
    assert_int_equal(deal_state_of(&d)->code, 1);
    assert_int_equal(deal_state_of(&d)->sound, 2);
    const ChallengesAnswer *open = NULL;
    for (int i = 0; i < 20; i++) {
        fixture_block(&f, NULL, 0);
        open = fixture_query(&f, "/challenge/challenges", "sp_id", "3", NULL);
        if (open->n_challenges)
            break;
    }
    assert_int_equal(open->n_challenges, 1);
    MsgAnswerChallenge m;
    deal_answer(&d, open->challenges[0], &m);
    assert_code((int)fixture_do(&f, "sp2.seal", &m.base)->code, CODE_OK);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
}

static void point_d2_8__the_clock_alone_ends_it(void **state) {
    (void)state;
    struct object_try t;
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_object_try(&d, &t);
    t.spec.term = 60000;
    d.object_id = deal_object_send(&d, &t, "alice")->ids[0];
    deal_must_seal(&d);
    fixture_skip(&f, 60000 + 10000 + 1000);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_END);
}

/* Who holds which copy, what can be counted on: of every position. */
static void point_d2_12__each_position_is_told(void **state) {
    (void)state;
    deal_must(&d);
    const DealAnswer *a = deal_state_of(&d);
    assert_int_equal(a->positions, 3);
    assert_int_equal(a->sealed, 3);
    assert_int_equal(a->sound_positions.data[0], 7);
    for (uint32_t i = 0; i < 3; i++) {
        struct hash checksum = deal_checksum(&d, i);
        assert_int_equal(a->sps[i], i + 1);
        assert_memory_equal(a->object->checksums[i].data, checksum.b, sizeof checksum.b);
    }
}

/* One flow for a bucket and its group of providers: the second object makes it larger, and is none of its own. */
static void point_d2_14__the_second_object_uses_the_first_ones_flow(void **state) {
    (void)state;
    deal_must(&d);
    uint64_t slot = deal_object(&d)->slot, rate = deal_payer(&d)->rate->lo;
    struct deal second = d;
    second.object = "b.jpg";
    second.nonce = 5000;
    deal_must_create(&second);
    deal_must_seal(&second);
    assert_int_equal(deal_object(&second)->slot, slot);
    assert_int_equal(deal_payer(&d)->slots, 1);
    assert_int_equal(deal_payer(&d)->rate->lo, 2 * rate);
}

/* --- CESS --- */

static void cess_8_115__a_bad_declaration_is_refused(void **state) {
    (void)state;
    struct object_try t;
    uint8_t zeros[32] = {0};
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_object_try(&d, &t);
    t.profile.k = 0;
    assert_code((int)deal_object_send(&d, &t, "alice")->code, CODE_PROFILE);
    deal_object_try(&d, &t);
    t.spec.content_root = fixture_data(&f, zeros, 31);
    assert_code((int)deal_object_send(&d, &t, "alice")->code, CODE_MALFORMED);
    deal_must_create(&d);
    struct seal_try s;
    deal_seal_try(&d, &s);
    s.receipts[2].position = 3; /* of three fragments */
    assert_code((int)deal_seal_send(&d, &s, "sp0.seal")->code, CODE_RECEIPT_MISSING);
    deal_seal_try(&d, &s);
    s.receipts[0].checksum = fixture_data(&f, zeros, 32); /* not what was declared */
    assert_code((int)deal_seal_send(&d, &s, "sp0.seal")->code, CODE_CONTENT_ROOT);
    deal_seal_try(&d, &s);
    s.receipts[1].size++;
    assert_code((int)deal_seal_send(&d, &s, "sp0.seal")->code, CODE_RECEIPT_FOREIGN);
}

static void cess_8_117__a_pending_object_tells_its_deadline(void **state) {
    (void)state;
    deal_must_bucket(&d);
    deal_must_create(&d);
    const DealAnswer *a = deal_state_of(&d);
    assert_int_equal(a->state, DEAL_STATE_BID);
    assert_int_equal(a->sealed, 0);
    assert_int_equal(a->positions, 3);
    assert_int_equal(a->object->create_deadline, fixture_ledger_time(&f) + f.params.storage.create_ttl_ms);
}

static void cess_8_118__a_stored_object_is_found(void **state) {
    (void)state;
    deal_must(&d);
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)d.object_id);
    const ObjectInfo *o = fixture_query(&f, "/storage/object_by_id", "id", id, NULL);
    assert_string_equal(o->object_name, "a.jpg");
    o = fixture_query(&f, "/storage/object", "bucket_name", "photos", "object_name", "a.jpg", NULL);
    assert_int_equal(o->id, d.object_id);
}

/* An account's buckets, and what is in each. */
static void cess_8_119__an_accounts_objects_over_its_buckets(void **state) {
    (void)state;
    struct addr alice = fixture_addr("alice");
    char owner[ADDR_TEXT_MAX];
    addr_to_text(&alice, owner);
    uint64_t objects = 0;
    for (int b = 0; b < 3; b++) {
        d.bucket = arena_printf(&f.setup, "bucket-%d", b);
        deal_must_bucket(&d);
        for (int i = 0; i <= b; i++)
            assert_code(create_empty(arena_printf(&f.tx_arena, "o%d", i)), CODE_OK);
    }
    const BucketsAnswer *buckets = fixture_query(&f, "/storage/buckets", "owner", owner, NULL);
    assert_int_equal(buckets->n_buckets, 3);
    for (size_t b = 0; b < 3; b++)
        objects += buckets->buckets[b]->objects;
    assert_int_equal(objects, 6);
}

/* A receipt counts only from who was chosen, and for what it holds. */
static void cess_8_121__a_receipt_of_another_provider_is_refused(void **state) {
    (void)state;
    struct seal_try s;
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_must_create(&d);
    deal_seal_try(&d, &s);
    s.receipts[1].sp_id = 5;
    s.keys[1] = "sp4.seal";
    assert_code((int)deal_seal_send(&d, &s, "sp0.seal")->code, CODE_RECEIPT_FOREIGN);
    deal_seal_try(&d, &s);
    s.receipts[1].version++; /* for other bytes */
    assert_code((int)deal_seal_send(&d, &s, "sp0.seal")->code, CODE_RECEIPT_FOREIGN);
    deal_must_seal(&d);
}

static void cess_8_123__deletion_gives_back(void **state) {
    (void)state;
    deal_must(&d);
    uint64_t reserve = deal_payer(&d)->reserve, free = deal_payer(&d)->balance;
    assert_code(deal_delete(&d), CODE_OK);
    assert_int_equal(deal_payer(&d)->reserve, 0);
    assert_in_range(deal_payer(&d)->balance, free, free + reserve);
    assert_string_equal(fixture_attribute(fixture_event(&f, "storage.object_deleted"), "sps"), "1,2,3");
}

/* What is over goes some at a time, and nothing of others is touched. */
static void cess_8_132__what_is_over_goes_in_bounded_steps(void **state) {
    (void)state;
    deal_must_bucket(&d);
    for (int i = 0; i < 8; i++) {
        struct deal one = d;
        struct object_try t;
        one.object = arena_printf(&f.tx_arena, "o%d", i);
        one.size = 0;
        deal_object_try(&one, &t);
        t.spec.term = i < 7 ? 60000 - 1000 * (uint64_t)i : 0;
        assert_code((int)deal_object_send(&one, &t, "alice")->code, CODE_OK);
    }
    uint64_t before = deal_bucket(&d)->objects, most = 0;
    fixture_skip(&f, 45000);
    for (int i = 0; i < 60; i++) {
        fixture_block(&f, NULL, 0);
        most = u64_max(most, before - deal_bucket(&d)->objects);
        before = deal_bucket(&d)->objects;
    }
    assert_in_range(most, 1, f.params.storage.expiries_per_block);
    assert_int_equal(before, 1);
}

/* Page by page every id, and none twice. */
static void cess_8_120__ids_page_by_page(void **state) {
    (void)state;
    enum { OBJECTS = 5000 };
    static bool seen[2 * OBJECTS];
    char after[16] = "";
    int n = 0;
    memset(seen, 0, sizeof seen);
    fill(OBJECTS);
    do {
        const ObjectsAnswer *a = page_after(after);
        for (size_t i = 0; i < a->n_objects; i++, n++) {
            uint64_t id = a->objects[i]->id;
            assert_in_range(id, 1, 2 * OBJECTS - 1);
            assert_false(seen[id]);
            seen[id] = true;
        }
        snprintf(after, sizeof after, "%s", a->next);
    } while (after[0]);
    assert_int_equal(n, OBJECTS);
}

static void cess_8_133__buckets_are_listed_and_told(void **state) {
    (void)state;
    struct addr alice = fixture_addr("alice");
    char owner[ADDR_TEXT_MAX];
    addr_to_text(&alice, owner);
    assert_code(create_bucket("alice", "photos"), CODE_OK);
    assert_code(create_bucket("bob", "others"), CODE_OK);
    assert_code(create_empty("note"), CODE_OK);
    const BucketsAnswer *a = fixture_query(&f, "/storage/buckets", "owner", owner, NULL);
    assert_int_equal(a->n_buckets, 1);
    const BucketInfo *b = fixture_query(&f, "/storage/bucket", "bucket_name", "photos", NULL);
    assert_int_equal(b->objects, 1);
}

static void cess_8_134__a_name_once_and_deleted_only_when_empty(void **state) {
    (void)state;
    assert_code(create_bucket("alice", "photos"), CODE_OK);
    assert_code(create_bucket("alice", "photos"), CODE_BUCKET_EXISTS);
    assert_code(create_empty("note"), CODE_OK);
    assert_code(delete_bucket("alice"), CODE_BUCKET_NOT_EMPTY);
    assert_code(delete_bucket("bob"), CODE_DENIED);
}

static void cess_8_135__a_pending_upload_is_cancelled(void **state) {
    (void)state;
    MsgCancelObject m = MSG_CANCEL_OBJECT__INIT;
    deal_must_bucket(&d);
    uint64_t free = deal_payer(&d)->balance;
    deal_must_create(&d);
    m.bucket_name = text("photos");
    m.object_name = text("a.jpg");
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    assert_int_equal(deal_payer(&d)->balance, free);
    assert_non_null(fixture_event(&f, "storage.object_cancelled")); /* by which providers drop what they have */
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(poss_d1_1__create_bucket), T(poss_d1_2__delete_bucket), T(poss_d1_3__at_most_100_buckets),
          T(poss_d1_4__many_objects_in_a_bucket), T(point_d2_6__the_policy_of_a_file_is_in_its_record),
          T(point_d2_7__the_state_follows_what_is_there), T(point_d2_8__the_clock_alone_ends_it),
          T(point_d2_12__each_position_is_told), T(point_d2_14__the_second_object_uses_the_first_ones_flow),
          T(cess_8_115__a_bad_declaration_is_refused), T(cess_8_117__a_pending_object_tells_its_deadline),
          T(cess_8_118__a_stored_object_is_found), T(cess_8_119__an_accounts_objects_over_its_buckets),
          T(cess_8_121__a_receipt_of_another_provider_is_refused), T(cess_8_123__deletion_gives_back),
          T(cess_8_132__what_is_over_goes_in_bounded_steps), T(cess_8_120__ids_page_by_page),
          T(cess_8_133__buckets_are_listed_and_told), T(cess_8_134__a_name_once_and_deleted_only_when_empty),
          T(cess_8_135__a_pending_upload_is_cancelled))
