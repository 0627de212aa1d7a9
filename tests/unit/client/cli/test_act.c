/* SPDX-License-Identifier: Apache-2.0 */
/* What a verb hands over, as it would be sent: the ledger is a note of the last message. */
#include "client/cli/act.c"
#include "tests/lib/test.h"

static struct cli cli;
static struct err err;
static Msg sent;
static int sent_count, printed;
static json_t *shown;
static struct addr me = {.b = {7}};
static uint64_t ids[1] = {41};
static TxResult result = {0};

int cli_address(struct cli *c, struct addr *ret, struct err *e) {
    (void)c, (void)e;
    *ret = me;
    return CODE_OK;
}

int cli_parse_address(struct cli *c, const char *text, struct addr *ret, struct err *e) {
    (void)c;
    if (strcmp(text, "you") != 0)
        return err_set(e, CODE_INVALID_ARGUMENT, "\"%s\" is nobody", text);
    memset(ret, 9, sizeof *ret);
    return CODE_OK;
}

int cli_send(struct cli *c, Msg **msgs, size_t count, TxStatus **ret, struct err *e) {
    (void)e;
    assert_int_equal(count, 1);
    sent = *msgs[0];
    sent_count++;
    TxStatus *status = ARENA_NEW(&c->arena, TxStatus);
    tx_status__init(status);
    tx_result__init(&result);
    result.n_ids = 1;
    result.ids = ids;
    status->result = &result;
    *ret = status;
    return CODE_OK;
}

json_t *cli_tx_json(const TxStatus *status) {
    (void)status;
    return json_object();
}

const char *cli_u64(struct cli *c, uint64_t value) {
    return arena_printf(&c->arena, "%llu", (unsigned long long)value);
}

int cli_print(struct cli *c, json_t *value, struct err *e) {
    (void)c, (void)e;
    json_decref(shown);
    shown = value;
    printed++;
    return CODE_OK;
}

static int setup(void **state) {
    (void)state;
    arena_release(&cli.arena);
    memset(&cli, 0, sizeof cli);
    arena_init(&cli.arena, 1 << 16);
    err_clear(&err);
    sent_count = printed = 0;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_release(&cli.arena);
    json_decref(shown);
    shown = NULL;
    return 0;
}

static void id__edges(void **state) {
    (void)state;
    uint64_t id = 5;
    assert_code(cli_id("0", "channel", &id, &err), CODE_INVALID_ARGUMENT);
    assert_string_equal(err_text(&err), "\"0\" is not the number of a channel");
    assert_code(cli_id("", "channel", &id, &err), CODE_INVALID_ARGUMENT);
    assert_code(cli_id("-1", "channel", &id, &err), CODE_INVALID_ARGUMENT);
    assert_code(cli_id("18446744073709551616", "channel", &id, &err), CODE_INVALID_ARGUMENT);
    assert_int_equal(id, 5);
    assert_ok(cli_id("18446744073709551615", "channel", &id, &err), &err);
    assert_true(id == UINT64_MAX);
    assert_ok(cli_id("1", "channel", &id, &err), &err);
    assert_int_equal(id, 1);
}

static void address_field__keeps_what_is_not_said(void **state) {
    (void)state;
    ProtobufCBinaryData field = {0};
    assert_ok(cli_address_field(&cli, NULL, &field, &err), &err);
    assert_int_equal(field.len, 0);
    assert_code(cli_address_field(&cli, "none", &field, &err), CODE_INVALID_ARGUMENT);
    assert_int_equal(field.len, 0);
    assert_ok(cli_address_field(&cli, "you", &field, &err), &err);
    assert_int_equal(field.len, sizeof(struct addr));
    assert_int_equal(field.data[0], 9);
}

static void act__fills_in_who_acts(void **state) {
    (void)state;
    MsgSend send = MSG_SEND__INIT;
    assert_ok(cli_act(&cli, &send.base, &err), &err);
    assert_int_equal(sent_count, 1);
    assert_int_equal(printed, 1);
    assert_int_equal(sent.body_case, MSG__BODY_SEND);
    assert_ptr_equal(sent.send, &send);
    assert_memory_equal(send.creator.data, me.b, sizeof me.b);
    uint8_t other[20] = {3};
    send.creator = (ProtobufCBinaryData){sizeof other, other};
    assert_ok(cli_act(&cli, &send.base, &err), &err);
    assert_ptr_equal(send.creator.data, other);
}

static void act_new__tells_the_number(void **state) {
    (void)state;
    MsgOpenChannel open = MSG_OPEN_CHANNEL__INIT;
    assert_ok(cli_act_new(&cli, &open.base, "channel", &err), &err);
    assert_string_equal(json_string_value(json_object_get(shown, "channel")), "41");
}

/* Every message that a transaction can carry has its place, and a creator. */
static void act__any_message(void **state) {
    (void)state;
    assert_true(msg__descriptor.n_fields > 40);
    for (unsigned i = 0; i < msg__descriptor.n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &msg__descriptor.fields[i];
        const ProtobufCMessageDescriptor *d = f->descriptor;
        ProtobufCMessage *message = arena_alloc(&cli.arena, d->sizeof_message);
        protobuf_c_message_init(d, message);
        assert_ok(cli_act(&cli, message, &err), &err);
        assert_int_equal(sent.body_case, f->id);
        assert_ptr_equal(sent.send, message);
    }
}

TEST_MAIN(cmocka_unit_test_setup_teardown(id__edges, setup, teardown),
          cmocka_unit_test_setup_teardown(address_field__keeps_what_is_not_said, setup, teardown),
          cmocka_unit_test_setup_teardown(act__fills_in_who_acts, setup, teardown),
          cmocka_unit_test_setup_teardown(act_new__tells_the_number, setup, teardown),
          cmocka_unit_test_setup_teardown(act__any_message, setup, teardown))
