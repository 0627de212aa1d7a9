/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_REPLACE_H
#define CAIRN_X_STORAGE_REPLACE_H
/*
 * A new version on its way to replace a sealed object: it has the object's id and name and a version of its own, and
 * waits in a record of its own for its seal. Until then the old version is the object: read, paid for, challenged.
 * The seal puts the new one in its place in one step. The object's record names it (`replacing`); there is at most one.
 */
#include "x/storage/object.h"

/* The one that object->replacing names. */
int replacement_get(struct ctx *ctx, const ObjectInfo *object, ObjectInfo **ret, struct err *err);

/* `next` has the object's name and bucket; gives it the object's id, puts it on its way (with the queue of what is not
 * sealed) and puts the object. CODE_OBJECT_STATUS, CODE_OBJECT_REPLACING. */
int replacement_may_begin(const ObjectInfo *object, struct err *err);
int replacement_begin(struct ctx *ctx, ObjectInfo *object, ObjectInfo *next, struct err *err);

/* Gives it up: unlocked, forgotten, an event for the end; changes object->replacing, the caller puts the object. */
int replacement_drop(struct ctx *ctx, ObjectInfo *object, enum object_end end, const char *reason, struct err *err);

/* Its seal: settles the old version and takes it out of its slot, tells its providers to collect it
 * (storage.object_replaced), takes over what hangs on the object. The caller gives the new one its slot and puts it.
 * `next` may be one that was never on its way (no bytes, or sealed in one step). */
int replacement_take_over(struct ctx *ctx, BucketInfo *bucket, const ObjectInfo *object, ObjectInfo *next,
                          struct err *err);

#endif
