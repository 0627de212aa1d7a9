/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/authenticator/authenticator.h"

#include "chain/codec/pb.h"
#include "tests/lib/test.h"

static struct err err;

static Grant grant_of(char **messages) {
    Grant grant = GRANT__INIT;
    grant.messages = messages;
    grant.n_messages = 1;
    grant.bytes = 1000;
    return grant;
}

static void covered__message_and_end(void **state) {
    (void)state;
    char *create[] = {pb_text("MsgCreateObject")}, *all[] = {pb_text("*")};
    Grant grant = grant_of(create);
    struct acting what = {"MsgCreateObject", "photos", "a/b", 1000};
    assert_ok(acting_covered(&grant, &what, 50, &err), &err);
    what.message = "MsgStoreObject";
    assert_code(acting_covered(&grant, &what, 50, &err), CODE_DENIED);
    grant.messages = all;
    assert_ok(acting_covered(&grant, &what, 50, &err), &err);
    grant.expires_at = 51;
    assert_ok(acting_covered(&grant, &what, 50, &err), &err);
    assert_code(acting_covered(&grant, &what, 51, &err), CODE_DENIED);
}

static void covered__place_and_bytes(void **state) {
    (void)state;
    char *all[] = {pb_text("*")};
    Grant grant = grant_of(all);
    struct acting what = {"MsgCreateObject", "photos", "a/b", 1001};
    assert_code(acting_covered(&grant, &what, 1, &err), CODE_DENIED);
    what.bytes = 1000;
    grant.bucket_name = pb_text("photos");
    grant.object_prefix = pb_text("a/");
    assert_ok(acting_covered(&grant, &what, 1, &err), &err);
    what.object = "b/a";
    assert_code(acting_covered(&grant, &what, 1, &err), CODE_DENIED);
    what.object = "a";
    assert_code(acting_covered(&grant, &what, 1, &err), CODE_DENIED);
    what = (struct acting){"MsgCreateObject", "photos2", "a/b", 0};
    assert_code(acting_covered(&grant, &what, 1, &err), CODE_DENIED);
}

static void acts_for__who_signs_for_itself_or_not_at_all(void **state) {
    (void)state;
    struct authenticator auth = {.sp_id = 1}; /* neither asks the ledger */
    struct caller caller = {.anonymous = true};
    struct acting what = {"MsgCreateObject", "photos", "a", 1};
    assert_code(authenticator_acts_for(&auth, &caller, addr_bytes(&caller.address), &what, &err), CODE_UNAUTHENTICATED);
    caller.anonymous = false;
    assert_ok(authenticator_acts_for(&auth, &caller, addr_bytes(&caller.address), &what, &err), &err);
    assert_code(authenticator_acts_for(&auth, &caller, bytes_of(caller.address.b, 19), &what, &err),
                CODE_INVALID_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(covered__message_and_end),
        cmocka_unit_test(covered__place_and_bytes),
        cmocka_unit_test(acts_for__who_signs_for_itself_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
