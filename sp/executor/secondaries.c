/* SPDX-License-Identifier: Apache-2.0 */
#include "sp/executor/secondaries.h"

#include "chain/base/rng.h"
#include "chain/codec/pb.h"
#include "chain/os/random.h"
#include "chain/types/layout.h"
#include "client/lib/placement.h"

#include <inttypes.h>
#include <stdio.h>

enum { GROUPS_MAX = 256 };

static bool in_list(const uint32_t *list, size_t count, uint32_t sp_id) {
    for (size_t i = 0; i < count; i++)
        if (list[i] == sp_id)
            return true;
    return false;
}

static bool is_chosen(const struct secondary *chosen, uint32_t positions, uint32_t sp_id) {
    for (uint32_t i = 0; i < positions; i++)
        if (chosen[i].sp_id == sp_id)
            return true;
    return false;
}

/* --- the question ------------------------------------------------------------------------------------------------- */

static int survey(struct provider *p, const ObjectInfo *object, struct arena *arena, struct p2p_offer *ret,
                  size_t *ret_count, struct err *err) {
    SecondaryAsk ask = SECONDARY_ASK__INIT;
    ask.object_id = object->id;
    ask.payload_size = object->payload_size;
    ask.profile = object->profile;
    ask.max_price = object->max_price;
    ask.bucket_name = object->bucket_name;
    ask.object_name = object->object_name;
    ask.creator = object->creator;
    ask.version = object->version;
    return p2p_survey(p->p2p, &ask, SIZE_MAX, P2P_DEADLINE_MS, arena, ret, ret_count, NULL, err);
}

static const struct p2p_offer *offer_of(const struct p2p_offer *offers, size_t count, uint32_t sp_id) {
    for (size_t i = 0; i < count; i++)
        if (offers[i].offer->sp_id == sp_id)
            return &offers[i];
    return NULL;
}

static int take(const struct p2p_offer *offer, struct arena *arena, struct secondary *ret, struct err *err) {
    struct bytes approval;
    int rc = pb_encode(offer->signed_offer, arena, &approval, err);
    if (!rc)
        *ret = (struct secondary){offer->offer->sp_id, offer->offer->price, approval};
    return rc;
}

/* --- groups ------------------------------------------------------------------------------------------------------- */

static int own_groups(struct provider *p, struct arena *arena, PlacementGroupsAnswer **ret, struct err *err) {
    char path[96];
    snprintf(path, sizeof path, "/sp/groups?sp_id=%u&primary=true&limit=%d", p->sp_id, GROUPS_MAX);
    return ledger_query_pb(p->ledger, path, &placement_groups_answer__descriptor, arena, ret, err);
}

static bool group_fits(const PlacementGroup *g, const Profile *profile) {
    return g->status == GROUP_STATUS_OPEN && g->profile && profile_eq(g->profile, profile) &&
           g->n_members == profile_positions(profile);
}

int secondaries_group(struct provider *p, const Profile *profile, const struct secondary *chosen, struct arena *arena,
                      uint64_t *ret_group, struct err *err) {
    PlacementGroupsAnswer *groups;
    int rc = own_groups(p, arena, &groups, err);
    if (rc)
        return rc;
    *ret_group = 0;
    for (size_t i = 0; i < groups->n_groups && !*ret_group; i++) {
        const PlacementGroup *g = groups->groups[i];
        bool same = group_fits(g, profile) && g->members[0] == p->sp_id;
        for (uint32_t j = 1; same && j < g->n_members; j++)
            same = g->members[j] == chosen[j].sp_id;
        if (same)
            *ret_group = g->id;
    }
    return CODE_OK;
}

/* Would every member of the group that we need say yes, and is nobody in the way? */
static bool group_willing(const struct provider *p, const PlacementGroup *g, const struct p2p_offer *offers,
                          size_t count, const uint32_t *avoid, size_t avoid_count, const struct secondary *chosen) {
    if (g->members[0] != p->sp_id)
        return false;
    for (uint32_t i = 1; i < g->n_members; i++) {
        if (chosen[i].sp_id ? chosen[i].sp_id != g->members[i]
                            : !offer_of(offers, count, g->members[i]) || in_list(avoid, avoid_count, g->members[i]))
            return false;
    }
    return true;
}

static int choose_group(struct provider *p, const ObjectInfo *object, const struct p2p_offer *offers, size_t count,
                        const uint32_t *avoid, size_t avoid_count, struct secondary *chosen, struct rng *rng,
                        struct arena *arena, uint64_t *ret_group, struct err *err) {
    PlacementGroupsAnswer *groups;
    const PlacementGroup *pick = NULL;
    uint64_t seen = 0;
    int rc = own_groups(p, arena, &groups, err);
    for (size_t i = 0; !rc && i < groups->n_groups; i++) /* any willing one with the same chance */
        if (group_fits(groups->groups[i], object->profile) &&
            group_willing(p, groups->groups[i], offers, count, avoid, avoid_count, chosen) &&
            rng_below(rng, ++seen) == 0)
            pick = groups->groups[i];
    *ret_group = 0;
    for (uint32_t i = 1; !rc && pick && i < pick->n_members; i++)
        if (!chosen[i].sp_id)
            rc = take(offer_of(offers, count, pick->members[i]), arena, &chosen[i], err);
    if (!rc && pick)
        *ret_group = pick->id;
    return rc;
}

/* --- a new choice ------------------------------------------------------------------------------------------------- */

/* The index of an offer, drawn by free space among those that are left; SIZE_MAX when none is. */
static size_t draw(const struct p2p_offer *offers, const bool *out, size_t count, struct rng *rng) {
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += out[i] ? 0 : (offers[i].offer->free_bytes >> 20) + 1;
    if (!total)
        return SIZE_MAX;
    uint64_t at = rng_below(rng, total);
    for (size_t i = 0; i < count; i++) {
        uint64_t weight = out[i] ? 0 : (offers[i].offer->free_bytes >> 20) + 1;
        if (at < weight)
            return i;
        at -= weight;
    }
    return SIZE_MAX;
}

/* Members of a group have operators and funding accounts of their own. */
static bool independent(struct provider *p, const StorageProvider *sp, const struct secondary *chosen,
                        uint32_t positions, struct arena *arena) {
    for (uint32_t i = 0; i < positions; i++) {
        uint32_t id = i ? chosen[i].sp_id : p->sp_id;
        StorageProvider *other;
        if (!id)
            continue;
        if (placement_sp(p->ledger, id, arena, &other, NULL) ||
            bytes_eq(pb_bytes(sp->operator_), pb_bytes(other->operator_)) ||
            bytes_eq(pb_bytes(sp->funding), pb_bytes(other->funding)))
            return false;
    }
    return true;
}

static int choose_new(struct provider *p, const ObjectInfo *object, const struct p2p_offer *offers, size_t count,
                      const uint32_t *avoid, size_t avoid_count, struct secondary *chosen, struct rng *rng,
                      struct arena *arena, struct err *err) {
    uint32_t positions = profile_positions(object->profile), missing = 0;
    bool out[P2P_OFFERS_MAX];
    size_t eligible = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t id = offers[i].offer->sp_id;
        out[i] = is_chosen(chosen, positions, id) || in_list(avoid, avoid_count, id);
        eligible += !out[i];
    }
    for (uint32_t i = 1; i < positions; i++)
        missing += !chosen[i].sp_id;
    int rc = CODE_OK;
    for (uint32_t i = 1; !rc && i < positions; i++) {
        while (!rc && !chosen[i].sp_id) {
            StorageProvider *sp;
            size_t at = draw(offers, out, count, rng);
            if (at == SIZE_MAX)
                return err_set(err, CODE_UNAVAILABLE, "%zu providers are eligible for the %u positions that are open",
                               eligible, missing);
            out[at] = true;
            rc = placement_sp(p->ledger, offers[at].offer->sp_id, arena, &sp, err);
            if (!rc && independent(p, sp, chosen, positions, arena))
                rc = take(&offers[at], arena, &chosen[i], err);
        }
    }
    return rc;
}

int secondaries_choose(struct provider *p, const ObjectInfo *object, const uint32_t *avoid, size_t avoid_count,
                       struct secondary *chosen, struct arena *arena, uint64_t *ret_group, struct err *err) {
    struct p2p_offer *offers = arena_array(arena, P2P_OFFERS_MAX, sizeof *offers);
    struct rng rng;
    uint64_t seed;
    size_t count = 0;
    *ret_group = 0;
    chosen[0].sp_id = p->sp_id;
    if (profile_positions(object->profile) == 1)
        return secondaries_group(p, object->profile, chosen, arena, ret_group, err);
    if (!offers)
        return err_set(err, CODE_NO_MEMORY, "no memory to ask other providers");
    random_bytes(&seed, sizeof seed);
    rng_init(&rng, seed);
    int rc = survey(p, object, arena, offers, &count, err);
    if (!rc)
        rc = choose_group(p, object, offers, count, avoid, avoid_count, chosen, &rng, arena, ret_group, err);
    if (!rc && !*ret_group)
        rc = choose_new(p, object, offers, count, avoid, avoid_count, chosen, &rng, arena, err);
    return rc;
}

/* --- what is sealed in part ----------------------------------------------------------------------------------------
 */

static bool agrees(const PlacementGroup *g, const struct secondary *chosen) {
    for (uint32_t i = 0; i < g->n_members; i++)
        if (chosen[i].sp_id && chosen[i].sp_id != g->members[i])
            return false;
    return true;
}

/* Others in place of those at positions that are not sealed. */
static int choose_others(struct provider *p, const ObjectInfo *object, uint64_t sealed, const struct p2p_offer *offers,
                         size_t count, struct secondary *chosen, struct arena *arena, struct err *err) {
    struct secondary before[CODE_N_MAX];
    uint32_t positions = profile_positions(object->profile), avoid[CODE_N_MAX] = {0};
    size_t avoid_count = 0, taken = 0;
    struct rng rng;
    uint64_t seed;
    random_bytes(&seed, sizeof seed);
    rng_init(&rng, seed);
    memcpy(before, chosen, sizeof before);
    for (uint32_t i = 1; i < positions; i++) {
        if (sealed >> i & 1)
            continue;
        avoid[avoid_count++] = chosen[i].sp_id;
        chosen[i] = (struct secondary){.sp_id = 0};
    }
    int rc = choose_new(p, object, offers, count, avoid, avoid_count, chosen, &rng, arena, err);
    for (uint32_t i = 1; i < positions; i++) {
        taken += chosen[i].approval.len != 0;
        if (!chosen[i].sp_id)
            chosen[i] = before[i];
    }
    return rc == CODE_UNAVAILABLE && taken ? CODE_OK : rc;
}

int secondaries_rest(struct provider *p, const ObjectInfo *object, uint64_t sealed, bool others,
                     struct secondary *chosen, struct arena *arena, struct err *err) {
    struct p2p_offer *offers = arena_array(arena, P2P_OFFERS_MAX, sizeof *offers);
    size_t count = 0, taken = 0;
    if (!offers)
        return err_set(err, CODE_NO_MEMORY, "no memory to ask other providers");
    int rc = survey(p, object, arena, offers, &count, err);
    for (uint32_t i = 1; !rc && i < profile_positions(object->profile); i++) {
        const struct p2p_offer *offer = offer_of(offers, count, chosen[i].sp_id);
        if (sealed >> i & 1 || !offer)
            continue;
        rc = take(offer, arena, &chosen[i], err);
        taken++;
    }
    if (rc || taken)
        return rc;
    if (others)
        return choose_others(p, object, sealed, offers, count, chosen, arena, err);
    return err_set(err, CODE_UNAVAILABLE, "none of those that are to keep the other positions answers");
}

/* In service, nobody twice, in an order of chance. */
static int stand_in_any(struct provider *p, const ObjectInfo *object, struct secondary *chosen, struct arena *arena,
                        struct err *err) {
    uint32_t positions = profile_positions(object->profile), at = 1;
    SpsAnswer *list;
    uint64_t seed;
    char path[64];
    random_bytes(&seed, sizeof seed);
    snprintf(path, sizeof path, "/sp/list?limit=%d", P2P_PEERS_MAX);
    int rc = ledger_query_pb(p->ledger, path, &sps_answer__descriptor, arena, &list, err);
    for (size_t n = 0; !rc && n < list->n_sps; n++) {
        const StorageProvider *sp = list->sps[(n + seed % list->n_sps) % list->n_sps];
        while (at < positions && chosen[at].sp_id)
            at++;
        if (at == positions)
            break;
        if (sp->status == SP_STATUS_IN_SERVICE && !is_chosen(chosen, positions, sp->id) &&
            independent(p, sp, chosen, positions, arena))
            chosen[at].sp_id = sp->id;
    }
    for (uint32_t i = 1; !rc && i < positions; i++)
        if (!chosen[i].sp_id)
            rc = err_set(err, CODE_UNAVAILABLE, "there are too few providers in service for %u positions", positions);
    return rc;
}

int secondaries_stand_in(struct provider *p, const ObjectInfo *object, struct secondary *chosen, struct arena *arena,
                         uint64_t *ret_group, struct err *err) {
    PlacementGroupsAnswer *groups;
    int rc = own_groups(p, arena, &groups, err);
    *ret_group = 0;
    chosen[0].sp_id = p->sp_id;
    for (size_t i = 0; !rc && i < groups->n_groups && !*ret_group; i++) {
        const PlacementGroup *g = groups->groups[i];
        if (!group_fits(g, object->profile) || !agrees(g, chosen))
            continue;
        *ret_group = g->id;
        for (uint32_t j = 0; j < g->n_members; j++)
            chosen[j].sp_id = g->members[j];
    }
    return rc || *ret_group ? rc : stand_in_any(p, object, chosen, arena, err);
}
