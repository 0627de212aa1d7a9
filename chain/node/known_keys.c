/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/node/known_keys.h"

#include <assert.h>
#include <stdlib.h>

enum { KEY_SIGN = 1 }; /* the first byte says little */

static size_t set_of(const struct known_keys *k, const struct pubkey *key) {
    uint64_t h = load_le64(key->b + KEY_SIGN) * (k->salt | 1);
    return (size_t)((h >> 32) * k->sets_n >> 32); /* by the top bits: all of the salt and of the key are in them */
}

static struct mutex *lock_of(struct known_keys *k, size_t set) {
    return &k->locks[set % KNOWN_KEYS_LOCKS];
}

/* Its place in the set, or KNOWN_KEYS_WAYS: also for the zeros that a free place holds, which are no key. */
static unsigned way_of(const struct known_keys_set *s, const struct pubkey *key) {
    unsigned i = key->b[0] != 0 ? 0 : KNOWN_KEYS_WAYS;
    while (i < KNOWN_KEYS_WAYS && memcmp(s->keys[i].b, key->b, sizeof key->b) != 0)
        i++;
    return i;
}

static bool find(struct known_keys *k, size_t set, const struct pubkey *key, struct verifier *ret) {
    mutex_lock(lock_of(k, set));
    unsigned way = way_of(&k->sets[set], key);
    if (way < KNOWN_KEYS_WAYS)
        *ret = k->sets[set].verifiers[way];
    mutex_unlock(lock_of(k, set));
    return way < KNOWN_KEYS_WAYS;
}

static void remember(struct known_keys *k, size_t set, const struct pubkey *key, const struct verifier *verifier) {
    struct known_keys_set *s = &k->sets[set];
    mutex_lock(lock_of(k, set));
    if (way_of(s, key) == KNOWN_KEYS_WAYS) { /* else another thread was here first */
        unsigned way = s->turn++ % KNOWN_KEYS_WAYS;
        s->keys[way] = *key;
        s->verifiers[way] = *verifier;
    }
    mutex_unlock(lock_of(k, set));
}

int known_keys_init(struct known_keys *k, size_t places, uint64_t salt, struct err *err) {
    assert(places > 0 && places % KNOWN_KEYS_WAYS == 0);
    k->sets_n = places / KNOWN_KEYS_WAYS;
    k->salt = salt;
    for (unsigned i = 0; i < KNOWN_KEYS_LOCKS; i++)
        mutex_init(&k->locks[i]);
    k->sets = calloc(k->sets_n, sizeof *k->sets);
    return k->sets != NULL ? CODE_OK : err_set(err, CODE_NO_MEMORY, "no memory for the keys that have signed");
}

void known_keys_release(struct known_keys *k) {
    for (unsigned i = 0; i < KNOWN_KEYS_LOCKS; i++)
        mutex_release(&k->locks[i]);
    free(k->sets);
    k->sets = NULL;
}

bool known_keys_verify(struct known_keys *k, const struct pubkey *key, const struct hash *digest,
                       const struct sig *sig) {
    struct verifier verifier;
    size_t set = set_of(k, key);
    bool known = find(k, set, key, &verifier);
    if (!known && verifier_init(&verifier, key, NULL) != CODE_OK)
        return false;
    bool right = verifier_check(&verifier, digest, sig);
    if (right && !known)
        remember(k, set, key, &verifier);
    return right;
}
