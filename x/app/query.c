/* SPDX-License-Identifier: Apache-2.0 */
/* query: a path finds its function, parameters fill its question, an answer comes back. */
#include "x/app/ops.h"

#include "chain/codec/json.h"
#include "chain/codec/pb.h"
#include "x/app/run.h"

#include <jansson.h>

static const struct query *find(const struct ledger *ledger, const char *path) {
    const struct query *q;
    for (size_t i = 0; ledger_query_at(ledger, i, &q); i++)
        if (strcmp(q->path, path) == 0)
            return q;
    return NULL;
}

/* Parameters are text; JSON wants booleans as such. */
static json_t *param_json(const ProtobufCFieldDescriptor *f, const char *value) {
    if (f && f->type == PROTOBUF_C_TYPE_BOOL && (strcmp(value, "true") == 0 || strcmp(value, "1") == 0))
        return json_true();
    if (f && f->type == PROTOBUF_C_TYPE_BOOL && (strcmp(value, "false") == 0 || strcmp(value, "0") == 0))
        return json_false();
    return json_string(value);
}

static int read_question(const struct query *q, const struct app_query *in, struct arena *arena, void *ret,
                         struct err *err) {
    json_t *json = json_object();
    int rc = json ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for a question");
    for (size_t i = 0; rc == CODE_OK && i < in->params_count; i++) {
        const char *name = in->params[i].name;
        const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(q->question, name);
        if (json_object_get(json, name))
            rc = err_set(err, CODE_INVALID_ARGUMENT, "parameter %s is there twice", name);
        else if (json_object_set_new(json, name, param_json(f, in->params[i].value)))
            rc = err_set(err, CODE_INVALID_ARGUMENT, "parameter %s is not valid UTF-8", name);
    }
    if (rc == CODE_OK)
        rc = json_to_pb(q->question, json, arena, ret, err);
    json_decref(json);
    return rc;
}

static int answer_record(struct ctx *ctx, const struct query *q, const void *question, struct app_answer *ret,
                         struct err *err) {
    struct key k;
    void *msg = NULL;
    int rc = q->key(ctx, question, &k, err);
    if (rc)
        return rc;
    rc = record_get(ctx, key_bytes(&k), q->answer, &msg, err);
    if (rc && rc != CODE_NOT_FOUND)
        return rc;
    struct bytes key;
    if (!arena_dup_bytes(ctx->results, key_bytes(&k), &key))
        return err_set(err, CODE_NO_MEMORY, "no memory for an answer");
    *ret = (struct app_answer){.message = msg, .key = key};
    return CODE_OK;
}

static int answer(struct ctx *ctx, const struct query *q, const void *question, struct app_answer *ret,
                  struct err *err) {
    if (q->key)
        return answer_record(ctx, q, question, ret, err);
    void *msg = NULL;
    int rc = q->run(ctx, question, &msg, err);
    if (rc == CODE_OK)
        *ret = (struct app_answer){.message = msg};
    return rc;
}

int op_query(void *app, struct state *st, const struct app_query *query, struct arena *arena, struct app_answer *ret,
             struct err *err) {
    const struct query *q = find(app, query->path);
    if (!q)
        return err_set(err, CODE_NOT_FOUND, "there is no query %s", query->path);
    void *question;
    int rc = read_question(q, query, arena, &question, err);
    if (rc)
        return rc;
    struct run run;
    rc = run_open(&run, app, st, arena, err);
    if (rc)
        return rc;
    run.ctx.arena = arena;
    size_t mark = state_mark(st);
    struct app_answer found = {0};
    rc = answer(&run.ctx, q, question, &found, err);
    state_rollback(st, mark); /* a computed answer may have settled something to know it */
    if (rc == CODE_OK)
        rc = ctx_failed(&run.ctx, err);
    run_close(&run);
    if (rc == CODE_OK)
        *ret = found;
    return rc;
}
