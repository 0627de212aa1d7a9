/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about buckets and objects. */
#include "tests/lib/ledger/ops.h"

#include "chain/types/deal_state.h"
#include "chain/types/keys_storage.h"

static void op_create_bucket(struct world *w) {
    struct deal *d = a_deal(w);
    struct bucket_try t;
    if (deal_bucket(d) && !seldom(w, 6))
        return;
    deal_bucket_try(d, &t);
    t.spec.read_quota = seldom(w, 3) ? rng_u64(&w->rng) >> (24 + below(w, 40)) : 0;
    switch (below(w, 12)) {
    case 0:
        t.flip = true;
        break;
    case 1:
        t.approver = "sp1.approval";
        break;
    case 2:
        t.approver = NULL;
        break;
    case 3:
        t.approval.timeout = FIXTURE_GENESIS_TIME;
        break;
    case 4:
        t.approval.nonce = 1 + below(w, 3);
        break;
    case 5:
        t.spec.bucket_name = text(w, "-bad-");
        break;
    case 6:
    case 7:
        if (ops_territory_purse(w, d->owner, &t.spec.payment_address) && !seldom(w, 6))
            t.spec.read_quota = 0; /* a territory does not pay for reading */
        break;
    default:
        break;
    }
    deal_bucket_send(d, &t, seldom(w, 10) ? anybody(w) : d->owner);
}

static void op_delete_bucket(struct world *w) {
    struct deal *d = a_deal(w);
    MsgDeleteBucket m = MSG_DELETE_BUCKET__INIT;
    m.bucket_name = text(w, d->bucket);
    fixture_do(&w->f, seldom(w, 10) ? anybody(w) : d->owner, &m.base);
}

static void op_create_object(struct world *w) {
    struct deal *d = a_deal(w);
    struct object_try t;
    for (unsigned i = 0; i < 3 && (!deal_bucket(d) || deal_object(d)) && !seldom(w, 6); i++)
        d = a_deal(w); /* mostly where there is room for one */
    if ((!deal_bucket(d) || deal_object(d)) && !seldom(w, 4))
        return;
    deal_object_try(d, &t);
    switch (below(w, 14)) {
    case 0:
        t.flip = true;
        break;
    case 1:
        t.approver = "sp2.approval";
        break;
    case 2:
        t.approval.nonce = 1 + below(w, 3);
        break;
    case 3:
        t.spec.object_name = text(w, "a//b");
        break;
    case 4:
        t.spec.max_price = d->price - 1;
        break;
    case 5:
        t.spec.payload_size = UINT64_MAX;
        break;
    case 6:
        t.spec.term = (1 + below(w, 6)) * 60 * unit_ms(w);
        break;
    case 7:
        t.spec.term = 1;
        break;
    default:
        break;
    }
    deal_object_send(d, &t, seldom(w, 10) ? anybody(w) : d->owner);
}

static void mutate_seal(struct world *w, struct deal *d, struct seal_try *t) {
    size_t i = below(w, t->count);
    switch (below(w, 16)) {
    case 0:
        t->flip = i;
        break;
    case 1:
        t->count--;
        break;
    case 2:
        t->keys[i] = "sp6.seal";
        break;
    case 3:
        t->receipts[i].size++;
        break;
    case 4:
        t->receipts[i].price = d->max_price + 1;
        break;
    case 5:
        t->receipts[i].valid_until = FIXTURE_GENESIS_TIME;
        break;
    case 6:
        t->msg.version++;
        break;
    case 7:
        t->msg.group_id = 1 + below(w, 5);
        break;
    case 8:
    case 9:
    case 10: /* of some positions only: sometimes too few */
        t->without = rng_u64(&w->rng) & (((uint64_t)1 << t->count) - 1) & ~((uint64_t)1 << i);
        break;
    default:
        break;
    }
}

/* More of one that is sealed in part. */
static void op_complete(struct world *w) {
    struct deal *d = a_deal(w);
    struct seal_try t;
    const ObjectInfo *o = deal_object(d);
    for (unsigned i = 0; i < 2 * WORLD_DEALS && (!o || deal_state_of(d)->sealed == deal_state_of(d)->positions); i++) {
        d = a_deal(w);
        o = deal_object(d);
    }
    if (!o || !o->slot || !profile_eq(o->profile, &d->profile))
        return;
    look_up(w, d);
    struct key k;
    const BucketSlot *slot = fixture_record(&w->f, key_slot(&k, o->bucket_id, o->slot), &bucket_slot__descriptor);
    if (slot && !seldom(w, 6))
        d->group_id = slot->group_id;
    deal_seal_try(d, &t);
    t.msg.version = o->version;
    t.without = deal_sealed_positions(o);
    t.more = !seldom(w, 10);
    if (seldom(w, 3))
        t.without |= rng_u64(&w->rng); /* not all of the rest */
    if (seldom(w, 8))
        t.without = 0; /* what is sealed, again */
    uint64_t all = ((uint64_t)1 << t.count) - 1;
    if ((t.without & all) == all)
        return;
    for (size_t i = 0; i < t.count; i++) {
        t.receipts[i].version = o->version;
        t.receipts[i].price = seldom(w, 12) ? d->max_price + 1 : d->price;
    }
    deal_seal_send(d, &t, seldom(w, 10) ? anybody(w) : seldom(w, 3) ? d->owner : "sp0.seal");
}

static void op_seal(struct world *w) {
    struct deal next, *d = a_deal(w);
    struct seal_try t;
    const ObjectInfo *on_its_way = deal_next(d);
    if (on_its_way) { /* in another number of copies, maybe */
        next = *d;
        next.profile = *on_its_way->profile;
        d = &next;
    }
    if (!look_up(w, d))
        return;
    deal_seal_try(d, &t);
    mutate_seal(w, d, &t);
    deal_seal_send(d, &t, seldom(w, 10) ? anybody(w) : seldom(w, 3) ? d->owner : "sp0.seal");
}

static void op_reject(struct world *w) {
    struct deal *d = a_deal(w);
    MsgRejectSeal m = MSG_REJECT_SEAL__INIT;
    const ObjectInfo *o = deal_object(d);
    if (!o)
        return;
    m.bucket_name = text(w, d->bucket);
    m.object_name = text(w, d->object);
    m.object_id = o->id + seldom(w, 8);
    m.reason = text(w, "no");
    fixture_do(&w->f, seldom(w, 6) ? anybody(w) : "sp0.seal", &m.base);
}

static void op_cancel(struct world *w) {
    struct deal *d = a_deal(w);
    const ObjectInfo *o = deal_object(d);
    for (unsigned i = 0; i < 2 * WORLD_DEALS && (!o || o->object_status != OBJECT_STATUS_CREATED); i++) {
        d = a_deal(w); /* mostly one that can be */
        o = deal_object(d);
    }
    MsgCancelObject m = MSG_CANCEL_OBJECT__INIT;
    m.bucket_name = text(w, d->bucket);
    m.object_name = text(w, d->object);
    fixture_do(&w->f, seldom(w, 10) ? anybody(w) : d->owner, &m.base);
}

static void op_delete_object(struct world *w) {
    struct deal *d = a_deal(w);
    MsgDeleteObject m = MSG_DELETE_OBJECT__INIT;
    m.bucket_name = text(w, d->bucket);
    m.object_name = text(w, d->object);
    fixture_do(&w->f, seldom(w, 10) ? anybody(w) : d->owner, &m.base);
}

/* --- new versions, copies, one step --- */

/* A spec that replaces what is there; now and then what is not. */
static void replacing_try(struct world *w, struct deal *d, const ObjectInfo *o, struct object_try *ret) {
    deal_object_try(d, ret);
    ret->spec.expected_version = o->version + seldom(w, 8);
    if (seldom(w, 3))
        ret->spec.term = (1 + below(w, 6)) * 60 * unit_ms(w);
}

static void op_replace(struct world *w) {
    struct deal *d = a_deal(w);
    const ObjectInfo *o = deal_object(d);
    struct object_try t;
    if (!o)
        return;
    replacing_try(w, d, o, &t);
    deal_object_send(d, &t, seldom(w, 10) ? anybody(w) : d->owner);
}

static void op_copy(struct world *w) {
    struct deal *d = a_deal(w);
    const ObjectInfo *o = deal_object(d);
    MsgCopyObject m = MSG_COPY_OBJECT__INIT;
    MsgCreateObject c;
    struct object_try t;
    if (!o)
        return;
    replacing_try(w, d, o, &t);
    if (seldom(w, 8))
        t.spec.payload_size++;
    deal_object_message(d, &t, &c);
    m.source_bucket_name = text(w, d->bucket);
    m.source_object_name = text(w, d->object);
    m.source_version = o->version + seldom(w, 8);
    m.spec = c.spec;
    m.approval = c.approval;
    fixture_do(&w->f, d->owner, &m.base);
}

static void op_store(struct world *w) {
    struct deal *d = a_deal(w);
    MsgStoreObject m = MSG_STORE_OBJECT__INIT;
    MsgCreateObject c;
    struct object_try t;
    struct seal_try s;
    const ObjectInfo *o = deal_object(d);
    look_up(w, d);
    if (!d->size || !deal_bucket(d))
        return;
    deal_object_try(d, &t);
    t.approver = NULL;
    t.spec.expected_version = o ? o->version : 0;
    deal_object_message(d, &t, &c);
    d->object_id = 0;
    memset(d->upload_id, (int)below(w, 256), sizeof d->upload_id);
    deal_seal_try(d, &s);
    for (size_t i = 0; i < s.count; i++) {
        s.receipts[i].object_id = seldom(w, 30);
        s.receipts[i].version = t.spec.expected_version;
    }
    m.spec = c.spec;
    m.group_id = d->group_id;
    m.upload_id = s.msg.upload_id;
    m.coded_by_sp = s.msg.coded_by_sp;
    m.receipts = deal_receipts(d, &s);
    m.n_receipts = s.count;
    fixture_do(&w->f, d->owner, &m.base);
}

/* --- what is said of objects and buckets --- */

static void op_update_object(struct world *w) {
    struct deal *d = a_deal(w);
    MsgUpdateObject m = MSG_UPDATE_OBJECT__INIT;
    SetText type = SET_TEXT__INIT;
    m.bucket_name = text(w, d->bucket);
    m.object_name = text(w, d->object);
    m.visibility = (Visibility)(1 + below(w, 3));
    type.value = text(w, "text/plain");
    m.content_type = seldom(w, 2) ? &type : NULL;
    fixture_do(&w->f, seldom(w, 6) ? anybody(w) : d->owner, &m.base);
}

static void op_update_bucket(struct world *w) {
    struct deal *d = a_deal(w);
    MsgUpdateBucket m = MSG_UPDATE_BUCKET__INIT;
    SetNumber cap = SET_NUMBER__INIT;
    const struct addr owner = fixture_addr(d->owner), second = addr_of_payment(&owner, 1);
    m.bucket_name = text(w, d->bucket);
    cap.value = seldom(w, 6) ? d->max_price - 1 : 0;
    m.price_cap = seldom(w, 2) ? &cap : NULL;
    if (seldom(w, 3))
        m.payment_address = seldom(w, 2) ? fixture_data(&w->f, second.b, sizeof second.b)
                                         : fixture_addr_data(&w->f, seldom(w, 4) ? anybody(w) : d->owner);
    if (!m.price_cap && !m.payment_address.len)
        m.visibility = VISIBILITY_PUBLIC_READ;
    fixture_do(&w->f, seldom(w, 10) ? anybody(w) : d->owner, &m.base);
}

/* To another name and, as soon as it can be, back: a deal knows its object by its name. */
static void op_move(struct world *w) {
    struct deal *d = a_deal(w);
    MsgMoveObject m = MSG_MOVE_OBJECT__INIT;
    char *away = arena_printf(&w->f.tx_arena, "%s.away", d->object);
    bool home = deal_object(d) != NULL;
    m.bucket_name = text(w, d->bucket);
    m.object_name = home ? text(w, d->object) : away;
    m.new_object_name = home ? away : text(w, d->object);
    fixture_do(&w->f, seldom(w, 10) ? anybody(w) : d->owner, &m.base);
}

static void op_renew(struct world *w) {
    struct deal *d = a_deal(w);
    MsgRenewObject m = MSG_RENEW_OBJECT__INIT;
    AutoRenew a = AUTO_RENEW__INIT;
    uint64_t now = fixture_ledger_time(&w->f);
    m.bucket_name = text(w, d->bucket);
    m.object_name = text(w, d->object);
    if (seldom(w, 2))
        m.expires_at = now + below(w, 12 * 60) * unit_ms(w);
    else if (seldom(w, 4))
        m.open_ended = true;
    a.period = seldom(w, 4) ? 0 : (1 + below(w, 60)) * unit_ms(w);
    a.max_price = w->f.sp_price - seldom(w, 4);
    a.until = seldom(w, 3) ? now + below(w, 300) * unit_ms(w) : 0;
    m.auto_renew = seldom(w, 2) ? &a : NULL;
    if (seldom(w, 4))
        m.max_price = seldom(w, 4) ? d->price - 1 : d->max_price + below(w, 10);
    m.copies = seldom(w, 3) ? 1 + (uint32_t)below(w, 3) : 0;
    if (!m.expires_at && !m.open_ended && !m.auto_renew && !m.max_price && !m.copies)
        m.copies = 2;
    fixture_do(&w->f, seldom(w, 10) ? anybody(w) : d->owner, &m.base);
}

/* --- notice --- */

static void op_discontinue(struct world *w) {
    struct deal *d = a_deal(w);
    const ObjectInfo *o = deal_object(d);
    MsgDiscontinueObject m = MSG_DISCONTINUE_OBJECT__INIT;
    if (!o)
        return;
    m.bucket_name = text(w, d->bucket);
    m.object_name = text(w, d->object);
    m.object_id = o->id + seldom(w, 8);
    m.reason = text(w, "no room");
    fixture_do(&w->f, seldom(w, 4) ? anybody(w) : "sp0.gc", &m.base);
}

static void op_discontinue_bucket(struct world *w) {
    struct deal *d = a_deal(w);
    MsgDiscontinueBucket m = MSG_DISCONTINUE_BUCKET__INIT;
    if (!seldom(w, 4))
        return;
    m.bucket_name = text(w, d->bucket);
    m.reason = text(w, "leaving");
    fixture_do(&w->f, seldom(w, 4) ? anybody(w) : "sp0.gc", &m.base);
}

static const struct world_op rows[] = {
    {"create_bucket", 6, op_create_bucket},
    {"delete_bucket", 1, op_delete_bucket},
    {"create_object", 16, op_create_object},
    {"seal", 40, op_seal},
    {"complete", 8, op_complete},
    {"reject", 3, op_reject},
    {"cancel", 2, op_cancel},
    {"delete_object", 8, op_delete_object},
    {"replace", 5, op_replace},
    {"copy", 1, op_copy},
    {"store", 2, op_store},
    {"update_object", 1, op_update_object},
    {"update_bucket", 2, op_update_bucket},
    {"move", 2, op_move},
    {"renew", 8, op_renew},
    {"discontinue", 1, op_discontinue},
    {"discontinue_bucket", 1, op_discontinue_bucket},
};
const struct world_ops ops_storage = WORLD_OPS(rows);
