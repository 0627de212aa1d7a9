/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of deals, naively: repair duties from the events that tell of them, everything else from the records of
 * the object and its providers, each rule as ledger.md §4 and poss-point.md E2 say it. Held against /storage/deal for
 * some objects after every block.
 */
#include "tests/property/ledger/model.h"

#include "chain/types/keys_payment.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "x/base/record.h"

#define DUTIES_MAX 1024
#define ASKED      3 /* after each block */

enum { BID, PART_DEAL, DEAL, PENDING_END, END }; /* the codes of poss-point.md A1.4 */

struct deals {
    const struct facts *facts;
    struct rng rng;
    struct duty {
        uint64_t object, version, position; /* one of a version that was replaced says nothing */
    } duties[DUTIES_MAX];
    size_t duties_n;
    struct fact_object objects[FACT_OBJECTS]; /* of the block before: what duties are opened for */
    size_t objects_n;
};

struct deals *deals_new(const struct facts *facts, uint64_t seed) {
    struct deals *d = calloc(1, sizeof *d);
    assert_non_null(d);
    d->facts = facts;
    rng_init(&d->rng, ~seed);
    return d;
}

/* --- what the events tell --- */

static uint64_t number(const Event *e, const char *name) {
    return strtoull(fixture_attribute(e, name), NULL, 10);
}

static void end_duty(struct deals *d, uint64_t object, uint64_t position) {
    for (size_t i = 0; i < d->duties_n; i++)
        if (d->duties[i].object == object && d->duties[i].position == position)
            d->duties[i] = d->duties[--d->duties_n];
}

static uint64_t version_of(const struct deals *d, uint64_t object) {
    for (size_t i = 0; i < d->objects_n; i++)
        if (d->objects[i].id == object)
            return d->objects[i].version;
    return 0;
}

static void hear(struct deals *d, Event *const *events, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const Event *e = events[i];
        if (strcmp(e->type, "challenge.repair_opened") == 0) {
            assert_true(d->duties_n < DUTIES_MAX);
            d->duties[d->duties_n++] =
                (struct duty){number(e, "object_id"), version_of(d, number(e, "object_id")), number(e, "position")};
        } else if (strcmp(e->type, "challenge.repair_done") == 0 || strcmp(e->type, "challenge.repair_dropped") == 0 ||
                   strcmp(e->type, "challenge.declared_lost") == 0) {
            end_duty(d, number(e, "object_id"), number(e, "position"));
        }
    }
}

static void hear_block(struct deals *d) {
    const BlockResults *r = d->facts->w->f.outcome.results;
    hear(d, r->begin_events, r->n_begin_events);
    for (size_t i = 0; i < r->n_txs; i++)
        hear(d, r->txs[i]->events, r->txs[i]->n_events);
    hear(d, r->end_events, r->n_end_events);
}

/* --- the state of one object --- */

static bool under_repair(const struct deals *d, const ObjectInfo *o, uint64_t position) {
    for (size_t i = 0; i < d->duties_n; i++)
        if (d->duties[i].object == o->id && d->duties[i].version == o->version && d->duties[i].position == position)
            return true;
    return false;
}

struct asking {
    struct deals *d;
    const struct fact_object *object;
    const struct fact_bucket *bucket;
    int code;
    bool lost;
};

/* Who holds a position has left for good, or is shut out. */
static bool unfit(struct ctx *ctx, uint32_t id) {
    struct key k;
    StorageProvider *sp;
    if (record_get(ctx, key_sp(&k, id), &storage_provider__descriptor, &sp, NULL))
        return true;
    return sp->status == SP_STATUS_JAILED || sp->status == SP_STATUS_FORCED_EXITING || sp->status == SP_STATUS_GONE;
}

static int by_positions(struct ctx *ctx, struct asking *a, const ObjectInfo *o) {
    struct key k;
    struct err err = {0};
    BucketSlot *slot;
    PlacementGroup *group;
    unsigned live = 0, columns = 0, all;
    bool whole = false;
    if (o->object_status != OBJECT_STATUS_SEALED && o->object_status != OBJECT_STATUS_DISCONTINUED)
        return BID;
    if (o->payload_size == 0)
        return DEAL;
    assert_ok(record_get(ctx, key_slot(&k, o->bucket_id, o->slot), &bucket_slot__descriptor, &slot, &err), &err);
    assert_ok(record_get(ctx, key_placement_group(&k, slot->group_id), &placement_group__descriptor, &group, &err),
              &err);
    bool replicas = o->profile->kind != PROFILE_KIND_EC;
    all = o->profile->k + o->profile->m + (!replicas && o->profile->whole ? 1u : 0u);
    for (unsigned i = 0; i < all; i++) {
        bool sealed = i / 8 < o->sealed_positions.len && (o->sealed_positions.data[i / 8] >> i % 8 & 1);
        if (!sealed || under_repair(a->d, o, i) || unfit(ctx, group->members[i]))
            continue;
        live++;
        if (replicas || (o->profile->whole && i == 0))
            whole = true;
        else
            columns++;
    }
    if (o->lost || (!whole && (replicas || columns < o->profile->k)))
        return BID;
    return live == all ? DEAL : PART_DEAL;
}

/* A deal without a term hangs on its bucket's payer. */
static bool payer_frozen(struct ctx *ctx, const BucketInfo *b) {
    struct key k;
    PaymentAccount *account;
    struct addr payer;
    addr_from(bytes_of(b->payment_address.data, b->payment_address.len), &payer);
    return record_get(ctx, key_payment_account(&k, &payer), &payment_account__descriptor, &account, NULL) == CODE_OK &&
           account->status == PAYMENT_STATUS_FROZEN;
}

static void work_out(struct ctx *ctx, void *arg) {
    struct asking *a = arg;
    struct key k;
    struct err err = {0};
    ObjectInfo *o;
    BucketInfo *b;
    uint64_t now = a->d->facts->now, warning = a->d->facts->w->f.params.storage.warning_ms;
    assert_ok(record_get(ctx, key_object(&k, a->bucket->id, a->object->name), &object_info__descriptor, &o, &err),
              &err);
    assert_ok(record_get(ctx, key_bucket(&k, a->bucket->name), &bucket_info__descriptor, &b, &err), &err);
    int code = by_positions(ctx, a, o);
    bool stored = o->object_status == OBJECT_STATUS_SEALED || o->object_status == OBJECT_STATUS_DISCONTINUED;
    a->lost = stored && code == BID;
    bool over = o->expires_at && now >= o->expires_at;           /* only the grace is left */
    bool soon = o->expires_at && now + warning >= o->expires_at; /* inside the warning */
    bool unpaid = !o->ends_at && o->slot && payer_frozen(ctx, b);
    bool given_up = o->object_status == OBJECT_STATUS_DISCONTINUED || o->discontinue_at || b->discontinue_at;
    if (o->ends_at && now >= o->ends_at)
        code = END; /* the ledger will come to it */
    else if (over || ((soon || unpaid || given_up) && code != BID))
        code = PENDING_END;
    a->code = code;
}

static void ask(struct deals *d, const struct fact_object *o) {
    struct asking a = {.d = d, .object = o, .bucket = fact_bucket_by_id(d->facts, o->bucket_id)};
    struct fixture *f = &d->facts->w->f;
    fixture_with_ctx(f, work_out, &a);
    const DealAnswer *theirs =
        fixture_query(f, "/storage/deal", "bucket_name", a.bucket->name, "object_name", o->name, NULL);
    if ((int)theirs->code != a.code || theirs->lost != a.lost)
        fail_msg("the deal of %s/%s is in state %u%s and should be in state %d%s", a.bucket->name, o->name,
                 theirs->code, theirs->lost ? ", lost" : "", a.code, a.lost ? ", lost" : "");
}

uint64_t deals_compare(struct deals *d) {
    uint64_t n = 0;
    hear_block(d);
    for (; n < ASKED && d->facts->objects_n; n++)
        ask(d, &d->facts->objects[rng_below(&d->rng, d->facts->objects_n)]);
    memcpy(d->objects, d->facts->objects, d->facts->objects_n * sizeof *d->objects);
    d->objects_n = d->facts->objects_n;
    return n;
}
