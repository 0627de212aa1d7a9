/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_AUTHENTICATOR_NONCES_H
#define CAIRN_SP_AUTHENTICATOR_NONCES_H
/*
 * Nonces of requests that have been let in, until they expire: an open-addressing table that is swept as it fills. Not
 * thread-safe.
 */
#include "chain/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct nonce_set;

/* Room for at most max nonces. NULL without memory. */
struct nonce_set *nonce_set_new(size_t max);
void nonce_set_free(struct nonce_set *set); /* NULL allowed */

/* Remembers a nonce until expires_ms. CODE_DONE_ALREADY: it is there (and was not expired at now_ms); CODE_BUSY: full
 * of nonces that live. */
int nonce_set_add(struct nonce_set *set, const uint8_t nonce[16], uint64_t expires_ms, uint64_t now_ms,
                  struct err *err);

#endif
