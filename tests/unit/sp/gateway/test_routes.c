/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes, walked: every one has a class, a handler and a sentence; what is not on the short list of public
 * ones lets nobody in without an authoriser's word. */
#include "sp/gateway/gateway.h"

#include "chain/http/client.h"
#include "tests/lib/test.h"

static struct err err;

static const char *const public_paths[] = {"/v1/status", "/v1/health", "/metrics"};

static bool may_be_public(const char *pattern) {
    for (size_t i = 0; i < sizeof public_paths / sizeof *public_paths; i++)
        if (!strcmp(pattern, public_paths[i]))
            return true;
    return false;
}

static void routes__each_is_complete(void **state) {
    size_t count;
    const struct http_route *routes = gateway_routes(&count);
    (void)state;
    assert_true(count > 20);
    for (size_t i = 0; i < count; i++) {
        const struct http_route *r = &routes[i];
        assert_non_null(r->handler);
        assert_true(r->doc && *r->doc);
        assert_int_not_equal(r->auth, HTTP_AUTH_UNSET);
        assert_true(r->auth != HTTP_AUTH_PUBLIC || may_be_public(r->pattern));
        assert_true(r->auth != HTTP_AUTH_OPTIONAL || !strcmp(r->method, "GET")); /* what changes something is signed */
        assert_int_equal(strncmp(r->pattern, "/v1/operator/", 13) == 0, r->auth == HTTP_AUTH_OPERATOR);
        assert_true(strcmp(r->method, "GET") || !r->body_max);
    }
}

static int refuse(void *ctx, enum http_auth auth, struct http_request *r, struct err *e) {
    (void)auth, (void)r;
    ++*(unsigned *)ctx;
    return err_set(e, CODE_UNAUTHENTICATED, "nobody comes in here");
}

/* A path that the pattern matches. */
static void fill(const char *pattern, char *ret) {
    for (; *pattern; pattern++) {
        if (*pattern != '{') {
            *ret++ = *pattern;
            continue;
        }
        pattern = strchr(pattern, '}');
        *ret++ = '1';
        *ret++ = '1';
        *ret++ = '1';
    }
    *ret = '\0';
}

static int ask(struct http_client *client, uint16_t port, const struct http_route *r) {
    char path[256], url[320];
    fill(r->pattern, path);
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port, path);
    struct http_call call = {.method = r->method, .url = url};
    assert_ok(http_call_run(client, &call, &err), &err);
    int status = call.status;
    http_call_release(&call);
    return status;
}

static void cess_9_5_12__routes_deny_by_default(void **state) {
    struct http_server *server;
    struct http_client *client;
    unsigned asked = 0, closed = 0;
    size_t count;
    const struct http_route *routes = gateway_routes(&count);
    struct http_server_config config = {.address = "127.0.0.1", .authorise = refuse, .authorise_ctx = &asked};
    struct http_client_config client_config = {.allow_private = true};
    (void)state;
    assert_ok(http_server_new(&config, &server, &err), &err);
    assert_ok(http_server_add(server, routes, count, NULL, &err), &err);
    assert_ok(http_server_start(server, &err), &err);
    assert_ok(http_client_new(&client_config, &client, &err), &err);
    for (size_t i = 0; i < count; i++) {
        if (routes[i].auth == HTTP_AUTH_PUBLIC)
            continue;
        assert_int_equal(ask(client, http_server_port(server), &routes[i]), 401);
        closed++;
    }
    assert_int_equal(asked, closed); /* the authoriser decided each time */
    http_client_free(client);
    http_server_free(server);
}

TEST_MAIN(cmocka_unit_test(routes__each_is_complete), cmocka_unit_test(cess_9_5_12__routes_deny_by_default))
