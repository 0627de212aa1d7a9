/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_SP_EXECUTOR_SECONDARIES_H
#define CAIRN_SP_EXECUTOR_SECONDARIES_H
/*
 * Who keeps the other positions of an object: a survey among all providers, then an open placement group of ours whose
 * members all said yes, else a new choice at random, weighted by free space, so that load spreads.
 */
#include "sp/executor/provider.h"

/* One position's provider. */
struct secondary {
    uint32_t sp_id; /* 0: nobody */
    uint64_t price;
    struct bytes approval; /* encoded SignedSecondaryApproval, on the arena */
};

/*
 * Fills chosen[1..positions) for every position whose sp_id is 0; providers that hold another position already, or are
 * in avoid, are not asked again. ret_group: the placement group that the whole choice makes up (0: none yet; the seal
 * opens one). CODE_UNAVAILABLE with how many providers are eligible and how many are needed.
 */
int secondaries_choose(struct provider *p, const ObjectInfo *object, const uint32_t *avoid, size_t avoid_count,
                       struct secondary *chosen, struct arena *arena, uint64_t *ret_group, struct err *err);

/*
 * For an object that is sealed at the bits `sealed`, with who stands at each position of its placement group in chosen:
 * those of the others that say yes now keep their position. When nobody does and `others` is set, others are chosen in
 * their place. Who was not chosen by this has no approval. CODE_UNAVAILABLE when nobody takes anything.
 */
int secondaries_rest(struct provider *p, const ObjectInfo *object, uint64_t sealed, bool others,
                     struct secondary *chosen, struct arena *arena, struct err *err);

/* Names somebody for every position whose sp_id is 0, so that a placement group can be opened while they do not answer:
 * as in an open group of ours (*ret_group, else 0), or at random among those in service. CODE_UNAVAILABLE. */
int secondaries_stand_in(struct provider *p, const ObjectInfo *object, struct secondary *chosen, struct arena *arena,
                         uint64_t *ret_group, struct err *err);

/* The open group of ours with exactly these members, or 0. */
int secondaries_group(struct provider *p, const Profile *profile, const struct secondary *chosen, struct arena *arena,
                      uint64_t *ret_group, struct err *err);

#endif
