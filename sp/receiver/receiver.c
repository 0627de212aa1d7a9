/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/receiver/receiver.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "chain/base/code.h"
#include "chain/codec/pb.h"
#include "chain/crypto/piece_tree.h"
#include "chain/types/layout.h"
#include "sp/spdb/pieces.h"
#include "sp/spdb/uploads.h"

static int check_shape(const PieceTicket *ticket, struct err *err) {
    if (!ticket->profile || !ticket->approval)
        return err_set(err, CODE_INVALID_ARGUMENT, "the ticket names no profile or no approval");
    int rc = profile_check(ticket->profile, err);
    if (rc)
        return rc;
    if (ticket->position >= profile_positions(ticket->profile))
        return err_set(err, CODE_INVALID_ARGUMENT, "position %u is not one of the profile's %u", ticket->position,
                       profile_positions(ticket->profile));
    if (ticket->payload_size == 0 || ticket->payload_size > PAYLOAD_LEN_MAX)
        return err_set(err, CODE_INVALID_ARGUMENT, "an object of %" PRIu64 " bytes has no pieces to store",
                       ticket->payload_size);
    if (ticket->upload_id.len == 0)
        return err_set(err, CODE_INVALID_ARGUMENT, "the ticket names no upload");
    return CODE_OK;
}

static uint64_t segments_of(const PieceTicket *ticket) {
    return layout_segments(ticket->profile, ticket->payload_size);
}

int receiver_piece_len(const PieceTicket *ticket, uint64_t segment, uint64_t *ret_len, struct err *err) {
    int rc = check_shape(ticket, err);
    if (rc)
        return rc;
    if (segment >= segments_of(ticket))
        return err_set(err, CODE_INVALID_ARGUMENT, "segment %" PRIu64 " is not one of the object's %" PRIu64, segment,
                       segments_of(ticket));
    *ret_len = layout_piece_len(ticket->profile, ticket->payload_size, segment, ticket->position);
    return CODE_OK;
}

/* --- the record of the position --- */

static HeldPosition held_from(const struct receiver *receiver, const PieceTicket *ticket) {
    HeldPosition held = HELD_POSITION__INIT;
    held.object_id = ticket->object_id;
    held.version = ticket->version;
    held.position = ticket->position;
    held.payload_size = ticket->payload_size;
    held.profile = ticket->profile;
    held.expires_ms = receiver->env.real_ms(receiver->env.ctx) + receiver->unsealed_ttl_ms;
    held.bucket_name = ticket->bucket_name;
    held.object_name = ticket->object_name;
    held.bucket_id = ticket->bucket_id;
    held.upload_id = ticket->upload_id;
    held.creator = ticket->creator;
    held.price = ticket->price;
    held.valid_until = ticket->valid_until;
    return held;
}

static bool same_object(const HeldPosition *held, const PieceTicket *ticket) {
    return held->payload_size == ticket->payload_size && held->profile && profile_eq(held->profile, ticket->profile) &&
           held->bucket_id == ticket->bucket_id;
}

static int open_stage(struct receiver *receiver, const PieceTicket *ticket, struct err *err) {
    HeldPosition fresh = held_from(receiver, ticket);
    fresh.expires_ms = 0; /* the ledger's time tells */
    return stage_open(receiver->db, &fresh, &receiver->stages, err);
}

/* Makes the record where there is none, or where another upload of the same object took over: what was promised under
 * the earlier one stays promised. */
static int open_position(struct receiver *receiver, const PieceTicket *ticket, struct err *err) {
    struct arena arena;
    HeldPosition *held;
    if (stage_is(ticket->object_id))
        return open_stage(receiver, ticket, err);
    arena_init(&arena, 64 * KIB);
    mutex_lock(&receiver->db->updating);
    int rc = held_get(receiver->db, ticket->object_id, ticket->version, ticket->position, &arena, &held, err);
    if (rc == CODE_OK && !same_object(held, ticket))
        rc = err_set(err, CODE_CONFLICT, "this provider holds that position under another size or profile");
    else if (rc == CODE_NOT_FOUND ||
             (rc == CODE_OK && !held->sealed && !bytes_eq(pb_bytes(held->upload_id), pb_bytes(ticket->upload_id)))) {
        HeldPosition fresh = held_from(receiver, ticket);
        if (rc == CODE_OK)
            fresh.checksum = held->checksum;
        rc = rc ? gc_check(receiver->db, ticket->object_id, ticket->version, ticket->position, err) : CODE_OK;
        if (!rc)
            rc = held_put(receiver->db, &fresh, err);
    }
    mutex_unlock(&receiver->db->updating);
    arena_release(&arena);
    return rc;
}

/* --- pieces --- */

static int store_piece(struct receiver *receiver, const struct piece_key *key, struct bytes data,
                       const struct hash *root, const struct hash *groups, struct err *err) {
    struct piece_write write = {.key = *key, .data = data, .root = *root, .groups = groups};
    int rc = piecestore_put(receiver->store, &write, 1, err);
    return rc ? rc : piece_root_put(receiver->db, key, root, err);
}

/* Is it here, with the same root, and whole as far as its header tells? */
static bool already_here(struct receiver *receiver, const struct piece_key *key, const struct hash *root,
                         uint64_t length) {
    struct hash have;
    struct piece_meta meta;
    return piece_root_get(receiver->db, key, &have, NULL) == CODE_OK && hash_eq(&have, root) &&
           piecestore_head(receiver->store, key, &meta, NULL) == CODE_OK && meta.length == length &&
           hash_eq(&meta.root, root);
}

/* Has anybody been told what this position has? CODE_NOT_FOUND: it went while the piece came. */
static int is_promised(struct receiver *receiver, const struct piece_key *key, bool *ret_promised, struct err *err) {
    struct arena arena;
    HeldPosition *held;
    arena_init(&arena, 64 * KIB);
    int rc = held_get(receiver->db, key->object_id, key->version, key->position, &arena, &held, err);
    *ret_promised = !rc && (held->sealed || held->checksum.len);
    arena_release(&arena);
    return rc == CODE_NOT_FOUND ? err_set(err, rc, "what came of the position before is over, or stored already") : rc;
}

/* Bytes that a receipt was given for change no more: the ledger may hold this provider to them. */
static int replace_piece(struct receiver *receiver, const struct piece_key *key, struct bytes data,
                         const struct hash *root, const struct hash *groups, struct err *err) {
    struct hash known;
    bool promised;
    int rc = is_promised(receiver, key, &promised, err);
    if (rc || already_here(receiver, key, root, data.len))
        return rc;
    if (promised && (piece_root_get(receiver->db, key, &known, NULL) != CODE_OK || !hash_eq(&known, root)))
        return err_set(err, CODE_CONFLICT,
                       "a receipt was given, or the object is sealed, with other bytes at this position");
    return store_piece(receiver, key, data, root, groups, err);
}

static struct mutex *lock_of(struct receiver *receiver, const struct piece_key *key) {
    return &receiver->db->pieces[(key->object_id + key->position + key->segment) % SPDB_PIECE_LOCKS];
}

static int take_piece(struct receiver *receiver, const PieceTicket *ticket, const struct piece_key *key,
                      struct bytes data, const struct hash *want_root, struct hash *leaves, struct hash *groups,
                      struct err *err) {
    struct hash root = piece_hash(data.data, data.len, leaves, groups);
    if (want_root && !hash_eq(want_root, &root)) /* before it takes a position of anybody's limit */
        return err_set(err, CODE_INTEGRITY, "the piece does not have the root that its sender announced");
    int rc = open_position(receiver, ticket, err);
    if (rc)
        return rc;
    mutex_lock(lock_of(receiver, key));
    rc = replace_piece(receiver, key, data, &root, groups, err);
    mutex_unlock(lock_of(receiver, key));
    return rc;
}

int receiver_put(struct receiver *receiver, const PieceTicket *ticket, uint64_t segment, struct bytes data,
                 const struct hash *want_root, struct err *err) {
    uint64_t length;
    int rc = receiver_piece_len(ticket, segment, &length, err);
    if (rc)
        return rc;
    if (data.len != length)
        return err_set(err, CODE_INVALID_ARGUMENT, "the piece has %zu bytes, must have %" PRIu64, data.len, length);
    rc = receiver->env.check_ticket(receiver->env.ctx, ticket, err);
    if (rc)
        return rc;
    struct piece_key key = {ticket->object_id, ticket->version, ticket->position, segment};
    struct hash *leaves = malloc((size_t)leaf_count(length) * sizeof *leaves);
    struct hash *groups = malloc(piece_groups(length) * sizeof *groups);
    rc = leaves && groups ? take_piece(receiver, ticket, &key, data, want_root, leaves, groups, err)
                          : err_set(err, CODE_NO_MEMORY, "no memory to take a piece");
    free(leaves);
    free(groups);
    return rc;
}

/* --- what is here --- */

/* Roots in segment order on the arena. */
static int read_roots(struct receiver *receiver, const PieceTicket *ticket, struct arena *arena, uint8_t *bitmap,
                      struct hash **ret_roots, uint64_t *ret_have, struct err *err) {
    uint64_t segments = segments_of(ticket);
    struct hash *roots = arena_array(arena, (size_t)segments, sizeof *roots);
    if (!roots)
        return err_set(err, CODE_NO_MEMORY, "no memory for the roots of a position");
    int rc = piece_roots_read(receiver->db, ticket->object_id, ticket->version, ticket->position, segments, roots,
                              bitmap, ret_have, err);
    if (!rc)
        *ret_roots = roots;
    return rc;
}

int receiver_have(struct receiver *receiver, const PieceTicket *ticket, struct arena *arena, struct bytes *ret_bitmap,
                  uint64_t *ret_count, struct err *err) {
    struct hash *roots;
    int rc = check_shape(ticket, err);
    if (rc)
        return rc;
    size_t len = bitmap_len(segments_of(ticket));
    uint8_t *bitmap = arena_alloc(arena, len);
    if (!bitmap)
        return err_set(err, CODE_NO_MEMORY, "no memory for a bitmap");
    rc = read_roots(receiver, ticket, arena, bitmap, &roots, ret_count, err);
    if (rc)
        return rc;
    if (*ret_count == 0)
        return err_set(err, CODE_NOT_FOUND, "nothing of that position is here");
    *ret_bitmap = bytes_of(bitmap, len);
    return CODE_OK;
}

static Receipt receipt_for(const struct receiver *receiver, const HeldPosition *held, const struct hash *checksum) {
    Receipt receipt = RECEIPT__INIT;
    receipt.chain_tag = pb_data(hash_bytes(&receiver->chain_tag));
    receipt.creator = held->creator;
    receipt.bucket_id = held->bucket_id;
    receipt.object_name = held->object_name;
    receipt.version = held->version;
    receipt.upload_id = held->upload_id;
    receipt.size = held->payload_size;
    receipt.profile = held->profile;
    receipt.position = held->position;
    receipt.sp_id = receiver->sp_id;
    receipt.checksum = pb_data(hash_bytes(checksum));
    receipt.price = held->price;
    receipt.valid_until = held->valid_until;
    receipt.object_id = stage_is(held->object_id) ? 0 : held->object_id; /* none has an id before it is stored */
    return receipt;
}

/* Writes down what is promised before it is promised; *ret_receipt refers to `held`, `checksum` and the ticket. */
static int promise(struct receiver *receiver, const PieceTicket *ticket, HeldPosition *held,
                   const struct hash *checksum, Receipt *ret_receipt, struct err *err) {
    uint64_t keep_until = held->valid_until;
    held->checksum = pb_data(hash_bytes(checksum));
    held->price = ticket->price;
    held->valid_until = ticket->valid_until;
    *ret_receipt = receipt_for(receiver, held, checksum);
    if (stage_is(held->object_id) && keep_until > held->valid_until)
        held->valid_until = keep_until; /* an earlier receipt may still come to the ledger */
    return stage_is(held->object_id) ? stage_promise(receiver->db, held, err) : held_put(receiver->db, held, err);
}

/* No piece is written meanwhile. */
static int promise_all(struct receiver *receiver, const PieceTicket *ticket, struct arena *arena,
                       struct hash *ret_checksum, Receipt *ret_receipt, struct err *err) {
    struct hash *roots;
    HeldPosition *held;
    uint64_t have;
    int rc = held_get(receiver->db, ticket->object_id, ticket->version, ticket->position, arena, &held, err);
    if (rc == CODE_NOT_FOUND)
        return err_set(err, rc, "nothing of that position is here");
    if (rc)
        return rc;
    if (!same_object(held, ticket) || !bytes_eq(pb_bytes(held->upload_id), pb_bytes(ticket->upload_id)))
        return err_set(err, CODE_CONFLICT, "the pieces here belong to another upload");
    rc = read_roots(receiver, ticket, arena, NULL, &roots, &have, err);
    if (rc)
        return rc;
    if (have != segments_of(ticket))
        return err_set(err, CODE_CONFLICT, "%" PRIu64 " of %" PRIu64 " pieces are missing", segments_of(ticket) - have,
                       segments_of(ticket));
    *ret_checksum = checksum_of(roots, (size_t)segments_of(ticket));
    return promise(receiver, ticket, held, ret_checksum, ret_receipt, err);
}

int receiver_receipt(struct receiver *receiver, const PieceTicket *ticket, struct arena *arena,
                     SignedReceipt **ret_signed, struct err *err) {
    struct hash checksum;
    Receipt receipt;
    int rc = check_shape(ticket, err);
    if (!rc)
        rc = receiver->env.check_ticket(receiver->env.ctx, ticket, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < SPDB_PIECE_LOCKS; i++)
        mutex_lock(&receiver->db->pieces[i]);
    rc = promise_all(receiver, ticket, arena, &checksum, &receipt, err);
    for (size_t i = SPDB_PIECE_LOCKS; i-- > 0;)
        mutex_unlock(&receiver->db->pieces[i]);
    return rc ? rc : receiver->env.sign_receipt(receiver->env.ctx, &receipt, arena, ret_signed, err);
}

/* --- from a stage to an object --- */

static int check_sealed(const HeldPosition *held, const ObjectInfo *o, struct err *err) {
    uint32_t position = held->position;
    bool same = o->payload_size == held->payload_size && o->bucket_id == held->bucket_id && o->profile &&
                profile_eq(o->profile, held->profile) && bytes_eq(pb_bytes(o->creator), pb_bytes(held->creator)) &&
                position < o->n_checksums && held->checksum.len &&
                bytes_eq(pb_bytes(o->checksums[position]), pb_bytes(held->checksum));
    return same ? CODE_OK
                : err_set(err, CODE_CONFLICT, "what is staged for position %u is not what object %" PRIu64 " has there",
                          position, o->id);
}

/* Every piece gets its name among the object's, then one batch makes it the object's. roots: room for twice the
 * segments. */
static int adopt(struct receiver *receiver, const HeldPosition *held, const ObjectInfo *o, struct hash *roots,
                 struct err *err) {
    uint64_t segments = layout_segments(held->profile, held->payload_size), have;
    int rc = piece_roots_read(receiver->db, held->object_id, held->version, held->position, segments, roots, NULL,
                              &have, err);
    if (!rc && have != segments)
        rc = err_set(err, CODE_CONFLICT, "%" PRIu64 " of %" PRIu64 " staged pieces are missing", segments - have,
                     segments);
    if (!rc) {
        memcpy(roots + segments, roots, (size_t)segments * sizeof *roots);
        struct hash checksum = checksum_of(roots + segments, (size_t)segments);
        if (!bytes_eq(hash_bytes(&checksum), pb_bytes(held->checksum)))
            rc = err_set(err, CODE_CONFLICT, "the staged pieces are not what the receipt was given for");
    }
    for (uint64_t s = 0; !rc && s < segments; s++) {
        struct piece_key from = {held->object_id, held->version, held->position, s};
        struct piece_key to = {o->id, o->version, held->position, s};
        rc = piecestore_rename(receiver->store, &from, &to, err);
    }
    return rc ? rc
              : stage_adopt(receiver->db, held, o->id, o->version, roots, segments,
                            receiver->env.real_ms(receiver->env.ctx), err);
}

struct adopting {
    struct receiver *receiver;
    const ObjectInfo *object;
    uint32_t position;
    bool adopted;
    struct err why; /* of the last that is not the object's */
};

/* Versions of the stage that are not what was sealed are left to their end. */
static int adopt_one(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct adopting *a = ctx;
    const HeldPosition *held = msg;
    (void)key;
    if (held->position != a->position)
        return CODE_OK;
    if (check_sealed(held, a->object, &a->why))
        return CODE_OK;
    /* twice: what is hashed is used up */
    struct hash *roots = calloc(2 * (size_t)layout_segments(held->profile, held->payload_size), sizeof *roots);
    int rc = roots ? adopt(a->receiver, held, a->object, roots, err)
                   : err_set(err, CODE_NO_MEMORY, "no memory for the roots of a position");
    free(roots);
    a->adopted = a->adopted || !rc;
    return rc;
}

int receiver_adopt(struct receiver *receiver, uint64_t stage, uint32_t position, const ObjectInfo *object,
                   struct err *err) {
    struct adopting a = {.receiver = receiver, .object = object, .position = position};
    err_clear(&a.why);
    int rc = held_each(receiver->db, stage, adopt_one, &a, err);
    if (rc || a.adopted || !a.why.code)
        return rc;
    *err = a.why;
    return a.why.code;
}
