/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of a bucket's slots, and of the buckets on their way to a provider. */
#include "x/storage/listing.h"

#include "chain/types/keys_storage.h"
#include "x/base/module.h"

/* --- slots of a bucket --- */

struct slots {
    BucketSlotsAnswer *answer;
    size_t limit;
};

/* record_fn */
static int add_slot(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct slots *page = arg;
    BucketSlotsAnswer *a = page->answer;
    (void)rest, (void)value, (void)err;
    if (ctx_page_full(ctx, a->n_slots, page->limit)) {
        a->next = a->slots[a->n_slots - 1]->slot;
        return RECORD_STOP;
    }
    a->slots[a->n_slots++] = msg;
    return CODE_OK;
}

int listing_bucket_slots(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const BucketSlotsQuery *q = question;
    struct slots page = {CTX_NEW(ctx, BucketSlotsAnswer), query_limit(q->limit)};
    struct key prefix, after;
    bucket_slots_answer__init(page.answer);
    page.answer->slots = ctx_array(ctx, page.limit, sizeof *page.answer->slots);
    int rc = record_each(ctx, key_slot_all(&prefix, q->bucket_id), key_slot(&after, q->bucket_id, q->start_after), 0,
                         &bucket_slot__descriptor, add_slot, &page, err);
    if (rc == CODE_OK)
        *(BucketSlotsAnswer **)ret_answer = page.answer;
    return rc;
}

/* --- migrations to a provider --- */

struct migrations {
    MigrationsAnswer *answer;
    size_t limit;
};

/* record_fn over the index. rest: bucket u64be. */
static int add_migration(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg,
                         struct err *err) {
    struct migrations *page = arg;
    MigrationsAnswer *a = page->answer;
    struct key k;
    (void)value, (void)msg;
    if (ctx_page_full(ctx, a->n_migrations, page->limit)) {
        a->next = a->migrations[a->n_migrations - 1]->bucket_id;
        return RECORD_STOP;
    }
    int rc = record_get(ctx, key_migration(&k, load_be64(rest.data)), &bucket_migration__descriptor,
                        &a->migrations[a->n_migrations], err);
    a->n_migrations += rc == CODE_OK;
    return rc;
}

int listing_migrations(struct ctx *ctx, const void *question, void *ret_answer, struct err *err) {
    const MigrationsQuery *q = question;
    struct migrations page = {CTX_NEW(ctx, MigrationsAnswer), query_limit(q->limit)};
    struct key prefix, after;
    migrations_answer__init(page.answer);
    page.answer->migrations = ctx_array(ctx, page.limit, sizeof *page.answer->migrations);
    int rc = record_each(ctx, key_sp_migrations(&prefix, q->sp_id), key_sp_migration(&after, q->sp_id, q->start_after),
                         0, NULL, add_migration, &page, err);
    if (rc == CODE_OK)
        *(MigrationsAnswer **)ret_answer = page.answer;
    return rc;
}
