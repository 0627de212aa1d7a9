/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_OBJECT_DIRECT_H
#define CAIRN_CLIENT_LIB_OBJECT_DIRECT_H
/*
 * Storing an object in one step (storage.md §4): the client codes it and stages its pieces (object_stage.h), then one
 * transaction creates and seals it. Nothing is on the ledger before the bytes are safe, and no provider can have
 * coded anything: the layout root over all checksums is the creator's own.
 */
#include "client/lib/object_put.h"

/* As object_put_run, with stages hash (only where an object of that name and size is there already), approve, upload,
 * replicate (receipts), seal. An object with the same creator, size and content is *ret, with resumed set; with
 * put->overwrite any other is replaced, by this very version or not at all. What an error leaves at providers goes by
 * itself. */
int object_direct_run(struct sp_client *client, const struct object_put *put, struct arena *arena,
                      struct object_put_result *ret, struct err *err);

#endif
