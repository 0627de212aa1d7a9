/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/placement, POST and PUT /v1/stage: clients that code an object themselves leave its pieces here, get
 * receipts, and store it in one transaction. */
#include "chain/codec/pb.h"
#include "chain/types/layout.h"
#include "chain/types/request.h"
#include "sp/executor/placing.h"
#include "sp/gateway/parts.h"

enum { UPLOAD_ID_BYTES = 16 };

int gateway_post_placement(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    PlacementBody answer = PLACEMENT_BODY__INIT;
    PlacementRequest *request;
    PlacementGroup *group;
    int rc = body_pb(r, &placement_request__descriptor, &request, err);
    if (!rc && !request->question)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "the request has no question");
    if (!rc && request->n_avoid > CODE_N_MAX)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "at most %d providers can be avoided", CODE_N_MAX);
    if (!rc)
        rc = approver_placement(g->m.approver, authenticator_caller(r), request->question, http_arena(r), err);
    if (!rc)
        rc = placing_find(g->m.replicator->provider, request->question, request->avoid, request->n_avoid, http_arena(r),
                          &group, err);
    if (rc)
        return rc;
    answer.group_id = group->id;
    answer.members = group->members;
    answer.n_members = group->n_members;
    return reply_pb(r, 200, &answer, err);
}

int gateway_post_stage(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    SecondaryAsk *ask;
    SignedSecondaryApproval *answer;
    int rc = body_pb(r, &secondary_ask__descriptor, &ask, err);
    if (!rc)
        rc = approver_stage(g->m.approver, authenticator_caller(r), ask, http_arena(r), &answer, err);
    return rc ? rc : reply_pb(r, 200, answer, err);
}

/* The ticket of a request: of the path's upload and position, from its creator or whom that has granted storing. From
 * here on it names the stage. */
static int read_ticket(struct gateway *g, struct http_request *r, PieceTicket **ret, struct err *err) {
    uint8_t upload[UPLOAD_ID_BYTES];
    const char *text = http_param(r, "upload");
    uint64_t position;
    PieceTicket *t;
    if (!text || strlen(text) != 2 * sizeof upload || !hex_decode(text, strlen(text), upload, sizeof upload))
        return err_set(err, CODE_INVALID_ARGUMENT, "the path's upload is not 32 hex digits");
    int rc = ticket_read(r, &t, err);
    if (!rc)
        rc = param_u64(r, "position", CODE_N_MAX - 1, &position, err);
    if (!rc &&
        (t->object_id || t->position != position || !bytes_eq(pb_bytes(t->upload_id), bytes_of(upload, sizeof upload))))
        rc = err_set(err, CODE_DENIED, "the ticket is for another upload or position than the path");
    if (rc)
        return rc;
    struct acting what = {"MsgStoreObject", t->bucket_name, t->object_name, t->payload_size};
    rc = authenticator_acts_for(g->m.auth, authenticator_caller(r), pb_bytes(t->creator), &what, err);
    t->object_id = stage_id(t->bucket_id, pb_bytes(t->upload_id), t->object_name);
    *ret = t;
    return rc;
}

int gateway_put_stage(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    PieceTicket *ticket;
    int rc = read_ticket(g, r, &ticket, err);
    if (!rc && strcmp(authenticator_caller(r)->content, REQUEST_UNSIGNED))
        rc = err_set(err, CODE_INVALID_ARGUMENT,
                     "a piece is signed over " REQUEST_UNSIGNED ": the header X-Cairn-Root says what it must hash to");
    return rc ? rc : ticket_take_piece(g, r, ticket, err);
}

int gateway_post_stage_receipt(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    PieceTicket *ticket;
    SignedReceipt *receipt;
    int rc = read_ticket(g, r, &ticket, err);
    if (!rc)
        rc = receiver_receipt(g->m.receiver, ticket, http_arena(r), &receipt, err);
    return rc ? rc : reply_pb(r, 200, receipt, err);
}
