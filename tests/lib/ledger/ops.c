/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of message of a random world, and what the kinds draw in common. */
#include "tests/lib/ledger/ops.h"

/* Rows keep their order: a seed stands for the same world only as long as this list is the same. */
static const struct world_ops *const modules[] = {
    &ops_auth,      &ops_payment, &ops_sp,        &ops_storage, &ops_permission, &ops_challenge,
    &ops_validator, &ops_gov,     &ops_territory, &ops_migrate, &ops_gateway,
};

unsigned world_ops_n(void) {
    unsigned n = 0;
    for (unsigned i = 0; i < COUNT_OF(modules); i++)
        n += modules[i]->n;
    assert_true(n <= WORLD_KINDS);
    return n;
}

const struct world_op *world_op_at(unsigned i) {
    const struct world_ops *const *module = modules;
    for (; i >= (*module)->n; module++)
        i -= (*module)->n;
    return &(*module)->rows[i];
}

/* --- draws --- */

uint64_t below(struct world *w, uint64_t n) {
    return rng_below(&w->rng, n);
}

bool seldom(struct world *w, uint64_t n) {
    return below(w, n) == 0;
}

uint64_t unit_ms(const struct world *w) {
    return w->time_scale * 1000;
}

struct deal *a_deal(struct world *w) {
    return &w->deals[below(w, w->deals_n)];
}

const char *an_owner(struct world *w) {
    return w->names[below(w, WORLD_OWNERS)][0];
}

const char *an_sp(struct world *w, const char *suffix) {
    return arena_printf(&w->f.tx_arena, "sp%u%s", (unsigned)below(w, w->f.sps), suffix);
}

const char *anybody(struct world *w) {
    return seldom(w, 2) ? an_owner(w) : an_sp(w, seldom(w, 2) ? "" : ".seal");
}

char *text(struct world *w, const char *s) {
    return arena_strdup(&w->f.tx_arena, s);
}

uint64_t an_amount(struct world *w) {
    static const uint64_t scales[] = {1, 1000, PEBBLE_PER_CAIRN, 20 * PEBBLE_PER_CAIRN, 10000 * PEBBLE_PER_CAIRN};
    return 1 + below(w, scales[below(w, seldom(w, 4) ? 5 : 4)]);
}

bool look_up(struct world *w, struct deal *d) {
    const ObjectInfo *o = deal_object(d);
    const PlacementGroupsAnswer *groups = fixture_query(&w->f, "/sp/groups", "sp_id", "1", "primary", "true", NULL);
    d->object_id = o ? o->id : 0;
    d->group_id = 0;
    for (size_t i = 0; i < groups->n_groups; i++)
        if (profile_eq(groups->groups[i]->profile, &d->profile) && (!d->group_id || seldom(w, 2)))
            d->group_id = groups->groups[i]->id;
    return o && (o->object_status == OBJECT_STATUS_CREATED || o->replacing) && d->size;
}
