/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_SERVE_H
#define CAIRN_CHAIN_NODE_SERVE_H
/* What peers want from the store, as messages on the arena. Any thread; the simulator serves by the same functions. */
#include "chain/store/store.h"

enum serve_kind {
    SERVE_BLOCKS,
    SERVE_DECIDED,
    SERVE_SNAPSHOTS,
    SERVE_HEADER,
    SERVE_MANIFEST,
    SERVE_CHUNK, /* `count` is its number */
    SERVE_STOP
};

/* What a peer (in the host's numbering) wants. */
struct serve {
    enum serve_kind kind;
    uint32_t peer;
    uint64_t from;
    uint32_t count;
};

/* Is a message of this kind a request to the store? */
bool serve_takes(uint8_t wire_kind);
/* What it asks for; ret->peer stays zero. CODE_MALFORMED. */
int serve_parse(uint8_t wire_kind, struct bytes payload, struct arena *arena, struct serve *ret, struct err *err);
/* The answer on the arena. Returns its kind, 0: there is none. `store` NULL: this node has none yet, and says so. */
uint8_t serve_answer(struct store *store, const struct serve *s, struct arena *arena, struct bytes *ret);

/* A BlockBatch of stored blocks from height `from` on: at most `count`, as many as one message takes, perhaps none. */
int serve_blocks(struct store *store, uint64_t from, uint32_t count, struct arena *arena, struct bytes *ret,
                 struct err *err);

/* A DecidedBlock: one block with the certificate that decided it. CODE_NOT_FOUND, CODE_PRUNED. */
int serve_decided(struct store *store, uint64_t height, struct arena *arena, struct bytes *ret, struct err *err);

/* --- for nodes that join by a snapshot --- without what is not here, the answer says so by its emptiness; `store` may
 * be NULL: nothing is here, as with serve_blocks */
int serve_snapshots(struct store *store, struct arena *arena, struct bytes *ret, struct err *err);
int serve_header(struct store *store, uint64_t height, struct arena *arena, struct bytes *ret, struct err *err);
int serve_manifest(struct store *store, uint64_t height, struct arena *arena, struct bytes *ret, struct err *err);
int serve_chunk(struct store *store, uint64_t height, uint32_t index, struct arena *arena, struct bytes *ret,
                struct err *err);

#endif
