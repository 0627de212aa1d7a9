/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/join.h"

#include "chain/base/limits.h"
#include "chain/codec/pb.h"
#include "chain/os/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ASKS = 16,
    SHOW_MS = 10000,
};

/* What peers did, in points of 100. */
enum { POINTS_LIE = 100, POINTS_MALFORMED = 50, POINTS_UNASKED = 20 };

static uint64_t now_ms(const struct join *j) {
    return j->host.mono_ns(j->host.ctx) / 1000000;
}

static void report(struct join *j, net_peer peer, unsigned points, const char *what, const struct err *why) {
    char text[ERR_MSG_MAX + 80];
    snprintf(text, sizeof text, "%s%s%s", what, why != NULL ? ": " : "", why != NULL ? err_text(why) : "");
    j->host.report(j->host.ctx, peer, points, text);
}

/* What comes late is no fault of who sent it. */
static void unasked(struct join *j, net_peer peer, const char *what) {
    if (!state_sync_late(&j->plan, peer))
        report(j, peer, POINTS_UNASKED, what, NULL);
}

/* It sent what is provably wrong. */
static void lied(struct join *j, net_peer peer, const char *what, const struct err *why) {
    state_sync_bad(&j->plan, peer);
    report(j, peer, POINTS_LIE, what, why);
}

/* The snapshot itself is: whoever offers it lies. */
static void target_wrong(struct join *j, const char *what, const struct err *why) {
    uint32_t liars[STATE_SYNC_PEERS_MAX];
    size_t n = state_sync_offerers(&j->plan, liars);
    log_warn("node", "a snapshot is wrong", "height=%" PRIu64 " peers=%zu why=%s", j->plan.target.height, n,
             log_quote(why != NULL ? err_text(why) : what).s);
    for (size_t i = 0; i < n; i++)
        lied(j, liars[i], what, why);
    state_sync_abandon(&j->plan, STATE_SYNC_WRONG, now_ms(j));
}

/* --- life --- */

static void forget_target(struct join *j) {
    j->turn = j->plan.turn;
    j->walking = j->begun = false;
    free(j->stored);
    j->stored = NULL;
    arena_reset(&j->blocks);
}

static void prefer_pending(struct join *j, struct bytes manifest) {
    struct snapshot_manifest m;
    if (manifest.len == 0 || snapshot_manifest_decode(manifest, &j->arena, &m, NULL) != CODE_OK)
        return;
    struct state_sync_offer o = {
        .height = m.height, .root = m.root, .id = snapshot_manifest_id(manifest), .chunks = m.chunks, .len = m.len};
    state_sync_prefer(&j->plan, &o);
    arena_reset(&j->arena);
}

int join_open(struct join *j, const struct join_options *o, struct err *err) {
    *j = (struct join){.host = *o->host,
                       .chain_tag = o->chain_tag,
                       .trust_height = o->trust_height,
                       .trust_id = o->trust_id,
                       .rooted = o->trust_height == 0};
    arena_init(&j->blocks, JOIN_BLOCKS_MEMORY);
    arena_init(&j->arena, JOIN_MESSAGE_MEMORY);
    state_sync_init(&j->plan, now_ms(j));
    j->since_ms = j->shown_ms = now_ms(j);
    prefer_pending(j, o->pending);
    return j->rooted ? light_trust_genesis(o->genesis, &j->chain_tag, &j->root, err) : CODE_OK;
}

void join_close(struct join *j) {
    free(j->stored);
    j->stored = NULL;
    arena_release(&j->blocks);
    arena_release(&j->arena);
}

void join_up(struct join *j, net_peer peer) {
    state_sync_up(&j->plan, peer);
}

void join_down(struct join *j, net_peer peer) {
    state_sync_gone(&j->plan, peer);
}

/* --- trust --- */

static uint64_t wanted_header(const struct join *j) {
    if (!j->rooted)
        return j->trust_height;
    return j->walking ? light_walk_wants(&j->walk) : 0;
}

/* What is needed next of headers and blocks. */
static void want(struct join *j) {
    uint64_t header = wanted_header(j);
    bool arrived = header == 0 && j->walking && j->stored == NULL;
    state_sync_want(&j->plan, header, arrived ? j->plan.target.height : 0, now_ms(j));
}

/* The header behind the target is trusted: does the target have its state? */
static void arrived(struct join *j, const struct hash *app_hash, const struct hash *previous_id) {
    if (!hash_eq(app_hash, &j->plan.target.root)) {
        struct err why;
        err_set(&why, CODE_UNTRUSTED, "the state after height %" PRIu64 " is another one", j->plan.target.height);
        target_wrong(j, "a snapshot of another state", &why);
        return;
    }
    j->block_id = *previous_id;
}

/* The walk to the header behind the target begins. */
static void walk_begin(struct join *j) {
    uint64_t to = j->plan.target.height + 1;
    arena_reset(&j->blocks);
    /* One that is older than what is trusted is not worth having. */
    if (light_walk_begin(&j->walk, &j->root, to, &light_rules_default, 0, NULL) != CODE_OK) {
        state_sync_abandon(&j->plan, STATE_SYNC_STALLED, now_ms(j));
        return;
    }
    j->walking = true;
    if (light_walk_wants(&j->walk) == 0)
        arrived(j, &j->root.app_hash, &j->root_previous);
}

static bool ends_it(int code) {
    return code == CODE_EXPIRED || code == CODE_NO_MEMORY;
}

static int give(struct join *j, net_peer peer, const struct light_block *b, struct err *err) {
    struct err why;
    j->givers[j->walk.pending_count] = peer;
    int rc = light_walk_give(&j->walk, b, j->host.real_ms(j->host.ctx), NULL, &why);
    peer = j->givers[j->walk.pending_count]; /* what was refused may have waited since another gave it */
    if (rc == CODE_OK && light_walk_wants(&j->walk) == 0)
        arrived(j, &b->header.app_hash, &b->header.previous_id);
    if (rc == CODE_OK)
        return CODE_OK;
    if (rc == CODE_EXPIRED)
        return err_set(err, rc,
                       "state sync: what is trusted is too old to begin from (%s); set state_sync.trust_height and "
                       "trust_id in the configuration to a recent block that you know from somebody you trust",
                       err_text(&why));
    if (ends_it(rc)) {
        *err = why;
        return rc;
    }
    if (rc == CODE_FUTURE) { /* our clock, or theirs */
        state_sync_lacks(&j->plan, peer, STATE_SYNC_HEADER, now_ms(j));
    } else if (rc == CODE_LIMIT) {
        state_sync_abandon(&j->plan, STATE_SYNC_STALLED, now_ms(j));
    } else {
        lied(j, peer, "a header that is not to be trusted", &why);
    }
    return CODE_OK;
}

/* The header that the configuration names. */
static void take_root(struct join *j, net_peer peer, const struct light_block *b) {
    struct err why;
    j->root_previous = b->header.previous_id;
    j->rooted = light_trust_named(b, j->trust_height, &j->trust_id, &j->chain_tag, &j->root, &why) == CODE_OK;
    if (!j->rooted)
        lied(j, peer, "another header than the one that is trusted", &why);
}

static int on_header(struct join *j, net_peer peer, struct bytes payload, struct err *err) {
    HeaderReply *pb = NULL;
    struct err why;
    int rc = pb_decode(&header_reply__descriptor, payload, &j->arena, &pb, &why);
    if (rc != CODE_OK) {
        report(j, peer, POINTS_MALFORMED, "malformed header", &why);
        return CODE_OK;
    }
    if (!state_sync_answered(&j->plan, peer, STATE_SYNC_HEADER, pb->height, 0, now_ms(j))) {
        unasked(j, peer, "a header that nobody asked for");
        return CODE_OK;
    }
    if (pb->header.len == 0) {
        state_sync_lacks(&j->plan, peer, STATE_SYNC_HEADER, now_ms(j));
        return CODE_OK;
    }
    if (pb->height != wanted_header(j))
        return CODE_OK; /* another peer was faster */
    struct light_block *b = ARENA_NEW(&j->blocks, struct light_block);
    if (b == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for headers");
    rc = light_block_from_parts(pb_bytes(pb->header), pb->certificate, pb->validators, NULL, &j->chain_tag, &j->blocks,
                                b, &why);
    if (rc == CODE_OK && b->header.height != pb->height)
        rc = err_set(&why, CODE_MALFORMED, "of height %" PRIu64, b->header.height);
    if (rc != CODE_OK)
        lied(j, peer, "a header that does not hang together", &why);
    else if (!j->rooted)
        take_root(j, peer, b);
    else
        return give(j, peer, b, err);
    return CODE_OK;
}

/* The block of the target's height: its id is known, so its content is; the certificate must be of the set that its
 * header names. Who stored it adds the ledger time, which nothing proves: it is left out. */
static int verify_block(struct join *j, struct bytes stored, struct bytes *ret, struct err *err) {
    StoredBlock *pb = NULL;
    struct block *b = NULL;
    struct validator_set *set = ARENA_NEW(&j->arena, struct validator_set);
    struct certificate *cert = ARENA_NEW(&j->arena, struct certificate);
    if (set == NULL || cert == NULL)
        return err_set(err, CODE_TOO_LARGE, "no room to take it apart");
    int rc = pb_decode(&stored_block__descriptor, stored, &j->arena, &pb, err);
    if (rc == CODE_OK && (pb->certificate == NULL || pb->validators == NULL))
        rc = err_set(err, CODE_MALFORMED, "it comes without certificate or validators");
    if (rc == CODE_OK)
        rc = block_new(pb_bytes(pb->block), &j->chain_tag, &b, err);
    if (rc != CODE_OK)
        return rc;
    size_t places = b->pb->last_certificate != NULL ? 8 * b->pb->last_certificate->signers.len : 0;
    if (!hash_eq(&b->header.id, &j->block_id))
        rc = err_set(err, CODE_UNTRUSTED, "it is not the one that the next header follows");
    if (rc == CODE_OK)
        rc = block_bind(b, (uint16_t)(places < VALIDATORS_MAX ? places : VALIDATORS_MAX), err);
    if (rc == CODE_OK)
        rc = validator_set_from_pb(pb->validators, set, err);
    struct hash set_hash = rc == CODE_OK ? validator_set_hash(set) : (struct hash){{0}};
    if (rc == CODE_OK && !hash_eq(&set_hash, &b->header.validators_hash))
        rc = err_set(err, CODE_UNTRUSTED, "its validators are not those of its header");
    if (rc == CODE_OK)
        rc = certificate_from_pb(pb->certificate, set->n, cert, err);
    if (rc == CODE_OK &&
        (cert->kind != CERTIFICATE_COMMIT || cert->height != b->header.height || !hash_eq(&cert->value, &b->header.id)))
        rc = err_set(err, CODE_UNTRUSTED, "its certificate is for something else");
    if (rc == CODE_OK)
        rc = certificate_verify(cert, &j->chain_tag, set, err);
    j->block_time = b->header.time;
    pb->ledger_time = 0;
    if (rc == CODE_OK)
        rc = pb_encode(pb, &j->arena, ret, err);
    block_unref(b);
    return rc;
}

static int keep_block(struct join *j, struct bytes stored, struct err *err) {
    j->stored = malloc(stored.len);
    if (j->stored == NULL)
        return err_set(err, CODE_NO_MEMORY, "no memory for a block");
    memcpy(j->stored, stored.data, stored.len);
    j->stored_len = stored.len;
    state_sync_trusted(&j->plan, now_ms(j));
    return CODE_OK;
}

static int on_block(struct join *j, net_peer peer, struct bytes payload, struct err *err) {
    BlockBatch *pb = NULL;
    struct err why;
    struct bytes stored;
    int rc = pb_decode(&block_batch__descriptor, payload, &j->arena, &pb, &why);
    if (rc != CODE_OK || pb->n_blocks > 1) {
        report(j, peer, POINTS_MALFORMED, "malformed batch of blocks", rc != CODE_OK ? &why : NULL);
        return CODE_OK;
    }
    if (!state_sync_answered(&j->plan, peer, STATE_SYNC_BLOCK, pb->from, 0, now_ms(j))) {
        unasked(j, peer, "a block that nobody asked for");
        return CODE_OK;
    }
    if (pb->n_blocks == 0) {
        state_sync_lacks(&j->plan, peer, STATE_SYNC_BLOCK, now_ms(j));
        return CODE_OK;
    }
    if (j->plan.phase != STATE_SYNC_TRUST || pb->from != j->plan.wants_block || j->stored != NULL)
        return CODE_OK;
    rc = verify_block(j, pb_bytes(pb->blocks[0]), &stored, &why);
    if (rc == CODE_OK)
        return keep_block(j, stored, err);
    lied(j, peer, "another block than the one that is trusted", &why);
    return CODE_OK;
}

/* --- what peers have --- */

static void on_list(struct join *j, net_peer peer, struct bytes payload) {
    SnapshotList *pb = NULL;
    struct err why;
    struct state_sync_offer offers[STATE_SYNC_OFFERS_MAX];
    size_t n = 0;
    if (pb_decode(&snapshot_list__descriptor, payload, &j->arena, &pb, &why) != CODE_OK) {
        report(j, peer, POINTS_MALFORMED, "malformed list of snapshots", &why);
        return;
    }
    if (!state_sync_answered(&j->plan, peer, STATE_SYNC_LIST, 0, 0, now_ms(j))) {
        unasked(j, peer, "a list of snapshots that nobody asked for");
        return;
    }
    for (size_t i = 0; i < pb->n_offers && n < STATE_SYNC_OFFERS_MAX; i++) {
        struct state_sync_offer o = {
            .height = pb->offers[i]->height, .chunks = pb->offers[i]->chunks, .len = pb->offers[i]->size};
        if (o.height < UINT64_MAX && hash_from(pb_bytes(pb->offers[i]->root), &o.root) &&
            hash_from(pb_bytes(pb->offers[i]->manifest_id), &o.id))
            offers[n++] = o;
    }
    state_sync_listed(&j->plan, peer, offers, n, now_ms(j));
}

static void import(struct join *j, enum join_kind kind, net_peer peer, uint32_t index, struct bytes data) {
    struct join_job job = {.kind = kind,
                           .peer = peer,
                           .turn = j->turn,
                           .index = index,
                           .time = j->block_time,
                           .len = data.len,
                           .data = malloc(data.len + 1)};
    if (job.data != NULL && data.len > 0)
        memcpy(job.data, data.data, data.len);
    j->host.import(j->host.ctx, &job);
}

static void on_manifest(struct join *j, net_peer peer, struct bytes payload) {
    ManifestReply *pb = NULL;
    struct err why;
    struct snapshot_manifest m;
    if (pb_decode(&manifest_reply__descriptor, payload, &j->arena, &pb, &why) != CODE_OK) {
        report(j, peer, POINTS_MALFORMED, "malformed manifest", &why);
        return;
    }
    if (!state_sync_answered(&j->plan, peer, STATE_SYNC_MANIFEST, pb->height, 0, now_ms(j))) {
        unasked(j, peer, "a manifest that nobody asked for");
        return;
    }
    const struct state_sync_offer *t = &j->plan.target;
    struct bytes manifest = pb_bytes(pb->manifest);
    if (manifest.len == 0) {
        state_sync_lacks(&j->plan, peer, STATE_SYNC_MANIFEST, now_ms(j));
        return;
    }
    if (j->plan.phase != STATE_SYNC_MANIFESTS || pb->height != t->height || j->begun)
        return;
    struct hash id = snapshot_manifest_id(manifest);
    if (!hash_eq(&id, &t->id)) {
        lied(j, peer, "another manifest than it offered", NULL);
        return;
    }
    int rc = snapshot_manifest_decode(manifest, &j->arena, &m, &why);
    if (rc == CODE_OK && (m.height != t->height || !hash_eq(&m.root, &t->root)))
        rc = err_set(&why, CODE_MALFORMED, "a manifest of another snapshot");
    if (rc != CODE_OK) {
        target_wrong(j, "a manifest that is none", &why);
        return;
    }
    j->begun = true;
    import(j, JOIN_BEGIN, peer, 0, manifest);
}

static void on_chunk(struct join *j, net_peer peer, struct bytes payload) {
    ChunkReply *pb = NULL;
    struct err why;
    if (pb_decode(&chunk_reply__descriptor, payload, &j->arena, &pb, &why) != CODE_OK) {
        report(j, peer, POINTS_MALFORMED, "malformed chunk", &why);
        return;
    }
    if (!state_sync_answered(&j->plan, peer, STATE_SYNC_CHUNK, pb->height, pb->index, now_ms(j))) {
        unasked(j, peer, "a chunk that nobody asked for");
        return;
    }
    if (pb->height != j->plan.target.height || j->plan.phase != STATE_SYNC_CHUNKS)
        return;
    if (pb->chunk.len == 0)
        state_sync_lacks(&j->plan, peer, STATE_SYNC_CHUNK, now_ms(j));
    else if (state_sync_here(&j->plan, pb->index))
        import(j, JOIN_CHUNK, peer, pb->index, pb_bytes(pb->chunk));
}

int join_message(struct join *j, net_peer peer, uint8_t wire_kind, struct bytes payload, struct err *err) {
    int rc = CODE_OK;
    switch (wire_kind) {
    case WIRE_SNAPSHOTS:
        on_list(j, peer, payload);
        break;
    case WIRE_HEADER:
        rc = on_header(j, peer, payload, err);
        break;
    case WIRE_BLOCK_BATCH:
        rc = on_block(j, peer, payload, err);
        break;
    case WIRE_MANIFEST:
        on_manifest(j, peer, payload);
        break;
    case WIRE_CHUNK:
        on_chunk(j, peer, payload);
        break;
    default: /* votes, statuses, transactions: not yet */
        break;
    }
    arena_reset(&j->arena);
    return rc;
}

/* --- taking in --- */

static bool have(void *ctx, uint32_t index) {
    const struct join_result *r = ctx;
    return r->have[index / 8] >> index % 8 & 1;
}

static bool of_machine(int code) {
    return code == CODE_CORRUPT || code == CODE_IO || code == CODE_DISK_FULL || code == CODE_NO_MEMORY ||
           code == CODE_INTERNAL || code == CODE_CONFLICT;
}

static int chunk_imported(struct join *j, const struct join_result *r) {
    if (r->code == CODE_OK) {
        state_sync_taken(&j->plan, r->index, true, now_ms(j));
    } else if (r->code == CODE_INTEGRITY) {
        state_sync_taken(&j->plan, r->index, false, now_ms(j));
        lied(j, r->peer, "a chunk that is not the one it should be", &r->err);
    } else if (j->plan.phase == STATE_SYNC_CHUNKS) {
        target_wrong(j, "a snapshot that is not of the state", &r->err);
    }
    return CODE_OK;
}

int join_imported(struct join *j, const struct join_result *r, struct err *err) {
    if (of_machine(r->code)) {
        *err = r->err;
        return err_wrap(err, r->code, "taking in a snapshot");
    }
    if (r->turn != j->plan.turn)
        return CODE_OK; /* of a snapshot that was left */
    switch (r->kind) {
    case JOIN_BEGIN:
        if (j->plan.phase != STATE_SYNC_MANIFESTS)
            break;
        if (r->code == CODE_OK) {
            state_sync_manifest(&j->plan, r->chunks, have, (void *)(uintptr_t)r, now_ms(j));
            break;
        }
        target_wrong(j, "a manifest that is none", &r->err);
        break;
    case JOIN_CHUNK:
        return chunk_imported(j, r);
    case JOIN_FINISH:
        if (r->code != CODE_OK) {
            *err = r->err;
            return err_wrap(err, r->code, "taking in a snapshot");
        }
        j->done = true;
        break;
    }
    return CODE_OK;
}

/* --- the step --- */

static void send(struct join *j, const struct state_sync_request *r) {
    union {
        SnapshotsRequest list;
        HeaderRequest header;
        BlockRequest block;
        ManifestRequest manifest;
        ChunkRequest chunk;
    } pb;
    struct bytes out;
    uint8_t kind = 0;
    switch (r->kind) {
    case STATE_SYNC_NONE:
        return;
    case STATE_SYNC_LIST:
        snapshots_request__init(&pb.list);
        kind = WIRE_SNAPSHOTS_REQUEST;
        break;
    case STATE_SYNC_HEADER:
        header_request__init(&pb.header);
        pb.header.height = r->height;
        kind = WIRE_HEADER_REQUEST;
        break;
    case STATE_SYNC_BLOCK:
        block_request__init(&pb.block);
        pb.block.from = r->height;
        pb.block.count = 1;
        kind = WIRE_BLOCK_REQUEST;
        break;
    case STATE_SYNC_MANIFEST:
        manifest_request__init(&pb.manifest);
        pb.manifest.height = r->height;
        kind = WIRE_MANIFEST_REQUEST;
        break;
    case STATE_SYNC_CHUNK:
        chunk_request__init(&pb.chunk);
        pb.chunk.height = r->height;
        pb.chunk.index = r->index;
        kind = WIRE_CHUNK_REQUEST;
        break;
    }
    if (pb_encode(&pb, &j->arena, &out, NULL) == CODE_OK)
        j->host.send(j->host.ctx, r->peer, kind, out);
    arena_reset(&j->arena);
}

static const char *const phases[] = {
    [STATE_SYNC_DISCOVER] = "looking for snapshots",
    [STATE_SYNC_TRUST] = "verifying headers",
    [STATE_SYNC_MANIFESTS] = "fetching the manifest",
    [STATE_SYNC_CHUNKS] = "fetching chunks",
    [STATE_SYNC_DONE] = "finishing",
};

struct join_progress join_progress(const struct join *j) {
    bool chosen = j->plan.phase != STATE_SYNC_DISCOVER, counted = j->plan.phase >= STATE_SYNC_CHUNKS;
    return (struct join_progress){.phase = phases[j->plan.phase],
                                  .height = chosen ? j->plan.target.height : 0,
                                  .chunks = chosen ? j->plan.target.chunks : 0,
                                  .chunks_in = counted ? j->plan.in : 0,
                                  .len = chosen ? j->plan.target.len : 0,
                                  .peers = chosen ? state_sync_sources(&j->plan) : 0};
}

static unsigned peers_known(const struct join *j) {
    unsigned n = 0;
    for (size_t i = 0; i < STATE_SYNC_PEERS_MAX; i++)
        n += j->plan.peers[i].id != 0;
    return n;
}

/* A line a phase, and one now and then: never silent. */
static void show(struct join *j, uint64_t now) {
    if (j->plan.phase == j->shown && now < j->shown_ms + SHOW_MS)
        return;
    bool waits = j->plan.phase == STATE_SYNC_DISCOVER && j->plan.phase == j->shown && now >= j->since_ms + SHOW_MS;
    struct join_progress p = join_progress(j);
    j->shown = j->plan.phase;
    j->shown_ms = now;
    if (waits)
        log_warn("node",
                 "state sync: no peer offers a usable snapshot yet; without one, set state_sync.enabled to false",
                 "seconds=%" PRIu64 " peers=%u", (now - j->since_ms) / 1000, peers_known(j));
    else
        log_info("node", "state sync", "phase=%s height=%" PRIu64 " chunks=%u/%u peers=%u", log_quote(p.phase).s,
                 p.height, p.chunks_in, p.chunks, p.peers);
}

void join_step(struct join *j) {
    struct state_sync_request asks[ASKS];
    uint64_t now = now_ms(j);
    for (int turn = 0; turn < 2; turn++) { /* a choice makes new wishes */
        size_t n = state_sync_requests(&j->plan, now, asks, ASKS);
        for (size_t i = 0; i < n; i++)
            send(j, &asks[i]);
        j->none = j->none || (j->trust_height == 0 && state_sync_none(&j->plan));
        if (j->turn != j->plan.turn)
            forget_target(j);
        if (j->plan.phase == STATE_SYNC_TRUST && j->rooted && !j->walking)
            walk_begin(j);
        if (j->plan.phase == STATE_SYNC_TRUST)
            want(j);
    }
    if (j->plan.phase == STATE_SYNC_DONE && !j->finishing) {
        j->finishing = true;
        import(j, JOIN_FINISH, NET_PEER_NONE, 0, bytes_of(j->stored, j->stored_len));
    }
    show(j, now);
    uint64_t next = state_sync_deadline(&j->plan, now);
    j->due_ns = next == UINT64_MAX ? UINT64_MAX : next * 1000000;
}

uint64_t join_deadline(const struct join *j) {
    return j->due_ns;
}
