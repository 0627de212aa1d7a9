/* SPDX-License-Identifier: Apache-2.0 */
/* What expires and what is left of deleted things leaves the state, some each block, and says nothing before that. */
#include "tests/lib/ledger/policies.h"

#include "chain/types/keys_permission.h"
#include "chain/types/keys_storage.h"
#include "x/base/record.h"

#define CAP 4 /* expiries_per_block */
#define GET "ACTION_GET_OBJECT"

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    static const char *const names[] = {"alice", "bob", "carol"};
    fixture_init(&f);
    for (size_t i = 0; i < 3; i++)
        fixture_account(&f, names[i], 1000 * PEBBLE_PER_CAIRN);
    f.params.permission.expiries_per_block = CAP;
    f.params.permission.account_policies_per_resource = 200;
    f.params.challenge.floor_interval_ms = 0;
    f.params.challenge.bytes_per_draw = 0;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:1", 64 * KIB, 0);
    deal_fund(&d, 100 * PEBBLE_PER_CAIRN);
    deal_must_bucket(&d);
    deal_must_create(&d);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

/* --- counting records --- */

struct counting {
    char table; /* of module permission; 'm': members */
    uint64_t n;
};

static int count_one(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ++*(uint64_t *)arg;
    return CODE_OK;
}

static void count_all(struct ctx *ctx, void *arg) {
    struct counting *c = arg;
    struct key k;
    struct err err = {0};
    struct bytes prefix = c->table == 'p'   ? key_policies(&k)
                          : c->table == 'e' ? key_policy_expiry_all(&k)
                          : c->table == 'd' ? key_policy_leftover_all(&k)
                          : c->table == 'z' ? key_group_gone_all(&k)
                                            : key_members(&k);
    assert_ok(record_each(ctx, prefix, BYTES_NONE, 0, NULL, count_one, &c->n, &err), &err);
}

static uint64_t records(char table) {
    struct counting c = {table, 0};
    fixture_with_ctx(&f, count_all, &c);
    return c.n;
}

static const char *account(unsigned i) {
    return arena_printf(&f.setup, "account%u", i);
}

/* --- policies --- */

static void expiry__some_each_block_and_none_is_lost(void **state) {
    (void)state;
    uint64_t soon = fixture_ledger_time(&f) + 30000;
    for (unsigned i = 0; i < 3 * CAP + 1; i++)
        assert_code(policies_put(&d, (struct policy_put){.account = account(i), .policy_expires_at = soon}), CODE_OK);
    assert_int_equal(records('p'), 3 * CAP + 1);
    fixture_skip(&f, soon - fixture_ledger_time(&f));
    assert_int_equal(records('p'), 2 * CAP + 1);                    /* the block that reached the time has begun */
    policies_expect(&d, account(3 * CAP), GET, "a.jpg", "nothing"); /* still there, and silent */
    for (uint64_t left = CAP + 1;; left -= CAP) {
        fixture_block(&f, NULL, 0);
        assert_int_equal(records('p'), left);
        if (left < CAP)
            break;
    }
    fixture_block(&f, NULL, 0);
    assert_int_equal(records('p') + records('e'), 0);
}

/* cess.md 9.5 trap 10: an expiry purge that loses its cursor. A thousand fall due in one block; at any block between,
 * what is left is found by the queue alone, and an invariant counts records against entries. */
static void cess_9_5_10__a_purge_of_many_loses_none(void **state) {
    (void)state;
    uint64_t soon = fixture_ledger_time(&f) + 400000;
    MsgUpdateGroupMembers m = MSG_UPDATE_GROUP_MEMBERS__INIT;
    policies_group(&f, "alice", "many", NULL, 0);
    for (unsigned batch = 0; batch < 10; batch++) {
        GroupMember *add[20];
        for (unsigned i = 0; i < 20; i++) {
            add[i] = ARENA_NEW(&f.tx_arena, GroupMember);
            group_member__init(add[i]);
            add[i]->account = fixture_addr_data(&f, account(batch * 20 + i));
            add[i]->expires_at = soon;
        }
        m = (MsgUpdateGroupMembers)MSG_UPDATE_GROUP_MEMBERS__INIT;
        m.group_name = arena_strdup(&f.tx_arena, "many");
        m.add = add;
        m.n_add = 20;
        assert_code(policies_send(&f, "alice", &m.base, NULL), CODE_OK);
    }
    assert_int_equal(records('m'), 200);
    fixture_skip(&f, soon - fixture_ledger_time(&f));
    for (uint64_t left = 200 - CAP; left; left -= CAP) {
        assert_int_equal(records('m'), left);
        fixture_block(&f, NULL, 0);
    }
    assert_int_equal(records('m'), 0);
}

static void expiry__of_a_statement_leaves_the_others(void **state) {
    (void)state;
    uint64_t soon = fixture_ledger_time(&f) + 10000;
    assert_code(policies_put(&d, (struct policy_put){.account = "bob", .expires_at = soon}), CODE_OK);
    assert_code(policies_put(
                    &d, (struct policy_put){.account = "bob", .action = ACTION_COPY_OBJECT, .mode = POLICY_MODE_MERGE}),
                CODE_OK);
    assert_int_equal(records('e'), 1);
    while (!fixture_event(&f, "permission.statement_expired")) {
        assert_true(fixture_ledger_time(&f) < soon);
        fixture_block(&f, NULL, 0);
    }
    assert_int_equal(records('e'), 0);
    assert_int_equal(records('p'), 1);
    policies_expect(&d, "bob", GET, "a.jpg", "nothing");
    policies_expect(&d, "bob", "ACTION_COPY_OBJECT", "a.jpg", "account_allow");
}

/* MERGE keeps the expiry of the policy unless it gives one, and never wakes what has expired. */
static void put_policy__merge_and_expiry(void **state) {
    (void)state;
    uint64_t now = fixture_ledger_time(&f);
    struct policy_put copy = {.account = "bob", .action = ACTION_COPY_OBJECT, .mode = POLICY_MODE_MERGE};
    assert_code(policies_put(&d, (struct policy_put){.account = "bob", .policy_expires_at = now + 20000}), CODE_OK);
    assert_code(policies_put(&d, copy), CODE_OK);
    struct key k;
    struct addr bob = fixture_addr("bob");
    const Policy *p = fixture_record(&f, key_policy_account(&k, RESOURCE_KIND_BUCKET, 1, &bob), &policy__descriptor);
    assert_int_equal(p->expires_at, now + 20000);
    assert_int_equal(p->n_statements, 2);
    copy.policy_expires_at = now + 30000;
    assert_code(policies_put(&d, copy), CODE_OK);
    p = fixture_record(&f, key_policy_account(&k, RESOURCE_KIND_BUCKET, 1, &bob), &policy__descriptor);
    assert_int_equal(p->expires_at, now + 30000);
}

/* While others hold up the queue, an expired policy is still in the state: merging with it is replacing it. */
static void put_policy__merge_with_an_expired_one_begins_anew(void **state) {
    (void)state;
    uint64_t soon = fixture_ledger_time(&f) + 60000;
    for (unsigned i = 0; i < 4 * CAP; i++) /* keys ascend by address: bob's is among them somewhere */
        assert_code(policies_put(&d, (struct policy_put){.account = account(i), .policy_expires_at = soon - 1}),
                    CODE_OK);
    assert_code(policies_put(&d, (struct policy_put){.account = "bob", .policy_expires_at = soon}), CODE_OK);
    fixture_skip(&f, soon - fixture_ledger_time(&f));
    assert_true(records('p') > CAP + 1);
    policies_expect(&d, "bob", GET, "a.jpg", "nothing");
    assert_code(policies_put(
                    &d, (struct policy_put){.account = "bob", .action = ACTION_COPY_OBJECT, .mode = POLICY_MODE_MERGE}),
                CODE_OK);
    policies_expect(&d, "bob", GET, "a.jpg", "nothing");
    policies_expect(&d, "bob", "ACTION_COPY_OBJECT", "a.jpg", "account_allow");
}

/* --- what is left of deleted things --- */

static void delete_bucket__its_policies_go_some_each_block(void **state) {
    (void)state;
    MsgDeleteObject del = MSG_DELETE_OBJECT__INIT;
    MsgDeleteBucket gone = MSG_DELETE_BUCKET__INIT;
    for (unsigned i = 0; i < 40; i++)
        assert_code(policies_put(&d, (struct policy_put){.account = account(i)}), CODE_OK);
    del.bucket_name = gone.bucket_name = (char[]){"photos"};
    del.object_name = (char[]){"a.jpg"};
    assert_code(policies_send(&f, "alice", &del.base, NULL), CODE_OK);
    assert_code(policies_send(&f, "alice", &gone.base, NULL), CODE_OK);
    assert_int_equal(records('p'), 40 - 16);
    fixture_block(&f, NULL, 0);
    assert_int_equal(records('p'), 40 - 32);
    assert_int_equal(records('d'), 1);
    fixture_block(&f, NULL, 0);
    assert_int_equal(records('p') + records('d'), 0);
}

static void delete_group(const char *name) {
    MsgDeleteGroup m = MSG_DELETE_GROUP__INIT;
    m.group_name = arena_strdup(&f.tx_arena, name);
    assert_code(policies_send(&f, "alice", &m.base, NULL), CODE_OK);
}

/* A group that policies refer to: they say nothing from the same block on, and leave; its members too; a group of the
 * same name is another group. */
static void delete_group__that_policies_refer_to(void **state) {
    (void)state;
    uint64_t friends = policies_group(&f, "alice", "friends", "bob", 0);
    assert_code(policies_put(&d, (struct policy_put){.group_id = friends}), CODE_OK);
    assert_code(policies_put(&d, (struct policy_put){.account = "carol",
                                                     .kind = RESOURCE_KIND_GROUP,
                                                     .group = "friends",
                                                     .action = ACTION_UPDATE_GROUP_MEMBERS}),
                CODE_OK);
    policies_expect(&d, "bob", GET, "a.jpg", "group_allow");
    delete_group("friends");
    policies_expect(&d, "bob", GET, "a.jpg", "nothing");
    fixture_block(&f, NULL, 0);
    assert_int_equal(records('p') + records('d') + records('m') + records('z'), 0);
    assert_true(policies_group(&f, "alice", "friends", "bob", 0) > friends);
    policies_expect(&d, "bob", GET, "a.jpg", "nothing");
    assert_code(policies_put(&d, (struct policy_put){.group_id = friends}), CODE_GROUP_NOT_FOUND);
}

/* A deny for a group ends with it: who deletes a group takes back what it forbade. */
static void delete_group__takes_its_denials_along(void **state) {
    (void)state;
    uint64_t banned = policies_group(&f, "alice", "banned", "bob", 0);
    assert_code(policies_put(&d, (struct policy_put){.account = "bob"}), CODE_OK);
    assert_code(policies_put(&d, (struct policy_put){.group_id = banned, .effect = EFFECT_DENY}), CODE_OK);
    policies_expect(&d, "bob", GET, "a.jpg", "denied");
    delete_group("banned");
    policies_expect(&d, "bob", GET, "a.jpg", "account_allow");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(expiry__some_each_block_and_none_is_lost), T(cess_9_5_10__a_purge_of_many_loses_none),
          T(expiry__of_a_statement_leaves_the_others), T(put_policy__merge_and_expiry),
          T(put_policy__merge_with_an_expired_one_begins_anew), T(delete_bucket__its_policies_go_some_each_block),
          T(delete_group__that_policies_refer_to), T(delete_group__takes_its_denials_along))
