/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_OBJECT_H
#define CAIRN_X_STORAGE_OBJECT_H
/* Objects: the record lies under bucket and name, so that a bucket lists by prefix; an index by id; queues of those
 * that are not sealed yet and of those whose term ends. */
#include "x/base/ctx.h"

#include "cairn/storage.h"

#define OBJECT_POSITIONS_MAX 64 /* CODE_N_MAX: what a bitmap of 8 bytes holds */

/* *ret is NULL when there is none. */
int object_find(struct ctx *ctx, uint64_t bucket_id, const char *object_name, ObjectInfo **ret, struct err *err);
/* CODE_OBJECT_NOT_FOUND with bucket and name. */
int object_get(struct ctx *ctx, const BucketInfo *bucket, const char *object_name, ObjectInfo **ret, struct err *err);
int object_by_id(struct ctx *ctx, uint64_t object_id, ObjectInfo **ret, struct err *err);
int object_put(struct ctx *ctx, const ObjectInfo *object, struct err *err);

/* Record and index of a new one; the name must be free. The caller counts it in the bucket. */
int object_insert(struct ctx *ctx, const ObjectInfo *object, struct err *err);

/* CODE_OBJECT_STATUS with what it is and what it would have to be. */
int object_need_status(const ObjectInfo *object, int status, struct err *err);
const char *object_status_name(int status);

/* Why an object ends; the event's word. */
enum object_end {
    OBJECT_DELETED,
    OBJECT_CANCELLED,
    OBJECT_REJECTED,
    OBJECT_UNSEALED,
    OBJECT_EXPIRED,
    OBJECT_UNPAID,
    OBJECT_DISCONTINUED,
    OBJECT_REPLACED,
};
/* "storage.object_deleted" ... */
const char *object_end_event(enum object_end end);
const char *object_end_name(enum object_end end);

/* Sealed, and not gone: also while it is discontinued, until it is deleted. */
bool object_is_stored(const ObjectInfo *object);

/* Takes a stored object's bytes out of slot, groups and providers and settles them, and takes it out of the queues of
 * what is stored. *ret_sps: its providers by position, as text. The caller puts object and bucket. */
int object_unplace(struct ctx *ctx, BucketInfo *bucket, const ObjectInfo *object, char **ret_sps, struct err *err);
/* The entries in those queues that an object which has just been sealed needs. */
int object_enqueue(struct ctx *ctx, const ObjectInfo *object, struct err *err);

/* What was just unplaced goes into a slot for this group (0: it has no bytes) and into the queues again; fresh: bits of
 * the positions that are sealed by it, 0 when all providers agreed to it anew (a renewal). Puts object and bucket. */
int object_place_again(struct ctx *ctx, BucketInfo *bucket, ObjectInfo *object, uint64_t group_id, uint64_t fresh,
                       struct err *err);

/* The end of an object, whatever its state: money settled and given back, slot and weights, indexes, queues, policies,
 * a version on its way to replace it; what was stored is remembered for a while (ended.h);
 * an event "storage.object_<end>" that tells providers what to collect. Counts it out of *bucket and puts that.
 * `reason` may be "". */
int object_remove(struct ctx *ctx, BucketInfo *bucket, ObjectInfo *object, enum object_end end, const char *reason,
                  struct err *err);

/* Who locked for it, or paid its term ahead. */
struct addr object_payer(const ObjectInfo *object);
/* Who has what its end gives back: that one, or for an open-ended object its bucket's payer. */
struct addr object_refunded(const BucketInfo *bucket, const ObjectInfo *object);
struct addr object_creator(const ObjectInfo *object);

#endif
