/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/executor/answer.h"

#include "cairn/challenge.h"
#include "chain/codec/pb.h"
#include "chain/os/log.h"
#include "chain/types/answer.h"
#include "chain/types/layout.h"
#include "sp/executor/repair.h"
#include "sp/piecestore/checked.h"
#include "sp/spdb/pieces.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_MAX = 4 << 20, PATH_LEN = 96, UNKNOWN_TRIES = 8 };

/* The path from a piece root up to the position's checksum. */
static int prove_piece(struct provider *p, const Challenge *c, struct arena *arena, MsgAnswerChallenge *answer,
                       struct hash *ret_root, struct err *err) {
    uint64_t segments = layout_segments(c->profile, c->payload_size), have = 0;
    struct hash *roots = arena_array(arena, (size_t)segments, sizeof *roots);
    struct hash *path = arena_array(arena, LIST_PATH_MAX, sizeof *path);
    size_t len = 0;
    if (!roots || !path)
        return err_set(err, CODE_NO_MEMORY, "no memory for an answer");
    int rc = piece_roots_read(p->db, c->object_id, c->version, c->position, segments, roots, NULL, &have, err);
    if (!rc && have < segments)
        rc = err_set(err, CODE_NOT_FOUND, "%" PRIu64 " of %" PRIu64 " pieces of the position are not here",
                     segments - have, segments);
    if (rc)
        return rc;
    *ret_root = roots[c->segment];
    list_tree_prove(DOMAIN_PNODE, roots, (size_t)segments, c->segment, path, &len);
    answer->n_piece_path = len;
    answer->piece_path = arena_array(arena, len ? len : 1, sizeof *answer->piece_path);
    if (!answer->piece_path)
        return err_set(err, CODE_NO_MEMORY, "no memory for an answer");
    for (size_t i = 0; i < len; i++)
        answer->piece_path[i] = (ProtobufCBinaryData){sizeof path[i].b, path[i].b};
    return CODE_OK;
}

static int prove_leaf(struct provider *p, const Challenge *c, const struct hash *root, uint64_t index,
                      struct arena *arena, LeafProof **ret, struct err *err) {
    struct piece_key key = {c->object_id, c->version, c->position, c->segment};
    uint64_t length = layout_piece_len(c->profile, c->payload_size, c->segment, c->position);
    struct leaf_proof *proof = ARENA_NEW(arena, struct leaf_proof);
    LeafProof *leaf = ARENA_NEW(arena, LeafProof);
    if (!proof || !leaf)
        return err_set(err, CODE_NO_MEMORY, "no memory for an answer");
    int rc = checked_prove(p->pieces, &key, root, length, index, proof, err);
    if (rc)
        return rc;
    leaf_proof__init(leaf);
    leaf->index = index;
    leaf->data = (ProtobufCBinaryData){proof->leaf_len, proof->leaf};
    leaf->n_path = proof->path_len;
    leaf->path = arena_array(arena, proof->path_len ? proof->path_len : 1, sizeof *leaf->path);
    if (!leaf->path)
        return err_set(err, CODE_NO_MEMORY, "no memory for an answer");
    for (size_t i = 0; i < proof->path_len; i++)
        leaf->path[i] = (ProtobufCBinaryData){sizeof proof->path[i].b, proof->path[i].b};
    *ret = leaf;
    return CODE_OK;
}

static int build(struct provider *p, const Challenge *c, struct arena *arena, MsgAnswerChallenge *answer,
                 struct err *err) {
    struct hash root;
    msg_answer_challenge__init(answer);
    answer->creator =
        (ProtobufCBinaryData){sizeof p->signer->seal_account.b, (uint8_t *)(uintptr_t)p->signer->seal_account.b};
    answer->challenge_id = c->id;
    int rc = prove_piece(p, c, arena, answer, &root, err);
    if (!rc && !(answer->leaves = arena_array(arena, c->n_leaves ? c->n_leaves : 1, sizeof *answer->leaves)))
        rc = err_set(err, CODE_NO_MEMORY, "no memory for an answer");
    for (size_t i = 0; !rc && i < c->n_leaves; i++) {
        rc = prove_leaf(p, c, &root, c->leaves[i], arena, &answer->leaves[i], err);
        answer->n_leaves += !rc;
    }
    return rc ? rc : answer_verify(c, answer, err);
}

static int send_answer(struct provider *p, const Challenge *c, struct arena *arena, struct err *err) {
    MsgAnswerChallenge *answer = ARENA_NEW(arena, MsgAnswerChallenge);
    Msg msg = MSG__INIT, *msgs[] = {&msg};
    struct signer_result result;
    if (!answer)
        return err_set(err, CODE_NO_MEMORY, "no memory for an answer");
    int rc = build(p, c, arena, answer, err);
    if (rc == CODE_CORRUPT || rc == CODE_NOT_FOUND || rc == CODE_PROOF || rc == CODE_INTEGRITY)
        repair_request(p, c->object_id, c->version, c->position, c->segment);
    if (rc)
        return rc;
    msg.body_case = MSG__BODY_ANSWER_CHALLENGE;
    msg.answer_challenge = answer;
    rc = signer_send(p->signer, msgs, 1, true, &result, err);
    if (!rc)
        log_info("executor", "challenge answered", "challenge=%" PRIu64 " object=%" PRIu64 " position=%u", c->id,
                 c->object_id, c->position);
    return rc;
}

/* The challenge as the operator's own node knows it now: one that was drawn in the newest block cannot be proven yet,
 * and the answer is checked against it here and on the ledger. */
static int find_challenge(struct provider *p, uint64_t id, struct arena *arena, Challenge **ret, struct err *err) {
    char path[PATH_LEN];
    snprintf(path, sizeof path, "/challenge/challenge?id=%" PRIu64, id);
    int rc = ledger_query_pb(p->ledger, path, &challenge__descriptor, arena, ret, err);
    return rc == CODE_NOT_FOUND ? CODE_CHALLENGE_NOT_FOUND : rc;
}

int answer_task(struct provider *p, const Task *task, bool *ret_final, struct err *err) {
    struct arena arena;
    Challenge *challenge;
    if (provider_on_hold(p, task->object_id))
        return err_set(err, CODE_BUSY, "the operator holds this object");
    arena_init(&arena, ARENA_MAX);
    int rc = find_challenge(p, task->challenge_id, &arena, &challenge, err);
    bool closed = !rc && (challenge->sp_id != p->sp_id || challenge->status != CHALLENGE_STATUS_OPEN);
    /* closed ones are kept for a while: what is not there is not there yet, unless it was asked for often */
    *ret_final = closed || (rc == CODE_CHALLENGE_NOT_FOUND && task->attempts >= UNKNOWN_TRIES);
    if (!rc && !closed)
        rc = send_answer(p, challenge, &arena, err);
    arena_release(&arena);
    return rc;
}
