/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks, headers and the stream of events. */
#include "chain/rpc/reply.h"

#include "chain/base/num.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"
#include "chain/types/header.h"

#include <stdlib.h>

static int get_block(struct rpc *rpc, struct http_request *r, struct err *err) {
    struct arena *arena = http_arena(r);
    uint64_t height;
    StoredBlock *stored;
    Block *block;
    BlockBody pb = BLOCK_BODY__INIT;
    int rc = reply_height(rpc, http_param(r, "height"), &height, err);
    if (rc == CODE_OK)
        rc = reply_block(rpc, height, arena, &stored, &block, err);
    if (rc == CODE_OK)
        rc = pb_decode(&header__descriptor, pb_bytes(block->header), arena, &pb.header, err);
    if (rc == CODE_OK)
        rc = reply_results(rpc, height, arena, &pb.results, err);
    if (rc != CODE_OK)
        return rc;
    struct hash id = header_id(pb_bytes(block->header));
    struct hash *ids = arena_array(arena, block->n_txs, sizeof *ids);
    pb.tx_ids = arena_array(arena, block->n_txs, sizeof *pb.tx_ids);
    if (ids == NULL || pb.tx_ids == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for the answer");
    for (size_t i = 0; i < block->n_txs; i++) {
        ids[i] = reply_tx_id(rpc, block, i);
        pb.tx_ids[i] = pb_data(hash_bytes(&ids[i]));
    }
    pb.n_tx_ids = block->n_txs;
    pb.header_id = pb_data(hash_bytes(&id));
    pb.certificate = stored->certificate;
    pb.ledger_time = stored->ledger_time;
    pb.bytes_total = stored->block.len;
    return reply_pb(r, &pb, err);
}

int rpc_get_block(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    rpc_enter(rpc);
    int rc = get_block(rpc, r, err);
    rpc_leave(rpc);
    return rc;
}

/* Who signs the height behind `height`: the next block knows, or the newest state. */
static int next_validators(const struct rpc *rpc, uint64_t height, struct arena *arena, ValidatorSet **ret,
                           struct err *err) {
    uint64_t newest = 0;
    store_height(rpc->node->store, &newest);
    if (height < newest) {
        StoredBlock *stored;
        Block *block;
        int rc = reply_header(rpc, height + 1, arena, &stored, &block, err);
        if (rc == CODE_OK)
            *ret = stored->validators;
        return rc;
    }
    struct store_view *view = NULL;
    struct state *st = NULL;
    struct app_info *info = ARENA_NEW(arena, struct app_info);
    int rc = info != NULL ? store_view_open(rpc->node->store, &view, err)
                          : err_set(err, CODE_NO_MEMORY, "no memory for the answer");
    if (rc == CODE_OK)
        rc = store_view_state(view, 1 << 20, &st, err);
    if (rc == CODE_OK)
        rc = rpc->node->app->ops->info(rpc->node->app->self, st, arena, info, err);
    state_free(st);
    store_view_close(view);
    if (rc == CODE_OK && info->height != height)
        return err_set(err, CODE_STALE, "a new block has come in between; ask again");
    return rc == CODE_OK ? validator_set_to_pb(&info->validators, arena, ret, err) : rc;
}

/* A height that is still to come is waited for, as long as `wait_ms` says. */
static int awaited_height(const struct rpc *rpc, struct http_request *r, uint64_t *ret, struct err *err) {
    const char *text = http_param(r, "height");
    uint64_t wait_ms, height;
    int rc = http_query_u64(r, "wait_ms", 0, 0, RPC_WAIT_MAX_MS, &wait_ms, err);
    if (rc == CODE_OK && wait_ms > 0 && text != NULL && u64_parse(text, strlen(text), &height) &&
        reply_wait_height(rpc, r, height, deadline_in_ms(wait_ms)) == CODE_CLOSED)
        rc = err_set(err, CODE_CLOSED, "the node is stopping, or the client has left");
    return rc == CODE_OK ? reply_height(rpc, text, ret, err) : rc;
}

int rpc_get_header(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    struct arena *arena = http_arena(r);
    uint64_t height;
    StoredBlock *stored;
    Block *block;
    SignedHeader pb = SIGNED_HEADER__INIT;
    int rc = awaited_height(rpc, r, &height, err);
    if (rc == CODE_OK)
        rc = reply_header(rpc, height, arena, &stored, &block, err);
    if (rc == CODE_OK) {
        rc = next_validators(rpc, height, arena, &pb.next_validators, err);
        if (rc == CODE_STALE) /* it is not the newest any more */
            rc = next_validators(rpc, height, arena, &pb.next_validators, err);
    }
    if (rc != CODE_OK)
        return rc;
    pb.header = block->header;
    pb.certificate = stored->certificate;
    pb.validators = stored->validators;
    return reply_pb(r, &pb, err);
}

/* --- events --- */

enum { TEXT_MAX = 256 << 20 }; /* of one block's events */

struct stream {
    struct rpc *rpc;
    struct http_request *r;
    struct arena arena; /* of one block, while it is taken apart */
    struct buf text;    /* its lines, until they are written */
    const char *prefix; /* of the types wanted; NULL: all */
    uint64_t from_height;
    uint32_t from_index;
    bool sse;
    uint64_t height; /* under way */
    uint32_t index;
};

static int add_line(struct stream *s, const char *event, json_t *json, struct err *err) {
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for an event");
    if (s->sse)
        buf_printf(&s->text, "id: %llu\nevent: %s\ndata: ", (unsigned long long)s->height, event);
    buf_put(&s->text, text, strlen(text));
    buf_put(&s->text, "\n\n", s->sse ? 2 : 1);
    free(text);
    return buf_failed(&s->text) ? err_set(err, CODE_NO_MEMORY, "no memory for an event") : CODE_OK;
}

static int add_events(struct stream *s, const struct hash *tx_id, Event **events, size_t n, struct err *err) {
    int rc = CODE_OK;
    for (size_t i = 0; rc == CODE_OK && i < n; i++) {
        uint32_t index = s->index++;
        if (s->height == s->from_height && index < s->from_index)
            continue;
        if (s->prefix != NULL && strncmp(events[i]->type, s->prefix, strlen(s->prefix)) != 0)
            continue;
        EventNote pb = EVENT_NOTE__INIT;
        pb.height = s->height;
        pb.index = index;
        if (tx_id != NULL)
            pb.tx_id = pb_data(hash_bytes(tx_id));
        pb.event = events[i];
        json_t *json = NULL;
        rc = json_from_pb(&pb, &json, err);
        if (rc == CODE_OK)
            rc = add_line(s, "event", json, err);
    }
    return rc;
}

static int add_block(struct stream *s, struct err *err) {
    StoredBlock *stored = NULL;
    Block *block = NULL;
    BlockResults *results = NULL;
    int rc = reply_block(s->rpc, s->height, &s->arena, &stored, &block, err);
    if (rc == CODE_OK)
        rc = reply_results(s->rpc, s->height, &s->arena, &results, err);
    s->index = 0;
    if (rc == CODE_OK)
        rc = add_events(s, NULL, results->begin_events, results->n_begin_events, err);
    for (size_t i = 0; rc == CODE_OK && i < results->n_txs && i < block->n_txs; i++) {
        struct hash id = reply_tx_id(s->rpc, block, i);
        rc = add_events(s, &id, results->txs[i]->events, results->txs[i]->n_events, err);
    }
    if (rc == CODE_OK)
        rc = add_events(s, NULL, results->end_events, results->n_end_events, err);
    if (rc == CODE_OK) {
        char text[24], time[24];
        snprintf(text, sizeof text, "%llu", (unsigned long long)s->height);
        snprintf(time, sizeof time, "%llu", (unsigned long long)stored->ledger_time);
        rc = add_line(s, "height", json_pack("{s:s, s:s}", "height", text, "ledger_time", time), err);
    }
    return rc;
}

/* A reader may take its time: what waits for it is text only. */
static int write_block(struct stream *s, struct err *err) {
    rpc_enter(s->rpc);
    arena_init(&s->arena, 256 * MIB);
    int rc = add_block(s, err);
    arena_release(&s->arena);
    rpc_leave(s->rpc);
    if (rc == CODE_OK)
        rc = http_write(s->r, s->text.data, s->text.len, err);
    buf_release(&s->text);
    buf_init(&s->text, TEXT_MAX);
    return rc;
}

/* A sign of life, which is also how a reader that has gone is noticed. */
static int write_alive(struct stream *s, struct err *err) {
    return s->sse ? http_write_event(s->r, 0, NULL, NULL, err) : http_write(s->r, "\n", 1, err);
}

static int stream_run(struct stream *s, struct err *err) {
    int rc = CODE_OK;
    while (rc == CODE_OK) {
        int w = s->rpc->node->wait_height(s->rpc->node->self, s->height, deadline_in_ms(3000));
        if (w == CODE_OK) {
            rc = write_block(s, err);
            s->height++;
        } else if (w == CODE_TIMEOUT) {
            rc = write_alive(s, err);
        } else {
            return CODE_OK; /* the node stops: the stream ends well, to be resumed */
        }
    }
    return rc == CODE_CLOSED ? CODE_OK : rc;
}

int rpc_get_events(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    uint64_t newest = 0, index = 0;
    struct stream s = {.rpc = rpc, .r = r, .prefix = http_query(r, "type")};
    store_height(rpc->node->store, &newest);
    const char *accept = http_header(r, "Accept");
    s.sse = accept != NULL && strstr(accept, "text/event-stream") != NULL;
    int rc = http_query_u64(r, "from_height", newest + 1, 0, UINT64_MAX / 2, &s.height, err);
    if (rc == CODE_OK)
        rc = http_query_u64(r, "from_index", 0, 0, UINT32_MAX, &index, err);
    if (rc == CODE_OK && s.height == 0)
        s.height = 1;
    if (rc == CODE_OK && s.height < store_first_block(rpc->node->store))
        rc = err_set(err, CODE_PRUNED, "events are kept from height %llu on",
                     (unsigned long long)store_first_block(rpc->node->store));
    s.from_height = s.height;
    s.from_index = (uint32_t)index;
    if (rc == CODE_OK)
        rc = http_reply_start(r, 200, s.sse ? "text/event-stream" : "application/x-ndjson", HTTP_LENGTH_UNKNOWN, err);
    if (rc != CODE_OK)
        return rc;
    buf_init(&s.text, TEXT_MAX);
    rc = stream_run(&s, err);
    buf_release(&s.text);
    return rc;
}
