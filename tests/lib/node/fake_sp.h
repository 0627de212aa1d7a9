/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_NODE_FAKE_SP_H
#define CAIRN_TESTS_LIB_NODE_FAKE_SP_H
/* Providers that hold one object, by position, over HTTP as real ones do; each can be told how to fail. */
#include "chain/coding/cut.h"
#include "client/lib/placement.h"
#include "client/lib/sp_client.h"
#include "tests/lib/node/fake_node.h"

#include <stdatomic.h>

enum fake_fault {
    FAKE_GOOD,
    FAKE_WRONG_BYTE,   /* one byte of what it sends is another one */
    FAKE_WRONG_ROOTS,  /* its list of piece roots is another one */
    FAKE_WRONG_GROUPS, /* its hashes of groups are others */
    FAKE_STALL,        /* it answers a part, then nothing */
    FAKE_ERROR,        /* 500 */
    FAKE_DENY,         /* 403 */
    FAKE_VANISH,       /* it cuts the connection in the middle */
    FAKE_LONG,         /* it sends more than it was asked for */
    FAKE_GONE,         /* nobody listens */
};

struct fake_object;

struct fake_sp {
    struct fake_object *object;
    struct http_server *server;
    uint32_t position;
    _Atomic enum fake_fault fault;
    atomic_uint pieces_asked;
};

struct fake_object {
    struct fake_node node;
    struct sp_client *client; /* anonymous */
    struct coder coder;
    uint64_t size, segments;
    uint8_t *payload;
    uint32_t positions;
    uint8_t **pieces;     /* [position * segments + segment] */
    struct hash **groups; /* the same */
    struct hash **roots;  /* [position] */
    struct fake_sp sps[CODE_N_MAX];
    struct placement placement; /* as placement_find would give it */
    ObjectInfo info;
    BucketInfo bucket;
    PlacementGroup group;
    StorageProvider records[CODE_N_MAX];
    const StorageProvider *by_position[CODE_N_MAX];
    Profile profile;
};

/* A payload of size bytes under the profile, its pieces, a provider for each position (SP ids from 1), all good. */
void fake_object_start(struct fake_object *object, const char *profile, uint64_t segment_size, uint64_t size);
void fake_object_stop(struct fake_object *object);

#endif
