/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others got wrong about permissions, each as a test by the name of its row: greenfield-chain.md 4.3 (defects of
 * its evaluation) and 11.3 (what to do better).
 */
#include "tests/lib/ledger/policies.h"

#include "chain/codec/bech32.h"
#include "chain/types/keys_permission.h"

#define GET    "ACTION_GET_OBJECT"
#define CREATE "ACTION_CREATE_OBJECT"

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    static const char *const names[] = {"alice", "bob", "carol", "dave"};
    fixture_init(&f);
    for (size_t i = 0; i < 4; i++)
        fixture_account(&f, names[i], 1000 * PEBBLE_PER_CAIRN);
    f.params.permission.statements_max = 4;
    f.params.permission.groups_per_resource = 3;
    f.params.permission.account_policies_per_resource = 3;
    f.params.challenge.floor_interval_ms = 0;
    f.params.challenge.bytes_per_draw = 0;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:1", 64 * KIB, 1000);
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    deal_must_bucket(&d);
    deal_must_group(&d);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static const Policy *of_group(uint64_t group) {
    struct key k;
    return fixture_record(&f, key_policy_group(&k, RESOURCE_KIND_BUCKET, 1, group), &policy__descriptor);
}

static int create_as(const char *who, const char *name) {
    struct object_try t;
    d.object = name;
    deal_object_try(&d, &t);
    t.spec.creator = fixture_addr_data(&f, who);
    return (int)deal_object_send(&d, &t, who)->code;
}

static int allow_create(uint64_t group, const char *pattern, uint64_t budget) {
    return policies_put(
        &d, (struct policy_put){
                .group_id = group, .action = ACTION_CREATE_OBJECT, .pattern = pattern, .size_limit = budget});
}

/* "A group policy with limit_size: only the last allowing group's policy is written back": here exactly one pays, the
 * first by group id that has enough left, and together they cannot be overspent. */
static void greenfield_4_3_1__budgets_of_several_groups(void **state) {
    (void)state;
    uint64_t one = policies_group(&f, "alice", "one", "bob", 0), two = policies_group(&f, "alice", "two", "bob", 0);
    assert_code(allow_create(one, NULL, 1500), CODE_OK);
    assert_code(allow_create(two, NULL, 2000), CODE_OK);
    static const struct {
        const char *name;
        int want;
        uint64_t one, two;
    } rows[] = {{"1", CODE_OK, 1000, 0},
                {"2", CODE_OK, 1000, 1000},
                {"3", CODE_OK, 1000, 2000},
                {"4", CODE_POLICY_BUDGET, 1000, 2000}};
    for (size_t i = 0; i < 4; i++) {
        assert_code(create_as("bob", rows[i].name), rows[i].want);
        assert_int_equal(of_group(one)->statements[0]->size_used, rows[i].one);
        assert_int_equal(of_group(two)->statements[0]->size_used, rows[i].two);
    }
    d.size = 500; /* the rest of the first, to the byte */
    assert_code(create_as("bob", "5"), CODE_OK);
    d.size = 1;
    assert_code(create_as("bob", "6"), CODE_POLICY_BUDGET);
}

/* "PutPolicy for a resource already having 10 group policies is refused even when it only overwrites one" */
static void greenfield_4_3_2__overwriting_at_the_cap(void **state) {
    (void)state;
    uint64_t ids[3];
    for (int i = 0; i < 3; i++) {
        ids[i] = policies_group(&f, "alice", arena_printf(&f.setup, "g%d", i), NULL, 0);
        assert_code(policies_put(&d, (struct policy_put){.group_id = ids[i]}), CODE_OK);
    }
    assert_code(policies_put(&d, (struct policy_put){.group_id = ids[1], .effect = EFFECT_DENY}), CODE_OK);
    assert_int_equal(of_group(ids[1])->statements[0]->effect, EFFECT_DENY);
    uint64_t fourth = policies_group(&f, "alice", "g3", NULL, 0);
    assert_code(policies_put(&d, (struct policy_put){.group_id = fourth}), CODE_POLICY_LIMIT);
}

/* "PutPolicy overwrite returns an unset id" */
static void greenfield_4_3_3__overwriting_returns_the_id(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        MsgPutPolicy m = MSG_PUT_POLICY__INIT;
        Statement s = STATEMENT__INIT, *list[] = {&s};
        Action get = ACTION_GET_OBJECT;
        uint64_t id = 0;
        s.effect = EFFECT_ALLOW;
        s.actions = &get;
        s.n_actions = 1;
        m.resource = policies_resource(&d, &(struct policy_put){0});
        m.principal = policies_principal(&f, "bob", 0);
        m.statements = list;
        m.n_statements = 1;
        m.mode = i ? POLICY_MODE_REPLACE : POLICY_MODE_MERGE;
        assert_code(policies_send(&f, "alice", &m.base, &id), CODE_OK);
        assert_int_equal(id, 1);
    }
}

/* "PutPolicy replaces silently": the mode must be said, and what was replaced is in the event. */
static void greenfield_4_3_4__nothing_is_replaced_silently(void **state) {
    (void)state;
    assert_code(policies_put(&d, (struct policy_put){.account = "bob", .mode = -1}), CODE_POLICY_MODE);
    assert_code(policies_put(&d, (struct policy_put){.account = "bob", .pattern = "old*"}), CODE_OK);
    assert_code(policies_put(&d, (struct policy_put){.account = "bob", .mode = POLICY_MODE_REPLACE}), CODE_OK);
    const char *hex = fixture_attribute(fixture_event(&f, "permission.policy_put"), "replaced");
    assert_non_null(strstr(hex, "6f6c642a")); /* "old*" */
}

/* "no ... 'list my grants' on chain" */
static void greenfield_4_3_5__what_is_said_of_me(void **state) {
    (void)state;
    char bob[ADDR_TEXT_MAX];
    struct addr a = fixture_addr("bob");
    addr_to_text(&a, bob);
    deal_must_create(&d);
    assert_code(policies_put(&d, (struct policy_put){.account = "bob"}), CODE_OK);
    assert_code(policies_put(&d, (struct policy_put){.account = "carol"}), CODE_OK);
    assert_code(
        policies_put(&d, (struct policy_put){.account = "bob", .kind = RESOURCE_KIND_OBJECT, .object = "a.jpg"}),
        CODE_OK);
    const PoliciesAnswer *p = fixture_query(&f, "/permission/grants", "account", bob, NULL);
    assert_int_equal(p->n_policies, 2);
    assert_int_equal(p->policies[0]->resource_kind, RESOURCE_KIND_BUCKET);
    assert_int_equal(p->policies[1]->resource_kind, RESOURCE_KIND_OBJECT);
    p = fixture_query(&f, "/permission/grants", "account", bob, "limit", "1", NULL);
    assert_int_equal(p->n_policies, 1);
    assert_true(p->next_cursor.len > 0);
}

/* "CREATE_OBJECT is checked without the new object's name": a prefix restricts where the grantee may create, a prefix
 * DENY blocks only there; 11.3 row 6. */
static void greenfield_4_3_6__create_is_judged_by_the_name(void **state) {
    (void)state;
    uint64_t team = policies_group(&f, "alice", "team", "bob", 0);
    assert_code(allow_create(team, "in/*", 0), CODE_OK);
    assert_code(create_as("bob", "out/x"), CODE_DENIED);
    assert_code(create_as("bob", "in/x"), CODE_OK);
    assert_code(policies_put(&d, (struct policy_put){.account = "bob",
                                                     .effect = EFFECT_DENY,
                                                     .action = ACTION_CREATE_OBJECT,
                                                     .pattern = "in/secret/*"}),
                CODE_OK);
    assert_code(create_as("bob", "in/secret/x"), CODE_POLICY_DENIES);
    assert_code(create_as("bob", "in/y"), CODE_OK);
}

/* "The SP operator names any creator": the creator is who signs, or who gave the signer a grant. */
static void greenfield_4_3_7__nobody_creates_in_anothers_name(void **state) {
    (void)state;
    struct object_try t;
    MsgPutPolicy m = MSG_PUT_POLICY__INIT;
    deal_object_try(&d, &t);
    t.spec.creator = fixture_addr_data(&f, "alice");
    assert_code((int)deal_object_send(&d, &t, "sp0")->code, CODE_DENIED);
    m.creator = fixture_addr_data(&f, "alice");
    m.resource = policies_resource(&d, &(struct policy_put){0});
    m.principal = policies_principal(&f, "bob", 0);
    assert_int_not_equal(policies_send(&f, "bob", &m.base, NULL), CODE_OK);
}

/* "Account ALLOW overrides group DENY": here an explicit deny wins everywhere; 11.3 row 6. */
static void greenfield_4_3_8__a_deny_wins_wherever_it_is(void **state) {
    (void)state;
    deal_must_create(&d);
    uint64_t team = policies_group(&f, "alice", "team", "bob", 0);
    struct policy_put allow = {.account = "bob"}, deny = {.group_id = team, .effect = EFFECT_DENY};
    struct policy_put on_object = {
        .account = "bob", .kind = RESOURCE_KIND_OBJECT, .object = "a.jpg", .effect = EFFECT_DENY};
    assert_code(policies_put(&d, allow), CODE_OK);
    policies_expect(&d, "bob", GET, "a.jpg", "account_allow");
    assert_code(policies_put(&d, deny), CODE_OK);
    policies_expect(&d, "bob", GET, "a.jpg", "denied");
    deny.effect = EFFECT_ALLOW;
    assert_code(policies_put(&d, deny), CODE_OK);
    policies_expect(&d, "bob", GET, "a.jpg", "account_allow");
    assert_code(policies_put(&d, on_object), CODE_OK);
    policies_expect(&d, "bob", GET, "a.jpg", "denied");
}

/* "Spend size budgets atomically": what fails after the check spends nothing, also beside others in one transaction. */
static void greenfield_11_3_6__a_budget_is_spent_with_its_message(void **state) {
    (void)state;
    uint64_t team = policies_group(&f, "alice", "team", "bob", 0);
    assert_code(allow_create(team, NULL, 10000), CODE_OK);
    struct object_try t;
    d.object = "x";
    deal_object_try(&d, &t);
    t.spec.creator = fixture_addr_data(&f, "bob");
    t.flip = true; /* of the approval's signature: judged after the permission */
    assert_int_not_equal(deal_object_send(&d, &t, "bob")->code, CODE_OK);
    assert_int_equal(of_group(team)->statements[0]->size_used, 0);

    struct object_try twice[2];
    fixture_hold(&f);
    f.join = true;
    for (size_t i = 0; i < 2; i++) { /* the same name: the second message fails, and with it the first */
        deal_object_try(&d, &twice[i]);
        twice[i].spec.creator = fixture_addr_data(&f, "bob");
        deal_object_send(&d, &twice[i], "bob");
    }
    assert_int_equal(f.held_n, 1);
    assert_int_not_equal(fixture_run_held(&f, NULL)->txs[0]->code, CODE_OK);
    f.join = false;
    assert_int_equal(of_group(team)->statements[0]->size_used, 0);
    assert_code(create_as("bob", "x"), CODE_OK);
    assert_int_equal(of_group(team)->statements[0]->size_used, 1000);
}

/* "Enforce every declared cap": statements, patterns, policies for accounts and groups at cap - 1, cap, cap + 1. */
static void greenfield_11_3_3__caps_are_enforced(void **state) {
    (void)state;
    assert_code(policies_put(&d, (struct policy_put){.account = "bob", .statements = 3}), CODE_OK);
    assert_code(policies_put(&d, (struct policy_put){.account = "bob", .mode = POLICY_MODE_MERGE}), CODE_OK);
    assert_code(policies_put(&d, (struct policy_put){.account = "bob", .mode = POLICY_MODE_MERGE}), CODE_POLICY_LIMIT);
    assert_code(policies_put(&d, (struct policy_put){.account = "bob", .statements = 4}), CODE_OK);
    assert_code(policies_put(&d, (struct policy_put){.account = "bob", .statements = 5}), CODE_POLICY_LIMIT);
    assert_code(policies_put(&d, (struct policy_put){.account = "carol"}), CODE_OK);
    assert_code(policies_put(&d, (struct policy_put){.account = "dave"}), CODE_OK);
    assert_code(policies_put(&d, (struct policy_put){.account = "erin"}), CODE_POLICY_LIMIT);
}

/* Not in the reference, and a hole all the same: rights over policies cannot be given away, not even with ALL. */
static void policies__all_is_not_ownership(void **state) {
    (void)state;
    assert_code(policies_put(&d, (struct policy_put){.account = "bob", .action = ACTION_ALL}), CODE_OK);
    assert_code(policies_put(&d, (struct policy_put){.by = "bob", .account = "carol"}), CODE_DENIED);
    MsgDeletePolicy m = MSG_DELETE_POLICY__INIT;
    m.resource = policies_resource(&d, &(struct policy_put){0});
    m.principal = policies_principal(&f, "bob", 0);
    assert_code(policies_send(&f, "bob", &m.base, NULL), CODE_DENIED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(greenfield_4_3_1__budgets_of_several_groups), T(greenfield_4_3_2__overwriting_at_the_cap),
          T(greenfield_4_3_3__overwriting_returns_the_id), T(greenfield_4_3_4__nothing_is_replaced_silently),
          T(greenfield_4_3_5__what_is_said_of_me), T(greenfield_4_3_6__create_is_judged_by_the_name),
          T(greenfield_4_3_7__nobody_creates_in_anothers_name), T(greenfield_4_3_8__a_deny_wins_wherever_it_is),
          T(greenfield_11_3_6__a_budget_is_spent_with_its_message), T(greenfield_11_3_3__caps_are_enforced),
          T(policies__all_is_not_ownership))
