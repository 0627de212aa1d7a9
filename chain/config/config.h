/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration files: YAML to a config message (proto/cairn/config.proto) by reflection.
 *
 * Strict, because a typing error in a config must not be silent: an unknown key, a key given twice, a value of the
 * wrong type, an alias, a bad host:port, URL, port or log level is refused, and the error names file, line and key
 * path. Numbers of `…_ms`, `…_seconds`, `…_mib` fields are plain decimals in that unit.
 */
#ifndef CAIRN_CHAIN_CONFIG_CONFIG_H
#define CAIRN_CHAIN_CONFIG_CONFIG_H

#include <protobuf-c/protobuf-c.h>

#include "chain/base/arena.h"
#include "chain/base/bytes.h"
#include "chain/base/err.h"

/*
 * Reads `text` as a `desc` message on the arena; ret_msg is the address of a pointer to its struct. `name` (the file)
 * goes into errors. An empty text is a message of defaults. CODE_CONFIG with the line; CODE_TOO_LARGE; CODE_NO_MEMORY.
 */
int config_parse(const ProtobufCMessageDescriptor *desc, const char *name, struct bytes text, struct arena *arena,
                 void *ret_msg, struct err *err);

/* The same from a file. Also CODE_NOT_FOUND, CODE_IO. */
int config_load(const ProtobufCMessageDescriptor *desc, const char *path, struct arena *arena, void *ret_msg,
                struct err *err);

/* The effective values as YAML text on the arena (what `check-config` prints; config_parse reads it back). */
int config_print(const void *msg, struct arena *arena, const char **ret_text, struct err *err);

#endif
