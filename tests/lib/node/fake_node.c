/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/node/fake_node.h"

#include "cairn/genesis.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "tests/lib/test.h"

static int get_genesis(void *ctx, struct http_request *r, struct err *err) {
    struct fake_node *n = ctx;
    return http_reply_json(r, 200, n->genesis, strlen(n->genesis), err);
}

static int get_state(void *ctx, struct http_request *r, struct err *err) {
    struct fake_node *n = ctx;
    const char *hex = http_param(r, "key"), *text;
    uint8_t key[KEY_LEN_MAX];
    size_t len = strlen(hex) / 2;
    QueryBody body = QUERY_BODY__INIT;
    if (len > sizeof key || !hex_decode(hex, 2 * len, key, len))
        return err_set(err, CODE_INVALID_ARGUMENT, "no key");
    body.height = 7;
    body.key = pb_data(bytes_of(key, len));
    for (size_t i = 0; i < n->count; i++)
        if (bytes_eq(key_bytes(&n->records[i].key), bytes_of(key, len)))
            body.value = pb_data(n->records[i].value);
    int rc = json_print_pb(&body, false, http_arena(r), &text, err);
    return rc ? rc : http_reply_json(r, 200, text, strlen(text), err);
}

static int get_events(void *ctx, struct http_request *r, struct err *err) {
    struct fake_node *n = ctx;
    size_t len = strlen(n->events);
    int rc = http_reply_start(r, 200, "application/x-ndjson", HTTP_LENGTH_UNKNOWN, err);
    for (size_t at = 0; !rc && at < len; at += n->events_step)
        rc = http_write(r, n->events + at, len - at < n->events_step ? len - at : n->events_step, err);
    return rc;
}

static int post_tx(void *ctx, struct http_request *r, struct err *err) {
    struct fake_node *n = ctx;
    static const char text[] = "{\"state\":\"admitted\"}";
    if (atomic_fetch_add(&n->posted, 1) < n->full)
        return err_set(err, CODE_MEMPOOL_FULL, "full");
    return http_reply_json(r, 200, text, strlen(text), err);
}

static int get_tx(void *ctx, struct http_request *r, struct err *err) {
    struct fake_node *n = ctx;
    static const char text[] = "{\"state\":\"committed\"}";
    if (atomic_fetch_add(&n->asked, 1) < n->full)
        return err_set(err, CODE_BUSY, "too many wait");
    return http_reply_json(r, 200, text, strlen(text), err);
}

static const struct http_route routes[] = {
    {"GET", "/v1/tx/{tx_id}", HTTP_AUTH_PUBLIC, .handler = get_tx},
    {"POST", "/v1/tx", HTTP_AUTH_PUBLIC, .body_max = 1 << 16, .handler = post_tx},
    {"GET", "/v1/genesis", HTTP_AUTH_PUBLIC, .handler = get_genesis},
    {"GET", "/v1/state/{key}", HTTP_AUTH_PUBLIC, .handler = get_state},
    {"GET", "/v1/events", HTTP_AUTH_PUBLIC, .long_lived = true, .handler = get_events},
};

/* A genesis with one validator: what a client needs to begin. */
static const char *make_genesis(struct arena *arena) {
    static const uint8_t raw[32] = {7};
    struct seckey key;
    const char *text;
    assert_ok(seckey_init(&key, raw, NULL), NULL);
    struct pubkey pub = seckey_pubkey(&key);
    Genesis genesis = GENESIS__INIT;
    Validator validator = VALIDATOR__INIT, *validators[] = {&validator};
    validator.pubkey = pb_data(pubkey_bytes(&pub));
    validator.power = 10;
    genesis.version = 1;
    genesis.chain_id = pb_text("fake");
    genesis.n_validators = 1;
    genesis.validators = validators;
    assert_ok(json_print_pb(&genesis, false, arena, &text, NULL), NULL);
    return text;
}

void fake_node_start(struct fake_node *n) {
    struct http_server_config cfg = {.address = "127.0.0.1", .name = "fake-node"};
    struct err err;
    err_clear(&err);
    arena_init(&n->arena, 16 << 20);
    n->genesis = make_genesis(&n->arena);
    if (!n->events_step)
        n->events_step = 4096;
    assert_ok(http_server_new(&cfg, &n->server, &err), &err);
    assert_ok(http_server_add(n->server, routes, sizeof routes / sizeof *routes, n, &err), &err);
    assert_ok(http_server_start(n->server, &err), &err);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", http_server_port(n->server));
    struct ledger_options options = {.nodes = url, .allow_private = true};
    assert_ok(ledger_open(&options, &n->ledger, &err), &err);
}

void fake_node_stop(struct fake_node *n) {
    ledger_close(n->ledger);
    http_server_free(n->server);
    arena_release(&n->arena);
}

void fake_node_put(struct fake_node *n, struct bytes key, const void *msg) {
    assert_true(n->count < FAKE_RECORDS_MAX);
    struct key *k = &n->records[n->count].key;
    k->len = key.len;
    memcpy(k->b, key.data, key.len);
    assert_ok(pb_encode(msg, &n->arena, &n->records[n->count++].value, NULL), NULL);
}
