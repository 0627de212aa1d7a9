/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/config/config.h"

#include "cairn/config.h"
#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/os/file.h"
#include "tests/lib/test.h"

static int setup(void **state) {
    struct arena *arena = malloc(sizeof *arena);
    arena_init(arena, 8 * MIB);
    *state = arena;
    return 0;
}

static int teardown(void **state) {
    arena_release(*state);
    free(*state);
    return 0;
}

static const char sp_yaml[] = "# a provider\n"
                              "moniker: \"rock: 7\"\n"
                              "sp_id: 7\n"
                              "http_listen: 127.0.0.1:8080\n"
                              "ledger_nodes:\n"
                              "  - http://127.0.0.1:26601\n"
                              "  - 'https://node.example:443'\n"
                              "policy:\n"
                              "  deny: [cairn1x, cairn1y]\n"
                              "  object_size_max: 18446744073709551615\n"
                              "  maintenance: true\n"
                              "log_level: warn\n";

static void config_parse__reads(void **state) {
    struct arena *arena = *state;
    struct err err;
    SpConfig *config, *again;
    const char *printed;
    struct bytes first, second;
    assert_ok(config_parse(&sp_config__descriptor, "sp.yaml", bytes_str(sp_yaml), arena, &config, &err), &err);
    assert_string_equal(config->moniker, "rock: 7");
    assert_int_equal(config->sp_id, 7);
    assert_int_equal(config->n_ledger_nodes, 2);
    assert_string_equal(config->ledger_nodes[1], "https://node.example:443");
    assert_int_equal(config->policy->n_deny, 2);
    assert_true(config->policy->object_size_max == UINT64_MAX);
    assert_true(config->policy->maintenance);
    assert_int_equal(config->worker_threads, 0);

    assert_ok(config_print(config, arena, &printed, &err), &err);
    assert_ok(config_parse(&sp_config__descriptor, "printed", bytes_str(printed), arena, &again, &err), &err);
    assert_ok(pb_encode(config, arena, &first, &err), &err);
    assert_ok(pb_encode(again, arena, &second, &err), &err);
    assert_true(bytes_eq(first, second));
}

static void config_print__lists_of_messages(void **state) {
    struct arena *arena = *state;
    struct err err;
    NodeConfig *config, *again;
    const char *printed;
    const char text[] = "peers:\n- node_id: a\\b\n  address: h:1\n- address: '[::1]:65535'\n";
    assert_ok(config_parse(&node_config__descriptor, "n", bytes_str(text), arena, &config, &err), &err);
    assert_int_equal(config->n_peers, 2);
    assert_ok(config_print(config, arena, &printed, &err), &err);
    assert_ok(config_parse(&node_config__descriptor, "n", bytes_str(printed), arena, &again, &err), &err);
    assert_int_equal(again->n_peers, 2);
    assert_string_equal(again->peers[0]->node_id, "a\\b");
    assert_string_equal(again->peers[1]->address, "[::1]:65535");
}

static void config_parse__empty(void **state) {
    struct arena *arena = *state;
    struct err err;
    const char *texts[] = {"", "# only a comment\n", "---\n", "{}\n"};
    for (size_t i = 0; i < 4; i++) {
        SpConfig *config = NULL;
        assert_ok(config_parse(&sp_config__descriptor, "sp.yaml", bytes_str(texts[i]), arena, &config, &err), &err);
        assert_int_equal(config->sp_id, 0);
    }
}

static void config_parse__refuses(void **state) {
    static const struct {
        const char *text, *line, *part;
    } cases[] = {
        {"sp_id: 1\nhttp_lisen: a:1\n", "line 2", "unknown key \"http_lisen\""},
        {"policy:\n  deni: []\n", "line 2", "policy: unknown key"},
        {"sp_id: seven\n", "line 1", "sp_id: \"seven\""},
        {"sp_id: 4294967296\n", "line 1", "sp_id"},
        {"sp_id: -1\n", "line 1", "sp_id"},
        {"sp_id:\n", "line 1", "missing"},
        {"sp_id: [1]\n", "line 1", "single value"},
        {"\n\nhttp_listen: localhost:80800\n", "line 3", "port"},
        {"http_listen: localhost:0\n", "line 1", "port"},
        {"http_listen: localhost:http\n", "line 1", "port"},
        {"http_listen: localhost\n", "line 1", "host:port"},
        {"ledger_nodes: [ftp://a:1]\n", "line 1", "ledger_nodes[0]"},
        {"ledger_nodes: http://a:1\n", "line 1", "list"},
        {"log_level: loud\n", "line 1", "log level"},
        {"sp_id: 1\nsp_id: 1\n", "line 2", "twice"},
        {"moniker: &x a\npiece_dir: *x\n", "line 2", "aliases"},
        {"policy: 7\n", "line 1", "key: value"},
        {"- a\n", "line 1", "key: value"},
        {"allow_private_endpoints: yes\n", "line 1", "true nor false"},
        {"moniker: \"a\n", "line", "YAML"},
        {"moniker: a\n---\nmoniker: b\n", "line 2", "one document"},
        {"moniker: \"a\\0b\"\n", "line 1", "NUL"},
        {"? {a: b}\n: c\n", "line 1", "plain word"},
        {"moniker: \xff\n", "line", "YAML"},
    };
    struct arena *arena = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err;
        SpConfig *config = NULL;
        assert_code(config_parse(&sp_config__descriptor, "sp.yaml", bytes_str(cases[i].text), arena, &config, &err),
                    CODE_CONFIG);
        if (!strstr(err.msg, cases[i].part) || !strstr(err.msg, cases[i].line))
            print_error("%s: \"%s\" lacks \"%s\" or \"%s\"\n", cases[i].text, err.msg, cases[i].line, cases[i].part);
        assert_non_null(strstr(err.msg, cases[i].part));
        assert_non_null(strstr(err.msg, cases[i].line));
        assert_non_null(strstr(err.msg, "sp.yaml"));
        assert_null(config);
    }
}

static void config_load__file(void **state) {
    struct arena *arena = *state;
    struct err err;
    SpConfig *config;
    const char *path = test_path("sp.yaml");
    assert_code(config_load(&sp_config__descriptor, path, arena, &config, &err), CODE_NOT_FOUND);
    assert_ok(file_write_new(path, bytes_str(sp_yaml), 0600, &err), &err);
    assert_ok(config_load(&sp_config__descriptor, path, arena, &config, &err), &err);
    assert_int_equal(config->sp_id, 7);
}

TEST_MAIN(cmocka_unit_test_setup_teardown(config_parse__reads, setup, teardown),
          cmocka_unit_test_setup_teardown(config_print__lists_of_messages, setup, teardown),
          cmocka_unit_test_setup_teardown(config_parse__empty, setup, teardown),
          cmocka_unit_test_setup_teardown(config_parse__refuses, setup, teardown),
          cmocka_unit_test_setup_teardown(config_load__file, setup, teardown))
