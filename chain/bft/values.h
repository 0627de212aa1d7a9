/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CHAIN_BFT_VALUES_H
#define CAIRN_CHAIN_BFT_VALUES_H
/* The values of this height that the core has heard of, and the host's verdict on the body of each. */
#include "chain/bft/bft.h"

#define VALUES_MAX BFT_VALUES_MAX

enum value_verdict {
    VALUE_UNKNOWN = 0, /* not judged yet */
    VALUE_VALID = BFT_VERDICT_VALID,
    VALUE_INVALID = BFT_VERDICT_INVALID,
};

struct value {
    struct hash id;
    uint8_t verdict; /* enum value_verdict */
    bool wanted;     /* a quorum voted for it */
    bool diverged;   /* reported as invalid here, though decided */
    uint32_t round;  /* in which it was last heard of: what to forget first */
};

struct values {
    uint32_t n;
    struct value list[VALUES_MAX];
};

void values_reset(struct values *v);
/* NULL when not heard of. */
struct value *values_find(struct values *v, const struct hash *id);
/* Finds or adds. When full, the one heard of in the oldest round goes, except `keep_a` and `keep_b` (locked and valid).
 */
struct value *values_add(struct values *v, const struct hash *id, uint32_t round, const struct hash *keep_a,
                         const struct hash *keep_b, bool *ret_added);
enum value_verdict values_verdict(const struct values *v, const struct hash *id);

#endif
