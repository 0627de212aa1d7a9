/* SPDX-License-Identifier: Apache-2.0 */
/* Taking over a position: reserving, draws, letting in, and every way in which it fails. */
#include "tests/lib/ledger/deal.h"
#include "tests/lib/ledger/providers.h"
#include "tests/lib/ledger/trigger.h"

#include "cairn/gov.h"
#include "chain/types/keys_sp.h"
#include "chain/types/keys_storage.h"
#include "x/sp/sp.h"
#include "x/sp/takeover.h"

#define CAIRN  PEBBLE_PER_CAIRN
#define MINUTE 60000ull
#define NEW    8 /* the provider that takes over, registered by "newsp" */

static struct fixture f;
static struct deal d;

static void set_up(uint64_t settle_interval_ms) {
    fixture_init(&f);
    f.sp_price = (uint64_t)1 << 40;
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "newsp", 5000 * CAIRN);
    fixture_account(&f, "newsp.seal", CAIRN);
    fixture_account(&f, "newsp.gc", CAIRN);
    for (int i = 0; i < 3; i++)
        fixture_account(&f, (const char *[]){"val0", "val1", "val2"}[i], CAIRN);
    f.params.challenge.floor_interval_ms = 0;
    f.params.challenge.bytes_per_draw = 0;
    f.params.payment.settle_interval_ms = settle_interval_ms;
    f.params.sp.reserve_time_max_ms = 60 * MINUTE;
    f.params.sp.reserve_time_base_ms = 30 * MINUTE;
    f.params.sp.group_idle_ms = 24 * 60 * MINUTE;
    f.params.sp.groups_per_primary = 2;
    f.params.sp.reservations_per_sp = 2;
    trigger_install(&f);
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 900 * CAIRN);
    deal_must(&d);
}

static int setup(void **state) {
    (void)state;
    MsgRegisterSp m;
    set_up(MINUTE);
    provider_registration(&f, "newsp", &m);
    m.deposit = 1000 * CAIRN;
    const TxResult *r = fixture_do(&f, "newsp", &m.base);
    assert_code((int)r->code, CODE_OK);
    assert_int_equal(r->ids[0], NEW);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static int send(const char *who, ProtobufCMessage *message) {
    ((ProtobufCBinaryData *)((char *)message + message->descriptor->fields[0].offset))->len = 0;
    const TxResult *r = fixture_do(&f, who, message);
    if (r->code)
        print_message("%s\n", r->log);
    return (int)r->code;
}

static int do_exit(uint32_t id) {
    MsgExitSp m = MSG_EXIT_SP__INIT;
    m.sp_id = id;
    return send(arena_printf(&f.tx_arena, "sp%u", id - 1), &m.base);
}

static int do_offer(const char *who, uint32_t position, bool withdraw) {
    MsgOfferSlot m = MSG_OFFER_SLOT__INIT;
    m.group_id = d.group_id;
    m.position = position;
    m.withdraw = withdraw;
    return send(who, &m.base);
}

static MsgReserveSlot reservation(uint32_t position) {
    MsgReserveSlot m = MSG_RESERVE_SLOT__INIT;
    m.group_id = d.group_id;
    m.position = position;
    m.bond = 2 * CAIRN;
    m.deadline = fixture_ledger_time(&f) + 10 * MINUTE;
    return m;
}

static int reserve(const char *who, uint32_t position) {
    MsgReserveSlot m = reservation(position);
    return send(who, &m.base);
}

static int complete(const char *who, uint32_t position) {
    MsgCompleteSlot m = MSG_COMPLETE_SLOT__INIT;
    m.group_id = d.group_id;
    m.position = position;
    return send(who, &m.base);
}

static int cancel(const char *who, uint32_t position) {
    MsgCancelSlot m = MSG_CANCEL_SLOT__INIT;
    m.group_id = d.group_id;
    m.position = position;
    return send(who, &m.base);
}

static const PlacementGroup *group(void) {
    struct key k;
    return fixture_record(&f, key_placement_group(&k, d.group_id), &placement_group__descriptor);
}

static const SlotReservation *record(uint32_t position) {
    struct key k;
    return fixture_record(&f, key_reservation(&k, d.group_id, position), &slot_reservation__descriptor);
}

/* Answers what is open for a provider, at most so many. */
static unsigned answer(uint32_t sp_id, const char *seal_key, unsigned max) {
    char id[16];
    unsigned n = 0;
    snprintf(id, sizeof id, "%u", sp_id);
    while (n < max) {
        const ChallengesAnswer *open = fixture_query(&f, "/challenge/challenges", "sp_id", id, "limit", "1", NULL);
        if (!open->n_challenges)
            break;
        MsgAnswerChallenge m;
        deal_answer(&d, open->challenges[0], &m);
        assert_code(send(seal_key, &m.base), CODE_OK);
        n++;
    }
    return n;
}

/* Until the successor holds the position; counts the answers. */
static unsigned prove(uint32_t position) {
    unsigned n = 0;
    for (int blocks = 0; record(position) && blocks < 400; blocks++) {
        fixture_skip(&f, 1);
        n += answer(NEW, "newsp.seal", 8);
    }
    return n;
}

static int force_out(struct ctx *ctx, void *arg, struct err *err) {
    return sp_force_exit(ctx, *(uint32_t *)arg, err);
}

static int jail(struct ctx *ctx, void *arg, struct err *err) {
    return sp_jail(ctx, *(uint32_t *)arg, "test", err);
}

/* --- the whole way --- */

static void takeover__of_one_that_leaves(void **state) {
    (void)state;
    assert_code(do_exit(4), CODE_OK); /* position 3, a column */
    uint64_t bytes = deal_sp(&f, 4)->stored_bytes;
    assert_code(reserve("newsp", 3), CODE_OK);
    assert_int_equal(group()->status, GROUP_STATUS_RESERVED);
    assert_int_equal(deal_sp(&f, NEW)->reserved_bytes, bytes);
    assert_int_equal(deal_sp(&f, NEW)->stored_bytes, 0);
    assert_code(complete("newsp.seal", 3), CODE_OK);
    unsigned answers = prove(3);
    assert_int_equal(answers, 30); /* greenfield: "completes without a check"; cess_9_5_4: not here */
    assert_null(record(3));
    const PlacementGroup *g = group();
    assert_int_equal(g->status, GROUP_STATUS_OPEN);
    assert_int_equal(g->members[3], NEW);
    const StorageProvider *to = deal_sp(&f, NEW), *from = deal_sp(&f, 4);
    assert_int_equal(to->stored_bytes, bytes);
    assert_int_equal(to->reserved_bytes, 0);
    assert_int_equal(to->counters->takeovers, 1);
    assert_int_equal(to->counters->groups, 1);
    assert_int_equal(from->stored_bytes, 0);
    assert_int_equal(from->counters->handed_over, 1);
    uint64_t stake = (bytes * CAIRN + GIB - 1) / GIB, fee = stake / 10;
    assert_int_equal(to->earned, fee); /* who leaves pays who does the work */
    assert_int_equal(from->deposit, 1000 * CAIRN - fee);
    MsgCompleteExitSp gone = MSG_COMPLETE_EXIT_SP__INIT;
    gone.sp_id = 4;
    assert_code(send("alice", &gone.base), CODE_OK);
    assert_int_equal(deal_sp(&f, 4)->status, SP_STATUS_GONE);
}

static void greenfield_11_1__no_object_and_no_slot_changes(void **state) {
    (void)state;
    ObjectInfo object = *deal_object(&d);
    uint64_t slots = deal_bucket(&d)->slots;
    assert_code(do_exit(4), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_OK);
    assert_code(complete("newsp", 3), CODE_OK);
    prove(3);
    assert_int_equal(deal_object(&d)->slot, object.slot);
    assert_int_equal(deal_object(&d)->updated_at, object.updated_at);
    assert_int_equal(deal_bucket(&d)->slots, slots);
}

static void takeover__of_the_primary_with_its_group(void **state) {
    (void)state;
    assert_code(do_exit(1), CODE_OK);
    uint64_t opener = fixture_balance(&f, "sp0"), bond = f.params.sp.group_bond;
    uint64_t mine = fixture_balance(&f, "newsp");
    assert_code(reserve("newsp", 0), CODE_OK);
    assert_true(fixture_balance(&f, "newsp") <= mine - 2 * CAIRN - bond);
    assert_code(complete("newsp", 0), CODE_OK);
    prove(0);
    assert_int_equal(group()->members[0], NEW);
    assert_int_equal(group()->bond, bond);
    assert_int_equal(fixture_balance(&f, "sp0"), opener + bond); /* the old one's bond goes back to who paid it */
    assert_int_equal(deal_sp(&f, NEW)->counters->primary_groups, 1);
    assert_int_equal(deal_sp(&f, 1)->counters->primary_groups, 0);
    const PlacementGroupsAnswer *a = fixture_query(&f, "/sp/groups", "sp_id", "8", "primary", "true", NULL);
    assert_int_equal(a->n_groups, 1);
}

static void takeover__of_an_offered_position_costs_no_fee(void **state) {
    (void)state;
    assert_code(reserve("newsp", 3), CODE_SLOT_NOT_OPEN);
    assert_code(do_offer("sp2", 3, false), CODE_DENIED);
    assert_code(do_offer("sp3", 7, false), CODE_INVALID_ARGUMENT);
    assert_code(do_offer("sp3", 3, true), CODE_SP_UNCHANGED);
    assert_code(do_offer("sp3", 3, false), CODE_OK);
    assert_code(do_offer("sp3", 3, false), CODE_SP_UNCHANGED);
    assert_code(do_offer("sp3", 3, true), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_SLOT_NOT_OPEN);
    assert_code(do_offer("sp3", 3, false), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_OK);
    assert_code(complete("newsp", 3), CODE_OK);
    prove(3);
    assert_int_equal(group()->members[3], NEW);
    assert_int_equal(group()->n_offered, 0);
    assert_int_equal(deal_sp(&f, 4)->deposit, 1000 * CAIRN);
}

static void takeover__of_a_jailed_one(void **state) {
    (void)state;
    uint32_t id = 4;
    assert_code(trigger_run(&f, jail, &id), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_OK);
    assert_code(complete("newsp", 3), CODE_OK);
    prove(3);
    assert_int_equal(group()->members[3], NEW);
    assert_int_equal(deal_sp(&f, 4)->status, SP_STATUS_JAILED);
}

/* --- what is not sealed --- */

/* The object anew, with receipts of some positions only. */
static void seal_without(uint64_t without) {
    struct seal_try t;
    assert_code(deal_delete(&d), CODE_OK);
    deal_must_create(&d);
    deal_seal_try(&d, &t);
    t.without = without;
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_OK);
}

/* The last receipts, of who stands there now. */
static int seal_rest(uint64_t without, uint32_t position, const char *signer) {
    struct seal_try t;
    deal_seal_try(&d, &t);
    t.more = true;
    t.without = without;
    t.receipts[position].sp_id = NEW;
    t.keys[position] = "newsp.seal";
    return (int)deal_seal_send(&d, &t, signer)->code;
}

/* Nothing can be drawn where nothing is sealed: who takes that position over has nothing to show. */
static void takeover__of_a_position_that_is_not_sealed(void **state) {
    (void)state;
    seal_without(1 << 3);
    assert_code(do_exit(4), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_OK);
    assert_int_equal(record(3)->bytes, 0);
    assert_code(seal_rest(~(uint64_t)(1 << 3), 3, "sp0.seal"), CODE_PLACEMENT_GROUP); /* reserved */
    assert_code(complete("newsp.seal", 3), CODE_OK);
    assert_null(record(3));
    assert_int_equal(group()->members[3], NEW);
    assert_int_equal(deal_sp(&f, NEW)->stored_bytes, 0);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_PART_DEAL);
    assert_code(seal_rest(~(uint64_t)(1 << 3), 3, "sp0.seal"), CODE_OK);
    assert_int_equal(deal_sp(&f, NEW)->stored_bytes, layout_position_bytes(&d.profile, d.size, 3));
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
}

/* Who takes the first position over is the primary, also for what is completed. */
static void takeover__of_the_primary_who_completes(void **state) {
    (void)state;
    seal_without(1 << 0);
    assert_code(do_exit(1), CODE_OK);
    assert_code(reserve("newsp", 0), CODE_OK);
    assert_code(complete("newsp.seal", 0), CODE_OK);
    assert_int_equal(group()->members[0], NEW);
    assert_code(seal_rest(~(uint64_t)1, 0, "sp0.seal"), CODE_SEALER);
    assert_code(seal_rest(~(uint64_t)1, 0, "newsp.seal"), CODE_OK);
    assert_int_equal(deal_sp(&f, NEW)->stored_bytes, 200000);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
}

/* --- money --- */

/* Lives through leaving, being forced out or not, and a takeover, with the slot settled as often as asked; answers what
 * the old holder, the escrow and the successor have earned at the same moment. */
static void live(bool forced, uint64_t settle_interval_ms, uint64_t ret[2]) {
    MsgRegisterSp m;
    uint32_t id = 4;
    set_up(settle_interval_ms);
    provider_registration(&f, "newsp", &m);
    m.deposit = 1000 * CAIRN;
    assert_code(send("newsp", &m.base), CODE_OK);
    fixture_skip(&f, 5 * MINUTE);
    if (forced)
        assert_code(trigger_run(&f, force_out, &id), CODE_OK);
    else
        assert_code(do_exit(4), CODE_OK);
    fixture_skip(&f, 5 * MINUTE);
    assert_code(reserve("newsp", 3), CODE_OK);
    assert_code(complete("newsp", 3), CODE_OK);
    prove(3);
    uint64_t at = FIXTURE_GENESIS_TIME + 25 * MINUTE;
    assert_true(fixture_ledger_time(&f) < at);
    fixture_skip(&f, at - fixture_ledger_time(&f));
    MsgDeleteObject del = MSG_DELETE_OBJECT__INIT; /* settles to the millisecond */
    del.bucket_name = (char *)(uintptr_t)d.bucket;
    del.object_name = (char *)(uintptr_t)d.object;
    assert_code(send("alice", &del.base), CODE_OK);
    ret[0] = deal_sp(&f, 4)->earned;
    ret[1] = deal_sp(&f, NEW)->earned;
    assert_int_equal(group()->handovers, 0);
    fixture_release(&f);
}

static void flow__the_same_money_however_often_it_is_settled(void **state) {
    (void)state;
    for (int forced = 0; forced < 2; forced++) {
        uint64_t seldom[2], often[2];
        live(forced, 24 * 60 * MINUTE, seldom);
        live(forced, MINUTE, often);
        assert_int_equal(seldom[0], often[0]);
        assert_int_equal(seldom[1], often[1]);
        assert_true(seldom[0] > 0 && seldom[1] > 0);
    }
}

static void greenfield_7_1__income_of_who_was_forced_out_waits_for_the_rebuilder(void **state) {
    (void)state;
    uint32_t id = 4;
    MsgWithdraw w = MSG_WITHDRAW__INIT;
    assert_code(trigger_run(&f, force_out, &id), CODE_OK);
    fixture_skip(&f, 3000); /* the queue marks its groups */
    assert_int_equal(group()->n_vacant, 1);
    assert_int_equal(group()->vacant[0], 3);
    fixture_skip(&f, 5 * MINUTE);
    uint64_t waits = group()->escrow[3], earned = deal_sp(&f, 4)->earned;
    assert_true(waits > 0);
    w.sp_id = 4;
    assert_code(send("sp3", &w.base), CODE_OK); /* what it earned before is its own */
    assert_code(reserve("newsp", 3), CODE_OK);
    assert_code(complete("newsp", 3), CODE_OK);
    prove(3);
    assert_true(deal_sp(&f, NEW)->earned >= waits);
    assert_int_equal(deal_sp(&f, 4)->earned, earned);
    assert_int_equal(group()->n_vacant, 0);
    assert_int_equal(group()->escrow[3], 0);
}

/* What a jailed holder's positions earn waits, too: for whoever rebuilds them. */
static void greenfield_7_1__income_of_a_jailed_one_waits_for_the_rebuilder(void **state) {
    (void)state;
    uint32_t id = 4;
    assert_code(trigger_run(&f, jail, &id), CODE_OK);
    fixture_skip(&f, 3 * MINUTE);
    assert_int_equal(group()->n_vacant, 1);
    uint64_t earned = deal_sp(&f, 4)->earned;
    fixture_skip(&f, 5 * MINUTE);
    uint64_t waits = group()->escrow[3];
    assert_true(waits > 0);
    assert_int_equal(deal_sp(&f, 4)->earned, earned);
    assert_code(reserve("newsp", 3), CODE_OK);
    assert_code(complete("newsp", 3), CODE_OK);
    prove(3);
    assert_true(deal_sp(&f, NEW)->earned >= waits);
    assert_int_equal(deal_sp(&f, 4)->earned, earned);
    assert_int_equal(group()->n_vacant, 0);
}

static int revive(uint32_t id) {
    MsgReviveSp m = MSG_REVIVE_SP__INIT;
    m.sp_id = id;
    return send(arena_printf(&f.tx_arena, "sp%u", id - 1), &m.base);
}

/* One that is back has rebuilt what was missed: what waited is its own, and all is as if it had been paid throughout.
 */
static void flow__who_is_back_from_jail_is_given_what_waited(void **state) {
    (void)state;
    uint32_t id = 4;
    assert_code(trigger_run(&f, jail, &id), CODE_OK);
    fixture_skip(&f, 5 * MINUTE);
    assert_true(group()->escrow[3] > 0);
    assert_code(revive(4), CODE_OK);
    fixture_skip(&f, 3000);
    assert_int_equal(group()->n_vacant, 0);
    assert_int_equal(group()->escrow[3], 0);
    fixture_skip(&f, 5 * MINUTE);
    assert_int_equal(group()->handovers, 0);
    assert_code(deal_delete(&d), CODE_OK);
    assert_int_equal(deal_sp(&f, 4)->earned, deal_sp(&f, 5)->earned); /* a column like its own */
}

/* Leaving is no way out of waiting. */
static void greenfield_7_1__who_leaves_out_of_jail_stays_unpaid(void **state) {
    (void)state;
    uint32_t id = 4;
    assert_code(trigger_run(&f, jail, &id), CODE_OK);
    assert_code(do_exit(4), CODE_OK); /* and a block has passed: not all groups need be marked yet */
    fixture_skip(&f, 3 * MINUTE);
    uint64_t earned = deal_sp(&f, 4)->earned, waits = group()->escrow[3];
    fixture_skip(&f, 5 * MINUTE);
    assert_int_equal(deal_sp(&f, 4)->earned, earned);
    assert_true(group()->escrow[3] > waits);
    assert_code(revive(4), CODE_SP_STATUS);
}

/* Nobody settles a slot for which nothing is paid: a change of who earns must not wait for it. */
static void flow__slots_without_a_price_keep_no_change(void **state) {
    (void)state;
    struct deal free_one = d;
    uint32_t id = 4;
    free_one.bucket = "gratis";
    free_one.nonce = 200;
    free_one.price = 0;
    deal_must_bucket(&free_one);
    deal_must_create(&free_one);
    deal_must_seal(&free_one);
    assert_int_equal(group()->slots, 2);
    assert_int_equal(group()->flowing, 1);
    assert_code(trigger_run(&f, force_out, &id), CODE_OK);
    fixture_skip(&f, 3000);
    assert_int_equal(group()->handovers, 1);
    fixture_skip(&f, 2 * MINUTE); /* what flows has been settled */
    assert_int_equal(group()->handovers, 0);
    assert_code(deal_delete(&free_one), CODE_OK);
    assert_int_equal(group()->slots, 1);
    assert_int_equal(group()->flowing, 1);
}

/* --- each precondition alone --- */

static void reserve__refused(void **state) {
    (void)state;
    MsgReserveSlot m;
    assert_code(do_exit(4), CODE_OK);
    assert_code(reserve("alice", 3), CODE_SP_NOT_FOUND);
    assert_code(reserve("newsp.gc", 3), CODE_DENIED);
    assert_code(reserve("sp2", 3),
                CODE_SLOT_SUCCESSOR); /* a member already: cess 9.5, greenfield swap of a secondary */
    assert_code(reserve("sp3", 3), CODE_SLOT_SUCCESSOR); /* its own */
    m = reservation(3);
    m.group_id = 99;
    assert_code(send("newsp", &m.base), CODE_PLACEMENT_GROUP_NOT_FOUND);
    m = reservation(7);
    assert_code(send("newsp", &m.base), CODE_INVALID_ARGUMENT);
    m = reservation(2); /* of one in service */
    assert_code(send("newsp", &m.base), CODE_SLOT_NOT_OPEN);
    uint64_t bytes = deal_sp(&f, 4)->stored_bytes;
    uint64_t bond = CAIRN + (bytes * (CAIRN / 10) + GIB - 1) / GIB;
    m = reservation(3);
    m.bond = bond - 1;
    assert_code(send("newsp", &m.base), CODE_SLOT_BOND);
    m = reservation(3);
    m.bond = 100000 * CAIRN;
    assert_code(send("newsp", &m.base), CODE_INSUFFICIENT_FUNDS);
    m = reservation(3);
    m.deadline = fixture_ledger_time(&f) + MINUTE; /* and a block passes */
    assert_code(send("newsp", &m.base), CODE_SLOT_DEADLINE);
    m.deadline = fixture_ledger_time(&f) + 60 * MINUTE + 2001;
    assert_code(send("newsp", &m.base), CODE_SLOT_DEADLINE);
    m.deadline =
        fixture_ledger_time(&f) + 30 * MINUTE + 60000 + 2001; /* no longer than so many bytes take: 1 GiB would */
    assert_code(send("newsp", &m.base), CODE_SLOT_DEADLINE);
    m.deadline = UINT64_MAX;
    assert_code(send("newsp", &m.base), CODE_SLOT_DEADLINE);
    m = reservation(3);
    m.bond = bond;
    assert_code(send("newsp", &m.base), CODE_OK);
    m = reservation(3);
    assert_code(send("newsp", &m.base), CODE_RESERVATION_EXISTS);
}

static void reserve__needs_room_and_stake(void **state) {
    (void)state;
    MsgEditSp e = MSG_EDIT_SP__INIT;
    uint64_t bytes = deal_sp(&f, 4)->stored_bytes;
    assert_code(do_exit(4), CODE_OK);
    e.sp_id = NEW;
    e.new_capacity_case = MSG_EDIT_SP__NEW_CAPACITY_CAPACITY;
    e.capacity = bytes - 1;
    assert_code(send("newsp", &e.base), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_SP_CAPACITY);
    e.capacity = bytes;
    assert_code(send("newsp", &e.base), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_OK);
    e.capacity = bytes - 1; /* what it is taking over counts */
    assert_code(send("newsp", &e.base), CODE_SP_CAPACITY);
    assert_code(do_exit(3), CODE_OK);
    assert_code(reserve("newsp", 2), CODE_SLOT_SUCCESSOR); /* two positions of one group are not for one */
    MsgExitSp x = MSG_EXIT_SP__INIT;
    x.sp_id = NEW;
    assert_code(send("newsp", &x.base), CODE_SP_EXIT);
}

static void reserve__bounded_per_provider(void **state) {
    (void)state;
    struct deal more[2];
    uint64_t groups[3] = {d.group_id};
    const char *names[] = {"b.jpg", "c.jpg"};
    for (int i = 0; i < 2; i++) {
        more[i] = d;
        more[i].object = names[i];
        more[i].nonce = 100 + (uint64_t)i;
        more[i].upload_id[0]++;
        if (i == 0)
            deal_must_group(&more[i]);
        else
            more[i].group_id = more[0].group_id;
        deal_must_create(&more[i]);
        deal_must_seal(&more[i]);
        groups[i + 1] = more[i].group_id;
    }
    assert_code(do_exit(4), CODE_OK);
    for (int i = 0; i < 2; i++) {
        MsgReserveSlot m = reservation(3);
        m.group_id = groups[i];
        assert_code(send("newsp", &m.base), CODE_OK);
    }
    assert_code(do_exit(3), CODE_OK);
    MsgReserveSlot m = reservation(2);
    m.group_id = groups[1];
    assert_code(send("newsp", &m.base), CODE_SLOT_SUCCESSOR);
    const SlotReservationsAnswer *a = fixture_query(&f, "/sp/reservations", "sp_id", "8", NULL);
    assert_int_equal(a->n_reservations, 2);
    a = fixture_query(&f, "/sp/reservations", "limit", "1", NULL);
    assert_int_equal(a->n_reservations, 1);
    assert_true(a->more);
    assert_int_equal(deal_sp(&f, NEW)->counters->reservations, 2);
}

static void reserve__the_group_takes_no_new_seals(void **state) {
    (void)state;
    struct deal more = d;
    struct seal_try t;
    more.object = "b.jpg";
    more.nonce = 100;
    deal_must_create(&more);
    assert_code(do_offer("sp3", 3, false), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_OK);
    deal_seal_try(&more, &t);
    assert_code((int)deal_seal_send(&more, &t, "sp0.seal")->code, CODE_PLACEMENT_GROUP);
    assert_code(cancel("newsp", 3), CODE_OK);
    deal_seal_try(&more, &t);
    assert_code((int)deal_seal_send(&more, &t, "sp0.seal")->code, CODE_OK);
}

static void cancel__part_of_the_bond_is_lost(void **state) {
    (void)state;
    assert_code(do_exit(4), CODE_OK);
    assert_code(complete("newsp", 3), CODE_RESERVATION_NOT_FOUND);
    assert_code(cancel("newsp", 3), CODE_RESERVATION_NOT_FOUND);
    assert_code(reserve("newsp.seal", 3), CODE_INSUFFICIENT_FUNDS);
    assert_code(reserve("newsp", 3), CODE_OK);
    assert_code(complete("sp0", 3), CODE_DENIED);
    assert_code(cancel("sp0", 3), CODE_DENIED);
    uint64_t before = fixture_balance(&f, "newsp");
    assert_code(cancel("newsp", 3), CODE_OK);
    uint64_t after = fixture_balance(&f, "newsp");
    assert_true(after - before <= 2 * CAIRN - CAIRN / 5 && after - before > 2 * CAIRN - CAIRN / 5 - CAIRN / 100);
    assert_int_equal(deal_sp(&f, NEW)->reserved_bytes, 0);
    assert_int_equal(group()->status, GROUP_STATUS_OPEN);
    assert_code(reserve("newsp", 3), CODE_OK); /* again */
}

/* The longer the group was kept from taking anything, the more it costs: all of it at the deadline. */
static void cancel__costs_more_the_later_it_comes(void **state) {
    (void)state;
    uint64_t kept[3];
    assert_code(do_exit(4), CODE_OK);
    for (uint64_t i = 0; i < 3; i++) {
        assert_code(reserve("newsp", 3), CODE_OK); /* for ten minutes */
        uint64_t posted = fixture_balance(&f, "newsp");
        const SlotReservation *r = record(3);
        uint64_t at = r->reserved_at + (r->deadline - r->reserved_at) * (i + 1) / 4;
        fixture_skip(&f, at - fixture_ledger_time(&f));
        assert_code(cancel("newsp", 3), CODE_OK);
        kept[i] = fixture_balance(&f, "newsp") - posted;
    }
    for (uint64_t i = 0; i < 3; i++) { /* of two CAIRN: nine tenths, less what the time cost, less a fee */
        uint64_t want = 2 * CAIRN * 9 / 10 * (3 - i) / 4;
        assert_true(kept[i] <= want && kept[i] > want - CAIRN / 50);
    }
}

static void greenfield_1_7__an_expired_reservation_is_over(void **state) {
    (void)state;
    assert_code(do_exit(4), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_OK);
    uint64_t before = fixture_balance(&f, "newsp");
    fixture_skip(&f, 11 * MINUTE);
    assert_null(record(3));
    assert_code(complete("newsp", 3), CODE_RESERVATION_NOT_FOUND);
    assert_true(fixture_balance(&f, "newsp") <= before); /* the bond is lost */
    assert_int_equal(group()->members[3], 4);
    assert_int_equal(deal_sp(&f, 4)->counters->groups, 1); /* and the old holder liable */
}

static void cess_9_5_4__who_has_not_the_bytes_is_not_let_in(void **state) {
    (void)state;
    assert_code(do_exit(4), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_OK);
    for (uint64_t misses = 1; misses <= f.params.sp.takeover_misses_max; misses++) {
        assert_code(complete("newsp", 3), CODE_OK);
        assert_code(complete("newsp", 3), CODE_RESERVATION_STATUS);
        for (int i = 0; i < 100 && record(3) && record(3)->misses < misses; i++)
            fixture_skip(&f, 1000);
        if (misses < f.params.sp.takeover_misses_max) {
            assert_int_equal(record(3)->misses, misses);
            assert_int_equal(record(3)->status, RESERVATION_STATUS_COPYING);
            assert_int_equal(record(3)->bond, 2 * CAIRN - misses * ((2 * CAIRN + 2) / 3));
        }
    }
    assert_null(record(3));
    assert_int_equal(group()->members[3], 4);
    assert_int_equal(deal_sp(&f, NEW)->deposit, 1000 * CAIRN); /* the bond pays, not the deposit */
    fixture_skip(&f, 60000);                                   /* draws of rounds that are over harm nobody */
    assert_int_equal(deal_sp(&f, NEW)->counters->open_challenges, 0);
    assert_int_equal(deal_sp(&f, NEW)->counters->open_repairs, 0);
}

static void complete__one_answer_short_is_not_enough(void **state) {
    (void)state;
    assert_code(do_exit(4), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_OK);
    assert_code(complete("newsp", 3), CODE_OK);
    unsigned n = 0;
    for (int i = 0; i < 200 && n < 29; i++) {
        fixture_skip(&f, 1);
        n += answer(NEW, "newsp.seal", 29 - n);
    }
    assert_int_equal(n, 29);
    assert_int_equal(record(3)->passed, 29);
    assert_int_equal(group()->members[3], 4);
    fixture_skip(&f, 2000);
    assert_int_equal(answer(NEW, "newsp.seal", 8), 1);
    assert_int_equal(group()->members[3], NEW);
}

static int vote_in(const char *name, uint64_t value) {
    ParamChange one = PARAM_CHANGE__INIT, *list[] = {&one};
    ParamChanges changes = PARAM_CHANGES__INIT;
    MsgPropose m = MSG_PROPOSE__INIT;
    one.name = arena_strdup(&f.tx_arena, name);
    one.value = value;
    changes.changes = list;
    changes.n_changes = 1;
    m.title = one.name;
    m.content_case = MSG_PROPOSE__CONTENT_PARAMS;
    m.params = &changes;
    const TxResult *r = fixture_do(&f, "newsp", &m.base);
    if (r->code)
        return (int)r->code;
    uint64_t id = r->ids[0];
    for (int i = 0; i < 3; i++) {
        MsgVote v = MSG_VOTE__INIT;
        const char *who = arena_printf(&f.tx_arena, "val%d", i);
        v.proposal_id = id;
        v.validator = fixture_addr_data(&f, who);
        v.option = VOTE_OPTION_YES;
        assert_code((int)fixture_do(&f, who, &v.base)->code, CODE_OK);
    }
    return CODE_OK;
}

/* A round takes as many draws as were asked for when it began. */
static void complete__more_draws_are_asked_for_meanwhile(void **state) {
    (void)state;
    assert_code(do_exit(4), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_OK);
    assert_code(complete("newsp", 3), CODE_OK);
    unsigned n = 0;
    for (int i = 0; i < 200 && (n < 29 || record(3)->drawn < 30); i++) {
        fixture_skip(&f, 1);
        n += answer(NEW, "newsp.seal", 29 - n);
    }
    assert_int_equal(record(3)->drawn, 30); /* all are drawn, and the last is not answered */
    assert_code(vote_in("sp.takeover_draws", 40), CODE_OK);
    n += prove(3);
    assert_int_equal(n, 30);
    assert_int_equal(group()->members[3], NEW);
}

static void complete__by_one_that_may_store_nothing_now(void **state) {
    (void)state;
    uint32_t id = NEW;
    assert_code(do_exit(4), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_OK);
    assert_code(complete("newsp", 3), CODE_OK);
    unsigned n = 0;
    for (int i = 0; i < 200 && n < 29; i++) {
        fixture_skip(&f, 1);
        n += answer(NEW, "newsp.seal", 29 - n);
    }
    assert_code(trigger_run(&f, jail, &id), CODE_OK);
    fixture_skip(&f, 2000);
    assert_int_equal(answer(NEW, "newsp.seal", 8), 1);
    assert_int_equal(group()->members[3], 4); /* all was shown; but it is in jail */
    assert_code(complete("newsp", 3), CODE_SP_STATUS);
    fixture_skip(&f, f.params.sp.jail_time_ms);
    MsgReviveSp m = MSG_REVIVE_SP__INIT;
    m.sp_id = NEW;
    assert_code(send("newsp", &m.base), CODE_OK);
    assert_code(complete("newsp", 3), CODE_OK);
    assert_int_equal(group()->members[3], NEW);
}

static void takeover__when_everything_is_deleted_meanwhile(void **state) {
    (void)state;
    MsgDeleteObject del = MSG_DELETE_OBJECT__INIT;
    assert_code(do_exit(4), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_OK);
    del.bucket_name = (char *)(uintptr_t)d.bucket;
    del.object_name = (char *)(uintptr_t)d.object;
    assert_code(send("alice", &del.base), CODE_OK);
    MsgCloseGroup close = MSG_CLOSE_GROUP__INIT;
    close.group_id = d.group_id;
    assert_code(send("sp0", &close.base), CODE_PLACEMENT_GROUP_USED);
    assert_code(complete("newsp", 3), CODE_OK); /* nothing is left to show */
    assert_int_equal(group()->members[3], NEW);
    assert_code(do_exit(3), CODE_OK);
    assert_code(reserve("sp0", 2), CODE_SLOT_NOT_OPEN); /* an empty group */
    assert_code(send("sp0", &close.base), CODE_OK);
}

static void force_exit__what_it_was_taking_over_is_lost(void **state) {
    (void)state;
    uint32_t id = NEW;
    assert_code(do_exit(4), CODE_OK);
    assert_code(reserve("newsp", 3), CODE_OK);
    assert_code(trigger_run(&f, force_out, &id), CODE_OK);
    fixture_skip(&f, 3000);
    assert_null(record(3));
    assert_int_equal(deal_sp(&f, NEW)->counters->reservations, 0);
    assert_int_equal(group()->status, GROUP_STATUS_OPEN);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(takeover__of_one_that_leaves), T(greenfield_11_1__no_object_and_no_slot_changes),
          T(takeover__of_the_primary_with_its_group), T(takeover__of_an_offered_position_costs_no_fee),
          T(takeover__of_a_jailed_one), T(takeover__of_a_position_that_is_not_sealed),
          T(takeover__of_the_primary_who_completes), cmocka_unit_test(flow__the_same_money_however_often_it_is_settled),
          T(greenfield_7_1__income_of_who_was_forced_out_waits_for_the_rebuilder),
          T(greenfield_7_1__income_of_a_jailed_one_waits_for_the_rebuilder),
          T(flow__who_is_back_from_jail_is_given_what_waited), T(greenfield_7_1__who_leaves_out_of_jail_stays_unpaid),
          T(flow__slots_without_a_price_keep_no_change), T(reserve__refused), T(reserve__needs_room_and_stake),
          T(reserve__bounded_per_provider), T(reserve__the_group_takes_no_new_seals),
          T(cancel__part_of_the_bond_is_lost), T(cancel__costs_more_the_later_it_comes),
          T(greenfield_1_7__an_expired_reservation_is_over), T(cess_9_5_4__who_has_not_the_bytes_is_not_let_in),
          T(complete__one_answer_short_is_not_enough), T(complete__more_draws_are_asked_for_meanwhile),
          T(complete__by_one_that_may_store_nothing_now), T(takeover__when_everything_is_deleted_meanwhile),
          T(force_exit__what_it_was_taking_over_is_lost))
