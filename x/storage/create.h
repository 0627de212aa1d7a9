/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_CREATE_H
#define CAIRN_X_STORAGE_CREATE_H
/* What the messages share that make an object: MsgCreateObject, MsgCopyObject, MsgStoreObject. */
#include "x/base/ctx.h"

#include "cairn/storage.h"
#include "x/storage/sponsor.h"

struct creation {
    struct bytes encoded; /* the spec as it was sent */
    CreateObjectSpec *spec;
    BucketInfo *bucket;
    ObjectInfo *there;  /* that it replaces; NULL: the name is free */
    ObjectInfo *object; /* the new one, CREATED, not stored yet */
    struct sponsor sponsor;
};

/* Judges the spec and builds the object with a fresh id and version: names, sizes, fields, term and renewal, prices,
 * the right to create under this name (whose size budget is spent) and to delete what it replaces, and that what lies
 * there is what the spec expects. */
int create_open(struct ctx *ctx, ProtobufCBinaryData spec, struct creation *ret, struct err *err);

/* Takes the primary's approval and locks what the object may cost. An object of no bytes needs neither: it is sealed.
 */
int create_commit(struct ctx *ctx, struct creation *c, const SignedApproval *approval, struct err *err);

/* What the message has taken of a sponsor of the bucket is taken from its grant: the last thing that a create does that
 * does not insert. */
int create_charge(struct ctx *ctx, const struct creation *c, struct err *err);

/* Charges it (create_charge); puts the object, or sends it on its way to replace the one that is there; counts it;
 * event and id. */
int create_insert(struct ctx *ctx, struct creation *c, struct err *err);

/* storage.object_created */
void create_emit(struct ctx *ctx, const ObjectInfo *object);

#endif
