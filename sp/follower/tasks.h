/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_FOLLOWER_TASKS_H
#define CAIRN_SP_FOLLOWER_TASKS_H
/* From what the ledger says to this provider's records and tasks; private to the follower. All safe to do twice. */
#include "sp/follower/follower.h"

/* An object that is sealed, and who holds its positions: ids by position, divided by commas. */
struct sealed_object {
    uint64_t object_id, version;
    const char *sps;
    uint64_t stage;     /* its positions may lie here under this id; 0: they do not */
    uint64_t positions; /* bit i: position i is sealed */
};

/* Positions held here that the seal gave to this provider are kept from now on; staged ones become the object's by a
 * task. */
int tasks_sealed(struct follower *f, const struct sealed_object *object, struct err *err);
/* The object, or this version of it (0: all of them), has ended: a task to remove what is held of it, if anything is.
 */
int tasks_gc(struct follower *f, uint64_t object_id, uint64_t version, struct err *err);
/* This version is to be made here from the object that it is a copy of. */
int tasks_copy(struct follower *f, uint64_t object_id, uint64_t version, struct err *err);
/* kind and priority are filled here. */
int tasks_challenge(struct follower *f, Task *task, struct err *err);
int tasks_repair(struct follower *f, Task *task, struct err *err);
/* A position of a placement group that this provider has reserved is to be fetched. */
int tasks_take_over(struct follower *f, uint64_t group_id, uint32_t position, struct err *err);
/* A bucket is on its way to this provider. */
int tasks_migrate(struct follower *f, uint64_t bucket_id, struct err *err);

#endif
