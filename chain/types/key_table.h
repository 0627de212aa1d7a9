/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_TYPES_KEY_TABLE_H
#define CAIRN_CHAIN_TYPES_KEY_TABLE_H
/*
 * Every table of the state, once, as people say it: a word and its fields, which message lies there. What programs
 * print about a key and what people may type for one. docs/state-keys.md is the same table for readers; a test compares
 * the two.
 *
 *     account cairn1...        bucket photos        object-of 7 holiday/sea.jpg        sp 3        challenge 12
 */
#include "chain/base/arena.h"
#include "chain/base/err.h"
#include "chain/types/key.h"

#include <protobuf-c/protobuf-c.h>

/* Fields are letters: '1' '4' '8' numbers of so many bytes, '-' a u64 of which the key has 2^64 - 1 minus it, 'a' an
 * address, 'h' a hash, 'n' a name up to the end, 'k' another key up to the end, 'A' and 'G' the bytes 01 and 02 that
 * stand for "account" and "group". */
struct key_row {
    const char *word;
    enum key_module module;
    char table;
    const char *fields;
    const char *names;                        /* of the fields, for help: "BUCKET-ID NAME" */
    const ProtobufCMessageDescriptor *record; /* NULL: empty, or no message */
};

extern const struct key_row key_table[];
extern const size_t key_table_count;

/* The key that the words say: "0x" and hex digits, or a row's word and its fields. CODE_INVALID_ARGUMENT says what is
 * wrong with which word. */
int key_from_words(const char *const *words, size_t count, struct key *ret, struct err *err);

/* The row that a key belongs to, or NULL. */
const struct key_row *key_row_of(struct bytes key);

/* The words of a key, or 0x and hex where no row fits; on the arena, NULL without memory. */
const char *key_to_words(struct bytes key, struct arena *arena);

#endif
