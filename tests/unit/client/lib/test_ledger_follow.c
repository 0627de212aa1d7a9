/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of events, however it is cut into pieces. */
#include "client/lib/ledger.h"
#include "tests/lib/node/fake_node.h"
#include "tests/lib/test.h"

static struct {
    unsigned events, heights;
    uint64_t last_height, last_time, stop_at;
    char last_type[64];
} seen;

static int on_event(void *ctx, const EventNote *note, struct err *err) {
    (void)ctx, (void)err;
    seen.events++;
    snprintf(seen.last_type, sizeof seen.last_type, "%s", note->event->type);
    return CODE_OK;
}

static int on_height(void *ctx, uint64_t height, uint64_t time, struct err *err) {
    (void)ctx;
    seen.heights++;
    seen.last_height = height;
    seen.last_time = time;
    return height == seen.stop_at ? err_set(err, CODE_DONE_ALREADY, "that is enough") : CODE_OK;
}

static int run(const char *events, size_t step, struct err *err) {
    struct fake_node node = {.events = events, .events_step = step};
    struct ledger_follow follow = {.from_height = 4, .on_event = on_event, .on_height = on_height};
    memset(&seen, 0, sizeof seen);
    err_clear(err);
    seen.stop_at = 6;
    fake_node_start(&node);
    int rc = ledger_follow(node.ledger, &follow, err);
    fake_node_stop(&node);
    return rc;
}

#define EVENT                                                                                                          \
    "{\"height\":\"4\",\"index\":0,\"tx_id\":\"\",\"event\":{\"type\":\"storage.object_sealed\",\"attributes\":["      \
    "{\"key\":\"object_id\",\"value\":\"9\"}]}}\n"

static void follow__lines_in_any_pieces(void **state) {
    static const size_t steps[] = {1, 7, 4096};
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int rc =
            run("\n" EVENT EVENT "{\"height\":\"4\",\"ledger_time\":\"77\"}\n\n{\"height\":\"5\"}\n", steps[i], &err);
        assert_code(rc, CODE_UNAVAILABLE); /* the stream ended: the caller comes back with its cursor */
        assert_int_equal(seen.events, 2);
        assert_string_equal(seen.last_type, "storage.object_sealed");
        assert_int_equal(seen.heights, 2);
        assert_int_equal(seen.last_height, 5);
    }
}

static void follow__a_callback_ends_it(void **state) {
    struct err err;
    (void)state;
    int rc = run("{\"height\":\"5\"}\n{\"height\":\"6\",\"ledger_time\":\"12\"}\n" EVENT, 4096, &err);
    assert_code(rc, CODE_DONE_ALREADY);
    assert_string_equal(err.msg, "that is enough");
    assert_int_equal(seen.last_time, 12);
    assert_int_equal(seen.events, 0);
}

static void follow__nonsense_is_refused(void **state) {
    static const char *const bad[] = {"{\"height\"\n", "{\"what\":1}\n", "[]\n", "{\"height\":7}\n",
                                      "{\"height\":\"4\",\"event\":{\"kind\":1}}\n"};
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int rc = run(bad[i], 4096, &err);
        assert_true(rc == CODE_MALFORMED || rc == CODE_INVALID_ARGUMENT);
        assert_int_equal(seen.events + seen.heights, 0);
    }
}

static void follow__an_unfinished_line_is_not_taken(void **state) {
    struct err err;
    (void)state;
    assert_code(run("{\"height\":\"4\"}\n{\"height\":\"5\"}", 4096, &err), CODE_UNAVAILABLE);
    assert_int_equal(seen.last_height, 4);
}

static void follow__a_line_without_end_is_refused(void **state) {
    size_t len = (2u << 20) + 1;
    char *text = malloc(len + 1);
    struct err err;
    (void)state;
    memset(text, 'x', len);
    text[len] = '\0';
    assert_code(run(text, 65536, &err), CODE_TOO_LARGE);
    free(text);
}

TEST_MAIN(cmocka_unit_test(follow__lines_in_any_pieces), cmocka_unit_test(follow__a_callback_ends_it),
          cmocka_unit_test(follow__nonsense_is_refused), cmocka_unit_test(follow__an_unfinished_line_is_not_taken),
          cmocka_unit_test(follow__a_line_without_end_is_refused))
