/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_X_STORAGE_INVARIANTS_H
#define CAIRN_X_STORAGE_INVARIANTS_H
#include "x/base/ctx.h"

/*
 * Buckets count their objects, bytes and slots; owners their buckets and groups; groups their members. Indexes lead
 * both ways; queues hold exactly the objects of their status. Bytes add up from objects to slots to placement groups to
 * providers, in records and in the sets that draws use; a slot's rates are the sum over its objects. CODE_INTERNAL says
 * which is broken. Reads the whole module's state: for tests and debug builds.
 */
int storage_invariants(struct ctx *ctx, struct err *err);

#endif
