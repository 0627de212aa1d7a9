/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLIENT_LIB_CHALLENGE_CHECK_H
#define CAIRN_CLIENT_LIB_CHALLENGE_CHECK_H
/*
 * The whole-piece challenge, off the ledger: fetch a piece and all piece roots of its position from the provider, hash,
 * compare with the sealed checksum. Anybody with permission to read may run it; it is counted like a read.
 *
 * The provider answers GET /v1/challenge/OBJECT/POSITION/SEGMENT with
 *     roots u32be | roots x 32 bytes, in segment order | the piece
 */
#include "client/lib/placement.h"
#include "client/lib/sp_client.h"

enum challenge_verdict {
    CHALLENGE_MATCH,       /* the provider holds what was sealed */
    CHALLENGE_MISMATCH,    /* it sent something else */
    CHALLENGE_UNAVAILABLE, /* it did not answer, or not in time */
};

struct challenge_report {
    enum challenge_verdict verdict;
    uint32_t sp_id;
    uint64_t bytes; /* of the piece */
    struct err why; /* for all but a match: code and sentence */
};

const char *challenge_verdict_name(enum challenge_verdict verdict); /* "MATCH" ... */

/* CODE_OK with a verdict in *ret. An error only when there is nothing to check (CODE_CHALLENGE_POSITION,
 * CODE_CHALLENGE_SEGMENT, CODE_OBJECT_STATUS), the reader may not read (CODE_DENIED, CODE_UNAUTHENTICATED, CODE_QUOTA),
 * or memory is short. */
int challenge_check(struct sp_client *client, const struct placement *placement, uint32_t position, uint64_t segment,
                    struct challenge_report *ret, struct err *err);

#endif
