/* SPDX-License-Identifier: Apache-2.0 */
/* The life of buckets and objects when all goes well; the invariants of every module are checked after each block. */
#include "tests/lib/ledger/deal.h"

#include "chain/codec/bech32.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "chain/types/signed.h"

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "bob", 1000 * PEBBLE_PER_CAIRN);
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "2026/a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static void bucket__create_and_delete(void **state) {
    (void)state;
    MsgDeleteBucket m = MSG_DELETE_BUCKET__INIT;
    char name[] = "photos";
    deal_must_bucket(&d);
    const BucketInfo *b = deal_bucket(&d);
    assert_int_equal(b->id, 1);
    assert_int_equal(b->primary_sp, 1);
    assert_string_equal(fixture_attribute(fixture_event(&f, "storage.bucket_created"), "bucket"), "photos");
    m.bucket_name = name;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    assert_null(deal_bucket(&d));
}

static void object__create_seal_delete(void **state) {
    (void)state;
    struct key k;
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_must_create(&d);
    uint64_t locked = deal_object(&d)->locked_balance;
    assert_true(locked > 0);
    assert_int_equal(deal_payer(&d)->locked, locked);
    deal_must_seal(&d);
    const ObjectInfo *o = deal_object(&d);
    assert_int_equal(o->object_status, OBJECT_STATUS_SEALED);
    assert_int_equal(o->n_checksums, 7);
    assert_int_equal(o->sealed_positions.data[0], 0x7f);
    assert_int_equal(o->locked_balance, 0);
    assert_int_equal(deal_payer(&d)->locked, 0);
    assert_true(deal_payer(&d)->reserve > 0);
    assert_string_equal(fixture_attribute(fixture_event(&f, "storage.object_sealed"), "sps"), "1,2,3,4,5,6,7");
    const PlacementGroup *g = fixture_record(&f, key_placement_group(&k, d.group_id), &placement_group__descriptor);
    assert_int_equal(g->bytes, layout_billed_bytes(&d.profile, d.size));
    assert_int_equal(deal_sp(&f, 1)->stored_bytes, 200000);

    MsgDeleteObject m = MSG_DELETE_OBJECT__INIT;
    char bucket[] = "photos", object[] = "2026/a.jpg";
    m.bucket_name = bucket;
    m.object_name = object;
    fixture_skip(&f, 60000);
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    assert_string_equal(fixture_attribute(fixture_event(&f, "storage.object_deleted"), "sps"), "1,2,3,4,5,6,7");
    assert_null(deal_object(&d));
    assert_int_equal(deal_sp(&f, 1)->stored_bytes, 0);
    assert_int_equal(deal_payer(&d)->reserve, 0);
    assert_int_equal(deal_bucket(&d)->objects, 0);
    assert_int_equal(deal_bucket(&d)->live_slots, 0);
}

static void object__of_no_bytes_is_sealed_at_once(void **state) {
    (void)state;
    struct object_try t;
    d.size = 0;
    deal_must_bucket(&d);
    deal_object_try(&d, &t);
    assert_code((int)deal_object_send(&d, &t, "alice")->code, CODE_OK);
    const ObjectInfo *o = deal_object(&d);
    assert_int_equal(o->object_status, OBJECT_STATUS_SEALED);
    assert_int_equal(o->slot, 0);
    assert_int_equal(o->locked_balance, 0);
}

static void greenfield_11_3_20_22__unsealed_expires_and_unlocks_exactly(void **state) {
    (void)state;
    deal_must_bucket(&d);
    uint64_t balance = deal_payer(&d)->balance;
    deal_must_create(&d);
    assert_true(deal_payer(&d)->balance < balance);
    f.step_ms = 2000;
    fixture_skip(&f, f.params.storage.create_ttl_ms - 4000);
    assert_non_null(deal_object(&d));
    fixture_skip(&f, 6000);
    assert_null(deal_object(&d));
    assert_int_equal(deal_payer(&d)->balance, balance);
    assert_int_equal(deal_payer(&d)->locked, 0);
}

static void object__cancelled_or_rejected_unlocks_exactly(void **state) {
    (void)state;
    char bucket[] = "photos", object[] = "2026/a.jpg", reason[] = "bytes differ";
    MsgCancelObject cancel = MSG_CANCEL_OBJECT__INIT;
    MsgRejectSeal reject = MSG_REJECT_SEAL__INIT;
    cancel.bucket_name = reject.bucket_name = bucket;
    cancel.object_name = reject.object_name = object;
    reject.reason = reason;
    deal_must_bucket(&d);
    uint64_t balance = deal_payer(&d)->balance;
    deal_must_create(&d);
    assert_code((int)fixture_do(&f, "bob", &cancel.base)->code, CODE_DENIED);
    cancel.creator = (ProtobufCBinaryData){0, NULL};
    assert_code((int)fixture_do(&f, "alice", &cancel.base)->code, CODE_OK);
    assert_int_equal(deal_payer(&d)->balance, balance);
    deal_must_create(&d);
    reject.object_id = d.object_id;
    assert_code((int)fixture_do(&f, "alice", &reject.base)->code, CODE_SEALER);
    reject.creator = (ProtobufCBinaryData){0, NULL};
    assert_code((int)fixture_do(&f, "sp0.seal", &reject.base)->code, CODE_OK);
    assert_string_equal(fixture_attribute(fixture_event(&f, "storage.object_rejected"), "reason"), "bytes differ");
    assert_int_equal(deal_payer(&d)->balance, balance);
}

static void object__every_profile_and_size(void **state) {
    (void)state;
    static const char *const profiles[] = {"ec:4+2+w", "ec:4+2", "replica:1", "replica:3", "ec:2+1"};
    static const uint64_t sizes[] = {1, 3, 4095, 4096, 4097, 65535, 65536, 65537, 300000};
    static char names[64][32];
    size_t n = 0;
    deal_must_bucket(&d);
    for (size_t p = 0; p < 5; p++) {
        struct deal one;
        for (size_t s = 0; s < 9; s++, n++) {
            snprintf(names[n], sizeof names[n], "o%zu", n);
            uint64_t group = s ? one.group_id : 0, nonce = s ? one.nonce : 1000 * (p + 1);
            deal_init(&one, &f, "alice", "photos", names[n], profiles[p], 64 * KIB, sizes[s]);
            one.group_id = group;
            one.nonce = nonce;
            if (s == 0)
                deal_must_group(&one);
            deal_must_create(&one);
            deal_must_seal(&one);
        }
    }
    assert_int_equal(deal_bucket(&d)->objects, 45);
    assert_int_equal(deal_bucket(&d)->live_slots, 5);
}

static void seal__by_the_creator_with_a_layout_root(void **state) {
    (void)state;
    struct seal_try t;
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_must_create(&d);
    deal_seal_try(&d, &t);
    t.layout = true;
    assert_code((int)deal_seal_send(&d, &t, "alice")->code, CODE_OK);
    assert_false(deal_object(&d)->coded_by_sp);
}

static void seal__of_a_stream_with_a_statement(void **state) {
    (void)state;
    struct object_try o;
    struct seal_try t;
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_object_try(&d, &o);
    o.spec.content_root = (ProtobufCBinaryData){0, NULL};
    o.spec.stream = true;
    o.spec.payload_size = 1000000;
    d.object_id = deal_object_send(&d, &o, "alice")->ids[0];
    deal_seal_try(&d, &t);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_STATEMENT);
    deal_seal_try(&d, &t);
    t.stated = true;
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_OK);
    assert_int_equal(deal_object(&d)->payload_size, 200000);
}

static void object__with_a_term_ends_by_itself(void **state) {
    (void)state;
    struct object_try o;
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_object_try(&d, &o);
    o.spec.term = 100000;
    d.object_id = deal_object_send(&d, &o, "alice")->ids[0];
    deal_must_seal(&d);
    fixture_skip(&f, 98000 + f.params.storage.grace_ms);
    assert_non_null(deal_object(&d));
    fixture_skip(&f, 4000);
    assert_null(deal_object(&d));
    assert_int_equal(deal_payer(&d)->reserve, 0);
}

/* One transaction opens a placement group and seals into it. */
static void seal__into_a_group_of_the_same_transaction(void **state) {
    (void)state;
    struct seal_try t;
    SignedReceipt *list[DEAL_POSITIONS_MAX];
    MsgOpenGroup open = MSG_OPEN_GROUP__INIT;
    uint32_t members[] = {1, 2, 3, 4, 5, 6, 7};
    struct err err = {0};
    deal_must_bucket(&d);
    deal_must_create(&d);
    deal_seal_try(&d, &t);
    t.msg.group_id = 0;
    open.profile = &d.profile;
    open.members = members;
    open.n_members = 7;
    for (size_t i = 0; i < 7; i++) {
        const Receipt *one = &t.receipts[i];
        struct seckey key = fixture_key(t.keys[i]);
        assert_ok(receipts_sign(&one, 1, &key, &f.chain_tag, &f.tx_arena, &list[i], &err), &err);
    }
    t.msg.receipts = list;
    t.msg.n_receipts = 7;
    Msg *msgs[] = {fixture_msg(&f, "sp0.seal", &open.base), fixture_msg(&f, "sp0.seal", &t.msg.base)};
    const struct tx *tx = fixture_tx(&f, "sp0.seal", 0, msgs, 2);
    const TxResult *r = fixture_block(&f, &tx, 1)->txs[0];
    assert_code((int)r->code, CODE_OK);
    assert_int_equal(deal_object(&d)->object_status, OBJECT_STATUS_SEALED);
}

/* All receipts of a position's SP under one signature. */
static void seal__with_receipts_from_a_batch(void **state) {
    (void)state;
    struct seal_try t;
    SignedReceipt *list[7], *batch[3];
    struct err err = {0};
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_must_create(&d);
    deal_seal_try(&d, &t);
    for (size_t i = 0; i < 7; i++) {
        Receipt other = t.receipts[i], more = t.receipts[i];
        other.object_id = 1000;
        more.object_id = 2000;
        const Receipt *three[] = {&other, &t.receipts[i], &more};
        struct seckey key = fixture_key(t.keys[i]);
        assert_ok(receipts_sign(three, 3, &key, &f.chain_tag, &f.tx_arena, batch, &err), &err);
        list[i] = batch[1];
    }
    t.msg.receipts = list;
    t.msg.n_receipts = 7;
    list[3]->index = 0;
    assert_code((int)fixture_do(&f, "sp0.seal", &t.msg.base)->code, CODE_RECEIPT_SIGNATURE);
    deal_seal_try(&d, &t);
    for (size_t i = 0; i < 7; i++) {
        Receipt other = t.receipts[i];
        other.object_id = 1000;
        const Receipt *two[] = {&other, &t.receipts[i]};
        struct seckey key = fixture_key(t.keys[i]);
        assert_ok(receipts_sign(two, 2, &key, &f.chain_tag, &f.tx_arena, batch, &err), &err);
        list[i] = batch[1];
    }
    t.msg.receipts = list;
    t.msg.n_receipts = 7;
    assert_code((int)fixture_do(&f, "sp0.seal", &t.msg.base)->code, CODE_OK);
}

/* A payer that runs dry: frozen, nothing new; frozen too long, the end of its objects. */
static void object__of_a_payer_that_runs_dry(void **state) {
    (void)state;
    struct object_try t;
    fixture_release(&f);
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    f.params.payment.reserve_time_ms = 60000;
    f.params.payment.frozen_time_ms = 30000;
    f.sp_price = (uint64_t)1 << 49;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:2", 64 * KIB, 200000);
    deal_fund(&d, 2000000);
    deal_must(&d);
    for (int i = 0; i < 200 && deal_payer(&d)->status == PAYMENT_STATUS_ACTIVE; i++)
        fixture_block(&f, NULL, 0);
    assert_int_equal(deal_payer(&d)->status, PAYMENT_STATUS_FROZEN);
    assert_non_null(deal_object(&d));
    struct deal other = d;
    other.object = "b.jpg";
    deal_object_try(&other, &t);
    assert_code((int)deal_object_send(&other, &t, "alice")->code, CODE_PAYER_FROZEN);
    for (int i = 0; i < 60 && deal_object(&d); i++)
        fixture_block(&f, NULL, 0);
    assert_null(deal_object(&d));
    assert_non_null(fixture_event(&f, "storage.object_unpaid"));
    assert_int_equal(deal_bucket(&d)->live_slots, 0);
}

static void bucket__lists_with_prefix_and_delimiter(void **state) {
    (void)state;
    static const char *const names[] = {"a/1", "a/2", "a/b/3", "b", "c/d/e", "c0"};
    deal_must_bucket(&d);
    for (size_t i = 0; i < 6; i++) {
        struct object_try t;
        d.object = names[i];
        d.size = 0;
        deal_object_try(&d, &t);
        assert_code((int)deal_object_send(&d, &t, "alice")->code, CODE_OK);
    }
    const ObjectsAnswer *a = fixture_query(&f, "/storage/objects", "bucket_name", "photos", "delimiter", "/", NULL);
    assert_int_equal(a->n_objects, 2);
    assert_string_equal(a->objects[0]->object_name, "b");
    assert_string_equal(a->objects[1]->object_name, "c0");
    assert_int_equal(a->n_common_prefixes, 2);
    assert_string_equal(a->common_prefixes[0], "a/");
    assert_string_equal(a->common_prefixes[1], "c/");
    assert_string_equal(a->next, "");
    a = fixture_query(&f, "/storage/objects", "bucket_name", "photos", "prefix", "a/", "delimiter", "/", NULL);
    assert_int_equal(a->n_objects, 2);
    assert_int_equal(a->n_common_prefixes, 1);
    assert_string_equal(a->common_prefixes[0], "a/b/");

    char after[64] = "";
    size_t pages = 0, seen = 0;
    do {
        a = fixture_query(&f, "/storage/objects", "bucket_name", "photos", "delimiter", "/", "limit", "1",
                          "start_after", after, NULL);
        assert_int_equal(a->n_objects + a->n_common_prefixes, 1);
        snprintf(after, sizeof after, "%s", a->next);
        seen += a->n_objects + a->n_common_prefixes;
        pages++;
    } while (after[0] && pages < 10);
    assert_int_equal(seen, 4);
    assert_int_equal(pages, 4);
}

static void queries__answer(void **state) {
    (void)state;
    deal_must(&d);
    const QuoteAnswer *q = fixture_query(&f, "/storage/quote", "payload_size", "200000", "profile", "ec:4+2+w",
                                         "segment_size", "65536", "price", "8589934592", NULL);
    assert_int_equal(q->billed_bytes, layout_billed_bytes(&d.profile, 200000));
    const SlotObjectsAnswer *s = fixture_query(&f, "/storage/slot_objects", "bucket_id", "1", "slot", "1", NULL);
    assert_int_equal(s->n_object_ids, 1);
    assert_int_equal(s->object_ids[0], d.object_id);
    const GroupSlotsAnswer *g = fixture_query(&f, "/storage/group_slots", "group_id", "1", NULL);
    assert_int_equal(g->n_slots, 1);
    struct addr alice = fixture_addr("alice");
    char text[ADDR_TEXT_MAX];
    addr_to_text(&alice, text);
    const BucketsAnswer *b = fixture_query(&f, "/storage/buckets", "owner", text, NULL);
    assert_int_equal(b->n_buckets, 1);
    assert_string_equal(b->buckets[0]->bucket_name, "photos");
    const DealAnswer *deal =
        fixture_query(&f, "/storage/deal", "bucket_name", "photos", "object_name", "2026/a.jpg", NULL);
    assert_int_equal(deal->state, DEAL_STATE_DEAL);
    assert_int_equal(deal->sound, 7);
    assert_int_equal(deal->n_sps, 7);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(bucket__create_and_delete, setup, teardown),
    cmocka_unit_test_setup_teardown(object__create_seal_delete, setup, teardown),
    cmocka_unit_test_setup_teardown(object__of_no_bytes_is_sealed_at_once, setup, teardown),
    cmocka_unit_test_setup_teardown(greenfield_11_3_20_22__unsealed_expires_and_unlocks_exactly, setup, teardown),
    cmocka_unit_test_setup_teardown(object__cancelled_or_rejected_unlocks_exactly, setup, teardown),
    cmocka_unit_test_setup_teardown(object__every_profile_and_size, setup, teardown),
    cmocka_unit_test_setup_teardown(seal__by_the_creator_with_a_layout_root, setup, teardown),
    cmocka_unit_test_setup_teardown(seal__of_a_stream_with_a_statement, setup, teardown),
    cmocka_unit_test_setup_teardown(object__with_a_term_ends_by_itself, setup, teardown),
    cmocka_unit_test_setup_teardown(seal__into_a_group_of_the_same_transaction, setup, teardown),
    cmocka_unit_test_setup_teardown(seal__with_receipts_from_a_batch, setup, teardown),
    cmocka_unit_test_setup_teardown(object__of_a_payer_that_runs_dry, setup, teardown),
    cmocka_unit_test_setup_teardown(bucket__lists_with_prefix_and_delimiter, setup, teardown),
    cmocka_unit_test_setup_teardown(queries__answer, setup, teardown),
};

int main(void) {
    test_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
