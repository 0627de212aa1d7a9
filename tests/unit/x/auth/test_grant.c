/* SPDX-License-Identifier: Apache-2.0 */
/* Grants: acting in another's name, sponsoring fees, ends. */
#include "tests/lib/ledger/deal.h"

#include "cairn/auth.h"
#include "chain/codec/bech32.h"
#include "chain/types/keys_auth.h"
#include "x/auth/account.h"
#include "x/auth/grant.h"

#define CAIRN   ((uint64_t)PEBBLE_PER_CAIRN)
#define NO_END  0
#define FOREVER UINT64_MAX

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "app", 10 * CAIRN);
    fixture_account(&f, "bob", 10 * CAIRN);
    f.params.auth.grants_per_account = 3;
    f.params.auth.grant_messages_max = 3;
    f.params.auth.grant_expiries_per_block = 2;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a/1.jpg", "ec:4+2+w", 64 * KIB, 200000);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

/* --- giving --- */

struct words {
    char *at[8];
    size_t n;
};

static MsgGrant a_grant(const char *to, struct words *words, const char *a, const char *b) {
    MsgGrant m = MSG_GRANT__INIT;
    *words = (struct words){.n = 0};
    const char *const names[] = {a, b};
    for (size_t i = 0; i < 2; i++)
        if (names[i])
            words->at[words->n++] = arena_strdup(&f.tx_arena, names[i]);
    m.grantee = fixture_addr_data(&f, to);
    m.messages = words->at;
    m.n_messages = words->n;
    return m;
}

static int give(const char *from, MsgGrant *m) {
    return (int)fixture_do(&f, from, &m->base)->code;
}

/* alice lets app send messages a and b (NULL: no second). */
static void alice_lets_app(const char *a, const char *b, uint64_t money, uint64_t bytes) {
    struct words w;
    MsgGrant m = a_grant("app", &w, a, b);
    m.money = money;
    m.bytes = bytes;
    m.price_max = FOREVER;
    assert_code(give("alice", &m), CODE_OK);
}

static const Grant *grant_of(const char *granter, const char *grantee) {
    struct key k;
    struct addr from = fixture_addr(granter), to = fixture_addr(grantee);
    return fixture_record(&f, key_grant(&k, &from, &to), &grant__descriptor);
}

static const TxResult *send_for(const char *granter, const char *signer, uint64_t amount) {
    MsgSend m = MSG_SEND__INIT;
    m.creator = fixture_addr_data(&f, granter);
    m.to = fixture_addr_data(&f, "bob");
    m.amount = amount;
    return fixture_do(&f, signer, &m.base);
}

/* The message of a bucket or object in alice's name, signed by app. */
static int bucket_by_app(void) {
    struct bucket_try t;
    deal_bucket_try(&d, &t);
    f.in_name_of = "alice";
    int rc = (int)deal_bucket_send(&d, &t, "app")->code;
    f.in_name_of = NULL;
    return rc;
}

static int object_by_app(const char *name, uint64_t size) {
    struct object_try t;
    deal_object_try(&d, &t);
    t.spec.object_name = arena_strdup(&f.tx_arena, name);
    t.spec.payload_size = size;
    if (!size)
        t.spec.content_root = (ProtobufCBinaryData){0, NULL};
    f.in_name_of = "alice";
    int rc = (int)deal_object_send(&d, &t, "app")->code;
    f.in_name_of = NULL;
    return rc;
}

static int delete_by_app(const char *bucket, const char *object) {
    MsgDeleteObject m = MSG_DELETE_OBJECT__INIT;
    m.creator = fixture_addr_data(&f, "alice");
    m.bucket_name = arena_strdup(&f.tx_arena, bucket);
    m.object_name = arena_strdup(&f.tx_arena, object);
    return (int)fixture_do(&f, "app", &m.base)->code;
}

/* --- acting --- */

static void grant__none_and_no_message_in_its_name(void **state) {
    (void)state;
    assert_code((int)send_for("alice", "app", 1)->code, CODE_TX_CREATOR);
    assert_int_equal(fixture_balance(&f, "alice"), 1000 * CAIRN);
}

static void grant__named_message_spends_the_granters_money(void **state) {
    (void)state;
    alice_lets_app("MsgSend", NULL, 7, 0);
    uint64_t alice = fixture_balance(&f, "alice"), app = fixture_balance(&f, "app");
    const TxResult *r = send_for("alice", "app", 5);
    assert_code((int)r->code, CODE_OK);
    assert_int_equal(fixture_balance(&f, "alice"), alice - 5);
    assert_int_equal(fixture_balance(&f, "app"), app - r->cost); /* who signs pays the fee */
    assert_int_equal(grant_of("alice", "app")->money, 2);
    assert_string_equal(fixture_attribute(fixture_event(&f, "auth.acted"), "money"), "5");
}

static void money_budget__edges(void **state) {
    (void)state;
    alice_lets_app("MsgSend", NULL, 7, 0);
    assert_code((int)send_for("alice", "app", 8)->code, CODE_GRANT_BUDGET);
    assert_int_equal(grant_of("alice", "app")->money, 7);
    assert_code((int)send_for("alice", "app", 6)->code, CODE_OK);
    assert_code((int)send_for("alice", "app", 1)->code, CODE_OK);
    assert_int_equal(grant_of("alice", "app")->money, 0);
    assert_code((int)send_for("alice", "app", 1)->code, CODE_GRANT_BUDGET);
    alice_lets_app("MsgSend", NULL, FOREVER, 0); /* no limit stays none */
    assert_code((int)send_for("alice", "app", 9)->code, CODE_OK);
    assert_int_equal(grant_of("alice", "app")->money, FOREVER);
}

static int two_sends_by_app(uint64_t first, uint64_t second) {
    MsgSend sends[2];
    Msg *msgs[2];
    for (size_t i = 0; i < 2; i++) {
        msg_send__init(&sends[i]);
        sends[i].creator = fixture_addr_data(&f, "alice");
        sends[i].to = fixture_addr_data(&f, "bob");
        sends[i].amount = i ? second : first;
        msgs[i] = fixture_msg(&f, "app", &sends[i].base);
    }
    const struct tx *tx = fixture_tx(&f, "app", 0, msgs, 2);
    return (int)fixture_block(&f, &tx, 1)->txs[0]->code;
}

static void money_budget__is_spent_by_all_messages_of_a_transaction_or_none(void **state) {
    (void)state;
    alice_lets_app("MsgSend", NULL, 10, 0);
    uint64_t alice = fixture_balance(&f, "alice");
    assert_code(two_sends_by_app(6, 5), CODE_GRANT_BUDGET);
    assert_int_equal(fixture_balance(&f, "alice"), alice);
    assert_int_equal(grant_of("alice", "app")->money, 10);
    assert_code(two_sends_by_app(6, 4), CODE_OK);
    assert_int_equal(grant_of("alice", "app")->money, 0);
}

/* "Grant, Revoke, Send, Withdraw and PutPolicy are not grantable unless named one by one" */
static void star__leaves_out_what_must_be_named(void **state) {
    (void)state;
    deal_fund(&d, 100 * CAIRN);
    alice_lets_app("*", NULL, FOREVER, FOREVER);
    assert_code(bucket_by_app(), CODE_OK);
    assert_code((int)send_for("alice", "app", 1)->code, CODE_GRANT_SCOPE);
    struct words w;
    MsgGrant grant = a_grant("bob", &w, "*", NULL);
    MsgRevoke revoke = MSG_REVOKE__INIT;
    revoke.grantee = fixture_addr_data(&f, "app");
    MsgWithdraw withdraw = MSG_WITHDRAW__INIT;
    withdraw.payment_address = fixture_addr_data(&f, "alice");
    withdraw.amount = 1;
    MsgPutPolicy policy = MSG_PUT_POLICY__INIT;
    ProtobufCMessage *const named[] = {&grant.base, &revoke.base, &withdraw.base, &policy.base};
    for (size_t i = 0; i < COUNT_OF(named); i++) {
        f.in_name_of = "alice";
        Msg *msg = fixture_msg(&f, "app", named[i]);
        f.in_name_of = NULL;
        struct ctx ctx = {.arena = &f.tx_arena};
        Grant star = GRANT__INIT;
        star.messages = w.at;
        star.n_messages = 1;
        assert_string_equal(star.messages[0], "*");
        assert_code(grant_covers(&ctx, &star, f.ledger.rules[msg->body_case], named[i], NULL), CODE_GRANT_SCOPE);
    }
}

/* Every message that the ledger knows is decided on: these, and no other, a grant of "*" covers. */
static void star__the_whole_list(void **state) {
    (void)state;
    static const char *const any[] = {
        "MsgCreateBucket", "MsgDeleteBucket", "MsgCreateObject", "MsgSealObject",
        "MsgCancelObject", "MsgDeleteObject", "MsgCreateGroup",  "MsgSubmitChallenge",
        "MsgStoreObject",  "MsgCopyObject",   "MsgMoveObject",
    };
    for (size_t i = 0; i < LEDGER_RULES_MAX; i++) {
        const struct msg_rule *rule = f.ledger.rules[i];
        bool want = false;
        for (size_t n = 0; rule && n < COUNT_OF(any); n++)
            want = want || strcmp(rule->desc->short_name, any[n]) == 0;
        if (rule && (rule->grant == MSG_GRANT_ANY) != want)
            fail_msg("%s: is a grant of \"*\" to cover it? Then say so in this list too", rule->desc->short_name);
    }
}

static void scope__another_message(void **state) {
    (void)state;
    alice_lets_app("MsgCreateBucket", NULL, FOREVER, FOREVER);
    deal_fund(&d, 100 * CAIRN);
    assert_code(bucket_by_app(), CODE_OK);
    assert_code(object_by_app("a/1.jpg", 1000), CODE_GRANT_SCOPE);
}

/* greenfield-chain.md 11.3 row 7: "delegated writes need a user-signed grant (path prefix, bytes, expiry)" */
static void greenfield_11_3_7__delegated_writes_stay_in_their_prefix(void **state) {
    (void)state;
    struct words w;
    deal_fund(&d, 500 * CAIRN);
    deal_must_bucket(&d);
    assert_code(object_by_app("a/1.jpg", 1000), CODE_TX_CREATOR);
    MsgGrant m = a_grant("app", &w, "MsgCreateObject", "MsgDeleteObject");
    m.bucket_name = arena_strdup(&f.tx_arena, "photos");
    m.object_prefix = arena_strdup(&f.tx_arena, "a/");
    m.bytes = 3000;
    m.money = FOREVER;
    m.price_max = d.max_price;
    assert_code(give("alice", &m), CODE_OK);
    assert_code(object_by_app("b/1.jpg", 1000), CODE_GRANT_SCOPE);
    assert_code(object_by_app("a", 1000), CODE_GRANT_SCOPE);
    assert_code(object_by_app("a/1.jpg", 1000), CODE_OK);
    assert_int_equal(grant_of("alice", "app")->bytes, 2000);
    assert_code(delete_by_app("other", "a/1.jpg"), CODE_GRANT_SCOPE);
    assert_code(bucket_by_app(), CODE_GRANT_SCOPE);
}

/* A message that does not say where it acts is not for a grant that does. */
static void scope__bucket_is_asked_of_a_message_without_one(void **state) {
    (void)state;
    struct words w;
    MsgGrant m = a_grant("app", &w, "MsgCreateGroup", "MsgSend");
    m.bucket_name = arena_strdup(&f.tx_arena, "photos");
    m.money = 100;
    assert_code(give("alice", &m), CODE_OK);
    assert_code((int)send_for("alice", "app", 1)->code, CODE_GRANT_SCOPE);
    m = a_grant("app", &w, "MsgCreateGroup", "MsgSend");
    m.money = 100;
    assert_code(give("alice", &m), CODE_OK);
    assert_code((int)send_for("alice", "app", 1)->code, CODE_OK);
}

static void byte_budget__edges(void **state) {
    (void)state;
    deal_fund(&d, 500 * CAIRN);
    deal_must_bucket(&d);
    alice_lets_app("MsgCreateObject", NULL, FOREVER, 2000);
    assert_code(object_by_app("one", 2001), CODE_GRANT_BUDGET);
    assert_code(object_by_app("one", 1999), CODE_OK);
    assert_code(object_by_app("two", 2), CODE_GRANT_BUDGET);
    assert_code(object_by_app("two", 1), CODE_OK);
    assert_int_equal(grant_of("alice", "app")->bytes, 0);
    assert_code(object_by_app("none", 0), CODE_OK);
}

static void alice_lets_app_create(uint64_t money, uint64_t price_max) {
    struct words w;
    MsgGrant m = a_grant("app", &w, "MsgCreateObject", NULL);
    m.bytes = FOREVER;
    m.money = money;
    m.price_max = price_max;
    assert_code(give("alice", &m), CODE_OK);
}

/* What is held back of the payment account counts as money, and the price has a cap of its own. */
static void price_and_lock__count(void **state) {
    (void)state;
    deal_fund(&d, 500 * CAIRN);
    deal_must_bucket(&d);
    alice_lets_app_create(FOREVER, d.max_price - 1);
    assert_code(object_by_app("one", 100000), CODE_GRANT_SCOPE);
    alice_lets_app_create(0, d.max_price);
    assert_code(object_by_app("one", 100000), CODE_GRANT_BUDGET);
    alice_lets_app_create(100 * CAIRN, d.max_price);
    assert_code(object_by_app("one", 100000), CODE_OK);
    uint64_t locked = deal_payer(&d)->locked;
    assert_true(locked > 0);
    assert_int_equal(grant_of("alice", "app")->money, 100 * CAIRN - locked);
}

/* Named, a grant may be given on; the first one to give it remains its granter. */
static void grant__named_may_be_given_on(void **state) {
    (void)state;
    struct words w;
    alice_lets_app("MsgGrant", NULL, 0, 0);
    MsgGrant m = a_grant("bob", &w, "MsgSend", NULL);
    m.creator = fixture_addr_data(&f, "alice");
    m.money = 5;
    assert_code(give("app", &m), CODE_OK);
    assert_int_equal(grant_of("alice", "bob")->money, 5);
    assert_null(grant_of("app", "bob"));
}

/* A message that revokes what it acts by. */
static void grant__may_end_itself(void **state) {
    (void)state;
    alice_lets_app("MsgRevoke", NULL, 0, 0);
    MsgRevoke m = MSG_REVOKE__INIT;
    m.creator = fixture_addr_data(&f, "alice");
    m.grantee = fixture_addr_data(&f, "app");
    assert_code((int)fixture_do(&f, "app", &m.base)->code, CODE_OK);
    assert_null(grant_of("alice", "app"));
}

/* --- what a grant may be --- */

static void give__what_is_refused(void **state) {
    (void)state;
    struct words w;
    struct addr fees = module_account_addr(MODULE_FEES);
    const struct {
        const char *a, *b, *bucket, *prefix;
        const char *to;
        int code;
    } cases[] = {
        {"MsgSend", NULL, "", "", "alice", CODE_GRANT_GRANTEE},
        {NULL, NULL, "", "", "app", CODE_GRANT_MESSAGES},
        {"MsgFly", NULL, "", "", "app", CODE_GRANT_MESSAGES},
        {"MsgSend", "MsgSend", "", "", "app", CODE_GRANT_MESSAGES},
        {"MsgSend", "MsgGrant", "", "", "app", CODE_GRANT_MESSAGES},
        {"MsgSend", NULL, "", "a/", "app", CODE_INVALID_ARGUMENT},
        {"MsgSend", NULL, "Bad Name", "", "app", CODE_INVALID_ARGUMENT},
        {"MsgGrant", "MsgSend", "photos", "a/", "app", CODE_OK},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct app_admission admission;
        MsgGrant m = a_grant(cases[i].to, &w, cases[i].a, cases[i].b);
        m.bucket_name = arena_strdup(&f.tx_arena, cases[i].bucket);
        m.object_prefix = arena_strdup(&f.tx_arena, cases[i].prefix);
        Msg *msg = fixture_msg(&f, "alice", &m.base);
        assert_code(fixture_check(&f, fixture_tx(&f, "alice", 0, &msg, 1), &admission, NULL), cases[i].code);
    }
    MsgGrant m = a_grant("app", &w, "MsgSend", NULL);
    m.grantee = fixture_data(&f, fees.b, sizeof fees.b);
    assert_code(give("alice", &m), CODE_GRANT_GRANTEE);
    m = a_grant("app", &w, "MsgSend", NULL);
    m.expires_at = fixture_ledger_time(&f);
    assert_code(give("alice", &m), CODE_GRANT_EXPIRY);
}

static void message_types__edges(void **state) {
    (void)state;
    static char a[] = "MsgBond", b[] = "MsgDeposit", c[] = "MsgSend", e[] = "MsgUnbond", *names[] = {a, b, c, e};
    for (size_t n = 2; n <= 4; n++) {
        struct app_admission admission;
        MsgGrant m = MSG_GRANT__INIT;
        m.grantee = fixture_addr_data(&f, "app");
        m.messages = names;
        m.n_messages = n;
        Msg *msg = fixture_msg(&f, "alice", &m.base);
        assert_code(fixture_check(&f, fixture_tx(&f, "alice", 0, &msg, 1), &admission, NULL),
                    n <= 3 ? CODE_OK : CODE_GRANT_MESSAGES);
    }
}

/* greenfield-chain.md 11.3 row 3: every declared cap at cap - 1, cap, cap + 1 */
static void greenfield_11_3_3__grants_of_an_account(void **state) {
    (void)state;
    static const char *const to[] = {"app", "bob", "carol", "dave"};
    struct words w;
    for (size_t i = 0; i < COUNT_OF(to); i++) {
        MsgGrant m = a_grant(to[i], &w, "MsgSend", NULL);
        assert_code(give("alice", &m), i < 3 ? CODE_OK : CODE_GRANT_LIMIT);
    }
    MsgGrant again = a_grant("bob", &w, "MsgBond", NULL); /* in place of the one that is there */
    assert_code(give("alice", &again), CODE_OK);
    MsgRevoke m = MSG_REVOKE__INIT;
    m.grantee = fixture_addr_data(&f, "app");
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    MsgGrant fourth = a_grant("dave", &w, "MsgSend", NULL);
    assert_code(give("alice", &fourth), CODE_OK);
}

static void revoke__of_nothing(void **state) {
    (void)state;
    MsgRevoke m = MSG_REVOKE__INIT;
    m.grantee = fixture_addr_data(&f, "app");
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_GRANT_NOT_FOUND);
}

/* --- ends --- */

static void expiry__at_its_millisecond(void **state) {
    (void)state;
    struct words w;
    MsgGrant m = a_grant("app", &w, "MsgSend", NULL);
    m.money = FOREVER;
    m.expires_at = fixture_ledger_time(&f) + 10 * f.params.consensus.heartbeat_ms;
    assert_code(give("alice", &m), CODE_OK);
    while (fixture_ledger_time(&f) + f.params.consensus.heartbeat_ms < m.expires_at)
        assert_code((int)send_for("alice", "app", 1)->code, CODE_OK);
    assert_code((int)send_for("alice", "app", 1)->code, CODE_TX_CREATOR); /* over before the queue has come to it */
    assert_null(grant_of("alice", "app"));
    assert_non_null(fixture_event(&f, "auth.grant_expired"));
}

static void expiry__so_many_a_block(void **state) {
    (void)state;
    static const char *const to[] = {"app", "bob", "carol"};
    struct words w;
    uint64_t end = fixture_ledger_time(&f) + 20000;
    for (size_t i = 0; i < COUNT_OF(to); i++) {
        MsgGrant m = a_grant(to[i], &w, "MsgSend", NULL);
        m.expires_at = end;
        assert_code(give("alice", &m), CODE_OK);
    }
    MsgGrant longer = a_grant("bob", &w, "MsgSend", NULL); /* its earlier end is forgotten */
    longer.expires_at = end + 1;
    assert_code(give("alice", &longer), CODE_OK);
    while (fixture_ledger_time(&f) < end)
        fixture_block(&f, NULL, 0);
    assert_int_equal(fixture_events(&f, "auth.grant_expired"), 2);
    fixture_block(&f, NULL, 0);
    assert_int_equal(fixture_events(&f, "auth.grant_expired"), 1);
    assert_null(grant_of("alice", "bob"));
}

/* --- cess.md 8: a gateway --- */

static void cess_8_2__a_gateway_puts_and_may_not_delete(void **state) {
    (void)state;
    struct words w;
    deal_fund(&d, 500 * CAIRN);
    deal_must_bucket(&d);
    assert_code(object_by_app("a/1.jpg", 1000), CODE_TX_CREATOR);
    MsgGrant m = a_grant("app", &w, "MsgCreateObject", NULL);
    m.bucket_name = arena_strdup(&f.tx_arena, "photos");
    m.bytes = GIB;
    m.money = 100 * CAIRN;
    m.price_max = d.max_price;
    m.expires_at = fixture_ledger_time(&f) + 3600000;
    assert_code(give("alice", &m), CODE_OK);
    assert_code(object_by_app("a/1.jpg", 1000), CODE_OK);
    assert_memory_equal(deal_object(&d)->owner.data, fixture_addr("alice").b, 20);
    assert_code(delete_by_app("photos", "a/1.jpg"), CODE_GRANT_SCOPE);
}

static void cess_8_3__revoked_within_the_block(void **state) {
    (void)state;
    alice_lets_app("MsgSend", NULL, 100, 0);
    MsgRevoke m = MSG_REVOKE__INIT;
    m.grantee = fixture_addr_data(&f, "app");
    Msg *msg = fixture_msg(&f, "alice", &m.base);
    MsgSend send = MSG_SEND__INIT;
    send.creator = fixture_addr_data(&f, "alice");
    send.to = fixture_addr_data(&f, "bob");
    send.amount = 1;
    Msg *by_app = fixture_msg(&f, "app", &send.base);
    const struct tx *txs[] = {fixture_tx(&f, "alice", 0, &msg, 1), fixture_tx(&f, "app", 0, &by_app, 1)};
    const BlockResults *r = fixture_block(&f, txs, 2); /* it was good when it came, and may still be in the block */
    assert_code((int)r->txs[0]->code, CODE_OK);
    assert_code((int)r->txs[1]->code, CODE_TX_CREATOR);
}

/* Scope, bucket, expiry and what is left can be seen. */
static void cess_8_107__what_is_granted_can_be_seen(void **state) {
    (void)state;
    struct words w;
    MsgGrant m = a_grant("app", &w, "MsgCreateObject", "MsgDeleteObject");
    m.bucket_name = arena_strdup(&f.tx_arena, "photos");
    m.object_prefix = arena_strdup(&f.tx_arena, "a/");
    m.bytes = 77;
    m.money = 88;
    m.fees = 99;
    m.expires_at = fixture_ledger_time(&f) + 3600000;
    assert_code(give("alice", &m), CODE_OK);
    const Grant *g = grant_of("alice", "app");
    assert_int_equal(g->n_messages, 2);
    assert_string_equal(g->messages[1], "MsgDeleteObject");
    assert_string_equal(g->bucket_name, "photos");
    assert_string_equal(g->object_prefix, "a/");
    assert_int_equal(g->bytes, 77);
    assert_int_equal(g->money, 88);
    assert_int_equal(g->fees, 99);
    assert_int_equal(g->expires_at, m.expires_at);
    assert_int_equal(g->created_at, f.height);
}

static void cess_8_108__cancelled_is_gone(void **state) {
    (void)state;
    alice_lets_app("MsgSend", NULL, 100, 0);
    MsgRevoke m = MSG_REVOKE__INIT;
    m.grantee = fixture_addr_data(&f, "app");
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    assert_null(grant_of("alice", "app"));
    assert_code((int)send_for("alice", "app", 1)->code, CODE_TX_CREATOR);
}

static const AccountGrantsAnswer *list(const char *account, const char *received, const char *limit,
                                       const char *cursor) {
    char text[ADDR_TEXT_MAX];
    struct addr addr = fixture_addr(account);
    addr_to_text(&addr, text);
    return fixture_query(&f, "/auth/grants", "account", text, "received", received, "limit", limit, "cursor", cursor,
                         NULL);
}

static void cess_8_109__no_duplicates_after_granting_twice(void **state) {
    (void)state;
    struct words w;
    alice_lets_app("MsgSend", NULL, 1, 0);
    alice_lets_app("MsgSend", NULL, 2, 0);
    MsgGrant m = a_grant("bob", &w, "MsgSend", NULL);
    assert_code(give("alice", &m), CODE_OK);
    MsgGrant other = a_grant("app", &w, "MsgSend", NULL);
    assert_code(give("bob", &other), CODE_OK);
    assert_int_equal(list("alice", "false", "9", "")->n_grants, 2);
    assert_int_equal(list("app", "true", "9", "")->n_grants, 2);
    assert_int_equal(list("app", "false", "9", "")->n_grants, 0);
    /* a page each */
    for (int received = 0; received < 2; received++) {
        const char *who = received ? "app" : "alice", *way = received ? "true" : "false";
        const AccountGrantsAnswer *first = list(who, way, "1", "");
        assert_int_equal(first->n_grants, 1);
        assert_int_equal(first->next_cursor.len, 20);
        char hex[41];
        hex_encode(first->next_cursor.data, 20, hex);
        const AccountGrantsAnswer *second = list(who, way, "1", hex);
        assert_int_equal(second->n_grants, 1);
        assert_int_equal(second->next_cursor.len, 0);
        assert_true(
            !bytes_eq(bytes_of(first->grants[0]->granter.data, 20), bytes_of(second->grants[0]->granter.data, 20)) ||
            !bytes_eq(bytes_of(first->grants[0]->grantee.data, 20), bytes_of(second->grants[0]->grantee.data, 20)));
    }
}

/* --- sponsoring --- */

static const struct tx *sponsored(const char *signer, const char *payer, uint64_t fee, unsigned ahead) {
    MsgSetWrapKey *m = ARENA_NEW(&f.tx_arena, MsgSetWrapKey);
    msg_set_wrap_key__init(m);
    Msg *msg = fixture_msg(&f, signer, &m->base);
    TxBody body;
    fixture_body(&f, signer, ahead, &msg, 1, &body);
    body.fee_payer = fixture_addr_data(&f, payer);
    body.fee = fee;
    return fixture_tx_body(&f, signer, &body);
}

static void alice_sponsors(const char *who, uint64_t fees, uint64_t expires_at) {
    struct words w;
    MsgGrant m = a_grant(who, &w, NULL, NULL);
    m.fees = fees;
    m.expires_at = expires_at;
    assert_code(give("alice", &m), CODE_OK);
}

/* Behind what waits: the fees count against who pays, and against its grant; the signer needs no coin. */
static void sponsor__behind_what_waits(void **state) {
    (void)state;
    struct app_admission admission;
    alice_sponsors("poor", 10 * PEBBLE_PER_CAIRN, 0);
    uint64_t all = fixture_balance(&f, "alice");
    const struct {
        uint64_t fees, granted;
        int code;
    } cases[] = {{0, 0, CODE_OK},
                 {9 * PEBBLE_PER_CAIRN, 9 * PEBBLE_PER_CAIRN, CODE_OK},
                 {9 * PEBBLE_PER_CAIRN + 1, 9 * PEBBLE_PER_CAIRN + 1, CODE_TX_FEE_PAYER},
                 {all - PEBBLE_PER_CAIRN, 0, CODE_OK}, /* for others, or its own */
                 {all - PEBBLE_PER_CAIRN + 1, 0, CODE_INSUFFICIENT_FUNDS},
                 {all + 1, 0, CODE_INSUFFICIENT_FUNDS}};
    assert_int_equal(fixture_balance(&f, "poor"), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct app_waiting waiting = {.ahead = 1, .fees = cases[i].fees, .granted = cases[i].granted};
        const struct tx *tx = sponsored("poor", "alice", PEBBLE_PER_CAIRN, i % 2);
        assert_code(fixture_check_behind(&f, tx, &waiting, &admission, NULL), cases[i].code);
    }
}

/* What check_tx says, and a block that it would make invalid. */
static int judged(const struct tx *tx) {
    struct app_admission admission;
    int rc = fixture_check(&f, tx, &admission, NULL);
    assert_int_equal(rc, fixture_process(&f, &tx, 1, NULL));
    return rc;
}

/* poss-point.md part E: "sponsor: Authorise(spender, cap, expiry)" */
static void point_sponsor__pays_up_to_its_cap(void **state) {
    (void)state;
    assert_code(judged(sponsored("new", "alice", 10000, 0)), CODE_TX_FEE_PAYER);
    alice_sponsors("new", 25000, NO_END);
    uint64_t alice = fixture_balance(&f, "alice");
    assert_code(judged(sponsored("new", "alice", 25001, 0)), CODE_TX_FEE_PAYER);
    const struct tx *tx = sponsored("new", "alice", 10000, 0);
    assert_code(judged(tx), CODE_OK);
    const BlockResults *r = fixture_block(&f, &tx, 1); /* an account that has never had a coin */
    assert_code((int)r->txs[0]->code, CODE_OK);
    assert_int_equal(fixture_balance(&f, "alice"), alice - 10000);
    assert_int_equal(fixture_balance(&f, "new"), 0);
    assert_int_equal(grant_of("alice", "new")->fees, 15000);
    /* two in one block that together are too much: the second makes the block invalid */
    const struct tx *two[] = {sponsored("new", "alice", 10000, 0), sponsored("new", "alice", 5001, 1)};
    assert_code(fixture_process(&f, two, 2, NULL), CODE_TX_FEE_PAYER);
    two[1] = sponsored("new", "alice", 5000, 1);
    assert_code(fixture_process(&f, two, 2, NULL), CODE_OK);
    fixture_block(&f, two, 2);
    assert_int_equal(grant_of("alice", "new")->fees, 0);
}

/* A grant to act is not one to have fees paid. */
static void sponsor__is_not_who_lets_act(void **state) {
    (void)state;
    alice_lets_app("*", "MsgSend", FOREVER, FOREVER);
    assert_code(judged(sponsored("app", "alice", 10000, 0)), CODE_TX_FEE_PAYER);
    alice_sponsors("app", 10000, NO_END);
    assert_code(judged(sponsored("app", "alice", 10000, 0)), CODE_OK);
    assert_code((int)send_for("alice", "app", 1)->code, CODE_GRANT_SCOPE);
}

static void sponsor__without_coins(void **state) {
    (void)state;
    struct words w;
    MsgGrant m = a_grant("new", &w, NULL, NULL);
    m.fees = FOREVER;
    assert_code(give("bob", &m), CODE_OK);
    uint64_t has = fixture_balance(&f, "bob");
    assert_code(judged(sponsored("new", "bob", has + 1, 0)), CODE_INSUFFICIENT_FUNDS);
    assert_code(judged(sponsored("new", "bob", has, 0)), CODE_OK);
    assert_int_equal(grant_of("bob", "new")->fees, FOREVER);
}

/* No message can make an ante check fail: the grant that is taken back, or the coins that are sent away, in the same
 * block, were there when its ante checks ran. */
static void sponsor__messages_of_the_block_come_too_late(void **state) {
    (void)state;
    alice_sponsors("new", 20000, NO_END);
    MsgRevoke m = MSG_REVOKE__INIT;
    m.grantee = fixture_addr_data(&f, "new");
    Msg *revoke = fixture_msg(&f, "alice", &m.base);
    const struct tx *txs[] = {fixture_tx(&f, "alice", 0, &revoke, 1), sponsored("new", "alice", 10000, 0)};
    assert_code(fixture_process(&f, txs, 2, NULL), CODE_OK);
    const BlockResults *r = fixture_block(&f, txs, 2);
    assert_code((int)r->txs[0]->code, CODE_OK);
    assert_code((int)r->txs[1]->code, CODE_OK);
    assert_code(judged(sponsored("new", "alice", 10000, 0)), CODE_TX_FEE_PAYER);
}

/* A grant that ends between the block before and this one: whoever made the block could not know this one's time. */
static void sponsor__end_is_judged_at_the_time_of_the_block_before(void **state) {
    (void)state;
    uint64_t end = fixture_ledger_time(&f) + f.params.consensus.heartbeat_ms + 1;
    alice_sponsors("new", 20000, end);
    assert_true(fixture_ledger_time(&f) < end);
    const struct tx *tx = sponsored("new", "alice", 10000, 0);
    assert_code(judged(tx), CODE_OK);
    const BlockResults *r = fixture_block(&f, &tx, 1);
    assert_true(fixture_ledger_time(&f) >= end);
    assert_code((int)r->txs[0]->code, CODE_OK);
    assert_code(judged(sponsored("new", "alice", 10000, 0)), CODE_TX_FEE_PAYER);
}

/* A user without coins signs off line, a gateway submits and pays; it can be submitted once, and not after its time. */
static void cess_8_114__signed_off_line_submitted_by_a_gateway(void **state) {
    (void)state;
    struct words w;
    MsgGrant pays = a_grant("user", &w, NULL, NULL);
    pays.fees = 100000;
    assert_code(give("app", &pays), CODE_OK);
    struct words v;
    MsgGrant *m = ARENA_NEW(&f.tx_arena, MsgGrant);
    *m = a_grant("app", &v, "MsgCreateObject", NULL);
    m->bytes = GIB;
    Msg *msg = fixture_msg(&f, "user", &m->base);
    TxBody body;
    fixture_body(&f, "user", 0, &msg, 1, &body);
    body.sequence = 0;
    body.valid_until_height = f.height + 3;
    body.fee_payer = fixture_addr_data(&f, "app");
    body.fee = 10000;
    const struct tx *tx = fixture_tx_body(&f, "user", &body);
    struct bytes wire;
    struct tx again;
    arena_dup_bytes(&f.setup, tx->wire, &wire);
    assert_code((int)fixture_block(&f, &tx, 1)->txs[0]->code, CODE_OK);
    assert_int_equal(grant_of("user", "app")->bytes, GIB);
    assert_ok(tx_parse(wire, &f.chain_tag, &f.setup, &again, NULL), (struct err *)NULL);
    assert_code(judged(&again), CODE_TX_KNOWN);
    for (int i = 0; i < 3; i++)
        fixture_block(&f, NULL, 0);
    assert_code(judged(&again), CODE_TX_EXPIRED);
}

/* --- wrap key, supply --- */

static void wrap_key__is_in_the_account(void **state) {
    (void)state;
    struct key k;
    struct addr alice = fixture_addr("alice");
    MsgSetWrapKey m = MSG_SET_WRAP_KEY__INIT;
    m.wrap_pubkey = fixture_pubkey_data(&f, "alice.wrap");
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    const Account *a = fixture_record(&f, key_account(&k, &alice), &account__descriptor);
    assert_memory_equal(a->wrap_pubkey.data, fixture_pubkey("alice.wrap").b, 33);
    msg_set_wrap_key__init(&m);
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    a = fixture_record(&f, key_account(&k, &alice), &account__descriptor);
    assert_int_equal(a->wrap_pubkey.len, 0);
}

static void wrap_key__that_is_none(void **state) {
    (void)state;
    uint8_t raw[34] = {2}; /* x = 0 is no point; 32 and 34 bytes are no key */
    for (size_t len = 32; len <= 34; len++) {
        struct app_admission admission;
        MsgSetWrapKey m = MSG_SET_WRAP_KEY__INIT;
        m.wrap_pubkey = fixture_data(&f, raw, len);
        Msg *msg = fixture_msg(&f, "alice", &m.base);
        assert_code(fixture_check(&f, fixture_tx(&f, "alice", 0, &msg, 1), &admission, NULL), CODE_WRAP_KEY);
    }
}

static void cess_8_88__the_supply_is_the_sum(void **state) {
    (void)state;
    deal_fund(&d, 500 * CAIRN);
    deal_must(&d);
    const SupplyAnswer *s = fixture_query(&f, "/auth/supply", NULL);
    uint64_t sum = s->accounts;
    for (size_t i = 0; i < s->n_modules; i++)
        sum += s->modules[i]->balance;
    assert_int_equal(sum, s->supply);
    assert_int_equal(s->n_modules, MODULE_ACCOUNTS);
    uint64_t keys = 0;
    static const char *const names[] = {"alice", "app", "bob"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        keys += fixture_balance(&f, names[i]);
    assert_true(s->accounts >= keys);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(grant__none_and_no_message_in_its_name), T(grant__named_message_spends_the_granters_money),
          T(money_budget__edges), T(money_budget__is_spent_by_all_messages_of_a_transaction_or_none),
          T(star__leaves_out_what_must_be_named), T(star__the_whole_list), T(scope__another_message),
          T(greenfield_11_3_7__delegated_writes_stay_in_their_prefix),
          T(scope__bucket_is_asked_of_a_message_without_one), T(byte_budget__edges), T(price_and_lock__count),
          T(grant__named_may_be_given_on), T(grant__may_end_itself), T(give__what_is_refused), T(message_types__edges),
          T(greenfield_11_3_3__grants_of_an_account), T(revoke__of_nothing), T(expiry__at_its_millisecond),
          T(expiry__so_many_a_block), T(cess_8_2__a_gateway_puts_and_may_not_delete),
          T(cess_8_3__revoked_within_the_block), T(cess_8_107__what_is_granted_can_be_seen),
          T(cess_8_108__cancelled_is_gone), T(cess_8_109__no_duplicates_after_granting_twice),
          T(point_sponsor__pays_up_to_its_cap), T(sponsor__is_not_who_lets_act), T(sponsor__without_coins),
          T(sponsor__behind_what_waits), T(sponsor__messages_of_the_block_come_too_late),
          T(sponsor__end_is_judged_at_the_time_of_the_block_before),
          T(cess_8_114__signed_off_line_submitted_by_a_gateway), T(wrap_key__is_in_the_account),
          T(wrap_key__that_is_none), T(cess_8_88__the_supply_is_the_sum))
