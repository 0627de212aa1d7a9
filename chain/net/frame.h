/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NET_FRAME_H
#define CAIRN_CHAIN_NET_FRAME_H
/*
 * Sealed frames on a link between two nodes, and how messages are cut into them.
 *
 * On the wire:  len u32be (of what follows) | sealed { class u8 | flags u8 | [first: kind u8, total u32be] | part } |
 * tag 16
 *
 * ChaCha20-Poly1305 (IETF) under one key per direction, nonce = 4 zero bytes and the frame's number in its direction
 * as u64le, the length as additional data: a frame that is changed, repeated, dropped or out of order does not open,
 * and the link ends. A message longer than a frame travels in parts, so that a vote never waits behind a whole block
 * body; each class puts its parts together on its own. The total is checked against the cap of its class before
 * anything is allocated.
 */
#include "chain/base/bytes.h"
#include "chain/base/err.h"
#include "chain/base/limits.h"

enum net_class { NET_VOTES, NET_PROPOSALS, NET_BODIES, NET_SYNC, NET_MEMPOOL, NET_CLASSES };

enum {
    FRAME_TAG = 16,
    FRAME_HEAD = 4,
    FRAME_INNER_HEAD = 2 + 5,
    FRAME_MAX = FRAME_HEAD + FRAME_INNER_HEAD + FRAME_PART_MAX + FRAME_TAG,
};

/* The largest message of a class. */
size_t net_class_cap(enum net_class class);
const char *net_class_name(enum net_class class);

struct frame_key {
    uint8_t key[32];
    uint64_t counter; /* of the next frame */
};

/* One part of a message before sealing or after opening. */
struct frame {
    enum net_class class;
    bool first, last;
    uint8_t kind;   /* first only */
    uint32_t total; /* first only: bytes of the whole message */
    struct bytes part;
};

/* Seals `f` into `out`, which has room for FRAME_MAX, and counts the key on. Returns the bytes written. */
size_t frame_seal(struct frame_key *k, const struct frame *f, uint8_t *out);

/* How long the frame is that begins with these FRAME_HEAD bytes, head included. 0 when no frame may be so short or
 * long. */
size_t frame_length(const uint8_t head[FRAME_HEAD]);

/* Opens the `len` bytes of one frame in place; ret_frame->part points into `wire`. CODE_INTEGRITY when it does not
 * open, CODE_MALFORMED when it opens to nonsense. */
int frame_open(struct frame_key *k, uint8_t *wire, size_t len, struct frame *ret_frame, struct err *err);

/* Puts the parts of one class together. Zeroed at first; frame_join_release at the end. */
struct frame_join {
    uint8_t *data;
    size_t len, total;
    uint8_t kind;
    bool open;
};

/* Takes the next part. When it was the last, *ret_done is true and *ret_message is the message: borrowed, until the
 * next call (a message of a single frame is not even copied). CODE_MALFORMED / CODE_TOO_LARGE / CODE_NO_MEMORY end the
 * link. */
int frame_join_take(struct frame_join *j, const struct frame *f, bool *ret_done, uint8_t *ret_kind,
                    struct bytes *ret_message, struct err *err);
void frame_join_release(struct frame_join *j);

#endif
