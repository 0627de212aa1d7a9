/* SPDX-License-Identifier: Apache-2.0 */
/* What an object that was sealed in part still lacks: providers for it, its columns, its receipts, its seal. */
#include "chain/codec/pb.h"
#include "chain/types/deal_state.h"
#include "client/lib/ledger.h"
#include "sp/executor/replication.h"
#include "sp/spdb/uploads.h"

#include <inttypes.h>
#include <stdio.h>

enum { PATH_LEN = 128 };

/* Who stands at each position, as the operator's own node has it: the ledger checks what follows from it. */
static int find_members(struct provider *p, const ObjectInfo *now, struct arena *arena, PlacementGroup **ret,
                        struct err *err) {
    char path[PATH_LEN];
    BucketSlot *slot;
    snprintf(path, sizeof path, "/storage/slot?bucket_id=%" PRIu64 "&slot=%" PRIu64, now->bucket_id, now->slot);
    int rc = ledger_query_pb(p->ledger, path, &bucket_slot__descriptor, arena, &slot, err);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "/sp/group?id=%" PRIu64, slot->group_id);
    return ledger_query_pb(p->ledger, path, &placement_group__descriptor, arena, ret, err);
}

/* Everybody begins anew: approvals end, and what is there already is not written twice. */
static int set_picks(struct replication *r, const struct secondary *chosen, struct err *err) {
    int rc = CODE_OK;
    mutex_lock(&r->lock);
    for (uint32_t i = 0; !rc && i < r->positions; i++) {
        struct pick *pick = &r->picks[i];
        struct bytes approval = chosen[i].approval;
        if (approval.len && !arena_dup_bytes(&r->arena, approval, &approval))
            rc = err_set(err, CODE_NO_MEMORY, "no memory for an approval");
        pick->who = chosen[i];
        pick->who.approval = approval;
        pick->failures = 0;
        pick->receipt = NULL;
        memset(pick->done, 0, bitmap_len(r->segments));
    }
    r->chosen = true;
    mutex_unlock(&r->lock);
    return rc;
}

int rest_seal(struct provider *p, struct replication *r, const ObjectInfo *now, bool others, struct hash *ret_tx_id,
              struct err *err) {
    struct secondary chosen[CODE_N_MAX] = {0};
    struct arena arena;
    PlacementGroup *group;
    arena_init(&arena, REPLICATION_ARENA_MAX);
    int rc = find_members(p, now, &arena, &group, err);
    if (!rc && group->n_members != r->positions)
        rc = err_set(err, CODE_CORRUPT, "placement group %" PRIu64 " has %zu members", group->id, group->n_members);
    for (uint32_t i = 0; !rc && i < r->positions; i++)
        chosen[i].sp_id = group->members[i];
    r->sealed = deal_sealed_positions(now);
    r->partial = true;
    if (!rc && chosen[0].sp_id != p->sp_id)
        rc = err_set(err, CODE_CONFLICT, "provider %u is the primary now", chosen[0].sp_id);
    if (!rc && r->positions > 1)
        rc = secondaries_rest(p, r->object, r->sealed, others, chosen, &arena, err);
    if (!rc)
        rc = set_picks(r, chosen, err);
    if (!rc)
        rc = columns_push(p, r, err);
    if (!rc)
        rc = seal_receipts(p, r, err);
    if (!rc)
        rc = seal_send(p, r, ret_tx_id, err);
    arena_release(&arena);
    return rc;
}
