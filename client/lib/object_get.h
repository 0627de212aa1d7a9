/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_OBJECT_GET_H
#define CAIRN_CLIENT_LIB_OBJECT_GET_H
/* Reading an object, or a part of it: verified bytes, in order, whoever of the providers can serve them. */
#include "client/lib/piece_fetch.h"

struct object_get {
    uint64_t offset;
    uint64_t length;   /* UINT64_MAX: to the end */
    unsigned parallel; /* segments at once; 0: 3 */
    /* Takes verified bytes in order; borrowed for the call. Not from two threads at once. */
    int (*sink)(void *ctx, struct bytes data, struct err *err);
    /* May be NULL: bytes handed on so far. */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
};

/* Reads through fetch (whose faults tell afterwards who was skipped and why). CODE_RANGE: outside of the object; else
 * as piece_fetch_segment, or what the sink answered. */
int object_get_run(struct piece_fetch *fetch, const struct object_get *get, struct err *err);

#endif
