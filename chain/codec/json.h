/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any message to JSON and back, by reflection: the one printer and the one parser for CLI, RPC, genesis and vectors.
 *
 * Form: fields by their proto names; every field is there, except absent sub-messages and unchosen members of a oneof.
 * u64 and i64 are decimal strings (jansson, like JavaScript, has no unsigned 64-bit numbers), 32-bit numbers are
 * numbers, enums their names, bytes by their hint (hints.h): addresses bech32, hashes, keys and signatures hex, the
 * rest base64. Reading is strict: an unknown key, a wrong type, two members of one oneof, or a null is refused, and the
 * error names the path ("msgs[2].send.amount"). A missing key is the default. Integers may be given as numbers or as
 * strings.
 */
#ifndef CAIRN_CHAIN_CODEC_JSON_H
#define CAIRN_CHAIN_CODEC_JSON_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "chain/base/arena.h"
#include "chain/base/bytes.h"
#include "chain/base/err.h"

/*
 * The JSON of `msg` (any generated struct). The caller owns *ret_json (json_decref).
 * CODE_NO_MEMORY; CODE_MALFORMED when a value has no JSON form (a hash that is not 32 bytes, an unnamed enum value).
 */
int json_from_pb(const void *msg, json_t **ret_json, struct err *err);

/*
 * A `desc` message from JSON, on the arena; ret_msg is the address of a pointer to the message's struct. The result
 * always passes the strict walker. `json` stays the caller's. CODE_INVALID_ARGUMENT with the path; CODE_NO_MEMORY.
 */
int json_to_pb(const ProtobufCMessageDescriptor *desc, const json_t *json, struct arena *arena, void *ret_msg,
               struct err *err);

/*
 * Parses text (at most JSON_LEN_MAX bytes; duplicate keys and trailing text refused). The caller owns *ret_json.
 * CODE_MALFORMED with line and column; CODE_TOO_LARGE.
 */
int json_parse(struct bytes text, json_t **ret_json, struct err *err);

/* Text of `msg`'s JSON on the arena: on one line, or indented by two spaces with a final newline. */
int json_print_pb(const void *msg, bool indent, struct arena *arena, const char **ret_text, struct err *err);

/* The same of what a later version may have said: members that this program does not know are passed over. For answers
 * of nodes and providers, not for files and requests, where an unknown word is a mistake. */
int json_to_pb_open(const ProtobufCMessageDescriptor *desc, const json_t *json, struct arena *arena, void *ret_msg,
                    struct err *err);

/* json_parse and json_to_pb (or json_to_pb_open) in one. */
int json_read_pb(const ProtobufCMessageDescriptor *desc, struct bytes text, struct arena *arena, void *ret_msg,
                 struct err *err);
int json_read_pb_open(const ProtobufCMessageDescriptor *desc, struct bytes text, struct arena *arena, void *ret_msg,
                      struct err *err);

#endif
