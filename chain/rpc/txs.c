/* SPDX-License-Identifier: Apache-2.0 */
/* Sending transactions and asking for them. */
#include "chain/rpc/reply.h"

#include "chain/base/num.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/types/tx.h"

#include <stdio.h>

/* Fills in what a committed transaction came to. CODE_NOT_FOUND when it is in no block. */
static int take_apart(const struct rpc *rpc, const struct hash *id, struct arena *arena, TxStatus *pb,
                      struct err *err) {
    uint32_t index;
    StoredBlock *stored;
    Block *block;
    BlockResults *results;
    int rc = store_find_tx(rpc->node->store, id, &pb->height, &index, err);
    if (rc == CODE_OK)
        rc = reply_block(rpc, pb->height, arena, &stored, &block, err);
    if (rc == CODE_OK)
        rc = reply_results(rpc, pb->height, arena, &results, err);
    if (rc != CODE_OK)
        return rc;
    if (index >= block->n_txs || index >= results->n_txs || block->txs[index].len < TX_FRAME_LEN)
        return err_set(err, CODE_CORRUPT, "the index of transactions names one that is not there");
    struct bytes wire = pb_bytes(block->txs[index]);
    pb->index = index;
    pb->state = pb_text("committed");
    pb->result = results->txs[index];
    return pb_decode(&tx_body__descriptor, bytes_of(wire.data + 4, wire.len - TX_FRAME_LEN), arena, &pb->body, err);
}

static int committed(struct rpc *rpc, const struct hash *id, struct arena *arena, TxStatus *pb, struct err *err) {
    rpc_enter(rpc);
    int rc = take_apart(rpc, id, arena, pb, err);
    rpc_leave(rpc);
    return rc;
}

static bool waiting(const struct rpc *rpc, const struct hash *id) {
    return rpc->node->waiting(rpc->node->self, id);
}

/* Waits until it is in a block. CODE_TIMEOUT: not until the deadline. CODE_TX_DROPPED: it waited here (`here`: it has
 * been admitted) and does not any more, because a block took its sequence or its time ran out. */
static int wait_committed(struct rpc *rpc, struct http_request *r, const struct hash *id, bool here, uint64_t deadline,
                          TxStatus *pb, struct err *err) {
    for (;;) {
        uint64_t height = 0;
        store_height(rpc->node->store, &height);
        bool still = waiting(rpc, id); /* before the look: what a block takes is there when it does not wait any more */
        int rc = committed(rpc, id, http_arena(r), pb, NULL);
        if (rc != CODE_NOT_FOUND)
            return rc == CODE_OK ? CODE_OK : err_set(err, rc, "%s", code_sentence(rc));
        if (here && !still)
            return err_set(err, CODE_TX_DROPPED,
                           "the transaction was dropped: another one took its sequence, or it was not taken in time");
        here = here || still;
        rc = reply_wait_height(rpc, r, height + 1, deadline);
        if (rc == CODE_TIMEOUT)
            return err_set(err, CODE_TIMEOUT, "the transaction is in no block yet; ask for it again by its id");
        if (rc != CODE_OK)
            return err_set(err, rc, "the node is stopping, or the client has left");
    }
}

int rpc_get_tx(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    struct hash id;
    uint64_t wait_ms;
    TxStatus pb = TX_STATUS__INIT;
    int rc = reply_hash(http_param(r, "tx_id"), &id, err);
    if (rc == CODE_OK)
        rc = http_query_u64(r, "wait_ms", 0, 0, RPC_WAIT_MAX_MS, &wait_ms, err);
    if (rc != CODE_OK)
        return rc;
    pb.tx_id = pb_data(hash_bytes(&id));
    rc = committed(rpc, &id, http_arena(r), &pb, err);
    if (rc == CODE_NOT_FOUND && wait_ms > 0) {
        rc = wait_committed(rpc, r, &id, false, deadline_in_ms(wait_ms), &pb, err);
        if (rc == CODE_TIMEOUT)
            rc = CODE_NOT_FOUND;
    }
    if (rc == CODE_NOT_FOUND && waiting(rpc, &id)) {
        pb.state = pb_text("admitted");
        pb.height = 0;
        rc = CODE_OK;
    }
    if (rc == CODE_NOT_FOUND)
        return err_set(err, rc, "no transaction with this id is in a block or waiting here");
    return rc == CODE_OK ? reply_pb(r, &pb, err) : rc;
}

static int read_broadcast(struct http_request *r, TxBroadcast **ret, struct err *err) {
    struct bytes body;
    int rc = http_body_all(r, HTTP_BODY_SMALL_MAX, &body, err);
    return rc == CODE_OK ? json_read_pb(&tx_broadcast__descriptor, body, http_arena(r), ret, err) : rc;
}

int rpc_post_tx(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    TxBroadcast *in = NULL;
    int rc = read_broadcast(r, &in, err);
    if (rc != CODE_OK)
        return rc;
    const char *wait = in->wait[0] != '\0' ? in->wait : "admitted";
    bool until_admitted = strcmp(wait, "admitted") == 0, until_committed = strcmp(wait, "committed") == 0;
    if (!until_admitted && !until_committed && strcmp(wait, "none") != 0)
        return err_set(err, CODE_INVALID_ARGUMENT, "wait is none, admitted or committed");
    if (until_committed)
        rc = http_wait_begin(r, err);
    if (rc != CODE_OK)
        return rc;
    uint64_t timeout = in->timeout_ms == 0 ? 30000 : u64_min(in->timeout_ms, RPC_WAIT_MAX_MS);
    uint64_t deadline = deadline_in_ms(timeout);
    struct hash id = {{0}};
    TxStatus pb = TX_STATUS__INIT;
    rc = rpc->node->submit(rpc->node->self, pb_bytes(in->tx), until_admitted || until_committed, &id, err);
    pb.tx_id = pb_data(hash_bytes(&id));
    if (rc == CODE_TX_KNOWN)
        rc = CODE_OK;
    /* Sent again by a client that lost the answer: were it told that the sequence is wrong, it would sign anew, and pay
     * twice. */
    if (rc != CODE_OK)
        return !hash_is_zero(&id) && committed(rpc, &id, http_arena(r), &pb, NULL) == CODE_OK ? reply_pb(r, &pb, err)
                                                                                              : rc;
    pb.state = pb_text(until_admitted ? "admitted" : "received");
    if (until_committed)
        rc = wait_committed(rpc, r, &id, true, deadline, &pb, err);
    return rc == CODE_OK ? reply_pb(r, &pb, err) : rc;
}

/* Many at once, one behind the other as on the wire: for load and for gateways. Only the last one is waited for, so the
 * answer comes when all have been looked at. */
int rpc_post_txs(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    struct bytes body;
    struct hash id;
    size_t received = 0;
    int rc = http_body_all(r, HTTP_BODY_SMALL_MAX, &body, err);
    while (rc == CODE_OK && body.len) {
        size_t len = tx_wire_len(body);
        if (len == 0 || len > body.len)
            return err_set(err, CODE_MALFORMED, "transaction %zu of the body is cut off or too large", received);
        rc = rpc->node->submit(rpc->node->self, bytes_of(body.data, len), len == body.len, &id, err);
        if (rc == CODE_OK)
            received++;
        body = bytes_of(body.data + len, body.len - len);
    }
    if (rc != CODE_OK && received == 0)
        return rc;
    char text[64];
    int n = snprintf(text, sizeof text, "{\"received\":\"%zu\"}", received);
    return http_reply_json(r, 200, text, (size_t)n, err);
}
