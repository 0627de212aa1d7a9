/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/term.h"

#include "chain/types/keys_storage.h"
#include "chain/types/layout.h"
#include "x/base/record.h"
#include "x/payment/term.h"
#include "x/storage/object.h"

int term_check(const struct ctx *ctx, uint64_t term, struct err *err) {
    const StorageParams *p = ctx->params->storage;
    if (term == 0 || (term >= p->term_min_ms && term <= p->term_max_ms))
        return CODE_OK;
    return err_set(err, CODE_TERM, "a term of %llu ms; %llu to %llu are allowed", (unsigned long long)term,
                   (unsigned long long)p->term_min_ms, (unsigned long long)p->term_max_ms);
}

void term_set(const struct ctx *ctx, ObjectInfo *object, uint64_t term) {
    object->term = term;
    object->expires_at = term ? ctx->time + term : 0;
    object->ends_at = term ? object->expires_at + ctx->params->storage->grace_ms : 0;
}

u128 object_rate(const ObjectInfo *object) {
    u128 rate = 0;
    for (uint32_t i = 0; i < object->n_prices; i++)
        rate += (u128)layout_position_bytes(object->profile, object->payload_size, i) * object->prices[i];
    return rate;
}

/* The bucket's terms are paid for up to the first end that is in the queue. */
struct first_end {
    uint64_t at;
};

/* record_fn over the ends of a bucket. rest: end u64be, object id. */
static int take_end(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    (void)ctx, (void)value, (void)msg, (void)err;
    ((struct first_end *)arg)->at = load_be64(rest.data);
    return RECORD_STOP;
}

static int move_stop(struct ctx *ctx, uint64_t bucket_id, struct err *err) {
    struct key k;
    struct first_end first = {0};
    int rc = record_each(ctx, key_bucket_end_all(&k, bucket_id), BYTES_NONE, 1, NULL, take_end, &first, err);
    return rc ? rc : payment_term_stop(ctx, bucket_id, first.at, err);
}

int term_pay(struct ctx *ctx, ObjectInfo *object, struct err *err) {
    struct addr payer = object_payer(object);
    object->term_paid = object->term_since = 0;
    if (object->ends_at == 0)
        return CODE_OK;
    object->term_since = ctx->time;
    int rc = payment_charge(object_rate(object), object->ends_at - ctx->time, &object->term_paid, err);
    return rc ? rc : payment_term_pay(ctx, &payer, object->bucket_id, object->term_paid, err);
}

int term_enter(struct ctx *ctx, const ObjectInfo *object, struct err *err) {
    struct key k;
    if (object->ends_at == 0)
        return CODE_OK;
    int rc = record_put_mark(ctx, key_bucket_end(&k, object->bucket_id, object->ends_at, object->id), err);
    return rc ? rc : move_stop(ctx, object->bucket_id, err);
}

int term_unused(struct ctx *ctx, const ObjectInfo *object, uint64_t *ret, struct err *err) {
    uint64_t used = 0;
    *ret = 0;
    if (object->ends_at == 0)
        return CODE_OK;
    int rc = payment_term_used(ctx, object->bucket_id, object_rate(object), object->term_since, &used, err);
    if (rc == CODE_OK && used > object->term_paid)
        return ctx_fault(ctx, CODE_CORRUPT, "an object has used more of its term than it has paid for");
    if (rc == CODE_OK)
        *ret = object->term_paid - used;
    return rc;
}

int term_leave(struct ctx *ctx, const ObjectInfo *object, uint64_t refund, struct err *err) {
    struct key k;
    struct addr payer = object_payer(object);
    if (object->ends_at == 0)
        return CODE_OK;
    int rc = record_del(ctx, key_bucket_end(&k, object->bucket_id, object->ends_at, object->id), err);
    if (rc == CODE_OK)
        rc = move_stop(ctx, object->bucket_id, err);
    return rc ? rc : payment_term_refund(ctx, &payer, object->bucket_id, refund, err);
}
