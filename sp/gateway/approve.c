/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/approval/bucket, /object and /migrate. */
#include "chain/codec/pb.h"
#include "sp/gateway/parts.h"

typedef int approve_fn(struct approver *approver, const struct caller *caller, struct bytes spec, struct arena *arena,
                       ApprovalBody **ret, struct err *err);

static int approve(struct gateway *g, struct http_request *r, approve_fn *decide, struct err *err) {
    ApprovalRequest *request;
    ApprovalBody *answer;
    int rc = body_pb(r, &approval_request__descriptor, &request, err);
    if (!rc)
        rc = decide(g->m.approver, authenticator_caller(r), pb_bytes(request->spec), http_arena(r), &answer, err);
    return rc ? rc : reply_pb(r, 200, answer, err);
}

int gateway_approve_bucket(void *ctx, struct http_request *r, struct err *err) {
    return approve(ctx, r, approver_bucket, err);
}

int gateway_approve_object(void *ctx, struct http_request *r, struct err *err) {
    return approve(ctx, r, approver_object, err);
}

int gateway_approve_migrate(void *ctx, struct http_request *r, struct err *err) {
    return approve(ctx, r, approver_migrate, err);
}
