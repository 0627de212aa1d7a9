/* SPDX-License-Identifier: Apache-2.0 */
/* MsgUpdateObject, MsgUpdateBucket; notice given by a provider; create and seal in one step; many messages in one
 * transaction. The invariants of every module are checked after each block. */
#include "tests/lib/ledger/deal.h"

#include "chain/types/keys_payment.h"
#include "chain/types/keys_storage.h"

#include "cairn/permission.h"

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "bob", 1000 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "sp0.gc", PEBBLE_PER_CAIRN);
    fixture_account(&f, "sp1.gc", PEBBLE_PER_CAIRN);
    f.params.challenge.floor_interval_ms = 0;
    f.params.storage.metadata_bytes_max = 100;
    f.params.storage.tags_max = 3;
    f.params.storage.discontinue_grace_ms = 20000;
    f.params.storage.discontinue_window_ms = 30000;
    f.params.storage.discontinues_per_window = 2;
    f.params.storage.expiries_per_block = 2;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:2", 64 * KIB, 200000);
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    deal_must(&d);
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

static char *run_of(char c, size_t n) {
    char *s = arena_alloc(&f.tx_arena, n + 1);
    memset(s, c, n);
    return s;
}

static SetTags *tags(size_t n) {
    SetTags *t = ARENA_NEW(&f.tx_arena, SetTags);
    set_tags__init(t);
    t->tags = arena_array(&f.tx_arena, n + 1, sizeof *t->tags);
    t->n_tags = n;
    for (size_t i = 0; i < n; i++) {
        t->tags[i] = ARENA_NEW(&f.tx_arena, Tag);
        tag__init(t->tags[i]);
        t->tags[i]->key = arena_printf(&f.tx_arena, "k%zu", i);
        t->tags[i]->value = text("v");
    }
    return t;
}

static SetText *set_text(char *value) {
    SetText *t = ARENA_NEW(&f.tx_arena, SetText);
    set_text__init(t);
    t->value = value;
    return t;
}

static SetBytes *set_bytes(size_t n) {
    SetBytes *t = ARENA_NEW(&f.tx_arena, SetBytes);
    set_bytes__init(t);
    t->value = (ProtobufCBinaryData){n, (uint8_t *)run_of('x', n)};
    return t;
}

static SetNumber *set_number(uint64_t value) {
    SetNumber *t = ARENA_NEW(&f.tx_arena, SetNumber);
    set_number__init(t);
    t->value = value;
    return t;
}

/* What the ante check or the block answers. */
static int send(const char *signer, ProtobufCMessage *m) {
    Msg *msgs[] = {fixture_msg(&f, signer, m)};
    struct app_admission admission;
    struct err err = {0};
    const struct tx *tx = fixture_tx(&f, signer, 0, msgs, 1);
    int rc = fixture_check(&f, tx, &admission, &err);
    return rc ? rc : (int)fixture_block(&f, &tx, 1)->txs[0]->code;
}

/* --- objects --- */

static void object_msg(MsgUpdateObject *m) {
    msg_update_object__init(m);
    m->bucket_name = text("photos");
    m->object_name = text("a.jpg");
}

static void update_object__changes_what_is_said_and_nothing_else(void **state) {
    (void)state;
    MsgUpdateObject m;
    uint64_t version = deal_object(&d)->version, reserve = deal_payer(&d)->reserve;
    object_msg(&m);
    m.visibility = VISIBILITY_PUBLIC_READ;
    m.tags = tags(3);
    m.metadata = set_bytes(100);
    m.content_type = set_text(text("image/jpeg"));
    m.envelope = set_bytes(32);
    assert_code(send("alice", &m.base), CODE_OK);
    const ObjectInfo *o = deal_object(&d);
    assert_int_equal(o->visibility, VISIBILITY_PUBLIC_READ);
    assert_int_equal(o->n_tags, 3);
    assert_int_equal(o->metadata.len, 100);
    assert_string_equal(o->content_type, "image/jpeg");
    assert_int_equal(o->envelope_digest.len, 32);
    assert_int_equal(o->version, version);
    assert_int_equal(deal_payer(&d)->reserve, reserve);
    object_msg(&m); /* what is not in the message stays; what is there and empty goes */
    m.tags = tags(0);
    m.etag = set_text(text("e1"));
    assert_code(send("alice", &m.base), CODE_OK);
    o = deal_object(&d);
    assert_int_equal(o->n_tags, 0);
    assert_int_equal(o->metadata.len, 100);
    assert_string_equal(o->content_type, "image/jpeg");
    assert_string_equal(o->etag, "e1");
}

static void poss_d1_25__metadata_to_its_limit(void **state) {
    (void)state;
    MsgUpdateObject m;
    object_msg(&m);
    m.metadata = set_bytes(101);
    assert_code(send("alice", &m.base), CODE_METADATA);
    object_msg(&m);
    m.metadata = set_bytes(100);
    assert_code(send("alice", &m.base), CODE_OK);
    const ObjectInfo *o = fixture_query(&f, "/storage/object", "bucket_name", "photos", "object_name", "a.jpg", NULL);
    assert_int_equal(o->metadata.len, 100);
}

static void update_object__refusals(void **state) {
    (void)state;
    MsgUpdateObject m;
#define UPDATE(want, signer, change)                                                                                   \
    do {                                                                                                               \
        object_msg(&m);                                                                                                \
        m.visibility = VISIBILITY_PRIVATE;                                                                             \
        change;                                                                                                        \
        assert_code(send(signer, &m.base), want);                                                                      \
    } while (0)
    UPDATE(CODE_INVALID_ARGUMENT, "alice", m.visibility = 0);
    UPDATE(CODE_DENIED, "bob", (void)0);
    UPDATE(CODE_BUCKET_NOT_FOUND, "alice", m.bucket_name = text("nowhere"));
    UPDATE(CODE_OBJECT_NOT_FOUND, "alice", m.object_name = text("nothing"));
    UPDATE(CODE_TAGS, "alice", m.tags = tags(4));
    UPDATE(CODE_METADATA, "alice", m.content_type = set_text(run_of('c', 129)));
    UPDATE(CODE_OK, "alice", m.content_type = set_text(run_of('c', 128)));
    UPDATE(CODE_METADATA, "alice", m.etag = set_text(run_of('e', 129)));
    UPDATE(CODE_METADATA, "alice", m.envelope = set_bytes(31));
    UPDATE(CODE_OK, "alice", m.envelope = set_bytes(0));
#undef UPDATE
}

/* --- buckets --- */

static void bucket_msg(MsgUpdateBucket *m) {
    msg_update_bucket__init(m);
    m->bucket_name = text("photos");
}

static void update_bucket__each_field(void **state) {
    (void)state;
    MsgUpdateBucket m;
    Profile profile = PROFILE__INIT;
    bucket_msg(&m);
    m.visibility = VISIBILITY_PUBLIC_READ;
    m.price_cap = set_number(d.max_price);
    m.tags = tags(2);
    assert_int_equal(profile_parse("replica:3", 64 * KIB, &profile, NULL), CODE_OK);
    m.profile = &profile;
    assert_code(send("alice", &m.base), CODE_OK);
    const BucketInfo *b = deal_bucket(&d);
    assert_int_equal(b->visibility, VISIBILITY_PUBLIC_READ);
    assert_int_equal(b->price_cap, d.max_price);
    assert_int_equal(b->n_tags, 2);
    assert_int_equal(b->profile->k, 3);
    assert_non_null(fixture_event(&f, "storage.bucket_updated"));
    bucket_msg(&m);
    m.price_cap = set_number(d.max_price - 1);
    assert_code(send("alice", &m.base), CODE_OK);
    assert_int_equal(deal_bucket(&d)->n_tags, 2);
    struct deal other = d;
    other.object = "b.jpg";
    other.nonce = 9000;
    struct object_try t;
    deal_object_try(&other, &t);
    assert_code((int)deal_object_send(&other, &t, "alice")->code, CODE_PRICE); /* dearer than the bucket allows */
    deal_object_try(&other, &t);
    t.spec.max_price = d.max_price - 1;
    assert_code((int)deal_object_send(&other, &t, "alice")->code, CODE_OK);
}

static void update_bucket__refusals(void **state) {
    (void)state;
    MsgUpdateBucket m;
    Profile profile = PROFILE__INIT;
#define UPDATE(want, signer, change)                                                                                   \
    do {                                                                                                               \
        bucket_msg(&m);                                                                                                \
        m.visibility = VISIBILITY_PRIVATE;                                                                             \
        change;                                                                                                        \
        assert_code(send(signer, &m.base), want);                                                                      \
    } while (0)
    UPDATE(CODE_INVALID_ARGUMENT, "alice", m.visibility = 0);
    UPDATE(CODE_DENIED, "bob", (void)0);
    UPDATE(CODE_BUCKET_NOT_FOUND, "alice", m.bucket_name = text("nowhere"));
    UPDATE(CODE_VISIBILITY, "alice", m.visibility = VISIBILITY_INHERIT);
    UPDATE(CODE_TAGS, "alice", m.tags = tags(4));
    UPDATE(CODE_PROFILE, "alice", m.profile = &profile);
    UPDATE(CODE_PRICE, "alice", m.price_cap = set_number(f.params.payment.price_max + 1));
    UPDATE(CODE_OK, "alice", m.price_cap = set_number(f.params.payment.price_max));
    UPDATE(CODE_PAYMENT_OWNER, "alice", m.payment_address = fixture_addr_data(&f, "bob")); /* nobody is made to pay */
#undef UPDATE
}

/* What flows is charged to the new account from the same millisecond on. */
static void update_bucket__another_payer(void **state) {
    (void)state;
    MsgUpdateBucket m;
    MsgCreatePaymentAccount c = MSG_CREATE_PAYMENT_ACCOUNT__INIT;
    struct addr alice = fixture_addr("alice"), second = addr_of_payment(&alice, 1);
    struct key k;
    assert_code(send("alice", &c.base), CODE_OK);
    uint64_t reserve = deal_payer(&d)->reserve;
    bucket_msg(&m);
    m.payment_address = fixture_data(&f, second.b, sizeof second.b);
    assert_code(send("alice", &m.base), CODE_PAYMENT_FUNDS);
    MsgDeposit deposit = MSG_DEPOSIT__INIT;
    deposit.payment_address = fixture_data(&f, second.b, sizeof second.b);
    deposit.amount = 100 * PEBBLE_PER_CAIRN;
    assert_code(send("alice", &deposit.base), CODE_OK);
    bucket_msg(&m);
    m.payment_address = fixture_data(&f, second.b, sizeof second.b);
    assert_code(send("alice", &m.base), CODE_OK);
    assert_int_equal(deal_payer(&d)->reserve, 0);
    assert_int_equal(deal_payer(&d)->slots, 0);
    const PaymentAccount *a = fixture_record(&f, key_payment_account(&k, &second), &payment_account__descriptor);
    assert_int_equal(a->reserve, reserve);
    assert_int_equal(a->slots, 1);
    fixture_skip(&f, 60000);
    assert_code(deal_delete(&d), CODE_OK);
    a = fixture_record(&f, key_payment_account(&k, &second), &payment_account__descriptor);
    assert_int_equal(a->reserve, 0);
}

/* --- notice --- */

static int discontinue(const char *signer, uint64_t id, const char *reason) {
    MsgDiscontinueObject m = MSG_DISCONTINUE_OBJECT__INIT;
    m.bucket_name = text("photos");
    m.object_name = text(d.object);
    m.object_id = id;
    m.reason = text(reason);
    return send(signer, &m.base);
}

static int discontinue_bucket(const char *signer, const char *name) {
    MsgDiscontinueBucket m = MSG_DISCONTINUE_BUCKET__INIT;
    m.bucket_name = text(name);
    m.reason = text("unlawful");
    return send(signer, &m.base);
}

static void discontinue__deletes_after_the_grace(void **state) {
    (void)state;
    uint64_t id = deal_object(&d)->id;
    assert_code(discontinue("sp0.gc", id, "unlawful"), CODE_OK);
    const Event *e = fixture_event(&f, "storage.object_discontinued");
    uint64_t at = fixture_ledger_time(&f) + 20000;
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)at);
    assert_string_equal(fixture_attribute(e, "delete_at"), number);
    assert_string_equal(fixture_attribute(e, "reason"), "unlawful");
    assert_int_equal(deal_object(&d)->object_status, OBJECT_STATUS_DISCONTINUED);
    const DealAnswer *a = deal_state_of(&d);
    assert_int_equal(a->state, DEAL_STATE_PENDING_END);
    assert_int_equal(a->ends_at, at);
    MsgUpdateObject m;
    object_msg(&m);
    m.visibility = VISIBILITY_PRIVATE;
    assert_code(send("alice", &m.base), CODE_OBJECT_STATUS);
    while (fixture_ledger_time(&f) + 1000 < at) {
        assert_non_null(deal_object(&d));
        fixture_block(&f, NULL, 0);
    }
    fixture_block(&f, NULL, 0);
    assert_null(deal_object(&d));
    e = fixture_event(&f, "storage.object_dropped");
    assert_string_equal(fixture_attribute(e, "reason"), "unlawful");
    a = deal_state_of(&d);
    assert_int_equal(a->state, DEAL_STATE_END);
    assert_string_equal(a->ended->end, "discontinued");
    assert_int_equal(deal_payer(&d)->reserve, 0);
}

static void discontinue__refusals(void **state) {
    (void)state;
    uint64_t id = deal_object(&d)->id;
    assert_code(discontinue("sp0.gc", id, ""), CODE_REASON);
    assert_code(discontinue("sp0.gc", id, run_of('r', 257)), CODE_REASON);
    assert_code(discontinue("sp0.gc", id + 1, "r"), CODE_OBJECT_VERSION);
    assert_code(discontinue("sp1.gc", id, "r"), CODE_GC_KEY);
    assert_code(discontinue("sp0", id, "r"), CODE_GC_KEY);
    assert_code(discontinue("alice", id, "r"), CODE_GC_KEY);
    assert_code(discontinue_bucket("alice", "photos"), CODE_GC_KEY);
    assert_code(discontinue_bucket("sp0.gc", "nowhere"), CODE_BUCKET_NOT_FOUND);
    struct deal other = d;
    other.object = "other.jpg";
    other.nonce = 9000;
    deal_must_create(&other);
    d.object = "other.jpg";
    assert_code(discontinue("sp0.gc", deal_object(&other)->id, "r"), CODE_OBJECT_STATUS);
    d.object = "a.jpg";
    assert_code(discontinue("sp0.gc", id, run_of('r', 256)), CODE_OK);
    assert_code(discontinue("sp0.gc", id, "again"), CODE_OBJECT_STATUS);
}

/* As often as allowed in a window, and again in the next. */
static void discontinue__so_often_in_a_window(void **state) {
    (void)state;
    struct deal more[3];
    for (size_t i = 0; i < 3; i++) {
        more[i] = d;
        more[i].object = arena_printf(&f.setup, "m%zu", i);
        more[i].nonce = 1000 * (i + 10);
        deal_must_create(&more[i]);
        deal_must_seal(&more[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        d.object = more[i].object;
        assert_code(discontinue("sp0.gc", more[i].object_id, "r"), i < 2 ? CODE_OK : CODE_DISCONTINUE_LIMIT);
    }
    fixture_skip(&f, 30000);
    assert_code(discontinue("sp0.gc", more[2].object_id, "r"), CODE_OK);
}

/* A whole bucket: nothing is added, all that is in it goes some objects a block, then the bucket. */
static void discontinue__a_bucket(void **state) {
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct deal one = d;
        one.object = arena_printf(&f.setup, "m%zu", i);
        one.nonce = 1000 * (i + 10);
        deal_must_create(&one);
        if (i) /* one is not sealed yet */
            deal_must_seal(&one);
    }
    assert_int_equal(deal_bucket(&d)->objects, 6);
    assert_code(discontinue_bucket("sp0.gc", "photos"), CODE_OK);
    assert_int_equal(deal_bucket(&d)->status, BUCKET_STATUS_DISCONTINUED);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_PENDING_END);
    assert_code(discontinue_bucket("sp0.gc", "photos"), CODE_BUCKET_STATUS);
    struct object_try t;
    struct deal one = d;
    one.object = "new.jpg";
    one.nonce = 30000;
    deal_object_try(&one, &t);
    assert_code((int)deal_object_send(&one, &t, "alice")->code, CODE_BUCKET_STATUS);
    MsgUpdateBucket m;
    bucket_msg(&m);
    m.visibility = VISIBILITY_PRIVATE;
    assert_code(send("alice", &m.base), CODE_BUCKET_STATUS); /* the hole of greenfield-chain.md, UpdateBucketInfo */
    uint64_t at = deal_bucket(&d)->discontinue_at;
    while (fixture_ledger_time(&f) + 1000 < at)
        fixture_block(&f, NULL, 0);
    for (uint64_t left = 4; left; left -= 2) {
        fixture_block(&f, NULL, 0);
        assert_int_equal(deal_bucket(&d)->objects, left);
    }
    fixture_block(&f, NULL, 0);
    assert_null(deal_bucket(&d));
    assert_int_equal(deal_payer(&d)->reserve, 0);
    assert_int_equal(deal_payer(&d)->locked, 0);
    assert_int_equal(deal_sp(&f, 1)->stored_bytes, 0);
}

/* The owner is faster: what is gone by then is no trouble for the queue. */
static void discontinue__deleted_meanwhile(void **state) {
    (void)state;
    assert_code(discontinue("sp0.gc", deal_object(&d)->id, "r"), CODE_OK);
    assert_code(discontinue_bucket("sp0.gc", "photos"), CODE_OK);
    assert_code(deal_delete(&d), CODE_OK);
    MsgDeleteBucket m = MSG_DELETE_BUCKET__INIT;
    m.bucket_name = text("photos");
    assert_code(send("alice", &m.base), CODE_OK);
    fixture_skip(&f, 25000);
    assert_null(fixture_event(&f, "app.quarantined"));
}

/* --- one step --- */

struct store_try {
    struct object_try object;
    struct seal_try seal;
    uint64_t expected;
};

/* o: a deal of another name or content, whose pieces the members hold. */
static void store_try(struct deal *o, struct store_try *t) {
    *t = (struct store_try){.expected = 0};
    deal_object_try(o, &t->object);
    t->object.approver = NULL;
    o->object_id = 0;
    deal_seal_try(o, &t->seal);
    for (size_t i = 0; i < t->seal.count; i++) {
        t->seal.receipts[i].object_id = 0;
        t->seal.receipts[i].version = 0;
    }
}

static const TxResult *store_send(struct deal *o, struct store_try *t, const char *signer) {
    MsgStoreObject m = MSG_STORE_OBJECT__INIT;
    MsgCreateObject c;
    t->object.spec.expected_version = t->expected;
    deal_object_message(o, &t->object, &c);
    m.spec = c.spec;
    m.group_id = t->seal.msg.group_id;
    m.upload_id = t->seal.msg.upload_id;
    m.coded_by_sp = t->seal.msg.coded_by_sp;
    m.receipts = deal_receipts(o, &t->seal);
    m.n_receipts = t->seal.count;
    return fixture_do(&f, signer, &m.base);
}

static struct deal another(const char *name) {
    struct deal o = d;
    o.object = name;
    o.nonce = 40000;
    memset(o.upload_id, name[0], sizeof o.upload_id);
    return o;
}

static void store__in_one_step(void **state) {
    (void)state;
    struct deal o = another("one.jpg");
    struct store_try t;
    uint64_t free = deal_payer(&d)->balance + deal_payer(&d)->reserve;
    store_try(&o, &t);
    const TxResult *r = store_send(&o, &t, "alice");
    if (r->code)
        fail_msg("%s", r->log);
    assert_int_equal(r->n_ids, 1);
    const ObjectInfo *made = deal_object(&o);
    assert_int_equal(made->object_status, OBJECT_STATUS_SEALED);
    assert_int_equal(made->id, fixture_event(&f, "storage.object_sealed") ? made->id : 0);
    assert_int_equal(deal_bucket(&d)->objects, 2);
    assert_int_equal(deal_state_of(&o)->state, DEAL_STATE_DEAL);
    assert_int_equal(deal_payer(&d)->locked, 0);
    assert_true(deal_payer(&d)->balance + deal_payer(&d)->reserve <= free);
    assert_string_equal(fixture_attribute(fixture_event(&f, "storage.object_sealed"), "upload_id"),
                        "6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f6f");
    store_try(&o, &t); /* again: the name is taken; under another name the upload has been used */
    assert_code((int)store_send(&o, &t, "alice")->code, CODE_OBJECT_EXISTS);
    o.object = "two.jpg";
    store_try(&o, &t);
    assert_code((int)store_send(&o, &t, "alice")->code, CODE_UPLOAD_USED);
    assert_code(deal_delete(&o), CODE_OBJECT_NOT_FOUND);
}

/* A receipt is for one previous version: nobody can use it to overwrite what came later. */
static void store__replaces_the_version_that_the_receipts_bind(void **state) {
    (void)state;
    struct deal o = another("a.jpg");
    struct store_try t;
    uint64_t version = deal_object(&d)->version, id = deal_object(&d)->id;
    o.size = 5000;
    store_try(&o, &t);
    t.expected = version;
    assert_code((int)store_send(&o, &t, "alice")->code, CODE_RECEIPT_FOREIGN);
    store_try(&o, &t);
    t.expected = version;
    for (size_t i = 0; i < t.seal.count; i++)
        t.seal.receipts[i].version = version;
    assert_code((int)store_send(&o, &t, "alice")->code, CODE_OK);
    assert_int_equal(deal_object(&d)->id, id);
    assert_int_equal(deal_object(&d)->payload_size, 5000);
    assert_int_equal(deal_bucket(&d)->objects, 1);
    assert_non_null(fixture_event(&f, "storage.object_replaced"));
    memset(o.upload_id, 'x', sizeof o.upload_id);
    store_try(&o, &t);
    t.expected = version;
    for (size_t i = 0; i < t.seal.count; i++)
        t.seal.receipts[i].version = version;
    assert_code((int)store_send(&o, &t, "alice")->code, CODE_OBJECT_VERSION);
}

static void point_d2_19__tampered_receipts_are_refused(void **state) {
    (void)state;
    struct deal o = another("one.jpg");
    struct store_try t;
    Receipt *r = NULL;
#define STORE(want, change)                                                                                            \
    do {                                                                                                               \
        store_try(&o, &t);                                                                                             \
        r = &t.seal.receipts[1];                                                                                       \
        change;                                                                                                        \
        assert_code((int)store_send(&o, &t, "alice")->code, want);                                                     \
    } while (0)
    STORE(CODE_RECEIPT_FOREIGN, r->object_id = 1);
    STORE(CODE_RECEIPT_FOREIGN, r->version = 1);
    STORE(CODE_RECEIPT_FOREIGN, r->size++);
    STORE(CODE_RECEIPT_FOREIGN, r->object_name = text("two.jpg"));
    STORE(CODE_RECEIPT_FOREIGN, r->creator = fixture_addr_data(&f, "bob"));
    STORE(CODE_RECEIPT_FOREIGN, r->bucket_id++);
    STORE(CODE_RECEIPT_FOREIGN, r->sp_id = 1);
    STORE(CODE_PRICE, r->price = d.max_price + 1);
    STORE(CODE_RECEIPT_EXPIRED, r->valid_until = fixture_ledger_time(&f));
    STORE(CODE_RECEIPT_SIGNATURE, t.seal.flip = 1);
    STORE(CODE_RECEIPT_SIGNATURE, t.seal.keys[1] = "sp0.seal");
    STORE(CODE_RECEIPT_MISSING, t.seal.count = 1);
    STORE(CODE_RECEIPT_MISSING, r->position = 0);
    STORE(CODE_CONTENT_ROOT, r->checksum = r->upload_id; r->checksum = fixture_data(&f, run_of('c', 32), 32));
    STORE(CODE_PLACEMENT_GROUP, t.seal.msg.group_id = 0);
    STORE(CODE_CONTENT_ROOT, t.object.spec.content_root.len = 0);
    STORE(CODE_OK, r->price = d.max_price);
#undef STORE
}

/* Payment only from the seal on. */
static void point_d2_20__no_income_before_the_seal(void **state) {
    (void)state;
    assert_code(deal_delete(&d), CODE_OK);
    struct deal o = another("one.jpg");
    f.step_ms = 1000;
    fixture_skip(&f, 10000);
    uint64_t before = deal_sp(&f, 1)->income;
    deal_must_create(&o);
    fixture_skip(&f, 60000);
    assert_int_equal(deal_sp(&f, 1)->income, before);
    assert_null(deal_payer(&d)->rate);
    deal_must_seal(&o);
    assert_non_null(deal_payer(&d)->rate);
}

/* --- many at once --- */

static Msg *delete_msg(const char *object) {
    MsgDeleteObject *m = ARENA_NEW(&f.tx_arena, MsgDeleteObject);
    msg_delete_object__init(m);
    m->bucket_name = text("photos");
    m->object_name = text(object);
    return fixture_msg(&f, "alice", &m->base);
}

/* One signature over many operations: all of them, or none. */
static void batch__is_all_or_nothing(void **state) {
    (void)state;
    static const char *const names[] = {"b1", "b2", "b3"};
    for (size_t i = 0; i < 3; i++) {
        struct deal o = another(names[i]);
        o.nonce = 50000 + 1000 * i;
        deal_must_create(&o);
        deal_must_seal(&o);
    }
    MsgUpdateObject up;
    object_msg(&up);
    up.visibility = VISIBILITY_PUBLIC_READ;
    Msg *bad[] = {delete_msg("b1"), fixture_msg(&f, "alice", &up.base), delete_msg("nothing"), delete_msg("b2")};
    const struct tx *tx = fixture_tx(&f, "alice", 0, bad, 4);
    assert_code((int)fixture_block(&f, &tx, 1)->txs[0]->code, CODE_OBJECT_NOT_FOUND);
    assert_int_equal(deal_bucket(&d)->objects, 4);
    assert_int_equal(deal_object(&d)->visibility, VISIBILITY_INHERIT);
    MsgMoveObject move = MSG_MOVE_OBJECT__INIT;
    move.bucket_name = text("photos");
    move.object_name = text("a.jpg");
    move.new_object_name = text("b1");
    Msg *good[] = {delete_msg("b1"), delete_msg("b2"), delete_msg("b3"), fixture_msg(&f, "alice", &move.base)};
    tx = fixture_tx(&f, "alice", 0, good, 4);
    assert_code((int)fixture_block(&f, &tx, 1)->txs[0]->code, CODE_OK);
    assert_int_equal(deal_bucket(&d)->objects, 1);
    d.object = "b1";
    assert_non_null(deal_object(&d));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(update_object__changes_what_is_said_and_nothing_else), T(poss_d1_25__metadata_to_its_limit),
          T(update_object__refusals), T(update_bucket__each_field), T(update_bucket__refusals),
          T(update_bucket__another_payer), T(discontinue__deletes_after_the_grace), T(discontinue__refusals),
          T(discontinue__so_often_in_a_window), T(discontinue__a_bucket), T(discontinue__deleted_meanwhile),
          T(store__in_one_step), T(store__replaces_the_version_that_the_receipts_bind),
          T(point_d2_19__tampered_receipts_are_refused), T(point_d2_20__no_income_before_the_seal),
          T(batch__is_all_or_nothing))
