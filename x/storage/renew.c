/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/renew.h"

#include "chain/types/deal_state.h"
#include "chain/types/keys_storage.h"
#include "x/auth/grant.h"
#include "x/base/record.h"
#include "x/sp/sp.h"
#include "x/storage/bucket.h"
#include "x/storage/fields.h"
#include "x/storage/object.h"
#include "x/storage/slot.h"
#include "x/storage/term.h"

#define TRIES_IN_WARNING 8 /* an object whose renewal fails is tried again so often in its warning window */

int renew_check_auto(struct ctx *ctx, const AutoRenew *renew, struct err *err) {
    int rc = term_check(ctx, renew->period, err);
    if (rc)
        return rc;
    if (renew->max_price == 0 || renew->max_price > ctx->params->payment->price_max)
        return err_set(err, CODE_PRICE, "the ledger renews at a price of at most %llu; 1 to %llu are allowed",
                       (unsigned long long)renew->max_price, (unsigned long long)ctx->params->payment->price_max);
    if (renew->until && renew->until <= ctx->time)
        return err_set(err, CODE_RENEW, "the ledger is to renew until %llu, which is over",
                       (unsigned long long)renew->until);
    if (grant_money_ends(ctx))
        return err_set(err, CODE_GRANT_SCOPE,
                       "the ledger would renew it with money that no budget counts; only a grant without a limit of "
                       "money allows that");
    return CODE_OK;
}

void renew_schedule(const struct ctx *ctx, ObjectInfo *object) {
    uint64_t end = object->expires_at, warning = ctx->params->storage->warning_ms;
    bool never = !object->auto_renew || end == 0 || (object->renew_until && object->renew_until <= end);
    object->renew_at = never ? 0 : u64_max(ctx->time + 1, end - u64_min(end, warning));
}

/* What each provider asks now that has something of it. */
static int ask_prices(struct ctx *ctx, const PlacementGroup *group, uint64_t sealed, uint64_t limit, uint64_t *ret,
                      struct err *err) {
    for (size_t i = 0; i < group->n_members; i++) {
        StorageProvider *sp = NULL;
        if (!(sealed >> i & 1))
            continue;
        int rc = sp_get(ctx, group->members[i], &sp, err);
        if (rc)
            return rc;
        if (sp->store_price > limit)
            return err_set(err, CODE_PRICE, "provider %u asks %llu; the limit is %llu", sp->id,
                           (unsigned long long)sp->store_price, (unsigned long long)limit);
        ret[i] = sp->store_price;
    }
    return CODE_OK;
}

static void set_end(const struct ctx *ctx, ObjectInfo *object, uint64_t expires_at) {
    object->term = expires_at ? expires_at - ctx->time : 0;
    object->expires_at = expires_at;
    object->ends_at = expires_at ? expires_at + ctx->params->storage->grace_ms : 0;
    renew_schedule(ctx, object);
}

int renew_agree(struct ctx *ctx, BucketInfo *bucket, ObjectInfo *object, uint64_t expires_at, uint64_t limit,
                struct err *err) {
    PlacementGroup *group = NULL;
    uint64_t prices[OBJECT_POSITIONS_MAX] = {0};
    char *sps = NULL;
    int rc = CODE_OK;
    if (object->slot)
        rc = slot_group(ctx, bucket->id, object->slot, &group, err);
    if (rc == CODE_OK && group)
        rc = ask_prices(ctx, group, deal_sealed_positions(object), limit, prices, err);
    if (rc == CODE_OK)
        rc = object_unplace(ctx, bucket, object, &sps, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < object->n_prices; i++)
        object->prices[i] = prices[i]; /* nothing where it is not sealed */
    object->max_price = limit;
    object->updated_at = ctx->height;
    set_end(ctx, object, expires_at);
    return object_place_again(ctx, bucket, object, group ? group->id : 0, 0, err);
}

void renew_emit(struct ctx *ctx, const ObjectInfo *object, bool by_ledger) {
    ctx_event(ctx, "storage.object_renewed", "bucket", object->bucket_name, "object", object->object_name, "bucket_id",
              ctx_u64_text(ctx, object->bucket_id), "object_id", ctx_u64_text(ctx, object->id), "version",
              ctx_u64_text(ctx, object->version), "expires_at", ctx_u64_text(ctx, object->expires_at), "ends_at",
              ctx_u64_text(ctx, object->ends_at), "max_price", ctx_u64_text(ctx, object->max_price), "paid",
              ctx_u64_text(ctx, object->term_paid), "by", by_ledger ? "ledger" : "owner", NULL);
}

/* --- by the ledger --- */

/* A period more, not beyond `until`; behind the present time also when the term has long been over. */
static uint64_t next_end(const struct ctx *ctx, const ObjectInfo *object) {
    uint64_t end = object->expires_at + object->renew_period;
    if (end <= ctx->time)
        end = ctx->time + object->renew_period;
    return object->renew_until ? u64_min(end, object->renew_until) : end;
}

static int renew_one(struct ctx *ctx, BucketInfo *bucket, ObjectInfo *object, struct err *err) {
    uint64_t end = next_end(ctx, object);
    int rc = bucket_writable(bucket, err);
    if (rc == CODE_OK)
        rc = object_need_status(object, OBJECT_STATUS_SEALED, err);
    if (rc == CODE_OK)
        rc = fields_check_price(object->renew_max_price, bucket, ctx->params, err);
    if (rc)
        return rc;
    if (end <= ctx->time || end <= object->expires_at)
        return err_set(err, CODE_RENEW, "the ledger was to renew until %llu, which is over",
                       (unsigned long long)object->renew_until);
    return renew_agree(ctx, bucket, object, end, object->renew_max_price, err);
}

/* It stays as it was, and is tried again while there is something to renew. */
static int try_later(struct ctx *ctx, uint64_t object_id, const struct err *why, struct err *err) {
    ObjectInfo *object = NULL;
    struct key k;
    int rc = object_by_id(ctx, object_id, &object, err);
    if (rc)
        return rc;
    uint64_t next = ctx->time + u64_max(ctx->params->storage->warning_ms / TRIES_IN_WARNING, 1);
    object->renew_at = next < object->ends_at ? next : 0;
    ctx_event(ctx, "storage.object_not_renewed", "bucket", object->bucket_name, "object", object->object_name,
              "bucket_id", ctx_u64_text(ctx, object->bucket_id), "object_id", ctx_u64_text(ctx, object->id), "version",
              ctx_u64_text(ctx, object->version), "again_at", ctx_u64_text(ctx, object->renew_at), "reason",
              err_text(why), NULL);
    if (object->renew_at)
        rc = record_put_mark(ctx, key_renewal(&k, object->renew_at, object->id), err);
    return rc ? rc : object_put(ctx, object, err);
}

int renew_due(struct ctx *ctx, uint64_t due_time, struct bytes rest, struct bytes value, struct err *err) {
    BucketInfo *bucket = NULL;
    ObjectInfo *object = NULL;
    struct err why = {0};
    (void)due_time, (void)value;
    if (rest.len != 8)
        return err_set(err, CODE_CORRUPT, "an entry of the queue of renewals has %zu bytes", rest.len);
    uint64_t id = load_be64(rest.data);
    int rc = object_by_id(ctx, id, &object, err);
    if (rc == CODE_OK)
        rc = bucket_by_id(ctx, object->bucket_id, &bucket, err);
    if (rc)
        return rc;
    size_t events = ctx->events.len, mark = state_mark(ctx->state);
    rc = renew_one(ctx, bucket, object, &why);
    if (ctx_failed(ctx, err))
        return ctx_failed(ctx, err);
    if (rc == CODE_OK) {
        state_commit(ctx->state, mark);
        renew_emit(ctx, object, true);
        return CODE_OK;
    }
    state_rollback(ctx->state, mark);
    ctx->events.len = events;
    return try_later(ctx, id, &why, err);
}
