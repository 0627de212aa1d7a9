/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_STORE_FLOOR_H
#define CAIRN_CHAIN_STORE_FLOOR_H
/*
 * Where listings of the state may begin. A queue is a prefix whose first entries are deleted, block after block; the
 * database keeps a mark of each until it compacts, and a listing from the prefix on goes through all of them: with a
 * hundred thousand behind it, an empty queue takes longer than the block. So the writer's state remembers, for each
 * prefix that it listed from its start, a key below which the base has none with that prefix.
 *
 * Only prefixes of FLOOR_PREFIX bytes, a module's table: that is what queues are listed by. A cache: what is found
 * never depends on it, and losing it costs one slow listing. At most FLOORS_MAX prefixes; more are not remembered.
 */
#include "chain/base/bytes.h"

#include <stdbool.h>

enum { FLOOR_PREFIX = 2, FLOORS_MAX = 64 };

struct floors; /* NULL: nothing is remembered */

void floors_free(struct floors *f);
void floors_clear(struct floors *f);
/* Empty when nothing is remembered. Borrowed until the next call that is not this one. */
struct bytes floor_get(const struct floors *f, struct bytes prefix);
/* The base has no key that begins with prefix and is below `key`. *f is made when it is NULL; without memory nothing is
 * remembered. */
void floor_raise(struct floors **f, struct bytes prefix, struct bytes key);
/* The base has this key from now on. */
void floor_lower(struct floors *f, struct bytes key);

#endif
