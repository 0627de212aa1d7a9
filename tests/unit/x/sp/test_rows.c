/* SPDX-License-Identifier: Apache-2.0 */
/* What other networks' operators rely on, by the rows that name it (docs/rows.md): what a provider is, how it joins, is
 * paid, hands over and leaves (cess_8_…), and the authority over groups (greenfield_11_3_…). */
#include "tests/lib/ledger/deal.h"
#include "tests/lib/ledger/providers.h"
#include "tests/lib/ledger/trigger.h"

#include "chain/types/keys_sp.h"
#include "x/sp/sp.h"

#define CAIRN  PEBBLE_PER_CAIRN
#define MINUTE 60000ull
#define NEW    8 /* registered by "newsp" */
#define POS    3 /* of the group: a column, held by sp3, whose number is 4 */
#define HOLDER 4

static struct fixture f;
static struct deal d;

static int setup(void **state) {
    MsgRegisterSp m;
    (void)state;
    fixture_init(&f);
    f.sp_price = (uint64_t)1 << 40;
    fixture_account(&f, "alice", 1000 * CAIRN);
    fixture_account(&f, "bob", 1000 * CAIRN);
    fixture_account(&f, "newsp", 5000 * CAIRN);
    fixture_account(&f, "other", 5000 * CAIRN);
    f.params.challenge.floor_interval_ms = 0;
    f.params.challenge.bytes_per_draw = 0;
    f.params.payment.settle_interval_ms = MINUTE;
    f.params.sp.reserve_time_max_ms = 60 * MINUTE;
    trigger_install(&f);
    fixture_start(&f);
    deal_init(&d, &f, "alice", "photos", "a.jpg", "ec:4+2+w", 64 * KIB, 200000);
    deal_fund(&d, 900 * CAIRN);
    provider_registration(&f, "newsp", &m);
    m.deposit = 1000 * CAIRN;
    assert_code((int)fixture_do(&f, "newsp", &m.base)->code, CODE_OK);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static int send(const char *who, ProtobufCMessage *message) {
    ((ProtobufCBinaryData *)((char *)message + message->descriptor->fields[0].offset))->len = 0;
    return (int)fixture_do(&f, who, message)->code;
}

static int do_exit(const char *who, uint32_t id) {
    MsgExitSp m = MSG_EXIT_SP__INIT;
    m.sp_id = id;
    return send(who, &m.base);
}

static int complete_exit(uint32_t id) {
    MsgCompleteExitSp m = MSG_COMPLETE_EXIT_SP__INIT;
    m.sp_id = id;
    return send("alice", &m.base);
}

static int set_capacity(const char *who, uint32_t id, uint64_t bytes) {
    MsgEditSp m = MSG_EDIT_SP__INIT;
    m.sp_id = id;
    m.new_capacity_case = MSG_EDIT_SP__NEW_CAPACITY_CAPACITY;
    m.capacity = bytes;
    return send(who, &m.base);
}

static int offer(const char *who, uint32_t position) {
    MsgOfferSlot m = MSG_OFFER_SLOT__INIT;
    m.group_id = d.group_id;
    m.position = position;
    return send(who, &m.base);
}

static int reserve(const char *who, uint32_t position) {
    MsgReserveSlot m = MSG_RESERVE_SLOT__INIT;
    m.group_id = d.group_id;
    m.position = position;
    m.bond = 2 * CAIRN;
    m.deadline = fixture_ledger_time(&f) + 10 * MINUTE;
    return send(who, &m.base);
}

static int complete(const char *who, uint32_t position) {
    MsgCompleteSlot m = MSG_COMPLETE_SLOT__INIT;
    m.group_id = d.group_id;
    m.position = position;
    return send(who, &m.base);
}

static const PlacementGroup *group(void) {
    struct key k;
    return fixture_record(&f, key_placement_group(&k, d.group_id), &placement_group__descriptor);
}

static const SlotReservation *reservation(uint32_t position) {
    struct key k;
    return fixture_record(&f, key_reservation(&k, d.group_id, position), &slot_reservation__descriptor);
}

static int open_group(const char *who, const uint32_t *members, size_t n) {
    MsgOpenGroup m = MSG_OPEN_GROUP__INIT;
    m.profile = &d.profile;
    m.members = (uint32_t *)(uintptr_t)members;
    m.n_members = n;
    return send(who, &m.base);
}

/* The successor answers what it is asked until it holds the position. */
static void prove(uint32_t position) {
    for (int blocks = 0; reservation(position) && blocks < 400; blocks++) {
        fixture_skip(&f, 1);
        for (;;) {
            MsgAnswerChallenge m;
            const ChallengesAnswer *open = fixture_query(&f, "/challenge/challenges", "sp_id", "8", "limit", "1", NULL);
            if (!open->n_challenges)
                break;
            deal_answer(&d, open->challenges[0], &m);
            assert_code(send("newsp.seal", &m.base), CODE_OK);
        }
    }
}

static int force_out(struct ctx *ctx, void *arg, struct err *err) {
    return sp_force_exit(ctx, *(uint32_t *)arg, err);
}

static int jail(struct ctx *ctx, void *arg, struct err *err) {
    return sp_jail(ctx, *(uint32_t *)arg, "test", err);
}

/* --- authority over placement groups --- */

static void greenfield_11_3_1__a_group_is_its_primarys(void **state) {
    (void)state;
    MsgCloseGroup close = MSG_CLOSE_GROUP__INIT;
    const uint32_t members[] = {1, 2, 3, 4, 5, 6, 7}, twice[] = {1, 2, 3, 4, 5, 6, 1};
    assert_code(open_group("sp1", members, 7), CODE_DENIED); /* in another's name */
    assert_code(open_group("alice", members, 7), CODE_DENIED);
    assert_code(open_group("sp0", twice, 7), CODE_PLACEMENT_GROUP_MEMBERS); /* the primary among the secondaries */
    assert_code(open_group("sp0", members, 7), CODE_OK);
    d.group_id = close.group_id = f.outcome.results->txs[0]->ids[0];
    uint64_t before = fixture_balance(&f, "sp0");
    assert_code(send("sp1", &close.base), CODE_DENIED);
    assert_code(send("alice", &close.base), CODE_DENIED);
    assert_code(offer("sp2", POS), CODE_DENIED); /* nor is a position another's to give away */
    assert_code(send("sp0", &close.base), CODE_OK);
    assert_in_range(fixture_balance(&f, "sp0"), before + f.params.sp.group_bond - CAIRN / 100,
                    before + f.params.sp.group_bond); /* the bond goes to who paid it, less the fee */
    assert_null(group());
}

/* What was created at one provider is not sealed into another one's group, nor where there is no room. */
static void greenfield_11_3_4__a_bucket_stays_with_its_primary(void **state) {
    (void)state;
    const uint32_t theirs[] = {2, 1, 3, 4, 5, 6, 7};
    struct seal_try t;
    deal_must_bucket(&d);
    deal_must_group(&d);
    uint64_t mine = d.group_id;
    assert_code(open_group("sp1", theirs, 7), CODE_OK);
    deal_must_create(&d);
    d.group_id = mine + 1;
    deal_seal_try(&d, &t);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_PLACEMENT_GROUP);
    d.group_id = mine;
    assert_code(set_capacity("sp3", HOLDER, 1), CODE_OK);
    deal_seal_try(&d, &t);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_SP_CAPACITY);
    assert_code(set_capacity("sp3", HOLDER, 0), CODE_OK);
    deal_must_seal(&d);
}

/* --- capacity --- */

static void cess_8_82__what_is_only_declared_earns_nothing(void **state) {
    (void)state;
    assert_code(set_capacity("newsp", NEW, 1024 * GIB), CODE_OK);
    deal_must(&d);
    fixture_skip(&f, 60 * MINUTE);
    assert_int_equal(deal_sp(&f, NEW)->earned, 0);
    assert_int_equal(deal_sp(&f, NEW)->counters->challenges_passed, 0);
    assert_true(deal_sp(&f, HOLDER)->earned > 0); /* what is stored does */
}

static void cess_8_125__no_more_is_stored_than_declared(void **state) {
    (void)state;
    struct deal second = d;
    struct seal_try t;
    uint64_t column = layout_position_bytes(&d.profile, d.size, POS);
    assert_code(set_capacity("sp3", HOLDER, 2 * column - 1), CODE_OK);
    deal_must(&d);
    assert_int_equal(deal_sp(&f, HOLDER)->stored_bytes, column);
    second.group_id = d.group_id;
    second.object = "b.jpg";
    second.nonce = 5000;
    deal_must_create(&second);
    deal_seal_try(&second, &t);
    assert_code((int)deal_seal_send(&second, &t, "sp0.seal")->code, CODE_SP_CAPACITY);
    assert_code(set_capacity("sp3", HOLDER, 2 * column), CODE_OK); /* an exact fit */
    deal_must_seal(&second);
    assert_int_equal(deal_sp(&f, HOLDER)->stored_bytes + deal_sp(&f, HOLDER)->reserved_bytes,
                     deal_sp(&f, HOLDER)->capacity);
}

static void cess_8_126__the_seal_takes_the_room_in_its_own_block(void **state) {
    (void)state;
    deal_must_bucket(&d);
    deal_must_group(&d);
    deal_must_create(&d);
    assert_int_equal(deal_sp(&f, HOLDER)->stored_bytes, 0);
    uint64_t height = f.height;
    deal_must_seal(&d);
    assert_int_equal(f.height, height + 1);
    for (uint32_t i = 0; i < 7; i++)
        assert_int_equal(deal_sp(&f, i + 1)->stored_bytes, layout_position_bytes(&d.profile, d.size, i));
}

/* --- taking over: what others call restoral orders --- */

static void cess_8_127__a_holder_offers_what_it_cannot_keep(void **state) {
    (void)state;
    deal_must(&d);
    assert_code(reserve("newsp", POS), CODE_SLOT_NOT_OPEN);
    assert_code(offer("sp3", POS), CODE_OK);
    assert_non_null(fixture_event(&f, "sp.slot_offered"));
    const OpenSlotsAnswer *a = fixture_query(&f, "/sp/open_slots", "sp_id", "4", NULL);
    assert_int_equal(a->n_slots, 1);
    assert_int_equal(a->slots[0]->position, POS);
    assert_true(a->slots[0]->offered);
}

static void cess_8_128__one_successor_at_a_time_until_its_deadline(void **state) {
    (void)state;
    MsgRegisterSp m;
    provider_registration(&f, "other", &m);
    m.deposit = 1000 * CAIRN;
    assert_code(send("other", &m.base), CODE_OK);
    deal_must(&d);
    assert_code(offer("sp3", POS), CODE_OK);
    assert_code(reserve("newsp", POS), CODE_OK);
    assert_code(reserve("other", POS), CODE_RESERVATION_EXISTS);
    fixture_skip(&f, 11 * MINUTE);
    assert_code(reserve("other", POS), CODE_OK);
    assert_int_equal(reservation(POS)->sp_id, NEW + 1);
}

static void cess_8_129__what_one_forced_out_held_needs_no_offer(void **state) {
    (void)state;
    uint32_t id = HOLDER;
    deal_must(&d);
    assert_code(trigger_run(&f, force_out, &id), CODE_OK);
    assert_code(reserve("newsp", POS), CODE_OK);
    assert_int_equal(reservation(POS)->from_sp, HOLDER);
}

static void cess_8_130__complete_only_with_the_bytes(void **state) {
    (void)state;
    deal_must(&d);
    assert_code(offer("sp3", POS), CODE_OK);
    assert_code(reserve("newsp", POS), CODE_OK);
    assert_code(complete("newsp", POS), CODE_OK);
    for (int i = 0; i < 100 && reservation(POS)->misses == 0; i++)
        fixture_skip(&f, 1000); /* it says so and has nothing to show */
    assert_int_equal(reservation(POS)->misses, 1);
    assert_int_equal(group()->members[POS], HOLDER);
    assert_true(reservation(POS)->bond < reservation(POS)->bond_posted);
    for (int i = 0; i < 100 && deal_sp(&f, NEW)->counters->open_challenges; i++)
        fixture_skip(&f, 1000); /* the other draws of that round end */
    assert_code(complete("newsp", POS), CODE_OK);
    prove(POS);
    assert_int_equal(group()->members[POS], NEW);
    assert_int_equal(deal_state_of(&d)->sps[POS], NEW); /* where readers look */
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
}

static void cess_8_131__reservations_tell_age_and_deadline(void **state) {
    (void)state;
    deal_must(&d);
    assert_code(offer("sp3", POS), CODE_OK);
    assert_code(offer("sp4", POS + 1), CODE_OK);
    assert_code(reserve("newsp", POS), CODE_OK);
    uint64_t at = fixture_ledger_time(&f);
    const SlotReservationsAnswer *a = fixture_query(&f, "/sp/reservations", NULL);
    assert_int_equal(a->n_reservations, 1);
    assert_int_equal(a->reservations[0]->reserved_at, at);
    assert_in_range(a->reservations[0]->deadline, at + 9 * MINUTE, at + 10 * MINUTE);
    a = fixture_query(&f, "/sp/reservations", "sp_id", "8", NULL);
    assert_int_equal(a->n_reservations, 1);
    a = fixture_query(&f, "/sp/reservations", "sp_id", "7", NULL);
    assert_int_equal(a->n_reservations, 0);
    const SlotReservation *r = fixture_query(&f, "/sp/reservation", "group_id",
                                             arena_printf(&f.tx_arena, "%llu", (unsigned long long)d.group_id),
                                             "position", "3", NULL); /* by its key, so with a proof */
    assert_int_equal(r->sp_id, NEW);
}

/* --- the life of a provider --- */

static void cess_8_137__the_deposit_returns_to_who_funds(void **state) {
    (void)state;
    MsgDepositSp in = MSG_DEPOSIT_SP__INIT;
    MsgWithdrawSp out = MSG_WITHDRAW_SP__INIT;
    in.sp_id = out.sp_id = 1;
    in.amount = out.amount = 5 * CAIRN;
    uint64_t deposit = deal_sp(&f, 1)->deposit;
    assert_code(send("bob", &in.base), CODE_DENIED);
    assert_code(send("sp0.funding", &in.base), CODE_OK); /* another account than the operator's */
    assert_int_equal(deal_sp(&f, 1)->deposit, deposit + 5 * CAIRN);
    uint64_t funding = fixture_balance(&f, "sp0.funding");
    assert_code(send("sp0", &out.base), CODE_OK);
    assert_int_equal(fixture_balance(&f, "sp0.funding"), funding + 5 * CAIRN);
}

static void cess_8_139__more_deposit_and_it_is_active_again(void **state) {
    (void)state;
    uint32_t id = NEW;
    MsgDepositSp in = MSG_DEPOSIT_SP__INIT;
    MsgReviveSp revive = MSG_REVIVE_SP__INIT;
    in.sp_id = revive.sp_id = NEW;
    in.amount = CAIRN;
    assert_code(trigger_run(&f, jail, &id), CODE_OK);
    fixture_skip(&f, f.params.sp.jail_time_ms);
    uint64_t deposit = deal_sp(&f, NEW)->deposit;
    assert_code(send("newsp", &in.base), CODE_OK);
    assert_int_equal(deal_sp(&f, NEW)->deposit, deposit + CAIRN);
    assert_code(send("newsp", &revive.base), CODE_OK);
    assert_int_equal(deal_sp(&f, NEW)->status, SP_STATUS_IN_SERVICE);
}

static void cess_8_142__another_endpoint_moves_no_data(void **state) {
    (void)state;
    static char url[] = "https://elsewhere.example";
    MsgEditSp m = MSG_EDIT_SP__INIT;
    deal_must(&d);
    uint64_t bytes = deal_sp(&f, HOLDER)->stored_bytes;
    m.sp_id = HOLDER;
    m.endpoint = url;
    assert_code(send("sp3", &m.base), CODE_OK);
    assert_string_equal(deal_sp(&f, HOLDER)->endpoint, url);
    assert_int_equal(deal_sp(&f, HOLDER)->stored_bytes, bytes);
    assert_int_equal(group()->members[POS], HOLDER);
    assert_int_equal(deal_state_of(&d)->state, DEAL_STATE_DEAL);
}

static void cess_8_143__what_was_earned_is_claimed(void **state) {
    (void)state;
    MsgWithdraw w = MSG_WITHDRAW__INIT;
    deal_must(&d);
    fixture_skip(&f, 10 * MINUTE);
    uint64_t income = deal_sp(&f, HOLDER)->income, funding = fixture_balance(&f, "sp3.funding");
    assert_true(income > 0);
    w.sp_id = HOLDER;
    assert_code(send("bob", &w.base), CODE_DENIED);
    assert_code(send("sp3", &w.base), CODE_OK);
    assert_int_equal(fixture_balance(&f, "sp3.funding"), funding + income);
    assert_int_equal(deal_sp(&f, HOLDER)->income, 0);
}

static void cess_8_144__who_leaves_stores_nothing_new_and_tells_what_is_left(void **state) {
    (void)state;
    struct deal second = d;
    struct seal_try t;
    deal_must(&d);
    uint64_t bytes = deal_sp(&f, HOLDER)->stored_bytes;
    assert_code(do_exit("sp3", HOLDER), CODE_OK);
    assert_true(deal_sp(&f, HOLDER)->exit_since > 0);
    second.group_id = d.group_id;
    second.object = "b.jpg";
    second.nonce = 5000;
    deal_must_create(&second);
    deal_seal_try(&second, &t);
    assert_code((int)deal_seal_send(&second, &t, "sp0.seal")->code, CODE_SP_STATUS);
    const OpenSlotsAnswer *left = fixture_query(&f, "/sp/open_slots", "sp_id", "4", NULL);
    assert_int_equal(left->positions, 1);
    assert_int_equal(left->bytes, bytes);
    assert_code(reserve("newsp", POS), CODE_OK);
    assert_code(complete("newsp", POS), CODE_OK);
    prove(POS);
    left = fixture_query(&f, "/sp/open_slots", "sp_id", "4", NULL);
    assert_int_equal(left->positions, 0);
    assert_int_equal(left->bytes, 0);
    assert_int_equal(deal_sp(&f, HOLDER)->counters->handed_over, 1); /* one of one */
    assert_code(complete_exit(HOLDER), CODE_OK);
}

/* --- what can be asked --- */

static void cess_8_146__all_with_state_capacity_and_health(void **state) {
    (void)state;
    uint32_t id = HOLDER;
    assert_code(set_capacity("newsp", NEW, GIB), CODE_OK);
    assert_code(trigger_run(&f, jail, &id), CODE_OK);
    const SpsAnswer *a = fixture_query(&f, "/sp/list", NULL);
    assert_int_equal(a->n_sps, 8);
    assert_int_equal(a->sps[HOLDER - 1]->status, SP_STATUS_JAILED);
    assert_int_equal(a->sps[NEW - 1]->status, SP_STATUS_IN_SERVICE);
    assert_int_equal(a->sps[NEW - 1]->capacity, GIB);
    assert_int_equal(a->sps[NEW - 1]->counters->missed_in_row, 0);
    a = fixture_query(&f, "/sp/list", "limit", "3", "start_after", "4", NULL); /* page by page */
    assert_int_equal(a->n_sps, 3);
    assert_int_equal(a->sps[0]->id, 5);
    assert_int_equal(a->next, 7);
}

static void cess_8_147__one_record(void **state) {
    (void)state;
    struct key k;
    const StorageProvider *asked = fixture_query(&f, "/sp/sp", "id", "8", NULL);
    assert_non_null(fixture_record(&f, key_sp(&k, NEW), &storage_provider__descriptor)); /* proven by this key */
    assert_int_equal(asked->id, NEW);
    assert_int_equal(asked->deposit, 1000 * CAIRN);
}

static void cess_8_148__the_count_equals_the_list(void **state) {
    (void)state;
    assert_code(do_exit("newsp", NEW), CODE_OK);
    assert_code(complete_exit(NEW), CODE_OK);
    const SpsAnswer *a = fixture_query(&f, "/sp/list", NULL);
    uint64_t there = 0, gone = 0;
    for (size_t i = 0; i < a->n_sps; i++)
        *(a->sps[i]->status == SP_STATUS_GONE ? &gone : &there) += 1;
    const SpTotals *totals = fixture_query(&f, "/sp/totals", NULL);
    assert_int_equal(totals->sps, there);
    assert_int_equal(totals->gone, gone);
    assert_int_equal(gone, 1);
}

static void cess_8_149__when_it_joined(void **state) {
    (void)state;
    MsgRegisterSp m;
    fixture_skip(&f, 5 * MINUTE);
    provider_registration(&f, "other", &m);
    assert_code(send("other", &m.base), CODE_OK);
    assert_int_equal(deal_sp(&f, NEW + 1)->created_at, fixture_ledger_time(&f));
    assert_true(deal_sp(&f, NEW)->created_at < deal_sp(&f, NEW + 1)->created_at);
}

static void cess_8_150__earned_and_paid(void **state) {
    (void)state;
    MsgWithdraw w = MSG_WITHDRAW__INIT;
    deal_must(&d);
    fixture_skip(&f, 5 * MINUTE);
    uint64_t first = deal_sp(&f, HOLDER)->earned;
    w.sp_id = HOLDER;
    assert_code(send("sp3", &w.base), CODE_OK);
    fixture_skip(&f, 5 * MINUTE);
    const StorageProvider *sp = deal_sp(&f, HOLDER);
    assert_int_equal(sp->earned - sp->income, first); /* paid out; nothing vests */
    assert_true(sp->income > 0);
}

static void cess_8_152__how_proofs_are_asked_for(void **state) {
    (void)state;
    const Params *p = fixture_query(&f, "/params", NULL);
    assert_int_equal(p->challenge->leaves, f.params.challenge.leaves);
    assert_int_equal(p->challenge->deadline_ms, f.params.challenge.deadline_ms);
    assert_int_equal(p->challenge->bytes_per_draw, f.params.challenge.bytes_per_draw);
}

static void cess_8_153__what_is_in_transition_is_counted_and_ends(void **state) {
    (void)state;
    deal_must(&d);
    uint64_t bytes = deal_sp(&f, HOLDER)->stored_bytes;
    assert_int_equal(deal_sp(&f, NEW)->reserved_bytes, 0);
    assert_code(offer("sp3", POS), CODE_OK);
    assert_code(reserve("newsp", POS), CODE_OK);
    assert_int_equal(deal_sp(&f, NEW)->reserved_bytes, bytes);
    assert_code(complete("newsp", POS), CODE_OK);
    prove(POS);
    assert_int_equal(deal_sp(&f, NEW)->reserved_bytes, 0);
    assert_int_equal(deal_sp(&f, NEW)->stored_bytes, bytes);
}

static void cess_8_154__who_is_leaving_and_how_much_is_left(void **state) {
    (void)state;
    deal_must(&d);
    assert_code(do_exit("sp3", HOLDER), CODE_OK);
    assert_code(do_exit("sp5", 6), CODE_OK);
    const SpTotals *totals = fixture_query(&f, "/sp/totals", NULL);
    assert_int_equal(totals->exiting, 2);
    const SpsAnswer *a = fixture_query(&f, "/sp/list", NULL);
    uint64_t left = 0;
    for (size_t i = 0; i < a->n_sps; i++)
        left += a->sps[i]->status == SP_STATUS_GRACEFUL_EXITING ? a->sps[i]->stored_bytes : 0;
    assert_int_equal(left, layout_position_bytes(&d.profile, d.size, 3) + layout_position_bytes(&d.profile, d.size, 5));
}

/* After each block: what all providers store is what all groups hold, and all of what is stored in the network. */
static void cess_8_169__the_networks_totals_are_the_sums(void **state) {
    (void)state;
    struct deal one[4];
    deal_must_bucket(&d);
    deal_must_group(&d);
    for (size_t step = 0; step < 8; step++) {
        struct deal *o = &one[step % 4];
        if (step < 4) {
            *o = d;
            o->object = arena_printf(&f.setup, "object-%zu", step);
            o->size = 10000 * (step + 1);
            o->nonce = 5000 + 100 * step;
            deal_must_create(o);
            deal_must_seal(o);
        } else {
            assert_code(deal_delete(o), CODE_OK);
        }
        uint64_t at_providers = 0, in_groups = 0, billed = 0;
        const SpsAnswer *sps = fixture_query(&f, "/sp/list", NULL);
        for (size_t i = 0; i < sps->n_sps; i++)
            at_providers += sps->sps[i]->stored_bytes;
        const PlacementGroupsAnswer *groups = fixture_query(&f, "/sp/groups", NULL);
        for (size_t i = 0; i < groups->n_groups; i++)
            in_groups += groups->groups[i]->bytes;
        for (size_t i = step < 4 ? 0 : step - 3; i < 4 && i <= step; i++)
            for (uint32_t position = 0; position < 7; position++)
                billed += layout_position_bytes(&one[i].profile, one[i].size, position);
        assert_int_equal(at_providers, in_groups);
        assert_int_equal(at_providers, billed);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TEST_MAIN(T(greenfield_11_3_1__a_group_is_its_primarys), T(greenfield_11_3_4__a_bucket_stays_with_its_primary),
          T(cess_8_82__what_is_only_declared_earns_nothing), T(cess_8_125__no_more_is_stored_than_declared),
          T(cess_8_126__the_seal_takes_the_room_in_its_own_block), T(cess_8_127__a_holder_offers_what_it_cannot_keep),
          T(cess_8_128__one_successor_at_a_time_until_its_deadline),
          T(cess_8_129__what_one_forced_out_held_needs_no_offer), T(cess_8_130__complete_only_with_the_bytes),
          T(cess_8_131__reservations_tell_age_and_deadline), T(cess_8_137__the_deposit_returns_to_who_funds),
          T(cess_8_139__more_deposit_and_it_is_active_again), T(cess_8_142__another_endpoint_moves_no_data),
          T(cess_8_143__what_was_earned_is_claimed),
          T(cess_8_144__who_leaves_stores_nothing_new_and_tells_what_is_left),
          T(cess_8_146__all_with_state_capacity_and_health), T(cess_8_147__one_record),
          T(cess_8_148__the_count_equals_the_list), T(cess_8_149__when_it_joined), T(cess_8_150__earned_and_paid),
          T(cess_8_152__how_proofs_are_asked_for), T(cess_8_153__what_is_in_transition_is_counted_and_ends),
          T(cess_8_154__who_is_leaving_and_how_much_is_left), T(cess_8_169__the_networks_totals_are_the_sums))
