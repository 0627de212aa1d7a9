/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_OS_QUEUE_H
#define CAIRN_CHAIN_OS_QUEUE_H
/*
 * A bounded queue of pointers between threads, first in first out. Elements are handed over: after a successful put the
 * taker owns them. Closing wakes everybody; what is still inside can be taken.
 */
#include "chain/os/thread.h"

#include <stddef.h>

struct queue {
    struct mutex lock;
    struct cond not_empty, not_full;
    void **at;
    size_t cap, head, len;
    bool closed;
};

int queue_init(struct queue *q, size_t cap, struct err *err);
/* The queue must be empty, or its elements owned by somebody else. */
void queue_release(struct queue *q);
/* CODE_OK; CODE_TIMEOUT when it is full until the deadline (clock_mono_ns; 0: do not wait); CODE_CLOSED. */
int queue_put(struct queue *q, void *x, uint64_t deadline_ns);
/* CODE_OK and *ret; CODE_TIMEOUT when it is empty until the deadline; CODE_CLOSED when closed and empty. */
int queue_take(struct queue *q, uint64_t deadline_ns, void **ret);
/* Up to max elements at once, at least one: fewer wake-ups for those who work in batches. */
int queue_take_many(struct queue *q, uint64_t deadline_ns, void **ret, size_t max, size_t *ret_n);
void queue_close(struct queue *q);

#endif
