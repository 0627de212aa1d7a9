/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_GATEWAY_PARTS_H
#define CAIRN_SP_GATEWAY_PARTS_H
/* What the gateway's files share; nobody else includes this. */
#include "sp/gateway/gateway.h"

#include <jansson.h>

/* --- handlers: one a route (routes.c) -------------------------------------------------------------------------------
 */
http_handler gateway_approve_bucket, gateway_approve_object, gateway_approve_migrate;
http_handler gateway_put_object, gateway_get_object;
http_handler gateway_get_piece, gateway_get_roots, gateway_get_groups, gateway_get_challenge;
http_handler gateway_put_piece, gateway_post_receipt;
http_handler gateway_post_placement, gateway_post_stage, gateway_put_stage, gateway_post_stage_receipt;
http_handler gateway_meta_buckets, gateway_meta_bucket, gateway_meta_object, gateway_meta_list, gateway_meta_quota,
    gateway_meta_reads;
http_handler gateway_status, gateway_health, gateway_metrics;
http_handler gateway_hold, gateway_release_hold, gateway_tasks, gateway_scrub_start, gateway_scrub_status,
    gateway_gc_start, gateway_gc_status;

/* GET /{bucket}/{key*}?upload */
int gateway_progress(struct gateway *g, struct http_request *r, struct err *err);

/* --- requests and answers (parts.c) ---------------------------------------------------------------------------------
 */

/* A message as the JSON answer. */
int reply_pb(struct http_request *r, int status, const void *msg, struct err *err);
/* A JSON value as the answer; takes it over. */
int reply_json(struct http_request *r, int status, json_t *root, struct err *err);
/* The body as a message, compared with what the signature says of it. On the request's arena. */
int body_pb(struct http_request *r, const ProtobufCMessageDescriptor *desc, void *ret_msg, struct err *err);
/* A number of the pattern. CODE_INVALID_ARGUMENT. */
int param_u64(struct http_request *r, const char *name, uint64_t max, uint64_t *ret, struct err *err);

/* --- pieces that come (receive.c) --- */

/* The ticket in the header X-Cairn-Ticket, which carries an approval; neither is judged yet. On the request's arena. */
int ticket_read(struct http_request *r, PieceTicket **ret, struct err *err);
/* Takes the body of a PUT as the piece of the path's segment, under a ticket whose sender was judged; answers. */
int ticket_take_piece(struct gateway *g, struct http_request *r, const PieceTicket *ticket, struct err *err);

/* --- what the ledger says, as the operator's own node knows it now (lookup.c)
 * ----------------------------------------- */

/* An object by name. fresh: it may have been created a moment ago, so a node that does not know it is given one more
 * block. CODE_BUCKET_NOT_FOUND, CODE_OBJECT_NOT_FOUND. */
int lookup_object(struct gateway *g, const char *bucket, const char *key, bool fresh, struct arena *arena,
                  ObjectInfo **ret, struct err *err);
/* The version that is on its way to replace the object; the object itself when there is none. */
int lookup_on_its_way(struct gateway *g, ObjectInfo *object, struct arena *arena, ObjectInfo **ret, struct err *err);
/* This version of the object, sealed or on its way; waits for a block when the node does not know it yet.
 * CODE_OBJECT_VERSION: it is neither. */
int lookup_version(struct gateway *g, uint64_t object_id, uint64_t version, struct arena *arena, ObjectInfo **ret,
                   struct err *err);
int lookup_by_id(struct gateway *g, uint64_t object_id, bool fresh, struct arena *arena, ObjectInfo **ret,
                 struct err *err);
/* A sealed object by id, and version unless that is NULL. CODE_OBJECT_NOT_FOUND, CODE_OBJECT_STATUS. */
int lookup_sealed(struct gateway *g, uint64_t object_id, const uint64_t *version, struct arena *arena, ObjectInfo **ret,
                  struct err *err);
/* Of an object that was sealed a moment ago: waits (some seconds at most) until what was staged of it here is the
 * object's, so that who has seen the seal finds it. */
void lookup_settle(struct gateway *g, const ObjectInfo *object);
/* May the caller read this object here? *ret_peer: as a provider of the object's placement group, whose reads are not
 * metered. */
int lookup_may_read(struct gateway *g, const struct caller *caller, const ObjectInfo *object, bool *ret_peer,
                    struct err *err);

/* --- quota (meter.c)
 * -------------------------------------------------------------------------------------------------- */

struct meter {
    bool on;
    struct quota_taken taken;
    uint64_t bytes;
};

/* What a bucket may be read at this provider. */
int meter_limits(struct gateway *g, uint64_t bucket_id, struct quota_limits *ret, struct err *err);
/* Takes bytes of the quota before the first byte of an answer. CODE_QUOTA. */
int meter_begin(struct gateway *g, const ObjectInfo *object, uint64_t bytes, struct meter *ret, struct err *err);
/* Gives back what was not sent and notes the read. kind: "get", "piece", "challenge". */
void meter_end(struct gateway *g, struct meter *meter, struct http_request *r, const ObjectInfo *object,
               const char *kind, uint64_t offset, uint64_t sent);

#endif
