/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a `bytes` field means, by its name: one table for the strict walker (sizes), JSON (how people see it) and
 * config.
 *
 * protobuf-c keeps no custom options in its descriptors (PITFALLS.md), so the field's name decides, and a name means
 * the same in every message. tests/lint/proto refuses a bytes field whose name is not in the table.
 */
#ifndef CAIRN_CHAIN_CODEC_HINTS_H
#define CAIRN_CHAIN_CODEC_HINTS_H

#include <stddef.h>

enum hint {
    HINT_NONE,    /* the name is not in the table: base64, any size */
    HINT_ADDRESS, /* 20 bytes, bech32 cairn1… */
    HINT_HASH,    /* 32 bytes, hex: hashes, ids and secrets' tips of that size */
    HINT_PUBKEY,  /* 33 bytes, hex */
    HINT_SIG,     /* 64 bytes, hex */
    HINT_HEX,     /* any size, hex */
    HINT_BASE64,  /* any size, base64 with padding */
};

/* The hint for a field of this name. */
enum hint hint_of(const char *field_name);

/* How many bytes such a field has where it is present; 0 = any number. Elements of lists may also be empty. */
size_t hint_size(enum hint hint);

#endif
