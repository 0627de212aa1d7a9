/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_TX_H
#define CAIRN_CHAIN_TYPES_TX_H
/*
 * Transactions. On the wire, and in blocks:
 *
 *     length u32be | body (encoded TxBody, `length` bytes) | signature 64
 *
 *     tx_id     H(cairn.tx, chain tag | body): what is signed; replay protection, index, what users see
 *     wire_hash H(cairn.wire, body | signature): proposals, and the memory of verified signatures
 */
#include "chain/base/arena.h"
#include "chain/base/fixed.h"
#include "chain/crypto/key.h"

#include "cairn/tx.h"

enum { TX_FRAME_LEN = 4 + 64 }; /* what framing and signature add to a body */

/* A transaction as it was received. Everything lives on the arena that it was parsed on, except `wire`, `body_bytes`,
 * which borrow from the input. */
struct tx {
    struct bytes wire;
    struct bytes body_bytes;
    const TxBody *body;
    struct pubkey signer;
    struct addr sender; /* address of signer */
    struct sig sig;
    struct hash id;
    struct hash wire_hash;
};

/*
 * Takes one whole transaction apart: framing, strict decoding, hard bounds (limits.h; parameters may be tighter), at
 * least one message, signer and fee_payer of the right size. Does not verify the signature. CODE_MALFORMED,
 * CODE_TOO_LARGE, CODE_NO_MEMORY; *ret untouched then.
 */
int tx_parse(struct bytes wire, const struct hash *chain_tag, struct arena *arena, struct tx *ret, struct err *err);

/* The account whose balance its fee is taken from: its fee_payer, or the sender. */
struct addr tx_payer(const struct tx *tx);

/* Length of the transaction that `data` begins with, framing included; 0 when more bytes are needed to tell, SIZE_MAX
 * when it is larger than TX_LEN_MAX. */
size_t tx_wire_len(struct bytes data);

/* Verifies the signature: CODE_BAD_SIGNATURE. */
int tx_verify(const struct tx *tx, struct err *err);
/* The same with the signer's key parsed already (verifier of tx->signer). */
int tx_verify_with(const struct tx *tx, const struct verifier *verifier, struct err *err);

/* Encodes, signs and frames a body whose signer is `key`'s public key; ret_wire lies on the arena.
 * CODE_INVALID_ARGUMENT when the body names another signer, CODE_TOO_LARGE, CODE_NO_MEMORY. */
int tx_sign(const TxBody *body, const struct seckey *key, const struct hash *chain_tag, struct arena *arena,
            struct bytes *ret_wire, struct err *err);

struct hash tx_id_of(const struct hash *chain_tag, struct bytes body);
struct hash tx_wire_hash_of(struct bytes body, const struct sig *sig);
/* The same from the frame alone. False, *ret untouched, unless `wire` is exactly one frame. */
bool tx_wire_hash(struct bytes wire, struct hash *ret);

/* The chain tag: H(cairn.genesis, genesis bytes), the canonical encoding of message Genesis. */
struct hash chain_tag_of(struct bytes genesis);

#endif
