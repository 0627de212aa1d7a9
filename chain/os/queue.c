/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/os/queue.h"

#include <assert.h>
#include <stdlib.h>

int queue_init(struct queue *q, size_t cap, struct err *err) {
    assert(cap);
    void **at = (void **)calloc(cap, sizeof *at);
    if (!at)
        return err_set(err, CODE_NO_MEMORY, "no memory for a queue of %zu", cap);
    *q = (struct queue){.at = at, .cap = cap};
    mutex_init(&q->lock);
    cond_init(&q->not_empty);
    cond_init(&q->not_full);
    return CODE_OK;
}

void queue_release(struct queue *q) {
    if (!q->at)
        return;
    cond_release(&q->not_full);
    cond_release(&q->not_empty);
    mutex_release(&q->lock);
    free(q->at);
    q->at = NULL;
}

int queue_put(struct queue *q, void *x, uint64_t deadline_ns) {
    int rc = CODE_OK;
    mutex_lock(&q->lock);
    while (!q->closed && q->len == q->cap && rc == CODE_OK)
        if (!deadline_ns || !cond_wait_until(&q->not_full, &q->lock, deadline_ns))
            rc = CODE_TIMEOUT;
    if (q->closed) {
        rc = CODE_CLOSED;
    } else if (q->len < q->cap) {
        rc = CODE_OK;
        q->at[(q->head + q->len++) % q->cap] = x;
        cond_signal(&q->not_empty);
    }
    mutex_unlock(&q->lock);
    return rc;
}

int queue_take_many(struct queue *q, uint64_t deadline_ns, void **ret, size_t max, size_t *ret_n) {
    int rc = CODE_OK;
    assert(max);
    mutex_lock(&q->lock);
    while (!q->len && !q->closed && rc == CODE_OK)
        if (!deadline_ns || !cond_wait_until(&q->not_empty, &q->lock, deadline_ns))
            rc = CODE_TIMEOUT;
    if (q->len) {
        rc = CODE_OK;
        size_t n = 0;
        for (; n < max && q->len; n++) {
            ret[n] = q->at[q->head];
            q->head = (q->head + 1) % q->cap;
            q->len--;
        }
        *ret_n = n;
        if (n > 1)
            cond_broadcast(&q->not_full);
        else
            cond_signal(&q->not_full);
    } else if (q->closed) {
        rc = CODE_CLOSED;
    }
    mutex_unlock(&q->lock);
    return rc;
}

int queue_take(struct queue *q, uint64_t deadline_ns, void **ret) {
    size_t n;
    return queue_take_many(q, deadline_ns, ret, 1, &n);
}

void queue_close(struct queue *q) {
    mutex_lock(&q->lock);
    q->closed = true;
    cond_broadcast(&q->not_empty);
    cond_broadcast(&q->not_full);
    mutex_unlock(&q->lock);
}
