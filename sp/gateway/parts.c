/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/gateway/parts.h"

#include "chain/base/num.h"
#include "chain/codec/json.h"

#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 1 << 20 };

int reply_pb(struct http_request *r, int status, const void *msg, struct err *err) {
    const char *text;
    int rc = json_print_pb(msg, false, http_arena(r), &text, err);
    return rc ? rc : http_reply_json(r, status, text, strlen(text), err);
}

int reply_json(struct http_request *r, int status, json_t *root, struct err *err) {
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    int rc = text ? http_reply_json(r, status, text, strlen(text), err)
                  : err_set(err, CODE_NO_MEMORY, "no memory for an answer");
    free(text);
    return rc;
}

int body_pb(struct http_request *r, const ProtobufCMessageDescriptor *desc, void *ret_msg, struct err *err) {
    struct bytes body;
    int rc = http_body_all(r, BODY_MAX, &body, err);
    if (!rc)
        rc = authenticator_check_body(r, body, err);
    return rc ? rc : json_read_pb(desc, body, http_arena(r), ret_msg, err);
}

int param_u64(struct http_request *r, const char *name, uint64_t max, uint64_t *ret, struct err *err) {
    const char *text = http_param(r, name);
    uint64_t value;
    if (!text || !u64_parse(text, strlen(text), &value) || value > max)
        return err_set(err, CODE_INVALID_ARGUMENT, "the path's %s is not a number from 0 to %llu", name,
                       (unsigned long long)max);
    *ret = value;
    return CODE_OK;
}
