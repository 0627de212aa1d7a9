/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_KNOWN_KEYS_H
#define CAIRN_CHAIN_NODE_KNOWN_KEYS_H
/*
 * Public keys that have signed something here, parsed: an eighth of a verification is taking the key's 33 bytes apart.
 * A fixed table (KNOWN_KEYS_MAX places in a node) in sets of four; a key that is forgotten is only parsed again. Who
 * may make others be forgotten must sign with as many keys.
 */
#include "chain/base/limits.h"
#include "chain/crypto/key.h"
#include "chain/os/thread.h"

enum { KNOWN_KEYS_WAYS = 4, KNOWN_KEYS_LOCKS = 64 };

struct known_keys_set {
    struct pubkey keys[KNOWN_KEYS_WAYS]; /* zero: free, as no key is */
    struct verifier verifiers[KNOWN_KEYS_WAYS];
    uint8_t turn;
};

struct known_keys {
    struct known_keys_set *sets;
    size_t sets_n;
    uint64_t salt; /* nobody outside knows which keys share a set */
    struct mutex locks[KNOWN_KEYS_LOCKS];
};

/* Empty, with `places` (some sets of four). CODE_NO_MEMORY. known_keys_release also after a failure. */
int known_keys_init(struct known_keys *k, size_t places, uint64_t salt, struct err *err);
void known_keys_release(struct known_keys *k); /* no call may be under way */

/* key_verify, by the key's parsed form if it is known; remembers the key of a right signature. From any thread. */
bool known_keys_verify(struct known_keys *k, const struct pubkey *key, const struct hash *digest,
                       const struct sig *sig);

#endif
