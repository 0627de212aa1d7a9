/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What flows, naively: nothing is cached and nothing is settled. After each block the rates are added up again from the
 * objects, one position after the other; in the time until the next block each provider must have become richer, and
 * each payer poorer, by exactly rate x time, in 2^-64 of a pebble. "Rich" is what the records say with everything that
 * is still owed, so it must not matter which slots were settled meanwhile, how often, and in which order. Left out are
 * payers that cannot pay for the whole time, and blocks with messages that move money in other ways.
 */
#include "tests/property/ledger/model.h"

#include "chain/types/keys_challenge.h"
#include "chain/types/keys_payment.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "chain/types/layout.h"
#include "x/auth/account.h"
#include "x/base/record.h"
#include "x/payment/term.h"

#define PAYERS_MAX    256
#define SLOTS_MAX     256
#define SPS_MAX       64
#define POSITIONS_MAX 16

typedef unsigned long long ull;

struct payer {
    struct addr addr;
    uint64_t funds, settled_at, remainder, stop_at;
    u128 rate;
    u128 naive_rate;
    uint64_t paid_until; /* as of the block's time */
    bool frozen;
};

struct slot {
    uint64_t bucket, number;
    struct addr payer;
    uint32_t members[POSITIONS_MAX];
    size_t n;
    u128 rates[POSITIONS_MAX]; /* as the ledger has them */
    u128 naive[POSITIONS_MAX]; /* from its objects */
    uint64_t remainders[POSITIONS_MAX], settled_at;
};

struct quota {
    uint64_t bucket;
    struct addr payer;
    uint32_t sp;
    u128 rate;
    uint64_t settled_at, remainder;
};

struct picture {
    uint64_t now;
    struct payer payers[PAYERS_MAX];
    struct slot slots[SLOTS_MAX];
    struct quota quotas[SLOTS_MAX];
    size_t payers_n, slots_n, quotas_n;
    uint64_t incomes[SPS_MAX]; /* by id */
    u128 other;                /* what is kept beside: locked, on its way out, in channels */
    u128 held;                 /* the module's coins */
    int status[SPS_MAX];
    bool changing[SPS_MAX]; /* in a group in which not every slot has been settled across a change of who earns, or of
                               which a position is vacant */
    u128 escrow;            /* what waits for who takes positions over */
};

struct flows {
    const struct facts *facts;
    struct picture before, now;
    bool incomes_moved; /* a message that changes what providers have, other than by flows */
    bool money_moved;   /* or what payers have */
    uint64_t held;      /* how many figures were held against each other */
};

struct flows *flows_new(const struct facts *facts) {
    struct flows *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->facts = facts;
    return f;
}

void flows_heard(struct flows *f, const Msg *msg) {
    int kind = (int)msg->body_case;
    /* accounts, validators, groups and policies move no money that flows */
    bool quiet = kind < 20 || (kind >= 70 && kind < 90) || kind == MSG__BODY_CREATE_GROUP ||
                 kind == MSG__BODY_UPDATE_GROUP_MEMBERS;
    bool plain = quiet || kind == MSG__BODY_DEPOSIT || (kind >= 40 && kind < 50) ||
                 kind == MSG__BODY_ANSWER_CHALLENGE || kind == MSG__BODY_SUBMIT_CHALLENGE;
    f->money_moved |= !quiet;
    f->incomes_moved |= !plain;
}

/* --- the picture --- */

static struct addr address(ProtobufCBinaryData d) {
    struct addr a = {{0}};
    addr_from(bytes_of(d.data, d.len), &a);
    return a;
}

static struct payer *payer_of(struct picture *p, const struct addr *addr) {
    for (size_t i = 0; i < p->payers_n; i++)
        if (addr_eq(&p->payers[i].addr, addr))
            return &p->payers[i];
    return NULL;
}

static struct slot *slot_of(struct picture *p, uint64_t bucket, uint64_t number) {
    for (size_t i = 0; i < p->slots_n; i++)
        if (p->slots[i].bucket == bucket && p->slots[i].number == number)
            return &p->slots[i];
    return NULL;
}

/* How far the account's coins reach, when nobody adds any; at most to `until`. */
static uint64_t reach(const struct payer *p, uint64_t until) {
    uint64_t at = p->settled_at;
    if (p->rate == 0)
        return until;
    /* millisecond by millisecond would be naive, too; halving is as sure */
    uint64_t low = 0, high = until > at ? until - at : 0;
    while (low < high) {
        uint64_t ms = low + (high - low + 1) / 2;
        if ((p->rate * ms + p->remainder) >> 64 <= p->funds)
            low = ms;
        else
            high = ms - 1;
    }
    uint64_t end = at + low;
    return p->stop_at && end > p->stop_at ? p->stop_at : end;
}

/* record_fn */
static int take_payer(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct picture *p = arg;
    const PaymentAccount *a = msg;
    (void)ctx, (void)rest, (void)value, (void)err;
    assert_true(p->payers_n < PAYERS_MAX);
    struct payer *x = &p->payers[p->payers_n++];
    *x = (struct payer){.addr = address(a->address),
                        .funds = a->balance + a->reserve,
                        .settled_at = a->settled_at,
                        .remainder = a->remainder,
                        .stop_at = a->stop_at,
                        .rate = u128_of(a->rate),
                        .frozen = a->status == PAYMENT_STATUS_FROZEN};
    x->paid_until = reach(x, p->now);
    p->other += (u128)(a->locked + a->withdrawing) << 64;
    return CODE_OK;
}

/* record_fn over all slots. */
static int take_slot(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct picture *p = arg;
    const BucketSlot *s = msg;
    struct key k;
    BucketLocation *at;
    BucketInfo *bucket;
    PlacementGroup *group;
    (void)rest, (void)value;
    assert_true(p->slots_n < SLOTS_MAX && s->n_rates <= POSITIONS_MAX);
    struct slot *x = &p->slots[p->slots_n++];
    *x = (struct slot){.bucket = s->bucket_id, .number = s->slot, .n = s->n_rates, .settled_at = s->settled_at};
    int rc = record_get(ctx, key_bucket_id(&k, s->bucket_id), &bucket_location__descriptor, &at, err);
    if (rc == CODE_OK)
        rc = record_get(ctx, key_bucket(&k, at->bucket_name), &bucket_info__descriptor, &bucket, err);
    if (rc == CODE_OK)
        rc = record_get(ctx, key_placement_group(&k, s->group_id), &placement_group__descriptor, &group, err);
    if (rc)
        return rc == CODE_NOT_FOUND ? err_set(err, CODE_INTERNAL, "a slot without bucket or placement group") : rc;
    x->payer = s->prepaid ? payment_term_address(s->bucket_id) : address(bucket->payment_address);
    for (size_t i = 0; i < x->n; i++) {
        x->members[i] = group->members[i];
        x->rates[i] = u128_of(s->rates[i]);
        x->remainders[i] = s->remainders[i];
    }
    return CODE_OK;
}

/* record_fn over groups, those without slots, too: what waits there is given when its provider is back. */
static int take_group(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct picture *p = arg;
    const PlacementGroup *group = msg;
    (void)ctx, (void)rest, (void)value, (void)err;
    for (size_t i = 0; i < group->n_escrow; i++)
        p->escrow += (u128)group->escrow[i] << 64;
    for (size_t i = 0; (group->handovers || group->n_vacant) && i < group->n_members; i++)
        p->changing[group->members[i]] = true;
    return CODE_OK;
}

/* record_fn over objects: its positions flow. */
static int take_object(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct picture *p = arg;
    const ObjectInfo *o = msg;
    (void)ctx, (void)rest, (void)value, (void)err;
    struct slot *s = o->slot ? slot_of(p, o->bucket_id, o->slot) : NULL;
    if (o->slot && !s)
        fail_msg("object %llu is in slot %llu, which is not there", (ull)o->id, (ull)o->slot);
    for (uint32_t i = 0; s && i < o->n_prices; i++) {
        bool sealed = i / 8 < o->sealed_positions.len && (o->sealed_positions.data[i / 8] >> i % 8 & 1);
        if (!sealed && o->prices[i] && !o->ends_at) /* of one that is paid ahead the last pebble may stay */
            fail_msg("position %u of object %llu is paid for and not sealed", i, (ull)o->id);
        s->naive[i] += (u128)layout_position_bytes(o->profile, o->payload_size, i) * o->prices[i];
    }
    return CODE_OK;
}

/* record_fn */
static int take_quota(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct picture *p = arg;
    const ReadQuota *q = msg;
    (void)ctx, (void)rest, (void)value, (void)err;
    assert_true(p->quotas_n < SLOTS_MAX);
    p->quotas[p->quotas_n++] = (struct quota){
        q->bucket_id, address(q->payment_address), q->sp_id, u128_of(q->rate), q->settled_at, q->remainder};
    return CODE_OK;
}

/* record_fn */
static int take_channel(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct picture *p = arg;
    const Channel *c = msg;
    (void)ctx, (void)rest, (void)value, (void)err;
    p->other += (u128)(c->deposit - c->redeemed) << 64;
    return CODE_OK;
}

/* record_fn */
static int take_sp(struct ctx *ctx, void *arg, struct bytes rest, struct bytes value, void *msg, struct err *err) {
    struct picture *p = arg;
    const StorageProvider *sp = msg;
    (void)ctx, (void)rest, (void)value, (void)err;
    assert_true(sp->id < SPS_MAX);
    p->incomes[sp->id] = sp->income;
    p->status[sp->id] = (int)sp->status;
    return CODE_OK;
}

static void must(struct ctx *ctx, struct bytes prefix, const ProtobufCMessageDescriptor *desc, record_fn *fn,
                 void *arg) {
    struct err err = {0};
    assert_ok(record_each(ctx, prefix, BYTES_NONE, 0, desc, fn, arg, &err), &err);
}

static void take_all(struct ctx *ctx, void *arg) {
    struct flows *f = arg;
    struct picture *p = &f->now;
    struct key k;
    uint64_t held = 0;
    struct err err = {0};
    p->now = f->facts->now;
    p->payers_n = p->slots_n = p->quotas_n = 0;
    p->escrow = 0;
    memset(p->changing, 0, sizeof p->changing);
    memset(p->incomes, 0, sizeof p->incomes);
    p->other = 0;
    must(ctx, key_payment_accounts(&k), &payment_account__descriptor, take_payer, p);
    must(ctx, key_sps(&k), &storage_provider__descriptor, take_sp, p);
    must(ctx, key_placement_groups(&k), &placement_group__descriptor, take_group, p);
    must(ctx, key_read_quotas(&k), &read_quota__descriptor, take_quota, p);
    must(ctx, key_channels(&k), &channel__descriptor, take_channel, p);
    assert_ok(coins_of_module(ctx, MODULE_PAYMENT, &held, &err), &err);
    p->held = (u128)held << 64;
    for (size_t i = 0; i < f->facts->buckets_n; i++) {
        uint64_t bucket = f->facts->buckets[i].id;
        must(ctx, key_slot_all(&k, bucket), &bucket_slot__descriptor, take_slot, p);
        must(ctx, key_object(&k, bucket, ""), &object_info__descriptor, take_object, p);
    }
    for (size_t i = 0; i < p->slots_n; i++)
        for (size_t j = 0; j < p->slots[i].n; j++) {
            struct payer *payer = payer_of(p, &p->slots[i].payer);
            if (payer)
                payer->naive_rate += p->slots[i].naive[j];
        }
    for (size_t i = 0; i < p->quotas_n; i++) {
        struct payer *payer = payer_of(p, &p->quotas[i].payer);
        if (payer)
            payer->naive_rate += p->quotas[i].rate;
    }
}

/* --- rates --- */

static void hold_rates(struct flows *f) {
    struct picture *p = &f->now;
    for (size_t i = 0; i < p->slots_n; i++)
        for (size_t j = 0; j < p->slots[i].n; j++, f->held++)
            if (p->slots[i].rates[j] != p->slots[i].naive[j])
                fail_msg("position %zu of slot %llu of bucket %llu flows at another rate than its objects", j,
                         (ull)p->slots[i].number, (ull)p->slots[i].bucket);
    for (size_t i = 0; i < p->payers_n; i++, f->held++)
        if (p->payers[i].rate != p->payers[i].naive_rate)
            fail_msg("a payment account pays at another rate than what is charged to it");
}

/* --- time passes --- */

/* Did this account pay for all of the time between the two pictures, and is it still there. */
static bool calm(struct flows *f, const struct addr *addr) {
    struct payer *was = payer_of(&f->before, addr), *is = payer_of(&f->now, addr);
    if (!was)
        return false;
    if (was->rate == 0)
        return true;
    return was->paid_until == f->before.now && reach(was, f->now.now) == f->now.now &&
           (!is || is->paid_until == f->now.now);
}

/* What a provider has, with all that it is still owed. */
static u128 riches(struct picture *p, uint32_t sp) {
    u128 sum = (u128)p->incomes[sp] << 64;
    for (size_t i = 0; i < p->slots_n; i++) {
        const struct slot *s = &p->slots[i];
        const struct payer *payer = payer_of(p, &s->payer);
        for (size_t j = 0; j < s->n; j++) {
            if (s->members[j] != sp)
                continue;
            sum += s->remainders[j];
            if (payer && payer->paid_until > s->settled_at)
                sum += s->rates[j] * (payer->paid_until - s->settled_at);
        }
    }
    for (size_t i = 0; i < p->quotas_n; i++) {
        const struct quota *q = &p->quotas[i];
        const struct payer *payer = payer_of(p, &q->payer);
        if (q->sp == sp && payer)
            sum +=
                q->remainder + (payer->paid_until > q->settled_at ? q->rate * (payer->paid_until - q->settled_at) : 0);
    }
    return sum;
}

static bool flows_at_all(const struct slot *s) {
    for (size_t i = 0; i < s->n; i++)
        if (s->rates[i])
            return true;
    return false;
}

/* Another payer begins without fractions, too: those that the old one has not paid are not the new one's. And a slot
 * that flows no more, since all that lay there is vacant, has ended for its fractions. */
static bool same_members(const struct slot *a, const struct slot *b) {
    return a && b && a->n == b->n && addr_eq(&a->payer, &b->payer) && flows_at_all(a) <= flows_at_all(b) &&
           memcmp(a->members, b->members, a->n * sizeof *a->members) == 0;
}

static bool is_out(int status) {
    return status == SP_STATUS_FORCED_EXITING || status == SP_STATUS_GONE;
}

/* What somebody should have earned since the picture before, by its rates. A slot or quota that ended meanwhile, or
 * changed hands, may have taken a fraction of a pebble along for each position. */
struct earned {
    u128 due, slack;
    bool calm; /* all who pay for it did */
};

static struct earned earned_by(struct flows *f, uint32_t sp) {
    struct earned e = {.calm = true};
    uint64_t ms = f->now.now - f->before.now;
    for (size_t i = 0; i < f->before.slots_n; i++) {
        const struct slot *s = &f->before.slots[i];
        const struct slot *later = slot_of(&f->now, s->bucket, s->number);
        for (size_t j = 0; j < s->n; j++) {
            if (s->members[j] != sp)
                continue;
            e.calm = e.calm && calm(f, &s->payer);
            e.due += s->naive[j] * ms;
            e.slack += !same_members(s, later);
        }
    }
    for (size_t i = 0; i < f->before.quotas_n; i++) {
        const struct quota *q = &f->before.quotas[i];
        if (q->sp != sp)
            continue;
        /* who is out is paid no more: the payer gets it back */
        e.calm = e.calm && calm(f, &q->payer) && !is_out(f->now.status[sp]);
        e.due += q->rate * ms;
        e.slack++; /* a quota that changes begins anew: its fraction is gone */
    }
    return e;
}

static void hold_provider(struct flows *f, uint32_t sp) {
    struct earned e = earned_by(f, sp);
    if (!e.calm || f->before.changing[sp] || f->now.changing[sp])
        return;
    u128 was = riches(&f->before, sp) + e.due, is = riches(&f->now, sp);
    f->held++;
    if (is > was || was - is > e.slack << 64)
        fail_msg("provider %u should have %llu pebble and has %llu (%s by %llu / 2^64)", (unsigned)sp, (ull)(was >> 64),
                 (ull)(is >> 64), is > was ? "more" : "less", (ull)(is > was ? is - was : was - is));
}

/* While positions change hands, or are vacant, it is not said here who has what; all of them together, with what waits,
 * have what was paid for them. */
static void hold_all(struct flows *f) {
    u128 was = f->before.escrow, is = f->now.escrow, slack = 0;
    for (uint32_t sp = 0; sp < SPS_MAX; sp++) {
        struct earned e = earned_by(f, sp);
        if (!e.calm)
            return;
        was += riches(&f->before, sp) + e.due;
        is += riches(&f->now, sp);
        slack += e.slack;
    }
    f->held++;
    if (is > was || was - is > slack << 64)
        fail_msg("providers and positions together should have %llu pebble and have %llu (%s by %llu / 2^64)",
                 (ull)(was >> 64), (ull)(is >> 64), is > was ? "more" : "less", (ull)(is > was ? is - was : was - is));
}

/* What an account still has once it has paid for the time that it can pay for. */
static u128 left(const struct payer *p) {
    u128 owed = p->paid_until > p->settled_at ? p->rate * (p->paid_until - p->settled_at) : 0;
    return ((u128)p->funds << 64) - owed - p->remainder;
}

/* In a block that moved no money, a payer has paid what flowed, to the fraction. */
static void hold_payer(struct flows *f, const struct payer *was) {
    const struct payer *is = payer_of(&f->now, &was->addr);
    uint64_t ms = f->now.now - f->before.now;
    if (!is || !calm(f, &was->addr) || is->rate != was->rate || was->rate == 0)
        return;
    u128 had = left(was), has = left(is);
    f->held++;
    if (had - was->naive_rate * ms != has)
        fail_msg("a payment account should have %llu pebble and has %llu", (ull)((had - was->naive_rate * ms) >> 64),
                 (ull)(has >> 64));
}

/* --- not a pebble too many or too few --- */

/* The module's coins beyond what everybody has and is owed: fractions that nobody can be given. */
static u128 dust(struct picture *p) {
    u128 books = p->other + p->escrow;
    for (size_t i = 0; i < p->payers_n; i++)
        books += left(&p->payers[i]);
    for (uint32_t sp = 0; sp < SPS_MAX; sp++)
        books += riches(p, sp);
    return p->held - books;
}

/* Not one that was set anew meanwhile, if to the same: that one begins without a fraction. */
static bool same_quota(const struct flows *f, const struct quota *q) {
    for (size_t i = 0; i < f->now.quotas_n; i++) {
        const struct quota *is = &f->now.quotas[i];
        if (is->bucket == q->bucket)
            return is->sp == q->sp && is->rate == q->rate && addr_eq(&is->payer, &q->payer) &&
                   (is->settled_at < f->now.now || is->remainder);
    }
    return false;
}

/* They change only when somebody who had one ends: a slot, for each position; a quota; an account. */
static void hold_dust(struct flows *f) {
    u128 slack = 0, was = dust(&f->before), is = dust(&f->now);
    for (size_t i = 0; i < f->before.slots_n; i++) {
        const struct slot *s = &f->before.slots[i];
        slack += same_members(s, slot_of(&f->now, s->bucket, s->number)) ? 0 : s->n;
    }
    for (size_t i = 0; i < f->before.payers_n; i++)
        slack += !payer_of(&f->now, &f->before.payers[i].addr);
    for (size_t i = 0; i < f->before.quotas_n; i++)
        slack += !same_quota(f, &f->before.quotas[i]);
    u128 moved = is > was ? is - was : was - is;
    f->held++;
    if (moved > slack << 64)
        fail_msg("%llu pebble of module payment %s", (ull)((moved + ((u128)1 << 63)) >> 64),
                 is > was ? "belong to nobody any more" : "came from nowhere");
}

/* --- the whole --- */

static bool about_money(Event *const *events, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strncmp(events[i]->type, "storage.", 8) == 0 || strncmp(events[i]->type, "payment.", 8) == 0 ||
            strncmp(events[i]->type, "sp.", 3) == 0)
            return true;
    return false;
}

/* Did begin or end work do anything but settle: end objects, quotas, withdrawals, channels. */
static bool work_moved_money(const struct flows *f) {
    const BlockResults *r = f->facts->w->f.outcome.results;
    return about_money(r->begin_events, r->n_begin_events) || about_money(r->end_events, r->n_end_events);
}

uint64_t flows_compare(struct flows *f) {
    f->held = 0;
    fixture_with_ctx(&f->facts->w->f, take_all, f);
    hold_rates(f);
    /* who takes over a position is paid a fee by who left; what waited in a group that is closed is lost */
    const struct fixture *fixture = &f->facts->w->f;
    bool paid = fixture_events(fixture, "sp.slot_taken") || fixture_events(fixture, "sp.group_closed");
    if (f->before.now && !f->incomes_moved && !paid) {
        for (uint32_t sp = 1; sp < SPS_MAX; sp++)
            hold_provider(f, sp);
        hold_all(f);
    }
    if (f->before.now && !f->money_moved && !work_moved_money(f))
        for (size_t i = 0; i < f->before.payers_n; i++)
            hold_payer(f, &f->before.payers[i]);
    if (f->before.now)
        hold_dust(f);
    f->before = f->now;
    f->incomes_moved = f->money_moved = false;
    return f->held;
}
