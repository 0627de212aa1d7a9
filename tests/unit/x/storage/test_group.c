/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of accounts: delete, leave, update; each precondition alone, and the bounds. */
#include "tests/lib/ledger/policies.h"

#include "chain/types/keys_storage.h"

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    (void)state;
    static const char *const names[] = {"alice", "bob", "carol"};
    fixture_init(&f);
    for (size_t i = 0; i < 3; i++)
        fixture_account(&f, names[i], 1000 * PEBBLE_PER_CAIRN);
    f.params.storage.tags_max = 2;
    f.params.storage.groups_per_account = 2;
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "replica:1", 64 * KIB, 0);
    policies_group(&f, "alice", "team", "bob", 0);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static const GroupInfo *group(const char *name) {
    struct key k;
    struct addr alice = fixture_addr("alice");
    return fixture_record(&f, key_group(&k, &alice, name), &group_info__descriptor);
}

static char *text(const char *s) {
    return arena_strdup(&f.tx_arena, s);
}

/* owner NULL: not given. (What is no address never enters a block: MALFORMED, chain/codec.) */
static ProtobufCBinaryData owner_of(const char *owner) {
    return owner ? fixture_addr_data(&f, owner) : (ProtobufCBinaryData){0, NULL};
}

static int delete_group(const char *who, const char *owner, const char *name) {
    MsgDeleteGroup m = MSG_DELETE_GROUP__INIT;
    m.group_name = text(name);
    m.group_owner = owner_of(owner);
    return policies_send(&f, who, &m.base, NULL);
}

static int leave_group(const char *who, const char *owner, const char *name) {
    MsgLeaveGroup m = MSG_LEAVE_GROUP__INIT;
    m.group_name = text(name);
    m.group_owner = owner_of(owner);
    return policies_send(&f, who, &m.base, NULL);
}

static int update_group(const char *who, const char *owner, const char *name, size_t extra, size_t tags) {
    static char words[600];
    Tag list[3], *at[3];
    MsgUpdateGroup m = MSG_UPDATE_GROUP__INIT;
    memset(words, 'x', extra);
    words[extra] = 0;
    for (size_t i = 0; i < tags; i++) {
        tag__init(&list[i]);
        list[i].key = text(i == 0 ? "a" : i == 1 ? "b" : "c");
        list[i].value = text("v");
        at[i] = &list[i];
    }
    m.group_name = text(name);
    m.group_owner = owner_of(owner);
    m.extra = words;
    m.tags = at;
    m.n_tags = tags;
    return policies_send(&f, who, &m.base, NULL);
}

static int allow(int action) {
    return policies_put(
        &d, (struct policy_put){.account = "carol", .kind = RESOURCE_KIND_GROUP, .group = "team", .action = action});
}

static void delete_group__preconditions(void **state) {
    (void)state;
    assert_code(delete_group("alice", NULL, ""), CODE_GROUP_NAME);
    assert_code(delete_group("alice", NULL, "other"), CODE_GROUP_NOT_FOUND);
    assert_code(delete_group("bob", NULL, "team"), CODE_GROUP_NOT_FOUND);
    assert_code(delete_group("bob", "alice", "team"), CODE_DENIED); /* a member is nobody here */
    assert_code(allow(ACTION_UPDATE_GROUP), CODE_OK);
    assert_code(delete_group("carol", "alice", "team"), CODE_DENIED); /* another action */
    assert_code(allow(ACTION_DELETE_GROUP), CODE_OK);
    assert_code(delete_group("carol", "alice", "team"), CODE_OK);
    assert_null(group("team"));
    assert_code(delete_group("carol", "alice", "team"), CODE_GROUP_NOT_FOUND);
}

static void delete_group__makes_room(void **state) {
    (void)state;
    MsgCreateGroup m = MSG_CREATE_GROUP__INIT;
    policies_group(&f, "alice", "second", NULL, 0);
    m.group_name = text("third");
    assert_code(policies_send(&f, "alice", &m.base, NULL), CODE_GROUP_LIMIT);
    assert_code(delete_group("alice", NULL, "second"), CODE_OK);
    policies_group(&f, "alice", "third", NULL, 0);
}

/* A group of many goes in pieces, and nobody is in it meanwhile. */
static void delete_group__of_many_members(void **state) {
    (void)state;
    MsgUpdateGroupMembers m = MSG_UPDATE_GROUP_MEMBERS__INIT;
    GroupMember *add[20];
    struct key k;
    struct addr bob = fixture_addr("bob");
    for (unsigned i = 0; i < 20; i++) {
        add[i] = ARENA_NEW(&f.tx_arena, GroupMember);
        group_member__init(add[i]);
        add[i]->account = fixture_addr_data(&f, arena_printf(&f.tx_arena, "many%u", i));
        add[i]->expires_at = i % 2 ? fixture_ledger_time(&f) + 1000000 : 0;
    }
    m.group_name = text("team");
    m.add = add;
    m.n_add = 20;
    assert_code(policies_send(&f, "alice", &m.base, NULL), CODE_OK);
    uint64_t id = group("team")->id;
    assert_code(delete_group("alice", NULL, "team"), CODE_OK);
    assert_code(leave_group("bob", "alice", "team"), CODE_GROUP_NOT_FOUND);
    fixture_block(&f, NULL, 0);
    assert_null(fixture_record(&f, key_member(&k, id, &bob), &group_member__descriptor));
    /* nothing is left: the invariants of x/storage hold members against groups and queue */
}

static void leave_group__preconditions(void **state) {
    (void)state;
    assert_code(leave_group("bob", "alice", ""), CODE_GROUP_NAME);
    assert_code(leave_group("bob", NULL, "team"), CODE_GROUP_NOT_FOUND);
    assert_code(leave_group("carol", "alice", "team"), CODE_MEMBER_NOT_FOUND);
    assert_code(leave_group("alice", NULL, "team"), CODE_MEMBER_NOT_FOUND);
    assert_code(leave_group("bob", "alice", "team"), CODE_OK);
    assert_int_equal(group("team")->members, 0);
    assert_code(leave_group("bob", "alice", "team"), CODE_MEMBER_NOT_FOUND);
}

static void update_group__preconditions_and_bounds(void **state) {
    (void)state;
    assert_code(update_group("alice", NULL, "", 1, 0), CODE_GROUP_NAME);
    assert_code(update_group("alice", NULL, "other", 1, 0), CODE_GROUP_NOT_FOUND);
    assert_code(update_group("bob", "alice", "team", 1, 0), CODE_DENIED);
    assert_code(update_group("alice", NULL, "team", 513, 0), CODE_METADATA);
    assert_code(update_group("alice", NULL, "team", 512, 0), CODE_OK);
    assert_code(update_group("alice", NULL, "team", 0, 3), CODE_TAGS);
    assert_code(update_group("alice", NULL, "team", 511, 2), CODE_OK);
    assert_int_equal(strlen(group("team")->extra), 511);
    assert_int_equal(group("team")->n_tags, 2);
    assert_int_equal(group("team")->members, 1);
    assert_code(allow(ACTION_UPDATE_GROUP), CODE_OK);
    assert_code(update_group("carol", "alice", "team", 0, 0), CODE_OK); /* in place of what was there */
    assert_int_equal(strlen(group("team")->extra) + group("team")->n_tags, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(delete_group__preconditions), T(delete_group__makes_room), T(delete_group__of_many_members),
          T(leave_group__preconditions), T(update_group__preconditions_and_bounds))
