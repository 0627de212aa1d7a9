/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of gateways: every message with each precondition alone, its bounds, what others may ask. */
#include "tests/lib/ledger/fixture.h"

#include "chain/codec/bech32.h"
#include "chain/types/keys_auth.h"
#include "chain/types/keys_gateway.h"
#include "x/gateway/gateway.h"

#include "cairn/gateway.h"

#define CAIRN PEBBLE_PER_CAIRN

static struct fixture f;

static int setup(void **state) {
    (void)state;
    fixture_init(&f);
    fixture_account(&f, "alice", 100 * CAIRN);
    fixture_account(&f, "bob", 100 * CAIRN);
    fixture_account(&f, "carol", 5 * CAIRN); /* the deposit, and no coins for a fee beside it */
    f.params.gateway.gateways_max = 4;
    f.params.gateway.per_operator = 3;
    f.params.auth.fee_per_byte = f.params.auth.fee_per_message = 0; /* balances to the pebble */
    fixture_start(&f);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static char *text(const char *s) {
    return arena_strdup(&f.setup, s);
}

static char *run_of(char c, size_t n) {
    char *s = arena_alloc(&f.tx_arena, n + 1);
    memset(s, c, n);
    s[n] = 0;
    return s;
}

static const TxResult *join(const char *who, const char *url) {
    MsgRegisterGateway m = MSG_REGISTER_GATEWAY__INIT;
    m.url = text(url);
    m.region = text("eu-north");
    m.version = text("1.2.3");
    return fixture_do(&f, who, &m.base);
}

static uint64_t must_join(const char *who, const char *url) {
    const TxResult *r = join(who, url);
    assert_code((int)r->code, CODE_OK);
    return r->ids[0];
}

static int leave(const char *who, uint64_t id) {
    MsgRemoveGateway m = MSG_REMOVE_GATEWAY__INIT;
    m.gateway_id = id;
    return (int)fixture_do(&f, who, &m.base)->code;
}

/* What is judged before a transaction enters a block. */
static int judge(ProtobufCMessage *message) {
    struct app_admission admission;
    Msg *wrapped = fixture_msg(&f, "alice", message);
    return fixture_check(&f, fixture_tx(&f, "alice", 0, &wrapped, 1), &admission, NULL);
}

static const Gateway *record(uint64_t id) {
    struct key k;
    return fixture_record(&f, key_gateway(&k, id), &gateway__descriptor);
}

static void cess_8_110__a_gateway_registers_with_region_and_version(void **state) {
    (void)state;
    uint64_t id = must_join("alice", "https://gw.example:8443");
    const Gateway *g = record(id);
    struct addr alice = fixture_addr("alice");
    assert_string_equal(g->url, "https://gw.example:8443");
    assert_string_equal(g->region, "eu-north");
    assert_string_equal(g->version, "1.2.3");
    assert_memory_equal(g->operator_.data, alice.b, sizeof alice.b);
    assert_int_equal(g->created_at, fixture_ledger_time(&f));
    assert_int_equal(g->deposit, f.params.gateway.deposit);
    assert_int_equal(fixture_balance(&f, "alice"), 100 * CAIRN - f.params.gateway.deposit);
    assert_string_equal(fixture_attribute(fixture_event(&f, "gateway.registered"), "url"), "https://gw.example:8443");
}

static void register__bounds_of_what_is_said(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "gw.example",
                                      "ftp://gw.example",
                                      "https://",
                                      "https:///x",
                                      "http://a b",
                                      "https://gw.example/\n",
                                      "HTTPS://gw.example",
                                      "http://\xc3\xa9",
                                      "javascript:alert(1)"};
    MsgRegisterGateway m = MSG_REGISTER_GATEWAY__INIT;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        m.creator.len = 0;
        m.url = text(bad[i]);
        assert_code(judge(&m.base), CODE_GATEWAY_URL);
    }
    char *url = run_of('x', GATEWAY_URL_MAX + 1);
    memcpy(url, "http://", 7);
    m.url = url;
    m.creator.len = 0;
    assert_code(judge(&m.base), CODE_GATEWAY_URL);
    url[GATEWAY_URL_MAX] = 0;
    m.creator.len = 0;
    assert_code(judge(&m.base), CODE_OK);
    m.creator.len = 0;
    m.region = run_of('r', GATEWAY_TEXT_MAX + 1);
    assert_code(judge(&m.base), CODE_GATEWAY_TEXT);
    m.creator.len = 0;
    m.region = run_of('r', GATEWAY_TEXT_MAX);
    m.version = run_of('v', GATEWAY_TEXT_MAX + 1);
    assert_code(judge(&m.base), CODE_GATEWAY_TEXT);
    m.creator.len = 0;
    m.version = run_of('v', GATEWAY_TEXT_MAX);
    assert_code(judge(&m.base), CODE_OK);
}

static void register__needs_the_deposit(void **state) {
    (void)state;
    MsgSend send = MSG_SEND__INIT;
    send.to = fixture_addr_data(&f, "bob");
    send.amount = 1;
    assert_code((int)fixture_do(&f, "carol", &send.base)->code, CODE_OK);
    assert_code((int)join("carol", "http://c")->code, CODE_INSUFFICIENT_FUNDS);
    send.creator.len = 0;
    send.to = fixture_addr_data(&f, "carol");
    assert_code((int)fixture_do(&f, "bob", &send.base)->code, CODE_OK);
    must_join("carol", "http://c");
    assert_int_equal(fixture_balance(&f, "carol"), 0);
}

static void register__as_many_as_allowed_and_not_one_more(void **state) {
    (void)state;
    uint64_t first = must_join("alice", "http://a");
    must_join("alice", "http://b");
    must_join("alice", "http://c");
    assert_code((int)join("alice", "http://d")->code, CODE_GATEWAY_LIMIT); /* of one account */
    must_join("bob", "http://d");
    assert_code((int)join("bob", "http://e")->code, CODE_GATEWAY_LIMIT); /* of all */
    assert_code(leave("alice", first), CODE_OK);
    must_join("bob", "http://e");
    assert_int_equal(((const GatewayTotals *)fixture_query(&f, "/gateway/totals", NULL))->gateways, 4);
}

static void cess_8_111__its_operator_says_something_else(void **state) {
    (void)state;
    uint64_t id = must_join("alice", "http://a"), at = fixture_ledger_time(&f);
    MsgUpdateGateway m = MSG_UPDATE_GATEWAY__INIT;
    m.gateway_id = id;
    assert_code(judge(&m.base), CODE_GATEWAY_TEXT); /* nothing */
    m.creator.len = 0;
    m.url = text("ftp://b");
    assert_code(judge(&m.base), CODE_GATEWAY_URL);
    m.creator.len = 0;
    m.url = text("https://b");
    assert_code((int)fixture_do(&f, "bob", &m.base)->code, CODE_GATEWAY_OPERATOR);
    m.creator.len = 0;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    assert_string_equal(record(id)->url, "https://b");
    assert_string_equal(record(id)->region, "eu-north"); /* what is left out stays */
    assert_true(record(id)->updated_at > at);
    assert_int_equal(record(id)->created_at, at);
    m.creator.len = 0;
    m.url = (char *)(uintptr_t)protobuf_c_empty_string;
    m.region = text("us");
    m.version = text("2");
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    assert_string_equal(record(id)->url, "https://b");
    assert_string_equal(record(id)->region, "us");
    assert_string_equal(record(id)->version, "2");
    m.creator.len = 0;
    m.gateway_id = id + 1;
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_GATEWAY_NOT_FOUND);
}

static void cess_8_112__it_leaves_and_grants_to_it_are_harmless(void **state) {
    (void)state;
    struct key k;
    static char send_text[] = "MsgSend";
    char *messages[] = {send_text};
    MsgGrant grant = MSG_GRANT__INIT;
    struct addr alice = fixture_addr("alice"), bob = fixture_addr("bob");
    uint64_t id = must_join("bob", "http://a");
    grant.grantee = fixture_addr_data(&f, "bob");
    grant.messages = messages;
    grant.n_messages = 1;
    grant.money = 5;
    assert_code((int)fixture_do(&f, "alice", &grant.base)->code, CODE_OK);
    assert_code(leave("alice", id), CODE_GATEWAY_OPERATOR);
    assert_code(leave("bob", id), CODE_OK);
    assert_int_equal(fixture_balance(&f, "bob"), 100 * CAIRN); /* the deposit is back */
    assert_null(record(id));
    assert_code(leave("bob", id), CODE_GATEWAY_NOT_FOUND);
    const Grant *still = fixture_record(&f, key_grant(&k, &alice, &bob), &grant__descriptor);
    assert_int_equal(still->money, 5);              /* as it was given, and no more than that */
    assert_true(must_join("bob", "http://a") > id); /* numbers are not used again */
}

static void cess_8_113__one_all_and_an_operators(void **state) {
    (void)state;
    struct addr alice = fixture_addr("alice");
    char operator_[ADDR_TEXT_MAX];
    addr_to_text(&alice, operator_);
    const GatewaysAnswer *a = fixture_query(&f, "/gateway/list", NULL);
    assert_int_equal(a->n_gateways, 0);
    uint64_t first = must_join("alice", "http://a");
    uint64_t theirs = must_join("bob", "http://b");
    uint64_t third = must_join("alice", "http://c");
    const Gateway *g =
        fixture_query(&f, "/gateway/gateway", "id", arena_printf(&f.tx_arena, "%u", (unsigned)theirs), NULL);
    assert_string_equal(g->url, "http://b");
    a = fixture_query(&f, "/gateway/list", "limit", "2", NULL);
    assert_int_equal(a->n_gateways, 2);
    assert_int_equal(a->next, theirs);
    a = fixture_query(&f, "/gateway/list", "start_after", arena_printf(&f.tx_arena, "%u", (unsigned)a->next), NULL);
    assert_int_equal(a->n_gateways, 1);
    assert_int_equal(a->gateways[0]->id, third);
    assert_int_equal(a->next, 0);
    a = fixture_query(&f, "/gateway/list", "operator", operator_, NULL);
    assert_int_equal(a->n_gateways, 2);
    assert_int_equal(a->gateways[0]->id, first);
    assert_int_equal(a->gateways[1]->id, third);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(cess_8_110__a_gateway_registers_with_region_and_version), T(register__bounds_of_what_is_said),
          T(register__needs_the_deposit), T(register__as_many_as_allowed_and_not_one_more),
          T(cess_8_111__its_operator_says_something_else), T(cess_8_112__it_leaves_and_grants_to_it_are_harmless),
          T(cess_8_113__one_all_and_an_operators))
