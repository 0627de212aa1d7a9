/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BFT_RECORD_H
#define CAIRN_CHAIN_BFT_RECORD_H
/*
 * How an event is written to the log: its kind in one byte, then fixed big-endian fields. The log adds length and
 * checksum. Decoding is strict: exactly the length, known kinds, flags 0 or 1, counts within their caps.
 */
#include "chain/bft/bft.h"

/* The largest record: a certificate with VALIDATORS_MAX votes. */
#define BFT_RECORD_MAX (64 + VALIDATORS_MAX * 112)

/* Writes the event to ret_bytes (BFT_RECORD_MAX bytes of room) and returns its length. RESUME has no record (asserted).
 * START is written without its powers. */
size_t bft_record_encode(const struct bft_event *event, uint8_t *ret_bytes);

/* The reverse. A certificate is decoded into *certificate (the caller's), which ret_event then points to; a START comes
 * back with powers NULL and validators 0, for the caller to fill in. False, outputs undefined, when the bytes are not a
 * record. */
bool bft_record_decode(const uint8_t *bytes, size_t len, struct certificate *certificate, struct bft_event *ret_event);

#endif
