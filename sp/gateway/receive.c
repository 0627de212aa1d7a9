/* SPDX-License-Identifier: Apache-2.0 */
/* PUT /v1/piece and its receipt: columns from a primary, under an approval that this provider signed itself. Tickets
 * and bodies of pieces also for what clients stage (stage.c). */
#include "chain/codec/pb.h"
#include "chain/crypto/hash.h"
#include "chain/os/clock.h"
#include "chain/types/deal_state.h"
#include "chain/types/layout.h"
#include "chain/types/signed.h"
#include "sp/gateway/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TICKET_MAX = 8192,      /* encoded */
    TICKET_GOOD_MS = 20000, /* how long one that was checked is believed */
    ROOM_WAIT_MS = 30000,
    TICKET_ARENA_MAX = 1 << 20,
    RECEIPT_LIFE_MAX_MS = 3600000, /* the longest that a receipt is to bind us */
};

/* --- tickets
 * ----------------------------------------------------------------------------------------------------------- */

static bool is_known(struct gateway *g, const struct hash *id) {
    size_t at = load_be32(id->b) % GATEWAY_TICKETS_KNOWN;
    mutex_lock(&g->lock);
    bool known = hash_eq(&g->tickets[at].ticket, id) && clock_mono_ms() < g->tickets[at].until_ms;
    mutex_unlock(&g->lock);
    return known;
}

static void remember(struct gateway *g, const struct hash *id) {
    size_t at = load_be32(id->b) % GATEWAY_TICKETS_KNOWN;
    mutex_lock(&g->lock);
    g->tickets[at].ticket = *id;
    g->tickets[at].until_ms = clock_mono_ms() + TICKET_GOOD_MS;
    mutex_unlock(&g->lock);
}

/* Our own signed yes to exactly this; *ret_for: to whom. */
static int check_offer(struct gateway *g, const PieceTicket *t, struct arena *arena, uint32_t *ret_for,
                       struct err *err) {
    const struct hash *tag = ledger_chain_tag(g->m.ledger);
    struct pubkey own = seckey_pubkey(signer_request_key(g->m.signer));
    SecondaryApproval *offer;
    uint64_t now;
    int rc = offer_open(t->approval, tag, arena, &offer, err);
    if (!rc)
        rc = offer_verify(t->approval, &own, tag, err);
    if (!rc)
        rc = ledger_time(g->m.ledger, &now, err);
    if (rc)
        return rc;
    uint64_t object_id = stage_is(t->object_id) ? 0 : t->object_id;
    if (offer->refused || offer->sp_id != g->sp_id || offer->object_id != object_id || offer->price != t->price)
        return err_set(err, CODE_DENIED, "the approval is for something else than this ticket");
    if (offer->timeout <= now)
        return err_set(err, CODE_EXPIRED, "the approval has expired: ask for a new one");
    *ret_for = offer->for_sp;
    return CODE_OK;
}

static int check_validity(struct gateway *g, const PieceTicket *t, struct err *err) {
    uint64_t now;
    int rc = ledger_time(g->m.ledger, &now, err);
    if (!rc && stage_is(t->object_id) && t->valid_until <= now)
        rc = err_set(err, CODE_EXPIRED, "the time that the ticket asks for is over");
    if (!rc && t->valid_until > now + RECEIPT_LIFE_MAX_MS)
        rc = err_set(err, CODE_INVALID_ARGUMENT, "a receipt is given for at most an hour");
    return rc;
}

/* The object that the ledger knows by this id is the one that the ticket describes, and its primary asks: no other
 * provider may come between with pieces of its own. */
static int check_object(struct gateway *g, const PieceTicket *t, uint32_t for_sp, struct arena *arena,
                        struct err *err) {
    ObjectInfo *o;
    int rc = lookup_version(g, t->object_id, t->version, arena, &o, err);
    if (rc)
        return rc;
    bool same = o->version == t->version && o->bucket_id == t->bucket_id && o->payload_size == t->payload_size &&
                !strcmp(o->object_name, t->object_name) && !strcmp(o->bucket_name, t->bucket_name) &&
                bytes_eq(pb_bytes(o->creator), pb_bytes(t->creator)) && o->profile && t->profile &&
                profile_eq(o->profile, t->profile);
    if (!same)
        return err_set(err, CODE_DENIED, "the ticket does not describe object %" PRIu64 " as it is on the ledger",
                       t->object_id);
    if (o->primary_sp != for_sp)
        return err_set(err, CODE_DENIED, "the primary of object %" PRIu64 " is provider %u, not provider %u",
                       t->object_id, o->primary_sp, for_sp);
    bool open = o->object_status == OBJECT_STATUS_CREATED ||
                (o->object_status == OBJECT_STATUS_SEALED && !(deal_sealed_positions(o) >> (t->position & 63) & 1));
    return open ? CODE_OK
                : err_set(err, CODE_CONFLICT, "position %u of object %" PRIu64 " is sealed already", t->position,
                          t->object_id);
}

/* The offer is for this very stage: for no provider, and all that the ticket says is what was asked. */
static int check_staged(struct gateway *g, const PieceTicket *t, struct arena *arena, struct err *err) {
    SecondaryAsk ask = SECONDARY_ASK__INIT;
    SecondaryApproval *offer;
    struct hash id;
    ask.payload_size = t->payload_size;
    ask.profile = t->profile;
    ask.nonce = t->upload_id;
    ask.bucket_name = t->bucket_name;
    ask.object_name = t->object_name;
    ask.creator = t->creator;
    ask.version = t->version;
    ask.bucket_id = t->bucket_id;
    ask.position = t->position;
    int rc = offer_open(t->approval, ledger_chain_tag(g->m.ledger), arena, &offer, err);
    if (!rc)
        rc = approver_stage_hash(&ask, t->price, ledger_chain_tag(g->m.ledger), arena, &id, err);
    if (!rc && (offer->for_sp || !bytes_eq(pb_bytes(offer->ask_hash), hash_bytes(&id))))
        rc = err_set(err, CODE_DENIED, "the approval is for another stage than this ticket");
    return rc;
}

int gateway_check_ticket(void *ctx, const PieceTicket *ticket, struct err *err) {
    struct gateway *g = ctx;
    struct arena arena;
    struct bytes encoded;
    PieceTicket lasting = *ticket; /* a primary renews the time with every request */
    lasting.valid_until = 0;
    arena_init(&arena, TICKET_ARENA_MAX);
    int rc = ticket->approval ? pb_encode(&lasting, &arena, &encoded, err)
                              : err_set(err, CODE_DENIED, "the ticket carries no approval");
    if (!rc)
        rc = check_validity(g, ticket, err);
    struct hash id = rc ? (struct hash){{0}} : hash_of(DOMAIN_BODY, encoded);
    if (!rc && !is_known(g, &id)) {
        uint32_t for_sp = 0;
        bool staged = stage_is(ticket->object_id);
        rc = check_offer(g, ticket, &arena, &for_sp, err);
        if (!rc)
            rc = staged ? check_staged(g, ticket, &arena, err) : check_object(g, ticket, for_sp, &arena, err);
        if (!rc)
            remember(g, &id);
    }
    arena_release(&arena);
    return rc;
}

int ticket_read(struct http_request *r, PieceTicket **ret, struct err *err) {
    const char *text = http_header(r, "x-cairn-ticket");
    size_t len = text ? strlen(text) : 0;
    if (!len || len % 2 || len > 2 * (size_t)TICKET_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "the header X-Cairn-Ticket must carry the ticket in hex");
    uint8_t *raw = arena_alloc(http_arena(r), len / 2);
    if (!raw || !hex_decode(text, len, raw, len / 2))
        return err_set(err, CODE_INVALID_ARGUMENT, "the ticket is not hex");
    int rc = pb_decode(&piece_ticket__descriptor, bytes_of(raw, len / 2), http_arena(r), ret, err);
    if (!rc && !(*ret)->approval)
        rc = err_set(err, CODE_DENIED, "the ticket carries no approval");
    return rc;
}

/* The ticket of a request: of the path's object and position, from the provider that the approval was given to. */
static int read_ticket(struct gateway *g, struct http_request *r, PieceTicket **ret, struct err *err) {
    const struct caller *caller = authenticator_caller(r);
    uint64_t object, version, position;
    SecondaryApproval *offer;
    PieceTicket *t;
    int rc = ticket_read(r, &t, err);
    if (!rc)
        rc = param_u64(r, "object", UINT64_MAX, &object, err);
    if (!rc)
        rc = param_u64(r, "version", UINT64_MAX, &version, err);
    if (!rc)
        rc = param_u64(r, "position", CODE_N_MAX - 1, &position, err);
    if (!rc && (t->object_id != object || t->version != version || t->position != position))
        rc = err_set(err, CODE_DENIED, "the ticket is for another object or position than the path");
    if (!rc && stage_is(object))
        rc = err_set(err, CODE_INVALID_ARGUMENT, "no object has the id %" PRIu64, object);
    if (!rc)
        rc = offer_open(t->approval, ledger_chain_tag(g->m.ledger), http_arena(r), &offer, err);
    if (!rc && offer->for_sp != caller->sp_id)
        rc = err_set(err, CODE_DENIED, "the approval was given to provider %u, not to provider %u", offer->for_sp,
                     caller->sp_id);
    if (!rc)
        *ret = t;
    return rc;
}

/* --- memory: pieces are taken whole, so that they are verified before they are written
 * --------------------------------- */

static int take_room(struct gateway *g, size_t len, uint64_t deadline, struct err *err) {
    bool in_time = true;
    mutex_lock(&g->lock);
    while (g->piece_room < len && in_time)
        in_time = cond_wait_until(&g->room, &g->lock, deadline);
    bool got = g->piece_room >= len;
    if (got)
        g->piece_room -= len;
    mutex_unlock(&g->lock);
    return got ? CODE_OK : err_set(err, CODE_BUSY, "too many pieces arrive at once; try again");
}

static void give_room(struct gateway *g, size_t len) {
    mutex_lock(&g->lock);
    g->piece_room += len;
    cond_broadcast(&g->room);
    mutex_unlock(&g->lock);
}

static int read_root(struct http_request *r, struct hash *room, const struct hash **ret, struct err *err) {
    const char *text = http_header(r, "x-cairn-root");
    *ret = NULL;
    if (!text)
        return CODE_OK;
    if (strlen(text) != 2 * sizeof room->b || !hex_decode(text, strlen(text), room->b, sizeof room->b))
        return err_set(err, CODE_INVALID_ARGUMENT, "the header X-Cairn-Root must be a hash in hex");
    *ret = room;
    return CODE_OK;
}

static int take_piece(struct gateway *g, struct http_request *r, const PieceTicket *t, uint64_t segment, size_t len,
                      const struct hash *root, struct err *err) {
    int rc = take_room(g, len, deadline_in_ms(ROOM_WAIT_MS), err);
    if (rc)
        return rc;
    struct page_buffer room = page_pool_take(&g->pieces, len);
    rc = room.data ? http_body_read_full(r, room.data, len, err)
                   : err_set(err, CODE_NO_MEMORY, "no memory to take a piece");
    if (!rc)
        rc = receiver_put(g->m.receiver, t, segment, bytes_of(room.data, len), root, err);
    page_pool_give(&g->pieces, room);
    give_room(g, len);
    return rc;
}

int ticket_take_piece(struct gateway *g, struct http_request *r, const PieceTicket *ticket, struct err *err) {
    uint64_t segment, len;
    struct hash room;
    const struct hash *root;
    int rc = param_u64(r, "segment", UINT64_MAX, &segment, err);
    if (!rc)
        rc = receiver_piece_len(ticket, segment, &len, err);
    if (!rc && http_body_len(r) != len)
        rc = http_body_len(r) == HTTP_LENGTH_UNKNOWN
                 ? err_set(err, CODE_LENGTH_REQUIRED, "a piece must come with its length")
                 : err_set(err, CODE_INVALID_ARGUMENT, "this piece has %" PRIu64 " bytes, not %" PRIu64, len,
                           http_body_len(r));
    if (!rc)
        rc = read_root(r, &room, &root, err);
    if (!rc)
        rc = gateway_check_ticket(g, ticket, err); /* before the body is taken */
    if (!rc)
        rc = take_piece(g, r, ticket, segment, (size_t)len, root, err);
    return rc ? rc : http_reply_json(r, 200, "{}", 2, err);
}

int gateway_put_piece(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    PieceTicket *ticket;
    int rc = read_ticket(g, r, &ticket, err);
    return rc ? rc : ticket_take_piece(g, r, ticket, err);
}

int gateway_post_receipt(void *ctx, struct http_request *r, struct err *err) {
    struct gateway *g = ctx;
    PieceTicket *ticket;
    SignedReceipt *receipt;
    int rc = read_ticket(g, r, &ticket, err);
    if (!rc)
        rc = receiver_receipt(g->m.receiver, ticket, http_arena(r), &receipt, err);
    return rc ? rc : reply_pb(r, 200, receipt, err);
}
