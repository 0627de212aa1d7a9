/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/challenge_check.h"

#include "chain/coding/piece.h"
#include "chain/types/layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHECK_DEADLINE_MS = 60000, CHECK_IDLE_MS = 15000, ROOT_LEN = sizeof(struct hash) };

const char *challenge_verdict_name(enum challenge_verdict verdict) {
    static const char *const names[] = {"MATCH", "MISMATCH", "UNAVAILABLE"};
    return names[verdict];
}

/* The answer against the ledger: CODE_OK, CODE_INTEGRITY with what is wrong, or CODE_NO_MEMORY. */
static int judge(const ObjectInfo *o, uint32_t position, uint64_t segment, struct bytes answer, struct err *err) {
    uint64_t segments = layout_segments(o->profile, o->payload_size);
    size_t piece = (size_t)layout_piece_len(o->profile, o->payload_size, segment, position);
    size_t head = 4 + (size_t)segments * ROOT_LEN;
    if (answer.len < 4 || load_be32(answer.data) != segments || answer.len != head + piece)
        return err_set(err, CODE_INTEGRITY, "it sent %zu bytes where %zu roots and a piece of %zu bytes are due",
                       answer.len, (size_t)segments, piece);
    size_t leaves = (size_t)leaf_count(piece);
    struct hash *roots = malloc((size_t)segments * sizeof *roots), *scratch = malloc(leaves * sizeof *scratch);
    int rc = roots && scratch ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory to check a piece");
    if (!rc) {
        memcpy(roots, answer.data + 4, (size_t)segments * ROOT_LEN);
        struct hash named = roots[segment], checksum = checksum_of(roots, (size_t)segments);
        struct hash got = piece_hash(answer.data + head, piece, scratch, NULL);
        if (!bytes_eq(hash_bytes(&checksum), bytes_of(o->checksums[position].data, o->checksums[position].len)))
            rc = err_set(err, CODE_INTEGRITY, "its piece roots do not lead to the checksum on the ledger");
        else if (!hash_eq(&got, &named))
            rc = err_set(err, CODE_INTEGRITY, "the piece that it sent does not hash to its root");
    }
    free(roots);
    free(scratch);
    return rc;
}

static int check_question(const struct placement *p, uint32_t position, uint64_t segment, struct err *err) {
    if (!p->group)
        return err_set(err, CODE_OBJECT_STATUS, "%s is not sealed, or has no bytes: nothing to challenge",
                       p->object->object_name);
    if (position >= p->positions)
        return err_set(err, CODE_CHALLENGE_POSITION, "the object has positions 0 to %u", p->positions - 1);
    uint64_t segments = layout_segments(p->object->profile, p->object->payload_size);
    if (segment >= segments)
        return err_set(err, CODE_CHALLENGE_SEGMENT, "the object has segments 0 to %" PRIu64, segments - 1);
    return CODE_OK;
}

int challenge_check(struct sp_client *client, const struct placement *p, uint32_t position, uint64_t segment,
                    struct challenge_report *ret, struct err *err) {
    char path[160];
    int rc = check_question(p, position, segment, err);
    if (rc)
        return rc;
    const ObjectInfo *o = p->object;
    struct challenge_report report = {.sp_id = p->sps[position]->id};
    size_t piece = (size_t)layout_piece_len(o->profile, o->payload_size, segment, position);
    size_t most = 4 + (size_t)layout_segments(o->profile, o->payload_size) * ROOT_LEN + piece;
    err_clear(&report.why);
    snprintf(path, sizeof path, "/v1/challenge/%" PRIu64 "/%u/%" PRIu64, o->id, position, segment);
    struct http_call call = {.body_max = most + 1, .deadline_ms = CHECK_DEADLINE_MS, .idle_ms = CHECK_IDLE_MS};
    rc = sp_client_call(client, report.sp_id, path, &call, &report.why);
    if (!rc) {
        rc = judge(o, position, segment, buf_bytes(&call.body), &report.why);
        report.bytes = piece;
    }
    http_call_release(&call);
    if (rc == CODE_DENIED || rc == CODE_UNAUTHENTICATED || rc == CODE_BAD_SIGNATURE || rc == CODE_QUOTA ||
        rc == CODE_NO_MEMORY || rc == CODE_POLICY_DENIES) {
        if (err)
            *err = report.why;
        return rc;
    }
    report.verdict = !rc                                            ? CHALLENGE_MATCH
                     : rc == CODE_INTEGRITY || rc == CODE_TOO_LARGE ? CHALLENGE_MISMATCH
                                                                    : CHALLENGE_UNAVAILABLE;
    *ret = report;
    return CODE_OK;
}
