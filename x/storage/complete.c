/* SPDX-License-Identifier: Apache-2.0 */
/* A seal of an object that is sealed at some positions adds others. */
#include "chain/codec/pb.h"
#include "chain/types/deal_state.h"
#include "chain/types/layout.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/object.h"
#include "x/storage/seal.h"
#include "x/storage/slot.h"

static int check_object(struct ctx *ctx, const struct seal *s, struct err *err) {
    const ObjectInfo *o = s->object;
    uint64_t all = o->n_checksums == 64 ? UINT64_MAX : ((uint64_t)1 << o->n_checksums) - 1;
    int rc = object_need_status(o, OBJECT_STATUS_SEALED, err);
    if (rc)
        return rc;
    if (deal_sealed_positions(o) == all)
        return err_set(err, CODE_OBJECT_STATUS, "object %.200s is sealed at all of its positions", o->object_name);
    if (o->expires_at && o->expires_at <= ctx->time)
        return err_set(err, CODE_TERM, "the term of object %.200s was over at ledger time %llu: renew it first",
                       o->object_name, (unsigned long long)o->expires_at);
    return CODE_OK;
}

/* All that the first seal settled. */
static int check_same(const struct seal *s, struct err *err) {
    const ObjectInfo *o = s->object;
    if (s->statement)
        return err_set(err, CODE_STATEMENT, "the content of object %.200s is settled; no statement is needed",
                       o->object_name);
    if (s->n_checksums)
        return err_set(err, CODE_SEAL_PARTIAL, "the checksums of object %.200s are settled; none are named again",
                       o->object_name);
    if ((s->coded_by_sp && !o->coded_by_sp) ||
        (s->layout_root.len && !bytes_eq(pb_bytes(s->layout_root), pb_bytes(o->layout_root))))
        return err_set(err, CODE_LAYOUT_ROOT, "object %.200s was coded by another than this seal says", o->object_name);
    return CODE_OK;
}

/* The same placement group, or one in which the same providers stand at what is sealed, and the same primary. */
static int find_group(struct ctx *ctx, struct seal *s, struct err *err) {
    PlacementGroup *present = NULL;
    uint64_t id = s->group_id ? s->group_id : ctx->group_opened, sealed = deal_sealed_positions(s->object) | 1;
    int rc = slot_group(ctx, s->object->bucket_id, s->object->slot, &present, err);
    if (rc == CODE_OK && id == 0)
        rc = err_set(err, CODE_PLACEMENT_GROUP, "no placement group is named, and none was opened in this transaction");
    if (rc == CODE_OK)
        rc = placement_get(ctx, id, &s->group, err);
    if (rc)
        return rc;
    if (s->group->status != GROUP_STATUS_OPEN)
        return err_set(err, CODE_PLACEMENT_GROUP, "placement group %llu takes nothing new now", (unsigned long long)id);
    bool same = profile_eq(s->group->profile, s->object->profile) && s->group->n_members == present->n_members;
    for (size_t i = 0; same && i < present->n_members; i++)
        same = !(sealed >> i & 1) || s->group->members[i] == present->members[i];
    if (!same)
        return err_set(err, CODE_PLACEMENT_GROUP,
                       "placement group %llu has another profile, or other providers at the positions that are sealed",
                       (unsigned long long)id);
    return CODE_OK;
}

static void emit(struct ctx *ctx, const struct seal *s, const char *sps) {
    const ObjectInfo *o = s->object;
    ctx_event(ctx, "storage.object_completed", "bucket", s->bucket->bucket_name, "object", o->object_name, "bucket_id",
              ctx_u64_text(ctx, s->bucket->id), "object_id", ctx_u64_text(ctx, o->id), "version",
              ctx_u64_text(ctx, o->version), "size", ctx_u64_text(ctx, o->payload_size), "group",
              ctx_u64_text(ctx, s->group->id), "slot", ctx_u64_text(ctx, o->slot), "primary_sp",
              ctx_u64_text(ctx, o->primary_sp), "sps", sps, "added", seal_positions_text(ctx, s->fresh), "sealed",
              seal_positions_text(ctx, deal_sealed_positions(o)), "paid", ctx_u64_text(ctx, o->term_paid), NULL);
}

/* Out of its slot as it lay there, and in again with more positions. */
static int move(struct ctx *ctx, struct seal *s, const uint64_t *was, struct err *err) {
    ObjectInfo *o = s->object;
    uint64_t sealed = deal_sealed_positions(o) | s->fresh, prices[OBJECT_POSITIONS_MAX];
    size_t len = o->n_prices * sizeof *prices;
    char *sps = NULL;
    memcpy(prices, o->prices, len);
    memcpy(o->prices, was, len);
    int rc = object_unplace(ctx, s->bucket, o, &sps, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < o->n_prices; i++)
        o->prices[i] = sealed >> i & 1 ? prices[i] : 0; /* a lost one may have kept a price not worth a refund */
    uint8_t bits[OBJECT_POSITIONS_MAX / 8];
    store_le64(bits, sealed);
    o->sealed_positions = ctx_data(ctx, bytes_of(bits, (o->n_checksums + 7) / 8));
    o->updated_at = ctx->height;
    return object_place_again(ctx, s->bucket, o, s->group->id, s->fresh, err);
}

int seal_complete(struct ctx *ctx, struct seal *s, struct err *err) {
    ObjectInfo *o = s->object;
    uint64_t was[OBJECT_POSITIONS_MAX];
    char *sps = NULL;
    s->size = o->payload_size;
    s->content_root = pb_bytes(o->content_root);
    int rc = check_object(ctx, s, err);
    if (rc == CODE_OK)
        rc = check_same(s, err);
    if (rc == CODE_OK)
        rc = find_group(ctx, s, err);
    if (rc)
        return rc;
    memcpy(was, o->prices, o->n_prices * sizeof *was);
    rc = seal_take_receipts(ctx, s, err);
    if (rc == CODE_OK)
        rc = move(ctx, s, was, err);
    if (rc == CODE_OK)
        rc = slot_sps_text(ctx, o, &sps, err);
    if (rc == CODE_OK)
        emit(ctx, s, sps);
    return rc;
}
