/* SPDX-License-Identifier: Apache-2.0 */
/* New versions of an object: expected, on their way, sealed in place; moves; copies. The invariants of every module are
 * checked after each block. */
#include "tests/lib/ledger/deal.h"

#include "chain/types/keys_challenge.h"
#include "chain/types/keys_storage.h"

#include "cairn/permission.h"

static struct fixture f;
static struct deal d, n; /* the object, and its next version: the same name, other bytes */

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "bob", 1000 * PEBBLE_PER_CAIRN);
    f.params.challenge.floor_interval_ms = 0;
    f.params.payment.reserve_time_ms = 3600000;
    f.params.payment.frozen_time_ms = 1800000;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:3", 64 * KIB, 200000);
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    deal_must(&d);
    n = d;
    n.size = 70000;
    n.seed = 99;
    n.nonce = 5000;
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

static int create_next(uint64_t expected, const char *signer) {
    struct object_try t;
    deal_object_try(&n, &t);
    t.spec.expected_version = expected;
    t.spec.creator = fixture_addr_data(&f, signer);
    const TxResult *r = deal_object_send(&n, &t, signer);
    if (r->n_ids)
        n.object_id = r->ids[0];
    return (int)r->code;
}

static int cancel(const char *signer) {
    MsgCancelObject m = MSG_CANCEL_OBJECT__INIT;
    m.bucket_name = text("photos");
    m.object_name = text(d.object);
    return (int)fixture_do(&f, signer, &m.base)->code;
}

static int reject(const char *signer) {
    MsgRejectSeal m = MSG_REJECT_SEAL__INIT;
    m.bucket_name = text("photos");
    m.object_name = text(d.object);
    m.object_id = n.object_id;
    m.reason = text("no room");
    return (int)fixture_do(&f, signer, &m.base)->code;
}

/* The old version is the object until the seal; then the new one is, with the same id, and all that hung on it. */
static void replace__is_atomic_at_the_seal(void **state) {
    (void)state;
    uint64_t id = deal_object(&d)->id, version = deal_object(&d)->version, free = deal_payer(&d)->balance;
    assert_code(create_next(version, "alice"), CODE_OK);
    assert_int_equal(n.object_id, id);
    const ObjectInfo *o = deal_object(&d);
    assert_int_equal(o->version, version);
    assert_int_equal(o->payload_size, 200000);
    assert_int_equal(o->object_status, OBJECT_STATUS_SEALED);
    assert_int_equal(o->replacing, deal_next(&d)->version);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
    assert_int_equal(deal_next(&d)->id, id);
    assert_true(deal_next(&d)->version > version);
    assert_int_equal(deal_sp(&f, 1)->stored_bytes, 200000);
    assert_int_equal(deal_payer(&d)->locked, deal_next(&d)->locked_balance);
    assert_true(deal_payer(&d)->balance < free);
    uint64_t next = deal_next(&d)->version;
    deal_must_seal(&n);
    o = deal_object(&d);
    assert_int_equal(o->id, id);
    assert_int_equal(o->version, next);
    assert_int_equal(o->payload_size, 70000);
    assert_int_equal(o->replacing, 0);
    assert_int_equal(o->replaces, 0);
    assert_null(deal_next(&d));
    assert_int_equal(deal_bucket(&d)->objects, 1);
    assert_int_equal(deal_bucket(&d)->stored_bytes, 70000);
    assert_int_equal(deal_sp(&f, 1)->stored_bytes, 70000);
    assert_int_equal(deal_payer(&d)->locked, 0);
    const Event *e = fixture_event(&f, "storage.object_replaced");
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)version);
    assert_string_equal(fixture_attribute(e, "version"), number);
    assert_string_equal(fixture_attribute(e, "sps"), "1,2,3");
}

/* Without an expected version a name that is taken is refused; with another one too. */
static void poss_d1_6__a_taken_name_is_replaced_only_when_expected(void **state) {
    (void)state;
    uint64_t version = deal_object(&d)->version;
    assert_code(create_next(0, "alice"), CODE_OBJECT_EXISTS);
    assert_code(create_next(version + 1, "alice"), CODE_OBJECT_VERSION);
    assert_code(create_next(version - 1, "alice"), version > 1 ? CODE_OBJECT_VERSION : CODE_OBJECT_EXISTS);
    assert_code(create_next(version, "bob"), CODE_DENIED);
    n.object = "nothing.jpg";
    assert_code(create_next(version, "alice"), CODE_OBJECT_VERSION);
    n.object = d.object;
    assert_code(create_next(version, "alice"), CODE_OK);
    assert_code(create_next(version, "alice"), CODE_OBJECT_REPLACING);
    deal_must_seal(&n);
    assert_code(create_next(version, "alice"), CODE_OBJECT_VERSION); /* who comes late overwrites nothing */
    struct deal fresh = d;
    fresh.object = "fresh.jpg";
    fresh.nonce = 7000;
    deal_must_create(&fresh);
    n.object = "fresh.jpg";
    assert_code(create_next(deal_object(&fresh)->version, "alice"), CODE_OBJECT_STATUS);
}

/* Who may create and not delete may not replace. */
static void replace__needs_the_right_to_delete(void **state) {
    (void)state;
    MsgPutPolicy m = MSG_PUT_POLICY__INIT;
    Resource r = RESOURCE__INIT;
    Principal p = PRINCIPAL__INIT;
    Statement s = STATEMENT__INIT, *list[] = {&s};
    Action actions[] = {ACTION_CREATE_OBJECT, ACTION_DELETE_OBJECT};
    r.kind = RESOURCE_KIND_BUCKET;
    r.bucket_name = text("photos");
    p.kind = PRINCIPAL_KIND_ACCOUNT;
    p.account = fixture_addr_data(&f, "bob");
    s.effect = EFFECT_ALLOW;
    s.actions = actions;
    s.n_actions = 1;
    m.resource = &r;
    m.principal = &p;
    m.statements = list;
    m.n_statements = 1;
    m.mode = POLICY_MODE_REPLACE;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    assert_code(create_next(deal_object(&d)->version, "bob"), CODE_DENIED);
    s.n_actions = 2;
    m.creator = (ProtobufCBinaryData){0, NULL};
    r.bucket_name = text("photos");
    p.account = fixture_addr_data(&f, "bob");
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    assert_code(create_next(deal_object(&d)->version, "bob"), CODE_OK);
    assert_code(cancel("bob"), CODE_OK);
    assert_int_equal(deal_object(&d)->replacing, 0);
}

/* Cancelled, rejected, too late: the old version stays, the lock comes back to the pebble. */
static void replace__given_up_leaves_the_old_version(void **state) {
    (void)state;
    for (int how = 0; how < 3; how++) {
        uint64_t version = deal_object(&d)->version, payload = deal_object(&d)->payload_size;
        assert_code(create_next(version, "alice"), CODE_OK);
        uint64_t locked = deal_payer(&d)->locked;
        assert_true(locked > 0);
        if (how == 0) {
            assert_code(cancel("bob"), CODE_DENIED);
            assert_code(cancel("alice"), CODE_OK);
            assert_non_null(fixture_event(&f, "storage.object_cancelled"));
        } else if (how == 1) {
            assert_code(reject("sp1.seal"), CODE_SEALER);
            assert_code(reject("sp0.seal"), CODE_OK);
            assert_non_null(fixture_event(&f, "storage.object_rejected"));
        } else {
            f.step_ms = 2000;
            fixture_skip(&f, f.params.storage.create_ttl_ms + 2000);
        }
        assert_int_equal(deal_object(&d)->version, version);
        assert_int_equal(deal_object(&d)->payload_size, payload);
        assert_int_equal(deal_object(&d)->replacing, 0);
        assert_null(deal_next(&d));
        assert_int_equal(deal_payer(&d)->locked, 0);
    }
    assert_code(cancel("alice"), CODE_OBJECT_STATUS); /* nothing is on its way any more */
}

static void replace__goes_with_the_object(void **state) {
    (void)state;
    assert_code(create_next(deal_object(&d)->version, "alice"), CODE_OK);
    assert_code(deal_delete(&d), CODE_OK);
    assert_non_null(fixture_event(&f, "storage.object_cancelled"));
    assert_null(deal_object(&d));
    assert_null(deal_next(&d));
    assert_int_equal(deal_payer(&d)->locked, 0);
    assert_int_equal(deal_payer(&d)->reserve, 0);
}

/* A seal that is not for the version on its way: refused, by any of its parts. */
static void replace__seals_only_what_is_on_its_way(void **state) {
    (void)state;
    struct seal_try t;
    uint64_t old = deal_object(&d)->version;
    assert_code(create_next(old, "alice"), CODE_OK);
    deal_seal_try(&n, &t);
    t.msg.version = old;
    assert_code((int)deal_seal_send(&n, &t, "sp0.seal")->code, CODE_OBJECT_STATUS);
    deal_seal_try(&n, &t);
    t.msg.object_id++;
    assert_code((int)deal_seal_send(&n, &t, "sp0.seal")->code, CODE_OBJECT_VERSION);
    deal_seal_try(&n, &t);
    t.receipts[1].version = old;
    assert_code((int)deal_seal_send(&n, &t, "sp0.seal")->code, CODE_RECEIPT_FOREIGN);
    deal_seal_try(&n, &t);
    assert_code((int)deal_seal_send(&n, &t, "bob")->code, CODE_SEALER);
    deal_must_seal(&n);
}

static void replace__by_nothing_and_of_nothing(void **state) {
    (void)state;
    n.size = 0;
    uint64_t id = deal_object(&d)->id;
    assert_code(create_next(deal_object(&d)->version, "alice"), CODE_OK);
    assert_int_equal(deal_object(&d)->payload_size, 0);
    assert_int_equal(deal_object(&d)->id, id);
    assert_int_equal(deal_sp(&f, 1)->stored_bytes, 0);
    assert_int_equal(deal_payer(&d)->reserve, 0);
    n.size = 5000;
    assert_code(create_next(deal_object(&d)->version, "alice"), CODE_OK);
    deal_must_seal(&n);
    assert_int_equal(deal_object(&d)->payload_size, 5000);
    assert_int_equal(deal_bucket(&d)->objects, 1);
}

/* What is asked about the old version is answered with the old bytes, also when the new one is there; and missing it
 * still costs. */
static void replace__challenges_on_the_old_version_stay(void **state) {
    (void)state;
    for (int answered = 1; answered >= 0; answered--) {
        struct deal was = answered ? d : n;
        MsgSubmitChallenge ask = MSG_SUBMIT_CHALLENGE__INIT;
        MsgAnswerChallenge m;
        struct key k;
        ask.bucket_name = text("photos");
        ask.object_name = text("a.jpg");
        ask.position = 1;
        assert_code((int)fixture_do(&f, "alice", &ask.base)->code, CODE_OK);
        const ChallengesAnswer *open = fixture_query(&f, "/challenge/challenges", "sp_id", "2", NULL);
        assert_int_equal(open->n_challenges, 1);
        uint64_t challenge = open->challenges[0]->id, old = open->challenges[0]->version;
        n.seed = (uint8_t)(n.seed + 1);
        assert_code(create_next(deal_object(&d)->version, "alice"), CODE_OK);
        deal_must_seal(&n);
        assert_int_equal(deal_object(&d)->challenges, 1);
        assert_true(deal_object(&d)->version > old);
        const Challenge *c = fixture_record(&f, key_challenge(&k, challenge), &challenge__descriptor);
        if (answered) {
            deal_answer(&was, c, &m);
            assert_code((int)fixture_do(&f, "sp1.seal", &m.base)->code, CODE_OK);
        } else {
            uint64_t deposit = deal_sp(&f, 2)->deposit;
            fixture_skip(&f, 40000);
            assert_true(deal_sp(&f, 2)->deposit < deposit);
        }
        assert_int_equal(deal_object(&d)->challenges, 0);
        assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL); /* nothing is owed for the new one */
    }
}

static void replace__policies_on_the_object_stay(void **state) {
    (void)state;
    MsgPutPolicy m = MSG_PUT_POLICY__INIT;
    Resource r = RESOURCE__INIT;
    Principal p = PRINCIPAL__INIT;
    Statement s = STATEMENT__INIT, *list[] = {&s};
    Action actions[] = {ACTION_GET_OBJECT};
    r.kind = RESOURCE_KIND_OBJECT;
    r.bucket_name = text("photos");
    r.object_name = text("a.jpg");
    p.kind = PRINCIPAL_KIND_ACCOUNT;
    p.account = fixture_addr_data(&f, "bob");
    s.effect = EFFECT_ALLOW;
    s.actions = actions;
    s.n_actions = 1;
    m.resource = &r;
    m.principal = &p;
    m.statements = list;
    m.n_statements = 1;
    m.mode = POLICY_MODE_MERGE;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    assert_code(create_next(deal_object(&d)->version, "alice"), CODE_OK);
    deal_must_seal(&n);
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)deal_object(&d)->id);
    const PoliciesAnswer *a =
        fixture_query(&f, "/permission/policies", "resource_kind", "RESOURCE_KIND_OBJECT", "resource_id", id, NULL);
    assert_int_equal(a->n_policies, 1);
}

/* --- move --- */

static int move(const char *from, const char *to, const char *signer) {
    MsgMoveObject m = MSG_MOVE_OBJECT__INIT;
    m.bucket_name = text("photos");
    m.object_name = text(from);
    m.new_object_name = text(to);
    return (int)fixture_do(&f, signer, &m.base)->code;
}

static void move__keeps_id_version_and_bytes(void **state) {
    (void)state;
    const ObjectInfo *o = deal_object(&d);
    uint64_t id = o->id, version = o->version, slot = o->slot, reserve = deal_payer(&d)->reserve;
    assert_code(move("a.jpg", "2026/b.jpg", "alice"), CODE_OK);
    assert_string_equal(fixture_attribute(fixture_event(&f, "storage.object_moved"), "from"), "a.jpg");
    assert_null(deal_object(&d));
    d.object = "2026/b.jpg";
    o = deal_object(&d);
    assert_int_equal(o->id, id);
    assert_int_equal(o->version, version);
    assert_int_equal(o->slot, slot);
    assert_int_equal(deal_payer(&d)->reserve, reserve);
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)id);
    const ObjectInfo *by_id = fixture_query(&f, "/storage/object_by_id", "id", number, NULL);
    assert_string_equal(by_id->object_name, "2026/b.jpg");
    assert_code(deal_delete(&d), CODE_OK);
}

static void move__refusals(void **state) {
    (void)state;
    struct deal other = d;
    other.object = "other.jpg";
    other.nonce = 9000;
    deal_must_create(&other);
    assert_code(move("a.jpg", "b.jpg", "bob"), CODE_DENIED);
    assert_code(move("nothing", "b.jpg", "alice"), CODE_OBJECT_NOT_FOUND);
    assert_code(move("a.jpg", "other.jpg", "alice"), CODE_OBJECT_EXISTS);
    assert_code(move("other.jpg", "b.jpg", "alice"), CODE_OBJECT_STATUS);
    assert_code(create_next(deal_object(&d)->version, "alice"), CODE_OK);
    assert_code(move("a.jpg", "b.jpg", "alice"), CODE_OBJECT_REPLACING);
    assert_code(cancel("alice"), CODE_OK);
    assert_code(move("a.jpg", "b.jpg", "alice"), CODE_OK);
    /* what needs no state never enters a block */
    static const struct {
        const char *from, *to;
    } bad[] = {{"b.jpg", "b.jpg"}, {"b.jpg", "a//b"}, {"b.jpg", ""}, {"b.jpg", ".."}};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        MsgMoveObject m = MSG_MOVE_OBJECT__INIT;
        struct app_admission admission;
        struct err err = {0};
        m.bucket_name = text("photos");
        m.object_name = text(bad[i].from);
        m.new_object_name = text(bad[i].to);
        Msg *msgs[] = {fixture_msg(&f, "alice", &m.base)};
        assert_code(fixture_check(&f, fixture_tx(&f, "alice", 0, msgs, 1), &admission, &err), CODE_OBJECT_NAME);
    }
}

/* --- copy --- */

struct copy_try {
    MsgCopyObject msg;
    struct object_try object;
};

/* A copy of d under another name. */
static void copy_try(struct copy_try *t, const char *name) {
    struct deal c = d;
    c.object = name;
    c.nonce = 20000 + f.height;
    deal_object_try(&c, &t->object);
    msg_copy_object__init(&t->msg);
    t->msg.source_bucket_name = text("photos");
    t->msg.source_object_name = text("a.jpg");
    t->msg.source_version = deal_object(&d)->version;
}

static int copy_send(struct copy_try *t, const char *signer) {
    MsgCreateObject m = MSG_CREATE_OBJECT__INIT;
    t->object.spec.creator = fixture_addr_data(&f, signer);
    deal_object_message(&d, &t->object, &m);
    t->msg.spec = m.spec;
    t->msg.approval = m.approval;
    const TxResult *r = fixture_do(&f, signer, &t->msg.base);
    if (r->code == CODE_OK)
        n.object_id = r->ids[0];
    return (int)r->code;
}

static void copy__is_created_and_sealed_by_its_primary(void **state) {
    (void)state;
    struct copy_try t;
    copy_try(&t, "copy.jpg");
    assert_code(copy_send(&t, "alice"), CODE_OK);
    n = d;
    n.object = "copy.jpg";
    n.object_id = deal_object(&n)->id;
    assert_int_equal(deal_object(&n)->object_status, OBJECT_STATUS_CREATED);
    assert_int_equal(deal_object(&n)->copy_of_id, deal_object(&d)->id);
    assert_int_equal(deal_object(&n)->copy_of_version, deal_object(&d)->version);
    assert_true(deal_object(&n)->locked_balance > 0);
    assert_int_equal(deal_sp(&f, 1)->stored_bytes, 200000); /* not counted before it is there */
    deal_must_seal(&n);
    assert_int_equal(deal_object(&n)->copy_of_id, 0);
    assert_int_equal(deal_sp(&f, 1)->stored_bytes, 400000);
    assert_code(deal_delete(&d), CODE_OK);
    assert_non_null(deal_object(&n));
}

static void copy__refusals(void **state) {
    (void)state;
    struct copy_try t;
    uint8_t zeros[32] = {0};
#define COPY(want, signer, change)                                                                                     \
    do {                                                                                                               \
        copy_try(&t, "copy.jpg");                                                                                      \
        change;                                                                                                        \
        assert_code(copy_send(&t, signer), want);                                                                      \
    } while (0)
    COPY(CODE_DENIED, "bob", (void)0);
    COPY(CODE_BUCKET_NOT_FOUND, "alice", t.msg.source_bucket_name = text("nowhere"));
    COPY(CODE_OBJECT_NOT_FOUND, "alice", t.msg.source_object_name = text("nothing"));
    COPY(CODE_OBJECT_VERSION, "alice", t.msg.source_version++);
    COPY(CODE_OBJECT_SIZE, "alice", t.object.spec.payload_size--);
    COPY(CODE_CONTENT_ROOT, "alice", t.object.spec.content_root = fixture_data(&f, zeros, 32));
    COPY(CODE_CONTENT_ROOT, "alice", t.object.spec.content_root.len = 0);
    COPY(CODE_APPROVAL_MISSING, "alice", t.object.approver = NULL);
    COPY(CODE_OBJECT_EXISTS, "alice", t.object.spec.object_name = text("a.jpg"));
    COPY(CODE_OBJECT_VERSION, "alice", t.object.spec.expected_version = 77);
    struct deal other = d;
    other.object = "other.jpg";
    other.nonce = 9000;
    deal_must_create(&other);
    COPY(CODE_OBJECT_STATUS, "alice", t.msg.source_object_name = text("other.jpg");
         t.msg.source_version = deal_object(&other)->version);
    COPY(CODE_OK, "alice", (void)0);
#undef COPY
}

/* Who may read the source and create in the destination may copy; public means that everybody may. The hole in
 * greenfield-chain.md 1.3, a destination that nobody asked about, is closed. */
static void greenfield_11_3_5__copy_needs_source_and_destination(void **state) {
    (void)state;
    struct copy_try t;
    MsgUpdateObject m = MSG_UPDATE_OBJECT__INIT;
    m.bucket_name = text("photos");
    m.object_name = text("a.jpg");
    m.visibility = VISIBILITY_PUBLIC_READ;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    copy_try(&t, "copy.jpg");
    assert_code(copy_send(&t, "bob"), CODE_DENIED); /* to create in alice's bucket */
    struct deal b = d;
    b.owner = "bob";
    b.bucket = "bobs-bucket";
    b.nonce = 30000;
    deal_fund(&b, 100 * PEBBLE_PER_CAIRN);
    deal_must_bucket(&b);
    copy_try(&t, "copy.jpg");
    t.object.spec.bucket_name = text("bobs-bucket");
    assert_code(copy_send(&t, "bob"), CODE_OK);
    b.object = "copy.jpg";
    assert_memory_equal(deal_object(&b)->owner.data, fixture_addr("bob").b, 20);
}

/* Another profile for the same bytes: a copy onto itself, in place at its seal. */
static void copy__onto_itself_changes_the_profile(void **state) {
    (void)state;
    struct copy_try t;
    uint64_t id = deal_object(&d)->id;
    copy_try(&t, "a.jpg");
    assert_int_equal(profile_parse("replica:2", 64 * KIB, &t.object.profile, NULL), CODE_OK);
    t.object.spec.expected_version = deal_object(&d)->version;
    assert_code(copy_send(&t, "alice"), CODE_OK);
    assert_int_equal(deal_object(&d)->profile->k, 3);
    n = d;
    n.object_id = id;
    assert_int_equal(profile_parse("replica:2", 64 * KIB, &n.profile, NULL), CODE_OK);
    deal_must_group(&n);
    deal_must_seal(&n);
    assert_int_equal(deal_object(&d)->profile->k, 2);
    assert_int_equal(deal_object(&d)->id, id);
    assert_int_equal(deal_sp(&f, 3)->stored_bytes, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(replace__is_atomic_at_the_seal), T(poss_d1_6__a_taken_name_is_replaced_only_when_expected),
          T(replace__needs_the_right_to_delete), T(replace__given_up_leaves_the_old_version),
          T(replace__goes_with_the_object), T(replace__seals_only_what_is_on_its_way),
          T(replace__by_nothing_and_of_nothing), T(replace__challenges_on_the_old_version_stay),
          T(replace__policies_on_the_object_stay), T(move__keeps_id_version_and_bytes), T(move__refusals),
          T(copy__is_created_and_sealed_by_its_primary), T(copy__refusals),
          T(greenfield_11_3_5__copy_needs_source_and_destination), T(copy__onto_itself_changes_the_profile))
