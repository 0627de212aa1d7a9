/* SPDX-License-Identifier: Apache-2.0 */
/* The command line against a table of its own. */
#include "client/cli/parse.c"
#include "tests/lib/test.h"

static const struct cli_flag put_flags[] = {{"--profile", "PROFILE", ""},
                                            {"--segment-size", "SIZE", ""},
                                            {"--expires", "DURATION", ""},
                                            {"--add", "ADDR", ""},
                                            {"--limit", "N", ""},
                                            {"--replace", NULL, ""},
                                            {NULL, NULL, NULL}};

static int nothing(struct cli *cli, struct err *err) {
    (void)cli, (void)err;
    return CODE_OK;
}

const struct cli_command cli_commands[] = {
    {"status", "", "", "", 0, 0, NULL, nothing},
    {"thing", "put", "FILE [URI]", "", 1, 2, put_flags, nothing},
    {"thing", "show", "[ID]", "", 0, 1, NULL, nothing},
    {NULL, NULL, NULL, NULL, 0, 0, NULL, NULL},
};

static struct cli cli;
static struct err err;

static int parse(const char *words) {
    static char text[4096];
    char program[] = "cairn", *argv[80] = {program}, *rest = NULL;
    int argc = 1;
    arena_release(&cli.arena);
    memset(&cli, 0, sizeof cli);
    err_clear(&err);
    snprintf(text, sizeof text, "%s", words);
    for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        argv[argc++] = w;
    return cli_parse(&cli, argc, argv, &err);
}

static int setup(void **state) {
    (void)state;
    unsetenv("CAIRN_NODE");
    unsetenv("CAIRN_KEYRING");
    unsetenv("CAIRN_FROM");
    setenv("CAIRN_HOME", "/tmp/home", 1);
    return 0;
}

static void parse__trust_is_a_height_and_an_id(void **state) {
    (void)state;
    char words[256], id[65];
    memset(id, 'a', 64);
    id[64] = 0;
    snprintf(words, sizeof words, "status --trust 1200:%s", id);
    assert_ok(parse(words), &err);
    assert_int_equal(cli.trust_height, 1200);
    assert_int_equal(cli.trust_id.b[31], 0xaa);
    assert_ok(parse("status"), &err);
    assert_int_equal(cli.trust_height, 0);
    static const char *const bad[] = {"1200", "1200:", ":%s", "0:%s", "x:%s", "12:%sa", "12:%.63s", "12:g%.63s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char value[128];
        const char *format = strchr(bad[i], '%');
        snprintf(value, sizeof value, "%.*s%s%s", (int)(format ? format - bad[i] : 99), bad[i],
                 !format                 ? ""
                 : strstr(bad[i], ".63") ? id + 1
                                         : id,
                 strstr(bad[i], "%sa") ? "a" : "");
        snprintf(words, sizeof words, "status --trust %s", value);
        assert_code(parse(words), CODE_INVALID_ARGUMENT);
    }
}

static void parse__words_and_flags_in_any_order(void **state) {
    uint64_t n;
    size_t at = 0;
    (void)state;
    assert_ok(parse("--json thing --add a put --limit 7 file --replace --add b --from key"), &err);
    assert_string_equal(cli.command->verb, "put");
    assert_int_equal(cli.word_count, 1);
    assert_string_equal(cli.words[0], "file");
    assert_true(cli.json && cli.quiet && cli_has(&cli, "--replace"));
    assert_string_equal(cli.from, "key");
    assert_string_equal(cli.home, "/tmp/home");
    assert_ok(cli_number(&cli, "--limit", 1, 10, &n, &err), &err);
    assert_int_equal(n, 7);
    assert_code(cli_number(&cli, "--limit", 1, 6, &n, &err), CODE_INVALID_ARGUMENT);
    assert_string_equal(cli_value(&cli, "--add"), "b");
    assert_string_equal(cli_next_value(&cli, "--add", &at), "a");
    assert_string_equal(cli_next_value(&cli, "--add", &at), "b");
    assert_null(cli_next_value(&cli, "--add", &at));
}

static void parse__minus_and_double_minus(void **state) {
    (void)state;
    assert_ok(parse("thing put - -- --json"), &err);
    assert_int_equal(cli.word_count, 2);
    assert_string_equal(cli.words[0], "-");
    assert_string_equal(cli.words[1], "--json");
    assert_false(cli.json);
}

static void parse__usage_errors(void **state) {
    static const char *const bad[] = {"thing",
                                      "thing fly",
                                      "nothing put",
                                      "thing put",
                                      "thing put a b c",
                                      "thing put a --nonsense",
                                      "thing put a --limit",
                                      "thing show --limit 3",
                                      "status extra",
                                      "status --wait forever",
                                      "status --keyring gold",
                                      "status --fee much",
                                      "thing put a --profile"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int rc = parse(bad[i]);
        if (code_exit(rc) != 2)
            print_error("cairn %s: %s\n", bad[i], code_name(rc));
        assert_int_equal(code_exit(rc), 2);
        assert_true(err.msg[0]);
    }
}

static void profile__and_sizes(void **state) {
    Profile *profile;
    uint64_t ms;
    (void)state;
    assert_ok(parse("thing put a --profile ec:2+1+w --segment-size 1MiB --expires 2h"), &err);
    assert_ok(cli_profile(&cli, NULL, &profile, &err), &err);
    assert_int_equal(profile->k, 2);
    assert_int_equal(profile->segment_size, 1 << 20);
    assert_ok(cli_duration(&cli, "--expires", 0, &ms, &err), &err);
    assert_int_equal(ms, 7200000);
    assert_ok(parse("thing put a"), &err);
    assert_ok(cli_profile(&cli, NULL, &profile, &err), &err);
    assert_null(profile);
    assert_ok(cli_profile(&cli, "replica:3", &profile, &err), &err);
    assert_int_equal(profile_positions(profile), 3);
    static const char *const bad[] = {"thing put a --profile ec:0+2",
                                      "thing put a --profile ec:40+40",
                                      "thing put a --profile nonsense",
                                      "thing put a --segment-size 1MiB",
                                      "thing put a --profile replica:1 --segment-size 17",
                                      "thing put a --profile replica:1 --segment-size x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_ok(parse(bad[i]), &err);
        assert_int_equal(code_exit(cli_profile(&cli, NULL, &profile, &err)), 2);
    }
}

static void names__of_buckets_and_objects(void **state) {
    static const char *const bad[] = {"AB",          "a",  "cairn://bucket/key", "has_underscore", "cairn://",
                                      "192.168.0.1", "x--"};
    struct object_uri uri;
    const char *bucket;
    (void)state;
    assert_ok(parse("status"), &err);
    assert_ok(cli_bucket_name(&cli, "photos", &bucket, &err), &err);
    assert_string_equal(bucket, "photos");
    assert_ok(cli_bucket_name(&cli, "cairn://photos/", &bucket, &err), &err);
    assert_string_equal(bucket, "photos");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(code_exit(cli_bucket_name(&cli, bad[i], &bucket, &err)), 2);
    assert_ok(cli_object_uri("cairn://photos/a/b", &uri, &err), &err);
    assert_int_equal(code_exit(cli_object_uri("cairn://photos", &uri, &err)), 2);
    assert_int_equal(code_exit(cli_object_uri("photos/a", &uri, &err)), 2);
}

TEST_MAIN(cmocka_unit_test_setup(parse__trust_is_a_height_and_an_id, setup),
          cmocka_unit_test_setup(parse__words_and_flags_in_any_order, setup),
          cmocka_unit_test_setup(parse__minus_and_double_minus, setup),
          cmocka_unit_test_setup(parse__usage_errors, setup), cmocka_unit_test_setup(profile__and_sizes, setup),
          cmocka_unit_test_setup(names__of_buckets_and_objects, setup))
