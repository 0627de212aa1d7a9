/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_OBJECT_PUT_H
#define CAIRN_CLIENT_LIB_OBJECT_PUT_H
/*
 * Storing an object in two steps (storage.md §4): hash the file, ask the primary for an approval, create the object on
 * the ledger under the content root that was computed here, send the payload to the primary in parts, wait for the
 * seal. What is sealed is checked, proven, against what was hashed: no provider can seal anything else.
 */
#include "cairn/sp_wire.h"
#include "client/lib/placement.h"
#include "client/lib/sp_client.h"

enum object_put_stage {
    PUT_HASH,
    PUT_APPROVE,
    PUT_CREATE,
    PUT_UPLOAD,
    PUT_REPLICATE,
    PUT_SEAL,
    PUT_DONE,
};

const char *object_put_stage_name(enum object_put_stage stage);

struct object_put {
    const char *bucket, *object;
    int fd;        /* the payload: a regular file, read by pread from several threads; size bytes from offset 0 */
    uint64_t size; /* bytes */
    const Profile *profile;       /* NULL: the bucket's */
    const char *content_type;     /* NULL: application/octet-stream */
    Visibility visibility;        /* 0: the bucket's */
    uint64_t max_price;           /* per position; 0: what the primary asks, doubled */
    uint64_t term_ms;             /* 0: open-ended */
    uint64_t fee;                 /* of the create; 0: as asked */
    bool overwrite;               /* replace what is there at the seal; until then that stays readable */
    bool wait_sealed;             /* else returns when the payload is with the primary */
    uint32_t min_positions;       /* waits until so many are sealed; 0, or more than there are: all */
    uint64_t timeout_ms;          /* for the seal; 0: 10 minutes */
    const struct addr *creator;   /* who has granted the key's account this; NULL: that account itself */
    const struct addr *fee_payer; /* who has granted it fees; NULL: it pays them */
    uint64_t keep_ms;      /* one step: how long providers keep what is not stored; 0: 50 minutes, at most an hour */
    uint8_t upload_id[16]; /* all zero: a new one; else goes on with that upload */
    /* May be NULL. done of total: bytes, or positions while replicating. */
    void (*progress)(void *ctx, enum object_put_stage stage, uint64_t done, uint64_t total);
    void *ctx;
};

struct object_put_result {
    uint64_t object_id, version, height;
    uint32_t primary_sp;
    struct hash content_root;
    struct hash create_tx;
    uint8_t upload_id[16];
    bool sealed, resumed;
    uint32_t positions, sealed_positions; /* as far as was seen */
};

/* An object of that name in state CREATED (or a version on its way to replace one) with the same creator, size and
 * content root is gone on with; any other is CODE_ALREADY_EXISTS, or replaced with `overwrite`: by this very version or
 * not at all (CODE_OBJECT_VERSION when somebody else replaced it meanwhile). On an error after the create *ret tells
 * what is needed to go on (and `object put` again does).
 */
int object_put_run(struct sp_client *client, const struct object_put *put, struct arena *arena,
                   struct object_put_result *ret, struct err *err);

/* What storing in one step or two begins with: checked names, the bucket, its profile or put's, who creates, and the
 * highest price of a position. On the arena. CODE_UNAUTHENTICATED without a key. */
int object_put_open(struct sp_client *client, const struct object_put *put, struct arena *arena,
                    const BucketInfo **ret_bucket, const Profile **ret_profile, struct addr *ret_creator,
                    uint64_t *ret_max_price, struct err *err);

/* How far an upload is, as its primary says: asked by the object's creator; waits up to wait_ms (at most 10,000) for a
 * change. CODE_NOT_FOUND: no upload of it was begun, or it is over and forgotten. */
int object_put_progress(struct sp_client *client, uint32_t primary_sp, const char *bucket, const char *object,
                        uint64_t wait_ms, struct arena *arena, UploadProgress **ret, struct err *err);

/* The content root of the first size bytes of fd: whole segments' piece roots under one checksum. Two threads hash. */
int object_content_root(int fd, uint64_t size, const Profile *profile, const struct object_put *progress,
                        struct hash *ret, struct err *err);

#endif
