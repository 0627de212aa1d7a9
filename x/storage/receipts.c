/* SPDX-License-Identifier: Apache-2.0 */
/* The receipts of a seal: a position each, its provider, its checksum, its price. */
#include "chain/codec/pb.h"
#include "chain/types/deal_state.h"
#include "chain/types/layout.h"
#include "x/sp/sp.h"
#include "x/storage/object.h"
#include "x/storage/receipt.h"
#include "x/storage/seal.h"

#include <stdio.h>

const char *seal_positions_text(struct ctx *ctx, uint64_t positions) {
    char *text = ctx_alloc(ctx, (size_t)OBJECT_POSITIONS_MAX * 3 + 1);
    size_t len = 0;
    for (unsigned i = 0; i < OBJECT_POSITIONS_MAX; i++)
        if (positions >> i & 1)
            len += (size_t)snprintf(text + len, 4, "%s%u", len ? "," : "", i);
    return text;
}

/* Where the receipt at this index belongs: behind the one before, in the profile, not sealed yet. A receipt of every
 * position stands where it belongs. */
static int find_position(struct ctx *ctx, const struct seal *s, size_t index, uint32_t first, uint32_t *ret,
                         struct err *err) {
    uint32_t n = (uint32_t)s->group->n_members, position = (uint32_t)index;
    int rc = s->n_receipts == n ? CODE_OK : receipt_position(ctx, s->receipts[index], &position, err);
    if (rc)
        return rc;
    if (position < first || position >= n)
        return err_set(err, CODE_RECEIPT_MISSING,
                       "receipt %zu is of position %u; they ascend, and the profile has positions 0 to %u", index,
                       position, n - 1);
    if (s->object->object_status != OBJECT_STATUS_CREATED && deal_sealed_positions(s->object) >> position & 1)
        return err_set(err, CODE_POSITION_SEALED, "position %u of object %.200s is sealed already", position,
                       s->object->object_name);
    *ret = position;
    return CODE_OK;
}

static int take_one(struct ctx *ctx, struct seal *s, size_t index, uint32_t position, struct err *err) {
    struct receipt_want want = {s->object, s->upload_id, s->size, s->object_id, s->version};
    ObjectInfo *o = s->object;
    StorageProvider *sp = NULL;
    Receipt *receipt = NULL;
    bool first = !object_is_stored(o), whole = profile_is_whole(o->profile, position);
    uint64_t max = position == 0 && first && !s->one_step ? o->approval_price : o->max_price;
    int rc = sp_get(ctx, s->group->members[position], &sp, err);
    if (rc == CODE_OK)
        rc = receipt_check(ctx, s->receipts[index], &want, position, sp, max, &receipt, err);
    if (rc)
        return rc;
    if (whole && !bytes_eq(pb_bytes(receipt->checksum), s->content_root))
        return err_set(err, CODE_CONTENT_ROOT, "position %u holds other content than the owner signed", position);
    if (!first && !bytes_eq(pb_bytes(receipt->checksum), pb_bytes(o->checksums[position])))
        return err_set(err, CODE_CONTENT_ROOT, "position %u holds another column than the one that was named",
                       position);
    o->checksums[position] = receipt->checksum;
    o->prices[position] = receipt->price;
    s->valid_until = u64_max(s->valid_until, receipt->valid_until);
    s->fresh |= (uint64_t)1 << position;
    return CODE_OK;
}

int seal_take_receipts(struct ctx *ctx, struct seal *s, struct err *err) {
    size_t n = s->group->n_members;
    ObjectInfo *o = s->object;
    int rc = CODE_OK;
    if (s->n_receipts > n || (s->one_step && s->n_receipts != n))
        return err_set(err, CODE_RECEIPT_MISSING, "the seal has %zu receipts; the profile has %zu positions",
                       s->n_receipts, n);
    if (!object_is_stored(o)) {
        o->checksums = ctx_array(ctx, n, sizeof *o->checksums);
        o->prices = ctx_array(ctx, n, sizeof *o->prices);
        o->n_checksums = o->n_prices = n;
    }
    for (size_t i = 0, next = 0; rc == CODE_OK && i < s->n_receipts; i++) {
        uint32_t position = 0;
        rc = find_position(ctx, s, i, (uint32_t)next, &position, err);
        if (rc == CODE_OK)
            rc = take_one(ctx, s, i, position, err);
        next = position + 1;
    }
    return rc;
}
