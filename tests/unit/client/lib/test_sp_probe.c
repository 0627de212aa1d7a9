/* SPDX-License-Identifier: Apache-2.0 */
/* A provider is asked before its record is written (docs/rows.md). */
#include "client/lib/sp_probe.h"

#include "chain/http/server.h"
#include "tests/lib/test.h"

static struct err err;
static struct http_server *server;
static const char *says; /* NULL: it answers with an error */
static char endpoint[64];

static int get_status(void *ctx, struct http_request *r, struct err *e) {
    (void)ctx;
    if (!says)
        return err_set(e, CODE_NOT_FOUND, "there is no such page");
    return http_reply_json(r, 200, says, strlen(says), e);
}

static const struct http_route routes[] = {{"GET", "/v1/status", HTTP_AUTH_PUBLIC, .handler = get_status}};

static int setup(void **state) {
    struct http_server_config config = {.address = "127.0.0.1"};
    (void)state;
    assert_ok(http_server_new(&config, &server, &err), &err);
    assert_ok(http_server_add(server, routes, 1, NULL, &err), &err);
    assert_ok(http_server_start(server, &err), &err);
    (void)snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u", http_server_port(server));
    says = "{\"sp_id\":8,\"chain_id\":\"local\",\"moniker\":\"eighth\",\"of_a_later_version\":true}";
    return 0;
}

static int teardown(void **state) {
    (void)state;
    http_server_free(server);
    return 0;
}

static int probe(bool allow_private, uint32_t sp_id, const char *url, const char *p2p) {
    struct sp_probe p = {.chain_id = "local", .sp_id = sp_id, .allow_private = allow_private, .deadline_ms = 5000};
    err_clear(&err);
    return sp_probe(&p, url, p2p, &err);
}

static void cess_8_136__the_one_that_answers_is_the_one_that_registers(void **state) {
    (void)state;
    assert_ok(probe(true, 8, endpoint, "tcp://127.0.0.1:9"), &err);
    assert_ok(probe(true, 0, endpoint, NULL), &err);
    char slash[70];
    (void)snprintf(slash, sizeof slash, "%s/", endpoint);
    assert_ok(probe(true, 8, slash, ""), &err);
    assert_code(probe(true, 7, endpoint, NULL), CODE_CONFLICT);
    assert_non_null(strstr(err.msg, "is provider 8, not 7"));
    says = "{\"sp_id\":8,\"chain_id\":\"other\"}";
    assert_code(probe(true, 8, endpoint, NULL), CODE_CONFLICT);
    assert_non_null(strstr(err.msg, "chain other"));
}

static void cess_8_136__nobody_there_or_somebody_else(void **state) {
    (void)state;
    static const char *const others[] = {"{}",
                                         "[]",
                                         "hello",
                                         "{\"sp_id\":\"8\",\"chain_id\":\"local\"}",
                                         "{\"sp_id\":0,\"chain_id\":\"local\"}",
                                         "{\"sp_id\":8}"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        says = others[i];
        assert_code(probe(true, 0, endpoint, NULL), CODE_CONFLICT);
    }
    says = NULL;
    assert_code(probe(true, 8, endpoint, NULL), CODE_CONFLICT);
    http_server_free(server);
    server = NULL;
    assert_code(probe(true, 8, endpoint, NULL), CODE_UNAVAILABLE);
    assert_non_null(strstr(err.msg, endpoint));
    static const char *const bad[] = {"", "gw.example", "ftp://x", "http://", "http://a@b/"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_code(probe(true, 8, bad[i], NULL), CODE_INVALID_ARGUMENT);
    static const char *const bad_p2p[] = {"host:1", "tcp://", "tcp://:1", "tcp://host"};
    for (size_t i = 0; i < sizeof bad_p2p / sizeof *bad_p2p; i++)
        assert_code(probe(true, 8, endpoint, bad_p2p[i]), CODE_INVALID_ARGUMENT);
}

/* Loopback, private, link-local, and where machines in clouds are told their secrets: none is dialled. */
static void cess_9_5_16__a_private_endpoint_is_refused_unless_allowed(void **state) {
    (void)state;
    static const char *const private_urls[] = {"http://127.0.0.1:1",     "http://[::1]:1",      "http://10.1.2.3",
                                               "http://192.168.0.1:80",  "http://172.16.0.1",   "http://169.254.1.1",
                                               "http://0.0.0.0:1",       "http://[fe80::1]:1",  "http://localhost:1",
                                               "http://169.254.169.254", "http://[fd00::1]:80", "http://100.64.0.1"};
    for (size_t i = 0; i < sizeof private_urls / sizeof *private_urls; i++)
        assert_code(probe(false, 8, private_urls[i], NULL), CODE_DENIED);
    assert_code(probe(false, 8, endpoint, NULL), CODE_DENIED); /* even when it would answer */
    static const char *const private_p2p[] = {"tcp://127.0.0.1:1", "tcp://10.0.0.1:1", "tls+tcp://[::1]:1",
                                              "tcp://169.254.169.254:80", "tcp://localhost:1"};
    for (size_t i = 0; i < sizeof private_p2p / sizeof *private_p2p; i++)
        assert_code(probe(false, 8, "https://sp.example", private_p2p[i]), CODE_DENIED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(cess_8_136__the_one_that_answers_is_the_one_that_registers), T(cess_8_136__nobody_there_or_somebody_else),
          T(cess_9_5_16__a_private_endpoint_is_refused_unless_allowed))
