/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_LIB_LEDGER_MUTATE_H
#define CAIRN_TESTS_LIB_LEDGER_MUTATE_H
/* A message made wrong, whatever its type: one field, chosen at random down to any depth, gets a value from the edges
 * of its type. */
#include "chain/base/arena.h"
#include "chain/base/rng.h"

#include <protobuf-c/protobuf-c.h>

/* Changes msg in place; new memory comes from arena. The encoding may then be one that the strict walker refuses. */
void mutate_message(struct rng *rng, struct arena *arena, ProtobufCMessage *msg);

#endif
