/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ledger/providers.h"

#include "chain/types/keys_sp.h"
#include "chain/types/layout.h"
#include "x/auth/account.h"
#include "x/sp/sp.h"

#define CAIRN PEBBLE_PER_CAIRN

static struct fixture f;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "newsp", 1000 * CAIRN);
    f.params.sp.groups_per_primary = 2;
    f.params.sp.sps_max = 8;
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static MsgRegisterSp registration(void) {
    MsgRegisterSp msg;
    provider_registration(&f, "newsp", &msg);
    return msg;
}

static void register__new(void **state) {
    (void)state;
    struct key k;
    MsgRegisterSp msg = registration();
    const TxResult *r = fixture_do(&f, "newsp", &msg.base);
    assert_code((int)r->code, CODE_OK);
    assert_int_equal(r->ids[0], 8);
    const StorageProvider *sp = fixture_record(&f, key_sp(&k, 8), &storage_provider__descriptor);
    assert_int_equal(sp->deposit, 100 * CAIRN);
    assert_int_equal(sp->status, SP_STATUS_IN_SERVICE);
    const SpsAnswer *list = fixture_query(&f, "/sp/list", "start_after", "6", NULL);
    assert_int_equal(list->n_sps, 2);
    list = fixture_query(&f, "/sp/list", "limit", "3", NULL);
    assert_int_equal(list->n_sps, 3);
    assert_int_equal(list->next, 3);
    provider_registration(&f, "alice", &msg);
    assert_code((int)fixture_do(&f, "alice", &msg.base)->code, CODE_SP_LIMIT);
}

static void register__refused_when_run(void **state) {
    (void)state;
    MsgRegisterSp msg = registration();
    msg.deposit = 100 * CAIRN - 1;
    assert_code((int)fixture_do(&f, "newsp", &msg.base)->code, CODE_SP_DEPOSIT);
    msg = registration();
    msg.gc_key = fixture_pubkey_data(&f, "sp3.seal");
    msg.gc_possession = provider_possession(&f, "newsp", "sp3.seal", SP_KEY_GC);
    assert_code((int)fixture_do(&f, "newsp", &msg.base)->code, CODE_SP_EXISTS);
    provider_registration(&f, "sp0", &msg);
    msg.seal_key = fixture_pubkey_data(&f, "fresh.seal");
    msg.seal_possession = provider_possession(&f, "sp0", "fresh.seal", SP_KEY_SEAL);
    assert_code((int)fixture_do(&f, "sp0", &msg.base)->code, CODE_SP_EXISTS);
    msg = registration();
    struct addr module = module_account_addr(MODULE_GOV); /* what came there would belong to nobody */
    msg.funding = fixture_data(&f, module.b, sizeof module.b);
    assert_code((int)fixture_do(&f, "newsp", &msg.base)->code, CODE_RECIPIENT);
    msg = registration();
    msg.deposit = 1000 * CAIRN;
    assert_code((int)fixture_do(&f, "newsp", &msg.base)->code, CODE_INSUFFICIENT_FUNDS);
}

static int checked(MsgRegisterSp *msg) {
    struct app_admission admission;
    Msg *wrapped = fixture_msg(&f, "newsp", &msg->base);
    return fixture_check(&f, fixture_tx(&f, "newsp", 0, &wrapped, 1), &admission, NULL);
}

static void register__refused_by_its_form(void **state) {
    (void)state;
    MsgRegisterSp msg = registration();
    assert_code(checked(&msg), CODE_OK);
    msg.node_key = msg.seal_key;
    assert_code(checked(&msg), CODE_SP_KEY);
    msg = registration();
    msg.gc_key = fixture_data(&f, "\x02 this is not a point on the curve .", 33);
    assert_code(checked(&msg), CODE_SP_KEY);
    msg = registration();
    char bad[][16] = {"", "http://", "ftp://x", "10.0.0.1:80", "http://a b"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        msg.endpoint = bad[i];
        assert_code(checked(&msg), CODE_SP_ENDPOINT);
    }
}

static void deposit__only_its_own(void **state) {
    (void)state;
    struct key k;
    MsgDepositSp msg = MSG_DEPOSIT_SP__INIT;
    msg.sp_id = 1;
    msg.amount = 5 * CAIRN;
    assert_code((int)fixture_do(&f, "alice", &msg.base)->code, CODE_DENIED);
    msg.creator.len = 0;
    assert_code((int)fixture_do(&f, "sp0.funding", &msg.base)->code, CODE_OK);
    const StorageProvider *sp = fixture_record(&f, key_sp(&k, 1), &storage_provider__descriptor);
    assert_int_equal(sp->deposit, 1005 * CAIRN);
    msg.creator.len = 0;
    msg.sp_id = 99;
    assert_code((int)fixture_do(&f, "alice", &msg.base)->code, CODE_SP_NOT_FOUND);
}

static int open_group(const char *who, const char *profile_text, uint32_t *members, size_t n) {
    Profile profile = PROFILE__INIT;
    assert_code(profile_parse(profile_text, 16 * MIB, &profile, NULL), CODE_OK);
    MsgOpenGroup msg = MSG_OPEN_GROUP__INIT;
    msg.profile = &profile;
    msg.members = members;
    msg.n_members = n;
    const TxResult *r = fixture_do(&f, who, &msg.base);
    if (r->code)
        print_message("%s\n", r->log);
    return (int)r->code;
}

static void open_group__bounded_and_by_the_primary(void **state) {
    (void)state;
    uint32_t seven[] = {1, 2, 3, 4, 5, 6, 7}, twice[] = {1, 2, 3, 4, 5, 6, 6}, one[] = {1}, none[] = {99};
    assert_code(open_group("alice", "ec:4+2+w", seven, 7), CODE_DENIED);
    assert_code(open_group("sp1", "ec:4+2+w", seven, 7), CODE_DENIED);
    assert_code(open_group("sp0", "ec:4+2+w", seven, 6), CODE_PLACEMENT_GROUP_MEMBERS);
    assert_code(open_group("sp0", "ec:4+2+w", twice, 7), CODE_PLACEMENT_GROUP_MEMBERS);
    assert_code(open_group("sp0", "replica:1", none, 1), CODE_SP_NOT_FOUND);
    assert_code(open_group("sp0.seal", "ec:4+2+w", seven, 7), CODE_OK);
    assert_code(open_group("sp0", "replica:1", one, 1), CODE_OK);
    uint64_t before = fixture_balance(&f, "sp0.seal");
    assert_code(open_group("sp0", "replica:1", one, 1), CODE_OK); /* in place of the empty one that was opened first */
    assert_int_equal(fixture_balance(&f, "sp0.seal"), before + f.params.sp.group_bond); /* who paid it */
    const PlacementGroupsAnswer *a = fixture_query(&f, "/sp/groups", "sp_id", "1", NULL);
    assert_int_equal(a->n_groups, 2);
    assert_int_equal(a->groups[0]->id, 2);
    a = fixture_query(&f, "/sp/groups", "sp_id", "2", NULL);
    assert_int_equal(a->n_groups, 0);
    assert_code(open_group("sp0", "ec:4+2+w", seven, 7), CODE_OK);
    a = fixture_query(&f, "/sp/groups", "sp_id", "2", NULL);
    assert_int_equal(a->n_groups, 1);
    assert_int_equal(a->groups[0]->n_members, 7);
    a = fixture_query(&f, "/sp/groups", "sp_id", "2", "primary", "true", NULL);
    assert_int_equal(a->n_groups, 0);
}

static void may_store_body(struct ctx *ctx, void *arg) {
    (void)arg;
    StorageProvider *sp;
    assert_code(sp_get(ctx, 1, &sp, NULL), CODE_OK);
    assert_code(sp_may_store(ctx, sp, 1000 * GIB, NULL), CODE_OK); /* deposit 1000, one a GiB */
    assert_code(sp_may_store(ctx, sp, 1000 * GIB + 1, NULL), CODE_SP_DEPOSIT);
    assert_code(sp_may_store(ctx, sp, 1024 * GIB + 1, NULL), CODE_SP_CAPACITY);
    assert_code(sp_jail(ctx, 1, "test", NULL), CODE_OK);
    assert_code(sp_get(ctx, 1, &sp, NULL), CODE_OK);
    assert_code(sp_may_store(ctx, sp, 1, NULL), CODE_SP_STATUS);
}

static void may_store__edges(void **state) {
    (void)state;
    fixture_with_ctx(&f, may_store_body, NULL);
}

static void slash_body(struct ctx *ctx, void *arg) {
    (void)arg;
    uint64_t taken;
    struct addr alice = fixture_addr("alice");
    Account *a;
    assert_code(sp_slash(ctx, 1, 5 * CAIRN, &alice, 2 * CAIRN, &taken, NULL), CODE_OK);
    assert_int_equal(taken, 5 * CAIRN);
    assert_code(account_get(ctx, &alice, &a, NULL), CODE_OK);
    assert_int_equal(a->balance, 1002 * CAIRN);
    assert_code(sp_slash(ctx, 1, 16 * CAIRN, NULL, 0, &taken, NULL), CODE_OK);
    assert_int_equal(taken, 15 * CAIRN); /* 20 within the window */
    assert_code(sp_slash(ctx, 1, CAIRN, NULL, 0, &taken, NULL), CODE_OK);
    assert_int_equal(taken, 0);
    ctx->time += ctx->params->challenge->slash_window_ms;
    assert_code(sp_slash(ctx, 1, CAIRN, NULL, 0, &taken, NULL), CODE_OK);
    assert_int_equal(taken, CAIRN);
    for (int i = 0; i < 60; i++) { /* to the last pebble of the deposit */
        ctx->time += ctx->params->challenge->slash_window_ms;
        assert_code(sp_slash(ctx, 1, 20 * CAIRN, NULL, 0, &taken, NULL), CODE_OK);
    }
    assert_int_equal(taken, 0);
    assert_code(sp_module.invariants(ctx, NULL), CODE_OK);
}

static void slash__is_bounded(void **state) {
    (void)state;
    fixture_with_ctx(&f, slash_body, NULL);
}

static void earned_body(struct ctx *ctx, void *arg) {
    (void)arg;
    StorageProvider *sp;
    assert_code(sp_get(ctx, 1, &sp, NULL), CODE_OK);
    sp->earned = UINT64_MAX - 5; /* coins that were paid, withdrawn and paid again, for as long as it takes */
    assert_code(sp_put(ctx, sp, NULL), CODE_OK);
    assert_code(sp_earn(ctx, 1, 6, NULL), CODE_OK);
    assert_code(sp_get(ctx, 1, &sp, NULL), CODE_OK);
    assert_int_equal(sp->income, 6);
    assert_true(sp->earned == UINT64_MAX);
    assert_code(ctx_failed(ctx, NULL), CODE_OK);
}

static void earned__is_counted_no_further_than_a_number_goes(void **state) {
    (void)state;
    fixture_with_ctx(&f, earned_body, NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(register__new), T(register__refused_when_run), T(register__refused_by_its_form), T(deposit__only_its_own),
          T(open_group__bounded_and_by_the_primary), T(may_store__edges), T(slash__is_bounded),
          T(earned__is_counted_no_further_than_a_number_goes))
