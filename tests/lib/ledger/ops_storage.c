/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world that are about buckets and objects. */
#include "tests/lib/ledger/ops.h"

static void op_create_bucket(struct world *w) {
    struct deal *d = a_deal(w);
    struct bucket_try t;
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
    default:
        break;
    }
}

static void op_seal(struct world *w) {
    struct deal *d = a_deal(w);
    struct seal_try t;
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

static const struct world_op rows[] = {
    {"create_bucket", 6, op_create_bucket},
    {"delete_bucket", 1, op_delete_bucket},
    {"create_object", 16, op_create_object},
    {"seal", 24, op_seal},
    {"reject", 1, op_reject},
    {"cancel", 1, op_cancel},
    {"delete_object", 2, op_delete_object},
};
const struct world_ops ops_storage = WORLD_OPS(rows);
