/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/rpc/reply.h"

#include "chain/base/num.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/types/tx.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    GATE_MAX = 2,
    LOOK_MS = 500 /* whether who waits is still there */
};

int reply_json(struct http_request *r, int status, json_t *json, struct err *err) {
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the answer");
    int rc = http_reply_json(r, status, text, strlen(text), err);
    free(text);
    return rc;
}

int reply_pb(struct http_request *r, const void *msg, struct err *err) {
    json_t *json = NULL;
    int rc = json_from_pb(msg, &json, err);
    return rc == CODE_OK ? reply_json(r, 200, json, err) : rc;
}

int reply_height(const struct rpc *rpc, const char *text, uint64_t *ret, struct err *err) {
    uint64_t newest = 0, height;
    if (!store_height(rpc->node->store, &newest))
        return err_set(err, CODE_NOT_READY, "there is no block yet");
    if (text == NULL || strcmp(text, "latest") == 0) {
        *ret = newest;
        return CODE_OK;
    }
    if (!u64_parse(text, strlen(text), &height))
        return err_set(err, CODE_INVALID_ARGUMENT, "a height is a decimal number, or latest");
    if (height > newest)
        return err_set(err, CODE_NOT_FOUND, "height %" PRIu64 " is not there yet; the newest is %" PRIu64, height,
                       newest);
    *ret = height;
    return CODE_OK;
}

int reply_hash(const char *text, struct hash *ret, struct err *err) {
    if (text == NULL || !hex_decode(text, strlen(text), ret->b, sizeof ret->b))
        return err_set(err, CODE_INVALID_ARGUMENT, "want 64 hexadecimal digits");
    return CODE_OK;
}

int reply_wait_height(const struct rpc *rpc, struct http_request *r, uint64_t height, uint64_t deadline_ns) {
    for (;;) {
        uint64_t look = deadline_in_ms(LOOK_MS), until = u64_min(look, deadline_ns);
        int rc = rpc->node->wait_height(rpc->node->self, height, until);
        if (rc != CODE_TIMEOUT || until == deadline_ns)
            return rc;
        if (http_client_gone(r))
            return CODE_CLOSED;
    }
}

void rpc_enter(struct rpc *rpc) {
    mutex_lock(&rpc->gate_lock);
    while (rpc->gate_in == GATE_MAX)
        cond_wait(&rpc->gate_free, &rpc->gate_lock);
    rpc->gate_in++;
    mutex_unlock(&rpc->gate_lock);
}

void rpc_leave(struct rpc *rpc) {
    mutex_lock(&rpc->gate_lock);
    rpc->gate_in--;
    cond_signal(&rpc->gate_free);
    mutex_unlock(&rpc->gate_lock);
}

static int stored(const struct rpc *rpc, enum store_record kind, uint64_t height, struct arena *arena,
                  StoredBlock **ret_stored, Block **ret_block, struct err *err) {
    struct bytes bytes;
    StoredBlock *found = NULL;
    Block *block = NULL;
    if (height == 0)
        return err_set(err, CODE_NOT_FOUND, "blocks begin at height 1; 0 is the genesis");
    int rc = store_get_record(rpc->node->store, kind, height, arena, &bytes, err);
    if (rc == CODE_OK)
        rc = pb_decode(&stored_block__descriptor, bytes, arena, &found, err);
    if (rc == CODE_OK)
        rc = pb_decode(&block__descriptor, pb_bytes(found->block), arena, &block, err);
    if (rc != CODE_OK)
        return rc;
    *ret_stored = found;
    *ret_block = block;
    return CODE_OK;
}

int reply_block(const struct rpc *rpc, uint64_t height, struct arena *arena, StoredBlock **ret_stored,
                Block **ret_block, struct err *err) {
    return stored(rpc, STORE_BLOCK, height, arena, ret_stored, ret_block, err);
}

int reply_header(const struct rpc *rpc, uint64_t height, struct arena *arena, StoredBlock **ret_stored,
                 Block **ret_block, struct err *err) {
    int rc = stored(rpc, STORE_HEADER, height, arena, ret_stored, ret_block, NULL);
    return rc == CODE_NOT_FOUND ? reply_block(rpc, height, arena, ret_stored, ret_block, err)
           : rc == CODE_OK      ? CODE_OK
                                : err_set(err, rc, "%s", code_sentence(rc));
}

int reply_results(const struct rpc *rpc, uint64_t height, struct arena *arena, BlockResults **ret, struct err *err) {
    struct bytes bytes;
    int rc = store_get_record(rpc->node->store, STORE_RESULTS, height, arena, &bytes, err);
    return rc == CODE_OK ? pb_decode(&block_results__descriptor, bytes, arena, ret, err) : rc;
}

struct hash reply_tx_id(const struct rpc *rpc, const Block *block, size_t i) {
    struct bytes wire = pb_bytes(block->txs[i]);
    if (wire.len < TX_FRAME_LEN)
        return (struct hash){{0}};
    return tx_id_of(&rpc->node->chain_tag, bytes_of(wire.data + 4, wire.len - TX_FRAME_LEN));
}
