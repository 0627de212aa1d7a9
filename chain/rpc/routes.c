/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/base/num.h"
#include "chain/rpc/reply.h"

enum { TX_BODY_MAX = 2 * TX_LEN_MAX }; /* base64 and its JSON */

static bool waits_for_tx(void *ctx, const struct http_request *r) {
    uint64_t wait_ms;
    (void)ctx;
    return http_query_u64(r, "wait_ms", 0, 0, RPC_WAIT_MAX_MS, &wait_ms, NULL) == CODE_OK && wait_ms > 0;
}

/* A height that is there already is answered at once, whatever wait_ms says. */
static bool to_come(const struct rpc *rpc, uint64_t height) {
    uint64_t newest = 0;
    return !store_height(rpc->node->store, &newest) || height > newest;
}

static bool waits_for_header(void *ctx, const struct http_request *r) {
    const char *text = http_param(r, "height");
    uint64_t height;
    return waits_for_tx(ctx, r) && text != NULL && u64_parse(text, strlen(text), &height) && to_come(ctx, height);
}

static bool waits_for_proof(void *ctx, const struct http_request *r) {
    uint64_t min_height;
    return http_query_u64(r, "min_height", 0, 0, UINT64_MAX / 2, &min_height, NULL) == CODE_OK && min_height > 0 &&
           to_come(ctx, min_height + 1);
}

static const struct http_route routes[] = {
    {"GET", "/v1/status", HTTP_AUTH_PUBLIC, .handler = rpc_get_status, .doc = "what the node is and where it stands"},
    {"GET", "/v1/health", HTTP_AUTH_PUBLIC, .handler = rpc_get_health, .doc = "200 when it serves and has caught up"},
    {"GET", "/v1/net_info", HTTP_AUTH_PUBLIC, .handler = rpc_get_net_info, .doc = "peers, connected and known"},
    {"GET", "/v1/validators", HTTP_AUTH_PUBLIC, .handler = rpc_get_validators, .doc = "the set that signed a height"},
    {"GET", "/v1/genesis", HTTP_AUTH_PUBLIC, .handler = rpc_get_genesis, .doc = "the genesis file"},
    {"GET", "/v1/block/{height}", HTTP_AUTH_PUBLIC, .handler = rpc_get_block, .doc = "a block with its results"},
    {"GET", "/v1/header/{height}", HTTP_AUTH_PUBLIC, .long_lived = true, .waits = waits_for_header,
     .deadline_ms = 2 * RPC_WAIT_MAX_MS, .handler = rpc_get_header,
     .doc = "a header with the certificate that decided it and the sets around it; wait_ms waits for it"},
    {"GET", "/v1/tx/{tx_id}", HTTP_AUTH_PUBLIC, .long_lived = true, .waits = waits_for_tx,
     .deadline_ms = 2 * RPC_WAIT_MAX_MS, .handler = rpc_get_tx,
     .doc = "a transaction and its result; wait_ms waits for it"},
    {"POST", "/v1/tx", HTTP_AUTH_PUBLIC, .body_max = TX_BODY_MAX, .long_lived = true,
     .deadline_ms = 2 * RPC_WAIT_MAX_MS, .handler = rpc_post_tx,
     .doc = "sends a transaction; waits for nothing, its admission or its block"},
    {"POST", "/v1/txs", HTTP_AUTH_PUBLIC, .body_max = HTTP_BODY_SMALL_MAX, .long_lived = true,
     .deadline_ms = 2 * RPC_WAIT_MAX_MS, .handler = rpc_post_txs,
     .doc = "sends many transactions, wire form, one behind the other; says how many were taken in"},
    {"GET", "/v1/state/{key}", HTTP_AUTH_PUBLIC, .long_lived = true, .waits = waits_for_proof, .handler = rpc_get_state,
     .doc = "a record by its state key, with proof"},
    {"GET", "/v1/tree", HTTP_AUTH_PUBLIC, .handler = rpc_get_tree,
     .doc = "a page of the state tree: what is below a path of nibbles"},
    {"GET", "/v1/digest", HTTP_AUTH_PUBLIC, .long_lived = true, .deadline_ms = 2 * RPC_WAIT_MAX_MS,
     .handler = rpc_get_digest, .doc = "a digest of what each module keeps after a height"},
    {"GET", "/v1/query/{path*}", HTTP_AUTH_PUBLIC, .long_lived = true, .waits = waits_for_proof,
     .handler = rpc_get_query, .doc = "a question to the rules"},
    {"GET", "/v1/sequence/{address}", HTTP_AUTH_PUBLIC, .handler = rpc_get_sequence,
     .doc = "the number that an account's next transaction carries, behind what waits here"},
    {"GET", "/v1/events", HTTP_AUTH_PUBLIC, .long_lived = true, .endless = true, .deadline_ms = UINT64_MAX / 4,
     .handler = rpc_get_events, .doc = "events as an endless stream, from a height and index on"},
    {"GET", "/metrics", HTTP_AUTH_PUBLIC, .handler = rpc_get_metrics, .doc = "Prometheus metrics"},
};

int rpc_add_routes(struct http_server *s, struct rpc *rpc, struct err *err) {
    mutex_init(&rpc->gate_lock);
    cond_init(&rpc->gate_free);
    rpc->gate_in = 0;
    return http_server_add(s, routes, sizeof routes / sizeof *routes, rpc, err);
}

void rpc_each_route(void (*visit)(void *ctx, const struct http_route *route), void *ctx) {
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        visit(ctx, &routes[i]);
}
