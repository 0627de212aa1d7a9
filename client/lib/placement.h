/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_PLACEMENT_H
#define CAIRN_CLIENT_LIB_PLACEMENT_H
/*
 * Where an object lies: its proven records, from the name down to the providers of its positions. Readers, repairers
 * and `cairn object where` all ask here.
 */
#include "cairn/sp.h"
#include "cairn/storage.h"
#include "client/lib/ledger.h"

struct placement {
    const BucketInfo *bucket;
    const ObjectInfo *object;
    const PlacementGroup *group;       /* NULL while it is not sealed, and for objects of zero bytes */
    const StorageProvider *const *sps; /* by position; NULL with group */
    uint32_t positions;                /* 0 with group NULL */
    uint64_t height;                   /* the oldest state that one of the records was proven at */
};

/* Proven bucket and object by name. CODE_NOT_FOUND says which is missing. min_height as for ledger_record. */
int placement_find(struct ledger *ledger, const char *bucket, const char *object, uint64_t min_height,
                   struct arena *arena, struct placement *ret, struct err *err);

/* Proven: the version on its way to replace the object found. CODE_NOT_FOUND. */
int placement_replacement(struct ledger *ledger, const struct placement *found, struct arena *arena, ObjectInfo **ret,
                          struct err *err);

/* A bucket alone. */
int placement_bucket(struct ledger *ledger, const char *bucket, uint64_t min_height, struct arena *arena,
                     BucketInfo **ret, struct err *err);

/* A provider by its id. */
int placement_sp(struct ledger *ledger, uint32_t sp_id, struct arena *arena, StorageProvider **ret, struct err *err);

/* The position that an SP holds, or UINT32_MAX. */
uint32_t placement_position_of(const struct placement *placement, uint32_t sp_id);

#endif
