/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/crypto/key.h"
#include "chain/crypto/wipe.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

/* The signing context. Made by whoever signs first; a thread that loses the race destroys its own. Never destroyed. */
static _Atomic(secp256k1_context *) signing_context;

static secp256k1_context *signer(void) {
    secp256k1_context *ctx = atomic_load_explicit(&signing_context, memory_order_acquire);
    if (ctx != NULL)
        return ctx;
    secp256k1_context *fresh = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    assert(fresh != NULL);
    if (atomic_compare_exchange_strong(&signing_context, &ctx, fresh))
        return fresh;
    secp256k1_context_destroy(fresh);
    return ctx;
}

void key_blind(const uint8_t random[32]) {
    int ok = secp256k1_context_randomize(signer(), random);
    assert(ok);
    (void)ok;
}

int seckey_init(struct seckey *key, const uint8_t raw[32], struct err *err) {
    if (!secp256k1_ec_seckey_verify(secp256k1_context_static, raw))
        return err_set(err, CODE_INVALID_ARGUMENT, "these 32 bytes are not a secp256k1 secret key; draw others");
    memcpy(key->b, raw, sizeof key->b);
    return CODE_OK;
}

void seckey_wipe(struct seckey *key) {
    if (key != NULL)
        wipe(key, sizeof *key);
}

struct pubkey seckey_pubkey(const struct seckey *key) {
    secp256k1_pubkey point;
    struct pubkey out;
    size_t len = sizeof out.b;
    int ok = secp256k1_ec_pubkey_create(signer(), &point, key->b);
    assert(ok);
    ok = secp256k1_ec_pubkey_serialize(secp256k1_context_static, out.b, &len, &point, SECP256K1_EC_COMPRESSED);
    assert(ok && len == sizeof out.b);
    (void)ok;
    return out;
}

struct sig seckey_sign(const struct seckey *key, const struct hash *digest) {
    secp256k1_ecdsa_signature raw;
    struct sig out;
    int ok = secp256k1_ecdsa_sign(signer(), &raw, digest->b, key->b, secp256k1_nonce_function_rfc6979, NULL);
    assert(ok);
    ok = secp256k1_ecdsa_signature_serialize_compact(secp256k1_context_static, out.b, &raw);
    assert(ok);
    (void)ok;
    return out;
}

int verifier_init(struct verifier *verifier, const struct pubkey *key, struct err *err) {
    secp256k1_pubkey point;
    if (!secp256k1_ec_pubkey_parse(secp256k1_context_static, &point, key->b, sizeof key->b))
        return err_set(err, CODE_INVALID_ARGUMENT, "these 33 bytes are not a compressed secp256k1 public key");
    verifier->point = point;
    return CODE_OK;
}

bool verifier_check(const struct verifier *verifier, const struct hash *digest, const struct sig *sig) {
    secp256k1_ecdsa_signature raw;
    if (!secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, &raw, sig->b))
        return false;
    return secp256k1_ecdsa_verify(secp256k1_context_static, &raw, digest->b, &verifier->point) == 1;
}

bool key_verify(const struct pubkey *key, const struct hash *digest, const struct sig *sig) {
    struct verifier verifier;
    return verifier_init(&verifier, key, NULL) == CODE_OK && verifier_check(&verifier, digest, sig);
}

bool sig_is_canonical(const struct sig *sig) {
    secp256k1_ecdsa_signature raw;
    if (!secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, &raw, sig->b))
        return false;
    return secp256k1_ecdsa_signature_normalize(secp256k1_context_static, NULL, &raw) == 0;
}
