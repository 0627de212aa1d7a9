/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_WIRE_H
#define CAIRN_CHAIN_NODE_WIRE_H
/* What nodes say to each other (proto/cairn/net.proto), between the core's values and bytes. A message's kind is the
 * number of its field in NetFrame. Encoders put bytes on the arena; decoders check form, never signatures. */
#include "chain/bft/bft.h"
#include "chain/net/net.h"
#include "chain/node/block.h"

#include "cairn/net.h"

enum wire_kind {
    WIRE_VOTE = 1,
    WIRE_CERTIFICATE = 2,
    WIRE_PROPOSAL = 3,
    WIRE_BODY_REQUEST = 4,
    WIRE_DECIDED = 5,
    WIRE_STATUS = 6,
    WIRE_BLOCK_REQUEST = 7,
    WIRE_BLOCK_BATCH = 8,
    WIRE_TXS = 9,
    WIRE_TX_REQUEST = 10,
    WIRE_TX_REPLY = 11,
    WIRE_SUMMARY = 12,
    WIRE_SNAPSHOTS_REQUEST = 20,
    WIRE_SNAPSHOTS = 21,
    WIRE_HEADER_REQUEST = 22,
    WIRE_HEADER = 23,
    WIRE_MANIFEST_REQUEST = 24,
    WIRE_MANIFEST = 25,
    WIRE_CHUNK_REQUEST = 26,
    WIRE_CHUNK = 27,
};

/* The class in which a kind travels; NET_CLASSES for an unknown one. */
enum net_class wire_class(uint8_t kind);
/* Is it an answer that only a node which joins by a snapshot asks for? */
bool wire_of_join(uint8_t kind);

int wire_vote_encode(const struct vote *vote, struct arena *arena, struct bytes *ret, struct err *err);
int wire_vote_decode(struct bytes in, struct arena *arena, struct vote *ret, struct err *err);

/* Of any kind, for a set of `validators`. */
int wire_certificate_encode(const struct certificate *cert, uint16_t validators, struct arena *arena, struct bytes *ret,
                            struct err *err);
int wire_certificate_decode(struct bytes in, uint16_t validators, struct arena *arena, struct certificate *ret,
                            struct err *err);

/* What a node holds of a height, in bits of a set of `validators`. */
int wire_summary_encode(const struct bft_summary *summary, uint16_t validators, struct arena *arena, struct bytes *ret,
                        struct err *err);
int wire_summary_decode(struct bytes in, struct arena *arena, struct bft_summary *ret, struct err *err);

/* A proposal, naming all transactions of the block by their wire hashes, with the bodies of those for which `young`
 * says true (NULL: of all). */
int wire_proposal_encode(const struct proposal *p, const struct block *b, const bool *young, struct arena *arena,
                         struct bytes *ret, struct err *err);

/* One that has come. On the arena, or borrowed from the input. */
struct wire_proposal {
    struct proposal proposal; /* value: the header's id */
    struct bytes header_bytes;
    struct header header;
    const Certificate *last_certificate; /* NULL when there is none */
    struct hash *hashes;                 /* of all transactions, in order; held against the header's root and count */
    size_t hashes_n;
    const ProtobufCBinaryData *txs; /* bodies of some */
    size_t txs_n;
};
int wire_proposal_decode(struct bytes in, const struct hash *chain_tag, struct arena *arena, struct wire_proposal *ret,
                         struct err *err);

#endif
