/* SPDX-License-Identifier: Apache-2.0 */
#include "client/lib/approval.h"

#include "chain/codec/json.h"
#include "chain/codec/pb.h"

int approval_ask(struct sp_client *client, uint32_t sp_id, const char *route, struct bytes spec, struct arena *arena,
                 SignedApproval **ret, struct err *err) {
    ApprovalRequest request = APPROVAL_REQUEST__INIT;
    const char *text;
    ApprovalBody *answer = NULL;
    request.spec = pb_data(spec);
    int rc = json_print_pb(&request, false, arena, &text, err);
    if (rc)
        return rc;
    struct http_call call = {
        .method = "POST", .headers = {"Content-Type: application/json"}, .body_out = bytes_str(text)};
    rc = sp_client_call(client, sp_id, route, &call, err);
    if (!rc)
        rc = json_read_pb_open(&approval_body__descriptor, buf_bytes(&call.body), arena, &answer, err);
    http_call_release(&call);
    if (!rc && !answer->approval)
        rc = err_set(err, CODE_MALFORMED, "provider %u answered without an approval", sp_id);
    if (!rc)
        *ret = answer->approval;
    return rc;
}
