/* SPDX-License-Identifier: Apache-2.0 */
#include "x/storage/weight.h"

#include "cairn/storage.h"

#define CLASSES 64

/* The set's record, with room for every class. */
struct set {
    uint64_t counts[CLASSES];
    uint64_t total;
};

/* Class c holds weights of 2^(c-1) + 1 .. 2^c; weight 1 is class 0. */
static uint8_t class_of(uint64_t weight) {
    uint8_t power = 0;
    while (power < CLASSES - 1 && (uint64_t)1 << power < weight)
        power++;
    return power;
}

static int set_get(struct ctx *ctx, const struct weight_id *id, struct set *ret, struct err *err) {
    struct key k;
    WeightSet *record;
    memset(ret, 0, sizeof *ret);
    int rc = record_get(ctx, key_weight_set(&k, id), &weight_set__descriptor, &record, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? CODE_OK : rc;
    if (record->n_counts > CLASSES)
        return ctx_fault(ctx, CODE_CORRUPT, "a weight set has %zu classes", record->n_counts);
    if (record->n_counts)
        memcpy(ret->counts, record->counts, record->n_counts * sizeof *record->counts);
    ret->total = record->total;
    return CODE_OK;
}

static int set_put(struct ctx *ctx, const struct weight_id *id, struct set *set, struct err *err) {
    struct key k;
    WeightSet record = WEIGHT_SET__INIT;
    record.n_counts = CLASSES;
    while (record.n_counts && set->counts[record.n_counts - 1] == 0)
        record.n_counts--;
    if (record.n_counts == 0)
        return record_del(ctx, key_weight_set(&k, id), err);
    record.counts = set->counts;
    record.total = set->total;
    return record_put(ctx, key_weight_set(&k, id), &record, err);
}

static int index_put(struct ctx *ctx, const struct weight_id *id, uint8_t power, uint64_t index,
                     struct weight_item item, struct err *err) {
    struct key k;
    WeightRef ref = WEIGHT_REF__INIT;
    ref.a = item.a;
    ref.b = item.b;
    return record_put(ctx, key_weight_index(&k, id, power, index), &ref, err);
}

static int index_get(struct ctx *ctx, const struct weight_id *id, uint8_t power, uint64_t index,
                     struct weight_item *ret, struct err *err) {
    struct key k;
    WeightRef *ref;
    int rc = record_get(ctx, key_weight_index(&k, id, power, index), &weight_ref__descriptor, &ref, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? ctx_fault(ctx, CODE_CORRUPT, "a weight set has a gap") : rc;
    *ret = (struct weight_item){ref->a, ref->b};
    return CODE_OK;
}

/* *ret is NULL when there is no such item. */
static int item_get(struct ctx *ctx, const struct weight_id *id, struct weight_item item, WeightItem **ret,
                    struct err *err) {
    struct key k;
    int rc = record_get(ctx, key_weight_item(&k, id, item.a, item.b), &weight_item__descriptor, ret, err);
    if (rc == CODE_NOT_FOUND) {
        *ret = NULL;
        return CODE_OK;
    }
    return rc;
}

static int item_put(struct ctx *ctx, const struct weight_id *id, struct weight_item item, uint8_t power, uint64_t index,
                    uint64_t weight, struct err *err) {
    struct key k;
    WeightItem record = WEIGHT_ITEM__INIT;
    record.class_ = power;
    record.index = index;
    record.weight = weight;
    return record_put(ctx, key_weight_item(&k, id, item.a, item.b), &record, err);
}

/* Takes an item out of its class; the last one there moves into the gap. */
static int item_unlink(struct ctx *ctx, const struct weight_id *id, struct set *set, const WeightItem *record,
                       struct err *err) {
    struct key k;
    uint8_t power = (uint8_t)record->class_;
    if (power >= CLASSES || set->counts[power] <= record->index)
        return ctx_fault(ctx, CODE_CORRUPT, "a weight set counts fewer items than it has");
    uint64_t last = set->counts[power] - 1;
    if (record->index != last) {
        struct weight_item moved = {0, 0};
        WeightItem *moved_record;
        int rc = index_get(ctx, id, power, last, &moved, err);
        if (rc == CODE_OK)
            rc = item_get(ctx, id, moved, &moved_record, err);
        if (rc)
            return rc;
        if (!moved_record)
            return ctx_fault(ctx, CODE_CORRUPT, "a weight set numbers an item that it does not have");
        rc = index_put(ctx, id, power, record->index, moved, err);
        if (rc == CODE_OK)
            rc = item_put(ctx, id, moved, power, record->index, moved_record->weight, err);
        if (rc)
            return rc;
    }
    set->counts[power] = last;
    return record_del(ctx, key_weight_index(&k, id, power, last), err);
}

static int item_link(struct ctx *ctx, const struct weight_id *id, struct set *set, struct weight_item item,
                     uint64_t weight, struct err *err) {
    uint8_t power = class_of(weight);
    uint64_t index = set->counts[power]++;
    int rc = index_put(ctx, id, power, index, item, err);
    return rc ? rc : item_put(ctx, id, item, power, index, weight, err);
}

/* old is NULL for a new item; weight 0 removes. set->total is right already; the caller puts the set. */
static int item_move(struct ctx *ctx, const struct weight_id *id, struct set *set, struct weight_item item,
                     const WeightItem *old, uint64_t weight, struct err *err) {
    struct key k;
    int rc = CODE_OK;
    if (old && weight && old->class_ == class_of(weight))
        return item_put(ctx, id, item, (uint8_t)old->class_, old->index, weight, err);
    if (old)
        rc = item_unlink(ctx, id, set, old, err);
    if (rc)
        return rc;
    return weight ? item_link(ctx, id, set, item, weight, err)
                  : record_del(ctx, key_weight_item(&k, id, item.a, item.b), err);
}

/* Of an item that has the weight of old; NULL: none yet. */
static int item_add(struct ctx *ctx, const struct weight_id *id, struct set *set, struct weight_item item,
                    const WeightItem *old, uint64_t more, struct err *err) {
    if (more > WEIGHT_MAX || set->total > WEIGHT_MAX - more)
        return err_set(err, CODE_OVERFLOW, "more bytes than can be counted");
    set->total += more;
    return item_move(ctx, id, set, item, old, (old ? old->weight : 0) + more, err);
}

int weight_add_all(struct ctx *ctx, const struct weight_id *set, const struct weight_item *items, const uint64_t *more,
                   size_t n, struct err *err) {
    struct set s;
    uint64_t any = 0;
    for (size_t i = 0; i < n; i++)
        any |= more[i];
    if (any == 0)
        return CODE_OK;
    int rc = set_get(ctx, set, &s, err);
    for (size_t i = 0; rc == CODE_OK && i < n; i++) {
        WeightItem *old = NULL;
        if (more[i] == 0)
            continue;
        rc = item_get(ctx, set, items[i], &old, err);
        if (rc == CODE_OK)
            rc = item_add(ctx, set, &s, items[i], old, more[i], err);
    }
    return rc ? rc : set_put(ctx, set, &s, err);
}

int weight_add(struct ctx *ctx, const struct weight_id *set, struct weight_item item, uint64_t more, struct err *err) {
    return weight_add_all(ctx, set, &item, &more, 1, err);
}

int weight_insert(struct ctx *ctx, const struct weight_id *set, struct weight_item item, uint64_t weight,
                  struct err *err) {
    struct set s;
    if (weight == 0)
        return CODE_OK;
    int rc = set_get(ctx, set, &s, err);
    if (rc == CODE_OK)
        rc = item_add(ctx, set, &s, item, NULL, weight, err);
    return rc ? rc : set_put(ctx, set, &s, err);
}

int weight_sub(struct ctx *ctx, const struct weight_id *set, struct weight_item item, uint64_t less, struct err *err) {
    struct set s;
    WeightItem *old = NULL;
    if (less == 0)
        return CODE_OK;
    int rc = set_get(ctx, set, &s, err);
    if (rc == CODE_OK)
        rc = item_get(ctx, set, item, &old, err);
    if (rc)
        return rc;
    if (!old || old->weight < less || s.total < less)
        return ctx_fault(ctx, CODE_CORRUPT, "a weight would become negative");
    s.total -= less;
    rc = item_move(ctx, set, &s, item, old, old->weight - less, err);
    return rc ? rc : set_put(ctx, set, &s, err);
}

int weight_of(struct ctx *ctx, const struct weight_id *set, struct weight_item item, uint64_t *ret, struct err *err) {
    WeightItem *record;
    int rc = item_get(ctx, set, item, &record, err);
    if (rc == CODE_OK)
        *ret = record ? record->weight : 0;
    return rc;
}

int weight_total(struct ctx *ctx, const struct weight_id *set, uint64_t *ret, struct err *err) {
    struct set s;
    int rc = set_get(ctx, set, &s, err);
    if (rc == CODE_OK)
        *ret = s.total;
    return rc;
}

static u128 set_mass(const struct set *s) {
    u128 mass = 0;
    for (unsigned c = 0; c < CLASSES; c++)
        mass += (u128)s->counts[c] << c;
    return mass;
}

int weight_draw(struct ctx *ctx, const struct weight_id *set, struct draw *draw, struct weight_item *ret,
                struct err *err) {
    struct set s;
    int rc = set_get(ctx, set, &s, err);
    if (rc)
        return rc;
    u128 mass = set_mass(&s);
    for (int tries = 0; mass && tries < WEIGHT_TRIES_MAX; tries++) {
        u128 at = draw_below(draw, mass);
        uint8_t power = 0;
        for (; at >= (u128)s.counts[power] << power; power++)
            at -= (u128)s.counts[power] << power;
        struct weight_item item = {0, 0};
        WeightItem *record;
        rc = index_get(ctx, set, power, (uint64_t)(at >> power), &item, err);
        if (rc == CODE_OK)
            rc = item_get(ctx, set, item, &record, err);
        if (rc)
            return rc;
        if (!record)
            return ctx_fault(ctx, CODE_CORRUPT, "a weight set numbers an item that it does not have");
        if ((at & (((u128)1 << power) - 1)) < record->weight) {
            *ret = item;
            return CODE_OK;
        }
    }
    return CODE_NOT_FOUND;
}

/* --- check --- */

struct check {
    const struct weight_id *id;
    uint64_t counts[CLASSES];
    uint64_t total;
};

static int check_item(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct check *check = arg;
    const WeightItem *record = msg;
    (void)value;
    if (rest.len != 16 || record->class_ >= CLASSES || record->class_ != class_of(record->weight) ||
        record->weight == 0)
        return err_set(err, CODE_INTERNAL, "a weight item lies in the wrong class");
    struct weight_item want = {load_be64(rest.data), load_be64(rest.data + 8)}, got = {0, 0};
    int rc = index_get(ctx, check->id, (uint8_t)record->class_, record->index, &got, err);
    if (rc)
        return rc;
    if (got.a != want.a || got.b != want.b)
        return err_set(err, CODE_INTERNAL, "a weight's number points at another item");
    check->counts[record->class_]++;
    check->total += record->weight;
    return CODE_OK;
}

int weight_check(struct ctx *ctx, const struct weight_id *set, struct err *err) {
    struct key k;
    struct set s;
    struct check check = {.id = set};
    int rc = record_each(ctx, key_weight_item_all(&k, set), BYTES_NONE, 0, &weight_item__descriptor, check_item, &check,
                         err);
    if (rc == CODE_OK)
        rc = set_get(ctx, set, &s, err);
    if (rc)
        return rc;
    if (memcmp(s.counts, check.counts, sizeof s.counts) != 0 || s.total != check.total)
        return err_set(err, CODE_INTERNAL, "a weight set's counts or total differ from its items");
    return CODE_OK;
}
