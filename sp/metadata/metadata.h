/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_METADATA_METADATA_H
#define CAIRN_SP_METADATA_METADATA_H
/*
 * QueryMeta: buckets, objects, listings, reads. What the ledger knows comes from the operator's node as it is now; what
 * was read here comes from the provider's own records, for the bucket's owner only. Nothing here is proven: clients
 * that want proofs ask the ledger.
 *
 * Thread-safe. Answers lie on the caller's arena.
 */
#include "cairn/sp_wire.h"
#include "cairn/storage.h"
#include "sp/authenticator/authenticator.h"
#include "sp/spdb/spdb.h"

enum { METADATA_PAGE_MAX = 1000 };

struct metadata {
    struct ledger *ledger; /* borrowed, all of them */
    struct authenticator *auth;
    struct spdb *db;
};

void metadata_init(struct metadata *metadata, struct ledger *ledger, struct authenticator *auth, struct spdb *db);

/* An account's buckets by name, behind start_after. Whoever asks: the ledger tells everybody. limit 0: a page. */
int metadata_buckets(struct metadata *metadata, const struct addr *owner, const char *start_after, uint32_t limit,
                     struct arena *arena, BucketsAnswer **ret, struct err *err);
/* CODE_BUCKET_NOT_FOUND, CODE_BUCKET_NAME. */
int metadata_bucket(struct metadata *metadata, const char *bucket, struct arena *arena, BucketInfo **ret,
                    struct err *err);
/* The bucket, if the caller owns it. CODE_DENIED, CODE_UNAUTHENTICATED. */
int metadata_owned(struct metadata *metadata, const struct caller *caller, const char *bucket, struct arena *arena,
                   BucketInfo **ret, struct err *err);

/* An object's record, to whoever may read the object. CODE_OBJECT_NOT_FOUND and others, CODE_DENIED. */
int metadata_object(struct metadata *metadata, const struct caller *caller, const char *bucket, const char *object,
                    struct arena *arena, ObjectInfo **ret, struct err *err);

struct metadata_list {
    const char *bucket;
    const char *prefix;
    const char *delimiter;
    const char *start_after;
    uint32_t limit; /* 0: a page */
};
/* Objects by name, to whoever may list the bucket. */
int metadata_objects(struct metadata *metadata, const struct caller *caller, const struct metadata_list *list,
                     struct arena *arena, ObjectsAnswer **ret, struct err *err);

/* What was read of a bucket from a time on, a page. */
int metadata_reads(struct metadata *metadata, uint64_t bucket_id, uint64_t from_ms, struct arena *arena,
                   ReadsBody **ret, struct err *err);

#endif
