/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/http/exchange.h"
#include "chain/os/clock.h"
#include "chain/os/random.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct http_request *exchange_new(struct http_server *s, const char *uri) {
    struct http_request *r = (struct http_request *)calloc(1, sizeof *r);
    if (!r)
        return NULL;
    arena_init(&r->arena, s->cfg.memory_max);
    ring_init(&r->out, HTTP_STREAM_BUFFER);
    mutex_init(&r->lock);
    cond_init(&r->changed);
    r->server = s;
    r->refs = 1;
    r->start_ns = clock_mono_ns();
    (void)snprintf(r->id, sizeof r->id, "%016llx", (unsigned long long)random_u64());
    r->uri = strlen(uri) <= HTTP_URI_MAX ? arena_strdup(&r->arena, uri) : NULL;
    mutex_lock(&s->lock);
    list_push_back(&s->live, &r->node);
    r->closing = s->closed;
    mutex_unlock(&s->lock);
    metric_change(s->in_flight, 1);
    return r;
}

static void exchange_free(struct http_request *r) {
    struct http_server *s = r->server;
    mutex_lock(&s->lock);
    list_remove(&r->node);
    cond_broadcast(&s->changed);
    mutex_unlock(&s->lock);
    metric_change(s->in_flight, -1);
    if (r->response)
        MHD_destroy_response(r->response);
    for (size_t i = 0; i < r->n_reply_headers; i++) {
        free((void *)(uintptr_t)r->reply_headers[i].name);
        free((void *)(uintptr_t)r->reply_headers[i].value);
    }
    free(r->reply_headers);
    ring_release(&r->in);
    ring_release(&r->out);
    arena_release(&r->arena);
    cond_release(&r->changed);
    mutex_release(&r->lock);
    free(r);
}

void exchange_unref(struct http_request *r) {
    mutex_lock(&r->lock);
    assert(r->refs);
    bool last = --r->refs == 0;
    mutex_unlock(&r->lock);
    if (last)
        exchange_free(r);
}

void exchange_resume(struct http_request *r) {
    if (!r->suspended)
        return;
    r->suspended = false;
    MHD_resume_connection(r->conn);
}

void exchange_suspend(struct http_request *r) {
    assert(!r->suspended);
    r->suspended = true;
    MHD_suspend_connection(r->conn);
}
