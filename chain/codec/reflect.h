/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and filling any generated struct along its descriptor: what JSON and config share.
 */
#ifndef CAIRN_CHAIN_CODEC_REFLECT_H
#define CAIRN_CHAIN_CODEC_REFLECT_H

#include <stdbool.h>
#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#include "chain/base/arena.h"
#include "chain/base/err.h"

/* The field of that name, or NULL. */
const ProtobufCFieldDescriptor *reflect_field(const ProtobufCMessageDescriptor *desc, const char *name);

/* A new message with all defaults, on the arena; NULL when its cap is reached. */
ProtobufCMessage *reflect_new(const ProtobufCMessageDescriptor *desc, struct arena *arena);

/* Bytes that one value of this field (one element, for a list) takes in the struct. */
size_t reflect_size(const ProtobufCFieldDescriptor *field);

/* False for a sub-message that is absent and for a member of a oneof that is not the chosen one. */
bool reflect_present(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field);

/* How many elements a list has. */
size_t reflect_count(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field);

/* Where value i of a list, or the only value (i = 0), lies. */
const void *reflect_at(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field, size_t i);

/* Makes a member of a oneof the chosen one, and returns where to write the value. */
void *reflect_choose(ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field);

/* True if another member of this field's oneof is already chosen. */
bool reflect_taken(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field);

/* Gives a list `count` zeroed elements on the arena and returns the first; NULL when the arena's cap is reached. */
void *reflect_list(ProtobufCMessage *msg, const ProtobufCFieldDescriptor *field, size_t count, struct arena *arena);

/* One element further in an array of this field's values. */
static inline void *reflect_next(const ProtobufCFieldDescriptor *field, void *slot) {
    return (char *)slot + reflect_size(field);
}

/*
 * One value as text: u64 and other integers in decimal, bool as true or false, enums by name, bytes by their hint
 * (hints.h), strings as they are. Not for messages. ret_text lies on the arena (or is static, or the field's own).
 * CODE_NO_MEMORY; CODE_MALFORMED for bytes that are not of the size their hint fixes, or an unnamed enum value.
 */
int reflect_to_text(const ProtobufCFieldDescriptor *field, const void *slot, struct arena *arena, const char **ret_text,
                    struct err *err);

/*
 * The reverse, into `slot`. Empty text for bytes means absent. Integers: decimal digits without leading zeros or plus.
 * CODE_INVALID_ARGUMENT with what was expected; CODE_NO_MEMORY.
 */
int reflect_from_text(const ProtobufCFieldDescriptor *field, const char *text, struct arena *arena, void *slot,
                      struct err *err);

/* Where in a nested text a value stands, for errors: "msgs[2].send.amount". Longer paths are cut. */
struct path {
    size_t len;
    char text[200];
};

/* Both return the length to give to path_pop. */
size_t path_push_name(struct path *path, const char *name);
size_t path_push_index(struct path *path, size_t index);
void path_pop(struct path *path, size_t len);

#endif
