/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/operator/...: the operator's hand on the running provider, with the token of this start. */
#include "chain/base/num.h"
#include "chain/codec/json.h"
#include "chain/os/log.h"
#include "sp/gateway/parts.h"

#include <inttypes.h>
#include <string.h>

enum { BODY_MAX = 4096, TASKS_SHOWN = 1000, TASKS_ENOUGH = -1 };

/* --- holds
 * ---------------------------------------------------------------------------------------------------------------- */

/* {"object_id": "7"}; 0 when it is not there. */
static int read_object_id(struct http_request *r, uint64_t *ret, struct err *err) {
    struct bytes body;
    json_t *root = NULL;
    uint64_t id = 0;
    int rc = http_body_all(r, BODY_MAX, &body, err);
    if (!rc && body.len)
        rc = json_parse(body, &root, err);
    if (rc)
        return rc;
    json_t *value = json_object_get(root, "object_id");
    const char *text = json_string_value(value);
    if (json_is_integer(value) && json_integer_value(value) > 0)
        id = (uint64_t)json_integer_value(value);
    else if (value && (!text || !u64_parse(text, strlen(text), &id)))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "object_id is a number");
    json_decref(root);
    if (!rc)
        *ret = id;
    return rc;
}

static int answer_holds(struct gateway *g, struct http_request *r, struct err *err) {
    return reply_json(r, 200, json_pack("{s:I}", "holds", (json_int_t)holds_count(g->m.holds)), err);
}

int gateway_hold(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    uint64_t id;
    int rc = read_object_id(r, &id, err);
    if (!rc && !id)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "which object? send {\"object_id\":\"7\"}");
    if (!rc)
        rc = holds_add(g->m.holds, id, err);
    if (!rc)
        log_info("gateway", "held", "object=%" PRIu64, id);
    return rc ? rc : answer_holds(g, r, err);
}

int gateway_release_hold(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    uint64_t id;
    int rc = read_object_id(r, &id, err);
    if (!rc)
        rc = holds_remove(g->m.holds, id, err);
    if (rc)
        return rc;
    log_info("gateway", "released", "object=%" PRIu64, id);
    manager_wake(g->m.manager); /* what waited for it goes on now */
    scrubber_kick(g->m.scrubber);
    return answer_holds(g, r, err);
}

/* --- tasks
 * ---------------------------------------------------------------------------------------------------------------- */

struct listing {
    json_t *tasks;
};

static int add_task(void *ctx, const Task *task, bool running, struct err *err) {
    struct listing *l = ctx;
    json_t *one = NULL;
    const ProtobufCEnumValue *kind = protobuf_c_enum_descriptor_get_value(&task_kind__descriptor, (int)task->kind);
    if (json_array_size(l->tasks) == TASKS_SHOWN)
        return TASKS_ENOUGH;
    int rc = json_from_pb(task, &one, err);
    if (rc)
        return rc;
    const char *name = kind ? kind->name : "TASK_KIND_UNSPECIFIED";
    json_object_set_new(one, "kind", json_string(name + sizeof "TASK_KIND_" - 1));
    json_object_set_new(one, "running", json_boolean(running));
    json_array_append_new(l->tasks, one);
    return CODE_OK;
}

int gateway_tasks(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    struct listing l = {.tasks = json_array()};
    int rc = manager_each(g->m.manager, add_task, &l, err);
    if (rc && rc != TASKS_ENOUGH) {
        json_decref(l.tasks);
        return rc;
    }
    return reply_json(r, 200,
                      json_pack("{s:o, s:I}", "tasks", l.tasks, "total", (json_int_t)manager_count(g->m.manager)), err);
}

/* --- scrubber and gc
 * -------------------------------------------------------------------------------------------------------- */

int gateway_scrub_status(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    ScrubStats stats = SCRUB_STATS__INIT;
    json_t *root = NULL;
    bool running = false;
    scrubber_stats(g->m.scrubber, &stats, &running);
    stats.next_key = (ProtobufCBinaryData){0}; /* where it stands inside is nobody's business */
    int rc = json_from_pb(&stats, &root, err);
    if (rc)
        return rc;
    json_object_del(root, "next_key");
    json_object_set_new(root, "running", json_boolean(running));
    return reply_json(r, 200, root, err);
}

int gateway_scrub_start(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    scrubber_kick(g->m.scrubber);
    return gateway_scrub_status(ctx, r, err);
}

int gateway_gc_status(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    struct gc_stats s;
    gc_get_stats(g->m.gc, &s);
    return reply_json(r, 200,
                      json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "positions_deleted",
                                (json_int_t)s.positions_deleted, "pieces_deleted", (json_int_t)s.pieces_deleted,
                                "bytes_deleted", (json_int_t)s.bytes_deleted, "waiting", (json_int_t)s.waiting,
                                "unsealed_expired", (json_int_t)s.unsealed_expired, "orphans", (json_int_t)s.orphans,
                                "missing", (json_int_t)s.missing, "runs", (json_int_t)s.runs, "last_run_ms",
                                (json_int_t)s.last_run_ms),
                      err);
}

int gateway_gc_start(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    int rc = gc_run(g->m.gc, true, err);
    return rc ? rc : gateway_gc_status(ctx, r, err);
}
