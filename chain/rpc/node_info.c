/* SPDX-License-Identifier: Apache-2.0 */
/* About the node: status, health, peers, validators, genesis, metrics. */
#include "chain/rpc/reply.h"

#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/types/keys_validator.h"

static void sync_to_pb(const struct rpc_sync *s, SyncStatus *ret) {
    sync_status__init(ret);
    ret->mode = pb_text(s->mode);
    ret->from = s->from;
    ret->at = s->at;
    ret->target = s->target;
    ret->peers = s->peers;
    ret->rate = (s->at - s->from) * 1000 / (s->ms + 1);
    ret->seconds = s->ms / 1000;
    ret->phase = pb_text(s->phase != NULL ? s->phase : "");
    ret->chunks = s->chunks;
    ret->chunks_in = s->chunks_in;
    ret->size = s->size;
}

int rpc_get_status(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    struct rpc_status s = {0};
    rpc->node->status(rpc->node->self, &s);
    NodeStatus pb = NODE_STATUS__INIT;
    pb.chain_id = pb_text(rpc->chain_id);
    pb.chain_tag = pb_data(hash_bytes(&rpc->node->chain_tag));
    pb.version = pb_text(rpc->version);
    pb.height = s.height;
    pb.header_id = pb_data(hash_bytes(&s.header_id));
    pb.app_hash = pb_data(hash_bytes(&s.app_hash));
    pb.time = s.time;
    pb.ledger_time = s.ledger_time;
    SyncStatus sync;
    if (s.sync.mode != NULL) {
        sync_to_pb(&s.sync, &sync);
        pb.sync = &sync;
    }
    pb.catching_up = s.behind > 0 || s.sync.mode != NULL;
    pb.peers = s.peers;
    pb.node_id = pb_data(addr_bytes(&s.node_id));
    if (!addr_is_zero(&s.validator))
        pb.validator = pb_data(addr_bytes(&s.validator));
    pb.mempool_txs = s.mempool_txs;
    pb.mempool_bytes = s.mempool_bytes;
    pb.round = s.round;
    pb.earliest_height = store_first_block(rpc->node->store);
    pb.quarantine = (Quarantine *)(uintptr_t)s.quarantine; /* only read */
    return reply_pb(r, &pb, err);
}

int rpc_get_health(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    struct rpc_status s = {0};
    rpc->node->status(rpc->node->self, &s);
    if (s.stopping)
        return err_set(err, CODE_CLOSED, "the node is stopping");
    if (s.quarantine != NULL)
        return err_set(err, CODE_QUARANTINED,
                       "in quarantine since height %llu (%s); `cairnd quarantine show` says how to mend it",
                       (unsigned long long)s.quarantine->height, s.quarantine->reason);
    if (s.sync.phase != NULL)
        return err_set(err, CODE_NOT_READY, "the node joins by a snapshot: %s, %u of %u chunks are in", s.sync.phase,
                       s.sync.chunks_in, s.sync.chunks);
    if (s.behind > 0)
        return err_set(err, CODE_NOT_READY, "the node is catching up: %llu heights to go",
                       (unsigned long long)s.behind);
    if (s.height == 0)
        return err_set(err, CODE_NOT_READY, "there is no block yet: too few validators are running");
    return reply_json(r, 200, json_pack("{s:b,s:I}", "ready", 1, "height", (json_int_t)s.height), err);
}

int rpc_get_net_info(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    struct arena *arena = http_arena(r);
    enum { MAX = 192 };
    struct rpc_peer *peers = arena_array(arena, MAX, sizeof *peers);
    NetPeer *rows = arena_array(arena, MAX, sizeof *rows);
    NetPeer **list = arena_array(arena, MAX, sizeof *list);
    if (peers == NULL || rows == NULL || list == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the answer");
    NetInfo pb = NET_INFO__INIT;
    pb.n_peers = rpc->node->peers(rpc->node->self, peers, MAX);
    pb.peers = list;
    for (size_t i = 0; i < pb.n_peers; i++) {
        net_peer__init(&rows[i]);
        rows[i].node_id = pb_data(addr_bytes(&peers[i].node_id));
        rows[i].address = peers[i].address;
        rows[i].connected = peers[i].connected;
        rows[i].sent_bytes = peers[i].sent_bytes;
        rows[i].received_bytes = peers[i].received_bytes;
        rows[i].queue = peers[i].queue;
        list[i] = &rows[i];
    }
    return reply_pb(r, &pb, err);
}

/* The newest records of validators, whether they vote or not: the first ones by address. */
static int validator_records(const struct rpc *rpc, struct arena *arena, ValidatorsBody *body, struct err *err) {
    struct store_view *view = NULL;
    struct state *st = NULL;
    body->records = arena_array(arena, VALIDATORS_MAX, sizeof *body->records);
    if (body->records == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the answer");
    int rc = store_view_open(rpc->node->store, &view, err);
    if (rc == CODE_OK)
        rc = store_view_state(view, 1 << 20, &st, err);
    if (rc == CODE_OK) {
        struct key key;
        struct state_iter it;
        struct bytes k, v;
        state_iter_init(&it, st, key_validators(&key), BYTES_NONE, VALIDATORS_MAX);
        while (rc == CODE_OK && state_iter_next(&it, &k, &v)) {
            rc = pb_decode(&validator__descriptor, v, arena, &body->records[body->n_records], err);
            body->n_records += rc == CODE_OK;
        }
        int end = state_iter_end(&it, rc == CODE_OK ? err : NULL);
        rc = rc == CODE_OK ? end : rc;
    }
    state_free(st);
    store_view_close(view);
    return rc;
}

int rpc_get_validators(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    struct arena *arena = http_arena(r);
    ValidatorsBody pb = VALIDATORS_BODY__INIT;
    const char *text = http_query(r, "height");
    int rc = reply_height(rpc, text, &pb.height, err);
    StoredBlock *stored = NULL;
    Block *block = NULL;
    if (rc == CODE_OK && pb.height > 0) {
        rc = reply_header(rpc, pb.height, arena, &stored, &block, err);
        if (rc == CODE_OK)
            pb.set = stored->validators;
    }
    if (rc == CODE_OK && (text == NULL || strcmp(text, "latest") == 0))
        rc = validator_records(rpc, arena, &pb, err);
    return rc == CODE_OK ? reply_pb(r, &pb, err) : rc;
}

int rpc_get_genesis(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    return http_reply(r, 200, "application/json", rpc->genesis, err);
}

int rpc_get_metrics(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    struct buf b;
    buf_init(&b, 8 * MIB);
    if (rpc->metrics != NULL)
        metrics_write(rpc->metrics, &b);
    int rc = buf_check(&b, err);
    if (rc == CODE_OK)
        rc = http_reply(r, 200, "text/plain; version=0.0.4", buf_bytes(&b), err);
    buf_release(&b);
    return rc;
}
