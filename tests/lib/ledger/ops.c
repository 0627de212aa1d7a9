/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of messages of a random world: mostly right ones, and wrong ones of each sort. */
#include "tests/lib/ledger/world.h"

#include "tests/lib/ledger/ops_validator.h"

#include "cairn/permission.h"

static uint64_t below(struct world *w, uint64_t n) {
    return rng_below(&w->rng, n);
}

/* One in n. */
static bool seldom(struct world *w, uint64_t n) {
    return below(w, n) == 0;
}

static struct deal *a_deal(struct world *w) {
    return &w->deals[below(w, WORLD_DEALS)];
}

static const char *an_owner(struct world *w) {
    return w->names[below(w, WORLD_OWNERS)][0];
}

/* "sp3" and, with a suffix, "sp3.seal". */
static const char *an_sp(struct world *w, const char *suffix) {
    return arena_printf(&w->f.tx_arena, "sp%u%s", (unsigned)below(w, w->f.sps), suffix);
}

static const char *anybody(struct world *w) {
    return seldom(w, 2) ? an_owner(w) : an_sp(w, seldom(w, 2) ? "" : ".seal");
}

static char *text(struct world *w, const char *s) {
    return arena_strdup(&w->f.tx_arena, s);
}

static uint64_t an_amount(struct world *w) {
    static const uint64_t scales[] = {1, 1000, PEBBLE_PER_CAIRN, 20 * PEBBLE_PER_CAIRN, 10000 * PEBBLE_PER_CAIRN};
    return 1 + below(w, scales[below(w, seldom(w, 4) ? 5 : 4)]);
}

/* Takes the ids of object and group from the state. False when there is nothing to seal. */
static bool look_up(struct world *w, struct deal *d) {
    const ObjectInfo *o = deal_object(d);
    const PlacementGroupsAnswer *groups = fixture_query(&w->f, "/sp/groups", "sp_id", "1", "primary", "true", NULL);
    d->object_id = o ? o->id : 0;
    d->group_id = 0;
    for (size_t i = 0; i < groups->n_groups; i++)
        if (profile_eq(groups->groups[i]->profile, &d->profile) && (!d->group_id || seldom(w, 2)))
            d->group_id = groups->groups[i]->id;
    return o && o->object_status == OBJECT_STATUS_CREATED && d->size;
}

/* --- auth, payment, sp, validator --- */

static void op_send(struct world *w) {
    MsgSend m = MSG_SEND__INIT;
    m.to = fixture_addr_data(&w->f, anybody(w));
    m.amount = an_amount(w);
    fixture_do(&w->f, anybody(w), &m.base);
}

static void op_deposit(struct world *w) {
    MsgDeposit m = MSG_DEPOSIT__INIT;
    if (w->f.height % 450 > 150 && !seldom(w, 30))
        return; /* lean years: accounts freeze, some for good */
    m.payment_address = fixture_addr_data(&w->f, an_owner(w));
    m.amount = seldom(w, 10) ? an_amount(w) : 1 + below(w, 3 * PEBBLE_PER_CAIRN);
    fixture_do(&w->f, seldom(w, 5) ? anybody(w) : an_owner(w), &m.base);
}

static void op_withdraw(struct world *w) {
    MsgWithdraw m = MSG_WITHDRAW__INIT;
    const char *who = an_owner(w);
    m.payment_address = fixture_addr_data(&w->f, seldom(w, 5) ? an_owner(w) : who);
    m.amount = an_amount(w);
    fixture_do(&w->f, who, &m.base);
}

static void op_pay_out(struct world *w) {
    MsgWithdraw m = MSG_WITHDRAW__INIT;
    unsigned i = (unsigned)below(w, w->f.sps);
    m.sp_id = i + 1;
    m.amount = seldom(w, 3) ? an_amount(w) : 0;
    fixture_do(&w->f, seldom(w, 5) ? anybody(w) : arena_printf(&w->f.tx_arena, "sp%u", i), &m.base);
}

static void op_register_sp(struct world *w) {
    MsgRegisterSp m = MSG_REGISTER_SP__INIT;
    const char *name = arena_printf(&w->f.tx_arena, "new%u", (unsigned)below(w, 3));
    m.funding = fixture_addr_data(&w->f, name);
    m.seal_key = fixture_pubkey_data(&w->f, arena_printf(&w->f.tx_arena, "%s.s%u", name, w->new_sps++));
    m.approval_key = fixture_pubkey_data(&w->f, arena_printf(&w->f.tx_arena, "%s.a", name));
    m.gc_key = fixture_pubkey_data(&w->f, arena_printf(&w->f.tx_arena, "%s.g", name));
    m.node_key = fixture_pubkey_data(&w->f, arena_printf(&w->f.tx_arena, "%s.n", name));
    m.endpoint = text(w, "http://127.0.0.1:9");
    m.p2p_endpoint = text(w, "tcp://127.0.0.1:9");
    m.deposit = (90 + below(w, 100)) * PEBBLE_PER_CAIRN;
    fixture_do(&w->f, name, &m.base);
}

static void op_deposit_sp(struct world *w) {
    MsgDepositSp m = MSG_DEPOSIT_SP__INIT;
    unsigned i = (unsigned)below(w, w->f.sps);
    m.sp_id = i + 1;
    m.amount = an_amount(w);
    fixture_do(&w->f, arena_printf(&w->f.tx_arena, seldom(w, 3) ? "sp%u.funding" : "sp%u", i), &m.base);
}

static void op_open_group(struct world *w) {
    MsgOpenGroup m = MSG_OPEN_GROUP__INIT;
    struct deal *d = a_deal(w);
    uint32_t members[DEAL_POSITIONS_MAX];
    m.profile = &d->profile;
    m.n_members = profile_positions(&d->profile) - seldom(w, 8);
    m.members = members;
    for (uint32_t i = 0; i < m.n_members; i++)
        members[i] = i + 1;
    if (seldom(w, 8) && m.n_members)
        members[m.n_members - 1] = (uint32_t)below(w, 10);
    look_up(w, d);
    if (d->group_id && !seldom(w, 6))
        return;
    fixture_do(&w->f, seldom(w, 6) ? anybody(w) : "sp0", &m.base);
}

static void op_reveal_chain(struct world *w) {
    MsgSetRevealChain m = MSG_SET_REVEAL_CHAIN__INIT;
    uint8_t tip[32] = {1};
    m.validator = fixture_addr_data(&w->f, "val0");
    m.tip = fixture_data(&w->f, tip, sizeof tip);
    m.length = 1 + below(w, 100);
    fixture_do(&w->f, seldom(w, 3) ? anybody(w) : "val0", &m.base);
}

/* --- storage --- */

static void op_create_bucket(struct world *w) {
    struct deal *d = a_deal(w);
    struct bucket_try t;
    deal_bucket_try(d, &t);
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
        t.spec.term = (1 + below(w, 6)) * 3600000;
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

/* --- groups and policies --- */

static GroupMember *a_member(struct world *w) {
    GroupMember *m = ARENA_NEW(&w->f.tx_arena, GroupMember);
    group_member__init(m);
    m->account = fixture_addr_data(&w->f, anybody(w));
    m->expires_at = seldom(w, 2) ? fixture_ledger_time(&w->f) + below(w, 3600000) : 0;
    return m;
}

static void op_create_group(struct world *w) {
    MsgCreateGroup m = MSG_CREATE_GROUP__INIT;
    GroupMember *members[2] = {a_member(w), a_member(w)};
    m.group_name = arena_printf(&w->f.tx_arena, "team%u", (unsigned)below(w, 3));
    m.members = members;
    m.n_members = below(w, 3);
    fixture_do(&w->f, an_owner(w), &m.base);
}

static void op_members(struct world *w) {
    MsgUpdateGroupMembers m = MSG_UPDATE_GROUP_MEMBERS__INIT;
    GroupMember *add[1] = {a_member(w)};
    ProtobufCBinaryData remove[1] = {fixture_addr_data(&w->f, anybody(w))};
    m.group_name = arena_printf(&w->f.tx_arena, "team%u", (unsigned)below(w, 3));
    m.add = add;
    m.n_add = below(w, 2);
    m.remove = remove;
    m.n_remove = below(w, 2);
    fixture_do(&w->f, an_owner(w), &m.base);
}

static Resource *a_resource(struct world *w, const struct deal *d) {
    Resource *r = ARENA_NEW(&w->f.tx_arena, Resource);
    resource__init(r);
    r->kind = (ResourceKind)(1 + below(w, 3));
    if (r->kind != RESOURCE_KIND_GROUP)
        r->bucket_name = text(w, d->bucket);
    if (r->kind == RESOURCE_KIND_OBJECT)
        r->object_name = text(w, d->object);
    if (r->kind == RESOURCE_KIND_GROUP)
        r->group_name = text(w, "team0");
    return r;
}

static Principal *a_principal(struct world *w) {
    Principal *p = ARENA_NEW(&w->f.tx_arena, Principal);
    principal__init(p);
    p->kind = (PrincipalKind)(1 + below(w, 2));
    if (p->kind == PRINCIPAL_KIND_ACCOUNT)
        p->account = fixture_addr_data(&w->f, anybody(w));
    else
        p->group_id = 1 + below(w, 4);
    return p;
}

static void op_put_policy(struct world *w) {
    struct deal *d = a_deal(w);
    MsgPutPolicy m = MSG_PUT_POLICY__INIT;
    Statement s = STATEMENT__INIT, *list[1] = {&s};
    Action actions[1] = {(Action)(2 + below(w, 10))};
    s.effect = (Effect)(1 + below(w, 2));
    s.actions = actions;
    s.n_actions = 1;
    m.resource = a_resource(w, d);
    m.principal = a_principal(w);
    m.statements = list;
    m.n_statements = 1;
    m.mode = (PolicyMode)(1 + below(w, 2));
    m.expires_at = seldom(w, 4) ? fixture_ledger_time(&w->f) + below(w, 36000000) : 0;
    fixture_do(&w->f, d->owner, &m.base);
}

static void op_delete_policy(struct world *w) {
    struct deal *d = a_deal(w);
    MsgDeletePolicy m = MSG_DELETE_POLICY__INIT;
    m.resource = a_resource(w, d);
    m.principal = a_principal(w);
    fixture_do(&w->f, d->owner, &m.base);
}

/* --- challenges --- */

static void op_challenge(struct world *w) {
    struct deal *d = a_deal(w);
    MsgSubmitChallenge m = MSG_SUBMIT_CHALLENGE__INIT;
    m.bucket_name = text(w, d->bucket);
    m.object_name = text(w, d->object);
    m.position = (uint32_t)below(w, profile_positions(&d->profile) + seldom(w, 5));
    m.any_segment = seldom(w, 2);
    m.segment = m.any_segment ? 0 : below(w, 5);
    fixture_do(&w->f, seldom(w, 5) ? anybody(w) : d->owner, &m.base);
}

static struct deal *deal_named(struct world *w, const char *object) {
    for (unsigned i = 0; i < WORLD_DEALS; i++)
        if (strcmp(w->deals[i].object, object) == 0)
            return &w->deals[i];
    return NULL;
}

static void op_answer(struct world *w) {
    const ChallengesAnswer *open = fixture_query(&w->f, "/challenge/challenges", NULL);
    if (!open->n_challenges)
        return;
    const Challenge *c = open->challenges[below(w, open->n_challenges)];
    struct deal *d = deal_named(w, c->object_name);
    MsgAnswerChallenge m;
    if (!d || (c->status != CHALLENGE_STATUS_OPEN && !seldom(w, 10)))
        return;
    deal_answer(d, c, &m);
    if (seldom(w, 8))
        m.leaves[0]->data.data[0] ^= 1;
    if (seldom(w, 12))
        m.n_leaves--;
    fixture_do(&w->f, seldom(w, 12) ? anybody(w) : arena_printf(&w->f.tx_arena, "sp%u.seal", (unsigned)c->sp_id - 1),
               &m.base);
}

const struct world_op world_ops[] = {
    {"send", 4, op_send},
    {"deposit", 6, op_deposit},
    {"withdraw", 3, op_withdraw},
    {"pay_out", 2, op_pay_out},
    {"register_sp", 1, op_register_sp},
    {"deposit_sp", 1, op_deposit_sp},
    {"open_group", 4, op_open_group},
    {"reveal_chain", 1, op_reveal_chain},
    {"create_bucket", 6, op_create_bucket},
    {"delete_bucket", 1, op_delete_bucket},
    {"create_object", 16, op_create_object},
    {"seal", 24, op_seal},
    {"reject", 1, op_reject},
    {"cancel", 1, op_cancel},
    {"delete_object", 2, op_delete_object},
    {"create_group", 2, op_create_group},
    {"members", 3, op_members},
    {"put_policy", 4, op_put_policy},
    {"delete_policy", 6, op_delete_policy},
    {"challenge", 4, op_challenge},
    {"answer", 24, op_answer},
    {"create_validator", 3, op_create_validator},
    {"bond", 4, op_bond},
    {"unbond", 6, op_unbond},
    {"edit_validator", 1, op_edit_validator},
    {"unjail", 4, op_unjail},
    {"evidence", 2, op_evidence},
    {"withdraw_rewards", 2, op_withdraw_rewards},
};
const unsigned world_ops_n = sizeof world_ops / sizeof *world_ops;
