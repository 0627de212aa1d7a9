/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/receiver/receiver.h"

#include <inttypes.h>
#include <stdlib.h>

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

/* Makes the record where there is none, or where another upload of the same object took over. */
static int open_position(struct receiver *receiver, const PieceTicket *ticket, bool *ret_sealed, struct err *err) {
    struct arena arena;
    HeldPosition *held;
    *ret_sealed = false;
    if (stage_is(ticket->object_id))
        return open_stage(receiver, ticket, err);
    arena_init(&arena, 64 * KIB);
    int rc = held_get(receiver->db, ticket->object_id, ticket->version, ticket->position, &arena, &held, err);
    *ret_sealed = rc == CODE_OK && held->sealed;
    if (rc == CODE_OK && !same_object(held, ticket))
        rc = err_set(err, CODE_CONFLICT, "this provider holds that position under another size or profile");
    else if (rc == CODE_NOT_FOUND ||
             (rc == CODE_OK && !held->sealed && !bytes_eq(pb_bytes(held->upload_id), pb_bytes(ticket->upload_id)))) {
        HeldPosition fresh = held_from(receiver, ticket);
        rc = held_put(receiver->db, &fresh, err);
    }
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

static int take_piece(struct receiver *receiver, const struct piece_key *key, bool sealed, struct bytes data,
                      const struct hash *want_root, struct hash *leaves, struct hash *groups, struct err *err) {
    struct hash known, root = piece_hash(data.data, data.len, leaves, groups);
    if (want_root && !hash_eq(want_root, &root))
        return err_set(err, CODE_INTEGRITY, "the piece does not have the root that its sender announced");
    if (already_here(receiver, key, &root, data.len))
        return CODE_OK;
    if (sealed && (piece_root_get(receiver->db, key, &known, NULL) != CODE_OK || !hash_eq(&known, &root)))
        return err_set(err, CODE_CONFLICT, "the object is sealed with other bytes at this position");
    return store_piece(receiver, key, data, &root, groups, err);
}

int receiver_put(struct receiver *receiver, const PieceTicket *ticket, uint64_t segment, struct bytes data,
                 const struct hash *want_root, struct err *err) {
    uint64_t length;
    bool sealed;
    int rc = receiver_piece_len(ticket, segment, &length, err);
    if (rc)
        return rc;
    if (data.len != length)
        return err_set(err, CODE_INVALID_ARGUMENT, "the piece has %zu bytes, must have %" PRIu64, data.len, length);
    rc = receiver->env.check_ticket(receiver->env.ctx, ticket, err);
    if (!rc)
        rc = open_position(receiver, ticket, &sealed, err);
    if (rc)
        return rc;
    struct piece_key key = {ticket->object_id, ticket->version, ticket->position, segment};
    struct hash *leaves = malloc((size_t)leaf_count(length) * sizeof *leaves);
    struct hash *groups = malloc(piece_groups(length) * sizeof *groups);
    rc = leaves && groups ? take_piece(receiver, &key, sealed, data, want_root, leaves, groups, err)
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

/* Writes down what is promised before it is promised. */
static int sign(struct receiver *receiver, const PieceTicket *ticket, HeldPosition *held, struct hash *roots,
                struct arena *arena, SignedReceipt **ret_signed, struct err *err) {
    struct hash checksum = checksum_of(roots, (size_t)segments_of(ticket));
    uint64_t keep_until = held->valid_until;
    held->checksum = pb_data(hash_bytes(&checksum));
    held->price = ticket->price;
    held->valid_until = ticket->valid_until;
    Receipt receipt = receipt_for(receiver, held, &checksum);
    if (stage_is(held->object_id) && keep_until > held->valid_until)
        held->valid_until = keep_until; /* an earlier receipt may still come to the ledger */
    int rc = stage_is(held->object_id) ? stage_promise(receiver->db, held, err) : held_put(receiver->db, held, err);
    if (rc)
        return rc;
    return receiver->env.sign_receipt(receiver->env.ctx, &receipt, arena, ret_signed, err);
}

int receiver_receipt(struct receiver *receiver, const PieceTicket *ticket, struct arena *arena,
                     SignedReceipt **ret_signed, struct err *err) {
    struct hash *roots;
    HeldPosition *held;
    uint64_t have;
    int rc = check_shape(ticket, err);
    if (!rc)
        rc = receiver->env.check_ticket(receiver->env.ctx, ticket, err);
    if (rc)
        return rc;
    rc = held_get(receiver->db, ticket->object_id, ticket->version, ticket->position, arena, &held, err);
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
    return sign(receiver, ticket, held, roots, arena, ret_signed, err);
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

/* Every piece gets its name among the object's, then one batch makes it the object's. */
static int adopt(struct receiver *receiver, const HeldPosition *held, const ObjectInfo *o, struct hash *roots,
                 struct err *err) {
    uint64_t segments = layout_segments(held->profile, held->payload_size), have;
    int rc = piece_roots_read(receiver->db, held->object_id, held->version, held->position, segments, roots, NULL,
                              &have, err);
    if (!rc && have != segments)
        rc = err_set(err, CODE_CONFLICT, "%" PRIu64 " of %" PRIu64 " staged pieces are missing", segments - have,
                     segments);
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
};

static int adopt_one(void *ctx, struct bytes key, const void *msg, struct err *err) {
    struct adopting *a = ctx;
    const HeldPosition *held = msg;
    (void)key;
    if (held->position != a->position)
        return CODE_OK;
    int rc = check_sealed(held, a->object, err);
    if (rc)
        return rc;
    struct hash *roots = calloc((size_t)layout_segments(held->profile, held->payload_size), sizeof *roots);
    rc = roots ? adopt(a->receiver, held, a->object, roots, err)
               : err_set(err, CODE_NO_MEMORY, "no memory for the roots of a position");
    free(roots);
    return rc;
}

int receiver_adopt(struct receiver *receiver, uint64_t stage, uint32_t position, const ObjectInfo *object,
                   struct err *err) {
    struct adopting a = {receiver, object, position};
    return held_each(receiver->db, stage, adopt_one, &a, err);
}
