/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secp256k1 keys and signatures: public keys 33 bytes compressed, signatures 64 bytes r | s with low s enforced, nonces
 * by RFC 6979 (one key and one digest give one signature, everywhere).
 *
 * All functions may be called from any thread at once. Verification uses the library's static context; signing uses one
 * context per process, made on first use.
 */
#ifndef CAIRN_CHAIN_CRYPTO_KEY_H
#define CAIRN_CHAIN_CRYPTO_KEY_H

#include "chain/base/err.h"
#include "chain/base/fixed.h"

#include <secp256k1.h>
#include <stdbool.h>

/* A secret key: a number in 1..n-1. Wipe it as soon as it is not needed; never log it. */
struct seckey {
    uint8_t b[32];
};

/* A parsed public key: 4 microseconds saved per verification. Plain data, may be cached and copied. */
struct verifier {
    secp256k1_pubkey point;
};

/* Takes 32 random or stored bytes as a key. CODE_INVALID_ARGUMENT when they are 0 or not below the group's order. */
int seckey_init(struct seckey *key, const uint8_t raw[32], struct err *err);
void seckey_wipe(struct seckey *key);

/* The public key of a valid secret key. */
struct pubkey seckey_pubkey(const struct seckey *key);

/* Signs a digest. The key must be valid (seckey_init said so). */
struct sig seckey_sign(const struct seckey *key, const struct hash *digest);

/* Mixes 32 secret random bytes into the signing context (blinding against side channels). Optional; call it once at
 * start-up, before other threads sign. */
void key_blind(const uint8_t random[32]);

/* Parses a public key. CODE_INVALID_ARGUMENT when the bytes are not a point on the curve in compressed form. */
int verifier_init(struct verifier *verifier, const struct pubkey *key, struct err *err);

/* True when `sig` is the key's signature of `digest` with low s. Constant inputs, no side effects. */
bool verifier_check(const struct verifier *verifier, const struct hash *digest, const struct sig *sig);

/* Both in one: false also for an unparsable key. */
bool key_verify(const struct pubkey *key, const struct hash *digest, const struct sig *sig);

/* True when r and s are below the group's order and s is not above half of it: what every decoder of signatures asks
 * before it spends a verification. */
bool sig_is_canonical(const struct sig *sig);

#endif
