/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of all routes: who may call, how much body, how long. A route without an auth class is refused at
 * start. */
#include "chain/base/limits.h"
#include "sp/gateway/parts.h"

#define JSON_BODY_MAX (1 * MIB)
/* A transfer may take as long as it moves: connections without a byte for 30 s are closed by the server. */
#define TRANSFER_MS ((uint64_t)24 * 3600 * 1000)
#define PIECE_MS    ((uint64_t)10 * 60 * 1000)

static const struct http_route routes[] = {
    /* creates are approved */
    {"POST", "/v1/approval/bucket", HTTP_AUTH_SIGNED, .body_max = JSON_BODY_MAX, .handler = gateway_approve_bucket,
     .doc = "GetApproval for a bucket"},
    {"POST", "/v1/approval/object", HTTP_AUTH_SIGNED, .body_max = JSON_BODY_MAX, .handler = gateway_approve_object,
     .doc = "GetApproval for an object"},
    {"POST", "/v1/approval/migrate", HTTP_AUTH_SIGNED, .body_max = JSON_BODY_MAX, .handler = gateway_approve_migrate,
     .doc = "GetApproval for a bucket that is to move here"},

    /* objects */
    {"PUT", "/{bucket}/{key*}", HTTP_AUTH_SIGNED, .body_max = PAYLOAD_LEN_MAX, .deadline_ms = TRANSFER_MS,
     .long_lived = true, .handler = gateway_put_object, .doc = "uploads a payload, or the part of it at ?offset"},
    {"GET", "/{bucket}/{key*}", HTTP_AUTH_OPTIONAL, .deadline_ms = TRANSFER_MS, .long_lived = true,
     .handler = gateway_get_object, .doc = "reads an object, whole or a range; with ?upload how far its upload is"},

    /* pieces */
    {"GET", "/v1/piece/{object}/{version}/{position}/{segment}", HTTP_AUTH_OPTIONAL, .deadline_ms = PIECE_MS,
     .long_lived = true, .handler = gateway_get_piece, .doc = "a piece, or a range of it"},
    {"GET", "/v1/roots/{object}/{version}/{position}", HTTP_AUTH_OPTIONAL, .handler = gateway_get_roots,
     .doc = "roots of a position's pieces, 32 bytes each"},
    {"GET", "/v1/groups/{object}/{version}/{position}/{segment}", HTTP_AUTH_OPTIONAL, .handler = gateway_get_groups,
     .doc = "a piece's hashes over 64 KiB each, 32 bytes each"},
    {"GET", "/v1/challenge/{object}/{position}/{segment}", HTTP_AUTH_OPTIONAL, .deadline_ms = PIECE_MS,
     .long_lived = true, .handler = gateway_get_challenge,
     .doc = "the whole-piece challenge: u32 n, n roots, the piece"},
    {"PUT", "/v1/piece/{object}/{version}/{position}/{segment}", HTTP_AUTH_PEER, .body_max = SEGMENT_LEN_MAX,
     .deadline_ms = PIECE_MS, .long_lived = true, .handler = gateway_put_piece,
     .doc = "stores a piece under an approval of this provider; header X-Cairn-Ticket"},
    {"POST", "/v1/piece/{object}/{version}/{position}/receipt", HTTP_AUTH_PEER, .body_max = JSON_BODY_MAX,
     .handler = gateway_post_receipt, .doc = "the receipt for a position whose pieces are all here"},

    /* what clients code themselves and store in one step */
    {"POST", "/v1/placement", HTTP_AUTH_SIGNED, .body_max = JSON_BODY_MAX, .long_lived = true,
     .handler = gateway_post_placement,
     .doc = "an open placement group of this primary for such an object; opens one when none fits"},
    {"POST", "/v1/stage", HTTP_AUTH_SIGNED, .body_max = JSON_BODY_MAX, .handler = gateway_post_stage,
     .doc = "this provider's approval to stage a position here"},
    {"PUT", "/v1/stage/{upload}/{position}/{segment}", HTTP_AUTH_SIGNED, .body_max = SEGMENT_LEN_MAX,
     .deadline_ms = PIECE_MS, .long_lived = true, .handler = gateway_put_stage,
     .doc = "stages a piece under such an approval; header X-Cairn-Ticket"},
    {"POST", "/v1/stage/{upload}/{position}/receipt", HTTP_AUTH_SIGNED, .body_max = JSON_BODY_MAX,
     .handler = gateway_post_stage_receipt, .doc = "the receipt for a position that is staged whole"},

    /* metadata */
    {"GET", "/v1/meta/buckets", HTTP_AUTH_OPTIONAL, .handler = gateway_meta_buckets, .doc = "buckets of ?owner"},
    {"GET", "/v1/meta/bucket/{bucket}", HTTP_AUTH_OPTIONAL, .handler = gateway_meta_bucket, .doc = "a bucket's record"},
    {"GET", "/v1/meta/object/{bucket}/{key*}", HTTP_AUTH_OPTIONAL, .handler = gateway_meta_object,
     .doc = "an object's record"},
    {"GET", "/v1/meta/list/{bucket}", HTTP_AUTH_OPTIONAL, .handler = gateway_meta_list,
     .doc = "objects by name: prefix, delimiter, start_after, limit"},
    {"GET", "/v1/meta/quota/{bucket}", HTTP_AUTH_SIGNED, .handler = gateway_meta_quota,
     .doc = "what a bucket may be read, to its owner"},
    {"GET", "/v1/meta/reads/{bucket}", HTTP_AUTH_SIGNED, .handler = gateway_meta_reads,
     .doc = "what was read of a bucket ?from a time in ms on, to its owner"},

    /* this provider */
    {"GET", "/v1/status", HTTP_AUTH_PUBLIC, .handler = gateway_status, .doc = "how this provider is"},
    {"GET", "/v1/health", HTTP_AUTH_PUBLIC, .handler = gateway_health, .doc = "200 once it serves"},
    {"GET", "/metrics", HTTP_AUTH_PUBLIC, .handler = gateway_metrics, .doc = "counters for Prometheus"},
    {"POST", "/v1/operator/hold", HTTP_AUTH_OPERATOR, .body_max = JSON_BODY_MAX, .handler = gateway_hold,
     .doc = "no scrub, rebuild or answers for {object_id}"},
    {"POST", "/v1/operator/release", HTTP_AUTH_OPERATOR, .body_max = JSON_BODY_MAX, .handler = gateway_release_hold,
     .doc = "ends the hold on {object_id}, or all"},
    {"GET", "/v1/operator/tasks", HTTP_AUTH_OPERATOR, .handler = gateway_tasks, .doc = "what waits to be done"},
    {"POST", "/v1/operator/scrub", HTTP_AUTH_OPERATOR, .body_max = JSON_BODY_MAX, .handler = gateway_scrub_start,
     .doc = "begins a round of the scrubber"},
    {"GET", "/v1/operator/scrub", HTTP_AUTH_OPERATOR, .handler = gateway_scrub_status,
     .doc = "what the scrubber has found"},
    {"POST", "/v1/operator/gc", HTTP_AUTH_OPERATOR, .body_max = JSON_BODY_MAX, .long_lived = true,
     .deadline_ms = TRANSFER_MS, .handler = gateway_gc_start, .doc = "compares what is held with the ledger, now"},
    {"GET", "/v1/operator/gc", HTTP_AUTH_OPERATOR, .handler = gateway_gc_status, .doc = "what waits to be removed"},
};

const struct http_route *gateway_routes(size_t *ret_count) {
    *ret_count = sizeof routes / sizeof *routes;
    return routes;
}
