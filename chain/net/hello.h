/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NET_HELLO_H
#define CAIRN_CHAIN_NET_HELLO_H
/*
 * How two nodes find out who they are and agree on the keys of a link.
 *
 *     dialer -> listener   hello
 *     listener -> dialer   hello, then its first sealed frame: proof
 *     dialer -> listener   its first sealed frame: proof
 *
 * hello, HELLO_BYTES fixed: "CRNP" | version u16be | role u8 | 0 u8 | chain tag 32 | node public key 33 | ephemeral
 * X25519 key 32 | nonce 32.  proof: 64 bytes, the node key's signature of H(cairn.hello, chain tag | transcript |
 * direction u8), where transcript = H(cairn.transcript, chain tag | dialer's hello | listener's hello) and direction is
 * 0 for the dialer, 1 for the listener.
 *
 * Frame key of a direction: H(cairn.link, X25519(own ephemeral, their ephemeral) | transcript | direction u8). Both
 * nonces and both ephemeral keys are in the transcript, so a recorded link cannot be replayed; the signature binds the
 * node key to this very exchange, so nobody sits in between.
 */
#include "chain/base/err.h"
#include "chain/base/fixed.h"
#include "chain/crypto/key.h"
#include "chain/net/frame.h"

enum { HELLO_BYTES = 4 + 2 + 1 + 1 + 32 + 33 + 32 + 32, HELLO_VERSION = 1 };
enum hello_role { HELLO_VALIDATOR = 1, HELLO_FULL_NODE = 2 };
enum { HELLO_FROM_DIALER = 0, HELLO_FROM_LISTENER = 1 };

/* The id of a node: the first 20 bytes of H(cairn.nodeid, node public key). */
struct addr hello_node_id(const struct pubkey *node_key);

/* One side's part of the exchange. */
struct hello {
    uint8_t bytes[HELLO_BYTES];
    uint8_t secret[32]; /* of the ephemeral key; wiped by hello_agree */
};

/* Draws ephemeral key and nonce. */
void hello_make(struct hello *h, enum hello_role role, const struct hash *chain_tag, const struct pubkey *node_key);

/* What the other side said, checked against our chain: CODE_MALFORMED, CODE_VERSION, CODE_CHAIN_MISMATCH. */
int hello_read(const uint8_t bytes[HELLO_BYTES], const struct hash *chain_tag, enum hello_role *ret_role,
               struct pubkey *ret_node_key, struct err *err);

struct hello_keys {
    struct frame_key send, receive;
    struct hash transcript;
};

/* Keys from our hello and theirs; wipes our secret. CODE_INTEGRITY when their ephemeral key is a bad point. */
int hello_agree(struct hello *ours, const uint8_t theirs[HELLO_BYTES], bool we_dialed, const struct hash *chain_tag,
                struct hello_keys *ret_keys, struct err *err);

/* The digest that the proof of a direction signs. */
struct hash hello_proof_digest(const struct hash *chain_tag, const struct hash *transcript, uint8_t direction);

#endif
