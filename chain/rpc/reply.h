/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_RPC_REPLY_H
#define CAIRN_CHAIN_RPC_REPLY_H
/* Small helpers of the handlers. Private to chain/rpc. */
#include "chain/rpc/rpc.h"

#include "cairn/rpc.h"

#include <jansson.h>

#define RPC_WAIT_MAX_MS 60000

/* The message as JSON, status 200. */
int reply_pb(struct http_request *r, const void *msg, struct err *err);
/* The JSON (its reference is taken), with this status. */
int reply_json(struct http_request *r, int status, json_t *json, struct err *err);

/* "latest", or a decimal height from 0 to the newest; the newest when text is NULL. */
int reply_height(const struct rpc *rpc, const char *text, uint64_t *ret, struct err *err);
/* 64 hex digits. */
int reply_hash(const char *text, struct hash *ret, struct err *err);

/* Until `height` is committed, as rpc_node's wait_height, and CODE_CLOSED soon after the client has left. */
int reply_wait_height(const struct rpc *rpc, struct http_request *r, uint64_t height, uint64_t deadline_ns);

/* Around whatever takes stored blocks apart: at most two at a time, the others wait, so that readers of old blocks cost
 * no more memory and leave the processors to the node. Not while waiting for anything else. */
void rpc_enter(struct rpc *rpc);
void rpc_leave(struct rpc *rpc);

/* A stored block, decoded on the request's arena. */
int reply_block(const struct rpc *rpc, uint64_t height, struct arena *arena, StoredBlock **ret_stored,
                Block **ret_block, struct err *err);
/* The same without its transactions: cheap, whatever the block holds. Not under the gate. */
int reply_header(const struct rpc *rpc, uint64_t height, struct arena *arena, StoredBlock **ret_stored,
                 Block **ret_block, struct err *err);
int reply_results(const struct rpc *rpc, uint64_t height, struct arena *arena, BlockResults **ret, struct err *err);
/* The id of transaction i of a block; zero when its bytes are too short. */
struct hash reply_tx_id(const struct rpc *rpc, const Block *block, size_t i);

/* route handlers, one file a theme */
int rpc_get_status(void *ctx, struct http_request *r, struct err *err);
int rpc_get_health(void *ctx, struct http_request *r, struct err *err);
int rpc_get_net_info(void *ctx, struct http_request *r, struct err *err);
int rpc_get_validators(void *ctx, struct http_request *r, struct err *err);
int rpc_get_genesis(void *ctx, struct http_request *r, struct err *err);
int rpc_get_metrics(void *ctx, struct http_request *r, struct err *err);
int rpc_get_block(void *ctx, struct http_request *r, struct err *err);
int rpc_get_header(void *ctx, struct http_request *r, struct err *err);
int rpc_get_tx(void *ctx, struct http_request *r, struct err *err);
int rpc_post_tx(void *ctx, struct http_request *r, struct err *err);
int rpc_post_txs(void *ctx, struct http_request *r, struct err *err);
int rpc_get_state(void *ctx, struct http_request *r, struct err *err);
int rpc_get_tree(void *ctx, struct http_request *r, struct err *err);
int rpc_get_digest(void *ctx, struct http_request *r, struct err *err);
int rpc_get_query(void *ctx, struct http_request *r, struct err *err);
int rpc_get_sequence(void *ctx, struct http_request *r, struct err *err);
int rpc_get_events(void *ctx, struct http_request *r, struct err *err);

#endif
