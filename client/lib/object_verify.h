/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_OBJECT_VERIFY_H
#define CAIRN_CLIENT_LIB_OBJECT_VERIFY_H
/*
 * Everything that can be checked of a sealed object: each position still serves each of its pieces and they hash to the
 * sealed checksum; the content hashes to the content root that the owner signed; the columns are the code of that
 * content. Reads every piece once, and the content once more.
 */
#include "client/lib/piece_fetch.h"

struct object_verify_result {
    bool content;         /* the content is what the owner signed */
    uint64_t coded_wrong; /* bit i: position i was sealed with something that is not the code of the content */
    uint64_t pieces;      /* checked and good, over all positions */
    uint64_t bytes;       /* of them */
};

/* fetch->faults tells afterwards which positions failed and why. progress (may be NULL): pieces done of all. CODE_OK
 * when all could be judged, whatever the judgement; else why the content cannot be had. */
int object_verify_run(struct piece_fetch *fetch, void (*progress)(void *ctx, uint64_t done, uint64_t total), void *ctx,
                      struct object_verify_result *ret, struct err *err);

#endif
