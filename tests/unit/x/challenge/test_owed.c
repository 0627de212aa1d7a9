/* SPDX-License-Identifier: Apache-2.0 */
/* What a provider owes after a miss: cooling off, positions declared lost, what is counted and told of it. All
 * invariants, of money too, are checked after each block. */
#include "tests/lib/ledger/deal.h"

#include "chain/types/deal_state.h"
#include "chain/types/keys_challenge.h"
#include "chain/types/keys_payment.h"
#include "x/challenge/pick.h"

static struct fixture f;
static struct deal d;

/* Only submitted challenges, unless a test turns a stream on. */
static void begin(const char *profile, uint64_t size) {
    fixture_init(&f);
    fixture_account(&f, "alice", 1000 * PEBBLE_PER_CAIRN);
    fixture_account(&f, "bob", 1000 * PEBBLE_PER_CAIRN);
    f.sp_price = (uint64_t)1 << 40;
    f.params.challenge.floor_interval_ms = 0;
    f.params.challenge.bytes_per_draw = 0;
    f.params.challenge.open_per_submitter = 100;
    f.params.challenge.repair_interval_ms = 30000;
    deal_init(&d, &f, "alice", "photos", "a.jpg", profile, 64 * KIB, size);
}

static void start(void) {
    fixture_start(&f);
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    deal_must(&d);
}

static int teardown(void **state) {
    (void)state;
    fixture_release(&f);
    return 0;
}

static const Challenge *challenge(uint64_t id) {
    struct key k;
    return fixture_record(&f, key_challenge(&k, id), &challenge__descriptor);
}

static const RepairDuty *duty(uint32_t position) {
    struct key k;
    return fixture_record(&f, key_repair(&k, d.object_id, position), &repair_duty__descriptor);
}

static const TxResult *submit(uint32_t position, uint64_t segment) {
    MsgSubmitChallenge m = MSG_SUBMIT_CHALLENGE__INIT;
    m.bucket_name = arena_strdup(&f.tx_arena, d.bucket);
    m.object_name = arena_strdup(&f.tx_arena, d.object);
    m.position = position;
    m.segment = segment;
    return fixture_do(&f, "alice", &m.base);
}

static uint64_t must_submit(uint32_t position, uint64_t segment) {
    const TxResult *r = submit(position, segment);
    if (r->code)
        print_error("%s\n", r->log);
    assert_code((int)r->code, CODE_OK);
    return r->ids[0];
}

static const TxResult *answer(uint64_t id, bool wrong) {
    MsgAnswerChallenge m;
    const Challenge *c = challenge(id);
    deal_answer(&d, c, &m);
    if (wrong)
        m.leaves[0]->data.data[0] ^= 1;
    return fixture_do(&f, arena_printf(&f.tx_arena, "sp%u.seal", c->sp_id - 1), &m.base);
}

static const TxResult *declare(const char *who, uint64_t object_id, uint32_t position) {
    MsgDeclareLost m = MSG_DECLARE_LOST__INIT;
    m.object_id = object_id;
    m.position = position;
    return fixture_do(&f, who, &m.base);
}

static const TxResult *delete_object(void) {
    MsgDeleteObject m = MSG_DELETE_OBJECT__INIT;
    m.bucket_name = arena_strdup(&f.tx_arena, d.bucket);
    m.object_name = arena_strdup(&f.tx_arena, d.object);
    return fixture_do(&f, "alice", &m.base);
}

/* Blocks until a challenge is closed. */
static void wait_closed(uint64_t id) {
    for (unsigned i = 0; i < 60; i++) {
        if (challenge(id)->status != CHALLENGE_STATUS_OPEN)
            return;
        fixture_block(&f, NULL, 0);
    }
    fail_msg("challenge %llu is still open", (unsigned long long)id);
}

static void miss(uint32_t position) {
    uint64_t id = must_submit(position, 0);
    wait_closed(id);
    assert_int_equal(challenge(id)->status, CHALLENGE_STATUS_MISSED);
    assert_non_null(duty(position));
}

static const DealAnswer *deal(void) {
    return fixture_query(&f, "/storage/deal", "bucket_name", "photos", "object_name", "a.jpg", NULL);
}

static const ChallengeSnapshot *snapshot(const char *sp) {
    return fixture_query(&f, "/challenge/snapshot", "sp_id", sp, NULL);
}

/* --- declared lost --- */

static void declare_lost__costs_a_fixed_price_and_vacates(void **state) {
    (void)state;
    begin("ec:4+2+w", 200000);
    start();
    uint64_t bytes = deal_sp(&f, 3)->stored_bytes;
    assert_int_equal(bytes, layout_position_bytes(&d.profile, d.size, 2));
    miss(2);
    uint64_t deposit = deal_sp(&f, 3)->deposit;
    const TxResult *r = declare("sp2", d.object_id, 2);
    assert_code((int)r->code, CODE_OK);
    assert_int_equal(deal_sp(&f, 3)->deposit, deposit - f.params.challenge.lost_penalty);
    assert_int_equal(deal_sp(&f, 3)->stored_bytes, 0);
    assert_int_equal(deal_sp(&f, 3)->counters->open_repairs, 0);
    assert_non_null(fixture_event(&f, "challenge.declared_lost"));
    assert_null(duty(2));
    const ObjectInfo *o = deal_object(&d);
    assert_int_equal(deal_sealed_positions(o), 0x7b);
    assert_int_equal(o->prices[2], 0);
    assert_int_equal(o->repair_duties, 0);
    assert_int_equal(deal()->state, DEAL_STATE_PART_DEAL);
    assert_int_equal(deal()->sealed, 6);
    uint64_t income = deal_sp(&f, 3)->income;
    fixture_skip(&f, 600000);
    assert_int_equal(deal_sp(&f, 3)->income, income); /* it earns nothing more there */
    assert_code((int)submit(2, 0)->code, CODE_CHALLENGE_VACANT);
    assert_code((int)declare("sp2", d.object_id, 2)->code, CODE_REPAIR_NOT_FOUND);
    assert_code((int)delete_object()->code, CODE_OK);
    for (uint32_t sp = 1; sp <= 7; sp++)
        assert_int_equal(deal_sp(&f, sp)->stored_bytes, 0);
}

/* A receipt that is as young as one can be: no older one is valid so long. */
static void newest(struct seal_try *t, uint32_t position) {
    t->receipts[position].valid_until = fixture_ledger_time(&f) + f.params.storage.receipt_ttl_max_ms;
}

/* What was lost is stored again, and sealed with a receipt that cannot be older than the loss. */
static void declare_lost__and_completed(void **state) {
    (void)state;
    struct seal_try t;
    begin("ec:4+2+w", 200000);
    start();
    miss(2);
    assert_code((int)declare("sp2", d.object_id, 2)->code, CODE_OK);
    uint64_t price = d.price, seals = deal_sp(&f, 3)->counters->seals, lost = fixture_ledger_time(&f);
    deal_seal_try(&d, &t);
    t.more = true;
    t.without = ~(uint64_t)(1 << 2);
    /* a receipt that may have been given for what is lost does not bring it back */
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_RECEIPT_EXPIRED);
    assert_int_equal(deal_object(&d)->receipts_after, lost + f.params.storage.receipt_ttl_max_ms);
    deal_seal_try(&d, &t);
    t.more = true;
    t.without = ~(uint64_t)(1 << 2);
    t.receipts[2].valid_until = lost + f.params.storage.receipt_ttl_max_ms;
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_RECEIPT_EXPIRED);
    deal_seal_try(&d, &t);
    t.more = true;
    t.without = ~(uint64_t)(1 << 2);
    newest(&t, 2);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_OK);
    const ObjectInfo *o = deal_object(&d);
    assert_int_equal(deal_sealed_positions(o), 0x7f);
    assert_int_equal(o->prices[2], price);
    assert_int_equal(deal()->state, DEAL_STATE_DEAL);
    assert_int_equal(deal_sp(&f, 3)->stored_bytes, layout_position_bytes(&d.profile, d.size, 2));
    assert_int_equal(deal_sp(&f, 3)->counters->seals, seals + 1);
    fixture_skip(&f, f.params.challenge.cooling_off_ms + 1000);
    uint64_t id = must_submit(2, 0);
    assert_code((int)answer(id, false)->code, CODE_OK);
    assert_int_equal(challenge(id)->status, CHALLENGE_STATUS_PASSED);
}

/* Who held a position before, and misses a last challenge there, is not jailed for what its successor has missed. */
static void declare_lost__jails_nobody_for_a_successors_misses(void **state) {
    (void)state;
    struct seal_try t;
    MsgOpenGroup open = MSG_OPEN_GROUP__INIT;
    MsgSetSpStatus away = MSG_SET_SP_STATUS__INIT;
    begin("replica:3", 200000);
    f.params.challenge.jail_misses = 2;
    f.params.challenge.cooling_off_ms = 0;
    start();
    uint64_t first = must_submit(2, 0);
    fixture_skip(&f, 5000);
    uint64_t last = must_submit(2, 1);
    wait_closed(first);
    assert_int_equal(challenge(last)->status, CHALLENGE_STATUS_OPEN);
    assert_code((int)declare("sp2", d.object_id, 2)->code, CODE_OK);
    away.sp_id = 3;
    away.status = SP_STATUS_IN_MAINTENANCE;
    away.duration_ms = 300000;
    assert_code((int)fixture_do(&f, "sp2", &away.base)->code, CODE_OK);
    open.profile = &d.profile;
    open.members = (uint32_t[]){1, 2, 4};
    open.n_members = 3;
    const TxResult *r = fixture_do(&f, "sp0", &open.base);
    assert_code((int)r->code, CODE_OK);
    uint64_t group = r->ids[0];
    deal_seal_try(&d, &t);
    t.msg.group_id = group;
    t.more = true;
    t.without = ~(uint64_t)(1 << 2);
    t.receipts[2].sp_id = 4;
    t.keys[2] = "sp3.seal";
    newest(&t, 2);
    assert_code((int)deal_seal_send(&d, &t, "sp0.seal")->code, CODE_OK);
    miss(2);
    for (unsigned i = 0; i < 200 && deal_sp(&f, 4)->status != SP_STATUS_JAILED; i++)
        fixture_block(&f, NULL, 0);
    assert_int_equal(deal_sp(&f, 4)->status, SP_STATUS_JAILED);
    assert_int_equal(challenge(last)->status, CHALLENGE_STATUS_OPEN);
    fixture_skip(&f, 300000);
    wait_closed(last);
    assert_int_equal(challenge(last)->status, CHALLENGE_STATUS_MISSED);
    assert_int_equal(deal_sp(&f, 3)->status, SP_STATUS_IN_SERVICE);
}

/* Each precondition alone; what is refused changes nothing. */
static void declare_lost__refused(void **state) {
    (void)state;
    struct err err = {0};
    begin("replica:3", 100000);
    start();
    assert_code((int)declare("sp1", d.object_id, 1)->code, CODE_REPAIR_NOT_FOUND);
    miss(1);
    static const char *const others[] = {"alice", "sp0", "sp1.gc", "sp1.approval", "sp1.funding"};
    fixture_skip(&f, 1);
    for (size_t i = 0; i < 4; i++) {
        MsgDeclareLost m = MSG_DECLARE_LOST__INIT;
        m.object_id = d.object_id;
        m.position = 1;
        Msg *msg = fixture_msg(&f, others[i], &m.base);
        const struct tx *tx = fixture_tx(&f, others[i], 0, &msg, 1);
        int rc = fixture_process(&f, &tx, 1, &err);
        if (rc == CODE_OK)
            assert_code((int)fixture_block(&f, &tx, 1)->txs[0]->code, CODE_CHALLENGE_SP);
    }
    assert_code((int)declare("sp1", d.object_id, 0)->code, CODE_REPAIR_NOT_FOUND);
    assert_code((int)declare("sp1", d.object_id + 1, 1)->code, CODE_REPAIR_NOT_FOUND);
    MsgDeclareLost m = MSG_DECLARE_LOST__INIT;
    m.object_id = d.object_id;
    m.position = 64;
    Msg *msg = fixture_msg(&f, "sp1", &m.base);
    const struct tx *tx = fixture_tx(&f, "sp1", 0, &msg, 1);
    assert_code(fixture_process(&f, &tx, 1, &err), CODE_CHALLENGE_POSITION);
    assert_non_null(duty(1));
    assert_code((int)declare("sp1.seal", d.object_id, 1)->code, CODE_OK); /* the key that answers may say so, too */
}

/* The draw of the duty that is open ends with it, at the fixed price; a challenge of somebody else there stays, is
 * missed, and brings its bond back. */
static void declare_lost__saves_from_no_other_challenge(void **state) {
    (void)state;
    begin("replica:3", 100000);
    start();
    miss(1);
    uint64_t other = must_submit(1, 1);
    while (!duty(1)->open_challenge)
        fixture_block(&f, NULL, 0);
    uint64_t open = duty(1)->open_challenge;
    uint64_t deposit = deal_sp(&f, 2)->deposit;
    bool other_open = challenge(other)->status == CHALLENGE_STATUS_OPEN;
    assert_code((int)declare("sp1", d.object_id, 1)->code, CODE_OK);
    assert_int_equal(challenge(open)->status, CHALLENGE_STATUS_MISSED);
    assert_int_equal(challenge(open)->slashed, f.params.challenge.lost_penalty);
    wait_closed(other);
    assert_int_equal(challenge(other)->status, CHALLENGE_STATUS_MISSED);
    assert_int_equal(deal_sp(&f, 2)->deposit,
                     deposit - f.params.challenge.lost_penalty - (other_open ? f.params.challenge.slash_amount : 0));
    assert_null(duty(1)); /* nobody owes what is vacant */
}

/* What was paid ahead for the position goes back to the payer, and the object's end finds the books in order. */
static void declare_lost__of_what_was_paid_ahead(void **state) {
    (void)state;
    begin("replica:3", 100000);
    fixture_start(&f);
    deal_fund(&d, 500 * PEBBLE_PER_CAIRN);
    deal_must_bucket(&d);
    deal_must_group(&d);
    struct object_try t;
    deal_object_try(&d, &t);
    t.spec.term = f.params.storage.term_min_ms;
    const TxResult *r = deal_object_send(&d, &t, "alice");
    if (r->code)
        print_error("%s\n", r->log);
    assert_code((int)r->code, CODE_OK);
    d.object_id = r->ids[0];
    deal_must_seal(&d);
    uint64_t paid = deal_object(&d)->term_paid;
    assert_true(paid > 3);
    miss(1);
    uint64_t before = deal_payer(&d)->balance;
    assert_code((int)declare("sp1", d.object_id, 1)->code, CODE_OK);
    assert_true(deal_payer(&d)->balance > before);
    assert_true(deal_object(&d)->term_paid < paid);
    assert_int_equal(deal_object(&d)->prices[1], 0);
    miss(0);
    assert_code((int)declare("sp0", d.object_id, 0)->code, CODE_OK);
    miss(2);
    assert_code((int)declare("sp2", d.object_id, 2)->code, CODE_OK); /* nothing is left, nothing is paid for */
    assert_int_equal(deal_object(&d)->term_paid, 0);
    assert_int_equal(deal()->sound, 0);
    assert_true(deal()->lost);
    assert_code((int)delete_object()->code, CODE_OK);
}

/* Neither stream asks for a vacant position again. */
static void declare_lost__is_not_drawn_for(void **state) {
    (void)state;
    begin("replica:3", 100000);
    f.params.challenge.bytes_per_draw = 100000;
    f.params.challenge.bytes_interval_ms = 4000;
    f.params.challenge.floor_interval_ms = 5000;
    f.params.challenge.open_max = 100000;
    f.params.challenge.slash_amount = 1;
    start();
    for (unsigned i = 0; i < 60 && !duty(1); i++)
        fixture_block(&f, NULL, 0);
    assert_code((int)declare("sp1", d.object_id, 1)->code, CODE_OK);
    unsigned drawn = 0;
    for (unsigned i = 0; i < 60; i++) {
        fixture_block(&f, NULL, 0);
        const BlockResults *r = f.outcome.results;
        for (size_t e = 0; e < r->n_begin_events; e++) {
            if (strcmp(r->begin_events[e]->type, "challenge.opened"))
                continue;
            assert_string_not_equal(fixture_attribute(r->begin_events[e], "sp"), "2");
            drawn++;
        }
    }
    assert_true(drawn > 20);
}

/* --- cooling off --- */

/* One loss costs one slash, however many challenges met it; at its end it may cost another. */
static void cooling_off__one_slash_for_one_loss(void **state) {
    (void)state;
    begin("replica:3", 160000);
    f.params.challenge.cooling_off_ms = 60000;
    f.params.challenge.repair_interval_ms = 3600000;
    start();
    uint64_t ids[3], deposit = deal_sp(&f, 2)->deposit;
    for (unsigned i = 0; i < 3; i++)
        ids[i] = must_submit(1, i);
    uint64_t alice = fixture_balance(&f, "alice");
    for (unsigned i = 0; i < 3; i++)
        wait_closed(ids[i]);
    assert_int_equal(challenge(ids[0])->slashed, f.params.challenge.slash_amount);
    assert_int_equal(challenge(ids[1])->slashed, 0);
    assert_int_equal(challenge(ids[2])->slashed, 0);
    assert_int_equal(deal_sp(&f, 2)->deposit, deposit - f.params.challenge.slash_amount);
    assert_int_equal(fixture_balance(&f, "alice"),
                     alice + 3 * f.params.challenge.submit_bond + f.params.challenge.challenger_reward);
    assert_int_equal(deal_sp(&f, 2)->counters->challenges_missed, 3);
    assert_code((int)submit(1, 0)->code, CODE_CHALLENGE_COOLING);
    must_submit(0, 0); /* another position is another matter */
    uint64_t until = challenge(ids[0])->closed_time + f.params.challenge.cooling_off_ms;
    while (fixture_ledger_time(&f) + 1000 < until) {
        assert_code((int)submit(1, 0)->code, CODE_CHALLENGE_COOLING);
        fixture_skip(&f, 5000);
    }
    while (fixture_ledger_time(&f) < until)
        fixture_block(&f, NULL, 0);
    uint64_t id = must_submit(1, 0);
    wait_closed(id);
    assert_int_equal(challenge(id)->slashed, f.params.challenge.slash_amount);
}

/* The draws of a repair cost what they cost: they come an interval apart, and only they do. */
static void cooling_off__does_not_spare_repairs(void **state) {
    (void)state;
    begin("replica:3", 100000);
    f.params.challenge.cooling_off_ms = 3600000;
    f.params.challenge.repair_interval_ms = 5000;
    start();
    uint64_t deposit = deal_sp(&f, 2)->deposit;
    miss(1);
    for (unsigned i = 0; i < 100 && duty(1)->misses < 3; i++)
        fixture_block(&f, NULL, 0);
    assert_int_equal(duty(1)->misses, 3);
    assert_int_equal(deal_sp(&f, 2)->deposit, deposit - 3 * f.params.challenge.slash_amount);
}

/* --- what is counted and told --- */

static void cess_8_80__misses_in_a_row(void **state) {
    (void)state;
    begin("ec:4+2+w", 200000);
    f.params.challenge.repair_interval_ms = 3600000;
    start();
    for (uint64_t i = 0; i < 3; i++)
        wait_closed(must_submit(2, i));
    assert_int_equal(deal_sp(&f, 3)->counters->missed_in_row, 3);
    assert_int_equal(snapshot("3")->missed_in_row, 3);
    assert_int_equal(snapshot("3")->missed, 3);
    assert_int_equal(snapshot("3")->slashed, 3 * f.params.challenge.slash_amount);
    assert_int_equal(snapshot("3")->slashed_in_window, 3 * f.params.challenge.slash_amount);
    assert_code((int)answer(must_submit(2, 3), false)->code, CODE_OK);
    assert_int_equal(snapshot("3")->missed_in_row, 0);
    assert_int_equal(snapshot("3")->missed, 3);
    assert_int_equal(snapshot("3")->passed, 1);
    assert_int_equal(snapshot("3")->failed, 0);
}

/* Wrong bytes are not the same as none: counted by themselves, and the object tells which. */
static void cess_8_81__a_wrong_answer_counts_as_failed(void **state) {
    (void)state;
    begin("ec:4+2+w", 200000);
    start();
    uint64_t id = must_submit(2, 1);
    assert_code((int)answer(id, true)->code, CODE_CHALLENGE_PATH);
    wait_closed(id);
    assert_int_equal(snapshot("3")->failed, 1);
    assert_int_equal(snapshot("3")->missed, 1);
    assert_int_equal(duty(2)->segment, 1);
    assert_int_equal(challenge(id)->object_id, d.object_id);
    assert_true(challenge(id)->attempted);
}

static void same_challenge(struct ctx *ctx, void *arg) {
    const Challenge *want = arg;
    struct draw draw;
    struct pick pick = {0};
    struct err err = {0};
    draw_init(&draw, &ctx->seed, want->origin, want->id);
    assert_ok(pick_of_sp(ctx, &draw, want->sp_id, &pick, &err), &err);
    Challenge *c = pick_challenge(ctx, &draw, want->id, &pick, PICK_ANY_SEGMENT, (int)want->origin);
    assert_int_equal(c->object_id, want->object_id);
    assert_int_equal(c->position, want->position);
    assert_int_equal(c->segment, want->segment);
    assert_int_equal(c->n_leaves, want->n_leaves);
    assert_memory_equal(c->leaves, want->leaves, c->n_leaves * sizeof *c->leaves);
}

/* Object, position, segment, leaves and deadlines of what is open, and the same drawn again from the block's seed. */
static void cess_8_79__a_snapshot_that_anybody_can_draw_again(void **state) {
    (void)state;
    begin("ec:4+2+w", 3000000);
    f.params.challenge.floor_interval_ms = 5000;
    f.params.challenge.leaves = 8;
    start();
    const ChallengeSnapshot *s = snapshot("3");
    for (unsigned i = 0; i < 60 && s->n_open == 0; i++) {
        fixture_block(&f, NULL, 0);
        s = snapshot("3");
    }
    assert_int_equal(s->n_open, 1);
    assert_int_equal(s->sp_id, 3);
    assert_int_equal(s->height, f.height);
    const Challenge *c = s->open[0];
    assert_int_equal(c->created_height, f.height);
    assert_int_equal(c->position, 2);
    assert_int_equal(c->n_leaves, u64_min(8, c->leaf_count));
    assert_int_equal(c->deadline, c->created_time + f.params.challenge.deadline_ms);
    assert_true(s->next_floor_draw > c->created_time);
    fixture_with_ctx(&f, same_challenge, (void *)(uintptr_t)c);
}

/* The deadline takes once and in that block, whatever comes later. */
static void cess_8_86__a_deadline_costs_exactly_once(void **state) {
    (void)state;
    begin("replica:3", 100000);
    f.params.challenge.repair_interval_ms = 3600000;
    start();
    uint64_t deposit = deal_sp(&f, 2)->deposit, id = must_submit(1, 0);
    while (challenge(id)->status == CHALLENGE_STATUS_OPEN) {
        assert_int_equal(deal_sp(&f, 2)->deposit, deposit);
        fixture_block(&f, NULL, 0);
    }
    assert_int_equal(challenge(id)->closed_height, f.height);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(deal_sp(&f, 2)->deposit, deposit - f.params.challenge.slash_amount);
        fixture_block(&f, NULL, 0);
    }
}

/* --- what happens meanwhile --- */

/* No block for an hour: ledger time has hardly moved, and nobody was late. */
static void cess_9_5_11__a_halt_slashes_nobody(void **state) {
    (void)state;
    begin("replica:3", 100000);
    start();
    uint64_t id = must_submit(1, 0), step = f.step_ms;
    f.step_ms = 3600000;
    fixture_block(&f, NULL, 0);
    f.step_ms = step;
    assert_int_equal(challenge(id)->status, CHALLENGE_STATUS_OPEN);
    assert_code((int)answer(id, false)->code, CODE_OK);
}

/* Other bytes under the name: who still has the old ones answers, who has not pays, and nobody owes them any more. */
static void overwrite__slashes_no_honest_and_saves_no_guilty(void **state) {
    (void)state;
    begin("replica:3", 100000);
    start();
    uint64_t honest = must_submit(1, 0), guilty = must_submit(2, 0), deposit = deal_sp(&f, 3)->deposit;
    struct deal old = d, next = d;
    struct object_try t;
    next.size = 70000;
    next.seed = 99;
    next.nonce = 5000;
    deal_object_try(&next, &t);
    t.spec.expected_version = deal_object(&d)->version;
    assert_code((int)deal_object_send(&next, &t, "alice")->code, CODE_OK);
    deal_must_seal(&next);
    assert_int_equal(deal_object(&d)->payload_size, 70000);
    d = old;
    assert_code((int)answer(honest, false)->code, CODE_OK);
    wait_closed(guilty);
    assert_int_equal(challenge(guilty)->status, CHALLENGE_STATUS_MISSED);
    assert_int_equal(deal_sp(&f, 3)->deposit, deposit - f.params.challenge.slash_amount);
    assert_null(duty(2)); /* the new bytes have not been missed by anybody */
}

/* Another name: the same object, with all that is owed for it. */
static void move__slashes_no_honest_and_saves_no_guilty(void **state) {
    (void)state;
    begin("replica:3", 100000);
    start();
    uint64_t honest = must_submit(1, 0), guilty = must_submit(2, 0), deposit = deal_sp(&f, 3)->deposit;
    MsgMoveObject m = MSG_MOVE_OBJECT__INIT;
    m.bucket_name = arena_strdup(&f.tx_arena, d.bucket);
    m.object_name = arena_strdup(&f.tx_arena, d.object);
    m.new_object_name = arena_strdup(&f.tx_arena, "b.jpg");
    assert_code((int)fixture_do(&f, "alice", &m.base)->code, CODE_OK);
    assert_code((int)answer(honest, false)->code, CODE_OK);
    wait_closed(guilty);
    assert_int_equal(challenge(guilty)->status, CHALLENGE_STATUS_MISSED);
    assert_int_equal(deal_sp(&f, 3)->deposit, deposit - f.params.challenge.slash_amount);
    assert_int_equal(duty(2)->sp_id, 3);
}

/* greenfield-chain.md §6.3: "deleting an object escapes the slash", in the same block as the deadline here. */
static void greenfield_11_3_18__deleting_does_not_escape_the_slash(void **state) {
    (void)state;
    begin("replica:3", 100000);
    start();
    uint64_t id = must_submit(1, 0), deposit = deal_sp(&f, 2)->deposit;
    assert_code((int)delete_object()->code, CODE_OK);
    wait_closed(id);
    assert_int_equal(challenge(id)->status, CHALLENGE_STATUS_MISSED);
    assert_int_equal(deal_sp(&f, 2)->deposit, deposit - f.params.challenge.slash_amount);
}

/* greenfield-chain.md §6.4: a cap takes the remainder, not nothing; a drained provider loses what it has. */
static void greenfield_11_3_18__what_is_left_is_taken(void **state) {
    (void)state;
    begin("replica:3", 100000);
    f.params.challenge.slash_amount = f.sp_deposit - 5;
    f.params.challenge.lost_penalty = 100;
    f.params.challenge.slash_window_max = UINT64_MAX / 4;
    start();
    miss(1);
    assert_int_equal(deal_sp(&f, 2)->deposit, 5);
    assert_code((int)declare("sp1", d.object_id, 1)->code, CODE_OK);
    assert_int_equal(deal_sp(&f, 2)->deposit, 0);
}

/* greenfield-chain.md §6.2: a user's challenges do not suppress the ledger's own. */
static void greenfield_11_3_14__submitted_ones_do_not_crowd_out_the_draws(void **state) {
    (void)state;
    begin("replica:3", 100000);
    f.params.challenge.answers_per_block = 1; /* 7 may be open, 3 of them submitted */
    f.params.challenge.floor_interval_ms = 5000;
    start();
    unsigned floor = 0;
    for (unsigned i = 0; i < 60; i++) {
        (void)submit(i % 3, 0);
        const BlockResults *r = f.outcome.results;
        for (size_t e = 0; e < r->n_begin_events; e++)
            floor += !strcmp(r->begin_events[e]->type, "challenge.opened") &&
                     !strcmp(fixture_attribute(r->begin_events[e], "origin"), "floor");
    }
    assert_true(floor > 5);
}

#define T(name) cmocka_unit_test_teardown(name, teardown)
TEST_MAIN(T(declare_lost__costs_a_fixed_price_and_vacates), T(declare_lost__and_completed),
          T(declare_lost__jails_nobody_for_a_successors_misses), T(declare_lost__refused),
          T(declare_lost__saves_from_no_other_challenge), T(declare_lost__of_what_was_paid_ahead),
          T(declare_lost__is_not_drawn_for), T(cooling_off__one_slash_for_one_loss),
          T(cooling_off__does_not_spare_repairs), T(cess_8_80__misses_in_a_row),
          T(cess_8_81__a_wrong_answer_counts_as_failed), T(cess_8_79__a_snapshot_that_anybody_can_draw_again),
          T(cess_8_86__a_deadline_costs_exactly_once), T(cess_9_5_11__a_halt_slashes_nobody),
          T(overwrite__slashes_no_honest_and_saves_no_guilty), T(move__slashes_no_honest_and_saves_no_guilty),
          T(greenfield_11_3_18__deleting_does_not_escape_the_slash), T(greenfield_11_3_18__what_is_left_is_taken),
          T(greenfield_11_3_14__submitted_ones_do_not_crowd_out_the_draws))
