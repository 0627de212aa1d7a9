/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiving side of an upload, from a primary or from a client that stages what it coded itself: takes the pieces
 * of one position, one segment after the other, under an approval that this SP signed itself; verifies and stores them
 * durably; and signs the receipt once the whole position is here.
 *
 * Every call is idempotent: a piece that is here already with the same root is not written again, a receipt can be
 * asked for as often as one likes. What is never sealed goes when `unsealed_ttl_ms` have passed (gc).
 *
 * The ticket of a stage has the stage's id as object id (stages.h), which its receipt does not name; its record takes
 * room of its creator's from the first piece on, and goes when the ledger's time has come to its end.
 *
 * Threads: all functions may be called from any thread at once.
 */
#ifndef CAIRN_SP_RECEIVER_RECEIVER_H
#define CAIRN_SP_RECEIVER_RECEIVER_H

#include "cairn/sp_wire.h"
#include "sp/piecestore/piecestore.h"
#include "sp/spdb/spdb.h"
#include "sp/spdb/stages.h"

/* What the receiver needs of others. Every call may block and be made from any thread. */
struct receiver_env {
    void *ctx;
    uint64_t (*real_ms)(void *ctx);
    /*
     * Does the ticket stand under an approval that this SP signed, for exactly this object, size, profile and price,
     * not expired by ledger time, and does the ledger know the object? CODE_DENIED, CODE_EXPIRED, CODE_BAD_SIGNATURE,
     * CODE_NOT_FOUND.
     */
    int (*check_ticket)(void *ctx, const PieceTicket *ticket, struct err *err);
    /* Signs a receipt with the seal key; *ret_signed lies on the arena. */
    int (*sign_receipt)(void *ctx, const Receipt *receipt, struct arena *arena, SignedReceipt **ret_signed,
                        struct err *err);
};

struct receiver {
    struct spdb *db;
    struct piecestore *store;
    struct receiver_env env;
    struct hash chain_tag;
    uint32_t sp_id;
    uint64_t unsealed_ttl_ms;
    struct stage_limits stages; /* of what clients stage */
};

/*
 * Takes the piece of `segment` that the ticket's position keeps; durable on CODE_OK. want_root (may be NULL) is the
 * root that the sender computed. CODE_INVALID_ARGUMENT (shape, length), CODE_INTEGRITY (other root), CODE_CONFLICT
 * (sealed, or promised by a receipt, with other bytes), CODE_BUSY (what lay there before is still being removed),
 * CODE_NOT_FOUND (the position went meanwhile), CODE_DISK_FULL, CODE_IO, and what check_ticket answers.
 */
int receiver_put(struct receiver *receiver, const PieceTicket *ticket, uint64_t segment, struct bytes data,
                 const struct hash *want_root, struct err *err);

/* The length that the piece of `segment` must have; checks the ticket's shape. For gateways, before they read the body.
 */
int receiver_piece_len(const PieceTicket *ticket, uint64_t segment, uint64_t *ret_len, struct err *err);

/*
 * Which segments of a position are here: a bitmap on the arena, and how many. CODE_NOT_FOUND when nothing is.
 */
int receiver_have(struct receiver *receiver, const PieceTicket *ticket, struct arena *arena, struct bytes *ret_bitmap,
                  uint64_t *ret_count, struct err *err);

/*
 * The receipt for the whole position, on the arena. CODE_CONFLICT with how many pieces are missing; CODE_NOT_FOUND when
 * there is nothing of it here.
 */
int receiver_receipt(struct receiver *receiver, const PieceTicket *ticket, struct arena *arena,
                     SignedReceipt **ret_signed, struct err *err);

/* The ledger has sealed `object` with what was staged here for a position: it is the object's from now on, and the
 * bytes are not copied. Nothing staged (any more) is CODE_OK. CODE_CONFLICT: what is staged is not what was sealed;
 * CODE_IO, ... */
int receiver_adopt(struct receiver *receiver, uint64_t stage, uint32_t position, const ObjectInfo *object,
                   struct err *err);

#endif
