/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_GATEWAY_HOLDS_H
#define CAIRN_SP_GATEWAY_HOLDS_H
/*
 * Objects that the operator holds: while one is held, nobody scrubs it, rebuilds it or answers challenges about it. For
 * drills: damage that nobody mends. Durable, so that a restart does not end a hold.
 *
 * Thread-safe.
 */
#include "chain/os/thread.h"
#include "sp/spdb/spdb.h"

enum { HOLDS_MAX = 256 };

struct holds {
    struct spdb *db; /* borrowed */
    struct mutex lock;
    uint64_t ids[HOLDS_MAX]; /* ascending */
    size_t count;
};

/* Reads what an earlier run noted. */
int holds_init(struct holds *holds, struct spdb *db, struct err *err);
void holds_release(struct holds *holds);

/* An object that is held already is fine. CODE_LIMIT. Durable on CODE_OK. */
int holds_add(struct holds *holds, uint64_t object_id, struct err *err);
/* object_id 0: all of them. One that is not held is fine. */
int holds_remove(struct holds *holds, uint64_t object_id, struct err *err);

/* For others' callbacks; ctx is the struct holds. */
bool holds_has(void *ctx, uint64_t object_id);
size_t holds_count(struct holds *holds);

#endif
