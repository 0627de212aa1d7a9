/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/net/hello.h"

#include "chain/crypto/hash.h"
#include "chain/crypto/wipe.h"
#include "chain/os/random.h"

#include <sodium.h>

enum { AT_VERSION = 4, AT_ROLE = 6, AT_ZERO = 7, AT_TAG = 8, AT_KEY = 40, AT_EPHEMERAL = 73, AT_NONCE = 105 };

struct addr hello_node_id(const struct pubkey *node_key) {
    struct hash h = hash_of(DOMAIN_NODEID, pubkey_bytes(node_key));
    struct addr id;
    memcpy(id.b, h.b, sizeof id.b);
    return id;
}

void hello_make(struct hello *h, enum hello_role role, const struct hash *chain_tag, const struct pubkey *node_key) {
    uint8_t *p = h->bytes;
    memcpy(p, "CRNP", 4);
    store_be16(p + AT_VERSION, HELLO_VERSION);
    p[AT_ROLE] = (uint8_t)role;
    p[AT_ZERO] = 0;
    memcpy(p + AT_TAG, chain_tag->b, 32);
    memcpy(p + AT_KEY, node_key->b, 33);
    random_bytes(h->secret, sizeof h->secret);
    crypto_scalarmult_base(p + AT_EPHEMERAL, h->secret);
    random_bytes(p + AT_NONCE, 32);
}

int hello_read(const uint8_t bytes[HELLO_BYTES], const struct hash *chain_tag, enum hello_role *ret_role,
               struct pubkey *ret_node_key, struct err *err) {
    if (memcmp(bytes, "CRNP", 4) != 0 || bytes[AT_ZERO] != 0)
        return err_set(err, CODE_MALFORMED, "this is not a Cairn node's hello");
    if (load_be16(bytes + AT_VERSION) != HELLO_VERSION)
        return err_set(err, CODE_VERSION, "the peer speaks version %u of the link protocol, this node %d",
                       load_be16(bytes + AT_VERSION), HELLO_VERSION);
    if (memcmp(bytes + AT_TAG, chain_tag->b, 32) != 0)
        return err_set(err, CODE_CHAIN_MISMATCH, "the peer belongs to another chain");
    uint8_t role = bytes[AT_ROLE];
    if (role != HELLO_VALIDATOR && role != HELLO_FULL_NODE)
        return err_set(err, CODE_MALFORMED, "the peer's role %u is unknown", role);
    struct pubkey key;
    struct verifier v;
    memcpy(key.b, bytes + AT_KEY, 33);
    int rc = verifier_init(&v, &key, err);
    if (rc != CODE_OK)
        return err_wrap(err, rc, "the peer's node key");
    *ret_role = (enum hello_role)role;
    *ret_node_key = key;
    return CODE_OK;
}

static void frame_key_derive(struct frame_key *k, const uint8_t shared[32], const struct hash *transcript,
                             uint8_t direction) {
    struct bytes parts[] = {bytes_of(shared, 32), hash_bytes(transcript), bytes_of(&direction, 1)};
    struct hash h = hash_parts(DOMAIN_LINK, parts, 3);
    memcpy(k->key, h.b, 32);
    k->counter = 0;
    wipe(&h, sizeof h);
}

int hello_agree(struct hello *ours, const uint8_t theirs[HELLO_BYTES], bool we_dialed, const struct hash *chain_tag,
                struct hello_keys *ret_keys, struct err *err) {
    uint8_t shared[32];
    int bad = crypto_scalarmult(shared, ours->secret, theirs + AT_EPHEMERAL);
    wipe(ours->secret, sizeof ours->secret);
    if (bad)
        return err_set(err, CODE_INTEGRITY, "the peer's ephemeral key is not usable");
    struct bytes mine = bytes_of(ours->bytes, HELLO_BYTES), other = bytes_of(theirs, HELLO_BYTES);
    struct bytes parts[] = {hash_bytes(chain_tag), we_dialed ? mine : other, we_dialed ? other : mine};
    struct hello_keys k = {.transcript = hash_parts(DOMAIN_TRANSCRIPT, parts, 3)};
    uint8_t us = we_dialed ? HELLO_FROM_DIALER : HELLO_FROM_LISTENER;
    frame_key_derive(&k.send, shared, &k.transcript, us);
    frame_key_derive(&k.receive, shared, &k.transcript, us ^ 1);
    wipe(shared, sizeof shared);
    *ret_keys = k;
    return CODE_OK;
}

struct hash hello_proof_digest(const struct hash *chain_tag, const struct hash *transcript, uint8_t direction) {
    struct bytes parts[] = {hash_bytes(chain_tag), hash_bytes(transcript), bytes_of(&direction, 1)};
    return hash_parts(DOMAIN_HELLO, parts, 3);
}
