/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/sealed_box.h"
#include "chain/crypto/wipe.h"

#include <sodium.h>

enum { KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES };

_Static_assert(SEALED_BOX_SALT == crypto_pwhash_argon2id_SALTBYTES, "salt size");
_Static_assert(SEALED_BOX_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce size");
_Static_assert(SEALED_BOX_TAG == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag size");

void sealed_box_set_cost(struct sealed_box *box) {
    box->passes = 3;
    box->memory_bytes = (uint64_t)64 << 20;
}

void sealed_box_set_least_cost(struct sealed_box *box) {
    box->passes = 1;
    box->memory_bytes = SEALED_BOX_MEMORY_MIN;
}

static bool cost_is_sane(const struct sealed_box *box) {
    return box->passes >= 1 && box->passes <= SEALED_BOX_PASSES_MAX && box->memory_bytes >= SEALED_BOX_MEMORY_MIN &&
           box->memory_bytes <= SEALED_BOX_MEMORY_MAX;
}

static int derive_key(const struct sealed_box *box, struct bytes passphrase, uint8_t ret_key[KEY_BYTES],
                      struct err *err) {
    if (sodium_init() < 0)
        return err_set(err, CODE_INTERNAL, "libsodium does not start");
    if (crypto_pwhash_argon2id(ret_key, KEY_BYTES, (const char *)passphrase.data, passphrase.len, box->salt,
                               box->passes, (size_t)box->memory_bytes, crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return err_set(err, CODE_NO_MEMORY, "deriving the key takes %llu bytes of memory, which are not free",
                       (unsigned long long)box->memory_bytes);
    return CODE_OK;
}

int sealed_box_seal(const struct sealed_box *box, struct bytes passphrase, struct bytes context, struct bytes plain,
                    uint8_t *ret_sealed, struct err *err) {
    if (!cost_is_sane(box))
        return err_set(err, CODE_INVALID_ARGUMENT, "a key is sealed with 1..%d passes over 8 KiB..1 GiB",
                       SEALED_BOX_PASSES_MAX);
    uint8_t key[KEY_BYTES];
    int rc = derive_key(box, passphrase, key, err);
    if (rc != CODE_OK)
        return rc;
    crypto_aead_xchacha20poly1305_ietf_encrypt(ret_sealed, NULL, plain.data, plain.len, context.data, context.len, NULL,
                                               box->nonce, key);
    wipe(key, sizeof key);
    return CODE_OK;
}

int sealed_box_open(const struct sealed_box *box, struct bytes passphrase, struct bytes context, struct bytes sealed,
                    uint8_t *ret_plain, struct err *err) {
    if (sealed.len < SEALED_BOX_TAG)
        return err_set(err, CODE_MALFORMED, "the sealed key is cut short");
    if (!cost_is_sane(box))
        return err_set(err, CODE_MALFORMED, "a sealed key that asks for %llu passes over %llu bytes is not opened",
                       (unsigned long long)box->passes, (unsigned long long)box->memory_bytes);
    uint8_t key[KEY_BYTES];
    int rc = derive_key(box, passphrase, key, err);
    if (rc != CODE_OK)
        return rc;
    int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL, sealed.data, sealed.len,
                                                            context.data, context.len, box->nonce, key);
    wipe(key, sizeof key);
    if (opened != 0)
        return err_set(err, CODE_WRONG_PASSPHRASE, "the passphrase is wrong, or the file is damaged");
    return CODE_OK;
}
