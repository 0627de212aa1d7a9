/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict walker: decides whether bytes from outside are THE encoding of a message.
 *
 * protobuf-c accepts many byte strings for one message: unknown fields, overlong varints, fields in any order, scalars
 * written twice, defaults written out, sub-messages that merge, invalid UTF-8. Signatures, ids and state hashes are
 * taken over encoded bytes, so two encodings of one meaning would be two identities. The walker reads the raw bytes
 * along the message's descriptor and refuses everything that protobuf-c's own packer would not have written:
 *
 *   - only known fields, in strictly ascending order of field number (elements of an unpacked list repeat theirs);
 *   - the wire type of the field; repeated numbers packed, once, not empty;
 *   - varints in their shortest form and within the range of the type; bool 0 or 1; enum values that the enum names;
 *   - strings of valid UTF-8 without NUL; bytes of the size that the field's hint fixes (hints.h);
 *   - no proto3 default written out; at most one member of a oneof;
 *   - total size, nesting and list lengths under the caller's limits.
 *
 * With `open` set, fields that the descriptor does not know are passed over: what a later version wrote, for readers
 * that never encode it again. Their order and their lengths are held as ever.
 *
 * Property, fuzzed by tests/fuzz/fuzz_walk.c: what the walker accepts unpacks, and packs again to the same bytes.
 */
#ifndef CAIRN_CHAIN_CODEC_WALK_H
#define CAIRN_CHAIN_CODEC_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "chain/base/bytes.h"
#include "chain/base/err.h"

struct walk_limits {
    size_t bytes_max;   /* the whole encoding */
    uint32_t list_max;  /* elements of any one list */
    uint32_t depth_max; /* nested messages; the outermost is 1. At most PB_DEPTH_MAX */
    bool open;          /* fields of a later version are passed over, not refused */
};

/* For messages between programs: 64 MiB and the PB_ caps of chain/base/limits.h. Callers with a tighter cap give
 * theirs. */
extern const struct walk_limits walk_limits_default;
extern const struct walk_limits walk_limits_open; /* the same, and open */

/*
 * Checks that `in` is the one encoding of a `desc` message. limits NULL = walk_limits_default.
 * Errors: CODE_TOO_LARGE (a limit, named), CODE_MALFORMED (message, field and byte offset named).
 */
int walk_check(const ProtobufCMessageDescriptor *desc, struct bytes in, const struct walk_limits *limits,
               struct err *err);

/* True if `text` is valid UTF-8 (shortest forms, no surrogates, up to U+10FFFF) and holds no NUL. */
bool walk_utf8_ok(struct bytes text);

#endif
