/* SPDX-License-Identifier: Apache-2.0 */
/* The state: by key with proof, and by the rules' own queries. */
#include "chain/rpc/reply.h"

#include "chain/base/num.h"
#include "chain/codec/bech32.h"
#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "chain/os/clock.h"

#include "cairn/auth.h"

#include <inttypes.h>

enum { WAIT_MS = 10000, STATE_MEMORY = 64 << 20, PARAMS_MAX = 32 };

/* The newest height whose app hash is in a certified header: one before the newest. Waits for `min_height` to be that.
 */
static int provable_height(const struct rpc *rpc, struct http_request *r, uint64_t *ret, struct err *err) {
    uint64_t newest = 0, min_height, height;
    int rc = http_query_u64(r, "min_height", 0, 0, UINT64_MAX / 2, &min_height, err);
    if (rc != CODE_OK)
        return rc;
    if (min_height > 0) {
        rc = reply_wait_height(rpc, r, min_height + 1, deadline_in_ms(WAIT_MS));
        if (rc != CODE_OK)
            return err_set(err, rc, "height %" PRIu64 " cannot be proven yet; ask again", min_height);
    }
    store_height(rpc->node->store, &newest);
    if (newest == 0)
        return err_set(err, CODE_NOT_READY, "nothing can be proven before the first block");
    rc = http_query_u64(r, "height", newest - 1, 0, UINT64_MAX / 2, &height, err);
    if (rc == CODE_OK && height >= newest)
        return err_set(err, CODE_NOT_FOUND, "height %" PRIu64 " cannot be proven yet; the newest is %" PRIu64, height,
                       newest - 1);
    *ret = height;
    return rc;
}

static int wants_proof(struct http_request *r, bool *ret, struct err *err) {
    uint64_t prove;
    int rc = http_query_u64(r, "prove", 0, 0, 1, &prove, err);
    *ret = rc == CODE_OK && prove == 1;
    return rc;
}

int rpc_get_state(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    struct arena *arena = http_arena(r);
    const char *text = http_param(r, "key");
    uint8_t raw[KEY_LEN_MAX];
    size_t n = text != NULL ? strlen(text) / 2 : 0;
    if (n == 0 || n > sizeof raw || !hex_decode(text, strlen(text), raw, n))
        return err_set(err, CODE_INVALID_ARGUMENT, "want a state key as hexadecimal digits, at most %zu bytes",
                       sizeof raw);
    struct bytes key = bytes_of(raw, n), value = BYTES_NONE;
    QueryBody pb = QUERY_BODY__INIT;
    bool prove = false;
    int rc = wants_proof(r, &prove, err);
    if (rc == CODE_OK)
        rc = provable_height(rpc, r, &pb.height, err);
    struct store_view *view = NULL;
    if (rc == CODE_OK)
        rc = store_view_open(rpc->node->store, &view, err);
    if (rc == CODE_OK)
        rc = prove ? store_prove(view, pb.height, key, arena, &pb.proof, err)
                   : store_get_at(view, pb.height, key, arena, &value, err);
    store_view_close(view);
    if (rc == CODE_NOT_FOUND && !prove)
        return err_set(err, CODE_NOT_FOUND, "the state has no such record");
    if (rc != CODE_OK)
        return rc;
    pb.path = pb_text("state");
    pb.key = pb_data(key);
    pb.value = prove ? pb.proof->value : pb_data(value);
    return reply_pb(r, &pb, err);
}

/* "/storage/objects" and the names and values behind '?'. */
static int query_of(struct http_request *r, struct arena *arena, struct app_query *ret, struct err *err) {
    static const char *const ours[] = {"height", "min_height", "prove"};
    struct app_param *params = arena_array(arena, PARAMS_MAX, sizeof *params);
    char *names = arena_strdup(arena, http_query_string(r));
    ret->path = arena_printf(arena, "/%s", http_param(r, "path"));
    if (params == NULL || names == NULL || ret->path == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a query");
    ret->params = params;
    for (char *at = names; *at != '\0';) {
        size_t len = strcspn(at, "&"), name_len = strcspn(at, "=&");
        char *next = at + len + (at[len] == '&');
        at[name_len] = '\0';
        bool skip = name_len == 0;
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
            skip = skip || strcmp(at, ours[i]) == 0;
        const char *value = skip ? NULL : http_query(r, at);
        if (value != NULL) {
            if (ret->params_count == PARAMS_MAX)
                return err_set(err, CODE_INVALID_ARGUMENT, "more than %d parameters", PARAMS_MAX);
            params[ret->params_count++] = (struct app_param){at, value};
        }
        at = next;
    }
    return CODE_OK;
}

static int answer_json(const struct app_answer *a, uint64_t height, const StateProof *proof, json_t **ret,
                       struct err *err) {
    char text[24];
    json_t *record = NULL, *shown = NULL;
    char *hex = NULL;
    snprintf(text, sizeof text, "%" PRIu64, height);
    int rc = a->message != NULL ? json_from_pb(a->message, &record, err) : CODE_OK;
    if (rc == CODE_OK && proof != NULL)
        rc = json_from_pb(proof, &shown, err);
    char buffer[2 * KEY_LEN_MAX + 1];
    if (a->key.len > 0 && a->key.len <= KEY_LEN_MAX) {
        hex_encode(a->key.data, a->key.len, buffer);
        hex = buffer;
    }
    if (rc == CODE_OK) {
        *ret = json_pack("{s:s, s:s?, s:o, s:o*}", "height", text, "key", hex, "record",
                         record != NULL ? record : json_null(), "proof", shown);
        return *ret != NULL ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for the answer");
    }
    json_decref(record);
    json_decref(shown);
    return rc;
}

int rpc_get_query(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    struct arena *arena = http_arena(r);
    struct app_query query = {0};
    struct app_answer answer = {0};
    struct store_view *view = NULL;
    struct state *st = NULL;
    StateProof *proof = NULL;
    bool prove = false;
    uint64_t height = 0;
    int rc = query_of(r, arena, &query, err);
    if (rc == CODE_OK)
        rc = wants_proof(r, &prove, err);
    if (rc == CODE_OK && prove)
        rc = provable_height(rpc, r, &height, err);
    if (rc == CODE_OK)
        rc = store_view_open(rpc->node->store, &view, err);
    if (rc == CODE_OK)
        rc = store_view_state(view, STATE_MEMORY, &st, err);
    if (rc == CODE_OK)
        rc = rpc->node->app->ops->query(rpc->node->app->self, st, &query, arena, &answer, err);
    if (rc == CODE_OK && prove && answer.key.len == 0)
        rc = err_set(err, CODE_UNSUPPORTED, "%s is a derived answer or a listing: it cannot be proven", query.path);
    if (rc == CODE_OK && prove)
        rc = store_prove(view, height, answer.key, arena, &proof, err);
    if (rc == CODE_OK && !prove)
        height = store_view_height(view);
    state_free(st);
    store_view_close(view);
    json_t *json = NULL;
    if (rc == CODE_OK && answer.message == NULL && proof == NULL)
        return err_set(err, CODE_NOT_FOUND, "there is no such record");
    if (rc == CODE_OK)
        rc = answer_json(&answer, height, proof, &json, err);
    return rc == CODE_OK ? reply_json(r, 200, json, err) : rc;
}

/* --- the next sequence of an account, behind what waits here --- */

static int state_sequence(const struct rpc *rpc, const char *address, struct arena *arena, uint64_t *ret,
                          struct err *err) {
    struct store_view *view = NULL;
    struct state *st = NULL;
    struct app_answer answer = {0};
    struct app_param param = {"address", address};
    struct app_query query = {.path = "/auth/account", .params = &param, .params_count = 1};
    int rc = store_view_open(rpc->node->store, &view, err);
    if (rc == CODE_OK)
        rc = store_view_state(view, 1 << 20, &st, err);
    if (rc == CODE_OK)
        rc = rpc->node->app->ops->query(rpc->node->app->self, st, &query, arena, &answer, err);
    if (rc == CODE_OK)
        *ret = answer.message != NULL ? ((const Account *)answer.message)->sequence : 1;
    state_free(st);
    store_view_close(view);
    return rc;
}

int rpc_get_sequence(void *ctx, struct http_request *r, struct err *err) {
    struct rpc *rpc = ctx;
    const char *address = http_param(r, "address");
    struct addr addr;
    uint64_t next;
    char text[24];
    int rc = addr_from_text(address, &addr, err);
    if (rc == CODE_OK)
        rc = state_sequence(rpc, address, http_arena(r), &next, err);
    if (rc != CODE_OK)
        return rc;
    snprintf(text, sizeof text, "%" PRIu64, rpc->node->next_sequence(rpc->node->self, &addr, next));
    return reply_json(r, 200, json_pack("{s:s, s:s}", "address", address, "sequence", text), err);
}
