/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_NODE_BODIES_H
#define CAIRN_CHAIN_NODE_BODIES_H
/* The bodies that the core may be asked about at this height, and those of the next that came early. A fixed table:
 * what has no place is asked for again when it is needed. */
#include "chain/bft/bft.h"
#include "chain/node/block.h"

enum { BODIES_MAX = BFT_VALUES_MAX + 8 }; /* what consensus may decide; just built; being judged; of the next height */

enum body_state {
    BODY_HERE,    /* bound to its header, no more */
    BODY_JUDGING, /* the ledger has it in hand */
    BODY_VALID,   /* judged, and in the durability log */
    BODY_INVALID,
};

struct body {
    struct block *block; /* NULL: free */
    enum body_state state;
};

struct bodies {
    struct body at[BODIES_MAX];
};

/* The body of this header id, or NULL. */
struct body *bodies_find(struct bodies *t, const struct hash *value);

/* Keeps a reference of the caller's block, unless it is there already. When all places are taken, one that proved
 * invalid or was never asked for goes; NULL when there is none such. */
struct body *bodies_keep(struct bodies *t, struct block *block, enum body_state state);

/* Forgets the valid bodies of values that consensus has forgotten: rounds may go on for ever. */
void bodies_spare(struct bodies *t, const struct bft *bft);

/* Forgets the bodies of heights up to `height`. */
void bodies_clear(struct bodies *t, uint64_t height);

#endif
