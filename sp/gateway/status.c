/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/status, /v1/health, /metrics. */
#include "cairn/sp.h"
#include "chain/codec/pb.h"
#include "chain/metrics/metrics.h"
#include "chain/os/clock.h"
#include "client/lib/placement.h"
#include "sp/gateway/parts.h"
#include "sp/spdb/uploads.h"

enum { METRICS_TEXT_MAX = 4 << 20 };

static int count_upload(void *ctx, struct bytes key, const void *msg, struct err *err) {
    const UploadRecord *upload = msg;
    (void)key, (void)err;
    *(uint64_t *)ctx += upload->state != SEAL_OBJECT_DONE;
    return CODE_OK;
}

static const char *status_name(SpStatus status) {
    static const char prefix[] = "SP_STATUS_";
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&sp_status__descriptor, (int)status);
    return value ? value->name + sizeof prefix - 1 : "UNSPECIFIED";
}

int gateway_status(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    SpStatusBody body = SP_STATUS_BODY__INIT;
    StorageProvider *own;
    body.sp_id = g->sp_id;
    body.moniker = g->m.config->moniker;
    body.chain_id = pb_text(ledger_chain_id(g->m.ledger));
    body.followed_height = follower_height(g->m.follower);
    body.uptime_ms = clock_mono_ms() - g->started_ms;
    body.tasks = manager_count(g->m.manager);
    body.holds = holds_count(g->m.holds);
    body.status = pb_text("UNREACHABLE"); /* the ledger, that is */
    int rc = piecestore_space(g->m.pieces, &body.free_bytes, &body.total_bytes, err);
    if (!rc)
        rc = upload_each(g->m.db, count_upload, &body.uploads, err);
    if (rc)
        return rc;
    if (!placement_sp(g->m.ledger, g->sp_id, http_arena(r), &own, NULL)) {
        body.stored_bytes = own->stored_bytes;
        body.status = pb_text(status_name(own->status));
    }
    return reply_pb(r, 200, &body, err);
}

int gateway_health(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    if (!follower_ready(g->m.follower))
        return err_set(err, CODE_NOT_READY, "the provider has not reached the ledger yet");
    return http_reply_json(r, 200, "{\"ready\":true}", sizeof "{\"ready\":true}" - 1, err);
}

int gateway_metrics(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    struct buf text;
    if (!g->m.metrics)
        return err_set(err, CODE_UNSUPPORTED, "this provider counts nothing");
    buf_init(&text, METRICS_TEXT_MAX);
    metrics_write(g->m.metrics, &text);
    int rc = buf_check(&text, err);
    if (!rc)
        rc = http_reply(r, 200, "text/plain; version=0.0.4", buf_bytes(&text), err);
    buf_release(&text);
    return rc;
}
