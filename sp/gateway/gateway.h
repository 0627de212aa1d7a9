/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_GATEWAY_GATEWAY_H
#define CAIRN_SP_GATEWAY_GATEWAY_H
/*
 * A provider's HTTP interface. routes.c holds the one table of all routes with their auth class; a handler decides who
 * may (by the ledger), then hands the work to a module and streams bytes. What can be refused is refused before the
 * first byte of a body is taken or sent; an answer that fails half-way is cut, never filled up.
 *
 * Handlers run on the server's worker threads; the structs here serve all of them.
 */
#include "cairn/config.h"
#include "chain/http/server.h"
#include "chain/os/thread.h"
#include "sp/approver/approver.h"
#include "sp/downloader/downloader.h"
#include "sp/downloader/quota.h"
#include "sp/executor/replicator.h"
#include "sp/follower/follower.h"
#include "sp/gateway/holds.h"
#include "sp/gc/gc.h"
#include "sp/manager/manager.h"
#include "sp/metadata/metadata.h"
#include "sp/piecestore/page_pool.h"
#include "sp/receiver/receiver.h"
#include "sp/scrubber/scrubber.h"
#include "sp/uploader/uploader.h"

/* What the gateway works with. All borrowed; metrics may be NULL. */
struct gateway_modules {
    const SpConfig *config;
    struct ledger *ledger;
    struct authenticator *auth;
    struct approver *approver;
    struct signer *signer;
    struct spdb *db;
    struct piecestore *pieces;
    struct manager *manager;
    struct uploader *uploader;
    struct replicator *replicator;
    struct receiver *receiver;
    struct downloader *downloader;
    struct quota *quota;
    struct metadata *metadata;
    struct follower *follower;
    struct scrubber *scrubber;
    struct gc *gc;
    struct holds *holds;
    struct metrics *metrics;
    /* A piece that should be here is damaged or gone: have it rebuilt. */
    void (*piece_bad)(void *ctx, const struct piece_key *key);
    void *piece_bad_ctx;
};

enum { GATEWAY_BUCKETS_KNOWN = 64, GATEWAY_TICKETS_KNOWN = 64 };

struct gateway {
    struct gateway_modules m;
    uint32_t sp_id;
    uint64_t started_ms; /* clock_mono_ms */
    struct http_server *server;
    struct mutex lock;                     /* everything below */
    struct cond room;                      /* piece_room grew */
    size_t piece_room;                     /* bytes that pieces on their way in may still take */
    struct page_pool pieces;               /* their memory */
    uint64_t free_quota, free_quota_at_ms; /* of the own record on the ledger, and when it was read; 0: never */
    struct {
        uint64_t bucket_id, read_quota, free_once, at_ms;
    } buckets[GATEWAY_BUCKETS_KNOWN]; /* by id modulo; remembered for some seconds */
    struct {
        struct hash ticket;
        uint64_t until_ms;
    } tickets[GATEWAY_TICKETS_KNOWN]; /* tickets that were found good a moment ago */
};

/* Makes the server with all routes; it does not listen yet. */
int gateway_init(struct gateway *gateway, const struct gateway_modules *modules, struct err *err);
/* Listens at "host", port. CODE_BUSY when the port is taken. */
int gateway_start(struct gateway *gateway, struct err *err);
/* Takes no new requests; those under way end soon. Idempotent, does not wait. */
void gateway_close(struct gateway *gateway);
/* Closes, waits for the handlers at most grace_ms. */
void gateway_stop(struct gateway *gateway, uint64_t grace_ms);
void gateway_release(struct gateway *gateway);

/* The table of all routes. */
const struct http_route *gateway_routes(size_t *ret_count);

/* For struct receiver: its env's check_ticket; ctx is the gateway. */
int gateway_check_ticket(void *ctx, const PieceTicket *ticket, struct err *err);

#endif
