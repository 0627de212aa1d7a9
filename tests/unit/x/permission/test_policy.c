/* SPDX-License-Identifier: Apache-2.0 */
/* Policies on a whole ledger: who may put them, how they merge, what they allow and deny, when they end. */
#include "tests/lib/ledger/policies.h"

#include "chain/types/keys_permission.h"

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    static const char *const names[] = {"alice", "bob", "carol", "dave"};
    for (size_t i = 0; i < 4; i++)
        fixture_account(&f, names[i], 1000 * PEBBLE_PER_CAIRN);
    f.params.permission.statements_max = 4;
    f.params.permission.groups_per_resource = 3;
    f.params.permission.account_policies_per_resource = 5;
    f.params.challenge.floor_interval_ms = 0;
    f.params.challenge.bytes_per_draw = 0;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:1", 64 * KIB, 1000);
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    deal_must(&d);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static int put(struct policy_put p) {
    return policies_put(&d, p);
}

static uint64_t group_of(const char *owner, const char *name, const char *member, uint64_t expires_at) {
    return policies_group(&f, owner, name, member, expires_at);
}

static void expect(const char *who, const char *action, const char *object, const char *reason) {
    policies_expect(&d, who, action, object, reason);
}

#define GET    "ACTION_GET_OBJECT"
#define CREATE "ACTION_CREATE_OBJECT"

static void put_policy__allows_and_denies(void **state) {
    (void)state;
    expect("alice", GET, "a.jpg", "owner");
    expect("bob", GET, "a.jpg", "nothing");
    expect(NULL, GET, "a.jpg", "nothing");
    assert_code(put((struct policy_put){.account = "bob", .pattern = "*.jpg"}), CODE_OK);
    expect("bob", GET, "a.jpg", "account_allow");
    expect("carol", GET, "a.jpg", "nothing");
    uint64_t friends = group_of("alice", "friends", "carol", 0);
    assert_code(put((struct policy_put){.group_id = friends}), CODE_OK);
    expect("carol", GET, "a.jpg", "group_allow");
    expect("bob", GET, "a.jpg", "account_allow");
    assert_code(put((struct policy_put){
                    .account = "carol", .kind = RESOURCE_KIND_OBJECT, .object = "a.jpg", .effect = EFFECT_DENY}),
                CODE_OK);
    expect("carol", GET, "a.jpg", "denied");
}

static void put_policy__who_and_on_what(void **state) {
    (void)state;
    assert_code(put((struct policy_put){.by = "bob", .account = "carol"}), CODE_DENIED);
    assert_code(put((struct policy_put){.account = "alice"}), CODE_POLICY_PRINCIPAL);
    assert_code(put((struct policy_put){.group_id = 77}), CODE_GROUP_NOT_FOUND);
    assert_code(put((struct policy_put){.group_id = 0}), CODE_POLICY_PRINCIPAL);
    assert_code(put((struct policy_put){.account = "bob", .group_id = 1}), CODE_POLICY_PRINCIPAL);
    assert_code(put((struct policy_put){.account = "bob", .kind = RESOURCE_KIND_OBJECT, .object = "b.jpg"}),
                CODE_OBJECT_NOT_FOUND);
    assert_code(put((struct policy_put){.account = "bob", .object = "a.jpg"}), CODE_POLICY_RESOURCE);
    assert_code(put((struct policy_put){
                    .account = "bob", .kind = RESOURCE_KIND_GROUP, .group = "x", .action = ACTION_DELETE_GROUP}),
                CODE_GROUP_NOT_FOUND);
    assert_code(put((struct policy_put){.account = "bob", .mode = -1}), CODE_POLICY_MODE);
    uint64_t now = fixture_ledger_time(&f);
    assert_code(put((struct policy_put){.account = "bob", .policy_expires_at = now}), CODE_POLICY_EXPIRY);
    assert_code(put((struct policy_put){.account = "bob", .expires_at = now}), CODE_POLICY_STATEMENT);
    d.bucket = "nowhere";
    assert_code(put((struct policy_put){.account = "bob"}), CODE_BUCKET_NOT_FOUND);
}

static const Policy *policy_of(const char *account) {
    struct key k;
    struct addr a = fixture_addr(account);
    return fixture_record(&f, key_policy_account(&k, RESOURCE_KIND_BUCKET, 1, &a), &policy__descriptor);
}

static void put_policy__merges_or_replaces(void **state) {
    (void)state;
    assert_code(put((struct policy_put){.account = "bob", .pattern = "a*"}), CODE_OK);
    uint64_t id = policy_of("bob")->id;
    assert_code(put((struct policy_put){.account = "bob", .pattern = "b*", .mode = POLICY_MODE_MERGE, .statements = 3}),
                CODE_OK);
    assert_int_equal(policy_of("bob")->n_statements, 4);
    assert_string_equal(policy_of("bob")->statements[0]->resources[0], "a*");
    assert_code(put((struct policy_put){.account = "bob", .mode = POLICY_MODE_MERGE}), CODE_POLICY_LIMIT);
    assert_code(put((struct policy_put){.account = "bob", .pattern = "c*"}), CODE_OK);
    assert_int_equal(policy_of("bob")->n_statements, 1);
    assert_int_equal(policy_of("bob")->id, id);
    assert_true(strlen(fixture_attribute(fixture_event(&f, "permission.policy_put"), "replaced")) > 100);
    assert_code(put((struct policy_put){.account = "bob", .statements = 5}), CODE_POLICY_LIMIT);
}

static void put_policy__caps_of_a_resource(void **state) {
    (void)state;
    uint64_t now = fixture_ledger_time(&f);
    for (int i = 0; i < 3; i++)
        assert_code(put((struct policy_put){.group_id = group_of("bob", arena_printf(&f.setup, "g%d", i), NULL, 0)}),
                    CODE_OK);
    assert_code(put((struct policy_put){.group_id = group_of("bob", "g3", NULL, 0)}), CODE_POLICY_LIMIT);
    for (int i = 0; i < 5; i++)
        assert_code(put((struct policy_put){.account = arena_printf(&f.setup, "account%d", i),
                                            .policy_expires_at = i ? 0 : now + 60000}),
                    CODE_OK);
    assert_code(put((struct policy_put){.account = "bob"}), CODE_POLICY_LIMIT);
    assert_code(put((struct policy_put){.account = "account3"}), CODE_OK);
    fixture_skip(&f, 60000);
    assert_code(put((struct policy_put){.account = "bob"}), CODE_OK); /* what has expired makes room */
    assert_code(put((struct policy_put){.account = "carol"}), CODE_POLICY_LIMIT);
}

static void delete_policy__and_with_its_resource(void **state) {
    (void)state;
    MsgDeletePolicy m = MSG_DELETE_POLICY__INIT;
    struct policy_put p = {.account = "bob"};
    m.resource = policies_resource(&d, &p);
    m.principal = policies_principal(&f, "bob", 0);
    assert_code(policies_send(&f, "alice", &m.base, NULL), CODE_POLICY_NOT_FOUND);
    assert_code(put(p), CODE_OK);
    m = (MsgDeletePolicy)MSG_DELETE_POLICY__INIT;
    m.resource = policies_resource(&d, &p);
    m.principal = policies_principal(&f, "bob", 0);
    assert_code(policies_send(&f, "bob", &m.base, NULL), CODE_DENIED);
    m.creator = (ProtobufCBinaryData){0, NULL};
    m.resource = policies_resource(&d, &p);
    m.principal = policies_principal(&f, "bob", 0);
    assert_code(policies_send(&f, "alice", &m.base, NULL), CODE_OK);
    expect("bob", GET, "a.jpg", "nothing");

    assert_code(put((struct policy_put){.account = "bob", .kind = RESOURCE_KIND_OBJECT, .object = "a.jpg"}), CODE_OK);
    MsgDeleteObject del = MSG_DELETE_OBJECT__INIT;
    char bucket[] = "photos", object[] = "a.jpg";
    del.bucket_name = bucket;
    del.object_name = object;
    assert_code(policies_send(&f, "alice", &del.base, NULL), CODE_OK);
    const PoliciesAnswer *a =
        fixture_query(&f, "/permission/policies", "resource_kind", "RESOURCE_KIND_OBJECT", "resource_id", "1", NULL);
    assert_int_equal(a->n_policies, 0);
}

static void expiry__of_members_statements_and_policies(void **state) {
    (void)state;
    uint64_t soon = fixture_ledger_time(&f) + 10000;
    uint64_t friends = group_of("alice", "friends", "carol", soon);
    assert_code(put((struct policy_put){.group_id = friends}), CODE_OK);
    assert_code(put((struct policy_put){.account = "bob", .expires_at = soon}), CODE_OK);
    assert_code(put((struct policy_put){.account = "dave", .policy_expires_at = soon}), CODE_OK);
    while (fixture_ledger_time(&f) + 1000 < soon) {
        expect("carol", GET, "a.jpg", "group_allow");
        expect("bob", GET, "a.jpg", "account_allow");
        expect("dave", GET, "a.jpg", "account_allow");
        fixture_block(&f, NULL, 0);
    }
    fixture_block(&f, NULL, 0);
    expect("carol", GET, "a.jpg", "nothing");
    expect("bob", GET, "a.jpg", "nothing");
    expect("dave", GET, "a.jpg", "nothing");
}

/* An object created under a policy is judged by its name, belongs to the bucket's owner and spends the budget. */
static void create_object__under_a_policy(void **state) {
    (void)state;
    assert_code(put((struct policy_put){
                    .account = "bob", .action = ACTION_CREATE_OBJECT, .pattern = "in/*", .size_limit = 2500}),
                CODE_OK);
    expect("bob", CREATE, "in/x", "account_allow");
    expect("bob", CREATE, "out/x", "nothing");
    static const struct {
        const char *name;
        int want;
    } rows[] = {{"out/1", CODE_DENIED}, {"in/1", CODE_OK}, {"in/2", CODE_OK}, {"in/3", CODE_POLICY_BUDGET}};
    for (size_t i = 0; i < 4; i++) {
        struct object_try t;
        d.object = rows[i].name;
        deal_object_try(&d, &t);
        t.spec.creator = fixture_addr_data(&f, "bob");
        assert_code((int)deal_object_send(&d, &t, "bob")->code, rows[i].want);
    }
    d.object = "in/1";
    struct addr alice = fixture_addr("alice"), bob = fixture_addr("bob");
    assert_memory_equal(deal_object(&d)->owner.data, alice.b, 20);
    assert_memory_equal(deal_object(&d)->creator.data, bob.b, 20);
    assert_int_equal(policy_of("bob")->statements[0]->size_used, 2000);
    MsgCancelObject cancel = MSG_CANCEL_OBJECT__INIT;
    char bucket[] = "photos", object[] = "in/1";
    cancel.bucket_name = bucket;
    cancel.object_name = object;
    assert_code(policies_send(&f, "carol", &cancel.base, NULL), CODE_DENIED);
    cancel.creator = (ProtobufCBinaryData){0, NULL};
    assert_code(policies_send(&f, "bob", &cancel.base, NULL), CODE_OK);
}

static void others__delete_and_update_members_under_policies(void **state) {
    (void)state;
    MsgUpdateGroupMembers m = MSG_UPDATE_GROUP_MEMBERS__INIT;
    GroupMember one = GROUP_MEMBER__INIT, *list[] = {&one};
    char name[] = "friends", bucket[] = "photos", object[] = "a.jpg";
    group_of("alice", "friends", NULL, 0);
    for (int allowed = 0; allowed < 2; allowed++) {
        m = (MsgUpdateGroupMembers)MSG_UPDATE_GROUP_MEMBERS__INIT;
        one.account = fixture_addr_data(&f, "carol");
        m.group_name = name;
        m.group_owner = fixture_addr_data(&f, "alice");
        m.add = list;
        m.n_add = 1;
        assert_code(policies_send(&f, "bob", &m.base, NULL), allowed ? CODE_OK : CODE_DENIED);
        if (!allowed)
            assert_code(put((struct policy_put){.account = "bob",
                                                .kind = RESOURCE_KIND_GROUP,
                                                .group = "friends",
                                                .action = ACTION_UPDATE_GROUP_MEMBERS}),
                        CODE_OK);
    }
    for (int allowed = 0; allowed < 2; allowed++) {
        MsgDeleteObject del = MSG_DELETE_OBJECT__INIT;
        del.bucket_name = bucket;
        del.object_name = object;
        assert_code(policies_send(&f, "bob", &del.base, NULL), allowed ? CODE_OK : CODE_DENIED);
        if (!allowed)
            assert_code(put((struct policy_put){.account = "bob", .action = ACTION_DELETE_OBJECT}), CODE_OK);
    }
}

static void visibility__lets_anybody_read(void **state) {
    (void)state;
    struct object_try t;
    d.object = "public";
    deal_object_try(&d, &t);
    t.spec.visibility = VISIBILITY_PUBLIC_READ;
    assert_code((int)deal_object_send(&d, &t, "alice")->code, CODE_OK);
    expect(NULL, GET, "public", "public");
    expect("bob", GET, "public", "public");
    expect("bob", "ACTION_DELETE_OBJECT", "public", "nothing");
    assert_code(put((struct policy_put){.account = "bob", .effect = EFFECT_DENY}), CODE_OK);
    expect("bob", GET, "public", "denied");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
static const struct CMUnitTest tests[] = {
    T(put_policy__allows_and_denies),        T(put_policy__who_and_on_what),
    T(put_policy__merges_or_replaces),       T(put_policy__caps_of_a_resource),
    T(delete_policy__and_with_its_resource), T(expiry__of_members_statements_and_policies),
    T(create_object__under_a_policy),        T(others__delete_and_update_members_under_policies),
    T(visibility__lets_anybody_read),
};

int main(void) {
    test_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
