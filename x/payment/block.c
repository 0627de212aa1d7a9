/* SPDX-License-Identifier: Apache-2.0 */
/* End work: accounts that run dry or whose frozen time is over, slots that nothing has settled for long. */
#include "chain/types/keys_payment.h"
#include "x/base/deps.h"
#include "x/payment/account.h"
#include "x/payment/deps.h"
#include "x/payment/quota.h"

struct ending {
    uint64_t left; /* objects that may still end in this block */
};

/* One slot of the account, key rest: bucket, slot. Slots that are through are unlisted by their last object. */
static int end_one(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)value, (void)msg;
    struct ending *e = arg;
    uint64_t n = 0;
    if (e->left == 0)
        return RECORD_STOP;
    int rc = ctx->deps->payment->end_slot(ctx, load_be64(rest.data), load_be64(rest.data + 8), e->left, &n, err);
    if (rc)
        return rc;
    e->left -= u64_min(n, e->left);
    return CODE_OK;
}

int payment_end_slots(struct ctx *ctx, const struct addr *addr, struct err *err) {
    struct key k;
    struct ending e = {.left = ctx->params->storage->expiries_per_block};
    int rc = record_each(ctx, key_payer_slots(&k, addr), BYTES_NONE, 0, NULL, end_one, &e, err);
    if (rc == CODE_OK)
        ctx_event(ctx, "payment.ended", "account", ctx_addr_text(ctx, addr), "objects",
                  ctx_u64_text(ctx, ctx->params->storage->expiries_per_block - e.left), NULL);
    return rc;
}

int payment_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    (void)value;
    struct addr addr;
    PaymentAccount *a;
    if (!addr_from(rest, &addr))
        return err_set(err, CODE_CORRUPT, "an entry in the queue of payment accounts is no address");
    int rc = payment_open(ctx, &addr, false, &a, err);
    if (rc)
        return rc;
    if (a->dry_at != due_time)
        return err_set(err, CODE_INTERNAL, "the account is queued under another time");
    a->dry_at = 0; /* the entry has been taken out */
    bool over = a->status == PAYMENT_STATUS_FROZEN && ctx->time >= a->frozen_at + ctx->params->payment->frozen_time_ms;
    rc = payment_close(ctx, &addr, a, err);
    return rc || !over ? rc : payment_end_slots(ctx, &addr, err);
}

int payment_slot_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    (void)due_time, (void)value;
    if (rest.len != 16)
        return err_set(err, CODE_CORRUPT, "an entry in the queue of slots has no bucket and slot");
    if (load_be64(rest.data + 8) == QUOTA_SLOT)
        return quota_due(ctx, load_be64(rest.data), err);
    return ctx->deps->payment->settle_slot(ctx, load_be64(rest.data), load_be64(rest.data + 8), err);
}
