/* SPDX-License-Identifier: Apache-2.0 */
/* Deposits and bonds against module sp's coins; counters and indexes both ways. */
#include "x/sp/msgs.h"

#include "chain/types/keys_sp.h"
#include "x/auth/account.h"

#include <inttypes.h>

struct sums {
    uint64_t deposits, bonds;
    uint64_t sps, addrs; /* records; entries of the index by address */
    uint64_t memberships, primaries;
    uint64_t member_entries, primary_entries;
};

static int check_sp(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)value;
    struct sums *s = arg;
    const StorageProvider *sp = msg;
    struct addr operator;
    struct key k;
    uint32_t id = 0;
    s->sps++;
    s->deposits += sp->deposit;
    if (sp->counters) {
        s->memberships += sp->counters->groups;
        s->primaries += sp->counters->primary_groups;
    }
    if (load_be32(rest.data) != sp->id || !addr_of_field(sp->operator_, &operator))
        return err_set(err, CODE_INTERNAL, "storage provider %" PRIu32 " lies at the wrong key", sp->id);
    int rc = record_get_u32(ctx, key_sp_by_addr(&k, &operator), &id, err);
    if (rc == CODE_NOT_FOUND || (rc == CODE_OK && id != sp->id))
        rc = err_set(err, CODE_INTERNAL, "the operator of storage provider %" PRIu32 " does not lead to it", sp->id);
    if (sp->stored_bytes && sp->capacity && sp->stored_bytes > sp->capacity)
        rc = err_set(err, CODE_INTERNAL, "storage provider %" PRIu32 " stores more than it offers", sp->id);
    return rc;
}

static int count_addr(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)rest, (void)value, (void)msg, (void)err;
    ((struct sums *)arg)->addrs++;
    return CODE_OK;
}

static int check_group(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)rest, (void)value;
    struct sums *s = arg;
    const PlacementGroup *g = msg;
    struct key k;
    s->bonds += g->bond;
    for (size_t i = 0; i < g->n_members; i++) {
        uint32_t position = 0;
        s->member_entries++;
        int rc = record_get_u32(ctx, key_sp_group(&k, g->members[i], g->id), &position, err);
        if (rc == CODE_NOT_FOUND || (rc == CODE_OK && position != i))
            rc = err_set(err, CODE_INTERNAL, "placement group %" PRIu64 " is not among those of member %zu", g->id, i);
        if (rc)
            return rc;
    }
    bool primary = false;
    s->primary_entries++;
    int rc = record_has(ctx, key_primary_group(&k, g->members[0], g->id), &primary, err);
    if (rc == CODE_OK && !primary)
        rc = err_set(err, CODE_INTERNAL, "placement group %" PRIu64 " is not among those of its primary", g->id);
    return rc;
}

int sp_invariants(struct ctx *ctx, struct err *err) {
    struct sums s = {0};
    struct key k;
    uint64_t held;
    int rc = record_each(ctx, key_sps(&k), BYTES_NONE, 0, &storage_provider__descriptor, check_sp, &s, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_sp_by_addrs(&k), BYTES_NONE, 0, NULL, count_addr, &s, err);
    if (rc == CODE_OK)
        rc = record_each(ctx, key_placement_groups(&k), BYTES_NONE, 0, &placement_group__descriptor, check_group, &s,
                         err);
    if (rc == CODE_OK)
        rc = coins_of_module(ctx, MODULE_SP, &held, err);
    if (rc)
        return rc;
    if (held != s.deposits + s.bonds)
        return err_set(err, CODE_INTERNAL, "module sp holds %" PRIu64 " pebble, deposits and bonds are %" PRIu64, held,
                       s.deposits + s.bonds);
    if (s.addrs != 5 * s.sps)
        return err_set(err, CODE_INTERNAL, "%" PRIu64 " addresses lead to %" PRIu64 " storage providers", s.addrs,
                       s.sps);
    if (s.memberships != s.member_entries || s.primaries != s.primary_entries)
        return err_set(err, CODE_INTERNAL, "the providers count other placement groups than there are");
    return CODE_OK;
}
