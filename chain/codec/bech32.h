/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bech32 (BIP-173): how people see addresses. `cairn1…` is the human-readable part "cairn", the separator, 20 bytes in
 * groups of five bits, and a checksum of six characters that catches up to four mistyped ones.
 */
#ifndef CAIRN_CHAIN_CODEC_BECH32_H
#define CAIRN_CHAIN_CODEC_BECH32_H

#include <stddef.h>

#include "chain/base/bytes.h"
#include "chain/base/err.h"
#include "chain/base/fixed.h"

#define BECH32_HRP "cairn"
/* BIP-173: a string has at most 90 characters; with the final NUL. */
#define BECH32_TEXT_MAX 91
/* "cairn" "1", 32 characters for 160 bits, 6 of checksum, NUL. */
#define ADDR_TEXT_MAX 45

/*
 * Writes `data` under `hrp` in lower case with a final NUL. Asserts that hrp is lower-case ASCII and that the text fits
 * into BECH32_TEXT_MAX.
 */
void bech32_encode(const char *hrp, struct bytes data, char ret_text[BECH32_TEXT_MAX]);

/*
 * Reads `text` (all lower or all upper case) that must carry `hrp` and exactly ret_len bytes.
 * CODE_INVALID_ARGUMENT with the reason: character, part, checksum, length.
 */
int bech32_decode(const char *hrp, const char *text, uint8_t *ret_data, size_t ret_len, struct err *err);

/* An address as text, and back. */
void addr_to_text(const struct addr *addr, char ret_text[ADDR_TEXT_MAX]);
int addr_from_text(const char *text, struct addr *ret_addr, struct err *err);

#endif
